// What a PDCP SDU holds, once it is in the clear: one line for an event, and the layers for a tree. The one place that
// knows which protocol follows which inside an SDU.

import { decodeArp, describeArp, looksLikeArp } from './internet/arp.ts';
import { decodeIcmp, describeIcmp } from './internet/icmp.ts';
import { decodeIcmpv6, describeIcmpv6 } from './internet/icmpv6.ts';
import { decodeIgmp, describeIgmp } from './internet/igmp.ts';
import { createIpCursor, type IpCursor } from './internet/ip-cursor.ts';
import { decodeIpv4 } from './internet/ipv4.ts';
import { decodeIpv6 } from './internet/ipv6.ts';
import { IP_PROTOCOL_NAMES, IpProtocol, LKH_PORT, MIKEY_PORT, MONP_PORT, UDP_PORT_NAMES } from './internet/ports.ts';
import { decodeTcp, type TcpCursor } from './internet/tcp.ts';
import { createUdpCursor, decodeUdp, type UdpCursor } from './internet/udp.ts';
import { describeLkhRekey, dissectLkhRekey, looksLikeLkhRekey } from './keying/lkh-rekey.ts';
import { describeMikey } from './keying/mikey.ts';
import { dissectMikey } from './keying/mikey-tree.ts';
import { field, type Protocol, type TreeWriter } from './layer.ts';
import { decodeMonp, describeMonp } from './media/monp.ts';
import { decodeRtcp, describeRtcp, looksLikeRtcp } from './media/rtcp.ts';
import { decodeRtp, describeRtp, looksLikeRtp } from './media/rtp.ts';
import { uint32 } from './octets.ts';
import { Problem } from './problems.ts';
import { decodeNonIp, describeNonIp, nonIpProtocols } from './sidelink/non-ip.ts';
import { decodePc5Signalling, describePc5Signalling } from './sidelink/pc5-signalling.ts';
import { SduType } from './sidelink/pdcp-slrb.ts';
import { ipv4Text, ipv6Text, SUMMARY_CHARACTERS, safeString } from './text.ts';

/** Constants we chose. */
/** Endpoints whose text is remembered, so that a stream's addresses are written once. A power of two; a clash replaces. */
const ENDPOINT_CACHE = 1024;

/** What an event says of an SDU. */
export interface SduDescription {
  /** Names of the layers inside the SDU, outermost first. Shared between descriptions: do not change it. */
  readonly protocols: readonly string[];
  /** One line of printable ASCII, at most 200 characters. */
  readonly summary: string;
}

const dataFields = {
  data: field('data.data', 'Data', 'bytes', {
    width: 0,
    about: 'Octets that no dissector here reads.',
    clause: 'sidescope',
  }),
  length: field('data.len', 'Length', 'uint', { width: 0, about: 'How many they are.', clause: 'sidescope' }),
} as const;

/** Octets that nobody reads. */
export const dataProtocol: Protocol = {
  name: 'data',
  title: 'Data',
  about: 'Octets that no dissector here reads.',
  clause: 'sidescope',
  fields: dataFields,
};

/** Chains of protocol names, made once. */
const NOTHING: readonly string[] = [];
const ARP: readonly string[] = ['arp'];
const PC5_S: readonly string[] = ['pc5-s'];

/** The chains over one version of IP. */
function chains(ip: string) {
  return {
    alone: [ip] as readonly string[],
    udp: [ip, 'udp'] as readonly string[],
    rtp: [ip, 'udp', 'rtp'] as readonly string[],
    rtcp: [ip, 'udp', 'rtcp'] as readonly string[],
    mikey: [ip, 'udp', 'mikey'] as readonly string[],
    lkh: [ip, 'udp', 'lkh'] as readonly string[],
    monp: [ip, 'udp', 'monp'] as readonly string[],
    tcp: [ip, 'tcp'] as readonly string[],
    icmp: [ip, 'icmp'] as readonly string[],
    icmpv6: [ip, 'icmpv6'] as readonly string[],
    igmp: [ip, 'igmp'] as readonly string[],
  };
}

const IPV4_CHAINS = chains('ipv4');
const IPV6_CHAINS = chains('ipv6');

/** Protocols that UDP carries here. */
type UdpUser = 'rtp' | 'rtcp' | 'mikey' | 'lkh' | 'monp' | 'udp';

// Scratch that is written before it is read in each call; nothing is remembered from one SDU to the next.
const ip: IpCursor = createIpCursor();
const udp: UdpCursor = createUdpCursor();
const tcp: TcpCursor = { sourcePort: 0, destinationPort: 0, payloadAt: 0 };

