// The loop of whole-frames.ts as WebAssembly, over tables in memory that threads share: thirty columns are written a message, and
// here each of them is an address that is known. Its twin in tests looks at one frame after the other.

import type { FrameBatch } from '../../captures/frame-batch.ts';
import { Problem } from '../../dissectors/problems.ts';
import {
  add,
  and,
  type Code,
  constant,
  differ,
  equal,
  get,
  isBelow,
  type KernelFunction,
  leaveWhen,
  load,
  load8,
  load16,
  or,
  set,
  shiftLeft,
  shiftRight,
  startKernelIn,
  store,
  store8,
  store16,
  subtract,
  whereItRuns,
  whileBelow,
} from '../../dissectors/security/wasm/assembler.ts';
import { addDoubles, asDouble, loadDouble, storeDouble } from '../../dissectors/security/wasm/doubles.ts';
import type { SharedMemory } from '../../dissectors/security/wasm/shared-memory.ts';
import { type ELEMENT_COLUMN_AT, walkColumnsAt } from '../../dissectors/shared-walk.ts';
import { PDCP_HEADER_OCTETS } from '../../dissectors/sidelink/pdcp-slrb.ts';
import { ElementFlag, Outcome, type WalkTable } from '../../dissectors/walk-table.ts';
import { MESSAGE_COLUMN_AT, messageColumnsAt } from './message-columns.ts';
import { type MessageTable, NO_PLAIN, NONE, Place, UNKNOWN_STATE } from './message-table.ts';
import { COPIES_AT, WALK_AT, WHOLE_FRAMES_AT } from './shared-layout.ts';
import { captureTime, elementAt, frameAt } from './walk-addresses.ts';
import type { RoundRoom } from './whole-frames.ts';

// What a call is told and tells: number of the first frame of the batch; then the row behind the last frame taken, and octets.
const FIRST_FRAME = 0;
const ENDED = 8;
const TAKEN_OCTETS = 12;

// Parameters: rows from `ROW` on and before `ROWS`, messages from `MESSAGE` on and before `MESSAGES`, octets that there is
// room for; where columns begin: of messages, of times; octets of the batch.
const ROW = 0;
const ROWS = 1;
const MESSAGE = 2;
const MESSAGES = 3;
const ROOM = 4;
const COLUMNS = 5;
const SECONDS = 6;
const NANOSECONDS = 7;
const BYTES = 8;
const PARAMETERS = 9;
// Locals. Those that end in a number are `COLUMNS` and so many times the number of the message.
const ROW4 = 9;
const ELEMENT = 10;
const ELEMENT4 = 11;
const KIND = 12;
const PDU = 13;
const AT = 14;
const PDCP = 15;
const PTK = 16;
const SN = 17;
const MESSAGE1 = 18;
const MESSAGE2 = 19;
const MESSAGE4 = 20;
const MESSAGE8 = 21;
const OCTETS = 22;
const LOCALS = 14;
const FIRST = PARAMETERS + LOCALS;

const WHOLE = ElementFlag.starts | ElementFlag.ends;

/** Takes frames as `takeWholeFrames` does. */
export interface WholeFramesKernel {
  /**
   * @param table with room for them
   * @returns null where one of the tables does not lie in its memory
   */
  take(
    batch: FrameBatch,
    row: number,
    copies: Uint8Array,
    walk: WalkTable,
    table: MessageTable,
    room: RoundRoom,
  ): { readonly row: number; readonly octets: number } | null;
}

/** Builds one for tables that lie where shared-layout.ts says; null where the host cannot run it. */
export function buildWholeFramesKernel(memory: SharedMemory): WholeFramesKernel | null {
  return whereItRuns(() => new SharedWholeFrames(memory));
}

class SharedWholeFrames implements WholeFramesKernel {
  readonly #memory: SharedArrayBuffer;
  readonly #call: (...parameters: number[]) => void;
  readonly #firstFrame: Float64Array;
  readonly #told: Uint32Array;

  constructor(memory: SharedMemory) {
    this.#memory = memory.buffer;
    this.#firstFrame = new Float64Array(memory.buffer, WHOLE_FRAMES_AT + FIRST_FRAME, 1);
    this.#told = new Uint32Array(memory.buffer, WHOLE_FRAMES_AT + ENDED, 2);
    this.#call = startKernelIn(memory, 'whole-frames-kernel', () => [taking()]).take;
  }

  take(
    { bytes, seconds, nanoseconds, count, firstFrame }: FrameBatch,
    row: number,
    copies: Uint8Array,
    walk: WalkTable,
    table: MessageTable,
    room: RoundRoom,
  ): { readonly row: number; readonly octets: number } | null {
    const memory = this.#memory;
    const columns = messageColumnsAt(table, memory);
    const lies =
      bytes.buffer === memory &&
      seconds.buffer === memory &&
      nanoseconds.buffer === memory &&
      copies.buffer === memory &&
      copies.byteOffset === COPIES_AT &&
      walkColumnsAt(walk, memory) === WALK_AT;
    // Numbers are without a sign there.
    if (!lies || columns === -1 || room.octets < 0) return null;
    this.#firstFrame[0] = firstFrame;
    const most = table.count + room.messages;
    const places = [columns, seconds.byteOffset, nanoseconds.byteOffset, bytes.byteOffset];
    this.#call(row, count, table.count, most, room.octets, ...places);
    const [ended, octets] = this.#told;
    table.count += ended - row;
    return { row: ended, octets };
  }
}

