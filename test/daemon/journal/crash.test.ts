// Power cuts at every call of a run of appends, rotations and recoveries: nothing that was acknowledged is lost, nothing is
// numbered twice.

import { describe, expect, test } from 'vitest';
import type { JournalPort } from '../../../daemon/journal/journal-port.ts';
import {
  append,
  batchOf,
  frameOf,
  framesOf,
  limits,
  openOn,
  type PlainFrame,
  problemsOf,
  recordOf,
  recordsOf,
} from './fixture.ts';
import { CRASHES, MemoryDisk } from './memory-disk.ts';

const SMALL = { frames: limits(900), records: limits(700) };
const RADIO = { source: 'lab', name: 'wlan0', linkType: 147, track: 'wall' };

/** What was promised before the power went. */
interface Promised {
  /** Frames said to be durable. */
  frame: number;
  /** Records told, by number: the frame they speak of. */
  readonly records: Map<number, number>;
  through: number;
  /** Promises that contradict one another. */
  readonly wrong: string[];
}

function nothing(): Promised {
  return { frame: 0, records: new Map(), through: 0, wrong: [] };
}

function copyOf(promised: Promised): Promised {
  return { ...promised, records: new Map(promised.records), wrong: [] };
}

/** The frame with this number, of one length or another. */
function numbered(frame: number): PlainFrame {
  return frameOf(frame, 30 + (frame % 3) * 30);
}

/**
 * As the daemon does: judges what was captured and not judged, then appends frames two by two and a record of each, some
 * calls on their way at once. Never ends where the power goes.
 */
async function work(journal: JournalPort, rounds: number, promised: Promised): Promise<void> {
  journal.interfaceId(RADIO);
  await judge(journal, journal.judgedThrough + 1, journal.nextFrame - 1, promised);
  const underway: Promise<void>[] = [];
  for (let round = 0; round < rounds; round++) {
    const first = journal.nextFrame;
    journal.appendFrames(batchOf(first, [numbered(first), numbered(first + 1)]));
    underway.push(judge(journal, first, first + 1, promised));
    if (round % 2 === 1) await Promise.all(underway.splice(0));
  }
  await Promise.all(underway);
}

async function judge(journal: JournalPort, from: number, last: number, promised: Promised): Promise<void> {
  const told = Array.from({ length: last - from + 1 }, (_, at) => recordOf(from + at));
  const written = append(journal, told, last);
  if (await journal.durable(last)) promised.frame = Math.max(promised.frame, last);
  const { seqs } = await written;
  for (const [at, seq] of seqs.entries()) {
    if (promised.records.has(seq)) promised.wrong.push(`record ${seq} was told twice`);
    promised.records.set(seq, from + at);
  }
  promised.through = Math.max(promised.through, last);
}

/** What an open journal lacks of what was promised. */
async function broken(journal: JournalPort, promised: Promised): Promise<string[]> {
  const wrong: string[] = [];
  const frames = await framesOf(journal);
  for (let frame = 1; frame < journal.nextFrame; frame++) {
    const kept = frames.get(frame);
    if (kept === undefined) wrong.push(`frame ${frame} of ${promised.frame} is lost`);
    else if (kept.hex !== numbered(frame).hex) wrong.push(`frame ${frame} is another`);
  }
  if (journal.nextFrame <= promised.frame) wrong.push(`frame ${promised.frame} would be numbered again`);
  if (journal.judgedThrough < promised.through) wrong.push(`judged through ${journal.judgedThrough}`);
  if (journal.judgedThrough >= journal.nextFrame) wrong.push('more judged than captured');
  const { records, missing } = await recordsOf(journal);
  for (const { from, to, reason } of missing) wrong.push(`records ${from} to ${to}: ${reason}`);
  const found = new Map(records.map(({ seq, event }) => [seq, 'frame' in event ? event.frame : 0]));
  for (const [seq, frame] of promised.records) {
    if (found.get(seq) !== frame) wrong.push(`record ${seq} speaks of ${found.get(seq)}, not of ${frame}`);
  }
  // Two records a round: what is judged is there, what is not judged is not.
  const judged = [...found.values()].sort((one, other) => one - other);
  const expected = Array.from({ length: journal.judgedThrough }, (_, at) => at + 1);
  if (judged.join() !== expected.join()) wrong.push(`judged through ${journal.judgedThrough}: ${judged.join()}`);
  return wrong;
}

