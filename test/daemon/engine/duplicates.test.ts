import { describe, expect, test } from 'vitest';
import { DuplicateFilter } from '../../../daemon/engine/duplicates.ts';

const frame = (seed: number, length = 61): DataView => {
  const bytes = Uint8Array.from({ length }, (_, i) => (seed * 31 + i * 7) & 255);
  return new DataView(bytes.buffer);
};

describe('DuplicateFilter', () => {
  test.each([
    ['HARQ copy at once', 0, 0, true],
    ['HARQ copy at the end of the SL period', 320, 0, true],
    ['the same PDU after the SL period', 320.5, 0, false],
    ['second antenna at once', 3, 1, true],
    ['second antenna at 50 ms', 50, 1, true],
    ['a later repeat that only the second antenna heard', 200, 1, true],
    ['another interface after the SL period', 321, 1, false],
  ])('%s', (_name, delay, interfaceId, expected) => {
    const filter = new DuplicateFilter();
    const view = frame(1);
    expect(filter.isCopy(view, 0, view.byteLength, 1000, 0)).toBe(false);
    expect(filter.isCopy(view, 0, view.byteLength, 1000 + delay, interfaceId)).toBe(expected);
  });

  test('copies do not keep the window open: a PDU repeated every 300 ms is a copy once', () => {
    const filter = new DuplicateFilter();
    const view = frame(2);
    const seen = [0, 300, 600, 900].map((time) => filter.isCopy(view, 0, view.byteLength, time, 0));
    expect(seen).toEqual([false, true, false, true]);
  });

  test('HARQ copies on the second antenna are copies of the first one there', () => {
    const filter = new DuplicateFilter();
    const view = frame(3);
    const length = view.byteLength;
    expect(filter.isCopy(view, 0, length, 0, 0)).toBe(false);
    expect(filter.isCopy(view, 0, length, 4, 1)).toBe(true);
    expect(filter.isCopy(view, 0, length, 160, 0)).toBe(true);
    expect(filter.isCopy(view, 0, length, 164, 1)).toBe(true);
  });

  test('a repeat at the end of the SL period, heard by the second antenna a moment later', () => {
    const filter = new DuplicateFilter();
    const view = frame(6);
    const heard = [
      [0, 0],
      [310, 0],
      [355, 1],
      [1000, 0],
      [1004, 1],
    ].map(([time, interfaceId]) => filter.isCopy(view, 0, view.byteLength, time, interfaceId));
    expect(heard).toEqual([false, true, true, false, true]);
  });

  test.each([10, 11, 12, 13, 35])(
    'PDUs of %i octets that differ only at their end do not crowd each other out',
    (length) => {
      const filter = new DuplicateFilter();
      const views = Array.from({ length: 40 }, (_, i) => {
        const view = frame(7, length);
        view.setUint8(Math.min(length, 32) - 1, i);
        return view;
      });
      for (const view of views) expect(filter.isCopy(view, 0, length, 0, 0)).toBe(false);
      for (const view of views) expect(filter.isCopy(view, 0, length, 30, 0)).toBe(true);
      expect(filter.evictions).toBe(0);
    },
  );

  test('one changed bit or one octet less is another transmission', () => {
    for (let bit = 0; bit < 61 * 8; bit++) {
      const filter = new DuplicateFilter();
      const view = frame(4);
      filter.isCopy(view, 0, 61, 0, 0);
      view.setUint8(bit >>> 3, view.getUint8(bit >>> 3) ^ (1 << (bit & 7)));
      expect(filter.isCopy(view, 0, 61, 1, 0)).toBe(false);
      view.setUint8(bit >>> 3, view.getUint8(bit >>> 3) ^ (1 << (bit & 7)));
      expect(filter.isCopy(view, 0, 60, 1, 0)).toBe(false);
    }
  });

  test('two changes that undo each other in a chain of products and rotations are another transmission', () => {
    // The top bit of a word, and the bit of a later one that it would have come to: no seed would have helped.
    for (let run = 0; run < 50; run++) {
      for (let rotation = 0; rotation < 32; rotation++) {
        const filter = new DuplicateFilter();
        const view = frame(run, 130);
        filter.isCopy(view, 0, 130, 0, 0);
        view.setUint32(64, (view.getUint32(64, true) ^ 0x8000_0000) >>> 0, true);
        view.setUint32(72, (view.getUint32(72, true) ^ (1 << rotation)) >>> 0, true);
        expect(filter.isCopy(view, 0, 130, 1, 0)).toBe(false);
      }
    }
  });

  test('where the octets lie in the buffer does not matter', () => {
    const filter = new DuplicateFilter();
    const view = frame(5, 40);
    const moved = new DataView(new ArrayBuffer(50));
    for (let i = 0; i < 40; i++) moved.setUint8(i + 3, view.getUint8(i));
    expect(filter.isCopy(view, 0, 40, 0, 0)).toBe(false);
    expect(filter.isCopy(moved, 3, 40, 1, 0)).toBe(true);
  });

  test('a flood beyond its memory forgets the oldest and counts it', () => {
    const filter = new DuplicateFilter();
    for (let i = 0; i < 200_000; i++) {
      const view = new DataView(new ArrayBuffer(8));
      view.setUint32(0, i);
      filter.isCopy(view, 0, 8, 0, 0);
    }
    expect(filter.evictions).toBeGreaterThan(100_000);
  });
});
