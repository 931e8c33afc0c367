// What messages need around the cipher, for a whole round in WebAssembly: octets as they were on the air and the arena of
// deciphered ones lie in one memory, which may be shared with the threads that read them and that look at them, and vectors
// lay out the counter blocks of 128-EEA2 (TS 33.401 B.1.3), XOR, and make the ones' complement sum that tells whether the
// checksums inside are right (RFC 1071). The twins in tests are ../aes-eea2.ts and sums octet by octet.

import { CALL_BLOCKS } from '../aes-eea2.ts';
import {
  add,
  and,
  type Code,
  constant,
  get,
  type KernelFunction,
  load,
  load8,
  or,
  repeatBelow,
  set,
  shiftLeft,
  startKernel,
  startKernelIn,
  store,
  whereItRuns,
  whileBelow,
} from './assembler.ts';
import {
  Entry,
  LINE_OCTETS,
  LIST_AT,
  LIST_WORDS,
  MASKS_AT,
  MASKS_OCTETS,
  STREAM_AT,
  STREAM_OCTETS,
} from './message-list.ts';
import type { SharedMemory } from './shared-memory.ts';
import {
  addPairs,
  addWords,
  loadVector,
  lookUp,
  repeated,
  storeVector,
  vectorAnd,
  vectorConstant,
  vectorXor,
  withWord,
  wordOf,
} from './vector.ts';

const BLOCK_OCTETS = 16;
const ENTRY_OCTETS = LIST_WORDS * 4;

// Parameter, locals and vectors.
const END = 0;
const ENTRY = 1;
const FROM = 2;
const TO = 3;
const LAST = 4;
const STREAM = 5;
const BLOCK = 6;
const SUM = 7;
const LOCALS = { parameters: 1, locals: 5, vectors: 2 } as const;

/** See the head of the file. Whoever uses it fills `list`, at most CALL_BLOCKS messages. */
export interface MessageKernel {
  readonly memory: ArrayBufferLike;
  /** LIST_WORDS words for each message. */
  readonly list: Int32Array;
  /**
   * Lays out the counter blocks of the first `messages` messages, 1 or more, each from a block of its own on.
   *
   * @param blocks that they have together
   * @returns the blocks, valid until `xor`
   */
  layOut(messages: number, blocks: number): Uint8Array;
  /**
   * XORs key stream over the first `messages` messages, 1 or more, on their way to the arena, and sums what results.
   *
   * @param stream at most CALL_BLOCKS blocks
   */
  xor(messages: number, stream: Uint8Array): void;
  /** Wipes key stream and list. */
  wipe(): void;
}

/**
 * Builds one; null where the host has no vectors, or the other order of octets. `to` behind a message up to the next
 * boundary of 16 octets becomes 0.
 *
 * @param memory shared with other threads; or octets of memory of its own
 * @param at where MESSAGE_KERNEL_OCTETS of it are for this kernel alone, on a boundary of 16 octets
 */
export function createMessageKernel(memory: SharedMemory | number, at = 0): MessageKernel | null {
  return whereItRuns(() => build(memory, at));
}

function build(shared: SharedMemory | number, at: number): MessageKernel {
  const name = `message-kernel ${at}`;
  const functions = (): KernelFunction[] => [
    { name: 'layOut', ...LOCALS, body: layingOut(at) },
    { name: 'xor', ...LOCALS, body: [...touching(at), ...xoring(at)] },
  ];
  const { memory, call } =
    typeof shared === 'number'
      ? startKernel(name, functions, shared)
      : { memory: shared.buffer, call: startKernelIn(shared, name, functions) };
  const masks = new Uint8Array(memory, at + MASKS_AT, MASKS_OCTETS);
  for (let i = 0; i < MASKS_OCTETS; i++) masks[i] = isOfMessage(i >>> 4, i & 15) ? 0xff : 0;
  const stream = new Uint8Array(memory, at + STREAM_AT, STREAM_OCTETS);
  const list = new Int32Array(memory, at + LIST_AT, CALL_BLOCKS * LIST_WORDS);
  const end = (messages: number): number => at + LIST_AT + messages * ENTRY_OCTETS;
  return {
    memory,
    list,
    layOut(messages, blocks) {
      call.layOut(end(messages));
      return stream.subarray(0, blocks * BLOCK_OCTETS);
    },
    xor(messages, keyStream) {
      stream.set(keyStream);
      call.xor(end(messages));
    },
    wipe() {
      stream.fill(0);
      list.fill(0);
    },
  };
}

