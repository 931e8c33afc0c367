// Layer trees for somebody far away: what each view holds, and does not.

import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { treeOfLast } from '../../../daemon/engine-process/tree-answer.ts';
import type { MessageEvent } from '../../../daemon/events.ts';
import { copyOfKeyring } from '../../../daemon/keyring/keyring-copy.ts';
import { parseKeyring } from '../../../daemon/keyring/keyring-file.ts';
import type { Reach } from '../../../daemon/relay/access.ts';
import type { View } from '../../../daemon/relay/capability.ts';
import { batchOf, keyedCaptures, readFrames } from './batches.ts';
import { everyMark, expectNoMark } from './plain-marks.ts';
import { FORENSIC, judgeAll, LONG_AGO, PLAIN, trackOf } from './tracks.ts';

const reachOf = (view: View): readonly Reach[] => [{ gid: '*', view }];
/** Frames before the one asked for. */
const CONTEXT = 60;

describe('trees', () => {
  test.each(keyedCaptures().map((each) => [each.name, each]))('of %s', async (_name, from) => {
    const keyring = parseKeyring(readFileSync(from.keyring), 'keyring.json');
    const frames = await readFrames(from.capture);
    const marks = everyMark(frames, copyOfKeyring(keyring));
    const track = trackOf(keyring, 'capture', FORENSIC);
    const { gate } = track;
    const messages = new Map(
      judgeAll(track, frames, 300).flatMap(({ event, plain }) =>
        event.type === 'message' ? [[event.frame, { event, plain }] as const] : [],
      ),
    );
    for (let number = 1; number <= frames.length; number += 23) {
      const begin = Math.max(0, number - CONTEXT);
      const batch = batchOf(frames.slice(begin, number), begin + 1);
      const meta = treeOfLast(batch, reachOf('meta'), gate, LONG_AGO);
      expect(meta?.frame).toBe(number);
      expect(meta?.plain).toBeNull();
      expectNoMark(meta, marks);
      for (const { start, length } of meta?.rows ?? [])
        expect(start + length).toBeLessThanOrEqual((meta?.octets[0].hex.length ?? 0) / 2);
      const message = messages.get(number);
      const forensic = treeOfLast(batch, reachOf('forensic'), gate, LONG_AGO);
      expect(forensic?.octets[0].hex).toBe(Buffer.from(frames[number - 1].octets).toString('hex'));
      if (message === undefined || message.plain?.payload === undefined || message.event.frames !== undefined) continue;
      if (message.event.evidenceBits < 55) continue;
      expect(forensic?.group).toBe(message.event.group);
      // The view of its own group, before that of all others; and nothing where it has none.
      const gid = message.event.group;
      const others = [{ gid: '*', view: 'forensic' }] as const;
      expect(treeOfLast(batch, [...others, { gid, view: 'meta' }], gate, LONG_AGO)).toEqual(meta);
      expect(treeOfLast(batch, [{ gid: 'eeeeee', view: 'forensic' }], gate, LONG_AGO)).toBeNull();
      let recorded = 0;
      treeOfLast(batch, [{ gid, view: 'plain' }, ...others], gate, LONG_AGO, () => recorded++);
      expect(recorded).toBe(0);
      treeOfLast(batch, [{ gid, view: 'forensic' }], gate, LONG_AGO, () => recorded++);
      expect(recorded).toBe(1);
      expect(forensic?.rows).toContainEqual(
        expect.objectContaining({ field: 'frame.number', filter: `frame.number == ${number}` }),
      );
      const payload = message.plain.payload;
      const { verdict } = message.event satisfies MessageEvent;
      // What is not ciphered lies in the frame itself.
      const shown = verdict === 'decrypted' || verdict === 'stale' ? forensic?.octets.slice(1) : forensic?.octets;
      expect(shown?.some(({ hex }) => hex.includes(payload))).toBe(true);
      expect(forensic?.plain).not.toBeNull();
      // Of a replay the time of the message counts, not that of its newest frame.
      if (verdict === 'decrypted') expect(treeOfLast(batch, reachOf('plain'), gate, LONG_AGO)?.plain).not.toBeNull();
      if (verdict === 'stale') expect(treeOfLast(batch, reachOf('plain'), gate, LONG_AGO)?.plain).toBeNull();
    }
    track.close();
  });

  test('nothing of the keys that a daemon works with changes, whatever stands in the frames', async () => {
    const from = keyedCaptures().find(({ name }) => name.endsWith('mikey'));
    if (from === undefined) return;
    const keyring = parseKeyring(readFileSync(from.keyring), 'keyring.json');
    const frames = await readFrames(from.capture);
    const track = trackOf(keyring, 'capture', PLAIN);
    const { epochs } = track.live.keyring;
    const before = epochs.length;
    for (let number = 1; number <= frames.length; number++)
      treeOfLast(batchOf(frames.slice(0, number), 1), reachOf('plain'), track.gate, LONG_AGO);
    expect(epochs.length).toBe(before);
    track.close();
  });
});
