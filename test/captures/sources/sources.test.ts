// Where captures come from: plain files, compressed files, standard input, named pipes, and what cannot be opened.

import { execFileSync } from 'node:child_process';
import { closeSync, createReadStream, mkdtempSync, openSync, rmSync, writeFileSync, writeSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { gzipSync } from 'node:zlib';

import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { BATCH_ROWS, type FrameBatch } from '../../../captures/frame-batch.ts';
import { InputWindow } from '../../../captures/input-window.ts';
import { CaptureOpenError, frameSourceFromChunks, openCapture } from '../../../captures/open.ts';
import { FileSource } from '../../../captures/sources/file.ts';
import { joined, pcapHeader, pcapRecord, text } from '../capture-bytes.ts';
import { readAll, readBytes } from '../read-all.ts';

let folder = '';
const path = (name: string) => join(folder, name);

/** About 3 MB: several windows, several batches. */
const capture = joined(
  pcapHeader(),
  ...Array.from({ length: 20_000 }, (_, index) => pcapRecord(new Uint8Array(60 + (index % 161)).fill(index))),
);

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'sidescope-sources-'));
  writeFileSync(path('plain.pcap'), capture);
  // The name lies: the content decides.
  writeFileSync(path('compressed.pcap'), gzipSync(capture));
  writeFileSync(path('empty.pcap'), '');
});

afterAll(() => {
  rmSync(folder, { recursive: true, force: true });
});

/** Number, length and first octet of each frame, and the octets of the input as they were counted. */
async function outline(name: string) {
  const source = await openCapture(path(name));
  const frames: number[][] = [];
  let consumed = 0;
  for (let batch = await source.next(); batch !== null; batch = await source.next()) {
    for (let row = 0; row < batch.count; row++) {
      frames.push([batch.firstFrame + row, batch.captured[row], batch.bytes[batch.offset[row]]]);
    }
    expect(source.consumed).toBeGreaterThanOrEqual(consumed);
    consumed = source.consumed;
  }
  expect(source.problem).toBeNull();
  expect([source.consumed, source.total]).toEqual([consumed, consumed]);
  await source.close();
  return frames;
}

describe('a file', () => {
  test('is read synchronously where it is plain, and gives the same frames where it is compressed', async () => {
    const source = await openCapture(path('plain.pcap'));
    expect(source.next()).not.toBeInstanceOf(Promise);
    await source.close();
    expect(source.next()).toBeNull();
    await source.close();
    const plain = await outline('plain.pcap');
    expect(plain).toHaveLength(20_000);
    expect(plain[19_999]).toEqual([20_000, 60 + (19_999 % 161), 19_999 & 0xff]);
    expect(await outline('compressed.pcap')).toEqual(plain);
  });

  test.each(['plain.pcap', 'short-frames.pcap'])('%s: batches have a cap of rows, numbered on', async (name) => {
    const all = name === 'plain.pcap' ? 20_000 : 60_000;
    writeFileSync(path('short-frames.pcap'), joined(pcapHeader(), ...Array(60_000).fill(pcapRecord(Uint8Array.of(1)))));
    const source = await openCapture(path(name));
    const counts: number[] = [];
    let next = 1;
    for (let batch = source.next() as FrameBatch | null; batch !== null; batch = source.next() as FrameBatch | null) {
      expect(batch.count).toBeGreaterThan(0);
      expect(batch.firstFrame).toBe(next);
      expect(batch.view.buffer).toBe(batch.bytes.buffer);
      next += batch.count;
      counts.push(batch.count);
    }
    expect(next).toBe(all + 1);
    expect(Math.max(...counts)).toBeLessThanOrEqual(BATCH_ROWS);
    if (name === 'short-frames.pcap') expect(Math.max(...counts)).toBe(BATCH_ROWS);
    await source.close();
  });

  test('that is empty opens and says so', async () => {
    const { frames, problem } = await readAll(await openCapture(path('empty.pcap')));
    expect(frames).toEqual([]);
    expect(problem?.code).toBe('capture.empty');
  });

  test('that cannot be read on is a problem, not an error', async () => {
    const source = new FileSource(openSync(path('write-only.pcap'), 'w'), new InputWindow(), null);
    const { frames, problem } = await readAll(source);
    expect(frames).toEqual([]);
    expect(problem).toMatchObject({ code: 'capture.read-failed', offset: 0 });
    expect(problem?.message).toContain('EBADF');
  });

  test('that is a device is read as a stream', async () => {
    const { problem } = await readAll(await openCapture('/dev/null'));
    expect(problem?.code).toBe('capture.empty');
  });

  test('closed before its end, compressed or plain, gives no more', async () => {
    const source = await openCapture(path('compressed.pcap'));
    expect(await source.next()).not.toBeNull();
    await source.close();
    expect(await source.next()).toBeNull();
    expect(source.problem).toBeNull();
  });
});

