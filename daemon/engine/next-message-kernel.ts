// The work of next-messages.ts for those messages that are usual datagrams too, as WebAssembly over a round that lies in memory
// which threads share. What preparing the round has found out it takes as it is: its caller knows that nothing of it has
// changed. Its twin is the same in JavaScript, which takes each message that the kernel does not.

import {
  add,
  and,
  type Code,
  constant,
  differ,
  get,
  isBelow,
  isZero,
  load,
  load8,
  load16,
  multiply,
  or,
  set,
  shiftLeft,
  shiftRight,
  startKernelIn,
  store,
  store8,
  store16,
  subtract,
  when,
  whereItRuns,
  whileBelow,
  xor,
} from '../../dissectors/security/wasm/assembler.ts';
import { isLess, loadDouble } from '../../dissectors/security/wasm/doubles.ts';
import type { SharedMemory } from '../../dissectors/security/wasm/shared-memory.ts';
import { ContextsAt, KeysAt } from './judging-memory.ts';
import { MESSAGE_COLUMN_AT } from './message-columns.ts';
import { EPOCHS_AT, KNOWN_EPOCH_OCTETS, KNOWN_EPOCHS_CAP, KnownEpoch, STOPPED_AT } from './next-message-rows.ts';
import { JUDGING_MEMORY_AT, NEXT_MESSAGE_KERNEL_AT } from './shared-layout.ts';
import {
  FRAGMENT_MASK,
  GROUP_ADDRESS_CHECK,
  GROUP_ADDRESS_TENTHS,
  IPV4_HEADER,
  IPV4_START,
  LONGEST_DATAGRAM,
  MONP_PORT_EXCHANGED,
  UDP,
  UDP_HEADER,
  USUAL_CHECKS,
  USUAL_TENTHS,
} from './usual-datagram.ts';

type MessageColumn = keyof typeof MESSAGE_COLUMN_AT;

// Parameters and locals.
const COLUMNS = 0;
const ARENA = 1;
const ROW = 2;
const UNTIL = 3;
const CHANGES = 4;
// Where the row stands in columns of so many octets, but for the distance of the column from the first.
const ROW1 = 5;
const ROW2 = 6;
const ROW4 = 7;
const ROW8 = 8;
const CONTEXT = 9;
const EPOCH = 10;
const AT = 11;
const LENGTH = 12;
const DESTINATION = 13;
const HEADER_SUM = 14;
const BODY_SUM = 15;
const OTHER_ADDRESS = 16;
const PARAMETERS = 5;
const LOCALS = 12;

// Addresses.
const HOW_AT = JUDGING_MEMORY_AT + ContextsAt.how;
const CONTEXTS_TOUCHED_AT = JUDGING_MEMORY_AT + ContextsAt.touched;
const KEYS_TOUCHED_AT = JUDGING_MEMORY_AT + KeysAt.touched;
const KNOWN_AT = NEXT_MESSAGE_KERNEL_AT + EPOCHS_AT;
const STOPPED = NEXT_MESSAGE_KERNEL_AT + STOPPED_AT;

/** See the head of the file. */
export interface NextMessageKernel {
  /**
   * Judges messages from row `from` on and before row `until`.
   *
   * @param columns octet of the memory at which the columns of the round begin (message-columns.ts)
   * @param arena octet of the memory at which its arena begins
   * @param changes which keys are known, by `KnownEpoch.changes`
   * @returns the row of the first that it does not take, of which nothing is written; `until` where there is none
   */
  judge(columns: number, arena: number, from: number, until: number, changes: number): number;
}

/** Builds one; null where the host has the other order of octets, or no WebAssembly. */
export function buildNextMessageKernel(shared: SharedMemory): NextMessageKernel | null {
  return whereItRuns(() => {
    const call = startKernelIn(shared, 'next-message-kernel', () => [
      { name: 'judge', parameters: PARAMETERS, locals: LOCALS, body: judging() },
    ]);
    const stopped = new Uint32Array(shared.buffer, STOPPED, 1);
    return {
      judge(columns, arena, from, until, changes) {
        call.judge(columns, arena, from, until, changes);
        return stopped[0];
      },
    };
  });
}

const octet = (column: MessageColumn): Code => load8(get(ROW1), MESSAGE_COLUMN_AT[column]);
const half = (column: MessageColumn): Code => load16(get(ROW2), MESSAGE_COLUMN_AT[column]);
const word = (column: MessageColumn): Code => load(get(ROW4), MESSAGE_COLUMN_AT[column]);
/** Word `index` of the deciphered message. */
const plain = (index: number): Code => load(get(AT), index * 4);
const step = (local: number, octets: number): Code => set(local, add(get(local), constant(octets)));
const low = (value: Code): Code => and(value, constant(0xffff));
const high = (value: Code): Code => shiftRight(value, 16);
const halves = (value: Code): Code => add(low(value), high(value));
/** A number of 16 bits with its octets exchanged. */
const exchanged = (value: Code): Code => or(shiftLeft(and(value, constant(0xff)), 8), shiftRight(value, 8));
/** As `foldedSum` has it. */
const fold = (local: number): Code => [...set(local, halves(get(local))), ...set(local, halves(get(local)))];
const lengthWithout = (octets: number): Code => add(get(LENGTH), constant(-octets));

