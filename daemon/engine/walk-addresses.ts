// What kernels read of frames in memory that threads share: where columns of the walk lie, and when a frame was captured.

import { add, type Code, divideUnsigned, load, shiftLeft } from '../../dissectors/security/wasm/assembler.ts';
import {
  addDoubles,
  asDouble,
  divideDoubles,
  doubleConstant,
  loadDouble,
  multiplyDoubles,
} from '../../dissectors/security/wasm/doubles.ts';
import { ELEMENT_COLUMN_AT, ELEMENTS_AT, FRAME_COLUMN_AT } from '../../dissectors/shared-walk.ts';
import { WALK_AT } from './shared-layout.ts';

/** Octet at which a column of frames begins. */
export function frameAt(name: keyof typeof FRAME_COLUMN_AT): number {
  return WALK_AT + FRAME_COLUMN_AT[name];
}

/** Octet at which a column of data elements begins. */
export function elementAt(name: keyof typeof ELEMENT_COLUMN_AT): number {
  return WALK_AT + ELEMENTS_AT + ELEMENT_COLUMN_AT[name];
}

/** Capture time of a row (captures/milliseconds.ts), of the columns of a batch that begin at these addresses. */
export function captureTime(seconds: Code, nanoseconds: Code, row: Code): Code {
  return addDoubles(
    multiplyDoubles(loadDouble(add(seconds, shiftLeft(row, 3))), doubleConstant(1000)),
    divideDoubles(asDouble(divideUnsigned(load(add(nanoseconds, shiftLeft(row, 2))), 1000)), doubleConstant(1000)),
  );
}
