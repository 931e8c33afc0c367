// Matchers for `expect.extend` (vitest, jest): what a test says about the records of a capture. Plain functions: what
// vitest says of its own matchers is extended, and no test runner is imported.

import { createHash } from 'node:crypto';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';
import { SEVERITIES, type Severity, type SidescopeEvent } from '../daemon/events.ts';
import { FINDING_NAMES, type FindingName, isFindingName } from '../daemon/findings/finding-names.ts';
import { nearestNames } from '../dissectors/filter/nearest.ts';

/** The records of a capture: what `analyse` gives, or any list of them. */
export type Events = readonly SidescopeEvent[] | { readonly events: readonly SidescopeEvent[] };

/** Which findings are meant. Absent members: any. */
export interface FindingScope {
  /** Layer-2 id of the source or the group, 6 hex digits. */
  readonly source?: string;
  readonly group?: string;
  readonly severity?: Severity;
  /** One of its frames. */
  readonly frame?: number;
}

/** What a matcher gives to the test runner. */
export interface MatcherResult {
  readonly pass: boolean;
  readonly message: () => string;
}

/** What the test runner tells a matcher. Nothing is taken from vitest's own types: who has no vitest reads these, too. */
interface MatcherContext {
  readonly snapshotState?: unknown;
}

/** We chose: differences that a failing golden file shows. */
const SHOWN_DIFFERENCES = 5;

/**
 * A finding of that name is among the records.
 *
 * @throws TypeError where no finding can ever be the one that is meant: `not` would hold of it, whatever was captured
 */
export function toHaveFinding(received: Events, name: FindingName, scope: FindingScope = {}): MatcherResult {
  refuseImpossible(name, scope);
  const findings = eventsOf(received).filter((event) => event.type === 'finding');
  const fitting = findings.filter(
    (finding) =>
      finding.name === name &&
      (scope.source === undefined || finding.source === scope.source) &&
      (scope.group === undefined || finding.group === scope.group) &&
      (scope.severity === undefined || finding.severity === scope.severity) &&
      (scope.frame === undefined || finding.frames.includes(scope.frame)),
  );
  const wanted = `${name}${Object.entries(scope)
    .map(([member, value]) => `, ${member} ${value}`)
    .join('')}`;
  const there = findings.map(
    (one) =>
      `  ${one.name} (${one.severity}) of ${one.source ?? 'nobody'} in ${one.group ?? 'no group'} on frames ${one.frames.join(' ')}`,
  );
  return {
    pass: fitting.length > 0,
    message: () =>
      fitting.length > 0
        ? `expected no finding ${wanted}; there is one on frames ${fitting[0].frames.join(' ')}`
        : `expected a finding ${wanted}; ${there.length === 0 ? 'there is none at all' : `there are\n${there.join('\n')}`}`,
  };
}

/**
 * No finding is there, or none of a severity above the named one. It does not hold of a capture of which nothing could be
 * read: that was not judged.
 */
export function toHaveNoFindings(received: Events, scope: { readonly above?: Severity } = {}): MatcherResult {
  const events = eventsOf(received);
  const bound = scope.above === undefined ? -1 : SEVERITIES.indexOf(scope.above);
  if (scope.above !== undefined && bound < 0) {
    throw new TypeError(`${scope.above} is no severity; there are ${SEVERITIES.join(', ')}`);
  }
  const worse = events
    .filter((event) => event.type === 'finding')
    .filter(({ severity }) => SEVERITIES.indexOf(severity) > bound);
  const what = scope.above === undefined ? 'findings' : `findings above ${scope.above}`;
  if (events.some((event) => event.type === 'summary' && !event.complete && event.frames === 0)) {
    return {
      pass: false,
      message: () => `expected no ${what}; nothing of the capture could be read: ${reasonOf(received)}`,
    };
  }
  const list = worse.map((one) => `  ${one.name} (${one.severity}) on frames ${one.frames.join(' ')}: ${one.summary}`);
  return {
    pass: worse.length === 0,
    message: () =>
      worse.length === 0 ? `expected ${what}; there are none` : `expected no ${what}; there are\n${list.join('\n')}`,
  };
}

/** Every message (of that group: id or name) opened under a key that was active, and there is at least one. */
export function toDecipherEvery(received: Events, scope: { readonly group?: string } = {}): MatcherResult {
  const messages = eventsOf(received)
    .filter((event) => event.type === 'message')
    .filter(({ group, groupName }) => scope.group === undefined || scope.group === group || scope.group === groupName);
  const closed = messages.filter(({ verdict }) => verdict !== 'decrypted');
  const of = scope.group === undefined ? '' : ` of group ${scope.group}`;
  return {
    pass: messages.length > 0 && closed.length === 0,
    message: () => {
      if (messages.length === 0) return `expected messages${of}; there are none`;
      if (closed.length === 0) return `expected a message${of} that is not decrypted; all ${messages.length} are`;
      const list = closed
        .slice(0, SHOWN_DIFFERENCES)
        .map(({ frame, source, verdict }) => `  frame ${frame} of ${source}: ${verdict}`);
      return `${closed.length} of ${messages.length} messages${of} are not decrypted, the first ones\n${list.join('\n')}`;
    },
  };
}

/**
 * The records are those of a golden file (one JSON object a line). Plaintext never gets into the file: of a payload it
 * holds the SHA-256. The file is written where the runner updates snapshots (`vitest -u`; new files: unless in CI) or
 * the environment variable UPDATE is 1.
 */
