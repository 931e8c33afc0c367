// Counter and key stream (findings, ctr.*), the clone that shows in them, and the number of PDUs of key.overused. Only
// messages with a standing come here: those that opened, or those for which no key is held.

import type { FrameBatch } from '../../captures/frame-batch.ts';
import { Check } from '../engine/evidence-checks.ts';
import { type MessageTable, Place } from '../engine/message-table.ts';
import type { Senders } from '../engine/senders.ts';
import type { KeyIndex } from '../keyring/key-index.ts';
import { formatDuration } from '../time.ts';
import { beginTrack, followTrack } from './clone-tracks.ts';
import { ConfidenceLevel, findingNumber, SeverityLevel } from './finding-names.ts';
import { Gaps, WINDOW_MS, WINDOW_PDUS } from './gaps.ts';
import { PositionRing } from './position-ring.ts';
import { NO_PGK, type OpenRecord, type Recorder } from './recorder.ts';
import { NO_PLACE } from './ring-entries.ts';
import { SeenPages } from './seen-pages.ts';
import { Standing } from './standing.ts';
import { Streams } from './streams.ts';

// The specification says (findings, ctr.*).
const RESET_BELOW = 1024;
const RESET_FALL = 1024;
const WRAP_FROM = 64_512;
const LATE_BY = 1024;
const JUMP_OVER = 8192;
const JUMP_MS = 60_000;
const REPLAY_HIGH_MS = 10_000;
const STUCK_PDUS = 3;
const MOST_PDUS = 65_536;
// Differing bits of all bits: 2 %.
const REUSE_SHARE = 50;

// We chose: ciphertexts kept for one position; more of them are counted and not kept.
const VARIANTS = 8;

const TOLD_OVERUSED = 2;

const REPLAY = findingNumber('ctr.replay');
const REUSE = findingNumber('ctr.keystream_reuse');
const RESET = findingNumber('ctr.reset');
const WRAP = findingNumber('ctr.wrap_same_ptk');
const PTK_REUSE = findingNumber('ctr.ptk_reuse');
const STUCK = findingNumber('ctr.stuck');
const OUT_OF_ORDER = findingNumber('ctr.out_of_order');
const JUMP = findingNumber('ctr.jump');
const CLONE = findingNumber('member.clone');
const OVERUSED = findingNumber('key.overused');

/** Checks over all octets of a message. */
const SUMMED = (1 << Check.udpChecksum) | (1 << Check.icmpv6Checksum);

/** What a position that was seen before holds. */
const Earlier = { forgotten: 0, same: 1, damaged: 2, different: 3 } as const;

type Earlier = (typeof Earlier)[keyof typeof Earlier];

/** Caps of the tables; each a power of two of at least 4,096, that of messages 2^20 at most. */
export interface CounterCaps {
  readonly streams?: number;
  readonly pages?: number;
  readonly messages?: number;
}

/** See the head of the file. */
export class CounterWatch {
  readonly streams: Streams;
  readonly seen: SeenPages;
  readonly ring: PositionRing;
  readonly gaps: Gaps;

  readonly #recorder: Recorder;
  readonly #index: KeyIndex;
  #joined: DataView = new DataView(new ArrayBuffer(0));
  // The message at hand.
  #table: MessageTable | null = null;
  #row = 0;
  #group = 0;
  #opened = false;
  // What `#compare` saw: the oldest message at the position, the newest, how many, and in how many bits they differ.
  #entry = 0;
  #latest = 0;
  #variants = 0;
  #bits = 0;

  /** @param entries room for those of the ring of positions; absent: it makes some */
  constructor(recorder: Recorder, index: KeyIndex, senders: Senders, caps: CounterCaps = {}, entries?: Int32Array) {
    this.#recorder = recorder;
    this.#index = index;
    this.streams = new Streams((slot) => this.gaps.drop(slot), senders, caps.streams);
    this.seen = new SeenPages(caps.pages);
    this.ring = new PositionRing(caps.messages, entries);
    this.gaps = new Gaps(recorder, this.streams, this.seen);
  }

