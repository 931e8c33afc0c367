// All messages that were told, in columns: a million of them in about a hundred megabytes. Chunks of equal size, so that
// nothing is copied when it grows, and a live feed lets the oldest chunk go.

import { VERDICTS, type Verdict } from '../../daemon/events.ts';
import {
  type CorrectionNote,
  GroupForm,
  type MessageBatch,
  NO_NAME,
  sharedColumn,
} from '../../daemon/inspection/contract.ts';

/** Constants we chose. */
const CHUNK_BITS = 14;
/** Messages of one chunk. */
export const CHUNK_MESSAGES = 1 << CHUNK_BITS;
const CHUNK_MASK = CHUNK_MESSAGES - 1;
/** Messages kept of a live feed; above it the oldest chunk goes. A file is kept whole up to `FILE_CAP`. */
export const LIVE_CAP = 1 << 19;
/** Messages kept of a file; above it the first ones go, and the header says so. */
export const FILE_CAP = 1 << 23;
const FIRST_SUMMARY_ROOM = CHUNK_MESSAGES * 48;

/** Columns of one chunk. */
class Chunk {
  readonly frame = sharedColumn(Float64Array, CHUNK_MESSAGES);
  readonly time = sharedColumn(Float64Array, CHUNK_MESSAGES);
  readonly group = sharedColumn(Uint32Array, CHUNK_MESSAGES);
  readonly source = sharedColumn(Uint32Array, CHUNK_MESSAGES);
  readonly length = sharedColumn(Uint32Array, CHUNK_MESSAGES);
  readonly groupName = sharedColumn(Uint16Array, CHUNK_MESSAGES);
  readonly sourceName = sharedColumn(Uint16Array, CHUNK_MESSAGES);
  readonly ptkId = sharedColumn(Uint16Array, CHUNK_MESSAGES);
  readonly sn = sharedColumn(Uint16Array, CHUNK_MESSAGES);
  readonly pgkId = sharedColumn(Int16Array, CHUNK_MESSAGES);
  readonly protocols = sharedColumn(Uint16Array, CHUNK_MESSAGES);
  readonly lcid = sharedColumn(Uint8Array, CHUNK_MESSAGES);
  readonly sduType = sharedColumn(Uint8Array, CHUNK_MESSAGES);
  readonly pgkIndex = sharedColumn(Uint8Array, CHUNK_MESSAGES);
  readonly verdict = sharedColumn(Uint8Array, CHUNK_MESSAGES);
  readonly evidenceBits = sharedColumn(Uint8Array, CHUNK_MESSAGES);
  /** Worst severity of the findings that it raised, plus 1; 0: none. */
  readonly worst = sharedColumn(Uint8Array, CHUNK_MESSAGES);
  readonly summaryEnd = sharedColumn(Uint32Array, CHUNK_MESSAGES);
  summaries = sharedColumn(Uint8Array, FIRST_SUMMARY_ROOM);
  summaryOctets = 0;
  /** Frames of messages that came in several, and findings, by row of the chunk: few messages have any. */
  readonly parts = new Map<number, readonly number[]>();
  readonly raised = new Map<number, RaisedFinding[]>();
  /** Summaries of messages that were corrected, by row. */
  readonly corrected = new Map<number, string>();

  /** Forgets all, for other messages. */
  clear(): void {
    this.worst.fill(0);
    this.summaryOctets = 0;
    this.parts.clear();
    this.raised.clear();
    this.corrected.clear();
  }
}

/** A finding that a message raised. */
export interface RaisedFinding {
  readonly name: string;
  /** Place in SEVERITIES. */
  readonly severity: number;
  readonly confidence: string;
}

/** A message that was corrected. */
export interface CorrectedMessage {
  readonly ordinal: number;
  /** Place in VERDICTS of what was said of it before. */
  readonly before: number;
}

