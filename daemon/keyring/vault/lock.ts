// One writer at a time: a lock file that names its process. A lock whose process is gone is stale and is taken over.

import { readFileSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { errorCode, type FileSystem, namesIn, readRange, removeQuietly, writeAll } from './file-system.ts';
import { type Randomness, systemRandomness } from './sealing.ts';
import { VaultError } from './vault-error.ts';

// We chose.

/** Octets of a lock file; more is no lock of ours. */
const LOCK_MOST = 512;
/** Times a stale lock is taken over; others may be doing the same. */
const ATTEMPTS = 8;
/** Behind the name of the lock in that of the file with which somebody tries to take it, or takes a stale one away. */
const OWN_PART = /^(\d{1,10})\.[0-9a-f]{16}(?:\.stale)?$/;

/** A process, told apart from a later one with the same number. */
export interface ProcessMark {
  readonly pid: number;
  /** When it started, in the system's own count; empty where the system does not say. */
  readonly start: string;
  /** The system's own run, empty likewise. */
  readonly boot: string;
}

/** What is known of processes; passed in so that tests can have dead ones. */
export interface Processes {
  readonly self: ProcessMark;
  isAlive(mark: ProcessMark): boolean;
}

/** The real ones. Linux tells start time and boot; elsewhere a process number alone must do. */
export const systemProcesses: Processes = {
  get self() {
    return { pid: process.pid, start: startOf(process.pid), boot: bootId() };
  },
  isAlive({ pid, start, boot }) {
    if (boot !== bootId()) return false;
    try {
      process.kill(pid, 0);
    } catch (error) {
      if (errorCode(error) === 'ESRCH') return false;
    }
    return start === '' || startOf(pid) === start;
  },
};

function startOf(pid: number): string {
  // proc(5): field 22 of stat; the second field is in brackets and may hold blanks.
  const text = textOf(`/proc/${pid}/stat`);
  return text.slice(text.lastIndexOf(')') + 2).split(' ')[19] ?? '';
}

function bootId(): string {
  return textOf('/proc/sys/kernel/random/boot_id').trim();
}

function textOf(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return '';
  }
}

/** A lock that is held. */
export class Lock {
  readonly #fs: FileSystem;
  readonly #path: string;
  #held = true;

  private constructor(fs: FileSystem, path: string) {
    this.#fs = fs;
    this.#path = path;
  }

  /**
   * Takes the lock.
   *
   * @param path of the lock file
   * @param what is locked, for the message
   * @throws VaultError `locked` where a living process holds it
   */
  static take(
    fs: FileSystem,
    path: string,
    what: string,
    processes: Processes = systemProcesses,
    random: Randomness = systemRandomness,
  ): Lock {
    const mine = `${path}.${processes.self.pid}.${Buffer.from(random(8)).toString('hex')}`;
    try {
      // Written first and linked then, so that nobody ever reads half a lock.
      const handle = fs.open(mine, 'create');
      try {
        writeAll(fs, handle, Buffer.from(JSON.stringify(processes.self)), 0);
      } finally {
        fs.close(handle);
      }
      for (let attempt = 0; attempt < ATTEMPTS; attempt++) {
        if (linked(fs, mine, path)) {
          removeLeftOver(fs, path, processes);
          return new Lock(fs, path);
        }
        const holder = holderOf(fs, path);
        if (holder === 'gone') continue;
        if (holder !== 'stale' && processes.isAlive(holder)) throw held(what, path, holder.pid);
        takeAway(fs, path, mine, processes);
      }
      throw held(what, path, null);
    } catch (error) {
      if (error instanceof VaultError) throw error;
      throw new VaultError('not-written', `the lock ${path} was not written (${errorCode(error)})`, LOCK_HINT, {
        cause: error,
      });
    } finally {
      removeQuietly(fs, mine);
    }
  }

  /** Gives the lock back. A second call does nothing. */
  release(): void {
    if (!this.#held) return;
    this.#held = false;
    removeQuietly(this.#fs, this.#path);
  }
}

/** Removes what processes left that were killed while they tried to take the lock. Theirs is the number in the name. */
function removeLeftOver(fs: FileSystem, path: string, processes: Processes): void {
  const folder = dirname(path);
  const prefix = `${basename(path)}.`;
  for (const name of namesIn(fs, folder)) {
    if (!name.startsWith(prefix)) continue;
    const [, pid] = OWN_PART.exec(name.slice(prefix.length)) ?? [];
    if (pid === undefined) continue;
    if (!processes.isAlive({ ...processes.self, pid: Number(pid), start: '' })) removeQuietly(fs, join(folder, name));
  }
}

const LOCK_HINT = 'sidescope must be able to write in that folder; check space and rights';

function linked(fs: FileSystem, mine: string, path: string): boolean {
  try {
    fs.link(mine, path);
    return true;
  } catch (error) {
    if (errorCode(error) === 'EEXIST') return false;
    throw error;
  }
}

function holderOf(fs: FileSystem, path: string): ProcessMark | 'gone' | 'stale' {
  let handle: number;
  try {
    handle = fs.open(path, 'read');
  } catch (error) {
    if (errorCode(error) === 'ENOENT') return 'gone';
    throw error;
  }
  try {
    return parseMark(Buffer.from(readRange(fs, handle, 0, LOCK_MOST)).toString('utf8'));
  } finally {
    fs.close(handle);
  }
}

function parseMark(text: string): ProcessMark | 'stale' {
  try {
    const { pid, start, boot } = JSON.parse(text) as Partial<ProcessMark>;
    if (Number.isSafeInteger(pid) && typeof pid === 'number' && pid > 0) {
      if (typeof start === 'string' && typeof boot === 'string') return { pid, start, boot };
    }
  } catch {
    // Half a lock: whoever wrote it lost power.
  }
  return 'stale';
}

/**
 * Takes a stale lock away. Between reading it and renaming it somebody else may have put a fresh one there: then what was
 * renamed is put back.
 */
function takeAway(fs: FileSystem, path: string, mine: string, processes: Processes): void {
  const aside = `${mine}.stale`;
  try {
    fs.rename(path, aside);
  } catch (error) {
    if (errorCode(error) === 'ENOENT') return;
    throw error;
  }
  const moved = holderOf(fs, aside);
  if (typeof moved !== 'string' && processes.isAlive(moved)) linked(fs, aside, path);
  removeQuietly(fs, aside);
}

function held(what: string, path: string, pid: number | null): VaultError {
  const by = pid === null ? 'other processes' : `process ${pid}`;
  return new VaultError(
    'locked',
    `${what} is in use by ${by}`,
    `Wait for it to finish, or end it; ${path} goes away with it`,
  );
}
