// What the reader and the writer of pcapng share (draft-ietf-opsawg-pcapng).

/** Constants of the specification. */

/** Block types (section 11.1). */
export const Block = {
  sectionHeader: 0x0a0d0d0a,
  interfaceDescription: 1,
  packet: 2,
  simplePacket: 3,
  nameResolution: 4,
  interfaceStatistics: 5,
  enhancedPacket: 6,
  systemdJournal: 9,
  decryptionSecrets: 10,
  sysdigEvent: 0x204,
  sysdigEventV2: 0x216,
  sysdigEventV2Large: 0x221,
  custom: 0x0bad,
  customNoCopy: 0x40000bad,
} as const;

/** Option codes, each in the blocks named (sections 3.5 and 4). */
export const Option = {
  end: 0,
  comment: 1,
  sectionApplication: 4,
  interfaceName: 2,
  interfaceDescription: 3,
  interfaceResolution: 9,
  interfaceTimeOffset: 14,
  packetFlags: 2,
  packetDropCount: 4,
  statisticsReceived: 4,
  statisticsInterfaceDropped: 5,
  statisticsSystemDropped: 7,
} as const;

/** Record types of a name resolution block (section 4.5). */
export const NameRecord = { end: 0, ipv4: 1, ipv6: 2 } as const;

/** Byte-order magic of a section header, read in the section's own byte order (section 4.1). */
export const BYTE_ORDER_MAGIC = 0x1a2b3c4d;

/** Octets of a block beside its body: type, length, and the length again (section 3.1). */
export const BLOCK_OVERHEAD = 12;
/** Octets before the body. */
export const BLOCK_HEADER_OCTETS = 8;

/** Constants we chose. */
/**
 * Octets of one block. Real blocks stay far below; a longer one is refused by its header, so that a false length does
 * not make the window grow.
 */
export const MAX_BLOCK_OCTETS = 1 << 24;

/** `octets` with its padding to a multiple of 4. */
export function padded(octets: number): number {
  return (octets + 3) & ~3;
}
