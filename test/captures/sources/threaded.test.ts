// A capture read by a thread of its own gives what it gives in one thread, and its end, of whatever kind, is told. Node 20
// loads no TypeScript, so the thread runs from the build (`npm test` builds first).

import { execFileSync, spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { closeSync, createWriteStream, mkdtempSync, openSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { FrameBatch, FrameSource } from '../../../captures/frame-batch.ts';
import type * as OpenModule from '../../../captures/open.ts';
import { frameSourceFromChunks } from '../../../captures/open.ts';
import { CAPTURE_PROBLEMS } from '../../../captures/problems.ts';
import type * as ThreadedModule from '../../../captures/sources/threaded.ts';
import { ThreadedSlot } from '../../../captures/sources/threaded-slot.ts';
import { block, joined, packetBlock, pcapHeader, pcapngStart, pcapRecord, text } from '../capture-bytes.ts';
import { classicPcap, pcapng } from '../random-captures.ts';
import { pieces, readAll, readBytes } from '../read-all.ts';

const BUILD = join(import.meta.dirname, '..', '..', '..', 'dist', 'captures');
const { openCapture } = (await import(join(BUILD, 'open.js'))) as typeof OpenModule;
const { openThreaded } = (await import(join(BUILD, 'sources', 'threaded.js'))) as typeof ThreadedModule;

let folder = '';
const path = (name: string) => join(folder, name);

/** About 6 MB: more than the ring holds. */
const large = joined(
  pcapHeader(),
  ...Array.from({ length: 40_000 }, (_, index) => pcapRecord(new Uint8Array(60 + (index % 161)).fill(index))),
);
/** A block that makes the window wide, then frames that fill it: batches of more octets than a slot has at first. */
const wide = joined(
  pcapngStart(),
  block(77, new Uint8Array(6 << 20)),
  ...Array.from({ length: 60 }, (_, index) => packetBlock(new Uint8Array(200_000 + index).fill(index))),
);

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'sidescope-threaded-'));
  writeFileSync(path('large.pcap'), large);
  writeFileSync(path('large.pcap.gz'), gzipSync(large, { level: 1 }));
  writeFileSync(path('wide.pcapng'), wide);
});

afterAll(() => {
  rmSync(folder, { recursive: true, force: true });
});

/** Reads to the end; each frame as a line with a digest of its octets, which is compared faster than they are. */
async function linesOf(source: FrameSource) {
  const { frames, marks, problem } = await readAll(source);
  const lines = frames.map(({ bytes, ...row }) =>
    JSON.stringify({ ...row, octets: createHash('sha1').update(bytes).digest('hex') }),
  );
  return { lines, marks, problem };
}

/** Takes batches through slots as the two threads do: gathered until one does not fit, then read from the other side. */
async function throughSlots(source: FrameSource): Promise<FrameSource> {
  const batches: FrameBatch[] = [];
  let filling = new ThreadedSlot(0);
  const flush = () => {
    const reading = new ThreadedSlot(0, filling.memory);
    const message = structuredClone(filling.release(0));
    if (message.count > 0 || message.marks.length > 0) batches.push(reading.accept(message));
    filling = new ThreadedSlot(0);
  };
  for (let batch = await source.next(); batch !== null; batch = await source.next()) {
    if (!filling.append(batch)) {
      flush();
      expect(filling.append(batch)).toBe(true);
    }
  }
  flush();
  return { next: () => batches.shift() ?? null, problem: source.problem, consumed: 0, total: null, close: () => {} };
}

describe('a slot', () => {
  test('gathers batches of any capture, and the other side reads the same frames and marks', async () => {
    await fc.assert(
      fc.asyncProperty(fc.oneof(classicPcap, pcapng), fc.integer({ min: 1, max: 300 }), async (capture, octets) => {
        const read = await readAll(await throughSlots(frameSourceFromChunks(pieces(capture, octets))));
        expect(read).toEqual(await readBytes(capture));
      }),
      { numRuns: 60 },
    );
  });

  test('refuses what does not fit, and holds any batch when it is empty', async () => {
    const wideSource = () => frameSourceFromChunks(pieces(wide, 1 << 20));
    const read = await linesOf(await throughSlots(wideSource()));
    expect(read.lines).toHaveLength(60);
    expect(read).toEqual(await linesOf(wideSource()));
  });
});

