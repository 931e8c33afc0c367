// Looks at what the engine tells, in the order of judgement (findings, Order): copies, then for each message its key and
// verdict, counters, bindings and roster. All findings of a capture come from here.

import type { CaptureMark, CaptureProblem, FrameBatch } from '../../captures/frame-batch.ts';
import type { SharedMemory } from '../../dissectors/security/wasm/shared-memory.ts';
import { Outcome, type WalkTable } from '../../dissectors/walk-table.ts';
import { PLAUSIBLE_TENTHS } from '../engine/evidence.ts';
import { groupKeyOf, NO_GROUP } from '../engine/group-key.ts';
import type { KeyNotice } from '../engine/key-management.ts';
import { MessageFlag, type MessageTable, NONE } from '../engine/message-table.ts';
import type { RunSums } from '../engine/run-sums.ts';
import type { Senders } from '../engine/senders.ts';
import type { KeyIndex } from '../keyring/key-index.ts';
import type { Keyring } from '../keyring/keyring.ts';
import { BindingWatch } from './binding.ts';
import { CaptureWatch } from './capture.ts';
import { ContextColumns } from './contexts.ts';
import { type CounterCaps, CounterWatch } from './counter.ts';
import { findingsMemory } from './kernel-runs.ts';
import { KeyWatch } from './key.ts';
import { KeyringWatch } from './keyring-watch.ts';
import { RosterWatch } from './member.ts';
import { Members } from './members.ts';
import { noteKeyNotice } from './mikey.ts';
import { Observed } from './observed.ts';
import { PayloadWatch } from './payload.ts';
import type { Reread } from './position-ring.ts';
import { type FindingListener, type RaisedFinding, Recorder } from './recorder.ts';
import { RosterAddresses } from './roster-addresses.ts';
import { RtpSources } from './rtp-sources.ts';
import type { SeverityOverrides } from './severity-overrides.ts';
import { Standing, standingOf } from './standing.ts';
import { groupKeyAt, NO_SOURCE } from './subject.ts';
import { UsualMessages } from './usual.ts';
import { UsualRuns } from './usual-runs.ts';

const PLAIN = MessageFlag.notCiphered | MessageFlag.claimedButPlain;

/** What a watch works with. */
export interface FindingWatchOptions {
  readonly keyring: Keyring;
  readonly index: KeyIndex;
  readonly senders: Senders;
  /** Who hears of findings; null where only counts are wanted. */
  readonly listener: FindingListener | null;
  readonly overrides?: SeverityOverrides;
  readonly caps?: CounterCaps;
  /** Whether every rule looks at every message; absent: at those that are not usual ones. What is told is the same. */
  readonly everyRule?: boolean;
  /** Memory in which rounds lie, with room for what is kept there (../engine/shared-layout.ts), zeros; null: they lie elsewhere. */
  readonly shared?: SharedMemory | null;
}

/** Implements the hooks of `EngineSink` that findings need. */
export class FindingWatch {
  readonly #recorder: Recorder;
  readonly #keyring: Keyring;
  readonly #index: KeyIndex;
  readonly #contexts = new ContextColumns();
  readonly #senders: Senders;
  readonly #members: Members;
  readonly #observed: Observed;
  readonly #keyrings: KeyringWatch;
  readonly #keys: KeyWatch;
  readonly #counters: CounterWatch;
  readonly #roster: RosterWatch;
  readonly #bindings: BindingWatch;
  readonly #addresses: RosterAddresses;
  readonly #rtp: RtpSources;
  readonly #payload: PayloadWatch;
  readonly #capture: CaptureWatch;
  readonly #usual: UsualMessages | null;
  readonly #runs: UsualRuns | null;

