// AES-128 (FIPS 197) as WebAssembly, for the few blocks of one message: a call into OpenSSL costs as much as some hundred
// blocks, and a cipher object more than the message. Its twin in tests is OpenSSL. The usual tables join SubBytes,
// ShiftRows and MixColumns into four look-ups a column; a column is one little-endian word, row 0 its low octet.
//
// Where senders are many, a round has one message of each, or a few: their keys and counters are listed, and one call
// makes the key stream of 128-EEA2 (TS 33.401 B.1.3) for all of them.
//
// Like every AES by tables it leaves traces in the cache of the processor, for whoever runs on the same core. Whole
// batches go through OpenSSL, which has none.

import { AES_ENTRY_WORDS, AES_LISTED, AesEntry } from './aes-list.ts';
import {
  add,
  and,
  type Code,
  constant,
  equal,
  get,
  load,
  load8,
  multiply,
  or,
  repeatBelow,
  set,
  shiftLeft,
  shiftRight,
  startKernel,
  store,
  subtract,
  when,
  xor,
} from './assembler.ts';

// The specification says (FIPS 197).
const ROUNDS = 10;
const COLUMNS = 4;
const BLOCK_OCTETS = 16;
const REDUCTION = 0x1b;

// We chose: where things lie in the kernel's memory, in octets.
const TABLES_AT = 0;
const TABLE_OCTETS = 1024;
const SBOX_AT = TABLES_AT + 4 * TABLE_OCTETS;
const ROUND_KEYS_AT = SBOX_AT + 256;
const ROUND_KEY_WORDS = (ROUNDS + 1) * COLUMNS;
const LIST_AT = 8192;
const ENTRY_OCTETS = AES_ENTRY_WORDS * 4;
const BLOCKS_AT = LIST_AT + AES_LISTED * ENTRY_OCTETS;

// Parameters and locals.
const END = 0;
const STRIDE = 1;
const AT = 2;
const STATE = 3;
const NEXT = 7;
const ENTRY = 11;
const BLOCK = 12;
const FIRST = 13;
const LAST_OCTET = 14;
const SECOND = 15;
const SHAPE = { parameters: 2, locals: 17 } as const;

/** AES-128 over blocks in its own memory. */
export interface AesKernel {
  /** As octets and as little-endian words. */
  readonly blocks: Uint8Array<ArrayBuffer>;
  readonly words: Uint32Array<ArrayBuffer>;
  /** Enciphers the first `count` blocks, at least 1, in place. `key` has 4 words, the first octet of each the lowest. */
  encipher(key: Uint32Array, count: number): void;
  /** Wipes the key. */
  wipe(): void;
}

/** Key stream of 128-EEA2 for messages each under a key of its own. */
export interface AesStreamKernel {
  /** AES_ENTRY_WORDS words for each of AES_LISTED messages. */
  readonly list: Int32Array<ArrayBuffer>;
  /**
   * Key stream for the messages that the list begins with, which is wiped.
   *
   * @param messages 1 to AES_LISTED
   * @param stride octets from the key stream of one to that of the next, a multiple of 16: no less than any of them has
   * @returns valid until the next call
   */
  keyStream(messages: number, stride: number): Uint8Array<ArrayBuffer>;
  /** Wipes keys, and key stream. */
  wipe(): void;
}

/**
 * Builds a kernel.
 *
 * @param blocks room for so many
 */
export function createAesKernel(blocks: number): AesKernel {
  const { memory, call, octets, roundKeys } = start('encipher', enciphering, blocks);
  const key = new Int32Array(memory, LIST_AT, AES_ENTRY_WORDS);
  return {
    blocks: octets,
    words: new Uint32Array(memory, BLOCKS_AT, blocks * COLUMNS),
    encipher(words, count) {
      for (let word = 0; word < COLUMNS; word++) key[AesEntry.key + word] = words[word];
      call.encipher(BLOCKS_AT + count * BLOCK_OCTETS, 0);
    },
    wipe() {
      roundKeys.fill(0);
      key.fill(0);
    },
  };
}

/**
 * Builds the one for messages that are listed.
 *
 * @param blocks room for key stream of so many
 */
export function createAesStreamKernel(blocks: number): AesStreamKernel {
  const { memory, call, octets, roundKeys } = start('keyStream', makingKeyStream, blocks);
  const list = new Int32Array(memory, LIST_AT, AES_LISTED * AES_ENTRY_WORDS);
  return {
    list,
    keyStream(messages, stride) {
      call.keyStream(LIST_AT + messages * ENTRY_OCTETS, stride);
      list.fill(0, 0, messages * AES_ENTRY_WORDS);
      return octets.subarray(0, messages * stride);
    },
    wipe() {
      roundKeys.fill(0);
      list.fill(0);
      octets.fill(0);
    },
  };
}

