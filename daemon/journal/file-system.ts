// The few file-system calls that the journal is kept with, as a port: tests put a model of a crashing disk behind it.
// Asynchronous, for a slow disk must not hold up sockets.

import {
  close,
  constants,
  fchmod,
  fdatasync,
  fstat,
  ftruncate,
  lstat,
  mkdir,
  open,
  read,
  readdir,
  statfs,
  unlink,
  write,
} from 'node:fs';
import { promisify } from 'node:util';
import { JournalError, systemCode } from './journal-error.ts';

/** We chose: nobody but the owner reads or writes. */
const FILE_MODE = 0o600;
const FOLDER_MODE = 0o700;
const OTHERS = 0o077;

/** What is known of an open file. */
export interface FileFacts {
  readonly size: number;
  /** Permission bits. */
  readonly mode: number;
  readonly isFile: boolean;
  /** Last change, milliseconds since 1970. */
  readonly modified: number;
}

/** See the head of the file. Errors are those of node:fs, with their `code`. No call follows a symbolic link at the end. */
export interface JournalFileSystem {
  /** `read`; `create`, which fails where the file exists; `update`, to read and write what exists. */
  open(path: string, how: 'read' | 'create' | 'update'): Promise<number>;
  facts(handle: number): Promise<FileFacts>;
  /** Octets read; 0 at the end. */
  read(handle: number, into: Uint8Array, position: number): Promise<number>;
  /** Octets written; may be fewer than given. */
  write(handle: number, octets: Uint8Array, position: number): Promise<number>;
  truncate(handle: number, length: number): Promise<void>;
  /** Makes contents and length durable. */
  sync(handle: number): Promise<void>;
  close(handle: number): Promise<void>;
  unlink(path: string): Promise<void>;
  /** Makes names made and removed in a folder durable. */
  syncDirectory(path: string): Promise<void>;
  /** Names in a folder. */
  list(path: string): Promise<string[]>;
  /** Makes a folder of mode 0700 where there is none; its permission bits. Fails with ELOOP or ENOTDIR where it is none. */
  folder(path: string): Promise<number>;
  /** Octets that may still be written. */
  room(path: string): Promise<number>;
}

const call = {
  open: promisify(open),
  close: promisify(close),
  fchmod: promisify(fchmod),
  fstat: promisify(fstat),
  ftruncate: promisify(ftruncate),
  fdatasync: promisify(fdatasync),
  unlink: promisify(unlink),
  readdir: promisify(readdir),
  mkdir: promisify(mkdir),
  lstat: promisify(lstat),
  statfs: promisify(statfs),
};

/** The real one. */
export const nodeJournalFileSystem: JournalFileSystem = {
  async open(path, how) {
    const { O_NOFOLLOW, O_NONBLOCK, O_RDONLY, O_RDWR, O_CREAT, O_EXCL } = constants;
    // Not blocking, or a named pipe in place of the file would hold the program up for ever.
    if (how === 'read') return call.open(path, O_RDONLY | O_NOFOLLOW | O_NONBLOCK);
    if (how === 'update') return call.open(path, O_RDWR | O_NOFOLLOW | O_NONBLOCK);
    const handle = await call.open(path, O_RDWR | O_CREAT | O_EXCL | O_NOFOLLOW, FILE_MODE);
    // A strict umask may have taken away what the owner needs.
    await call.fchmod(handle, FILE_MODE);
    return handle;
  },
  async facts(handle) {
    const facts = await call.fstat(handle);
    return { size: facts.size, mode: facts.mode & 0o777, isFile: facts.isFile(), modified: facts.mtimeMs };
  },
  // Written out: promisified, these two would make an object a call.
  read: (handle, into, position) =>
    new Promise((resolve, reject) => {
      read(handle, into, 0, into.length, position, (error, octets) => {
        if (error === null) resolve(octets);
        else reject(error);
      });
    }),
  write: (handle, octets, position) =>
    new Promise((resolve, reject) => {
      write(handle, octets, 0, octets.length, position, (error, written) => {
        if (error === null) resolve(written);
        else reject(error);
      });
    }),
  truncate: (handle, length) => call.ftruncate(handle, length),
  sync: (handle) => call.fdatasync(handle),
  close: (handle) => call.close(handle),
  unlink: (path) => call.unlink(path),
  async syncDirectory(path) {
    const handle = await call.open(path, constants.O_RDONLY | constants.O_DIRECTORY);
    try {
      await call.fdatasync(handle);
    } finally {
      await call.close(handle);
    }
  },
  list: (path) => call.readdir(path),
  async folder(path) {
    try {
      await call.mkdir(path, { mode: FOLDER_MODE });
    } catch (error) {
      if (systemCode(error) !== 'EEXIST') throw error;
    }
    const facts = await call.lstat(path);
    if (facts.isSymbolicLink()) throw Object.assign(new Error('a symbolic link'), { code: 'ELOOP' });
    if (!facts.isDirectory()) throw Object.assign(new Error('no folder'), { code: 'ENOTDIR' });
    return facts.mode & 0o777;
  },
  async room(path) {
    const { bavail, bsize } = await call.statfs(path);
    return bavail * bsize;
  },
};

