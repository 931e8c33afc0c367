// BTP, the basic transport protocol of ITS stations (ETSI EN 302 636-5-1 7), and the ports of TS 103 248.

import { field, type Protocol, type TreeWriter } from '../layer.ts';
import { addFields, addOctets } from '../layout.ts';
import { uint16 } from '../octets.ts';

/** Octets of the header, of BTP-A and BTP-B alike. */
export const BTP_HEADER = 4;

/** Messages by destination port (ETSI TS 103 248). */
export const BTP_PORTS: ReadonlyMap<number, string> = new Map([
  [2001, 'CAM'],
  [2002, 'DENM'],
  [2003, 'MAPEM'],
  [2004, 'SPATEM'],
  [2005, 'SAEM'],
  [2006, 'IVIM'],
  [2007, 'SREM'],
  [2008, 'SSEM'],
  [2009, 'CPM'],
  [2010, 'EVCSN POI'],
  [2011, 'TPG'],
  [2012, 'EV-RSR'],
  [2013, 'RTCMEM'],
  [2014, 'CTLM'],
  [2015, 'CRLM'],
  [2016, 'EC/AT request'],
  [2017, 'MCDM'],
  [2018, 'VAM'],
  [2019, 'IMZM'],
]);

/** Message identifiers of the ITS PDU header (ETSI TS 102 894-2). */
const MESSAGE_IDS = new Map([
  [1, 'DENM'],
  [2, 'CAM'],
  [3, 'POI'],
  [4, 'SPATEM'],
  [5, 'MAPEM'],
  [6, 'IVIM'],
  [7, 'EV-RSR'],
  [8, 'TISTPG transaction'],
  [9, 'SREM'],
  [10, 'SSEM'],
  [11, 'EVCSN'],
  [12, 'SAEM'],
  [13, 'RTCMEM'],
  [14, 'CPM'],
  [16, 'VAM'],
]);

/** Octets of the ITS PDU header: protocol version, message id, station id. */
const ITS_HEADER = 6;

const CLAUSE_A = 'ETSI EN 302 636-5-1 7.2';
const CLAUSE_B = 'ETSI EN 302 636-5-1 7.3';
const ITS_CLAUSE = 'ETSI TS 102 894-2 A.114';

const fieldsA = {
  destinationPort: field('btpa.dstport', 'Destination Port', 'uint', {
    width: 2,
    values: BTP_PORTS,
    about: 'Which service receives.',
    clause: CLAUSE_A,
  }),
  sourcePort: field('btpa.srcport', 'Source Port', 'uint', {
    width: 2,
    about: 'Which service sends and takes answers.',
    clause: CLAUSE_A,
  }),
} as const;

const fieldsB = {
  destinationPort: field('btpb.dstport', 'Destination Port', 'uint', {
    width: 2,
    values: BTP_PORTS,
    about: 'Which service receives.',
    clause: CLAUSE_B,
  }),
  destinationInfo: field('btpb.dstportinf', 'Destination Port info', 'uint', {
    base: 'hex',
    width: 2,
    about: 'Refines a well-known port; 0 where not used.',
    clause: CLAUSE_B,
  }),
} as const;

const itsFields = {
  version: field('its.protocolVersion', 'protocolVersion', 'uint', {
    about: 'Version of the message.',
    clause: ITS_CLAUSE,
  }),
  messageId: field('its.messageID', 'messageID', 'uint', {
    values: MESSAGE_IDS,
    about: 'Kind of message.',
    clause: ITS_CLAUSE,
  }),
  stationId: field('its.stationID', 'stationID', 'uint', {
    width: 4,
    about: 'Pseudonym of the station.',
    clause: ITS_CLAUSE,
  }),
  body: field('its.data', 'Message', 'bytes', {
    width: 0,
    about: 'The rest of the message, not decoded.',
    clause: ITS_CLAUSE,
  }),
} as const;

/** BTP-A: interactive, with a source port. */
export const btpAProtocol: Protocol = {
  name: 'btpa',
  title: 'Basic Transport Protocol, type A',
  about: 'Ports above GeoNetworking, with answers.',
  clause: CLAUSE_A,
  fields: fieldsA,
};

/** BTP-B: not interactive. */
export const btpBProtocol: Protocol = {
  name: 'btpb',
  title: 'Basic Transport Protocol, type B',
  about: 'Ports above GeoNetworking, for broadcast.',
  clause: CLAUSE_B,
  fields: fieldsB,
};

/** The header that all ITS messages share. */
export const itsProtocol: Protocol = {
  name: 'its',
  title: 'Intelligent Transport Systems',
  about: 'Which message, of which station.',
  clause: ITS_CLAUSE,
  fields: itsFields,
};

/**
 * Decodes BTP and the header of the ITS message above it.
 *
 * @param interactive true for BTP-A
 * @returns true where the BTP header is whole
 */
export function decodeBtp(
  bytes: Uint8Array,
  at: number,
  end: number,
  interactive: boolean,
  tree: TreeWriter | null,
): boolean {
  const available = Math.max(0, end - at);
  const whole = available >= BTP_HEADER;
  if (tree === null) return whole;
  tree.begin(interactive ? btpAProtocol : btpBProtocol, at, Math.min(available, BTP_HEADER));
  if (whole) addFields(tree, bytes, at, Object.values(interactive ? fieldsA : fieldsB));
  else tree.problem('btp.cut', at, `a BTP header has 4 octets, ${available} are there`);
  tree.end();
  if (available >= BTP_HEADER + ITS_HEADER && BTP_PORTS.has(uint16(bytes, at))) {
    tree.begin(itsProtocol, at + BTP_HEADER, available - BTP_HEADER);
    const next = addFields(tree, bytes, at + BTP_HEADER, [itsFields.version, itsFields.messageId, itsFields.stationId]);
    addOctets(tree, itsFields.body, bytes, next, end);
    tree.end();
  }
  return whole;
}

/** One phrase, e.g. `BTP-B 2001 CAM`. */
export function describeBtp(bytes: Uint8Array, at: number, end: number, interactive: boolean): string {
  const name = interactive ? 'BTP-A' : 'BTP-B';
  if (end - at < BTP_HEADER) return `${name}, cut`;
  const port = uint16(bytes, at);
  const message = BTP_PORTS.get(port);
  return message === undefined ? `${name} ${port}` : `${name} ${port} ${message}`;
}
