// What an operator must know now: raised once, told to the log and to every subscriber, and told again when it is over.

import type { Severity } from '../events.ts';
import type { AlarmRecord } from '../relay/relay-record.ts';

// We chose: alarms that stand at a time. Above: only the log hears of more.
const STANDING_MOST = 256;

/** See the head of the file. */
export class Alarms {
  readonly #standing = new Map<string, AlarmRecord>();
  readonly #tell: (alarm: AlarmRecord) => void;
  readonly #now: () => number;

  /** @param now wall clock, milliseconds since 1970 */
  constructor(tell: (alarm: AlarmRecord) => void, now: () => number) {
    this.#tell = tell;
    this.#now = now;
  }

  /** Those that stand, the oldest first. */
  standing(): readonly AlarmRecord[] {
    return [...this.#standing.values()];
  }

  /** Something is wrong. Said again with the same words it is not told again. */
  raise(name: string, severity: Severity, message: string, hint: string): void {
    const before = this.#standing.get(name);
    if (before?.message === message) return;
    const alarm: AlarmRecord = { type: 'alarm', name, severity, time: this.#time(), message, hint, raised: true };
    if (before !== undefined || this.#standing.size < STANDING_MOST) this.#standing.set(name, alarm);
    this.#tell(alarm);
  }

  /** An alarm that another part made. */
  note(alarm: AlarmRecord): void {
    if (alarm.raised) this.raise(alarm.name, alarm.severity, alarm.message, alarm.hint);
    else this.clear(alarm.name);
  }

  /** It is over. */
  clear(name: string): void {
    const before = this.#standing.get(name);
    if (before === undefined) return;
    this.#standing.delete(name);
    this.#tell({ ...before, time: this.#time(), raised: false });
  }

  #time(): string {
    return new Date(this.#now()).toISOString();
  }
}
