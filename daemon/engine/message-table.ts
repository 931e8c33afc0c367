// The messages of one batch: a row for each complete PDCP SLRB data PDU, filled by reassembly, deciphering and judgement
// in turn. Printer, findings and relay read these columns; an object is made only for a message that leaves the engine.

import type { FrameBatch } from '../../captures/frame-batch.ts';
import type { Verdict } from '../events.ts';
import { VERDICTS } from '../events.ts';
import { grown } from './slot-table.ts';

/** Verdicts by the number that the columns hold. */
export const VerdictCode = {
  clear: 0,
  downgraded: 1,
  decrypted: 2,
  stale: 3,
  noKey: 4,
  unverifiable: 5,
  forged: 6,
  damaged: 7,
} as const;

/** A value of `VerdictCode`. */
export type VerdictCode = (typeof VerdictCode)[keyof typeof VerdictCode];

/** Where the octets of an SDU lie. */
export const Place = {
  /** In the frame as captured. */
  frame: 0,
  /** Put together from several frames. */
  joined: 1,
  /** Deciphered. */
  plain: 2,
} as const;

/** What else judgement noticed about a message. */
export const MessageFlag = {
  /** The snap length cut it. */
  damaged: 1,
  /** The IP header holds and something beyond it does not: the mark of a bit flip in flight. */
  tampered: 2,
  /** Opens only under a key of another group. */
  otherGroupKey: 4,
  /** Opens only under another algorithm than the configured one. */
  otherAlgorithm: 8,
  /** The header claims ciphering, yet the SDU is plain. */
  claimedButPlain: 16,
  /** The SDU type says one thing and the body is another. */
  wrongSduType: 32,
  /** The trial budget ran out. */
  trialLimited: 64,
  /** The header says not ciphered: PGK index and PTK id are 0. */
  notCiphered: 128,
  /** The SDU parses as plaintext (evidence.ts); only looked at where it is not ciphered. */
  parsesPlain: 256,
  /** The verdict lets plaintext out. */
  plaintextShown: 512,
  /** An IP fragment. */
  fragment: 1024,
  /** A key of the group with that index is held. */
  indexHeld: 2048,
  /** Came to life under the key of its context: counts as opening for counter findings. */
  opened: 4096,
} as const;

/** No key, no group, no context. */
export const NONE = -1;

/** In `plainWord`: no room taken. */
export const NO_PLAIN = 0xffff_ffff;

/** In `epochState`: there is no epoch. */
export const UNKNOWN_STATE = 255;

/** We chose: rows of a new table. A small capture needs no more, and a large one makes room batch by batch. */
const FIRST_ROWS = 256;
/** We chose: octets of arena and of joined PDUs, once one is wanted. A table in memory that threads share never wants its own. */
const FIRST_PLAIN_OCTETS = 1024 * 1024;
const FIRST_JOINED_OCTETS = 64 * 1024;

const LITTLE_ENDIAN_HOST = new Uint8Array(new Uint32Array([1]).buffer)[0] === 1;

// We chose: above either, the engine judges what it has, tells of it, and goes on with an empty table.
/** Octets that the deciphered SDUs of one round may take. */
export const PLAIN_OCTETS = 4 * 1024 * 1024;
/** Messages of one round. The frame that reaches it may hold more, MAX_ELEMENTS at most. */
export const ROUND_MESSAGES = 8192;

/**
 * We chose: rows that a loop goes through in one call. While a longer one runs, V8 makes code for the rest of it, and then the
 * same once more for the next call. And what several loops go through part by part is still in the first cache.
 */
export const PART_ROWS = 512;

/** See the head of the file. Columns are public: this is the table that everything reads. */
export class MessageTable {
  count = 0;
  /** The batch that `frameRow` and `Place.frame` refer to. */
  batch: FrameBatch | null = null;

  /** Row of the completing frame in the batch. */
  frameRow = new Uint32Array(FIRST_ROWS);
  /** Number of the completing frame. */
  frame = new Float64Array(FIRST_ROWS);
  /** Capture time in milliseconds since 1970; exact to a microsecond. */
  time = new Float64Array(FIRST_ROWS);
  /** Frames it was put together from: where the list begins in `frameLists`, and how many; 0 where it is one frame. */
  framesAt = new Uint32Array(FIRST_ROWS);
  framesCount = new Uint16Array(FIRST_ROWS);

