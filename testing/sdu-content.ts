// What radios say: SDUs in the clear, made with the encoders of the dissectors.

import { ExitCode, SidescopeError } from '../daemon/errors.ts';
import { encodeArp } from '../dissectors/internet/arp.ts';
import { encodeIcmpv6, encodeNeighborOption } from '../dissectors/internet/icmpv6.ts';
import { encodeIpv4 } from '../dissectors/internet/ipv4.ts';
import { encodeIpv6 } from '../dissectors/internet/ipv6.ts';
import { IpProtocol, MONP_PORT } from '../dissectors/internet/ports.ts';
import { encodeUdp } from '../dissectors/internet/udp.ts';
import { encodeMonp, MONP_MESSAGES } from '../dissectors/media/monp.ts';
import { encodeRtp } from '../dissectors/media/rtp.ts';
import { SduType } from '../dissectors/sidelink/pdcp-slrb.ts';
import type { Random } from './random.ts';
import type { MessageStep } from './scenario-steps.ts';
import { addressOctets } from './text-forms.ts';
import type { WorldRadio } from './world.ts';

/** The specification says. */
/** Samples of 20 ms of PCMU (RFC 3551 4.5.14). */
const PACKET_SAMPLES = 160;
/** Neighbour advertisement (RFC 4861 4.4): type, flags, target link-layer address option, hop limit. */
const NEIGHBOR_ADVERTISEMENT = 136;
const OVERRIDE_FLAG = 0x20;
const TARGET_LINK_ADDRESS = 2;
const NEIGHBOR_HOPS = 255;
const ALL_NODES = Uint8Array.of(0xff, 2, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1);
/** Octets of an IPv4 header, and of an SDU below which nothing is sure (interfaces 3). */
const IPV4_OCTETS = 20;
const SHORTEST_SURE = 28;
/** PC5-S DIRECT_COMMUNICATION_KEEPALIVE (TS 24.334): type, sequence number, counter. */
const KEEPALIVE = 4;

/** We chose. */
const SPEECH_PORT = 5000;
const DATA_PORT = 7000;
/** Locally administered MAC addresses: 02:00:00 and the Layer-2 id. */
const HARDWARE_PREFIX = [2, 0, 0];

/** One SDU in the clear. */
export interface Content {
  readonly sdu: Uint8Array;
  /** SDU type that is the truth (TS 36.323 Table 6.3.14.1). */
  readonly sduType: number;
  /** An IP fragment, or a body that nothing of is sure: a reader can say `unverifiable` at best. */
  readonly unsure: boolean;
}

/** The next SDU of a radio. Counters of RTP and IP move on. */
export function makeContent(step: MessageStep, radio: WorldRadio, random: Random): Content {
  const octets = random.between(step.octets[0], step.octets[1]);
  switch (step.content) {
    case 'rtp':
      return ip(inUdp(step, radio, speech(step, radio, random, octets), SPEECH_PORT));
    case 'udp':
      return ip(inUdp(step, radio, random.octets(octets), DATA_PORT));
    case 'monp': {
      const types = [...MONP_MESSAGES.keys()];
      const type = types[random.between(0, types.length - 1)];
      const body = encodeMonp(type, random.between(0, 0xffff), random.octets(octets));
      return ip(inUdp(step, radio, body, MONP_PORT));
    }
    case 'arp':
      return { sdu: arp(step, radio), sduType: SduType.arp, unsure: false };
    case 'icmpv6':
      return ip(neighborAdvertisement(step, radio));
    case 'fragment':
      return { ...ip(fragment(step, radio, random.octets(Math.max(8, octets & ~7)))), unsure: true };
    case 'short-ip':
      return { ...ip(shortIp(step, radio, random.octets(octets % (SHORTEST_SURE - IPV4_OCTETS)))), unsure: true };
    case 'non-ip':
      return { sdu: random.octets(Math.max(1, octets)), sduType: SduType.nonIp, unsure: true };
    case 'pc5-s':
      return { sdu: keepAlive(random), sduType: SduType.pc5Signalling, unsure: true };
    case 'reserved':
      return { sdu: random.octets(Math.max(1, octets)), sduType: 4 + random.between(0, 3), unsure: true };
  }
}

function ip(sdu: Uint8Array): Content {
  return { sdu, sduType: SduType.ip, unsure: false };
}