describe('a thread of its own', () => {
  test.each(['large.pcap', 'large.pcap.gz', 'wide.pcapng'])('reads %s as one thread does', async (name) => {
    const threaded = await openCapture(path(name), { threads: 2 });
    const alone = await openCapture(path(name));
    expect(threaded.total).toBe(alone.total);
    const read = await linesOf(threaded);
    expect(read.problem).toBeNull();
    expect(read.lines.length).toBeGreaterThan(50);
    expect(read).toEqual(await linesOf(alone));
    expect(threaded.consumed).toBe(alone.consumed);
  });

  test.each<[string, Uint8Array]>([
    ['empty', new Uint8Array()],
    ['text', text('{"format":"sidescope-keyring/1"}')],
    ['cut', large.subarray(0, 1_000_003)],
    ['cut gzip', gzipSync(large.subarray(0, 1_000_000)).subarray(0, -9)],
    ['damaged pcapng', joined(pcapngStart(), packetBlock(text('abc')), block(6, new Uint8Array(16)))],
  ])('tells the problem of a capture: %s', async (name, octets) => {
    writeFileSync(path(name), octets);
    const read = await linesOf(await openCapture(path(name), { threads: 2 }));
    expect(read.problem).not.toBeNull();
    expect(read).toEqual(await linesOf(await openCapture(path(name))));
  });

  test.each(['no-such.pcap', '.', 'large.pcap/below'])('cannot open %s, for the same reason', async (name) => {
    const refusal = async (threads: number): Promise<unknown> =>
      openCapture(path(name), { threads }).then(
        () => 'opened',
        (error: Error & { code: string }) => [error.name, error.code, error.message],
      );
    expect(await refusal(2)).toEqual(await refusal(1));
    expect(await refusal(2)).toContain('CaptureOpenError');
  });

  test('reads a named pipe, and gives frames before more come', async () => {
    execFileSync('mkfifo', [path('pipe')]);
    const opening = openCapture(path('pipe'), { threads: 2 });
    const writer = createWriteStream(path('pipe'));
    const source = await opening;
    writer.write(joined(pcapHeader(), pcapRecord(text('first'))));
    const first = await source.next();
    expect(first?.count).toBe(1);
    writer.write(joined(pcapRecord(text('second')), pcapRecord(text('third')).subarray(0, 9)));
    expect((await source.next())?.firstFrame).toBe(2);
    writer.end();
    expect(await source.next()).toBeNull();
    expect(source.problem?.code).toBe('capture.cut-record');
    await source.close();
  });

  test('is given up while it waits for a pipe', async () => {
    execFileSync('mkfifo', [path('quiet')]);
    // Both ends: the pipe stays open and nothing comes.
    const held = openSync(path('quiet'), 'r+');
    const source = await openCapture(path('quiet'), { threads: 2 });
    const next = source.next();
    await source.close();
    expect(await next).toBeNull();
    expect(source.next()).toBeNull();
    closeSync(held);
  });

  test('is given up in the middle of a file', async () => {
    const source = await openCapture(path('large.pcap'), { threads: 8 });
    expect((await source.next())?.firstFrame).toBe(1);
    await source.close();
    expect(source.next()).toBeNull();
  });

  test('that is ended in the middle says so behind the frames that it had read', async () => {
    let end: () => Promise<unknown> = async () => {};
    const source = await openThreaded(path('large.pcap'), (worker) => {
      end = async () => worker.terminate();
    });
    const first = await source.next();
    const given = first?.count ?? 0;
    expect(given).toBeGreaterThan(0);
    await end();
    // The ring is full or filling: what stands in it still comes, without a hole, and no more.
    const read = await readAll(source);
    expect(given + read.frames.length).toBeLessThan(40_000);
    expect(read.frames.map(({ number }) => number)).toEqual(read.frames.map((_, index) => given + 1 + index));
    expect(read.problem).toMatchObject({
      code: 'capture.reader-stopped',
      hint: CAPTURE_PROBLEMS['capture.reader-stopped'],
    });
    expect(read.problem?.message).toMatch(
      /^the thread that reads the input stopped \(exit code 1\), \d+ octets into it$/,
    );
  });

  test('that is ended before it has opened anything is a capture that cannot be opened', async () => {
    const opening = openThreaded(path('large.pcap'), (worker) => {
      worker.terminate().catch(() => {});
    });
    await expect(opening).rejects.toMatchObject({ code: 'capture.open-failed' });
  });

  test('does not keep a process that forgot it', () => {
    const script = `import { openCapture } from ${JSON.stringify(join(BUILD, 'open.js'))};
      const source = await openCapture(${JSON.stringify(path('large.pcap'))}, { threads: 2 });
      await source.next();
      console.log('forgot');`;
    const { status, stdout, stderr } = spawnSync(process.execPath, ['--input-type=module', '-e', script], {
      encoding: 'utf8',
      timeout: 20_000,
    });
    expect([status, stdout], stderr).toEqual([0, 'forgot\n']);
  });
});
