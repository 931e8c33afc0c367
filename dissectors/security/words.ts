// Key stream words and host words. The specifications number octets from the most significant end of a 32-bit word;
// messages are XORed through a Uint32Array, whose words are in the order of the host.

/** Whether the least significant octet of a word of this host comes first. */
export const LITTLE_ENDIAN = new Uint8Array(Uint32Array.of(1).buffer)[0] === 1;

/** The host word whose octets in memory are those of `word`, most significant first. */
export function hostWord(word: number): number {
  if (!LITTLE_ENDIAN) return word;
  const swapped = ((word << 8) & 0xff00ff00) | ((word >>> 8) & 0x00ff00ff);
  return (swapped << 16) | (swapped >>> 16);
}

/** Host word with ones where the last word of a message of `octets` octets (1 or more) holds octets of that message. */
export function lastWordMask(octets: number): number {
  const rest = octets & 3;
  return rest === 0 ? -1 : hostWord(-1 << (32 - 8 * rest));
}

/** Octets from hex digits, for the tables that the specifications print. */
export function octetsOfHex(hex: string): Uint8Array {
  return Uint8Array.from(hex.match(/../g) ?? [], (pair) => Number.parseInt(pair, 16));
}