/** One message as an object, for what looks at single ones. */
export interface StoredMessage {
  /** Its place among all messages of the feed, from 0. */
  readonly ordinal: number;
  readonly frame: number;
  /** Milliseconds since 1970 UTC. */
  readonly time: number;
  /** Group code (contract.ts) and its text. */
  readonly group: number;
  readonly groupId: string;
  readonly groupName: string | null;
  readonly source: number;
  readonly sourceId: string;
  readonly sourceName: string | null;
  readonly lcid: number;
  readonly sduType: number;
  readonly pgkIndex: number;
  /** -1: none. */
  readonly pgkId: number;
  readonly ptkId: number;
  readonly sn: number;
  readonly length: number;
  readonly verdict: Verdict;
  readonly evidenceBits: number;
  readonly protocols: string;
  readonly summary: string;
  /** Place in SEVERITIES of the worst finding that it raised, or -1. */
  readonly worst: number;
}

/** See the head of the file. Messages are named by ordinal: their place in the feed, from 0, which never changes. */
export class MessageStore {
  readonly #chunks: (Chunk | null)[] = [];
  readonly #names: string[] = [''];
  readonly #cap: number;
  readonly #decoder = new TextDecoder();
  /** The chunk that went last. */
  #spare: Chunk | null = null;
  #count = 0;
  #first = 0;
  #corrections = 0;

  /** @param cap messages kept, at least */
  constructor(cap = FILE_CAP) {
    this.#cap = cap;
  }

  /** Messages told so far: the ordinal that the next one gets. */
  get count(): number {
    return this.#count;
  }

  /** Ordinal of the oldest message that is kept. */
  get first(): number {
    return this.#first;
  }

  /** How many messages were corrected so far. */
  get corrections(): number {
    return this.#corrections;
  }

  /** Takes a batch. @returns messages told before that it corrects */
  add(batch: MessageBatch): CorrectedMessage[] {
    this.#names.push(...batch.names);
    const begin = this.#count;
    for (let from = 0; from < batch.count; ) {
      const chunk = this.#chunkToFill();
      const to = this.#count & CHUNK_MASK;
      const rows = Math.min(batch.count - from, CHUNK_MESSAGES - to);
      copyColumns(batch, chunk, from, to, rows);
      this.#copySummaries(batch, chunk, from, to, rows);
      this.#count += rows;
      from += rows;
    }
    for (const { row, frames } of batch.parts) this.#chunk(begin + row).parts.set((begin + row) & CHUNK_MASK, frames);
    for (const { row, name, severity, confidence } of batch.raised) {
      const chunk = this.#chunk(begin + row);
      const at = (begin + row) & CHUNK_MASK;
      const raised = chunk.raised.get(at);
      if (raised === undefined) chunk.raised.set(at, [{ name, severity, confidence }]);
      else raised.push({ name, severity, confidence });
      chunk.worst[at] = Math.max(chunk.worst[at], severity + 1);
    }
    while (this.#count - this.#first > this.#cap + CHUNK_MESSAGES) {
      // Used again: the collector would let it lie for minutes, because it does not count it (contract.ts, sharedColumn).
      this.#spare = this.#chunks[this.#first >>> CHUNK_BITS];
      this.#spare?.clear();
      this.#chunks[this.#first >>> CHUNK_BITS] = null;
      this.#first += CHUNK_MESSAGES;
    }
    return batch.corrections.flatMap((correction) => this.#correct(correction) ?? []);
  }

  /** True where the message is kept. */
  has(ordinal: number): boolean {
    return ordinal >= this.#first && ordinal < this.#count;
  }

  frame(ordinal: number): number {
    return this.#chunk(ordinal).frame[ordinal & CHUNK_MASK];
  }

  time(ordinal: number): number {
    return this.#chunk(ordinal).time[ordinal & CHUNK_MASK];
  }

  /** Group code (contract.ts). */
  group(ordinal: number): number {
    return this.#chunk(ordinal).group[ordinal & CHUNK_MASK];
  }

  source(ordinal: number): number {
    return this.#chunk(ordinal).source[ordinal & CHUNK_MASK];
  }

  /** Place in VERDICTS. */
  verdict(ordinal: number): number {
    return this.#chunk(ordinal).verdict[ordinal & CHUNK_MASK];
  }

  pgkId(ordinal: number): number {
    return this.#chunk(ordinal).pgkId[ordinal & CHUNK_MASK];
  }

  pgkIndex(ordinal: number): number {
    return this.#chunk(ordinal).pgkIndex[ordinal & CHUNK_MASK];
  }

  ptkId(ordinal: number): number {
    return this.#chunk(ordinal).ptkId[ordinal & CHUNK_MASK];
  }

  evidenceBits(ordinal: number): number {
    return this.#chunk(ordinal).evidenceBits[ordinal & CHUNK_MASK];
  }

  /** Octets of the SDU. */
  length(ordinal: number): number {
    return this.#chunk(ordinal).length[ordinal & CHUNK_MASK];
  }

  /** Place in SEVERITIES of the worst finding that it raised, or -1. */
  worst(ordinal: number): number {
    return this.#chunk(ordinal).worst[ordinal & CHUNK_MASK] - 1;
  }

  /** Name of the group, or null. */
  groupName(ordinal: number): string | null {
    return this.#nameOf(this.#chunk(ordinal).groupName[ordinal & CHUNK_MASK]);
  }

  /** Name of the member that sent it, or null. */
  sourceName(ordinal: number): string | null {
    return this.#nameOf(this.#chunk(ordinal).sourceName[ordinal & CHUNK_MASK]);
  }

  protocols(ordinal: number): string {
    return this.#names[this.#chunk(ordinal).protocols[ordinal & CHUNK_MASK]];
  }

  summary(ordinal: number): string {
    const chunk = this.#chunk(ordinal);
    const at = ordinal & CHUNK_MASK;
    const corrected = chunk.corrected.get(at);
    if (corrected !== undefined) return corrected;
    return this.#decoder.decode(
      chunk.summaries.subarray(at === 0 ? 0 : chunk.summaryEnd[at - 1], chunk.summaryEnd[at]),
    );
  }

