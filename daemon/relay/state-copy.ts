// The copy of where the daemon's state stands that lies beside the journal: putting back the state folder alone does not
// cover it. Written after the state file, so it never runs ahead of a change that was made.

import type { KeyObject } from 'node:crypto';
import { type FileSystem, nodeFileSystem } from '../keyring/vault/file-system.ts';
import { publicHex } from './ed25519.ts';
import { RelayError } from './relay-error.ts';
import { isStatePoint, type StatePoint } from './relay-state.ts';
import { StateFile } from './state-file.ts';

// We chose.
const FORMAT = 'sidescope-relay-copy/1';

/** See the head of the file. */
export class StateCopy {
  readonly #file: StateFile;
  readonly #daemon: string;

  /** @param daemon the daemon's private key */
  constructor(path: string, daemon: KeyObject, fs: FileSystem = nodeFileSystem) {
    this.#file = new StateFile(path, 'the copy of the epoch', daemon, fs);
    this.#daemon = publicHex(daemon);
  }

  get path(): string {
    return this.#file.path;
  }

  /** What it says; null where there is none. @throws RelayError `state` where it was changed or is another daemon's */
  read(): StatePoint | null {
    const hint = 'Where the daemon has a new key, remove it: it speaks of the daemon before';
    const value = this.#file.read(FORMAT, hint);
    if (value === null) return null;
    if (isStatePoint(value) && value.daemon === this.#daemon) return { epoch: value.epoch, head: value.head };
    throw new RelayError('state', `${this.path} says nothing that this daemon wrote`, hint);
  }

  /** Durable when it returns. @throws VaultError `not-written`, `in-doubt` */
  write({ epoch, head }: StatePoint): void {
    this.#file.write({ format: FORMAT, daemon: this.#daemon, epoch, head });
  }
}
