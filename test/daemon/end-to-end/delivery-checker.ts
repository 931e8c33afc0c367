// Compares what was captured, what was journalled and what each subscriber got: nothing missing, nothing doubled, nothing
// that somebody was not granted.

import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { openCapture } from '../../../captures/open.ts';
import type { MessageEvent } from '../../../daemon/events.ts';
import { openJournal } from '../../../daemon/journal/open-journal.ts';
import type { View } from '../../../daemon/relay/capability.ts';
import type { RelayClient } from '../../../daemon/relay/client.ts';
import { RelayError } from '../../../daemon/relay/relay-error.ts';
import type { RelayedEvent, RelayRecord } from '../../../daemon/relay/relay-record.ts';
import { MAIN } from './daemon-folder.ts';

const run = promisify(execFile);

/** Octets of the frames of a capture, hex, in its order. */
export async function framesOfCapture(path: string): Promise<string[]> {
  const frames: string[] = [];
  const source = await openCapture(path);
  for (let batch = await source.next(); batch !== null; batch = await source.next()) {
    for (let row = 0; row < batch.count; row++) {
      const at = batch.offset[row];
      frames.push(Buffer.from(batch.bytes.subarray(at, at + batch.captured[row])).toString('hex'));
    }
  }
  await source.close();
  return frames;
}

/** What `read` says of the messages of a capture. */
export async function messagesOfCapture(path: string, keyring: string): Promise<MessageEvent[]> {
  const words = [MAIN, 'read', path, '--keyring', keyring, '-T', 'ndjson'];
  const { stdout } = await run(process.execPath, words, { maxBuffer: 1 << 28 });
  const lines = stdout.split('\n').filter((line) => line.includes('"type":"message"'));
  return lines.map((line) => JSON.parse(line) as MessageEvent);
}

/** One frame of the journal. */
export interface JournalledFrame {
  readonly number: number;
  readonly source: string;
  /** When it was captured, whole ms since 1970. */
  readonly time: number;
  readonly hex: string;
}

/** Everything that a journal holds. Its daemon must have ended. */
export interface Journalled {
  readonly frames: readonly JournalledFrame[];
  readonly records: readonly RelayRecord[];
  readonly missing: readonly { readonly from: number; readonly to: number; readonly reason: string }[];
  readonly judgedThrough: number;
}

/** Reads a journal. */
export async function readJournal(folder: string): Promise<Journalled> {
  const journal = await openJournal(folder);
  const sources = new Map(journal.interfaces().map(({ interfaceId, source }) => [interfaceId, source]));
  const frames: JournalledFrame[] = [];
  for await (const batch of journal.readFrames(1, Number.MAX_SAFE_INTEGER)) {
    for (let row = 0; row < batch.count; row++) {
      const at = batch.offset[row];
      const hex = Buffer.from(batch.bytes.subarray(at, at + batch.captured[row])).toString('hex');
      const time = batch.seconds[row] * 1000 + Math.floor(batch.nanoseconds[row] / 1e6);
      const source = sources.get(batch.interfaceId[row]) ?? '';
      frames.push({ number: batch.firstFrame + row, source, time, hex });
    }
  }
  const records: RelayRecord[] = [];
  const missing: Journalled['missing'][number][] = [];
  for (let next = 1; next <= journal.lastSeq; ) {
    const answer = await journal.readRecords(next, 4096);
    records.push(...answer.records);
    missing.push(...answer.missing);
    next = Math.max(answer.records.at(-1)?.seq ?? 0, answer.missing.at(-1)?.to ?? 0) + 1;
  }
  const { judgedThrough } = journal;
  await journal.close();
  return { frames, records, missing, judgedThrough };
}

/** What a source sent: the frames of its capture, and what `read` says of its messages. */
export interface Sent {
  readonly frames: readonly string[];
  readonly messages: readonly MessageEvent[];
}

/** What tells one message from another, and what was said of it. */
function brief(frame: number, { group, source, sn, ptkId, lcid, verdict, pgkId }: MessageEvent): string {
  return [frame, group, source, lcid, ptkId, sn, verdict, pgkId].join('/');
}

function isMessage(event: RelayedEvent): event is MessageEvent {
  return event.type === 'message';
}

/**
 * Captured against journalled. Each source's frames in the journal are those it sent, from the first on, in order, once;
 * the messages that the journal holds are those that `read` finds in them, once. Texts of what is wrong.
 * @param sent by name of the source
 * @param whole names of sources that came to their end
 */