  constructor(options: FindingWatchOptions) {
    const { keyring, index, senders, shared = null } = options;
    const memory = shared === null ? null : findingsMemory(shared);
    this.#keyring = keyring;
    this.#index = index;
    this.#senders = senders;
    this.#members = new Members(senders);
    this.#recorder = new Recorder(keyring.groups, options.listener, options.overrides);
    this.#observed = new Observed(index);
    this.#keyrings = new KeyringWatch(this.#recorder, keyring);
    this.#keys = new KeyWatch(this.#recorder, index, this.#members);
    this.#counters = new CounterWatch(this.#recorder, index, senders, options.caps, memory?.entries);
    this.#roster = new RosterWatch(this.#recorder, this.#members);
    this.#addresses = new RosterAddresses(keyring.groups);
    this.#bindings = new BindingWatch(this.#recorder, this.#members, this.#addresses);
    this.#rtp = new RtpSources(this.#recorder, this.#members);
    this.#payload = new PayloadWatch(this.#recorder, index, this.#contexts);
    this.#capture = new CaptureWatch(this.#recorder);
    const parts = { contexts: this.#contexts, members: this.#members, keys: this.#keys, counters: this.#counters };
    const usual = new UsualMessages({ ...parts, bindings: this.#bindings, rtp: this.#rtp }, memory?.lines);
    const isAsked = options.everyRule !== true;
    this.#usual = isAsked ? usual : null;
    this.#runs = isAsked ? new UsualRuns({ usual, counters: this.#counters, capture: this.#capture }, shared) : null;
  }

  /** Says where octets of earlier batches can be read again, so that they need not be kept. */
  rereadFrom(source: { readonly reread?: Reread | null }): void {
    this.#counters.ring.reread = source.reread?.bind(source) ?? null;
  }

  /** Any frame, before what came of it. */
  frame(batch: FrameBatch, row: number): void {
    this.#recorder.at(batch, row);
    this.#counters.at(this.#recorder.time);
    this.#keyrings.frame();
    this.#capture.frame(batch, row);
  }

  /**
   * As `EngineSink.run` has it: frames of which no rule has anything to say, each with one message, a usual one.
   *
   * @returns frames taken
   */
  run(batch: FrameBatch, row: number, until: number, table: MessageTable, message: number): number {
    const runs = this.#runs;
    if (runs === null || this.#keyrings.isBehind || this.#capture.awaitsFrame) return 0;
    const recorder = this.#recorder;
    const taken = runs.take(batch, row, until, table, message, recorder.due);
    if (taken === 0) return 0;
    this.#capture.passed(table.time[message + taken - 1]);
    recorder.at(batch, row + taken - 1);
    recorder.settle();
    return taken;
  }

  /** What the first messages of the last run come to by context, and how many those are; null, 0: nobody summed any. */
  get sums(): RunSums | null {
    return this.#runs?.sums ?? null;
  }

  get summed(): number {
    return this.#runs?.summed ?? 0;
  }

  /** A judged message. */
  message(table: MessageTable, row: number): void {
    const recorder = this.#recorder;
    if (recorder.raised.length > 0) recorder.raised.length = 0;
    if (this.#usual?.take(table, row) === true) {
      recorder.settle();
      return;
    }
    this.#usual?.giveBack(table, row);
    const seen = this.#observed;
    const groupKey = groupKeyOf(table, row);
    seen.take(table, row, groupKey, this.#keyring.groups);
    const contexts = this.#contexts;
    const context = contexts.at(table, row);
    seen.member = this.#senders.of(table, row);
    this.#roster.place(seen);
    if (context !== NONE) {
      contexts.messages[context]++;
      if (seen.opened) contexts.opened[context] = 1;
    }
    this.#keys.note(seen);
    this.#payload.note(seen, context);
    this.#count(seen, context);
    this.#roster.note(seen);
    if (seen.opened) {
      this.#bindings.note(seen);
      this.#rtp.note(seen);
    } else if (isSurelyPlain(seen)) this.#bindings.noteClear(seen);
    this.#usual?.learn(seen, context);
    recorder.settle();
  }

  /** What the message at hand raised; valid until the next frame or message. */
  raised(): readonly RaisedFinding[] {
    return this.#recorder.raised;
  }

  /** A frame that is a copy of an earlier transmission. */
  copy({ frames }: WalkTable, row: number): void {
    const version = frames.outcome[row] === Outcome.keyManagement ? 0 : frames.version[row];
    if (version === 0) this.#capture.copy(NO_GROUP, NO_SOURCE);
    else this.#capture.copy(groupKeyAt(this.#index, frames.destination[row], version), frames.source[row]);
    this.#recorder.settle();
  }

  /** A frame with something wrong in its octets. */
  problem(batch: FrameBatch, row: number, walk: WalkTable): void {
    this.#payload.problem(batch, row, walk);
    this.#recorder.settle();
  }

  /** An SDU that was begun and given up. */
  loss(frames: readonly number[], source: number, destination: number, version: number, lcid: number): void {
    this.#payload.loss(frames, source, destination, version, lcid);
    this.#recorder.settle();
  }

  /** A key-management message was read. */
  keyNotice(notice: KeyNotice): void {
    noteKeyNotice(this.#recorder, notice, this.#keyring.groups);
    this.#usual?.forget();
    this.#keyrings.frame();
    this.#recorder.settle();
  }

  /** Groups, rosters or dates of keys were changed from outside; the next message is judged by what is there now. */
  keyringChanged(): void {
    this.#usual?.forget();
    this.#members.forgetPlaces();
    this.#addresses.forget();
    this.#keys.forgetWindows();
  }

  /** What the capture file says of itself. */
  mark(mark: CaptureMark): void {
    this.#capture.mark(mark);
    this.#recorder.settle();
  }

  /** Time passes while no frame comes: what ended by then is given out. @param time milliseconds since 1970 */
  tick(time: number): void {
    this.#counters.at(time);
    this.#recorder.tick(time);
  }

  /** The input has ended: gives out every record that is still open. */
  finish(problem: CaptureProblem | null): void {
    if (problem !== null) this.#capture.ended(problem);
    this.#recorder.finish();
  }

  /** Occurrences by name. */
  counts(): Readonly<Record<string, number>> {
    return this.#recorder.countsByName();
  }

  /** The worst severity told so far as its place in SEVERITIES, -1 where there was none. */
  get worst(): number {
    return this.#recorder.worst;
  }

  /**
   * How far back a replay could still have been seen, in milliseconds since 1970; null where no message was forgotten.
   */
  get replayHorizon(): number | null {
    const { ring } = this.#counters;
    return ring.evictions === 0 ? null : ring.horizon;
  }

  /** What bounded tables gave up; empty where none did. */
  evictions(): Readonly<Record<string, number>> {
    const all: Record<string, number> = {
      'finding-records': this.#recorder.evictions,
      'counter-streams': this.#counters.streams.evictions,
      'counter-talkers': this.#counters.streams.talkerEvictions,
      'seen-pages': this.#counters.seen.evictions,
      'replay-messages': this.#counters.ring.evictions,
      'finding-members': this.#senders.evictions,
      'address-owners': this.#bindings.evictions,
      'rtp-sources': this.#rtp.evictions,
    };
    return Object.fromEntries(Object.entries(all).filter(([, count]) => count > 0));
  }

  #count(seen: Observed, context: number): void {
    const table = seen.table as MessageTable;
    const { row, member, groupKey } = seen;
    // PGK index 0 and PTK id 0 are outside all counter rules; such a message has a context only where it was ciphered.
    if (table.pgkIndex[row] === 0 && table.ptkId[row] === 0) return;
    if (context === NONE) return;
    const contexts = this.#contexts;
    const standing = standingOf(this.#index, table, row, contexts.opened[context] === 1);
    if (standing !== Standing.silent) {
      contexts.stream[context] = this.#counters.note(table, row, standing, groupKey, contexts.stream[context], member);
    } else if (table.epoch[row] !== NONE) {
      // Too short to be sure, a fragment, altered or forged: it moves nothing, but it was heard, so it is not missing.
      this.#counters.noteAside(table, row, member);
    }
  }
}

/** Whether at least 55 bits of a message say that it is plaintext on the air, and nothing in it was altered. */
function isSurelyPlain({ table, row, flags }: Observed): boolean {
  if ((flags & PLAIN) === 0 || (flags & MessageFlag.tampered) !== 0) return false;
  return (table as MessageTable).evidence[row] >= PLAUSIBLE_TENTHS;
}