  /** All frames it was put together from; where it is one, that one. */
  frames(ordinal: number): readonly number[] {
    return this.#chunk(ordinal).parts.get(ordinal & CHUNK_MASK) ?? [this.frame(ordinal)];
  }

  /** Findings that it raised. */
  raised(ordinal: number): readonly RaisedFinding[] {
    return this.#chunk(ordinal).raised.get(ordinal & CHUNK_MASK) ?? [];
  }

  /** All of one message. */
  message(ordinal: number): StoredMessage {
    const chunk = this.#chunk(ordinal);
    const at = ordinal & CHUNK_MASK;
    return {
      ordinal,
      frame: chunk.frame[at],
      time: chunk.time[at],
      group: chunk.group[at],
      groupId: groupIdText(chunk.group[at]),
      groupName: this.#nameOf(chunk.groupName[at]),
      source: chunk.source[at],
      sourceId: layer2Text(chunk.source[at]),
      sourceName: this.#nameOf(chunk.sourceName[at]),
      lcid: chunk.lcid[at],
      sduType: chunk.sduType[at],
      pgkIndex: chunk.pgkIndex[at],
      pgkId: chunk.pgkId[at],
      ptkId: chunk.ptkId[at],
      sn: chunk.sn[at],
      length: chunk.length[at],
      verdict: VERDICTS[chunk.verdict[at]],
      evidenceBits: chunk.evidenceBits[at],
      protocols: this.#names[chunk.protocols[at]],
      summary: this.summary(ordinal),
      worst: chunk.worst[at] - 1,
    };
  }

  /** Ordinal of the first message kept whose frame is this one or a later one; `count` where there is none. */
  atFrame(frame: number): number {
    return this.#search((ordinal) => this.frame(ordinal) >= frame);
  }

  /** Ordinal of the first message kept that is not earlier; exact where times do not go back. */
  atTime(time: number): number {
    return this.#search((ordinal) => this.time(ordinal) >= time);
  }