/** Starts a kernel of one function, with its tables. */
function start(name: string, body: () => Code, blocks: number) {
  const functions = () => [{ name, ...SHAPE, body: body() }];
  const { memory, call } = startKernel(`aes-kernel ${name}`, functions, BLOCKS_AT + blocks * BLOCK_OCTETS);
  const box = sbox();
  new Uint8Array(memory, SBOX_AT, 256).set(box);
  for (let row = 0; row < 4; row++) new Int32Array(memory, TABLES_AT + row * TABLE_OCTETS, 256).set(table(box, row));
  const octets = new Uint8Array(memory, BLOCKS_AT, blocks * BLOCK_OCTETS);
  return { memory, call, octets, roundKeys: new Int32Array(memory, ROUND_KEYS_AT, ROUND_KEY_WORDS) };
}

const roundKey = (round: number, column: number): Code =>
  load(constant(0), ROUND_KEYS_AT + (round * COLUMNS + column) * 4);
const EACH = [0, 1, 2, 3];

/** Key expansion (5.2) of the key in entry ENTRY. Leaves the key in the state. */
function expandingKey(): Code {
  const code: Code[] = EACH.map((word) => set(STATE + word, load(get(ENTRY), (AesEntry.key + word) * 4)));
  let constantOctet = 1;
  for (let round = 0; ; round++) {
    for (const word of EACH) {
      code.push(store(constant(0), get(STATE + word), ROUND_KEYS_AT + (round * COLUMNS + word) * 4));
    }
    if (round === ROUNDS) return code;
    // RotWord, then SubWord: the octet of row 1 becomes that of row 0.
    const substituted = EACH.map((row) => {
      const octet = and(shiftRight(get(STATE + 3), ((row + 1) % 4) * 8), constant(255));
      return shiftLeft(load8(octet, SBOX_AT), row * 8);
    });
    code.push(set(STATE, xor(get(STATE), or(...substituted), constant(constantOctet))));
    for (const word of [1, 2, 3]) code.push(set(STATE + word, xor(get(STATE + word), get(STATE + word - 1))));
    constantOctet = timesX(constantOctet);
  }
}

/**
 * Whether the key of entry ENTRY is another one than that of the round keys: the first of them are the key itself, and where
 * the last is 0 they may be wiped.
 */
function isAnotherKey(): Code {
  const differences = EACH.map((word) => xor(load(get(ENTRY), (AesEntry.key + word) * 4), roundKey(0, word)));
  return or(...differences, equal(roundKey(ROUNDS, COLUMNS - 1), constant(0)));
}

/** Enciphers every block from BLOCKS_AT up to the address in END (5.1), under the key of the first entry. */
function enciphering(): Code {
  return [
    ...set(ENTRY, constant(LIST_AT)),
    expandingKey(),
    ...set(AT, constant(BLOCKS_AT)),
    ...repeatBelow(AT, get(END), [
      ...EACH.map((column) => set(STATE + column, xor(load(get(AT), column * 4), roundKey(0, column)))),
      roundsFrom(1),
    ]),
  ];
}

/**
 * Key stream for each entry up to the address in END. Counter blocks of a message differ in one octet, the last one, up to
 * its 256th: what else goes into the first two rounds is looked up once.
 */
