// What the tables of `-z` are made of: counts by group, by talker and by interval, gathered while messages pass.

import { destinationText, layer2Text } from './engine/message-event.ts';
import { type MessageTable, NONE } from './engine/message-table.ts';
import { LatestRows, type RunSums, SUM_WORDS, Sum } from './engine/run-sums.ts';
import type { Senders } from './engine/senders.ts';
import { grown, SlotTable } from './engine/slot-table.ts';
import { VERDICTS, type Verdict } from './events.ts';
import type { Keyring } from './keyring/keyring.ts';
import { memberName } from './keyring/member-name.ts';

/** We chose: rows of a table that traffic can fill; above it the least recent row is given up and counted. */
const ROW_CAP = 1 << 15;

/** We chose: (source, group) pairs by which the sources of groups in no keyring are counted; above it a forgotten one counts twice. */
const PAIR_CAP = 1 << 18;

/** One row of `-z groups`. */
export interface GroupRow {
  readonly group: string;
  readonly groupName: string | null;
  readonly messages: number;
  readonly octets: number;
  /** Sources heard. */
  readonly sources: number;
  readonly verdicts: Readonly<Partial<Record<Verdict, number>>>;
  /** Milliseconds since 1970. */
  readonly first: number;
  readonly last: number;
}

/** One row of `-z talkers`. */
export interface TalkerRow {
  readonly group: string;
  readonly groupName: string | null;
  readonly source: string;
  readonly sourceName: string | null;
  readonly messages: number;
  readonly octets: number;
  readonly verdicts: Readonly<Partial<Record<Verdict, number>>>;
  readonly first: number;
  readonly last: number;
}

/** Counts by one key; groups and talkers share it. */
class Counts {
  readonly slots: SlotTable;
  /** A number of the row that no other one had before. */
  generation = new Uint32Array(0);
  messages = new Float64Array(0);
  octets = new Float64Array(0);
  verdicts = new Float64Array(0);
  first = new Float64Array(0);
  last = new Float64Array(0);
  extra = new Uint32Array(0);
  /** Keyring group, destination with its version, and source of the first message of the row, for names. */
  group = new Int32Array(0);
  destination = new Uint32Array(0);
  source = new Uint32Array(0);
  readonly latest = new LatestRows();
  #rows = 0;

  constructor() {
    this.slots = new SlotTable(ROW_CAP, (capacity) => {
      this.generation = grown(this.generation, capacity);
      this.messages = grown(this.messages, capacity);
      this.octets = grown(this.octets, capacity);
      this.verdicts = grown(this.verdicts, capacity * VERDICTS.length);
      this.first = grown(this.first, capacity);
      this.last = grown(this.last, capacity);
      this.extra = grown(this.extra, capacity);
      this.group = grown(this.group, capacity);
      this.destination = grown(this.destination, capacity);
      this.source = grown(this.source, capacity);
      this.latest.grow(capacity);
    });
  }

  /** The row of a key; `table` and `row` name it where it is new. */
  obtain(key0: number, key1: number, table: MessageTable, row: number): number {
    const obtained = this.slots.obtain(key0, key1, 0);
    const slot = obtained < 0 ? -1 - obtained : obtained;
    if (obtained < 0) {
      this.generation[slot] = ++this.#rows;
      this.messages[slot] = 0;
      this.octets[slot] = 0;
      this.verdicts.fill(0, slot * VERDICTS.length, (slot + 1) * VERDICTS.length);
      this.extra[slot] = 0;
      this.first[slot] = table.time[row];
      this.group[slot] = table.group[row];
      this.source[slot] = table.source[row];
      this.destination[slot] = (table.version[row] << 24) | table.destination[row];
    }
    return slot;
  }

  /** Counts a message in the row of its key. */
  add(slot: number, table: MessageTable, row: number): void {
    this.messages[slot]++;
    this.octets[slot] += table.length[row];
    this.verdicts[slot * VERDICTS.length + table.verdict[row]]++;
    this.last[slot] = table.time[row];
  }

