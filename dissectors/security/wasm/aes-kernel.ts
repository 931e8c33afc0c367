// AES-128 (FIPS 197) as WebAssembly, for the few blocks of one message: a call into OpenSSL costs as much as some hundred
// blocks, and a cipher object more than the message. Its twin in tests is OpenSSL. The usual tables join SubBytes,
// ShiftRows and MixColumns into four look-ups a column; a column is one little-endian word, row 0 its low octet.
//
// Like every AES by tables it leaves traces in the cache of the processor, for whoever runs on the same core. Whole
// batches go through OpenSSL, which has none.

import {
  add,
  and,
  type Code,
  constant,
  get,
  load,
  load8,
  repeatBelow,
  set,
  shiftLeft,
  shiftRight,
  startKernel,
  store,
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
const BLOCKS_AT = 8192;

// Parameter and locals.
const END = 0;
const AT = 1;
const STATE = 2;
const NEXT = 6;
const LOCALS = 9;

/** AES-128 over blocks in its own memory. */
export interface AesKernel {
  /** As octets and as little-endian words. */
  readonly blocks: Uint8Array<ArrayBuffer>;
  readonly words: Uint32Array<ArrayBuffer>;
  /** Enciphers the first `count` blocks, at least 1, in place. `key` has 4 words, the first octet of each the lowest. */
  encipher(key: Uint32Array, count: number): void;
  /** Wipes the key schedule. */
  wipe(): void;
}

/**
 * Builds a kernel.
 *
 * @param blocks room for so many
 */
export function createAesKernel(blocks: number): AesKernel {
  const pages = Math.ceil((BLOCKS_AT + blocks * BLOCK_OCTETS) / 65_536);
  const { memory, call } = startKernel(
    [{ name: 'encipher', parameters: 1, locals: LOCALS, body: enciphering() }],
    pages,
  );
  const box = sbox();
  new Uint8Array(memory, SBOX_AT, 256).set(box);
  for (let row = 0; row < 4; row++) new Int32Array(memory, TABLES_AT + row * TABLE_OCTETS, 256).set(table(box, row));
  const roundKeys = new Int32Array(memory, ROUND_KEYS_AT, ROUND_KEY_WORDS);
  return {
    blocks: new Uint8Array(memory, BLOCKS_AT, blocks * BLOCK_OCTETS),
    words: new Uint32Array(memory, BLOCKS_AT, blocks * COLUMNS),
    encipher(key, count) {
      expandKey(key, roundKeys, box);
      call.encipher(BLOCKS_AT + count * BLOCK_OCTETS);
    },
    wipe() {
      roundKeys.fill(0);
    },
  };
}

/** Key expansion (5.2), a round at a time: one key is expanded for each message where there are many senders. */
function expandKey(key: Uint32Array, roundKeys: Int32Array, box: Uint8Array): void {
  let a = key[0] | 0;
  let b = key[1] | 0;
  let c = key[2] | 0;
  let d = key[3] | 0;
  let constantOctet = 1;
  for (let i = 0; ; i += COLUMNS) {
    roundKeys[i] = a;
    roundKeys[i + 1] = b;
    roundKeys[i + 2] = c;
    roundKeys[i + 3] = d;
    if (i === ROUNDS * COLUMNS) return;
    // RotWord, then SubWord: the octet of row 1 becomes that of row 0.
    a ^= box[(d >>> 8) & 255] | (box[(d >>> 16) & 255] << 8) | (box[d >>> 24] << 16) | (box[d & 255] << 24);
    a ^= constantOctet;
    b ^= a;
    c ^= b;
    d ^= c;
    constantOctet = timesX(constantOctet);
  }
}

/** Enciphers every block from BLOCKS_AT up to the address in END (5.1). */
function enciphering(): Code {
  const roundKey = (round: number, column: number): Code =>
    load(constant(0), ROUND_KEYS_AT + (round * COLUMNS + column) * 4);
  const columns = [0, 1, 2, 3];
  const body: Code[] = columns.map((column) =>
    set(STATE + column, xor(load(get(AT), column * 4), roundKey(0, column))),
  );
  for (let round = 1; round < ROUNDS; round++) {
    for (const column of columns) {
      body.push(set(NEXT + column, xor(...columns.map((row) => lookUp(row, column)), roundKey(round, column))));
    }
    for (const column of columns) body.push(set(STATE + column, get(NEXT + column)));
  }
  for (const column of columns) {
    const substituted = columns.map((row) => shiftLeft(load8(octetOf(row, column), SBOX_AT), row * 8));
    body.push(store(get(AT), xor(...substituted, roundKey(ROUNDS, column)), column * 4));
  }
  body.push(set(AT, add(get(AT), constant(BLOCK_OCTETS))));
  return [...set(AT, constant(BLOCKS_AT)), ...repeatBelow(AT, get(END), body.flat())];
}

/** Row `row` of a column behind ShiftRows (5.1.2): it comes from as many columns further on. */
function octetOf(row: number, column: number): Code {
  return and(shiftRight(get(STATE + ((column + row) % COLUMNS)), row * 8), constant(255));
}

/** The same through MixColumns, from its table; the octet is made a place among words at once. */
function lookUp(row: number, column: number): Code {
  const from = get(STATE + ((column + row) % COLUMNS));
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
