// The first work on a round, as WebAssembly over columns that lie in memory which threads share: finds the context of each message
// and the key that opened it before, gives the message room in the arena, and puts it to the others of that key; then lists
// those of a key for message-kernel.ts. Its twin is the same in JavaScript (decipher-batch.ts, round-kernel.ts).

import { CALL_BLOCKS } from '../../dissectors/security/aes-eea2.ts';
import { ALGORITHM_ID } from '../../dissectors/security/algorithm.ts';
import {
  add,
  and,
  type Code,
  constant,
  get,
  isBelow,
  isZero,
  load,
  load8,
  load16,
  multiply,
  or,
  repeatBelow,
  set,
  shiftLeft,
  shiftRight,
  startKernelIn,
  store,
  store8,
  subtract,
  when,
  whereItRuns,
  whileBelow,
  xor,
} from '../../dissectors/security/wasm/assembler.ts';
import { Entry, LIST_AT, LIST_WORDS } from '../../dissectors/security/wasm/message-list.ts';
import type { SharedMemory } from '../../dissectors/security/wasm/shared-memory.ts';
import { FIRST_AT, GATHERED_AT, Gathered, JOINED_AT, Listed, NEXT_AT, SLOTS_AT, UNSEEN_AT } from './gather-rows.ts';
import { ContextsAt, KeysAt } from './judging-memory.ts';
import { MESSAGE_COLUMN_AT, ROUND_ROWS } from './message-columns.ts';
import { MessageFlag, NO_PLAIN, NONE, Place } from './message-table.ts';
import { GATHER_KERNEL_AT, JUDGING_MEMORY_AT, MESSAGE_KERNEL_AT } from './shared-layout.ts';
import { SLOT_ENTRY_WORDS, SLOT_HASH, SLOT_NEXT } from './slot-table.ts';
import { TRAFFIC_KEY_CAP } from './traffic-keys.ts';

/** See the head of the file. */
export interface GatherKernel {
  /** What gather-rows.ts has. */
  readonly first: Int32Array;
  readonly next: Int32Array;
  readonly slots: Uint32Array;
  readonly unseen: Uint32Array;
  readonly joined: Uint32Array;
  readonly gathered: Int32Array;
  /**
   * Goes through the rows before row `until` down to the first one, until the arena is full.
   *
   * @param columns octet of the memory at which the columns of the round begin (message-columns.ts)
   * @param mask of the table that finds contexts
   * @param arena octets of the arena
   */
  gather(columns: number, until: number, mask: number, arena: number): void;
  /**
   * Lists messages of one key, as many as a call of the kernel of messages takes.
   *
   * @param first one more than the row of the first
   * @param raw what turns an octet of the batch into an address
   * @param arena octet of the memory at which the arena begins
   */
  list(columns: number, first: number, raw: number, arena: number): void;
  /** Gives the sums that the first `messages` of the list have to their rows. */
  give(columns: number, messages: number): void;
}

type MessageColumn = keyof typeof MESSAGE_COLUMN_AT;

// Parameters and locals of `gather`.
const COLUMNS = 0;
const COUNT = 1;
const MASK = 2;
const ARENA = 3;
const SEED = 4;
const DONE = 5;
const ROW = 6;
// Where the row stands in columns of so many octets, but for the distance of the column from the first.
const ROW1 = 7;
const ROW2 = 8;
const ROW4 = 9;
const K0 = 10;
const K1 = 11;
const K2 = 12;
const FOUND = 13;
const CONTEXT = 14;
const SLOT = 15;
const BEHIND = 16;
const ZERO = 17;
// What `Gathered` has, in its order.
const STATE = 18;
const STATES = Gathered.left;
const TAKEN = STATE + Gathered.taken;
const GATHER = { name: 'gather', parameters: 5, locals: STATE + STATES - 5 } as const;

