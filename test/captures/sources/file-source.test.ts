// Growing, rotating, truncated and replaced files, on a real disk with real notices.

import { spawn, spawnSync } from 'node:child_process';
import {
  appendFileSync,
  mkdirSync,
  mkdtempSync,
  renameSync,
  rmSync,
  symlinkSync,
  truncateSync,
  unlinkSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { CUSTOM_BLOCK_LINKTYPE } from '../../../captures/frame-batch.ts';
import type { FileDescription, FilesDescription } from '../../../captures/sources/source-config.ts';
import { soundCapture } from '../random-captures.ts';
import { readBytes } from '../read-all.ts';
import { captureOf, pause, record, type Taking, take, until } from './live-sources.ts';

let folder = '';
const running: Taking[] = [];

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'sidescope-files-'));
});

afterEach(async () => {
  for (const taking of running.splice(0)) await taking.stop();
  rmSync(folder, { recursive: true });
});

const path = (name: string) => join(folder, name);

function follow(more: Partial<FileDescription> = {}): Taking {
  const taking = take({ name: 'log', kind: 'file', path: path('a.pcap'), ...more });
  running.push(taking);
  return taking;
}

function followSet(more: Partial<FilesDescription> = {}): Taking {
  const taking = take({ name: 'ring', kind: 'files', folder, ...more });
  running.push(taking);
  return taking;
}

/** Waits for these frames, and a little longer for frames that should not come. */
async function expectFirsts(taking: Taking, ...firsts: number[]): Promise<void> {
  await until(() => taking.frames.length >= firsts.length);
  await pause(30);
  expect(taking.firsts()).toEqual(firsts);
}

