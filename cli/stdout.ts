// Standard output: buffered, written synchronously, so that nothing is lost at the end and nothing grows in memory. A
// reader that went away (`| head`) ends the program quietly (interfaces 1); any other failure ends the command with an error.

import { writeSync } from 'node:fs';
import { ExitCode } from '../daemon/errors.ts';
import { AsciiWriter } from '../dissectors/ascii-writer.ts';
import { outputProblem } from './output-problem.ts';

/** We chose: octets gathered before they are written. */
const WRITTEN_AT_ONCE = 64 * 1024;

/** What is gathered. Printers of very much write to it themselves, and call `flushFullOutput` behind each piece. */
export const standardOutput = new AsciiWriter();

/** Somebody else who writes standard output. */
export interface OutputAside {
  /** Takes octets, behind all that it took before; false: they are to be written here. */
  take(octets: Uint8Array): boolean;
  /** Ends when all that it took is written. */
  drain(): void;
}

let aside: OutputAside | null = null;

/** Passes what is gathered to somebody else from here on. */
export function passOutputTo(other: OutputAside): void {
  aside = other;
}

/** Writes text to standard output. @throws SidescopeError `output.*`, exit code 2, as all that writes here does */
export function writeOutput(text: string): void {
  standardOutput.utf8(text);
  flushFullOutput();
}

/** Whoever waits for the first line has it while the rest is made. */
let hasWritten = false;

/** Something could not be written, and that was said: what follows would leave a gap. */
let hasFailed = false;

/** Writes what is gathered where it is much, or the first. */
export function flushFullOutput(): void {
  if (standardOutput.length >= WRITTEN_AT_ONCE || !hasWritten) pass();
}

/** Writes what is gathered; all of it is written when this ends. */
export function flushOutput(): void {
  pass();
  if (aside !== null && !hasFailed) orFail(() => aside?.drain());
}

function pass(): void {
  if (standardOutput.length === 0) return;
  hasWritten = true;
  const octets = standardOutput.take();
  orFail(() => {
    if (aside?.take(octets) !== true) writeDown(octets);
  });
}

/** Writes octets to standard output, behind all text before them. */
export function writeOctets(octets: Uint8Array): void {
  flushOutput();
  orFail(() => writeDown(octets));
}

function orFail(write: () => void): void {
  if (hasFailed) return;
  try {
    write();
  } catch (error) {
    hasFailed = true;
    throw outputProblem('-', error);
  }
}

function writeDown(octets: Uint8Array): void {
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
