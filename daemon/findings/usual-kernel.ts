// Many usual messages at once, as WebAssembly: what `FindingWatch.run`, `UsualMessages.take` and `PositionRing.commit` do for
// each, in one loop, where columns of messages, deciphered octets, lines of contexts and entries of the ring lie in memory
// that threads share. It stops before a message that is no usual one or that wants something of which there is little, and
// changes nothing of that. Its twin are those functions.

import { CUSTOM_BLOCK_LINKTYPE } from '../../captures/frame-batch.ts';
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
  multiply,
  or,
  set,
  shiftLeft,
  shiftRight,
  startKernelIn,
  store,
  subtract,
  when,
  whereItRuns,
  whileBelow,
  xor,
} from '../../dissectors/security/wasm/assembler.ts';
import {
  areEqual,
  asDouble,
  asInteger,
  doubleConstant,
  isAtMost,
  isLess,
  loadDouble,
  multiplyDoubles,
  storeDouble,
  subtractDoubles,
} from '../../dissectors/security/wasm/doubles.ts';
import type { SharedMemory } from '../../dissectors/security/wasm/shared-memory.ts';
import { MESSAGE_COLUMN_AT } from '../engine/message-columns.ts';
import { NONE, Place } from '../engine/message-table.ts';
import { SUM_WORDS, Sum } from '../engine/run-sums.ts';
import { IPV4_SOURCE } from './binding.ts';
import { JUMP_MS } from './capture.ts';
import { WINDOW_MS } from './gaps.ts';
import { CHAIN, ENTRY_OCTETS, FAR, FRAME_BITS, LENGTH_SN, PLACE, TICKS, TIME } from './ring-entries.ts';
import { MOST_AHEAD, RTP_AT, RTP_END, SEQUENCE_AT, SSRC_AT, UDP_OVER_IPV4 } from './rtp-sources.ts';
import { CALL_AT, CALL_SUMS_END, Call, CallNumber, ENTRIES_AT, LINES_AT, Stop } from './usual-call.ts';
import * as Line from './usual-lines.ts';

type MessageColumn = keyof typeof MESSAGE_COLUMN_AT;

// Locals: row of the frame, and behind the last one,
const ROW = 0;
const UNTIL = 1;
// row of the message, and addresses of its octet, half word, word and number in the columns, less where each begins,
const MESSAGE = 2;
const IN_OCTETS = 3;
const IN_HALVES = 4;
const IN_WORDS = 5;
const IN_NUMBERS = 6;
// addresses of the frame's `captured` and `linkType`,
const IN_CAPTURED = 7;
const IN_LINKS = 8;
// addresses of the line of its context, of its deciphered octets and of its entry in the ring, and its number there,
const LINE = 9;
const PLAIN = 10;
const ENTRY = 11;
const NUMBER = 12;
// and what is made of it.
const SN = 13;
const HAS_RTP = 14;
const SEQUENCE = 15;
const FRAMES = 16;
const KEPT_PLACE = 17;
const KEPT_TIME = 18;
const BACK = 19;
const STOP = 20;
// Addresses of the sum of its context, and behind the last sum.
const SUM = 21;
const SUMS_END = 22;
const I32_LOCALS = 23;
const LATEST = 23;
const NOW = 24;
const KEPT = 25;
const F64_LOCALS = 3;

/**
 * Builds a kernel, which is called without parameters (usual-call.ts); null where the host has no WebAssembly, or the other
 * order of octets.
 *
 * @param shared memory with room for what the findings keep there (shared-layout.ts)
 * @param limit messages that the ring of positions remembers, a power of two
 */
export function buildUsualKernel(shared: SharedMemory, limit: number): (() => void) | null {
  return whereItRuns(() => startKernelIn(shared, `usual-kernel ${limit}`, () => [taking(limit)]).take);
}

