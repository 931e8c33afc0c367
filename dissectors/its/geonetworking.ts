// GeoNetworking (ETSI EN 302 636-4-1): basic header, common header, and the extended header of each packet type.

import { type Field, field, type Protocol, type TreeWriter } from '../layer.ts';
import { addFields, addOctets } from '../layout.ts';
import { int32, uint16 } from '../octets.ts';
import { hexText } from '../text.ts';
import { decodeBtp, describeBtp } from './btp.ts';

// Octets (ETSI EN 302 636-4-1 9.6, 9.7, 9.5.2).
const BASIC_HEADER = 4;
const COMMON_HEADER = 8;
const LONG_POSITION = 24;
const SHORT_POSITION = 20;

/** The specification says. */
const NEXT_COMMON = 1;
const NEXT_SECURED = 2;
const BTP_A = 1;
const BTP_B = 2;

const BASIC_NEXT = new Map([
  [0, 'ANY'],
  [1, 'Common Header'],
  [2, 'Secured Packet'],
]);

const LIFETIME_BASES = new Map([
  [0, '50 ms'],
  [1, '1 s'],
  [2, '10 s'],
  [3, '100 s'],
]);
/** Milliseconds of each lifetime base. */
const LIFETIME_MS = [50, 1000, 10_000, 100_000];

const COMMON_NEXT = new Map([
  [0, 'ANY'],
  [1, 'BTP-A Transport protocol'],
  [2, 'BTP-B Transport protocol'],
  [3, 'IPv6 header'],
]);

const HEADER_TYPES = new Map([
  [0x00, 'Unspecified'],
  [0x10, 'Beacon'],
  [0x20, 'Geo Unicast'],
  [0x30, 'Geo-scoped Anycast Circular area'],
  [0x31, 'Geo-scoped Anycast Rectangular area'],
  [0x32, 'Geo-scoped Anycast Ellipsoidal area'],
  [0x40, 'Geo-scoped Broadcast Circular area'],
  [0x41, 'Geo-scoped Broadcast Rectangular area'],
  [0x42, 'Geo-scoped Broadcast Ellipsoidal area'],
  [0x50, 'Topologically-scoped broadcast Single-hop broadcast (SHB)'],
  [0x51, 'Topologically-scoped broadcast Multi-hop broadcast (TSB)'],
  [0x60, 'Location Service Request'],
  [0x61, 'Location Service Reply'],
]);

/** Short names for summaries, by the high 4 bits of the header type. */
const SHORT_TYPES = ['any', 'beacon', 'GUC', 'GAC', 'GBC', 'TSB', 'LS'];

const STATION_TYPES = new Map([
  [0, 'Unknown'],
  [1, 'Pedestrian'],
  [2, 'Cyclist'],
  [3, 'Moped'],
  [4, 'Motorcycle'],
  [5, 'Passenger Car'],
  [6, 'Bus'],
  [7, 'Light Truck'],
  [8, 'Heavy Truck'],
  [9, 'Trailer'],
  [10, 'Special Vehicle'],
  [11, 'Tram'],
  [15, 'Road Side Unit'],
]);

const BASIC = 'ETSI EN 302 636-4-1 9.6';
const COMMON = 'ETSI EN 302 636-4-1 9.7';
const POSITION = 'ETSI EN 302 636-4-1 9.5.2';
const EXTENDED = 'ETSI EN 302 636-4-1 9.8';

