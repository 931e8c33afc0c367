// The work of duplicates.ts for many frames at once, as WebAssembly. Row by row, a frame waits twice: for the products over its
// octets, and for the lines of what is remembered, which is larger than the cache next to the processor. Here the hashes of
// many frames come first, then all their lines are touched, so that they come at the same time, and then the frames are
// looked up in their order. Its twin in tests is the filter row by row.

import type { FrameBatch } from '../../captures/frame-batch.ts';
import {
  add,
  and,
  type Code,
  constant,
  differ,
  get,
  isBelow,
  type KernelFunction,
  load,
  load8,
  load16,
  multiply,
  or,
  repeatBelow,
  set,
  shiftLeft,
  shiftRight,
  startKernel,
  startKernelIn,
  store,
  store8,
  store16,
  subtract,
  trailingZeros,
  when,
  whereItRuns,
  xor,
} from '../../dissectors/security/wasm/assembler.ts';
import { isWithin, loadDouble, storeDouble } from '../../dissectors/security/wasm/doubles.ts';
import type { SharedMemory } from '../../dissectors/security/wasm/shared-memory.ts';
import {
  addLong,
  addWords,
  anyBit,
  equalLong,
  halvesExchanged,
  loadTwice,
  loadVector,
  multiplyFirst,
  multiplyLast,
  repeated,
  storeFirst,
  subtractLong,
  topBitsLong,
  vectorAnd,
  vectorOr,
} from '../../dissectors/security/wasm/vector.ts';
import type { WalkTable } from '../../dissectors/walk-table.ts';
import { lieIn, listing, through } from './duplicate-list.ts';
import {
  CALL_OCTETS,
  CALL_ROWS,
  DUPLICATE_KERNEL_OCTETS,
  EVICTIONS_AT,
  KEYS_AT,
  KEYS_OCTETS,
  LISTED_AT,
  MASK_AT,
  OCTETS_AT,
  ROW_OCTETS,
  ROWS_AT,
  Row,
  TOUCHED_AT,
} from './duplicate-rows.ts';
import { PAIRED_OCTETS } from './pdu-hash.ts';
import {
  BUCKET_FACTORS,
  BUCKET_OCTETS,
  BUCKET_SHIFTS,
  BUCKETS,
  HASHES_AT,
  INTERFACES_AT,
  NEXT_AT,
  OTHER_INTERFACE_MS,
  REPEAT_MS,
  TIMES_AT,
  WAYS,
} from './transmissions.ts';

// Parameter and locals.
const END = 0;
const ROW = 1;
const AT = 2;
const KEY = 3;
const STOP = 4;
const HASH = 5;
const ENTRY = 6;
const LINE = 7;
const WAY = 8;
const EVICTIONS = 9;
const I32_LOCALS = 9;
const SUM = 10;
const EQUAL = 11;
const VECTORS = 2 + WAYS / 2;
const TIME = SUM + VECTORS;

const NAME = 'duplicate-kernel';

/** Frames of one batch, given in their order. */
export interface DuplicateKernel {
  /** Begins with what is remembered (transmissions.ts). */
  readonly memory: ArrayBufferLike;
  /**
   * A batch begins. Octets that lie in this memory are read where they are.
   *
   * @param copies gets a 1 in the rows that are copies
   */
  begin(bytes: Uint8Array, copies: Uint8Array): void;
  /** The next frame: a MAC PDU of `length` octets, at most `HASH_BLOCK_OCTETS`, at `at`. */
  take(row: number, at: number, length: number, time: number, interfaceId: number): void;
  /**
   * Takes frames from row `from` on and before row `until` that could be copies, up to the first that is longer.
   *
   * @returns its row, or `until`; -1 where batch or walk do not lie in memory that threads share
   */
  takeWalked(batch: FrameBatch, walk: WalkTable, from: number, until: number): number;
  /** Looks up the frames taken so far. */
  flush(): void;
  /** The same at the end of a batch. @returns transmissions forgotten since `begin` while a copy could still have come */
  end(): number;
}