// Text of IPv4 endpoints, direct-mapped: a pure function's results, so that remembering them changes nothing.
const endpointKeys = new Float64Array(ENDPOINT_CACHE).fill(-1);
const endpointTexts: string[] = Array<string>(ENDPOINT_CACHE).fill('');

/** `169.254.10.11:5000`. */
function ipv4Endpoint(bytes: Uint8Array, at: number, port: number): string {
  const address = uint32(bytes, at);
  const key = address * 65_536 + port;
  // The multiplier spreads neighbouring addresses and ports over the table (Knuth, TAOCP 6.4).
  const slot = (Math.imul(address ^ (port << 16) ^ port, 0x9e3779b1) >>> 22) & (ENDPOINT_CACHE - 1);
  if (endpointKeys[slot] !== key) {
    endpointKeys[slot] = key;
    endpointTexts[slot] = `${ipv4Text(bytes, at)}:${port}`;
  }
  return endpointTexts[slot];
}

function addressText(bytes: Uint8Array, at: number, version: number): string {
  return version === 4 ? ipv4Text(bytes, at) : ipv6Text(bytes, at);
}

function endpointText(bytes: Uint8Array, at: number, version: number, port: number): string {
  return version === 4 ? ipv4Endpoint(bytes, at, port) : `[${ipv6Text(bytes, at)}]:${port}`;
}

/** Cuts a summary to its length. Only text that packets chose can make it long; it is safe already, and made so again. */
function bounded(protocols: readonly string[], summary: string): SduDescription {
  return { protocols, summary: summary.length <= SUMMARY_CHARACTERS ? summary : safeString(summary) };
}

/** Which protocol a UDP payload is read as: by its port first, by what it looks like second. */
function udpUser(bytes: Uint8Array, at: number, end: number, source: number, destination: number): UdpUser {
  if (looksLikeRtp(bytes, at, end, source, destination)) return 'rtp';
  if (source === MIKEY_PORT || destination === MIKEY_PORT) return 'mikey';
  if ((source === LKH_PORT || destination === LKH_PORT) && looksLikeLkhRekey(bytes, at, end)) return 'lkh';
  if (source === MONP_PORT || destination === MONP_PORT) return 'monp';
  return looksLikeRtcp(bytes, at, end, source, destination) ? 'rtcp' : 'udp';
}

/**
 * One line for an event: who talks to whom, and about what.
 *
 * @param at first octet of the SDU
 * @param length octets of it that are there
 * @param sduType SDU Type of the PDCP header, 0 to 7 (TS 36.323 6.3.14)
 * @param reassembled payload of the whole IP datagram, where the SDU is the fragment that completed it
 */
export function describeSdu(
  bytes: Uint8Array,
  at: number,
  length: number,
  sduType: number,
  reassembled: Uint8Array | null = null,
): SduDescription {
  const end = at + length;
  switch (sduType) {
    case SduType.ip:
      return describeIp(bytes, at, end, reassembled);
    case SduType.arp:
      return bounded(ARP, describeArp(bytes, at, end));
    case SduType.pc5Signalling:
      return bounded(PC5_S, describePc5Signalling(bytes, at, end));
    case SduType.nonIp:
      return bounded(nonIpProtocols(bytes, at, end), describeNonIp(bytes, at, end));
    default:
      return bounded(NOTHING, `reserved SDU type ${sduType}, ${length} octets`);
  }
}

function describeIp(bytes: Uint8Array, at: number, end: number, reassembled: Uint8Array | null): SduDescription {
  const version = at < end ? bytes[at] >>> 4 : 0;
  if (version !== 4 && version !== 6) {
    if (looksLikeArp(bytes, at, end)) return bounded(ARP, `${describeArp(bytes, at, end)} (in an IP SDU)`);
    return bounded(NOTHING, `IP SDU of ${end - at} octets, neither version 4 nor 6 (ROHC, or not deciphered)`);
  }
  const names = version === 4 ? IPV4_CHAINS : IPV6_CHAINS;
  const problem = version === 4 ? decodeIpv4(bytes, at, end, ip, null) : decodeIpv6(bytes, at, end, ip, null);
  if (problem !== Problem.none) {
    return bounded(names.alone, `IPv${version} header cut or contradicting itself, ${end - at} octets`);
  }
  const payloadEnd = Math.min(ip.payloadEnd, end);
  if (ip.protocol === IpProtocol.udp && !ip.fragment) {
    return describeUdp(bytes, bytes, ip.payloadAt, payloadEnd, version);
  }
  if (!ip.fragment) return describeUpper(bytes, bytes, ip.payloadAt, payloadEnd, version);
  if (reassembled === null) return describeFragment(bytes, payloadEnd, version);
  const whole =
    ip.protocol === IpProtocol.udp
      ? describeUdp(bytes, reassembled, 0, reassembled.length, version)
      : describeUpper(bytes, reassembled, 0, reassembled.length, version);
  return bounded(whole.protocols, `${whole.summary} (reassembled)`);
}

