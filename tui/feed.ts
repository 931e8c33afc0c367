// Where the terminal program gets what it shows: a capture file that a thread analyses (feed/capture-feed.ts) or a daemon
// that is asked over its relay, behind one interface. A feed tells; the model (model/) remembers; views look at the model.

import type { EpochEvent, FindingEvent, KeyEvent, SummaryEvent } from '../daemon/events.ts';
import type {
  DetailsRequest,
  ExportRequest,
  FrameDetails,
  GroupDescription,
  MessageBatch,
  Progress,
  ReadingProblem,
} from '../daemon/inspection/contract.ts';

/**
 * How a feed is doing. `loading`: a file is being read; `complete`: all of it is there; `live`: messages come as they are
 * sent; `lost`: the daemon does not answer and is tried again; `ended`: nothing more will come.
 */
export type FeedState = 'loading' | 'complete' | 'live' | 'lost' | 'ended';

/** A line of the status view. */
export interface StatusFact {
  /** Facts with the same heading stand together, in the order in which they are told. */
  readonly heading: string;
  readonly name: string;
  readonly value: string;
  /** Something is wrong with it, or needs a look. */
  readonly level?: 'warning' | 'bad';
}

/** Who hears of a feed. Called on the thread of the screen: what it is told is plain data and its own. */
export interface FeedListener {
  state(state: FeedState, problem: ReadingProblem | null): void;
  messages(batch: MessageBatch): void;
  /** A finding: for the first time, or again with its final count (same name, scope, severity and first frame). */
  finding(event: FindingEvent): void;
  key(event: KeyEvent): void;
  /** All groups that are known, anew. */
  groups(groups: readonly GroupDescription[]): void;
  /** All epochs that are known, anew. */
  epochs(events: readonly EpochEvent[]): void;
  progress(progress: Progress): void;
  summary(event: SummaryEvent): void;
  /** Facts for the status view, anew. */
  facts(facts: readonly StatusFact[]): void;
  /** Messages were lost on the way to us (a live feed): a gap in what is shown. */
  gap(text: string): void;
}

/** What a running filter tells. */
export interface FilterListener {
  /** Ordinals of messages that pass, ascending, counted from the first message that the feed told; `seen`: tested so far. */
  matched(ordinals: Uint32Array, seen: number): void;
  /** Every message there is has been tested; of a live feed new ones go on being tested. */
  done(): void;
  failed(problem: ReadingProblem): void;
}

/** A request that can be called off. */
export interface Cancelable {
  cancel(): void;
}

/** See the head of the file. */
export interface Feed {
  readonly kind: 'capture' | 'daemon';
  /** File name or address, as the header shows it. */
  readonly name: string;
  /** Begins to tell. */
  open(listener: FeedListener): void;
  /** A frame laid open; null where it is not there any more. Rejects with a ReadingProblem in `FeedError`. */
  details(request: DetailsRequest): Promise<FrameDetails | null>;
  /** Tests messages, those to come included. The text has been compiled before: it is a good filter. */
  filter(text: string, listener: FilterListener): Cancelable;
  /** Writes messages into a file. @returns how many */
  export(request: ExportRequest): Promise<number>;
  close(): Promise<void>;
}

/** Something a feed could not do, in words for the person who asked. */
export class FeedError extends Error {
  readonly code: string;
  readonly hint: string;

  constructor(problem: ReadingProblem) {
    super(problem.message);
    this.name = 'FeedError';
    this.code = problem.code;
    this.hint = problem.hint;
  }
}
