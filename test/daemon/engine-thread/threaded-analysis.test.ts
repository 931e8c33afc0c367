// An analysis whose engine has a thread of its own says what one in a single thread says: records, rows and layer trees,
// of captures at hand and of captures put together by chance. Node 20 loads no TypeScript, so the thread runs from the
// build (`npm test` builds first).

import { createHash } from 'node:crypto';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { CaptureOpenError, openCapture } from '../../../captures/open.ts';
import { FileSource } from '../../../captures/sources/file.ts';
import { Analysis, type AnalysisListener, type AnalysisOptions } from '../../../daemon/analysis.ts';
import { writeAnalysedFrame } from '../../../daemon/engine/frame-tree.ts';
import type { MessageTable } from '../../../daemon/engine/message-table.ts';
import type * as StartModule from '../../../daemon/engine-thread/round-start.ts';
import type * as ThreadedModule from '../../../daemon/engine-thread/threaded-analysis.ts';
import { ThreadedAnalysis } from '../../../daemon/engine-thread/threaded-analysis.ts';
import type { SidescopeEvent } from '../../../daemon/events.ts';
import { emptyKeyring, type Keyring } from '../../../daemon/keyring/keyring.ts';
import { parseKeyring } from '../../../daemon/keyring/keyring-file.ts';
import { encodeMacLteFramed } from '../../../dissectors/framing/mac-lte.ts';
import { encodePdcpSlrb } from '../../../dissectors/sidelink/pdcp-slrb.ts';
import { encodeRlcUm } from '../../../dissectors/sidelink/rlc-um.ts';
import { encodeSlSch } from '../../../dissectors/sidelink/sl-sch.ts';
import { TreeBuilder } from '../../../dissectors/tree.ts';
import { writeBulkCapture } from '../../../testing/bulk.ts';
import { ownCaptures, sharedCaptures, type TestCapture } from '../../analysed-frames.ts';
import {
  joined,
  packetBlock,
  pcapHeader,
  pcapngStart,
  pcapRecord,
  statisticsBlock,
} from '../../captures/capture-bytes.ts';
import { dumpText, treeText } from '../../dissectors/plain-tree-text.ts';
import { NO_SHARED } from '../../shared-captures.ts';

const BUILD = join(import.meta.dirname, '..', '..', '..', 'dist', 'daemon', 'engine-thread');
const { startJudging } = (await import(join(BUILD, 'round-start.js'))) as typeof StartModule;
const { openJudged } = (await import(join(BUILD, 'threaded-analysis.js'))) as typeof ThreadedModule;

let folder = '';
const path = (name: string) => join(folder, name);

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'sidescope-judging-'));
});

afterAll(() => {
  rmSync(folder, { recursive: true, force: true });
});

const CAPTURES = [...ownCaptures(), ...sharedCaptures()];

function keyringOf({ keyring }: Pick<TestCapture, 'keyring'>): Keyring {
  return keyring === null ? emptyKeyring() : parseKeyring(readFileSync(keyring), 'the keyring of the capture');
}

function pathOf({ capture }: TestCapture): string {
  if (typeof capture === 'string') return capture;
  writeFileSync(path('made.pcap'), capture);
  return path('made.pcap');
}

/** What a row holds that somebody may look at. */
function rowText(table: MessageTable, row: number): string {
  // Of one that was cut, what lies behind its last octet is not its own.
  if (table.verdictName(row) === 'damaged') return `${table.frame[row]} ${table.source[row]} damaged`;
  const body = table.bodyBytes(row).subarray(table.bodyAt(row), table.bodyAt(row) + table.length[row]);
  const raw = table.rawBytes(row).subarray(table.rawAt[row], table.rawAt[row] + table.length[row]);
  return [
    ...[table.frame[row], table.time[row], table.framesOf(row).join('+'), table.verdictName(row), table.flags[row]],
    ...[table.version[row], table.source[row], table.destination[row], table.lcid[row], table.sduType[row]],
    ...[table.pgkIndex[row], table.ptkId[row], table.sn[row], table.counter[row], table.group[row], table.epoch[row]],
    ...[table.epochState[row], table.context[row], table.evidence[row], table.passed[row], table.failed[row]],
    ...[Buffer.from(raw).toString('base64'), Buffer.from(body).toString('base64')],
  ].join(' ');
}

interface Heard {
  readonly listener: AnalysisListener;
  lines(): string[];
}

/** Writes down all that is told, in its order; trees as digests, which are compared faster. */
function ears(looks: boolean): Heard {
  const lines: string[] = [];
  const keep = (event: SidescopeEvent): void => {
    lines.push(JSON.stringify(event));
  };
  const whole: AnalysisListener = {
    row: (table, row) => lines.push(rowText(table, row)),
    ...{ message: keep, finding: keep, key: keep, epoch: keep, summary: keep },
  };
  if (!looks) return { listener: whole, lines: () => lines };
  const frame: AnalysisListener['frame'] = (analysed) => {
    const builder = new TreeBuilder(analysed.bytes);
    writeAnalysedFrame(analysed, builder);
    const tree = builder.finish();
    const raised = JSON.stringify([analysed.raised, analysed.messages.map((message) => message.raised)]);
    const text = `${treeText(tree)}${dumpText(tree)}${raised}`;
    lines.push(`${analysed.number} ${createHash('sha1').update(text).digest('hex')}`);
  };
  const accepts: AnalysisListener['accepts'] = (_frame, { row }) => row % 3 !== 0;
  return { listener: { ...whole, frame, accepts }, lines: () => lines };
}

