// One place of the ring between threads of an analysis: a round of frames and their messages in shared memory. Who reads
// a plain file reads it into the slot, and puts the messages together there; other input is copied in. All others work on both
// where they stand.

import { BATCH_ROWS, type FrameBatch } from '../../captures/frame-batch.ts';
import { createColumns, layOutColumns } from '../../dissectors/column-layout.ts';
import { layMessageColumns, MESSAGE_COLUMNS, MESSAGE_COLUMNS_OCTETS } from '../engine/message-columns.ts';
import { MessageTable } from '../engine/message-table.ts';
import { enough, type ReplacedMemory, type RoundMemory } from './ring-memory.ts';

/** Columns of a frame. */
const FRAME_COLUMNS = {
  ...{ seconds: Float64Array, nanoseconds: Uint32Array, offset: Uint32Array, captured: Uint32Array },
  ...{ original: Uint32Array, linkType: Uint16Array, interfaceId: Uint16Array, digits: Uint8Array },
} as const;
const FRAME_COLUMN_NAMES = Object.keys(FRAME_COLUMNS) as readonly (keyof typeof FRAME_COLUMNS)[];

/** Behind the columns of frames those of messages begin. */
const MESSAGES_AT = (layOutColumns(FRAME_COLUMNS, BATCH_ROWS).octets + 4095) & ~4095;

/** Octets that the columns of a slot take. */
export const COLUMN_OCTETS = MESSAGES_AT + MESSAGE_COLUMNS_OCTETS;

/** A slot is full: what does not stand in shared memory. */
export interface FilledRound {
  readonly frames: number;
  readonly firstFrame: number;
  /** Octet of the input at which the slot's octets begin; absent where nobody can read it again. */
  readonly place?: number;
  readonly messages: number;
  readonly joinedLength: number;
  readonly plainLength: number;
  readonly listsLength: number;
  /** Memory that replaces the slot's, where another size was needed. */
  readonly replaced: ReplacedMemory | null;
}

/** The frames of a round, as a batch of its own. */
type RoundFrames = FrameBatch & {
  bytes: Uint8Array;
  view: DataView;
  count: number;
  firstFrame: number;
  place?: number;
};

/** See the head of the file. */
export class RoundSlot {
  readonly frames: RoundFrames;
  /** The messages of these frames. */
  readonly table = new MessageTable();
  /** What the slot has, and what it has instead for a round that is larger than most. */
  readonly #own: RoundMemory;
  #memory: RoundMemory;

  /** @param memory the same in each thread (ring-memory.ts) */
  constructor(memory: RoundMemory) {
    this.#own = memory;
    this.#memory = memory;
    const { columns } = memory;
    this.frames = {
      ...{ bytes: new Uint8Array(), view: new DataView(columns.buffer), count: 0, firstFrame: 1, marks: [] },
      ...createColumns(FRAME_COLUMNS, BATCH_ROWS, columns.buffer, columns.byteOffset),
    };
    layMessageColumns(this.table, columns.buffer, columns.byteOffset + MESSAGES_AT);
    this.#over(memory);
  }

  /** In the thread that fills: octets of the slot into which a window can be read. Frames that stand there are not copied. */
  get window(): Uint8Array {
    return this.#own.octets;
  }

  /**
   * In the thread that fills: brings frames from row `from` on and before row `until` here, and their messages.
   *
   * @param table where it is the one of this slot, its messages are there and need not be copied
   * @returns what to tell the other thread of it
   */
  fill(batch: FrameBatch, from: number, until: number, table: MessageTable): FilledRound {
    const { count, joined, joinedLength, plain, plainLength, frameLists, frameListsLength } = table;
    const replaced = this.#makeRoom(batch, table);
    this.#copyFrames(batch, from, until);
    if (table !== this.table) for (const name of MESSAGE_COLUMNS) this.table[name].set(table[name].subarray(0, count));
    if (from > 0) for (let row = 0; row < count; row++) this.table.frameRow[row] -= from;
    bring(joined, joinedLength, this.table.joined);
    bring(plain, plainLength, this.table.plain);
    bring(frameLists, frameListsLength, this.table.frameLists);
    return {
      ...{ frames: until - from, firstFrame: batch.firstFrame + from, messages: count, joinedLength, plainLength },
      ...{ listsLength: frameListsLength, replaced },
      ...(batch.place === undefined ? {} : { place: batch.place }),
    };
  }

