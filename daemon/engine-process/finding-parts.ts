// A finding in two parts, as messages are: what anybody may read, and what plaintext gave. Every finding whose summary or
// evidence says something of what was inside SDUs is listed here, with what of its evidence headers alone would give.

import { printable } from '../../dissectors/printable.ts';
import type { FindingEvent } from '../events.ts';
import { findingEntry } from '../findings/catalogue.ts';
import type { FindingName } from '../findings/finding-names.ts';
import type { PlainPart } from '../relay/relay-record.ts';

/** Evidence that does not stand on plaintext, by the findings that stand on it. */
const OUTER_EVIDENCE: Readonly<Partial<Record<FindingName, readonly string[]>>> = {
  'bind.address_moved': [],
  'bind.address_shared': ['otherSource', 'otherFrame'],
  'bind.arp': [],
  'bind.ssrc': ['otherSource', 'otherFrame'],
  'group.address_mismatch': [],
  'payload.tampered': ['pgkId', 'bits'],
  'payload.sdu_type': ['sduType'],
};

/** The specification says: SDU types that have a meaning (TS 36.323 Table 6.3.14.1). */
const LAST_DEFINED_TYPE = 3;

/** Whether plaintext gave what a finding says, so that it has two parts. */
export function standsOnPlaintext(event: FindingEvent): boolean {
  if (event.name === 'payload.sdu_type') return (event.evidence.sduType as number) <= LAST_DEFINED_TYPE;
  // Of frames as captured it says what headers give; of an SDU in the clear, which of its checks failed.
  if (event.name === 'ip.malformed') return event.evidence.failed !== undefined;
  return OUTER_EVIDENCE[event.name as FindingName] !== undefined;
}

/** The two parts of a finding that stands on plaintext. */
export function findingParts(event: FindingEvent): { readonly outer: FindingEvent; readonly plain: PlainPart } {
  const kept = OUTER_EVIDENCE[event.name as FindingName] ?? ['problem'];
  const evidence = Object.fromEntries(Object.entries(event.evidence).filter(([name]) => kept.includes(name)));
  const title = findingEntry(event.name)?.title ?? printable(event.name);
  return {
    outer: { ...event, summary: `${title}; what shows it stands in plaintext`, evidence },
    plain: { summary: event.summary, evidence: event.evidence },
  };
}
