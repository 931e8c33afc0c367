// Counter streams: one for each key-stream space, that is (source, destination, LCID, PGK or bare index, PTK id), and
// above them one talker for each (source, destination, LCID), which moves from PTK id to PTK id. All in columns.

import { MessageFlag, type MessageTable } from '../engine/message-table.ts';
import { OwnedSlots } from '../engine/owned-slots.ts';
import type { Senders } from '../engine/senders.ts';
import { grown, SlotTable } from '../engine/slot-table.ts';

/** We chose: streams and talkers remembered; above it the one silent for longest is forgotten, and counted. */
export const STREAM_CAP = 1 << 18;

const NOWHERE = -1;
// Where the group is known its place in the keyring stands for the destination, whatever version the header had.
const KNOWN_GROUP = 4;
const BARE_INDEX = 0x80_0000;
const OTHER_ALGORITHM = 0x40_0000;
const OTHER_GROUP = 0x20_0000;

/** See the head of the file. Columns by slot are public to the counter rules. */
export class Streams {
  /** Number of the stream, never given twice. */
  number = new Uint32Array(0);
  /** Highest SN by serial arithmetic, and when and in which frame it came. */
  lastSn = new Uint16Array(0);
  lastTime = new Float64Array(0);
  lastFrame = new Float64Array(0);
  /** PDUs that counted; 0 says that the stream is new. */
  pdus = new Float64Array(0);
  /**
   * The SN of which the counter rules have nothing to say: one further than the highest, in the same page, and nothing is
   * open; -1 where they must look at any.
   */
  usual = new Int32Array(0);
  /** Page of SeenPages used last. */
  page = new Int32Array(0);
  /** PDUs under its key that did not open, since the counter last moved: they fill gaps and do nothing else. */
  aside = new Uint16Array(0);
  /** First and last open gap (gaps.ts), or -1. */
  gapHead = new Int32Array(0);
  gapTail = new Int32Array(0);
  /** Clone tracks (clone-tracks.ts): the SN where the other track stands, alternations. */
  otherSn = new Uint16Array(0);
  trackSn = new Uint16Array(0);
  alternations = new Uint8Array(0);
  hasOther = new Uint8Array(0);
  switchedAt = new Float64Array(0);
  /** 1 where ctr.stuck was raised, 2 where ctr.overused was. */
  told = new Uint8Array(0);
  /** Run of the talker in which it left this PTK id, when, and after how many of its PDUs; -1 where it did not. */
  leftRun = new Float64Array(0);
  leftTime = new Float64Array(0);
  leftPdus = new Float64Array(0);
  /** Its talker. */
  talker = new Int32Array(0);

  /** Talker columns: the stream it is on and that stream's number, its key, its run, its PDUs. */
  current = new Int32Array(0);
  currentNumber = new Float64Array(0);
  keyWord = new Int32Array(0);
  run = new Float64Array(0);
  talkerPdus = new Float64Array(0);

  readonly #slots: OwnedSlots;
  readonly #talkers: OwnedSlots;
  #streams = 0;
  #runs = 0;
  readonly #onEvict: (slot: number) => void;
  // Key of the message at hand.
  #key0 = 0;
  #key1 = 0;
  #key2 = 0;
  #word = 0;
  #sender = 0;

