// The catalogue of findings: one entry each. Rules, `sidescope findings` and docs/findings.md all read it.

import { type Confidence, SEVERITIES, type Severity } from '../events.ts';
import { COUNTER_ENTRIES } from './catalogue-counters.ts';
import type { CatalogueEntry, EntryTexts } from './catalogue-entry.ts';
import { KEY_ENTRIES } from './catalogue-keys.ts';
import { MEMBER_ENTRIES } from './catalogue-members.ts';
import { CAPTURE_ENTRIES, MIKEY_ENTRIES, PAYLOAD_ENTRIES } from './catalogue-payload.ts';

const ENTRIES = {
  ...KEY_ENTRIES,
  ...COUNTER_ENTRIES,
  ...MEMBER_ENTRIES,
  ...PAYLOAD_ENTRIES,
  ...CAPTURE_ENTRIES,
  ...MIKEY_ENTRIES,
};

/** The name of a finding. */
export type FindingName = keyof typeof ENTRIES;

/** All findings, in the order of the catalogue; the place of one is its number. */
export const CATALOGUE: readonly CatalogueEntry[] = Object.entries<EntryTexts>(ENTRIES).map(([name, texts]) => ({
  name,
  ...texts,
}));

const NUMBERS: ReadonlyMap<string, number> = new Map(CATALOGUE.map((entry, number) => [entry.name, number]));

/** Headings of the catalogue, each with the first parts of the names that stand under it. */
export const DOMAINS: readonly { readonly title: string; readonly domains: readonly string[] }[] = [
  { title: 'Keys and epochs', domains: ['key'] },
  { title: 'Counter and key stream', domains: ['ctr'] },
  { title: 'Who sent it', domains: ['member', 'bind', 'group'] },
  { title: 'What was inside', domains: ['payload', 'rlc', 'mac', 'pdcp', 'ip'] },
  { title: 'The capture', domains: ['capture'] },
  { title: 'Key management (MIKEY)', domains: ['mikey'] },
];

/** Severities by number, for columns: the place in `SEVERITIES`. */
export const SeverityLevel = { info: 0, low: 1, medium: 2, high: 3, critical: 4 } as const;

/** A value of `SeverityLevel`. */
export type SeverityLevel = (typeof SeverityLevel)[keyof typeof SeverityLevel];

/** Confidences by number, for columns. */
export const ConfidenceLevel = { proved: 0, strong: 1, heuristic: 2 } as const;

/** A value of `ConfidenceLevel`. */
export type ConfidenceLevel = (typeof ConfidenceLevel)[keyof typeof ConfidenceLevel];

/** Confidences by their number. */
export const CONFIDENCES: readonly Confidence[] = ['proved', 'strong', 'heuristic'];

/** The number of a finding in `CATALOGUE`. */
export function findingNumber(name: FindingName): number {
  return NUMBERS.get(name) as number;
}

/** The entry with this name, or undefined. */
export function findingEntry(name: string): CatalogueEntry | undefined {
  const number = NUMBERS.get(name);
  return number === undefined ? undefined : CATALOGUE[number];
}

/** The number of a severity, for comparisons. */
export function severityLevel(severity: Severity): SeverityLevel {
  return SEVERITIES.indexOf(severity) as SeverityLevel;
}
