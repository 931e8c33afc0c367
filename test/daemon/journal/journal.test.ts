// The journal at work, on a disk in memory.

import { expect, test, vi } from 'vitest';
import { append, batchOf, FOLDER, frameOf, framesOf, limits, openOn, recordOf, recordsOf } from './fixture.ts';
import { MemoryDisk } from './memory-disk.ts';

const RADIO = { source: 'lab', name: 'wlan0', linkType: 147, track: 'wall' };

test('keeps frames and records, and finds them again', async () => {
  const disk = new MemoryDisk();
  const journal = await openOn(disk);
  expect(journal.interfaceId(RADIO)).toBe(0);
  expect(journal.nextFrame).toBe(1);
  const frames = [frameOf(1), frameOf(2), frameOf(3, 0)];
  journal.appendFrames(batchOf(1, frames));
  expect(await journal.durable(3)).toBe(true);
  expect(await append(journal, [recordOf(1), recordOf(3)], 3)).toEqual({ seqs: [1, 2], kept: true });
  expect([...(await framesOf(journal)).values()]).toEqual(frames);
  await journal.close();
  expect(disk.openHandles).toBe(0);

  const again = await openOn(disk);
  expect(again.nextFrame).toBe(4);
  expect(again.lastSeq).toBe(2);
  expect(again.judgedThrough).toBe(3);
  expect(again.interfaceId({ ...RADIO, name: 'wlan1' })).toBe(1);
  expect(again.interfaceId(RADIO)).toBe(0);
  expect([...(await framesOf(again)).values()]).toEqual(frames);
  const { records, missing } = await recordsOf(again);
  expect(records).toEqual([
    { ...recordOf(1, false), seq: 1 },
    { ...recordOf(3, false), seq: 2 },
  ]);
  expect(missing).toEqual([]);
  for (const path of disk.names.keys()) {
    expect(Buffer.from(disk.octets(path)).toString('latin1')).not.toContain('secret');
  }
  await again.close();
});

test('rotates, removes the oldest, and says what is gone', async () => {
  const disk = new MemoryDisk();
  const journal = await openOn(disk, { frames: limits(700, 3), records: limits(800, 2) });
  journal.interfaceId(RADIO);
  for (let frame = 1; frame <= 40; frame++) {
    journal.appendFrames(batchOf(frame, [frameOf(frame)]));
    await journal.durable(frame);
    await append(journal, [recordOf(frame)], frame);
  }
  await vi.waitFor(() => expect(journal.status().files).toBe(5), 3000);
  const { firstFrame, firstSeq } = journal.status();
  expect(firstFrame).toBeGreaterThan(20);
  expect(firstSeq).toBeGreaterThan(20);
  expect([...(await framesOf(journal)).keys()]).toEqual(
    Array.from({ length: 41 - firstFrame! }, (_, at) => firstFrame! + at),
  );
  expect(await journal.durable(1)).toBe(true);
  await journal.close();
  const again = await openOn(disk, { frames: limits(700, 3), records: limits(800, 2) });
  const { records, missing } = await recordsOf(again);
  expect(missing).toEqual([{ from: 1, to: firstSeq! - 1, reason: 'no longer kept' }]);
  expect(records.map(({ seq }) => seq)).toEqual(Array.from({ length: 41 - firstSeq! }, (_, at) => firstSeq! + at));
  expect(again.nextFrame).toBe(41);
  const names = [...disk.names.keys()].map((name) => name.slice(FOLDER.length + 1)).sort();
  expect(names[0]).toMatch(/^frames-0000000000\d\d-20261127T0300\d+Z\.pcapng$/);
  await again.close();
});
