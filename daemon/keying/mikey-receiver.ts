// Takes MIKEY messages in the order of the capture: what an accepted one changes is the keyring, the last timestamp of
// its PMK, and which verification message is awaited.

import { DataType } from '../../dissectors/keying/mikey-values.ts';
import type { AddOutcome, Keyring, PgkEpoch } from '../keyring/keyring.ts';
import type { Pmk } from '../keyring/pmk.ts';
import {
  keySource,
  type LastAccepted,
  type MikeyFinding,
  messageTime,
  type OpenedMikey,
  type OpenedPgk,
  octetsOf,
  openMikey,
  type ReadableMikey,
  type ReplayState,
  readMikey,
} from './mikey.ts';
import { isMacKnown, isMacRight, type KeySource } from './mikey-crypto.ts';
import { PmkTable } from './pmk-table.ts';

/**
 * We chose: verification messages that are awaited at a time. Above that the oldest is no longer awaited, and its answer
 * cannot be verified.
 */
export const AWAITED_CAP = 4096;

/** What one PGK of a message came to. */
export interface PgkDelivery {
  /** Layer-2 id of the group. */
  readonly group: number;
  readonly pgkId: number;
  /** Milliseconds since 1970; null where nothing says it, or nothing proves it. */
  readonly notBefore: number | null;
  readonly notAfter: number | null;
  readonly accepted: boolean;
  /** The gravest of `findings`, or null. */
  readonly reason: MikeyFinding | null;
  readonly findings: readonly MikeyFinding[];
  /** What the keyring made of it; null where it did not get there. */
  readonly outcome: AddOutcome | null;
  /** The epoch that holds it; null where it was not accepted. */
  readonly epoch: PgkEpoch | null;
}

/** What one message came to. */
export interface MikeyResult {
  /** `delivered`: a message of the key management function; `verified`: a UE's answer. */
  readonly event: 'delivered' | 'verified';
  readonly accepted: boolean;
  /** The gravest of `findings`, or null: then `problem` says why it was not accepted. */
  readonly reason: MikeyFinding | null;
  readonly findings: readonly MikeyFinding[];
  /** Why it was not accepted although no finding says so; else null. A sentence without a full stop. */
  readonly problem: string | null;
  /** Whether the MAC is right; null where that could not be worked out. */
  readonly macRight: boolean | null;
  /** Whose PMK it is, or null where none is held. */
  readonly pmk: Pmk | null;
  /** The message's own time, milliseconds since 1970; null where it carries a counter. */
  readonly messageTime: number | null;
  /** One for each PGK that the message names, in its order; of an answer those that it confirms. */
  readonly deliveries: readonly PgkDelivery[];
}

/** What is needed to verify the answer to a message. */
interface Awaited {
  readonly pmk: Pmk;
  readonly source: KeySource;
  /** IDi, IDr and T of the initiator's message, which the MAC of the answer covers too (RFC 3830 5.2). */
  readonly covered: readonly Uint8Array[];
  readonly deliveries: readonly PgkDelivery[];
  answered: boolean;
}

const NOTHING_ACCEPTED: LastAccepted = { counter: null, time: null };

/** From the gravest on: what is refused first, then what is high, then medium, each in the order of findings.md. */
const GRAVITY: readonly MikeyFinding[] = [
  'mikey.mac_failed',
  'mikey.replay',
  'mikey.key_unknown',
  'mikey.material_conflict',
  'mikey.lifetime_extended',
  'mikey.stale',
  'mikey.expired_on_delivery',
];

/** The same findings from the gravest on, each once. */
export function gravestFirst(raised: readonly MikeyFinding[]): MikeyFinding[] {
  return GRAVITY.filter((name) => raised.includes(name));
}

/**
 * All that holds of one PGK of a message that was made by somebody with the key for it, from the gravest on.
 *
 * @param outcome what the keyring made of it
 * @param expired its validity ends at or before the message's own time
 * @param stale the message's time is more than 300 s from capture time
 */
