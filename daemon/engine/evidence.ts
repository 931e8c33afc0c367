// How plausible a plaintext is. One-to-many PDCP has no integrity tag, so nothing proves a message; what can be said is
// how improbable it is that the octets pass these checks by chance (reference security A.2, interfaces 3). Bits are
// counted in tenths, so that sums are exact.

import {
  addToChecksum,
  exchanged,
  foldChecksum,
  foldedSum,
  halves,
  internetChecksum,
  wordSum,
} from '../../dissectors/internet/checksum.ts';
import { hostWord, LITTLE_ENDIAN } from '../../dissectors/security/words.ts';
import { fitPc5Signalling } from '../../dissectors/sidelink/pc5-signalling.ts';
import { CHECKS, Check } from './evidence-checks.ts';
import {
  FRAGMENT_MASK,
  GROUP_ADDRESS_CHECK,
  GROUP_ADDRESS_TENTHS,
  IPV4_HEADER,
  IPV4_START,
  LONGEST_DATAGRAM,
  MONP_PORT,
  MONP_PORT_EXCHANGED,
  UDP,
  UDP_HEADER,
  USUAL_CHECKS,
  USUAL_HEADER_TENTHS,
  USUAL_TENTHS,
} from './usual-datagram.ts';

/** What the octets look like. */
export const Shape = { none: 0, ipv4: 1, ipv6: 2, arp: 3, pc5: 4, rohc: 5 } as const;

/** A value of `Shape`. */
export type Shape = (typeof Shape)[keyof typeof Shape];

/** Multicast addresses of a group, prepared for comparison. */
export interface GroupAddresses {
  /** What they were prepared from. */
  readonly of: readonly Uint8Array[];
  readonly ipv4: readonly number[];
  readonly ipv6: readonly Uint8Array[];
}

/** No address is known. */
export const NO_ADDRESSES: GroupAddresses = { of: [], ipv4: [], ipv6: [] };

/** From this many tenths on, a message is plausible whatever came before (security A.2: 55 bits). */
export const PLAUSIBLE_TENTHS = 550;
/** In a context that earlier messages proved, this is enough if no check failed (interfaces 3). */
export const CONTEXT_TENTHS = 160;
/** IP header alone: with this many a failed check beyond it is tampering, not a wrong key (interfaces 3). */
export const HEADER_TENTHS = 400;

/**
 * We chose: of octets that are said not to be ciphered, this is enough if no check failed: an IP header that holds, of a
 * fragment or over IPv6 too. Random ones look like one once in 40 million messages.
 */
const PARSES_TENTHS = 250;

/** Octets of an ARP message (RFC 826) and of an IPv6 header (RFC 8200 3). */
const ARP_OCTETS = 28;
const IPV6_HEADER = 40;
/** The four bits of an Add-CID octet, and the last profile that is looked for (RFC 3095 5.7.7.1). */
const ADD_CID = 0xe;
const LAST_PROFILE = 8;

const ICMPV6 = 58;
const FRAGMENT_HEADER = 44;
// The six next headers in use: TCP, UDP, ICMPv6, fragment, hop-by-hop, none; log2(256 / 6) = 5.4 bits.
const IPV6_NEXT = new Set([0, 6, UDP, FRAGMENT_HEADER, ICMPV6, 59]);
/** We chose: IPv6 extension headers that are gone over; what lies behind more of them is not looked at. */
export const MOST_EXTENSIONS = 8;

/** Octets by which `startIsNothing` goes: the first block of a cipher. */
export const START_OCTETS = 16;

/**
 * Whether the first START_OCTETS of an SDU of `length` octets, which has more, say that no body begins so that has checks
 * under the SDU types IP and ARP: whatever follows, all that is weighed of it is what fails in them.
 */
export function startIsNothing(bytes: Uint8Array, at: number, length: number): boolean {
  return !mayBeIp(bytes, at, length) && !(length >= ARP_OCTETS && isArpStart(bytes, at));
}

