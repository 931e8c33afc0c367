// The compression function of SHA-256 (FIPS 180-4 6.2.2) as WebAssembly. Its twin in tests is node's own SHA-256.
//
// Deriving one PEK takes six compressions over data of a few octets: through `createHmac` the calls cost more than the
// hash. The round is unrolled eight times, after which the eight working variables stand where they began.

import {
  add,
  and,
  type Code,
  constant,
  get,
  load,
  repeatBelow,
  rotateRight,
  set,
  shiftRight,
  startKernel,
  store,
  xor,
} from './assembler.ts';

// The specification says (FIPS 180-4 4.2.2, 5.3.3).
const ROUNDS = 64;
const WORDS_OF_STATE = 8;
const WORDS_OF_BLOCK = 16;

// We chose: where things lie in the kernel's memory, in octets.
const K_AT = 0;
const SCHEDULE_AT = 256;
const STATE_AT = 512;
const MEMORY_OCTETS = STATE_AT + WORDS_OF_STATE * 4;

// Locals: the working variables a to h are 0 to 7.
const T1 = 8;
const AT = 9;
const LOCALS = 10;
const UNROLLED = 8;

/** SHA-256 over one block at a time. The caller fills `block`, and finds and leaves the hash value in `state`. */
export interface Sha256Kernel {
  /** H(0), 8 words: the hash value before the first block. */
  readonly initial: Int32Array;
  /** 8 words. */
  readonly state: Int32Array;
  /** 16 words, big endian values: word 0 holds octets 0 to 3, octet 0 the most significant. */
  readonly block: Int32Array;
  /** All that the kernel holds of its input. */
  readonly secrets: Int32Array;
  compress(): void;
}

let kernel: Sha256Kernel | null = null;

/** The kernel of this thread, built on first use. */
export function sha256Kernel(): Sha256Kernel {
  kernel ??= build();
  return kernel;
}

function build(): Sha256Kernel {
  const { memory, call } = startKernel(
    'sha256-kernel',
    () => [{ name: 'compress', parameters: 0, locals: LOCALS, body: compression() }],
    MEMORY_OCTETS,
  );
  const primes = firstPrimes(ROUNDS);
  // K and H(0): the first 32 bits of the fractional parts of the cube and square roots of the first primes.
  new Int32Array(memory, K_AT, ROUNDS).set(primes.map((prime) => fraction(Math.cbrt(prime))));
  return {
    initial: Int32Array.from(primes.slice(0, WORDS_OF_STATE), (prime) => fraction(Math.sqrt(prime))),
    state: new Int32Array(memory, STATE_AT, WORDS_OF_STATE),
    block: new Int32Array(memory, SCHEDULE_AT, WORDS_OF_BLOCK),
    secrets: new Int32Array(memory, SCHEDULE_AT, ROUNDS + 8),
    compress: call.compress,
  };
}

function compression(): Code {
  const state = Array.from({ length: 8 }, (_, i) => load(constant(0), STATE_AT + i * 4));
  const rounds = Array.from({ length: UNROLLED }, (_, round) => oneRound(round)).flat();
  return [
    ...schedule(),
    ...state.flatMap((word, i) => set(i, word)),
    ...set(AT, constant(0)),
    ...repeatBelow(AT, constant(ROUNDS * 4), [...rounds, ...set(AT, add(get(AT), constant(UNROLLED * 4)))]),
    ...state.flatMap((word, i) => store(constant(0), add(word, get(i)), STATE_AT + i * 4)),
  ];
}

/** W16 to W63 of W0 to W15 (6.2.2 step 1). */
function schedule(): Code {
  const word = (back: number): Code => load(get(AT), SCHEDULE_AT - back * 4);
  const sigma0 = xor(rotateRight(word(15), 7), rotateRight(word(15), 18), shiftRight(word(15), 3));
  const sigma1 = xor(rotateRight(word(2), 17), rotateRight(word(2), 19), shiftRight(word(2), 10));
  const next = store(get(AT), add(sigma1, word(7), sigma0, word(16)), SCHEDULE_AT);
  return [
    ...set(AT, constant(WORDS_OF_BLOCK * 4)),
    ...repeatBelow(AT, constant(ROUNDS * 4), [...next, ...set(AT, add(get(AT), constant(4)))]),
  ];
}

/** One round (6.2.2 step 3). Instead of moving the variables on, the next round names them one place further. */
function oneRound(round: number): Code {
  const local = (name: number): number => (name - round + UNROLLED) % 8;
  const [a, b, c, e, f, g, h] = [0, 1, 2, 4, 5, 6, 7].map((name) => get(local(name)));
  const sum1 = xor(rotateRight(e, 6), rotateRight(e, 11), rotateRight(e, 25));
  const choice = xor(g, and(e, xor(f, g)));
  const sum0 = xor(rotateRight(a, 2), rotateRight(a, 13), rotateRight(a, 22));
  const majority = xor(and(a, b), and(c, xor(a, b)));
  return [
    ...set(T1, add(h, sum1, choice, load(get(AT), K_AT + round * 4), load(get(AT), SCHEDULE_AT + round * 4))),
    ...set(local(3), add(get(local(3)), get(T1))),
    ...set(local(7), add(get(T1), sum0, majority)),
  ];
}

/** The first prime numbers. */
export function firstPrimes(count: number): number[] {
  const primes: number[] = [];
  for (let n = 2; primes.length < count; n++) if (primes.every((prime) => n % prime !== 0)) primes.push(n);
  return primes;
}

/** The first 32 bits of the fractional part of a small number. */
export function fraction(value: number): number {
  return Math.floor((value % 1) * 2 ** 32) | 0;
}