/** Whether octet `octet` of the last block of a message is still of it, by the octets that are over whole blocks. */
function isOfMessage(over: number, octet: number): boolean {
  return over === 0 || octet < over;
}

const entry = (word: number): Code => load(get(ENTRY), word * 4);
const step = (local: number, octets: number): Code => set(local, add(get(local), constant(octets)));
const ZERO = repeated(0);

/** Each entry of the list from first to last. */
function eachEntry(at: number, body: Code): Code {
  return [
    ...set(ENTRY, constant(at + LIST_AT)),
    ...repeatBelow(ENTRY, get(END), [...body, ...step(ENTRY, ENTRY_OCTETS)]),
  ];
}

/** COUNT, BEARER and DIRECTION, and the number of the block in the low 64 bits, most significant octets first. */
function layingOut(at: number): Code {
  const exchanged = vectorConstant([3, 2, 1, 0, 7, 6, 5, 4, 11, 10, 9, 8, 15, 14, 13, 12]);
  const next = vectorConstant([0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1, 0, 0, 0]);
  const eachMessage = eachEntry(at, [
    ...set(BLOCK, withWord(withWord(ZERO, 0, entry(Entry.count)), 1, entry(Entry.stream))),
    ...set(LAST, add(get(STREAM), and(add(entry(Entry.octets), constant(BLOCK_OCTETS - 1)), constant(-BLOCK_OCTETS)))),
    ...whileBelow(STREAM, get(LAST), [
      ...storeVector(get(STREAM), lookUp(get(BLOCK), exchanged)),
      ...set(BLOCK, addWords(get(BLOCK), next)),
      ...step(STREAM, BLOCK_OCTETS),
    ]),
  ]);
  return [...set(STREAM, constant(at + STREAM_AT)), ...eachMessage];
}

/**
 * Brings the lines of all messages nearer at the same time. Those of a key lie far from each other, so nothing else expects them:
 * one by one each message waited for its first line, which another thread had, for as long as all else takes.
 */
function touching(at: number): Code {
  const last = load8(add(get(FROM), entry(Entry.octets)), 0);
  const touched = or(load(get(FROM)), load(get(FROM), LINE_OCTETS), last);
  return eachEntry(at, [...set(FROM, entry(Entry.from)), ...store(get(ENTRY), touched, Entry.sum * 4)]);
}

/** Block by block from where a message lies to where it goes. The last one goes through a mask. */
function xoring(at: number): Code {
  const read = vectorXor(loadVector(get(FROM)), loadVector(get(STREAM)));
  const write = [
    ...storeVector(get(TO), get(BLOCK)),
    ...set(SUM, addWords(get(SUM), addPairs(get(BLOCK)))),
    ...step(STREAM, BLOCK_OCTETS),
  ];
  const octets = entry(Entry.octets);
  const mask = loadVector(shiftLeft(and(octets, constant(BLOCK_OCTETS - 1)), 4), at + MASKS_AT);
  const total = add(...[0, 1, 2, 3].map((word) => wordOf(get(SUM), word)));
  return eachEntry(at, [
    ...set(FROM, entry(Entry.from)),
    ...set(TO, entry(Entry.to)),
    ...set(STREAM, add(entry(Entry.keyStream), constant(at + STREAM_AT))),
    ...set(LAST, add(get(TO), and(add(octets, constant(-1)), constant(-BLOCK_OCTETS)))),
    ...set(SUM, ZERO),
    ...whileBelow(TO, get(LAST), [
      ...set(BLOCK, read),
      ...write,
      ...step(FROM, BLOCK_OCTETS),
      ...step(TO, BLOCK_OCTETS),
    ]),
    ...set(BLOCK, vectorAnd(read, mask)),
    ...write,
    ...store(get(ENTRY), total, Entry.sum * 4),
  ]);
}
