// SNOW 3G (../snow3g.ts, which is its twin in tests and gives the tables) as WebAssembly, one message behind the other: with
// four words side by side S2, which has no short form in halves of octets, would cost what the rest wins, and two messages
// in turns take as long as one after the other. The register is kept as history as in ../snow3g.ts.

import { DIV_ALPHA, MUL_ALPHA, S1_TABLES, S2_TABLES } from '../snow3g.ts';
import {
  add,
  and,
  type Code,
  constant,
  get,
  joined,
  load,
  repeatBelow,
  set,
  shiftLeft,
  shiftRight,
  startKernel,
  store,
  xor,
} from './assembler.ts';
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
import { loadVector, lookUp, storeVector, VECTOR_OCTETS, vectorConstant } from './vector.ts';

/** We chose: clocks written out one behind the other in a loop, which may go on beyond the last word asked for. */
const UNROLLED = 2;

// We chose: where things lie in the kernel's memory.
const TABLE_OCTETS = 1024;
const TABLES = [...S1_TABLES, ...S2_TABLES, MUL_ALPHA, DIV_ALPHA];
const S1_AT = 0;
const S2_AT = 4 * TABLE_OCTETS;
const MUL_ALPHA_AT = 8 * TABLE_OCTETS;
const DIV_ALPHA_AT = 9 * TABLE_OCTETS;
/**
 * Sums of look-ups are written here and read by nobody: what is to be written is summed up before the next look-ups begin.
 */
const SINK_AT = 10 * TABLE_OCTETS;
const LIST_AT = SINK_AT + VECTOR_OCTETS;
const REGISTER_AT = LIST_AT + KERNEL_MESSAGES * ENTRY_OCTETS;
const REGISTER_OCTETS = (REGISTER_WORDS + SILENT_CLOCKS + KERNEL_WORDS + VECTOR_OCTETS) * 4;
const STREAM_AT = REGISTER_AT + REGISTER_OCTETS;
const MEMORY_OCTETS = STREAM_AT + KERNEL_MESSAGES * strideOf(KERNEL_WORDS);

/** An octet of a word as a place among words. */
const PLACES = constant(255 << 2);

// Parameters, the octets of a message's words among them, and locals.
const [END, OCTETS, ENTRY, AT, LAST, TO, S15, R1, R2, R3, F, NEXT, S0, S11] = Array.from({ length: 14 }, (_, i) => i);
const PARAMETERS = 2;
const LOCALS = 12;

/** Builds a kernel; null where the host cannot run it. */
export function createSnow3gKernel(): KeyStreamKernel | null {
  return unlessRefused(build);
}

function build(): KeyStreamKernel {
  const { memory, call } = startKernel(
    'snow3g-kernel',
    () => [{ name: 'run', parameters: PARAMETERS, locals: LOCALS, body: running() }],
    MEMORY_OCTETS,
  );
  for (const [i, table] of TABLES.entries()) new Int32Array(memory, i * TABLE_OCTETS, table.length).set(table);
  const stream = new Uint8Array(memory, STREAM_AT, MEMORY_OCTETS - STREAM_AT);
  let used = 0;
  return {
    list: new Int32Array(memory, LIST_AT, KERNEL_MESSAGES * ENTRY_WORDS),
    run(messages, words) {
      const octets = messages * strideOf(words);
      used = Math.max(used, octets);
      call.run(LIST_AT + messages * ENTRY_OCTETS, words * 4);
      return stream.subarray(0, octets);
    },
    wipe() {
      new Uint8Array(memory, SINK_AT, STREAM_AT - SINK_AT).fill(0);
      stream.fill(0, 0, used);
      used = 0;
    },
  };
}

const step = (local: number, octets: number): Code => set(local, add(get(local), constant(octets)));
/** In the register, counted from the word at AT. */
const word = (i: number): Code => load(get(AT), i * 4);

