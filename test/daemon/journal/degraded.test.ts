// A disk that is full, read-only or broken: the journal says so, counts what it could not keep, tells what may be told, and
// goes on by itself.

import { expect, test, vi } from 'vitest';
import type { JournalPort } from '../../../daemon/journal/journal-port.ts';
import { append, batchOf, frameOf, framesOf, limits, openOn, problemsOf, recordOf, recordsOf } from './fixture.ts';
import { MemoryDisk, type Trouble } from './memory-disk.ts';

const RADIO = { source: 'lab', name: 'wlan0', linkType: 147, track: 'wall' };

interface Told {
  readonly durable: boolean;
  readonly kept: boolean;
  readonly seqs: readonly number[];
}

/** A frame and its record. */
async function bring(journal: JournalPort): Promise<Told> {
  const frame = journal.nextFrame;
  journal.appendFrames(batchOf(frame, [frameOf(frame)]));
  const durable = await journal.durable(frame);
  const { seqs, kept } = await append(journal, [recordOf(frame)], frame);
  return { durable, kept, seqs };
}

async function recovered(journal: JournalPort): Promise<void> {
  await vi.waitFor(() => expect(journal.status().state).toBe('good'), { timeout: 5000, interval: 2 });
}

test('a full disk: what comes is told and counted, the next start knows how far numbers went', async () => {
  const disk = new MemoryDisk();
  const journal = await openOn(disk);
  journal.interfaceId(RADIO);
  expect(await bring(journal)).toEqual({ durable: true, kept: true, seqs: [1] });
  disk.left = 10;
  expect(await bring(journal)).toEqual({ durable: false, kept: false, seqs: [2] });
  expect(await bring(journal)).toEqual({ durable: false, kept: false, seqs: [3] });
  await journal.ready();
  const status = journal.status();
  expect(status).toMatchObject({ state: 'degraded', missedFrames: 2, missedRecords: 2, lastFrame: 3, durableFrame: 1 });
  expect(status.problem).toMatchObject({ code: 'journal.disk-full' });
  expect(status.problem?.message).toContain('(ENOSPC)');
  expect(await journal.durable(2)).toBe(false);
  expect(await journal.durable(1)).toBe(true);
  expect(journal.judgedThrough).toBe(3);
  // Those that were told are still in memory.
  expect((await recordsOf(journal)).records.map(({ seq }) => seq)).toEqual([1, 2, 3]);

  // The power goes while the disk is full.
  const left = disk.restart('nothing');
  left.left = 10;
  const again = await openOn(left);
  expect(again.nextFrame).toBe(4);
  expect(again.lastSeq).toBe(3);
  expect(again.judgedThrough).toBe(3);
  expect(await again.durable(3)).toBe(false);
  expect(await bring(again)).toEqual({ durable: false, kept: false, seqs: [4] });
  left.left = 1e6;
  await recovered(again);
  expect(await bring(again)).toEqual({ durable: true, kept: true, seqs: [5] });
  await again.close();
  const last = await openOn(left);
  expect([...(await framesOf(last)).keys()]).toEqual([1, 5]);
  expect(await last.durable(4)).toBe(false);
  const { records, missing } = await recordsOf(last);
  expect(records.map(({ seq }) => seq)).toEqual([1, 5]);
  expect(missing).toEqual([{ from: 2, to: 4, reason: 'the disk refused it' }]);
  await last.close();
  await journal.close();
  expect(disk.openHandles + left.openHandles).toBe(0);
});

test('a disk that refuses everything: nothing is told whose number would be given again', async () => {
  const disk = new MemoryDisk();
  const journal = await openOn(disk);
  await bring(journal);
  disk.trouble = { call: disk.calls + 1, kind: 'EROFS', until: 1e9 };
  expect(await bring(journal)).toEqual({ durable: false, kept: false, seqs: [] });
  expect(journal.status().problem?.code).toBe('journal.read-only');
  disk.trouble = null;
  await recovered(journal);
  const { seqs, kept } = await bring(journal);
  expect(kept).toBe(true);
  expect(seqs[0]).toBeGreaterThan(1);
  const { records, missing } = await recordsOf(journal);
  expect(records.map(({ seq }) => seq)).toEqual([1, seqs[0]]);
  expect(missing).toEqual([{ from: 2, to: seqs[0] - 1, reason: 'the disk refused it' }]);
  await journal.close();
});

