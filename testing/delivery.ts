// A PGK that arrives by MIKEY, in the profile of docs/testing.md, good or wrong in one way.

import { ExitCode, SidescopeError } from '../daemon/errors.ts';
import { buildPgkDelivery } from '../daemon/keying/mikey-sender.ts';
import type { Random } from './random.ts';
import type { DeliveryStep } from './scenario-steps.ts';
import type { World, WorldKey } from './world.ts';

/** The specification says (findings.md, mikey.stale): seconds between timestamp and capture time that are too many. */
const STALE_MS = 300_000;
const KEY_OCTETS = 32;
const RAND_OCTETS = 16;

/** We chose: the key management function's identity. */
const MANAGER = new TextEncoder().encode('pkmf@example.org');

/** A delivery, and the truth about it. */
export interface Delivery {
  /** The UDP payload. */
  readonly octets: Uint8Array;
  readonly key: WorldKey;
  readonly pmk: string;
  /** Whether the reader holds the PMK. */
  readonly pmkHeld: boolean;
  readonly fault: DeliveryStep['fault'];
  readonly notBefore: number;
  readonly notAfter: number;
  /** T of the message: the counter, or milliseconds since 1970. */
  readonly timestamp: { readonly counter: number } | { readonly time: number };
  /** What the step says of it, where the scenario knows better. */
  readonly accepted: boolean | null;
  readonly reason: string | null;
}

/** Makes the message of a step. @param time microseconds after the start */
export function makeDelivery(world: World, step: DeliveryStep, time: number, random: Random): Delivery {
  const { start, pmks } = world.scenario;
  const key = world.key(world.group(step.group), step.pgk);
  const pmk = world.pmks.get(step.pmk);
  if (pmk === undefined) {
    const message = `step at ${step.at} s: there is no PMK ${step.pmk}`;
    throw new SidescopeError('scenario.unknown-name', message, 'Add it to pmks', ExitCode.usage);
  }
  const notBefore = step.validFrom === null ? key.notBefore : start + step.validFrom * 1000;
  const notAfter = step.validUntil === null ? key.notAfter : start + step.validUntil * 1000;
  if (notAfter <= notBefore) {
    const message = `step at ${step.at} s: the validity that it delivers ends before it begins`;
    throw new SidescopeError('scenario.wrong-value', message, 'Correct validFrom or validUntil', ExitCode.usage);
  }
  const timestamp =
    step.counter === null ? { time: start + time / 1000 + step.timeOffset * 1000 } : { counter: step.counter };
  const material = step.fault === 'conflict' ? random.octets(KEY_OCTETS) : key.octets;
  const octets = buildPgkDelivery({
    pmk: pmk.octets,
    initiator: MANAGER,
    responder: pmk.id,
    timestamp,
    csbId: random.uint32(),
    rand: random.octets(RAND_OCTETS),
    keys: [{ group: key.group.id, pgkId: key.id, octets: material, notBefore, notAfter }],
  });
  if (step.fault === 'bad-mac') octets[octets.length - 1] ^= 1;
  return {
    octets,
    key,
    pmk: step.pmk,
    pmkHeld: pmks.find(({ id }) => id === step.pmk)?.held ?? false,
    fault: step.fault,
    notBefore,
    notAfter,
    timestamp,
    accepted: step.accepted,
    reason: step.reason,
  };
}

/** What a reader makes of deliveries, one after the other. */
export class DeliveryTruth {
  readonly #last = new Map<string, number>();

  /** @param time capture time, milliseconds since 1970 */
  judge(delivery: Delivery, time: number): { readonly accepted: boolean; readonly reason: string | null } {
    const { accepted, reason } = this.#own(delivery, time);
    return { accepted: delivery.accepted ?? accepted, reason: delivery.reason ?? reason };
  }

  #own(delivery: Delivery, time: number): { accepted: boolean; reason: string | null } {
    const { key, pmk, timestamp } = delivery;
    if (!delivery.pmkHeld) return { accepted: false, reason: 'mikey.key_unknown' };
    if (delivery.fault === 'bad-mac') return { accepted: false, reason: 'mikey.mac_failed' };
    const stamp = 'counter' in timestamp ? timestamp.counter : timestamp.time;
    const last = this.#last.get(pmk);
    if (last !== undefined && stamp <= last) return { accepted: false, reason: 'mikey.replay' };
    this.#last.set(pmk, stamp);
    if (delivery.fault === 'conflict') {
      refuseWithoutRival(delivery);
      return { accepted: false, reason: 'mikey.material_conflict' };
    }
    // Of several that hold the gravest, and of the same grade the first in findings.md.
    if (key.held && delivery.notAfter > key.notAfter) return { accepted: true, reason: 'mikey.lifetime_extended' };
    const own = 'time' in timestamp ? timestamp.time : time;
    if (Math.abs(own - time) > STALE_MS) return { accepted: true, reason: 'mikey.stale' };
    if (delivery.notAfter <= own) return { accepted: true, reason: 'mikey.expired_on_delivery' };
    return { accepted: true, reason: null };
  }
}

/** Other octets contradict only those that the reader has of the same PGK for the same time. */
function refuseWithoutRival({ key, notBefore, notAfter }: Delivery): void {
  if (key.held && notBefore < key.notAfter && key.notBefore < notAfter) return;
  throw new SidescopeError(
    'scenario.no-rival',
    `fault conflict wants a PGK that the reader holds; it does not hold PGK ${key.id} of ${key.group.described.name} then`,
    'Deliver it without a fault before, or let the keyring hold it',
    ExitCode.usage,
  );
}
