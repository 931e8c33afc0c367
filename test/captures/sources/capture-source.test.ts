// Standard input and replays as lasting sources, and what every kind of source has in common.

import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { PassThrough, Readable } from 'node:stream';
import fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';

import { CUSTOM_BLOCK_LINKTYPE } from '../../../captures/frame-batch.ts';
import { soundCapture } from '../random-captures.ts';
import { readBytes } from '../read-all.ts';
import { captureOf, QUICK, record, take, until } from './live-sources.ts';

let folder = '';

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'sidescope-capture-'));
});

afterEach(() => {
  rmSync(folder, { recursive: true });
});

describe('standard input', () => {
  test('ends with the input, and says where it was cut', async () => {
    const standardInput = new PassThrough();
    const taking = take({ name: 'in', kind: 'stdin' }, { standardInput });
    standardInput.write(captureOf(1));
    await until(() => taking.frames.length === 1);
    expect(taking.status()).toMatchObject({ state: 'running', kind: 'standard input', clock: 'wall' });
    standardInput.end(Buffer.concat([record(2), record(3).subarray(0, 10)]));
    await taking.done;
    expect(taking.firsts()).toEqual([1, 2]);
    expect(taking.status()).toMatchObject({ state: 'ended', problem: { code: 'capture.cut-record' } });
  });

  test('gives the frames of any capture in any pieces, numbered and named as one feed', async () => {
    await fc.assert(
      fc.asyncProperty(
        soundCapture,
        fc.array(fc.integer({ min: 1, max: 300 }), { minLength: 1 }),
        async (capture, steps) => {
          const input: Uint8Array[] = [];
          for (let at = 0, step = 0; at < capture.length; step++) {
            const octets = steps[step % steps.length];
            input.push(capture.subarray(at, at + octets));
            at += octets;
          }
          const standardInput = Readable.from(input);
          const taking = take({ name: 'in', kind: 'stdin' }, { standardInput });
          await taking.done;
          const { frames } = await readBytes(capture);
          const wanted = frames.filter(({ linkType }) => linkType !== CUSTOM_BLOCK_LINKTYPE);
          expect(taking.frames.map(({ bytes }) => bytes)).toEqual(wanted.map(({ bytes }) => bytes));
          expect(taking.frames.map(({ number }) => number)).toEqual(wanted.map((_, at) => at + 1));
          const linkTypes = new Map(taking.frames.map(({ interfaceId, linkType }) => [interfaceId, linkType]));
          for (const [at, { linkType }] of wanted.entries()) {
            expect(taking.frames[at].linkType).toBe(linkType);
            expect(linkTypes.get(taking.frames[at].interfaceId)).toBe(linkType);
          }
        },
      ),
    );
  });
});

describe('a replay', () => {
  test('goes by the capture’s clock, at the speed asked for, again and again', async () => {
    const path = join(folder, 'a.pcap');
    writeFileSync(path, captureOf(1, 2, 3));
    const once = take({ name: 'r', kind: 'replay', path, speed: 'full' });
    await once.done;
    expect(once.status()).toMatchObject({ state: 'ended', clock: 'capture', problem: null, frames: 3 });
    // Two seconds of capture in 40 ms.
    const paced = take({ name: 'r', kind: 'replay', path, speed: 50 });
    await paced.done;
    expect(paced.frames[2].cameAt - paced.frames[0].cameAt).toBeGreaterThanOrEqual(38);
    const looped = take({ name: 'r', kind: 'replay', path, speed: 'full', loop: true, clock: 'wall' });
    await until(() => looped.frames.length >= 9);
    await looped.stop();
    await looped.done;
    expect(looped.firsts().slice(0, 9)).toEqual([1, 2, 3, 1, 2, 3, 1, 2, 3]);
    expect(looped.frames.every(({ interfaceId }) => interfaceId === 0)).toBe(true);
    expect(looped.status()).toMatchObject({
      state: 'stopped',
      clock: 'wall',
      kind: `replay of ${path} at full speed, again and again`,
    });
  });

  test('of a file that is not there is tried again', async () => {
    const path = join(folder, 'later.pcap');
    const taking = take({ name: 'r', kind: 'replay', path, speed: 'full' }, { restart: QUICK });
    await until(() => taking.status().problem !== null);
    expect(taking.status()).toMatchObject({ problem: { code: 'capture.no-such-file' } });
    writeFileSync(path, captureOf(1));
    await taking.done;
    expect(taking.status()).toMatchObject({ state: 'ended', problem: null, frames: 1 });
  });

  test('of an empty file, looped, does not fill a core', async () => {
    const path = join(folder, 'empty.pcap');
    writeFileSync(path, captureOf());
    const before = process.cpuUsage();
    const taking = take({ name: 'r', kind: 'replay', path, speed: 'full', loop: true });
    await new Promise((resolve) => {
      setTimeout(resolve, 300);
    });
    await taking.stop();
    const { user, system } = process.cpuUsage(before);
    expect(user + system).toBeLessThan(250_000);
  });

  test('at full speed leaves others their turn', async () => {
    const path = join(folder, 'large.pcap');
    writeFileSync(path, captureOf(...Array.from({ length: 20_000 }, (_, count) => count % 200)));
    let turns = 0;
    const timer = setInterval(() => turns++, 1);
    const taking = take({ name: 'r', kind: 'replay', path, speed: 'full' }, {}, () => {
      const end = performance.now() + 1;
      while (performance.now() < end) {
        // As long as analysis would take.
      }
    });
    await taking.done;
    clearInterval(timer);
    expect(taking.frames).toHaveLength(20_000);
    expect(turns).toBeGreaterThan(5);
  });
});