  #correct(correction: CorrectionNote): CorrectedMessage | null {
    const { frame, source, lcid, ptkId, sn } = correction;
    for (let ordinal = this.atFrame(frame); this.has(ordinal) && this.frame(ordinal) === frame; ordinal++) {
      const chunk = this.#chunk(ordinal);
      const at = ordinal & CHUNK_MASK;
      if (chunk.source[at] !== source || chunk.lcid[at] !== lcid) continue;
      if (chunk.ptkId[at] !== ptkId || chunk.sn[at] !== sn) continue;
      const before = chunk.verdict[at];
      chunk.verdict[at] = correction.verdict;
      chunk.pgkId[at] = correction.pgkId;
      chunk.evidenceBits[at] = correction.evidenceBits;
      chunk.protocols[at] = correction.protocols;
      chunk.corrected.set(at, correction.summary);
      this.#corrections++;
      return { ordinal, before };
    }
    return null;
  }

  #search(isThere: (ordinal: number) => boolean): number {
    let low = this.#first;
    let high = this.#count;
    while (low < high) {
      const middle = Math.floor((low + high) / 2);
      if (isThere(middle)) high = middle;
      else low = middle + 1;
    }
    return low;
  }

  #nameOf(number: number): string | null {
    return number === NO_NAME ? null : this.#names[number];
  }

  #chunk(ordinal: number): Chunk {
    const chunk = this.#chunks[ordinal >>> CHUNK_BITS];
    if (chunk === null || chunk === undefined) throw new RangeError(`message ${ordinal} is not kept`);
    return chunk;
  }

  #chunkToFill(): Chunk {
    const number = this.#count >>> CHUNK_BITS;
    if (number === this.#chunks.length) {
      this.#chunks.push(this.#spare ?? new Chunk());
      this.#spare = null;
    }
    return this.#chunk(this.#count);
  }

  #copySummaries(batch: MessageBatch, chunk: Chunk, from: number, to: number, rows: number): void {
    const begin = from === 0 ? 0 : batch.summaryEnd[from - 1];
    const end = batch.summaryEnd[from + rows - 1];
    const needed = chunk.summaryOctets + end - begin;
    if (needed > chunk.summaries.length) {
      const wider = sharedColumn(Uint8Array, Math.max(needed, Math.ceil(chunk.summaries.length * 1.5)));
      wider.set(chunk.summaries);
      chunk.summaries = wider;
    }
    chunk.summaries.set(batch.summaries.subarray(begin, end), chunk.summaryOctets);
    const moved = chunk.summaryOctets - begin;
    for (let row = 0; row < rows; row++) chunk.summaryEnd[to + row] = batch.summaryEnd[from + row] + moved;
    chunk.summaryOctets = needed;
  }
}

function copyColumns(batch: MessageBatch, chunk: Chunk, from: number, to: number, rows: number): void {
  const end = from + rows;
  chunk.frame.set(batch.frame.subarray(from, end), to);
  chunk.time.set(batch.time.subarray(from, end), to);
  chunk.group.set(batch.group.subarray(from, end), to);
  chunk.source.set(batch.source.subarray(from, end), to);
  chunk.length.set(batch.length.subarray(from, end), to);
  chunk.groupName.set(batch.groupName.subarray(from, end), to);
  chunk.sourceName.set(batch.sourceName.subarray(from, end), to);
  chunk.ptkId.set(batch.ptkId.subarray(from, end), to);
  chunk.sn.set(batch.sn.subarray(from, end), to);
  chunk.pgkId.set(batch.pgkId.subarray(from, end), to);
  chunk.protocols.set(batch.protocols.subarray(from, end), to);
  chunk.lcid.set(batch.lcid.subarray(from, end), to);
  chunk.sduType.set(batch.sduType.subarray(from, end), to);
  chunk.pgkIndex.set(batch.pgkIndex.subarray(from, end), to);
  chunk.verdict.set(batch.verdict.subarray(from, end), to);
  chunk.evidenceBits.set(batch.evidenceBits.subarray(from, end), to);
}

/** 6 hex digits of a Layer-2 id. */
export function layer2Text(id: number): string {
  return (id & 0xff_ffff).toString(16).padStart(6, '0');
}

/** The group of a message as interfaces 3 writes it: `f00001`, `f000??` or `??????`. */
export function groupIdText(code: number): string {
  const form = code >>> 24;
  if (form === GroupForm.unknown) return '??????';
  return form === GroupForm.high16 ? `${layer2Text(code).slice(0, 4)}??` : layer2Text(code);
}
