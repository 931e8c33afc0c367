// Takes rekey messages in the order of the capture, as a member would: counter, signature, and only then the keys on the
// path from what is held up to the root. The PGKs under the root key go into the keyring; node keys stay here. Reasons are
// the names of MIKEY's findings, which mean the same things: who made the message, is it old, is a key held for it.

import { millisecondsOfNanoseconds } from '../../captures/milliseconds.ts';
import {
  type LkhMessage,
  type LkhPgk,
  type LkhUpdate,
  nodeName,
  parseLkhRekey,
  ROOT_NODE,
  underNode,
} from '../../dissectors/keying/lkh-rekey.ts';
import { type Keyring, sameOctets } from '../keyring/keyring.ts';
import { unwrapKey } from './key-wrap.ts';
import { isSignatureRight, leafKey, managerKeyId } from './lkh-crypto.ts';
import type { MikeyFinding } from './mikey.ts';
import { findingsOfDelivery, gravestFirst, type MikeyResult, type PgkDelivery } from './mikey-receiver.ts';
import { PmkTable } from './pmk-table.ts';

/** The specification says (findings, mikey.stale): how far a timestamp may be from capture time. */
const STALE_MS = 300_000;

// We chose.

/** Pairs of manager and group whose last counter is kept. Above: messages of further groups are not taken. */
export const COUNTER_CAP = 65_536;
/** Node keys that are held: the paths of 7,000 members of a large tree. Above: a message that brings more is not taken. */
export const NODE_KEY_CAP = 131_072;

/** Node keys by version. */
type Versions = Map<number, Uint8Array>;

/** A node key that a message brought. */
interface NewKey {
  readonly node: string;
  readonly version: number;
  readonly octets: Uint8Array;
}

/** A receiver for one capture, or one live feed, that takes its keys from `keyring` and puts those that come there. */
export function createLkhReceiver(keyring: Keyring): LkhReceiver {
  return new LkhReceiver(keyring);
}

/** See the head of the file. One receiver sees one capture, or one live feed. */
export class LkhReceiver {
  readonly #keyring: Keyring;
  readonly #pmks: PmkTable;
  readonly #managers: { readonly id: Uint8Array; readonly publicKey: Uint8Array }[] = [];
  readonly #counters = new Map<string, number>();
  /** By group and node, as `f00001/1.0`. */
  readonly #held = new Map<string, Versions>();
  #count = 0;
  #nodesSeen = 0;

  constructor(keyring: Keyring) {
    this.#keyring = keyring;
    this.#pmks = new PmkTable(() => keyring.pmks);
    this.refresh();
  }

