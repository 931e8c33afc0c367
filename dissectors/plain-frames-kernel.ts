// The loop of plain-frames.ts as WebAssembly, over a batch and tables in memory that threads share: before anything is
// optimised it is what all others wait for. Its twin in tests is every decoder, frame by frame.

import type { FrameBatch } from '../captures/frame-batch.ts';
import type { Headers } from './plain-frames.ts';
import { Problem } from './problems.ts';
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
  startKernelIn,
  store,
  store8,
  store16,
  subtract,
  whereItRuns,
  whileBelow,
} from './security/wasm/assembler.ts';
import type { SharedMemory } from './security/wasm/shared-memory.ts';
import { anyBit, loadVector, VECTOR_OCTETS, vectorAnd, vectorOr, vectorXor } from './security/wasm/vector.ts';
import {
  COMPARED_OCTETS,
  ELEMENT_COLUMN_AT,
  ELEMENTS_AT,
  ENDED_AT,
  FRAME_COLUMN_AT,
  HEADERS_AT,
  MASK_AT,
  walkColumnsAt,
} from './shared-walk.ts';
import { LONE_ELEMENT_HEADER, LONE_ELEMENT_NUMBERS } from './sidelink/rlc-um.ts';
import { LCID_LAST_DATA, LCID_MASK, VERSION_V2X } from './sidelink/sl-sch-header.ts';
import { ElementFlag, Framing, Outcome, type WalkTable } from './walk-table.ts';

// Parameters: rows from `ROW` on and before `UNTIL`, the row of the next element; where columns and octets of the batch
// begin; what the frames have in common.
const ROW = 0;
const UNTIL = 1;
const ELEMENT = 2;
const OFFSETS = 3;
const CAPTURED = 4;
const ORIGINAL = 5;
const LINK_TYPES = 6;
const BYTES = 7;
const LINK_TYPE = 8;
const VERSION = 9;
const PDU_AT = 10;
const DATA_AT = 11;
const LEAST_OCTETS = 12;
const PARAMETERS = 13;
// Locals.
const ROW2 = 13;
const ROW4 = 14;
const ELEMENT4 = 15;
const OCTETS = 16;
const OFFSET = 17;
const AT = 18;
const LCID = 19;
const WORD = 20;
const LOCALS = 8;
const FIRST_VECTOR = PARAMETERS + LOCALS;
const VECTORS = COMPARED_OCTETS / VECTOR_OCTETS;

const WHOLE = ElementFlag.firstOfPdu | ElementFlag.starts | ElementFlag.ends;

/** Walks frames as `PlainFrames` does. */
export interface PlainFramesKernel {
  /**
   * Walks frames from row `from` on that have these headers, up to the first that has not, of which it writes nothing.
   *
   * @param until not beyond the room that the tables have
   * @returns the row of that frame; -1 where batch or tables do not lie in its memory
   */
  walk(headers: Headers, batch: FrameBatch, from: number, until: number, table: WalkTable): number;
}

/** Builds one for tables at octet `at`; null where the host has no vectors, or the other order of octets. */
export function buildPlainFramesKernel(memory: SharedMemory, at: number): PlainFramesKernel | null {
  return whereItRuns(() => new SharedPlainFrames(memory, at));
}

class SharedPlainFrames implements PlainFramesKernel {
  readonly #memory: SharedArrayBuffer;
  readonly #at: number;
  readonly #call: (...parameters: number[]) => void;
  readonly #compared: Int32Array;
  readonly #ended: Uint32Array;
  /** Whose words stand in the memory. */
  #headers: Headers | null = null;

  constructor(memory: SharedMemory, at: number) {
    this.#memory = memory.buffer;
    this.#at = at;
    this.#compared = new Int32Array(memory.buffer, at + HEADERS_AT, (2 * COMPARED_OCTETS) / 4);
    this.#ended = new Uint32Array(memory.buffer, at + ENDED_AT, 1);
    this.#call = startKernelIn(memory, `plain-frames-kernel ${at}`, () => [walking(at)]).walk;
  }

  walk(headers: Headers, batch: FrameBatch, from: number, until: number, table: WalkTable): number {
    const { bytes, offset, captured, original, linkType } = batch;
    const memory = this.#memory;
    const lies = bytes.buffer === memory && offset.buffer === memory && walkColumnsAt(table, memory) === this.#at;
    if (!lies) return -1;
    if (headers !== this.#headers) {
      this.#compared.fill(0);
      this.#compared.set(headers.words);
      this.#compared.set(headers.mask, COMPARED_OCTETS / 4);
      this.#headers = headers;
    }
    const batchAt = [offset, captured, original, linkType, bytes].map(({ byteOffset }) => byteOffset);
    const common = [headers.linkType, headers.version, headers.pduAt, headers.dataAt, headers.leastOctets];
    this.#call(from, until, table.elements.count, ...batchAt, ...common);
    const ended = this.#ended[0];
    table.elements.count += ended - from;
    return ended;
  }
}

