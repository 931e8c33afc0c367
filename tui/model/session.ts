// Everything that the views look at: what a feed has told so far, and the filter that is in force. Nothing here draws.

import { type EpochEvent, type FindingEvent, type KeyEvent, type SummaryEvent, VERDICTS } from '../../daemon/events.ts';
import type {
  DetailsRequest,
  FrameDetails,
  GroupDescription,
  MessageBatch,
  Progress,
  ReadingProblem,
} from '../../daemon/inspection/contract.ts';
import type { Cancelable, Feed, FeedListener, FeedState, StatusFact } from '../feed.ts';
import { detailsRequest } from './details-request.ts';
import { EpochUse, hasOpened } from './epoch-use.ts';
import { FindingList } from './finding-list.ts';
import { GroupTable } from './group-table.ts';
import { AllMessages, MatchingMessages, type MessageRows } from './message-rows.ts';
import { FILE_CAP, LIVE_CAP, MessageStore } from './message-store.ts';

/** Constants we chose. */
/** Key deliveries, and gaps, that are kept; the oldest go first. */
const KEY_EVENT_CAP = 4096;
const GAP_CAP = 256;

/** A filter that is in force. */
export interface ActiveFilter {
  readonly text: string;
  readonly rows: MatchingMessages;
  /** Messages that were tested so far. */
  seen: number;
  isDone: boolean;
  problem: ReadingProblem | null;
}

/** See the head of the file. */
export class Session {
  readonly feed: Feed;
  readonly store: MessageStore;
  readonly groups = new GroupTable();
  readonly findings = new FindingList();
  readonly epochUse = new EpochUse();
  /** Key deliveries in order, the newest last. */
  readonly keyEvents: KeyEvent[] = [];
  epochs: readonly EpochEvent[] = [];
  descriptions: readonly GroupDescription[] = [];
  progress: Progress | null = null;
  summary: SummaryEvent | null = null;
  facts: readonly StatusFact[] = [];
  readonly gaps: string[] = [];
  state: FeedState = 'loading';
  problem: ReadingProblem | null = null;
  readonly #all: AllMessages;
  #filter: ActiveFilter | null = null;
  #pass: Cancelable | null = null;
  #changed: () => void = () => undefined;
  /** What was told while the screen is held still; null: it is not. */
  #held: { readonly messages: number; readonly take: () => void }[] | null = null;
  #heldMessages = 0;
  /** Messages that wait while the screen is held still. */
  readonly #waitingCap: number;

