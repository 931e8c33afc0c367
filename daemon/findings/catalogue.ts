// The catalogue of findings: one entry each. `sidescope findings`, docs/findings.md and what is told of a finding read it.

import { COUNTER_ENTRIES } from './catalogue-counters.ts';
import type { CatalogueEntry, EntryTexts } from './catalogue-entry.ts';
import { KEY_ENTRIES } from './catalogue-keys.ts';
import { MEMBER_ENTRIES } from './catalogue-members.ts';
import { CAPTURE_ENTRIES, MIKEY_ENTRIES, PAYLOAD_ENTRIES } from './catalogue-payload.ts';
import { FINDING_NAMES, type FindingName, findingNumber, isFindingName } from './finding-names.ts';

const ENTRIES: Readonly<Record<FindingName, EntryTexts>> = {
  ...KEY_ENTRIES,
  ...COUNTER_ENTRIES,
  ...MEMBER_ENTRIES,
  ...PAYLOAD_ENTRIES,
  ...CAPTURE_ENTRIES,
  ...MIKEY_ENTRIES,
};

/** All findings, in the order of `FINDING_NAMES`. */
export const CATALOGUE: readonly CatalogueEntry[] = FINDING_NAMES.map((name) => ({ name, ...ENTRIES[name] }));

/** Headings of the catalogue, each with the first parts of the names that stand under it. */
export const DOMAINS: readonly { readonly title: string; readonly domains: readonly string[] }[] = [
  { title: 'Keys and epochs', domains: ['key'] },
  { title: 'Counter and key stream', domains: ['ctr'] },
  { title: 'Who sent it', domains: ['member', 'bind', 'group'] },
  { title: 'What was inside', domains: ['payload', 'rlc', 'mac', 'pdcp', 'ip'] },
  { title: 'The capture', domains: ['capture'] },
  { title: 'Key management (MIKEY)', domains: ['mikey'] },
];

/** The entry with this name, or undefined. */
export function findingEntry(name: string): CatalogueEntry | undefined {
  return isFindingName(name) ? CATALOGUE[findingNumber(name)] : undefined;
}

/** What a finding rests on: a clause of a public specification, or `sidescope’s design`. */
export function referenceOf(name: FindingName): string {
  return ENTRIES[name].reference;
}