type Options = Omit<AnalysisOptions, 'keyring' | 'live' | 'explain'>;

/** Both ways, each with a keyring of its own: deliveries add to it. */
async function bothWays(at: string, of: Pick<TestCapture, 'keyring'>, looks: boolean, others: Options = {}) {
  // What looks at trees looks at the keys that were tried, too.
  const options = { ...others, explain: looks };
  const alone = ears(looks);
  const keyring = keyringOf(of);
  const one = await new Analysis({ ...options, keyring }, alone.listener).run(await openCapture(at));
  const expected = alone.lines();
  const isPlain = (await openCapture(at)) instanceof FileSource;
  for (const threads of [2, 3, ...(isPlain ? (['here'] as const) : [])] as const) {
    const other = ears(looks);
    const same = keyringOf(of);
    const started = startJudging(at, options.frames ?? Number.POSITIVE_INFINITY, threads);
    const source = threads === 'here' ? ((await openCapture(at)) as FileSource) : null;
    const thread = await openJudged(started, at, source, { ...options, keyring: same });
    const two = await new ThreadedAnalysis(thread, { ...options, keyring: same }, other.listener).run();
    expect(two).toEqual(one);
    const told = other.lines();
    const differs = expected.findIndex((line, index) => line !== told[index]);
    expect(differs < 0 ? 'same' : told[differs], `${threads} threads`).toBe(differs < 0 ? 'same' : expected[differs]);
    expect(told.length).toBe(expected.length);
  }
  return { lines: expected, problem: one.problem };
}

describe('captures at hand', () => {
  test('there are captures of others', (context) => {
    context.skip(sharedCaptures().length === 0, NO_SHARED);
    expect(CAPTURES.length).toBeGreaterThanOrEqual(30);
  });

  test.each(CAPTURES.map((capture) => [capture.name, capture] as const))('%s', async (_name, capture) => {
    const at = pathOf(capture);
    const { lines } = await bothWays(at, capture, false, { payload: true, allowStale: true });
    expect(lines.at(-1)).toContain('"type":"summary"');
    await bothWays(at, capture, true, { payload: true });
  });
});

interface Frame {
  readonly bytes: Uint8Array;
  readonly linkType: number;
  readonly seconds: number;
  readonly nanoseconds: number;
}

/** Frames of a capture that can be put together anew, all of the link type of the first. */
async function framesOf(capture: TestCapture): Promise<Frame[]> {
  const source = await openCapture(pathOf(capture));
  const frames: Frame[] = [];
  for (let batch = await source.next(); batch !== null; batch = await source.next()) {
    for (let row = 0; row < batch.count; row++) {
      frames.push({
        bytes: batch.bytes.slice(batch.offset[row], batch.offset[row] + batch.captured[row]),
        linkType: batch.linkType[row],
        seconds: batch.seconds[row],
        nanoseconds: batch.nanoseconds[row],
      });
    }
  }
  await source.close();
  return frames.filter(({ linkType, seconds }) => linkType === frames[0].linkType && seconds >= 0 && seconds < 2 ** 32);
}

const change = fc.record({
  from: fc.nat(),
  frames: fc.integer({ min: 1, max: 120 }),
  flip: fc.option(fc.record({ at: fc.nat(), bits: fc.integer({ min: 1, max: 255 }) })),
  cut: fc.option(fc.nat()),
  later: fc.integer({ min: -3, max: 400_000 }),
  times: fc.integer({ min: 1, max: 4 }),
});