/** Fields of a position vector, whose names begin with `geonw.src_pos` or `geonw.dst_pos`. */
function positionFields(name: string) {
  return {
    manual: field(`${name}.addr.manual`, 'Manual', 'uint', {
      mask: 0x80,
      about: 'The address was set by hand.',
      clause: 'ETSI EN 302 636-4-1 6.3',
    }),
    stationType: field(`${name}.addr.type`, 'ITS-S type', 'uint', {
      mask: 0x7c,
      values: STATION_TYPES,
      about: 'Kind of station.',
      clause: 'ETSI EN 302 636-4-1 6.3',
    }),
    country: field(`${name}.addr.country`, 'ITS-S Country Code', 'uint', {
      width: 2,
      mask: 0x03ff,
      about: 'Country code (ITU-T).',
      clause: 'ETSI EN 302 636-4-1 6.3',
    }),
    mid: field(`${name}.addr.mid`, 'MID', 'ether', {
      width: 6,
      about: 'Link-layer address of the station.',
      clause: 'ETSI EN 302 636-4-1 6.3',
    }),
    timestamp: field(`${name}.tst`, 'Timestamp', 'uint', {
      width: 4,
      about: 'When the position was taken, TAI ms since 2004 modulo 2^32.',
      clause: POSITION,
    }),
    latitude: field(`${name}.lat`, 'Latitude', 'uint', {
      width: 4,
      about: 'In 1/10 microdegree, north positive.',
      clause: POSITION,
    }),
    longitude: field(`${name}.long`, 'Longitude', 'uint', {
      width: 4,
      about: 'In 1/10 microdegree, east positive.',
      clause: POSITION,
    }),
  } as const;
}

const source = positionFields('geonw.src_pos');
const destination = positionFields('geonw.dst_pos');

