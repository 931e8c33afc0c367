// ZUC (../zuc.ts, which is its twin in tests) for 128 messages at once (plane-kernel.ts). Each plane of the register is
// there twice, 31 planes apart, so that a word rotated by some bits begins at another plane.

import { LOADING, S0_ROUNDS, S1, S1_POLYNOMIAL } from '../zuc.ts';
import { add, type Code, constant, get, joined, set, when } from './assembler.ts';
import { type Box, inversionBoxCircuit, smallBox } from './box-circuits.ts';
import type { Circuit, Wire } from './circuit.ts';
import type { KeyStreamKernel } from './key-stream-kernel.ts';
import { buildPlaneKernel, FIRST_LOCAL, INITIALISES, STEP, slot, WORD_OCTETS } from './plane-kernel.ts';
import { VECTOR_OCTETS } from './vector.ts';

// We chose: where things lie in the kernel's memory.
const SLOT_OCTETS = 2 * WORD_OCTETS;
const WORD_BITS = 31;
/** The first bit of a word in which a key is loaded. */
const KEY_BIT = 23;
const LOADING_BIT = 8;
/** Bits to which something carried out of the word is added. */
const CARRIED_BITS = 3;
const OWN_AT = 16 * SLOT_OCTETS;
const R1_AT = OWN_AT;
const R2_AT = R1_AT + WORD_OCTETS;
const W_AT = R2_AT + WORD_OCTETS;
/** What L1 and L2 are applied to, twice each. */
const L1_AT = W_AT + WORD_OCTETS;
const L2_AT = L1_AT + 2 * WORD_OCTETS;
const SUM_AT = L2_AT + 2 * WORD_OCTETS;
const OWN_OCTETS = SUM_AT + WORD_OCTETS - OWN_AT;

/** Words of the register that are used, each with a local for the address of its slot. */
const USED = [0, 2, 4, 5, 7, 9, 10, 11, 13, 14, 15] as const;
type Word = (typeof USED)[number];
const local = (i: Word): number => FIRST_LOCAL + USED.indexOf(i);
const word = (i: Word): Code => get(local(i));
/** The address of a slot that is loaded. */
const SLOT = local(0);
/** At STEP behind an address. */
const at = (address: Code): Code => add(address, get(STEP));
const plane = (i: number): number => i * VECTOR_OCTETS;

/** Builds a kernel of 128 lanes; null where the host cannot run it. */
export function createZucPlanes(): KeyStreamKernel | null {
  return buildPlaneKernel({
    name: 'zuc-planes',
    slotOctets: SLOT_OCTETS,
    slots: slotsBefore(),
    load: (clock, key, iv) =>
      // An octet of the key, 15 bits that the specification says, and an octet of the IV (3.5).
      joined(
        set(SLOT, constant(0)),
        clock.repeat(16, 8, (c) => {
          for (let bit = 0; bit < 8; bit++) {
            for (const [from, to] of [
              [iv, bit],
              [key, KEY_BIT + bit],
            ]) {
              const wire = c.load(get(STEP), from + plane(bit));
              c.store(get(SLOT), plane(to), wire);
              c.store(get(SLOT), plane(WORD_BITS + to), wire);
            }
          }
          c.also(set(SLOT, add(get(SLOT), constant(SLOT_OCTETS))));
        }),
      ),
    ownOctets: OWN_OCTETS,
    locals: USED.length,
    clock(clock, stream, carries) {
      const boxes = { s0: makeS0(), s1: inversionBoxCircuit(S1, S1_POLYNOMIAL) };
      const nothingCarried = clock.circuit((c) => {
        for (const carry of carries) c.write(carry, c.xor(carry, carry));
      });
      return joined(
        ...USED.map((i) => set(local(i), slot(i, SLOT_OCTETS))),
        nothingCarried,
        clock.repeat(2, 8, (c) => f(c, LOW_HALF, carries, stream)),
        clock.repeat(2, 8, (c) => f(c, HIGH_HALF, carries, stream)),
        clock.repeat(8, 4, linear),
        clock.repeat(4, 16, (c) => substitution(c, boxes)),
        nothingCarried,
        when(
          get(INITIALISES),
          clock.repeat(WORD_BITS, 1, (c) => feedback(c, carries, true)),
          clock.repeat(WORD_BITS, 1, (c) => feedback(c, carries, false)),
        ),
        clock.circuit((c) => carriedRound(c, carries)),
        clock.repeat(WORD_BITS - CARRIED_BITS, 1, (c) => carriedOn(c, carries[0])),
        clock.circuit((c) => carriedAgain(c, carries[0])),
      );
    },
  });
}

