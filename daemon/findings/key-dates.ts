// A message that opened under a key that was not valid: which of its dates forbade it (findings, key.expired to
// key.suspended).

import { endAt } from '../keyring/epoch-state.ts';
import { formatDuration, formatMilliseconds } from '../time.ts';
import { ConfidenceLevel, type FindingName, findingNumber, SeverityLevel } from './finding-names.ts';
import type { Observed } from './observed.ts';
import type { Recorder } from './recorder.ts';

// The specification says (findings, key.expired, key.revoked).
const SKEW_MS = 5000;
const GRACE_MS = 86_400_000;

const NAMES = {
  expired: findingNumber('key.expired'),
  staged: findingNumber('key.not_yet_valid'),
  revoked: findingNumber('key.revoked'),
  compromised: findingNumber('key.compromised'),
  suspended: findingNumber('key.suspended'),
} as const satisfies Record<string, ReturnType<typeof findingNumber>>;

/** Raises what applies. The dates are looked at one by one: a key can be both revoked and expired. */
export function noteForbiddenKey(recorder: Recorder, seen: Observed): void {
  const { epoch, time } = seen;
  const end = endAt(epoch, time);
  if (time > end + SKEW_MS) {
    raise(recorder, seen, NAMES.expired, SeverityLevel.high, 'ended', end);
  }
  if (time < epoch.notBefore - SKEW_MS) {
    raise(recorder, seen, NAMES.staged, SeverityLevel.medium, 'begins', epoch.notBefore);
  }
  if (epoch.compromisedAt !== null && time >= epoch.compromisedAt) {
    raise(recorder, seen, NAMES.compromised, SeverityLevel.critical, 'was compromised', epoch.compromisedAt);
  }
  if (epoch.revokedAt !== null && time >= epoch.revokedAt) {
    const late = time - epoch.revokedAt > GRACE_MS;
    const severity = seen.removed ? SeverityLevel.critical : late ? SeverityLevel.high : SeverityLevel.medium;
    raise(recorder, seen, NAMES.revoked, severity, 'was revoked', epoch.revokedAt);
  }
  const isSuspended = epoch.suspendedAt !== null && time >= epoch.suspendedAt;
  if (isSuspended && (epoch.resumedAt === null || time < epoch.resumedAt)) {
    raise(recorder, seen, NAMES.suspended, SeverityLevel.high, 'was suspended', epoch.suspendedAt);
  }
}

function raise(recorder: Recorder, seen: Observed, number: number, severity: number, what: string, at: number): void {
  const { epoch, groupKey, source, time } = seen;
  const record = recorder.raise(number, severity, ConfidenceLevel.strong, groupKey, source, epoch.id);
  if (record === null) return;
  const apart = formatDuration(time - at);
  const removed = seen.removed ? ', and the sender was removed from the group' : '';
  record.summary = `opens under PGK ${epoch.id}, which ${what} ${apart} ${time < at ? 'later' : 'before'}${removed}`;
  record.evidence = { pgkId: epoch.id, [evidenceName(what)]: formatMilliseconds(at), secondsApart: (time - at) / 1000 };
}

function evidenceName(what: string): string {
  return what.replace(/^was /, '') === what ? (what === 'ended' ? 'notAfter' : 'notBefore') : `${what.slice(4)}At`;
}

/** Names of these findings, for tests that go through all. */
export const DATE_FINDINGS: readonly FindingName[] = [
  'key.expired',
  'key.not_yet_valid',
  'key.revoked',
  'key.compromised',
  'key.suspended',
];
