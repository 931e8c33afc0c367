// Which algorithms make their key stream word by word.

import { eea1Stream } from './eea1.ts';
import { eea3Stream } from './eea3.ts';
import { ALGORITHM_ID } from './traffic-cipher.ts';
import type { WordStream } from './word-stream-cipher.ts';

const EEA1 = ALGORITHM_ID['128-EEA1'];
const EEA3 = ALGORITHM_ID['128-EEA3'];

/** How messages of an algorithm are made together, by its identity (TS 33.401 5.1.3.2); null: it is none of these. */
export function wordStreamOf(algorithm: number): WordStream | null {
  if (algorithm === EEA1) return eea1Stream();
  return algorithm === EEA3 ? eea3Stream() : null;
}
