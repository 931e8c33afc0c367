// A line of analysis without a process around it, for tests.

import type { Demand } from '../../../daemon/engine-process/engine-port.ts';
import { TrackAnalysis } from '../../../daemon/engine-process/track-analysis.ts';
import type { Keyring } from '../../../daemon/keyring/keyring.ts';
import { copyOfKeyring } from '../../../daemon/keyring/keyring-copy.ts';
import type { EngineRecord } from '../../../daemon/relay/relay-record.ts';
import { engineRecordsIn } from '../record-blocks.ts';
import { batchOf, type PlainFrame } from './batches.ts';

export const PLAIN: Demand = new Map([['*', 'plain']]);
export const FORENSIC: Demand = new Map([['*', 'forensic']]);
/** Before any order of a group manager in any of the captures. */
export const LONG_AGO = 0;

/** A track with a copy of these keys. @param now the wall clock */
export function trackOf(keyring: Keyring, clock: 'wall' | 'capture', demand: Demand, now = LONG_AGO): TrackAnalysis {
  const source = { generation: 1, now: () => now, heldKeys: () => copyOfKeyring(keyring) };
  const track = { track: 3, clock, name: 'test' } as const;
  const analysis = new TrackAnalysis({ track, source, severities: {}, delivered: () => undefined });
  analysis.demand(demand);
  return analysis;
}

/** Judges frames in batches of so many rows. @param now the wall clock */
export function judgeAll(
  track: TrackAnalysis,
  frames: readonly PlainFrame[],
  rows: number,
  now = LONG_AGO,
): EngineRecord[] {
  const records: EngineRecord[] = [];
  for (let at = 0; at < frames.length; at += rows) {
    track.live.refresh();
    records.push(...engineRecordsIn(track.judge(batchOf(frames.slice(at, at + rows), at + 1), true, now)));
  }
  return records;
}
