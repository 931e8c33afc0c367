// Capture time as one number: the order of instants stays, and an instant of whole microseconds is told from the one before.

import fc from 'fast-check';
import { expect, test } from 'vitest';
import { millisecondsOf, millisecondsOfNanoseconds } from '../../captures/milliseconds.ts';

const seconds = fc.integer({ min: 0, max: 8_000_000_000 });
const nanoseconds = fc.integer({ min: 0, max: 999_999_999 });

test('whole microseconds are as exact as a number can be', () => {
  const micros = fc.integer({ min: 0, max: 999_999 });
  fc.assert(
    fc.property(seconds, micros, (s, m) => {
      expect(millisecondsOf(s, m * 1000)).toBe(s * 1000 + m / 1000);
    }),
  );
});

test('what comes before an instant of whole microseconds is less, and what does not is not', () => {
  fc.assert(
    fc.property(seconds, nanoseconds, fc.integer({ min: -3000, max: 3000 }), (s, at, apart) => {
      const instant = BigInt(s + 1) * 1_000_000_000n + BigInt(at - (at % 1000));
      const other = instant + BigInt(apart);
      const [first, second] = [instant, other].map((nanos) =>
        millisecondsOf(Number(nanos / 1_000_000_000n), Number(nanos % 1_000_000_000n)),
      );
      expect(second < first).toBe(apart < 0);
    }),
  );
});

test('from one number of nanoseconds it is the same', () => {
  fc.assert(
    fc.property(seconds, nanoseconds, (s, at) => {
      expect(millisecondsOfNanoseconds(BigInt(s) * 1_000_000_000n + BigInt(at))).toBe(millisecondsOf(s, at));
    }),
  );
});
