// PC5 signalling (TS 24.334 11): messages of one-to-one links, carried as PDCP SDUs of type 010 on LCID 28 to 30.

import type { TreeWriter } from '../layer.ts';
import { addFields, addOctets } from '../layout.ts';
import { OctetWriter, uint16 } from '../octets.ts';
import {
  type Mandatory,
  type OptionalLayout,
  PC5_LAYOUTS,
  PC5_MESSAGES,
  PC5_OPTIONALS,
  pc5Fields,
  pc5SignallingProtocol,
} from './pc5-fields.ts';

export { PC5_MESSAGES, pc5SignallingProtocol } from './pc5-fields.ts';

// Offsets.
const SEQUENCE = 1;
const HEADER = 3;

/** Constants we chose. */
/**
 * Optional elements of one message. No message has more than 6 kinds. Each has at most two possible lengths, so that at
 * most 2^8 placements are tried, twice for the two readings of user info.
 */
const OPTIONAL_CAP = 8;

/** How well octets fit PC5 signalling, for whoever weighs evidence. */
export interface Pc5Fit {
  /** The message type is one of 1 to 19. */
  readonly known: boolean;
  /** Octets that could be placed. */
  readonly consumed: number;
  /** Every mandatory element is there, only elements that the message may have follow, and no octet is left over. */
  readonly complete: boolean;
}

/** An optional element: its tag's octet, whether a length octet follows, and where its value lies. */
interface Placed {
  readonly tag: number;
  readonly at: number;
  readonly prefixed: boolean;
  readonly valueAt: number;
  readonly end: number;
}

/** A message with all its parts placed. */
interface Placement {
  readonly fit: Pc5Fit;
  /** One behind the user info's value, for the messages that have it in their mandatory part; else 0. */
  readonly userInfoEnd: number;
  readonly mandatoryEnd: number;
  readonly optionals: readonly Placed[];
}

/**
 * Places the elements of a message. Two things are written differently by different authors: whether the length of user
 * info counts its type octet, and whether some optional elements have a length octet. Every reading is tried, the one of
 * the specification's own style first; the first that leaves nothing over is taken,
 * and the first of all where none does.
 */
function place(bytes: Uint8Array, at: number, end: number): Placement {
  const type = at < end ? bytes[at] : 0;
  const layout = PC5_LAYOUTS.get(type);
  const known = PC5_MESSAGES.has(type) && end - at >= HEADER;
  if (layout === undefined || end - at < HEADER) {
    const consumed = known ? HEADER : 0;
    return { fit: { known, consumed, complete: false }, userInfoEnd: 0, mandatoryEnd: at + consumed, optionals: [] };
  }
  let best: Placement | null = null;
  for (const typeCounts of layout.mandatory.includes('userInfo') ? [true, false] : [true]) {
    const { stop, userInfoEnd, whole } = placeMandatory(bytes, at + HEADER, end, layout.mandatory, typeCounts);
    const exact = whole ? placeOptionals(bytes, stop, end, layout.optional, 0) : null;
    const optionals = exact ?? (whole ? placeGreedily(bytes, stop, end, layout.optional) : []);
    const consumed = (optionals.at(-1)?.end ?? stop) - at;
    const fit = { known, consumed, complete: exact !== null };
    const placement = { fit, userInfoEnd, mandatoryEnd: stop, optionals };
    if (fit.complete) return placement;
    best ??= placement;
  }
  return best as Placement;
}

/** Walks the mandatory elements as far as they are there. */
function placeMandatory(
  bytes: Uint8Array,
  at: number,
  end: number,
  mandatory: readonly Mandatory[],
  typeCounts: boolean,
): { stop: number; userInfoEnd: number; whole: boolean } {
  let next = at;
  let userInfoEnd = 0;
  for (const element of mandatory) {
    let width: number;
    if (element === 'userInfo') {
      width = userInfoOctets(bytes, next, end, typeCounts);
      userInfoEnd = next + width;
    } else {
      width = element.mask === 0 || element.mask & 1 ? element.width : 0;
    }
    if (width < 0 || next + width > end) return { stop: next, userInfoEnd: 0, whole: false };
    next += width;
  }
  return { stop: next, userInfoEnd, whole: true };
}

