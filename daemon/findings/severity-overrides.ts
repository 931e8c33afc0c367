// Severities that an operator chose: `{"ctr.gap": "low", "capture.duplicate": "off"}`, as Wireshark and Zeek allow.

import type { Severity } from '../events.ts';
import { FINDING_NAMES, type FindingName, findingNumber, severityLevel } from './finding-names.ts';

/** A severity for every occurrence of a finding, or `off`: it is neither told nor counted. */
export type SeverityOverrides = Readonly<Record<string, Severity | 'off'>>;

/** In a table of overrides: the rule's own severity counts. */
export const AS_RULED = -1;
/** In a table of overrides: the finding is switched off. */
export const SWITCHED_OFF = -2;

/** Overrides as a column by the number of the finding. */
export function overrideColumn(overrides: SeverityOverrides): Int8Array {
  const column = new Int8Array(FINDING_NAMES.length).fill(AS_RULED);
  for (const [name, severity] of Object.entries(overrides)) {
    column[findingNumber(name as FindingName)] = severity === 'off' ? SWITCHED_OFF : severityLevel(severity);
  }
  return column;
}