/**
 * Builds a kernel; null where the host has no vectors, or the other order of octets.
 *
 * @param keys of a `PduHash`
 * @param shared memory whose first DUPLICATE_KERNEL_OCTETS are for this kernel; null: it gets memory of its own
 */
export function buildDuplicateKernel(keys: Int32Array, shared: SharedMemory | null = null): DuplicateKernel | null {
  return whereItRuns(() => build(keys, shared));
}

function build(keys: Int32Array, shared: SharedMemory | null): DuplicateKernel {
  const { memory, call } =
    shared === null
      ? startKernel(NAME, () => [telling()], DUPLICATE_KERNEL_OCTETS)
      : { memory: shared.buffer, call: startKernelIn(shared, NAME, () => [telling(), listing(), through(1, 0)]) };
  new Int32Array(memory, KEYS_AT, KEYS_OCTETS / 4).set(keys.subarray(0, KEYS_OCTETS / 4));
  new Uint8Array(memory, MASK_AT, PAIRED_OCTETS).fill(255);
  const rows = new Uint32Array(memory, ROWS_AT, (CALL_ROWS * ROW_OCTETS) / 4);
  const times = new Float64Array(memory, ROWS_AT, (CALL_ROWS * ROW_OCTETS) / 8);
  const evicted = new Uint32Array(memory, EVICTIONS_AT, 1);
  const octets = new Uint8Array(memory, OCTETS_AT, CALL_OCTETS);
  const listed = new Uint32Array(memory, LISTED_AT, 1);
  let bytes: Uint8Array = octets;
  let copies: Uint8Array = octets;
  let count = 0;
  let evictions = 0;
  /** What turns an octet of a batch that lies in the memory into an address; below 0 where octets have to be copied. */
  let bytesAt = -1;
  // The octets of the frames taken so far lie between these.
  let from = 0;
  let until = 0;
  const flush = (): void => {
    if (count === 0) return;
    if (bytesAt < 0) octets.set(bytes.subarray(from, until));
    call.tell(ROWS_AT + count * ROW_OCTETS);
    for (let i = 0, at = 0; i < count; i++, at += ROW_OCTETS / 4) copies[rows[at + Row.row / 4]] = rows[at];
    evictions += evicted[0];
    count = 0;
  };
  return {
    memory,
    begin(batchBytes, batchCopies) {
      bytes = batchBytes;
      copies = batchCopies;
      bytesAt = batchBytes.buffer === memory ? batchBytes.byteOffset : -1;
      evictions = 0;
    },
    take(row, at, length, time, interfaceId) {
      if (count === CALL_ROWS || at < from || at + length > from + CALL_OCTETS) flush();
      if (count === 0) {
        from = at;
        until = at;
      }
      if (at + length > until) until = at + length;
      const place = count * (ROW_OCTETS / 4);
      rows[place] = bytesAt < 0 ? OCTETS_AT + at - from : bytesAt + at;
      rows[place + Row.length / 4] = length;
      rows[place + Row.interfaceId / 4] = interfaceId;
      times[(place + Row.time / 4) >>> 1] = time;
      rows[place + Row.row / 4] = row;
      count++;
    },
    takeWalked(batch, walk, first, end) {
      if (shared === null || !lieIn(shared, batch, walk, copies)) return -1;
      const { seconds, nanoseconds, interfaceId, bytes: octetsOf } = batch;
      const places = [seconds, nanoseconds, interfaceId, octetsOf].map(({ byteOffset }) => byteOffset);
      flush();
      call.through(first, end, ...places);
      evictions += evicted[0];
      return listed[0];
    },
    flush,
    end() {
      flush();
      bytes = octets;
      copies = octets;
      return evictions;
    },
  };
}

/** The work on all rows of a call. */
function telling(): KernelFunction {
  const body = [...eachRow(hashing()), ...eachRow(touching()), ...eachRow(lookingUp())];
  const end = store(constant(0), get(EVICTIONS), EVICTIONS_AT);
  const locals = { locals: I32_LOCALS, vectors: VECTORS, doubles: 1 };
  return { name: 'tell', parameters: 1, ...locals, body: [...body, ...end] };
}

