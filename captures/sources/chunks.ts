// Input that comes in pieces, of any length, when it comes: standard input, a pipe, a compressed file, a test.

import { CaptureParser } from '../formats/capture-parser.ts';
import { COMPRESSION_MAGIC_OCTETS, compressionOf, decompress } from '../formats/compression.ts';
import { CompressionError } from '../formats/compression-error.ts';
import type { CaptureProblem, FrameBatch, FrameSource } from '../frame-batch.ts';
import { FrameColumns } from '../frame-columns.ts';
import { InputWindow } from '../input-window.ts';
import { systemCode } from '../open-error.ts';
import { captureProblem } from '../problems.ts';

const EMPTY = new Uint8Array();

/** Frames of an input in pieces, plain or compressed. */
export class ChunkSource implements FrameSource {
  readonly total: number | null;
  readonly #release: () => void;
  readonly #window = new InputWindow();
  readonly #columns = new FrameColumns(this.#window);
  readonly #parser = new CaptureParser();
  readonly #pieces: AsyncGenerator<Uint8Array>;
  /** The piece that has not gone into the window entirely, and how much of it has. */
  #piece: Uint8Array = EMPTY;
  #pieceAt = 0;
  #octets = 0;
  #ended = false;
  /** Ends the wait for a piece that is under way. */
  #stopWaiting: () => void = () => {};

  /**
   * @param chunks the input; a piece may be reused once the next one is asked for
   * @param total octets of it, null where nobody knows
   * @param release ends the input where it is closed before its end
   */
  constructor(chunks: AsyncIterable<Uint8Array>, total: number | null = null, release: () => void = () => {}) {
    this.total = total;
    this.#release = release;
    this.#pieces = this.#decompressed(chunks);
  }

  get problem(): CaptureProblem | null {
    return this.#parser.problem;
  }

  get consumed(): number {
    return this.#octets;
  }

  /** The next batch: what the pieces so far hold, as soon as that is a frame. Not to be called while a call waits. */
  async next(): Promise<FrameBatch | null> {
    this.#columns.reset();
    while (!this.#ended) {
      this.#parser.parse(this.#window, this.#columns);
      if (!this.#columns.empty) {
        return this.#columns.over(this.#window);
      }
      if (this.#parser.problem !== null) {
        this.close();
      } else if (this.#pieceAt < this.#piece.length) {
        this.#pieceAt += this.#window.append(this.#piece, this.#pieceAt);
      } else {
        await this.#takePiece();
      }
    }
    return null;
  }

  close(): void {
    if (!this.#ended) {
      this.#ended = true;
      this.#release();
      this.#stopWaiting();
      // Frees the decompressor; where a piece is awaited that never comes, this waits with it.
      this.#pieces.return(undefined).catch(() => {});
    }
  }

  async #takePiece(): Promise<void> {
    let cause: CaptureProblem | null = null;
    try {
      // Not Promise.race with one promise for the source's life: that would gather a reaction for each piece.
      const step = await new Promise<IteratorResult<Uint8Array> | null>((resolve, reject) => {
        this.#stopWaiting = () => {
          resolve(null);
        };
        this.#pieces.next().then(resolve, reject);
      });
      if (step === null) {
        return;
      }
      if (step.done !== true) {
        this.#piece = step.value;
        this.#pieceAt = 0;
        return;
      }
    } catch (error) {
      cause = this.#inputProblem(error);
    }
    if (!this.#ended) {
      this.#ended = true;
      this.#release();
      this.#parser.finish(this.#window, cause);
    }
  }

  #inputProblem(error: unknown): CaptureProblem {
    const offset = this.#window.base + this.#window.end;
    if (error instanceof CompressionError) {
      return captureProblem(error.code, offset, error.message);
    }
    const sentence = `the input cannot be read on: the operating system says ${systemCode(error)}`;
    return captureProblem('capture.read-failed', offset, sentence);
  }

  /** The octets of the capture: the input's own, or decompressed where its first octets say so. */
  async *#decompressed(chunks: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> {
    const input = this.#counted(chunks);
    try {
      let first: Uint8Array = EMPTY;
      while (first.length < COMPRESSION_MAGIC_OCTETS) {
        const step = await input.next();
        if (step.done === true) {
          break;
        }
        first = joined(first, step.value);
      }
      const compression = compressionOf(first);
      const whole = followed(first, input);
      yield* compression === null ? whole : decompress(compression, whole);
    } finally {
      await input.return(undefined);
    }
  }

  async *#counted(chunks: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> {
    for await (const chunk of chunks) {
      this.#octets += chunk.length;
      yield chunk;
    }
  }
}

/** `first`, then `rest`. */
export async function* followed(first: Uint8Array, rest: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> {
  yield first;
  yield* rest;
}

function joined(first: Uint8Array, second: Uint8Array): Uint8Array {
  const both = new Uint8Array(first.length + second.length);
  both.set(first);
  both.set(second, first.length);
  return both;
}
