// The PEKs of four senders side by side (TS 33.303 A.3, A.4): the compression function of SHA-256 (FIPS 180-4 6.2.2) over
// vectors, a lane for each sender, and what goes from one of the six compressions into the next. Its twin in tests is
// `derivePek`. Vectors have no rotation: three instructions for one, and still half the time for each key.

import { add, type Code, constant, get, type KernelFunction, repeatBelow, set, startKernel } from './assembler.ts';
import { LANES } from './pek-lanes.ts';
import { firstPrimes, fraction } from './sha256-kernel.ts';
import {
  addWords,
  loadVector,
  repeated,
  shiftWordsLeft,
  shiftWordsRight,
  storeVector,
  vectorAnd,
  vectorXor,
} from './vector.ts';

// The specification says (FIPS 180-4).
const ROUNDS = 64;
const HASH_WORDS = 8;
const BLOCK_WORDS = 16;
const BLOCK_OCTETS = 64;
// RFC 2104.
const INNER_PAD = 0x36;
const OUTER_PAD = 0x5c;

// We chose: where things lie in the memory, in octets. A word is a vector.
const WORD = LANES * 4;
const K_AT = 0;
const SCHEDULE_AT = K_AT + ROUNDS * WORD;
const INITIAL_AT = SCHEDULE_AT + ROUNDS * WORD;
const INNER_AT = INITIAL_AT + HASH_WORDS * WORD;
const OUTER_AT = INNER_AT + HASH_WORDS * WORD;
const RESULT_AT = OUTER_AT + HASH_WORDS * WORD;
const PTK_BLOCK_AT = RESULT_AT + HASH_WORDS * WORD;
const PEK_BLOCK_AT = PTK_BLOCK_AT + BLOCK_WORDS * WORD;
const HASH_BLOCK_AT = PEK_BLOCK_AT + BLOCK_WORDS * WORD;
const INNER_BLOCK_AT = HASH_BLOCK_AT + BLOCK_WORDS * WORD;
const OUTER_BLOCK_AT = INNER_BLOCK_AT + BLOCK_WORDS * WORD;
const END_AT = OUTER_BLOCK_AT + BLOCK_WORDS * WORD;

// Parameters: addresses of the hash value before, of the block, and of the hash value behind it. Locals.
const FROM = 0;
const BLOCK = 1;
const TO = 2;
const AT = 3;
/** The working variables a to h, and one more. */
const WORKING = 4;
const T1 = WORKING + HASH_WORDS;
const SHAPE = { parameters: 3, locals: 1, vectors: HASH_WORDS + 1 } as const;

/** See the head of the file. Word w of lane l is at `w * LANES + l`. */
export interface PekKernel {
  /** The hash values behind both pads of the PGK, 8 words of each lane. */
  readonly inner: Int32Array;
  readonly outer: Int32Array;
  /** S of the PTK and of the PEK, each as its last block, big endian values; the words behind are the caller's, too. */
  readonly ptkBlock: Int32Array;
  readonly pekBlock: Int32Array;
  /** The last 4 words of the key derived: the PEK, big endian values. */
  readonly pek: Int32Array;
  /** Derives from what stands there. */
  derive(): void;
  /** Wipes all of it. */
  wipe(): void;
}

let kernel: PekKernel | null | undefined;

/** The kernel of this thread, built on first use; null where the host has no vectors. */
export function pekKernel(): PekKernel | null {
  if (kernel !== undefined) return kernel;
  try {
    kernel = build();
  } catch {
    // Refused by a processor without these instructions, or by a Node that was started without WebAssembly.
    kernel = null;
  }
  return kernel;
}

function build(): PekKernel {
  const functions = (): readonly KernelFunction[] => [
    { name: 'compress', ...SHAPE, body: compression() },
    { name: 'pad', ...SHAPE, body: padding() },
  ];
  const { memory, call } = startKernel('pek-kernel', functions, END_AT);
  const { compress, pad } = call;
  const words = (at: number, count: number): Int32Array => new Int32Array(memory, at, count * LANES);
  const inEachLane = (values: readonly number[]): number[] => values.flatMap((value) => [value, value, value, value]);
  const primes = firstPrimes(ROUNDS);
  // K and H(0): the first 32 bits of the fractional parts of the cube and square roots of the first primes.
  words(K_AT, ROUNDS).set(inEachLane(primes.map((prime) => fraction(Math.cbrt(prime)))));
  words(INITIAL_AT, HASH_WORDS).set(inEachLane(primes.slice(0, HASH_WORDS).map((prime) => fraction(Math.sqrt(prime)))));
  const start = (): void => {
    // What is hashed second is a hash value, the bit that ends it, and both lengths.
    const end = [1 << 31, 0, 0, 0, 0, 0, 0, (BLOCK_OCTETS + HASH_WORDS * 4) * 8];
    words(HASH_BLOCK_AT + HASH_WORDS * WORD, HASH_WORDS).set(inEachLane(end));
    words(INNER_BLOCK_AT + HASH_WORDS * WORD, HASH_WORDS).fill(INNER_PAD * 0x01010101);
    words(OUTER_BLOCK_AT + HASH_WORDS * WORD, HASH_WORDS).fill(OUTER_PAD * 0x01010101);
  };
  start();
  const secrets = new Uint8Array(memory, INNER_AT, END_AT - INNER_AT);
  const schedule = words(SCHEDULE_AT, ROUNDS);
  return {
    inner: words(INNER_AT, HASH_WORDS),
    outer: words(OUTER_AT, HASH_WORDS),
    ptkBlock: words(PTK_BLOCK_AT, BLOCK_WORDS),
    pekBlock: words(PEK_BLOCK_AT, BLOCK_WORDS),
    pek: words(RESULT_AT + (HASH_WORDS - 4) * WORD, 4),
    derive() {
      compress(INNER_AT, PTK_BLOCK_AT, HASH_BLOCK_AT);
      compress(OUTER_AT, HASH_BLOCK_AT, RESULT_AT);
      pad(0, 0, 0);
      compress(INITIAL_AT, INNER_BLOCK_AT, INNER_AT);
      compress(INITIAL_AT, OUTER_BLOCK_AT, OUTER_AT);
      compress(INNER_AT, PEK_BLOCK_AT, HASH_BLOCK_AT);
      compress(OUTER_AT, HASH_BLOCK_AT, RESULT_AT);
    },
    wipe() {
      secrets.fill(0);
      schedule.fill(0);
      start();
    },
  };
}