const fields = {
  version: field('geonw.bh.version', 'Version', 'uint', { mask: 0xf0, about: 'Version, 0 or 1.', clause: BASIC }),
  basicNext: field('geonw.bh.nh', 'Next Header', 'uint', {
    mask: 0x0f,
    values: BASIC_NEXT,
    about: 'What follows the basic header.',
    clause: BASIC,
  }),
  reserved: field('geonw.bh.reserved', 'Reserved', 'uint', { base: 'hex', about: 'Zero.', clause: BASIC }),
  lifetimeMultiplier: field('geonw.bh.lt.mult', 'Life Time multiplier', 'uint', {
    mask: 0xfc,
    about: 'Times the base.',
    clause: 'ETSI EN 302 636-4-1 9.6.4',
  }),
  lifetimeBase: field('geonw.bh.lt.base', 'Life Time base', 'uint', {
    mask: 0x03,
    values: LIFETIME_BASES,
    about: 'Unit of the lifetime.',
    clause: 'ETSI EN 302 636-4-1 9.6.4',
  }),
  lifetime: field('geonw.bh.lt', 'Life Time', 'uint', {
    width: 0,
    about: 'How long the packet may be kept, ms.',
    clause: 'ETSI EN 302 636-4-1 9.6.4',
  }),
  hopLimit: field('geonw.bh.rhl', 'Remaining Hop Limit', 'uint', { about: 'Hops left.', clause: BASIC }),
  commonNext: field('geonw.ch.nh', 'Next Header', 'uint', {
    mask: 0xf0,
    values: COMMON_NEXT,
    about: 'What the packet carries.',
    clause: COMMON,
  }),
  commonReserved: field('geonw.ch.reserved1', 'Reserved', 'uint', {
    base: 'hex',
    mask: 0x0f,
    about: 'Zero.',
    clause: COMMON,
  }),
  headerType: field('geonw.ch.htype', 'Header type', 'uint', {
    base: 'hex',
    values: HEADER_TYPES,
    about: 'Kind of packet and area.',
    clause: COMMON,
  }),
  storeCarry: field('geonw.ch.tc.buffer', 'Store Carry Forward', 'uint', {
    mask: 0x80,
    about: 'Keep the packet while there is no neighbour.',
    clause: COMMON,
  }),
  offload: field('geonw.ch.tc.offload', 'Channel offload', 'uint', {
    mask: 0x40,
    about: 'Another channel may be used.',
    clause: COMMON,
  }),
  trafficClass: field('geonw.ch.tc.id', 'Traffic class ID', 'uint', {
    mask: 0x3f,
    about: 'Class of traffic.',
    clause: COMMON,
  }),
  mobile: field('geonw.ch.flags.mob', 'Mobility flag', 'uint', {
    mask: 0x80,
    about: 'The station is mobile.',
    clause: COMMON,
  }),
  flagsReserved: field('geonw.ch.flags.reserved', 'Reserved', 'uint', { mask: 0x7f, about: 'Zero.', clause: COMMON }),
  payloadLength: field('geonw.ch.plength', 'Payload length', 'uint', {
    width: 2,
    about: 'Octets behind the extended header.',
    clause: COMMON,
  }),
  maximumHops: field('geonw.ch.mhl', 'Maximum Hop Limit', 'uint', { about: 'Hops at the start.', clause: COMMON }),
  commonReserved2: field('geonw.ch.reserved2', 'Reserved', 'uint', { base: 'hex', about: 'Zero.', clause: COMMON }),
  sequence: field('geonw.seq_num', 'Sequence number', 'uint', {
    base: 'hex',
    width: 2,
    about: 'Tells copies of a packet.',
    clause: EXTENDED,
  }),
  extendedReserved: field('geonw.reserved', 'Reserved', 'uint', { width: 2, about: 'Zero.', clause: EXTENDED }),
  sourceManual: source.manual,
  sourceType: source.stationType,
  sourceCountry: source.country,
  sourceMid: source.mid,
  sourceTimestamp: source.timestamp,
  sourceLatitude: source.latitude,
  sourceLongitude: source.longitude,
  accuracy: field('geonw.src_pos.pai', 'Position accuracy indicator', 'uint', {
    mask: 0x80,
    about: 'The position is accurate.',
    clause: POSITION,
  }),
  speed: field('geonw.src_pos.speed', 'Speed', 'uint', {
    width: 2,
    mask: 0x7fff,
    about: 'In 0.01 m/s (15 bits, signed).',
    clause: POSITION,
  }),
  heading: field('geonw.src_pos.hdg', 'Heading', 'uint', {
    width: 2,
    about: 'In 0.1 degree from north.',
    clause: POSITION,
  }),
  destinationManual: destination.manual,
  destinationType: destination.stationType,
  destinationCountry: destination.country,
  destinationMid: destination.mid,
  destinationTimestamp: destination.timestamp,
  destinationLatitude: destination.latitude,
  destinationLongitude: destination.longitude,
  areaLatitude: field('geonw.gxc.latitude', 'Latitude', 'uint', {
    width: 4,
    about: 'Centre of the area, 1/10 microdegree.',
    clause: EXTENDED,
  }),
  areaLongitude: field('geonw.gxc.longitude', 'Longitude', 'uint', {
    width: 4,
    about: 'Centre of the area, 1/10 microdegree.',
    clause: EXTENDED,
  }),
  distanceA: field('geonw.gxc.distancea', 'Distance a', 'uint', { width: 2, about: 'In m.', clause: EXTENDED }),
  distanceB: field('geonw.gxc.distanceb', 'Distance b', 'uint', { width: 2, about: 'In m.', clause: EXTENDED }),
  angle: field('geonw.gxc.angle', 'Angle', 'uint', {
    width: 2,
    about: 'Of the long side, degrees from north.',
    clause: EXTENDED,
  }),
  areaReserved: field('geonw.gxc.reserved', 'Reserved', 'uint', { width: 2, about: 'Zero.', clause: EXTENDED }),
  singleHopReserved: field('geonw.shb.reserved', 'Reserved', 'uint', {
    width: 4,
    about: 'Depends on the medium; congestion control of ITS-G5.',
    clause: EXTENDED,
  }),
  requested: field('geonw.ls_req.addr', 'GN_ADDR', 'bytes', {
    width: 8,
    about: 'Address that is looked for.',
    clause: EXTENDED,
  }),
  data: field('geonw.data', 'Data', 'bytes', {
    width: 0,
    about: 'A secured packet or a payload that is not decoded.',
    clause: 'ETSI EN 302 636-4-1 9.4',
  }),
} as const;

/** GeoNetworking and its fields. */
export const geonetworkingProtocol: Protocol = {
  name: 'geonw',
  title: 'GeoNetworking',
  about: 'Addresses stations and areas by position.',
  clause: 'ETSI EN 302 636-4-1',
  fields,
};

const BASIC_FIELDS = [
  fields.version,
  fields.basicNext,
  fields.reserved,
  fields.lifetimeMultiplier,
  fields.lifetimeBase,
  fields.hopLimit,
];
const COMMON_FIELDS = [
  fields.commonNext,
  fields.commonReserved,
  fields.headerType,
  fields.storeCarry,
  fields.offload,
  fields.trafficClass,
  fields.mobile,
  fields.flagsReserved,
  fields.payloadLength,
  fields.maximumHops,
  fields.commonReserved2,
];
const SEQUENCE = [fields.sequence, fields.extendedReserved];
const AREA_TAIL = [fields.distanceA, fields.distanceB, fields.angle, fields.areaReserved];

