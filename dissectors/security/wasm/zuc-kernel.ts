// ZUC (../zuc.ts, which is its twin in tests) for four messages at once, as WebAssembly: each word of the shift register is
// a vector with a word of each message. The S-boxes are computed from halves of octets, so that nothing is looked up at a
// place in memory that the key decides.

import { S0_ROUNDS, S1_POLYNOMIAL } from '../zuc.ts';
import { type Code, get, set } from './assembler.ts';
import { inversionTables, invertOctets } from './inversion-box.ts';
import { AT, buildKeyStreamKernel, FIRST_LOCAL, type KeyStreamKernel } from './key-stream-kernel.ts';
import {
  addOctets,
  addWords,
  loadVector,
  lookUp,
  repeated,
  shiftHalvesLeft,
  shiftHalvesRight,
  shiftWordsLeft,
  shiftWordsRight,
  storeVector,
  VECTOR_OCTETS,
  vectorAnd,
  vectorConstant,
  vectorOr,
  vectorXor,
} from './vector.ts';

// The specification says (design and evaluation report of ZUC, on S1).
/** What bits 7 to 0 become. */
const S1_COLUMNS = [0x77, 0xbb, 0xdd, 0xee, 0xcb, 0x6d, 0x3e, 0x97];
const S1_CONSTANT = 0x55;

// Locals: what changes, then what does not.
const VECTORS = ['s15', 'r1', 'r2', 'w', 'w1', 'w2', 'a', 'b', 'i', 'k', 'ratio', 'sum', 'rest'] as const;

/** Tables of the S-boxes, 16 octets each. */
const TABLES = [
  ...(['low', 'high', 'scaled', 'inverse', 'outer0', 'outer1'] as const),
  ...(['round0', 'round1', 'round2', 'turned'] as const),
] as const;
const MASKS = {
  nibbles: repeated(0x0f),
  evenOctets: repeated(0xff, 0),
  oddOctets: repeated(0, 0xff),
  highHalves: repeated(0, 0, 0xff, 0xff),
  lowHalves: repeated(0xff, 0xff, 0, 0),
  bits8: repeated(0xff, 0, 0, 0),
  bits10: repeated(0xff, 0x03, 0, 0),
  bits11: repeated(0xff, 0x07, 0, 0),
  bits14: repeated(0xff, 0x3f, 0, 0),
  bits23: repeated(0xff, 0xff, 0x7f, 0),
  bits31: repeated(0xff, 0xff, 0xff, 0x7f),
  rotate8: rotation(1),
  rotate16: rotation(2),
  rotate24: rotation(3),
  reverse: vectorConstant([3, 2, 1, 0, 7, 6, 5, 4, 11, 10, 9, 8, 15, 14, 13, 12]),
  affine: repeated(S1_CONSTANT),
} as const;

type Table = (typeof TABLES)[number];
type Name = (typeof VECTORS)[number] | Table | keyof typeof MASKS;

const NAMES: readonly Name[] = [...VECTORS, ...TABLES, ...(Object.keys(MASKS) as Name[])];
const local = (name: Name): number => FIRST_LOCAL + NAMES.indexOf(name);
const vector = (name: Name): Code => get(local(name));
const put = (name: Name, value: Code): Code => set(local(name), value);

/** Builds a kernel of four lanes; null where the host cannot run it. */
export function createZucKernel(): KeyStreamKernel | null {
  const octets = makeTables();
  const tables = TABLES.flatMap((name) => put(name, vectorConstant(octets[name])));
  const masks = Object.entries(MASKS).flatMap(([name, code]) => put(name as Name, code));
  return buildKeyStreamKernel({
    lanes: 4,
    tableOctets: 0,
    fillTables: () => undefined,
    locals: 0,
    vectors: NAMES.length,
    constants: [...tables, ...masks],
    newest: local('s15'),
    machine: [local('r1'), local('r2')],
    clock,
  });
}

/** They take a while, and most who load this build no kernel. */
function makeTables(): Record<Table, readonly number[]> {
  return {
    ...inversionTables(S1_POLYNOMIAL, (octet) =>
      S1_COLUMNS.reduce((sum, column, bit) => sum ^ ((octet >>> (7 - bit)) & 1 ? column : 0), 0),
    ),
    round0: S0_ROUNDS[0],
    round1: S0_ROUNDS[1],
    round2: S0_ROUNDS[2],
    // The low half of S0 behind the rotation by 5; the high half moves by 1.
    turned: Array.from({ length: 16 }, (_, low) => ((low << 5) | (low >>> 3)) & 0xff),
  };
}

function rotation(octets: number): Code {
  return vectorConstant(Array.from({ length: VECTOR_OCTETS }, (_, i) => (i & ~3) | ((i - octets) & 3)));
}

/** Word i of the register. */
type Words = (i: number) => Code;

/** The low 16 bits of `a` above bits 15 to 30 of `b` (3.3). */
function lowHigh(a: Code, b: Code): Code {
  return vectorOr(shiftWordsLeft(a, 16), shiftWordsRight(b, 15));
}

/** The low half of `a` above the high half of `b`. */
function halves(a: Name, b: Name): Code {
  return vectorOr(shiftWordsLeft(vector(a), 16), shiftWordsRight(vector(b), 16));
}