function toMatchEvents(this: MatcherContext, received: Events, goldenFile: string): MatcherResult {
  const lines = eventsOf(received).map(goldenLine);
  const golden = readGolden(goldenFile);
  const same =
    golden !== null && golden.length === lines.length && lines.every((line, index) => line === golden[index]);
  if (!same && mayWrite(this.snapshotState, golden === null)) {
    mkdirSync(dirname(goldenFile), { recursive: true });
    writeFileSync(goldenFile, lines.map((line) => `${line}\n`).join(''));
    return { pass: true, message: () => `${goldenFile} was written` };
  }
  return {
    pass: same,
    message: () => {
      if (same) return `expected other records than those of ${goldenFile}`;
      if (golden === null) return `${goldenFile} is not there; run once with UPDATE=1, or vitest -u`;
      return differences(golden, lines, goldenFile);
    },
  };
}

/** All matchers, for `expect.extend(sidescopeMatchers)`. */
export const sidescopeMatchers = { toHaveFinding, toHaveNoFindings, toDecipherEvery, toMatchEvents };

/** @param received what the test gave to `expect`: types do not hold it back */
function eventsOf(received: unknown): readonly SidescopeEvent[] {
  const events = typeof received === 'object' && received !== null && 'events' in received ? received.events : received;
  if (Array.isArray(events) && events.every(isRecord)) return events;
  const hint = received instanceof Promise ? '; put await before it, or .resolves behind expect' : '';
  throw new TypeError(`expected the records of a capture: what analyse() gives, or a list of events${hint}`);
}

function isRecord(event: unknown): event is SidescopeEvent {
  return typeof event === 'object' && event !== null && 'type' in event && typeof event.type === 'string';
}

/** What kept the capture from being read, where the records are those of `analyse`. */
function reasonOf(received: unknown): string {
  const problem = typeof received === 'object' && received !== null && 'problem' in received ? received.problem : null;
  const named = typeof problem === 'object' && problem !== null && 'message' in problem;
  return named ? String(problem.message) : 'its summary says that it is not complete';
}

/** Specification: a Layer-2 id, of whose low octet versions 1 and 2 say nothing. */
const SOURCE_ID = /^[0-9a-f]{6}$/;
const GROUP_ID = /^[0-9a-f]{4}(?:[0-9a-f]{2}|\?\?)$/;

function refuseImpossible(name: string, { source, group, severity }: FindingScope): void {
  if (!isFindingName(name)) {
    const nearest = nearestNames(name, FINDING_NAMES).at(0);
    throw new TypeError(`no finding is called ${name}${nearest === undefined ? '' : `; did you mean ${nearest}?`}`);
  }
  if (source !== undefined && !SOURCE_ID.test(source)) {
    throw new TypeError(`source ${source} is no Layer-2 id: 6 hex digits, lower case`);
  }
  if (group !== undefined && !GROUP_ID.test(group)) {
    throw new TypeError(`group ${group} is no Layer-2 id: 6 hex digits, lower case, or f000??`);
  }
  if (severity !== undefined && !SEVERITIES.includes(severity)) {
    throw new TypeError(`${severity} is no severity; there are ${SEVERITIES.join(', ')}`);
  }
}

function goldenLine(event: SidescopeEvent): string {
  if (event.type !== 'message' || event.payload === undefined) return JSON.stringify(event);
  const { payload, ...rest } = event;
  const payloadSha256 = createHash('sha256').update(Buffer.from(payload, 'hex')).digest('hex');
  return JSON.stringify({ ...rest, payloadSha256 });
}

function readGolden(path: string): string[] | null {
  try {
    return readFileSync(path, 'utf8')
      .split('\n')
      .filter((line) => line !== '');
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return null;
    throw error;
  }
}

/** @param state vitest and jest keep there, in a member that their types hide, whether snapshots are `all`, `new`, `none` to be written */
function mayWrite(state: unknown, isNew: boolean): boolean {
  if (process.env.UPDATE === '1') return true;
  if (typeof state !== 'object' || state === null || !('_updateSnapshot' in state)) return false;
  return state._updateSnapshot === 'all' || (state._updateSnapshot === 'new' && isNew);
}

function differences(golden: readonly string[], lines: readonly string[], file: string): string {
  const shown: string[] = [];
  const length = Math.max(golden.length, lines.length);
  let count = 0;
  for (let index = 0; index < length; index++) {
    if (golden[index] === lines[index]) continue;
    count++;
    if (count > SHOWN_DIFFERENCES) continue;
    shown.push(`  line ${index + 1}\n  - ${golden[index] ?? '(nothing)'}\n  + ${lines[index] ?? '(nothing)'}`);
  }
  return `${count} records differ from ${file} (- file, + now):\n${shown.join('\n')}`;
}

/** The matchers as a test sees them. */
export interface SidescopeMatchers<Result = unknown> {
  /** A finding of that name is among the records. */
  toHaveFinding(name: FindingName, scope?: FindingScope): Result;
  /** No finding is there, or none above a severity; and something was read. */
  toHaveNoFindings(scope?: { readonly above?: Severity }): Result;
  /** Every message (of a group) opened under an active key. */
  toDecipherEvery(scope?: { readonly group?: string }): Result;
  /** The records are those of a golden file. */
  toMatchEvents(goldenFile: string): Result;
}

declare module 'vitest' {
  interface Matchers<T> extends SidescopeMatchers<T> {}
}
