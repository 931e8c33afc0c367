// The input of a command, opened by another thread of its process.

import { fstatSync } from 'node:fs';

import type { FrameSource } from '../frame-batch.ts';
import { openCapture } from '../open.ts';
import { streamOf } from './stdin.ts';

/**
 * Opens a capture. Standard input is that of the process: `process.stdin` of a worker is another one.
 *
 * @param path a file, a pipe, or `-` for standard input, which must be a file, a pipe or a socket
 * @param threads as `openCapture` has it
 * @throws CaptureOpenError where there is nothing to read
 */
export async function openInThread(path: string, threads: 1 | 'auto' = 1): Promise<FrameSource> {
  if (path !== '-') return openCapture(path, { threads });
  const stats = fstatSync(0);
  return openCapture(path, stats.isFile() ? {} : { standardInput: streamOf(0, stats) });
}
