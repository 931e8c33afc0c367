// Keys of one-to-many communication: PGK to PTK to PEK (TS 33.303 6.2, A.3, A.4), with the generic KDF of TS 33.220 B.2.
//
// A PEK takes two HMACs. Measured (Node 20, one core): `createHmac` with the PGK as KeyObject and the PTK as octets 0.26
// million PEK/s; the PTK as KeyObject too 0.19; @noble/hashes with the padded PGK cloned 0.16 (0.20 with the second HMAC
// by hand); node `Hash.copy` of the padded PGK is slower than `createHmac` even for the first HMAC alone. Text digests
// would be faster still, but a string cannot be wiped. Six compressions of SHA-256 without those calls (the two blocks of
// pads that follow from the PGK alone are kept) are several times as fast: docs/performance.md.

import { createHmac, createSecretKey, type KeyObject } from 'node:crypto';
import { CIPHER_KEY_OCTETS } from './traffic-cipher.ts';
import { type Sha256Kernel, sha256Kernel } from './wasm/sha256-kernel.ts';
import { LITTLE_ENDIAN } from './words.ts';

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

// We chose.

/** Keys that OpenSSL derives before the kernel is built: building it takes as long as a thousand of them. */
const KEYS_BEFORE_KERNEL = 256;
let derived = 0;

/**
 * The generic KDF (TS 33.220 B.2): HMAC-SHA-256 over FC and each parameter followed by its length in 16 bits.
 * @param fc FC, one octet
 * @param parameters P0, P1 and so on, each of up to 65535 octets
 * @returns 32 octets
 */
export function genericKdf(key: Uint8Array | KeyObject, fc: number, ...parameters: readonly Uint8Array[]): Uint8Array {
  // In one piece: a call of OpenSSL for each part takes longer than what it does.
  const input = new Uint8Array(parameters.reduce((octets, { length }) => octets + length + 2, 1));
  input[0] = fc;
  let at = 1;
  for (const parameter of parameters) {
    const { length } = parameter;
    if (length > 0xffff) throw new RangeError(`a KDF parameter of ${length} octets is too long`);
    input.set(parameter, at);
    at += length + 2;
    input[at - 2] = length >>> 8;
    input[at - 1] = length;
  }
  const digest = createHmac('sha256', key).update(input).digest();
  const output = new Uint8Array(digest);
  digest.fill(0);
  return output;
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
  const pek = key.slice(key.length - CIPHER_KEY_OCTETS);
  key.fill(0);
  return pek;
}

/**
 * What is made of PGKs to derive from them, when that is first asked for: by the place of each, in one piece for all of a keyring.
 * As an object each, these took longer to collect than to make.
 */
export class PgkPads {
  #words = new Int32Array(0);
  #made = new Uint8Array(0);
  readonly #secrets = new Map<number, KeyObject>();

  /** PADS_WORDS words for each place. Moves when a key is prepared. */
  get words(): Int32Array {
    return this.#words;
  }

