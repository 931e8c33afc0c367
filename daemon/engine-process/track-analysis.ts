// One line of analysis with a clock of its own: frames in, records in two parts out. It makes plaintext only of groups that
// somebody wants it of, and only under keys that may be used now by its clock.

import type { FrameBatch } from '../../captures/frame-batch.ts';
import { millisecondsOf } from '../../captures/milliseconds.ts';
import { Analysis } from '../analysis.ts';
import { groupText, MessageEventMaker } from '../engine/message-event.ts';
import { MessageRecordWriter } from '../engine/message-record-writer.ts';
import { type MessageTable, NONE } from '../engine/message-table.ts';
import { SduFragments } from '../engine/sdu-fragments.ts';
import type { FindingEvent, KeyEvent, Verdict } from '../events.ts';
import type { SeverityOverrides } from '../findings/severity-overrides.ts';
import { KeyIndex } from '../keyring/key-index.ts';
import type { PgkEpoch } from '../keyring/keyring.ts';
import { type KeySource, LiveKeyring } from '../keyring/live-keyring.ts';
import type { RecordBlock } from '../relay/record-block.ts';
import { RecordBlockWriter } from '../relay/record-block-writer.ts';
import type { PlainAccess, PlainPart, RelayedEvent } from '../relay/relay-record.ts';
import type { Demand, Track } from './engine-port.ts';
import { EpochWatch } from './epoch-watch.ts';
import { findingParts, standsOnPlaintext } from './finding-parts.ts';
import { keyNameOf } from './key-rows.ts';
import { accessOf, type MessageAccess, outerSummary } from './message-parts.ts';
import { PlainGate } from './plain-gate.ts';

// We chose.
/** Findings whose key is remembered for their folded record; above it the oldest is forgotten, and its record has no plain part. */
const FINDING_KEYS = 1 << 14;
/**
 * Milliseconds that frames of a live feed may be under way: windows of capture time end so much later while nothing comes.
 */
const LATE_MS = 3000;
/** Messages that the search for replays remembers on a capture-clock track: a replay has few, and each takes 96 octets. */
const REPLAY_MESSAGES = 1 << 17;

/** Whose plaintext a record holds. */
interface Owner {
  readonly access: PlainAccess;
  readonly epoch: PgkEpoch | null;
}

/** What a track works with. */
export interface TrackTools {
  readonly track: Track;
  /** The keys, and the wall clock. */
  readonly source: KeySource;
  readonly severities: SeverityOverrides;
  /** Key-management messages that were read, whether their records are told or not. */
  readonly delivered: (event: KeyEvent) => void;
}

/** How much of a key was used since it was asked last. */
export interface TrackUse {
  readonly epoch: PgkEpoch;
  readonly frames: number;
  readonly octets: number;
}

/** See the head of the file. */
export class TrackAnalysis {
  readonly track: Track;
  readonly analysis: Analysis;
  readonly live: LiveKeyring;
  readonly gate: PlainGate;
  readonly #tools: TrackTools;
  readonly #maker: MessageEventMaker;
  readonly #fragments = new SduFragments();
  readonly #epochs: EpochWatch;
  #demand: Demand = new Map();
  readonly #records = new RecordBlockWriter();
  #writer: MessageRecordWriter;
  #isTold = true;
  /** Nothing more comes: only folded findings of more than one occurrence are told. */
  #isFinishing = false;
  /** Findings that stand on the plaintext of the message at hand, of which nothing is known yet. */
  #pending: FindingEvent[] = [];
  readonly #findingOwners = new Map<string, Owner>();
  /** Capture time of the newest frame, milliseconds since 1970, and the wall clock when it came. */
  #newest = Number.NEGATIVE_INFINITY;
  #newestCameAt = 0;
  /** The wall clock when frames came last. */
  #wall = Number.POSITIVE_INFINITY;
  /** By serial of the key. */
  #frames = new Float64Array(16);
  #octets = new Float64Array(16);

  constructor(tools: TrackTools) {
    this.#tools = tools;
    this.track = tools.track;
    const isWall = tools.track.clock === 'wall';
    const { source } = tools;
    const clock = isWall ? (): number => source.now() : (): number => this.#newest;
    this.live = new LiveKeyring({
      get generation() {
        return source.generation;
      },
      now: clock,
      heldKeys: () => source.heldKeys(),
    });
    this.gate = new PlainGate(this.live, tools.track.clock);
    const { keyring } = this.live;
    this.analysis = new Analysis(
      {
        keyring,
        allowStale: true,
        live: true,
        severities: tools.severities,
        ...(isWall ? {} : { counterCaps: { messages: REPLAY_MESSAGES } }),
      },
      {
        row: (table, row) => this.#message(table, row),
        correction: (table, row) => this.#correction(table, row),
        finding: (event) => this.#finding(event),
        key: (event) => this.#key(event),
      },
    );
    this.live.follow(this.analysis);
    this.#writer = new MessageRecordWriter(keyring, { payload: true });
    // Names of groups and members may be others now, and the writer has written them down.
    this.live.follow({
      keyringChanged: () => {
        this.#writer = new MessageRecordWriter(keyring, { payload: true });
      },
    });
    this.#maker = new MessageEventMaker(keyring.groups, new KeyIndex(keyring), { payload: false });
    this.#epochs = new EpochWatch(keyring, this.analysis.account.epochUse, (event) => this.#tell(event, null, NOBODY));
  }