/** @param bytes where the IP header is @param body where its payload is: the same octets, or those of a reassembly */
function describeUdp(bytes: Uint8Array, body: Uint8Array, at: number, end: number, version: number): SduDescription {
  const names = version === 4 ? IPV4_CHAINS : IPV6_CHAINS;
  if (decodeUdp(body, at, end, null, udp, null) !== Problem.none) {
    const hosts = `${addressText(bytes, ip.sourceAt, version)} > ${addressText(bytes, ip.destinationAt, version)}`;
    return bounded(names.udp, `${hosts} UDP header cut or contradicting itself`);
  }
  const { sourcePort, destinationPort, payloadAt } = udp;
  const payloadEnd = Math.min(udp.payloadEnd, end);
  const source = endpointText(bytes, ip.sourceAt, version, sourcePort);
  const destination = endpointText(bytes, ip.destinationAt, version, destinationPort);
  const user = udpUser(body, payloadAt, payloadEnd, sourcePort, destinationPort);
  let what: string;
  if (user === 'rtp') what = describeRtp(body, payloadAt);
  else if (user === 'rtcp') what = describeRtcp(body, payloadAt, payloadEnd);
  else if (user === 'mikey') what = describeMikey(body, payloadAt, payloadEnd);
  else if (user === 'lkh') what = describeLkhRekey(body, payloadAt, payloadEnd);
  else if (user === 'monp') what = describeMonp(body, payloadAt, payloadEnd);
  else {
    const name = UDP_PORT_NAMES.get(destinationPort) ?? UDP_PORT_NAMES.get(sourcePort);
    what = `UDP${name === undefined ? '' : ` ${name}`} ${payloadEnd - payloadAt} octets`;
  }
  return bounded(names[user], `${source} > ${destination} ${what}`);
}

function describeUpper(bytes: Uint8Array, body: Uint8Array, at: number, end: number, version: number): SduDescription {
  const names = version === 4 ? IPV4_CHAINS : IPV6_CHAINS;
  const hosts = `${addressText(bytes, ip.sourceAt, version)} > ${addressText(bytes, ip.destinationAt, version)}`;
  switch (ip.protocol) {
    case IpProtocol.tcp:
      return describeTcp(bytes, body, at, end, version);
    case IpProtocol.icmp:
      return bounded(names.icmp, `${hosts} ${describeIcmp(body, at, end)}`);
    case IpProtocol.icmpv6:
      return bounded(names.icmpv6, `${hosts} ${describeIcmpv6(body, at, end)}`);
    case IpProtocol.igmp:
      return bounded(names.igmp, `${hosts} ${describeIgmp(body, at, end)}`);
    default: {
      const name = IP_PROTOCOL_NAMES.get(ip.protocol) ?? `IP protocol ${ip.protocol}`;
      return bounded(names.alone, `${hosts} ${name} ${end - at} octets`);
    }
  }
}

function describeTcp(bytes: Uint8Array, body: Uint8Array, at: number, end: number, version: number): SduDescription {
  const names = version === 4 ? IPV4_CHAINS : IPV6_CHAINS;
  if (decodeTcp(body, at, end, tcp, null) !== Problem.none) {
    const hosts = `${addressText(bytes, ip.sourceAt, version)} > ${addressText(bytes, ip.destinationAt, version)}`;
    return bounded(names.tcp, `${hosts} TCP header cut or contradicting itself`);
  }
  const source = endpointText(bytes, ip.sourceAt, version, tcp.sourcePort);
  const destination = endpointText(bytes, ip.destinationAt, version, tcp.destinationPort);
  return bounded(names.tcp, `${source} > ${destination} TCP ${end - tcp.payloadAt} octets`);
}

function describeFragment(bytes: Uint8Array, payloadEnd: number, version: number): SduDescription {
  const names = version === 4 ? IPV4_CHAINS : IPV6_CHAINS;
  const hosts = `${addressText(bytes, ip.sourceAt, version)} > ${addressText(bytes, ip.destinationAt, version)}`;
  const upper = IP_PROTOCOL_NAMES.get(ip.protocol) ?? `IP protocol ${ip.protocol}`;
  const octets = Math.max(0, payloadEnd - ip.payloadAt);
  const which = `id 0x${ip.identification.toString(16)} octets ${ip.fragmentOffset}+${octets}`;
  return bounded(names.alone, `${hosts} ${upper} fragment ${which}${ip.moreFragments ? '' : ', the last'}`);
}

/**
 * Writes the layers inside an SDU. Never throws; what cannot be read is shown as octets.
 *
 * @param reassembled as in `describeSdu`; its layers are shown as a source of their own
 */
