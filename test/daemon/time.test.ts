// Instants as text: what is put together here is what Date says of them.

import fc from 'fast-check';
import { expect, test } from 'vitest';
import { formatInstant } from '../../daemon/time.ts';

const MOST_SECONDS = 8_640_000_000_000;
const SECONDS = [0, -1, 951_782_400, 4_107_542_399, 253_402_300_799, 253_402_300_800, -62_167_219_200, -62_167_219_201];

function slowly(seconds: number, nanoseconds: number): string {
  const within = Math.max(-MOST_SECONDS, Math.min(MOST_SECONDS, seconds));
  const text = new Date(within * 1000).toISOString().replace('.000Z', '');
  return `${text}.${String(Math.floor(nanoseconds / 1000)).padStart(6, '0')}Z`;
}

test('an instant is what Date makes of it, in any year and beyond the last', () => {
  const seconds = fc.oneof(
    fc.constantFrom(...SECONDS),
    fc.integer({ min: -MOST_SECONDS * 2, max: MOST_SECONDS * 2 }),
    fc.integer({ min: 0, max: 0xffff_ffff }),
  );
  fc.assert(
    fc.property(seconds, fc.integer({ min: 0, max: 999_999_999 }), (whole, nanoseconds) => {
      expect(formatInstant(whole, nanoseconds, 6)).toBe(slowly(whole, nanoseconds));
    }),
  );
});