export function checkJournal(journal: Journalled, sent: ReadonlyMap<string, Sent>, whole: readonly string[]): string[] {
  const wrong: string[] = [];
  const { frames, records, missing, judgedThrough } = journal;
  for (const { from, to, reason } of missing) wrong.push(`records ${from} to ${to} are missing: ${reason}`);
  for (const [at, { number }] of frames.entries()) if (number !== at + 1) wrong.push(`frame ${at + 1} is ${number}`);
  if (judgedThrough !== frames.length) wrong.push(`judged through ${judgedThrough} of ${frames.length}`);
  for (const [at, { seq }] of records.entries()) if (seq !== at + 1) wrong.push(`record ${at + 1} is ${seq}`);

  const expected: string[] = [];
  for (const [name, { frames: own, messages }] of sent) {
    const kept = frames.filter(({ source }) => source === name);
    const isPrefix = kept.every(({ hex }, at) => hex === own[at]);
    if (!isPrefix) wrong.push(`${name}: frames in the journal are not those that were sent`);
    if (whole.includes(name) && kept.length !== own.length)
      wrong.push(`${name}: ${kept.length} of ${own.length} frames`);
    for (const message of messages) {
      if (message.frame <= kept.length) expected.push(brief(kept[message.frame - 1].number, message));
    }
  }
  const told = records.flatMap(({ event }) => (isMessage(event) ? [brief(event.frame, event)] : []));
  wrong.push(...differences(told, expected, 'messages in the journal'));
  return wrong;
}

/** What is in one list and not in the other, each entry counted. */
export function differences(got: readonly string[], expected: readonly string[], what: string): string[] {
  const counts = new Map<string, number>();
  for (const each of expected) counts.set(each, (counts.get(each) ?? 0) + 1);
  for (const each of got) counts.set(each, (counts.get(each) ?? 0) - 1);
  const lacking = [...counts].filter(([, count]) => count > 0).map(([each]) => each);
  const doubled = [...counts].filter(([, count]) => count < 0).map(([each]) => each);
  const wrong: string[] = [];
  if (lacking.length > 0) wrong.push(`${what}: ${lacking.length} lacking, first ${lacking[0]}`);
  if (doubled.length > 0) wrong.push(`${what}: ${doubled.length} too many, first ${doubled[0]}`);
  return wrong;
}

/** A subscriber that notes what it gets until it is stopped. */
export class Listener {
  readonly name: string;
  /** Groups that it was granted; `*` for all. */
  readonly groups: readonly string[];
  readonly view: View;
  readonly seqs: number[] = [];
  readonly records: RelayedEvent[] = [];
  readonly gaps: string[] = [];
  readonly #client: RelayClient;
  readonly #done: Promise<void>;
  /** What ended it early. */
  error: RelayError | null = null;

  /** Begins to listen, from the journal's beginning on. */
  constructor(name: string, client: RelayClient, groups: readonly string[], view: View) {
    this.name = name;
    this.groups = groups;
    this.view = view;
    this.#client = client;
    this.#done = this.#listen();
  }

  async #listen(): Promise<void> {
    try {
      for await (const items of this.#client.subscribe({ view: this.view, since: 0, downgraded: true })) {
        for (const item of items) {
          if (item.kind === 'gap') this.gaps.push(`${item.gap.from} to ${item.gap.to}: ${item.gap.reason}`);
          if (item.kind !== 'record') continue;
          this.seqs.push(item.seq);
          this.records.push(item.record);
        }
      }
    } catch (error) {
      if (!(error instanceof RelayError)) throw error;
      this.error = error;
    }
  }

  async stop(): Promise<void> {
    this.#client.close();
    await this.#done;
  }
}

/** Whether somebody who was granted these groups may have a record of that group. */
export function mayHave(groups: readonly string[], group: string | null): boolean {
  return groups.includes('*') || (group !== null && groups.includes(group));
}

/** Whether a subscriber has the last record of its share, as one that has everything knows it. */
export function isComplete({ groups, seqs }: Listener, everything: Listener): boolean {
  const last = everything.records.findLastIndex(({ group }) => mayHave(groups, group));
  return last < 0 || seqs.at(-1) === everything.seqs[last];
}

/** Journalled against delivered: exactly the share, in order, once. Texts of what is wrong. */
export function checkListener(listener: Listener, journal: Journalled): string[] {
  const { name, groups, view, seqs, records, gaps, error } = listener;
  const wrong = gaps.map((gap) => `gap ${gap}`);
  if (error !== null) wrong.push(`ended with ${error.code}: ${error.message}`);
  for (let at = 1; at < seqs.length; at++)
    if (seqs[at] <= seqs[at - 1]) wrong.push(`${seqs[at]} after ${seqs[at - 1]}`);
  const share = journal.records.filter(({ event }) => mayHave(groups, event.group));
  wrong.push(
    ...differences(
      seqs.map(String),
      share.map(({ seq }) => String(seq)),
      'records',
    ),
  );
  for (const [at, record] of records.entries()) {
    const kept = journal.records[seqs[at] - 1]?.event;
    if (kept === undefined || kept.type !== record.type || kept.group !== record.group) {
      wrong.push(`record ${seqs[at]} is another`);
    }
    if (view === 'meta' && isMessage(record) && record.payload !== undefined) wrong.push(`${seqs[at]} has plaintext`);
  }
  return wrong.slice(0, 5).map((text) => `${name}: ${text}`);
}
