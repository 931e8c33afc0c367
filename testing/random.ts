// Numbers that look like chance and are the same on every machine: what a scenario does is a function of its seed.

/** Constants we chose. */
/** FNV-1a, 32 bits: turns the text of a seed into numbers. */
const FNV_OFFSET = 0x811c9dc5;
const FNV_PRIME = 0x01000193;
/** Rounds that mix a fresh state before the first number leaves. */
const WARM_UP = 12;

/**
 * The generator sfc32 (Chris Doty-Humphrey, PractRand): 128 bits of state, integer arithmetic only. Not for keys that
 * protect anything: a scenario's keys are as public as its seed.
 */
export class Random {
  readonly #seed: string;
  #a: number;
  #b: number;
  #c: number;
  #counter = 1;

  /** @param seed any text; the same text gives the same numbers */
  constructor(seed: string) {
    this.#seed = seed;
    this.#a = hashText(seed, 0);
    this.#b = hashText(seed, 1);
    this.#c = hashText(seed, 2);
    for (let round = 0; round < WARM_UP; round++) this.uint32();
  }

  /** A generator of its own for one part, so that a change in one step leaves the others as they were. */
  fork(label: string): Random {
    return new Random(`${this.#seed}/${label}`);
  }

  /** 0 to 4,294,967,295. */
  uint32(): number {
    const sum = (this.#a + this.#b + this.#counter) | 0;
    this.#counter = (this.#counter + 1) | 0;
    this.#a = this.#b ^ (this.#b >>> 9);
    this.#b = (this.#c + (this.#c << 3)) | 0;
    this.#c = (((this.#c << 21) | (this.#c >>> 11)) + sum) | 0;
    return sum >>> 0;
  }

  /** A whole number from `least` to `most`, both included; at most 2^32 apart. */
  between(least: number, most: number): number {
    return least + Math.floor((this.uint32() / 0x1_0000_0000) * (most - least + 1));
  }

  /** True with this probability, 0 to 1. */
  chance(probability: number): boolean {
    return this.uint32() < probability * 0x1_0000_0000;
  }

  /** New octets. */
  octets(length: number): Uint8Array {
    const bytes = new Uint8Array(length);
    for (let at = 0; at < length; at += 4) {
      const word = this.uint32();
      for (let i = at; i < Math.min(at + 4, length); i++) bytes[i] = word >>> (8 * (i - at));
    }
    return bytes;
  }
}

function hashText(text: string, salt: number): number {
  let hash = Math.imul(FNV_OFFSET ^ salt, FNV_PRIME);
  for (let i = 0; i < text.length; i++) hash = Math.imul(hash ^ text.charCodeAt(i), FNV_PRIME);
  return hash | 0;
}
