// Linux cooked captures, version 1 and 2 (LINKTYPE_LINUX_SLL, LINKTYPE_LINUX_SLL2): what `tcpdump -i any` writes.

import { ETHER_TYPE_NAMES } from '../internet/ethernet.ts';
import { field, type Protocol, type TreeWriter } from '../layer.ts';
import { addFields } from '../layout.ts';
import { OctetWriter, uint16 } from '../octets.ts';

/** The specification says (tcpdump.org/linktypes, LINKTYPE_LINUX_SLL and LINKTYPE_LINUX_SLL2). */
const HEADER_1 = 16;
const HEADER_2 = 20;
/** Offset of the EtherType in version 1; in version 2 it comes first. */
const TYPE_AT_1 = 14;
const ADDRESS = 8;
const ETHERNET_ADDRESS = 6;

const CLAUSE = 'tcpdump.org LINKTYPE_LINUX_SLL';

const fields = {
  packetType: field('sll.pkttype', 'Packet type', 'uint', {
    width: 0,
    values: new Map([
      [0, 'Unicast to us'],
      [1, 'Broadcast'],
      [2, 'Multicast'],
      [3, 'Unicast to another host'],
      [4, 'Sent by us'],
    ]),
    about: 'Whom the packet was for; two octets in version 1, one in version 2.',
    clause: CLAUSE,
  }),
  hardwareType: field('sll.hatype', 'Link-layer address type', 'uint', {
    width: 2,
    about: 'Kind of interface (ARPHRD).',
    clause: CLAUSE,
  }),
  addressLength: field('sll.halen', 'Link-layer address length', 'uint', {
    width: 0,
    about: 'Octets of the address in use; two octets in version 1, one in version 2.',
    clause: CLAUSE,
  }),
  source: field('sll.src.eth', 'Source', 'ether', {
    width: 6,
    about: 'Hardware address of the sender.',
    clause: CLAUSE,
  }),
  sourceOther: field('sll.src.other', 'Source', 'bytes', {
    base: 'none',
    width: 8,
    about: 'Link-layer address of the sender, not 6 octets long.',
    clause: CLAUSE,
  }),
  etherType: field('sll.etype', 'Protocol', 'uint', {
    base: 'hex',
    width: 2,
    values: ETHER_TYPE_NAMES,
    about: 'What follows the header.',
    clause: CLAUSE,
  }),
  interfaceIndex: field('sll.ifindex', 'Interface index', 'uint', {
    width: 4,
    about: 'Interface that saw it, version 2.',
    clause: CLAUSE,
  }),
};

/** Linux cooked capture. */
export const SLL: Protocol = {
  name: 'sll',
  title: 'Linux cooked capture',
  about: 'What a capture on all Linux interfaces puts in place of an Ethernet header.',
  clause: CLAUSE,
  fields,
};

/** What a header leaves for the next decoder. */
export interface SllCursor {
  etherType: number;
  payloadAt: number;
}

/**
 * Decodes a header of version 1 or 2.
 *
 * @param version 1 or 2, by the link type
 * @param end one behind the last octet at hand
 * @returns false where the octets end inside the header
 */
export function decodeSll(
  bytes: Uint8Array,
  at: number,
  end: number,
  version: number,
  cursor: SllCursor,
  tree: TreeWriter | null,
): boolean {
  const length = version === 1 ? HEADER_1 : HEADER_2;
  if (at + length > end) return false;
  cursor.etherType = uint16(bytes, version === 1 ? at + TYPE_AT_1 : at);
  cursor.payloadAt = at + length;
  if (tree !== null) {
    tree.begin(SLL, at, length);
    if (version === 1) reportVersion1(tree, bytes, at);
    else reportVersion2(tree, bytes, at);
    tree.end();
  }
  return true;
}

function reportVersion1(tree: TreeWriter, bytes: Uint8Array, at: number): void {
  tree.add(fields.packetType, at, 2, uint16(bytes, at));
  addFields(tree, bytes, at + 2, [fields.hardwareType]);
  tree.add(fields.addressLength, at + 4, 2, uint16(bytes, at + 4));
  reportSource(tree, bytes, at + 6, uint16(bytes, at + 4));
  addFields(tree, bytes, at + TYPE_AT_1, [fields.etherType]);
}

function reportVersion2(tree: TreeWriter, bytes: Uint8Array, at: number): void {
  addFields(tree, bytes, at, [fields.etherType]);
  addFields(tree, bytes, at + 4, [fields.interfaceIndex, fields.hardwareType]);
  tree.add(fields.packetType, at + 10, 1, bytes[at + 10]);
  tree.add(fields.addressLength, at + 11, 1, bytes[at + 11]);
  reportSource(tree, bytes, at + 12, bytes[at + 11]);
}

function reportSource(tree: TreeWriter, bytes: Uint8Array, at: number, length: number): void {
  if (length === ETHERNET_ADDRESS) tree.add(fields.source, at, 6, bytes.subarray(at, at + 6));
  else tree.add(fields.sourceOther, at, ADDRESS, bytes.subarray(at, at + ADDRESS));
}

/** A frame of LINKTYPE_LINUX_SLL, version 1, or LINKTYPE_LINUX_SLL2, version 2: a multicast on an Ethernet interface. */
export function encodeSll(version: number, etherType: number, payload: Uint8Array): Uint8Array {
  const source = [2, 0, 0, 0, 0, 1, 0, 0];
  const writer = new OctetWriter();
  if (version === 1) writer.uint16(2).uint16(1).uint16(6).bytes(Uint8Array.from(source)).uint16(etherType);
  else writer.uint16(etherType).uint16(0).uint32(1).uint16(1).uint8(2).uint8(6).bytes(Uint8Array.from(source));
  return writer.bytes(payload).take();
}