function taking(limit: number): KernelFunction {
  const body = [beginning(), whileBelow(ROW, get(UNTIL), message(limit)), ending()];
  return { name: 'take', parameters: 0, locals: I32_LOCALS, doubles: F64_LOCALS, body };
}

const told = (octet: number): Code => load(constant(CALL_AT), octet);
const toldNumber = (octet: number): Code => loadDouble(constant(CALL_AT), octet);
const line = (word: number): Code => load(get(LINE), LINES_AT + word * 4);
const lineNumber = (number: number): Code => loadDouble(get(LINE), LINES_AT + number * 8);
const setLine = (word: number, value: Code): Code => store(get(LINE), value, LINES_AT + word * 4);
const setEntry = (word: number, value: Code): Code => store(get(ENTRY), value, ENTRIES_AT + word * 4);
const octet = (name: MessageColumn): Code => load8(get(IN_OCTETS), MESSAGE_COLUMN_AT[name]);
const half = (name: MessageColumn): Code => load16(get(IN_HALVES), MESSAGE_COLUMN_AT[name]);
const word = (name: MessageColumn): Code => load(get(IN_WORDS), MESSAGE_COLUMN_AT[name]);
const number = (name: MessageColumn): Code => loadDouble(get(IN_NUMBERS), MESSAGE_COLUMN_AT[name]);
const isNot = (condition: Code): Code => equal(condition, constant(0));
const stepped = (local: number, by: number): Code => set(local, add(get(local), constant(by)));

function beginning(): Code {
  const from = (local: number, base: number, row: Code): Code => set(local, add(told(base), row));
  return [
    set(ROW, told(Call.row)),
    set(UNTIL, told(Call.until)),
    set(MESSAGE, told(Call.message)),
    from(IN_OCTETS, Call.columns, get(MESSAGE)),
    from(IN_HALVES, Call.columns, shiftLeft(get(MESSAGE), 1)),
    from(IN_WORDS, Call.columns, shiftLeft(get(MESSAGE), 2)),
    from(IN_NUMBERS, Call.columns, shiftLeft(get(MESSAGE), 3)),
    from(IN_CAPTURED, Call.captured, shiftLeft(get(ROW), 2)),
    from(IN_LINKS, Call.linkType, shiftLeft(get(ROW), 1)),
    set(NUMBER, told(Call.number)),
    set(SUMS_END, told(CALL_SUMS_END)),
    set(LATEST, toldNumber(CallNumber.latest)),
  ];
}

function ending(): Code {
  return [
    store(constant(CALL_AT), get(ROW), Call.row),
    store(constant(CALL_AT), get(STOP), Call.stop),
    store(constant(CALL_AT), get(SUMS_END), CALL_SUMS_END),
  ];
}

/** One message. Nothing is stored before all is known. */
function message(limit: number): Code {
  return [
    set(STOP, constant(Stop.rules)),
    isAlone(),
    isInTime(),
    isAlike(),
    isLent(),
    isNext(),
    set(STOP, constant(Stop.page)),
    leaveWhen(equal(line(Line.STOP), get(SN))),
    set(STOP, constant(Stop.entry)),
    isKept(),
    keep(limit),
    goOn(),
    count(),
    set(LATEST, get(NOW)),
    [ROW, MESSAGE, IN_OCTETS, NUMBER].map((local) => stepped(local, 1)),
    [IN_HALVES, IN_LINKS].map((local) => stepped(local, 2)),
    [IN_WORDS, IN_CAPTURED].map((local) => stepped(local, 4)),
    stepped(IN_NUMBERS, 8),
  ];
}

/** Its frame has no other. */
function isAlone(): Code {
  const frameRow = MESSAGE_COLUMN_AT.frameRow;
  const another = equal(load(get(IN_WORDS), frameRow + 4), get(ROW));
  return [
    leaveWhen(differ(load(get(IN_WORDS), frameRow), get(ROW))),
    leaveWhen(and(another, isBelow(add(get(MESSAGE), constant(1)), told(Call.count)))),
  ];
}