// Parameters and locals of `list` that are others.
const REST = 1;
const RAW = 2;
const LENGTH = 4;
const ENTRY = 10;
const BLOCKS = 11;
const OWN = 12;
const TO = 13;
const LIST = { name: 'list', parameters: 4, locals: ZERO + 1 - 4 } as const;

// And of `give`.
const LAST = 1;
const GIVE = { name: 'give', parameters: 2, locals: ENTRY + 1 - 2 } as const;

const ENTRY_OCTETS = LIST_WORDS * 4;
const LIST_ADDRESS = MESSAGE_KERNEL_AT + LIST_AT;
const STATE_ADDRESS = GATHER_KERNEL_AT + GATHERED_AT;
const BLOCK_OCTETS = 16;

/** Builds one; null where the host has the other order of octets, or no WebAssembly. */
export function buildGatherKernel(shared: SharedMemory): GatherKernel | null {
  return whereItRuns(() => {
    const { gather, list, give } = startKernelIn(shared, 'gather-kernel', () => [
      { ...GATHER, body: gathering() },
      { ...LIST, body: listing() },
      { ...GIVE, body: giving() },
    ]);
    const { buffer } = shared;
    const rows = (at: number): Uint32Array => new Uint32Array(buffer, GATHER_KERNEL_AT + at, ROUND_ROWS);
    return {
      first: new Int32Array(buffer, GATHER_KERNEL_AT + FIRST_AT, TRAFFIC_KEY_CAP),
      next: new Int32Array(buffer, GATHER_KERNEL_AT + NEXT_AT, ROUND_ROWS),
      slots: rows(SLOTS_AT),
      unseen: rows(UNSEEN_AT),
      joined: rows(JOINED_AT),
      gathered: new Int32Array(buffer, STATE_ADDRESS, STATE_WORDS),
      gather(columns, until, mask, arena) {
        gather(columns, until, mask, arena, SLOT_HASH.seed);
      },
      list,
      give(columns, messages) {
        give(columns, LIST_ADDRESS + messages * ENTRY_OCTETS);
      },
    };
  });
}

const STATE_WORDS = Listed.next + 1;
const octet = (column: MessageColumn): Code => load8(get(ROW1), MESSAGE_COLUMN_AT[column]);
const half = (column: MessageColumn): Code => load16(get(ROW2), MESSAGE_COLUMN_AT[column]);
const word = (column: MessageColumn): Code => load(get(ROW4), MESSAGE_COLUMN_AT[column]);
const write = (column: MessageColumn, value: Code): Code => store(get(ROW4), value, MESSAGE_COLUMN_AT[column]);
const step = (local: number, by: number): Code => set(local, add(get(local), constant(by)));
const state = (name: keyof typeof Gathered): number => STATE + Gathered[name];
/** Word `slot` of a column, and of rows of this kernel. */
const ofContext = (at: number): Code => load(shiftLeft(get(CONTEXT), 2), JUDGING_MEMORY_AT + at);
const ofKey = (at: number): Code => load(shiftLeft(get(SLOT), 2), JUDGING_MEMORY_AT + at);
/** Puts a value to the end of rows. */
const put = (at: number, count: keyof typeof Gathered, value: Code): Code => [
  ...store(shiftLeft(get(state(count)), 2), value, GATHER_KERNEL_AT + at),
  ...step(state(count), 1),
];
const stateAt = (place: number): number => STATE_ADDRESS + place * 4;

function gathering(): Code {
  const states = Array.from({ length: STATES }, (_, i) => i);
  // Damaged, or with a header that says not ciphered.
  const isOther = or(and(half('flags'), constant(MessageFlag.damaged)), isZero(or(octet('pgkIndex'), half('ptkId'))));
  return [
    ...states.map((i) => set(STATE + i, load(constant(0), stateAt(i)))),
    ...set(ROW, add(get(COUNT), constant(-1))),
    ...set(ROW1, add(get(COLUMNS), get(ROW))),
    ...set(ROW2, add(get(COLUMNS), shiftLeft(get(ROW), 1))),
    ...set(ROW4, add(get(COLUMNS), shiftLeft(get(ROW), 2))),
    ...whileBelow(DONE, get(COUNT), [
      ...when(isOther, [], [...finding(), ...when(get(FOUND), known(), put(UNSEEN_AT, 'unseen', get(ROW)))]),
      ...[step(DONE, 1), step(ROW, -1), step(ROW1, -1), step(ROW2, -2), step(ROW4, -4)],
    ]),
    ...states.map((i) => store(constant(0), get(STATE + i), stateAt(i))),
    ...store(constant(0), add(get(ROW), constant(1)), stateAt(Gathered.left)),
  ];
}

