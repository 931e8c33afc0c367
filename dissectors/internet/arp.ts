// ARP (RFC 826), as a PDCP SDU of its own type (TS 36.323 6.3.14) or behind an Ethernet header.

import { field, type Protocol, type TreeWriter } from '../layer.ts';
import { OctetWriter, uint16 } from '../octets.ts';
import { etherText, hexText, ipv4Text } from '../text.ts';

// Offsets (RFC 826, "Packet format").
const HARDWARE_TYPE = 0;
const PROTOCOL_TYPE = 2;
const HARDWARE_SIZE = 4;
const PROTOCOL_SIZE = 5;
const OPERATION = 6;
const ADDRESSES = 8;

const ETHERNET = 1;
const IPV4 = 0x0800;

const HARDWARE_TYPES = new Map([
  [1, 'Ethernet'],
  [6, 'IEEE 802'],
  [15, 'Frame Relay'],
  [27, 'EUI-64'],
]);

const PROTOCOL_TYPES = new Map([
  [0x0800, 'IPv4'],
  [0x86dd, 'IPv6'],
]);

const OPERATIONS = new Map([
  [1, 'request'],
  [2, 'reply'],
  [3, 'reverse request'],
  [4, 'reverse reply'],
  [8, 'inverse request'],
  [9, 'inverse reply'],
]);

const CLAUSE = 'RFC 826';

const fields = {
  hardwareType: field('arp.hw.type', 'Hardware type', 'uint', {
    width: 2,
    values: HARDWARE_TYPES,
    about: 'Kind of link-layer address.',
    clause: CLAUSE,
  }),
  protocolType: field('arp.proto.type', 'Protocol type', 'uint', {
    base: 'hex',
    width: 2,
    values: PROTOCOL_TYPES,
    about: 'Kind of network address.',
    clause: CLAUSE,
  }),
  hardwareSize: field('arp.hw.size', 'Hardware size', 'uint', {
    about: 'Octets of a link-layer address.',
    clause: CLAUSE,
  }),
  protocolSize: field('arp.proto.size', 'Protocol size', 'uint', {
    about: 'Octets of a network address.',
    clause: CLAUSE,
  }),
  operation: field('arp.opcode', 'Opcode', 'uint', {
    width: 2,
    values: OPERATIONS,
    about: 'What the packet asks or answers.',
    clause: CLAUSE,
  }),
  gratuitous: field('arp.isgratuitous', 'Is gratuitous', 'bool', {
    width: 0,
    about: 'Sender and target address are the same.',
    clause: 'RFC 5227 3',
  }),
  probe: field('arp.isprobe', 'Is probe', 'bool', {
    width: 0,
    about: 'Asks for an address that the sender does not hold yet.',
    clause: 'RFC 5227 1.1',
  }),
  senderHardware: field('arp.src.hw', 'Sender hardware address', 'bytes', {
    width: 0,
    about: 'Link-layer address of the sender, not 6 octets long.',
    clause: CLAUSE,
  }),
  senderEther: field('arp.src.hw_mac', 'Sender MAC address', 'ether', {
    width: 6,
    about: 'Link-layer address of the sender.',
    clause: CLAUSE,
  }),
  senderProtocol: field('arp.src.proto', 'Sender protocol address', 'bytes', {
    width: 0,
    about: 'Network address of the sender, not IPv4.',
    clause: CLAUSE,
  }),
  senderIpv4: field('arp.src.proto_ipv4', 'Sender IP address', 'ipv4', {
    width: 4,
    about: 'Network address of the sender.',
    clause: CLAUSE,
  }),
  targetHardware: field('arp.dst.hw', 'Target hardware address', 'bytes', {
    width: 0,
    about: 'Link-layer address of the target, not 6 octets long.',
    clause: CLAUSE,
  }),
  targetEther: field('arp.dst.hw_mac', 'Target MAC address', 'ether', {
    width: 6,
    about: 'Link-layer address of the target; 0 in a request.',
    clause: CLAUSE,
  }),
  targetProtocol: field('arp.dst.proto', 'Target protocol address', 'bytes', {
    width: 0,
    about: 'Network address of the target, not IPv4.',
    clause: CLAUSE,
  }),
  targetIpv4: field('arp.dst.proto_ipv4', 'Target IP address', 'ipv4', {
    width: 4,
    about: 'Network address that is asked for.',
    clause: CLAUSE,
  }),
} as const;

/** ARP and its fields. */
export const arpProtocol: Protocol = {
  name: 'arp',
  title: 'Address Resolution Protocol',
  about: 'Asks who holds a network address.',
  clause: CLAUSE,
  fields,
};

/**
 * True where the octets begin as every ARP packet for IPv4 over 6-octet addresses begins: Ethernet, IPv4, sizes 6 and 4
 * (48 fixed bits), operation request or reply, and all 28 octets there.
 */
export function looksLikeArp(bytes: Uint8Array, at: number, end: number): boolean {
  return (
    end - at >= 28 &&
    uint16(bytes, at) === ETHERNET &&
    uint16(bytes, at + PROTOCOL_TYPE) === IPV4 &&
    bytes[at + HARDWARE_SIZE] === 6 &&
    bytes[at + PROTOCOL_SIZE] === 4 &&
    (uint16(bytes, at + OPERATION) === 1 || uint16(bytes, at + OPERATION) === 2)
  );
}

/** True where both address sizes are the usual ones and all addresses are there. */
function isWholeForIpv4(bytes: Uint8Array, at: number, end: number): boolean {
  return (
    end - at >= 28 &&
    uint16(bytes, at + PROTOCOL_TYPE) === IPV4 &&
    bytes[at + HARDWARE_SIZE] === 6 &&
    bytes[at + PROTOCOL_SIZE] === 4
  );
}

