// PEKs of many senders, derived four at a time where the host has vectors (wasm/pek-kernel.ts). `derivePek` derives one.

import { type Derivation, derivePek, type PreparedPgk, writePekInput, writePtkInput } from './kdf.ts';
import { type PekKernel, pekKernel } from './wasm/pek-kernel.ts';
import { LANES } from './wasm/pek-lanes.ts';
import { sha256Kernel } from './wasm/sha256-kernel.ts';
import { hostWord, LITTLE_ENDIAN } from './words.ts';

const HASH_WORDS = 8;
const PEK_WORDS = 4;

/** We chose: keys that are derived one by one before the kernel is built, which takes as long as it saves with so many. */
const KEYS_BEFORE_KERNEL = 8192;
let keys = 0;

/** A batch whose keys go to `out`, 4 words each, whose octets in memory are those of the key. */
export function createPekBatch(out: Uint32Array<ArrayBuffer>): PekBatch {
  return new PekBatch(out);
}

/** See the head of the file. Who adds keys calls `finish` behind the last one. */
export class PekBatch {
  #kernel: PekKernel | null | undefined;
  #count = 0;
  /** Where the keys of the lanes go. */
  readonly #places = new Uint32Array(LANES);
  readonly #out: Uint32Array<ArrayBuffer>;

  constructor(out: Uint32Array<ArrayBuffer>) {
    this.#out = out;
  }

  /**
   * Derives a key, at the latest with `finish`. Arguments as `derivePek` has them.
   *
   * @param at word at which it begins
   */
  add(
    pgk: PreparedPgk,
    derivation: Derivation,
    member: number,
    ptkId: number,
    group: number,
    algorithm: number,
    at: number,
  ): void {
    if (this.#kernel === undefined && keys++ >= KEYS_BEFORE_KERNEL) this.#kernel = LITTLE_ENDIAN ? pekKernel() : null;
    const kernel = this.#kernel ?? null;
    if (kernel === null || derivation === 'direct') {
      const octets = new Uint8Array(this.#out.buffer, this.#out.byteOffset + at * 4, PEK_WORDS * 4);
      derivePek(pgk, derivation, member, ptkId, group, algorithm, octets);
      return;
    }
    const lane = this.#count++;
    const first = pgk.padsWith(sha256Kernel());
    const { pads } = pgk;
    const { inner, outer } = kernel;
    for (let word = 0, to = lane; word < HASH_WORDS; word++, to += LANES) {
      inner[to] = pads[first + word];
      outer[to] = pads[first + HASH_WORDS + word];
    }
    writePtkInput(kernel.ptkBlock, lane, LANES, derivation, member, ptkId, group);
    writePekInput(kernel.pekBlock, lane, LANES, algorithm);
    this.#places[lane] = at;
    if (this.#count === LANES) this.#derive(kernel);
  }

  /** Derives those that wait, and wipes what they left. */
  finish(): void {
    const kernel = this.#kernel ?? null;
    if (kernel === null) return;
    if (this.#count > 0) this.#derive(kernel);
    kernel.wipe();
  }

  #derive(kernel: PekKernel): void {
    kernel.derive();
    const { pek } = kernel;
    for (let lane = 0; lane < this.#count; lane++) {
      const at = this.#places[lane];
      for (let word = 0; word < PEK_WORDS; word++) this.#out[at + word] = hostWord(pek[word * LANES + lane]);
    }
    this.#count = 0;
  }
}