  /** @param onEvict called before a stream is forgotten */
  constructor(onEvict: (slot: number) => void, senders: Senders, cap: number = STREAM_CAP) {
    this.#onEvict = onEvict;
    this.#slots = new OwnedSlots(
      new SlotTable(
        cap,
        (capacity) => {
          this.#growStreams(capacity);
        },
        (slot) => this.#onEvict(slot),
      ),
    );
    this.#talkers = new OwnedSlots(
      new SlotTable(cap, (capacity) => {
        this.current = grown(this.current, capacity);
        this.currentNumber = grown(this.currentNumber, capacity);
        this.keyWord = grown(this.keyWord, capacity);
        this.run = grown(this.run, capacity);
        this.talkerPdus = grown(this.talkerPdus, capacity);
      }),
    );
    senders.add(this.#slots);
    senders.add(this.#talkers);
  }

  /** Whether another stream or talker makes it forget one. */
  get isFull(): boolean {
    return this.#slots.slots.isFull || this.#talkers.slots.isFull;
  }

  /** Streams forgotten so far. */
  get evictions(): number {
    return this.#slots.slots.evictions;
  }

  /** Talkers forgotten so far. */
  get talkerEvictions(): number {
    return this.#talkers.slots.evictions;
  }

  /**
   * The stream of a message.
   *
   * @param resolved whether the key is known; else the bare index stands for it
   * @param remembered slot that may be the right one, or -1
   * @param sender slot of its sender (senders.ts)
   */
  obtain(table: MessageTable, row: number, resolved: boolean, remembered: number, sender: number): number {
    this.#setKey(table, row, resolved);
    this.#sender = sender;
    const { slots } = this.#slots;
    if (slots.holds(remembered, this.#key0, this.#key1, this.#key2)) {
      slots.touch(remembered);
      return remembered;
    }
    const obtained = this.#slots.obtain(sender, this.#key0, this.#key1, this.#key2);
    if (obtained >= 0) return obtained;
    const slot = -1 - obtained;
    this.number[slot] = ++this.#streams;
    this.pdus[slot] = 0;
    this.page[slot] = NOWHERE;
    this.usual[slot] = NOWHERE;
    this.aside[slot] = 0;
    this.gapHead[slot] = NOWHERE;
    this.gapTail[slot] = NOWHERE;
    this.alternations[slot] = 0;
    this.hasOther[slot] = 0;
    this.told[slot] = 0;
    this.leftRun[slot] = NOWHERE;
    this.talker[slot] = NOWHERE;
    return slot;
  }

  /** The stream of a message where it is known, else -1; leaves no trace. */
  find(table: MessageTable, row: number, sender: number): number {
    this.#setKey(table, row, true);
    return this.#slots.find(sender, this.#key0, this.#key1, this.#key2);
  }

  /** The talker of the stream that `obtain` gave last. A new talker is on that stream. */
  obtainTalker(stream: number): number {
    const destination = this.#key2 >>> 8;
    const remembered = this.talker[stream];
    // The number of a stream is never given twice: a talker that is on this stream is the right one.
    if (remembered >= 0 && this.currentNumber[remembered] === this.number[stream]) {
      this.#talkers.slots.touch(remembered);
      return remembered;
    }
    if (this.#talkers.slots.holds(remembered, this.#key0, destination, 0)) {
      this.#talkers.slots.touch(remembered);
      return remembered;
    }
    const obtained = this.#talkers.obtain(this.#sender, this.#key0, destination, 0);
    const talker = obtained < 0 ? -1 - obtained : obtained;
    if (obtained < 0) {
      this.current[talker] = stream;
      this.currentNumber[talker] = this.number[stream];
      this.keyWord[talker] = this.#word;
      this.run[talker] = this.#runs++;
      this.talkerPdus[talker] = 0;
    }
    this.talker[stream] = talker;
    return talker;
  }

  /** The key, as a number, of the stream that `obtain` gave last. */
  get key(): number {
    return this.#word;
  }

  /** Begins another run of a talker: it changed its PGK. */
  beginRun(talker: number): void {
    this.run[talker] = this.#runs++;
  }

  #setKey(table: MessageTable, row: number, resolved: boolean): void {
    const group = table.group[row];
    const known = group >= 0;
    const flags = table.flags[row];
    let word = resolved ? table.epoch[row] : BARE_INDEX | table.pgkIndex[row];
    if ((flags & (MessageFlag.otherAlgorithm | MessageFlag.otherGroupKey)) !== 0) {
      if ((flags & MessageFlag.otherAlgorithm) !== 0) word |= OTHER_ALGORITHM;
      if ((flags & MessageFlag.otherGroupKey) !== 0) word |= OTHER_GROUP;
    }
    const ptkId = table.ptkId[row];
    this.#word = word;
    this.#key0 = (table.source[row] << 8) | (table.lcid[row] << 3) | (known ? KNOWN_GROUP : table.version[row]);
    this.#key1 = (word << 8) | (ptkId & 255);
    this.#key2 = ((known ? group : table.destination[row]) << 8) | (ptkId >>> 8);
  }

  #growStreams(capacity: number): void {
    this.number = grown(this.number, capacity);
    this.lastSn = grown(this.lastSn, capacity);
    this.lastTime = grown(this.lastTime, capacity);
    this.lastFrame = grown(this.lastFrame, capacity);
    this.pdus = grown(this.pdus, capacity);
    this.page = grown(this.page, capacity);
    this.usual = grown(this.usual, capacity);
    this.aside = grown(this.aside, capacity);
    this.gapHead = grown(this.gapHead, capacity);
    this.gapTail = grown(this.gapTail, capacity);
    this.otherSn = grown(this.otherSn, capacity);
    this.trackSn = grown(this.trackSn, capacity);
    this.alternations = grown(this.alternations, capacity);
    this.hasOther = grown(this.hasOther, capacity);
    this.switchedAt = grown(this.switchedAt, capacity);
    this.told = grown(this.told, capacity);
    this.leftRun = grown(this.leftRun, capacity);
    this.leftTime = grown(this.leftTime, capacity);
    this.leftPdus = grown(this.leftPdus, capacity);
    this.talker = grown(this.talker, capacity);
  }
}
