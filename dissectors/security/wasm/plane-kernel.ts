// The frame of a kernel that makes key stream for 128 messages as circuits (circuit.ts): a word of each message is 32 planes,
// vectors with one bit of each. The shift register is a ring of 16 slots.
//
// Octets become planes and planes octets in two steps, each of which undoes itself. Sixteen messages side by side: octet r
// of message c goes to octet c of vector r. And squares of 8 bits: of eight such vectors, one for each of eight messages,
// the octets at the same place become eight planes. So bit b of octet c of a plane is that of message 8c + b.

import {
  add,
  and,
  type Code,
  constant,
  get,
  isBelow,
  joined,
  type KernelFunction,
  repeatBelow,
  set,
  shiftLeft,
  shiftRight,
  startKernel,
  when,
} from './assembler.ts';
import { Circuit, type Wire } from './circuit.ts';
import {
  ENTRY_OCTETS,
  ENTRY_WORDS,
  INITIALISATION_CLOCKS,
  KERNEL_MESSAGES,
  KERNEL_WORDS,
  type KeyStreamKernel,
  REGISTER_WORDS,
  SILENT_CLOCKS,
  strideOf,
  unlessRefused,
} from './key-stream-kernel.ts';
import { repeated, VECTOR_OCTETS } from './vector.ts';

/** Octets of the planes of a word of all messages. */
export const WORD_OCTETS = KERNEL_MESSAGES * 4;
/** Octets of the planes of an octet of all messages. */
const OCTET_PLANES = KERNEL_MESSAGES;
/** Words whose planes become key stream together: one vector of each message. */
const GATHERED_WORDS = VECTOR_OCTETS / 4;

/** How one cipher is put together. */
export interface PlaneGenerator {
  /** That of its kernel (assembler.ts). */
  readonly name: string;
  /** Octets of a slot of the register, a power of two, of which the first 16 lie from address 0 on. */
  readonly slotOctets: number;
  /** What is in the slots where neither key nor IV go. */
  readonly slots: Uint8Array;
  /** Octets behind the slots that are its own, zeros at the start of a message. */
  readonly ownOctets: number;
  /** Locals from FIRST_LOCAL on, and vectors behind them. */
  readonly locals: number;
  /** Copies the planes of key and IV, those of an octet OCTET_PLANES octets behind those of the one before, to the slots. */
  load(clock: Clock, key: number, iv: number): Code;
  /**
   * The instructions of one clock: they read words of the register from `slot`, write the next where word 0 was, and write
   * key stream, which is dropped while it initialises.
   *
   * @param stream address for the planes of key stream
   * @param carries locals with vectors, for what goes from one circuit to the next
   */
  clock(clock: Clock, stream: Code, carries: readonly number[]): Code;
}

// Parameters: octets of the planes of all clocks, and octets from a message's key stream to that of the next.
const END = 0;
const STRIDE = 1;
// Locals.
/** Local with the octets from address 0 to word 0 of the register, not yet brought round. */
export const AT = 2;
/** Local with 1 during the initialisation. */
export const INITIALISES = 3;
/** Octets of the planes of the clocks so far, and with how many of them words are gathered. */
const CLOCKED = 4;
const GATHERED = 5;
/** Where the planes of this clock's word go. */
const PLANES = 6;
const FROM = 7;
const TO = 8;
/** Where the next vector of the first message goes. */
const STREAM = 9;
/** Local with the octets by which addresses have gone on in `Clock.repeat`. */
export const STEP = 10;
export const FIRST_LOCAL = 11;

/** We chose: as many as ZUC needs. */
const CARRIES = 3;

/** Makes circuits that run one after the other, and so may use the same locals. */
export class Clock {
  #end: number;
  readonly #firstWire: number;

  constructor(firstWire: number) {
    this.#firstWire = firstWire;
    this.#end = firstWire;
  }

  /** The local behind those of all circuits. */
  get end(): number {
    return this.#end;
  }

