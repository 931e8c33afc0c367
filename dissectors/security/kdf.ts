// Keys of one-to-many communication: PGK to PTK to PEK (TS 33.303 6.2, A.3, A.4), with the generic KDF of TS 33.220 B.2.
//
// A PEK takes two HMACs. Measured (Node 20, one core): `createHmac` with the PGK as KeyObject and the PTK as octets 0.26
// million PEK/s; the PTK as KeyObject too 0.19; @noble/hashes with the padded PGK cloned 0.16 (0.20 with the second HMAC
// by hand); node `Hash.copy` of the padded PGK is slower than `createHmac` even for the first HMAC alone. Text digests
// would be faster still, but a string cannot be wiped.

import { createHmac, createSecretKey, type KeyObject } from 'node:crypto';
import { CIPHER_KEY_OCTETS } from './traffic-cipher.ts';

/** How the cipher key comes from the key of the group, as in the keyring. */
export type Derivation = 'ts33303' | 'ts33303-no-group' | 'direct';

// The specification says.

/** FC of the PTK (TS 33.303 A.3) and of the PEK (A.4). */
const FC_PTK = 0x4a;
const FC_PEK = 0x4b;

/** P0 of A.4: 0 derives the PEK, 1 the PIK. */
const KEY_TYPE_PEK = 0x00;

/** Octets of a PGK and of a PTK (TS 33.303 6.2.3). */
export const PGK_OCTETS = 32;

/** Octets of a Layer-2 id (Group Member Identity, Group Identity) and of a PTK id (A.3). */
const ID_OCTETS = 3;
const PTK_ID_OCTETS = 2;

/**
 * The generic KDF (TS 33.220 B.2): HMAC-SHA-256 over FC and each parameter followed by its length in 16 bits.
 * @param fc FC, one octet
 * @param parameters P0, P1 and so on, each of up to 65535 octets
 * @returns 32 octets
 */
export function genericKdf(key: Uint8Array | KeyObject, fc: number, ...parameters: readonly Uint8Array[]): Uint8Array {
  const hmac = createHmac('sha256', key).update(Uint8Array.of(fc));
  for (const parameter of parameters) {
    if (parameter.length > 0xffff) throw new RangeError(`a KDF parameter of ${parameter.length} octets is too long`);
    hmac.update(parameter).update(bigEndian(parameter.length, 2));
  }
  return new Uint8Array(hmac.digest());
}

/**
 * The PTK of one group member (TS 33.303 A.3).
 * @param pgk 32 octets
 * @param member Group Member Identity, 24 bits: the sender's Layer-2 id
 * @param ptkId PTK id, 16 bits
 * @param group Group Identity, 24 bits; null leaves P2 out, as in releases before it was added
 * @returns 32 octets
 * @throws RangeError when an argument is out of range
 */
export function derivePtk(
  pgk: Uint8Array | KeyObject,
  member: number,
  ptkId: number,
  group: number | null,
): Uint8Array {
  const p0 = bigEndian(member, ID_OCTETS);
  const p1 = bigEndian(ptkId, PTK_ID_OCTETS);
  return group === null
    ? genericKdf(pgk, FC_PTK, p0, p1)
    : genericKdf(pgk, FC_PTK, p0, p1, bigEndian(group, ID_OCTETS));
}

/**
 * The PEK of a PTK (TS 33.303 A.4): the 128 low bits of the derived key.
 * @param ptk 32 octets
 * @param algorithm algorithm identity, 0..3
 * @returns 16 octets
 */
export function derivePekOfPtk(ptk: Uint8Array, algorithm: number): Uint8Array {
  const key = genericKdf(ptk, FC_PEK, Uint8Array.of(KEY_TYPE_PEK), bigEndian(algorithm, 1));
  return key.slice(key.length - CIPHER_KEY_OCTETS);
}

/**
 * A PGK as `derivePek` takes it, to be made once a key.
 * @param pgk 32 octets
 * @throws RangeError when it has another length
 */
export function preparePgk(pgk: Uint8Array): KeyObject {
  if (pgk.length !== PGK_OCTETS) throw new RangeError(`a PGK has ${PGK_OCTETS} octets, not ${pgk.length}`);
  return createSecretKey(pgk);
}

// S of A.3 with and without P2, and S of A.4; the values between the lengths are written at each call.
const PTK_INPUT = Uint8Array.of(FC_PTK, 0, 0, 0, 0, ID_OCTETS, 0, 0, 0, PTK_ID_OCTETS, 0, 0, 0, 0, ID_OCTETS);
const PTK_INPUT_NO_GROUP = PTK_INPUT.slice(0, 10);
const PEK_INPUT = Uint8Array.of(FC_PEK, KEY_TYPE_PEK, 0, 1, 0, 0, 1);

/**
 * The cipher key of one sender, as the keyring's derivation says, on the fast path: all arguments were checked where
 * they were decoded, and the only garbage is what node's HMAC makes itself.
 * @param pgk what `preparePgk` gave
 * @param member the sender's Layer-2 id, 24 bits
 * @param ptkId PTK id, 16 bits
 * @param group the group's Layer-2 id, 24 bits
 * @param algorithm algorithm identity, 0..3
 * @param pek where the 16 octets go, from octet `at` on
 */
export function derivePek(
  pgk: KeyObject,
  derivation: Derivation,
  member: number,
  ptkId: number,
  group: number,
  algorithm: number,
  pek: Uint8Array,
  at = 0,
): void {
  if (derivation === 'direct') {
    takeLowOctets(pgk.export(), pek, at);
    return;
  }
  const ptkInput = derivation === 'ts33303' ? PTK_INPUT : PTK_INPUT_NO_GROUP;
  ptkInput[1] = member >>> 16;
  ptkInput[2] = member >>> 8;
  ptkInput[3] = member;
  ptkInput[6] = ptkId >>> 8;
  ptkInput[7] = ptkId;
  if (derivation === 'ts33303') {
    ptkInput[10] = group >>> 16;
    ptkInput[11] = group >>> 8;
    ptkInput[12] = group;
  }
  PEK_INPUT[4] = algorithm;
  const ptk = createHmac('sha256', pgk).update(ptkInput).digest();
  const derived = createHmac('sha256', ptk).update(PEK_INPUT).digest();
  ptk.fill(0);
  takeLowOctets(derived, pek, at);
}

/** Moves the 16 least significant octets of `key` to octet `at` of `pek`, and wipes `key`. */
function takeLowOctets(key: Uint8Array, pek: Uint8Array, at: number): void {
  const from = key.length - CIPHER_KEY_OCTETS;
  for (let i = 0; i < CIPHER_KEY_OCTETS; i++) pek[at + i] = key[from + i];
  key.fill(0);
}

/** `value` in `octets` octets, most significant first. */
function bigEndian(value: number, octets: number): Uint8Array {
  if (!Number.isInteger(value) || value < 0 || value >= 2 ** (8 * octets)) {
    throw new RangeError(`${value} does not fit ${octets} octets`);
  }
  return Uint8Array.from({ length: octets }, (_, i) => value >>> (8 * (octets - 1 - i)));
}
