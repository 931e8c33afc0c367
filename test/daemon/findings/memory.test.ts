// What the findings remember is bounded, whatever ids a sender makes up; what is forgotten is counted.

import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { MessageTable } from '../../../daemon/engine/message-table.ts';
import { Senders } from '../../../daemon/engine/senders.ts';
import { PositionRing } from '../../../daemon/findings/position-ring.ts';
import { NO_PLACE } from '../../../daemon/findings/ring-entries.ts';
import { SeenPages } from '../../../daemon/findings/seen-pages.ts';
import { Streams } from '../../../daemon/findings/streams.ts';
import { noise } from './scene.ts';

const LIMIT = 4096;

/** One page of positions and what was said there. */
class Book {
  readonly ring = new PositionRing(LIMIT);
  last = 0;

  say(sn: number, octets: Uint8Array): void {
    this.ring.stage(new DataView(octets.buffer, octets.byteOffset), 0, octets.length);
    this.last = this.ring.commit(this.last, sn, sn * 10, sn + 1);
  }

  /** The message kept under an SN, with these octets staged beside it. */
  look(sn: number, octets: Uint8Array): number {
    this.ring.stage(new DataView(octets.buffer, octets.byteOffset), 0, octets.length);
    const found = this.ring.find(this.last, sn);
    if (found > 0) expect(this.ring.recall(found)).toBe(true);
    return found;
  }
}

describe('the ring of positions', () => {
  test('finds what was said, tells it apart, and knows when', () => {
    const book = new Book();
    for (let sn = 0; sn < 200; sn++) book.say(sn, noise(sn, 40 + sn));
    for (const sn of [0, 23, 24, 25, 100, 199]) {
      const found = book.look(sn, noise(sn, 40 + sn));
      expect(book.ring.isSame(found)).toBe(true);
      expect([book.ring.timeOf(found), book.ring.frameOf(found)]).toEqual([sn * 10, sn + 1]);
      expect(book.ring.before(found)).toBe(0);
    }
    expect(book.look(200, noise(1, 50))).toBe(0);
  });

  test('any octet that differs makes another ciphertext, also behind the first 64 and in the last word', () => {
    const book = new Book();
    for (const length of [1, 3, 28, 63, 64, 65, 67, 68, 130]) {
      const octets = noise(length, length);
      book.say(length, octets);
      for (let at = 0; at < length; at++) {
        const other = Uint8Array.from(octets);
        other[at] ^= 1;
        const found = book.look(length, other);
        expect(book.ring.isSame(found), `${length} octets, octet ${at}`).toBe(false);
        expect(book.ring.distance(found)).toBe(at < 64 ? 1 : 0);
        expect(book.ring.common(found)).toBe(Math.min(64, length));
      }
      expect(book.ring.isSame(book.look(length, octets.slice(0, length - 1)))).toBe(false);
    }
  });

  test('changes that undo each other in a chain of products and shifts make another ciphertext', () => {
    // The top bit of a word, and what is left of it in the three behind: under any seed the chain came to the same.
    for (let run = 0; run < 50; run++) {
      const book = new Book();
      const octets = noise(run, 130);
      book.say(run, octets);
      const other = Uint8Array.from(octets);
      const view = new DataView(other.buffer);
      for (const [word, bit] of [31, 31, 16, 1].entries()) {
        const at = 64 + 4 * word;
        view.setInt32(at, view.getInt32(at, true) ^ (1 << bit), true);
      }
      expect(book.ring.isSame(book.look(run, other))).toBe(false);
    }
  });

  test('keeps the last messages and no more', () => {
    const book = new Book();
    const said = LIMIT * 3;
    for (let sn = 0; sn < said; sn++) book.say(sn & 0xffff, noise(sn, 30));
    expect(book.ring.evictions).toBe(said - LIMIT);
    expect(book.ring.octets).toBe(LIMIT * 88);
    expect(book.ring.horizon).toBe((said - LIMIT) * 10);
    expect(book.look(said - LIMIT - 1, noise(0, 30))).toBe(0);
    expect(book.look(said - LIMIT + 1, noise(0, 30))).toBeGreaterThan(0);
  });

  test('one entry takes 88 octets, so the default of 2^20 takes 88 MiB, and only as it fills', () => {
    const ring = new PositionRing();
    expect(ring.octets).toBe(0);
    ring.stage(new DataView(new ArrayBuffer(64)), 0, 64);
    ring.commit(0, 1, 10, 1);
    expect(ring.octets).toBe(16 + 16_384 * 72);
  });

  test('an entry whose octets the input can give again takes 16, and tells the same', () => {
    const input = noise(5, 40_000);
    const view = new DataView(input.buffer);
    const ring = new PositionRing(LIMIT);
    let reads = 0;
    let length = input.length;
    ring.reread = (place, into) => {
      reads++;
      into.set(input.subarray(place, Math.min(length, place + into.length)));
      return Math.max(0, Math.min(into.length, length - place));
    };
    let last = 0;
    for (let sn = 0; sn < 200; sn++) {
      ring.stage(view, sn * 100, 30 + (sn % 60), sn * 100);
      last = ring.commit(last, sn, sn * 10, 2 ** 32 - 100 + sn);
    }
    expect(ring.octets).toBe(200 * 16);
    for (const sn of [0, 7, 35, 150, 199]) {
      ring.stage(view, sn * 100, 30 + (sn % 60), sn * 100);
      const found = ring.find(last, sn);
      expect([ring.recall(found), ring.recall(found), ring.isSame(found)]).toEqual([true, true, true]);
      expect([ring.timeOf(found), ring.frameOf(found)]).toEqual([sn * 10, 2 ** 32 - 100 + sn]);
      const other = Uint8Array.from(input.subarray(sn * 100, sn * 100 + 30 + (sn % 60)));
      other[29] ^= 0x81;
      ring.stage(new DataView(other.buffer), 0, other.length);
      expect([ring.isSame(found), ring.distance(found)]).toEqual([false, 2]);
    }
    expect(reads).toBe(5);
    length = 5000;
    expect(ring.recall(ring.find(last, 60))).toBe(false);
  });
});