/** As `CaptureWatch.isUsual` has it, and nothing is to be told that only time brings about. */
function isInTime(): Code {
  const captured = load(get(IN_CAPTURED));
  const original = load(add(get(IN_CAPTURED), told(Call.original)));
  const linkType = load16(get(IN_LINKS));
  const interfaceId = load16(add(get(IN_LINKS), told(Call.interfaces)));
  const sinceGap = subtractDoubles(get(NOW), toldNumber(CallNumber.oldestGap));
  return [
    set(NOW, number('time')),
    leaveWhen(isNot(isAtMost(get(LATEST), get(NOW)))),
    leaveWhen(isNot(isAtMost(subtractDoubles(get(NOW), get(LATEST)), doubleConstant(JUMP_MS)))),
    leaveWhen(
      or(
        differ(interfaceId, told(Call.interfaceId)),
        equal(linkType, constant(CUSTOM_BLOCK_LINKTYPE)),
        isBelow(captured, original),
      ),
    ),
    leaveWhen(isAtMost(toldNumber(CallNumber.due), get(NOW))),
    leaveWhen(isAtMost(doubleConstant(WINDOW_MS), sinceGap)),
  ];
}

/** What it must have in common with the last one of its context. */
function isAlike(): Code {
  const pair = (high: Code, low: Code): Code => or(shiftLeft(high, 8), low);
  const header = or(shiftLeft(half('ptkId'), 16), shiftLeft(octet('lcid'), 8), octet('sduType'));
  const differences = [
    xor(line(Line.CONTEXT), word('context')),
    xor(line(Line.STAMP), told(Call.stamp)),
    xor(line(Line.SENDER), pair(word('source'), octet('pgkIndex'))),
    xor(line(Line.RECEIVER), pair(word('destination'), octet('version'))),
    xor(line(Line.HEADER), header),
    xor(line(Line.FLAGS), pair(half('flags'), octet('verdict'))),
    xor(line(Line.GROUP), word('group')),
    xor(line(Line.KEY), word('epoch')),
    xor(line(Line.PASSED), and(word('passed'), constant(Line.CHECKS))),
    xor(octet('deciphered'), constant(1)),
  ];
  const slot = and(word('context'), constant(Line.CONTEXTS - 1));
  return [
    set(LINE, multiply(slot, constant(Line.LINE_WORDS * 4))),
    leaveWhen(or(...differences)),
    set(PLAIN, add(told(Call.plain), shiftLeft(word('plainWord'), 2))),
    leaveWhen(and(differ(line(Line.OWNER), constant(NONE)), differ(load(get(PLAIN), IPV4_SOURCE), line(Line.ADDRESS)))),
  ];
}

function isLent(): Code {
  return [set(STOP, constant(Stop.lend)), leaveWhen(isNot(line(Line.LENT))), set(STOP, constant(Stop.rules))];
}

/** The next SN, within its key's time, with the next packet of its RTP stream. */
function isNext(): Code {
  const udp = equal(and(word('passed'), constant(UDP_OVER_IPV4)), constant(UDP_OVER_IPV4));
  const isLong = isNot(isBelow(word('length'), constant(RTP_END)));
  const isRtp = and(equal(shiftRight(load8(get(PLAIN), RTP_AT), 6), constant(2)), differ(ssrc(), constant(0)));
  const big = or(shiftLeft(load8(get(PLAIN), SEQUENCE_AT), 8), load8(get(PLAIN), SEQUENCE_AT + 1));
  const ahead = and(subtract(get(SEQUENCE), line(Line.SEQUENCE)), constant(0xffff));
  const isOther = or(equal(line(Line.RTP), constant(NONE)), differ(ssrc(), line(Line.SSRC)));
  const isApart = isNot(isBelow(subtract(ahead, constant(1)), constant(MOST_AHEAD)));
  return [
    set(SN, half('sn')),
    leaveWhen(differ(line(Line.NEXT), get(SN))),
    leaveWhen(isNot(and(isAtMost(lineNumber(Line.FROM), get(NOW)), isLess(get(NOW), lineNumber(Line.UNTIL))))),
    set(HAS_RTP, and(udp, isLong)),
    // Octets that far into the SDU are read only where it has them.
    when(get(HAS_RTP), [set(HAS_RTP, isRtp), set(SEQUENCE, big)]),
    leaveWhen(and(get(HAS_RTP), or(isOther, isApart))),
  ];
}

