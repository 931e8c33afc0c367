// What the confidentiality algorithms have in common: their names, their numbers, and the face that the engine uses to
// decipher a batch of messages.

/** Names as in the keyring and in TS 33.401 5.1.3.2. */
export type CipherAlgorithm = 'EEA0' | '128-EEA1' | '128-EEA2' | '128-EEA3';

/** All algorithms; the index is the algorithm identity that goes into the key derivation (TS 33.401 5.1.3.2). */
export const CIPHER_ALGORITHMS: readonly CipherAlgorithm[] = ['EEA0', '128-EEA1', '128-EEA2', '128-EEA3'];

/** Algorithm identity of each name (TS 33.401 5.1.3.2). */
export const ALGORITHM_ID: Readonly<Record<CipherAlgorithm, number>> = {
  EEA0: 0,
  '128-EEA1': 1,
  '128-EEA2': 2,
  '128-EEA3': 3,
};

/** Octets of a cipher key (TS 33.401 Annex B.1: KEY has 128 bits). */
export const CIPHER_KEY_OCTETS = 16;

/**
 * The messages of a batch, as columns: row r of each column belongs to message r. The columns belong to the caller, who
 * may reuse them from batch to batch.
 */
export interface MessageColumns {
  /** COUNT, 32 bits; one-to-many: PTK id in the 16 high bits, PDCP SN in the 16 low bits. */
  readonly count: Uint32Array;
  /** BEARER, 0..31; one-to-many: the LCID. */
  readonly bearer: Uint8Array;
  /** Octets of the message. */
  readonly octets: Uint32Array;
  /** Where the message begins in the arena, in 32-bit words. */
  readonly at: Uint32Array;
}

/**
 * One algorithm under one cipher key (PEK). Key stream and XOR are symmetric: the same call ciphers and deciphers, and a
 * second call undoes the first.
 */
export interface TrafficCipher {
  readonly algorithm: CipherAlgorithm;

  /**
   * XORs the key stream over the messages `rows[from]` to `rows[to - 1]`, in place. A message begins at a word of the
   * arena; octets behind its end, in its last word too, stay as they are. The engine copies the ciphertext there, sorts
   * the rows of a batch by PEK, and calls this once a PEK: nothing is allocated for a message.
   * @param arena octets of all messages, seen as host words
   * @param direction DIRECTION bit; always 0 in one-to-many (TS 36.323 5.6.1)
   * @throws RangeError when a message reaches beyond the arena; then no message is touched
   */
  apply(
    columns: MessageColumns,
    rows: Uint32Array,
    from: number,
    to: number,
    arena: Uint32Array,
    direction?: 0 | 1,
  ): void;

  /**
   * Key stream for counter blocks that somebody else laid out (wasm/message-kernel.ts), at most CALL_BLOCKS of them. Only
   * where key stream is that: 128-EEA2.
   * @returns valid until the next call
   */
  encipherBlocks?(blocks: Uint8Array): Uint8Array;

  /**
   * Writes the first `octets` octets of one message's key stream to `out`, beginning at word `at`. What is left of the
   * last word becomes 0.
   * @throws RangeError when `out` is too short
   */
  keyStream(count: number, bearer: number, direction: 0 | 1, octets: number, out: Uint32Array, at: number): void;

  /**
   * Takes the PEK at octet `at` in place of its own, which is wiped: where senders are many, objects are made and collected
   * for each of their messages otherwise. Absent where a new cipher costs no more.
   */
  rekey?(octets: Uint8Array, at: number): void;

  /** Wipes what can be wiped of the key. Every later use throws. */
  forget(): void;
}

/** Throws unless `octets` octets from word `at` lie within `words`. */
export function checkWithin(words: Uint32Array, at: number, octets: number): void {
  if (at + Math.ceil(octets / 4) > words.length) {
    throw new RangeError(`a message of ${octets} octets at word ${at} reaches beyond ${words.length} words`);
  }
}

/** Throws unless the messages `rows[from]` to `rows[to - 1]` lie within `arena`. */
export function checkRows(
  columns: MessageColumns,
  rows: Uint32Array,
  from: number,
  to: number,
  arena: Uint32Array,
): void {
  for (let i = from; i < to; i++) checkWithin(arena, columns.at[rows[i]], columns.octets[rows[i]]);
}

/** Throws unless `key` is a cipher key. The message says the length only. */
export function checkCipherKey(key: Uint8Array): void {
  if (key.length !== CIPHER_KEY_OCTETS) {
    throw new RangeError(`a cipher key has ${CIPHER_KEY_OCTETS} octets, not ${key.length}`);
  }
}

/** What every use after `forget` throws. */
export function forgottenError(): Error {
  return new Error('this cipher has forgotten its key; make a new one');
}
