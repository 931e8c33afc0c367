// Octets for each of very many small things that are written: memory of its own for each would cost more than all else, so
// pieces are cut from larger ones.

/** We chose: octets that pieces are cut from, and of a piece that is taken by itself. */
const SLAB_OCTETS = 16 * 1024;
const LARGE_OCTETS = 4096;

let slab = new Uint8Array(0);
let at = 0;

/** Fresh octets, zeros, which nobody else has. They keep up to sixteen kilobytes alive. */
export function smallPiece(length: number): Uint8Array {
  if (length >= LARGE_OCTETS) return new Uint8Array(length);
  if (at + length > slab.length) {
    slab = new Uint8Array(SLAB_OCTETS);
    at = 0;
  }
  const piece = slab.subarray(at, at + length);
  at += length;
  return piece;
}