interface Addresses {
  readonly source: Uint8Array;
  readonly destination: Uint8Array;
}

function addressesOf(step: MessageStep, radio: WorldRadio, version: number): Addresses {
  const own = version === 4 ? radio.address4 : radio.address6;
  const all = version === 4 ? radio.group.multicast4 : radio.group.multicast6;
  return {
    source: addressOf(step, 'sourceAddress', own),
    destination: addressOf(step, 'destinationAddress', all),
  };
}

/** The address that a step names, which has to be of the version of `usual`, or `usual`. */
function addressOf(step: MessageStep, member: 'sourceAddress' | 'destinationAddress', usual: Uint8Array): Uint8Array {
  const named = step[member] === null ? null : addressOctets(step[member]);
  if (named === null || named.length === usual.length) return named ?? usual;
  const message = `step at ${step.at} s: ${member} is no IPv${usual.length === 4 ? 4 : 6} address, which this content has`;
  throw new SidescopeError('scenario.wrong-address', message, 'Name another address, or set ip', ExitCode.usage);
}

function inUdp(step: MessageStep, radio: WorldRadio, payload: Uint8Array, port: number): Uint8Array {
  const addresses = addressesOf(step, radio, step.ip);
  const udp = encodeUdp({ sourcePort: port, destinationPort: port, payload, addresses });
  if (step.ip === 6) return encodeIpv6({ ...addresses, nextHeader: IpProtocol.udp, payload: udp });
  return encodeIpv4({
    ...addresses,
    protocol: IpProtocol.udp,
    payload: udp,
    identification: nextIdentification(radio),
  });
}

function nextIdentification(radio: WorldRadio): number {
  radio.identification = (radio.identification + 1) & 0xffff;
  return radio.identification;
}

function speech(step: MessageStep, radio: WorldRadio, random: Random, octets: number): Uint8Array {
  radio.rtpSequence = (radio.rtpSequence + 1) & 0xffff;
  radio.rtpTimestamp = (radio.rtpTimestamp + PACKET_SAMPLES) >>> 0;
  return encodeRtp({
    payloadType: 0,
    sequence: radio.rtpSequence,
    timestamp: radio.rtpTimestamp,
    ssrc: step.ssrc ?? radio.ssrc,
    payload: random.octets(octets),
  });
}

/** An announcement (RFC 5227 3): sender and target address are the same. */
function arp(step: MessageStep, radio: WorldRadio): Uint8Array {
  const { source } = addressesOf(step, radio, 4);
  return encodeArp({
    operation: 1,
    senderHardware: hardwareOf(radio),
    senderProtocol: source,
    targetHardware: new Uint8Array(6),
    targetProtocol: source,
  });
}

function neighborAdvertisement(step: MessageStep, radio: WorldRadio): Uint8Array {
  const { source } = addressesOf(step, radio, 6);
  const option = encodeNeighborOption(TARGET_LINK_ADDRESS, hardwareOf(radio));
  const body = Uint8Array.of(OVERRIDE_FLAG, 0, 0, 0, ...source, ...option);
  const destination = addressOf(step, 'destinationAddress', ALL_NODES);
  const payload = encodeIcmpv6(NEIGHBOR_ADVERTISEMENT, 0, body, source, destination);
  return encodeIpv6({ source, destination, nextHeader: IpProtocol.icmpv6, payload, hopLimit: NEIGHBOR_HOPS });
}

function fragment(step: MessageStep, radio: WorldRadio, payload: Uint8Array): Uint8Array {
  const identification = nextIdentification(radio);
  const addresses = addressesOf(step, radio, 4);
  return encodeIpv4({ ...addresses, protocol: IpProtocol.udp, payload, identification, moreFragments: true });
}

function shortIp(step: MessageStep, radio: WorldRadio, payload: Uint8Array): Uint8Array {
  const addresses = addressesOf(step, radio, 4);
  return encodeIpv4({ ...addresses, protocol: IpProtocol.udp, payload, identification: nextIdentification(radio) });
}

function keepAlive(random: Random): Uint8Array {
  return Uint8Array.of(KEEPALIVE, random.between(0, 255), 0, 0, 0, random.between(0, 255));
}

function hardwareOf(radio: WorldRadio): Uint8Array {
  return Uint8Array.of(...HARDWARE_PREFIX, radio.id >> 16, (radio.id >> 8) & 0xff, radio.id & 0xff);
}