/** Sets FOUND to one more than the slot of the context, or 0, as `WireContexts.find` has it. */
function finding(): Code {
  const { factors, shifts } = SLOT_HASH;
  const mixed = (by: number): Code => xor(get(FOUND), shiftRight(get(FOUND), shifts[by]));
  const hashed = (value: Code, by: number): Code => set(FOUND, multiply(value, constant(factors[by])));
  // The entry of slot 0 is found at 1.
  const entry = JUDGING_MEMORY_AT + ContextsAt.entries - SLOT_ENTRY_WORDS * 4;
  const at = multiply(get(FOUND), constant(SLOT_ENTRY_WORDS * 4));
  const isAnother = or(...[K0, K1, K2].map((key, i) => xor(load(at, entry + i * 4), get(key))));
  return [
    ...set(K0, or(shiftLeft(word('source'), 8), shiftRight(half('ptkId'), 8))),
    ...set(K1, or(shiftLeft(word('destination'), 8), and(half('ptkId'), constant(0xff)))),
    ...set(K2, or(shiftLeft(octet('version'), 8), octet('pgkIndex'))),
    ...hashed(xor(get(K0), get(SEED)), 0),
    ...hashed(xor(mixed(0), get(K1)), 1),
    ...hashed(xor(mixed(1), get(K2)), 2),
    ...set(FOUND, load(shiftLeft(and(mixed(2), get(MASK)), 2), JUDGING_MEMORY_AT + ContextsAt.heads)),
    ...whileBelow(
      ZERO,
      and(isBelow(get(ZERO), get(FOUND)), isBelow(get(ZERO), isAnother)),
      set(FOUND, load(at, entry + SLOT_NEXT * 4)),
    ),
  ];
}

/** A message of a context that was seen before: taken where the key that opened it is still held. */
function known(): Code {
  const isGone = xor(ofKey(KeysAt.generation), ofContext(ContextsAt.trafficGeneration));
  const needed = and(add(word('length'), constant(BLOCK_OCTETS - 1)), constant(-BLOCK_OCTETS));
  return [
    ...set(CONTEXT, add(get(FOUND), constant(-1))),
    ...write('context', get(CONTEXT)),
    ...set(SLOT, ofContext(ContextsAt.traffic)),
    ...when(
      isZero(xor(get(SLOT), constant(NONE))),
      [],
      when(
        isGone,
        [],
        [...set(BEHIND, add(get(TAKEN), needed)), ...when(isBelow(get(ARENA), get(BEHIND)), stopping(), taking())],
      ),
    ),
  ];
}

/** The arena is full: this row is left over, with those before it. */
/** The arena is full: this row is left over, with those before it. */
function stopping(): Code {
  return [...set(COUNT, get(DONE)), ...[step(DONE, -1), step(ROW, 1)]];
}

