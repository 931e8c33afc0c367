// Ethernet II and IEEE 802.3 headers, with any VLAN tags behind them.

import { field, type Protocol, type TreeWriter } from '../layer.ts';
import { OctetWriter, uint16 } from '../octets.ts';

/** The specification says (IEEE 802.3 3.1.1, IEEE 802.1Q 9.6). */
const HEADER = 14;
const TYPE_AT = 12;
/** Octets of one VLAN tag: tag control information, type. */
const TAG = 4;
/** Values below are a length, so no EtherType. */
const FIRST_TYPE = 0x0600;

/** EtherTypes (IEEE Registration Authority). */
export const EtherType = {
  ipv4: 0x0800,
  arp: 0x0806,
  vlan: 0x8100,
  ipv6: 0x86dd,
  serviceVlan: 0x88a8,
  oldServiceVlan: 0x9100,
  geonetworking: 0x8947,
} as const;

/** Names of EtherTypes, for a tree. */
export const ETHER_TYPE_NAMES: ReadonlyMap<number, string> = new Map([
  [EtherType.ipv4, 'IPv4'],
  [EtherType.arp, 'ARP'],
  [EtherType.vlan, '802.1Q Virtual LAN'],
  [EtherType.ipv6, 'IPv6'],
  [EtherType.serviceVlan, '802.1ad Provider Bridge'],
  [EtherType.oldServiceVlan, 'Q-in-Q'],
  [EtherType.geonetworking, 'GeoNetworking'],
]);

/** Constants we chose. */
/** VLAN tags that are followed; two are in use, four leave room. A frame with more is taken as one of unknown type. */
const MAX_TAGS = 4;

const fields = {
  destination: field('eth.dst', 'Destination', 'ether', {
    width: 6,
    about: 'Hardware address of the receiver.',
    clause: 'IEEE 802.3 3.2.4',
  }),
  source: field('eth.src', 'Source', 'ether', {
    width: 6,
    about: 'Hardware address of the sender.',
    clause: 'IEEE 802.3 3.2.5',
  }),
  type: field('eth.type', 'Type', 'uint', {
    base: 'hex',
    width: 2,
    values: ETHER_TYPE_NAMES,
    about: 'What follows the header.',
    clause: 'IEEE 802.3 3.2.6',
  }),
  length: field('eth.len', 'Length', 'uint', {
    width: 2,
    about: 'Octets that follow; such a frame has no EtherType.',
    clause: 'IEEE 802.3 3.2.6',
  }),
  priority: field('vlan.priority', 'Priority', 'uint', {
    width: 2,
    mask: 0xe000,
    about: 'Priority code point of the VLAN tag.',
    clause: 'IEEE 802.1Q 9.6',
  }),
  vlan: field('vlan.id', 'ID', 'uint', {
    width: 2,
    mask: 0x0fff,
    about: 'VLAN that the frame belongs to.',
    clause: 'IEEE 802.1Q 9.6',
  }),
  vlanType: field('vlan.etype', 'Type', 'uint', {
    base: 'hex',
    width: 2,
    values: ETHER_TYPE_NAMES,
    about: 'What follows the VLAN tag.',
    clause: 'IEEE 802.1Q 9.6',
  }),
};

/** Ethernet. */
export const ETHERNET: Protocol = {
  name: 'eth',
  title: 'Ethernet',
  about: 'Carries IP on a cable, and captures of one.',
  clause: 'IEEE 802.3 3',
  fields,
};

/** What an Ethernet header leaves for the next decoder. */
export interface EthernetCursor {
  /** EtherType behind all VLAN tags; 0 where the frame has a length instead. */
  etherType: number;
  payloadAt: number;
}

function isTag(type: number): boolean {
  return type === EtherType.vlan || type === EtherType.serviceVlan || type === EtherType.oldServiceVlan;
}

/**
 * Decodes an Ethernet header and its VLAN tags.
 *
 * @param end one behind the last octet at hand
 * @returns false where the octets end inside the header or a tag
 */
export function decodeEthernet(
  bytes: Uint8Array,
  at: number,
  end: number,
  cursor: EthernetCursor,
  tree: TreeWriter | null,
): boolean {
  if (at + HEADER > end) return false;
  let type = uint16(bytes, at + TYPE_AT);
  let payloadAt = at + HEADER;
  for (let tags = 0; tags < MAX_TAGS && isTag(type); tags++) {
    if (payloadAt + TAG > end) return false;
    type = uint16(bytes, payloadAt + 2);
    payloadAt += TAG;
  }
  cursor.etherType = type >= FIRST_TYPE ? type : 0;
  cursor.payloadAt = payloadAt;
  if (tree !== null) report(tree, bytes, at, payloadAt);
  return true;
}

function report(tree: TreeWriter, bytes: Uint8Array, at: number, end: number): void {
  tree.begin(ETHERNET, at, end - at);
  tree.add(fields.destination, at, 6, bytes.subarray(at, at + 6));
  tree.add(fields.source, at + 6, 6, bytes.subarray(at + 6, at + 12));
  const type = uint16(bytes, at + TYPE_AT);
  tree.add(type >= FIRST_TYPE ? fields.type : fields.length, at + TYPE_AT, 2, type);
  for (let tag = at + HEADER; tag < end; tag += TAG) {
    tree.group('802.1Q Virtual LAN', tag, TAG);
    tree.add(fields.priority, tag, 2, bytes[tag] >> 5);
    tree.add(fields.vlan, tag, 2, uint16(bytes, tag) & 0x0fff);
    tree.add(fields.vlanType, tag + 2, 2, uint16(bytes, tag + 2));
    tree.end();
  }
  tree.end();
}

/** What `encodeEthernet` writes. */
export interface EthernetFrame {
  /** 6 octets each. */
  readonly destination: Uint8Array;
  readonly source: Uint8Array;
  readonly etherType: number;
  /** VLAN ids, outermost first; one tag of type 0x8100 each. */
  readonly vlans?: readonly number[];
  readonly payload: Uint8Array;
}

/** An Ethernet II frame without its check sequence (IEEE 802.3 3.1.1). */
export function encodeEthernet(frame: EthernetFrame): Uint8Array {
  const writer = new OctetWriter().bytes(frame.destination).bytes(frame.source);
  for (const vlan of frame.vlans ?? []) writer.uint16(EtherType.vlan).uint16(vlan);
  return writer.uint16(frame.etherType).bytes(frame.payload).take();
}