/**
 * Decodes one ARP packet. Octets behind it are padding and no fault.
 *
 * @returns true where all addresses that the sizes claim are there
 */
export function decodeArp(bytes: Uint8Array, at: number, end: number, tree: TreeWriter | null): boolean {
  const available = end - at;
  if (available < ADDRESSES) {
    tree?.begin(arpProtocol, at, Math.max(0, available));
    tree?.problem('arp.cut', at, `ARP needs 8 octets before its addresses, ${Math.max(0, available)} are there`);
    tree?.end();
    return false;
  }
  const hardwareSize = bytes[at + HARDWARE_SIZE];
  const protocolSize = bytes[at + PROTOCOL_SIZE];
  const length = ADDRESSES + 2 * (hardwareSize + protocolSize);
  const whole = available >= length;
  if (tree === null) return whole;

  tree.begin(arpProtocol, at, Math.min(length, available));
  tree.add(fields.hardwareType, at + HARDWARE_TYPE, 2, uint16(bytes, at));
  tree.add(fields.protocolType, at + PROTOCOL_TYPE, 2, uint16(bytes, at + PROTOCOL_TYPE));
  tree.add(fields.hardwareSize, at + HARDWARE_SIZE, 1, hardwareSize);
  tree.add(fields.protocolSize, at + PROTOCOL_SIZE, 1, protocolSize);
  tree.add(fields.operation, at + OPERATION, 2, uint16(bytes, at + OPERATION));
  if (whole) {
    const isIpv4 = uint16(bytes, at + PROTOCOL_TYPE) === IPV4 && protocolSize === 4;
    const senderProtocolAt = at + ADDRESSES + hardwareSize;
    const targetHardwareAt = senderProtocolAt + protocolSize;
    const targetProtocolAt = targetHardwareAt + hardwareSize;
    const ether = hardwareSize === 6;
    const put = (which: (typeof fields)[keyof typeof fields], where: number, size: number) => {
      if (size > 0) tree.add(which, where, size, bytes.subarray(where, where + size));
    };
    put(ether ? fields.senderEther : fields.senderHardware, at + ADDRESSES, hardwareSize);
    put(isIpv4 ? fields.senderIpv4 : fields.senderProtocol, senderProtocolAt, protocolSize);
    put(ether ? fields.targetEther : fields.targetHardware, targetHardwareAt, hardwareSize);
    put(isIpv4 ? fields.targetIpv4 : fields.targetProtocol, targetProtocolAt, protocolSize);
    if (isWholeForIpv4(bytes, at, end)) {
      if (isGratuitous(bytes, at)) tree.generated(fields.gratuitous, true);
      if (isProbe(bytes, at)) tree.generated(fields.probe, true);
    }
  } else {
    tree.problem(
      'arp.cut',
      at + ADDRESSES,
      `the addresses need ${length - ADDRESSES} octets, ${available - ADDRESSES} are there`,
    );
  }
  tree.end();
  return whole;
}

function isProbe(bytes: Uint8Array, at: number): boolean {
  return uint16(bytes, at + OPERATION) === 1 && uint16(bytes, at + 14) === 0 && uint16(bytes, at + 16) === 0;
}

function isGratuitous(bytes: Uint8Array, at: number): boolean {
  return uint16(bytes, at + 14) === uint16(bytes, at + 24) && uint16(bytes, at + 16) === uint16(bytes, at + 26);
}

/** One line for an event, e.g. `ARP who has 169.254.10.12, tell 169.254.10.11`. */
export function describeArp(bytes: Uint8Array, at: number, end: number): string {
  if (!decodeArp(bytes, at, end, null)) return 'ARP, cut';
  const operation = uint16(bytes, at + OPERATION);
  if (!isWholeForIpv4(bytes, at, end)) return `ARP ${OPERATIONS.get(operation) ?? `operation ${operation}`}`;
  const sender = ipv4Text(bytes, at + 14);
  const target = ipv4Text(bytes, at + 24);
  if (operation === 1) {
    if (isProbe(bytes, at)) return `ARP probe for ${target}`;
    if (isGratuitous(bytes, at)) return `ARP announcement of ${sender}`;
    return `ARP who has ${target}, tell ${sender}`;
  }
  if (operation === 2) return `ARP ${sender} is at ${etherText(bytes, at + ADDRESSES)}`;
  return `ARP ${OPERATIONS.get(operation) ?? `operation ${operation}`} ${sender} > ${target}`;
}

/** What an ARP packet says. */
export interface ArpPacket {
  /** 1 request, 2 reply. */
  readonly operation: number;
  readonly senderHardware: Uint8Array;
  readonly senderProtocol: Uint8Array;
  readonly targetHardware: Uint8Array;
  readonly targetProtocol: Uint8Array;
}

/** An ARP packet for IPv4; the sizes are those of the sender's addresses. */
export function encodeArp(packet: ArpPacket): Uint8Array {
  return new OctetWriter()
    .uint16(ETHERNET)
    .uint16(IPV4)
    .uint8(packet.senderHardware.length)
    .uint8(packet.senderProtocol.length)
    .uint16(packet.operation)
    .bytes(packet.senderHardware)
    .bytes(packet.senderProtocol)
    .bytes(packet.targetHardware)
    .bytes(packet.targetProtocol)
    .take();
}

/** Sender fields of a whole IPv4 ARP packet, for bindings; null where it is none. */
export function arpSender(bytes: Uint8Array, at: number, end: number): { hardware: string; address: string } | null {
  if (!isWholeForIpv4(bytes, at, end)) return null;
  return { hardware: hexText(bytes, at + ADDRESSES, at + ADDRESSES + 6), address: ipv4Text(bytes, at + 14) };
}