describe('places in an input that can be read again', () => {
  const length = 80;

  function ringOver(input: Uint8Array, offset: number): PositionRing {
    const ring = new PositionRing(LIMIT);
    ring.reread = (place, into) => {
      into.set(input.subarray(place - offset, place - offset + into.length));
      return into.length;
    };
    return ring;
  }

  test('are right in this round through the ring and in the last, far into the input', () => {
    const offset = 2 ** 40;
    const messages = LIMIT * 2 + 1000;
    const input = noise(6, messages * 10 + length);
    const view = new DataView(input.buffer);
    const ring = ringOver(input, offset);
    for (let i = 1; i <= messages; i++) {
      ring.stage(view, i * 10, length, offset + i * 10);
      ring.commit(0, i & 0xffff, i, i);
    }
    for (const number of [messages - LIMIT + 1, LIMIT * 2 - 1, LIMIT * 2, LIMIT * 2 + 1, messages]) {
      ring.stage(view, number * 10, length);
      expect([ring.recall(number), ring.isSame(number)], `message ${number}`).toEqual([true, true]);
      const other = input.slice(number * 10, number * 10 + length);
      other[length - 1] ^= 1;
      ring.stage(new DataView(other.buffer), 0, length);
      expect(ring.isSame(number)).toBe(false);
    }
  });

  test('that lie too far apart, or before the first one, leave the octets here', () => {
    const input = noise(7, 1000);
    const view = new DataView(input.buffer);
    const ring = new PositionRing(LIMIT);
    ring.reread = () => 0;
    for (const place of [5000, 5000 + 2 ** 32, 4000, NO_PLACE]) {
      ring.stage(view, 0, length, place);
      ring.commit(0, 1, 10, 1);
    }
    ring.stage(view, 0, length);
    expect([1, 2, 3, 4].map((number) => ring.recall(number))).toEqual([false, true, true, true]);
    expect([2, 3, 4].map((number) => ring.isSame(number))).toEqual([true, true, true]);
  });
});

/** Numbers of a ring's messages, each with the one before it of its page, and what was said of them. */
const kept = fc.record({
  page: fc.nat({ max: 3 }),
  sn: fc.nat({ max: 0xffff }),
  later: fc.oneof(
    fc.integer({ min: 0, max: 3_000_000 }).map((microseconds) => microseconds / 1000),
    fc.constantFrom(-5000, -0.001, 0, 0.000_001, 1 / 4096, 86_400_000, 1e12),
  ),
  frames: fc.oneof(fc.integer({ min: 0, max: 3 }), fc.constantFrom(4094, 4095, 4096, 2 ** 32, 2 ** 40)),
});

