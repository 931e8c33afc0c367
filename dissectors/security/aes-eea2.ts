// 128-EEA2 (TS 33.401 B.1.3): AES-128 in counter mode. The counter blocks of many messages go through one long-lived
// AES-ECB object in one call, because a call costs as much as some hundred blocks.
//
// Measured (Node 20, one core, 120-octet messages): 0.8 million messages/s with one message a PEK, 1.6 with two, 7 with 16
// or more, counter blocks and XOR included. One or two messages go through a kernel of our own instead, which needs no
// cipher object either (docs/performance.md). AES alone peaks at calls of 32 KiB (48 million messages/s); larger ones are
// slower again, as their result no longer fits the cache.
//
// The engine has a kernel lay out blocks and XOR (wasm/message-kernel.ts). How it is done here is the slow twin of that, and
// serves single messages, few messages, and hosts without the kernel.

import { type Cipher, createCipheriv, createSecretKey } from 'node:crypto';
import {
  type CipherAlgorithm,
  checkCipherKey,
  checkRows,
  checkWithin,
  forgottenError,
  type MessageColumns,
  type TrafficCipher,
} from './traffic-cipher.ts';
import { type AesKernel, type AesStreamKernel, createAesKernel, createAesStreamKernel } from './wasm/aes-kernel.ts';
import { hostWord, LITTLE_ENDIAN, lastWordMask } from './words.ts';

// The specification says.

/** Octets and 32-bit words of an AES block. */
const BLOCK_OCTETS = 16;
const BLOCK_WORDS = 4;

// We chose.

/** Counter blocks in one call, which is 32 KiB; above it, messages (and one long message) are split over calls. */
export const CALL_BLOCKS = 2048;

/** Counter blocks up to which the kernel is faster than a call into OpenSSL, and than making what is called. */
const KERNEL_BLOCKS = 16;

/** Small calls that OpenSSL serves before the kernel is built: building it takes as long as some thousand of them. */
const CALLS_BEFORE_KERNEL = 256;

/**
 * Octets of a result that weigh as much as one of a young object. V8 collects when it has made so many young objects, and
 * does not count the results of OpenSSL that go with them, each of which is ten times as large and in memory of its own:
 * 16 MiB of them waited, which is memory that was touched for the first time. With a quarter of them counted 3 MiB wait.
 */
const OCTETS_COUNTED_AS_ONE = 4;

/** Octets that V8 takes for an element of an array; where it takes four, less is counted. */
const ELEMENT_OCTETS = 8;

// Counter blocks are no secret, and one call is laid out at a time, so one buffer serves all ciphers of the process. Once
// there is a kernel it is the kernel's memory, which enciphers them in place.
let counters: Pick<AesKernel, 'blocks' | 'words'> = { blocks: new Uint8Array(0), words: new Uint32Array(0) };
let builtKernel: AesKernel | null = null;
let smallCalls = 0;

/** What makes the last result count. */
let weight: undefined[] = [];

/** The buffer, which is made when somebody deciphers. */
function theCounters(): typeof counters {
  if (counters.words.length === 0) {
    const blocks = new Uint8Array(CALL_BLOCKS * BLOCK_OCTETS);
    counters = { blocks, words: new Uint32Array(blocks.buffer) };
  }
  return counters;
}

/** Builds the kernel where that pays by now. Nothing may be laid out. */
function buildWhereItPays(): void {
  if (builtKernel !== null || smallCalls < CALLS_BEFORE_KERNEL || !LITTLE_ENDIAN) return;
  builtKernel = createAesKernel(CALL_BLOCKS);
  counters = builtKernel;
}

/** Messages under keys of their own that go without their kernel: building it takes as long as it saves with so many. */
const ALONE_BEFORE_KERNEL = 4096;
let streamKernel: AesStreamKernel | null = null;
let alone = 0;

/**
 * The kernel that makes key stream for messages each under a key of its own; null where it does not pay yet, or the host has
 * the other order of octets.
 *
 * @param messages so many more that would go through it
 */
