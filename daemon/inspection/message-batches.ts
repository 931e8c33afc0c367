// Gathers judged messages into batches of columns for whoever looks at them.

import type { MessageEvent } from '../events.ts';
import { SEVERITIES, VERDICTS } from '../events.ts';
import type { RaisedFinding } from '../findings/recorder.ts';
import {
  type ColumnType,
  type CorrectionNote,
  GroupForm,
  type MessageBatch,
  NO_NAME,
  NO_PGK_ID,
  type RaisedNote,
  SDU_TYPE_NAMES,
  sharedColumn,
} from './contract.ts';

/** Constants we chose. */
/** Messages of one batch. */
export const BATCH_MESSAGES = 8192;
/** Names: of groups, members and rows of protocols. All but the latter come from the keyring; above it, no name. */
const NAME_CAP = 0xffff;
/** Octets of one summary, in the UTF-8 of its characters; what is longer is cut. */
const SUMMARY_OCTETS = 1024;
const FIRST_SUMMARY_ROOM = 64 * BATCH_MESSAGES;

const VERDICT_NUMBERS: ReadonlyMap<string, number> = new Map(VERDICTS.map((verdict, number) => [verdict, number]));
const SEVERITY_NUMBERS: ReadonlyMap<string, number> = new Map(SEVERITIES.map((name, number) => [name, number]));
const SDU_TYPE_NUMBERS: ReadonlyMap<string, number> = new Map(SDU_TYPE_NAMES.map((name, number) => [name, number]));

/** Columns of one batch while it grows. */
class GrowingBatch {
  count = 0;
  readonly frame = new Float64Array(BATCH_MESSAGES);
  readonly time = new Float64Array(BATCH_MESSAGES);
  readonly group = new Uint32Array(BATCH_MESSAGES);
  readonly source = new Uint32Array(BATCH_MESSAGES);
  readonly groupName = new Uint16Array(BATCH_MESSAGES);
  readonly sourceName = new Uint16Array(BATCH_MESSAGES);
  readonly lcid = new Uint8Array(BATCH_MESSAGES);
  readonly sduType = new Uint8Array(BATCH_MESSAGES);
  readonly pgkIndex = new Uint8Array(BATCH_MESSAGES);
  readonly pgkId = new Int16Array(BATCH_MESSAGES);
  readonly ptkId = new Uint16Array(BATCH_MESSAGES);
  readonly sn = new Uint16Array(BATCH_MESSAGES);
  readonly length = new Uint32Array(BATCH_MESSAGES);
  readonly verdict = new Uint8Array(BATCH_MESSAGES);
  readonly evidenceBits = new Uint8Array(BATCH_MESSAGES);
  readonly protocols = new Uint16Array(BATCH_MESSAGES);
  readonly summaryEnd = new Uint32Array(BATCH_MESSAGES);
  summaries = new Uint8Array(FIRST_SUMMARY_ROOM);
  summaryOctets = 0;
  readonly parts: { readonly row: number; readonly frames: readonly number[] }[] = [];
  readonly raised: RaisedNote[] = [];
  readonly corrections: CorrectionNote[] = [];
  readonly names: string[] = [];
}

/** Collects messages; `take` gives what there is. Names keep their numbers over all batches of one gatherer. */
export class MessageBatches {
  #growing = new GrowingBatch();
  readonly #names = new Map<string, number>();
  readonly #encoder = new TextEncoder();
  #groupText = '';
  #groupCode = 0;
  #protocols: readonly string[] = [];
  #protocolsName = NO_NAME;

  get count(): number {
    return this.#growing.count;
  }

  /** True where the next message needs a new batch. */
  get full(): boolean {
    const { count, corrections } = this.#growing;
    return count === BATCH_MESSAGES || corrections.length === BATCH_MESSAGES;
  }

  /**
   * Takes a message.
   *
   * @param time milliseconds since 1970 UTC
   * @param raised findings that it raised
   */
  add(event: MessageEvent, time: number, raised: readonly RaisedFinding[]): void {
    if (event.corrects === true) {
      this.#correct(event);
      return;
    }
    const to = this.#growing;
    const row = to.count++;
    to.frame[row] = event.frame;
    to.time[row] = time;
    to.group[row] = this.#group(event.group);
    to.source[row] = Number.parseInt(event.source, 16);
    const { groupName = event.group } = event;
    to.groupName[row] = groupName === event.group ? NO_NAME : this.#name(groupName);
    to.sourceName[row] = event.sourceName === undefined ? NO_NAME : this.#name(event.sourceName);
    to.lcid[row] = event.lcid;
    to.sduType[row] = SDU_TYPE_NUMBERS.get(event.sduType) ?? SDU_TYPE_NAMES.length - 1;
    to.pgkIndex[row] = event.pgkIndex;
    to.pgkId[row] = event.pgkId ?? NO_PGK_ID;
    to.ptkId[row] = event.ptkId;
    to.sn[row] = event.sn;
    to.length[row] = event.length;
    to.verdict[row] = VERDICT_NUMBERS.get(event.verdict) ?? 0;
    to.evidenceBits[row] = Math.min(255, event.evidenceBits);
    to.protocols[row] = this.#protocolsOf(event.protocols);
    this.#addSummary(event.summary);
    to.summaryEnd[row] = to.summaryOctets;
    if (event.frames !== undefined) to.parts.push({ row, frames: event.frames });
    for (const { name, severity, confidence } of raised) {
      to.raised.push({ row, name, severity: SEVERITY_NUMBERS.get(severity) ?? 0, confidence });
    }
  }