/** Opens what a crash left, looks, works on, closes, opens and looks again. */
async function inspect(disk: MemoryDisk, promised: Promised): Promise<string[]> {
  const journal = await openOn(disk, SMALL);
  const wrong = await broken(journal, promised);
  const more = copyOf(promised);
  await work(journal, 1, more);
  await journal.close();
  if (disk.openHandles > 0) wrong.push(`${disk.openHandles} handles left open`);
  const again = await openOn(disk, SMALL);
  wrong.push(...(await broken(again, more)).map((text) => `later: ${text}`));
  await again.close();
  for (const path of disk.names.keys()) {
    if (path.endsWith('.pcapng')) wrong.push(...problemsOf(disk.octets(path)).map((text) => `${path}: ${text}`));
  }
  return [...wrong, ...more.wrong];
}

/** Lets the power go at every call of a run from open to close. */
async function sweep(
  before: MemoryDisk,
  rounds: number,
  known: Promised,
  step = 1,
): Promise<{ wrong: string[]; calls: number }> {
  const wrong: string[] = [];
  /** Disks and promises that were looked at. */
  const seen = new Set<string>();
  for (let call = 1; ; call += step) {
    let isOver = false;
    for (const kind of ['cut', 'torn'] as const) {
      const disk = before.restart('all');
      disk.trouble = { call, kind };
      const promised = copyOf(known);
      const run = async (): Promise<void> => {
        const journal = await openOn(disk, SMALL);
        await work(journal, rounds, promised);
        await journal.close();
      };
      await Promise.race([run(), disk.dead]);
      isOver = !disk.isDead;
      wrong.push(...promised.wrong);
      for (const crash of CRASHES) {
        const left = disk.restart(crash);
        const key = `${left.fingerprint()} ${JSON.stringify([promised.frame, promised.through, promised.records.size])}`;
        if (seen.has(key)) continue;
        seen.add(key);
        const found = await inspect(left, promised);
        wrong.push(...found.map((text) => `${kind} at ${disk.log.at(-1)} (${call}), crash ${crash}: ${text}`));
        if (wrong.length > 20) return { wrong, calls: call };
      }
    }
    if (isOver) return { wrong, calls: call };
  }
}

/** A disk as a power cut in the middle of work left it, and what was promised until then. */
async function halfWay(call: number): Promise<{ disk: MemoryDisk; promised: Promised }> {
  const disk = new MemoryDisk();
  disk.trouble = { call, kind: 'torn' };
  const promised = nothing();
  const run = async (): Promise<void> => work(await openOn(disk, SMALL), 100, promised);
  await Promise.race([run(), disk.dead]);
  return { disk: disk.restart('pages'), promised };
}

describe('a power cut at any call', () => {
  test('of a run with rotations loses nothing that was acknowledged', async () => {
    const { wrong, calls } = await sweep(new MemoryDisk(), 6, nothing());
    expect(wrong).toEqual([]);
    expect(calls).toBeGreaterThan(40);
  });

  test.each([31, 44, 57])('of a recovery from a cut at call %d loses nothing either', async (call) => {
    const { disk, promised } = await halfWay(call);
    expect(promised.frame).toBeGreaterThan(2);
    const { wrong } = await sweep(disk, 2, promised);
    expect(wrong).toEqual([]);
  });

  test.each(['sync', 'syncDirectory'] as const)('is noticed by this very test when %s is left out', async (call) => {
    const disk = new MemoryDisk();
    disk.leaveOut.add(call);
    const { wrong } = await sweep(disk, 6, nothing(), 5);
    expect(wrong).toContainEqual(expect.stringContaining('would be numbered again'));
  });

  test('is noticed by this very test when a recovery does not cut', async () => {
    const wrong: string[] = [];
    for (let call = 12; call < 60; call++) {
      const { disk, promised } = await halfWay(call);
      disk.leaveOut.add('truncate');
      wrong.push(...(await inspect(disk, promised)));
    }
    expect(wrong).toContainEqual(expect.stringContaining('.pcapng: '));
  });
});