/**
 * Makes sure of the journal's folder.
 * @throws JournalError `symlink`, `mode`, `unreadable`
 */
export async function ownFolder(fs: JournalFileSystem, path: string): Promise<void> {
  let mode: number;
  try {
    mode = await fs.folder(path);
  } catch (error) {
    throw openError(error, path);
  }
  if ((mode & OTHERS) !== 0) throw openToOthers(path, mode, '700');
}

/**
 * Opens a file of the journal, which must belong to its owner alone.
 * @throws JournalError `symlink`, `mode`, `unreadable`
 */
export async function openOwn(fs: JournalFileSystem, path: string, how: 'read' | 'update'): Promise<number> {
  let handle: number;
  try {
    handle = await fs.open(path, how);
  } catch (error) {
    throw openError(error, path);
  }
  const { mode, isFile } = await fs.facts(handle);
  if (isFile && (mode & OTHERS) === 0) return handle;
  await fs.close(handle);
  if (isFile) throw openToOthers(path, mode, '600');
  throw new JournalError('unreadable', `${path} is no plain file`, 'Take it out of the folder of the journal');
}

function openToOthers(path: string, mode: number, wanted: string): JournalError {
  const shown = mode.toString(8).padStart(4, '0');
  return new JournalError(
    'mode',
    `${path} can be read or written by others (mode ${shown})`,
    `Find out who had access to the captured traffic, then \`chmod ${wanted} ${path}\``,
  );
}

function openError(error: unknown, path: string): JournalError {
  const code = systemCode(error);
  if (code === 'ELOOP' || code === 'EMLINK') {
    const message = `${path} is a symbolic link, which could be turned to another place`;
    return new JournalError('symlink', message, 'Give the path of the folder itself', { cause: error });
  }
  const hint = 'Check the path, and that the daemon may read and write there';
  return new JournalError('unreadable', `${path} cannot be opened (${code})`, hint, { cause: error });
}

/** Writes all of it; short writes are carried on. */
export async function writeAll(
  fs: JournalFileSystem,
  handle: number,
  octets: Uint8Array,
  position: number,
): Promise<void> {
  let at = 0;
  while (at < octets.length) {
    const written = await fs.write(handle, at === 0 ? octets : octets.subarray(at), position + at);
    if (written === 0) throw Object.assign(new Error('nothing was written'), { code: 'EIO' });
    at += written;
  }
}

/** Fills `into` from `position` on; gives the octets that were there, fewer at the end of the file. */
export async function readFully(
  fs: JournalFileSystem,
  handle: number,
  into: Uint8Array,
  position: number,
): Promise<number> {
  let at = 0;
  while (at < into.length) {
    const octets = await fs.read(handle, into.subarray(at), position + at);
    if (octets === 0) break;
    at += octets;
  }
  return at;
}

/** Closes a file or removes a name where that is all that is left to do: failing is no news. */
export async function quietly(doing: Promise<unknown>): Promise<void> {
  try {
    await doing;
  } catch {
    // Whatever went wrong before has been told.
  }
}