describe('a growing file', () => {
  test('is waited for, and read as it grows, a record once it is whole', async () => {
    const taking = follow();
    await until(() => taking.status().problem?.code === 'source.no-such-file');
    expect(taking.status().state).toBe('waiting');
    writeFileSync(path('a.pcap'), captureOf(1));
    await expectFirsts(taking, 1);
    expect(taking.status()).toMatchObject({ state: 'running', problem: null });
    const next = record(2);
    for (let at = 0; at < next.length; at++) {
      appendFileSync(path('a.pcap'), next.subarray(at, at + 1));
      if (at % 5 === 0) await pause(2);
    }
    await expectFirsts(taking, 1, 2);
    const written = Date.now();
    appendFileSync(path('a.pcap'), record(3));
    await expectFirsts(taking, 1, 2, 3);
    expect(taking.frames[2].cameAt - written).toBeLessThan(1000);
    await taking.stop();
    await taking.done;
    expect(taking.status().state).toBe('stopped');
  });

  test('can be read from its end, where a record may be half written', async () => {
    writeFileSync(path('a.pcap'), Buffer.concat([captureOf(1, 2), record(3).subarray(0, 7)]));
    const taking = follow({ from: 'end' });
    await until(() => taking.status().state === 'running');
    appendFileSync(path('a.pcap'), Buffer.concat([record(3).subarray(7), record(4)]));
    await expectFirsts(taking, 3, 4);
  });

  test('that is cut begins anew, also where it has grown beyond where we were', async () => {
    writeFileSync(path('a.pcap'), captureOf(1, 2, 3));
    const taking = follow();
    await expectFirsts(taking, 1, 2, 3);
    truncateSync(path('a.pcap'), 0);
    await pause(30);
    appendFileSync(path('a.pcap'), captureOf(4));
    await expectFirsts(taking, 1, 2, 3, 4);
    // In one breath: cut and written beyond.
    writeFileSync(path('a.pcap'), captureOf(5, 6, 7, 8));
    await expectFirsts(taking, 1, 2, 3, 4, 5, 6, 7, 8);
    // The same length, other content.
    writeFileSync(path('a.pcap'), captureOf(9, 10, 11, 12));
    await expectFirsts(taking, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12);
  });

  test('that is replaced is read to its end first', async () => {
    writeFileSync(path('a.pcap'), captureOf(1));
    const taking = follow();
    await expectFirsts(taking, 1);
    renameSync(path('a.pcap'), path('a.pcap.old'));
    appendFileSync(path('a.pcap.old'), record(2));
    writeFileSync(path('a.pcap'), captureOf(3));
    await pause(20);
    appendFileSync(path('a.pcap.old'), record(4).subarray(0, 9));
    await expectFirsts(taking, 1, 2, 3);
    expect(taking.frames.map(({ number }) => number)).toEqual([1, 2, 3]);
    expect(taking.frames.every(({ interfaceId }) => interfaceId === 0)).toBe(true);
  });

  test('whose name is taken away says so, is read on, and is well when a file has the name again', async () => {
    writeFileSync(path('a.pcap'), captureOf(1));
    const taking = follow();
    await expectFirsts(taking, 1);
    renameSync(path('a.pcap'), path('a.pcap.old'));
    await until(() => taking.status().problem !== null);
    expect(taking.status().problem).toMatchObject({ code: 'source.no-such-file' });
    appendFileSync(path('a.pcap.old'), record(2));
    await expectFirsts(taking, 1, 2);
    renameSync(path('a.pcap.old'), path('a.pcap'));
    await until(() => taking.status().problem === null);
    unlinkSync(path('a.pcap'));
    await until(() => taking.status().problem !== null);
    writeFileSync(path('a.pcap'), captureOf(3));
    await expectFirsts(taking, 1, 2, 3);
    expect(taking.status()).toMatchObject({ state: 'running', problem: null });
  });

  test.each([
    ['folder', () => mkdirSync(path('a.pcap'))],
    ['pipe', () => spawnSync('mkfifo', [path('a.pcap')])],
    ['device', () => symlinkSync('/dev/zero', path('a.pcap'))],
    ['link to itself', () => symlinkSync('a.pcap', path('a.pcap'))],
  ] as const)('whose name a %s takes says so, and goes on when a file has it again', async (what, make) => {
    writeFileSync(path('a.pcap'), captureOf(1));
    const taking = follow();
    await expectFirsts(taking, 1);
    unlinkSync(path('a.pcap'));
    make();
    const code = what === 'link to itself' ? 'source.no-such-file' : 'source.not-a-file';
    await until(() => taking.status().problem?.code === code);
    rmSync(path('a.pcap'), { recursive: true });
    writeFileSync(path('a.pcap'), captureOf(2));
    await until(() => taking.status().problem === null);
    await expectFirsts(taking, 1, 2);
  });

  test('pipes in place of many files keep nothing else from being read, and end when they are told to', async () => {
    const takings = Array.from({ length: 8 }, (_, i) => {
      spawnSync('mkfifo', [path(`pipe${i}`)]);
      return follow({ name: `pipe${i}`, path: path(`pipe${i}`) });
    });
    await until(() => takings.every((taking) => taking.status().problem?.code === 'source.not-a-file'));
    writeFileSync(path('a.pcap'), captureOf(1));
    await expectFirsts(follow(), 1);
    for (const taking of takings) await taking.stop();
  });

  test('nobody who writes to a pipe in its place is let go on and then left', async () => {
    spawnSync('mkfifo', [path('a.pcap')]);
    const writer = spawn('sh', ['-c', `echo there > "${path('a.pcap')}"`]);
    const taking = follow();
    await until(() => taking.status().problem?.code === 'source.not-a-file');
    await pause(300);
    expect(writer.exitCode).toBeNull();
    expect(spawnSync('cat', [path('a.pcap')]).stdout.toString()).toBe('there\n');
  });

  test('that is damaged is told of, and goes on when it begins anew', async () => {
    writeFileSync(path('a.pcap'), Buffer.concat([captureOf(1), new Uint8Array(40).fill(0xff)]));
    const taking = follow();
    await until(() => taking.status().problem !== null);
    expect(taking.status()).toMatchObject({ state: 'waiting', problem: { code: 'capture.record-too-long' } });
    appendFileSync(path('a.pcap'), record(9));
    await pause(50);
    writeFileSync(path('a.pcap'), captureOf(2));
    await expectFirsts(taking, 1, 2);
    expect(taking.status()).toMatchObject({ state: 'running', problem: null });
  });

  test('that is compressed is refused with the reason', async () => {
    writeFileSync(path('a.pcap'), Buffer.from('1f8b080000000000000300000000000000000000', 'hex'));
    const taking = follow();
    await until(() => taking.status().problem !== null);
    expect(taking.status().problem).toMatchObject({ code: 'source.compressed' });
  });

  test('gives the same frames however it is written', async () => {
    await fc.assert(
      fc.asyncProperty(
        soundCapture,
        fc.array(fc.nat({ max: 400 }), { minLength: 1, maxLength: 8 }),
        async (capture, steps) => {
          const file = path('any.pcap');
          writeFileSync(file, '');
          const taking = follow({ path: file });
          try {
            for (let at = 0, step = 0; at < capture.length; step++) {
              const end = step < steps.length ? at + steps[step] : capture.length;
              appendFileSync(file, capture.subarray(at, end));
              at = end;
              if (step % 3 === 0) await pause(1);
            }
            const { frames } = await readBytes(capture);
            const wanted = frames.filter(({ linkType }) => linkType !== CUSTOM_BLOCK_LINKTYPE);
            await until(() => taking.frames.length >= wanted.length);
            expect(taking.frames.map(({ bytes }) => bytes)).toEqual(wanted.map(({ bytes }) => bytes));
            expect(taking.frames.map(({ linkType }) => linkType)).toEqual(wanted.map(({ linkType }) => linkType));
          } finally {
            await taking.stop();
            rmSync(file);
          }
        },
      ),
      { numRuns: 25 },
    );
  }, 60_000);
});