describe('what cannot be opened', () => {
  test.each([
    ['missing.pcap', 'capture.no-such-file'],
    ['plain.pcap/inside', 'capture.no-such-file'],
    ['.', 'capture.is-a-directory'],
  ])('%s: %s', async (name, code) => {
    const error = await openCapture(path(name)).catch((reason: unknown) => reason);
    expect(error).toBeInstanceOf(CaptureOpenError);
    expect(error).toMatchObject({ code });
    expect((error as CaptureOpenError).message).toContain(path(name));
    expect((error as CaptureOpenError).hint).not.toBe('');
  });

  test('permission and other reasons of the operating system', () => {
    expect(new CaptureOpenError('a.pcap', 'EACCES').code).toBe('capture.no-permission');
    const other = new CaptureOpenError('-', 'EMFILE');
    expect(other.code).toBe('capture.open-failed');
    expect(other.message).toBe('cannot open standard input: the operating system says EMFILE');
  });
});

/** `input` in pieces that keep their memory, because a stream holds several of them. */
function cut(input: Uint8Array, length: number): Buffer[] {
  const count = Math.ceil(input.length / length);
  return Array.from({ length: count }, (_, index) => Buffer.from(input.subarray(index * length, (index + 1) * length)));
}

describe('a stream', () => {
  test('standard input gives the same frames, plain and compressed, in pieces of any length', async () => {
    const part = capture.subarray(0, 24 + 100 * 76);
    const whole = await readBytes(part);
    for (const input of [part, gzipSync(part)]) {
      for (const length of [1, 4096, 1 << 20]) {
        const standardInput = Readable.from(cut(input, length));
        expect(await readAll(await openCapture('-', { standardInput }))).toEqual(whole);
      }
    }
    const standardInput = createReadStream(path('plain.pcap'));
    expect((await readAll(await openCapture('-', { standardInput }))).frames).toHaveLength(20_000);
  });

  test.each([
    ['damaged inside gzip', () => joined(gzipSync(capture.subarray(0, 500)), text('garbage'))],
    ['damaged inside zstd', () => Uint8Array.of(0x28, 0xb5, 0x2f, 0xfd, 8, 0)],
    ['no capture', () => text('sixteen octets and more')],
    ['whole', () => pcapHeader()],
  ])('the input is ended, %s', async (state, input) => {
    let ended = false;
    async function* endless() {
      try {
        yield input();
        yield* state === 'whole' ? [] : [new Uint8Array(9), new Uint8Array(9), new Uint8Array(9)];
      } finally {
        ended = true;
      }
    }
    const { problem } = await readAll(frameSourceFromChunks(endless()));
    expect(problem === null).toBe(state === 'whole');
    await expect.poll(() => ended).toBe(true);
  });

  test('a frame is given out as soon as it is there; closing ends a wait that would not end', async () => {
    let stalled = () => {};
    const waiting = new Promise<void>((resolve) => {
      stalled = resolve;
    });
    async function* stalling() {
      yield joined(pcapHeader(), pcapRecord(text('abc')), pcapRecord(text('de')).slice(0, 9));
      stalled();
      await new Promise<never>(() => {});
    }
    const source = frameSourceFromChunks(stalling());
    expect(await source.next()).toMatchObject({ count: 1, firstFrame: 1 });
    const next = source.next();
    await waiting;
    await source.close();
    expect(await next).toBeNull();
    expect(source.problem).toBeNull();
    expect(source.total).toBeNull();
  });

  test('a named pipe waits for its writer, and can be closed', async () => {
    execFileSync('mkfifo', [path('pipe')]);
    const source = await openCapture(path('pipe'));
    const first = source.next();
    const writer = openSync(path('pipe'), 'w');
    writeSync(writer, joined(pcapHeader(), pcapRecord(text('abc'))));
    expect(await first).toMatchObject({ count: 1 });
    writeSync(writer, pcapRecord(text('de')).slice(0, 5));
    closeSync(writer);
    expect(await source.next()).toBeNull();
    expect(source.problem?.code).toBe('capture.cut-record');
    await source.close();

    const idle = await openCapture(path('pipe'));
    const never = idle.next();
    await idle.close();
    expect(await never).toBeNull();
  });
});
