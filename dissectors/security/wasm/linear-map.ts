// Linear maps over GF(2) as circuits, and how they are found: functions of bits are written as truth tables, bit x of a table
// for input x.

/** What a circuit can be run over: gates, or truth tables. */
export interface Gates<Value> {
  xor(a: Value, b: Value): Value;
  and(a: Value, b: Value): Value;
}

/** Gates over truth tables. */
export const TRUTH_TABLES: Gates<bigint> = { xor: (a, b) => a ^ b, and: (a, b) => a & b };

/** The truth tables of functions of `bits` bits. */
export function truthTable(bits: number, value: (x: number) => number): bigint {
  // In octets, which is faster than a large number for each bit.
  const octets = new Uint8Array(Math.max(1, (1 << bits) >>> 3));
  for (let x = 0; x < 1 << bits; x++) octets[x >>> 3] |= (value(x) & 1) << (x & 7);
  return BigInt(`0x${Buffer.from(octets.toReversed()).toString('hex')}`);
}

/** Sums of inputs, planned: each pair is added in its turn and is an input of later ones. */
export interface Sums {
  readonly pairs: readonly (readonly [number, number])[];
  /** Which of the inputs and pairs are the sums. */
  readonly outputs: readonly number[];
}

/**
 * Sums with few gates: the pair that most sums want is added first, and so on (C. Paar, "Optimized arithmetic for
 * Reed-Solomon encoders", 1997).
 *
 * @param inputs how many there are
 * @param rows the inputs in each of at most 32 sums; none is empty
 */
export function planSums(inputs: number, rows: readonly (readonly number[])[]): Sums {
  // Of each input and pair, the sums that want it.
  const wanted = Array.from({ length: inputs }, () => 0);
  for (const [i, row] of rows.entries()) for (const input of row) wanted[input] |= 1 << i;
  const pairs: [number, number][] = [];
  for (;;) {
    let most = 0;
    let pair: [number, number] = [0, 0];
    for (let a = 0; a < wanted.length; a++) {
      if (wanted[a] === 0) continue;
      for (let b = a + 1; b < wanted.length; b++) {
        const both = wanted[a] & wanted[b];
        if (both === 0) continue;
        const count = ones(both);
        if (count > most) {
          most = count;
          pair = [a, b];
        }
      }
    }
    if (most === 0) break;
    const [a, b] = pair;
    const both = wanted[a] & wanted[b];
    wanted[a] ^= both;
    wanted[b] ^= both;
    wanted.push(both);
    pairs.push(pair);
  }
  return { pairs, outputs: rows.map((_, i) => wanted.findIndex((sums) => ((sums >>> i) & 1) !== 0)) };
}

/** How many bits are 1. */
function ones(bits: number): number {
  let count = 0;
  for (let rest = bits; rest !== 0; rest &= rest - 1) count++;
  return count;
}

/** Makes planned sums. */
export function sums<Value>(gates: Gates<Value>, inputs: readonly Value[], { pairs, outputs }: Sums): Value[] {
  const signals = [...inputs];
  for (const [a, b] of pairs) signals.push(gates.xor(signals[a], signals[b]));
  return outputs.map((i) => signals[i]);
}

/**
 * Which of some functions sum up to each of others.
 *
 * @returns a row for `planSums` for each
 * @throws Error where one is no such sum
 */
export function solve(functions: readonly bigint[], wanted: readonly bigint[]): number[][] {
  // Bits above the truth table say which functions are in a sum.
  const width = BigInt(Math.max(...[...functions, ...wanted].map((table) => table.toString(2).length)));
  const tables = (1n << width) - 1n;
  const reduced: { sum: bigint; top: bigint }[] = [];
  const reduce = (sum: bigint): bigint =>
    reduced.reduce((rest, known) => ((rest & known.top) === 0n ? rest : rest ^ known.sum), sum);
  for (const [i, table] of functions.entries()) {
    const sum = reduce(table | (1n << (width + BigInt(i))));
    const rest = sum & tables;
    if (rest !== 0n) reduced.push({ sum, top: rest & -rest });
  }
  return wanted.map((table) => {
    const sum = reduce(table);
    if ((sum & tables) !== 0n) throw new Error('no sum of these functions');
    return [...functions.keys()].filter((i) => ((sum >> (width + BigInt(i))) & 1n) !== 0n);
  });
}