  /** Counts messages of a run that are summed, in the row of their key. @param at where their sum begins */
  addSum(slot: number, table: MessageTable, words: Int32Array, at: number): void {
    const messages = words[at + Sum.messages];
    const last = words[at + Sum.last];
    this.messages[slot] += messages;
    this.octets[slot] += words[at + Sum.octets];
    this.verdicts[slot * VERDICTS.length + table.verdict[last]] += messages;
    if (this.latest.note(slot, last)) this.last[slot] = table.time[last];
  }

  /** How the group of a row is written. */
  label(slot: number, keyring: Keyring): string {
    const group = this.group[slot];
    const destination = this.destination[slot];
    return group < 0 ? destinationText(destination & 0xff_ffff, destination >>> 24) : keyring.groups[group].idText;
  }

  verdictsOf(slot: number): Partial<Record<Verdict, number>> {
    const named: Partial<Record<Verdict, number>> = {};
    VERDICTS.forEach((verdict, code) => {
      const count = this.verdicts[slot * VERDICTS.length + code];
      if (count > 0) named[verdict] = count;
    });
    return named;
  }
}

/** Gathers what `-z groups`, `-z talkers` and `-z io` print. */
export class Statistics {
  readonly #keyring: Keyring;
  readonly #groups = new Counts();
  readonly #talkers: Counts | null;
  /** Sources and rows of groups that are in no keyring. */
  readonly #pairs = new SlotTable(PAIR_CAP, () => undefined);
  /** By group of the keyring: one more than its row, as long as that is its. */
  #rowOf = new Int32Array(0);
  // By sender in a group of the keyring: the generation of the row in which it was counted; one more than its own row, and
  // how many rows had been given up by then.
  #countedIn = new Uint32Array(0);
  #talker = new Int32Array(0);
  #talkerGivenUp = new Uint32Array(0);
  #senders: Senders | null = null;

  /** @param countsTalkers whether `talkers` will be asked for: they take more than everything else */
  constructor(keyring: Keyring, countsTalkers = true) {
    this.#keyring = keyring;
    this.#talkers = countsTalkers ? new Counts() : null;
  }

  /** Rows given up to keep within the cap. */
  get evictions(): number {
    return this.#groups.slots.evictions + (this.#talkers?.slots.evictions ?? 0);
  }

