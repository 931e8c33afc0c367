// A keyring that follows a vault while an analysis runs on it. The daemon's engine opens the vault once; orders, imports and
// changed groups then reach the running analysis here, and the very next message is judged by them.
//
// It also keeps the second clock (docs/architecture.md): a verdict goes by capture time, and whether plaintext under a key
// may leave today goes by the wall clock, which is `PgkEpoch.forbidden`.

import type { EpochStateName } from '../events.ts';
import { SKEW_MS, usableAt } from './epoch-state.ts';
import { type EpochContents, type EpochDates, type Group, type PgkEpoch, sameOctets } from './group.ts';
import { type Keyring, NodeKey } from './keyring.ts';
import { Pmk } from './pmk.ts';
import { type Roster, rosterOf } from './roster.ts';

/** Where the keys come from: a vault (vault.ts), or something like it in tests. */
export interface KeySource {
  /** Counts the changes. */
  readonly generation: number;
  /**
   * What "today" goes by, milliseconds since 1970: the wall clock of the vault, which throws where it was turned back too
   * far; for a replay that keeps its own time, capture time.
   */
  now(): number;
  /** Every key that is not destroyed. Whoever asked wipes it. */
  heldKeys(): Keyring;
}

/** What changed in a keyring that an analysis stands on. */
export interface KeyringChange {
  /** Serials of keys under which nothing derived before is good any more: destroyed, or used in another way now. */
  readonly underived: ReadonlySet<number>;
}

/** Who is told of changes: `Analysis`. */
export interface KeyringUser {
  keyringChanged(change: KeyringChange): void;
}

/** Dates that orders set. */
const ORDERS = ['revokedAt', 'compromisedAt', 'suspendedAt', 'resumedAt', 'destroyedAt'] as const;

/** When a key of the vault is valid; a delivery in the traffic cannot make it longer. */
type Window = Pick<EpochDates, 'notBefore' | 'notAfter'>;

/**
 * Keeps a keyring in step with a vault.
 *
 *     const live = new LiveKeyring(vault);
 *     const analysis = new Analysis({ keyring: live.keyring, live: true }, listener);
 *     live.follow(analysis);
 *     // after each order or import, and before each batch of frames (then it is one comparison or two):
 *     live.refresh();
 *
 * A change is in force when `refresh` returns. Groups and keys keep their places, so nothing that the analysis remembers of
 * contexts, counters and replays is lost. Each analysis has a live keyring of its own: what is delivered in its traffic,
 * and the clock it goes by, are no other's.
 */
export class LiveKeyring {
  readonly keyring: Keyring;
  readonly #source: KeySource;
  readonly #users: KeyringUser[] = [];
  /** Keys of the vault by group, id and beginning, and the serials they have here. */
  readonly #serials = new Map<string, number>();
  /** By serial; keys that only a delivery in the traffic brought have none. */
  readonly #windows: (Window | undefined)[] = [];
  #generation = -1;
  #now = 0;
  /** The wall clock at which some key may become or cease to be usable. */
  #nextTurn = Number.NEGATIVE_INFINITY;
  #epochs = 0;

