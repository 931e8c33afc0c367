// Matchers for `expect.extend` (vitest, jest): what a test says about the records of a capture. Plain functions; no test
// runner is imported but for its types.

import { createHash } from 'node:crypto';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';
// A type only: vitest itself is not loaded.
import type { MatcherState } from 'vitest';
import { SEVERITIES, type Severity, type SidescopeEvent } from '../daemon/events.ts';

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

/** What the test runner tells a matcher. */
type MatcherContext = Partial<Pick<MatcherState, 'snapshotState'>>;

/** We chose: differences that a failing golden file shows. */
const SHOWN_DIFFERENCES = 5;

/** A finding of that name is among the records. */
export function toHaveFinding(received: Events, name: string, scope: FindingScope = {}): MatcherResult {
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
    (one) => `  ${one.name} (${one.severity}) of ${one.source ?? 'nobody'} in ${one.group ?? 'no group'}`,
  );
  return {
    pass: fitting.length > 0,
    message: () =>
      fitting.length > 0
        ? `expected no finding ${wanted}; there is one on frames ${fitting[0].frames.join(' ')}`
        : `expected a finding ${wanted}; ${there.length === 0 ? 'there is none at all' : `there are\n${there.join('\n')}`}`,
  };
}

/** No finding is there, or none of a severity above the named one. */
export function toHaveNoFindings(received: Events, scope: { readonly above?: Severity } = {}): MatcherResult {
  const bound = scope.above === undefined ? -1 : SEVERITIES.indexOf(scope.above);
  const worse = eventsOf(received)
    .filter((event) => event.type === 'finding')
    .filter(({ severity }) => SEVERITIES.indexOf(severity) > bound);
  const what = scope.above === undefined ? 'findings' : `findings above ${scope.above}`;
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

function eventsOf(received: Events): readonly SidescopeEvent[] {
  const events: unknown = 'events' in received ? received.events : received;
  if (Array.isArray(events)) return events as readonly SidescopeEvent[];
  throw new TypeError('expected the records of a capture: what analyse() gives, or a list of events');
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
  toHaveFinding(name: string, scope?: FindingScope): Result;
  /** No finding is there, or none above a severity. */
  toHaveNoFindings(scope?: { readonly above?: Severity }): Result;
  /** Every message (of a group) opened under an active key. */
  toDecipherEvery(scope?: { readonly group?: string }): Result;
  /** The records are those of a golden file. */
  toMatchEvents(goldenFile: string): Result;
}

declare module 'vitest' {
  interface Matchers<T> extends SidescopeMatchers<T> {}
}