  /** Takes in PMKs, node keys and managers that were added to the keyring since. */
  refresh(): void {
    const { lkh, managers } = this.#keyring;
    this.#pmks.refresh();
    for (const { publicKey } of managers.slice(this.#managers.length)) {
      this.#managers.push({ id: managerKeyId(publicKey), publicKey });
    }
    for (; this.#nodesSeen < lkh.length; this.#nodesSeen++) {
      const { group, node, version, octets } = lkh[this.#nodesSeen];
      if (this.#find(group, node, version) === null) this.#hold(group, node, version, octets.slice());
    }
  }

  /** Node keys that are held. */
  get nodeKeys(): number {
    return this.#count;
  }

  /** Overwrites the node keys. */
  wipe(): void {
    for (const versions of this.#held.values()) for (const octets of versions.values()) octets.fill(0);
    this.#held.clear();
    this.#count = 0;
  }

  /**
   * Takes one message. Keys it delivers are in the keyring afterwards; whoever keeps an index refreshes it.
   *
   * @param at first octet of the message in `bytes`
   * @param end one behind its last octet
   * @param time capture time, milliseconds since 1970
   * @returns the same as for a MIKEY message; `macRight` says whether the signature is right
   */
  receive(bytes: Uint8Array, at: number, end: number, time: number): MikeyResult {
    const { message, problem } = parseLkhRekey(bytes, at, end);
    if (message === null) {
      const text = problem === null ? 'the message cannot be read' : `${problem.text}, at octet ${problem.at - at}`;
      return { ...NOTHING, problem: text };
    }
    const own = millisecondsOfNanoseconds(message.issued);
    const said = { ...NOTHING, messageTime: own };
    const refused = (reason: MikeyFinding, macRight: boolean | null): MikeyResult => ({
      ...said,
      macRight,
      reason,
      findings: [reason],
      deliveries: message.pgks.map((pgk) => this.#claim(message, pgk, reason)),
    });
    const failed = (text: string): MikeyResult => ({
      ...said,
      macRight: true,
      problem: text,
      deliveries: message.pgks.map((pgk) => this.#claim(message, pgk, null)),
    });

    const manager = this.#managers.find(({ id }) => sameOctets(id, message.managerId));
    if (manager === undefined) return refused('mikey.key_unknown', null);
    const macRight = isSignatureRight(
      bytes.subarray(message.covered.at, message.covered.end),
      manager.publicKey,
      message.signature,
    );
    const stream = `${Buffer.from(manager.id).toString('hex')}/${message.group}`;
    if (message.counter <= (this.#counters.get(stream) ?? -1)) return refused('mikey.replay', macRight);
    if (!macRight) return refused('mikey.mac_failed', false);
    if (!this.#counters.has(stream) && this.#counters.size >= COUNTER_CAP) return failed('too many groups are rekeyed');
    this.#counters.set(stream, message.counter);

    const fresh = this.#open(message);
    if (this.#count + fresh.length > NODE_KEY_CAP) {
      for (const { octets } of fresh) octets.fill(0);
      return failed('too many node keys are held');
    }
    for (const { node, version, octets } of fresh) this.#replace(message.group, node, version, octets);
    const pgkNode = message.placement?.node ?? ROOT_NODE;
    const pgkKey = this.#find(message.group, nodeName(pgkNode, message.arity), message.pgkKeyVersion);
    if (message.pgks.length === 0) {
      // Node keys alone, ahead of a message with PGKs, or for another member.
      return fresh.length > 0 ? { ...said, macRight: true, accepted: true } : refused('mikey.key_unknown', true);
    }
    if (pgkKey === null) return refused('mikey.key_unknown', true);
    const isStale = Math.abs(own - time) > STALE_MS;
    const deliveries = message.pgks.map((pgk) => this.#deliver(message, pgk, pgkKey, own, isStale, time));
    const findings = gravestFirst(deliveries.flatMap((delivery) => delivery.findings));
    const accepted = deliveries.some((delivery) => delivery.accepted);
    const none = accepted || findings.length > 0 ? null : 'the keyring took none of its PGKs';
    return { ...said, macRight: true, accepted, reason: findings[0] ?? null, findings, problem: none, deliveries };
  }

  /** The new node keys that can be opened with what is held, from the leaves up; nothing is changed yet. */
  #open(message: LkhMessage): NewKey[] {
    const { group, arity, placement } = message;
    const fresh: NewKey[] = [];
    const find = (node: number, version: number): Uint8Array | null => {
      const name = nodeName(node, arity);
      const opened = fresh.find((key) => key.node === name && key.version === version);
      return opened?.octets ?? this.#find(group, name, version);
    };
    if (placement !== null) {
      const { node, version, pmkId } = placement;
      for (const pmk of this.#pmks.find(pmkId)) {
        const octets = leafKey(pmk.octets, group, node, version);
        // Several PMKs of one id: the right one is that whose leaf key opens what comes first.
        const opens = message.updates[0]?.copies.some((copy) => unwrapKey(octets, copy.wrapped) !== null);
        if (opens !== true) continue;
        fresh.push({ node: nodeName(node, arity), version, octets });
        break;
      }
    }
    for (const update of message.updates) {
      const octets = openUpdate(update, arity, find);
      if (octets !== null) fresh.push({ node: nodeName(update.node, arity), version: update.version, octets });
    }
    return fresh;
  }

  #deliver(
    message: LkhMessage,
    pgk: LkhPgk,
    pgkKey: Uint8Array,
    own: number,
    isStale: boolean,
    time: number,
  ): PgkDelivery {
    const octets = unwrapKey(pgkKey, pgk.wrapped);
    if (octets === null) return this.#claim(message, pgk, 'mikey.mac_failed');
    const { pgkId } = pgk;
    const { group } = message;
    // A withdrawn PGK ends when the manager said so (reference 3.3).
    const notAfter = pgk.notAfter === null ? own : millisecondsOfNanoseconds(pgk.notAfter);
    const expired = notAfter <= own;
    const begins = millisecondsOfNanoseconds(pgk.notBefore);
    const notBefore = expired ? Math.min(begins, notAfter) : begins;
    if (notAfter < notBefore || (notAfter === notBefore && !expired)) {
      octets.fill(0);
      return this.#claim(message, pgk, null);
    }
    const withdrawn = pgk.notAfter === null;
    const added = this.#keyring.addEpoch({ group, id: pgkId, octets, notBefore, notAfter, at: time, withdrawn });
    octets.fill(0);
    const accepted = added.epoch !== null;
    const findings = findingsOfDelivery(added.outcome, expired, isStale);
    const { outcome, epoch } = added;
    return { group, pgkId, notBefore, notAfter, accepted, reason: findings[0] ?? null, findings, outcome, epoch };
  }

  /** A PGK that a message names and that was not taken. */
  #claim({ group }: LkhMessage, pgk: LkhPgk, reason: MikeyFinding | null): PgkDelivery {
    const notAfter = pgk.notAfter === null ? null : millisecondsOfNanoseconds(pgk.notAfter);
    const window = { group, pgkId: pgk.pgkId, notBefore: null, notAfter };
    const findings = reason === null ? [] : [reason];
    return { ...window, accepted: false, reason, findings, outcome: null, epoch: null };
  }

  #find(group: number, node: string, version: number): Uint8Array | null {
    return this.#held.get(`${group}/${node}`)?.get(version) ?? null;
  }

  #hold(group: number, node: string, version: number, octets: Uint8Array): Versions {
    const place = `${group}/${node}`;
    const versions: Versions = this.#held.get(place) ?? new Map<number, Uint8Array>();
    this.#held.set(place, versions);
    if (!versions.has(version)) this.#count++;
    versions.set(version, octets);
    return versions;
  }

  /** A new key of a node; those before it open nothing any more. */
  #replace(group: number, node: string, version: number, octets: Uint8Array): void {
    const versions = this.#hold(group, node, version, octets);
    for (const [before, old] of versions) {
      if (before >= version) continue;
      old.fill(0);
      versions.delete(before);
      this.#count--;
    }
  }
}

/** A new node key by the first copy that a held key opens. */
function openUpdate(
  { node, copies }: LkhUpdate,
  arity: number,
  find: (node: number, version: number) => Uint8Array | null,
): Uint8Array | null {
  for (const { under, version, wrapped } of copies) {
    const key = find(underNode(node, under, arity), version);
    const opened = key === null ? null : unwrapKey(key, wrapped);
    if (opened !== null) return opened;
  }
  return null;
}

const NOTHING = {
  event: 'delivered',
  accepted: false,
  reason: null,
  findings: [],
  problem: null,
  macRight: null,
  pmk: null,
  messageTime: null,
  deliveries: [],
} as const;
