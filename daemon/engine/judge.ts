// What a message is: finds the key that opens it, weighs the plaintext, gives the verdict (interfaces 3). Messages are
// judged in the order of the capture; what an earlier message proved counts for a later one, never the other way round.

import { epochStateNumberAt, isUsableAt } from '../keyring/epoch-state.ts';
import type { KeyIndex } from '../keyring/key-index.ts';
import type { Group, PgkEpoch } from '../keyring/keyring.ts';
import { CONTEXT_TENTHS, Evidence, type GroupAddresses, HEADER_TENTHS, PLAUSIBLE_TENTHS, Shape } from './evidence.ts';
import type { FirstMessages } from './first-messages.ts';
import { AddressesByGroup } from './group-addresses.ts';
import type { KernelJudging } from './kernel-judging.ts';
import { giveKeyVerdict, mayShow } from './key-verdict.ts';
import { MessageFlag, type MessageTable, NONE, PART_ROWS, VerdictCode } from './message-table.ts';
import { NextMessages } from './next-messages.ts';
import { OneMessage } from './one-message.ts';
import type { TrafficKeys } from './traffic-keys.ts';
import { TrialBudget } from './trial-budget.ts';
import { inTrialOrder } from './trial-order.ts';
import type { WireContexts } from './wire-contexts.ts';

// The specification says: SDU types (TS 36.323 Table 6.3.14.1); destinations of version 3 are whole (TS 36.321 6.1.6).
const SDU_IP = 0;
const SDU_ARP = 1;
export const SDU_PC5 = 2;
export const VERSION_WHOLE = 3;

// We chose: shorter SDUs hold too little to be sure (interfaces 3). IPv4 and UDP headers, or one ARP message.
export const SHORTEST_SURE = 28;
// Keys of the message's own index that every message is tried with: as many PGK ids share an index (256 / 32).
const FREE_TRIALS = 8;
const USABLE_TRIALS = 56;
// Two IR packets of one context say that it is compressed; one comes about by chance once in 20,000 random messages.
const ROHC_SURE = 2;

/** A key of the group, but not as it is configured; or none of the group at all. */
const ELSEWHERE = MessageFlag.otherAlgorithm | MessageFlag.otherGroupKey;

/** How an attempt with one key ended. */
const Grade = { nothing: 0, opens: 1, fits: 2, partly: 3 } as const;

type Grade = (typeof Grade)[keyof typeof Grade];

/** What a judge works with. */
export interface JudgeTools {
  readonly index: KeyIndex;
  readonly wires: WireContexts;
  readonly traffic: TrafficKeys;
  readonly firsts: FirstMessages;
  /** Whether plaintext under keys that are not active may leave (`--allow-stale`). */
  readonly allowStale: boolean;
  /** Judges what it can of rounds in memory that threads share; null: there are none. */
  readonly usual: KernelJudging | null;
}

/** One key that was tried on a message, for whoever wants to know why it did not open. */
export interface Attempt {
  readonly epoch: PgkEpoch;
  /** Group id that went into the PTK, 24 bits. */
  readonly p2: number;
  readonly algorithm: number;
  /** Tenths of an evidence bit, and the checks that passed and failed (evidence-checks.ts). */
  readonly tenths: number;
  readonly passed: number;
  readonly failed: number;
}

/** Judges rows of a message table, one after the other. */
export class Judge {
  /** Where attempts are written down, for layer trees; null on the fast path. The caller empties it. */
  trace: Attempt[] | null = null;
  /** Messages for which the trial budget ran out. */
  trialLimited = 0;

  readonly #tools: JudgeTools;
  readonly #evidence = new Evidence();
  readonly #budget = new TrialBudget();
  readonly #addresses = new AddressesByGroup();
  readonly #one: OneMessage;
  /** Whether the last attempt deciphered all of the message, or only its start, which was nothing. */
  #isWhole = true;
  // Best attempt so far of the message at hand that did not open it.
  #bestTenths = 0;
  #partlyEpoch: PgkEpoch | null = null;