function mayBeIp(bytes: Uint8Array, at: number, length: number): boolean {
  const first = bytes[at];
  if (first >>> 4 === 4) {
    const header = (first & 15) * 4;
    return header >= IPV4_HEADER && header <= length && ((bytes[at + 2] << 8) | bytes[at + 3]) === length;
  }
  if (first >>> 4 === 6) {
    return length >= IPV6_HEADER && ((bytes[at + 4] << 8) | bytes[at + 5]) === length - IPV6_HEADER;
  }
  return isRohcStart(bytes, first >>> 4 === ADD_CID ? at + 1 : at);
}

/** Weighs octets as plaintext. One object is reused; its fields describe the last SDU weighed. */
export class Evidence {
  tenths = 0;
  /** Part of `tenths` that the IP header alone gives. */
  headerTenths = 0;
  passed = 0;
  failed = 0;
  shape: Shape = Shape.none;
  fragment = false;

  /**
   * Weighs `length` octets at `at`.
   *
   * @param sduType SDU type of the PDCP header: 0 IP, 1 ARP, 2 PC5-S; others have no checks
   * @param words the same octets as 32-bit words where `at` is a multiple of 4 in them, else null
   * @param sum of all 16-bit halves of these octets, low octets first and not folded, where somebody has summed them; else 0
   */
  weigh(
    bytes: Uint8Array,
    words: Uint32Array | null,
    at: number,
    length: number,
    sduType: number,
    addresses: GroupAddresses,
    sum = 0,
  ): void {
    if (sduType === 0 && words !== null && this.#usual(words, bytes, at, length, addresses, sum)) return;
    this.clear();
    if (sduType === 0) this.#ip(bytes, words, at, length, addresses);
    else if (sduType === 1) this.#arp(bytes, at, length);
    else if (sduType === 2) this.#pc5(bytes, at, length);
  }

  /** Weighs as the other kind of body: ARP under SDU type IP, IP under SDU type ARP (finding payload.sdu_type). */
  weighSwapped(bytes: Uint8Array, at: number, length: number, sduType: number, addresses: GroupAddresses): void {
    this.weigh(bytes, null, at, length, sduType === 0 ? 1 : 0, addresses);
  }

  /** Whether octets that are said not to be ciphered parse as plaintext. */
  get parses(): boolean {
    return this.tenths >= (this.failed === 0 ? PARSES_TENTHS : PLAUSIBLE_TENTHS);
  }

  /** Whether an IP header holds and something beyond it does not: bits were flipped, ciphered or not. */
  get isAltered(): boolean {
    const isIp = this.shape === Shape.ipv4 || this.shape === Shape.ipv6;
    return isIp && this.failed !== 0 && this.headerTenths >= HEADER_TENTHS;
  }

  /** Forgets what was weighed last. */
  clear(): void {
    this.tenths = 0;
    this.headerTenths = 0;
    this.passed = 0;
    this.failed = 0;
    this.shape = Shape.none;
    this.fragment = false;
  }

  #pass(check: number): void {
    this.passed |= 1 << check;
    this.tenths += CHECKS[check].tenths;
  }

