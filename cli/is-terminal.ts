// Whether a descriptor is a terminal, without the streams of node:process: making one costs milliseconds of the start.

import { fstatSync } from 'node:fs';

/** @param descriptor 1 standard output, 2 standard error */
export function isTerminal(descriptor: 1 | 2): boolean {
  try {
    // A file or a pipe needs no further question.
    if (!fstatSync(descriptor).isCharacterDevice()) return false;
  } catch {
    return false;
  }
  return process.getBuiltinModule('node:tty').isatty(descriptor);
}