export function findingsOfDelivery(outcome: AddOutcome, expired: boolean, stale: boolean): MikeyFinding[] {
  const raised: MikeyFinding[] = [];
  if (outcome === 'conflict') raised.push('mikey.material_conflict');
  if (outcome === 'extended') raised.push('mikey.lifetime_extended');
  if (expired && outcome !== 'destroyed' && outcome !== 'full') raised.push('mikey.expired_on_delivery');
  if (stale) raised.push('mikey.stale');
  return gravestFirst(raised);
}

/** A receiver for one capture, or one live feed, that takes its keys from `keyring` and puts those that come there. */
export function createMikeyReceiver(keyring: Keyring): MikeyReceiver {
  return new MikeyReceiver(keyring);
}

/** See the head of the file. One receiver sees one capture, or one live feed. */
export class MikeyReceiver implements ReplayState {
  /** Answers that are no longer awaited because too many were. */
  evictions = 0;

  readonly #keyring: Keyring;
  readonly #pmks: PmkTable;
  // At most one entry for each PMK of the keyring.
  readonly #lastAccepted = new Map<Pmk, LastAccepted>();
  readonly #awaited = new Map<number, Awaited>();

  constructor(keyring: Keyring) {
    this.#keyring = keyring;
    this.#pmks = new PmkTable(() => keyring.pmks);
  }

  /** Takes in PMKs that were added to the keyring since. */
  refresh(): void {
    this.#pmks.refresh();
  }

  /** The last accepted timestamp of a PMK. */
  lastAccepted(pmk: Pmk): LastAccepted {
    return this.#lastAccepted.get(pmk) ?? NOTHING_ACCEPTED;
  }

  /**
   * Takes one message. Keys it delivers are in the keyring afterwards; whoever keeps an index refreshes it.
   *
   * @param at first octet of the message in `bytes`
   * @param end one behind its last octet
   * @param time capture time, milliseconds since 1970
   */
  receive(bytes: Uint8Array, at: number, end: number, time: number): MikeyResult {
    const readable = readMikey(bytes, at, end);
    if (typeof readable === 'string') return { ...NOTHING, event: 'delivered', problem: readable };
    const { dataType } = readable.message.header;
    if (dataType === DataType.preSharedVerification) return this.#verify(readable);
    if (dataType === DataType.error) return { ...NOTHING, event: 'delivered', problem: 'a MIKEY error message' };
    return this.#deliver(readable, openMikey(readable, this.#pmks, this, time), time);
  }

  #deliver(readable: ReadableMikey, opened: OpenedMikey, time: number): MikeyResult {
    const { pmk, refusal, problem, macRight } = opened;
    const said = { event: 'delivered', problem, macRight, pmk, messageTime: messageTime(readable.message) } as const;
    if (pmk === null || refusal !== null || problem !== null) {
      const findings = refusal === null ? [] : [refusal];
      const deliveries = opened.named.map(({ group, pgkId, notAfter }): PgkDelivery => {
        const claimed = { group, pgkId, notBefore: null, notAfter };
        return { ...claimed, accepted: false, reason: refusal, findings, outcome: null, epoch: null };
      });
      return { ...said, accepted: false, reason: refusal, findings, deliveries };
    }
    const deliveries = opened.keys.map((key) => this.#take(key, opened.stale, time));
    const accepted = deliveries.some((delivery) => delivery.accepted);
    if (accepted) this.#remember(readable, pmk, deliveries);
    const findings = gravestFirst(deliveries.flatMap((delivery) => delivery.findings));
    const taken = accepted || findings.length > 0 ? null : refusedText(deliveries);
    return { ...said, problem: taken, accepted, reason: findings[0] ?? null, findings, deliveries };
  }

