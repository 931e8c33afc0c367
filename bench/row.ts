// One row of the table of `npm run bench`: what was measured, against whom, and the aim.

import type { CaptureShelf } from './captures.ts';

/** What a row found. Numbers that do not apply are absent. */
export interface RowResult {
  /** What was measured, in a few words. */
  readonly work: string;
  /** What we took, as text for people, and in seconds (or octets of memory) for programs. */
  readonly ours: string;
  readonly value: number;
  /** The peer's, or that it is missing. */
  readonly peer: string;
  /** How many times better than the peer, or than the case compared with; NaN where there is none. */
  readonly ratio: number;
  /** What issue 8 asks for. */
  readonly aim: string;
  /** Null where a missing peer leaves it open. */
  readonly reached: boolean | null;
}

/** What rows share. */
export interface BenchContext {
  readonly shelf: CaptureShelf;
  /** Messages of the large captures; captures for slow peers have a tenth. */
  readonly messages: number;
  readonly runs: number;
  /** A sample capture with its keyring, for the start. */
  readonly sample: readonly [string, string];
  /** A folder in memory for output that is kept. */
  readonly memoryFolder: string;
  /** The built command. */
  readonly sidescope: readonly string[];
  /** A script of this folder, as a command. */
  script(name: string): readonly string[];
}

/** Measures one row of the table, or several that belong together. */
export type Row = (context: BenchContext) => Promise<readonly RowResult[]> | readonly RowResult[];
