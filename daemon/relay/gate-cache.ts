// The gate, asked once a key between two refreshes: thousands of records of one flush stand under the same few keys, and
// every subscriber is sent the same messages.

import type { Gate } from './access.ts';
import type { KeyName } from './relay-record.ts';

// We chose: answers kept; above, all are asked anew.
const KEPT = 4096;

/** See the head of the file. `refresh` at each flush and whenever keys change. */
export class GateCache implements Gate {
  readonly #gate: Gate;
  readonly #answers = new Map<string, boolean>();
  // The key asked for last: most records follow one of the same key.
  #lastKey: KeyName | null = null;
  #lastTrack = -1;
  #lastAnswer = false;
  #plainAllowed: boolean;
  /** Counts refreshes: within one no answer changes. */
  turn = 0;

  constructor(gate: Gate) {
    this.#gate = gate;
    this.#plainAllowed = gate.plainAllowed;
  }

  get plainAllowed(): boolean {
    return this.#plainAllowed;
  }

  /** Forgets all answers. */
  refresh(): void {
    this.turn++;
    this.#answers.clear();
    this.#lastKey = null;
    this.#plainAllowed = this.#gate.plainAllowed;
  }

  mayUse(key: KeyName, track: number): boolean {
    if (key === this.#lastKey && track === this.#lastTrack) return this.#lastAnswer;
    const name = `${key.group} ${key.pgkId} ${key.notBefore} ${track}`;
    let answer = this.#answers.get(name);
    if (answer === undefined) {
      answer = this.#gate.mayUse(key, track);
      if (this.#answers.size >= KEPT) this.#answers.clear();
      this.#answers.set(name, answer);
    }
    this.#lastKey = key;
    this.#lastTrack = track;
    this.#lastAnswer = answer;
    return answer;
  }
}
