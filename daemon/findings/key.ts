// Keys and epochs (findings, key.*). What the header says is looked at in every message, what a key says only in those
// that opened.

import { CIPHER_ALGORITHMS } from '../../dissectors/security/traffic-cipher.ts';
import { MessageFlag, type MessageTable, VerdictCode } from '../engine/message-table.ts';
import { grown } from '../engine/slot-table.ts';
import { isUsableAt } from '../keyring/epoch-state.ts';
import type { KeyIndex } from '../keyring/key-index.ts';
import type { Group, PgkEpoch } from '../keyring/keyring.ts';
import { formatDuration, formatMilliseconds } from '../time.ts';
import { ConfidenceLevel, findingNumber, SeverityLevel } from './finding-names.ts';
import { WINDOW_MS, WINDOW_PDUS } from './gaps.ts';
import { noteForbiddenKey } from './key-dates.ts';
import type { Members } from './members.ts';
import type { Observed } from './observed.ts';
import { NO_PGK, type Recorder } from './recorder.ts';
import { groupsOf } from './standing.ts';
import { NO_SOURCE } from './subject.ts';

// The specification says (findings).
const SUPERSEDED_MS = 600_000;
const LAST_SHARE = 0.2;
/** Skew that is forgiven at both ends of a window (interfaces 3). */
const SKEW_MS = 5000;
const VERSION_WHOLE = 3;

const UNKNOWN_INDEX = findingNumber('key.unknown_index');
const SUPERSEDED = findingNumber('key.superseded');
const REGRESSION = findingNumber('key.regression');
const ALGORITHM = findingNumber('key.algorithm_mismatch');
const DOWNGRADE = findingNumber('key.downgrade');
const INCONSISTENT = findingNumber('key.header_inconsistent');
const CLAIMED = findingNumber('key.claimed_but_plain');
const OVERUSED = findingNumber('key.overused');
const NO_SUCCESSOR = findingNumber('key.no_successor');

const RARE = MessageFlag.otherAlgorithm | MessageFlag.claimedButPlain | MessageFlag.notCiphered;

/** See the head of the file. */
export class KeyWatch {
  readonly #recorder: Recorder;
  readonly #index: KeyIndex;
  readonly #members: Members;
  // Columns by serial of the key. Users: the first two sources and since when, so that "another" can be answered.
  #used = new Uint8Array(0);
  #firstUse = new Float64Array(0);
  #user0 = new Int32Array(0);
  #user1 = new Int32Array(0);
  #since1 = new Float64Array(0);
  /** From this time on the last fifth of its window, or its use for longer than the window, is to be looked at. */
  #checkAt = new Float64Array(0);
  #told = new Uint8Array(0);
  /** Its group: keys and groups themselves are in no cache where there are thousands. */
  #groupOf = new Int32Array(0);
  /** By group: the earliest instant that any key was used at, the serial of the latest key used, and all used ones in order. */
  #earliest = new Float64Array(0);
  #latest = new Int32Array(0);
  readonly #usedKeys: PgkEpoch[][] = [];

  constructor(recorder: Recorder, index: KeyIndex, members: Members) {
    this.#recorder = recorder;
    this.#index = index;
    this.#members = members;
  }

  /** Rises when `checkedUntil` may have become earlier: the use of a key began, or turned out to have begun earlier. */
  changes = 0;