  readonly #nextMessages: NextMessages;

  constructor(tools: JudgeTools) {
    this.#tools = tools;
    this.#one = new OneMessage(tools.traffic, tools.firsts);
    this.#nextMessages = new NextMessages(tools, this.#evidence, this.#addresses);
  }

  /** Judges rows from `from` on and before row `until`. Rows must come in the order of the capture. */
  judge(table: MessageTable, from: number, until: number): void {
    let row = from;
    while (row < until) {
      const end = Math.min(until, row + PART_ROWS);
      if (this.trace === null) row = this.#nextMessages.judge(table, row, end);
      if (row < end) this.#judgeAnother(table, row++);
    }
  }

  /** A message that is not the next of its context, or one of which every attempt is to be written down. */
  #judgeAnother(table: MessageTable, row: number): void {
    const groups = this.#tools.index.groupsFor(table.destination[row], table.version[row] === VERSION_WHOLE);
    if (groups.length === 1) table.group[row] = groups[0].index;
    if ((table.flags[row] & MessageFlag.damaged) !== 0) {
      table.verdict[row] = VerdictCode.damaged;
      return;
    }
    if (table.pgkIndex[row] === 0 && table.ptkId[row] === 0) {
      if (!this.#zeroButCiphered(table, row, groups)) this.#notCiphered(table, row, groups);
      return;
    }
    this.#ciphered(table, row, groups);
  }

