// Holds what sidescope said about a capture against what it should have said, and puts the differences in words.

import { createHash } from 'node:crypto';
import {
  type EpochEvent,
  type FindingEvent,
  type KeyEvent,
  type MessageEvent,
  SEVERITIES,
  type SidescopeEvent,
  type SummaryEvent,
} from '../daemon/events.ts';
import {
  ABOVE_INFO,
  type Expected,
  type ExpectedFinding,
  type ExpectedKey,
  type ExpectedMessage,
  expectedMessages,
  isOneOf,
  type OneOf,
} from './expected.ts';

/** How to compare. */
export interface CompareOptions {
  /** The exit code of the command, where one ran. */
  readonly exitCode?: number;
  /**
   * False: the events were made without payloads (`--payload` was not given), so hashes are not compared. Default true.
   */
  readonly payload?: boolean;
  /**
   * False: findings that are neither expected nor allowed are no disagreement unless they are forbidden. Default true:
   * from severity `low` on they are false alarms.
   */
  readonly exactFindings?: boolean;
}

/** Verdicts whose plaintext may be shown (interfaces 3). `stale` needs `--allow-stale`. */
const SHOWN: readonly string[] = ['clear', 'downgraded', 'decrypted', 'unverifiable'];
/** We chose: shorter prefixes of a SHA-256 are no identification; the format says 16 digits or all. */
const SHORTEST_HASH = 16;

/**
 * Compares the events of one run with expected.json by the rules of docs/testing.md.
 *
 * @param events in the order in which they were printed
 * @returns every disagreement as a sentence; empty where they agree
 */
export function compareExpected(
  events: Iterable<SidescopeEvent>,
  expected: Expected,
  options: CompareOptions = {},
): string[] {
  const sorted = sortByType(events);
  const wrong: string[] = [];
  if (options.exitCode !== undefined && !expected.exit.includes(options.exitCode)) {
    wrong.push(`exit code ${options.exitCode}, expected ${expected.exit.join(' or ')}`);
  }
  compareMessages(sorted.messages, expected, options.payload ?? true, wrong);
  compareFindings(sorted.findings, expected, options.exactFindings ?? true, wrong);
  for (const key of expected.keys) compareKey(sorted.keys, key, wrong);
  for (const epoch of expected.epochs) {
    const found = sorted.epochs.filter(({ group, pgkId }) => group === epoch.group && pgkId === epoch.pgkId);
    const last = found.at(-1);
    const name = `epoch of PGK ${epoch.pgkId} of group ${epoch.group}`;
    if (last === undefined) wrong.push(`no ${name}`);
    else if (!isOneOf(epoch.state, last.state)) {
      wrong.push(`${name} is ${last.state}, expected ${wordsOf(epoch.state)}`);
    }
  }
  compareSummary(sorted, expected, wrong);
  return wrong;
}

interface SortedEvents {
  readonly messages: MessageEvent[];
  readonly findings: FindingEvent[];
  readonly keys: KeyEvent[];
  readonly epochs: EpochEvent[];
  readonly summaries: SummaryEvent[];
}

function sortByType(events: Iterable<SidescopeEvent>): SortedEvents {
  const sorted: SortedEvents = { messages: [], findings: [], keys: [], epochs: [], summaries: [] };
  for (const event of events) {
    switch (event.type) {
      case 'message':
        sorted.messages.push(event);
        break;
      case 'finding':
        sorted.findings.push(event);
        break;
      case 'key':
        sorted.keys.push(event);
        break;
      case 'epoch':
        sorted.epochs.push(event);
        break;
      case 'summary':
        sorted.summaries.push(event);
        break;
    }
  }
  return sorted;
}

function compareMessages(
  messages: readonly MessageEvent[],
  expected: Expected,
  payload: boolean,
  wrong: string[],
): void {
  const listed = byFrame(expectedMessages(expected));
  const seen = byFrame(messages);
  const allowStale = expected.args.includes('--allow-stale');
  const frames = [...new Set([...listed.keys(), ...seen.keys()])].sort((a, b) => a - b);
  for (const frame of frames) {
    const { pairs, missing, extra } = pairUp(listed.get(frame) ?? [], seen.get(frame) ?? []);
    for (const [want, got] of pairs) compareMessage(want, got, payload, allowStale, wrong);
    for (const want of missing) wrong.push(`${nameOf(want)} is missing`);
    if (!expected.exactMessages) continue;
    for (const got of extra) {
      if (got.verdict !== 'damaged') {
        wrong.push(`frame ${frame}: a message of ${got.source} with SN ${got.sn} (${got.verdict}) that is not there`);
      }
    }
  }
}

function byFrame<T extends { readonly frame: number }>(messages: Iterable<T>): Map<number, T[]> {
  const frames = new Map<number, T[]>();
  for (const message of messages) {
    const others = frames.get(message.frame);
    if (others === undefined) frames.set(message.frame, [message]);
    else others.push(message);
  }
  return frames;
}

interface Pairing {
  readonly pairs: (readonly [ExpectedMessage, MessageEvent])[];
  readonly missing: ExpectedMessage[];
  readonly extra: MessageEvent[];
}

