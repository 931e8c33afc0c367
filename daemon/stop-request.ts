// An analysis that is to end before its input does: what was read until then is concluded as it is at the end of an input.

/** What gives frames, batch after batch: a source of frames, a ring of rounds. */
export interface BatchInput<Batch> {
  /** The next batch, or null at the end; a promise where it is not there yet. */
  next(): Batch | null | Promise<Batch | null>;
}

/** Stands between an analysis and its input. */
export interface StopRequest {
  /** Whether no more is to be read. */
  readonly isMade: boolean;
  /** The next batch as the input gives it; null, and nothing more is asked of the input, as soon as the request is made. */
  next<Batch>(input: BatchInput<Batch>): Batch | null | Promise<Batch | null>;
}
