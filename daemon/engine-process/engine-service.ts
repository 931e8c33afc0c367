// The engine side without its pipes: frames and questions in, messages to the parent out. Clock and keys are passed in.

import type { FrameBatch } from '../../captures/frame-batch.ts';
import { SidescopeError } from '../errors.ts';
import type { KeyEvent } from '../events.ts';
import { checkOverrides } from '../findings/check-overrides.ts';
import type { SeverityOverrides } from '../findings/severity-overrides.ts';
import { Keyring } from '../keyring/keyring.ts';
import { DELIVERED } from '../keyring/vault/assumed-group.ts';
import { copyOf } from '../keyring/vault/sealing.ts';
import type { Reach } from '../relay/access.ts';
import { NO_RECORDS, type RecordBlock } from '../relay/record-block.ts';
import type { EngineRecord, PlainPart } from '../relay/relay-record.ts';
import type { KeysAnswer, KeysRequest, Track, TreeAnswer } from './engine-port.ts';
import { GroupRequests } from './group-requests.ts';
import type { KeyCustody } from './key-custody.ts';
import { carryOut } from './key-requests.ts';
import { groupRows, keyRows } from './key-rows.ts';
import { decodeBatch, sliceBatch, sliceEnd } from './pipe-batch.ts';
import type { Answers, DownMessage, EngineSettings, PipedError, Question, UpMessage } from './pipe-messages.ts';
import { ReplayUse } from './replay-use.ts';
import { Retelling } from './retelling.ts';
import { RequestOpener } from './sealed-request.ts';
import { TrackAnalysis } from './track-analysis.ts';
import { treeOfLast } from './tree-answer.ts';

// We chose.
/** Frames and octets judged for one answer: bounds what an answer takes, and still lets the ciphers work by the batch. */
const SLICE_ROWS = 1024;
const SLICE_OCTETS = 256 * 1024;
/** Tracks. Above it frames of others are left unjudged, and an alarm is raised. */
const TRACKS_MOST = 256;
/** Milliseconds between two saves of use counters and clock, and between two looks for a checkpoint. */
const SAVE_MS = 60_000;

/** What a service works with. */
export interface ServiceTools {
  readonly keys: KeyCustody;
  readonly settings: EngineSettings;
  readonly tell: (message: UpMessage) => void;
  /** Records, and how far frames are judged with them. */
  readonly judged: (block: RecordBlock, through: number) => void;
  /** Octets of memory that the process takes. */
  readonly memoryOctets: () => number;
}

/** See the head of the file. */
export class EngineService {
  readonly #tools: ServiceTools;
  readonly #severities: SeverityOverrides;
  readonly #opener = new RequestOpener();
  readonly #tracks = new Map<number, TrackAnalysis>();
  readonly #replayUse = new ReplayUse();
  #groups: GroupRequests | null = null;
  #known: readonly Track[] = [];
  #demand: ReadonlyMap<string, 'plain' | 'forensic'> = new Map();
  #tellFrom = 1;
  #savedAt: number;
  #isClockBad = false;
  /** Keys that came over the air since the parent was told of the keys. */
  #hasNews = false;

  /** @throws SidescopeError where the settings name severities that there are not */
  constructor(tools: ServiceTools) {
    this.#tools = tools;
    this.#severities = checkOverrides(tools.settings.severities);
    this.#savedAt = tools.keys.now();
  }

