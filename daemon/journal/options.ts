// How a journal is kept: its limits, and what a test puts in the place of the real world.

import { SidescopeError } from '../errors.ts';
import { nodeFileSystem } from '../keyring/vault/file-system.ts';
import { Lock } from '../keyring/vault/lock.ts';
import type { RingLimits } from './file-ring.ts';
import { type JournalFileSystem, nodeJournalFileSystem } from './file-system.ts';
import type { FileLimits } from './frame-encoder.ts';
import { JournalError } from './journal-error.ts';

/** Limits of one kind of file. Null: no such limit. */
export interface KeptLimits {
  /** A file is complete when it has that many octets, or is that old (milliseconds). */
  readonly file: FileLimits;
  /** What is kept in all; the oldest files go first. */
  readonly all: RingLimits;
}

/** Options of `openJournal`; each has a default. */
export interface JournalOptions {
  readonly frames?: KeptLimits;
  readonly records?: KeptLimits;
  /** Milliseconds between two group commits of one kind of file, at least; 5. */
  readonly commitInterval?: number;
  /** Octets that wait for the disk before `ready` makes the caller wait; 32 MiB. */
  readonly waitingOctets?: number;
  /** Milliseconds between two attempts to write to a disk that refused; 1,000. */
  readonly retryInterval?: number;
  /** Octets that must be free before a full disk is written to again; 1 MiB. */
  readonly roomToResume?: number;
  readonly fs?: JournalFileSystem;
  /** Milliseconds since 1970. */
  readonly now?: () => number;
  /** Takes the lock of the folder. @throws JournalError `locked` */
  readonly lock?: (folder: string) => { release(): void };
}

const MEBIOCTET = 1 << 20;
const HOUR = 3_600_000;
const DAY = 24 * HOUR;

/** Limits we chose: a file opens quickly in Wireshark, and a week of ordinary traffic fits. */
export const FRAME_LIMITS: KeptLimits = {
  file: { octets: 64 * MEBIOCTET, milliseconds: HOUR },
  all: { files: null, octets: 4096 * MEBIOCTET, milliseconds: 7 * DAY },
};
/** Likewise. */
export const RECORD_LIMITS: KeptLimits = {
  file: { octets: 32 * MEBIOCTET, milliseconds: HOUR },
  all: { files: null, octets: 1024 * MEBIOCTET, milliseconds: 7 * DAY },
};

/** The options with their defaults. */
export function withDefaults(options: JournalOptions): Required<JournalOptions> {
  return {
    frames: options.frames ?? FRAME_LIMITS,
    records: options.records ?? RECORD_LIMITS,
    commitInterval: options.commitInterval ?? 5,
    waitingOctets: options.waitingOctets ?? 32 * MEBIOCTET,
    retryInterval: options.retryInterval ?? 1000,
    roomToResume: options.roomToResume ?? MEBIOCTET,
    fs: options.fs ?? nodeJournalFileSystem,
    now: options.now ?? Date.now,
    lock: options.lock ?? lockFolder,
  };
}

function lockFolder(folder: string): { release(): void } {
  try {
    return Lock.take(nodeFileSystem, `${folder}/journal.lock`, `the journal ${folder}`);
  } catch (error) {
    if (!(error instanceof SidescopeError)) throw error;
    const code = error.code === 'vault.locked' ? 'locked' : 'unreadable';
    throw new JournalError(code, error.message, error.hint, { cause: error });
  }
}
