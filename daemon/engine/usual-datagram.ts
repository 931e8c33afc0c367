// The datagram that most messages are: IPv4 without options and UDP behind it, whole, all checksums there. What its headers
// have, and what they are worth as evidence (evidence.ts). Halves of words are as a little-endian host reads them.

import { exchanged } from '../../dissectors/internet/checksum.ts';
import { CHECKS, Check } from './evidence-checks.ts';

export const UDP = 17;
export const MONP_PORT = 8809;
export const MONP_PORT_EXCHANGED = exchanged(MONP_PORT);
export const IPV4_HEADER = 20;
/** Version 4, and a header of five words. */
export const IPV4_START = 0x45;
export const UDP_HEADER = 8;
/** In the second word: reserved flag, more fragments, and offset. */
export const FRAGMENT_MASK = 0xffbf0000;
export const LONGEST_DATAGRAM = 0xffff;

const USUAL_HEADER = [Check.ipv4Start, Check.ipv4Length, Check.ipv4Checksum, Check.notFragmented, Check.protocolUdp];
const USUAL = [...USUAL_HEADER, Check.udpLength, Check.udpChecksum];

/** Checks that such a datagram passes, their tenths, and those of the IP header alone. */
export const USUAL_CHECKS = USUAL.reduce<number>((mask, check) => mask | (1 << check), 0);
export const USUAL_TENTHS = tenthsOf(USUAL);
export const USUAL_HEADER_TENTHS = tenthsOf(USUAL_HEADER);
/** The same for one to an address of the group, in addition. */
export const GROUP_ADDRESS_CHECK = 1 << Check.groupAddress4;
export const GROUP_ADDRESS_TENTHS = CHECKS[Check.groupAddress4].tenths;

function tenthsOf(checks: readonly number[]): number {
  return checks.reduce((sum, check) => sum + CHECKS[check].tenths, 0);
}
