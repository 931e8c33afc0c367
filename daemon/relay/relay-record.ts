// A record of the engine on its way to subscribers: what anybody with a grant may read, and apart from it what stands on
// plaintext, with the key that must be usable at the moment it leaves.

import type { EpochEvent, FindingEvent, KeyEvent, MessageEvent, Severity } from '../events.ts';

/** Names a PGK epoch without its octets: group (6 hex digits), PGK id, notBefore (milliseconds since 1970). */
export interface KeyName {
  readonly group: string;
  readonly pgkId: number;
  readonly notBefore: number;
}

/** Records that a daemon relays. Summaries are `read`'s; a daemon has a status instead. */
export type RelayedEvent = MessageEvent | FindingEvent | KeyEvent | EpochEvent;

/** What of a record stands on plaintext. Members replace those of the record without plaintext. */
export interface PlainPart {
  readonly summary?: string;
  readonly protocols?: readonly string[];
  /** Deciphered SDU, hex. */
  readonly payload?: string;
  readonly evidence?: Readonly<Record<string, unknown>>;
}

/** Who may have the plain part: `plain`, only `forensic`, or `downgraded` (plaintext that anybody could have sent). */
export type PlainAccess = 'plain' | 'forensic' | 'downgraded';

/** One record as the engine gives it. */
export interface EngineRecord {
  /** Without anything that plaintext gave: `summary` says why nothing is shown, `protocols` end with PDCP. */
  readonly event: RelayedEvent;
  /** Null where there is none, or where nobody has asked for plaintext of this group. */
  readonly plain: PlainPart | null;
  readonly access: PlainAccess;
  /** Key that opened it; null where no key was needed. */
  readonly key: KeyName | null;
  /** Index of the track it came from: tells which clock the gate goes by. */
  readonly track: number;
}

/** The same with its place in the daemon's order: `seq` rises by one, from 1, over the life of the journal. */
export interface RelayRecord extends EngineRecord {
  readonly seq: number;
}

/** Something the daemon itself has to say (disk full, engine down, source lost): told to every subscriber, not stored. */
export interface AlarmRecord {
  readonly type: 'alarm';
  readonly name: string;
  readonly severity: Severity;
  /** Wall clock, RFC 3339. */
  readonly time: string;
  readonly message: string;
  readonly hint: string;
  readonly raised: boolean;
}
