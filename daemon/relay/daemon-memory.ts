// What a client remembers of a daemon: the latest state of grants that it was told. A daemon that tells an earlier one was
// set back, with everything that could testify to it at its own place. One small file a daemon, named by its key.

import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { SidescopeError } from '../errors.ts';
import { errorCode, type FileSystem, nodeFileSystem, readPrivate, replaceFile } from '../keyring/vault/file-system.ts';
import { RelayError } from './relay-error.ts';
import { isStatePoint, type StatePoint } from './relay-state.ts';

// We chose.
const FILE_MOST = 1024;

const WRITABLE = 'Set XDG_STATE_HOME to a folder of your own';

/** See the head of the file. */
export interface DaemonMemory {
  /** Where it is kept, for an error that names it; null where it ends with the program. */
  readonly place: ((daemon: string) => string) | null;
  /** Latest state of a daemon, by its public key; null where nothing is known. @throws RelayError `memory` */
  seen(daemon: string): StatePoint | null;
  /** @throws RelayError `memory` */
  saw(daemon: string, point: StatePoint): void;
}

/** Lasts as long as the program. */
export class PassingMemory implements DaemonMemory {
  readonly place = null;
  readonly #points = new Map<string, StatePoint>();

  seen(daemon: string): StatePoint | null {
    return this.#points.get(daemon) ?? null;
  }

  saw(daemon: string, point: StatePoint): void {
    this.#points.set(daemon, point);
  }
}

/** Lasts longer: a folder, made where there is none. */
export class FileMemory implements DaemonMemory {
  readonly #folder: string;
  readonly #fs: FileSystem;

  constructor(folder: string, fs: FileSystem = nodeFileSystem) {
    this.#folder = folder;
    this.#fs = fs;
  }

  readonly place = (daemon: string): string => join(this.#folder, daemon);

  seen(daemon: string): StatePoint | null {
    const path = this.place(daemon);
    let octets: Uint8Array;
    try {
      if (!this.#fs.exists(path)) return null;
      octets = readPrivate(this.#fs, path, FILE_MOST, 'what is remembered of the daemon,');
    } catch (error) {
      if (error instanceof SidescopeError) throw memoryError(error.message, error.hint, error);
      const code = errorCode(error);
      // Nothing can lie there; that nothing can be written there is said later.
      if (code === 'ENOTDIR') return null;
      throw memoryError(`${path} cannot be looked at (${code})`, WRITABLE, error);
    }
    const point = parse(octets);
    if (point !== null) return point;
    throw memoryError(`${path} says nothing that sidescope wrote`, 'Remove it once you know why: what it held is lost');
  }

  saw(daemon: string, point: StatePoint): void {
    try {
      mkdirSync(this.#folder, { recursive: true, mode: 0o700 });
      replaceFile(this.#fs, this.place(daemon), Buffer.from(`${JSON.stringify(point)}\n`));
    } catch (error) {
      const code = error instanceof SidescopeError ? error.message : errorCode(error);
      throw memoryError(`the daemon's state cannot be remembered (${code})`, WRITABLE, error);
    }
  }
}

/**
 * Holds what a daemon tells against what is remembered, and remembers it.
 *
 * @returns a warning where it could not be remembered; else null
 * @throws RelayError `rolled-back`; `memory` where what is remembered cannot be read
 */
export function checkState(memory: DaemonMemory, daemon: string, told: StatePoint): RelayError | null {
  const seen = memory.seen(daemon);
  if (seen !== null && seen.epoch === told.epoch && seen.head === told.head) return null;
  if (seen !== null && seen.epoch >= told.epoch) throw rolledBack(memory, daemon, seen, told);
  try {
    memory.saw(daemon, told);
    return null;
  } catch (error) {
    if (error instanceof RelayError) return error;
    throw error;
  }
}

function rolledBack({ place }: DaemonMemory, daemon: string, seen: StatePoint, told: StatePoint): RelayError {
  const message =
    seen.epoch === told.epoch
      ? `the daemon's state of grants is another than it was at change ${seen.epoch}: it was set back and went on`
      : `the daemon's state of grants was set back: it was at change ${seen.epoch}, and now it says ${told.epoch}`;
  const own = place === null ? '' : `; or remove ${place(daemon)} if you know better`;
  const hint = `Its operator must look: \`sidescope grant accept-rollback --above ${seen.epoch}\` makes it count on${own}`;
  return new RelayError('rolled-back', message, hint);
}

function parse(octets: Uint8Array): StatePoint | null {
  try {
    const value: unknown = JSON.parse(Buffer.from(octets).toString('utf8'));
    return isStatePoint(value) ? { epoch: value.epoch, head: value.head } : null;
  } catch {
    return null;
  }
}

function memoryError(message: string, hint: string, cause?: unknown): RelayError {
  return new RelayError('memory', message, hint, undefined, { cause });
}