  #fail(check: number): void {
    this.failed |= 1 << check;
  }

  /** A header whose own check failed gives no bits at all. */
  #noHeader(check: number): void {
    this.passed = 0;
    this.tenths = 0;
    this.failed = 1 << check;
    this.shape = Shape.none;
  }

  #ip(bytes: Uint8Array, words: Uint32Array | null, at: number, length: number, addresses: GroupAddresses): void {
    const first = bytes[at];
    if (first >>> 4 === 4) this.#ipv4(bytes, words, at, length, addresses);
    else if (first >>> 4 === 6) this.#ipv6(bytes, at, length, addresses);
    else this.#rohc(bytes, at, length);
  }

  /**
   * The datagram that most messages are: `#ipv4` in short, for a header without options behind which every check passes,
   * and no other. Reads seven words instead of thirty octets and writes each field once; three times as fast.
   *
   * @returns false where it is something else; then nothing is written
   */
  #usual(
    words: Uint32Array,
    bytes: Uint8Array,
    at: number,
    length: number,
    addresses: GroupAddresses,
    sum: number,
  ): boolean {
    if (!LITTLE_ENDIAN || length < IPV4_HEADER + UDP_HEADER || length > LONGEST_DATAGRAM) return false;
    const word = at >>> 2;
    const start = words[word];
    const fragment = words[word + 1];
    const protocol = words[word + 2];
    const source = words[word + 3];
    const destination = words[word + 4];
    const ports = words[word + 5];
    const body = words[word + 6];
    const udpLength = length - IPV4_HEADER;
    // Low octets come first: total length and UDP length are halves with their octets exchanged.
    if ((start & 0xff) !== IPV4_START || start >>> 16 !== exchanged(length) || (body & 0xffff) !== exchanged(udpLength))
      return false;
    // Reserved flag, more fragments and offset, and the protocol.
    if ((fragment & FRAGMENT_MASK) !== 0 || ((protocol >>> 8) & 0xff) !== UDP) return false;
    // No UDP checksum; MONP is weighed further.
    if (body >>> 16 === 0 || ports >>> 16 === MONP_PORT_EXCHANGED) return false;
    // The pseudo header has the addresses too: all but the first three words counts for the checksum of UDP.
    const front = halves(start) + halves(fragment) + halves(protocol);
    const addressSum = halves(source) + halves(destination);
    if (foldedSum(front + addressSum) !== 0xffff) return false;
    const pseudo = exchanged(UDP + udpLength);
    // First as if it were summed: who hears of sums later need not compile this anew.
    let folded = foldedSum(sum - front + pseudo);
    if (sum === 0) folded = wordSum(words, bytes, at + IPV4_HEADER, udpLength, addressSum + pseudo);
    if (folded !== 0xffff) return false;
    const toGroup = includes(addresses.ipv4, hostWord(destination) >>> 0);
    this.shape = Shape.ipv4;
    this.fragment = false;
    this.passed = toGroup ? USUAL_CHECKS | GROUP_ADDRESS_CHECK : USUAL_CHECKS;
    this.failed = 0;
    this.tenths = toGroup ? USUAL_TENTHS + GROUP_ADDRESS_TENTHS : USUAL_TENTHS;
    this.headerTenths = toGroup ? USUAL_HEADER_TENTHS + GROUP_ADDRESS_TENTHS : USUAL_HEADER_TENTHS;
    return true;
  }

  #ipv4(bytes: Uint8Array, words: Uint32Array | null, at: number, length: number, addresses: GroupAddresses): void {
    const header = (bytes[at] & 15) * 4;
    if (header < 20 || header > length) {
      this.#noHeader(Check.ipv4Start);
      return;
    }
    this.#pass(header === 20 ? Check.ipv4Start : Check.ipv4Options);
    if (((bytes[at + 2] << 8) | bytes[at + 3]) !== length) {
      this.#noHeader(Check.ipv4Length);
      return;
    }
    this.#pass(Check.ipv4Length);
    if (internetChecksum(bytes, at, at + header) !== 0) {
      this.#noHeader(Check.ipv4Checksum);
      return;
    }
    this.#pass(Check.ipv4Checksum);
    this.shape = Shape.ipv4;
    const flags = (bytes[at + 6] << 8) | bytes[at + 7];
    this.fragment = (flags & 0x3fff) !== 0;
    if ((flags & 0xbfff) === 0) this.#pass(Check.notFragmented);
    const protocol = bytes[at + 9];
    if (protocol === UDP) this.#pass(Check.protocolUdp);
    else if (protocol === 1 || protocol === 2 || protocol === 6) this.#pass(Check.protocolKnown);
    if (addresses.ipv4.length > 0) {
      const destination =
        ((bytes[at + 16] << 24) | (bytes[at + 17] << 16) | (bytes[at + 18] << 8) | bytes[at + 19]) >>> 0;
      if (addresses.ipv4.includes(destination)) this.#pass(Check.groupAddress4);
    }
    this.headerTenths = this.tenths;
    if (protocol !== UDP || this.fragment) return;
    const udp = at + header;
    const udpLength = length - header;
    if (udpLength < 8 || ((bytes[udp + 4] << 8) | bytes[udp + 5]) !== udpLength) {
      this.#fail(Check.udpLength);
      return;
    }
    this.#pass(Check.udpLength);
    if (bytes[udp + 6] === 0 && bytes[udp + 7] === 0) this.#pass(Check.udpNoChecksum);
    else if (words !== null && LITTLE_ENDIAN && header === 20) {
      if (wordSum(words, bytes, at + 12, length - 12, exchanged(UDP + udpLength)) === 0xffff)
        this.#pass(Check.udpChecksum);
      else {
        this.#fail(Check.udpChecksum);
        return;
      }
    } else {
      const pseudo = addToChecksum(UDP + udpLength, bytes, at + 12, at + 20);
      if (foldChecksum(addToChecksum(pseudo, bytes, udp, at + length)) === 0) this.#pass(Check.udpChecksum);
      else {
        this.#fail(Check.udpChecksum);
        return;
      }
    }
    if (((bytes[udp + 2] << 8) | bytes[udp + 3]) === MONP_PORT) {
      this.#monp(bytes[at + 8], udpLength > 8 ? bytes[udp + 8] : 0);
    }
  }

  /** Off-network MCPTT control (TS 24.379 10.2.1.1.1: port 8809, TTL 255). */
  #monp(hops: number, type: number): void {
    this.#pass(Check.monpPort);
    if (hops === 255) this.#pass(Check.monpHops);
    if (type >= 1 && type <= 22) this.#pass(Check.monpType);
  }

  #ipv6(bytes: Uint8Array, at: number, length: number, addresses: GroupAddresses): void {
    if (length < IPV6_HEADER) {
      this.#noHeader(Check.ipv6Version);
      return;
    }
    this.#pass(Check.ipv6Version);
    if (((bytes[at + 4] << 8) | bytes[at + 5]) !== length - IPV6_HEADER) {
      this.#noHeader(Check.ipv6Length);
      return;
    }
    this.#pass(Check.ipv6Length);
    this.shape = Shape.ipv6;
    let next = bytes[at + 6];
    if (IPV6_NEXT.has(next)) this.#pass(Check.ipv6NextHeader);
    for (const address of addresses.ipv6) {
      if (sameOctets(bytes, at + 24, address)) this.#pass(Check.groupAddress6);
    }
    this.headerTenths = this.tenths;
    let body = at + 40;
    const end = at + length;
    // Hop-by-hop, routing and destination options lie before what they belong to (RFC 8200 4).
    for (let i = 0; i < MOST_EXTENSIONS && (next === 0 || next === 43 || next === 60); i++) {
      if (body + 8 > end) return;
      next = bytes[body];
      body += (bytes[body + 1] + 1) * 8;
    }
    if (next === FRAGMENT_HEADER) {
      this.fragment = true;
      return;
    }
    if (body > end) return;
    const bodyLength = end - body;
    const sum = addToChecksum(next + bodyLength, bytes, at + 8, at + 40);
    if (next === UDP) {
      if (bodyLength < 8 || ((bytes[body + 4] << 8) | bytes[body + 5]) !== bodyLength) {
        this.#fail(Check.udpLength);
        return;
      }
      this.#pass(Check.udpLength);
      // A zero checksum is not allowed over IPv6 (RFC 8200 8.1).
      if (foldChecksum(addToChecksum(sum, bytes, body, end)) !== 0) {
        this.#fail(Check.udpChecksum);
        return;
      }
      this.#pass(Check.udpChecksum);
      if (((bytes[body + 2] << 8) | bytes[body + 3]) === MONP_PORT) {
        this.#monp(bytes[at + 7], bodyLength > 8 ? bytes[body + 8] : 0);
      }
    } else if (next === ICMPV6) {
      if (bodyLength < 4 || foldChecksum(addToChecksum(sum, bytes, body, end)) !== 0) {
        this.#fail(Check.icmpv6Checksum);
        return;
      }
      this.#pass(Check.icmpv6Checksum);
      if (bytes[at + 24] === 0xff && bytes[at + 25] === 0x02) this.#pass(Check.icmpv6Multicast);
    }
  }

  #arp(bytes: Uint8Array, at: number, length: number): void {
    if (length < ARP_OCTETS || !isArpStart(bytes, at)) {
      this.#noHeader(Check.arpFixed);
      return;
    }
    this.#pass(Check.arpFixed);
    this.shape = Shape.arp;
    // Inverse ARP and its kin have other operations: they lack these bits and are no damage.
    if (bytes[at + 6] === 0 && (bytes[at + 7] === 1 || bytes[at + 7] === 2)) this.#pass(Check.arpOperation);
  }

  #pc5(bytes: Uint8Array, at: number, length: number): void {
    const check = fitPc5Signalling(bytes, at, at + length);
    if (!check.known) {
      this.#noHeader(Check.pc5Type);
      return;
    }
    this.#pass(Check.pc5Type);
    this.shape = Shape.pc5;
    if (check.complete && check.consumed === length) this.#pass(Check.pc5Length);
    else this.#fail(Check.pc5Length);
  }

  /** An IR packet starts a ROHC context: 1111110D, profile, CRC-8 over the header (RFC 3095 5.7.7.1). */
  #rohc(bytes: Uint8Array, at: number, length: number): void {
    const end = at + length;
    let type = at;
    if (bytes[type] >>> 4 === ADD_CID) type++;
    if (type + 3 > end || !isRohcStart(bytes, type)) return;
    // The CRC covers the static chain and, with D set, the dynamic chain; their length depends on the profile. Short IR
    // headers end within 64 octets: the one length at which the CRC fits is looked for.
    const stored = bytes[type + 2];
    const most = Math.min(end, type + 64);
    let crc = 0xff;
    for (let i = type; i < most; i++) {
      crc = CRC8[crc ^ (i === type + 2 ? 0 : bytes[i])];
      if (i >= type + 12 && crc === stored) {
        this.#pass(Check.rohcType);
        this.#pass(Check.rohcProfile);
        this.#pass(Check.rohcCrc);
        // Looking at up to 52 lengths takes back log2(52) bits.
        this.tenths -= 57;
        this.shape = Shape.rohc;
        return;
      }
    }
  }
}