  /**
   * Capture time in milliseconds from which on messages under a key in use are to be looked at: for its window, or since a
   * later key of its group may have been in use for so long that it is superseded.
   */
  checkedUntil(serial: number): number {
    const group = this.#groupOf[serial];
    if (this.#latest[group] === serial) return this.#checkAt[serial];
    return Math.min(this.#checkAt[serial], this.#earliest[group] + SUPERSEDED_MS);
  }

  /** Windows of keys changed: each is looked at when it is used next. */
  forgetWindows(): void {
    this.#checkAt.fill(Number.NEGATIVE_INFINITY);
  }

  /** A judged message. */
  note(seen: Observed): void {
    const table = seen.table as MessageTable;
    const { row, flags } = seen;
    const ptkId = table.ptkId[row];
    const pgkIndex = table.pgkIndex[row];
    if (pgkIndex === 0 || ptkId === 0) this.#header(seen, pgkIndex, ptkId);
    if ((!seen.opened || (flags & MessageFlag.otherGroupKey) !== 0) && (pgkIndex !== 0 || ptkId !== 0)) {
      this.#unknownIndex(seen, pgkIndex);
    }
    if ((flags & RARE) !== 0) this.#flagged(seen);
    if (table.verdict[row] === VerdictCode.stale) noteForbiddenKey(this.#recorder, seen);
    if (seen.opened) this.#use(seen);
  }

  /** PGK index and PTK id against each other (TS 36.323 5.6.1). */
  #header(seen: Observed, pgkIndex: number, ptkId: number): void {
    const table = seen.table as MessageTable;
    const sn = table.sn[seen.row];
    const version = table.version[seen.row];
    let what: string;
    let severity: number = SeverityLevel.low;
    if (pgkIndex !== 0) {
      what = `PTK id 0 with PGK index ${pgkIndex}`;
      if (seen.opened) severity = SeverityLevel.info;
    } else if (ptkId !== 0) what = `PGK index 0 with PTK id ${ptkId}`;
    else if (sn !== 0 && version !== VERSION_WHOLE && version !== 0) what = `not ciphered, yet SN ${sn}`;
    else return;
    const { groupKey, source } = seen;
    const pgkId = seen.opened ? seen.epoch.id : NO_PGK;
    const record = this.#recorder.raise(INCONSISTENT, severity, ConfidenceLevel.proved, groupKey, source, pgkId);
    if (record === null) return;
    record.summary = `${what}: the header contradicts itself`;
    record.evidence = { pgkIndex, ptkId, sn, opens: seen.opened };
  }

  #unknownIndex(seen: Observed, pgkIndex: number): void {
    const table = seen.table as MessageTable;
    const groups = groupsOf(this.#index, table, seen.row);
    if (groups.length === 0 || groups.some((group) => this.#index.hasIndex(group, pgkIndex))) return;
    const { groupKey, source } = seen;
    const severity = SeverityLevel.medium;
    const record = this.#recorder.raise(UNKNOWN_INDEX, severity, ConfidenceLevel.proved, groupKey, source);
    if (record === null) return;
    record.summary = `PGK index ${pgkIndex}: no PGK of the group has it`;
    record.evidence = { pgkIndex, ptkId: table.ptkId[seen.row], heldIndexes: heldIndexes(groups) };
  }

  #flagged(seen: Observed): void {
    const table = seen.table as MessageTable;
    const { flags, groupKey, source } = seen;
    const recorder = this.#recorder;
    if ((flags & MessageFlag.otherAlgorithm) !== 0 && seen.opened) {
      const { epoch } = seen;
      const severity = SeverityLevel.high;
      const record = recorder.raise(ALGORITHM, severity, ConfidenceLevel.strong, groupKey, source, epoch.id);
      if (record !== null) {
        const configured = CIPHER_ALGORITHMS[epoch.algorithm];
        record.summary = `PGK ${epoch.id} is configured for ${configured}; another algorithm opens the message`;
        record.evidence = { pgkId: epoch.id, configured: epoch.algorithm, bits: table.evidence[seen.row] / 10 };
      }
    }
    // With index 0 the header names no key (TS 36.323 5.6.1): it contradicts itself, which is told above.
    if ((flags & MessageFlag.claimedButPlain) !== 0 && table.pgkIndex[seen.row] !== 0) {
      const severity = SeverityLevel.critical;
      const record = recorder.raise(CLAIMED, severity, ConfidenceLevel.strong, groupKey, source);
      if (record !== null) {
        record.summary = `PGK index ${table.pgkIndex[seen.row]} is named, yet the SDU is plaintext on the air`;
        record.evidence = { pgkIndex: table.pgkIndex[seen.row], bits: table.evidence[seen.row] / 10 };
      }
    }
    const isDowngrade = (flags & MessageFlag.notCiphered) !== 0 && (flags & MessageFlag.parsesPlain) !== 0;
    if (isDowngrade && table.verdict[seen.row] === VerdictCode.downgraded) {
      const severity = SeverityLevel.critical;
      const record = recorder.raise(DOWNGRADE, severity, ConfidenceLevel.proved, groupKey, source);
      if (record !== null) {
        record.summary = 'plaintext in a group that requires ciphering';
        record.evidence = { bits: table.evidence[seen.row] / 10 };
      }
    }
  }

  /** A message opened under a key. */
  #use(seen: Observed): void {
    const { serial, source, time } = seen;
    if (serial >= this.#used.length) this.#grow(serial);
    if (this.#used[serial] === 0) this.#begin(seen);
    else if (this.#user1[serial] < 0 && this.#user0[serial] !== source) {
      this.#user1[serial] = source;
      this.#since1[serial] = time;
      this.#usedAt(seen);
    }
    if (time >= this.#checkAt[serial]) this.#checkWindow(seen);
    this.#order(seen);
  }

  #begin(seen: Observed): void {
    const { epoch, serial, source, time } = seen;
    this.changes++;
    this.#used[serial] = 1;
    this.#firstUse[serial] = time;
    this.#user0[serial] = source;
    this.#user1[serial] = -1;
    const group = epoch.group.index;
    this.#groupOf[serial] = group;
    if (group >= this.#latest.length) this.#growGroups(group);
    this.#usedAt(seen);
    this.#schedule(epoch);
    const used = this.#usedKeys[group] ?? [];
    let place = used.length;
    while (place > 0 && isLater(used[place - 1], epoch)) place--;
    if (place === used.length) used.push(epoch);
    else used.splice(place, 0, epoch);
    this.#usedKeys[group] = used;
    this.#latest[group] = used[used.length - 1].serial;
  }

  #usedAt({ serial, time }: Observed): void {
    const group = this.#groupOf[serial];
    if (time >= this.#earliest[group]) return;
    this.#earliest[group] = time;
    this.changes++;
  }

  /** When the window of a key is to be looked at next. */
  #schedule(epoch: PgkEpoch): void {
    const window = epoch.notAfter - epoch.notBefore;
    const ending =
      (this.#told[epoch.serial] & 1) !== 0 ? Number.POSITIVE_INFINITY : epoch.notAfter - window * LAST_SHARE;
    const over = (this.#told[epoch.serial] & 2) !== 0 ? Number.POSITIVE_INFINITY : this.#overAt(epoch);
    this.#checkAt[epoch.serial] = Math.min(ending, over);
  }

  #overAt(epoch: PgkEpoch): number {
    return this.#firstUse[epoch.serial] + epoch.notAfter - epoch.notBefore + 2 * SKEW_MS;
  }

  #checkWindow(seen: Observed): void {
    const { epoch, serial, time, groupKey, source } = seen;
    const window = epoch.notAfter - epoch.notBefore;
    if ((this.#told[serial] & 2) === 0 && time > this.#overAt(epoch)) {
      this.#told[serial] |= 2;
      const severity = SeverityLevel.high;
      const record = this.#recorder.raise(OVERUSED, severity, ConfidenceLevel.proved, groupKey, source, epoch.id);
      if (record !== null) {
        const used = time - this.#firstUse[serial];
        record.summary = `PGK ${epoch.id} was in use for ${formatDuration(used)}; its validity is ${formatDuration(window)}`;
        record.evidence = { pgkId: epoch.id, firstUse: formatMilliseconds(this.#firstUse[serial]) };
      }
    }
    if ((this.#told[serial] & 1) === 0 && time < epoch.notAfter && epoch.notAfter - time < window * LAST_SHARE) {
      this.#told[serial] |= 1;
      if (!hasSuccessor(epoch)) {
        const severity = SeverityLevel.medium;
        const record = this.#recorder.raise(
          NO_SUCCESSOR,
          severity,
          ConfidenceLevel.proved,
          groupKey,
          NO_SOURCE,
          epoch.id,
        );
        if (record !== null) {
          record.summary = `PGK ${epoch.id} ends in ${formatDuration(epoch.notAfter - time)} and no later one is held`;
          record.evidence = { pgkId: epoch.id, notAfter: formatMilliseconds(epoch.notAfter) };
        }
      }
    }
    this.#schedule(epoch);
  }

  /** This key against the later ones of the group: superseded, and regression of this source. */
  #order(seen: Observed): void {
    const { member, serial } = seen;
    const members = this.#members;
    members.pdus[member]++;
    const newest = members.newest[member] - 1;
    if (newest !== serial) {
      const { epoch } = seen;
      if (newest < 0 || isLater(epoch, this.#index.epoch(newest))) {
        members.newest[member] = serial + 1;
        members.newestTime[member] = seen.time;
        members.newestFrame[member] = this.#recorder.frame;
        members.newestPdus[member] = members.pdus[member];
      } else if (this.#index.epoch(newest).group === epoch.group) this.#regress(seen, this.#index.epoch(newest));
    }
    if (this.#latest[this.#groupOf[serial]] !== serial) this.#supersede(seen);
  }

  #regress(seen: Observed, later: PgkEpoch): void {
    const { epoch, member, time, groupKey, source } = seen;
    const members = this.#members;
    // A late message of before the change is no return.
    const since = time - members.newestTime[member];
    if (since <= WINDOW_MS && members.pdus[member] - members.newestPdus[member] <= WINDOW_PDUS) return;
    // The later key may no longer be used and this one may: going back is right.
    if (isUsableAt(epoch, time) && !isUsableAt(later, time)) return;
    const record = this.#recorder.raise(
      REGRESSION,
      SeverityLevel.medium,
      ConfidenceLevel.strong,
      groupKey,
      source,
      epoch.id,
      this.#recorder.frame,
      members.newestFrame[member],
    );
    if (record === null) return;
    record.summary = `back to PGK ${epoch.id} ${formatDuration(since)} after it took PGK ${later.id}`;
    record.evidence = { pgkId: epoch.id, laterPgkId: later.id, laterFrame: members.newestFrame[member] };
  }

  #supersede(seen: Observed): void {
    const { groupKey, source, time } = seen;
    const group = this.#groupOf[seen.serial];
    // No key of the group has been in use for so long: its keys need not be asked, which lie far apart in memory.
    if (time - this.#earliest[group] <= SUPERSEDED_MS) return;
    const { epoch } = seen;
    const used = this.#usedKeys[group];
    for (let i = used.length - 1; i >= 0 && isLater(used[i], epoch); i--) {
      const { serial } = used[i];
      const isFirst = this.#user0[serial] !== source;
      if (!isFirst && this.#user1[serial] < 0) continue;
      const since = isFirst ? this.#firstUse[serial] : this.#since1[serial];
      if (time - since <= SUPERSEDED_MS) continue;
      const severity = isUsableAt(epoch, time) ? SeverityLevel.info : SeverityLevel.low;
      const record = this.#recorder.raise(SUPERSEDED, severity, ConfidenceLevel.strong, groupKey, source, epoch.id);
      if (record === null) return;
      record.summary = `still on PGK ${epoch.id}; others have used PGK ${used[i].id} for ${formatDuration(time - since)}`;
      record.evidence = { pgkId: epoch.id, laterPgkId: used[i].id, since: formatMilliseconds(since) };
      return;
    }
  }

  #grow(serial: number): void {
    const length = Math.max(16, 2 ** Math.ceil(Math.log2(serial + 1)));
    this.#used = grown(this.#used, length);
    this.#firstUse = grown(this.#firstUse, length);
    this.#user0 = grown(this.#user0, length);
    this.#user1 = grown(this.#user1, length);
    this.#since1 = grown(this.#since1, length);
    this.#checkAt = grown(this.#checkAt, length);
    this.#told = grown(this.#told, length);
    this.#groupOf = grown(this.#groupOf, length);
  }

  #growGroups(group: number): void {
    const before = this.#latest.length;
    const length = Math.max(16, before * 2, group + 1);
    this.#latest = grown(this.#latest, length).fill(-1, before);
    this.#earliest = grown(this.#earliest, length).fill(Number.POSITIVE_INFINITY, before);
  }
}

/** Whether a key of a group comes behind another one of it: in the order of notBefore. */
function isLater(a: PgkEpoch, b: PgkEpoch): boolean {
  return a.notBefore > b.notBefore || (a.notBefore === b.notBefore && a.serial > b.serial);
}

/** Whether a later key of the group is held and has not been taken back. */
function hasSuccessor(epoch: PgkEpoch): boolean {
  return epoch.group.keys.some(
    (key) =>
      key !== epoch &&
      key.octets !== null &&
      key.revokedAt === null &&
      key.compromisedAt === null &&
      key.notAfter > epoch.notAfter,
  );
}

/** PGK indexes that these groups have keys for, in order. */
function heldIndexes(groups: readonly Group[]): readonly number[] {
  const indexes = new Set<number>();
  for (const group of groups) for (const key of group.keys) indexes.add(key.index5);
  return [...indexes].sort((a, b) => a - b);
}
