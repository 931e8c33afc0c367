// What the kernels of SNOW 3G and ZUC have in common: a shift register of 16 words for each message, kept as history as in
// ../snow3g.ts, and key stream of as many messages side by side as the kernel has lanes.

import { LITTLE_ENDIAN } from '../words.ts';
import { add, type Code, constant, get, load, repeatBelow, set, startKernel, store } from './assembler.ts';
import { loadVector, storeVector } from './vector.ts';

// The specification says (SNOW 3G 4, ZUC 3.6).
export const REGISTER_WORDS = 16;
export const INITIALISATION_CLOCKS = 32;
/** The clocks before key stream: behind the initialisation there is one whose word is dropped. */
const SILENT_CLOCKS = INITIALISATION_CLOCKS + 1;

/** We chose: words of key stream a call, so that register history and key stream of four messages take 18 KiB. */
export const KERNEL_WORDS = 512;
/** We chose: messages of a cipher before its kernel is built, which takes as long as it wins with about so many. */
const MESSAGES_BEFORE_KERNEL = 16_384;
/** We chose: clocks written out one behind the other in a loop. */
const UNROLLED = 2;
// A loop may go on beyond the last word that was asked for.
const MOST_CLOCKS = SILENT_CLOCKS + KERNEL_WORDS + UNROLLED;
const PAGE_OCTETS = 65_536;

/** One generator of key stream. Word w of lane m stands at `w * lanes + m`, in the register and in the stream. */
export interface KeyStreamKernel {
  /** Messages at once. */
  readonly lanes: number;
  /** Words of key stream that a call makes at most. */
  readonly words: number;
  /** The register as it is to be loaded before `begin`, which changes it. */
  readonly register: Int32Array;
  /**
   * Initialises, and makes the first `words` words, 0 to KERNEL_WORDS, of key stream.
   *
   * @returns host words, the octets in the order of the air; valid until the next call
   */
  begin(words: number): Uint32Array;
  /** The next 1 to KERNEL_WORDS words behind those of the last call, which asked for KERNEL_WORDS. */
  next(words: number): Uint32Array;
  /** Wipes what the last messages left: it holds their keys. */
  wipe(): void;
}

/** A kernel that is built when it pays: who deciphers a little never builds it. */
export class KernelInTime {
  #messages = 0;
  #kernel: KeyStreamKernel | null | undefined;
  readonly #build: () => KeyStreamKernel | null;
  readonly #messagesBefore: number;

  /** @param messagesBefore messages of a cipher before its kernel is built */
  constructor(build: () => KeyStreamKernel | null, messagesBefore = MESSAGES_BEFORE_KERNEL) {
    this.#build = build;
    this.#messagesBefore = messagesBefore;
  }

  /** The kernel for so many messages more; null where there is none, or none yet. */
  forMessages(count: number): KeyStreamKernel | null {
    if (this.#kernel !== undefined) return this.#kernel;
    this.#messages += count;
    if (this.#messages < this.#messagesBefore) return null;
    this.#kernel = this.#build();
    return this.#kernel;
  }

  /** Wipes what the last messages left in it. */
  wipe(): void {
    this.#kernel?.wipe();
  }
}

/** How one cipher is put together. Word i of the register stands `i * lanes * 4` octets behind an address. */
export interface GeneratorCode {
  readonly lanes: 1 | 4;
  /** Octets at the start of the memory that are its own, a multiple of 16, and who fills them. */
  readonly tableOctets: number;
  readonly fillTables: (memory: ArrayBuffer) => void;
  /** Locals from `FIRST_LOCAL` on, and vectors behind them. */
  readonly locals: number;
  readonly vectors: number;
  /** Sets the locals that never change. */
  readonly constants: Code;
  /** The local with the newest word of the register, and those of the state machine, which begin with zeros. */
  readonly newest: number;
  readonly machine: readonly number[];
  /**
   * One clock: writes word 16 of the register and, unless it initialises, a word of key stream.
   *
   * @param from octets from the address in `AT` to word 0 of the register
   * @param stream octets from there to the word of key stream
   */
  readonly clock: (from: number, stream: number | null) => Code;
}

const END = 0;
/** Local with an address in the register. */
export const AT = 1;
/** The first local of a cipher's own. */
export const FIRST_LOCAL = 2;

/**
 * Builds a kernel; null where the host has no vectors and the kernel needs them, or has the other order of octets.
 */
export function buildKeyStreamKernel(generator: GeneratorCode): KeyStreamKernel | null {
  if (!LITTLE_ENDIAN) return null;
  try {
    return build(generator);
  } catch {
    // Refused by a processor without these instructions, or by a Node that was started without WebAssembly.
    return null;
  }
}

function build(generator: GeneratorCode): KeyStreamKernel {
  const { lanes, tableOctets, machine } = generator;
  const wordOctets = lanes * 4;
  const registerAt = tableOctets + machine.length * wordOctets;
  const streamAt = registerAt + (REGISTER_WORDS + MOST_CLOCKS) * wordOctets;
  const begun = registerAt + INITIALISATION_CLOCKS * wordOctets;
  const octets = streamAt + MOST_CLOCKS * wordOctets;
  const word = lanes === 4 ? loadVector : load;
  const keep = lanes === 4 ? storeVector : store;
  const step = (clocks: number): Code => set(AT, add(get(AT), constant(clocks * wordOctets)));
  const clocks = (end: Code, stream: number | null): Code => {
    const body = Array.from({ length: UNROLLED }, (_, i) => generator.clock(i * wordOctets, stream));
    return repeatBelow(AT, end, [...body.flat(), ...step(UNROLLED)]);
  };
  const enter = [
    ...generator.constants,
    ...set(AT, constant(registerAt)),
    ...set(generator.newest, word(get(AT), (REGISTER_WORDS - 1) * wordOctets)),
  ];
  const toStream = streamAt - registerAt;
  const run = [
    ...clocks(get(END), toStream),
    ...machine.flatMap((local, i) => keep(constant(tableOctets), get(local), i * wordOctets)),
  ];
  const dropped = [...generator.clock(0, toStream), ...step(1)];
  const recall = machine.flatMap((local, i) => set(local, word(constant(tableOctets), i * wordOctets)));
  const shared = { parameters: 1, locals: 1 + generator.locals, vectors: generator.vectors };
  const { memory, call } = startKernel(
    [
      { name: 'begin', ...shared, body: [...enter, ...clocks(constant(begun), null), ...dropped, ...run] },
      { name: 'next', ...shared, body: [...enter, ...recall, ...run] },
    ],
    Math.ceil(octets / PAGE_OCTETS),
  );
  generator.fillTables(memory);
  const secrets = new Uint8Array(memory, tableOctets);
  const register = new Int32Array(memory, registerAt, (REGISTER_WORDS + MOST_CLOCKS) * lanes);
  const stream = new Uint32Array(memory, streamAt, MOST_CLOCKS * lanes);
  const streamOfFirst = stream.subarray(SILENT_CLOCKS * lanes);
  // Clocks of the last call: there the register stands.
  let clocked = 0;
  return {
    lanes,
    words: KERNEL_WORDS,
    register,
    begin(words) {
      clocked = SILENT_CLOCKS + words;
      call.begin(registerAt + clocked * wordOctets);
      return streamOfFirst;
    },
    next(words) {
      register.copyWithin(0, clocked * lanes, (clocked + REGISTER_WORDS) * lanes);
      clocked = words;
      call.next(registerAt + clocked * wordOctets);
      return stream;
    },
    wipe() {
      secrets.fill(0);
    },
  };
}
