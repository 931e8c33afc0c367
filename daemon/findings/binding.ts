// Addresses (findings, bind.* and group.address_mismatch): what a source is bound to by the roster or by three messages
// that opened, and who else uses it.

import { Check } from '../engine/evidence-checks.ts';
import { type MessageTable, NONE } from '../engine/message-table.ts';
import { grown, SlotTable } from '../engine/slot-table.ts';
import type { Group } from '../keyring/keyring.ts';
import { formatDuration } from '../time.ts';
import { addressText, addressWord, hashedWord } from './address.ts';
import { ConfidenceLevel, findingNumber, SeverityLevel } from './finding-names.ts';
import { type Bindings, BY_ROSTER, Kind, type Members } from './members.ts';
import type { Observed } from './observed.ts';
import { NO_PGK, type OpenRecord, type Recorder } from './recorder.ts';
import type { RosterAddresses } from './roster-addresses.ts';

// The specification says (findings, bind.address_moved, bind.address_shared).
const BINDING_MESSAGES = 3;
const SHARED_MS = 60_000;

/** We chose: addresses whose user is remembered; above it the one silent for longest is forgotten. */
const OWNER_CAP = 1 << 18;

// The specification says: RFC 791 3.1, RFC 8200 3, RFC 826.
/** Octet of an IPv4 header at which its source address stands. */
export const IPV4_SOURCE = 12;
const IPV4_DESTINATION = 16;
const IPV6_SOURCE = 8;
const IPV6_DESTINATION = 24;
const ARP_HARDWARE = 8;
const ARP_ADDRESS = 14;

const MOVED = findingNumber('bind.address_moved');
const SHARED = findingNumber('bind.address_shared');
const ARP = findingNumber('bind.arp');
const MISMATCH = findingNumber('group.address_mismatch');

const IPV4 = 1 << Check.ipv4Checksum;
const IPV6 = 1 << Check.ipv6Length;
const ARP_BODY = 1 << Check.arpFixed;
const TO_GROUP = (1 << Check.groupAddress4) | (1 << Check.groupAddress6);

/** Checks whose outcome these rules look at. */
export const ADDRESS_CHECKS = IPV4 | IPV6 | ARP_BODY | TO_GROUP;

/** See the head of the file. */
export class BindingWatch {
  readonly #recorder: Recorder;
  readonly #members: Members;
  readonly #roster: RosterAddresses;
  readonly #owners: SlotTable;
  #ownerSource = new Uint32Array(0);
  #ownerTime = new Float64Array(0);
  #ownerFrame = new Float64Array(0);
  // The address at hand.
  #word0 = 0;
  #word1 = 0;

