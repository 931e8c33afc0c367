// Results of OpenSSL lie in memory of their own, and wait there until V8 collects, which it does by how many young objects were
// made: a part of each result has to count among them.

import { expect, test } from 'vitest';
import { createTrafficCipher } from '../../../dissectors/security/algorithm.ts';

const RESULT_OCTETS = 4096;
/** Few enough that most attempts pass without a collection. */
const RESULTS = 100;
const ATTEMPTS = 20;

/** Octets by which the heap has grown. */
function grownBy(work: () => void): number {
  const before = process.memoryUsage().heapUsed;
  work();
  return process.memoryUsage().heapUsed - before;
}

test('a result of 128-EEA2 weighs about a quarter of its octets in the heap', () => {
  const cipher = createTrafficCipher('128-EEA2', new Uint8Array(16));
  const blocks = new Uint8Array(RESULT_OCTETS);
  const deciphers = (): void => {
    for (let i = 0; i < RESULTS; i++) cipher.encipherBlocks?.(blocks);
  };
  deciphers();
  // A collection in between takes away from what one attempt sees.
  const grown = Math.max(...Array.from({ length: ATTEMPTS }, () => grownBy(deciphers)));
  cipher.forget();
  expect(grown).toBeGreaterThan((RESULTS * RESULT_OCTETS) / 4);
  expect(grown).toBeLessThan(RESULTS * RESULT_OCTETS);
});
