// The confidentiality algorithms of TS 33.401 Annex B, one message at a time, as slow and obvious as they can be written:
// SNOW 3G and ZUC from the twins beside this file, AES-CTR from @noble/ciphers.

import { ctr } from '@noble/ciphers/aes.js';
import { snow3gWords } from './snow3g.ts';
import { zucWords } from './zuc.ts';

/** Key stream of `octets` octets for algorithm identity 0 to 3. */
export function slowKeyStream(
  algorithm: number,
  key: Uint8Array,
  count: number,
  bearer: number,
  direction: number,
  octets: number,
): Uint8Array {
  const start = new DataView(new ArrayBuffer(16));
  start.setUint32(0, count);
  start.setUint8(4, bearer * 8 + direction * 4);
  const words = Math.ceil(octets / 4);
  if (algorithm === 1) {
    const ck = new DataView(key.buffer, key.byteOffset, 16);
    const k = [12, 8, 4, 0].map((at) => ck.getUint32(at));
    const stream = start.getUint32(4);
    return octetsOfWords(snow3gWords(k, [stream, count, stream, count], words)).slice(0, octets);
  }
  if (algorithm === 2) {
    return octets === 0 ? new Uint8Array(0) : ctr(key, new Uint8Array(start.buffer)).encrypt(new Uint8Array(octets));
  }
  if (algorithm === 3) {
    const half = new Uint8Array(start.buffer, 0, 8);
    return octetsOfWords(zucWords(key, Uint8Array.of(...half, ...half), words)).slice(0, octets);
  }
  return new Uint8Array(octets);
}

/** Words as octets, most significant first. */
export function octetsOfWords(words: readonly number[]): Uint8Array {
  const view = new DataView(new ArrayBuffer(4 * words.length));
  for (const [i, word] of words.entries()) view.setUint32(4 * i, word);
  return new Uint8Array(view.buffer);
}