export function dissectSdu(
  bytes: Uint8Array,
  at: number,
  length: number,
  sduType: number,
  tree: TreeWriter,
  reassembled: Uint8Array | null = null,
): void {
  const end = at + length;
  switch (sduType) {
    case SduType.ip:
      dissectIp(bytes, at, end, tree, reassembled);
      break;
    case SduType.arp:
      decodeArp(bytes, at, end, tree);
      break;
    case SduType.pc5Signalling:
      decodePc5Signalling(bytes, at, end, tree);
      break;
    case SduType.nonIp:
      decodeNonIp(bytes, at, end, tree);
      break;
    default:
      addData(bytes, at, end, tree);
  }
}

function addData(bytes: Uint8Array, at: number, end: number, tree: TreeWriter): void {
  if (end <= at) return;
  tree.begin(dataProtocol, at, end - at);
  tree.add(dataFields.data, at, end - at, bytes.subarray(at, end));
  tree.generated(dataFields.length, end - at);
  tree.end();
}

function dissectIp(bytes: Uint8Array, at: number, end: number, tree: TreeWriter, reassembled: Uint8Array | null): void {
  const version = at < end ? bytes[at] >>> 4 : 0;
  if (version !== 4 && version !== 6) {
    if (looksLikeArp(bytes, at, end)) decodeArp(bytes, at, end, tree);
    else addData(bytes, at, end, tree);
    return;
  }
  const cursor = createIpCursor();
  const problem = version === 4 ? decodeIpv4(bytes, at, end, cursor, tree) : decodeIpv6(bytes, at, end, cursor, tree);
  if (problem !== Problem.none) return;
  const payloadEnd = Math.min(cursor.payloadEnd, end);
  if (!cursor.fragment) dissectUpper(bytes, cursor.payloadAt, payloadEnd, cursor, cursor.protocol, tree);
  else {
    addData(bytes, cursor.payloadAt, payloadEnd, tree);
    if (reassembled !== null) {
      tree.source('Reassembled IP', reassembled);
      dissectUpper(reassembled, 0, reassembled.length, null, cursor.protocol, tree);
      tree.end();
    }
  }
  addData(bytes, payloadEnd, end, tree);
}

/** @param cursor the IP header in the same octets, for checksums; null in a reassembly, whose header is elsewhere */
function dissectUpper(
  bytes: Uint8Array,
  at: number,
  end: number,
  cursor: IpCursor | null,
  protocol: number,
  tree: TreeWriter,
): void {
  switch (protocol) {
    case IpProtocol.udp:
      dissectUdp(bytes, at, end, cursor, tree);
      break;
    case IpProtocol.tcp: {
      const segment: TcpCursor = { sourcePort: 0, destinationPort: 0, payloadAt: 0 };
      if (decodeTcp(bytes, at, end, segment, tree) === Problem.none) addData(bytes, segment.payloadAt, end, tree);
      break;
    }
    case IpProtocol.icmp:
      decodeIcmp(bytes, at, end, tree);
      break;
    case IpProtocol.icmpv6:
      decodeIcmpv6(bytes, at, end, cursor, tree);
      break;
    case IpProtocol.igmp:
      decodeIgmp(bytes, at, end, tree);
      break;
    default:
      addData(bytes, at, end, tree);
  }
}

function dissectUdp(bytes: Uint8Array, at: number, end: number, cursor: IpCursor | null, tree: TreeWriter): void {
  const datagram = createUdpCursor();
  if (decodeUdp(bytes, at, end, cursor, datagram, tree) !== Problem.none) return;
  const payloadEnd = Math.min(datagram.payloadEnd, end);
  dissectUdpPayload(bytes, datagram.payloadAt, payloadEnd, datagram.sourcePort, datagram.destinationPort, tree);
  addData(bytes, payloadEnd, end, tree);
}

/**
 * Writes the layers inside a UDP payload: what an SDU's datagrams and a capture's own (e.g. MIKEY beside the sidelink)
 * have in common.
 */
export function dissectUdpPayload(
  bytes: Uint8Array,
  at: number,
  end: number,
  sourcePort: number,
  destinationPort: number,
  tree: TreeWriter,
): void {
  switch (udpUser(bytes, at, end, sourcePort, destinationPort)) {
    case 'rtp':
      decodeRtp(bytes, at, end, tree);
      break;
    case 'rtcp':
      decodeRtcp(bytes, at, end, tree);
      break;
    case 'mikey':
      dissectMikey(bytes, at, end, tree);
      break;
    case 'lkh':
      dissectLkhRekey(bytes, at, end, tree);
      break;
    case 'monp':
      decodeMonp(bytes, at, end, tree);
      break;
    default:
      addData(bytes, at, end, tree);
  }
}