  /** Says which keys there are. */
  tellKeys(): void {
    const now = this.#now();
    const keyrings = [...this.#tracks.values()]
      .sort((a, b) => Number(a.track.clock === 'capture') - Number(b.track.clock === 'capture'))
      .map(({ live }) => live.keyring);
    if (keyrings.length > 0) {
      this.#tools.tell({ say: 'keys', keys: keyRows(keyrings, now), groups: groupRows(keyrings) });
      return;
    }
    const held = this.#tools.keys.heldKeys();
    this.#tools.tell({ say: 'keys', keys: keyRows([held], now), groups: groupRows([held]) });
    held.wipe();
  }

  /** Everything the parent says but questions. */
  hear(message: Exclude<DownMessage, { say: 'open' | 'ask' | 'announce' }>): void {
    switch (message.say) {
      case 'tracks':
        this.#known = message.tracks;
        return;
      case 'demand':
        this.#setDemand(message.demand);
        return;
      case 'tell-from':
        this.#tellFrom = message.frame;
        return;
      default:
    }
  }

  /** Judges frames and tells what came of them. */
  frames(batch: FrameBatch, track: number): void {
    const analysis = this.#trackOf(track);
    if (batch.count === 0 && analysis !== null) this.#judged(this.#judge(analysis, batch, true), batch.firstFrame - 1);
    for (let from = 0; from < batch.count; ) {
      let to = sliceEnd(batch, from, SLICE_ROWS, SLICE_OCTETS);
      const first = batch.firstFrame + from;
      const isTold = first >= this.#tellFrom;
      if (!isTold) to = Math.min(to, this.#tellFrom - batch.firstFrame);
      const block = analysis === null ? NO_RECORDS : this.#judge(analysis, sliceBatch(batch, from, to), isTold);
      this.#judged(block, batch.firstFrame + to - 1);
      from = to;
    }
    if (this.#hasNews) {
      this.#hasNews = false;
      this.tellKeys();
    }
  }

  /** Time passes; to be called about once a second. */
  tick(): void {
    const now = this.#now();
    for (const analysis of this.#tracks.values()) {
      const block = this.#guarded(() => analysis.tick(now));
      if (block !== null && block.count > 0) this.#judged(block, 0);
    }
    if (now - this.#savedAt < SAVE_MS) return;
    this.#savedAt = now;
    this.#save();
  }

  /**
   * Answers a question.
   *
   * @param parts batches of frames that belong to it
   * @throws SidescopeError and its kin
   */
  answer(question: Question, parts: readonly Uint8Array[]): Answers[Question['about']] {
    switch (question.about) {
      case 'ping':
        return { memoryOctets: this.#tools.memoryOctets() };
      case 'finish':
        this.#finish();
        return null;
      case 'stop':
        return null;
      case 'retell':
        return this.#retell(question.records, parts, question.view, question.reason);
      case 'tree':
        return this.#tree(parts, question.reach);
      case 'keys':
        return this.#keys(question.request);
      case 'audit':
        this.#tools.keys.record(question.entries);
        return null;
      case 'relay-state':
        return this.#tools.keys.relayState();
      case 'keep-relay-state':
        this.#tools.keys.keepRelayState(question.text, question.entries);
        return null;
    }
  }

  /** Saves what is to be saved and overwrites every key. */
  close(): void {
    try {
      this.#save();
    } finally {
      for (const analysis of this.#tracks.values()) analysis.close();
      this.#tracks.clear();
      this.#groups?.close();
      this.#tools.keys.close();
    }
  }

  /** Nothing more will come: findings that are still being folded are told with their counts. */
  #finish(): void {
    const now = this.#now();
    for (const analysis of this.#tracks.values()) {
      const block = this.#guarded(() => analysis.finish(now));
      if (block !== null && block.count > 0) this.#judged(block, 0);
    }
  }

  #now(): number {
    return this.#guarded(() => this.#tools.keys.now()) ?? Date.now();
  }

  /** Runs what asks the vault's clock. Where that was turned back no plaintext leaves, and an operator is told once. */
  #guarded<Value>(run: () => Value): Value | null {
    try {
      const value = run();
      if (this.#isClockBad) this.#clockAlarm(false, '', '');
      return value;
    } catch (error) {
      if (!(error instanceof SidescopeError)) throw error;
      if (!this.#isClockBad) this.#clockAlarm(true, error.message, error.hint);
      return null;
    }
  }

  #clockAlarm(raised: boolean, message: string, hint: string): void {
    this.#isClockBad = raised;
    const text = raised ? message : 'the clock goes right again';
    const alarm = { type: 'alarm', name: 'engine.clock', severity: 'high', message: text, hint, raised } as const;
    this.#tools.tell({ say: 'alarm', alarm });
  }

  #judge(analysis: TrackAnalysis, batch: FrameBatch, isTold: boolean): RecordBlock {
    const now = this.#now();
    this.#guarded(() => analysis.live.refresh());
    return analysis.judge(batch, isTold, now);
  }

  #judged(block: RecordBlock, through: number): void {
    this.#tools.judged(block, through);
  }

  #trackOf(number: number): TrackAnalysis | null {
    const there = this.#tracks.get(number);
    if (there !== undefined) return there;
    const track = this.#known.find((each) => each.track === number);
    if (track === undefined || this.#tracks.size >= TRACKS_MOST) return null;
    const { keys } = this.#tools;
    const analysis = new TrackAnalysis({
      track,
      source: keys,
      severities: this.#severities,
      delivered: (event) => this.#delivered(event, track),
    });
    analysis.demand(this.#demand);
    this.#tracks.set(number, analysis);
    return analysis;
  }

  /** Plaintext under keys that are not active is on record before it is made (security C.5). */
  #setDemand(demand: readonly (readonly [string, 'plain' | 'forensic'])[]): void {
    const next = new Map(demand);
    const fresh = [...next].filter(([group, kind]) => kind === 'forensic' && this.#demand.get(group) !== 'forensic');
    const ended = [...this.#demand].filter(([group, kind]) => kind === 'forensic' && next.get(group) !== 'forensic');
    if (fresh.length > 0) {
      this.#tools.keys.record([{ type: 'forensic.allowed', data: { groups: fresh.map(([group]) => group) } }]);
    }
    this.#demand = next;
    for (const analysis of this.#tracks.values()) analysis.demand(next);
    if (ended.length === 0) return;
    this.#tools.keys.record([{ type: 'forensic.ended', data: { groups: ended.map(([group]) => group) } }]);
  }

  #retell(
    records: readonly EngineRecord[],
    parts: readonly Uint8Array[],
    view: 'plain' | 'forensic',
    reason: string | null,
  ): (PlainPart | null)[] {
    if (view === 'forensic') {
      const groups = [...new Set(records.map(({ event }) => event.group ?? ''))];
      const data = { groups, records: records.length, reason: reason ?? 'none given' };
      this.#tools.keys.record([{ type: 'forensic.retold', data }]);
    }
    const retelling = new Retelling(this.#now());
    try {
      return records.map((record, index) => {
        const piped = index < parts.length ? decodeBatch(parts[index]) : null;
        const analysis = this.#trackOf(record.track);
        if (piped === null || analysis === null) return null;
        if (this.#guarded(() => analysis.live.refresh()) === null) return null;
        return retelling.retell(record, piped.batch, analysis.gate, view);
      });
    } finally {
      retelling.close();
    }
  }

  #tree(parts: readonly Uint8Array[], reach: readonly Reach[]): TreeAnswer | null {
    const piped = parts.length === 0 ? null : decodeBatch(parts[0]);
    const analysis = piped === null ? null : this.#trackOf(piped.track);
    if (piped === null || analysis === null) return null;
    this.#guarded(() => analysis.live.refresh());
    const { batch } = piped;
    const frame = batch.firstFrame + batch.count - 1;
    // On record before the tree is made.
    const onForensic = (): void => this.#tools.keys.record([{ type: 'forensic.tree', data: { frame } }]);
    return treeOfLast(batch, reach, analysis.gate, this.#now(), onForensic);
  }

  #keys(request: KeysRequest): KeysAnswer {
    const { keys, settings } = this.#tools;
    const { vault } = keys;
    if (vault === null) {
      const message = 'the daemon runs with plain keyring files, about which nothing can be ordered';
      const hint = 'make a vault (`sidescope keys init`), import the keyrings, and name it in the configuration';
      return { ok: false, code: 'engine.plain-keyring', message, hint, exitCode: 2 };
    }
    const before = keys.generation;
    try {
      if (request.verb.startsWith('group.')) {
        this.#groups ??= new GroupRequests(vault, this.#opener);
        return { ok: true, data: this.#groups.carryOut(request) };
      }
      this.#countUse();
      return {
        ok: true,
        data: carryOut(request, { vault, settings, opener: this.#opener, replayUse: this.#replayUse }),
      };
    } catch (error) {
      return { ok: false, ...pipedError(error) };
    } finally {
      if (keys.generation !== before) this.#keysChanged();
    }
  }

  /** What the vault has now holds in every analysis, and the parent knows it, before anybody is answered. */
  #keysChanged(): void {
    const now = this.#now();
    for (const analysis of this.#tracks.values()) {
      const block = this.#guarded(() => analysis.keysChanged(now));
      if (block !== null && block.count > 0) this.#judged(block, 0);
    }
    this.tellKeys();
  }

  #delivered(event: KeyEvent, track: Track): void {
    this.#hasNews = true;
    const { keys, settings } = this.#tools;
    if (!settings.keepDelivered || track.clock !== 'wall' || !event.accepted || keys.vault === null) return;
    if (event.group === null || event.pgkId === null) return;
    const keyring = this.#deliveredKey(event, track);
    if (keyring === null) return;
    try {
      keys.vault.importKeyring(keyring, DELIVERED);
    } catch (error) {
      const { message, hint } = pipedError(error);
      const text = `a delivered key was not stored in the vault: ${message}`;
      const alarm = {
        type: 'alarm',
        name: 'engine.key-not-kept',
        severity: 'medium',
        message: text,
        hint,
        raised: true,
      } as const;
      this.#tools.tell({ say: 'alarm', alarm });
    } finally {
      keyring.wipe();
    }
  }

  /** A keyring of the one key that was delivered. */
  #deliveredKey(event: KeyEvent, track: Track): Keyring | null {
    const live = this.#tracks.get(track.track)?.live.keyring;
    const group = live?.groupById(Number.parseInt(event.group ?? '', 16));
    const key = group?.keys.findLast(({ id, octets }) => id === event.pgkId && octets !== null);
    if (group === undefined || key === undefined || key.octets === null) return null;
    const { id, algorithm, notBefore, notAfter, revokedAt, compromisedAt, suspendedAt, resumedAt } = key;
    const dates = { notBefore, notAfter, revokedAt, compromisedAt, suspendedAt, resumedAt, destroyedAt: null };
    const { name, protection, derivation, multicast, members } = group;
    const description = { id: group.id, name, algorithm: group.algorithm, protection, derivation, multicast, members };
    const keys = [{ id, algorithm, ...dates, octets: copyOf(key.octets) }];
    return new Keyring({ groups: [{ ...description, keys }], pmks: [], lkh: [], managers: [] });
  }

  #countUse(): void {
    for (const analysis of this.#tracks.values()) {
      for (const { epoch, frames, octets } of analysis.takeUse()) {
        if (analysis.track.clock === 'wall') {
          this.#tools.keys.countUse(epoch.group.id, epoch.id, epoch.notBefore, frames, octets);
        } else this.#replayUse.add({ epoch, frames, octets });
      }
    }
  }

  #save(): void {
    this.#countUse();
    try {
      this.#tools.keys.saveState();
      this.#tools.keys.checkpoint();
    } catch (error) {
      const { message, hint } = pipedError(error);
      const text = `the state of the vault was not saved: ${message}`;
      const alarm = {
        type: 'alarm',
        name: 'engine.vault-state',
        severity: 'high',
        message: text,
        hint,
        raised: true,
      } as const;
      this.#tools.tell({ say: 'alarm', alarm });
    }
  }
}

/** An error for the pipe. Of an unexpected one only its kind is said: its text may quote what must not leave. */
export function pipedError(error: unknown): PipedError {
  if (error instanceof SidescopeError) {
    const { code, message, hint, exitCode } = error;
    return { code, message, hint, exitCode };
  }
  const name = error instanceof Error ? error.name : 'something unknown';
  return {
    code: 'engine.internal',
    message: `the engine failed (${name})`,
    hint: 'this is a fault of sidescope; please report what was asked',
    exitCode: 1,
  };
}
