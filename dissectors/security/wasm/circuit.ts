// Circuits of gates over vectors: bit i of a vector belongs to message i, so that a gate is one instruction for all 128 of
// them. A circuit is written down gate by gate and becomes instructions at once.

import { type Code, constant, get, set } from './assembler.ts';
import { Gate, Interleave, loadVector, storeVector } from './vector.ts';

/** What a gate gives, by the local that holds it. Any local with a vector may be an input. */
export type Wire = number;

const GET = 0x20;
const SET = 0x21;

/** A circuit under construction, its gates in the order in which they were asked for. */
export class Circuit {
  readonly code: (number | Code)[] = [];
  #end: number;

  /** @param firstLocal each gate has a local of its own, from this one on; to keep them few is the work of the host */
  constructor(firstLocal: number) {
    this.#end = firstLocal;
  }

  /** The local behind those of all gates. */
  get end(): number {
    return this.#end;
  }

  /** A vector that other instructions give. */
  value(code: Code): Wire {
    const wire = this.#end++;
    this.code.push(set(wire, code));
    return wire;
  }

  /** The vector at an address and a fixed offset behind it, as it is when this gate has its turn. */
  load(address: Code, offset: number): Wire {
    return this.value(loadVector(address, offset));
  }

  store(address: Code, offset: number, wire: Wire): void {
    this.code.push(storeVector(address, get(wire), offset));
  }

  /** Other instructions in their turn. */
  also(code: Code): void {
    this.code.push(code);
  }

  /** Sets a local of somebody else. */
  write(local: number, wire: Wire): void {
    this.code.push(set(local, get(wire)));
  }

  xor(a: Wire, b: Wire): Wire {
    return this.#gate(Gate.xor, a, b);
  }

  and(a: Wire, b: Wire): Wire {
    return this.#gate(Gate.and, a, b);
  }

  not(a: Wire): Wire {
    return this.value([get(a), Gate.not]);
  }

  /** The sum of three bits, and what is carried. */
  add(a: Wire, b: Wire, c: Wire): readonly [sum: Wire, carry: Wire] {
    const unequal = this.xor(a, b);
    return [this.xor(unequal, c), this.xor(a, this.and(unequal, this.xor(a, c)))];
  }

  /** The sum of two bits, and what is carried. */
  addTwo(a: Wire, b: Wire): readonly [sum: Wire, carry: Wire] {
    return [this.xor(a, b), this.and(a, b)];
  }

  /** Shifts in words. */
  shift(direction: 'shiftLeft' | 'shiftRight', a: Wire, bits: number): Wire {
    return this.value([get(a), constant(bits), Gate[direction]]);
  }

  /** Octets of two vectors in turns, the first or the last eight of each. */
  interleave(octets: keyof typeof Interleave, a: Wire, b: Wire): Wire {
    return this.#gate(Interleave[octets], a, b);
  }

  #gate(gate: Code, a: Wire, b: Wire): Wire {
    const wire = this.#end++;
    this.#local(GET, a);
    this.#local(GET, b);
    this.code.push(gate);
    this.#local(SET, wire);
    return wire;
  }

  /** As `get` and `set` of the assembler; it is done some ten thousand times for a kernel. */
  #local(instruction: number, local: number): void {
    if (local < 0x80) this.code.push(instruction, local);
    else this.code.push(instruction, (local & 0x7f) | 0x80, local >>> 7);
  }
}
