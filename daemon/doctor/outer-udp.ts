// Finds the UDP datagram that a captured frame carries, as the doctor needs it: ports and payload, nothing judged.

import { LinkKind, linkKind } from '../../dissectors/registry.ts';

/** The specification says. */
const ETHERNET_OCTETS = 14;
const VLAN_OCTETS = 4;
const SLL_OCTETS = 16;
const SLL2_OCTETS = 20;
const ETHERTYPE_VLAN = 0x8100;
const ETHERTYPE_IPV4 = 0x0800;
const ETHERTYPE_IPV6 = 0x86dd;
const IPV6_OCTETS = 40;
const UDP_OCTETS = 8;
const PROTOCOL_UDP = 17;

/** A datagram inside a frame. */
export interface OuterUdp {
  readonly sourcePort: number;
  readonly destinationPort: number;
  readonly payload: Uint8Array;
}

/** The datagram of a frame of this link type; null where it carries none (IPv6 extension headers are not followed). */
export function outerUdp(bytes: Uint8Array, linkType: number): OuterUdp | null {
  const at = networkAt(bytes, linkType);
  if (at === null || at >= bytes.length) return null;
  const version = bytes[at] >> 4;
  const headerOctets = version === 4 ? (bytes[at] & 0x0f) * 4 : version === 6 ? IPV6_OCTETS : 0;
  const udpAt = at + headerOctets;
  if (headerOctets < 20 || udpAt + UDP_OCTETS > bytes.length) return null;
  if (bytes[at + (version === 4 ? 9 : 6)] !== PROTOCOL_UDP) return null;
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  const length = view.getUint16(udpAt + 4);
  return {
    sourcePort: view.getUint16(udpAt),
    destinationPort: view.getUint16(udpAt + 2),
    payload: bytes.subarray(udpAt + UDP_OCTETS, length < UDP_OCTETS ? bytes.length : udpAt + length),
  };
}

/** Where the IP header begins. */
function networkAt(bytes: Uint8Array, linkType: number): number | null {
  const word = (at: number): number => (bytes[at] << 8) | bytes[at + 1];
  const ip = (etherType: number, at: number): number | null =>
    etherType === ETHERTYPE_IPV4 || etherType === ETHERTYPE_IPV6 ? at : null;
  switch (linkKind(linkType)) {
    case LinkKind.rawIp:
      return 0;
    case LinkKind.ethernet: {
      let at = ETHERNET_OCTETS;
      while (at < bytes.length && word(at - 2) === ETHERTYPE_VLAN) at += VLAN_OCTETS;
      return ip(word(at - 2), at);
    }
    case LinkKind.sll:
      return ip(word(SLL_OCTETS - 2), SLL_OCTETS);
    case LinkKind.sll2:
      return ip(word(0), SLL2_OCTETS);
    default:
      return null;
  }
}