  /** PGK index and PTK id 0: the header says not ciphered (TS 36.323 5.6.1). */
  #notCiphered(table: MessageTable, row: number, groups: readonly Group[]): void {
    table.flags[row] |= MessageFlag.notCiphered | MessageFlag.plaintextShown;
    this.#weighRaw(table, row, groups.length === 1 ? groups[0] : null);
    this.#note(table, row);
    if (this.#evidence.isAltered) table.flags[row] |= MessageFlag.tampered;
    if (this.#evidence.parses) table.flags[row] |= MessageFlag.parsesPlain;
    const required = groups.length > 0 && groups.every((group) => group.protection === 'required');
    table.verdict[row] = required ? VerdictCode.downgraded : VerdictCode.clear;
  }

  /**
   * A PGK id whose five low bits are 0 makes a ciphered message look like one that is not (reference 1.2). Only where
   * such a key is held and the SDU is no plaintext, it is tried.
   */
  #zeroButCiphered(table: MessageTable, row: number, groups: readonly Group[]): boolean {
    if (table.sduType[row] > SDU_ARP || table.length[row] < SHORTEST_SURE) return false;
    if (!groups.some((group) => this.#tools.index.hasIndex(group, 0))) return false;
    this.#weighRaw(table, row, null);
    if (this.#evidence.tenths >= PLAUSIBLE_TENTHS) return false;
    const wire = this.#obtainWire(table, row);
    for (const group of groups) {
      for (const epoch of this.#tools.index.candidates(group, 0)) {
        if (this.#attempt(table, row, wire, epoch, group.id, epoch.algorithm, group) !== Grade.opens) continue;
        this.#opened(table, row, wire, epoch, group);
        return true;
      }
    }
    table.deciphered[row] = 0;
    table.context[row] = NONE;
    return false;
  }

  #ciphered(table: MessageTable, row: number, groups: readonly Group[]): void {
    const wire = this.#obtainWire(table, row);
    const sduType = table.sduType[row];
    if (table.length[row] < SHORTEST_SURE || sduType > SDU_PC5) {
      this.#tooLittle(table, row, wire, groups);
      return;
    }
    this.#bestTenths = 0;
    this.#partlyEpoch = null;
    const known = this.#knownKey(table, row, wire);
    if (known !== null && this.#try(table, row, wire, known, groups)) return;
    if (this.#tryOfIndex(table, row, wire, groups, known)) return;
    if (this.#claimedButPlain(table, row, groups)) return;
    if (this.#tryElsewhere(table, row, wire, groups)) return;
    this.#opensUnderNothing(table, row, wire, groups);
  }

  #obtainWire(table: MessageTable, row: number): number {
    const wire = this.#tools.wires.obtain(
      table.destination[row],
      table.version[row],
      table.source[row],
      table.pgkIndex[row],
      table.ptkId[row],
      table.context[row],
    );
    table.context[row] = wire;
    return wire;
  }

  /** The key that opened this context before, where it is still held. */
  #knownKey(table: MessageTable, row: number, wire: number): PgkEpoch | null {
    const serial = this.#tools.wires.provedEpoch[wire];
    if (table.deciphered[row] === 1 && table.epoch[row] !== serial) table.deciphered[row] = 0;
    // Who deciphered it ahead guessed: only a verdict names a key.
    table.epoch[row] = NONE;
    return serial === NONE ? null : this.#tools.index.epoch(serial);
  }

  /** The key that opened the context before, with the traffic key that did. */
  #try(table: MessageTable, row: number, wire: number, epoch: PgkEpoch, groups: readonly Group[]): boolean {
    if (!epoch.isHeld) return false;
    const { wires, traffic } = this.#tools;
    const slot = wires.traffic[wire];
    const generation = wires.trafficGeneration[wire];
    if (slot === NONE || traffic.generation[slot] !== generation) return false;
    traffic.slots.touch(slot);
    const home = ownGroup(groups, epoch);
    if (table.deciphered[row] === 0 || table.traffic[row] !== slot) this.#one.decipher(table, row, slot);
    const grade = this.#grade(table, row, wire, epoch, home);
    this.#writeDown(epoch, (home ?? epoch.group).id, epoch.algorithm);
    // Another algorithm or another group's key opened this context: it still is that.
    if (grade === Grade.opens) table.flags[row] |= wires.how[wire];
    return this.#accept(table, row, wire, epoch, home ?? only(groups), grade);
  }

  /** All keys of that index of the group, the active one first; of all groups that share the 16 bits. */
  #tryOfIndex(
    table: MessageTable,
    row: number,
    wire: number,
    groups: readonly Group[],
    known: PgkEpoch | null,
  ): boolean {
    const time = table.time[row];
    let spare = FREE_TRIALS;
    for (const group of groups) {
      const candidates = this.#tools.index.candidates(group, table.pgkIndex[row]);
      if (candidates.length > 0) table.flags[row] |= MessageFlag.indexHeld;
      for (const epoch of inTrialOrder(candidates, time)) {
        if (epoch === known && this.#tools.wires.traffic[wire] === table.traffic[row]) continue;
        // A key that may be used now is tried first of all. Years of keys whose ids came round again are not free.
        if (spare-- <= 0 && (spare < -USABLE_TRIALS || !isUsableAt(epoch, time)) && this.#isLimited(table, row)) break;
        const grade = this.#attempt(table, row, wire, epoch, group.id, epoch.algorithm, group);
        if (this.#accept(table, row, wire, epoch, group, grade)) return true;
      }
    }
    return false;
  }

  /** Takes one extra try from the budget of the message's source; true, and noted, where none is left. */
  #isLimited(table: MessageTable, row: number): boolean {
    if (this.#budget.take(table.source[row], table.time[row])) return false;
    if ((table.flags[row] & MessageFlag.trialLimited) === 0) this.trialLimited++;
    table.flags[row] |= MessageFlag.trialLimited;
    return true;
  }

  /** Other groups' keys of that index, then other algorithms: extra candidates, within the source's budget. */
  #tryElsewhere(table: MessageTable, row: number, wire: number, groups: readonly Group[]): boolean {
    const { index } = this.#tools;
    const home = only(groups);
    for (const epoch of index.othersWithIndex(table.pgkIndex[row])) {
      if (groups.includes(epoch.group)) continue;
      // The destination's group id in P2 first, then the key's own (interfaces 3).
      const destination = home === null ? table.destination[row] : home.id;
      for (let own = 0; own < 2; own++) {
        if (own === 1 && epoch.group.derivation !== 'ts33303') break;
        if (this.#isLimited(table, row)) return false;
        const p2 = own === 0 ? destination : epoch.group.id;
        if (this.#attempt(table, row, wire, epoch, p2, epoch.algorithm, home) !== Grade.opens) continue;
        table.flags[row] |= MessageFlag.otherGroupKey;
        this.#opened(table, row, wire, epoch, home);
        return true;
      }
    }
    for (const group of groups) {
      for (const epoch of index.candidates(group, table.pgkIndex[row])) {
        for (let algorithm = 1; algorithm <= 3; algorithm++) {
          if (algorithm === epoch.algorithm) continue;
          if (this.#isLimited(table, row)) return false;
          if (this.#attempt(table, row, wire, epoch, group.id, algorithm, group) !== Grade.opens) continue;
          table.flags[row] |= MessageFlag.otherAlgorithm;
          this.#opened(table, row, wire, epoch, group);
          return true;
        }
      }
    }
    return false;
  }

  /** Deciphers under one key and weighs the result. */
  #attempt(
    table: MessageTable,
    row: number,
    wire: number,
    epoch: PgkEpoch,
    p2: number,
    algorithm: number,
    home: Group | null,
  ): Grade {
    const { traffic, firsts } = this.#tools;
    const ready = firsts.entryOf(table, row, epoch, p2, algorithm);
    const slot = traffic.obtain(epoch, p2, algorithm, table.source[row], table.ptkId[row], firsts.words, ready);
    if (ready !== NONE) firsts.bind(ready, slot, traffic.generation[slot]);
    if (ready === NONE) this.#isWhole = this.#one.tryKey(table, row, slot);
    else {
      this.#one.decipher(table, row, slot);
      this.#isWhole = true;
    }
    const grade = this.#grade(table, row, wire, epoch, home);
    this.#writeDown(epoch, p2, algorithm);
    return grade;
  }

  #writeDown(epoch: PgkEpoch, p2: number, algorithm: number): void {
    if (this.trace === null) return;
    const { tenths, passed, failed } = this.#evidence;
    this.trace.push({ epoch, p2, algorithm, tenths, passed, failed });
  }

  #grade(table: MessageTable, row: number, wire: number, epoch: PgkEpoch, home: Group | null): Grade {
    const evidence = this.#evidence;
    const addresses = this.#addresses.of(home);
    const at = table.plainWord[row] * 4;
    const length = table.length[row];
    const sduType = table.sduType[row];
    evidence.weigh(table.plain, table.words, at, length, sduType, addresses, table.sum[row]);
    if (evidence.tenths === 0 && sduType <= SDU_ARP) {
      this.#weighSwapped(table.plain, at, length, sduType, addresses);
    }
    // These hold too little to be sure whatever came before (interfaces 3).
    if (evidence.shape === Shape.rohc || evidence.fragment) return Grade.fits;
    if (evidence.shape === Shape.pc5 && evidence.failed === 0) return Grade.fits;
    const { tenths, headerTenths } = evidence;
    if (evidence.failed === 0) {
      if (tenths >= PLAUSIBLE_TENTHS) return Grade.opens;
      if (tenths >= CONTEXT_TENTHS && this.#tools.wires.provedEpoch[wire] === epoch.serial) return Grade.opens;
    } else if (headerTenths >= HEADER_TENTHS) return Grade.opens;
    if (tenths >= CONTEXT_TENTHS && tenths > this.#bestTenths) {
      this.#bestTenths = tenths;
      this.#partlyEpoch = epoch;
    }
    return tenths >= CONTEXT_TENTHS ? Grade.partly : Grade.nothing;
  }

  #accept(table: MessageTable, row: number, wire: number, epoch: PgkEpoch, home: Group | null, grade: Grade): boolean {
    switch (grade) {
      case Grade.opens:
        this.#opened(table, row, wire, epoch, home);
        return true;
      case Grade.fits:
        if (this.#evidence.fragment) table.flags[row] |= MessageFlag.fragment;
        if (this.#evidence.shape === Shape.rohc && this.#tools.wires.rohcPackets[wire] < 255) {
          this.#tools.wires.rohcPackets[wire]++;
        }
        this.#fits(table, row, epoch, home);
        return true;
      default:
        return false;
    }
  }

  /** The message opened under this key. */
  #opened(table: MessageTable, row: number, wire: number, epoch: PgkEpoch, home: Group | null): void {
    const evidence = this.#evidence;
    const { wires, traffic } = this.#tools;
    const slot = table.traffic[row];
    if (home !== null) table.group[row] = home.index;
    table.epoch[row] = epoch.serial;
    this.#note(table, row);
    if (evidence.failed !== 0) table.flags[row] |= MessageFlag.tampered;
    else {
      table.flags[row] |= MessageFlag.opened;
      if (evidence.tenths >= PLAUSIBLE_TENTHS) {
        wires.prove(wire, epoch.serial, slot, traffic.generation[slot], table.flags[row] & ELSEWHERE);
      }
    }
    const ip = evidence.shape === Shape.ipv4 || evidence.shape === Shape.ipv6;
    const type = table.sduType[row];
    if ((type === SDU_IP && evidence.shape === Shape.arp) || (type === SDU_ARP && ip)) {
      table.flags[row] |= MessageFlag.wrongSduType;
    }
    giveKeyVerdict(table, row, epoch, this.#tools.allowStale);
  }

  /** Too little to be sure either way: short, non-IP, reserved. The only key that fits is used. */
  #tooLittle(table: MessageTable, row: number, wire: number, groups: readonly Group[]): void {
    const { index } = this.#tools;
    const time = table.time[row];
    let held = 0;
    let usable = 0;
    let fitting: PgkEpoch | null = null;
    let fittingUsable: PgkEpoch | null = null;
    for (const group of groups) {
      for (const epoch of index.candidates(group, table.pgkIndex[row])) {
        held++;
        fitting = epoch;
        if (!isUsableAt(epoch, time)) continue;
        usable++;
        fittingUsable = epoch;
      }
    }
    if (held > 0) table.flags[row] |= MessageFlag.indexHeld;
    const known = this.#knownKey(table, row, wire);
    if (known?.isHeld) {
      const slot = this.#tools.wires.traffic[wire];
      if (slot !== NONE && this.#tools.traffic.generation[slot] === this.#tools.wires.trafficGeneration[wire]) {
        if (table.deciphered[row] === 0 || table.traffic[row] !== slot) this.#one.decipher(table, row, slot);
        this.#evidence.clear();
        this.#fits(table, row, known, ownGroup(groups, known) ?? only(groups));
        return;
      }
    }
    table.deciphered[row] = 0;
    const epoch = held === 1 ? fitting : usable === 1 ? fittingUsable : null;
    if (epoch === null) {
      table.verdict[row] = held === 0 ? VerdictCode.noKey : VerdictCode.unverifiable;
      return;
    }
    this.#attempt(table, row, wire, epoch, epoch.group.id, epoch.algorithm, epoch.group);
    // What holds too little begins as nothing that is known.
    if (!this.#isWhole) this.#one.decipher(table, row, table.traffic[row]);
    this.#evidence.clear();
    this.#fits(table, row, epoch, epoch.group);
  }

  /** Verdict `unverifiable` under a key that fits. Its plaintext leaves only where that key may be used. */
  #fits(table: MessageTable, row: number, epoch: PgkEpoch, home: Group | null): void {
    if (home !== null) table.group[row] = home.index;
    table.epoch[row] = epoch.serial;
    this.#note(table, row);
    table.verdict[row] = VerdictCode.unverifiable;
    const time = table.time[row];
    table.epochState[row] = epochStateNumberAt(epoch, time);
    if (mayShow(epoch, isUsableAt(epoch, time), this.#tools.allowStale)) table.flags[row] |= MessageFlag.plaintextShown;
  }

  /** The header claims ciphering, and the SDU as it was on the air is plaintext. */
  #claimedButPlain(table: MessageTable, row: number, groups: readonly Group[]): boolean {
    this.#weighRaw(table, row, only(groups));
    if (this.#evidence.tenths < PLAUSIBLE_TENTHS) return false;
    table.deciphered[row] = 0;
    table.traffic[row] = NONE;
    table.flags[row] |= MessageFlag.claimedButPlain | MessageFlag.plaintextShown;
    this.#note(table, row);
    if (this.#evidence.isAltered) table.flags[row] |= MessageFlag.tampered;
    table.verdict[row] = VerdictCode.downgraded;
    return true;
  }

  #opensUnderNothing(table: MessageTable, row: number, wire: number, groups: readonly Group[]): void {
    const { wires, index } = this.#tools;
    table.deciphered[row] = 0;
    table.traffic[row] = NONE;
    table.evidence[row] = this.#bestTenths;
    // A destroyed key counts as not held: what it proved before is as if it had never been.
    const opener = wires.provedEpoch[wire];
    const proved = opener === NONE || !index.epoch(opener).isHeld ? NONE : opener;
    if (this.#partlyEpoch !== null && proved === this.#partlyEpoch.serial) {
      // A good header of too few bits and a body that contradicts it: neither a wrong key nor surely an alteration.
      const epoch = this.#partlyEpoch;
      this.#attempt(table, row, wire, epoch, (ownGroup(groups, epoch) ?? epoch.group).id, epoch.algorithm, null);
      this.#fits(table, row, epoch, ownGroup(groups, epoch) ?? only(groups));
      return;
    }
    if (wires.rohcPackets[wire] >= ROHC_SURE && table.sduType[row] === SDU_IP) {
      this.#tooLittle(table, row, wire, groups);
      return;
    }
    if (proved === NONE || this.#bestTenths >= CONTEXT_TENTHS) {
      table.verdict[row] = VerdictCode.noKey;
      return;
    }
    table.verdict[row] = VerdictCode.forged;
    table.epoch[row] = proved;
    const epoch = index.epoch(proved);
    table.epochState[row] = epochStateNumberAt(epoch, table.time[row]);
    const home = ownGroup(groups, epoch) ?? only(groups);
    if (home !== null) table.group[row] = home.index;
  }

  #weighRaw(table: MessageTable, row: number, home: Group | null): void {
    const addresses = this.#addresses.of(home);
    const bytes = table.rawBytes(row);
    const at = table.rawAt[row];
    const length = table.length[row];
    const type = table.sduType[row];
    this.#evidence.weigh(bytes, null, at, length, type, addresses);
    if (this.#evidence.tenths !== 0 || type > SDU_ARP) return;
    if (this.#weighSwapped(bytes, at, length, type, addresses)) table.flags[row] |= MessageFlag.wrongSduType;
  }

  /** Whether the body is surely of the other kind; where it is not, what failed before stays noted. */
  #weighSwapped(bytes: Uint8Array, at: number, length: number, type: number, addresses: GroupAddresses): boolean {
    const evidence = this.#evidence;
    const { failed } = evidence;
    evidence.weighSwapped(bytes, at, length, type, addresses);
    if (evidence.tenths >= PLAUSIBLE_TENTHS) return true;
    evidence.clear();
    evidence.failed = failed;
    return false;
  }

  #note(table: MessageTable, row: number): void {
    table.evidence[row] = this.#evidence.tenths;
    table.passed[row] = this.#evidence.passed;
    table.failed[row] = this.#evidence.failed;
  }
}

/** The one of these groups that the key belongs to. */
function ownGroup(groups: readonly Group[], epoch: PgkEpoch): Group | null {
  return groups[0] === epoch.group || groups.includes(epoch.group) ? epoch.group : null;
}

function only(groups: readonly Group[]): Group | null {
  return groups.length === 1 ? groups[0] : null;
}
