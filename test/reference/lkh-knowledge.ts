// What somebody who hears every rekey message can find out, by brute force: every key that is known is tried on everything
// that is enciphered, until nothing more opens. Names, versions, trees and signatures play no part.

import { aeskw } from '@noble/ciphers/aes.js';

/** See the head of the file. Keys are hex digits. */
export class Eavesdropper {
  readonly #known = new Set<string>();
  readonly #heard: Uint8Array[] = [];

  get isIgnorant(): boolean {
    return this.#known.size === 0;
  }

  knows(key: string): boolean {
    return this.#known.has(key);
  }

  /** Learns a key, and all that it opens among what was heard before, and what that opens in turn. */
  learn(key: string): void {
    if (this.#known.has(key)) return;
    this.#known.add(key);
    for (const each of this.#heard) {
      const opened = unwrap(key, each);
      if (opened !== null) this.learn(opened);
    }
  }

  /** Hears something enciphered, and tries every key on it. */
  hear(wrapped: Uint8Array): void {
    this.#heard.push(wrapped);
    for (const key of [...this.#known]) {
      const opened = unwrap(key, wrapped);
      if (opened !== null) this.learn(opened);
    }
  }
}

function unwrap(key: string, wrapped: Uint8Array): string | null {
  try {
    return Buffer.from(aeskw(new Uint8Array(Buffer.from(key, 'hex'))).decrypt(wrapped)).toString('hex');
  } catch {
    return null;
  }
}
