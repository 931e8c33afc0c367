// Finds the keys that a message could be ciphered with. Asked millions of times a second: no look-up makes an object.

import { grown } from '../engine/slot-table.ts';
import type { Group, PgkEpoch } from './group.ts';
import type { Keyring } from './keyring.ts';

/** The specification says: values of the PGK Index (TS 36.323 6.3.12). */
const INDEXES = 32;

const NO_GROUPS: readonly Group[] = [];
const NO_EPOCHS: readonly PgkEpoch[] = [];

/**
 * Groups by destination, keys by group and PGK Index. Lists are made when they are first asked for, and are in order of serial; a
 * list that a caller holds grows when `refresh` finds more, until the next `rebuild`. Bounded by the caps of the keyring.
 */
export class KeyIndex {
  readonly #keyring: Keyring;
  readonly #exact = new Map<number, Group[]>();
  readonly #high16 = new Map<number, Group[]>();
  /** At `group.index * 32 + index5`: one more than the place in `#lists`; 0 where nobody asked. With room for groups to come. */
  #listAt = new Int32Array(0);
  /** Keys of a group and a PGK Index that are held. */
  readonly #lists: PgkEpoch[][] = [];
  /** At `group.index`: bit n says that a key with PGK Index n is known, held or destroyed. */
  readonly #known: number[] = [];
  /** Held keys of all groups by PGK Index, where somebody asked. */
  readonly #byIndex: (PgkEpoch[] | undefined)[] = Array.from({ length: INDEXES });
  #groupsSeen = 0;
  #epochsSeen = 0;

  constructor(keyring: Keyring) {
    this.#keyring = keyring;
    this.refresh();
  }

  /** Takes in groups and keys that were added to the keyring since. */
  refresh(): void {
    const { groups, epochs } = this.#keyring;
    for (; this.#groupsSeen < groups.length; this.#groupsSeen++) {
      const group = groups[this.#groupsSeen];
      this.#exact.set(group.id, [group]);
      const high = group.id >>> 8;
      const sharing = this.#high16.get(high);
      if (sharing === undefined) this.#high16.set(high, [group]);
      else sharing.push(group);
      this.#known.push(0);
    }
    const places = groups.length * INDEXES;
    if (places > this.#listAt.length) this.#listAt = grown(this.#listAt, Math.max(places, this.#listAt.length * 2));
    for (; this.#epochsSeen < epochs.length; this.#epochsSeen++) this.#add(epochs[this.#epochsSeen]);
  }

  /** Looks at every key again: some were destroyed since. Takes time linear in the keys. */
  rebuild(): void {
    this.#listAt.fill(0);
    this.#lists.length = 0;
    this.#byIndex.fill(undefined);
    this.#epochsSeen = 0;
    this.refresh();
  }

  /** As `Keyring.changes` has it. */
  get changes(): number {
    return this.#keyring.changes;
  }

  /** The key with this serial. */
  epoch(serial: number): PgkEpoch {
    return this.#keyring.epochs[serial];
  }

  /**
   * Groups that a destination can mean.
   *
   * @param destination 24 bits; where it is not exact the low 8 do not count (SL-SCH version 1 and 2)
   */
  groupsFor(destination: number, isExact: boolean): readonly Group[] {
    if (isExact) return this.#exact.get(destination) ?? NO_GROUPS;
    return this.#high16.get(destination >>> 8) ?? NO_GROUPS;
  }

  /** Keys of a group that have this PGK Index and are held. */
  candidates(group: Group, index5: number): readonly PgkEpoch[] {
    const list = this.#listAt[group.index * INDEXES + index5];
    return list > 0 ? this.#lists[list - 1] : this.#listOf(group, index5);
  }

  /** Keys of all groups (also of those that `groupsFor` gives) that have this PGK Index and are held. */
  othersWithIndex(index5: number): readonly PgkEpoch[] {
    this.#byIndex[index5] ??= this.#seen(this.#keyring.epochs, index5);
    return this.#byIndex[index5];
  }

  /** Whether a group has a key with this PGK Index, in any state, destroyed ones too (findings, key.unknown_index). */
  hasIndex(group: Group, index5: number): boolean {
    return ((this.#known[group.index] >>> index5) & 1) === 1;
  }

  #listOf(group: Group, index5: number): readonly PgkEpoch[] {
    if (!this.hasIndex(group, index5)) return NO_EPOCHS;
    const list = this.#seen(group.keys, index5);
    this.#listAt[group.index * INDEXES + index5] = this.#lists.push(list);
    return list;
  }

  /** Those of some keys that have a PGK Index, are held, and were taken in. */
  #seen(epochs: readonly PgkEpoch[], index5: number): PgkEpoch[] {
    return epochs.filter((epoch) => epoch.index5 === index5 && epoch.isHeld && epoch.serial < this.#epochsSeen);
  }

  #add(epoch: PgkEpoch): void {
    this.#known[epoch.group.index] |= 1 << epoch.index5;
    if (!epoch.isHeld) return;
    this.#byIndex[epoch.index5]?.push(epoch);
    const list = this.#listAt[epoch.group.index * INDEXES + epoch.index5];
    if (list > 0) this.#lists[list - 1].push(epoch);
  }
}