function eachRow(body: Code): Code {
  const next = set(ROW, add(get(ROW), constant(ROW_OCTETS)));
  return [...set(ROW, constant(ROWS_AT)), ...repeatBelow(ROW, get(END), [...body, ...next])];
}

/** Hash and bucket of a row. */
function hashing(): Code {
  const length = load(get(ROW), Row.length);
  return [...set(AT, load(get(ROW), Row.at)), ...bucket(length), ...products(length)];
}

/** As `bucketOf` has it. */
function bucket(length: Code): Code {
  const mixed = (value: Code, bits: number): Code => [
    ...set(HASH, value),
    ...set(HASH, xor(get(HASH), shiftRight(get(HASH), bits))),
  ];
  const words = (offset: number): Code =>
    mixed(
      xor(
        multiply(xor(get(HASH), load(get(KEY), offset)), constant(BUCKET_FACTORS.first)),
        multiply(load(get(KEY), offset + 4), constant(BUCKET_FACTORS.second)),
      ),
      BUCKET_SHIFTS.words,
    );
  const octet = mixed(multiply(xor(get(HASH), load8(get(KEY))), constant(BUCKET_FACTORS.octet)), BUCKET_SHIFTS.octet);
  const whole = [0, 8, 16, 24].flatMap(words);
  const stepped = (body: Code, octets: number, stop: Code): Code => [
    ...set(STOP, stop),
    ...when(
      isBelow(get(KEY), get(STOP)),
      repeatBelow(KEY, get(STOP), [...body, ...set(KEY, add(get(KEY), constant(octets)))]),
    ),
  ];
  const short = [
    ...stepped(words(0), 8, add(get(AT), and(length, constant(-8)))),
    ...stepped(octet, 1, add(get(AT), length)),
  ];
  const masked = and(xor(get(HASH), shiftRight(get(HASH), BUCKET_SHIFTS.end)), constant(BUCKETS - 1));
  return [
    ...set(HASH, length),
    // KEY goes through the octets here.
    ...set(KEY, get(AT)),
    ...when(isBelow(length, constant(BUCKET_OCTETS)), short, whole),
    ...store(get(ROW), masked, Row.bucket),
  ];
}

/** As `PduHash` has it. */
function products(length: Code): Code {
  const half = PAIRED_OCTETS / 2;
  const pairs = (octets: (offset: number) => Code): Code => {
    const one = addWords(octets(0), loadVector(get(KEY)));
    const other = addWords(octets(half), loadVector(get(KEY), half));
    return [
      ...set(EQUAL, one),
      ...set(EQUAL + 1, other),
      ...set(
        SUM,
        addLong(get(SUM), multiplyFirst(get(EQUAL), get(EQUAL + 1)), multiplyLast(get(EQUAL), get(EQUAL + 1))),
      ),
    ];
  };
  const step = [AT, KEY].flatMap((local) => set(local, add(get(local), constant(PAIRED_OCTETS))));
  const whole = [...pairs((offset) => loadVector(get(AT), offset)), ...step];
  const mask = subtract(constant(MASK_AT + PAIRED_OCTETS), and(length, constant(PAIRED_OCTETS - 1)));
  const total = addLong(get(SUM), halvesExchanged(get(SUM)));
  return [
    ...set(SUM, repeated(0)),
    ...set(KEY, constant(KEYS_AT)),
    ...set(STOP, add(get(AT), and(length, constant(-PAIRED_OCTETS)))),
    ...when(isBelow(get(AT), get(STOP)), repeatBelow(AT, get(STOP), whole)),
    ...set(STOP, mask),
    ...pairs((offset) => vectorAnd(loadVector(get(AT), offset), loadVector(get(STOP), offset))),
    ...set(SUM, total),
    ...set(SUM, addLong(get(SUM), loadLength())),
    // All ones are -1: what is 0 becomes 1.
    ...storeFirst(get(ROW), subtractLong(get(SUM), equalLong(get(SUM), repeated(0))), Row.hash),
  ];
}

/** The length of a row as 64 bits: the first word of two, and zeros. */
function loadLength(): Code {
  return vectorAnd(loadTwice(get(ROW), Row.length), repeated(255, 255, 255, 255, 0, 0, 0, 0));
}