test('times, frames and chains are kept exactly, however they lie behind the first of their stretch', () => {
  fc.assert(
    fc.property(
      fc.constantFrom(0, -7e12, 1.7e12, 1_777_716_000_123.456, 2 ** 41 - 1),
      fc.array(kept, { minLength: 1, maxLength: 40 }),
      fc.integer({ min: 1, max: 40 }),
      (begin, said, rounds) => {
        const ring = new PositionRing(256);
        const last = [0, 0, 0, 0];
        const all: { page: number; sn: number; time: number; frame: number; before: number }[] = [];
        let time = begin;
        let frame = 1;
        for (let i = 0; i < said.length * rounds; i++) {
          const { page, sn, later, frames } = said[i % said.length];
          time += later;
          frame += frames;
          all.push({ page, sn, time, frame, before: last[page] });
          ring.stage(new DataView(new ArrayBuffer(1)), 0, 1);
          last[page] = ring.commit(last[page], sn, time, frame);
        }
        // The place of the next one is taken.
        const oldest = Math.max(1, all.length - 254);
        for (let number = all.length; number >= oldest; number--) {
          const { page, sn, time: when, frame: where } = all[number - 1];
          expect([ring.timeOf(number), ring.frameOf(number)]).toEqual([when, where]);
          let before = number - 1;
          while (before >= oldest && (all[before - 1].page !== page || all[before - 1].sn !== sn)) before--;
          expect(ring.before(number)).toBe(before >= oldest ? before : 0);
        }
        expect(ring.horizon).toBe(all[Math.max(0, all.length - 256)].time);
      },
    ),
  );
});

describe('pages of seen positions', () => {
  test('remember each position by itself', () => {
    const pages = new SeenPages();
    let page = -1;
    for (const sn of [0, 31, 32, 255, 256, 65_535]) {
      page = pages.page(7, sn, page);
      expect(pages.mark(page, sn)).toBe(false);
      expect(pages.mark(page, sn)).toBe(true);
    }
    expect([pages.has(7, 255, -1), pages.has(7, 254, -1), pages.has(8, 255, -1)]).toEqual([true, false, false]);
  });

  test('mark and look for several at once as one by one', () => {
    const sn = fc.integer({ min: 0x1200, max: 0x12ff });
    fc.assert(
      fc.property(fc.array(fc.tuple(sn, fc.integer({ min: 0, max: 80 })), { maxLength: 6 }), sn, (runs, from) => {
        const [many, single] = [new SeenPages(), new SeenPages()];
        const page = many.page(1, from, -1);
        single.page(1, from, -1);
        for (const [first, length] of runs) {
          const end = Math.min(0x1300, first + length);
          many.markRun(page, first, end);
          for (let at = first; at < end; at++) single.mark(page, at);
        }
        for (let at = 0x1200; at < 0x1300; at++) expect(many.isMarked(page, at)).toBe(single.isMarked(page, at));
        let next = from;
        while (next < 0x1300 && !single.isMarked(page, next)) next++;
        expect(many.nextMarked(page, from)).toBe(next);
      }),
    );
  });

  test('are bounded and counted', () => {
    const pages = new SeenPages(1024);
    for (let stream = 0; stream < 3000; stream++) pages.mark(pages.page(stream, 5, -1), 5);
    expect(pages.evictions).toBe(3000 - 1024);
    const last = pages.page(3000, 5, -1);
    pages.mark(last, 5);
    expect(pages.has(3000, 5, last)).toBe(true);
    expect(pages.has(3000, 6, last)).toBe(false);
    expect(pages.has(0, 5, 0)).toBe(false);
  });
});

test('streams are bounded and counted, and a forgotten one says so', () => {
  const forgotten: number[] = [];
  const senders = new Senders();
  const streams = new Streams((slot) => void forgotten.push(slot), senders, 1024);
  const table = new MessageTable();
  const row = table.add();
  for (let source = 0; source < 3000; source++) {
    table.source[row] = source;
    const stream = streams.obtain(table, row, false, -1, senders.of(table, row));
    streams.obtainTalker(stream);
  }
  expect(streams.evictions).toBe(3000 - 1024);
  expect(streams.talkerEvictions).toBe(3000 - 1024);
  expect(forgotten).toHaveLength(3000 - 1024);
});
