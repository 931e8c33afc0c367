// Where the octets of a keyring file come from: a plain file is read a piece at a time, and as a whole only where that is not
// enough; all else is held as a whole. What is read here are keys in the clear: `close` overwrites it.

import { closeSync, fstatSync, openSync, readSync, statSync } from 'node:fs';
import { ExitCode, SidescopeError } from '../errors.ts';
import { OctetWindow } from './octet-window.ts';

/** We chose: octets of a keyring file. A key with its dates takes 150 to 300, so 200,000 keys and more fit. Above: an error. */
export const KEYRING_FILE_OCTETS = 64 * 1024 * 1024;

/** We chose: octets of a file that are in memory at a time, which a processor has in its second cache. */
const WINDOW_OCTETS = 128 * 1024;

/** One keyring file. Its methods throw `keyring.unreadable` and `keyring.too-large`. */
export interface KeyringInput {
  /** For error messages. */
  readonly name: string;
  /** Its octets from the first one on. */
  window(): OctetWindow;
  /** All of them. */
  whole(): Uint8Array;
  /** Nothing is asked for any more. */
  close(): void;
}

/** Octets that somebody has, and overwrites himself. @throws SidescopeError where they are too many */
export function heldInput(name: string, octets: Uint8Array): KeyringInput {
  if (octets.length > KEYRING_FILE_OCTETS) throw tooLarge(name);
  return {
    name,
    window: () => new OctetWindow(octets, octets.length, null),
    whole: () => octets,
    close: () => undefined,
  };
}

/** Opens a file, which need not be a plain one. @throws SidescopeError */
export async function openInput(path: string): Promise<KeyringInput> {
  try {
    if (statSync(path).isFile()) return new PlainInput(path);
    const octets = await octetsOfPipe(path);
    return { ...heldInput(path, octets), close: () => octets.fill(0) };
  } catch (cause) {
    throw unreadable(path, cause);
  }
}

/** A plain file needs no promises: loading what node has of them takes longer than reading a keyring. */
class PlainInput implements KeyringInput {
  readonly name: string;
  readonly #descriptor: number;
  readonly #size: number;
  readonly #octets: Uint8Array[] = [];

  constructor(path: string) {
    this.name = path;
    this.#descriptor = openSync(path, 'r');
    this.#size = fstatSync(this.#descriptor).size;
    if (this.#size <= KEYRING_FILE_OCTETS) return;
    this.close();
    throw tooLarge(path);
  }

  window(): OctetWindow {
    let place = 0;
    return new OctetWindow(this.#room(Math.min(this.#size + 1, WINDOW_OCTETS)), this.#size, (into) => {
      const count = this.#read(into, place);
      place += count;
      return count;
    });
  }

  whole(): Uint8Array {
    let octets = this.#room(this.#size + 1);
    let length = 0;
    for (;;) {
      const count = this.#read(octets.subarray(length), length);
      if (count === 0) return octets.subarray(0, length);
      length += count;
      if (length < octets.length) continue;
      // It grows while it is read, or its system says no size.
      const wider = this.#room(octets.length * 2);
      wider.set(octets);
      octets = wider;
    }
  }

  close(): void {
    for (const octets of this.#octets) octets.fill(0);
    closeSync(this.#descriptor);
  }

  #room(length: number): Uint8Array {
    const octets = new Uint8Array(Math.max(length, 64 * 1024));
    this.#octets.push(octets);
    return octets;
  }

  #read(into: Uint8Array, place: number): number {
    let count: number;
    try {
      count = readSync(this.#descriptor, into, 0, into.length, place);
    } catch (cause) {
      throw unreadable(this.name, cause);
    }
    if (place + count > KEYRING_FILE_OCTETS) throw tooLarge(this.name);
    return count;
  }
}

/** What comes out of a pipe or the like, up to the cap. */
async function octetsOfPipe(path: string): Promise<Uint8Array> {
  const file = await process.getBuiltinModule('node:fs/promises').open(path);
  try {
    let octets = new Uint8Array(64 * 1024);
    let length = 0;
    for (;;) {
      const { bytesRead } = await file.read(octets, length, octets.length - length);
      if (bytesRead === 0) return octets.subarray(0, length);
      length += bytesRead;
      if (length > KEYRING_FILE_OCTETS) throw tooLarge(path);
      if (length < octets.length) continue;
      const wider = new Uint8Array(octets.length * 2);
      wider.set(octets);
      octets.fill(0);
      octets = wider;
    }
  } finally {
    await file.close();
  }
}

function unreadable(path: string, cause: unknown): SidescopeError {
  if (cause instanceof SidescopeError) return cause;
  // The text of a keyring in place of its path: it holds keys, and the system's error quotes it.
  if (path.trimStart().startsWith('{')) {
    const message = 'the text of a keyring stands where the path of its file should';
    return new SidescopeError('keyring.text-for-path', message, 'Name the file that holds it', ExitCode.usage);
  }
  const reason = (cause as NodeJS.ErrnoException).code ?? 'unknown reason';
  const hint = 'Check the path and who may read the file';
  return new SidescopeError('keyring.unreadable', `${path} cannot be read (${reason})`, hint, ExitCode.usage, {
    cause,
  });
}

/** The error of a file above the cap. */
export function tooLarge(fileName: string): SidescopeError {
  const message = `${fileName} has more than ${KEYRING_FILE_OCTETS} octets, which no keyring needs`;
  return new SidescopeError('keyring.too-large', message, 'Give a keyring file, or split it', ExitCode.usage);
}