  /** A frame is at hand: tells gaps whose time is over. */
  at(time: number): void {
    if (time - this.gaps.oldestTime >= WINDOW_MS) this.gaps.afterTime(time);
  }

  /**
   * A message with a standing.
   *
   * @param remembered the stream that this context used last, or -1
   * @param sender slot of its sender (senders.ts)
   * @returns the slot of its stream
   */
  note(
    table: MessageTable,
    row: number,
    standing: Standing,
    group: number,
    remembered: number,
    sender: number,
  ): number {
    const { streams } = this;
    this.#table = table;
    this.#row = row;
    this.#group = group;
    this.#opened = standing === Standing.opened;
    const stream = streams.obtain(table, row, this.#opened, remembered, sender);
    this.#look(stream, table, row);
    const sn = table.sn[row];
    streams.usual[stream] = sn === streams.lastSn[stream] && this.#isQuiet(stream) ? usualAfter(sn) : -1;
    return stream;
  }

  /** Whether a message is one of which these rules have nothing to say: the next of its stream, whose talker stayed. */
  expects(stream: number, sn: number): boolean {
    const { streams } = this;
    return streams.usual[stream] === sn && streams.current[streams.talker[stream]] === stream;
  }

  /**
   * The SN up to which a stream may be followed without looking here: not as far as a position of its page that was seen,
   * nor beyond the page, nor to more PDUs than a PTK id may have.
   *
   * @param sn the next one
   * @param pdus that were followed and are not written down yet
   */
  stopOf(stream: number, page: number, sn: number, pdus: number): number {
    const left = MOST_PDUS - this.streams.pdus[stream] - pdus;
    return Math.min(this.seen.nextMarked(page, sn), sn + Math.max(0, left));
  }

  /** Keeps the ciphertext of a message. @param last number of the last one kept of its page @returns the number of this one */
  keep(table: MessageTable, row: number, last: number): number {
    this.#stage(table, row);
    return this.ring.commit(last, table.sn[row], table.time[row], table.frame[row]);
  }

  /** Writes down messages of a stream that was followed: those before `end` in this page. @param last as `keep` gave it */
  wentOn(page: number, first: number, end: number, last: number): void {
    this.seen.markRun(page, first, end);
    this.seen.last[page] = last;
  }

  /** A stream is followed no longer: writes down where it stands. @param pdus of it since `stopOf` was asked first */
  stands(stream: number, page: number, sn: number, pdus: number, time: number, frame: number): void {
    const { streams } = this;
    streams.talkerPdus[streams.talker[stream]] += pdus;
    streams.pdus[stream] += pdus;
    streams.page[stream] = page;
    streams.trackSn[stream] = sn;
    streams.lastSn[stream] = sn;
    streams.lastTime[stream] = time;
    streams.lastFrame[stream] = frame;
    streams.usual[stream] = usualAfter(sn);
  }

  #look(stream: number, table: MessageTable, row: number): void {
    const { streams } = this;
    const number = streams.number[stream];
    const talker = streams.obtainTalker(stream);
    streams.talkerPdus[talker]++;
    if (streams.currentNumber[talker] !== number) this.#turn(stream, talker);
    const sn = table.sn[row];
    const pdus = ++streams.pdus[stream];
    if (pdus > MOST_PDUS && (streams.told[stream] & TOLD_OVERUSED) === 0) this.#overused(stream);
    const page = this.seen.page(number, sn, streams.page[stream]);
    streams.page[stream] = page;
    const wasSeen = this.seen.mark(page, sn);
    this.#stage(table, row);
    if (pdus === 1) {
      this.#keep(page, sn, table.frame[row]);
      this.#setLast(stream, sn);
      beginTrack(streams, stream, sn);
      return;
    }
    if (!wasSeen && sn === streams.lastSn[stream] + 1 && this.#isQuiet(stream)) {
      // The common case: the next message, and nothing is open.
      this.#keep(page, sn, table.frame[row]);
      streams.trackSn[stream] = sn;
      this.#setLast(stream, sn);
      return;
    }
    let isReuse = false;
    if (wasSeen) {
      const earlier = this.#compare(page, sn);
      if (earlier === Earlier.same) {
        this.#replayed();
        return;
      }
      if (earlier === Earlier.damaged) return;
      isReuse = earlier === Earlier.different;
      if (isReuse) this.#reused();
    }
    if (this.#variants < VARIANTS || !isReuse) this.#keep(page, sn, table.frame[row]);
    this.#move(stream, sn, wasSeen);
    if (followTrack(streams, stream, sn, isReuse)) this.#cloned(stream);
    if (streams.gapHead[stream] >= 0) this.gaps.afterPdu(stream);
  }

  /** A message under a key that did not open and yet was heard: it fills a gap and moves nothing. */
  noteAside(table: MessageTable, row: number, sender: number): void {
    const { streams } = this;
    const stream = streams.find(table, row, sender);
    if (stream < 0) return;
    streams.usual[stream] = -1;
    const ahead = (table.sn[row] - streams.lastSn[stream]) & 0xffff;
    if (ahead >= 0x8000) this.gaps.fill(stream, table.sn[row]);
    else if (ahead >= 1 && ahead <= WINDOW_PDUS && streams.aside[stream] < WINDOW_PDUS) streams.aside[stream]++;
  }

  /** The talker is on another stream than before: another PTK id, or another PGK. */
  #turn(stream: number, talker: number): void {
    const { streams } = this;
    const recorder = this.#recorder;
    const { key } = streams;
    if (streams.keyWord[talker] === key) {
      if (streams.leftRun[stream] === streams.run[talker]) {
        const since = recorder.time - streams.leftTime[stream];
        const pdus = streams.talkerPdus[talker] - streams.leftPdus[stream];
        if (since <= WINDOW_MS && pdus <= WINDOW_PDUS) return;
        const record = this.#raise(PTK_REUSE, SeverityLevel.high);
        if (record !== null) {
          const { ptkId } = this.#names();
          record.summary = `returned to PTK id ${ptkId}, which it left ${formatDuration(since)} ago${this.#doubt()}`;
          record.evidence = { ...this.#names(), leftSecondsAgo: since / 1000 };
        }
      }
      const before = streams.current[talker];
      if (streams.number[before] === streams.currentNumber[talker]) {
        streams.leftRun[before] = streams.run[talker];
        streams.leftTime[before] = recorder.time;
        streams.leftPdus[before] = streams.talkerPdus[talker];
      }
    } else {
      streams.keyWord[talker] = key;
      streams.beginRun(talker);
    }
    streams.current[talker] = stream;
    streams.currentNumber[talker] = streams.number[stream];
  }

  #stage(table: MessageTable, row: number): void {
    const at = table.rawAt[row];
    if (table.rawPlace[row] === Place.joined) {
      if (this.#joined.buffer !== table.joined.buffer) this.#joined = new DataView(table.joined.buffer);
      this.ring.stage(this.#joined, at, table.length[row]);
      return;
    }
    const { view, place } = table.batch as FrameBatch;
    this.ring.stage(view, at, table.length[row], place === undefined ? NO_PLACE : place + at);
  }

  #keep(page: number, sn: number, frame: number): void {
    this.seen.last[page] = this.ring.commit(this.seen.last[page], sn, this.#recorder.time, frame);
  }

  /** What was said at this position before, against the message at hand. */
  #compare(page: number, sn: number): Earlier {
    const { ring } = this;
    // Octets that have their own checksum right are no damaged copy, however like another message's they are.
    const { passed } = this.#table as MessageTable;
    const isWhole = this.#opened && (passed[this.#row] & SUMMED) !== 0;
    this.#variants = 0;
    let damaged = false;
    for (let entry = ring.find(this.seen.last[page], sn); entry > 0; entry = ring.before(entry)) {
      if (!ring.recall(entry)) continue;
      this.#variants++;
      if (this.#variants === 1) this.#latest = entry;
      if (ring.isSame(entry)) {
        this.#entry = entry;
        return Earlier.same;
      }
      const bits = ring.distance(entry);
      const isNear = bits * REUSE_SHARE < ring.common(entry) * 8 || ring.common(entry) === 0;
      if (isNear && !isWhole) damaged = true;
      this.#entry = entry;
      this.#bits = bits;
    }
    if (this.#variants === 0) return Earlier.forgotten;
    return damaged ? Earlier.damaged : Earlier.different;
  }

  /** The counter moves, or says why not. */
  #move(stream: number, sn: number, wasSeen: boolean): void {
    const { streams } = this;
    const last = streams.lastSn[stream];
    const ahead = (sn - last) & 0xffff;
    if (ahead === 0) return;
    if (!wasSeen && sn < RESET_BELOW && last - sn >= RESET_FALL && last < WRAP_FROM) this.#reset(stream, sn);
    else if (ahead >= 0x8000) {
      if (wasSeen) return;
      this.gaps.fill(stream, sn);
      if (0x1_0000 - ahead <= LATE_BY) this.#late(stream, sn, 0x1_0000 - ahead);
      return;
    } else {
      if (last >= WRAP_FROM && sn < RESET_BELOW) this.#wrapped(stream, sn);
      else if (ahead > JUMP_OVER) this.#jumped(stream, sn, ahead);
      const missing = ahead - 1 - streams.aside[stream];
      if (missing > 0) {
        const source = (this.#table as MessageTable).source[this.#row];
        this.gaps.open(stream, (last + 1) & 0xffff, ahead - 1, missing, this.#group, source);
      }
    }
    streams.aside[stream] = 0;
    this.#setLast(stream, sn);
  }

  #setLast(stream: number, sn: number): void {
    this.streams.lastSn[stream] = sn;
    this.streams.lastTime[stream] = this.#recorder.time;
    this.streams.lastFrame[stream] = this.#recorder.frame;
  }

  /** No gap is open, nothing was heard aside, and the one track that there is ends where the counter does. */
  #isQuiet(stream: number): boolean {
    const { streams } = this;
    return (
      streams.gapHead[stream] < 0 &&
      streams.hasOther[stream] === 0 &&
      streams.aside[stream] === 0 &&
      streams.trackSn[stream] === streams.lastSn[stream]
    );
  }

  #replayed(): void {
    const { ring } = this;
    const recorder = this.#recorder;
    const apart = recorder.time - ring.timeOf(this.#entry);
    const severity = Math.abs(apart) > REPLAY_HIGH_MS ? SeverityLevel.high : SeverityLevel.medium;
    const first = ring.frameOf(this.#entry);
    const record = this.#raise(REPLAY, severity, first);
    if (record === null) return;
    record.summary = `SN ${this.#names().sn} came again with the same ciphertext ${formatDuration(apart)} after frame ${first}${this.#doubt()}`;
    record.evidence = { ...this.#names(), firstFrame: first, secondsApart: apart / 1000 };
  }

  #reused(): void {
    const { ring } = this;
    const isStuck = this.#variants + 1 >= STUCK_PDUS;
    const first = ring.frameOf(this.#entry);
    const record = this.#raise(isStuck ? STUCK : REUSE, SeverityLevel.critical, first);
    if (this.#variants + 1 === STUCK_PDUS) {
      // The second use was told as a reuse; now it is part of this.
      const source = (this.#table as MessageTable).source[this.#row];
      this.#recorder.moveToCurrent(REUSE, this.#group, source, NO_PGK, STUCK, [ring.frameOf(this.#latest), first]);
    }
    if (record === null) return;
    const { sn } = this.#names();
    const of = ring.common(this.#entry) * 8;
    record.summary = isStuck
      ? `${this.#variants + 1} messages with SN ${sn} and different ciphertext${this.#doubt()}`
      : `SN ${sn} was used for another message in frame ${first}: the key stream is the same${this.#doubt()}`;
    record.evidence = { ...this.#names(), firstFrame: first, differingBits: this.#bits, comparedBits: of };
  }

  #reset(stream: number, sn: number): void {
    const last = this.streams.lastSn[stream];
    const record = this.#raise(RESET, SeverityLevel.high, this.streams.lastFrame[stream]);
    if (record === null) return;
    record.summary = `SN fell from ${last} to ${sn} under the same key and PTK id${this.#doubt()}`;
    record.evidence = { ...this.#names(), lastSn: last };
  }

  #wrapped(stream: number, sn: number): void {
    const last = this.streams.lastSn[stream];
    const record = this.#raise(WRAP, SeverityLevel.critical, this.streams.lastFrame[stream]);
    if (record === null) return;
    record.summary = `SN went from ${last} over 65535 to ${sn} and the PTK id stayed${this.#doubt()}`;
    record.evidence = { ...this.#names(), lastSn: last };
  }

  #jumped(stream: number, sn: number, ahead: number): void {
    const last = this.streams.lastSn[stream];
    const since = this.#recorder.time - this.streams.lastTime[stream];
    if (since > JUMP_MS) return;
    const record = this.#raise(JUMP, SeverityLevel.medium, this.streams.lastFrame[stream]);
    if (record === null) return;
    record.summary = `SN went from ${last} to ${sn}, ${ahead} ahead, within ${formatDuration(since)}${this.#doubt()}`;
    record.evidence = { ...this.#names(), lastSn: last, ahead, seconds: since / 1000 };
  }

  #late(stream: number, sn: number, behind: number): void {
    const record = this.#raise(OUT_OF_ORDER, SeverityLevel.info);
    if (record === null) return;
    record.summary = `SN ${sn} came ${behind} behind SN ${this.streams.lastSn[stream]}`;
    record.evidence = { ...this.#names(), behind };
  }

  #cloned(stream: number): void {
    const { streams } = this;
    const record = this.#raise(CLONE, SeverityLevel.high);
    if (record === null) return;
    record.summary = `counters near SN ${streams.otherSn[stream]} and SN ${streams.trackSn[stream]} took turns ${streams.alternations[stream]} times${this.#doubt()}`;
    record.evidence = {
      ...this.#names(),
      otherSn: streams.otherSn[stream],
      alternations: streams.alternations[stream],
    };
  }

  #overused(stream: number): void {
    const table = this.#table as MessageTable;
    this.streams.told[stream] |= TOLD_OVERUSED;
    const pgkId = this.#opened ? this.#index.epoch(table.epoch[this.#row]).id : NO_PGK;
    const confidence = this.#opened ? ConfidenceLevel.proved : ConfidenceLevel.strong;
    const source = table.source[this.#row];
    const record = this.#recorder.raise(OVERUSED, SeverityLevel.high, confidence, this.#group, source, pgkId);
    if (record === null) return;
    record.summary = `more than ${MOST_PDUS} PDUs under one PTK id in LCID ${table.lcid[this.#row]}${this.#doubt()}`;
    record.evidence = { ...this.#names(), pdus: this.streams.pdus[stream] };
  }

  /** One finding about the counter. Without a key it is one less than critical and strong at best. */
  #raise(number: number, severity: number, otherFrame = 0): OpenRecord | null {
    const table = this.#table as MessageTable;
    const isHeuristic = number === JUMP || number === CLONE;
    const level = this.#opened ? severity : Math.min(severity, SeverityLevel.high);
    const sure = this.#opened ? ConfidenceLevel.proved : ConfidenceLevel.strong;
    return this.#recorder.raise(
      number,
      level,
      isHeuristic ? ConfidenceLevel.heuristic : sure,
      this.#group,
      table.source[this.#row],
      NO_PGK,
      table.frame[this.#row],
      otherFrame,
    );
  }

  #names(): { readonly ptkId: number; readonly lcid: number; readonly sn: number } & Record<string, number> {
    const table = this.#table as MessageTable;
    const row = this.#row;
    return {
      ...(this.#opened ? { pgkId: this.#index.epoch(table.epoch[row]).id } : { pgkIndex: table.pgkIndex[row] }),
      ptkId: table.ptkId[row],
      lcid: table.lcid[row],
      sn: table.sn[row],
    };
  }

  #doubt(): string {
    return this.#opened ? '' : '; no key is held, so a frame injected under these headers looks the same';
  }
}

/** The usual SN behind one; -1 where that is in another page or begins anew. */
function usualAfter(sn: number): number {
  return (sn & 255) === 255 ? -1 : sn + 1;
}
