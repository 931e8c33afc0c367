// Which key-stream positions of a stream were seen: bitmaps in pages of 256 positions, allotted on use, for all streams
// together. A page also names the last message kept of it, where a walk through the ring begins.

import { grown, SlotTable } from '../engine/slot-table.ts';

/** We chose: pages held, 52 octets each. Above it the page not used for longest is forgotten, and counted. */
export const PAGE_CAP = 1 << 18;

const WORDS = 8;

/** See the head of the file. */
export class SeenPages {
  /** By page: number of the last message kept of it (position-ring.ts); 0 where there is none. */
  last = new Uint32Array(0);
  #bits = new Uint32Array(0);
  readonly #slots: SlotTable;

  constructor(cap: number = PAGE_CAP) {
    this.#slots = new SlotTable(cap, (capacity) => {
      this.#bits = grown(this.#bits, capacity * WORDS);
      this.last = grown(this.last, capacity);
    });
  }

  /** Pages forgotten so far. */
  get evictions(): number {
    return this.#slots.evictions;
  }

  /** Whether another page makes it forget one. */
  get isFull(): boolean {
    return this.#slots.isFull;
  }

  /**
   * The page of a position.
   *
   * @param stream number of the stream, never given twice
   * @param remembered the page that this stream used last, which is taken where it is the right one; -1 where it used none
   */
  page(stream: number, sn: number, remembered: number): number {
    const slots = this.#slots;
    // Most of many streams stay in their first page, which they remember: it is in no bucket before there is another one.
    if (remembered < 0) return this.#clear(slots.append(stream, sn >>> 8, 0));
    if (slots.holds(remembered, stream, sn >>> 8, 0)) {
      slots.touch(remembered);
      return remembered;
    }
    slots.link(remembered);
    const obtained = slots.obtain(stream, sn >>> 8, 0);
    return obtained >= 0 ? obtained : this.#clear(-1 - obtained);
  }

  #clear(page: number): number {
    for (let word = page * WORDS; word < (page + 1) * WORDS; word++) this.#bits[word] = 0;
    this.last[page] = 0;
    return page;
  }

  /** Marks a position of a page as seen; whether it was before. */
  mark(page: number, sn: number): boolean {
    const word = page * WORDS + ((sn & 255) >>> 5);
    const bit = 1 << (sn & 31);
    const before = this.#bits[word];
    this.#bits[word] = before | bit;
    return (before & bit) !== 0;
  }

  /** Marks the positions of a page from `first` on and before `end`. */
  markRun(page: number, first: number, end: number): void {
    for (let sn = first; sn < end; ) {
      const next = Math.min(end, (sn | 31) + 1);
      const ones = next - sn === 32 ? -1 : (1 << (next - sn)) - 1;
      this.#bits[page * WORDS + ((sn & 255) >>> 5)] |= ones << (sn & 31);
      sn = next;
    }
  }

  /** The first position from `sn` on in its page that was seen, else the first behind the page. */
  nextMarked(page: number, sn: number): number {
    const end = (sn | 255) + 1;
    for (let at = sn; at < end; at = (at | 31) + 1) {
      const word = this.#bits[page * WORDS + ((at & 255) >>> 5)] >>> (at & 31);
      if (word !== 0) return at + 31 - Math.clz32(word & -word);
    }
    return end;
  }

  /** Whether a position of a page was seen. */
  isMarked(page: number, sn: number): boolean {
    return (this.#bits[page * WORDS + ((sn & 255) >>> 5)] & (1 << (sn & 31))) !== 0;
  }

  /** Whether a position was seen. */
  has(stream: number, sn: number, remembered: number): boolean {
    const isThere = this.#slots.holds(remembered, stream, sn >>> 8, 0);
    const page = isThere ? remembered : this.#slots.find(stream, sn >>> 8, 0);
    return page >= 0 && this.isMarked(page, sn);
  }
}
