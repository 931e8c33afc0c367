// The loop of ../../captures/formats/pcap.ts over usual records as WebAssembly, where a file is read into memory that threads share:
// all others wait for the thread that reads, and before it is optimised that loop costs a microsecond a record. It is the twin in
// tests.

import {
  PCAP_CAPTURED_AT,
  PCAP_FRACTION_AT,
  PCAP_ORIGINAL_AT,
  PCAP_RECORD_HEADER_OCTETS,
} from '../../captures/formats/pcap.ts';
import { MAX_RECORD_OCTETS, type UsualRecords } from '../../captures/formats/record-reader.ts';
import { BATCH_ROWS } from '../../captures/frame-batch.ts';
import type { FrameColumns } from '../../captures/frame-columns.ts';
import type { InputWindow } from '../../captures/input-window.ts';
import {
  add,
  type Code,
  constant,
  differ,
  get,
  isBelow,
  type KernelFunction,
  leaveWhen,
  load,
  multiply,
  set,
  shiftLeft,
  startKernelIn,
  store,
  subtract,
  when,
  whereItRuns,
  whileBelow,
} from '../../dissectors/security/wasm/assembler.ts';
import { asDouble, storeDouble } from '../../dissectors/security/wasm/doubles.ts';
import type { SharedMemory } from '../../dissectors/security/wasm/shared-memory.ts';
import { RECORDS_AT } from '../engine/shared-layout.ts';

// What a call says: the row behind the last record taken, and its octet in memory.
const ENDED_ROW = 0;
const ENDED_AT = 4;

// Parameters: rows from `ROW` on, records from octet `AT` of the memory on and before `END`; where octets and columns of the
// batch begin; units of the fraction in a second, and nanoseconds of one.
const ROW = 0;
const AT = 1;
const END = 2;
const BYTES = 3;
const OFFSETS = 4;
const CAPTURED = 5;
const ORIGINAL = 6;
const SECONDS = 7;
const NANOSECONDS = 8;
const PER_SECOND = 9;
const UNIT = 10;
const PARAMETERS = 11;
// Locals.
const LEFT = 11;
const LENGTH = 12;
const FRACTION = 13;
const ROW4 = 14;
const LOCALS = 4;

/** Builds one; null where the host cannot run it. */
export function buildRecordsKernel(memory: SharedMemory): UsualRecords | null {
  return whereItRuns(() => new SharedRecords(memory));
}

class SharedRecords implements UsualRecords {
  readonly #memory: SharedArrayBuffer;
  readonly #call: (...parameters: number[]) => void;
  readonly #ended: Uint32Array;

  constructor(memory: SharedMemory) {
    this.#memory = memory.buffer;
    this.#ended = new Uint32Array(memory.buffer, RECORDS_AT, 2);
    this.#call = startKernelIn(memory, 'records-kernel', () => [taking()]).take;
  }

  take(window: InputWindow, columns: FrameColumns, perSecond: number): void {
    const { offset, captured, original, seconds, nanoseconds } = columns;
    const places = [window.bytes, offset, captured, original, seconds, nanoseconds];
    if (places.some(({ buffer }) => buffer !== this.#memory)) return;
    const [bytes, ...rest] = places.map(({ byteOffset }) => byteOffset);
    const unit = 1_000_000_000 / perSecond;
    this.#call(columns.count, bytes + window.begin, bytes + window.end, bytes, ...rest, perSecond, unit);
    columns.count = this.#ended[ENDED_ROW / 4];
    window.begin = this.#ended[ENDED_AT / 4] - bytes;
  }
}

function taking(): KernelFunction {
  const column = (name: number, value: Code): Code => store(add(get(name), get(ROW4)), value);
  const claimed = load(get(AT), PCAP_CAPTURED_AT);
  const body: Code = [
    ...set(LEFT, subtract(get(END), get(AT))),
    ...leaveWhen(isBelow(get(LEFT), constant(PCAP_RECORD_HEADER_OCTETS))),
    // Most are as long as the one before them. With a branch, a processor goes on to the next record by the length that it has,
    // and does not wait for this one's to come from memory (docs/performance.md).
    ...when(differ(claimed, get(LENGTH)), set(LENGTH, claimed)),
    ...leaveWhen(isBelow(constant(MAX_RECORD_OCTETS), get(LENGTH))),
    ...leaveWhen(isBelow(subtract(get(LEFT), constant(PCAP_RECORD_HEADER_OCTETS)), get(LENGTH))),
    ...set(FRACTION, load(get(AT), PCAP_FRACTION_AT)),
    ...leaveWhen(isBelow(subtract(get(PER_SECOND), constant(1)), get(FRACTION))),
    ...set(ROW4, shiftLeft(get(ROW), 2)),
    ...column(ORIGINAL, load(get(AT), PCAP_ORIGINAL_AT)),
    ...storeDouble(add(get(SECONDS), shiftLeft(get(ROW), 3)), asDouble(load(get(AT)))),
    ...column(NANOSECONDS, multiply(get(FRACTION), get(UNIT))),
    ...column(CAPTURED, get(LENGTH)),
    ...set(AT, add(get(AT), constant(PCAP_RECORD_HEADER_OCTETS))),
    ...column(OFFSETS, subtract(get(AT), get(BYTES))),
    ...set(AT, add(get(AT), get(LENGTH))),
    ...set(ROW, add(get(ROW), constant(1))),
  ];
  return {
    ...{ name: 'take', parameters: PARAMETERS, locals: LOCALS },
    body: [
      ...whileBelow(ROW, constant(BATCH_ROWS), body),
      ...store(constant(RECORDS_AT), get(ROW), ENDED_ROW),
      ...store(constant(RECORDS_AT), get(AT), ENDED_AT),
    ],
  };
}