/** All messages of the list. */
function running(): Code {
  const clocks = (end: Code, initialises: boolean): Code => {
    const body = Array.from({ length: UNROLLED }, (_, i) => clock(i, initialises));
    return repeatBelow(AT, end, joined(...body, step(AT, UNROLLED * 4)));
  };
  const exchanged = vectorConstant([3, 2, 1, 0, 7, 6, 5, 4, 11, 10, 9, 8, 15, 14, 13, 12]);
  const message = joined(
    loading(),
    ...[R1, R2, R3].map((local) => set(local, constant(0))),
    set(AT, constant(REGISTER_AT)),
    set(S15, word(REGISTER_WORDS - 1)),
    clocks(constant(REGISTER_AT + INITIALISATION_CLOCKS * 4), true),
    set(LAST, add(constant(REGISTER_AT + SILENT_CLOCKS * 4), get(OCTETS))),
    clocks(get(LAST), false),
    // Key stream stands where the register was; its octets are brought into the order of the air.
    set(AT, constant(REGISTER_AT + SILENT_CLOCKS * 4)),
    repeatBelow(
      AT,
      get(LAST),
      joined(
        storeVector(get(TO), lookUp(loadVector(get(AT)), exchanged)),
        step(AT, VECTOR_OCTETS),
        step(TO, VECTOR_OCTETS),
      ),
    ),
    step(ENTRY, ENTRY_OCTETS),
  );
  return joined(set(ENTRY, constant(LIST_AT)), set(TO, constant(STREAM_AT)), repeatBelow(ENTRY, get(END), message));
}

/** The register from an entry (4.1). */
function loading(): Code {
  const entry = (i: number): Code => load(get(ENTRY), i * 4);
  const [k0, k1, k2, k3, iv0, iv1, iv2, iv3] = Array.from({ length: ENTRY_WORDS }, (_, i) => entry(i));
  const not = (of: Code): Code => xor(of, constant(-1));
  const words = [
    ...[not(k0), not(k1), not(k2), not(k3)],
    ...[k0, k1, k2, k3],
    ...[not(k0), xor(not(k1), iv3), xor(not(k2), iv2), not(k3)],
    ...[xor(k0, iv1), k1, k2, xor(k3, iv0)],
  ];
  return joined(...words.map((of, i) => store(constant(REGISTER_AT), of, i * 4)));
}

/** What an octet of a word stands for in a table; octet 0 is the least significant. */
function lookUpWord(table: number, octet: number, of: Code): Code {
  const moved = octet === 0 ? shiftLeft(of, 2) : shiftRight(of, octet * 8 - 2);
  return load(and(moved, PLACES), table);
}

/** S1 or S2 (3.3.1, 3.3.2). */
function box(tables: number, w: Code): Code {
  return xor(...[3, 2, 1, 0].map((octet, i) => lookUpWord(tables + i * TABLE_OCTETS, octet, w)));
}

/**
 * One clock: writes word 16 of the register and, unless it initialises, a word of key stream in the place of word 0, all
 * counted from word `from` on.
 */
function clock(from: number, initialises: boolean): Code {
  return joined(
    // The shift register (3.4.5, 4.1). In this order, and with the sums written out, the compiler of V8 keeps everything in
    // registers: 0.31 microseconds a message, and 0.37 without.
    set(F, xor(add(get(S15), get(R1)), get(R2))),
    set(S0, word(from)),
    set(S11, word(from + 11)),
    set(
      S15,
      xor(
        shiftLeft(get(S0), 8),
        lookUpWord(MUL_ALPHA_AT, 3, get(S0)),
        word(from + 2),
        shiftRight(get(S11), 8),
        lookUpWord(DIV_ALPHA_AT, 0, get(S11)),
        ...(initialises ? [get(F)] : []),
      ),
    ),
    store(get(AT), get(S15), (from + REGISTER_WORDS) * 4),
    // Key stream (4.2).
    initialises ? [] : store(get(AT), xor(get(F), get(S0)), from * 4),
    // The state machine (3.4.4).
    set(NEXT, add(get(R2), xor(get(R3), word(from + 5)))),
    set(R3, box(S2_AT, get(R2))),
    store(constant(SINK_AT), get(R3)),
    set(R2, box(S1_AT, get(R1))),
    store(constant(SINK_AT), get(R2)),
    set(R1, get(NEXT)),
  );
}
