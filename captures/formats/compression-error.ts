// How a decompressor says that it cannot go on.

import type { CaptureProblemCode } from '../problems.ts';

/** A compressed stream that cannot be read further. Everything before has been given out. */
export class CompressionError extends Error {
  readonly code: CaptureProblemCode;

  /** @param message one sentence without a full stop */
  constructor(code: CaptureProblemCode, message: string) {
    super(message);
    this.name = 'CompressionError';
    this.code = code;
  }
}