  constructor(feed: Feed) {
    this.feed = feed;
    this.#waitingCap = feed.kind === 'daemon' ? LIVE_CAP : FILE_CAP;
    this.store = new MessageStore(this.#waitingCap);
    this.#all = new AllMessages(this.store);
  }

  /** Begins. @param changed told whenever there is something new to see */
  open(changed: () => void): void {
    this.#changed = changed;
    this.feed.open(this.#listener());
  }

  /** The messages that lists show now. */
  get rows(): MessageRows {
    return this.#filter?.rows ?? this.#all;
  }

  /** The filter in force, or null. */
  get filter(): ActiveFilter | null {
    return this.#filter;
  }

  /** True while the screen is held still. */
  get isPaused(): boolean {
    return this.#held !== null;
  }

  /** Messages that wait. */
  get waiting(): number {
    return this.#heldMessages;
  }

  /** Holds everything still: what is told waits, and nothing of it is lost. */
  pause(): void {
    this.#held ??= [];
    this.#changed();
  }

  /** Goes on with what has waited. */
  resume(): void {
    const held = this.#held ?? [];
    this.#held = null;
    this.#heldMessages = 0;
    for (const { take } of held) take();
    this.#changed();
  }

  /** What waits has the cap of what is kept. Above it the oldest is taken: no name, number or message gets lost. */
  #hold(messages: number, take: () => void): void {
    const held = this.#held;
    if (held === null) return;
    held.push({ messages, take });
    this.#heldMessages += messages;
    let going = 0;
    for (; this.#heldMessages > this.#waitingCap && going < held.length; going++) {
      held[going].take();
      this.#heldMessages -= held[going].messages;
    }
    held.splice(0, going);
  }

  /** Puts a filter in force; an empty text takes it away. The text must compile. */
  setFilter(text: string): void {
    this.#pass?.cancel();
    this.#pass = null;
    this.#filter = null;
    if (text.trim() !== '') {
      const filter: ActiveFilter = {
        text,
        rows: new MatchingMessages(this.store),
        seen: 0,
        isDone: false,
        problem: null,
      };
      this.#filter = filter;
      this.#pass = this.feed.filter(text, {
        matched: (ordinals, seen) => {
          filter.rows.add(ordinals);
          filter.seen = seen;
          this.#changed();
        },
        done: () => {
          filter.isDone = true;
          this.#changed();
        },
        failed: (problem) => {
          filter.problem = problem;
          filter.isDone = true;
          this.#changed();
        },
      });
    }
    this.#changed();
  }

  /** Lays the frame of a message open. */
  async details(ordinal: number): Promise<FrameDetails | null> {
    return this.feed.details(this.detailsRequest(ordinal));
  }

  /** What has to be asked to lay the frame of a message open. */
  detailsRequest(ordinal: number): DetailsRequest {
    return detailsRequest(this.store, this.keyEvents, ordinal);
  }

  async close(): Promise<void> {
    this.#pass?.cancel();
    this.#changed = () => undefined;
    await this.feed.close();
  }

  /** A key came that opens a message which was told before. */
  #corrected(ordinal: number, before: number): void {
    const { group, verdict, pgkId, ptkId, source, sourceName, time } = this.store.message(ordinal);
    this.groups.correct(group, before, VERDICTS.indexOf(verdict), pgkId);
    if (pgkId < 0 || !hasOpened(VERDICTS.indexOf(verdict))) return;
    this.epochUse.note({ group, source, sourceName, time, pgkId, ptkId, isStale: verdict === 'stale' });
  }

  #listener(): FeedListener {
    const changing =
      <Value extends readonly unknown[]>(take: (...values: Value) => void) =>
      (...values: Value): void => {
        if (this.#held !== null) this.#hold(messagesOf(values[0]), () => take(...values));
        else take(...values);
        this.#changed();
      };
    return {
      state: changing((state: FeedState, problem: ReadingProblem | null) => {
        this.state = state;
        this.problem = problem;
      }),
      messages: changing((batch: MessageBatch) => {
        const corrected = this.store.add(batch);
        this.groups.add(batch);
        this.epochUse.add(batch);
        for (const { ordinal, before } of corrected) this.#corrected(ordinal, before);
      }),
      finding: changing((event: FindingEvent) => {
        if (this.findings.add(event)) this.groups.finding(event);
      }),
      key: changing((event: KeyEvent) => {
        this.keyEvents.push(event);
        if (this.keyEvents.length > KEY_EVENT_CAP) this.keyEvents.shift();
      }),
      groups: changing((groups: readonly GroupDescription[]) => {
        this.descriptions = groups;
        this.groups.describe(groups);
      }),
      epochs: changing((events: readonly EpochEvent[]) => {
        this.epochs = events;
      }),
      progress: changing((progress: Progress) => {
        this.progress = progress;
      }),
      summary: changing((event: SummaryEvent) => {
        this.summary = event;
      }),
      facts: changing((facts: readonly StatusFact[]) => {
        this.facts = facts;
      }),
      gap: changing((text: string) => {
        this.gaps.push(text);
        if (this.gaps.length > GAP_CAP) this.gaps.shift();
      }),
    };
  }
}

/** Messages in what was told: a batch has some. */
function messagesOf(told: unknown): number {
  return typeof told === 'object' && told !== null && 'summaryEnd' in told ? (told as MessageBatch).count : 0;
}