/** Octets of user info with its length octet, or -1 where there is none or its length leaves out the type. */
function userInfoOctets(bytes: Uint8Array, at: number, end: number, typeCounts: boolean): number {
  if (at >= end) return -1;
  if (!typeCounts) return 2 + bytes[at];
  return bytes[at] === 0 ? -1 : 1 + bytes[at];
}

/** The placements that an element allows: the fixed size first, then a length octet. Ends beyond the message are left out. */
function candidates(bytes: Uint8Array, at: number, end: number): Placed[] {
  const tag = bytes[at];
  const layout: OptionalLayout | undefined = PC5_OPTIONALS.get(tag);
  if (layout === undefined) return [];
  const found: Placed[] = [];
  if (layout.octets > 0) {
    found.push({ tag, at, prefixed: false, valueAt: at + 1, end: at + 1 + layout.octets });
  }
  if (layout.lengthPrefixed && at + 1 < end) {
    const length = bytes[at + 1];
    found.push({ tag, at, prefixed: true, valueAt: at + 2, end: at + 2 + length });
    if (tag === 1) found.push({ tag, at, prefixed: true, valueAt: at + 2, end: at + 3 + length });
  }
  return found.filter((placed) => placed.end <= end);
}

/** Optional elements that end exactly at `end`, or null where no reading does. */
function placeOptionals(
  bytes: Uint8Array,
  at: number,
  end: number,
  allowed: readonly number[],
  depth: number,
): readonly Placed[] | null {
  if (at === end) return [];
  if (depth === OPTIONAL_CAP || !allowed.includes(bytes[at])) return null;
  for (const candidate of candidates(bytes, at, end)) {
    const rest = placeOptionals(bytes, candidate.end, end, allowed, depth + 1);
    if (rest !== null) return [candidate, ...rest];
  }
  return null;
}

/** The first reading of each element, as far as it goes. */
function placeGreedily(bytes: Uint8Array, at: number, end: number, allowed: readonly number[]): readonly Placed[] {
  const placed: Placed[] = [];
  let next = at;
  while (next < end && placed.length < OPTIONAL_CAP && allowed.includes(bytes[next])) {
    const first = candidates(bytes, next, end)[0];
    if (first === undefined) break;
    placed.push(first);
    next = first.end;
  }
  return placed;
}

/** How well the octets fit a PC5 signalling message. Never throws. */
export function fitPc5Signalling(bytes: Uint8Array, at: number, end: number): Pc5Fit {
  return place(bytes, at, end).fit;
}

/** Decodes one message that fills the octets, and says how well it fits. */
export function decodePc5Signalling(bytes: Uint8Array, at: number, end: number, tree: TreeWriter | null): Pc5Fit {
  const placement = place(bytes, at, end);
  if (tree === null) return placement.fit;
  const available = Math.max(0, end - at);
  tree.begin(pc5SignallingProtocol, at, available);
  if (available < HEADER) {
    tree.problem('pc5-s.cut', at, `a PC5 signalling message has at least 3 octets, ${available} are there`);
  } else {
    addFields(tree, bytes, at, [pc5Fields.messageType, pc5Fields.sequence]);
    addMandatory(bytes, at + HEADER, placement, tree);
    for (const optional of placement.optionals) addOptional(bytes, optional, tree);
    const stop = at + Math.max(HEADER, placement.fit.consumed);
    addOctets(tree, pc5Fields.other, bytes, stop, end);
    if (!placement.fit.known) tree.problem('pc5-s.type', at, `message type ${bytes[at]} is not defined`);
    else if (!placement.fit.complete && PC5_LAYOUTS.has(bytes[at])) {
      tree.problem('pc5-s.length', stop, 'an element is missing, not allowed in this message, or of another length');
    }
  }
  tree.end();
  return placement.fit;
}

