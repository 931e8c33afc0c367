// Keys of a thread that judges, copies of those of the thread that listens.

import { KeyManagement } from '../engine/key-management.ts';
import { KeyIndex } from '../keyring/key-index.ts';
import { keyringOf } from '../keyring/keyring-copy.ts';
import { AttemptWriter } from './round-attempts.ts';
import type { JudgingMessage } from './round-messages.ts';

/** See the head of the file. */
export class RoundKeys {
  readonly index: KeyIndex;
  readonly management: KeyManagement;
  readonly allowStale: boolean;
  /** Null where nobody asks for the keys that were tried. */
  readonly attempts: AttemptWriter | null;
  readonly #keyring: ReturnType<typeof keyringOf>;

  constructor({ keyring, allowStale, explains }: JudgingMessage) {
    this.#keyring = keyringOf(keyring);
    keyring.keys.octets.fill(0);
    this.index = new KeyIndex(this.#keyring);
    this.management = new KeyManagement(this.#keyring, this.index);
    this.allowStale = allowStale;
    this.attempts = explains ? new AttemptWriter() : null;
  }

  /** Wipes them, and what was derived. */
  wipe(): void {
    this.management.close();
    this.#keyring.wipe();
  }
}
