// The few file-system calls that vault and audit log are kept with, as a port: tests put a model of a crashing disk
// behind it. Everything is synchronous, for the order of the calls is the whole point.

import {
  closeSync,
  constants,
  fchmodSync,
  fstatSync,
  fsyncSync,
  ftruncateSync,
  linkSync,
  lstatSync,
  openSync,
  readdirSync,
  readSync,
  renameSync,
  unlinkSync,
  writeSync,
} from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { type Randomness, systemRandomness } from './sealing.ts';
import { VaultError } from './vault-error.ts';

/** We chose: nobody but the owner reads or writes. */
export const OWNER_ONLY = 0o600;
const OTHERS = 0o077;

/** What is known of an open file. */
export interface FileFacts {
  readonly size: number;
  /** Permission bits. */
  readonly mode: number;
  readonly isFile: boolean;
}

/** How a file is opened: `read`; `create`, which fails where it exists; `update`, to read and write what exists. */
export type OpenHow = 'read' | 'create' | 'update';

/** See the head of the file. Errors are those of node:fs, with their `code`. No call follows a symbolic link at the end. */
export interface FileSystem {
  open(path: string, how: OpenHow): number;
  facts(handle: number): FileFacts;
  /** Octets read; 0 at the end. */
  read(handle: number, into: Uint8Array, position: number): number;
  /** Octets written; may be fewer than given. */
  write(handle: number, octets: Uint8Array, position: number): number;
  truncate(handle: number, length: number): void;
  sync(handle: number): void;
  close(handle: number): void;
  exists(path: string): boolean;
  rename(from: string, to: string): void;
  /** A second name; fails where `to` exists. */
  link(from: string, to: string): void;
  unlink(path: string): void;
  /** Makes names made and removed in a directory durable. */
  syncDirectory(path: string): void;
  /** Names in a directory. */
  list(path: string): string[];
}

/** The real one. */
export const nodeFileSystem: FileSystem = {
  open(path, how) {
    const { O_NOFOLLOW, O_NONBLOCK, O_RDONLY, O_RDWR, O_CREAT, O_EXCL } = constants;
    // Not blocking, or a named pipe in place of the file would hold the program up for ever.
    if (how === 'read') return openSync(path, O_RDONLY | O_NOFOLLOW | O_NONBLOCK);
    if (how === 'update') return openSync(path, O_RDWR | O_NOFOLLOW | O_NONBLOCK);
    const handle = openSync(path, O_RDWR | O_CREAT | O_EXCL | O_NOFOLLOW, OWNER_ONLY);
    // A strict umask may have taken away what the owner needs.
    fchmodSync(handle, OWNER_ONLY);
    return handle;
  },
  facts(handle) {
    const facts = fstatSync(handle);
    return { size: facts.size, mode: facts.mode & 0o777, isFile: facts.isFile() };
  },
  read: (handle, into, position) => readSync(handle, into, 0, into.length, position),
  write: (handle, octets, position) => writeSync(handle, octets, 0, octets.length, position),
  truncate: ftruncateSync,
  sync: fsyncSync,
  close: closeSync,
  exists: (path) => lstatSync(path, { throwIfNoEntry: false }) !== undefined,
  rename: renameSync,
  link: linkSync,
  unlink: unlinkSync,
  syncDirectory(path) {
    const handle = openSync(path, constants.O_RDONLY);
    try {
      fsyncSync(handle);
    } finally {
      closeSync(handle);
    }
  },
  list: (path) => readdirSync(path),
};

/** The code of a file-system error, e.g. `ENOENT`. */
export function errorCode(error: unknown): string {
  return (error as NodeJS.ErrnoException).code ?? 'unknown reason';
}

/**
 * Opens a file that must belong to its owner alone.
 *
 * @param what the file's part, e.g. `the vault`
 * @throws VaultError `not-there`, `symlink`, `mode`, `unreadable`
 */
export function openPrivate(fs: FileSystem, path: string, how: 'read' | 'update', what: string): number {
  let handle: number;
  try {
    handle = fs.open(path, how);
  } catch (error) {
    throw openError(error, path, what);
  }
  const { mode, isFile } = fs.facts(handle);
  if (isFile && (mode & OTHERS) === 0) return handle;
  fs.close(handle);
  if (!isFile) throw new VaultError('unreadable', `${what} ${path} is no plain file`, 'Give the file itself');
  throw new VaultError(
    'mode',
    `${what} ${path} can be read or written by others (mode ${mode.toString(8).padStart(4, '0')})`,
    `Find out who had access to it, then \`chmod 600 ${path}\`; keys that others could read are compromised`,
  );
}

