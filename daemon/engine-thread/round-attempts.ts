// Keys that were tried on the messages of a round, for layer trees that explain verdicts: written down in the thread that
// judges, told again in the one that listens. On most messages one key was tried, and the columns of the message say which
// and how it went; only what was otherwise is handed over.

import type { Attempt } from '../engine/judge.ts';
import { type MessageTable, NONE } from '../engine/message-table.ts';
import type { KeyIndex } from '../keyring/key-index.ts';

/** A message whose attempts are handed over: its row, and how many follow. */
const HEAD_WORDS = 2;

const NO_WORDS: Uint32Array = new Uint32Array(0);

/** In the thread that judges. Bounded by the messages of a round and the keys that are tried on one (judge.ts). */
export class AttemptWriter {
  /** Where the judge writes down the keys that it tries (`Judgement.traceInto`). */
  readonly attempts: Attempt[] = [];
  readonly #words: number[] = [];

  /** This row was judged; what was tried on it is in `attempts`, which is emptied. */
  note(table: MessageTable, row: number): void {
    const { attempts } = this;
    if (!isUsual(table, row, attempts)) {
      this.#words.push(row, attempts.length);
      for (const { epoch, p2, algorithm, tenths, passed, failed } of attempts) {
        this.#words.push(epoch.serial, p2, algorithm, tenths, passed, failed);
      }
    }
    // Setting the length would give its memory up.
    while (attempts.length > 0) attempts.pop();
  }

  /** What was noted since the last time, for `AttemptReader.begin`; null where all was as usual. */
  take(): Uint32Array | null {
    if (this.#words.length === 0) return null;
    const words = Uint32Array.from(this.#words);
    this.#words.length = 0;
    return words;
  }
}

/** In the thread that listens. */
export class AttemptReader {
  readonly #index: KeyIndex;
  #words = NO_WORDS;
  #at = 0;
  /** The usual attempt that was told last, by serial of its key. */
  readonly #usual: (Attempt | undefined)[] = [];

  /** @param index of the same keys as in the other thread */
  constructor(index: KeyIndex) {
    this.#index = index;
  }

  /** Another round begins. */
  begin(words: Uint32Array | null): void {
    this.#words = words ?? NO_WORDS;
    this.#at = 0;
  }

  /** Adds what was tried on this row to `attempts`. Rows come in order. */
  tell(table: MessageTable, row: number, attempts: Attempt[]): void {
    const words = this.#words;
    if (this.#at < words.length && words[this.#at] === row) {
      const count = words[this.#at + 1];
      let at = this.#at + HEAD_WORDS;
      for (let index = 0; index < count; index++) {
        const epoch = this.#index.epoch(words[at++]);
        const [p2, algorithm, tenths] = [words[at++], words[at++], words[at++]];
        attempts.push({ epoch, p2, algorithm, tenths, passed: words[at++], failed: words[at++] });
      }
      this.#at = at;
    } else if (table.epoch[row] !== NONE) attempts.push(this.#usualOf(table, row, table.epoch[row]));
  }

  #usualOf(table: MessageTable, row: number, serial: number): Attempt {
    const last = this.#usual[serial];
    const tenths = table.evidence[row];
    const passed = table.passed[row];
    const failed = table.failed[row];
    if (last?.tenths === tenths && last.passed === passed && last.failed === failed) return last;
    const epoch = this.#index.epoch(serial);
    const attempt = { epoch, p2: epoch.group.id, algorithm: epoch.algorithm, tenths, passed, failed };
    this.#usual[serial] = attempt;
    return attempt;
  }
}

/** Whether the attempts are those that follow from the columns: one with the key of the message, none where it has none. */
function isUsual(table: MessageTable, row: number, attempts: readonly Attempt[]): boolean {
  const serial = table.epoch[row];
  if (serial === NONE) return attempts.length === 0;
  if (attempts.length !== 1) return false;
  const { epoch, p2, algorithm, tenths, passed, failed } = attempts[0];
  return (
    epoch.serial === serial &&
    p2 === epoch.group.id &&
    algorithm === epoch.algorithm &&
    tenths === table.evidence[row] &&
    passed >>> 0 === table.passed[row] &&
    failed >>> 0 === table.failed[row]
  );
}
