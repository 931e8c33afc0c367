// One frame with everything that came of it, gathered while the engine tells it: what layer trees, filters and writers
// look at. One object serves all frames of a capture.

import type { FrameBatch } from '../../captures/frame-batch.ts';
import type { WalkTable } from '../../dissectors/walk-table.ts';
import type { RaisedFinding } from '../findings/recorder.ts';
import type { KeyIndex } from '../keyring/key-index.ts';
import type { Group } from '../keyring/keyring.ts';
import type { Attempt } from './judge.ts';
import type { MessageEventMaker } from './message-event.ts';
import type { MessageTable } from './message-table.ts';

/** One message that the frame completed. */
export interface AnalysedMessage {
  /** Row in the frame's `table`. */
  readonly row: number;
  /** Findings that the message raised. */
  readonly raised: readonly RaisedFinding[];
  /** Keys that were tried on it, in order; empty where nobody asked for that. */
  readonly attempts: readonly Attempt[];
  /** Payload of the IP datagram that the SDU, a fragment, completed. */
  readonly reassembled: Uint8Array | null;
}

const NOTHING_RAISED: readonly RaisedFinding[] = [];
const NO_ATTEMPTS: readonly Attempt[] = [];

/** What judgements are explained with. */
export interface JudgementContext {
  readonly groups: readonly Group[];
  readonly index: KeyIndex;
  /** Says why plaintext is withheld. */
  readonly maker: MessageEventMaker;
}

/** Valid while somebody is told of the frame; the next frame replaces it. */
export class AnalysedFrame {
  readonly context: JudgementContext;
  #batch: FrameBatch | null = null;
  #walk: WalkTable | null = null;
  #table: MessageTable | null = null;
  row = 0;
  /** Messages that it completed, in the order of its octets. */
  readonly messages: AnalysedMessage[] = [];
  /** Findings of the frame that belong to none of its messages: copies, damage, key management. */
  raised: readonly RaisedFinding[] = NOTHING_RAISED;

  constructor(context: JudgementContext) {
    this.context = context;
  }

  get batch(): FrameBatch {
    if (this.#batch === null) throw new Error('no frame is at hand');
    return this.#batch;
  }

  /** The walk of its batch. */
  get walk(): WalkTable {
    if (this.#walk === null) throw new Error('no frame is at hand');
    return this.#walk;
  }

  /** Where the rows of its messages are. */
  get table(): MessageTable {
    if (this.#table === null) throw new Error('no message is at hand');
    return this.#table;
  }

  /** Number in the capture, from 1. */
  get number(): number {
    return this.batch.firstFrame + this.row;
  }

  /** Its octets as captured: a view, valid as long as the batch. */
  get bytes(): Uint8Array {
    const { bytes, offset, captured } = this.batch;
    return bytes.subarray(offset[this.row], offset[this.row] + captured[this.row]);
  }

  /** The next frame is at hand. */
  begin(batch: FrameBatch, row: number, walk: WalkTable): void {
    this.#batch = batch;
    this.#walk = walk;
    this.row = row;
    // Setting the length would give its memory up.
    while (this.messages.length > 0) this.messages.pop();
    this.raised = NOTHING_RAISED;
  }

  /** What was found of the frame itself. */
  noteRaised(raised: readonly RaisedFinding[]): void {
    if (raised.length > 0) this.raised = [...raised];
  }

  /** One more message of it. What the lists hold now is kept. */
  addMessage(
    table: MessageTable,
    row: number,
    raised: readonly RaisedFinding[],
    attempts: readonly Attempt[],
    reassembled: Uint8Array | null,
  ): void {
    this.#table = table;
    this.messages.push({
      row,
      raised: raised.length === 0 ? NOTHING_RAISED : [...raised],
      attempts: attempts.length === 0 ? NO_ATTEMPTS : [...attempts],
      reassembled,
    });
  }
}
