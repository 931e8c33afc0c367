// What `npm run bench:check` watches: pieces of work small enough to be done some forty times, each a function that does it
// once. They run in one process beside the calibration, so that whatever slows the machine slows both.

import { frameSourceFromChunks } from '../captures/open.ts';
import { Analysis, type AnalysisListener } from '../daemon/analysis.ts';
import { EkDocumentWriter } from '../daemon/engine/ek-document-writer.ts';
import { FrameReader } from '../daemon/engine/frame-reader.ts';
import { MessageRecordWriter } from '../daemon/engine/message-record-writer.ts';
import type { Verdict } from '../daemon/events.ts';
import type { Keyring } from '../daemon/keyring/keyring.ts';
import { parseKeyring } from '../daemon/keyring/keyring-file.ts';
import { AsciiWriter } from '../dissectors/ascii-writer.ts';
import { FieldRows, parseRowOptions } from '../dissectors/field-rows.ts';
import { type BulkOptions, writeBulkCapture } from '../testing/bulk.ts';

/** One piece of work. */
export type Work = () => Promise<void>;

// We chose: each piece takes some tens of milliseconds.
const MESSAGES = 8000;
/** Each says four of them. */
const MANY_SENDERS = { senders: 2000, groups: 100, pgksPerGroup: 8 } as const;
const COLUMNS = ['frame.number', 'mac-lte.slsch.src-l2-id', 'slrb.pgk-id', 'slrb.verdict', 'ip.dst'];
const CALIBRATION_ROUNDS = 1_000_000;

/** The work, by the names under which ratios are recorded; what it works on is made when it is asked for. */
export function watchedWork(): Readonly<Record<string, () => Work>> {
  return {
    'judge EEA2': () => analysis(made({ messages: MESSAGES }), () => ({})),
    'judge EEA1': () => analysis(made({ messages: MESSAGES, algorithm: '128-EEA1' }), () => ({})),
    'judge EEA3': () => analysis(made({ messages: MESSAGES, algorithm: '128-EEA3' }), () => ({})),
    'judge fresh PTK ids': () => analysis(made({ messages: MESSAGES, freshPtkIds: true }), () => ({})),
    'judge unknown keys': () => analysis(made({ messages: MESSAGES, unknownKeyShare: 1 }), () => ({}), 'no-key'),
    'judge many senders': () => analysis(made({ messages: MESSAGES, ...MANY_SENDERS }), () => ({})),
    'records as octets': () => analysis(made({ messages: MESSAGES }), records),
    columns: () => analysis(made({ messages: MESSAGES }), columns),
    'ek documents': () => analysis(made({ messages: MESSAGES }), documents),
  };
}

function analysis(what: Made, listen: (keyring: Keyring) => AnalysisListener, expected: Verdict = 'decrypted'): Work {
  return () => analyse(what, listen, expected);
}

interface Made {
  readonly pieces: readonly Uint8Array[];
  readonly keyring: Uint8Array;
}

function made(options: BulkOptions): Made {
  const pieces: Uint8Array[] = [];
  const { keyring } = writeBulkCapture((piece) => pieces.push(piece), options);
  return { pieces, keyring: Buffer.from(JSON.stringify(keyring)) };
}

async function analyse(
  { pieces, keyring }: Made,
  listen: (keyring: Keyring) => AnalysisListener,
  expected: Verdict,
): Promise<void> {
  const keys = parseKeyring(keyring, 'keyring.json');
  const source = frameSourceFromChunks(
    (async function* () {
      for (const piece of pieces) yield await Promise.resolve(piece);
    })(),
  );
  const { summary } = await new Analysis({ keyring: keys }, listen(keys)).run(source);
  // Under keys that nobody holds a few are too short to say so.
  if ((summary.verdicts[expected] ?? 0) < 0.99 * summary.messages) throw new Error('the work was not done');
}

function records(keyring: Keyring): AnalysisListener {
  const out = new AsciiWriter();
  const writer = new MessageRecordWriter(keyring, { payload: false });
  return {
    record: (table, row, reassembled) => {
      writer.write(table, row, reassembled, out);
      if (out.length > 60_000) out.take();
    },
  };
}

function columns(): AnalysisListener {
  const out = new AsciiWriter();
  const rows = new FieldRows(COLUMNS, parseRowOptions([]));
  const reader = new FrameReader(rows.wanted);
  return {
    frame: (frame) => {
      reader.read(frame);
      rows.writeRow(reader.values, out);
      if (out.length > 60_000) out.take();
    },
  };
}

function documents(): AnalysisListener {
  const out = new AsciiWriter();
  const writer = new EkDocumentWriter(out);
  return {
    frame: (frame) => {
      writer.write(frame);
      if (out.length > 60_000) out.take();
    },
  };
}

/**
 * Work that no change of ours touches: sums and octets within the first cache. It allocates nothing and looks up nothing
 * far away, since what memory costs is what differs most from minute to minute: the same with a table of 4 MiB and a
 * cipher's results in fresh memory went from 8 to 18 ms from process to process, where this stays within 3 %.
 */
export function calibration(): Work {
  const octets = new Uint8Array(1 << 14);
  return () => {
    let state = 1;
    for (let round = 0; round < CALIBRATION_ROUNDS; round++) {
      state = Math.imul(state ^ (state >>> 15), 0x2c1b3c6d) + round;
      octets[state & (octets.length - 1)] = state >>> (round & 7);
    }
    return Promise.resolve();
  };
}
