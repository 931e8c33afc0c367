// Folds occurrences into records (interfaces 3): repeats within an hour of capture time in one scope are one record with
// its count. Nothing is dropped uncounted, and a rise in severity is never folded away. All windows run on capture time,
// so that a capture gives the same findings however it arrives.

import type { FrameBatch } from '../../captures/frame-batch.ts';
import { millisecondsOf } from '../../captures/milliseconds.ts';
import { SlotTable } from '../engine/slot-table.ts';
import { type FindingEvent, SEVERITIES } from '../events.ts';
import type { Group } from '../keyring/keyring.ts';
import { formatInstant } from '../time.ts';
import { referenceOf } from './catalogue.ts';
import { CONFIDENCES, FINDING_NAMES } from './finding-names.ts';
import { AS_RULED, overrideColumn, type SeverityOverrides, SWITCHED_OFF } from './severity-overrides.ts';
import { groupKeyText, NO_SOURCE, sourceText } from './subject.ts';

// The specification says (interfaces 3).
/** Milliseconds from the first occurrence within which others fold into its record. */
export const FOLD_MS = 3_600_000;
/** Frames that a record names, besides the last. */
export const FIRST_FRAMES = 16;

/**
 * We chose: open scopes, with their texts some 12 MiB; above it the record that nothing was added to for longest is given
 * out early, and counted.
 */
export const SCOPE_CAP = 1 << 14;

/**
 * We chose: how often a clock that is set back ends a record of one scope. Above it occurrences fold into the open one, however
 * much earlier they are: where receivers whose clocks lie hours apart take turns, each frame would have a record of its own.
 */
const MOST_SET_BACKS = 8;

/** No PGK id in the scope. */
export const NO_PGK = -1;

/** No frame shows what is raised. */
export const NO_FRAME = 0;

/** Who hears of findings. */
export interface FindingListener {
  /** A record that is complete: its hour or the input has ended. */
  record(event: FindingEvent): void;
  /** On a live feed: the first occurrence, at once. Its record follows where more were folded into it. */
  first?(event: FindingEvent): void;
}

/** What one occurrence of a message is called, for filters on `finding.name`. */
export interface RaisedFinding {
  readonly name: string;
  readonly severity: string;
  readonly confidence: string;
}

/** A record that may still grow. Whoever opened it writes `summary` and `evidence`. */
export class OpenRecord {
  summary = '';
  isClosed = false;
  evidence: Record<string, unknown> = {};
  count = 0;
  severity = 0;
  confidence = 0;
  firstTime = 0;
  /** How often a clock that was set back ended a record of its scope. */
  setBacks = 0;
  lastFrame = 0;
  readonly frames: number[] = [];
  readonly number: number;
  readonly group: string | null;
  readonly source: string | null;
  readonly pgkId: number;
  readonly timeText: string;
  // The last occurrence's time, exact.
  seconds = 0;
  nanoseconds = 0;
  digits = 6;
  // Open records are a list in the order in which they were opened; `older` is the record of lower severity before it.
  previous: OpenRecord | null = null;
  next: OpenRecord | null = null;
  older: OpenRecord | null = null;

  constructor(number: number, group: string | null, source: string | null, pgkId: number, timeText: string) {
    this.number = number;
    this.group = group;
    this.source = source;
    this.pgkId = pgkId;
    this.timeText = timeText;
  }
}

/** Counts and folds. Work is done by whoever has something to say; nothing here knows a rule. */
export class Recorder {
  /** Occurrences by the number of the finding. */
  readonly counts = new Float64Array(FINDING_NAMES.length);
  /** The worst severity told so far, -1 where there was none. */
  worst = -1;
  /** What the message at hand raised, or the frame at hand itself. */
  readonly raised: RaisedFinding[] = [];
  /** The record that the last occurrence went into; null where nobody listens. */
  current: OpenRecord | null = null;

  // The frame at hand.
  frame = 0;
  /** Milliseconds since 1970. */
  time = Number.NaN;
  seconds = 0;
  nanoseconds = 0;
  digits = 6;