export function aesKernelFor(messages: number): AesStreamKernel | null {
  alone += messages;
  if (streamKernel === null && alone >= ALONE_BEFORE_KERNEL && LITTLE_ENDIAN) {
    streamKernel = createAesStreamKernel(CALL_BLOCKS);
  }
  return streamKernel;
}

// The one row of `keyStream`.
const SINGLE_ROW = new Uint32Array(1);
const single: MessageColumns = {
  count: new Uint32Array(1),
  bearer: new Uint8Array(1),
  octets: new Uint32Array(1),
  at: new Uint32Array(1),
};

/** 128-EEA2 under one PEK. */
export class Eea2Cipher implements TrafficCipher {
  readonly algorithm: CipherAlgorithm = '128-EEA2';
  /** Made when many blocks come at once. */
  #aes: Cipher | null = null;
  #key: Uint32Array | null;

  /** @param pek 16 octets; they are copied */
  constructor(pek: Uint8Array) {
    checkCipherKey(pek);
    this.#key = new Uint32Array(BLOCK_WORDS);
    this.rekey(pek, 0);
  }

  rekey(octets: Uint8Array, at: number): void {
    const key = this.#key;
    if (key === null) throw forgottenError();
    for (let word = 0, i = at; word < BLOCK_WORDS; word++, i += 4) {
      key[word] = octets[i] | (octets[i + 1] << 8) | (octets[i + 2] << 16) | (octets[i + 3] << 24);
    }
    this.#aes = null;
  }

  apply(
    columns: MessageColumns,
    rows: Uint32Array,
    from: number,
    to: number,
    arena: Uint32Array,
    direction: 0 | 1 = 0,
  ): void {
    if (this.#key === null) throw forgottenError();
    checkRows(columns, rows, from, to, arena);
    buildWhereItPays();
    if (builtKernel !== null && to - from === 1 && columns.octets[rows[from]] === BLOCK_OCTETS) {
      this.#xorBlock(builtKernel, columns, rows[from], arena, direction);
      return;
    }
    let i = from;
    let block = 0;
    while (i < to) {
      // What one call takes: from block `block` of message i up to the cap.
      const firstMessage = i;
      const firstBlock = block;
      let used = 0;
      while (i < to && used < CALL_BLOCKS) {
        const row = rows[i];
        const blocks = (columns.octets[row] + BLOCK_OCTETS - 1) >>> 4;
        const take = Math.min(blocks - block, CALL_BLOCKS - used);
        layOut(used, columns.count[row], columns.bearer[row], direction, block, take);
        used += take;
        block += take;
        if (block === blocks) {
          i++;
          block = 0;
        }
      }
      this.#xor(columns, rows, firstMessage, firstBlock, used, arena);
    }
  }

  encipherBlocks(blocks: Uint8Array): Uint8Array {
    const key = this.#key;
    if (key === null) throw forgottenError();
    buildWhereItPays();
    if (blocks.length <= KERNEL_BLOCKS * BLOCK_OCTETS) {
      if (builtKernel !== null) {
        builtKernel.blocks.set(blocks);
        builtKernel.encipher(key, blocks.length / BLOCK_OCTETS);
        return builtKernel.blocks.subarray(0, blocks.length);
      }
      smallCalls++;
    }
    return this.#update(key, blocks);
  }

  keyStream(count: number, bearer: number, direction: 0 | 1, octets: number, out: Uint32Array, at: number): void {
    checkWithin(out, at, octets);
    out.fill(0, at, at + Math.ceil(octets / 4));
    single.count[0] = count;
    single.bearer[0] = bearer;
    single.octets[0] = octets;
    single.at[0] = at;
    this.apply(single, SINGLE_ROW, 0, 1, out, direction);
  }

  /** Wipes the key and lets go of the cipher object; OpenSSL wipes the key schedule when that is collected. */
  forget(): void {
    this.#key?.fill(0);
    this.#key = null;
    this.#aes = null;
    weight.length = 0;
    builtKernel?.wipe();
  }

  /** One message of one block, which is what a trial of a key deciphers. */
  #xorBlock(kernel: AesKernel, columns: MessageColumns, row: number, arena: Uint32Array, direction: 0 | 1): void {
    const { words } = kernel;
    words[0] = hostWord(columns.count[row]);
    words[1] = hostWord((columns.bearer[row] << 27) | (direction << 26));
    words[2] = 0;
    words[3] = 0;
    kernel.encipher(this.#key as Uint32Array, 1);
    const at = columns.at[row];
    arena[at] ^= words[0];
    arena[at + 1] ^= words[1];
    arena[at + 2] ^= words[2];
    arena[at + 3] ^= words[3];
  }

  /** Key stream of the counter blocks that are laid out. */
  #encipher(used: number): Uint32Array {
    const key = this.#key;
    if (key === null) throw forgottenError();
    if (used <= KERNEL_BLOCKS) {
      if (builtKernel !== null) {
        builtKernel.encipher(key, used);
        return builtKernel.words;
      }
      smallCalls++;
    }
    return wordsOf(this.#update(key, theCounters().blocks.subarray(0, used * BLOCK_OCTETS)));
  }

  /** A call into OpenSSL. */
  #update(key: Uint32Array, blocks: Uint8Array): Uint8Array {
    this.#aes ??= openSslCipher(key);
    weight = Array<undefined>(Math.ceil(blocks.length / (OCTETS_COUNTED_AS_ONE * ELEMENT_OCTETS)));
    return this.#aes.update(blocks);
  }