  version = new Uint8Array(FIRST_ROWS);
  source = new Uint32Array(FIRST_ROWS);
  /** 24 bits; with version 1 the low 8 bits are 0. */
  destination = new Uint32Array(FIRST_ROWS);
  lcid = new Uint8Array(FIRST_ROWS);
  sduType = new Uint8Array(FIRST_ROWS);
  pgkIndex = new Uint8Array(FIRST_ROWS);
  ptkId = new Uint16Array(FIRST_ROWS);
  sn = new Uint16Array(FIRST_ROWS);
  /** Octets of the SDU on the wire. */
  length = new Uint32Array(FIRST_ROWS);
  /** The SDU as it was on the air: place (frame or joined) and offset. */
  rawPlace = new Uint8Array(FIRST_ROWS);
  rawAt = new Uint32Array(FIRST_ROWS);
  /** COUNT: PTK id in the 16 high bits, SN in the 16 low bits (reference 1.5). */
  counter = new Uint32Array(FIRST_ROWS);
  /** Where the deciphered SDU begins in `plain`, in 32-bit words; NO_PLAIN where no room is taken. */
  plainWord = new Uint32Array(FIRST_ROWS);
  /** 1 where that room holds the SDU deciphered under `traffic`. */
  deciphered = new Uint8Array(FIRST_ROWS);
  /**
   * Where that is so: the sum of the 16-bit halves there, low octets first and not folded (evidence.ts), or 0 where nobody
   * has summed. Whoever deciphers writes it.
   */
  sum = new Uint32Array(FIRST_ROWS);

  verdict = new Uint8Array(FIRST_ROWS);
  /** Tenths of an evidence bit. */
  evidence = new Uint16Array(FIRST_ROWS);
  /** Checks that passed and that failed (evidence.ts). */
  passed = new Uint32Array(FIRST_ROWS);
  failed = new Uint32Array(FIRST_ROWS);
  flags = new Uint16Array(FIRST_ROWS);
  /** Index of the keyring's group, or NONE. */
  group = new Int32Array(FIRST_ROWS);
  /** Serial of the epoch that opened it, fits it or proved its context; or NONE. */
  epoch = new Int32Array(FIRST_ROWS);
  /** State of that epoch at capture time (keyring's state number); UNKNOWN_STATE where there is none. */
  epochState = new Uint8Array(FIRST_ROWS);
  /** Slot of the context as seen on the wire (contexts.ts), or NONE where the header says not ciphered. */
  context = new Int32Array(FIRST_ROWS);
  /** Slot of the traffic key it was deciphered with, or NONE. */
  traffic = new Int32Array(FIRST_ROWS);

  /** Octets of PDUs that were put together. */
  joined: Uint8Array = new Uint8Array(0);
  joinedLength = 0;
  /** Deciphered SDUs, each on a 16-octet boundary: as octets and as host words. */
  plain: Uint8Array = new Uint8Array(0);
  words: Uint32Array = new Uint32Array(this.plain.buffer);
  plainLength = 0;
  frameLists: Float64Array = new Float64Array(1024);
  frameListsLength = 0;

  /** Empties the table for another round over the same or another batch. */
  reset(batch: FrameBatch): void {
    this.batch = batch;
    this.count = 0;
    this.joinedLength = 0;
    this.plainLength = 0;
    this.frameListsLength = 0;
  }

  /** A fresh row; every column that reassembly does not fill is set to nothing. */
  add(): number {
    const row = this.count;
    if (row === this.frameRow.length) this.makeRoom(1);
    this.count++;
    this.framesCount[row] = 0;
    this.plainWord[row] = NO_PLAIN;
    this.deciphered[row] = 0;
    this.verdict[row] = 0;
    this.evidence[row] = 0;
    this.passed[row] = 0;
    this.failed[row] = 0;
    this.flags[row] = 0;
    this.group[row] = NONE;
    this.epoch[row] = NONE;
    this.epochState[row] = UNKNOWN_STATE;
    this.context[row] = NONE;
    this.traffic[row] = NONE;
    return row;
  }

  /** Gives a row room in `plain`, to be deciphered there; the word at which that begins. */
  takePlain(row: number): number {
    const held = this.plainWord[row];
    if (held !== NO_PLAIN) return held;
    const at = this.plainLength;
    const end = at + ((this.length[row] + 15) & ~15);
    if (end > this.plain.length) {
      this.plain = grown(this.plain, Math.max((end + 15) & ~15, this.plain.length * 2, FIRST_PLAIN_OCTETS));
      this.words = new Uint32Array(this.plain.buffer);
    }
    this.plainLength = end;
    this.plainWord[row] = at >>> 2;
    return at >>> 2;
  }

