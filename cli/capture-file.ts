// The file that `-w` writes: opened so that it can never be one that is read, and written in large pieces as the capture goes
// on.

import { closeSync, fstatSync, openSync, type Stats, statSync, writeSync } from 'node:fs';
import { ExitCode, SidescopeError } from '../daemon/errors.ts';
import { outputProblem } from './output-problem.ts';
import { writeOctets } from './stdout.ts';

/** We chose: octets gathered before they are written, so that a frame does not cost a system call. */
const BUFFER_OCTETS = 256 * 1024;
/** Files with plaintext are for their owner alone; others follow the umask. */
const PLAINTEXT_MODE = 0o600;
const USUAL_MODE = 0o666;

const STANDARD_INPUT = 0;

/** An output that takes whole pcapng blocks in order. */
export interface CaptureOutput {
  write(piece: Uint8Array): void;
  /** Hands on what is gathered. */
  flush(): void;
  /** Flushes and closes. */
  close(): void;
  /** Closes without another attempt to write, after a failure. */
  abandon(): void;
}

/** What must be known of an output before it is opened. */
export interface CaptureOutputOptions {
  /** Paths that are read: none of them may be the output. `-` is standard input. */
  readonly inputs: readonly string[];
  /** Whether deciphered packets go in. */
  readonly payload: boolean;
}

/**
 * Opens the output.
 *
 * @param path a file, which is made or emptied, a pipe, or `-` for standard output
 * @throws SidescopeError `output.*`, exit code 2; nothing is changed then
 */
export function openCaptureOutput(path: string, options: CaptureOutputOptions): CaptureOutput {
  if (path === '-') {
    if (process.stdout.isTTY === true) {
      throw new SidescopeError(
        'output.terminal',
        'a capture is no text, and standard output is a terminal',
        'name a file, or lead standard output into one',
        ExitCode.usage,
      );
    }
    return buffered(writeOctets, () => undefined);
  }
  refuseInputs(path, options.inputs);
  const mode = options.payload ? PLAINTEXT_MODE : USUAL_MODE;
  const descriptor = attempt(path, () => openSync(path, 'w', mode));
  return buffered(
    (octets) => attempt(path, () => writeAll(descriptor, octets)),
    () => attempt(path, () => closeSync(descriptor)),
  );
}

/** Links and other spellings of a path lead to the same file. */
function refuseInputs(path: string, inputs: readonly string[]): void {
  const output = statsOf(path);
  if (output === null || !output.isFile()) return;
  for (const input of inputs) {
    const stats = statsOf(input);
    if (stats === null || stats.dev !== output.dev || stats.ino !== output.ino) continue;
    throw new SidescopeError(
      'output.is-input',
      `${path} is the file that is read${input === path ? '' : ` as ${input === '-' ? 'standard input' : input}`}`,
      'name another file for -w',
      ExitCode.usage,
    );
  }
}

function statsOf(path: string): Stats | null {
  try {
    return path === '-' ? fstatSync(STANDARD_INPUT) : statSync(path);
  } catch {
    // What cannot be looked at is no file that exists; opening it says why.
    return null;
  }
}

function writeAll(descriptor: number, octets: Uint8Array): void {
  for (let at = 0; at < octets.length; ) at += writeSync(descriptor, octets, at);
}

function buffered(write: (octets: Uint8Array) => void, close: () => void): CaptureOutput {
  const buffer = new Uint8Array(BUFFER_OCTETS);
  let filled = 0;
  const flush = (): void => {
    const octets = buffer.subarray(0, filled);
    filled = 0;
    if (octets.length > 0) write(octets);
  };
  return {
    write(piece) {
      if (filled + piece.length > buffer.length) flush();
      if (piece.length > buffer.length) {
        write(piece);
        return;
      }
      buffer.set(piece, filled);
      filled += piece.length;
    },
    flush,
    close() {
      flush();
      close();
    },
    abandon() {
      try {
        close();
      } catch {
        // The failure that led here has been said.
      }
    },
  };
}

function attempt<Value>(path: string, act: () => Value): Value {
  try {
    return act();
  } catch (error) {
    throw outputProblem(path, error);
  }
}
