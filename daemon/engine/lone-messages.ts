// Messages that have their key to themselves in a round, or share it with few: where senders are many, nearly all. Under
// 128-EEA2 each key would cost a cipher object and a call; here one call of a kernel makes the key stream of many messages
// (dissectors/security/wasm/aes-kernel.ts), and the kernel of the round takes it to the octets. The slow twin is
// `TrafficCipher.apply`.

import { aesKernelFor } from '../../dissectors/security/aes-eea2.ts';
import type { AesStreamKernel } from '../../dissectors/security/wasm/aes-kernel.ts';
import { AES_ENTRY_WORDS, AES_LISTED, AesEntry } from '../../dissectors/security/wasm/aes-list.ts';
import { hostWord } from '../../dissectors/security/words.ts';
import type { MessageTable } from './message-table.ts';
import type { RoundKernel } from './round-kernel.ts';

const BLOCK_OCTETS = 16;
/** We chose: octets of such a message at most. The key stream of AES_LISTED of them is what the kernel has room for. */
const LONGEST = 256;

/** @param round takes the key stream to messages of the round that it has begun */
export function createLoneMessages(round: RoundKernel): LoneMessages {
  return new LoneMessages(round);
}

/** See the head of the file. */
export class LoneMessages {
  readonly #rows = new Uint32Array(AES_LISTED);
  #count = 0;
  /** Octets of key stream of the longest. */
  #stride = 0;
  #aes: AesStreamKernel | null = null;
  readonly #round: RoundKernel;

  constructor(round: RoundKernel) {
    this.#round = round;
  }

  /** Whether a message can be one of them. */
  takes(table: MessageTable, row: number): boolean {
    const octets = table.length[row];
    return octets > 0 && octets <= LONGEST && this.#isReady();
  }

  /** Whether there is a kernel by now; who asks has a message for it. */
  #isReady(): boolean {
    this.#aes ??= aesKernelFor(1);
    return this.#aes !== null;
  }

  /**
   * Adds a message.
   *
   * @param keys PEKs as host words of a little-endian host: that of the message begins at word `at`
   */
  add(table: MessageTable, row: number, keys: Uint32Array, at: number): void {
    const aes = this.#aes;
    if (aes === null) return;
    const { list } = aes;
    const entry = this.#count * AES_ENTRY_WORDS;
    for (let word = 0; word < 4; word++) list[entry + AesEntry.key + word] = keys[at + word];
    const blocks = (table.length[row] + BLOCK_OCTETS - 1) >>> 4;
    list[entry + AesEntry.count] = hostWord(table.counter[row]);
    list[entry + AesEntry.stream] = hostWord(table.lcid[row] << 27);
    list[entry + AesEntry.blocks] = blocks;
    this.#stride = Math.max(this.#stride, blocks * BLOCK_OCTETS);
    this.#rows[this.#count++] = row;
    if (this.#count === AES_LISTED) this.decipher();
  }

  /** Deciphers those that were added. Sets `sum` of their rows. */
  decipher(): void {
    const aes = this.#aes;
    if (aes === null || this.#count === 0) return;
    this.#round.xor(this.#rows, 0, this.#count, aes.keyStream(this.#count, this.#stride), this.#stride);
    this.#count = 0;
    this.#stride = 0;
  }

  /** Wipes what the last messages left. */
  wipe(): void {
    this.#aes?.wipe();
  }
}
