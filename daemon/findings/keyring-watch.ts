// Flaws of the keyring (findings, key.weak and key.index_clash): told with the first frame, and again where a delivered
// key brings a new one.

import { NO_GROUP } from '../engine/group-key.ts';
import { type KeyFlaw, lintKeys } from '../keyring/key-lint.ts';
import type { Keyring } from '../keyring/keyring.ts';
import { ConfidenceLevel, findingNumber, SeverityLevel } from './finding-names.ts';
import { NO_FRAME, NO_PGK, type Recorder } from './recorder.ts';
import { NO_SOURCE } from './subject.ts';

const WEAK = findingNumber('key.weak');
const CLASH = findingNumber('key.index_clash');

/** See the head of the file. */
export class KeyringWatch {
  readonly #recorder: Recorder;
  readonly #keyring: Keyring;
  readonly #told = new Set<string>();
  #epochs = 0;

  constructor(recorder: Recorder, keyring: Keyring) {
    this.#recorder = recorder;
    this.#keyring = keyring;
  }

  /** Whether keys came since it looked last. */
  get isBehind(): boolean {
    return this.#keyring.epochs.length !== this.#epochs;
  }

  /** A frame is at hand: looks at the keyring where keys came since the last time. */
  frame(): void {
    const { length } = this.#keyring.epochs;
    if (length === this.#epochs) return;
    this.#epochs = length;
    for (const flaw of lintKeys(this.#keyring)) {
      const key = `${flaw.name} ${flaw.group} ${flaw.pgkIds.join()}`;
      if (this.#told.has(key)) continue;
      this.#told.add(key);
      this.#tell(flaw);
    }
  }

  #tell(flaw: KeyFlaw): void {
    const isWeak = flaw.name === 'key.weak';
    const group = this.#keyring.groupById(Number.parseInt(flaw.group, 16));
    const record = this.#recorder.raise(
      isWeak ? WEAK : CLASH,
      isWeak ? SeverityLevel.high : SeverityLevel.medium,
      ConfidenceLevel.proved,
      group === undefined ? NO_GROUP : group.index,
      NO_SOURCE,
      flaw.pgkIds[0] ?? NO_PGK,
      NO_FRAME,
    );
    if (record === null) return;
    record.summary = flaw.text;
    record.evidence = { pgkIds: flaw.pgkIds };
  }
}
