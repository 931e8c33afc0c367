// SNOW 3G (../snow3g.ts, which is its twin in tests and gives the tables) as WebAssembly, one message at a time: with four
// words side by side S2, which has no short form in halves of octets, would cost what the rest wins.

import { DIV_ALPHA, MUL_ALPHA, S1_TABLES, S2_TABLES } from '../snow3g.ts';
import {
  add,
  and,
  type Code,
  constant,
  get,
  load,
  rotateRight,
  set,
  shiftLeft,
  shiftRight,
  store,
  xor,
} from './assembler.ts';
import { AT, buildKeyStreamKernel, FIRST_LOCAL, type KeyStreamKernel } from './key-stream-kernel.ts';

// We chose: where the tables lie in the kernel's memory.
const TABLE_OCTETS = 1024;
const TABLES = [...S1_TABLES, ...S2_TABLES, MUL_ALPHA, DIV_ALPHA];
const S1_AT = 0;
const S2_AT = 4 * TABLE_OCTETS;
const MUL_ALPHA_AT = 8 * TABLE_OCTETS;
const DIV_ALPHA_AT = 9 * TABLE_OCTETS;
const TABLES_END = 10 * TABLE_OCTETS;
/**
 * Where the state machine is kept between calls. Sums of look-ups are written here and read by nobody: what is to be
 * written is summed up before the next look-ups begin.
 */
const SINK_AT = TABLES_END;

/** An octet of a word as a place among words. */
const PLACES = constant(255 << 2);

const [S15, R1, R2, R3, F, NEXT, S0, S11] = [0, 1, 2, 3, 4, 5, 6, 7].map((local) => FIRST_LOCAL + local);
const LOCALS = 8;

/** Builds a kernel of one lane; null where the host cannot run it. */
export function createSnow3gKernel(): KeyStreamKernel | null {
  return buildKeyStreamKernel({
    lanes: 1,
    tableOctets: TABLES_END,
    fillTables(memory) {
      for (const [i, table] of TABLES.entries()) new Int32Array(memory, i * TABLE_OCTETS, table.length).set(table);
    },
    locals: LOCALS,
    vectors: 0,
    constants: [],
    newest: S15,
    machine: [R1, R2, R3],
    clock,
  });
}

/** What an octet of a word stands for in a table; octet 0 is the least significant. */
function lookUp(table: number, octet: number, of: Code): Code {
  const moved = octet === 0 ? shiftLeft(of, 2) : shiftRight(of, octet * 8 - 2);
  return load(and(moved, PLACES), table);
}

/** S1 or S2 (3.3.1, 3.3.2). */
function box(tables: number, w: Code): Code {
  return xor(...[3, 2, 1, 0].map((octet, i) => lookUp(tables + i * TABLE_OCTETS, octet, w)));
}

function clock(from: number, stream: number | null): Code {
  const initialises = stream === null;
  const word = (i: number): Code => load(get(AT), from + i * 4);
  return [
    // The shift register (3.4.5, 4.1). In this order, and with the sums written out, the compiler of V8 keeps everything in
    // registers: 0.31 microseconds a message, and 0.37 without.
    set(F, xor(add(get(S15), get(R1)), get(R2))),
    set(S0, word(0)),
    set(S11, word(11)),
    set(
      S15,
      xor(
        shiftLeft(get(S0), 8),
        lookUp(MUL_ALPHA_AT, 3, get(S0)),
        word(2),
        shiftRight(get(S11), 8),
        lookUp(DIV_ALPHA_AT, 0, get(S11)),
        ...(initialises ? [get(F)] : []),
      ),
    ),
    store(get(AT), get(S15), from + 16 * 4),
    initialises ? [] : keyStream(from + stream),
    // The state machine (3.4.4).
    set(NEXT, add(get(R2), xor(get(R3), word(5)))),
    set(R3, box(S2_AT, get(R2))),
    store(constant(SINK_AT), get(R3)),
    set(R2, box(S1_AT, get(R1))),
    store(constant(SINK_AT), get(R2)),
    set(R1, get(NEXT)),
  ].flat();
}

/** A word of key stream (4.2), its octets in the order of the air. */
function keyStream(offset: number): Code {
  const odd = and(rotateRight(get(F), 8), constant(0xff00_ff00));
  const even = and(rotateRight(get(F), 24), constant(0x00ff_00ff));
  return [...set(F, xor(get(F), get(S0))), ...store(get(AT), xor(odd, even), offset)];
}