function ssrc(): Code {
  return load(get(PLAIN), SSRC_AT);
}

/** As `RingEntries.keep` has it where nothing is far, and the place is kept. */
function isKept(): Code {
  return [
    set(FRAMES, asInteger(subtractDoubles(number('frame'), toldNumber(CallNumber.firstFrame)))),
    set(KEPT, multiplyDoubles(subtractDoubles(get(NOW), toldNumber(CallNumber.firstTime)), doubleConstant(TICKS))),
    set(KEPT_TIME, asInteger(get(KEPT))),
    set(KEPT_PLACE, add(told(Call.place), word('rawAt'))),
    leaveWhen(
      or(
        differ(octet('rawPlace'), constant(Place.frame)),
        isNot(isBelow(get(FRAMES), constant(FAR))),
        isNot(areEqual(asDouble(get(KEPT_TIME)), get(KEPT))),
        // Above 0, with a sign.
        isNot(isBelow(subtract(get(KEPT_PLACE), constant(1)), constant(0x7fff_ffff))),
      ),
    ),
  ];
}

function keep(limit: number): Code {
  const isRemembered = and(differ(line(Line.LAST), constant(0)), isBelow(get(BACK), constant(limit)));
  return [
    set(ENTRY, multiply(and(get(NUMBER), constant(limit - 1)), constant(ENTRY_OCTETS))),
    set(BACK, subtract(get(NUMBER), line(Line.LAST))),
    setEntry(CHAIN, or(multiply(isRemembered, shiftLeft(get(BACK), FRAME_BITS)), get(FRAMES))),
    setEntry(LENGTH_SN, or(shiftLeft(word('length'), 16), get(SN))),
    setEntry(PLACE, get(KEPT_PLACE)),
    setEntry(TIME, get(KEPT_TIME)),
  ];
}

/** Its context is one further. */
function goOn(): Code {
  return [
    when(get(HAS_RTP), [
      setLine(Line.SEQUENCE, get(SEQUENCE)),
      setLine(Line.RTP_FRAME, add(told(Call.frame), get(FRAMES))),
    ]),
    setLine(Line.LAST, get(NUMBER)),
    setLine(Line.NEXT, add(get(SN), constant(1))),
    setLine(Line.MESSAGES, add(line(Line.MESSAGES), constant(1))),
    storeDouble(get(LINE), get(NOW), LINES_AT + Line.TIME * 8),
    storeDouble(get(LINE), number('frame'), LINES_AT + Line.FRAME * 8),
  ];
}

/** It counts among those of its context in this run. */
function count(): Code {
  const sum = (word: number): Code => load(get(SUM), word * 4);
  const setSum = (word: number, value: Code): Code => store(get(SUM), value, word * 4);
  const isFirst = [
    set(SUM, get(SUMS_END)),
    stepped(SUMS_END, SUM_WORDS * 4),
    setLine(Line.SUM, get(SUM)),
    setSum(Sum.messages, constant(0)),
    setSum(Sum.octets, constant(0)),
    setSum(Sum.first, get(MESSAGE)),
  ];
  return [
    set(SUM, line(Line.SUM)),
    when(isNot(get(SUM)), isFirst),
    setSum(Sum.messages, add(sum(Sum.messages), constant(1))),
    setSum(Sum.octets, add(sum(Sum.octets), word('length'))),
    setSum(Sum.last, get(MESSAGE)),
  ];
}