  /** What has been gathered, in memory of its own that threads share, and begins anew; null where there is nothing. */
  take(): MessageBatch | null {
    const from = this.#growing;
    const { count } = from;
    if (count === 0 && from.corrections.length === 0) return null;
    this.#growing = new GrowingBatch();
    return {
      count,
      frame: sharedCopy(from.frame, count),
      time: sharedCopy(from.time, count),
      group: sharedCopy(from.group, count),
      source: sharedCopy(from.source, count),
      groupName: sharedCopy(from.groupName, count),
      sourceName: sharedCopy(from.sourceName, count),
      lcid: sharedCopy(from.lcid, count),
      sduType: sharedCopy(from.sduType, count),
      pgkIndex: sharedCopy(from.pgkIndex, count),
      pgkId: sharedCopy(from.pgkId, count),
      ptkId: sharedCopy(from.ptkId, count),
      sn: sharedCopy(from.sn, count),
      length: sharedCopy(from.length, count),
      verdict: sharedCopy(from.verdict, count),
      evidenceBits: sharedCopy(from.evidenceBits, count),
      protocols: sharedCopy(from.protocols, count),
      summaryEnd: sharedCopy(from.summaryEnd, count),
      summaries: sharedCopy(from.summaries, from.summaryOctets),
      parts: from.parts,
      raised: from.raised,
      corrections: from.corrections,
      names: from.names,
    };
  }

  /** Messages of one group come in rows: the last text is remembered. */
  #group(text: string): number {
    if (text !== this.#groupText) {
      this.#groupText = text;
      this.#groupCode = groupCode(text);
    }
    return this.#groupCode;
  }

  #protocolsOf(protocols: readonly string[]): number {
    const before = this.#protocols;
    if (protocols.length !== before.length || protocols.some((name, at) => name !== before[at])) {
      this.#protocols = protocols;
      this.#protocolsName = this.#name(protocols.join(':'));
    }
    return this.#protocolsName;
  }

  #name(text: string): number {
    const known = this.#names.get(text);
    if (known !== undefined) return known;
    if (this.#names.size >= NAME_CAP) return NO_NAME;
    const number = this.#names.size + 1;
    this.#names.set(text, number);
    this.#growing.names.push(text);
    return number;
  }

  #correct({ frame, source, lcid, ptkId, sn, pgkId, verdict, evidenceBits, protocols, summary }: MessageEvent): void {
    this.#growing.corrections.push({
      ...{ frame, source: Number.parseInt(source, 16), lcid, ptkId, sn, pgkId: pgkId ?? NO_PGK_ID },
      ...{ verdict: VERDICT_NUMBERS.get(verdict) ?? 0, evidenceBits: Math.min(255, evidenceBits) },
      ...{ protocols: this.#protocolsOf(protocols), summary: summary.slice(0, SUMMARY_OCTETS) },
    });
  }

  #addSummary(text: string): void {
    const to = this.#growing;
    if (to.summaryOctets + SUMMARY_OCTETS > to.summaries.length) {
      const wider = new Uint8Array(to.summaries.length * 2);
      wider.set(to.summaries);
      to.summaries = wider;
    }
    const room = to.summaries.subarray(to.summaryOctets, to.summaryOctets + SUMMARY_OCTETS);
    to.summaryOctets += this.#encoder.encodeInto(text, room).written;
  }
}

interface ColumnOf {
  readonly constructor: unknown;
  set(values: ArrayLike<number>): void;
  subarray(from: number, to: number): ArrayLike<number>;
}

/** The first values of a column, in memory of their own. */
function sharedCopy<Column extends ColumnOf>(column: Column, length: number): Column {
  const copy = sharedColumn(column.constructor as ColumnType<Column>, length);
  copy.set(column.subarray(0, length));
  return copy;
}

/** Group text of interfaces 3 (`f00001`, `f000??`, `??????`) as the number of a batch. */
export function groupCode(text: string): number {
  if (text === '??????') return GroupForm.unknown << 24;
  if (text.endsWith('??')) return (Number.parseInt(text.slice(0, 4), 16) << 8) | (GroupForm.high16 << 24);
  return Number.parseInt(text, 16);
}
