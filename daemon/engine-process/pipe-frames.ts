// What goes over the two pipes between parent and child: frames of a length, a kind and parts. Parts are octets: JSON for
// commands and answers, columns and octets for batches of captured frames (pipe-batch.ts) and for records (pipe-records.ts).
// A frame:
//
//   0   4    octets of the body
//   4   1    kind
//   5   3    zero
//   8   …    body: number of parts (4 octets), the length of each (4 octets each), zeros up to a multiple of 8; then the
//            parts, each followed by zeros up to a multiple of 8
//
// Numbers are in the byte order of the machine: both ends are on it. Parts stand on multiples of 8, so that columns are
// read where they lie.

// We chose.
/** Octets in front of a body. */
export const HEADER_OCTETS = 8;
/** Octets of a body. Above: the other end is not ours, and the pipe is given up. A batch has at most 2 MiB. */
export const BODY_MOST = 96 * 1024 * 1024;
/** Parts of one frame. Above: the same. */
export const PARTS_MOST = 4096;
/** Octets of the buffer that bodies are gathered in when nothing large came for a while. */
const BUFFER_KEPT = 1024 * 1024;

/** What a frame is. */
export const PipeKind = {
  /** Part 0 is JSON; what follows belongs to it. */
  message: 1,
  /** Part 0 is a batch of captured frames. */
  frames: 2,
  /** Parts of a block of records. */
  records: 3,
} as const;

/** A value of `PipeKind`. */
export type PipeKind = (typeof PipeKind)[keyof typeof PipeKind];

/** Why what came over a pipe is no frame. */
export type PipeProblem = 'too-long' | 'unknown-kind' | 'bad-parts';

const KINDS: ReadonlySet<number> = new Set(Object.values(PipeKind));

/** The next multiple of 8. */
export function aligned(octets: number): number {
  return (octets + 7) & ~7;
}

/** A frame as one piece. @throws RangeError above the caps: whoever makes parts keeps them small */
export function encodeFrame(kind: PipeKind, parts: readonly Uint8Array[]): Uint8Array {
  const body = parts.reduce((sum, part) => sum + aligned(part.length), aligned(4 + 4 * parts.length));
  if (body > BODY_MOST || parts.length > PARTS_MOST) throw new RangeError(`a frame of ${body} octets is too long`);
  const octets = new Uint8Array(HEADER_OCTETS + body);
  const words = new Uint32Array(octets.buffer, 0, 3 + parts.length);
  words[0] = body;
  octets[4] = kind;
  words[2] = parts.length;
  let at = HEADER_OCTETS + aligned(4 + 4 * parts.length);
  parts.forEach((part, index) => {
    words[3 + index] = part.length;
    octets.set(part, at);
    at += aligned(part.length);
  });
  return octets;
}

/** The parts of a body that begins on a multiple of 8 of its buffer: views. Null where they do not fill it. */
export function partsOf(body: Uint8Array): Uint8Array[] | null {
  if (body.length < 8 || body.length % 8 !== 0) return null;
  const words = new Uint32Array(body.buffer, body.byteOffset, body.length / 4);
  const count = words[0];
  if (count > PARTS_MOST || aligned(4 + 4 * count) > body.length) return null;
  const parts: Uint8Array[] = [];
  let at = aligned(4 + 4 * count);
  for (let index = 0; index < count; index++) {
    const length = words[1 + index];
    if (length > body.length - at) return null;
    parts.push(body.subarray(at, at + length));
    at += aligned(length);
  }
  return at === body.length ? parts : null;
}

/** Hears a frame. The parts are valid during the call. */
export type FrameConsumer = (kind: PipeKind, parts: readonly Uint8Array[]) => void;

/** Puts frames together from pieces of any length. */
export class FrameDecoder {
  readonly #consumer: FrameConsumer;
  readonly #header = new Uint8Array(HEADER_OCTETS);
  #headerLength = 0;
  #body = new Uint8Array(0);
  #bodyLength = 0;
  #needed = 0;
  #problem: PipeProblem | null = null;

  constructor(consumer: FrameConsumer) {
    this.#consumer = consumer;
  }

  /** Takes the next piece. After a problem nothing more is taken, and it is given again. */
  push(piece: Uint8Array): PipeProblem | null {
    let at = 0;
    while (at < piece.length && this.#problem === null) {
      if (this.#headerLength < HEADER_OCTETS) {
        const taken = Math.min(HEADER_OCTETS - this.#headerLength, piece.length - at);
        this.#header.set(piece.subarray(at, at + taken), this.#headerLength);
        this.#headerLength += taken;
        at += taken;
        if (this.#headerLength === HEADER_OCTETS) this.#begin();
        continue;
      }
      const taken = Math.min(this.#needed - this.#bodyLength, piece.length - at);
      this.#body.set(piece.subarray(at, at + taken), this.#bodyLength);
      this.#bodyLength += taken;
      at += taken;
      if (this.#bodyLength === this.#needed) this.#end();
    }
    return this.#problem;
  }

  #begin(): void {
    const needed = new Uint32Array(this.#header.buffer, 0, 1)[0];
    if (needed > BODY_MOST) this.#problem = 'too-long';
    else if (!KINDS.has(this.#header[4])) this.#problem = 'unknown-kind';
    else if (needed < 8) this.#problem = 'bad-parts';
    if (this.#problem !== null) return;
    this.#needed = needed;
    this.#bodyLength = 0;
    const kept = this.#body.length > BUFFER_KEPT && needed <= BUFFER_KEPT ? 0 : this.#body.length;
    if (kept < needed) this.#body = new Uint8Array(aligned(Math.max(needed, 64 * 1024)));
  }

  #end(): void {
    this.#headerLength = 0;
    const parts = partsOf(this.#body.subarray(0, this.#needed));
    if (parts === null) this.#problem = 'bad-parts';
    else this.#consumer(this.#header[4] as PipeKind, parts);
  }
}
