// What an engine told of a capture against what `read` says of it.

import { expect } from 'vitest';
import type { FindingEvent, MessageEvent, SidescopeEvent } from '../../../daemon/events.ts';
import type { EngineRecord } from '../../../daemon/relay/relay-record.ts';
import { analyse } from '../../../testing/analyse.ts';
import type { KeyedCapture } from './batches.ts';

/** A record with its plain part in its place: what somebody with every right sees. */
export function whole(record: EngineRecord): SidescopeEvent {
  return { ...record.event, ...record.plain };
}

/** Records of one type, whole. */
export function toldOf(records: readonly EngineRecord[], type: 'message'): MessageEvent[];
export function toldOf(records: readonly EngineRecord[], type: 'finding'): FindingEvent[];
export function toldOf(records: readonly EngineRecord[], type: string): SidescopeEvent[] {
  return records.map(whole).filter((event) => event.type === type);
}

function scope({ name, severity, group, source, pgkId, time }: FindingEvent): string {
  return [name, severity, group, source, pgkId, time].join(' ');
}

/**
 * Holds what was told live to what `read --payload` prints: the same messages and key records; of each finding its first
 * occurrence, with summary and evidence, and nothing that `read` does not have.
 *
 * @param allowStale what was told in a forensic view, against `read --allow-stale`
 */
export async function expectAsRead(
  records: readonly EngineRecord[],
  from: KeyedCapture,
  allowStale: boolean,
): Promise<void> {
  const { events } = await analyse(from.capture, { keyring: from.keyring, payload: true, allowStale });
  const messages = events.filter((event): event is MessageEvent => event.type === 'message');
  expect(toldOf(records, 'message')).toEqual(messages);
  expect(records.map(whole).filter(({ type }) => type === 'key')).toEqual(events.filter(({ type }) => type === 'key'));
  const read = new Map(events.filter((event) => event.type === 'finding').map((event) => [scope(event), event]));
  const told = new Map<string, FindingEvent>();
  for (const event of toldOf(records, 'finding')) {
    // A reuse that turned out to be a stuck counter is told before that is known (findings/recorder.ts).
    if (!read.has(scope(event))) expect(event.name).toBe('ctr.keystream_reuse');
    else if (!told.has(scope(event))) told.set(scope(event), event);
  }
  for (const [key, event] of read) {
    // A gap is open until its window ends; a file ends before.
    expect(told.has(key), `${key} was told`).toBe(true);
    const { summary, evidence } = event;
    const first = told.get(key);
    if (event.evidence.samples === undefined) expect(first).toMatchObject({ summary, evidence });
    if (event.count === 1) expect(first).toEqual(event);
  }
}