function judging(): Code {
  const stop = set(UNTIL, get(ROW));
  return [
    ...set(ROW1, add(get(COLUMNS), get(ROW))),
    ...set(ROW2, add(get(COLUMNS), shiftLeft(get(ROW), 1))),
    ...set(ROW4, add(get(COLUMNS), shiftLeft(get(ROW), 2))),
    ...set(ROW8, add(get(COLUMNS), shiftLeft(get(ROW), 3))),
    ...whileBelow(ROW, get(UNTIL), [
      ...set(CONTEXT, word('context')),
      ...set(EPOCH, word('epoch')),
      ...when(mayBe(), [...reading(), ...when(is(), [...writing(), ...stepping()], stop)], stop),
    ]),
    ...store(constant(0), get(ROW), STOPPED),
  ];
}

/** Whether a message was deciphered ahead, and its key can be known: another has no context, or no room in the arena. */
function mayBe(): Code {
  return and(octet('deciphered'), isBelow(get(EPOCH), constant(KNOWN_EPOCHS_CAP)));
}

/** What is asked for twice. */
function reading(): Code {
  return [
    ...set(EPOCH, multiply(get(EPOCH), constant(KNOWN_EPOCH_OCTETS))),
    ...set(AT, add(get(ARENA), shiftLeft(word('plainWord'), 2))),
    ...set(LENGTH, word('length')),
    ...set(DESTINATION, plain(4)),
    ...set(HEADER_SUM, add(halves(plain(0)), halves(plain(1)), halves(plain(2)))),
    ...set(BODY_SUM, add(subtract(word('sum'), get(HEADER_SUM)), exchanged(lengthWithout(IPV4_HEADER - UDP)))),
    ...set(HEADER_SUM, add(get(HEADER_SUM), halves(plain(3)), halves(get(DESTINATION)))),
    ...fold(HEADER_SUM),
    ...fold(BODY_SUM),
  ];
}

/**
 * Whether it is the usual datagram, as `Evidence.weigh` has that in short, under the key of its context as configured, which is
 * known for its time.
 */
function is(): Code {
  const known = (field: number): Code => loadDouble(get(EPOCH), KNOWN_AT + field);
  const time = loadDouble(get(ROW8), MESSAGE_COLUMN_AT.time);
  const shortest = IPV4_HEADER + UDP_HEADER;
  const differs = or(
    octet('sduType'),
    isZero(word('sum')),
    load16(shiftLeft(get(CONTEXT), 1), HOW_AT),
    xor(and(plain(0), constant(0xff)), constant(IPV4_START)),
    xor(high(plain(0)), exchanged(get(LENGTH))),
    xor(low(plain(6)), exchanged(lengthWithout(IPV4_HEADER))),
    and(plain(1), constant(FRAGMENT_MASK)),
    xor(and(shiftRight(plain(2), 8), constant(0xff)), constant(UDP)),
    isZero(high(plain(6))),
    isZero(xor(high(plain(5)), constant(MONP_PORT_EXCHANGED))),
    xor(and(get(HEADER_SUM), get(BODY_SUM)), constant(0xffff)),
    xor(load(get(EPOCH), KNOWN_AT + KnownEpoch.changes), get(CHANGES)),
  );
  const parts = [
    isZero(differs),
    isBelow(lengthWithout(shortest), constant(LONGEST_DATAGRAM - shortest + 1)),
    isLess(known(KnownEpoch.after), time),
    isLess(time, known(KnownEpoch.before)),
  ];
  return parts.reduce(and);
}

function writing(): Code {
  const known = (field: number): Code => load(get(EPOCH), KNOWN_AT + field);
  const isOther = and(
    differ(get(DESTINATION), known(KnownEpoch.firstAddress)),
    differ(get(DESTINATION), known(KnownEpoch.otherAddress)),
  );
  const tenths = multiply(get(OTHER_ADDRESS), constant(-GROUP_ADDRESS_TENTHS));
  const check = multiply(get(OTHER_ADDRESS), constant(-GROUP_ADDRESS_CHECK));
  return [
    ...set(OTHER_ADDRESS, or(isOther, known(KnownEpoch.addressless))),
    ...store(get(ROW4), known(KnownEpoch.group), MESSAGE_COLUMN_AT.group),
    ...store16(get(ROW2), add(tenths, constant(USUAL_TENTHS + GROUP_ADDRESS_TENTHS)), MESSAGE_COLUMN_AT.evidence),
    ...store(get(ROW4), add(check, constant(USUAL_CHECKS + GROUP_ADDRESS_CHECK)), MESSAGE_COLUMN_AT.passed),
    ...store16(get(ROW2), or(half('flags'), known(KnownEpoch.flags)), MESSAGE_COLUMN_AT.flags),
    ...store8(get(ROW1), known(KnownEpoch.state), MESSAGE_COLUMN_AT.epochState),
    ...store8(get(ROW1), known(KnownEpoch.verdict), MESSAGE_COLUMN_AT.verdict),
    ...store8(get(CONTEXT), constant(1), CONTEXTS_TOUCHED_AT),
    ...store8(word('traffic'), constant(1), KEYS_TOUCHED_AT),
  ];
}

function stepping(): Code {
  return [...step(ROW, 1), ...step(ROW1, 1), ...step(ROW2, 2), ...step(ROW4, 4), ...step(ROW8, 8)];
}
