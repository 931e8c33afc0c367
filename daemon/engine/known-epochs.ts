// What messages under a key come to, written down for the kernel of next-message-kernel.ts: for a span of time in which that is
// the same for all of them, until something of the keyring changes.

import { hostWord } from '../../dissectors/security/words.ts';
import { epochStateNumberAt, isUsableAt } from '../keyring/epoch-state.ts';
import type { KeyIndex } from '../keyring/key-index.ts';
import { steadySpan } from '../keyring/steady-span.ts';
import { AddressesByGroup } from './group-addresses.ts';
import { mayShow, verdictBy } from './key-verdict.ts';
import { MessageFlag } from './message-table.ts';
import { EPOCHS_AT, KNOWN_EPOCH_OCTETS, KNOWN_EPOCHS_CAP, KnownEpoch } from './next-message-rows.ts';

/** IPv4 addresses of a group that there is room for. Messages of groups with more are judged without the kernel. */
const ADDRESSES = 2;

/** See the head of the file. */
export class KnownEpochs {
  readonly #index: KeyIndex;
  readonly #addresses = new AddressesByGroup();
  readonly #allowStale: boolean;
  readonly #words: Int32Array;
  readonly #instants: Float64Array;

  /** @param at where the kernel has its memory (next-message-rows.ts) */
  constructor(index: KeyIndex, allowStale: boolean, memory: SharedArrayBuffer, at: number) {
    this.#index = index;
    this.#allowStale = allowStale;
    const octets = KNOWN_EPOCHS_CAP * KNOWN_EPOCH_OCTETS;
    this.#words = new Int32Array(memory, at + EPOCHS_AT, octets >>> 2);
    this.#instants = new Float64Array(memory, at + EPOCHS_AT, octets >>> 3);
  }

  /** What a key that is known now has in `KnownEpoch.changes`; never 0. */
  get changes(): number {
    return (this.#index.changes + 1) | 0;
  }

  /**
   * Writes a key down for messages of some time.
   *
   * @returns false where it was known for it before, or cannot be
   */
  learn(serial: number, time: number): boolean {
    if (serial < 0 || serial >= KNOWN_EPOCHS_CAP) return false;
    const word = serial * (KNOWN_EPOCH_OCTETS >>> 2);
    const instant = word >>> 1;
    const words = this.#words;
    const { changes } = this;
    const isHeld = words[word + (KnownEpoch.changes >>> 2)] === changes;
    if (isHeld && this.#instants[instant] < time && time < this.#instants[instant + 1]) return false;
    const epoch = this.#index.epoch(serial);
    const { group } = epoch;
    const { ipv4 } = this.#addresses.of(group);
    if (!epoch.isHeld || ipv4.length > ADDRESSES) return false;
    const { after, before } = steadySpan(epoch, time);
    if (time <= after || before <= time) return false;
    const state = epochStateNumberAt(epoch, time);
    const usable = isUsableAt(epoch, time);
    const shown = mayShow(epoch, usable, this.#allowStale) ? MessageFlag.plaintextShown : 0;
    const [first = 0, other = first] = ipv4;
    const write = (field: keyof typeof KnownEpoch, value: number): void => {
      words[word + (KnownEpoch[field] >>> 2)] = value;
    };
    this.#instants[instant] = after;
    this.#instants[instant + 1] = before;
    write('changes', changes);
    write('group', group.index);
    write('flags', MessageFlag.opened | shown);
    write('state', state);
    write('verdict', verdictBy(usable));
    write('addressless', ipv4.length === 0 ? 1 : 0);
    write('firstAddress', hostWord(first));
    write('otherAddress', hostWord(other));
    return true;
  }
}