/** The register with all bits of key and IV 0. */
function slotsBefore(): Uint8Array {
  const slots = new Uint8Array(OWN_AT);
  for (const [i, bits] of LOADING.entries()) {
    for (let bit = 0; bit < KEY_BIT - LOADING_BIT; bit++) {
      if (((bits >>> bit) & 1) === 0) continue;
      for (const at of [LOADING_BIT + bit, WORD_BITS + LOADING_BIT + bit]) {
        slots.fill(0xff, i * SLOT_OCTETS + plane(at), i * SLOT_OCTETS + plane(at + 1));
      }
    }
  }
  return slots;
}

/** Where half a word of X0 to X3 (3.3) comes from, as a word of the register and its first plane, and where its results go. */
interface Half {
  readonly first: number;
  readonly x: readonly (readonly [Word, number])[];
  /** W1's low half is above W2's high half in what L1 is applied to, and the other way round in L2. */
  readonly w1At: number;
  readonly w2At: number;
}

const LOW_HALF: Half = {
  first: 0,
  x: [
    [14, 0],
    [9, 15],
    [5, 15],
    [0, 15],
  ],
  w1At: L1_AT + plane(16),
  w2At: L2_AT + plane(16),
};
const HIGH_HALF: Half = {
  first: 16,
  x: [
    [15, 15],
    [11, 0],
    [7, 0],
    [2, 0],
  ],
  w1At: L2_AT,
  w2At: L1_AT,
};

/** F (3.4) for eight bits of a half, and the key stream of it. */
function f(c: Circuit, { first, x, w1At, w2At }: Half, carries: readonly number[], stream: Code): void {
  let [carry, carry1] = carries;
  for (let bit = 0; bit < 8; bit++) {
    const own = plane(first + bit);
    const [x0, x1, x2, x3] = x.map(([i, from]) => c.load(at(word(i)), plane(from + bit)));
    const r1 = c.load(get(STEP), R1_AT + own);
    const r2 = c.load(get(STEP), R2_AT + own);
    let w: Wire;
    let w1: Wire;
    [w, carry] = c.add(c.xor(x0, r1), r2, carry);
    [w1, carry1] = c.add(r1, x1, carry1);
    const w2 = c.xor(r2, x2);
    for (const copy of [plane(bit), plane(bit + 32)]) {
      c.store(get(STEP), w1At + copy, w1);
      c.store(get(STEP), w2At + copy, w2);
    }
    c.store(get(STEP), W_AT + own, w);
    c.store(at(stream), own, c.xor(w, x3));
  }
  c.write(carries[0], carry);
  c.write(carries[1], carry1);
}

/** L1 and L2 (3.4.2) of four bits. */
function linear(c: Circuit): void {
  for (const { from, rotations, to } of [
    { from: L1_AT, rotations: [0, 2, 10, 18, 24], to: R1_AT },
    { from: L2_AT, rotations: [0, 8, 14, 22, 30], to: R2_AT },
  ]) {
    for (let bit = 0; bit < 4; bit++) {
      const [first, ...others] = rotations.map((by) => c.load(get(STEP), from + plane(32 - by + bit)));
      const sum = others.reduce((sum, other) => c.xor(sum, other), first);
      c.store(get(STEP), to + plane(bit), sum);
    }
  }
}