  readonly #groups: readonly Group[];
  readonly #listener: FindingListener | null;
  readonly #overrides: Int8Array;
  readonly #records: (OpenRecord | null)[] = [];
  readonly #scopes = new SlotTable(
    SCOPE_CAP,
    () => undefined,
    (slot) => this.#evict(slot),
  );
  #oldest: OpenRecord | null = null;
  #newest: OpenRecord | null = null;
  #fresh: OpenRecord | null = null;

  constructor(groups: readonly Group[], listener: FindingListener | null, overrides: SeverityOverrides = {}) {
    this.#groups = groups;
    this.#listener = listener;
    this.#overrides = overrideColumn(overrides);
  }

  /** Records given out before their hour ended, to keep within the cap. */
  get evictions(): number {
    return this.#scopes.evictions;
  }

  /** The next frame is at hand: what ended before its time is given out. */
  at(batch: FrameBatch, row: number): void {
    this.frame = batch.firstFrame + row;
    this.seconds = batch.seconds[row];
    this.nanoseconds = batch.nanoseconds[row];
    this.digits = batch.digits[row];
    this.time = millisecondsOf(this.seconds, this.nanoseconds);
    if (this.raised.length > 0) this.raised.length = 0;
    this.#closeBefore(this.time);
  }

  /** Capture time in milliseconds from which on a record is to be given out; Infinity where none is open. */
  get due(): number {
    return this.#oldest === null ? Number.POSITIVE_INFINITY : this.#oldest.firstTime + FOLD_MS;
  }

  /** Time passes while no frame comes: what ended by then is given out, and what was raised is told. */
  tick(time: number): void {
    this.settle();
    this.#closeBefore(time);
  }

  /**
   * Notes one occurrence at the frame at hand.
   *
   * @param number number of the finding (catalogue)
   * @param severity what the rule says; an override replaces it
   * @param group group key (../engine/group-key.ts)
   * @param source Layer-2 id or NO_SOURCE
   * @param pgkId where the finding is about a key, else NO_PGK
   * @param frame frame that shows it, or NO_FRAME
   * @param otherFrame an earlier frame that belongs to it, or 0
   * @returns the record where this occurrence opened it and somebody listens: write its summary and evidence
   */
  raise(
    number: number,
    severity: number,
    confidence: number,
    group: number,
    source: number,
    pgkId: number = NO_PGK,
    frame: number = this.frame,
    otherFrame = 0,
  ): OpenRecord | null {
    const override = this.#overrides[number];
    this.current = null;
    if (override === SWITCHED_OFF) return null;
    const level = override === AS_RULED ? severity : override;
    this.counts[number]++;
    if (level > this.worst) this.worst = level;
    if (frame !== NO_FRAME) this.raised.push(raisedFinding(number, level, confidence));
    if (this.#listener === null) return null;
    this.settle();
    const obtained = this.#scopes.obtain((number << 24) | (source & 0xff_ffff), group, scopeWord(source, pgkId));
    const slot = obtained < 0 ? -1 - obtained : obtained;
    const open = obtained < 0 ? null : this.#records[slot];
    let setBacks = open?.setBacks ?? 0;
    if (open !== null && !open.isClosed) {
      // A clock that was set back by an hour or more is as far from it as one that went on.
      const isSetBack = this.time <= open.firstTime - FOLD_MS && setBacks < MOST_SET_BACKS;
      if (isSetBack) setBacks++;
      if (isSetBack || this.time >= open.firstTime + FOLD_MS) this.#close(open);
      else if (level <= open.severity) {
        this.#fold(open, confidence, frame, otherFrame);
        return null;
      }
    }
    const record = new OpenRecord(
      number,
      groupKeyText(group, this.#groups),
      sourceText(source),
      pgkId,
      formatInstant(this.seconds, this.nanoseconds, this.digits),
    );
    record.severity = level;
    record.confidence = confidence;
    record.firstTime = this.time;
    record.setBacks = setBacks;
    record.older = open === null || open.isClosed ? null : open;
    this.#records[slot] = record;
    this.#append(record);
    this.#fold(record, confidence, frame, otherFrame);
    this.#fresh = record;
    return record;
  }

  /**
   * Takes an occurrence of one finding back and counts it under the finding raised last, which is about the same: a
   * stuck counter is told instead of the reuse that it began with. A live feed has heard of the first one already; its
   * folded record and the counts are those of a file.
   *
   * @param number the finding that loses it
   * @param taken the frame that it was raised for, and the earlier one that it named
   */
  moveToCurrent(
    number: number,
    group: number,
    source: number,
    pgkId: number,
    into: number,
    taken: readonly [frame: number, earlier: number],
  ): void {
    if (this.#overrides[number] === SWITCHED_OFF || this.counts[number] === 0) return;
    this.counts[number]--;
    if (this.#overrides[into] !== SWITCHED_OFF) this.counts[into]++;
    const slot = this.#scopes.find((number << 24) | (source & 0xff_ffff), group, scopeWord(source, pgkId));
    const record = slot < 0 ? null : this.#records[slot];
    if (record !== null && !record.isClosed && record.frames.includes(taken[0])) {
      record.count--;
      takeFrames(record, taken);
      if (record.count === 0) this.#drop(record);
    }
    if (this.current === null) return;
    this.current.count++;
    addFrame(this.current, taken[0]);
  }

  /** Everything about the last occurrence is written: tells a live feed of it. */
  settle(): void {
    if (this.#fresh === null) return;
    const record = this.#fresh;
    this.#fresh = null;
    this.#listener?.first?.(eventOf(record));
  }

  /** The input has ended: gives out what is open, by first frame. */
  finish(): void {
    this.settle();
    const open: OpenRecord[] = [];
    for (let record = this.#oldest; record !== null; record = record.next) open.push(record);
    open.sort((a, b) => firstFrame(a) - firstFrame(b));
    for (const record of open) this.#close(record);
  }

  /** Occurrences by name, without those that did not occur. */
  countsByName(): Record<string, number> {
    const named: Record<string, number> = {};
    for (let number = 0; number < FINDING_NAMES.length; number++) {
      if (this.counts[number] > 0) named[FINDING_NAMES[number]] = this.counts[number];
    }
    return named;
  }

  #fold(record: OpenRecord, confidence: number, frame: number, otherFrame: number): void {
    record.count++;
    if (confidence < record.confidence) record.confidence = confidence;
    if (otherFrame !== 0) addFrame(record, otherFrame);
    if (frame !== NO_FRAME) addFrame(record, frame);
    record.seconds = this.seconds;
    record.nanoseconds = this.nanoseconds;
    record.digits = this.digits;
    this.current = record;
  }

  #closeBefore(time: number): void {
    while (this.#oldest !== null && time >= this.#oldest.firstTime + FOLD_MS) this.#close(this.#oldest);
  }

  #append(record: OpenRecord): void {
    record.previous = this.#newest;
    if (this.#newest === null) this.#oldest = record;
    else this.#newest.next = record;
    this.#newest = record;
  }

  /** Gives a record out and takes it off the list; its scope's slot may still name it. */
  #close(record: OpenRecord): void {
    if (record === this.#fresh) this.settle();
    this.#drop(record);
    if (this.#listener?.first === undefined || record.count > 1) this.#listener?.record(eventOf(record));
  }

  #drop(record: OpenRecord): void {
    if (record.previous === null) this.#oldest = record.next;
    else record.previous.next = record.next;
    if (record.next === null) this.#newest = record.previous;
    else record.next.previous = record.previous;
    record.previous = null;
    record.next = null;
    record.older = null;
    record.isClosed = true;
  }

  #evict(slot: number): void {
    let record = this.#records[slot];
    while (record !== null) {
      const { older } = record;
      if (!record.isClosed) this.#close(record);
      record = older;
    }
    this.#records[slot] = null;
  }
}

function firstFrame(record: OpenRecord): number {
  return record.frames.length === 0 ? 0 : Math.min(...record.frames);
}

function scopeWord(source: number, pgkId: number): number {
  return (source === NO_SOURCE ? 0x1_0000 : 0) | (pgkId + 1);
}

function addFrame(record: OpenRecord, frame: number): void {
  if (frame > record.lastFrame) record.lastFrame = frame;
  const { frames } = record;
  if (frames.length < FIRST_FRAMES && frames[frames.length - 1] !== frame && !frames.includes(frame))
    frames.push(frame);
}

/** Takes frames of the last occurrence out. Where there were more than are listed, the last one stays as it is. */
function takeFrames(record: OpenRecord, taken: readonly number[]): void {
  const { frames } = record;
  const wasFull = frames.length === FIRST_FRAMES;
  for (const frame of taken) if (frames.includes(frame)) frames.splice(frames.indexOf(frame), 1);
  if (!wasFull) record.lastFrame = Math.max(0, ...frames);
}

function eventOf(record: OpenRecord): FindingEvent {
  const name = FINDING_NAMES[record.number];
  const frames = [...record.frames].sort((a, b) => a - b);
  if (frames.length > 0 && record.lastFrame > frames[frames.length - 1]) frames.push(record.lastFrame);
  return {
    v: 1,
    type: 'finding',
    name,
    severity: SEVERITIES[record.severity],
    confidence: CONFIDENCES[record.confidence],
    group: record.group,
    source: record.source,
    ...(record.pgkId === NO_PGK ? {} : { pgkId: record.pgkId }),
    frames,
    time: record.timeText,
    ...(record.count > 1 ? { lastTime: formatInstant(record.seconds, record.nanoseconds, record.digits) } : {}),
    count: record.count,
    summary: record.summary,
    evidence: { ...record.evidence },
    reference: referenceOf(name),
  };
}

// What a message raised is one of a few hundred combinations: each is made once.
const RAISED: (RaisedFinding | undefined)[] = [];

function raisedFinding(number: number, severity: number, confidence: number): RaisedFinding {
  const at = (number * SEVERITIES.length + severity) * CONFIDENCES.length + confidence;
  let raised = RAISED[at];
  if (raised === undefined) {
    raised = {
      name: FINDING_NAMES[number],
      severity: SEVERITIES[severity],
      confidence: CONFIDENCES[confidence],
    };
    RAISED[at] = raised;
  }
  return raised;
}