const CRC8 = makeCrc8();

/** CRC-8 of RFC 3095 5.9.1: 1 + x + x^2 + x^8, reflected, initial value all ones. */
function makeCrc8(): Uint8Array {
  const table = new Uint8Array(256);
  for (let value = 0; value < 256; value++) {
    let crc = value;
    for (let bit = 0; bit < 8; bit++) crc = (crc & 1) !== 0 ? (crc >>> 1) ^ 0xe0 : crc >>> 1;
    table[value] = crc;
  }
  return table;
}

/** Hardware type 1, protocol type 0800, lengths 6 and 4 (RFC 826). */
function isArpStart(bytes: Uint8Array, at: number): boolean {
  return (
    bytes[at] === 0 &&
    bytes[at + 1] === 1 &&
    bytes[at + 2] === 8 &&
    bytes[at + 3] === 0 &&
    bytes[at + 4] === 6 &&
    bytes[at + 5] === 4
  );
}

/** Type and profile of an IR packet, behind an Add-CID octet. */
function isRohcStart(bytes: Uint8Array, at: number): boolean {
  return (bytes[at] & 0xfe) === 0xfc && bytes[at + 1] >= 1 && bytes[at + 1] <= LAST_PROFILE;
}

function sameOctets(bytes: Uint8Array, at: number, other: Uint8Array): boolean {
  for (let i = 0; i < other.length; i++) if (bytes[at + i] !== other[i]) return false;
  return true;
}

/** As the method of arrays, which is slow where they are short. */
function includes(addresses: readonly number[], address: number): boolean {
  for (let i = 0; i < addresses.length; i++) if (addresses[i] === address) return true;
  return false;
}