  /** Runs `used` counter blocks, and XORs them over the messages from block `block` of message i on. */
  #xor(columns: MessageColumns, rows: Uint32Array, i: number, block: number, used: number, arena: Uint32Array): void {
    if (used === 0) return;
    const stream = this.#encipher(used);
    const end = used * BLOCK_WORDS;
    let message = i;
    let word = block * BLOCK_WORDS;
    let z = 0;
    while (z < end) {
      const row = rows[message];
      const octets = columns.octets[row];
      const at = columns.at[row];
      const fullWords = octets >>> 2;
      const stop = Math.min(fullWords, word + end - z);
      for (; word < stop; word++, z++) {
        arena[at + word] ^= stream[z];
      }
      if (z === end) return;
      if ((octets & 3) !== 0) {
        arena[at + word] ^= stream[z] & lastWordMask(octets);
        word++;
        z++;
      }
      // The rest of the last block belongs to nobody.
      z = (z + BLOCK_WORDS - 1) & -BLOCK_WORDS;
      message++;
      word = 0;
    }
  }
}

function openSslCipher(key: Uint32Array): Cipher {
  const octets = Uint8Array.from({ length: BLOCK_OCTETS }, (_, i) => key[i >>> 2] >>> ((i & 3) * 8));
  const cipher = createCipheriv('aes-128-ecb', createSecretKey(octets), null).setAutoPadding(false);
  octets.fill(0);
  return cipher;
}

/**
 * Lays out counter blocks `block` to `block + take - 1` of one message from block `used` of the buffer on: COUNT, BEARER,
 * DIRECTION, 26 zeros, and the number of the block in the low 64 bits (B.1.3), of which 32 are enough.
 */
function layOut(used: number, count: number, bearer: number, direction: number, block: number, take: number): void {
  const counterWords = theCounters().words;
  const countWord = hostWord(count);
  const bearerWord = hostWord((bearer << 27) | (direction << 26));
  let w = used * BLOCK_WORDS;
  for (let b = block; b < block + take; b++, w += BLOCK_WORDS) {
    counterWords[w] = countWord;
    counterWords[w + 1] = bearerWord;
    counterWords[w + 2] = 0;
    counterWords[w + 3] = hostWord(b);
  }
}

/** The octets of `octets` as host words: in place where they are aligned, which they are in all Node releases we know. */
function wordsOf(octets: Uint8Array): Uint32Array {
  const aligned = (octets.byteOffset & 3) === 0 ? octets : Uint8Array.from(octets);
  return new Uint32Array(aligned.buffer, aligned.byteOffset, aligned.length >>> 2);
}
