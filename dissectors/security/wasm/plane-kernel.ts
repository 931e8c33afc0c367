// The frame of a kernel that makes key stream for 128 messages as circuits (circuit.ts): a word of each message is 32 planes,
// vectors with one bit of each. Words become planes and planes words by transposing squares of 32 bits. The shift register
// is a ring of 16 slots.

import { LITTLE_ENDIAN } from '../words.ts';
import { add, and, type Code, constant, get, joined, repeatBelow, set, startKernel, when } from './assembler.ts';
import { Circuit, type Wire } from './circuit.ts';
import { INITIALISATION_CLOCKS, type KeyStreamKernel, REGISTER_WORDS } from './key-stream-kernel.ts';
import { repeated, VECTOR_OCTETS } from './vector.ts';

/** Messages of a kernel. */
export const LANES = 128;
/** Octets of a word of all messages, as words and as planes. */
export const WORD_OCTETS = LANES * 4;
/** We chose: words of key stream a call, 32 KiB of them. */
const STREAM_WORDS = 64;
/** We chose: messages of a cipher before such a kernel is built, which takes as long as it wins with about so many. */
export const MESSAGES_BEFORE_PLANES = 131_072;
const PAGE_OCTETS = 65_536;

/** How one cipher is put together. */
export interface PlaneGenerator {
  /** Octets of a slot of the register, a power of two, of which the first 16 lie from address 0 on. */
  readonly slotOctets: number;
  /** Where in its slot plane 0 of a word that is loaded goes. */
  readonly loadedAt: readonly number[];
  /** Octets behind the slots that are its own, zeros at the start of a message. */
  readonly ownOctets: number;
  /** Locals from FIRST_LOCAL on, and vectors behind them. */
  readonly locals: number;
  /**
   * The instructions of one clock: they read words of the register from `slot`, write the next where word 0 was, and write
   * key stream, which is dropped while it initialises.
   *
   * @param stream address for the planes of key stream
   * @param carries locals with vectors, for what goes from one circuit to the next
   */
  clock(clock: Clock, stream: number, carries: readonly number[]): Code;
}

// Locals.
const END = 0;
/** Local with the octets from address 0 to word 0 of the register, not yet brought round. */
export const AT = 1;
/** Where the next word of key stream goes. */
const TO = 2;
/** Local with 1 during the initialisation. */
export const INITIALISES = 3;
const FROM = 4;
/** Local with the octets by which addresses have gone on in `Clock.repeat`. */
export const STEP = 5;
export const FIRST_LOCAL = 6;

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

/** Builds a kernel of 128 lanes; null where the host cannot run it. */
export function buildPlaneKernel(generator: PlaneGenerator): KeyStreamKernel | null {
  if (!LITTLE_ENDIAN) return null;
  try {
    return build(generator);
  } catch {
    // Refused by a processor without these instructions, or by a Node that was started without WebAssembly.
    return null;
  }
}