/** S-boxes of 16 bits of r1 and r2, which lie one behind the other (3.4.1). */
function substitution(c: Circuit, { s0, s1 }: { readonly s0: Box; readonly s1: Box }): void {
  for (const [octet, box] of [s1, s0].entries()) {
    const at = (bit: number): number => R1_AT + plane(8 * octet + bit);
    const bits = Array.from({ length: 8 }, (_, bit) => c.load(get(STEP), at(bit)));
    for (const [bit, wire] of box(c, bits).entries()) c.store(get(STEP), at(bit), wire);
  }
}

/** S0: three rounds on halves of octets, then a rotation by 5. */
function makeS0(): Box {
  const rounds = S0_ROUNDS.map((round) => smallBox(round, 4));
  return (c, bits) => {
    let [low, high] = [bits.slice(0, 4), bits.slice(4)];
    for (const round of rounds) {
      const made = round(c, low);
      [low, high] = [high.map((wire, i) => c.xor(wire, made[i])), low];
    }
    // The halves have changed places three times.
    const octet = [...high, ...low];
    return octet.map((_, bit) => octet[(bit + 3) & 7]);
  };
}

/** One bit of the sum that is fed back (3.2); what is carried to the next has three bits. */
function feedback(c: Circuit, carries: readonly number[], initialises: boolean): void {
  /** Of a word times 2^`by`, which modulo 2^31 - 1 is a rotation. */
  const rotated = (i: Word, by: number): Wire => c.load(at(word(i)), plane(WORD_BITS - by));
  const [carry0, carry1, carry2] = carries;
  const [a, a1] = c.add(rotated(15, 15), rotated(13, 17), rotated(10, 21));
  const [b, b1] = c.add(rotated(4, 20), rotated(0, 8), rotated(0, WORD_BITS));
  let [sum, c1] = c.add(a, b, carry0);
  const twos = [a1, b1, c1, carry1];
  if (initialises) {
    // W without its last bit.
    [sum, c1] = c.addTwo(sum, c.load(get(STEP), W_AT + plane(1)));
    twos.push(c1);
  }
  c.store(get(STEP), SUM_AT, sum);
  const [two, four] = c.add(twos[0], twos[1], twos[2]);
  const [next0, four1] = initialises ? c.add(two, twos[3], twos[4]) : c.addTwo(two, twos[3]);
  const [next1, next2] = c.add(carry2, four, four1);
  c.write(carries[0], next0);
  c.write(carries[1], next1);
  c.write(carries[2], next2);
}

/** Writes a plane of the next word of the register. */
function next(c: Circuit, address: Code, bit: number, wire: Wire): void {
  c.store(address, plane(bit), wire);
  c.store(address, plane(WORD_BITS + bit), wire);
}

/** What was carried out of the word, at most 6, comes back at its low end. */
function carriedRound(c: Circuit, carries: readonly number[]): void {
  let carry: Wire | undefined;
  for (let bit = 0; bit < CARRIED_BITS; bit++) {
    const sum = c.load(constant(SUM_AT), plane(bit));
    const [result, over] =
      carry === undefined
        ? c.addTwo(sum, carries[bit])
        : bit < carries.length
          ? c.add(sum, carries[bit], carry)
          : c.addTwo(sum, carry);
    c.store(constant(SUM_AT), plane(bit), result);
    carry = over;
  }
  c.write(carries[0], carry ?? carries[0]);
}

/** One of the bits behind those. */
function carriedOn(c: Circuit, carried: number): void {
  const [sum, carry] = c.addTwo(c.load(get(STEP), SUM_AT + plane(CARRIED_BITS)), carried);
  next(c, at(word(0)), CARRIED_BITS, sum);
  c.write(carried, carry);
}

/** If that was carried out once more, the first bits are a small number, so that adding 1 stays within them. */
function carriedAgain(c: Circuit, carried: number): void {
  let carry: Wire = carried;
  for (let bit = 0; bit < CARRIED_BITS; bit++) {
    let sum: Wire;
    [sum, carry] = c.addTwo(c.load(constant(SUM_AT), plane(bit)), carry);
    next(c, word(0), bit, sum);
  }
}