describe('captures put together by chance', () => {
  test('of pieces of others, altered, repeated, out of order and cut', async () => {
    const made = await Promise.all(
      CAPTURES.filter(({ keyring }) => keyring !== null).map(async (capture) => ({
        capture,
        frames: await framesOf(capture),
      })),
    );
    const rich = made.filter(({ frames }) => frames.length > 0);
    expect(rich.length).toBeGreaterThanOrEqual(3);
    await fc.assert(
      fc.asyncProperty(
        fc.nat(),
        fc.array(change, { minLength: 1, maxLength: 6 }),
        fc.nat(30),
        fc.boolean(),
        async (which, changes, lost, looks) => {
          const { capture, frames } = rich[which % rich.length];
          const records: Uint8Array[] = [];
          for (const { from, frames: count, flip, cut, later, times } of changes) {
            const first = from % frames.length;
            for (let turn = 0; turn < times; turn++) {
              for (const { bytes, seconds, nanoseconds } of frames.slice(first, first + count)) {
                const altered = Uint8Array.from(bytes);
                if (flip !== null && altered.length > 0) altered[flip.at % altered.length] ^= flip.bits;
                const kept =
                  cut === null ? altered : altered.subarray(0, altered.length - (cut % (altered.length + 1)));
                const at = { seconds: (seconds + later) >>> 0, fraction: nanoseconds };
                records.push(pcapRecord(kept, 'little', { ...at, original: bytes.length }));
              }
            }
          }
          const octets = joined(pcapHeader('little', { nano: true, linkType: frames[0].linkType }), ...records);
          writeFileSync(path('chance.pcap'), octets.subarray(0, octets.length - lost));
          await bothWays(path('chance.pcap'), capture, looks, { payload: true });
        },
      ),
      { numRuns: 15 },
    );
  });

  test('of octets that mean nothing', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(fc.uint8Array({ maxLength: 300 }), { maxLength: 300 }), async (frames) => {
        writeFileSync(path('noise.pcap'), joined(pcapHeader(), ...frames.map((frame) => pcapRecord(frame))));
        await bothWays(path('noise.pcap'), { keyring: null }, true);
      }),
      { numRuns: 10 },
    );
  });
});

describe('rounds of every kind', () => {
  test('more messages than the ring holds, of which some are wanted; from a compressed file too', async () => {
    const pieces: Uint8Array[] = [];
    const { keyring } = writeBulkCapture((piece) => pieces.push(piece.slice()), { messages: 20_000, senders: 40 });
    writeFileSync(path('bulk.json'), JSON.stringify(keyring));
    writeFileSync(path('bulk.pcap'), joined(...pieces));
    writeFileSync(path('bulk.pcap.gz'), gzipSync(joined(...pieces), { level: 1 }));
    const of = { keyring: path('bulk.json') };
    for (const frames of [1, 4096, 4097, 1_000_000]) {
      const { lines } = await bothWays(path('bulk.pcap'), of, false, { frames });
      expect(lines.at(-1)).toContain(`"frames":${Math.min(frames, 20_000)},`);
    }
    await bothWays(path('bulk.pcap.gz'), of, false);
  });

  test('what a capture says of itself before, between and behind its frames, and without any', async () => {
    const frame = new Uint8Array(40).fill(7);
    const drops = (dropped: number) => statisticsBlock(0, dropped, 0);
    const marks = [...Array(3000).keys()].map((index) => drops(index));
    const framed = [drops(1), packetBlock(frame), drops(5), drops(9), packetBlock(frame), drops(12)];
    for (const blocks of [marks, framed, [...framed, ...marks, ...framed]]) {
      writeFileSync(path('marks.pcapng'), joined(pcapngStart(), ...blocks));
      await bothWays(path('marks.pcapng'), { keyring: null }, true);
    }
    const { lines } = await bothWays(path('marks.pcapng'), { keyring: null }, false);
    expect(lines.join('\n')).toContain('"capture.drops"');
  });

  test('frames of many and of very long data elements, which take memory of their own', async () => {
    // Ciphered messages of 0 octets, 500 a frame: more than a round may hold. Then PDUs longer than a slot has room for,
    // in pieces and whole.
    const header = encodePdcpSlrb({ sduType: 0, pgkIndex: 3, ptkId: 9, sn: 1, sdu: new Uint8Array() });
    const many = Array.from({ length: 500 }, () => header);
    const long = new Uint8Array(200_000).fill(9);
    const records = Array.from({ length: 200 }, (_, sn) => {
      if (sn % 5 < 3) return pcapRecord(slFrame(sn, 0, sn % 7 === 3 ? [long] : many));
      return pcapRecord(slFrame(sn, sn % 5 === 3 ? 1 : 2, [long.subarray(0, 4000 + sn)]));
    });
    writeFileSync(path('many.pcap'), joined(pcapHeader(), ...records));
    const { lines } = await bothWays(path('many.pcap'), { keyring: null }, false);
    expect(lines.at(-1)).toMatch(/"messages":\d{5}/);
  });
});

/** A frame of one RLC PDU. @param fi framing info: 0 whole, 1 lacks its end, 2 its beginning */
function slFrame(sn: number, fi: number, elements: readonly Uint8Array[]): Uint8Array {
  const rlc = encodeRlcUm({ fi, sn: sn & 31, elements });
  return encodeMacLteFramed(
    { radioType: 1, direction: 0 },
    encodeSlSch({ version: 3, source: 0x0a0b0c, destination: 0xf00001, sdus: [{ lcid: 3, sdu: rlc }] }),
  );
}

describe('an input that cannot be opened', () => {
  test('is refused with the code of the operating system', async () => {
    for (const threads of [2, 3] as const) {
      const started = startJudging(path('absent'), Number.POSITIVE_INFINITY, threads);
      const opening = openJudged(started, path('absent'), null, { keyring: emptyKeyring() });
      await expect(opening).rejects.toMatchObject({ code: new CaptureOpenError('', 'ENOENT').code });
    }
  });
});
