// zstd (RFC 8878), one frame or several behind each other. The framing (frame header, block headers, checksum) is walked
// here, so that a frame that asks for too much memory is refused before anything is allocated, and so that one block at
// a time goes to fzstd, which decodes it: a block gives at most 128 KiB, whatever the stream claims.

import { Decompress } from 'fzstd';

import { CompressionError } from './compression-error.ts';
import { PieceQueue } from './piece-queue.ts';
import { Xxh64 } from './xxh64.ts';

/** Constants of the specification. */
const MAGIC = 0xfd2fb528;
/** Skippable frames: magic numbers 0x184d2a50 to 0x184d2a5f, then a length (3.1.2). */
const SKIPPABLE_MAGIC = 0x184d2a50;
const SKIPPABLE_MASK = 0xfffffff0;
/** Frame header descriptor (3.1.1.1.1). */
const CONTENT_SIZE_SHIFT = 6;
const SINGLE_SEGMENT = 0x20;
const RESERVED_BIT = 0x08;
const CHECKSUM = 0x04;
const DICTIONARY_MASK = 0x03;
const DICTIONARY_OCTETS = [0, 1, 2, 4] as const;
/** Block header (3.1.1.2). */
const BLOCK_HEADER_OCTETS = 3;
const LAST_BLOCK = 1;
const BLOCK_RLE = 1;
const BLOCK_RESERVED = 3;
/** Octets that one block may hold or give (3.1.1.2.4). */
const MAX_BLOCK_OCTETS = 131_072;
const CHECKSUM_OCTETS = 4;

/** Constants we chose. */
/** Window of a frame: what `zstd -d` allows without an option (2^27). A larger one is refused. */
const MAX_WINDOW_OCTETS = 1 << 27;

/** What a frame header says. */
interface FrameHeader {
  readonly octets: Uint8Array;
  /** Octets that a block of this frame may hold or give. */
  readonly blockCap: number;
  readonly checksum: boolean;
  /** Octets of the whole frame's content, or null where it is not said. */
  readonly contentSize: number | null;
}

/**
 * The decompressed octets of a zstd stream.
 * @throws CompressionError `capture.compressed-cut`, `capture.compressed-damaged` or `capture.compressed-unsupported`,
 *   after every block before was given
 */
