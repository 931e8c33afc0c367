// What passes between an analysis that runs in a thread of its own and whoever looks at it. Plain data that a message
// channel copies; no key and no octet of one is among it. The terminal program knows the engine by this page alone.

import type { EpochEvent, EpochStateName, FindingEvent, KeyEvent, SummaryEvent } from '../events.ts';

/** Names by number are given from 1 on; 0 is no name. */
export const NO_NAME = 0;
/** `pgkId` of a message that opened under no key. */
export const NO_PGK_ID = -1;

/** How `group` of a message is meant, in the bits above its 24. */
export const GroupForm = {
  /** All of the Layer-2 id. */
  whole: 0,
  /** The low 8 bits are unknown (SL-SCH version 1): written `f000??`. */
  high16: 1,
  /** Nothing of it is known: written `??????`. */
  unknown: 2,
} as const;

/** SDU types by number. */
export const SDU_TYPE_NAMES = ['ip', 'arp', 'pc5-s', 'non-ip', 'reserved'] as const;

/** What a column is made of. */
export interface ColumnType<Column> {
  readonly BYTES_PER_ELEMENT: number;
  new (memory: SharedArrayBuffer): Column;
}

/**
 * A column of zeros in shared memory. Two threads look at it without a copy; and, what matters more, the collector does not
 * count it: memory of the usual kind made it walk through the heap of the screen's thread 17 times for a million messages,
 * and each time a key waited (docs/performance.md, the terminal).
 *
 * @param length values
 */
export function sharedColumn<Column>(type: ColumnType<Column>, length: number): Column {
  return new type(new SharedArrayBuffer(type.BYTES_PER_ELEMENT * length));
}

/** A finding that a message raised, in the numbers of the lists of `events.ts`. */
export interface RaisedNote {
  /** Row of the batch. */
  readonly row: number;
  readonly name: string;
  readonly severity: number;
  readonly confidence: string;
}

/**
 * A message that was told before, judged anew because a key came that opens it (interfaces 3, `corrects`). It is the one with
 * the same frame, source, LCID, PTK id and SN; what is not here stays as it was told.
 */
export interface CorrectionNote {
  readonly frame: number;
  readonly source: number;
  readonly lcid: number;
  readonly ptkId: number;
  readonly sn: number;
  /** As in the columns of the batch. */
  readonly pgkId: number;
  readonly verdict: number;
  readonly evidenceBits: number;
  readonly protocols: number;
  readonly summary: string;
}

/** Messages in the order in which they were judged: a column a property, a row a message. */
export interface MessageBatch {
  readonly count: number;
  /** Number of the frame that completed it. */
  readonly frame: Float64Array;
  /** Capture time, milliseconds since 1970 UTC, whole microseconds. */
  readonly time: Float64Array;
  /** Layer-2 id of the group, 24 bits, and its `GroupForm` above them. */
  readonly group: Uint32Array;
  /** Layer-2 id of the source. */
  readonly source: Uint32Array;
  /** Names by number (see `names`). */
  readonly groupName: Uint16Array;
  readonly sourceName: Uint16Array;
  readonly lcid: Uint8Array;
  /** Place in `SDU_TYPE_NAMES`. */
  readonly sduType: Uint8Array;
  readonly pgkIndex: Uint8Array;
  /** 0 to 255, or NO_PGK_ID. */
  readonly pgkId: Int16Array;
  readonly ptkId: Uint16Array;
  readonly sn: Uint16Array;
  /** Octets of the SDU. */
  readonly length: Uint32Array;
  /** Place in VERDICTS of `events.ts`. */
  readonly verdict: Uint8Array;
  /** Rounded down. */
  readonly evidenceBits: Uint8Array;
  /** Name by number of the protocols, joined by colons. */
  readonly protocols: Uint16Array;
  /** Where each summary ends in `summaries`; it begins where the one before ends. */
  readonly summaryEnd: Uint32Array;
  /** Summaries as UTF-8, one behind the other. */
  readonly summaries: Uint8Array;
  /** All frames of messages that were put together from several. */
  readonly parts: readonly { readonly row: number; readonly frames: readonly number[] }[];
  readonly raised: readonly RaisedNote[];
  /** Of messages before, those of this batch included. They take no row. */
  readonly corrections: readonly CorrectionNote[];
  /** Names that this batch is the first to use: their numbers go on from those of the batches before. */
  readonly names: readonly string[];
}

