// Whole numbers as octets: the numbers of records, of which there are too many to make a string of each.

const ZERO = 0x30;

/** Digits of a whole number from 0 on. */
export function decimalLength(value: number): number {
  let length = 1;
  for (let power = 10; value >= power; power *= 10) length++;
  return length;
}

/** Writes a whole number from 0 on in decimal. @returns where it ends */
export function writeDecimal(value: number, into: Uint8Array, at: number): number {
  const end = at + decimalLength(value);
  let rest = value;
  for (let place = end - 1; place >= at; place--) {
    const next = Math.floor(rest / 10);
    into[place] = rest - next * 10 + ZERO;
    rest = next;
  }
  return end;
}