export async function* unzstdPieces(input: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> {
  const queue = new PieceQueue(input);
  try {
    while (!(await queue.ended())) {
      const magic = littleEndian(await need(queue, 4), 0, 4);
      if ((magic & SKIPPABLE_MASK) >>> 0 === SKIPPABLE_MAGIC) {
        const octets = littleEndian(await need(queue, 4), 0, 4);
        if ((await queue.skip(octets)) < octets) {
          throw cut(queue);
        }
      } else if (magic === MAGIC) {
        yield* frame(queue);
      } else {
        throw damaged(queue, 'what follows a frame is no frame');
      }
    }
  } finally {
    await queue.close();
  }
}

async function* frame(queue: PieceQueue): AsyncGenerator<Uint8Array> {
  const header = await frameHeader(queue);
  let output: Uint8Array[] = [];
  const decoder = new Decompress((piece) => {
    if (piece.length > 0) {
      output.push(piece);
    }
  });
  const decode = (octets: Uint8Array, final: boolean) => {
    try {
      decoder.push(octets, final);
    } catch {
      throw damaged(queue, 'a block does not decode');
    }
    const pieces = output;
    output = [];
    return pieces;
  };
  const sum = header.checksum ? new Xxh64() : null;
  let given = 0;
  decode(header.octets, false);
  for (let last = false; !last; ) {
    const blockHeader = await need(queue, BLOCK_HEADER_OCTETS);
    const bits = littleEndian(blockHeader, 0, BLOCK_HEADER_OCTETS);
    const type = (bits >> 1) & 3;
    const size = bits >> 3;
    if (type === BLOCK_RESERVED || size > header.blockCap) {
      throw damaged(queue, 'a block header is impossible');
    }
    last = (bits & LAST_BLOCK) !== 0;
    const content = await need(queue, type === BLOCK_RLE ? 1 : size);
    // fzstd wants the octets of the checksum to be there, though it does not look at them.
    const trailer = new Uint8Array(last && header.checksum ? CHECKSUM_OCTETS : 0);
    const block = new Uint8Array(BLOCK_HEADER_OCTETS + content.length + trailer.length);
    block.set(blockHeader);
    block.set(content, BLOCK_HEADER_OCTETS);
    for (const piece of decode(block, last)) {
      sum?.update(piece);
      given += piece.length;
      yield piece;
    }
  }
  if (header.contentSize !== null && header.contentSize !== given) {
    throw damaged(queue, `a frame gave ${given} octets instead of ${header.contentSize}`);
  }
  if (sum !== null && littleEndian(await need(queue, CHECKSUM_OCTETS), 0, CHECKSUM_OCTETS) !== sum.low32()) {
    throw damaged(queue, 'the checksum of a frame does not fit');
  }
}

/** Frame header (3.1.1.1), behind the magic number. */
async function frameHeader(queue: PieceQueue): Promise<FrameHeader> {
  const first = await need(queue, 1);
  const descriptor = first[0];
  if ((descriptor & RESERVED_BIT) !== 0) {
    throw damaged(queue, 'a frame header sets a reserved bit');
  }
  const single = (descriptor & SINGLE_SEGMENT) !== 0;
  const sizeFlag = descriptor >> CONTENT_SIZE_SHIFT;
  const windowOctets = single ? 0 : 1;
  const dictionaryOctets = DICTIONARY_OCTETS[(descriptor & DICTIONARY_MASK) as 0 | 1 | 2 | 3];
  const sizeOctets = sizeFlag === 0 ? 1 - windowOctets : 1 << sizeFlag;
  const rest = await need(queue, windowOctets + dictionaryOctets + sizeOctets);
  if (littleEndian(rest, windowOctets, dictionaryOctets) !== 0) {
    throw unsupported('a frame needs a dictionary');
  }
  const sizeAt = windowOctets + dictionaryOctets;
  // Two octets count from 256 on.
  const contentSize = sizeOctets === 0 ? null : littleEndian(rest, sizeAt, sizeOctets) + (sizeFlag === 1 ? 256 : 0);
  let windowSize = contentSize ?? 0;
  if (!single) {
    const log = 10 + (rest[0] >> 3);
    windowSize = 2 ** log + (2 ** log / 8) * (rest[0] & 7);
  }
  if (windowSize > MAX_WINDOW_OCTETS) {
    throw unsupported(`a frame wants a window of ${windowSize} octets; ${MAX_WINDOW_OCTETS} are allowed`);
  }
  const octets = new Uint8Array(5 + rest.length);
  new DataView(octets.buffer).setUint32(0, MAGIC, true);
  octets.set(first, 4);
  octets.set(rest, 5);
  return {
    octets,
    blockCap: Math.min(MAX_BLOCK_OCTETS, windowSize),
    checksum: (descriptor & CHECKSUM) !== 0,
    contentSize,
  };
}

/** A number of `octets` octets at `at`; above 2^53 the nearest that a double holds. */
function littleEndian(bytes: Uint8Array, at: number, octets: number): number {
  let value = 0;
  for (let index = octets - 1; index >= 0; index--) {
    value = value * 256 + bytes[at + index];
  }
  return value;
}

async function need(queue: PieceQueue, octets: number): Promise<Uint8Array> {
  const taken = await queue.take(octets);
  if (taken.length < octets) {
    throw cut(queue);
  }
  return taken;
}

function cut(queue: PieceQueue): CompressionError {
  const sentence = `the zstd stream ends early, after ${queue.taken} octets of compressed input`;
  return new CompressionError('capture.compressed-cut', sentence);
}

function damaged(queue: PieceQueue, why: string): CompressionError {
  const sentence = `the zstd stream is damaged near octet ${queue.taken} of the compressed input: ${why}`;
  return new CompressionError('capture.compressed-damaged', sentence);
}

function unsupported(why: string): CompressionError {
  return new CompressionError('capture.compressed-unsupported', `the zstd stream cannot be read: ${why}`);
}
