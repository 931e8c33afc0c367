// A line of analysis gives the records that `read` gives, in two parts, of which the outer one holds no plaintext.

import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import type { Demand } from '../../../daemon/engine-process/engine-port.ts';
import { TrackAnalysis } from '../../../daemon/engine-process/track-analysis.ts';
import type { Keyring } from '../../../daemon/keyring/keyring.ts';
import { copyOfKeyring } from '../../../daemon/keyring/keyring-copy.ts';
import { parseKeyring } from '../../../daemon/keyring/keyring-file.ts';
import type { EngineRecord } from '../../../daemon/relay/relay-record.ts';
import { batchOf, keyedCaptures, type PlainFrame, readFrames } from './batches.ts';
import { expectAsRead } from './told.ts';

const EVERYTHING: Demand = new Map([['*', 'plain']]);

function trackOf(keyring: Keyring, clock: 'wall' | 'capture', now = Date.now()): TrackAnalysis {
  const source = { generation: 1, now: () => now, heldKeys: () => copyOfKeyring(keyring) };
  return new TrackAnalysis({
    track: { track: 3, clock, name: 'test' },
    source,
    severities: {},
    delivered: () => undefined,
  });
}

function judgeAll(track: TrackAnalysis, frames: readonly PlainFrame[], rows: number): EngineRecord[] {
  const records: EngineRecord[] = [];
  for (let at = 0; at < frames.length; at += rows) {
    records.push(...track.judge(batchOf(frames.slice(at, at + rows), at + 1), true, Date.now()));
  }
  return records;
}

describe('on a capture-clock track', () => {
  test.each(keyedCaptures().map((each) => [each.name, each]))('%s is told as read prints it', async (_name, from) => {
    const keyring = parseKeyring(readFileSync(from.keyring), 'keyring.json');
    const frames = await readFrames(from.capture);
    for (const rows of [1, 300]) {
      const track = trackOf(keyring, 'capture');
      track.demand(EVERYTHING);
      const records = judgeAll(track, frames, rows);
      await expectAsRead(records, from);
      for (const record of records) expect(record.track).toBe(3);
      track.close();
    }
  });
});