/**
 * Pairs the messages of one frame in their order. Where their headers differ, optional expected messages and damaged
 * printed ones give way; after that, place decides, so that a wrong header shows as what it is.
 */
function pairUp(listed: readonly ExpectedMessage[], seen: readonly MessageEvent[]): Pairing {
  const pairing: Pairing = { pairs: [], missing: [], extra: [] };
  let next = 0;
  let toPlace = listed.filter(({ optional }) => optional !== true).length;
  for (const want of listed) {
    const optional = want.optional === true;
    while (next < seen.length && !sameHeader(want, seen[next]) && seen[next].verdict === 'damaged') {
      pairing.extra.push(seen[next++]);
    }
    const got = seen[next] as MessageEvent | undefined;
    const surplus = seen.length - next - toPlace;
    if (got === undefined || (!sameHeader(want, got) && optional)) {
      if (!optional) pairing.missing.push(want);
    } else if (!sameHeader(want, got) && surplus < 0 && listed.some((other) => sameHeader(other, got))) {
      pairing.missing.push(want);
    } else {
      pairing.pairs.push([want, got]);
      next++;
    }
    if (!optional) toPlace--;
  }
  pairing.extra.push(...seen.slice(next));
  return pairing;
}

function sameHeader(want: ExpectedMessage, got: MessageEvent): boolean {
  return (
    want.source === got.source &&
    want.lcid === got.lcid &&
    want.pgkIndex === got.pgkIndex &&
    want.ptkId === got.ptkId &&
    want.sn === got.sn
  );
}

function nameOf(message: ExpectedMessage): string {
  return `frame ${message.frame} message ${message.order} (${message.source}, SN ${message.sn})`;
}

function compareMessage(
  want: ExpectedMessage,
  got: MessageEvent,
  payload: boolean,
  allowStale: boolean,
  wrong: string[],
): void {
  const name = nameOf(want);
  const differ = (what: string, is: unknown, should: unknown): void => {
    wrong.push(`${name}: ${what} is ${wordsOf(is)}, expected ${wordsOf(should)}`);
  };
  for (const member of ['source', 'lcid', 'pgkIndex', 'ptkId', 'sn'] as const) {
    if (want[member] !== got[member]) differ(member, got[member], want[member]);
  }
  if (want.group !== null && !isOneOf(want.group, got.group)) differ('group', got.group, want.group);
  if (want.pgkId !== 'any' && want.pgkId !== got.pgkId) differ('pgkId', got.pgkId, want.pgkId);
  if (!isOneOf(want.verdict, got.verdict)) differ('verdict', got.verdict, want.verdict);
  if (!sameInstant(want.time, got.time)) differ('time', got.time, want.time);
  const wantFrames = want.frames ?? [want.frame];
  const gotFrames = got.frames ?? [got.frame];
  if (wantFrames.join() !== gotFrames.join()) differ('frames', gotFrames, wantFrames);

  const shown = SHOWN.includes(got.verdict) || (got.verdict === 'stale' && allowStale);
  if (!shown && got.payload !== undefined) wrong.push(`${name}: a payload is printed with verdict ${got.verdict}`);
  if (!shown || !payload || want.sha256 === undefined || want.sha256 === null) return;
  if (got.payload === undefined) {
    wrong.push(`${name}: no payload is printed with verdict ${got.verdict}`);
    return;
  }
  const hash = createHash('sha256').update(Buffer.from(got.payload, 'hex')).digest('hex');
  if (want.sha256.length < SHORTEST_HASH || !hash.startsWith(want.sha256)) {
    wrong.push(`${name}: the payload is another one (SHA-256 ${hash.slice(0, SHORTEST_HASH)}…)`);
  }
}

function compareFindings(findings: readonly FindingEvent[], expected: Expected, exact: boolean, wrong: string[]): void {
  for (const want of expected.findings) {
    const named = findings.filter((got) => inScope(want, got));
    if (named.some((got) => matchesFinding(want, got))) continue;
    const near = named.map((got) => `${got.severity}, ${got.confidence}, frames ${got.frames.join(' ')}`);
    wrong.push(`no finding ${describeFinding(want)}${near.length > 0 ? `; there is ${near.join('; ')}` : ''}`);
  }
  for (const got of findings) {
    const name = `finding ${got.name} (${got.severity}) of ${got.source ?? 'nobody'} in ${got.group ?? 'no group'}, frames ${got.frames.join(' ')}`;
    const allowed = expected.allowed.some((want) => matchesFinding(want, got));
    if (expected.forbidden.includes(got.name)) {
      wrong.push(`${name} is forbidden`);
      continue;
    }
    if (got.severity === SEVERITIES[0] || allowed) continue;
    if (expected.forbidden.includes(ABOVE_INFO)) wrong.push(`${name} is forbidden: nothing above info`);
    else if (exact && !expected.findings.some((want) => inScope(want, got))) {
      wrong.push(`${name} is neither expected nor allowed`);
    }
  }
}

