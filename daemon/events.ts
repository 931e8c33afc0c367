// The records of interfaces 3: the only thing that leaves the engine. Printer, journal, relay, terminal UI and test
// helpers all speak these and nothing else.

import type { OutcomeName } from '../dissectors/walk-table.ts';

/** Version of the records. */
export const EVENT_VERSION = 1;

/** What sidescope says of a message. The order is the order in which tables print them. */
export const VERDICTS = [
  'clear',
  'downgraded',
  'decrypted',
  'stale',
  'no-key',
  'unverifiable',
  'forged',
  'damaged',
] as const;

/** A verdict (interfaces 3). */
export type Verdict = (typeof VERDICTS)[number];

/** Kind of SDU that the PDCP header names (TS 36.323 Table 6.3.14.1). */
export type SduTypeName = 'ip' | 'arp' | 'pc5-s' | 'non-ip' | 'reserved';

/** Severities from the least to the worst. */
export const SEVERITIES = ['info', 'low', 'medium', 'high', 'critical'] as const;

/** How bad a finding is. */
export type Severity = (typeof SEVERITIES)[number];

/** How sure a finding is: proved by header fields or a tag; strong, at least 55 bits of plaintext; heuristic. */
export type Confidence = 'proved' | 'strong' | 'heuristic';

/** State of a PGK at some instant (reference security B.1). */
export type EpochStateName =
  | 'staged'
  | 'active'
  | 'overlap'
  | 'suspended'
  | 'expired'
  | 'revoked'
  | 'compromised'
  | 'destroyed';

/** One complete PDCP SLRB data PDU. */
export interface MessageEvent {
  readonly v: 1;
  readonly type: 'message';
  /** The frame that completed the PDU. */
  readonly frame: number;
  /** All frames it was put together from; absent where it is one. */
  readonly frames?: readonly number[];
  /** RFC 3339, UTC, 6 or 9 fraction digits: capture time of `frame`. */
  readonly time: string;
  /** 6 hex digits; `f000??` where only the 16 high bits are known. */
  readonly group: string;
  readonly groupName?: string;
  readonly source: string;
  readonly sourceName?: string;
  readonly lcid: number;
  readonly sduType: SduTypeName;
  readonly pgkIndex: number;
  readonly pgkId: number | null;
  readonly ptkId: number;
  readonly sn: number;
  /** Octets of the SDU. */
  readonly length: number;
  readonly verdict: Verdict;
  /** Sum of the plaintext evidence, rounded down. */
  readonly evidenceBits: number;
  readonly protocols: readonly string[];
  readonly summary: string;
  /** Says that the budget for trial deciphering ran out before every key was tried. */
  readonly trial?: 'limited';
  /**
   * Only on a live feed: replaces the record told before of the same message (frame, source, lcid, ptkId, sn), because a
   * key that arrived since gives another verdict.
   */
  readonly corrects?: true;
  /** The deciphered SDU in hex; only on request and only where the verdict lets plaintext out. */
  readonly payload?: string;
}

/** Something the traffic gives away. */
export interface FindingEvent {
  readonly v: 1;
  readonly type: 'finding';
  readonly name: string;
  readonly severity: Severity;
  readonly confidence: Confidence;
  readonly group: string | null;
  readonly source: string | null;
  /** The first sixteen frames and the last. */
  readonly frames: readonly number[];
  /** Time of the first occurrence. */
  readonly time: string;
  /** Time of the last occurrence, where there is more than one. */
  readonly lastTime?: string;
  readonly pgkId?: number;
  readonly count: number;
  readonly summary: string;
  readonly evidence: Readonly<Record<string, unknown>>;
  readonly reference: string;
}

/** What one PGK of one group did in this capture. */
export interface EpochEvent {
  readonly v: 1;
  readonly type: 'epoch';
  readonly group: string;
  readonly groupName?: string;
  readonly pgkId: number;
  /** At the time of the last frame. */
  readonly state: EpochStateName;
  readonly notBefore: string;
  readonly notAfter: string;
  readonly firstUse: string | null;
  readonly lastUse: string | null;
  readonly messages: number;
  readonly sources: number;
}

/** A key-management message seen on the wire. */
export interface KeyEvent {
  readonly v: 1;
  readonly type: 'key';
  readonly frame: number;
  readonly time: string;
  readonly event: 'delivered' | 'verified';
  readonly group: string | null;
  readonly pgkId: number | null;
  readonly notBefore: string | null;
  readonly notAfter: string | null;
  readonly accepted: boolean;
  /** Name of the finding raised, accepted or not. */
  readonly reason: string | null;
}

/** The account of the whole capture, last record of `read`. */
export interface SummaryEvent {
  readonly v: 1;
  readonly type: 'summary';
  readonly frames: number;
  readonly messages: number;
  readonly verdicts: Readonly<Partial<Record<Verdict, number>>>;
  /** Occurrences by name. */
  readonly findings: Readonly<Record<string, number>>;
  /** Frames that took part in no message, each counted once. */
  readonly undecoded: Readonly<Partial<Record<OutcomeName, number>>>;
  /** Messages for which the trial budget ran out. */
  readonly trialLimited?: number;
  /** Entries that bounded tables gave up, by table; absent where none did. */
  readonly evicted?: Readonly<Record<string, number>>;
  /** Where messages had to be forgotten: copies of messages before this time are not recognised as replays any more. */
  readonly replayHorizon?: string;
  /** False where the input was damaged, ended early or was no capture. */
  readonly complete: boolean;
  readonly firstTime: string | null;
  readonly lastTime: string | null;
}

/** Any record. */
export type SidescopeEvent = MessageEvent | FindingEvent | EpochEvent | KeyEvent | SummaryEvent;