function build(generator: PlaneGenerator): KeyStreamKernel {
  const { slotOctets, loadedAt, ownOctets } = generator;
  const ownAt = REGISTER_WORDS * slotOctets;
  const planesAt = ownAt + ownOctets;
  const registerAt = planesAt + WORD_OCTETS;
  // One word before the stream, for the clock whose word is dropped.
  const droppedAt = registerAt + REGISTER_WORDS * WORD_OCTETS;
  const streamAt = droppedAt + WORD_OCTETS;
  const octets = streamAt + STREAM_WORDS * WORD_OCTETS;
  const vectors = FIRST_LOCAL + generator.locals;
  const step = (local: number, by: number): Code => set(local, add(get(local), constant(by)));
  const carries = Array.from({ length: CARRIES }, (_, i) => vectors + i);
  const circuits = new Clock(vectors + CARRIES);
  const loading = transposed(circuits, loadedAt, false);
  const leaving = transposed(circuits, [0], true);
  const clock = generator.clock(circuits, planesAt, carries);
  const { memory, call } = startKernel(
    [
      {
        name: 'load',
        parameters: 0,
        locals: vectors,
        vectors: circuits.end - vectors,
        body: joined(
          set(FROM, constant(registerAt)),
          repeatBelow(FROM, constant(droppedAt), joined(loading, step(FROM, WORD_OCTETS), step(TO, slotOctets))),
        ),
      },
      {
        name: 'run',
        parameters: 4,
        locals: vectors - 4,
        vectors: circuits.end - vectors,
        body: repeatBelow(
          TO,
          get(END),
          joined(
            clock,
            when(get(INITIALISES), [], joined(set(FROM, constant(planesAt)), leaving)),
            step(AT, slotOctets),
            step(TO, WORD_OCTETS),
          ),
        ),
      },
    ],
    Math.ceil(octets / PAGE_OCTETS),
  );
  const own = new Uint8Array(memory, ownAt, ownOctets);
  const secrets = new Uint8Array(memory, 0, octets);
  const register = new Int32Array(memory, registerAt, REGISTER_WORDS * LANES);
  const dropped = new Uint32Array(memory, droppedAt, STREAM_WORDS * LANES);
  const stream = new Uint32Array(memory, streamAt, STREAM_WORDS * LANES);
  let clocked = 0;
  let isUsed = false;
  const run = (words: number, initialises: 0 | 1): void => {
    call.run(droppedAt + words * WORD_OCTETS, (clocked % REGISTER_WORDS) * slotOctets, droppedAt, initialises);
    clocked += words;
  };
  return {
    lanes: LANES,
    words: STREAM_WORDS,
    register,
    begin(words) {
      isUsed = true;
      own.fill(0);
      clocked = 0;
      call.load();
      run(INITIALISATION_CLOCKS, 1);
      run(words + 1, 0);
      return stream;
    },
    next(words) {
      run(words, 0);
      return dropped;
    },
    wipe() {
      if (isUsed) secrets.fill(0);
      isUsed = false;
    },
  };
}

/**
 * Transposes 32 vectors of four words at FROM into those at TO: bit b of word q of vector r goes to bit r of word q of
 * vector b. What is at FROM is lost.
 *
 * @param targets where behind TO, in octets
 * @param turned whether the octets of words that were planes come out in the order of the air
 */
function transposed(clock: Clock, targets: readonly number[], turned: boolean): Code {
  const rows = (count: number) => Array.from({ length: count }, (_, i) => i);
  const planes = (count: number): number => count * VECTOR_OCTETS;
  const pass = (c: Circuit, distance: number, wires: Wire[]): void => {
    for (let half = wires.length / 2; half >= 1; half /= 2) {
      const bits = half * distance;
      const mask = c.value(repeated(...maskOctets(bits)));
      for (let i = 0; i < wires.length; i++) {
        if ((i & half) !== 0) continue;
        const moved = c.and(c.xor(c.shift('shiftRight', wires[i], bits), wires[i + half]), mask);
        wires[i + half] = c.xor(wires[i + half], moved);
        wires[i] = c.xor(wires[i], c.shift('shiftLeft', moved, bits));
      }
    }
  };
  const at = (local: number): Code => add(get(local), get(STEP));
  // Squares of 16 and 8 bits in place, then those within octets.
  return joined(
    clock.repeat(8, 1, (c) => {
      const wires = rows(4).map((i) => c.load(at(FROM), planes((turned ? 3 - i : i) * 8)));
      pass(c, 8, wires);
      for (const [i, wire] of wires.entries()) c.store(at(FROM), planes(i * 8), wire);
    }),
    ...targets.map((target) =>
      clock.repeat(4, 8, (c) => {
        const wires = rows(8).map((i) => c.load(at(FROM), planes(i)));
        pass(c, 1, wires);
        for (const [i, wire] of wires.entries()) c.store(at(TO), target + planes(i), wire);
      }),
    ),
  );
}

/** Ones at the places whose number has no bit `bits`. */
function maskOctets(bits: number): number[] {
  let word = 0;
  for (let bit = 0; bit < 32; bit++) if ((bit & bits) === 0) word |= 1 << bit;
  return [word & 0xff, (word >>> 8) & 0xff, (word >>> 16) & 0xff, word >>> 24];
}
