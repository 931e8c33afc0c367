// Batches of captured frames for tests of the engine's process: made ones, and those of a capture.

import { existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import fc from 'fast-check';
import type { FrameBatch } from '../../../captures/frame-batch.ts';
import { frameSourceFromChunks, openCapture } from '../../../captures/open.ts';
import { SHARED_CAPTURES, sharedFolders } from '../../shared-captures.ts';

const SAMPLES = join(import.meta.dirname, '..', '..', '..', 'captures', 'samples');

/** One frame in plain values. */
export interface PlainFrame {
  readonly octets: Uint8Array;
  readonly original: number;
  readonly seconds: number;
  readonly nanoseconds: number;
  readonly digits: number;
  readonly linkType: number;
  readonly interfaceId: number;
}

/** A batch of frames; between their octets lie some that belong to none. */
export function batchOf(frames: readonly PlainFrame[], firstFrame: number): FrameBatch {
  const gap = 3;
  const bytes = new Uint8Array(frames.reduce((sum, { octets }) => sum + octets.length + gap, gap)).fill(0xee);
  let at = gap;
  const offset = Uint32Array.from(frames, ({ octets }) => {
    bytes.set(octets, at);
    at += octets.length + gap;
    return at - octets.length - gap;
  });
  return {
    bytes,
    view: new DataView(bytes.buffer),
    count: frames.length,
    firstFrame,
    offset,
    captured: Uint32Array.from(frames, ({ octets }) => octets.length),
    original: Uint32Array.from(frames, ({ original }) => original),
    seconds: Float64Array.from(frames, ({ seconds }) => seconds),
    nanoseconds: Uint32Array.from(frames, ({ nanoseconds }) => nanoseconds),
    digits: Uint8Array.from(frames, ({ digits }) => digits),
    linkType: Uint16Array.from(frames, ({ linkType }) => linkType),
    interfaceId: Uint16Array.from(frames, ({ interfaceId }) => interfaceId),
    marks: [],
  };
}

/** The frames of a batch in plain values. */
export function framesOf(batch: FrameBatch): PlainFrame[] {
  return Array.from({ length: batch.count }, (_, row) => ({
    octets: batch.bytes.slice(batch.offset[row], batch.offset[row] + batch.captured[row]),
    original: batch.original[row],
    seconds: batch.seconds[row],
    nanoseconds: batch.nanoseconds[row],
    digits: batch.digits[row],
    linkType: batch.linkType[row],
    interfaceId: batch.interfaceId[row],
  }));
}

/** Any frame. */
export const anyFrame: fc.Arbitrary<PlainFrame> = fc.record({
  octets: fc.uint8Array({ maxLength: 300 }),
  original: fc.nat(262_144),
  seconds: fc.integer({ min: -10, max: 2 ** 33 }),
  nanoseconds: fc.nat(999_999_999),
  digits: fc.constantFrom(6, 9),
  linkType: fc.nat(0xffff),
  interfaceId: fc.nat(0xffff),
});

/** A capture with its keyring. */
export interface KeyedCapture {
  readonly name: string;
  readonly capture: string;
  readonly keyring: string;
}

/** The samples of the project and the labelled captures beside it, each with its keyring. */
export function keyedCaptures(): KeyedCapture[] {
  const own = readdirSync(SAMPLES, { withFileTypes: true })
    .filter((entry) => entry.isDirectory())
    .map((entry) => join(SAMPLES, entry.name));
  const shared = sharedFolders('labelled').map((name) => join(SHARED_CAPTURES, 'labelled', name));
  return [...own, ...shared]
    .filter((folder) => existsSync(join(folder, 'keyring.json')))
    .map((folder) => {
      const file = readdirSync(folder).find((name) => name.startsWith('capture.')) ?? '';
      const name = folder.split('/').slice(-2).join('/');
      return { name, capture: join(folder, file), keyring: join(folder, 'keyring.json') };
    });
}

/** All frames of a capture, in plain values. */
export async function readFrames(path: string): Promise<PlainFrame[]> {
  const source = await openCapture(path, { threads: 1 });
  const frames: PlainFrame[] = [];
  try {
    for (;;) {
      const batch = await source.next();
      if (batch === null) return frames;
      frames.push(...framesOf(batch));
    }
  } finally {
    await source.close();
  }
}

/** All frames of a capture in memory. */
export async function octetsToFrames(octets: Uint8Array): Promise<PlainFrame[]> {
  const source = frameSourceFromChunks(
    (async function* () {
      yield await Promise.resolve(octets);
    })(),
  );
  const frames: PlainFrame[] = [];
  for (;;) {
    const batch = await source.next();
    if (batch === null) return frames;
    frames.push(...framesOf(batch));
  }
}
