import { describe, expect, test } from 'vitest';
import { HEARING_CAP, KEY_MESSAGE_CAP, KeyMessageCopies } from '../../../daemon/engine/key-message-copies.ts';

const message = (seed: number, length = 61): DataView => {
  const bytes = Uint8Array.from({ length }, (_, i) => (seed * 31 + (seed >>> 3) * 17 + i * 7) & 255);
  return new DataView(bytes.buffer);
};

/** Whether each of these hearings, at milliseconds on an interface, is a copy. */
function heard(...hearings: readonly (readonly [milliseconds: number, interfaceId: number])[]): boolean[] {
  const copies = new KeyMessageCopies();
  const view = message(1);
  return hearings.map(([at, interfaceId]) => {
    const nanoseconds = Math.round(at * 1e6) + 999_990_000;
    const seconds = 1_777_000_000 + Math.floor(nanoseconds / 1e9);
    return copies.isCopy(view, 0, view.byteLength, seconds, nanoseconds % 1e9, interfaceId);
  });
}

describe('copies of key-management messages', () => {
  test.each([
    ['another interface at once', 0, 1, true],
    ['another interface 50 ms later', 50, 1, true],
    ['another interface a nanosecond behind that', 50.000001, 1, false],
    ['another interface whose clock is behind', -50, 1, true],
    ['the same interface', 1, 0, false],
  ])('%s', (_name, delay, interfaceId, expected) => {
    expect(heard([0, 0], [delay, interfaceId])).toEqual([false, expected]);
  });

  test('a message that is sent twice is a copy on the second interface each time', () => {
    expect(heard([0, 0], [10, 1], [30, 0], [40, 1])).toEqual([false, true, false, true]);
  });

  test('an interface that heard a copy hears no second one', () => {
    expect(heard([0, 0], [10, 1], [20, 1], [25, 2])).toEqual([false, true, false, true]);
  });

  test('copies do not keep the window open', () => {
    expect(heard([0, 0], [40, 1], [60, 2])).toEqual([false, true, false]);
  });

  test('another message is none', () => {
    const copies = new KeyMessageCopies();
    const view = message(1);
    expect(copies.isCopy(view, 0, 61, 1, 0, 0)).toBe(false);
    expect(copies.isCopy(view, 0, 60, 1, 0, 1)).toBe(false);
    view.setUint8(60, view.getUint8(60) ^ 1);
    expect(copies.isCopy(view, 0, 61, 1, 0, 1)).toBe(false);
  });

  test('what is remembered is bounded, and what is given up too early is counted', () => {
    const copies = new KeyMessageCopies();
    const view = message(2);
    const hear = (number: number, nanoseconds: number, interfaceId: number): boolean => {
      view.setUint32(0, number);
      return copies.isCopy(view, 0, 61, 1, nanoseconds, interfaceId);
    };
    for (let number = 0; number <= KEY_MESSAGE_CAP; number++) expect(hear(number, 0, 0)).toBe(false);
    expect(copies.evictions).toBe(1);
    expect(hear(1, 0, 1)).toBe(true);
    expect(hear(0, 0, 1)).toBe(false);
    expect(copies.evictions).toBe(2);
    // All others are too old by now: nothing is lost with them.
    expect(hear(KEY_MESSAGE_CAP + 1, 60_000_000, 0)).toBe(false);
    expect(copies.evictions).toBe(2);
    for (let interfaceId = 1; interfaceId <= HEARING_CAP; interfaceId++) {
      expect(hear(KEY_MESSAGE_CAP + 1, 60_000_000, interfaceId)).toBe(interfaceId < HEARING_CAP);
    }
  });
});