/** A key of a group without the key. Times: milliseconds since 1970 UTC. */
export interface KeyDescription {
  readonly pgkId: number;
  readonly notBefore: number;
  readonly notAfter: number;
  readonly state: EpochStateName;
  readonly revokedAt: number | null;
  readonly compromisedAt: number | null;
  readonly suspendedAt: number | null;
  readonly resumedAt: number | null;
  readonly destroyedAt: number | null;
}

/** Who is in a group, and what keys are held for it. */
export interface GroupDescription {
  readonly id: number;
  readonly name: string | null;
  /** Empty: the roster is unknown. Times: milliseconds since 1970 UTC, null: no bound. */
  readonly members: readonly {
    readonly id: number;
    readonly name: string;
    readonly from: number | null;
    readonly until: number | null;
  }[];
  readonly keys: readonly KeyDescription[];
}

/** How far an analysis has come. */
export interface Progress {
  /** Octets read, and in all; null where nobody knows. */
  readonly consumed: number;
  readonly total: number | null;
  readonly frames: number;
  readonly messages: number;
  /** Frames that took part in no message, by reason. */
  readonly undecoded: Readonly<Record<string, number>>;
}

/** What cut a capture short, or kept it from being read. */
export interface ReadingProblem {
  readonly code: string;
  readonly message: string;
  readonly hint: string;
}

/** Which frame is to be laid open, and what its judgement rests on. */
export interface DetailsRequest {
  readonly frame: number;
  /**
   * Frames before it that must be judged first: those that it was put together with, one that proved its context, and
   * those that delivered keys. Ascending.
   */
  readonly before: readonly number[];
  /** Findings that its messages raised when all of the capture was judged. */
  readonly raised: readonly Omit<RaisedNote, 'row'>[];
}

/** One line of a layer tree. */
export interface DetailRow {
  readonly depth: number;
  readonly text: string;
  /** `problem` rows say what is wrong. */
  readonly kind: 'layer' | 'group' | 'field' | 'generated' | 'problem';
  /** Name of the field for a display filter, or null. */
  readonly field: string | null;
  /** A comparison for a display filter that this row passes, or null. */
  readonly filter: string | null;
  /** Octets it speaks of: which source, first octet, how many (0: none). */
  readonly source: number;
  readonly start: number;
  readonly length: number;
}

/** A frame laid open. */
export interface FrameDetails {
  readonly frame: number;
  readonly rows: readonly DetailRow[];
  /** Octets: the frame first, then what was put together or deciphered. */
  readonly sources: readonly { readonly name: string; readonly bytes: Uint8Array }[];
}

/** What becomes of a request to write messages into a file. */
export interface ExportRequest {
  readonly path: string;
  readonly form: 'pcapng' | 'ndjson';
  /** Display filter; empty: everything. */
  readonly filter: string;
  /** Deciphered SDUs go in where the verdict lets them out. */
  readonly payload: boolean;
}

/** From the thread, as it comes. */
export type InspectionNote =
  | { readonly kind: 'groups'; readonly groups: readonly GroupDescription[] }
  | { readonly kind: 'batch'; readonly batch: MessageBatch }
  | { readonly kind: 'progress'; readonly progress: Progress }
  | { readonly kind: 'finding'; readonly event: FindingEvent }
  | { readonly kind: 'key'; readonly event: KeyEvent }
  | { readonly kind: 'epochs'; readonly events: readonly EpochEvent[] }
  | { readonly kind: 'done'; readonly summary: SummaryEvent | null; readonly problem: ReadingProblem | null }
  | { readonly kind: 'matched'; readonly id: number; readonly ordinals: Uint32Array; readonly seen: number }
  | { readonly kind: 'answer'; readonly id: number; readonly value: unknown }
  | { readonly kind: 'refused'; readonly id: number; readonly problem: ReadingProblem };

/** To the thread. */
export type InspectionOrder =
  | { readonly kind: 'read' }
  | { readonly kind: 'details'; readonly id: number; readonly request: DetailsRequest }
  | { readonly kind: 'filter'; readonly id: number; readonly text: string }
  | { readonly kind: 'export'; readonly id: number; readonly request: ExportRequest }
  | { readonly kind: 'cancel'; readonly id: number };
