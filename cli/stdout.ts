// Standard output: buffered, written synchronously, so that nothing is lost at the end and nothing grows in memory. A
// reader that went away (`| head`) ends the program quietly (interfaces 1).

import { writeSync } from 'node:fs';
import { ExitCode } from '../daemon/errors.ts';

/** We chose: characters gathered before they are written. */
const BUFFER_CHARACTERS = 64 * 1024;

let gathered = '';

/** Writes text to standard output. */
export function writeOutput(text: string): void {
  gathered += text;
  if (gathered.length >= BUFFER_CHARACTERS) flushOutput();
}

/** Writes what is gathered. */
export function flushOutput(): void {
  if (gathered.length === 0) return;
  const octets = Buffer.from(gathered, 'utf8');
  gathered = '';
  writeOctets(octets);
}

/** Writes octets to standard output, behind all text before them. */
export function writeOctets(octets: Uint8Array): void {
  flushOutput();
  let at = 0;
  while (at < octets.length) {
    try {
      at += writeSync(1, octets, at);
    } catch (error) {
      const { code } = error as NodeJS.ErrnoException;
      if (code === 'EPIPE') process.exit(ExitCode.done);
      if (code !== 'EAGAIN') throw error;
      // A pipe that is full and not blocking: give its reader a moment.
      Atomics.wait(PAUSE, 0, 0, 1);
    }
  }
}

const PAUSE = new Int32Array(new SharedArrayBuffer(4));