  #take(key: OpenedPgk, stale: boolean, time: number): PgkDelivery {
    const { group, pgkId, notBefore, notAfter } = key;
    const added = this.#keyring.addEpoch({ ...key, id: pgkId, at: time });
    key.octets.fill(0);
    const accepted = added.epoch !== null;
    const findings = findingsOfDelivery(added.outcome, key.expired, stale);
    const window = { group, pgkId, notBefore, notAfter };
    return { ...window, accepted, reason: findings[0] ?? null, findings, outcome: added.outcome, epoch: added.epoch };
  }

  /** An accepted message moves the last timestamp of its PMK, and may want an answer. */
  #remember(readable: ReadableMikey, pmk: Pmk, deliveries: readonly PgkDelivery[]): void {
    const { bytes, message } = readable;
    const { timestamp, initiator, responder } = message;
    const last = this.lastAccepted(pmk);
    const counter = timestamp?.counter ?? last.counter;
    const time = timestamp?.time ?? last.time;
    this.#lastAccepted.set(pmk, { counter, time });
    const source = keySource(readable, pmk);
    if (!message.header.verify || source === null || timestamp === null) return;
    const { csbId } = message.header;
    // Copies: the octets of a frame are only valid during the call (and `slice` of a Buffer would be no copy).
    const covered = [initiator?.id, responder?.id, timestamp.value].flatMap((range) =>
      range === undefined ? [] : [Uint8Array.from(octetsOf(bytes, range))],
    );
    this.#awaited.delete(csbId);
    const [oldest] = this.#awaited.keys();
    if (this.#awaited.size >= AWAITED_CAP && oldest !== undefined) {
      this.#awaited.delete(oldest);
      this.evictions++;
    }
    const kept = { ...source, rand: Uint8Array.from(source.rand) };
    this.#awaited.set(csbId, { pmk, source: kept, covered, deliveries, answered: false });
  }

  /** A UE's answer (RFC 3830 3.1, 5.2): its MAC also covers what identifies the message that it answers. */
  #verify({ bytes, message }: ReadableMikey): MikeyResult {
    const said = { ...NOTHING, event: 'verified', messageTime: messageTime(message) } as const;
    const { verification, macCoverage, responder } = message;
    if (verification === null || macCoverage === null) return { ...said, problem: 'the message has no V payload' };
    const awaited = this.#awaited.get(message.header.csbId);
    if (awaited === undefined) {
      const [pmk] = responder === null ? [] : this.#pmks.find(octetsOf(bytes, responder.id));
      if (pmk !== undefined) return { ...said, pmk, problem: 'no accepted message was seen that this one answers' };
      return { ...said, reason: 'mikey.key_unknown', findings: ['mikey.key_unknown'] };
    }
    const { pmk, source } = awaited;
    const macRight =
      isMacKnown(verification.algorithm) &&
      isMacRight(
        verification.algorithm,
        source,
        [octetsOf(bytes, macCoverage), ...awaited.covered],
        octetsOf(bytes, verification.mac),
      );
    const reason: MikeyFinding | null = !macRight ? 'mikey.mac_failed' : awaited.answered ? 'mikey.replay' : null;
    if (reason === null) awaited.answered = true;
    const findings = reason === null ? [] : [reason];
    const accepted = reason === null;
    const deliveries = awaited.deliveries.map((delivery) => ({ ...delivery, accepted, reason, findings }));
    return { ...said, pmk, macRight, accepted, reason, findings, deliveries };
  }
}

const NOTHING = {
  accepted: false,
  reason: null,
  findings: [],
  problem: null,
  macRight: null,
  pmk: null,
  messageTime: null,
  deliveries: [],
} as const;

/** Why the keyring took none of the keys, where no finding says it. */
function refusedText(deliveries: readonly PgkDelivery[]): string {
  if (deliveries.some((delivery) => delivery.outcome === 'destroyed')) return 'the PGK id belongs to a destroyed key';
  return 'the keyring is full';
}
