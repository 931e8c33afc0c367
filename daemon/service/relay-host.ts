// What the relay asks of the daemon, answered from journal, engine and gate.

import { setTimeout as sleep } from 'node:timers/promises';
import type { EnginePort, GroupRow, KeyRow, TreeAnswer } from '../engine-process/engine-port.ts';
import { SidescopeError } from '../errors.ts';
import type { JournalPort } from '../journal/journal-port.ts';
import type { Reach } from '../relay/access.ts';
import type { MissingRange, RelayedFrame, RelayHost } from '../relay/relay-port.ts';
import type { EngineRecord, KeyName, PlainPart, RelayRecord } from '../relay/relay-record.ts';
import { batchOf, type FoundFrame, findFrames } from './frame-lookup.ts';
import type { Tracks } from './frame-numbers.ts';
import type { KeyGate } from './key-gate.ts';

// We chose: frames of the same track before one whose tree is asked for: what they prove of its context counts.
const CONTEXT_FRAMES = 400;
/** Milliseconds that a question waits for an engine that is being started again, and between two looks whether it is. */
const ENGINE_WAIT = 15_000;
const ENGINE_LOOK = 100;
/** Milliseconds between two looks whether what was under way has been told. */
const TOLD_LOOK = 5;

/** What the answers come from. */
export interface HostParts {
  readonly journal: JournalPort;
  readonly engine: EnginePort;
  readonly gate: KeyGate;
  readonly tracks: Tracks;
  readonly groups: () => readonly GroupRow[];
  /** Sequence number handed to the relay last. */
  readonly head: () => number;
  /** The last frame of which everything was told. */
  readonly told: () => number;
  readonly status: () => unknown;
}

/** See the head of the file. */
export class DaemonHost implements RelayHost {
  readonly #parts: HostParts;
  /** The question about plaintext of the past that was asked last. */
  #retelling: Promise<unknown> = Promise.resolve();

  constructor(parts: HostParts) {
    this.#parts = parts;
  }

  get head(): number {
    return this.#parts.head();
  }

  /** Nothing plain leaves that could not be put on record. */
  get plainAllowed(): boolean {
    return this.#parts.journal.status().state === 'good';
  }

  history(
    seq: number,
    limit: number,
  ): Promise<{ readonly records: readonly RelayRecord[]; readonly missing: readonly MissingRange[] }> {
    return this.#parts.journal.readRecords(seq, limit);
  }

  /** One at a time: frames that come now are judged between them, however many subscribers ask for the past. */
  plainOf(
    records: readonly RelayRecord[],
    view: 'plain' | 'forensic',
    reason: string | null,
  ): Promise<readonly (PlainPart | null)[]> {
    const next = this.#retelling.then(() => this.#plainOf(records, view, reason));
    this.#retelling = next.catch(() => undefined);
    return next;
  }

  async #plainOf(
    records: readonly RelayRecord[],
    view: 'plain' | 'forensic',
    reason: string | null,
  ): Promise<readonly (PlainPart | null)[]> {
    const { journal, engine } = this.#parts;
    const frames = await findFrames(journal, records.flatMap(framesOf));
    const items: { record: EngineRecord; frames: ReturnType<typeof batchOf> }[] = [];
    const places: number[] = [];
    for (const [index, record] of records.entries()) {
      const found = framesOf(record).map((number) => frames.get(number));
      if (found.length === 0 || found.includes(undefined)) continue;
      items.push({ record, frames: batchOf(found as FoundFrame[]) });
      places.push(index);
    }
    const parts: (PlainPart | null)[] = records.map(() => null);
    if (items.length === 0) return parts;
    let told: readonly (PlainPart | null)[] = [];
    try {
      told = await this.#whenUp(() => engine.retell(items, view, reason));
    } catch (error) {
      // What cannot be deciphered now goes out as what it is without.
      if (!isEngineDown(error)) throw error;
      return parts;
    }
    for (const [index, place] of places.entries()) parts[place] = told[index];
    return parts;
  }

  async tree(frame: number, reach: readonly Reach[]): Promise<(TreeAnswer & { readonly track: number }) | null> {
    const { journal, engine } = this.#parts;
    const around: FoundFrame[] = [];
    const first = Math.max(1, frame - CONTEXT_FRAMES);
    const numbers = Array.from({ length: frame - first + 1 }, (_, index) => first + index);
    const found = await findFrames(journal, numbers);
    const asked = found.get(frame);
    if (asked === undefined) return null;
    const track = this.#trackOf(asked);
    for (const each of found.values()) if (this.#trackOf(each) === track) around.push(each);
    const answer = await this.#whenUp(() => engine.tree(batchOf(around), reach, track));
    return answer === null ? null : { ...answer, track };
  }

  async frames(numbers: readonly number[]): Promise<ReadonlyMap<number, RelayedFrame>> {
    const { journal } = this.#parts;
    const names = new Map(journal.interfaces().map((row) => [row.interfaceId, `${row.source}/${row.name}`]));
    const frames = new Map<number, RelayedFrame>();
    for (const found of (await findFrames(journal, numbers)).values()) {
      const { number, linkType, seconds, nanoseconds, digits, bytes, original } = found;
      const interfaceName = names.get(found.interfaceId) ?? 'unknown';
      frames.set(number, { number, interfaceName, linkType, seconds, nanoseconds, digits, bytes, original });
    }
    return frames;
  }

  mayUse(key: KeyName, track: number): boolean {
    return this.#parts.gate.mayUse(key, track);
  }

  keyRows(): readonly KeyRow[] {
    return this.#parts.gate.rows();
  }

  groupRows(): readonly GroupRow[] {
    return this.#parts.groups();
  }

  async demandChanged(demand: ReadonlyMap<string, 'plain' | 'forensic'>): Promise<void> {
    const { engine, journal, told } = this.#parts;
    engine.demand(demand);
    const last = journal.nextFrame - 1;
    const until = performance.now() + ENGINE_WAIT;
    // An engine that is started anew knows the demand before the first frame.
    while (told() < last && engine.status().state === 'running' && performance.now() < until) await sleep(TOLD_LOOK);
  }

  audit(type: string, data: Readonly<Record<string, unknown>>): Promise<void> {
    return this.#whenUp(() => this.#parts.engine.audit(type, data));
  }

  status(): unknown {
    return this.#parts.status();
  }

  /** Asks the engine; where it is down, once more when it is back, for a subscriber is not to pay for its restart. */
  async #whenUp<T>(ask: () => Promise<T>): Promise<T> {
    try {
      return await ask();
    } catch (error) {
      if (!isEngineDown(error)) throw error;
    }
    const { engine } = this.#parts;
    for (let waited = 0; waited < ENGINE_WAIT && engine.status().state !== 'running'; waited += ENGINE_LOOK) {
      if (engine.status().state === 'stopped') break;
      await sleep(ENGINE_LOOK);
    }
    return ask();
  }

  #trackOf({ interfaceId }: FoundFrame): number {
    const row = this.#parts.journal.interfaces().find((each) => each.interfaceId === interfaceId);
    return row === undefined ? 0 : this.#parts.tracks.named(row.track).track;
  }
}

function isEngineDown(error: unknown): boolean {
  return error instanceof SidescopeError && error.code.startsWith('engine.');
}

/** Frames that a record's plain part comes from; none where it has no plain part of its own to come from. */
function framesOf({ event }: RelayRecord): readonly number[] {
  if (event.type === 'message') return event.frames ?? [event.frame];
  return [];
}