  /** @param source stays open as long as the analysis runs */
  constructor(source: KeySource) {
    this.#source = source;
    this.#now = source.now();
    this.#generation = source.generation;
    this.keyring = source.heldKeys();
    for (const epoch of this.keyring.epochs) this.#bind(epoch.group, epoch, epoch.serial);
    this.#turn();
    this.keyring.gate = (epoch) => this.forbiddenAt(epoch, this.#now);
  }

  /** Tells somebody of every change from now on. */
  follow(user: KeyringUser): void {
    this.#users.push(user);
  }

  /**
   * Brings the keyring to what the vault says now, at the time it is now.
   *
   * @returns whether anything of the vault was new
   * @throws what the source throws; until it answers again no plaintext under any key leaves
   */
  refresh(): boolean {
    const { keyring } = this;
    const before = this.#now;
    try {
      this.#now = this.#source.now();
      const { generation } = this.#source;
      const isNew = generation !== this.#generation;
      if (isNew) this.#takeIn();
      this.#generation = generation;
      const isGrown = keyring.epochs.length !== this.#epochs;
      if (isNew || isGrown || this.#now >= this.#nextTurn || this.#now < before) this.#turn();
      return isNew;
    } catch (error) {
      for (const epoch of keyring.epochs) keyring.forbid(epoch, 'suspended');
      this.#nextTurn = Number.NEGATIVE_INFINITY;
      throw error;
    }
  }

  /** The state that forbids plaintext under a key at an instant, milliseconds since 1970; null where it may be used then. */
  forbiddenAt(epoch: PgkEpoch, time: number): EpochStateName | null {
    const own = usableAt(epoch, time);
    if (own !== 'active') return own;
    const window = this.#windows[epoch.serial];
    if (window === undefined) return null;
    const state = usableAt({ ...datesOf(epoch), ...window, earlierEnds: [] }, time);
    return state === 'active' ? null : state;
  }

  /** Overwrites every key. */
  wipe(): void {
    this.keyring.wipe();
  }

  #takeIn(): void {
    const held = this.#source.heldKeys();
    try {
      const underived = new Set<number>();
      for (const group of held.groups) this.#takeGroup(group, underived);
      this.#takeOthers(held);
      for (const user of this.#users) user.keyringChanged({ underived });
    } finally {
      held.wipe();
    }
  }

  #takeGroup(theirs: Group, underived: Set<number>): void {
    const { keyring } = this;
    let ours = keyring.groupById(theirs.id);
    const algorithms = (ours?.keys ?? []).map(({ algorithm }) => algorithm);
    if (ours === undefined) ours = keyring.addGroup({ ...theirs, members: ownRoster(theirs), keys: [] });
    else if (!sameDescription(ours, theirs)) {
      if (ours.derivation !== theirs.derivation) for (const key of ours.keys) underived.add(key.serial);
      keyring.describeGroup(ours, { ...theirs, members: ownRoster(theirs) });
    }
    const fresh: PgkEpoch[] = [];
    for (const key of theirs.keys) {
      const known = this.#serials.get(nameOf(ours, key)) ?? delivered(ours, key)?.serial;
      if (known === undefined) fresh.push(key);
      else this.#restate(keyring.epochs[known], key, underived);
    }
    // A group that was only delivered to may turn out to use another one.
    for (const [i, algorithm] of algorithms.entries()) {
      const key = ours.keys[i];
      if (key.algorithm !== algorithm) underived.add(key.serial);
    }
    if (fresh.length === 0) return;
    // The windows stand before the keys are added: the gate asks for them.
    for (const [i, key] of fresh.entries()) this.#bind(ours, key, keyring.epochs.length + i);
    const contents = fresh.map((key) => contentsFor(ours, key));
    keyring.addKeys(ours, contents);
  }

  #bind(group: Group, key: PgkEpoch, serial: number): void {
    this.#serials.set(nameOf(group, key), serial);
    this.#windows[serial] = { notBefore: key.notBefore, notAfter: key.notAfter };
  }

