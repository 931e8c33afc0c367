// S-boxes as circuits: eight bits in, eight out, least significant first.

import type { Circuit, Wire } from './circuit.ts';
import { product } from './inversion-box.ts';
import { type Gates, planSums, solve, sums, TRUTH_TABLES, truthTable } from './linear-map.ts';

/** A box as a circuit. */
export type Box = (circuit: Circuit, bits: readonly Wire[]) => Wire[];

/**
 * A box whose bits are sums of what `products` makes of sums of the input, and of 1.
 *
 * @param inner the sums that `products` takes
 * @throws Error where they are not
 */
export function boxOf(
  box: ArrayLike<number>,
  bits: number,
  inner: readonly number[],
  products: <Value>(gates: Gates<Value>, inner: readonly Value[]) => Value[],
): Box {
  const places = Array.from({ length: bits }, (_, i) => i);
  const inputs = places.map((i) => truthTable(bits, (x) => x >>> i));
  const inward = planSums(
    bits,
    inner.map((row) => places.filter((i) => ((row >>> i) & 1) !== 0)),
  );
  const functions = products(TRUTH_TABLES, sums(TRUTH_TABLES, inputs, inward));
  const rows = solve(
    functions,
    places.map((i) => truthTable(bits, (x) => (box[x] ^ box[0]) >>> i)),
  );
  const outward = planSums(functions.length, rows);
  return (circuit, wires) =>
    sums(circuit, products(circuit, sums(circuit, wires, inward)), outward).map((wire, i) =>
      ((box[0] >>> i) & 1) === 0 ? wire : circuit.not(wire),
    );
}

/** A box of few bits: all products of its bits. */
export function smallBox(box: ArrayLike<number>, bits: number): Box {
  const inner = Array.from({ length: bits }, (_, i) => 1 << i);
  return boxOf(box, bits, inner, (gates, wires) => {
    const monomials = [wires[0]];
    for (const wire of wires.slice(1)) monomials.push(wire, ...monomials.map((other) => gates.and(other, wire)));
    return monomials;
  });
}

// The inversion of J. Boyar and R. Peralta, "A depth-16 circuit for the AES S-box" (2011), in the field of AES.
const AES_POLYNOMIAL = 0x11b;

/** T1 to T27 and U7 of that paper: sums of the input, whose bit 0 they call U7. */
function inversionSums<Value>(gates: Gates<Value>, bits: readonly Value[]): Value[] {
  const xor = (a: Value, b: Value): Value => gates.xor(a, b);
  const [u7, u6, u5, u4, u3, u2, u1, u0] = bits;
  const t1 = xor(u0, u3);
  const t2 = xor(u0, u5);
  const t3 = xor(u0, u6);
  const t4 = xor(u3, u5);
  const t5 = xor(u4, u6);
  const t6 = xor(t1, t5);
  const t7 = xor(u1, u2);
  const t8 = xor(u7, t6);
  const t9 = xor(u7, t7);
  const t10 = xor(t6, t7);
  const t11 = xor(u1, u5);
  const t12 = xor(u2, u5);
  const t13 = xor(t3, t4);
  const t14 = xor(t6, t11);
  const t15 = xor(t5, t11);
  const t16 = xor(t5, t12);
  const t17 = xor(t9, t16);
  const t18 = xor(u3, u7);
  const t19 = xor(t7, t18);
  const t20 = xor(t1, t19);
  const t21 = xor(u6, u7);
  const t22 = xor(t7, t21);
  const t23 = xor(t2, t22);
  const t24 = xor(t2, t10);
  const t25 = xor(t20, t17);
  const t26 = xor(t3, t16);
  const t27 = xor(t1, t12);
  return [t1, t2, t3, t4, t6, t8, t9, t10, t13, t14, t15, t16, t17, t19, t20, t22, t23, t24, t25, t26, t27, u7];
}

/** M1 to M63: the last 18 of them sum up to the inverse. */
function inversionProducts<Value>(gates: Gates<Value>, inner: readonly Value[]): Value[] {
  const [t1, t2, t3, t4, t6, t8, t9, t10, t13, t14, t15, t16, t17, t19, t20, t22, t23, t24, t25, t26, t27, u7] = inner;
  const xor = (a: Value, b: Value): Value => gates.xor(a, b);
  const and = (a: Value, b: Value): Value => gates.and(a, b);
  const m1 = and(t13, t6);
  const m5 = xor(and(t19, u7), m1);
  const m6 = and(t3, t16);
  const m10 = xor(and(t20, t17), m6);
  const m11 = and(t1, t15);
  const m13 = xor(and(t4, t27), m11);
  const m15 = xor(and(t2, t10), m11);
  const m20 = xor(xor(xor(t14, m1), and(t23, t8)), m13);
  const m21 = xor(xor(m5, t24), m15);
  const m22 = xor(xor(xor(t26, m6), and(t22, t9)), m13);
  const m23 = xor(xor(m10, m15), t25);
  const m24 = xor(m22, m23);
  const m25 = and(m22, m20);
  const m27 = xor(m20, m21);
  const m37 = xor(m21, and(xor(m23, m25), m27));
  const m38 = xor(and(m27, and(m20, m23)), xor(m27, m25));
  const m39 = xor(m23, and(xor(m21, m25), m24));
  const m40 = xor(and(m24, and(m21, m22)), xor(m24, m25));
  const m41 = xor(m38, m40);
  const m42 = xor(m37, m39);
  const m43 = xor(m37, m38);
  const m44 = xor(m39, m40);
  const m45 = xor(m42, m41);
  const factors: readonly (readonly [Value, Value, Value])[] = [
    [m44, t6, t13],
    [m40, t8, t23],
    [m39, u7, t19],
    [m43, t16, t3],
    [m38, t9, t22],
    [m37, t17, t20],
    [m42, t15, t1],
    [m45, t27, t4],
    [m41, t10, t2],
  ];
  return factors.flatMap(([m, a, b]) => [and(m, a), and(m, b)]);
}

/**
 * A box that is an inversion in GF(2^8) and an affine map.
 *
 * @param polynomial of the field, with its leading bit
 */
export function inversionBoxCircuit(box: ArrayLike<number>, polynomial: number): Box {
  // The field is that of AES under other names: x is a root of its own polynomial there.
  const root = Array.from({ length: 256 }, (_, x) => x).find((x) => x > 1 && evaluate(polynomial, x) === 0) ?? 2;
  const powers = [1];
  while (powers.length < 8) powers.push(product(powers[powers.length - 1], root, AES_POLYNOMIAL));
  // Bit i of the image is the sum of those bits of x whose power of the root has bit i.
  const image = powers.map((_, i) => powers.reduce((row, power, bit) => row | (((power >>> i) & 1) << bit), 0));
  const inner = inversionSums({ xor: (a, b) => a ^ b, and: (a, b) => a & b }, image);
  return boxOf(box, 8, inner, inversionProducts);
}

/** A polynomial over GF(2) at x, in the field of AES. */
function evaluate(polynomial: number, x: number): number {
  let sum = 0;
  for (let bit = 8; bit >= 0; bit--) sum = product(sum, x, AES_POLYNOMIAL) ^ ((polynomial >>> bit) & 1);
  return sum;
}
