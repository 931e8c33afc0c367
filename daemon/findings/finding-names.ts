// Names and numbers of findings, for the rules: what people read of them is in the catalogue (catalogue.ts), which is loaded
// when a finding is told.

import { type Confidence, SEVERITIES, type Severity } from '../events.ts';

/** All findings, in the order of the catalogue; the place of one is its number. */
export const FINDING_NAMES = [
  'key.unknown_index',
  'key.expired',
  'key.not_yet_valid',
  'key.revoked',
  'key.compromised',
  'key.suspended',
  'key.superseded',
  'key.regression',
  'key.algorithm_mismatch',
  'key.downgrade',
  'key.header_inconsistent',
  'key.claimed_but_plain',
  'key.overused',
  'key.no_successor',
  'key.weak',
  'key.index_clash',
  'ctr.replay',
  'ctr.keystream_reuse',
  'ctr.reset',
  'ctr.wrap_same_ptk',
  'ctr.ptk_reuse',
  'ctr.stuck',
  'ctr.gap',
  'ctr.out_of_order',
  'ctr.jump',
  'member.not_in_roster',
  'member.removed',
  'member.clone',
  'bind.address_moved',
  'bind.address_shared',
  'bind.arp',
  'bind.ssrc',
  'group.unknown',
  'group.address_mismatch',
  'payload.forged',
  'payload.tampered',
  'payload.other_group_key',
  'payload.sdu_type',
  'rlc.loss',
  'mac.malformed',
  'rlc.malformed',
  'pdcp.malformed',
  'ip.malformed',
  'capture.duplicate',
  'capture.time_backward',
  'capture.time_jump',
  'capture.truncated',
  'capture.drops',
  'mikey.mac_failed',
  'mikey.replay',
  'mikey.stale',
  'mikey.key_unknown',
  'mikey.expired_on_delivery',
  'mikey.lifetime_extended',
  'mikey.material_conflict',
] as const;

/** The name of a finding. */
export type FindingName = (typeof FINDING_NAMES)[number];

const NUMBERS: ReadonlyMap<string, number> = new Map(FINDING_NAMES.map((name, number) => [name, number]));

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

/** The number of a finding in `FINDING_NAMES`. */
export function findingNumber(name: FindingName): number {
  return NUMBERS.get(name) as number;
}

/** Whether a finding has this name. */
export function isFindingName(name: string): name is FindingName {
  return NUMBERS.has(name);
}

/** The number of a severity, for comparisons. */
export function severityLevel(severity: Severity): SeverityLevel {
  return SEVERITIES.indexOf(severity) as SeverityLevel;
}
