// The pipe protocol: whatever is sent arrives, in pieces of any length; whatever else comes is refused without harm.

import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { decodeBatch, encodeBatch, sliceBatch, sliceEnd } from '../../../daemon/engine-process/pipe-batch.ts';
import {
  BODY_MOST,
  encodeFrame,
  FrameDecoder,
  HEADER_OCTETS,
  PipeKind,
  type PipeProblem,
  partsOf,
} from '../../../daemon/engine-process/pipe-frames.ts';
import { anyFrame, batchOf, framesOf, type PlainFrame } from './batches.ts';

interface Heard {
  readonly kind: number;
  readonly parts: readonly Uint8Array[];
}

function listening(): { decoder: FrameDecoder; heard: Heard[] } {
  const heard: Heard[] = [];
  const decoder = new FrameDecoder((kind, parts) => {
    for (const part of parts) expect(part.byteOffset % 8).toBe(0);
    heard.push({ kind, parts: parts.map((part) => part.slice()) });
  });
  return { decoder, heard };
}

const anyKind = fc.constantFrom(PipeKind.message, PipeKind.frames);
const anyParts = fc.array(fc.uint8Array({ maxLength: 100 }), { maxLength: 6 });
const anyMessage = fc.record({ kind: anyKind, parts: anyParts });

describe('frames of the pipe', () => {
  test('arrive as they were sent, in pieces of any length', () => {
    fc.assert(
      fc.property(
        fc.array(anyMessage, { maxLength: 8 }),
        fc.array(fc.integer({ min: 1, max: 64 })),
        (sent, lengths) => {
          const stream = Buffer.concat(sent.map(({ kind, parts }) => encodeFrame(kind, parts)));
          const { decoder, heard } = listening();
          let at = 0;
          for (let step = 0; at < stream.length; step++) {
            const length = lengths.length === 0 ? 7 : lengths[step % lengths.length];
            expect(decoder.push(stream.subarray(at, at + length))).toBeNull();
            at += length;
          }
          expect(heard).toEqual(sent);
        },
      ),
    );
  });

  test('any other octets end in a problem or wait for more, and throw nothing', () => {
    fc.assert(
      fc.property(fc.array(fc.uint8Array({ maxLength: 200 })), (pieces) => {
        const { decoder } = listening();
        let problem: PipeProblem | null = null;
        for (const piece of pieces) {
          const next = decoder.push(piece);
          if (problem !== null) expect(next).toBe(problem);
          problem = next;
        }
      }),
    );
  });

  test('one octet changed is a problem or another frame of the same length, and throws nothing', () => {
    fc.assert(
      fc.property(anyMessage, fc.nat(), fc.integer({ min: 1, max: 255 }), ({ kind, parts }, place, change) => {
        const frame = encodeFrame(kind, parts);
        const at = place % frame.length;
        frame[at] ^= change;
        const { decoder } = listening();
        decoder.push(frame);
      }),
    );
  });

  test('a length beyond the cap is refused by its header, before anything is allotted', () => {
    const header = new Uint8Array(HEADER_OCTETS);
    new Uint32Array(header.buffer)[0] = BODY_MOST + 8;
    header[4] = PipeKind.message;
    expect(listening().decoder.push(header)).toBe('too-long');
  });

  test.each([
    ['no kind', 8, 9, 'unknown-kind'],
    ['a body without a count of parts', 0, PipeKind.message, 'bad-parts'],
  ])('%s is refused', (_name, length, kind, problem) => {
    const header = new Uint8Array(HEADER_OCTETS);
    new Uint32Array(header.buffer)[0] = length;
    header[4] = kind;
    expect(listening().decoder.push(header)).toBe(problem);
  });

  test('parts that do not fill their body are none', () => {
    const body = encodeFrame(PipeKind.message, [Uint8Array.of(1, 2, 3)]).slice(HEADER_OCTETS);
    expect(partsOf(body)).toEqual([Uint8Array.of(1, 2, 3)]);
    new Uint32Array(body.buffer)[1] = 9;
    expect(partsOf(body)).toBeNull();
    new Uint32Array(body.buffer)[1] = 0;
    expect(partsOf(body)).toBeNull();
  });
});

describe('batches in the pipe', () => {
  test('have the same frames, numbers and drop counters on the other side', () => {
    fc.assert(
      fc.property(
        fc.array(anyFrame, { maxLength: 20 }),
        fc.integer({ min: 1, max: 2 ** 45 }),
        fc.nat(300),
        (frames, first, track) => {
          const mark = { beforeRow: 0, kind: 'drops', interfaceId: 2, dropped: 7 } as const;
          const other = { beforeRow: 0, kind: 'interface', interfaceId: 2 } as const;
          const batch = { ...batchOf(frames, first), marks: [other, mark] };
          const piped = decodeBatch(encodeBatch(batch, track));
          expect(piped?.track).toBe(track);
          expect(piped?.batch.firstFrame).toBe(first);
          expect(piped?.batch.marks).toEqual([mark]);
          expect(piped === null ? null : framesOf(piped.batch)).toEqual(frames);
        },
      ),
    );
  });

  test('any octets are a batch within their bounds, or none', () => {
    const cut = fc.tuple(fc.array(anyFrame, { maxLength: 4 }), fc.nat(), fc.nat(255)).map(([frames, place, value]) => {
      const part = encodeBatch(batchOf(frames, 5), 1);
      part[place % Math.min(part.length, 80)] = value;
      return part;
    });
    fc.assert(
      fc.property(
        fc.oneof(
          cut,
          fc.uint8Array({ maxLength: 100 }).map((octets) => octets.slice()),
        ),
        (part) => {
          const piped = decodeBatch(part);
          if (piped === null) return;
          const { batch } = piped;
          for (let row = 0; row < batch.count; row++) {
            expect(batch.offset[row] + batch.captured[row]).toBeLessThanOrEqual(batch.bytes.length);
          }
        },
      ),
    );
  });

  test('slices within the caps give every frame once, in order, under its number', () => {
    fc.assert(
      fc.property(
        fc.array(anyFrame, { minLength: 1, maxLength: 30 }),
        fc.integer({ min: 1, max: 9 }),
        fc.nat(900),
        (frames, rows, octets) => {
          const batch = batchOf(frames, 100);
          const seen: PlainFrame[] = [];
          for (let from = 0; from < batch.count; ) {
            const to = sliceEnd(batch, from, rows, octets);
            const slice = sliceBatch(batch, from, to);
            expect(slice.firstFrame).toBe(100 + from);
            expect(slice.count).toBeLessThanOrEqual(rows);
            const sum = slice.captured.reduce((all, length) => all + length, 0);
            if (slice.count > 1) expect(sum).toBeLessThanOrEqual(octets);
            seen.push(...framesOf(slice));
            from = to;
          }
          expect(seen).toEqual(frames);
        },
      ),
    );
  });
});