  /** In the thread that takes: accepts what the other one told of this slot. */
  accept(round: FilledRound): void {
    if (round.replaced !== null) this.#replace(round.replaced);
    const { frames, table } = this;
    frames.count = round.frames;
    frames.firstFrame = round.firstFrame;
    if (round.place === undefined) delete frames.place;
    else frames.place = round.place;
    table.batch = frames;
    table.count = round.messages;
    table.joinedLength = round.joinedLength;
    table.plainLength = round.plainLength;
    table.frameListsLength = round.listsLength;
  }

  /**
   * In a thread between them that has judged the messages where they stand: brings what it deciphered here.
   *
   * @param round what was told of this slot
   * @returns what to tell of it now
   */
  judged(round: FilledRound): FilledRound {
    const { plain, plainLength } = this.table;
    const wanted = enough('plain', this.#own, this.#memory, plainLength);
    this.#replace(wanted);
    bring(plain, plainLength, this.table.plain);
    const replaced = { ...round.replaced, ...wanted };
    return { ...round, plainLength, replaced: Object.keys(replaced).length === 0 ? null : replaced };
  }

  /** Octets keep the place that they have in the window, so that no offset into it changes. */
  #copyFrames(batch: FrameBatch, from: number, until: number): void {
    const { frames } = this;
    if (!isSame(batch.bytes, frames.bytes)) copyOctets(batch, from, until, frames.bytes);
    for (const name of FRAME_COLUMN_NAMES) bring(batch[name].subarray(from), until - from, frames[name]);
  }

  #makeRoom(batch: FrameBatch, table: MessageTable): ReplacedMemory | null {
    const wanted = {
      ...enough('octets', this.#own, this.#memory, batch.bytes.length),
      ...enough('joined', this.#own, this.#memory, table.joinedLength),
      ...enough('plain', this.#own, this.#memory, table.plainLength),
      ...enough('lists', this.#own, this.#memory, table.frameListsLength * 8),
    };
    this.#replace(wanted);
    return Object.keys(wanted).length === 0 ? null : wanted;
  }

  #replace({ octets, joined, plain, lists }: ReplacedMemory): void {
    const { columns, ...held } = this.#memory;
    const one = <Memory>(own: Memory, now: Memory, next: Memory | null | undefined): Memory =>
      next === undefined ? now : (next ?? own);
    this.#over({
      columns,
      octets: one(this.#own.octets, held.octets, octets),
      joined: one(this.#own.joined, held.joined, joined),
      plain: one(this.#own.plain, held.plain, plain),
      lists: one(this.#own.lists, held.lists, lists),
    });
  }

  #over(memory: RoundMemory): void {
    this.#memory = memory;
    const { octets, joined, plain, lists } = memory;
    this.frames.bytes = octets;
    this.frames.view = new DataView(octets.buffer, octets.byteOffset, octets.length);
    this.table.joined = joined;
    this.table.plain = plain;
    this.table.words = new Uint32Array(plain.buffer, plain.byteOffset, plain.length >>> 2);
    this.table.frameLists = new Float64Array(lists.buffer, lists.byteOffset, lists.length >>> 3);
  }
}

/** Copies the octets of frames from row `from` on and before row `until`. */
function copyOctets(batch: FrameBatch, from: number, until: number, to: Uint8Array): void {
  let begin = Number.POSITIVE_INFINITY;
  let end = 0;
  for (let row = from; row < until; row++) {
    const at = batch.offset[row];
    if (at < begin) begin = at;
    if (at + batch.captured[row] > end) end = at + batch.captured[row];
  }
  if (begin < end) to.set(batch.bytes.subarray(begin, end), begin);
}

/** Copies the first `count` elements to where the other threads look for them, unless they stand there. */
function bring<Elements extends Float64Array | Uint32Array | Uint16Array | Uint8Array>(
  from: Elements,
  count: number,
  to: Elements,
): void {
  if (!isSame(from, to)) to.set(from.subarray(0, count));
}

/** Whether both are the same memory: an arena that has grown, or is a kernel's, is another. */
function isSame(a: ArrayBufferView, b: ArrayBufferView): boolean {
  return a.buffer === b.buffer && a.byteOffset === b.byteOffset;
}