  constructor(recorder: Recorder, members: Members, roster: RosterAddresses) {
    this.#recorder = recorder;
    this.#members = members;
    this.#roster = roster;
    this.#owners = new SlotTable(OWNER_CAP, (capacity) => {
      this.#ownerSource = grown(this.#ownerSource, capacity);
      this.#ownerTime = grown(this.#ownerTime, capacity);
      this.#ownerFrame = grown(this.#ownerFrame, capacity);
    });
  }

  /** Whether another address makes it forget one. */
  get isFull(): boolean {
    return this.#owners.isFull;
  }

  /** Addresses forgotten so far. */
  get evictions(): number {
    return this.#owners.evictions;
  }

  /** A message that opened. */
  note(seen: Observed): void {
    const table = seen.table as MessageTable;
    const passed = table.passed[seen.row];
    const bytes = table.bodyBytes(seen.row);
    const at = table.bodyAt(seen.row);
    if ((passed & IPV4) !== 0) {
      this.#word0 = addressWord(bytes, at + IPV4_SOURCE);
      this.#word1 = 0;
      if (this.#word0 !== 0) this.#address(seen, Kind.ipv4, bytes, at + IPV4_SOURCE, 4);
      if ((passed & TO_GROUP) === 0) this.#destination(seen, bytes, at + IPV4_DESTINATION, 4);
    } else if ((passed & IPV6) !== 0) {
      const source = at + IPV6_SOURCE;
      this.#word0 = hashedWord(bytes, source);
      this.#word1 = hashedWord(bytes, source + 8);
      const isLinkLocal = bytes[source] === 0xfe && (bytes[source + 1] & 0xc0) === 0x80;
      if (!isUnspecified(bytes, source)) {
        this.#address(seen, isLinkLocal ? Kind.ipv6LinkLocal : Kind.ipv6, bytes, source, 16);
      }
      if ((passed & TO_GROUP) === 0) this.#destination(seen, bytes, at + IPV6_DESTINATION, 16);
    } else if ((passed & ARP_BODY) !== 0) this.#arp(seen, bytes, at);
  }

  /** A message that is plaintext on the air: it binds nobody, but where it goes is there for everybody to see. */
  noteClear(seen: Observed): void {
    const table = seen.table as MessageTable;
    const passed = table.passed[seen.row];
    if ((passed & TO_GROUP) !== 0) return;
    const bytes = table.bodyBytes(seen.row);
    const at = table.bodyAt(seen.row);
    if ((passed & IPV4) !== 0) this.#destination(seen, bytes, at + IPV4_DESTINATION, 4);
    else if ((passed & IPV6) !== 0) this.#destination(seen, bytes, at + IPV6_DESTINATION, 16);
  }

  /**
   * Who the address of a message that was noted belongs to, where another message like it would change nothing but that:
   * the slot of the address, NONE where such messages have none, null where these rules must look again.
   */
  ownerOf(seen: Observed): number | null {
    const passed = (seen.table as MessageTable).passed[seen.row];
    if ((passed & (IPV4 | IPV6 | ARP_BODY)) === 0) return NONE;
    if ((passed & IPV4) === 0 || (passed & TO_GROUP) === 0) return null;
    const { owner, count } = this.#members.bindings[Kind.ipv4];
    const slot = owner[seen.member] - 1;
    const isSettled = slot !== NONE && count[seen.member] >= BINDING_MESSAGES;
    return isSettled && this.#ownerSource[slot] === seen.source ? slot : null;
  }

  /**
   * Whether a message comes from an IPv4 address, is bound to it, and nobody else used it since.
   *
   * @param owner what `ownerOf` gave for such a message
   * @param body where its IPv4 header begins in `bytes`
   */
  isBound(member: number, owner: number, source: number, bytes: Uint8Array, body: number): boolean {
    const { address0, count } = this.#members.bindings[Kind.ipv4];
    return (
      address0[member] === addressWord(bytes, body + IPV4_SOURCE) &&
      count[member] >= BINDING_MESSAGES &&
      this.#ownerSource[owner] === source
    );
  }

  /** The address of such messages was used again. @param frame of the last of them, which came at `time` */
  again(owner: number, time: number, frame: number): void {
    // Messages of two LCIDs have one address, and are written down one LCID behind the other.
    if (frame < this.#ownerFrame[owner]) return;
    this.#ownerTime[owner] = time;
    this.#ownerFrame[owner] = frame;
  }

  /** The IP source address of a message. */
  #address(seen: Observed, kind: Kind, bytes: Uint8Array, at: number, length: number): void {
    if (!this.#agrees(seen, kind, bytes, at, length)) this.#moved(seen, bytes, at, length);
    const slot = this.#owner(seen, kind);
    const { source, time } = seen;
    if (this.#ownerSource[slot] !== source) {
      const apart = time - this.#ownerTime[slot];
      if (apart <= SHARED_MS) this.#shared(seen, slot, bytes, at, length, apart);
      this.#ownerSource[slot] = source;
    }
    this.#ownerTime[slot] = time;
    this.#ownerFrame[slot] = this.#recorder.frame;
  }

  /** Whether the address at hand is what the source is bound to; learns it where the source is bound to nothing yet. */
  #agrees(seen: Observed, kind: Kind, bytes: Uint8Array, at: number, length: number): boolean {
    const { member } = seen;
    const bindings = this.#members.bindings[kind];
    const count = bindings.count[member];
    const isBound = bindings.address0[member] === this.#word0 && bindings.address1[member] === this.#word1;
    if (count >= BINDING_MESSAGES && isBound) return true;
    if (seen.group !== null && kind !== Kind.hardware) {
      const listed = this.#roster.lists(seen.group, seen.source, seen.time, bytes, at, length);
      if (listed !== null) {
        if (!listed) return false;
        this.#bind(bindings, member, BY_ROSTER);
        return true;
      }
    }
    if (count === 0 || count === BY_ROSTER) this.#bind(bindings, member, 1);
    else if (isBound) bindings.count[member]++;
    else if (count < BINDING_MESSAGES) this.#bind(bindings, member, 1);
    else {
      this.#challenge(bindings, member);
      return false;
    }
    return true;
  }

  /** Three messages from another address bind the source to that. */
  #challenge(bindings: Bindings, member: number): void {
    const { next0, next1, nextCount } = bindings;
    const isSame = next0[member] === this.#word0 && next1[member] === this.#word1;
    nextCount[member] = isSame ? nextCount[member] + 1 : 1;
    next0[member] = this.#word0;
    next1[member] = this.#word1;
    if (nextCount[member] >= BINDING_MESSAGES) this.#bind(bindings, member, BINDING_MESSAGES);
  }

  #bind(bindings: Bindings, member: number, count: number): void {
    bindings.address0[member] = this.#word0;
    bindings.address1[member] = this.#word1;
    bindings.count[member] = count;
    // Few are ever challenged: memory that was never written stays so.
    if (bindings.nextCount[member] !== 0) bindings.nextCount[member] = 0;
  }

  /** Slot of the address at hand in its group. A new one belongs to the source. */
  #owner(seen: Observed, kind: Kind): number {
    const key2 = this.#word1 ^ (kind === Kind.ipv4 ? 0 : 0x5a5a_5a5a);
    const { owner } = this.#members.bindings[kind];
    const remembered = owner[seen.member] - 1;
    if (this.#owners.holds(remembered, seen.groupKey, this.#word0, key2)) {
      this.#owners.touch(remembered);
      return remembered;
    }
    const obtained = this.#owners.obtain(seen.groupKey, this.#word0, key2);
    const slot = obtained < 0 ? -1 - obtained : obtained;
    if (obtained < 0) this.#ownerSource[slot] = seen.source;
    owner[seen.member] = slot + 1;
    return slot;
  }

  #moved(seen: Observed, bytes: Uint8Array, at: number, length: number): void {
    const record = this.#raise(MOVED, SeverityLevel.medium, seen);
    if (record === null) return;
    const address = addressText(bytes, at, length);
    record.summary = `sends from ${address}, and is bound to another address`;
    record.evidence = { address };
  }

  #shared(seen: Observed, slot: number, bytes: Uint8Array, at: number, length: number, apart: number): void {
    const other = this.#ownerSource[slot].toString(16).padStart(6, '0');
    const frame = this.#ownerFrame[slot];
    const record = this.#raise(SHARED, SeverityLevel.medium, seen, frame);
    if (record === null) return;
    const address = addressText(bytes, at, length);
    record.summary = `sends from ${address}, which ${other} used ${formatDuration(apart)} before`;
    record.evidence = { address, otherSource: other, otherFrame: frame };
  }

  /** Sender fields of an ARP message (RFC 826). A probe has no address yet (RFC 5227 1.1). */
  #arp(seen: Observed, bytes: Uint8Array, at: number): void {
    const address = addressWord(bytes, at + ARP_ADDRESS);
    let contradicts = '';
    if (address !== 0) {
      const { address0, count } = this.#members.bindings[Kind.ipv4];
      const isBound = count[seen.member] >= BINDING_MESSAGES;
      const listed =
        seen.group === null ? null : this.#roster.lists(seen.group, seen.source, seen.time, bytes, at + ARP_ADDRESS, 4);
      if (listed === false || (listed === null && isBound && address0[seen.member] !== address)) {
        contradicts = 'while it is bound to another address';
      } else if (listed === null) {
        const owner = this.#otherOwner(seen, address, bytes, at + ARP_ADDRESS);
        if (owner !== null) contradicts = `which belongs to ${owner}`;
      }
    }
    this.#word0 = addressWord(bytes, at + ARP_HARDWARE);
    this.#word1 = (bytes[at + ARP_HARDWARE + 4] << 8) | bytes[at + ARP_HARDWARE + 5];
    if (!this.#agrees(seen, Kind.hardware, bytes, at + ARP_HARDWARE, 6) && contradicts === '') {
      contradicts = 'from another hardware address than before';
    }
    if (contradicts === '') return;
    const record = this.#raise(ARP, SeverityLevel.high, seen);
    if (record === null) return;
    const text = addressText(bytes, at + ARP_ADDRESS, 4);
    record.summary = `ARP claims ${text}, ${contradicts}`;
    record.evidence = { address: text, operation: (bytes[at + 6] << 8) | bytes[at + 7] };
  }

  /** Another source that is bound to an IPv4 address: by the roster, or by what it sent. */
  #otherOwner(seen: Observed, address: number, bytes: Uint8Array, at: number): string | null {
    if (seen.group !== null) {
      const member = this.#roster.ownerOf(seen.group, seen.time, bytes, at, 4);
      if (member !== null && member !== seen.source) return member.toString(16).padStart(6, '0');
    }
    const slot = this.#owners.find(seen.groupKey, address, 0);
    if (slot < 0 || this.#ownerSource[slot] === seen.source) return null;
    const other = this.#members.find(seen.groupKey, this.#ownerSource[slot]);
    if (other < 0) return null;
    const { address0, count } = this.#members.bindings[Kind.ipv4];
    const isBound = count[other] >= BINDING_MESSAGES && address0[other] === address;
    return isBound ? this.#ownerSource[slot].toString(16).padStart(6, '0') : null;
  }

  /** The multicast address of another group. */
  #destination(seen: Observed, bytes: Uint8Array, at: number, length: number): void {
    if (seen.group === null) return;
    const other = this.#roster.otherGroup(seen.group, bytes, at, length);
    if (other !== null) this.#mismatch(seen, other, bytes, at, length);
  }

  #mismatch(seen: Observed, other: Group, bytes: Uint8Array, at: number, length: number): void {
    const record = this.#raise(MISMATCH, SeverityLevel.medium, seen);
    if (record === null) return;
    const address = addressText(bytes, at, length);
    record.summary = `goes to ${address}, the multicast address of group ${other.idText}`;
    record.evidence = { address, otherGroup: other.idText };
  }

  #raise(number: number, severity: number, seen: Observed, otherFrame = 0): OpenRecord | null {
    const { frame } = this.#recorder;
    const sure = ConfidenceLevel.strong;
    return this.#recorder.raise(number, severity, sure, seen.groupKey, seen.source, NO_PGK, frame, otherFrame);
  }
}

function isUnspecified(bytes: Uint8Array, at: number): boolean {
  for (let i = at; i < at + 16; i++) if (bytes[i] !== 0) return false;
  return true;
}
