// What the catalogue says of one finding.

import type { Confidence, Severity } from '../events.ts';

/** One finding. All texts are for a field engineer. */
export interface CatalogueEntry {
  /** Stable name, `domain.condition`. */
  readonly name: string;
  /** Severities it can have where a key is held, from the least to the worst. */
  readonly severities: readonly Severity[];
  readonly confidences: readonly Confidence[];
  /** A few words. */
  readonly title: string;
  /** What was seen, and why it matters. */
  readonly meaning: string;
  /** When it is a false alarm. */
  readonly falseAlarm: string;
  /** What to do next. */
  readonly action: string;
  /** Clause of a public specification that it rests on, or `sidescope’s design`. */
  readonly reference: string;
}

/** An entry as the files of the catalogue write it. */
export type EntryTexts = Omit<CatalogueEntry, 'name'>;