  /** The first word of the pads of a PGK, which stands in `octets` from octet `at` on. */
  obtain(place: number, octets: Uint8Array, at: number, sha: Sha256Kernel): number {
    if (place >= this.#made.length) this.#grow(Math.max(place + 1, this.#made.length * 2));
    const first = place * PADS_WORDS;
    if (this.#made[place] === 0) {
      padsOf(octets, at, sha, this.#words, first);
      this.#made[place] = 1;
    }
    return first;
  }

  /** The same PGK for OpenSSL. */
  secret(place: number, octets: Uint8Array, at: number): KeyObject {
    let secret = this.#secrets.get(place);
    if (secret === undefined) {
      secret = createSecretKey(octets.subarray(at, at + PGK_OCTETS));
      this.#secrets.set(place, secret);
    }
    return secret;
  }

  /** Wipes what was made of a PGK. */
  forget(place: number): void {
    this.#secrets.delete(place);
    if (place >= this.#made.length || this.#made[place] === 0) return;
    this.#words.fill(0, place * PADS_WORDS, (place + 1) * PADS_WORDS);
    this.#made[place] = 0;
  }

  #grow(places: number): void {
    const words = new Int32Array(places * PADS_WORDS);
    words.set(this.#words);
    this.#words.fill(0);
    this.#words = words;
    const made = new Uint8Array(places);
    made.set(this.#made);
    this.#made = made;
  }
}

/** A PGK as `derivePek` takes it. */
export class PreparedPgk {
  #octets: Uint8Array | null;
  readonly #at: number;
  readonly #pads: PgkPads;
  readonly #place: number;

  /**
   * @param octets hold the PGK from octet `at` on; kept and not copied. Null: it is lost
   * @param place its own among those whose pads stand together
   * @throws RangeError where these are fewer than 32
   */
  constructor(octets: Uint8Array | null, at = 0, pads = new PgkPads(), place = 0) {
    if (octets !== null && octets.length - at < PGK_OCTETS) {
      throw new RangeError(`a PGK has ${PGK_OCTETS} octets, not ${octets.length - at}`);
    }
    this.#octets = octets;
    this.#at = at;
    this.#pads = pads;
    this.#place = place;
  }

  /** Whether it was not forgotten. */
  get isHeld(): boolean {
    return this.#octets !== null;
  }

  /** 32 octets, not to be changed or kept; a view that is made anew for each who asks. Null where it is lost or forgotten. */
  get octets(): Uint8Array | null {
    const octets = this.#octets;
    if (octets === null || octets.length === PGK_OCTETS) return octets;
    return octets.subarray(this.#at, this.#at + PGK_OCTETS);
  }

  /** Copies octets `from` to `PGK_OCTETS - 1` to octet `at` of `into`. */
  copyOctets(from: number, into: Uint8Array, at: number): void {
    const octets = this.#held();
    for (let i = from; i < PGK_OCTETS; i++) into[at + i - from] = octets[this.#at + i];
  }

  /** For OpenSSL. */
  get secret(): KeyObject {
    return this.#pads.secret(this.#place, this.#held(), this.#at);
  }

  /** Where, in `pads`, the hash values behind both pads of HMAC stand: inner in words 0 to 7 from there on, outer in 8 to 15. */
  padsWith(sha: Sha256Kernel): number {
    return this.#pads.obtain(this.#place, this.#held(), this.#at, sha);
  }

  /** Valid until another key is prepared. */
  get pads(): Int32Array {
    return this.#pads.words;
  }

  /** Wipes it, and what was made of it. Nothing can be derived any more. */
  forget(): void {
    this.#octets?.fill(0, this.#at, this.#at + PGK_OCTETS);
    this.#octets = null;
    this.#pads.forget(this.#place);
  }

  #held(): Uint8Array {
    if (this.#octets === null) throw new Error('a destroyed PGK derives nothing');
    return this.#octets;
  }
}

/**
 * The cipher key of one sender, as the keyring's derivation says, on the fast path: all arguments were checked where
 * they were decoded, and nothing is allocated but once a PGK.
 * @param member the sender's Layer-2 id, 24 bits
 * @param ptkId PTK id, 16 bits
 * @param group the group's Layer-2 id, 24 bits
 * @param algorithm algorithm identity, 0..3
 * @param pek where the 16 octets go, from octet `at` on
 */
export function derivePek(
  pgk: PreparedPgk,
  derivation: Derivation,
  member: number,
  ptkId: number,
  group: number,
  algorithm: number,
  pek: Uint8Array,
  at = 0,
): void {
  if (derivation === 'direct') {
    pgk.copyOctets(PGK_OCTETS - CIPHER_KEY_OCTETS, pek, at);
    return;
  }
  if (!LITTLE_ENDIAN || derived < KEYS_BEFORE_KERNEL) {
    derived++;
    const ptk = derivePtk(pgk.secret, member, ptkId, derivation === 'ts33303' ? group : null);
    const made = derivePekOfPtk(ptk, algorithm);
    pek.set(made, at);
    ptk.fill(0);
    made.fill(0);
    return;
  }
  const sha = sha256Kernel();
  const { state, block } = sha;
  const first = pgk.padsWith(sha);
  writePtkInput(block, 0, 1, derivation, member, ptkId, group);
  finish(sha, pgk.pads, first);
  keyPads(sha, state, ptkPads, 0);
  writePekInput(block, 0, 1, algorithm);
  finish(sha, ptkPads, 0);
  for (let word = 0; word < CIPHER_KEY_OCTETS / 4; word++) {
    const value = state[HASH_WORDS - CIPHER_KEY_OCTETS / 4 + word];
    pek[at + word * 4] = value >>> 24;
    pek[at + word * 4 + 1] = value >>> 16;
    pek[at + word * 4 + 2] = value >>> 8;
    pek[at + word * 4 + 3] = value;
  }
  fillWords(sha.secrets, 0, 0);
  fillWords(ptkPads, 0, 0);
}

/**
 * Writes S of A.3 as the last block of an HMAC (FIPS 180-4 5.1.1), big endian values: 15 octets, or 10 without P2, and the bit
 * that ends them.
 *
 * @param words of which word `at` is the first of the block, and those every `step` behind it the others
 */
export function writePtkInput(
  words: Int32Array,
  at: number,
  step: number,
  derivation: Exclude<Derivation, 'direct'>,
  member: number,
  ptkId: number,
  group: number,
): void {
  const hasGroup = derivation === 'ts33303';
  words[at] = (FC_PTK << 24) | member;
  words[at + step] = (ID_OCTETS << 16) | ptkId;
  words[at + step * 2] = (PTK_ID_OCTETS << 16) | (hasGroup ? group >>> 8 : 0x8000);
  words[at + step * 3] = hasGroup ? (group << 24) | (ID_OCTETS << 8) | 0x80 : 0;
  endBlock(words, at, step, 4, hasGroup ? 15 : 10);
}

/** Writes S of A.4 in the same way. */
export function writePekInput(words: Int32Array, at: number, step: number, algorithm: number): void {
  words[at] = (FC_PEK << 24) | (KEY_TYPE_PEK << 16) | 1;
  words[at + step] = (algorithm << 24) | (1 << 8) | 0x80;
  endBlock(words, at, step, 2, 7);
}

/** Zeros from a word of the block on, and at its end the bits that were hashed: a block of pads, and some octets. */
function endBlock(words: Int32Array, at: number, step: number, from: number, octets: number): void {
  for (let word = from; word < 15; word++) words[at + step * word] = 0;
  words[at + step * 15] = (BLOCK_OCTETS + octets) * 8;
}

// HMAC (RFC 2104, FIPS 198-1) of short messages. What is hashed first, the key under the two pads, fills one block each:
// the hash values behind them stand for the key, inner in words 0 to 7, outer in 8 to 15.
const INNER_PAD = 0x36363636;
const OUTER_PAD = 0x5c5c5c5c;
const HASH_WORDS = 8;
const BLOCK_OCTETS = 64;
/** Of both pads. */
const PADS_WORDS = 2 * HASH_WORDS;
const ptkPads = new Int32Array(PADS_WORDS);
const keyWords = new Int32Array(HASH_WORDS);

function padsOf(octets: Uint8Array, at: number, sha: Sha256Kernel, pads: Int32Array, first: number): void {
  for (let word = 0, next = at; word < HASH_WORDS; word++, next += 4) {
    keyWords[word] = (octets[next] << 24) | (octets[next + 1] << 16) | (octets[next + 2] << 8) | octets[next + 3];
  }
  keyPads(sha, keyWords, pads, first);
}

/** The hash values behind both pads of a key of 8 words, from word `first` on. */
function keyPads(sha: Sha256Kernel, key: Int32Array, pads: Int32Array, first: number): void {
  const { initial, state, block } = sha;
  copyWords(key, 0, keyWords, 0);
  for (let half = 0; half < 2; half++) {
    const pad = half === 0 ? INNER_PAD : OUTER_PAD;
    for (let word = 0; word < HASH_WORDS; word++) block[word] = keyWords[word] ^ pad;
    fillWords(block, HASH_WORDS, pad);
    copyWords(initial, 0, state, 0);
    sha.compress();
    copyWords(state, 0, pads, first + half * HASH_WORDS);
  }
  fillWords(keyWords, 0, 0);
}

/** Ends an HMAC whose message is in the block; the result is in the state. */
function finish(sha: Sha256Kernel, pads: Int32Array, first: number): void {
  const { state, block } = sha;
  copyWords(pads, first, state, 0);
  sha.compress();
  copyWords(state, 0, block, 0);
  block[HASH_WORDS] = 1 << 31;
  fillWords(block, HASH_WORDS + 1, 0);
  block[15] = (BLOCK_OCTETS + HASH_WORDS * 4) * 8;
  copyWords(pads, first + HASH_WORDS, state, 0);
  sha.compress();
}

// The methods of typed arrays take longer to call than these few words to move; a PEK would call two dozen.

/** Copies a hash value. */
function copyWords(from: Int32Array, at: number, to: Int32Array, toAt: number): void {
  for (let word = 0; word < HASH_WORDS; word++) to[toAt + word] = from[at + word];
}

/** Fills the words from `at` on. */
function fillWords(words: Int32Array, at: number, value: number): void {
  for (let word = at; word < words.length; word++) words[word] = value;
}

/** `value` in `octets` octets, most significant first. */
function bigEndian(value: number, octets: number): Uint8Array {
  if (!Number.isInteger(value) || value < 0 || value >= 2 ** (8 * octets)) {
    throw new RangeError(`${value} does not fit ${octets} octets`);
  }
  const made = new Uint8Array(octets);
  for (let at = octets - 1, rest = value; at >= 0; at--, rest >>>= 8) made[at] = rest;
  return made;
}