/** Name, group and source agree; a null on either side does not contradict. */
function inScope(want: ExpectedFinding, got: FindingEvent): boolean {
  if (!isOneOf(want.name, got.name)) return false;
  const group = want.group ?? null;
  const source = want.source ?? null;
  if (group !== null && got.group !== null && !isOneOf(group, got.group)) return false;
  return source === null || got.source === null || isOneOf(source, got.source);
}

function matchesFinding(want: ExpectedFinding, got: FindingEvent): boolean {
  if (!inScope(want, got)) return false;
  const frames = want.frames ?? [];
  if (frames.length > 0 && !frames.some((frame) => got.frames.includes(frame))) return false;
  const severities = want.severities ?? [];
  if (severities.length > 0 && !severities.includes(got.severity)) return false;
  const confidences = want.confidences ?? [];
  return confidences.length === 0 || confidences.includes(got.confidence);
}

function describeFinding(want: ExpectedFinding): string {
  const parts = [wordsOf(want.name)];
  if (want.source !== undefined && want.source !== null) parts.push(`of ${wordsOf(want.source)}`);
  if (want.group !== undefined && want.group !== null) parts.push(`in ${wordsOf(want.group)}`);
  if ((want.severities ?? []).length > 0) parts.push(`with severity ${wordsOf(want.severities)}`);
  if ((want.confidences ?? []).length > 0) parts.push(`with confidence ${wordsOf(want.confidences)}`);
  if ((want.frames ?? []).length > 0) parts.push(`on one of frames ${(want.frames ?? []).join(' ')}`);
  return parts.join(' ');
}

function compareKey(keys: readonly KeyEvent[], want: ExpectedKey, wrong: string[]): void {
  const members = Object.entries(want).filter(([member]) => member !== 'frame') as [keyof KeyEvent, OneOf<unknown>][];
  const ofFrame = keys.filter(({ frame }) => frame === want.frame);
  if (ofFrame.length === 0) {
    wrong.push(`frame ${want.frame}: no key record`);
    return;
  }
  const differences = ofFrame.map((got) =>
    members.filter(([member, value]) => !sameMember(member, value, got[member])),
  );
  if (differences.some((different) => different.length === 0)) return;
  for (const [member, value] of differences[0]) {
    wrong.push(
      `frame ${want.frame} key record: ${member} is ${wordsOf(ofFrame[0][member])}, expected ${wordsOf(value)}`,
    );
  }
}

function sameMember(member: string, want: OneOf<unknown>, got: unknown): boolean {
  const isTime = member === 'time' || member === 'notBefore' || member === 'notAfter';
  const acceptable: readonly unknown[] = Array.isArray(want) ? want : [want];
  return acceptable.some(
    (value) =>
      value === got || (isTime && typeof value === 'string' && typeof got === 'string' && sameInstant(value, got)),
  );
}

function compareSummary(sorted: SortedEvents, expected: Expected, wrong: string[]): void {
  const summary = sorted.summaries.at(-1);
  if (summary === undefined || sorted.summaries.length > 1) {
    wrong.push(`${sorted.summaries.length} summary records, expected 1`);
    if (summary === undefined) return;
  }
  if (expected.frames !== null && summary.frames !== expected.frames) {
    wrong.push(`summary: ${summary.frames} frames, expected ${expected.frames}`);
  }
  if (summary.messages !== sorted.messages.length) {
    wrong.push(`summary: ${summary.messages} messages, ${sorted.messages.length} were printed`);
  }
  for (const [name, range] of Object.entries(expected.undecoded)) {
    const count = summary.undecoded[name as keyof typeof summary.undecoded] ?? 0;
    if (count < range[0] || count > range[1]) {
      wrong.push(`summary: undecoded ${name} is ${count}, expected ${range[0]} to ${range[1]}`);
    }
  }
  if (!expected.accounting) return;
  const inMessages = new Set(sorted.messages.flatMap(({ frame, frames }) => [...(frames ?? [frame])])).size;
  const undecoded = Object.values(summary.undecoded).reduce((sum, count) => sum + count, 0);
  if (inMessages + undecoded !== summary.frames) {
    wrong.push(
      `accounting: ${inMessages} frames in messages and ${undecoded} undecoded do not make ${summary.frames} frames`,
    );
  }
}

/** Nanoseconds since 1970 of RFC 3339 text; null where it is none. */
export function instantOf(text: string): bigint | null {
  const match = /^(.+T\d\d:\d\d:\d\d)(?:\.(\d{1,9}))?(Z|[+-]\d\d:\d\d)$/.exec(text);
  if (match === null) return null;
  const seconds = Date.parse(`${match[1]}${match[3]}`);
  if (Number.isNaN(seconds)) return null;
  return BigInt(seconds) * 1_000_000n + BigInt((match[2] ?? '').padEnd(9, '0'));
}

function sameInstant(a: string, b: string): boolean {
  const left = instantOf(a);
  return left !== null && left === instantOf(b);
}

function wordsOf(value: unknown): string {
  if (Array.isArray(value)) return value.map(String).join(' or ');
  return String(value);
}
