// Key management (findings, mikey.*): the reason that a key record bears becomes a finding.

import { destinationKey, NO_GROUP } from '../engine/group-key.ts';
import type { KeyEvent, Severity } from '../events.ts';
import type { Group } from '../keyring/keyring.ts';
import { findingEntry } from './catalogue.ts';
import { ConfidenceLevel, type FindingName, findingNumber, severityLevel } from './finding-names.ts';
import { NO_PGK, type Recorder } from './recorder.ts';
import { NO_SOURCE } from './subject.ts';

const VERSION_WHOLE = 3;

/** Raises the finding that a key record names, if any, at the frame at hand. */
export function noteKeyEvent(recorder: Recorder, event: KeyEvent, groups: readonly Group[]): void {
  if (event.reason === null) return;
  const entry = findingEntry(event.reason);
  if (entry === undefined) return;
  const known = groups.find((group) => group.idText === event.group);
  const unknown = event.group === null ? NO_GROUP : destinationKey(Number.parseInt(event.group, 16), VERSION_WHOLE);
  const record = recorder.raise(
    findingNumber(entry.name as FindingName),
    severityLevel(entry.severities[entry.severities.length - 1] satisfies Severity),
    ConfidenceLevel.proved,
    known === undefined ? unknown : known.index,
    NO_SOURCE,
    event.pgkId ?? NO_PGK,
  );
  if (record === null) return;
  const key = event.pgkId === null ? 'a key delivery' : `a delivery of PGK ${event.pgkId}`;
  record.summary = `${key} was ${event.accepted ? 'taken' : 'not taken'}: ${entry.title}`;
  record.evidence = { accepted: event.accepted, notBefore: event.notBefore, notAfter: event.notAfter };
}