  /**
   * Counts judged messages.
   *
   * @param until row behind the last
   * @param senders who they are of; always the same
   * @param sums the same by context, of groups of the keyring; null: they are not summed
   */
  note(table: MessageTable, from: number, until: number, senders: Senders, sums: RunSums | null = null): void {
    if (this.#senders === null) this.#keepBeside(senders);
    const groups = this.#groups;
    const talkers = this.#talkers;
    // Which rows full tables give up depends on the order of messages.
    if (sums !== null && !groups.slots.isFull && talkers?.slots.isFull !== true) {
      this.#noteSums(table, sums, senders);
      return;
    }
    const { group } = table;
    for (let row = from; row < until; row++) {
      if (group[row] < 0) {
        const slot = this.#unknown(table, row);
        groups.add(slot, table, row);
        talkers?.add(talkers.obtain(table.source[row], slot, table, row), table, row);
        continue;
      }
      const sender = senders.of(table, row);
      const slot = this.#known(table, row, sender);
      groups.add(slot, table, row);
      talkers?.add(this.#talkerOf(talkers, sender, slot, table, row), table, row);
    }
  }

  #noteSums(table: MessageTable, { words, contexts }: RunSums, senders: Senders): void {
    const groups = this.#groups;
    const talkers = this.#talkers;
    const end = contexts * SUM_WORDS;
    for (let at = 0; at < end; at += SUM_WORDS) {
      const row = words[at + Sum.first];
      const sender = senders.of(table, row);
      const slot = this.#known(table, row, sender);
      groups.addSum(slot, table, words, at);
      talkers?.addSum(this.#talkerOf(talkers, sender, slot, table, row), table, words, at);
    }
    for (let at = 0; at < end; at += SUM_WORDS) {
      const row = words[at + Sum.first];
      groups.latest.clear(this.#rowOf[table.group[row]] - 1);
      talkers?.latest.clear(this.#talker[senders.of(table, row)] - 1);
    }
  }

  /** The row of a group of the keyring, in which the sender is counted once. */
  #known(table: MessageTable, row: number, sender: number): number {
    const groups = this.#groups;
    const group = table.group[row];
    let slot = group < this.#rowOf.length ? this.#rowOf[group] - 1 : NONE;
    if (slot < 0 || groups.group[slot] !== group) slot = this.#row(table, row);
    groups.slots.touch(slot);
    // A row that was given up and taken again is of another generation, and its sources count anew.
    if (this.#countedIn[sender] !== groups.generation[slot]) {
      this.#countedIn[sender] = groups.generation[slot];
      groups.extra[slot]++;
    }
    return slot;
  }

  /** The row of a group of the keyring that has none, or had one that is another's now. */
  #row(table: MessageTable, row: number): number {
    const group = table.group[row];
    const slot = this.#groups.obtain(group, 1, table, row);
    if (group >= this.#rowOf.length) {
      this.#rowOf = grown(this.#rowOf, Math.max(16, this.#rowOf.length * 2, group + 1));
    }
    this.#rowOf[group] = slot + 1;
    return slot;
  }

  /** The row of a group that is in no keyring, which counts its source where that is new. */
  #unknown(table: MessageTable, row: number): number {
    const slot = this.#groups.obtain(table.destination[row] | (table.version[row] << 24), 0, table, row);
    const generation = this.#groups.generation[slot];
    if (this.#pairs.obtain(table.source[row], slot, generation) < 0) this.#groups.extra[slot]++;
    return slot;
  }

  /** The row of a sender: the keys are its source and the row of its group. It holds as long as no row is given up. */
  #talkerOf(talkers: Counts, sender: number, group: number, table: MessageTable, row: number): number {
    const slot = this.#talker[sender] - 1;
    if (slot >= 0 && this.#talkerGivenUp[sender] === this.evictions) return slot;
    const obtained = talkers.obtain(table.source[row], group, table, row);
    this.#talker[sender] = obtained + 1;
    this.#talkerGivenUp[sender] = this.evictions;
    return obtained;
  }

  #keepBeside(senders: Senders): void {
    this.#senders = senders;
    senders.add({
      grow: (capacity) => {
        this.#countedIn = grown(this.#countedIn, capacity);
        if (this.#talkers === null) return;
        this.#talker = grown(this.#talker, capacity);
        this.#talkerGivenUp = grown(this.#talkerGivenUp, capacity);
      },
      forget: (sender) => {
        this.#countedIn[sender] = 0;
        this.#talker[sender] = 0;
      },
    });
  }

  /** Rows in the order in which the groups were first heard. */
  groups(): GroupRow[] {
    const rows: GroupRow[] = [];
    const counts = this.#groups;
    for (let slot = 0; slot < counts.slots.size; slot++) {
      const group = counts.group[slot];
      rows.push({
        group: counts.label(slot, this.#keyring),
        groupName: group < 0 ? null : this.#keyring.groups[group].name,
        messages: counts.messages[slot],
        octets: counts.octets[slot],
        sources: counts.extra[slot],
        verdicts: counts.verdictsOf(slot),
        first: counts.first[slot],
        last: counts.last[slot],
      });
    }
    return rows;
  }

  /** Rows with the most messages first. */
  talkers(): TalkerRow[] {
    const rows: TalkerRow[] = [];
    const counts = this.#talkers;
    if (counts === null) return rows;
    for (let slot = 0; slot < counts.slots.size; slot++) {
      const group = counts.group[slot];
      rows.push({
        group: counts.label(slot, this.#keyring),
        groupName: group < 0 ? null : this.#keyring.groups[group].name,
        source: layer2Text(counts.source[slot]),
        sourceName: group < 0 ? null : memberName(this.#keyring.groups[group], counts.source[slot], counts.last[slot]),
        messages: counts.messages[slot],
        octets: counts.octets[slot],
        verdicts: counts.verdictsOf(slot),
        first: counts.first[slot],
        last: counts.last[slot],
      });
    }
    return rows.sort((a, b) => b.messages - a.messages || (a.source < b.source ? -1 : 1));
  }
}
