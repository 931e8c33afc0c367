// What a faithful reader says about a capture (format sidescope-expected/1): beside each sample and each synthesised
// capture. docs/testing.md describes every member.

import type { Confidence, EpochStateName, KeyEvent, Severity, Verdict } from '../daemon/events.ts';
import type { OutcomeName } from '../dissectors/walk-table.ts';

/** Name of the format. */
export const EXPECTED_FORMAT = 'sidescope-expected/1';

/** In `forbidden`: nothing of severity `low` or higher. */
export const ABOVE_INFO = 'above-info';

/** One value, or a list of acceptable ones. */
export type OneOf<T> = T | readonly T[];

/** One message that the capture holds. */
export interface ExpectedMessage {
  /** The frame that completes it. */
  readonly frame: number;
  /** Its place among the messages of that frame, from 0. */
  readonly order: number;
  /** All frames it was put together from, where there are several. */
  readonly frames?: readonly number[] | null;
  /** 6 hex digits; null is not compared. */
  readonly group: OneOf<string> | null;
  readonly source: string;
  readonly lcid: number;
  readonly pgkIndex: number;
  readonly ptkId: number;
  readonly sn: number;
  /** null: none was settled on. */
  readonly pgkId: number | null | 'any';
  readonly verdict: OneOf<Verdict>;
  /** SHA-256 of the SDU in the clear, or its first 16 hex digits; null where nobody can know the SDU. */
  readonly sha256?: string | null;
  /** RFC 3339, of the completing frame. */
  readonly time: string;
  /** True: may be left out. */
  readonly optional?: boolean | null;
}

/** A finding that must be there, or may be there. */
export interface ExpectedFinding {
  readonly name: OneOf<string>;
  readonly group?: OneOf<string> | null;
  readonly source?: OneOf<string> | null;
  /** At least one of them is in the finding's own list; empty or absent: any. */
  readonly frames?: readonly number[];
  /** Empty or absent: any. */
  readonly severities?: readonly Severity[];
  readonly confidences?: readonly Confidence[];
}

/** A `key` record: found by its frame; only the members that are named are compared. */
export type ExpectedKey = { readonly frame: number } & {
  readonly [K in Exclude<keyof KeyEvent, 'frame' | 'v' | 'type'>]?: OneOf<KeyEvent[K]>;
};

/** An `epoch` record and its acceptable states. */
export interface ExpectedEpoch {
  readonly group: string;
  readonly pgkId: number;
  readonly state: OneOf<EpochStateName>;
}

/** expected.json. */
export interface Expected {
  readonly format: typeof EXPECTED_FORMAT;
  readonly case: string;
  readonly about: string;
  /** False: read the capture without its keyring. */
  readonly useKeyring: boolean;
  /** Further arguments of `sidescope read`. */
  readonly args: readonly string[];
  /** Acceptable exit codes. */
  readonly exit: readonly number[];
  /** Frames in the capture; null: not defined, the file is cut. */
  readonly frames: number | null;
  /** Any message that is not listed is wrong, except one with verdict `damaged`. */
  readonly exactMessages: boolean;
  /** Every frame is in a message or counted once under `undecoded`. */
  readonly accounting: boolean;
  /** Least and largest acceptable count of a category; what is not named is not compared one by one. */
  readonly undecoded: Readonly<Partial<Record<OutcomeName, readonly [number, number]>>>;
  readonly forbidden: readonly string[];
  readonly findings: readonly ExpectedFinding[];
  readonly allowed: readonly ExpectedFinding[];
  readonly keys: readonly ExpectedKey[];
  readonly epochs: readonly ExpectedEpoch[];
  readonly messages?: readonly ExpectedMessage[];
  /** The same as `messages`, for a large case: names of members, and one row of values a message. */
  readonly columns?: readonly string[];
  readonly rows?: readonly (readonly unknown[])[];
}

/** The messages of an expectation in either form, by frame and order. */
export function expectedMessages(expected: Expected): ExpectedMessage[] {
  const listed = [...(expected.messages ?? [])];
  const columns = expected.columns ?? [];
  for (const row of expected.rows ?? []) {
    const entries = columns.map((name, index) => [name, row[index]] as const);
    listed.push(Object.fromEntries(entries) as unknown as ExpectedMessage);
  }
  return listed.sort((a, b) => a.frame - b.frame || a.order - b.order);
}

/** Whether a value is the one, or one of those. */
export function isOneOf<T>(acceptable: OneOf<T>, value: T): boolean {
  return Array.isArray(acceptable) ? (acceptable as readonly T[]).includes(value) : acceptable === value;
}