/** Brings the lines of a row nearer. What they hold is written somewhere, or nothing would be read. */
function touching(): Code {
  return [
    ...set(HASH, load(get(ROW), Row.bucket)),
    ...set(ENTRY, add(shiftLeft(get(HASH), 3), load8(get(HASH), NEXT_AT))),
    ...store(
      constant(0),
      or(
        load(shiftLeft(get(HASH), 6), HASHES_AT),
        load(shiftLeft(get(ENTRY), 4), TIMES_AT),
        load16(shiftLeft(get(ENTRY), 1), INTERFACES_AT),
      ),
      TOUCHED_AT,
    ),
  ];
}

/** As `DuplicateFilter.isCopy` has it. */
function lookingUp(): Code {
  const pairsOfWays = Array.from({ length: WAYS / 2 }, (_, i) => i);
  const ways = pairsOfWays.map((i) => shiftLeft(topBitsLong(get(EQUAL + i)), 2 * i));
  return [
    ...set(HASH, load(get(ROW), Row.bucket)),
    ...set(LINE, shiftLeft(get(HASH), 6)),
    ...set(TIME, loadDouble(get(ROW), Row.time)),
    ...set(SUM, loadTwice(get(ROW), Row.hash)),
    ...pairsOfWays.flatMap((i) => set(EQUAL + i, equalLong(get(SUM), loadVector(get(LINE), HASHES_AT + 16 * i)))),
    ...when(
      anyBit(vectorOr(...pairsOfWays.map((i) => get(EQUAL + i)))),
      [...entry(trailingZeros(or(...ways))), ...again()],
      remembering(),
    ),
  ];
}

/** Sets ENTRY to a way of the bucket, and WAY to its number. */
function entry(way: Code): Code {
  return [...set(WAY, way), ...set(ENTRY, add(shiftLeft(get(HASH), 3), get(WAY)))];
}

const timesOfEntry = (): Code => shiftLeft(get(ENTRY), 4);
const interfaceOfEntry = (): Code => shiftLeft(get(ENTRY), 1);
const FIRST_AT = TIMES_AT;
const LAST_AT = TIMES_AT + 8;

function again(): Code {
  const isRepeat = isWithin(get(TIME), loadDouble(timesOfEntry(), FIRST_AT), REPEAT_MS);
  const isElsewhere = differ(load16(interfaceOfEntry(), INTERFACES_AT), load(get(ROW), Row.interfaceId));
  const isClose = isWithin(get(TIME), loadDouble(timesOfEntry(), LAST_AT), OTHER_INTERFACE_MS);
  return [
    ...store(get(ROW), or(isRepeat, and(isElsewhere, isClose)), Row.isCopy),
    ...storeDouble(timesOfEntry(), get(TIME), LAST_AT),
    ...store16(interfaceOfEntry(), load(get(ROW), Row.interfaceId), INTERFACES_AT),
    ...when(load(get(ROW), Row.isCopy), [], storeDouble(timesOfEntry(), get(TIME), FIRST_AT)),
  ];
}

function remembering(): Code {
  const hashOfEntry = add(get(LINE), shiftLeft(get(WAY), 3));
  const isTaken = anyBit(loadTwice(hashOfEntry, HASHES_AT));
  const isYoung = isWithin(get(TIME), loadDouble(timesOfEntry(), FIRST_AT), REPEAT_MS);
  return [
    ...entry(load8(get(HASH), NEXT_AT)),
    ...store8(get(HASH), and(add(get(WAY), constant(1)), constant(WAYS - 1)), NEXT_AT),
    ...set(EVICTIONS, add(get(EVICTIONS), and(isTaken, isYoung))),
    ...storeFirst(hashOfEntry, get(SUM), HASHES_AT),
    ...storeDouble(timesOfEntry(), get(TIME), FIRST_AT),
    ...storeDouble(timesOfEntry(), get(TIME), LAST_AT),
    ...store16(interfaceOfEntry(), load(get(ROW), Row.interfaceId), INTERFACES_AT),
    ...store(get(ROW), constant(0), Row.isCopy),
  ];
}
