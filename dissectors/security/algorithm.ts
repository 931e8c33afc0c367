// The common face of the confidentiality algorithms (TS 33.401 Annex B): a cipher by its name, and one message at once
// for whoever is not in a hurry.

import { Eea2Cipher } from './aes-eea2.ts';
import { Eea0Cipher } from './eea0.ts';
import { createEea1Cipher } from './eea1.ts';
import { createEea3Cipher } from './eea3.ts';
import type { CipherAlgorithm, TrafficCipher } from './traffic-cipher.ts';

export {
  ALGORITHM_ID,
  CIPHER_ALGORITHMS,
  CIPHER_KEY_OCTETS,
  type CipherAlgorithm,
  type MessageColumns,
  type TrafficCipher,
} from './traffic-cipher.ts';

/**
 * A cipher to keep for as long as messages under this PEK come. It costs a key schedule to make; a message costs nothing
 * but its key stream.
 * @param pek 16 octets, copied; EEA0 does not look at it
 * @throws RangeError when the PEK has another length
 */
export function createTrafficCipher(algorithm: CipherAlgorithm, pek: Uint8Array): TrafficCipher {
  switch (algorithm) {
    case 'EEA0':
      return new Eea0Cipher();
    case '128-EEA1':
      return createEea1Cipher(pek);
    case '128-EEA2':
      return new Eea2Cipher(pek);
    case '128-EEA3':
      return createEea3Cipher(pek);
  }
}

/**
 * Deciphers (or ciphers) one message, or its beginning: give `data.subarray(0, 32)` to try a key. Makes its cipher anew
 * each time; for many messages use `createTrafficCipher`.
 * @param pek 16 octets
 * @param count COUNT, 32 bits
 * @param bearer BEARER, 0..31
 * @param direction DIRECTION, 0 in one-to-many
 * @param data octets; they are not changed
 * @param bits LENGTH, where the message is not a whole number of octets: the rest of the last octet becomes 0
 * @returns a new array of as many octets as LENGTH needs
 * @throws RangeError when the PEK has not 16 octets, `count`, `bearer` or `bits` is out of range
 */
export function decipher(
  algorithm: CipherAlgorithm,
  pek: Uint8Array,
  count: number,
  bearer: number,
  direction: 0 | 1,
  data: Uint8Array,
  bits: number = data.length * 8,
): Uint8Array {
  if (count !== count >>> 0) throw new RangeError(`COUNT ${count} is not a 32-bit number`);
  if (bearer !== (bearer & 31)) throw new RangeError(`BEARER ${bearer} is not in 0..31`);
  if (!Number.isInteger(bits) || bits < 0 || bits > data.length * 8) {
    throw new RangeError(`LENGTH ${bits} is not in 0..${data.length * 8} bits`);
  }
  const octets = Math.ceil(bits / 8);
  const words = new Uint32Array(Math.ceil(octets / 4));
  createTrafficCipher(algorithm, pek).keyStream(count, bearer, direction, octets, words, 0);
  const out = new Uint8Array(words.buffer, 0, octets);
  for (let i = 0; i < octets; i++) out[i] ^= data[i];
  if ((bits & 7) !== 0) out[octets - 1] &= 0xff00 >> (bits & 7);
  return out;
}