function makingKeyStream(): Code {
  // The last octet is in row 3 of column 3, and ShiftRows brings it to column 0; from there a row goes to each column.
  const ofOthers = (column: number, changing: number): Code =>
    xor(...EACH.filter((row) => row !== changing).map((row) => lookUp(fromOf(row, column), row)));
  const rowOfFirst = (column: number): number => (COLUMNS - column) % COLUMNS;
  const next = EACH.map((column) => get(NEXT + column));
  return [
    ...set(ENTRY, constant(LIST_AT)),
    ...set(AT, constant(BLOCKS_AT)),
    ...repeatBelow(ENTRY, get(END), [
      ...when(isAnotherKey(), expandingKey()),
      ...set(STATE, xor(load(get(ENTRY), AesEntry.count * 4), roundKey(0, 0))),
      ...set(STATE + 1, xor(load(get(ENTRY), AesEntry.stream * 4), roundKey(0, 1))),
      ...set(STATE + 2, roundKey(0, 2)),
      ...set(STATE + 3, roundKey(0, 3)),
      ...set(LAST_OCTET, shiftRight(get(STATE + 3), 24)),
      ...set(FIRST, xor(ofOthers(0, 3), roundKey(1, 0))),
      ...[1, 2, 3].map((column) => set(NEXT + column, xor(ofOthers(column, -1), roundKey(1, column)))),
      ...[1, 2, 3].map((column) => set(STATE + column, next[column])),
      ...EACH.map((column) => set(SECOND + column, xor(ofOthers(column, rowOfFirst(column)), roundKey(2, column)))),
      ...set(BLOCK, constant(0)),
      ...repeatBelow(BLOCK, load(get(ENTRY), AesEntry.blocks * 4), [
        ...set(NEXT, xor(get(FIRST), lookUp(shiftLeft(xor(get(LAST_OCTET), get(BLOCK)), 24), 3))),
        ...EACH.map((column) => set(STATE + column, xor(get(SECOND + column), lookUp(get(NEXT), rowOfFirst(column))))),
        roundsFrom(3),
        ...set(BLOCK, add(get(BLOCK), constant(1))),
      ]),
      // To the next multiple of the stride.
      ...set(AT, add(get(AT), subtract(get(STRIDE), multiply(get(BLOCK), constant(BLOCK_OCTETS))))),
      ...set(ENTRY, add(get(ENTRY), constant(ENTRY_OCTETS))),
    ]),
  ];
}

/** The rounds from one on to the last, which leaves a block at AT and moves that on (5.1). */
function roundsFrom(first: number): Code {
  const body: Code[] = [];
  for (let round = first; round < ROUNDS; round++) {
    for (const column of EACH) {
      const looked = EACH.map((row) => lookUp(fromOf(row, column), row));
      body.push(set(NEXT + column, xor(...looked, roundKey(round, column))));
    }
    for (const column of EACH) body.push(set(STATE + column, get(NEXT + column)));
  }
  for (const column of EACH) {
    const substituted = EACH.map((row) => shiftLeft(load8(octetOf(row, column), SBOX_AT), row * 8));
    body.push(store(get(AT), xor(...substituted, roundKey(ROUNDS, column)), column * 4));
  }
  body.push(set(AT, add(get(AT), constant(BLOCK_OCTETS))));
  return body;
}

/** Where row `row` of a column comes from by ShiftRows (5.1.2): from as many columns further on. */
function fromOf(row: number, column: number): Code {
  return get(STATE + ((column + row) % COLUMNS));
}

/** That row, as a number. */
function octetOf(row: number, column: number): Code {
  return and(shiftRight(fromOf(row, column), row * 8), constant(255));
}

/** Row `row` of a word through SubBytes and MixColumns, from its table; the octet is made a place among words at once. */
function lookUp(from: Code, row: number): Code {
  const shifted = row === 0 ? shiftLeft(from, 2) : shiftRight(from, row * 8 - 2);
  return load(and(shifted, constant(255 << 2)), TABLES_AT + row * TABLE_OCTETS);
}

/** SubBytes and the column of MixColumns for an octet in this row (5.1.1, 5.1.3). */
function table(box: Uint8Array, row: number): Int32Array {
  return Int32Array.from(box, (one) => {
    const two = timesX(one);
    const word = two | (one << 8) | (one << 16) | ((two ^ one) << 24);
    return row === 0 ? word : (word << (row * 8)) | (word >>> (32 - row * 8));
  });
}

function timesX(octet: number): number {
  return ((octet << 1) ^ (octet & 0x80 ? REDUCTION : 0)) & 255;
}

/** SubBytes (5.1.1): the inverse in GF(2^8), walked through by powers of 3 and of its inverse, then the affine map. */
function sbox(): Uint8Array {
  const box = new Uint8Array(256);
  let power = 1;
  let inverse = 1;
  do {
    power ^= timesX(power);
    inverse ^= inverse << 1;
    inverse ^= inverse << 2;
    inverse = (inverse ^ (inverse << 4)) & 255;
    if ((inverse & 0x80) !== 0) inverse ^= 9;
    const turned = inverse | (inverse << 8);
    box[power] = (inverse ^ (turned >>> 7) ^ (turned >>> 6) ^ (turned >>> 5) ^ (turned >>> 4) ^ 0x63) & 255;
  } while (power !== 1);
  box[0] = 0x63;
  return box;
}
