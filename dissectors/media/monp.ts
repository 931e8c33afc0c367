// MONP, the MCPTT off-network protocol (TS 24.379 clause 15), above UDP port 8809: message type and call identifier.

import { field, type Protocol, type TreeWriter } from '../layer.ts';
import { addFields, addOctets } from '../layout.ts';
import { OctetWriter, uint16 } from '../octets.ts';

/** The specification says: TS 24.379 table 15.2.2-1. */
export const MONP_MESSAGES: ReadonlyMap<number, string> = new Map([
  [1, 'GROUP CALL PROBE'],
  [2, 'GROUP CALL ANNOUNCEMENT'],
  [3, 'GROUP CALL ACCEPT'],
  [4, 'GROUP CALL EMERGENCY END'],
  [5, 'GROUP CALL IMMINENT PERIL END'],
  [6, 'GROUP CALL BROADCAST'],
  [7, 'GROUP CALL BROADCAST END'],
  [8, 'PRIVATE CALL SETUP REQUEST'],
  [9, 'PRIVATE CALL RINGING'],
  [10, 'PRIVATE CALL ACCEPT'],
  [11, 'PRIVATE CALL REJECT'],
  [12, 'PRIVATE CALL RELEASE'],
  [13, 'PRIVATE CALL RELEASE ACK'],
  [14, 'PRIVATE CALL ACCEPT ACK'],
  [15, 'PRIVATE EMERGENCY CALL CANCEL'],
  [16, 'PRIVATE EMERGENCY CALL CANCEL ACK'],
  [17, 'GROUP EMERGENCY ALERT'],
  [18, 'GROUP EMERGENCY ALERT ACK'],
  [19, 'GROUP EMERGENCY ALERT CANCEL'],
  [20, 'GROUP EMERGENCY ALERT CANCEL ACK'],
  [21, 'MCDATA MESSAGE CARRIER'],
  [22, 'MCVIDEO MESSAGE CARRIER'],
]);

/** Last of the messages that begin with a call identifier; alerts and carriers have none. */
const LAST_CALL_MESSAGE = 16;

const CLAUSE = 'TS 24.379 15.1';

const fields = {
  messageType: field('monp.message_type', 'Message type', 'uint', {
    values: MONP_MESSAGES,
    about: 'Which message it is.',
    clause: 'TS 24.379 15.2.2',
  }),
  callId: field('monp.call_id', 'Call identifier', 'uint', {
    base: 'hex',
    width: 2,
    about: 'Which call it speaks of.',
    clause: 'TS 24.379 15.2.3',
  }),
  body: field('monp.data', 'Information elements', 'bytes', {
    width: 0,
    about: 'The rest of the message, not decoded.',
    clause: CLAUSE,
  }),
} as const;

/** MONP and its fields. */
export const monpProtocol: Protocol = {
  name: 'monp',
  title: 'MCPTT Off-Network Protocol',
  about: 'Sets up, joins and ends calls without a network.',
  clause: 'TS 24.379 15',
  fields,
};

/**
 * Decodes message type and call identifier.
 *
 * @returns true where the type is known and the identifier is there
 */
export function decodeMonp(bytes: Uint8Array, at: number, end: number, tree: TreeWriter | null): boolean {
  const available = Math.max(0, end - at);
  const type = available > 0 ? bytes[at] : 0;
  const known = MONP_MESSAGES.has(type);
  const hasCall = known && type <= LAST_CALL_MESSAGE;
  const whole = available >= (hasCall ? 3 : 1);
  if (tree !== null) {
    tree.begin(monpProtocol, at, available);
    if (available > 0) addFields(tree, bytes, at, [fields.messageType]);
    if (hasCall && whole) addFields(tree, bytes, at + 1, [fields.callId]);
    if (!whole) tree.problem('monp.cut', at, 'the message ends before its call identifier');
    else if (!known) tree.problem('monp.type', at, `message type ${type} is not defined`);
    if (whole) addOctets(tree, fields.body, bytes, at + (hasCall ? 3 : 1), end);
    tree.end();
  }
  return known && whole;
}

/** One phrase for an event, e.g. `MONP GROUP CALL ANNOUNCEMENT call 0x0102`. */
export function describeMonp(bytes: Uint8Array, at: number, end: number): string {
  if (end <= at) return 'MONP, empty';
  const type = bytes[at];
  const name = `MONP ${MONP_MESSAGES.get(type) ?? `message ${type}`}`;
  if (type > LAST_CALL_MESSAGE || end - at < 3) return name;
  return `${name} call 0x${uint16(bytes, at + 1)
    .toString(16)
    .padStart(4, '0')}`;
}

/** A MONP message. @param callId 16 bits, or null for messages that carry none */
export function encodeMonp(type: number, callId: number | null, body: Uint8Array): Uint8Array {
  const writer = new OctetWriter().uint8(type);
  if (callId !== null) writer.uint16(callId);
  return writer.bytes(body).take();
}