/** Octets of the extended header by the high 4 bits of the header type, -1 where the type is not known. */
function extendedLength(headerType: number): number {
  switch (headerType >>> 4) {
    case 0:
      return 0;
    case 1:
      return LONG_POSITION;
    case 2:
      return 4 + LONG_POSITION + SHORT_POSITION;
    case 3:
    case 4:
      return 4 + LONG_POSITION + 16;
    case 5:
      return 4 + LONG_POSITION;
    case 6:
      return headerType === 0x61 ? 4 + LONG_POSITION + SHORT_POSITION : 4 + LONG_POSITION + 8;
    default:
      return -1;
  }
}

/** Where a packet's parts lie. */
interface Placed {
  readonly secured: boolean;
  readonly headerType: number;
  readonly next: number;
  readonly payloadAt: number;
  readonly payloadEnd: number;
}

/** Places the headers, or says what is wrong. The secured packet is opaque: it is the rest. */
function place(bytes: Uint8Array, at: number, end: number): Placed | string {
  if (end - at < BASIC_HEADER) return `a basic header has 4 octets, ${Math.max(0, end - at)} are there`;
  const payloadAt = at + BASIC_HEADER;
  const next = bytes[at] & 0x0f;
  if (bytes[at] >>> 4 > 1) return `version ${bytes[at] >>> 4} is not known`;
  if (next === NEXT_SECURED) return { secured: true, headerType: 0, next: 0, payloadAt, payloadEnd: end };
  if (next !== NEXT_COMMON) return `the basic header names a next header ${next}, not the common header`;
  if (end - payloadAt < COMMON_HEADER) return 'the packet ends inside the common header';
  const headerType = bytes[payloadAt + 1];
  const extended = extendedLength(headerType);
  if (extended < 0) return `header type 0x${headerType.toString(16)} is not known`;
  const start = payloadAt + COMMON_HEADER + extended;
  const payloadEnd = start + uint16(bytes, payloadAt + 4);
  if (payloadEnd > end) return 'the extended header or the payload goes beyond the packet';
  return { secured: false, headerType, next: bytes[payloadAt] >>> 4, payloadAt: start, payloadEnd };
}

/**
 * Decodes a packet: its headers, and BTP above them.
 *
 * @returns true where the headers are whole and the payload is as long as they say
 */
export function decodeGeonetworking(bytes: Uint8Array, at: number, end: number, tree: TreeWriter | null): boolean {
  const placed = place(bytes, at, end);
  const good = typeof placed !== 'string';
  if (tree === null) {
    if (!good || placed.secured || (placed.next !== BTP_A && placed.next !== BTP_B)) return good;
    return decodeBtp(bytes, placed.payloadAt, placed.payloadEnd, placed.next === BTP_A, null);
  }
  const available = Math.max(0, end - at);
  const hasBtp = good && !placed.secured && (placed.next === BTP_A || placed.next === BTP_B);
  tree.begin(geonetworkingProtocol, at, hasBtp ? placed.payloadAt - at : available);
  if (available >= BASIC_HEADER) {
    addFields(tree, bytes, at, BASIC_FIELDS);
    tree.generated(fields.lifetime, (bytes[at + 2] >>> 2) * LIFETIME_MS[bytes[at + 2] & 0x03]);
  }
  if (!good) tree.problem('geonw.header', at, placed);
  else {
    if (!placed.secured) addHeaders(bytes, at + BASIC_HEADER, placed.headerType, tree);
    if (!hasBtp) addOctets(tree, fields.data, bytes, placed.payloadAt, end);
  }
  tree.end();
  if (!hasBtp) return good;
  return decodeBtp(bytes, placed.payloadAt, placed.payloadEnd, placed.next === BTP_A, tree);
}

