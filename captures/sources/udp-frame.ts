// A datagram as the frame that it was on the wire, as far as a socket tells: IP and UDP headers in front of it
// (LINKTYPE_RAW), so that every program that opens captures takes it apart.

/** The specification says. */
/** Link type of frames that begin with an IP header (tcpdump.org/linktypes). */
export const LINKTYPE_RAW = 101;
/** Octets of an IPv4 header without options (RFC 791), an IPv6 header (RFC 8200), a UDP header (RFC 768). */
const IPV4_OCTETS = 20;
const IPV6_OCTETS = 40;
const UDP_OCTETS = 8;
const PROTOCOL_UDP = 17;
/** Do not fragment (RFC 791 3.1). */
const DO_NOT_FRAGMENT = 0x4000;

/** We chose. */
/** Time to live and hop limit, which a socket does not tell: what most hosts send with. */
const HOPS = 64;

/** The two ends of a datagram. */
export interface DatagramEnds {
  /** 4 octets each, or 16 each. */
  readonly source: Uint8Array;
  readonly destination: Uint8Array;
  readonly sourcePort: number;
  readonly destinationPort: number;
}

/** Octets of a frame around a datagram of so many. */
export function udpFrameOctets(addressOctets: number, datagram: number): number {
  return (addressOctets === 4 ? IPV4_OCTETS : IPV6_OCTETS) + UDP_OCTETS + datagram;
}

/**
 * Writes the frame into `bytes` from `at` on, where there is room for it; gives its octets. Both checksums are right.
 * @param datagram at most 65,507 octets (IPv4) or 65,527 (IPv6)
 */
export function writeUdpFrame(bytes: Uint8Array, at: number, ends: DatagramEnds, datagram: Uint8Array): number {
  const view = new DataView(bytes.buffer, bytes.byteOffset + at);
  const addressOctets = ends.source.length;
  const udpLength = UDP_OCTETS + datagram.length;
  const headerOctets = addressOctets === 4 ? IPV4_OCTETS : IPV6_OCTETS;
  const addressesAt = addressOctets === 4 ? 12 : 8;
  if (addressOctets === 4) {
    view.setUint16(0, 0x4500);
    view.setUint16(2, IPV4_OCTETS + udpLength);
    view.setUint16(4, 0);
    view.setUint16(6, DO_NOT_FRAGMENT);
    view.setUint8(8, HOPS);
    view.setUint8(9, PROTOCOL_UDP);
    view.setUint16(10, 0);
  } else {
    view.setUint32(0, 0x60000000);
    view.setUint16(4, udpLength);
    view.setUint8(6, PROTOCOL_UDP);
    view.setUint8(7, HOPS);
  }
  bytes.set(ends.source, at + addressesAt);
  bytes.set(ends.destination, at + addressesAt + addressOctets);
  if (addressOctets === 4) view.setUint16(10, inverted(sumOf(view, 0, IPV4_OCTETS)));
  view.setUint16(headerOctets, ends.sourcePort);
  view.setUint16(headerOctets + 2, ends.destinationPort);
  view.setUint16(headerOctets + 4, udpLength);
  view.setUint16(headerOctets + 6, 0);
  bytes.set(datagram, at + headerOctets + UDP_OCTETS);
  // Pseudo header: addresses, protocol, length; then header and datagram (RFC 768, RFC 8200 8.1).
  const addresses = sumOf(view, addressesAt, addressesAt + 2 * addressOctets);
  const sum = addresses + PROTOCOL_UDP + udpLength + sumOf(view, headerOctets, headerOctets + udpLength);
  const checksum = inverted(sum);
  // 0 would say that there is none.
  view.setUint16(headerOctets + 6, checksum === 0 ? 0xffff : checksum);
  return headerOctets + udpLength;
}

/** Sum of 16-bit words, an odd last octet as the high half of one; not folded. Up to 64 KiB. */
function sumOf(view: DataView, from: number, end: number): number {
  let sum = 0;
  let at = from;
  for (; at + 1 < end; at += 2) sum += view.getUint16(at);
  if (at < end) sum += view.getUint8(at) << 8;
  return sum;
}

function inverted(sum: number): number {
  let folded = sum;
  while (folded > 0xffff) folded = (folded & 0xffff) + (folded >>> 16);
  return ~folded & 0xffff;
}

/** Octets of an IPv4 or IPv6 address in text (a zone behind `%` is passed over); null where it is neither. */
export function addressOctets(text: string): Uint8Array | null {
  const address = text.split('%', 1)[0];
  const ipv4 = ipv4Octets(address);
  if (ipv4 !== null) return Uint8Array.from(ipv4);
  const halves = address.split('::');
  if (halves.length > 2) return null;
  const [head, tail] = halves.map(groupsOctets);
  if (head === null || tail === null) return null;
  const missing = 16 - head.length - (tail?.length ?? 0);
  // "::" stands for one group of zeros at least.
  if (tail === undefined ? missing !== 0 : missing < 2) return null;
  return Uint8Array.from([...head, ...new Uint8Array(missing), ...(tail ?? [])]);
}

function ipv4Octets(text: string): number[] | null {
  const parts = text.split('.');
  return parts.length === 4 && parts.every((part) => /^\d{1,3}$/.test(part) && Number(part) <= 255)
    ? parts.map(Number)
    : null;
}

/** Octets of the groups on one side of `::`; the last of them may be an IPv4 address. */
function groupsOctets(text: string): number[] | null {
  if (text === '') return [];
  const octets: number[] = [];
  const groups = text.split(':');
  for (const [at, group] of groups.entries()) {
    const ipv4 = at === groups.length - 1 ? ipv4Octets(group) : null;
    if (ipv4 === null && !/^[0-9a-f]{1,4}$/i.test(group)) return null;
    const value = Number.parseInt(group, 16);
    octets.push(...(ipv4 ?? [value >> 8, value & 0xff]));
  }
  return octets.length <= 16 ? octets : null;
}
