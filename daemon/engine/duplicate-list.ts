// Lists the frames of a batch that could be copies, for the kernel of duplicate-kernel.ts: as `DuplicateFilter` does, from tables
// in memory that threads share.

import type { FrameBatch } from '../../captures/frame-batch.ts';
import {
  add,
  and,
  type Code,
  constant,
  differ,
  equal,
  get,
  invoke,
  isBelow,
  type KernelFunction,
  leaveWhen,
  load,
  load8,
  load16,
  multiply,
  or,
  repeatBelow,
  set,
  shiftLeft,
  store,
  store8,
  when,
  whileBelow,
} from '../../dissectors/security/wasm/assembler.ts';
import { storeDouble } from '../../dissectors/security/wasm/doubles.ts';
import type { SharedMemory } from '../../dissectors/security/wasm/shared-memory.ts';
import { walkColumnsAt } from '../../dissectors/shared-walk.ts';
import { Outcome, type WalkTable } from '../../dissectors/walk-table.ts';
import { CALL_ROWS, EVICTIONS_AT, LISTED_AT, ROW_OCTETS, ROWS_AT, Row } from './duplicate-rows.ts';
import { HASH_BLOCK_OCTETS } from './pdu-hash.ts';
import { COPIES_AT, WALK_AT } from './shared-layout.ts';
import { captureTime, frameAt } from './walk-addresses.ts';

// Parameters: rows from `ROW` on and before `UNTIL`; where columns and octets of the batch begin.
const ROW = 0;
const UNTIL = 1;
const SECONDS = 2;
const NANOSECONDS = 3;
const INTERFACES = 4;
const BYTES = 5;
const PARAMETERS = 6;
// Locals: of both functions, of the one that lists, and of the other one.
const COUNT = 6;
const ENTRY = 7;
const ROW4 = 8;
const OUTCOME = 9;
const COULD_BE_COPY = 10;
const LENGTH = 11;
const END = 8;
const EVICTIONS = 9;
const LOCALS = 6;

/** Whether batch and walk lie where the kernel looks for them. */
export function lieIn(shared: SharedMemory, batch: FrameBatch, walk: WalkTable, copies: Uint8Array): boolean {
  const memory = shared.buffer;
  const hasCopies = copies.buffer === memory && copies.byteOffset === COPIES_AT;
  const hasBatch = batch.bytes.buffer === memory && batch.seconds.buffer === memory;
  return hasCopies && hasBatch && walkColumnsAt(walk, memory) === WALK_AT;
}

/** Lists frames, none of them a copy so far, up to one that is too long, or to `CALL_ROWS` of them. */
export function listing(): KernelFunction {
  const body: Code = [
    ...leaveWhen(equal(get(COUNT), constant(CALL_ROWS))),
    ...set(ROW4, shiftLeft(get(ROW), 2)),
    ...set(OUTCOME, load8(get(ROW), frameAt('outcome'))),
    ...set(
      COULD_BE_COPY,
      or(
        isBelow(constant(Outcome.duplicate), get(OUTCOME)),
        and(
          equal(get(OUTCOME), constant(Outcome.malformed)),
          differ(load16(shiftLeft(get(ROW), 1), frameAt('elementCount')), constant(0)),
        ),
      ),
    ),
    ...set(LENGTH, load(get(ROW4), frameAt('pduAvailable'))),
    ...leaveWhen(and(get(COULD_BE_COPY), isBelow(constant(HASH_BLOCK_OCTETS), get(LENGTH)))),
    ...store8(get(ROW), constant(0), COPIES_AT),
    ...when(get(COULD_BE_COPY), entry()),
    ...set(ROW, add(get(ROW), constant(1))),
  ];
  return {
    ...{ name: 'list', parameters: PARAMETERS, locals: LOCALS },
    body: [
      ...whileBelow(ROW, get(UNTIL), body),
      ...store(constant(LISTED_AT), get(ROW)),
      ...store(constant(LISTED_AT), get(COUNT), 4),
    ],
  };
}

/**
 * Takes frames up to one that is too long: lists some, has them looked up, and writes down which of them are copies, again and
 * again.
 *
 * @param list place of the function that lists
 * @param tell place of the one that looks up what is listed, up to the address that it is given
 */
export function through(list: number, tell: number): KernelFunction {
  const lookUp: Code = [
    ...set(END, add(constant(ROWS_AT), multiply(get(COUNT), constant(ROW_OCTETS)))),
    ...invoke(tell, get(END)),
    ...set(EVICTIONS, add(get(EVICTIONS), load(constant(EVICTIONS_AT)))),
    ...set(ENTRY, constant(ROWS_AT)),
    ...repeatBelow(ENTRY, get(END), [
      ...store8(load(get(ENTRY), Row.row), load8(get(ENTRY), Row.isCopy), COPIES_AT),
      ...set(ENTRY, add(get(ENTRY), constant(ROW_OCTETS))),
    ]),
  ];
  const columns = [SECONDS, NANOSECONDS, INTERFACES, BYTES].map((local) => get(local));
  const body: Code = [
    ...invoke(list, get(ROW), get(UNTIL), ...columns),
    ...set(ROW, load(constant(LISTED_AT))),
    ...set(COUNT, load(constant(LISTED_AT), 4)),
    ...when(get(COUNT), lookUp),
    ...leaveWhen(isBelow(get(COUNT), constant(CALL_ROWS))),
  ];
  return {
    ...{ name: 'through', parameters: PARAMETERS, locals: LOCALS },
    body: [
      ...whileBelow(ROW, get(UNTIL), body),
      ...store(constant(LISTED_AT), get(ROW)),
      ...store(constant(EVICTIONS_AT), get(EVICTIONS)),
    ],
  };
}

function entry(): Code {
  const time = captureTime(get(SECONDS), get(NANOSECONDS), get(ROW));
  return [
    ...set(ENTRY, multiply(get(COUNT), constant(ROW_OCTETS))),
    ...store(get(ENTRY), add(get(BYTES), load(get(ROW4), frameAt('pduAt'))), ROWS_AT + Row.at),
    ...store(get(ENTRY), get(LENGTH), ROWS_AT + Row.length),
    ...store(get(ENTRY), load16(add(get(INTERFACES), shiftLeft(get(ROW), 1))), ROWS_AT + Row.interfaceId),
    ...storeDouble(get(ENTRY), time, ROWS_AT + Row.time),
    ...store(get(ENTRY), get(ROW), ROWS_AT + Row.row),
    ...set(COUNT, add(get(COUNT), constant(1))),
  ];
}