/** Common and extended header, which have been placed. */
function addHeaders(bytes: Uint8Array, at: number, headerType: number, tree: TreeWriter): void {
  let next = addFields(tree, bytes, at, COMMON_FIELDS);
  const kind = headerType >>> 4;
  if (kind === 0) return;
  if (kind !== 1 && headerType !== 0x50) next = addFields(tree, bytes, next, SEQUENCE);
  next = addLongPosition(bytes, next, tree);
  if (headerType === 0x50) addFields(tree, bytes, next, [fields.singleHopReserved]);
  else if (kind === 2 || headerType === 0x61) addPosition(bytes, next, destination, 'Destination position', tree);
  else if (kind === 3 || kind === 4) {
    tree.add(fields.areaLatitude, next, 4, int32(bytes, next));
    tree.add(fields.areaLongitude, next + 4, 4, int32(bytes, next + 4));
    addFields(tree, bytes, next + 8, AREA_TAIL);
  } else if (headerType === 0x60) addFields(tree, bytes, next, [fields.requested]);
}

function addLongPosition(bytes: Uint8Array, at: number, tree: TreeWriter): number {
  addPosition(bytes, at, source, 'Source position', tree);
  tree.group('Movement', at + SHORT_POSITION, 4);
  tree.add(fields.accuracy, at + 20, 1, bytes[at + 20] >>> 7);
  // 15 bits, two's complement: shifted up to the sign of 32 bits and back.
  tree.add(fields.speed, at + 20, 2, (uint16(bytes, at + 20) << 17) >> 17);
  addFields(tree, bytes, at + 22, [fields.heading]);
  tree.end();
  return at + LONG_POSITION;
}

/** The 20 octets that long and short position vectors share. */
function addPosition(
  bytes: Uint8Array,
  at: number,
  position: Readonly<Record<keyof typeof source, Field>>,
  label: string,
  tree: TreeWriter,
): void {
  tree.group(label, at, SHORT_POSITION);
  addFields(tree, bytes, at, [position.manual, position.stationType, position.country, position.mid]);
  addFields(tree, bytes, at + 8, [position.timestamp]);
  tree.add(position.latitude, at + 12, 4, int32(bytes, at + 12));
  tree.add(position.longitude, at + 16, 4, int32(bytes, at + 16));
  tree.end();
}

/** One phrase, e.g. `GeoNetworking SHB 001561203775 BTP-B 2001 CAM`: packet type, station, what it carries. */
export function describeGeonetworking(bytes: Uint8Array, at: number, end: number): string {
  const placed = place(bytes, at, end);
  if (typeof placed === 'string') return 'GeoNetworking, damaged';
  if (placed.secured) return 'GeoNetworking secured packet';
  const { headerType } = placed;
  const type = headerType === 0x50 ? 'SHB' : SHORT_TYPES[headerType >>> 4];
  // The station's link-layer address stands at the end of the GN address, which begins the source position.
  const hasSequence = headerType >>> 4 > 1 && headerType !== 0x50;
  const positionAt = at + BASIC_HEADER + COMMON_HEADER + (hasSequence ? 4 : 0);
  const station = headerType >>> 4 === 0 ? '' : ` ${hexText(bytes, positionAt + 2, positionAt + 8)}`;
  const name = `GeoNetworking ${type}${station}`;
  if (placed.next !== BTP_A && placed.next !== BTP_B) return name;
  return `${name} ${describeBtp(bytes, placed.payloadAt, placed.payloadEnd, placed.next === BTP_A)}`;
}

/** Protocol names of a packet, outermost first: `geonw`, then `btpa` or `btpb` and `its` where they are there. */
export function geonetworkingProtocols(bytes: Uint8Array, at: number, end: number): readonly string[] {
  const placed = place(bytes, at, end);
  if (typeof placed === 'string' || placed.secured) return GEONW;
  if (placed.next === BTP_A) return GEONW_BTP_A;
  return placed.next === BTP_B ? GEONW_BTP_B : GEONW;
}

const GEONW: readonly string[] = ['geonw'];
const GEONW_BTP_A: readonly string[] = ['geonw', 'btpa'];
const GEONW_BTP_B: readonly string[] = ['geonw', 'btpb'];