  /** Sets of which groups plaintext is made. */
  demand(demand: Demand): void {
    this.#demand = demand;
  }

  /**
   * Judges frames. Whoever calls has brought `live` up to date, or knows that its clock is wrong.
   *
   * @param isTold false where they only warm up: what comes of them is not told
   * @param now wall clock, milliseconds since 1970
   * @returns the records of these frames, in the order in which they came about
   */
  judge(batch: FrameBatch, isTold: boolean, now: number): RecordBlock {
    this.#isTold = isTold;
    this.#wall = now;
    this.analysis.push(batch);
    for (let row = 0; row < batch.count; row++) {
      this.#note(millisecondsOf(batch.seconds[row], batch.nanoseconds[row]));
    }
    this.#newestCameAt = now;
    this.#epochs.at(this.clock(now));
    return this.#take();
  }

  /**
   * Time passes: keys come into and out of their windows, and on a live feed that is quiet folding windows end.
   *
   * @param now wall clock, milliseconds since 1970
   */
  tick(now: number): RecordBlock {
    this.#wall = now;
    this.live.refresh();
    if (this.track.clock === 'wall' && Number.isFinite(this.#newest)) {
      const quiet = now - this.#newestCameAt - LATE_MS;
      if (quiet > 0) this.analysis.tick(this.#newest + quiet);
    }
    this.#epochs.at(this.clock(now));
    return this.#take();
  }

  /** Nothing more comes: folded findings of more than one occurrence, of which the first was told at once. */
  finish(now: number): RecordBlock {
    this.#wall = now;
    this.#isFinishing = true;
    this.analysis.finish(null);
    this.#isFinishing = false;
    return this.#take();
  }

  /** The keys were changed: takes them over, and tells what changed of their states. */
  keysChanged(now: number): RecordBlock {
    this.live.refresh();
    this.#epochs.changed(this.clock(now));
    return this.#take();
  }

  /** The time that the gate goes by: the wall clock, or the capture's own. */
  clock(now: number): number {
    return this.track.clock === 'wall' ? now : this.#newest;
  }

  /** Deciphered messages by key since the last call; used for the counters of the vault. */
  takeUse(): TrackUse[] {
    const used: TrackUse[] = [];
    for (let serial = 0; serial < this.#frames.length; serial++) {
      if (this.#frames[serial] === 0) continue;
      const epoch = this.live.keyring.epochs[serial];
      used.push({ epoch, frames: this.#frames[serial], octets: this.#octets[serial] });
    }
    this.#frames.fill(0);
    this.#octets.fill(0);
    return used;
  }

  /** Overwrites every key. */
  close(): void {
    this.analysis.close();
    this.live.wipe();
  }

  #take(): RecordBlock {
    // A finding on plaintext is told in the message that it is about; none is left over.
    this.#isTold = true;
    return this.#records.take();
  }

  #note(time: number): void {
    if (time > this.#newest) this.#newest = time;
  }

  #message(table: MessageTable, row: number): void {
    // Each message is gated by the time of its own frame; on a replay that time is the clock.
    if (this.track.clock === 'capture' && table.time[row] > this.#newest) {
      this.#newest = table.time[row];
      this.live.refresh();
    }
    const serial = table.epoch[row];
    const epoch = serial === NONE ? null : this.live.keyring.epochs[serial];
    const reassembled = this.#fragments.take(table, row);
    const owner = accessOf(table, row, epoch);
    if (this.#pending.length > 0) this.#settleFindings(owner);
    this.#epochs.note(table, row);
    if (!this.#isTold) return;
    if (owner.epoch !== null) this.#use(serial, table.length[row]);
    this.#tellMessage(table, row, epoch, owner, reassembled, false);
  }

  /** A key that arrived opens a message which was told before: it is told again, and replaces the record of then. */
  #correction(table: MessageTable, row: number): void {
    if (!this.#isTold) return;
    const serial = table.epoch[row];
    const epoch = serial === NONE ? null : this.live.keyring.epochs[serial];
    const owner = accessOf(table, row, epoch);
    this.#epochs.note(table, row);
    if (owner.epoch !== null) this.#use(serial, table.length[row]);
    this.#tellMessage(table, row, epoch, owner, this.#fragments.take(table, row), true);
  }

  #tellMessage(
    table: MessageTable,
    row: number,
    epoch: PgkEpoch | null,
    owner: MessageAccess,
    reassembled: Uint8Array | null,
    corrects: boolean,
  ): void {
    if (this.#isFinishing) return;
    const place = table.group[row];
    const group = groupText(table, row, place === NONE ? null : this.live.keyring.groups[place]);
    const access = owner.hasPlain ? this.#mayMake(group, owner, table.time[row]) : null;
    const records = this.#records;
    const summary = outerSummary(this.#maker, table, row, epoch);
    this.#writer.writeOuter(table, row, summary, corrects, records.outer);
    if (access !== null) this.#writer.writeWhole(table, row, reassembled, corrects, records.plain);
    const told = access ?? owner.access;
    const serial = owner.epoch === null ? NONE : owner.epoch.serial;
    const name = `${group} ${table.verdict[row]} ${told} ${serial}`;
    const known = records.traitsNamed(name);
    records.end(known < 0 ? this.#nameTraits(name, group, table.verdictName(row), told, owner.epoch) : known);
  }

  #nameTraits(name: string, group: string, verdict: Verdict, access: PlainAccess, epoch: PgkEpoch | null): number {
    const key = epoch === null ? null : keyNameOf(epoch);
    const { track } = this.track;
    return this.#records.nameTraits(name, { type: 'message', group, verdict, finding: null, access, key, track });
  }

  #use(serial: number, octets: number): void {
    if (serial >= this.#frames.length) {
      const length = serial * 2;
      const [frames, sums] = [new Float64Array(length), new Float64Array(length)];
      frames.set(this.#frames);
      sums.set(this.#octets);
      this.#frames = frames;
      this.#octets = sums;
    }
    this.#frames[serial]++;
    this.#octets[serial] += octets;
  }

  /** With whose access plaintext of a message of this capture time is made now; null where none is. */
  #mayMake(group: string | null, { access, epoch }: Owner, time: number): PlainAccess | null {
    const wanted = (group === null ? undefined : this.#demand.get(group)) ?? this.#demand.get('*');
    if (wanted === undefined) return null;
    const isForensic = access === 'forensic' || (epoch !== null && this.gate.forbids(epoch, time, this.#wall));
    if (!isForensic) return access;
    const all = this.#demand.get('*');
    return wanted === 'forensic' || all === 'forensic' ? 'forensic' : null;
  }

  #finding(event: FindingEvent): void {
    if (!standsOnPlaintext(event)) {
      this.#tell(event, null, NOBODY);
      return;
    }
    // The first occurrence comes while its message is judged; what is folded comes later, under the same key.
    if (event.count === 1) {
      this.#pending.push(event);
      return;
    }
    const name = scopeOf(event);
    const owner = this.#findingOwners.get(name);
    this.#findingOwners.delete(name);
    this.#tellFinding(event, owner ?? null);
  }

  #settleFindings(owner: Owner): void {
    for (const event of this.#pending) {
      const oldest = this.#findingOwners.size < FINDING_KEYS ? undefined : this.#findingOwners.keys().next().value;
      if (oldest !== undefined) this.#findingOwners.delete(oldest);
      this.#findingOwners.set(scopeOf(event), { access: owner.access, epoch: owner.epoch });
      this.#tellFinding(event, owner);
    }
    this.#pending = [];
  }

  #tellFinding(event: FindingEvent, owner: Owner | null): void {
    const { outer, plain } = findingParts(event);
    const access = owner === null ? null : this.#mayMake(event.group, owner, Date.parse(event.lastTime ?? event.time));
    if (access === null) this.#tell(outer, null, owner ?? NOBODY);
    else this.#tell(outer, plain, { epoch: owner?.epoch ?? null, access });
  }

  #key(event: KeyEvent): void {
    this.#tell(event, null, NOBODY);
    this.#tools.delivered(event);
    this.live.refresh();
    this.#epochs.changed(this.clock(Date.parse(event.time)));
  }

  #tell(event: RelayedEvent, plain: PlainPart | null, { access, epoch }: Owner): void {
    if (!this.#isTold || (this.#isFinishing && !(event.type === 'finding' && event.count > 1))) return;
    const key = epoch === null ? null : keyNameOf(epoch);
    this.#records.record({ event, plain, access, key, track: this.track.track });
  }
}

/** No plaintext, nobody's. */
const NOBODY: Owner = { access: 'plain', epoch: null };

/** What the first occurrence of a finding and its folded record have in common. */
function scopeOf({ name, severity, group, source, pgkId, time }: FindingEvent): string {
  return `${name}|${severity}|${group}|${source}|${pgkId}|${time}`;
}
