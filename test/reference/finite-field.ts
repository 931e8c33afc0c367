// Arithmetic in GF(2^8), bit by bit, for the slow twins of the ciphers.

/** Product of two octets modulo a polynomial of degree 8, given with its leading bit (0x11b for Rijndael). */
export function multiply(a: number, b: number, polynomial: number): number {
  let product = 0;
  for (let bit = 7; bit >= 0; bit--) {
    product <<= 1;
    if (product & 0x100) product ^= polynomial;
    if ((b >>> bit) & 1) product ^= a;
  }
  return product;
}

/** An octet to a power, by repeated multiplication. */
export function power(a: number, exponent: number, polynomial: number): number {
  let result = 1;
  for (let i = 0; i < exponent; i++) result = multiply(result, a, polynomial);
  return result;
}

/** The inverse; 0 for 0. */
export function inverse(a: number, polynomial: number): number {
  return power(a, 254, polynomial);
}