test('a disk that is full at the start, or read-only, opens degraded', async () => {
  for (const kind of ['ENOSPC', 'EROFS'] as const) {
    const before = new MemoryDisk();
    const first = await openOn(before);
    await bring(first);
    await bring(first);
    await first.close();
    const disk = before.restart('all');
    disk.trouble = { call: 1, kind, until: 1e9 };
    const journal = await openOn(disk);
    if (kind === 'EROFS') expect(journal.status().state).toBe('degraded');
    expect((await framesOf(journal)).size).toBe(2);
    expect((await bring(journal)).kept).toBe(false);
    expect(journal.status().state).toBe('degraded');
    disk.trouble = null;
    await recovered(journal);
    expect(await bring(journal)).toMatchObject({ durable: true, kept: true });
    await journal.close();
    expect(disk.openHandles).toBe(0);
  }
});

/** Runs into trouble at one call; what must not be, as texts. */
async function troubled(trouble: Trouble): Promise<{ wrong: string[]; isOver: boolean }> {
  const disk = new MemoryDisk();
  disk.trouble = trouble;
  const small = { frames: limits(600), records: limits(600) };
  const wrong: string[] = [];
  const journal = await openOn(disk, small);
  journal.interfaceId(RADIO);
  const kept = { frames: [] as number[], records: [] as number[] };
  const told = new Set<number>();
  for (let round = 0; round < 10; round++) {
    if (round === 7) await recovered(journal);
    const frame = journal.nextFrame;
    const { durable, kept: isKept, seqs } = await bring(journal);
    if (durable) kept.frames.push(frame);
    if (isKept) kept.records.push(...seqs);
    for (const seq of seqs) {
      if (told.has(seq)) wrong.push(`record ${seq} was told twice`);
      told.add(seq);
    }
  }
  for (let isWell = false; !isWell; ) {
    await recovered(journal);
    const { durable, kept: isKept } = await bring(journal);
    isWell = durable && isKept;
  }
  await journal.close();
  if (disk.openHandles > 0) wrong.push(`${disk.openHandles} handles left open`);
  disk.trouble = null;
  const again = await openOn(disk, small);
  const frames = await framesOf(again);
  for (const frame of kept.frames) if (!frames.has(frame)) wrong.push(`frame ${frame} is lost`);
  const { records, missing } = await recordsOf(again);
  const found = new Set(records.map(({ seq }) => seq));
  for (const seq of kept.records) if (!found.has(seq)) wrong.push(`record ${seq} is lost`);
  for (const { from, to } of missing) for (let seq = from; seq <= to; seq++) found.add(seq);
  for (const seq of told) if (!found.has(seq)) wrong.push(`nobody speaks of record ${seq}`);
  for (const seq of told) if (seq > again.lastSeq) wrong.push(`record ${seq} would be numbered again`);
  await again.close();
  for (const [path, { octets }] of disk.names) {
    if (path.endsWith('.pcapng')) wrong.push(...problemsOf(octets).map((text) => `${path}: ${text}`));
  }
  return { wrong, isOver: disk.calls < trouble.call };
}

test.each([
  ['full for a moment', 'ENOSPC', 1],
  ['broken for a moment', 'EIO', 1],
  ['full for a while', 'ENOSPC', 9],
  ['broken for a while', 'EIO', 9],
] as const)('a disk that is %s at any call: it recovers and has told the truth', async (_, kind, calls) => {
  const found: string[] = [];
  for (let call = 1; ; call++) {
    const { wrong, isOver } = await troubled({ call, kind, until: call + calls });
    found.push(...wrong.map((text) => `${kind} at call ${call}: ${text}`));
    if (isOver) break;
  }
  expect(found).toEqual([]);
});