describe('a rotating set of files', () => {
  test('is read in the order of the numbers in the names, each file once', async () => {
    writeFileSync(path('ring_00010_20260503.pcapng'), captureOf(3));
    writeFileSync(path('ring_00002_20260502.pcapng'), captureOf(1, 2));
    writeFileSync(path('notes.txt'), 'no capture');
    mkdirSync(path('folder.pcap'));
    const taking = followSet();
    await expectFirsts(taking, 1, 2, 3);
    appendFileSync(path('ring_00010_20260503.pcapng'), record(4));
    await expectFirsts(taking, 1, 2, 3, 4);
    writeFileSync(path('ring_00011_20260504.pcapng'), captureOf(5));
    appendFileSync(path('ring_00010_20260503.pcapng'), record(6));
    await expectFirsts(taking, 1, 2, 3, 4, 6, 5);
    rmSync(path('ring_00002_20260502.pcapng'));
    writeFileSync(path('ring_00012_20260505.pcapng'), captureOf());
    await pause(300);
    appendFileSync(path('ring_00012_20260505.pcapng'), record(7));
    await expectFirsts(taking, 1, 2, 3, 4, 6, 5, 7);
    expect(taking.status()).toMatchObject({ state: 'running', problem: null, restarts: 0 });
    expect(taking.frames.every(({ interfaceId }) => interfaceId === 0)).toBe(true);
  });

  test('waits for the first file', async () => {
    const taking = followSet({ folder: path('later') });
    await until(() => taking.status().problem?.code === 'source.no-such-file');
    mkdirSync(path('later'));
    await until(() => taking.status().problem?.code === 'source.no-files');
    writeFileSync(join(path('later'), 'x.pcap'), captureOf(1));
    await expectFirsts(taking, 1);
    expect(taking.status()).toMatchObject({ state: 'running', problem: null });
  });

  test('uses names again, as tcpdump -W does', async () => {
    writeFileSync(path('r0.pcap'), captureOf(1));
    await pause(20);
    const taking = followSet({ order: 'time' });
    await expectFirsts(taking, 1);
    writeFileSync(path('r1.pcap'), captureOf(2));
    await expectFirsts(taking, 1, 2);
    writeFileSync(path('r0.pcap'), captureOf(3, 4));
    await expectFirsts(taking, 1, 2, 3, 4);
    writeFileSync(path('r1.pcap'), captureOf(5));
    await expectFirsts(taking, 1, 2, 3, 4, 5);
  });

  test('reads what was added to a file after the next one had begun', async () => {
    const old = new Date(Date.now() - 60_000);
    writeFileSync(path('1.pcap'), captureOf(1));
    utimesSync(path('1.pcap'), old, old);
    writeFileSync(path('2.pcap'), captureOf(2));
    const taking = followSet();
    await expectFirsts(taking, 1, 2);
    appendFileSync(path('1.pcap'), record(3));
    await expectFirsts(taking, 1, 2, 3);
  });

  test('goes on behind a damaged file and says so', async () => {
    writeFileSync(path('1.pcap'), Buffer.concat([captureOf(1), new Uint8Array(40).fill(0xff)]));
    writeFileSync(path('2.pcap'), captureOf(2));
    writeFileSync(path('3.pcap'), 'this is no capture at all');
    writeFileSync(path('4.pcap'), Buffer.concat([captureOf(4), record(5).subarray(0, 8)]));
    writeFileSync(path('5.pcap'), captureOf(6));
    const taking = followSet();
    await expectFirsts(taking, 1, 2, 4, 6);
    expect(taking.status().problem?.code).toBe('source.file-cut');
  });

  test('counts files that were deleted before they were read', async () => {
    writeFileSync(path('1.pcap'), captureOf(1));
    writeFileSync(path('2.pcap'), captureOf(2));
    writeFileSync(path('3.pcap'), captureOf(3));
    let hold = true;
    const taking = take({ name: 'ring', kind: 'files', folder }, {}, async () => {
      while (hold) await pause(5);
    });
    running.push(taking);
    await until(() => taking.frames.length === 1);
    rmSync(path('2.pcap'));
    hold = false;
    await expectFirsts(taking, 1, 3);
    expect(taking.status().problem).toMatchObject({ code: 'source.files-vanished' });
  });

  test('gives the frames of all its files, whatever they are, as one feed', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(soundCapture, { minLength: 1, maxLength: 5 }), async (captures) => {
        const set = mkdtempSync(path('set-'));
        const taking = followSet({ folder: set });
        try {
          for (const [at, capture] of captures.entries()) {
            const half = capture.length >> 1;
            writeFileSync(join(set, `${at}.pcap`), capture.subarray(0, half));
            await pause(1);
            appendFileSync(join(set, `${at}.pcap`), capture.subarray(half));
          }
          const read = await Promise.all(captures.map(async (capture) => readBytes(capture)));
          const wanted = read
            .flatMap(({ frames }) => frames)
            .filter(({ linkType }) => linkType !== CUSTOM_BLOCK_LINKTYPE);
          await until(() => taking.frames.length >= wanted.length);
          expect(taking.frames.map(({ bytes }) => bytes)).toEqual(wanted.map(({ bytes }) => bytes));
          expect(taking.frames.map(({ number }) => number)).toEqual(wanted.map((_, at) => at + 1));
          const linkTypes = new Map(taking.frames.map(({ interfaceId, linkType }) => [interfaceId, linkType]));
          expect(taking.frames.every(({ interfaceId }, at) => linkTypes.get(interfaceId) === wanted[at].linkType)).toBe(
            true,
          );
        } finally {
          await taking.stop();
        }
      }),
      { numRuns: 8 },
    );
  }, 60_000);

  test('can be read from its end', async () => {
    writeFileSync(path('1.pcap'), captureOf(1));
    writeFileSync(path('2.pcap'), captureOf(2));
    const taking = followSet({ from: 'end' });
    await until(() => taking.status().state === 'running');
    appendFileSync(path('2.pcap'), record(3));
    writeFileSync(path('3.pcap'), captureOf(4));
    await expectFirsts(taking, 3, 4);
  });
});