  /** The instructions of a circuit. */
  circuit(fill: (circuit: Circuit) => void): Code {
    const circuit = new Circuit(this.#firstWire);
    fill(circuit);
    this.#end = Math.max(this.#end, circuit.end);
    return circuit.code;
  }

  /** A circuit so many times, its addresses with STEP in them so many planes further each time. */
  repeat(times: number, planes: number, fill: (circuit: Circuit) => void): Code {
    const octets = planes * VECTOR_OCTETS;
    return joined(
      set(STEP, constant(0)),
      repeatBelow(
        STEP,
        constant(times * octets),
        joined(this.circuit(fill), set(STEP, add(get(STEP), constant(octets)))),
      ),
    );
  }
}

/** The address of the slot with word i. */
export function slot(i: number, slotOctets: number): Code {
  return and(add(get(AT), constant(i * slotOctets)), constant(REGISTER_WORDS * slotOctets - 1));
}

/** Where things lie in the memory, behind what is the generator's, in octets. */
interface Places {
  readonly gatheredAt: number;
  readonly listAt: number;
  readonly keyAt: number;
  readonly streamAt: number;
}

/** Builds a kernel; null where the host cannot run it. */
export function buildPlaneKernel(generator: PlaneGenerator): KeyStreamKernel | null {
  return unlessRefused(() => build(generator));
}

function build(generator: PlaneGenerator): KeyStreamKernel {
  const { slotOctets, ownOctets, slots } = generator;
  const ownAt = REGISTER_WORDS * slotOctets;
  const gatheredAt = ownAt + ownOctets;
  const listAt = gatheredAt + GATHERED_WORDS * WORD_OCTETS;
  const keyAt = listAt + KERNEL_MESSAGES * ENTRY_OCTETS;
  const streamAt = keyAt + ENTRY_OCTETS * OCTET_PLANES;
  const octets = streamAt + KERNEL_MESSAGES * strideOf(KERNEL_WORDS);
  const functions = () => [running(generator, { gatheredAt, listAt, keyAt, streamAt })];
  const { memory, call } = startKernel(generator.name, functions, octets);
  const secrets = new Uint8Array(memory, 0, octets);
  const own = secrets.subarray(ownAt, gatheredAt);
  let used = 0;
  return {
    list: new Int32Array(memory, listAt, KERNEL_MESSAGES * ENTRY_WORDS),
    run(messages, words) {
      const stride = strideOf(words);
      used = Math.max(used, streamAt + KERNEL_MESSAGES * stride);
      secrets.set(slots);
      own.fill(0);
      call.run((SILENT_CLOCKS + words) * WORD_OCTETS, stride);
      return secrets.subarray(streamAt, streamAt + messages * stride);
    },
    wipe() {
      secrets.fill(0, 0, used);
      used = 0;
    },
  };
}

/** All clocks of the messages of the list. */
function running(generator: PlaneGenerator, { gatheredAt, listAt, keyAt, streamAt }: Places): KernelFunction {
  const vectors = FIRST_LOCAL + generator.locals;
  const carries = Array.from({ length: CARRIES }, (_, i) => vectors + i);
  const circuits = new Clock(vectors + CARRIES);
  const loading = joined(
    // Half an entry of each message at a time: first all keys, then all IVs. Words have their most significant octet last.
    set(TO, constant(0)),
    repeatBelow(
      TO,
      constant(ENTRY_OCTETS * OCTET_PLANES),
      joined(
        set(FROM, shiftRight(get(TO), Math.log2(OCTET_PLANES))),
        circuits.repeat(8, 1, (c) => {
          const messages = places(16).map((i) => c.load(get(FROM), listAt + i * 8 * ENTRY_OCTETS));
          for (const [octet, wire] of turned(c, messages).entries()) {
            c.store(add(get(TO), get(STEP)), keyAt + (octet ^ 3) * OCTET_PLANES, wire);
          }
          c.also(step(FROM, ENTRY_OCTETS));
        }),
        step(TO, VECTOR_OCTETS * OCTET_PLANES),
      ),
    ),
    squares(circuits, keyAt, ENTRY_OCTETS),
    generator.load(circuits, keyAt, keyAt + VECTOR_OCTETS * OCTET_PLANES),
  );
  const leaving = joined(
    squares(circuits, gatheredAt, GATHERED_WORDS * 4),
    set(FROM, get(STREAM)),
    circuits.repeat(8, 1, (c) => {
      // The octets of a word in the order of the air.
      const octets = places(16).map((i) => c.load(get(STEP), gatheredAt + (i ^ 3) * OCTET_PLANES));
      c.also(set(TO, get(FROM)));
      for (const wire of turned(c, octets)) {
        c.store(get(TO), 0, wire);
        c.also(set(TO, add(get(TO), shiftLeft(get(STRIDE), 3))));
      }
      c.also(set(FROM, add(get(FROM), get(STRIDE))));
    }),
    step(STREAM, VECTOR_OCTETS),
    step(GATHERED, GATHERED_WORDS * WORD_OCTETS),
    when(isBelow(get(END), get(GATHERED)), set(GATHERED, get(END))),
  );
  const clocks = repeatBelow(
    CLOCKED,
    get(END),
    joined(
      set(INITIALISES, isBelow(get(CLOCKED), constant(INITIALISATION_CLOCKS * WORD_OCTETS))),
      set(
        PLANES,
        add(
          constant(gatheredAt),
          and(add(get(CLOCKED), constant(-SILENT_CLOCKS * WORD_OCTETS)), constant(GATHERED_WORDS * WORD_OCTETS - 1)),
        ),
      ),
      generator.clock(circuits, get(PLANES), carries),
      step(AT, generator.slotOctets),
      step(CLOCKED, WORD_OCTETS),
      when(isBelow(get(CLOCKED), get(GATHERED)), [], leaving),
    ),
  );
  const begun = joined(
    set(STREAM, constant(streamAt)),
    set(GATHERED, constant((SILENT_CLOCKS + GATHERED_WORDS) * WORD_OCTETS)),
    when(isBelow(get(END), get(GATHERED)), set(GATHERED, get(END))),
  );
  return {
    name: 'run',
    parameters: 2,
    locals: vectors - 2,
    vectors: circuits.end - vectors,
    body: joined(loading, begun, clocks),
  };
}

function step(local: number, by: number): Code {
  return set(local, add(get(local), constant(by)));
}

function places(count: number): number[] {
  return Array.from({ length: count }, (_, i) => i);
}

/** Octet c of vector r of sixteen becomes octet r of vector c. */
function turned(c: Circuit, vectors: readonly Wire[]): Wire[] {
  let wires = [...vectors];
  // Each pass turns the eight bits of place and vector by one.
  for (let pass = 0; pass < 4; pass++) {
    wires = wires.map((_, i) => {
      const pair = i >>> 1;
      return c.interleave((i & 1) === 0 ? 'first' : 'last', wires[pair], wires[pair + 8]);
    });
  }
  return wires;
}

/** Of each eight vectors from an address on, one for each of so many octets: bit b of vector r becomes bit r of vector b. */
function squares(clock: Clock, at: number, octets: number): Code {
  return clock.repeat(octets, 8, (c) => {
    const wires = places(8).map((i) => c.load(get(STEP), at + i * VECTOR_OCTETS));
    for (const half of [4, 2, 1]) {
      const mask = c.value(repeated(...maskOctets(half)));
      for (let i = 0; i < wires.length; i++) {
        if ((i & half) !== 0) continue;
        const moved = c.and(c.xor(c.shift('shiftRight', wires[i], half), wires[i + half]), mask);
        wires[i + half] = c.xor(wires[i + half], moved);
        wires[i] = c.xor(wires[i], c.shift('shiftLeft', moved, half));
      }
    }
    for (const [i, wire] of wires.entries()) c.store(get(STEP), at + i * VECTOR_OCTETS, wire);
  });
}

/** Ones at the places whose number has no bit `bits`. */
function maskOctets(bits: number): number[] {
  let word = 0;
  for (let bit = 0; bit < 32; bit++) if ((bit & bits) === 0) word |= 1 << bit;
  return [word & 0xff, (word >>> 8) & 0xff, (word >>> 16) & 0xff, word >>> 24];
}