function walking(at: number): KernelFunction {
  const headers = Array.from({ length: VECTORS }, (_, i) => FIRST_VECTOR + i);
  const masks = Array.from({ length: VECTORS }, (_, i) => FIRST_VECTOR + VECTORS + i);
  const loaded = headers.flatMap((local, i) => [
    ...set(local, loadVector(constant(at + HEADERS_AT), i * VECTOR_OCTETS)),
    ...set(masks[i], loadVector(constant(at + MASK_AT), i * VECTOR_OCTETS)),
  ]);
  const differences = headers.map((local, i) =>
    vectorXor(get(local), vectorAnd(loadVector(get(AT), i * VECTOR_OCTETS), get(masks[i]))),
  );
  const differs = anyBit(vectorOr(...differences));
  const data = add(get(AT), get(DATA_AT));
  const body: Code = [
    ...set(ROW2, shiftLeft(get(ROW), 1)),
    ...set(ROW4, shiftLeft(get(ROW), 2)),
    ...set(OCTETS, load(add(get(CAPTURED), get(ROW4)))),
    ...set(OFFSET, load(add(get(OFFSETS), get(ROW4)))),
    ...set(AT, add(get(BYTES), get(OFFSET))),
    ...leaveWhen(
      or(
        differ(get(OCTETS), load(add(get(ORIGINAL), get(ROW4)))),
        isBelow(get(OCTETS), get(LEAST_OCTETS)),
        differ(load16(add(get(LINK_TYPES), get(ROW2))), get(LINK_TYPE)),
      ),
    ),
    ...leaveWhen(differs),
    ...set(LCID, and(load8(subtract(data, constant(LONE_ELEMENT_HEADER + 1))), constant(LCID_MASK))),
    // 0 is above all others then.
    ...leaveWhen(isBelow(constant(LCID_LAST_DATA - 1), subtract(get(LCID), constant(1)))),
    ...frameRow(at),
    ...elementRow(at + ELEMENTS_AT),
    ...set(ROW, add(get(ROW), constant(1))),
    ...set(ELEMENT, add(get(ELEMENT), constant(1))),
  ];
  return {
    ...{ name: 'walk', parameters: PARAMETERS, locals: LOCALS, vectors: 2 * VECTORS },
    body: [...loaded, ...whileBelow(ROW, get(UNTIL), body), ...store(constant(at), get(ROW), ENDED_AT)],
  };
}

/** Three octets in network order, the last of them under a mask. */
function threeOctets(offset: number, mask: Code | null): Code {
  const last = load8(get(WORD), offset + 2);
  return or(
    shiftLeft(load8(get(WORD), offset), 16),
    shiftLeft(load8(get(WORD), offset + 1), 8),
    mask === null ? last : and(last, mask),
  );
}

type FrameColumn = keyof typeof FRAME_COLUMN_AT;

function frameRow(at: number): Code {
  const octets = (name: FrameColumn, value: Code): Code => store8(get(ROW), value, at + FRAME_COLUMN_AT[name]);
  const words = (name: FrameColumn, value: Code): Code => store(get(ROW4), value, at + FRAME_COLUMN_AT[name]);
  const length = subtract(get(OCTETS), get(PDU_AT));
  // All ones for the version whose destination has 24 bits.
  const third = subtract(constant(0), equal(get(VERSION), constant(VERSION_V2X)));
  return [
    ...octets('outcome', constant(Outcome.data)),
    ...octets('problem', constant(Problem.none)),
    ...['problemAt', 'payloadAt', 'payloadLength'].flatMap((name) => words(name as FrameColumn, constant(0))),
    ...octets('framing', constant(Framing.macLteFramed)),
    ...octets('version', get(VERSION)),
    ...words('framingAt', get(OFFSET)),
    ...words('pduAt', add(get(OFFSET), get(PDU_AT))),
    ...words('pduLength', length),
    ...words('pduAvailable', length),
    ...set(WORD, add(get(AT), get(PDU_AT))),
    ...words('source', threeOctets(1, null)),
    ...words('destination', threeOctets(4, third)),
    ...words('firstElement', get(ELEMENT)),
    ...store16(get(ROW2), constant(1), at + FRAME_COLUMN_AT.elementCount),
  ];
}

function elementRow(at: number): Code {
  const octets = (name: keyof typeof ELEMENT_COLUMN_AT, value: Code): Code =>
    store8(get(ELEMENT), value, at + ELEMENT_COLUMN_AT[name]);
  const words = (name: keyof typeof ELEMENT_COLUMN_AT, value: Code): Code =>
    store(get(ELEMENT4), value, at + ELEMENT_COLUMN_AT[name]);
  const length = subtract(get(OCTETS), get(DATA_AT));
  const header = load8(subtract(add(get(AT), get(DATA_AT)), constant(LONE_ELEMENT_HEADER)));
  return [
    ...set(ELEMENT4, shiftLeft(get(ELEMENT), 2)),
    ...words('frameRow', get(ROW)),
    ...words('at', add(get(OFFSET), get(DATA_AT))),
    ...words('length', length),
    ...words('available', length),
    ...octets('lcid', get(LCID)),
    ...octets('sn', and(header, constant(LONE_ELEMENT_NUMBERS))),
    ...octets('flags', constant(WHOLE)),
  ];
}
