// Opens the capture that a command names, or says why it cannot be opened.

import type { FrameSource } from '../captures/frame-batch.ts';
import { CaptureOpenError, openCapture } from '../captures/open.ts';
import { ExitCode, SidescopeError } from '../daemon/errors.ts';

/**
 * Frames of a capture.
 *
 * @param path a file, a pipe, or `-` for standard input
 * @param threads as `openCapture` has it
 * @throws SidescopeError `capture.*`, exit code 2
 */
export async function openInput(path: string, threads: number | 'auto' = 1): Promise<FrameSource> {
  return orInputError(openCapture(path, { threads }));
}

/** What is opened, or the error of a command that cannot open its input. @throws SidescopeError `capture.*`, exit code 2 */
export async function orInputError<Opened>(opening: Promise<Opened>): Promise<Opened> {
  try {
    return await opening;
  } catch (error) {
    if (!(error instanceof CaptureOpenError)) throw error;
    throw new SidescopeError(error.code, error.message, error.hint, ExitCode.usage, { cause: error });
  }
}
