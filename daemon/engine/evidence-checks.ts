// The checks that evidence is made of, and what passing each is worth: minus the binary logarithm of the probability that
// random octets pass it (reference security A.2, interfaces 3).

/** One check: how it is called, and what passing it is worth in tenths of a bit. */
export interface EvidenceCheck {
  readonly name: string;
  readonly tenths: number;
}

/** Bit numbers in `passed` and `failed`. */
export const Check = {
  ipv4Start: 0,
  ipv4Options: 1,
  ipv4Length: 2,
  ipv4Checksum: 3,
  notFragmented: 4,
  protocolUdp: 5,
  protocolKnown: 6,
  udpLength: 7,
  udpChecksum: 8,
  udpNoChecksum: 9,
  groupAddress4: 10,
  groupAddress6: 11,
  monpPort: 12,
  monpHops: 13,
  monpType: 14,
  ipv6Version: 15,
  ipv6Length: 16,
  ipv6NextHeader: 17,
  icmpv6Checksum: 18,
  icmpv6Multicast: 19,
  arpFixed: 20,
  arpOperation: 21,
  pc5Type: 22,
  pc5Length: 23,
  rohcType: 24,
  rohcProfile: 25,
  rohcCrc: 26,
} as const;

/** What each check is worth, by its number. */
export const CHECKS: readonly EvidenceCheck[] = [
  { name: 'first octet is 45', tenths: 80 },
  { name: 'version 4, header with options', tenths: 45 },
  { name: 'total length is the SDU length', tenths: 160 },
  { name: 'IPv4 header checksum', tenths: 160 },
  { name: 'reserved flag, more fragments and offset are 0', tenths: 150 },
  { name: 'protocol is UDP', tenths: 80 },
  { name: 'protocol is ICMP, IGMP or TCP', tenths: 60 },
  { name: 'UDP length fits', tenths: 160 },
  { name: 'UDP checksum', tenths: 160 },
  { name: 'UDP checksum is 0, not computed', tenths: 150 },
  { name: 'destination is the multicast address of the group', tenths: 320 },
  { name: 'destination is the IPv6 multicast address of the group', tenths: 1280 },
  { name: 'UDP port 8809 (MONP)', tenths: 160 },
  { name: 'TTL 255 (MONP)', tenths: 80 },
  { name: 'MONP message type 1 to 22', tenths: 35 },
  { name: 'version 6', tenths: 40 },
  { name: 'payload length is the SDU length', tenths: 160 },
  { name: 'known next header', tenths: 54 },
  { name: 'ICMPv6 checksum', tenths: 160 },
  { name: 'ICMPv6 to a link-local multicast address', tenths: 160 },
  { name: 'ARP for Ethernet and IPv4', tenths: 480 },
  { name: 'ARP request or reply', tenths: 150 },
  { name: 'known PC5-S message type', tenths: 37 },
  { name: 'PC5-S message fills the SDU', tenths: 80 },
  { name: 'ROHC IR packet type', tenths: 70 },
  { name: 'known ROHC profile', tenths: 50 },
  { name: 'ROHC CRC-8', tenths: 80 },
];

/** Names and worth in bits of the checks in a mask, for people. */
export function explainChecks(mask: number): readonly { readonly name: string; readonly bits: number }[] {
  const out: { name: string; bits: number }[] = [];
  for (let check = 0; check < CHECKS.length; check++) {
    if ((mask & (1 << check)) !== 0) out.push({ name: CHECKS[check].name, bits: CHECKS[check].tenths / 10 });
  }
  return out;
}
