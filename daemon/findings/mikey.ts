// Key management (findings, mikey.*): what holds of a key delivery becomes findings.

import { destinationKey, NO_GROUP } from '../engine/group-key.ts';
import type { KeyNotice } from '../engine/key-management.ts';
import type { KeyEvent } from '../events.ts';
import type { MikeyFinding } from '../keying/mikey.ts';
import type { Group } from '../keyring/keyring.ts';
import { findingEntry } from './catalogue.ts';
import type { CatalogueEntry } from './catalogue-entry.ts';
import { ConfidenceLevel, findingNumber, severityLevel } from './finding-names.ts';
import { NO_PGK, type Recorder } from './recorder.ts';
import { NO_SOURCE } from './subject.ts';

const VERSION_WHOLE = 3;

/** Raises what holds of one key delivery, if anything, at the frame at hand. */
export function noteKeyNotice(recorder: Recorder, { event, findings }: KeyNotice, groups: readonly Group[]): void {
  for (const name of findings) raise(recorder, event, name, groups);
}

function raise(recorder: Recorder, event: KeyEvent, name: MikeyFinding, groups: readonly Group[]): void {
  const entry = findingEntry(name) as CatalogueEntry;
  const known = groups.find((group) => group.idText === event.group);
  const unknown = event.group === null ? NO_GROUP : destinationKey(Number.parseInt(event.group, 16), VERSION_WHOLE);
  const record = recorder.raise(
    findingNumber(name),
    severityLevel(entry.severities[entry.severities.length - 1]),
    ConfidenceLevel.proved,
    known === undefined ? unknown : known.index,
    NO_SOURCE,
    event.pgkId ?? NO_PGK,
  );
  if (record === null) return;
  const key = event.pgkId === null ? 'a key delivery' : `a delivery of PGK ${event.pgkId}`;
  // What is reported beside the reason of a refusal refused nothing.
  const fate = event.accepted
    ? 'was taken'
    : event.reason === name
      ? 'was not taken'
      : 'was not taken for another reason';
  record.summary = `${key} ${fate}: ${entry.title}`;
  record.evidence = { accepted: event.accepted, notBefore: event.notBefore, notAfter: event.notAfter };
}