function taking(): Code {
  const firstOf = (value: Code): Code => store(shiftLeft(get(SLOT), 2), value, GATHER_KERNEL_AT + FIRST_AT);
  const chain = (value: Code): Code => store(shiftLeft(get(ROW), 2), value, GATHER_KERNEL_AT + NEXT_AT);
  return [
    // As `MessageTable.takePlain` has it: a message that has room keeps it.
    ...when(isZero(xor(word('plainWord'), constant(NO_PLAIN))), [
      ...write('plainWord', shiftRight(get(TAKEN), 2)),
      ...set(TAKEN, get(BEHIND)),
    ]),
    ...write('sum', constant(0)),
    ...store8(get(ROW1), constant(1), MESSAGE_COLUMN_AT.deciphered),
    ...write('traffic', get(SLOT)),
    ...write('epoch', ofContext(ContextsAt.provedEpoch)),
    ...set(FOUND, load(shiftLeft(get(SLOT), 2), GATHER_KERNEL_AT + FIRST_AT)),
    ...when(get(FOUND), [], put(SLOTS_AT, 'slots', get(SLOT))),
    ...chain(get(FOUND)),
    ...firstOf(add(get(ROW), constant(1))),
    ...when(
      isZero(xor(load8(get(SLOT), JUDGING_MEMORY_AT + KeysAt.algorithm), constant(ALGORITHM_ID.EEA0))),
      step(state('clear'), 1),
      [
        ...step(state('ciphered'), 1),
        ...when(
          isZero(xor(octet('rawPlace'), constant(Place.frame))),
          set(state('framed'), or(get(state('framed')), word('length'))),
          put(JOINED_AT, 'joined', get(ROW)),
        ),
      ],
    ),
  ];
}

/** As `RoundKernel` lists messages. Such as were put together are in the arena already. */
function listing(): Code {
  const entry = (field: number, value: Code): Code => store(get(ENTRY), value, field * 4);
  const isFramed = isZero(xor(octet('rawPlace'), constant(Place.frame)));
  const blocks = add(get(BLOCKS), get(OWN));
  const listed = [
    ...entry(Entry.from, get(TO)),
    ...when(isFramed, entry(Entry.from, add(get(RAW), word('rawAt')))),
    ...entry(Entry.to, get(TO)),
    ...entry(Entry.octets, get(LENGTH)),
    ...entry(Entry.count, word('counter')),
    ...entry(Entry.stream, shiftLeft(octet('lcid'), 27)),
    ...entry(Entry.keyStream, shiftLeft(get(BLOCKS), 4)),
    ...entry(Entry.row, get(ROW)),
    ...set(BLOCKS, blocks),
    ...step(ENTRY, ENTRY_OCTETS),
    ...set(REST, load(shiftLeft(get(ROW), 2), GATHER_KERNEL_AT + NEXT_AT)),
  ];
  const result = (field: keyof typeof Listed, value: Code): Code => store(constant(0), value, stateAt(Listed[field]));
  return [
    ...set(ENTRY, constant(LIST_ADDRESS)),
    ...result('next', constant(0)),
    ...whileBelow(ZERO, get(REST), [
      ...set(ROW, add(get(REST), constant(-1))),
      ...set(ROW1, add(get(COLUMNS), get(ROW))),
      ...set(ROW4, add(get(COLUMNS), shiftLeft(get(ROW), 2))),
      ...set(LENGTH, word('length')),
      ...set(OWN, shiftRight(add(get(LENGTH), constant(BLOCK_OCTETS - 1)), 4)),
      ...set(TO, add(get(ARENA), shiftLeft(word('plainWord'), 2))),
      ...when(
        or(isZero(get(OWN)), isBelow(constant(CALL_BLOCKS), blocks)),
        [...result('next', get(REST)), ...set(REST, constant(0))],
        listed,
      ),
    ]),
    ...result('messages', shiftRight(subtract(get(ENTRY), constant(LIST_ADDRESS)), 5)),
    ...result('blocks', get(BLOCKS)),
  ];
}

function giving(): Code {
  return [
    ...set(ENTRY, constant(LIST_ADDRESS)),
    ...repeatBelow(ENTRY, get(LAST), [
      ...store(
        add(get(COLUMNS), shiftLeft(load(get(ENTRY), Entry.row * 4), 2)),
        load(get(ENTRY), Entry.sum * 4),
        MESSAGE_COLUMN_AT.sum,
      ),
      ...step(ENTRY, ENTRY_OCTETS),
    ]),
  ];
}