  /** A key that is here already, as the vault has it now. */
  #restate(ours: PgkEpoch, theirs: PgkEpoch, underived: Set<number>): void {
    const { serial } = ours;
    const isShorter = this.#windows[serial]?.notAfter !== theirs.notAfter;
    this.#bind(ours.group, theirs, serial);
    if (ours.algorithm !== theirs.algorithm) this.keyring.useAlgorithm(ours, theirs.algorithm);
    const { revokedAt, compromisedAt, suspendedAt, resumedAt, destroyedAt, notAfter } = theirs;
    const orders = { revokedAt, compromisedAt, suspendedAt, resumedAt, destroyedAt };
    const isSame = ORDERS.every((order) => ours[order] === orders[order]);
    if (isSame && !isShorter) return;
    if (destroyedAt !== null && ours.isHeld) underived.add(serial);
    const clipped = ours.earlierEnds.map((end) => ({ ...end, notAfter: Math.min(end.notAfter, notAfter) }));
    // Deliveries in the traffic may have moved the ends of its window. What the vault takes from it, it takes for good.
    const ends = isShorter ? { notAfter: Math.min(ours.notAfter, notAfter), earlierEnds: clipped } : {};
    this.keyring.restate(ours, { ...datesOf(ours), ...ends, ...orders });
  }

  /** PMKs, node keys and managers that are new, and corrected profiles of PMKs. The vault never takes one away. */
  #takeOthers(held: Keyring): void {
    const { keyring } = this;
    const pmkName = (pmk: Pmk): string => Buffer.from(pmk.id).toString('hex');
    const profiles = new Map(held.pmks.map((pmk) => [pmkName(pmk), pmk.profile]));
    for (const pmk of keyring.pmks) pmk.describe(profiles.get(pmkName(pmk)) ?? pmk.profile);
    const missing = <Value>(
      theirs: readonly Value[],
      ours: readonly Value[],
      name: (value: Value) => string,
    ): Value[] => {
      if (theirs.length === ours.length) return [];
      const known = new Set(ours.map(name));
      return theirs.filter((each) => !known.has(name(each)));
    };
    const pmks = missing(held.pmks, keyring.pmks, pmkName);
    const lkh = missing(held.lkh, keyring.lkh, (node) => `${node.group}/${node.node}/${node.version}`);
    keyring.addOthers({
      pmks: pmks.map((pmk) => new Pmk(pmk.id, Uint8Array.from(pmk.octets), pmk.member, pmk.profile)),
      lkh: lkh.map((node) => new NodeKey(node.group, node.node, node.version, Uint8Array.from(node.octets))),
      managers: missing(held.managers, keyring.managers, ({ name }) => name),
    });
  }

  /** Looks at every key by the wall clock, and when that has to be done again. */
  #turn(): void {
    const { keyring } = this;
    const now = this.#now;
    let next = Number.POSITIVE_INFINITY;
    for (const epoch of keyring.epochs) {
      keyring.forbid(epoch, this.forbiddenAt(epoch, now));
      for (const at of turnsOf(epoch, this.#windows[epoch.serial])) if (at >= now && at < next) next = at;
    }
    this.#nextTurn = next;
    this.#epochs = keyring.epochs.length;
  }
}

/** Key of a vault: a PGK id may come round again, for another time. */
function nameOf(group: Group, key: PgkEpoch): string {
  return `${group.id}/${key.id}/${key.notBefore}`;
}

function contentsFor(group: Group, key: PgkEpoch): EpochContents {
  const algorithm = key.algorithm === group.algorithm ? null : key.algorithm;
  const octets = key.octets === null ? null : Uint8Array.from(key.octets);
  return { ...datesOf(key), id: key.id, algorithm, octets };
}

/** The key of a group that a delivery brought before the vault had it. */
function delivered(group: Group, theirs: PgkEpoch): PgkEpoch | undefined {
  const { octets } = theirs;
  if (octets === null) return undefined;
  return group.keys.find((key) => key.id === theirs.id && key.octets !== null && sameOctets(key.octets, octets));
}

function datesOf(epoch: EpochDates): EpochDates {
  const { notBefore, notAfter, earlierEnds, revokedAt, compromisedAt, suspendedAt, resumedAt, destroyedAt } = epoch;
  return { notBefore, notAfter, earlierEnds, revokedAt, compromisedAt, suspendedAt, resumedAt, destroyedAt };
}

/** Instants of the wall clock at which the answer to `usableAt` may change. */
function turnsOf(epoch: EpochDates, window: Window | undefined): number[] {
  const dates = [epoch.revokedAt, epoch.compromisedAt, epoch.suspendedAt, epoch.resumedAt];
  const ends = [epoch.notAfter, ...epoch.earlierEnds.flatMap(({ until, notAfter }) => [notAfter, until - SKEW_MS])];
  const begins = [epoch.notBefore];
  if (window !== undefined) {
    ends.push(window.notAfter);
    begins.push(window.notBefore);
  }
  return [
    ...dates.filter((at) => at !== null),
    ...ends.map((end) => end + SKEW_MS),
    ...begins.map((begin) => begin - SKEW_MS),
  ];
}

/** Whether two groups are the same but for their keys. */
function sameDescription(a: Group, b: Group): boolean {
  return descriptionOf(a) === descriptionOf(b);
}

function descriptionOf({ name, algorithm, protection, derivation, multicast, members, assumed }: Group): string {
  const plain = (_name: string, value: unknown): unknown =>
    value instanceof Uint8Array ? Buffer.from(value).toString('hex') : value;
  return JSON.stringify({ name, algorithm, protection, derivation, multicast, members, assumed }, plain);
}

/** Copied: a roster holds the columns of all that were read with it, and would keep them for as long as it stays. */
function ownRoster({ roster }: Group): Roster {
  return rosterOf(roster.drafts());
}