  /**
   * Copies the SDU of a row as it was on the air into room of its own in `plain`, to be deciphered there.
   *
   * @param length octets from its first on; absent: all
   */
  copyToPlain(row: number, length: number = this.length[row]): void {
    const word = this.takePlain(row);
    const from = this.rawAt[row];
    const joined = this.rawPlace[row] === Place.joined;
    const bytes = joined ? this.joined : (this.batch as FrameBatch).bytes;
    if (joined) {
      this.plain.set(bytes.subarray(from, from + length), word * 4);
      return;
    }
    // Word by word: a subarray and a set for each message cost more than the copy.
    const view = (this.batch as FrameBatch).view;
    const words = this.words;
    const whole = length & ~3;
    let to = word;
    for (let i = 0; i < whole; i += 4) words[to++] = view.getUint32(from + i, LITTLE_ENDIAN_HOST);
    for (let i = whole; i < length; i++) this.plain[word * 4 + i] = bytes[from + i];
  }

  /** Keeps octets of a joined PDU; their offset in `joined`. */
  keepJoined(bytes: Uint8Array, length: number): number {
    const at = this.joinedLength;
    if (at + length > this.joined.length) {
      this.joined = grown(this.joined, Math.max(at + length, this.joined.length * 2, FIRST_JOINED_OCTETS));
    }
    this.joined.set(bytes.subarray(0, length), at);
    this.joinedLength = at + length;
    return at;
  }

  /** Keeps the list of frames of a joined PDU for a row. */
  keepFrames(row: number, frames: readonly number[]): void {
    const at = this.frameListsLength;
    if (at + frames.length > this.frameLists.length) {
      this.frameLists = grown(this.frameLists, Math.max(at + frames.length, this.frameLists.length * 2));
    }
    for (let i = 0; i < frames.length; i++) this.frameLists[at + i] = frames[i];
    this.framesAt[row] = at;
    this.framesCount[row] = frames.length;
    this.frameListsLength = at + frames.length;
  }

  /** The octets that `rawAt` of a row points into. */
  rawBytes(row: number): Uint8Array {
    return this.rawPlace[row] === Place.joined ? this.joined : (this.batch as FrameBatch).bytes;
  }

  /** The octets that hold the readable SDU of a row, deciphered where it was; `bodyAt` is its offset there. */
  bodyBytes(row: number): Uint8Array {
    return this.deciphered[row] === 1 ? this.plain : this.rawBytes(row);
  }

  /** Offset of the readable SDU in `bodyBytes`. */
  bodyAt(row: number): number {
    return this.deciphered[row] === 1 ? this.plainWord[row] * 4 : this.rawAt[row];
  }

  /** Name of the row's verdict. */
  verdictName(row: number): Verdict {
    return VERDICTS[this.verdict[row]];
  }

  /** All frames of a row, in order. */
  framesOf(row: number): readonly number[] {
    const count = this.framesCount[row];
    if (count === 0) return [this.frame[row]];
    return Array.from(this.frameLists.subarray(this.framesAt[row], this.framesAt[row] + count));
  }

  /** Widens all columns, if need be, for so many rows behind those that there are. */
  makeRoom(messages: number): void {
    let rows = this.frameRow.length;
    while (rows < this.count + messages) rows *= 2;
    if (rows > this.frameRow.length) this.#widen(rows);
  }

  #widen(rows: number): void {
    this.frameRow = grown(this.frameRow, rows);
    this.frame = grown(this.frame, rows);
    this.time = grown(this.time, rows);
    this.framesAt = grown(this.framesAt, rows);
    this.framesCount = grown(this.framesCount, rows);
    this.version = grown(this.version, rows);
    this.source = grown(this.source, rows);
    this.destination = grown(this.destination, rows);
    this.lcid = grown(this.lcid, rows);
    this.sduType = grown(this.sduType, rows);
    this.pgkIndex = grown(this.pgkIndex, rows);
    this.ptkId = grown(this.ptkId, rows);
    this.sn = grown(this.sn, rows);
    this.length = grown(this.length, rows);
    this.rawPlace = grown(this.rawPlace, rows);
    this.rawAt = grown(this.rawAt, rows);
    this.counter = grown(this.counter, rows);
    this.plainWord = grown(this.plainWord, rows);
    this.deciphered = grown(this.deciphered, rows);
    this.sum = grown(this.sum, rows);
    this.verdict = grown(this.verdict, rows);
    this.evidence = grown(this.evidence, rows);
    this.passed = grown(this.passed, rows);
    this.failed = grown(this.failed, rows);
    this.flags = grown(this.flags, rows);
    this.group = grown(this.group, rows);
    this.epoch = grown(this.epoch, rows);
    this.epochState = grown(this.epochState, rows);
    this.context = grown(this.context, rows);
    this.traffic = grown(this.traffic, rows);
  }
}
