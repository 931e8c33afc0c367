// What the doctor says: one thing that is wrong, or worth knowing, with what was seen and what to do.

import { SidescopeError } from '../errors.ts';

/** `fault`: it does not work. `warning`: it works, not as it should. `note`: nothing is wrong. */
export const DIAGNOSIS_LEVELS = ['fault', 'warning', 'note'] as const;

/** A level. */
export type DiagnosisLevel = (typeof DIAGNOSIS_LEVELS)[number];

/** One diagnosis. Holds no key, no token and no plaintext. */
export interface Diagnosis {
  readonly level: DiagnosisLevel;
  /** Stable: `capture.framing`, `keys.group-not-held`, `source.no-frames`. */
  readonly code: string;
  /** What is wrong: a sentence without a full stop. */
  readonly message: string;
  /** What it follows from: names to numbers, texts and lists. */
  readonly evidence: Readonly<Record<string, unknown>>;
  /** What to do: a sentence without a full stop; empty where nothing is to be done. */
  readonly advice: string;
}

/** A diagnosis with what it follows from. */
export function diagnosis(
  level: DiagnosisLevel,
  code: string,
  message: string,
  advice: string,
  evidence: Readonly<Record<string, unknown>> = {},
): Diagnosis {
  return { level, code, message, evidence, advice };
}

/** An expected failure as a fault. Others are thrown on: they are mistakes of ours. */
export function faultOf(error: unknown, evidence: Readonly<Record<string, unknown>> = {}): Diagnosis {
  if (error instanceof SidescopeError) return diagnosis('fault', error.code, error.message, error.hint, evidence);
  throw error;
}

/** True where something is wrong. */
export function isWrong(diagnoses: readonly Diagnosis[]): boolean {
  return diagnoses.some(({ level }) => level !== 'note');
}

/** The worst first; what is equally bad stays in order. */
export function sortedByLevel(diagnoses: readonly Diagnosis[]): Diagnosis[] {
  const rank = (each: Diagnosis): number => DIAGNOSIS_LEVELS.indexOf(each.level);
  return [...diagnoses].sort((left, right) => rank(left) - rank(right));
}

/** `1 frame`, `2,000 frames`. */
export function counted(count: number, one: string, many = `${one}s`): string {
  return `${count.toLocaleString('en')} ${count === 1 ? one : many}`;
}

/** `3 %`, `less than 1 %`. */
export function share(part: number, whole: number): string {
  const percent = whole === 0 ? 0 : (100 * part) / whole;
  return percent > 0 && percent < 1 ? 'less than 1 %' : `${Math.floor(percent)} %`;
}
