// A keyring, a PMK and messages for tests of MIKEY.

import { MikeyReceiver, type MikeyResult } from '../../../daemon/keying/mikey-receiver.ts';
import { buildPgkDelivery, type PgkDeliveryToBuild, type PgkToDeliver } from '../../../daemon/keying/mikey-sender.ts';
import type { EpochContents } from '../../../daemon/keyring/group.ts';
import { Keyring } from '../../../daemon/keyring/keyring.ts';
import { DEFAULT_MIKEY_PROFILE, type MikeyProfile, Pmk } from '../../../daemon/keyring/pmk.ts';

export const NOW = Date.UTC(2026, 2, 10, 8);
export const HOUR = 3_600_000;
export const GROUP = 0xf00001;
export const PMK_ID = Buffer.from('pmk-1');
export const RAND = Uint8Array.from({ length: 16 }, (_, i) => 0xa0 + i);

export const pmkOctets = (): Uint8Array => Uint8Array.from({ length: 32 }, (_, i) => i * 3 + 1);
export const pgkOctets = (seed = 0): Uint8Array =>
  Uint8Array.from({ length: 32 }, (_, i) => (i * i + seed * 17 + 2) & 0xff);
export const hexOf = (octets: Uint8Array | null | undefined): string | null =>
  octets ? Buffer.from(octets).toString('hex') : null;

export function heldKey(changes: Partial<EpochContents> = {}): EpochContents {
  return {
    id: 44,
    octets: pgkOctets(),
    algorithm: null,
    notBefore: NOW - HOUR,
    notAfter: NOW + HOUR,
    revokedAt: null,
    compromisedAt: null,
    suspendedAt: null,
    resumedAt: null,
    destroyedAt: null,
    ...changes,
  };
}

export function keyringWith(keys: readonly EpochContents[] = [], profile: Partial<MikeyProfile> = {}): Keyring {
  const group = {
    id: GROUP,
    name: 'Fire 7',
    algorithm: 2,
    protection: 'required',
    derivation: 'ts33303',
    multicast: [],
    members: [],
    keys,
  } as const;
  const pmk = new Pmk(PMK_ID, pmkOctets(), 0x0a0b0c, { ...DEFAULT_MIKEY_PROFILE, ...profile });
  return new Keyring({ groups: [group], pmks: [pmk], lkh: [], managers: [] });
}

export function pgk(changes: Partial<PgkToDeliver> = {}): PgkToDeliver {
  return { group: GROUP, pgkId: 44, octets: pgkOctets(), notBefore: NOW, notAfter: NOW + 24 * HOUR, ...changes };
}

export function message(changes: Partial<PgkDeliveryToBuild> = {}, key: Partial<PgkToDeliver> = {}): Uint8Array {
  return buildPgkDelivery({
    pmk: pmkOctets(),
    initiator: Buffer.from('pkmf@example.org'),
    responder: PMK_ID,
    timestamp: { counter: 5 },
    csbId: 0x112fd5ef,
    rand: RAND,
    keys: [pgk(key)],
    ...changes,
  });
}

export function receive(receiver: MikeyReceiver, octets: Uint8Array, time = NOW): MikeyResult {
  // The message stands in the middle of a frame.
  const frame = new Uint8Array(octets.length + 70).fill(0xee);
  frame.set(octets, 42);
  return receiver.receive(frame, 42, 42 + octets.length, time);
}

/** A fresh receiver takes one message. */
export function once(octets: Uint8Array, keyring = keyringWith(), time = NOW): MikeyResult {
  return receive(new MikeyReceiver(keyring), octets, time);
}

export function flipped(octets: Uint8Array, bit: number): Uint8Array {
  const copy = octets.slice();
  copy[bit >> 3] ^= 0x80 >> (bit & 7);
  return copy;
}
