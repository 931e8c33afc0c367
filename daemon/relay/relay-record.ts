// A record of the engine on its way to subscribers: what anybody with a grant may read, and apart from it what stands on
// plaintext, with the key that must be usable at the moment it leaves.

import type { EpochEvent, FindingEvent, KeyEvent, MessageEvent, Severity, Verdict } from '../events.ts';

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

/** What of a record is needed to route it, to decide about it and to count it: nothing of what plaintext gave. */
export interface RecordTraits {
  readonly type: RelayedEvent['type'];
  /** 6 hex digits, or null where it is about none. */
  readonly group: string | null;
  /** Of a message. */
  readonly verdict: Verdict | null;
  /** Of a finding. */
  readonly finding: Pick<FindingEvent, 'name' | 'severity' | 'count'> | null;
  readonly access: PlainAccess;
  readonly key: KeyName | null;
  readonly track: number;
}

/** The traits of a record. */
export function traitsOf({ event, access, key, track }: EngineRecord): RecordTraits {
  const verdict = event.type === 'message' ? event.verdict : null;
  const finding = event.type === 'finding' ? findingTraits(event) : null;
  return { type: event.type, group: event.group, verdict, finding, access, key, track };
}

function findingTraits({ name, severity, count }: FindingEvent): RecordTraits['finding'] {
  return { name, severity, count };
}

/** The record with its plain part in its place. */
export function wholeEvent({ event, plain }: EngineRecord): RelayedEvent {
  // Members of the plain part replace those of the same name.
  return { ...event, ...plain };
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
