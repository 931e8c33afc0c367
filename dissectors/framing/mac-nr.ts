// The context in front of an NR MAC PDU in UDP datagrams: the string `mac-nr`, three octets, tags (Wireshark,
// packet-mac-nr.h; reference wireshark-interop 1.3). Only as much as is needed to find the PDU and to see that it is
// sidelink. Wireshark knows no RNTI type for it: a type that it does not define is taken as one. Used with a tree only.

import { field, type Protocol, type TreeWriter } from '../layer.ts';

/** The specification says: octets of the string, and of radio type, direction and RNTI type behind it. */
const STRING_OCTETS = 6;
const FIXED_OCTETS = 3;
const TAG_PAYLOAD = 1;
/** Octets of each tag's value: RNTI, UE id, frame and subframe, PHR of another cell, HARQ id, frame and slot. */
const TAG_OCTETS: ReadonlyMap<number, number> = new Map([
  [2, 2],
  [3, 2],
  [4, 2],
  [5, 1],
  [6, 1],
  [7, 4],
]);
const LAST_DEFINED_RNTI_TYPE = 6;

const CLAUSE = 'Wireshark packet-mac-nr.h';

const fields = {
  radioType: field('mac-nr.radio-type', 'Radio Type', 'uint', {
    values: new Map([
      [1, 'FDD'],
      [2, 'TDD'],
    ]),
    about: 'Duplex mode.',
    clause: CLAUSE,
  }),
  direction: field('mac-nr.direction', 'Direction', 'uint', {
    values: new Map([
      [0, 'Uplink'],
      [1, 'Downlink'],
    ]),
    about: 'Direction on the Uu interface.',
    clause: CLAUSE,
  }),
  rntiType: field('mac-nr.rnti-type', 'RNTI Type', 'uint', {
    values: new Map([
      [0, 'NO-RNTI'],
      [1, 'P-RNTI'],
      [2, 'RA-RNTI'],
      [3, 'C-RNTI'],
      [4, 'SI-RNTI'],
      [5, 'CS-RNTI'],
      [6, 'MSGB-RNTI'],
    ]),
    about: 'Kind of identity; one that is not defined is taken as sidelink.',
    clause: CLAUSE,
  }),
};

/** The context of an NR MAC PDU. */
export const MAC_NR: Protocol = {
  name: 'mac-nr',
  title: 'NR MAC context',
  about: 'What a capturing program says about an NR MAC PDU.',
  clause: CLAUSE,
  fields,
};

/**
 * Shows the context that begins with the string at `at`.
 *
 * @param end one behind the last octet captured
 * @returns where the PDU begins if it is a sidelink one, else -1
 */
export function describeMacNr(bytes: Uint8Array, at: number, end: number, tree: TreeWriter): number {
  const context = at + STRING_OCTETS;
  if (context + FIXED_OCTETS > end) return -1;
  tree.begin(MAC_NR, context, FIXED_OCTETS);
  tree.add(fields.radioType, context, 1, bytes[context]);
  tree.add(fields.direction, context + 1, 1, bytes[context + 1]);
  tree.add(fields.rntiType, context + 2, 1, bytes[context + 2]);
  tree.end();
  if (bytes[context + 2] <= LAST_DEFINED_RNTI_TYPE) return -1;
  for (let tag = context + FIXED_OCTETS; tag < end; ) {
    if (bytes[tag] === TAG_PAYLOAD) return tag + 1;
    const octets = TAG_OCTETS.get(bytes[tag]);
    if (octets === undefined) return -1;
    tag += 1 + octets;
  }
  return -1;
}
