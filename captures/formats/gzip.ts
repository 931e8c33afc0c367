// gzip (RFC 1952), one member or several behind each other, through node:zlib.
//
// zlib of Node forgets what a piece gave before it turned out to be damaged. So two inflaters run: one goes ahead and
// only says whether a piece is good; the other follows and gives the octets. Where the first one fails, the second takes
// that piece octet by octet and gives everything that stands before the damage. It costs half the speed and holds for
// pipes as well, which cannot be read twice.

import type { Gunzip } from 'node:zlib';

import { CompressionError } from './compression-error.ts';

/** Constants we chose. */
/**
 * Compressed octets given to zlib at once. Deflate expands at most 1032 times, so the output of one piece stays below
 * 17 MiB; it is taken before the next piece goes in.
 */
const PIECE_OCTETS = 16_384;
/** Octets of zlib's output buffer. */
const OUTPUT_OCTETS = 65_536;

/** One zlib stream that is fed piece by piece. */
class Inflater {
  readonly #gunzip: Gunzip;
  #output: Uint8Array[] = [];
  #ended = false;
  /** Answers the write that is under way; the first answer counts. */
  #settle: (good: boolean) => void = () => {};

  /** @param keep whether the output is wanted */
  constructor(keep: boolean) {
    // Without the usual last flush the end of the input is not itself an error that swallows output: `complete` tells.
    // Loaded here: most captures are plain, and start without it.
    const { constants, createGunzip } = process.getBuiltinModule('node:zlib');
    this.#gunzip = createGunzip({ chunkSize: OUTPUT_OCTETS, finishFlush: constants.Z_SYNC_FLUSH });
    this.#gunzip.on('data', (piece: Uint8Array) => {
      if (keep) {
        this.#output.push(piece);
      }
    });
    this.#gunzip.on('end', () => {
      this.#ended = true;
    });
    // zlib does not call the callback of a write that fails.
    this.#gunzip.on('error', () => {
      this.#settle(false);
    });
  }

  /** False where the stream ended and what follows is padding. */
  get open(): boolean {
    return !this.#ended;
  }

  /** Takes a piece; gives false where it is damaged. */
  async feed(piece: Uint8Array): Promise<boolean> {
    if (this.#ended || piece.length === 0) {
      return true;
    }
    return new Promise<boolean>((resolve) => {
      this.#settle = resolve;
      this.#gunzip.write(piece, (error) => {
        resolve(error === null || error === undefined);
      });
    });
  }

  /** The output so far, once. */
  take(): Uint8Array[] {
    const output = this.#output;
    this.#output = [];
    return output;
  }

  /**
   * After the last piece: true where the last member was whole. A zero octet more tells: behind a whole member it is
   * padding and is left alone; inside one it is consumed.
   */
  async complete(): Promise<boolean> {
    if (this.#ended) {
      return true;
    }
    const before = this.#gunzip.bytesWritten;
    const good = await this.feed(new Uint8Array(1));
    return good && this.#gunzip.bytesWritten === before;
  }

  close(): void {
    this.#gunzip.destroy();
  }
}

/**
 * The decompressed octets of a gzip stream. Zeros behind a member are padding and end the stream (as gzip itself reads
 * them); anything else there is damage.
 * @throws CompressionError `capture.compressed-cut` or `capture.compressed-damaged`, after everything before was given
 */
export async function* gunzipPieces(input: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> {
  const ahead = new Inflater(false);
  const behind = new Inflater(true);
  let taken = 0;
  try {
    for await (const chunk of input) {
      for (let at = 0; at < chunk.length && ahead.open; at += PIECE_OCTETS) {
        const piece = chunk.subarray(at, at + PIECE_OCTETS);
        if (!(await ahead.feed(piece))) {
          const good = await feedUpToDamage(behind, piece);
          yield* behind.take();
          const sentence = `the gzip stream is damaged near octet ${taken + good} of the compressed input`;
          throw new CompressionError('capture.compressed-damaged', sentence);
        }
        taken += piece.length;
        await behind.feed(piece);
        yield* behind.take();
      }
    }
    if (!(await ahead.complete())) {
      const sentence = `the gzip stream ends early, after ${taken} octets of compressed input`;
      throw new CompressionError('capture.compressed-cut', sentence);
    }
  } finally {
    ahead.close();
    behind.close();
  }
}

/** Feeds a piece that is known to be damaged octet by octet; gives the octets that were good. */
async function feedUpToDamage(inflater: Inflater, piece: Uint8Array): Promise<number> {
  let good = 0;
  while (good < piece.length && (await inflater.feed(piece.subarray(good, good + 1)))) {
    good++;
  }
  return good;
}
