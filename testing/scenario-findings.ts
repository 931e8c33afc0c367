// Findings as a scenario declares them, and the identities in them.

import type { Confidence, Severity } from '../daemon/events.ts';
import { FINDING_NAMES, type FindingName, isFindingName } from '../daemon/findings/finding-names.ts';
import { nearestNames } from '../dissectors/filter/nearest.ts';
import * as read from './scenario-reader.ts';

/** A 24-bit Layer-2 id: 6 hex digits, lower case, as a number. */
export const layer2Id = read.textAs('a Layer-2 id: 6 hex digits, lower case', (text) =>
  /^[0-9a-f]{6}$/.test(text) ? Number.parseInt(text, 16) : null,
);

const SEVERITY_WORDS = ['info', 'low', 'medium', 'high', 'critical'] as const satisfies readonly Severity[];
const CONFIDENCE_WORDS = ['proved', 'strong', 'heuristic'] as const satisfies readonly Confidence[];

/** The name of a finding of the catalogue. */
export const findingName: read.Shape<FindingName> = (spot) => {
  const text = read.prose(spot);
  if (isFindingName(text)) return text;
  const near = nearestNames(text, FINDING_NAMES);
  const hint = near.length > 0 ? `Did you mean ${near.join(', ')}?` : '`sidescope findings` lists them';
  throw read.wrongAt(spot, 'wrong-value', 'is not the name of a finding', hint);
};

/** A finding that a step or the scenario as a whole gives cause for. */
export const findingShape = read.object({
  finding: read.required(read.oneOrMore(findingName)),
  severities: read.withDefault(read.oneOrMore(read.word(SEVERITY_WORDS)), [] as readonly Severity[]),
  confidences: read.withDefault(read.oneOrMore(read.word(CONFIDENCE_WORDS)), [] as readonly Confidence[]),
  /** Absent: of the radio that the step is about. */
  source: read.maybe(layer2Id),
  group: read.maybe(read.name),
  /** True: of no source and no group in particular. */
  anywhere: read.withDefault(read.flag, false),
});

/** A finding as a scenario declares it. */
export type DeclaredFinding = ReturnType<typeof findingShape>;