function taking(): KernelFunction {
  const element1 = (name: keyof typeof ELEMENT_COLUMN_AT): Code => load8(get(ELEMENT), elementAt(name));
  const element4 = (name: keyof typeof ELEMENT_COLUMN_AT): Code => load(get(ELEMENT4), elementAt(name));
  const isWhole = equal(and(get(KIND), constant(WHOLE)), constant(WHOLE));
  const body: Code = [
    ...leaveWhen(isBelow(get(ROOM), get(OCTETS))),
    ...leaveWhen(equal(isBelow(get(MESSAGE), get(MESSAGES)), constant(0))),
    ...leaveWhen(
      or(
        load8(get(ROW), COPIES_AT),
        differ(load8(get(ROW), frameAt('outcome')), constant(Outcome.data)),
        differ(load16(shiftLeft(get(ROW), 1), frameAt('elementCount')), constant(1)),
        differ(load8(get(ROW), frameAt('problem')), constant(Problem.none)),
      ),
    ),
    ...set(ROW4, shiftLeft(get(ROW), 2)),
    ...set(ELEMENT, load(get(ROW4), frameAt('firstElement'))),
    ...set(ELEMENT4, shiftLeft(get(ELEMENT), 2)),
    ...set(KIND, element1('flags')),
    ...set(PDU, element4('length')),
    ...leaveWhen(
      or(
        equal(or(isWhole, and(get(KIND), constant(ElementFlag.withoutRlc))), constant(0)),
        and(get(KIND), constant(ElementFlag.cut)),
        isBelow(get(PDU), constant(PDCP_HEADER_OCTETS + 1)),
      ),
    ),
    ...set(AT, element4('at')),
    ...messageRow(element1('lcid')),
    ...set(OCTETS, add(get(OCTETS), get(PDU))),
    ...set(ROW, add(get(ROW), constant(1))),
    ...set(MESSAGE, add(get(MESSAGE), constant(1))),
  ];
  return {
    ...{ name: 'take', parameters: PARAMETERS, locals: LOCALS, doubles: 1 },
    body: [
      ...set(FIRST, loadDouble(constant(WHOLE_FRAMES_AT), FIRST_FRAME)),
      ...whileBelow(ROW, get(ROWS), body),
      ...store(constant(WHOLE_FRAMES_AT), get(ROW), ENDED),
      ...store(constant(WHOLE_FRAMES_AT), get(OCTETS), TAKEN_OCTETS),
    ],
  };
}

type Column = keyof typeof MESSAGE_COLUMN_AT;
const octet = (name: Column, value: Code): Code => store8(get(MESSAGE1), value, MESSAGE_COLUMN_AT[name]);
const half = (name: Column, value: Code): Code => store16(get(MESSAGE2), value, MESSAGE_COLUMN_AT[name]);
const word = (name: Column, value: Code): Code => store(get(MESSAGE4), value, MESSAGE_COLUMN_AT[name]);
const double = (name: Column, value: Code): Code => storeDouble(get(MESSAGE8), value, MESSAGE_COLUMN_AT[name]);

/** Writes the row of a message, each column as `takeWholeFrames` does. */
function messageRow(lcid: Code): Code {
  const pdcp = (at: number): Code => load8(get(PDCP), at);
  return [
    ...set(PDCP, add(get(BYTES), get(AT))),
    ...set(PTK, or(shiftLeft(pdcp(1), 8), pdcp(2))),
    ...set(SN, or(shiftLeft(pdcp(3), 8), pdcp(4))),
    ...set(MESSAGE1, add(get(COLUMNS), get(MESSAGE))),
    ...set(MESSAGE2, add(get(MESSAGE1), get(MESSAGE))),
    ...set(MESSAGE4, add(get(COLUMNS), shiftLeft(get(MESSAGE), 2))),
    ...set(MESSAGE8, add(get(COLUMNS), shiftLeft(get(MESSAGE), 3))),
    ...word('frameRow', get(ROW)),
    ...double('frame', addDoubles(get(FIRST), asDouble(get(ROW)))),
    ...double('time', captureTime(get(SECONDS), get(NANOSECONDS), get(ROW))),
    ...half('framesCount', constant(0)),
    ...octet('version', load8(get(ROW), frameAt('version'))),
    ...word('source', load(get(ROW4), frameAt('source'))),
    ...word('destination', load(get(ROW4), frameAt('destination'))),
    ...octet('lcid', lcid),
    ...octet('sduType', shiftRight(pdcp(0), 5)),
    ...octet('pgkIndex', and(pdcp(0), constant(31))),
    ...half('ptkId', get(PTK)),
    ...half('sn', get(SN)),
    ...word('counter', or(shiftLeft(get(PTK), 16), get(SN))),
    ...word('length', subtract(get(PDU), constant(PDCP_HEADER_OCTETS))),
    ...octet('rawPlace', constant(Place.frame)),
    ...word('rawAt', add(get(AT), constant(PDCP_HEADER_OCTETS))),
    ...word('plainWord', constant(NO_PLAIN)),
    ...['deciphered', 'verdict'].flatMap((name) => octet(name as Column, constant(0))),
    ...['evidence', 'flags'].flatMap((name) => half(name as Column, constant(0))),
    ...['passed', 'failed'].flatMap((name) => word(name as Column, constant(0))),
    ...['group', 'epoch', 'context', 'traffic'].flatMap((name) => word(name as Column, constant(NONE))),
    ...octet('epochState', constant(UNKNOWN_STATE)),
  ];
}