function openError(error: unknown, path: string, what: string): VaultError {
  const code = errorCode(error);
  if (code === 'ENOENT') {
    return new VaultError('not-there', `${what} ${path} does not exist`, 'Check the path', { cause: error });
  }
  if (code === 'ELOOP' || code === 'EMLINK') {
    const message = `${what} ${path} is a symbolic link, which could be turned to another file`;
    return new VaultError('symlink', message, 'Give the path of the file itself', { cause: error });
  }
  const hint = 'Check the path and who may read the file';
  return new VaultError('unreadable', `${what} ${path} cannot be read (${code})`, hint, { cause: error });
}

/** The whole of a file that belongs to its owner alone. @param most octets; above: VaultError `too-large` */
export function readPrivate(fs: FileSystem, path: string, most: number, what: string): Uint8Array {
  const handle = openPrivate(fs, path, 'read', what);
  try {
    const { size } = fs.facts(handle);
    if (size > most) {
      throw new VaultError('too-large', `${what} ${path} is larger than any that sidescope writes`, 'Check the path');
    }
    return readRange(fs, handle, 0, size);
  } finally {
    fs.close(handle);
  }
}

/** Octets from `start` to `end`, fewer where the file ends. */
export function readRange(fs: FileSystem, handle: number, start: number, end: number): Uint8Array {
  const octets = new Uint8Array(Math.max(0, end - start));
  let at = 0;
  while (at < octets.length) {
    const read = fs.read(handle, octets.subarray(at), start + at);
    if (read === 0) break;
    at += read;
  }
  return octets.subarray(0, at);
}

/** Writes all of it; short writes are carried on. */
export function writeAll(fs: FileSystem, handle: number, octets: Uint8Array, position: number): void {
  let at = 0;
  while (at < octets.length) {
    const written = fs.write(handle, octets.subarray(at), position + at);
    if (written === 0) throw Object.assign(new Error('nothing was written'), { code: 'EIO' });
    at += written;
  }
}

/** First part of the names of unfinished files beside `path`. */
function unfinishedPrefix(path: string): string {
  return `.${basename(path)}-`;
}

const UNFINISHED = '.tmp';

/**
 * Puts a file in place of another so that a crash at any moment leaves exactly one of them, whole: written beside it, made
 * durable, read back, renamed, and the rename made durable.
 *
 * @param check reads back what was written; throws where it is not what was meant
 * @throws VaultError `not-written`: the old file is in place; `in-doubt`: it is not known which of the two is
 */
export function replaceFile(
  fs: FileSystem,
  path: string,
  octets: Uint8Array,
  check: (written: Uint8Array) => void = () => undefined,
  random: Randomness = systemRandomness,
): void {
  const folder = dirname(path);
  const unfinished = join(folder, `${unfinishedPrefix(path)}${Buffer.from(random(8)).toString('hex')}${UNFINISHED}`);
  try {
    const handle = fs.open(unfinished, 'create');
    try {
      writeAll(fs, handle, octets, 0);
      fs.sync(handle);
      check(readRange(fs, handle, 0, fs.facts(handle).size));
    } finally {
      fs.close(handle);
    }
    fs.rename(unfinished, path);
  } catch (error) {
    removeQuietly(fs, unfinished);
    throw notWritten(error, path);
  }
  try {
    fs.syncDirectory(folder);
  } catch (error) {
    throw new VaultError(
      'in-doubt',
      `${path} was replaced, but the disk did not confirm it (${errorCode(error)})`,
      'Check the disk, then run the command again: sidescope finds out which of the two is in place',
      { cause: error },
    );
  }
}

/** The error of a file that could not be written; nothing was changed. */
export function notWritten(error: unknown, path: string): VaultError {
  if (error instanceof VaultError) return error;
  const code = errorCode(error);
  const full = code === 'ENOSPC' || code === 'EDQUOT' || code === 'EFBIG';
  return new VaultError(
    'not-written',
    full ? `${path} was not written: no space is left (${code})` : `${path} was not written (${code})`,
    full ? 'Nothing was changed; make space and run the command again' : 'Nothing was changed; check disk and rights',
    { cause: error },
  );
}

/** Removes what interrupted saves left beside a file. Only whoever holds the lock may. */
export function removeUnfinished(fs: FileSystem, path: string): void {
  const folder = dirname(path);
  const prefix = unfinishedPrefix(path);
  for (const name of namesIn(fs, folder)) {
    if (name.startsWith(prefix) && name.endsWith(UNFINISHED)) removeQuietly(fs, join(folder, name));
  }
}

/** Names in a folder; none where it cannot be looked into. */
export function namesIn(fs: FileSystem, folder: string): string[] {
  try {
    return fs.list(folder);
  } catch {
    return [];
  }
}

/** Removes a file; that it is not there, or cannot be removed, is no error. */
export function removeQuietly(fs: FileSystem, path: string): void {
  try {
    fs.unlink(path);
  } catch {
    // It is sealed or empty, and the next start tries again.
  }
}