function clock(from: number, stream: number | null): Code {
  const word: Words = (i) => loadVector(get(AT), from + i * VECTOR_OCTETS);
  const x0 = vectorOr(
    vectorAnd(shiftWordsLeft(vector('s15'), 1), vector('highHalves')),
    vectorAnd(word(14), vector('lowHalves')),
  );
  return [
    // F (3.4).
    put('w', addWords(vectorXor(x0, vector('r1')), vector('r2'))),
    put('w1', addWords(vector('r1'), lowHigh(word(11), word(9)))),
    put('w2', vectorXor(vector('r2'), lowHigh(word(7), word(5)))),
    put('a', halves('w1', 'w2')),
    put('b', halves('w2', 'w1')),
    // L1: rotations by 2, 10, 18 and 24. L2: by 8, 14, 22 and 30.
    put('sum', rotated('a', 2)),
    put('a', turned('a', 'sum', 'rotate8', 'rotate16', 'rotate24')),
    put('sum', rotated('b', 30)),
    put('b', turned('b', 'sum', 'rotate16', 'rotate24', 'rotate8')),
    ...substitution(),
    ...feedback(word, stream === null),
    stream === null ? [] : keyStream(word, from + stream),
    storeVector(get(AT), vector('s15'), from + 16 * VECTOR_OCTETS),
  ].flat();
}

function rotated(name: Name, bits: number): Code {
  return vectorOr(shiftWordsLeft(vector(name), bits), shiftWordsRight(vector(name), 32 - bits));
}

/** x + y + y rotated twice + x rotated. */
function turned(x: Name, y: Name, first: Name, second: Name, own: Name): Code {
  return vectorXor(
    vector(x),
    vector(y),
    lookUp(vector(y), vector(first)),
    lookUp(vector(y), vector(second)),
    lookUp(vector(x), vector(own)),
  );
}

/** r1 and r2 of what L1 and L2 gave: S0 for the octets at odd places, S1 for the others, of both words at once (3.4.1). */
function substitution(): Code[] {
  return [
    put('sum', vectorOr(vectorAnd(vector('a'), vector('evenOctets')), shiftHalvesLeft(vector('b'), 8))),
    put('rest', vectorOr(shiftHalvesRight(vector('a'), 8), vectorAnd(vector('b'), vector('oddOctets')))),
    invertOctets(
      local('sum'),
      { i: local('i'), k: local('k'), ratio: local('ratio'), nibbles: local('nibbles') },
      vector,
    ),
    put('sum', vectorXor(vector('sum'), vector('affine'))),
    // S0: three rounds on halves of octets, then a rotation by 5.
    put('i', vectorAnd(shiftHalvesRight(vector('rest'), 4), vector('nibbles'))),
    put('k', vectorAnd(vector('rest'), vector('nibbles'))),
    put('i', vectorXor(vector('i'), lookUp(vector('round0'), vector('k')))),
    put('k', vectorXor(vector('k'), lookUp(vector('round1'), vector('i')))),
    put('i', vectorXor(vector('i'), lookUp(vector('round2'), vector('k')))),
    put('rest', vectorOr(addOctets(vector('i'), vector('i')), lookUp(vector('turned'), vector('k')))),
    put('r1', vectorOr(vectorAnd(vector('sum'), vector('evenOctets')), shiftHalvesLeft(vector('rest'), 8))),
    put('r2', vectorOr(shiftHalvesRight(vector('sum'), 8), vectorAnd(vector('rest'), vector('oddOctets')))),
  ];
}

/** The next word of the register, by the sums of `feedback` in ../zuc.ts. */
function feedback(word: Words, initialises: boolean): Code[] {
  const bits = (value: Code, mask: Name): Code => vectorAnd(value, vector(mask));
  return [
    put(
      'sum',
      addWords(
        shiftWordsRight(word(0), 8),
        bits(word(0), 'bits23'),
        shiftWordsLeft(bits(word(4), 'bits11'), 12),
        shiftWordsLeft(bits(word(10), 'bits10'), 13),
        shiftWordsLeft(bits(word(13), 'bits14'), 9),
        shiftWordsLeft(bits(vector('s15'), 'lowHalves'), 7),
      ),
    ),
    put(
      'rest',
      addWords(
        bits(word(0), 'bits8'),
        shiftWordsRight(word(0), 23),
        shiftWordsRight(word(4), 11),
        shiftWordsRight(word(10), 10),
        shiftWordsRight(word(13), 14),
        shiftWordsRight(vector('s15'), 16),
        shiftWordsRight(vector('sum'), 23),
      ),
    ),
    put('sum', addWords(shiftWordsLeft(bits(vector('sum'), 'bits23'), 8), vector('rest'))),
    put('s15', addWords(bits(vector('sum'), 'bits31'), shiftWordsRight(vector('sum'), 31))),
    ...(initialises
      ? [
          put('sum', addWords(vector('s15'), shiftWordsRight(vector('w'), 1))),
          put('s15', addWords(bits(vector('sum'), 'bits31'), shiftWordsRight(vector('sum'), 31))),
        ]
      : []),
  ];
}

/** A word of key stream, its octets in the order of the air (3.6.2). */
function keyStream(word: Words, offset: number): Code {
  const z = vectorXor(vector('w'), lowHigh(word(2), word(0)));
  return storeVector(get(AT), lookUp(z, vector('reverse')), offset);
}
