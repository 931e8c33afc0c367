// Findings in the order in which they were told, each once.

import { type FindingEvent, SEVERITIES } from '../../daemon/events.ts';

/** We chose: findings kept; above it the least severe of the oldest are not, and are counted. */
export const FINDING_CAP = 16_384;

/** A finding and its number. */
export interface ListedFinding {
  /** Rises with each finding told for the first time. */
  readonly number: number;
  readonly event: FindingEvent;
  /** Place in SEVERITIES. */
  readonly severity: number;
}

/** See the head of the file. */
export class FindingList {
  readonly #byKey = new Map<string, ListedFinding>();
  /** Findings that the list had no room for. */
  dropped = 0;
  #last = 0;
  /** Changes with every change of the list. */
  version = 0;
  /** How many there are by severity. */
  readonly counts = new Float64Array(SEVERITIES.length);

  get size(): number {
    return this.#byKey.size;
  }

  /** All of them, in the order in which they were told for the first time. */
  all(): ListedFinding[] {
    return [...this.#byKey.values()];
  }

  /** Takes a finding. @returns true where it is new, false where it brings one that is there up to date */
  add(event: FindingEvent): boolean {
    const key = findingKey(event);
    const known = this.#byKey.get(key);
    this.version++;
    const severity = SEVERITIES.indexOf(event.severity);
    if (known !== undefined) {
      this.#byKey.set(key, { ...known, event });
      return false;
    }
    if (this.#byKey.size >= FINDING_CAP && !this.#makeRoom(severity)) {
      this.dropped++;
      return false;
    }
    this.counts[severity]++;
    this.#byKey.set(key, { number: ++this.#last, event, severity });
    return true;
  }

  /** Lets one go that is less severe. */
  #makeRoom(severity: number): boolean {
    for (let less = 0; less < severity; less++) {
      if (this.counts[less] === 0) continue;
      for (const [key, listed] of this.#byKey) {
        if (listed.severity !== less) continue;
        this.#byKey.delete(key);
        this.counts[less]--;
        this.dropped++;
        return true;
      }
    }
    return false;
  }
}

/** What a finding has in common with the record that brings it up to date. */
function findingKey(event: FindingEvent): string {
  const { name, group, source, pgkId, severity, frames } = event;
  return [name, group, source, pgkId, severity, frames[0]].join(' ');
}
