// The roster (findings, member.not_in_roster, member.removed).

import type { Group } from '../keyring/keyring.ts';
import { formatDuration, formatMilliseconds } from '../time.ts';
import { ConfidenceLevel, findingNumber, SeverityLevel } from './finding-names.ts';
import { type Members, Place } from './members.ts';
import type { Observed } from './observed.ts';
import { NO_PGK, type Recorder } from './recorder.ts';

const STRANGER = findingNumber('member.not_in_roster');
const REMOVED = findingNumber('member.removed');

/** See the head of the file. */
export class RosterWatch {
  readonly #recorder: Recorder;
  readonly #members: Members;

  constructor(recorder: Recorder, members: Members) {
    this.#recorder = recorder;
    this.#members = members;
  }

  /** Looks up where the source stands; before the rules about keys, which ask for it. */
  place(seen: Observed): void {
    const { group } = seen;
    if (group === null) return;
    seen.removed = this.#members.placeAt(seen.member, group, seen.source, seen.time) === Place.removed;
  }

  /** A judged message. */
  note(seen: Observed): void {
    const { group } = seen;
    if (group === null) return;
    const place = this.#members.placeAt(seen.member, group, seen.source, seen.time);
    if (place === Place.stranger) this.#stranger(seen);
    else if (place === Place.removed) this.#removed(seen, group);
  }

  #stranger(seen: Observed): void {
    const severity = seen.opened ? SeverityLevel.high : SeverityLevel.medium;
    const record = this.#recorder.raise(STRANGER, severity, ConfidenceLevel.proved, seen.groupKey, seen.source);
    if (record === null) return;
    record.summary = seen.opened
      ? `never was in the roster, and its message opens under PGK ${seen.epoch.id}: it holds the key`
      : 'never was in the roster of this group';
    record.evidence = { opens: seen.opened, ...(seen.opened ? { pgkId: seen.epoch.id } : {}) };
  }

  #removed(seen: Observed, group: Group): void {
    const left = this.#members.left[seen.member];
    const isNewKey = seen.opened && seen.epoch.notBefore >= left && seen.epoch.group === group;
    const severity = isNewKey ? SeverityLevel.critical : SeverityLevel.medium;
    const { groupKey, source } = seen;
    const record = this.#recorder.raise(REMOVED, severity, ConfidenceLevel.strong, groupKey, source, NO_PGK);
    if (record === null) return;
    const since = `left the roster ${formatDuration(seen.time - left)} before`;
    record.summary = isNewKey ? `${since}, and has PGK ${seen.epoch.id}, which became valid after that` : since;
    record.evidence = { left: formatMilliseconds(left), ...(seen.opened ? { pgkId: seen.epoch.id } : {}) };
  }
}