/** Mandatory elements as far as they were placed. */
function addMandatory(bytes: Uint8Array, at: number, placement: Placement, tree: TreeWriter): void {
  let next = at;
  for (const element of PC5_LAYOUTS.get(bytes[at - HEADER])?.mandatory ?? []) {
    if (element === 'userInfo') {
      if (placement.userInfoEnd === 0) return;
      addUserInfo(bytes, next, placement.userInfoEnd, tree);
      next = placement.userInfoEnd;
    } else {
      if (next + element.width > placement.mandatoryEnd) return;
      next = addFields(tree, bytes, next, [element]);
    }
  }
}

/** Length, type and value of user info; a value of no octets has no type either. */
function addUserInfo(bytes: Uint8Array, at: number, end: number, tree: TreeWriter): void {
  addFields(tree, bytes, at, [pc5Fields.userInfoLength]);
  if (end < at + 2) return;
  addFields(tree, bytes, at + 1, [pc5Fields.userInfoType]);
  addOctets(tree, pc5Fields.userInfo, bytes, at + 2, end);
}

function addOptional(bytes: Uint8Array, placed: Placed, tree: TreeWriter): void {
  const layout = PC5_OPTIONALS.get(placed.tag);
  if (layout === undefined) return;
  tree.group(layout.field.label, placed.at, placed.end - placed.at);
  addFields(tree, bytes, placed.at, [pc5Fields.tag]);
  if (placed.tag === 1) addUserInfo(bytes, placed.at + 1, placed.end, tree);
  else {
    if (placed.prefixed) addFields(tree, bytes, placed.at + 1, [pc5Fields.length]);
    if (layout.field.width > 0) addFields(tree, bytes, placed.valueAt, [layout.field]);
    else addOctets(tree, layout.field, bytes, placed.valueAt, placed.end);
  }
  tree.end();
}

/** One phrase for an event, e.g. `PC5-S DIRECT_COMMUNICATION_REQUEST seq 1`. */
export function describePc5Signalling(bytes: Uint8Array, at: number, end: number): string {
  if (end - at < HEADER) return `PC5-S, ${Math.max(0, end - at)} octets`;
  const name = PC5_MESSAGES.get(bytes[at]) ?? `message ${bytes[at]}`;
  return `PC5-S ${name} seq ${uint16(bytes, at + SEQUENCE)}`;
}

/** An optional element for `encodePc5Signalling`. */
export interface Pc5Optional {
  readonly tag: number;
  readonly value: Uint8Array;
  /** Write a length octet before the value. */
  readonly lengthPrefixed?: boolean;
}

/** A message: type, sequence number, the octets of its mandatory elements, and its optional ones. */
export function encodePc5Signalling(
  type: number,
  sequence: number,
  mandatory: Uint8Array,
  optionals: readonly Pc5Optional[] = [],
): Uint8Array {
  const writer = new OctetWriter().uint8(type).uint16(sequence).bytes(mandatory);
  for (const optional of optionals) {
    writer.uint8(optional.tag);
    if (optional.lengthPrefixed) writer.uint8(optional.value.length);
    writer.bytes(optional.value);
  }
  return writer.take();
}

/** Mandatory elements of DIRECT_COMMUNICATION_REQUEST. */
export interface DirectCommunicationRequest {
  readonly userInfoType: number;
  readonly userInfo: Uint8Array;
  readonly ipConfig: number;
  /** Seconds. */
  readonly maximumInactivity: number;
  /** Sixteen octets. */
  readonly nonce1: Uint8Array;
  /** EEA0 to EEA7 in the high octet, EIA0 to EIA7 in the low one. */
  readonly capabilities: number;
  readonly msbSession: number;
}

/** The octets of those elements; the length of user info counts its type. */
export function directCommunicationRequestBody(request: DirectCommunicationRequest): Uint8Array {
  return new OctetWriter()
    .uint8(1 + request.userInfo.length)
    .uint8(request.userInfoType)
    .bytes(request.userInfo)
    .uint8(request.ipConfig)
    .uint32(request.maximumInactivity)
    .bytes(request.nonce1)
    .uint16(request.capabilities)
    .uint8(request.msbSession)
    .take();
}