const vectorAt = (local: number, offset = 0): Code => loadVector(get(local), offset);
const rotated = (a: Code, bits: number): readonly Code[] => [shiftWordsRight(a, bits), shiftWordsLeft(a, 32 - bits)];

function compression(): Code {
  const each = Array.from({ length: HASH_WORDS }, (_, i) => i);
  const block = Array.from({ length: BLOCK_WORDS }, (_, i) => i * WORD);
  const rounds = each.map((round) => oneRound(round));
  return [
    ...block.map((offset) => storeVector(constant(0), vectorAt(BLOCK, offset), SCHEDULE_AT + offset)),
    schedule(),
    ...each.map((i) => set(WORKING + i, vectorAt(FROM, i * WORD))),
    ...set(AT, constant(0)),
    ...repeatBelow(AT, constant(ROUNDS * WORD), [rounds, set(AT, add(get(AT), constant(HASH_WORDS * WORD)))]),
    ...each.map((i) => storeVector(get(TO), addWords(vectorAt(FROM, i * WORD), get(WORKING + i)), i * WORD)),
  ];
}

/** W16 to W63 of W0 to W15 (6.2.2 step 1). */
function schedule(): Code {
  const word = (back: number): Code => vectorAt(AT, SCHEDULE_AT - back * WORD);
  const sigma = (a: number, first: number, second: number, shifted: number): Code => [
    set(T1, word(a)),
    vectorXor(...rotated(get(T1), first), ...rotated(get(T1), second), shiftWordsRight(get(T1), shifted)),
  ];
  return [
    ...set(AT, constant(BLOCK_WORDS * WORD)),
    ...repeatBelow(AT, constant(ROUNDS * WORD), [
      set(WORKING, sigma(15, 7, 18, 3)),
      set(WORKING + 1, sigma(2, 17, 19, 10)),
      storeVector(get(AT), addWords(get(WORKING), get(WORKING + 1), word(7), word(16)), SCHEDULE_AT),
      set(AT, add(get(AT), constant(WORD))),
    ]),
  ];
}

/** One round (6.2.2 step 3). Instead of moving the variables on, the next round names them one place further. */
function oneRound(round: number): Code {
  const local = (name: number): number => WORKING + ((name - round + HASH_WORDS) % HASH_WORDS);
  const [a, b, c, e, f, g, h] = [0, 1, 2, 4, 5, 6, 7].map((name) => get(local(name)));
  const sum1 = vectorXor(...rotated(e, 6), ...rotated(e, 11), ...rotated(e, 25));
  const choice = vectorXor(g, vectorAnd(e, vectorXor(f, g)));
  const sum0 = vectorXor(...rotated(a, 2), ...rotated(a, 13), ...rotated(a, 22));
  const majority = vectorXor(vectorAnd(a, b), vectorAnd(c, vectorXor(a, b)));
  const [k, w] = [vectorAt(AT, K_AT + round * WORD), vectorAt(AT, SCHEDULE_AT + round * WORD)];
  return [
    set(T1, addWords(h, sum1, choice, k, w)),
    set(local(3), addWords(get(local(3)), get(T1))),
    set(local(7), addWords(get(T1), sum0, majority)),
  ];
}

/** The PTK under both pads. */
function padding(): Code {
  const pads = [
    [INNER_BLOCK_AT, repeated(INNER_PAD)],
    [OUTER_BLOCK_AT, repeated(OUTER_PAD)],
  ] as const;
  return Array.from({ length: HASH_WORDS }, (_, i) =>
    pads.map(([at, pad]) =>
      storeVector(constant(0), vectorXor(loadVector(constant(0), RESULT_AT + i * WORD), pad), at + i * WORD),
    ),
  );
}
