// Non-IP SDUs of LTE V2X: an octet that names the family of protocols (TS 24.386 7.2), then a packet of that family.

import { decodeGeonetworking, describeGeonetworking, geonetworkingProtocols } from '../its/geonetworking.ts';
import { field, type Protocol, type TreeWriter } from '../layer.ts';
import { addFields, addOctets } from '../layout.ts';
import { safeText } from '../text.ts';

/** The specification says: values of the non-IP type octet. */
export const NonIpType = { ieee1609: 1, iso: 2, etsiIts: 3, ccsa: 4 } as const;

const FAMILIES = new Map([
  [NonIpType.ieee1609 as number, 'IEEE 1609'],
  [NonIpType.iso as number, 'ISO'],
  [NonIpType.etsiIts as number, 'ETSI-ITS'],
  [NonIpType.ccsa as number, 'CCSA'],
]);

/** Constants we chose. */
/** Octets of text that a summary quotes of an SDU without a type octet. */
const QUOTED_OCTETS = 24;
/** Share of printable octets from which on an SDU without a type octet is quoted as text. */
const TEXT_SHARE = 0.75;

const CLAUSE = 'TS 24.386 7.2';

const fields = {
  type: field('non-ip.type', 'Non-IP Type', 'uint', {
    values: FAMILIES,
    about: 'Family of protocols.',
    clause: CLAUSE,
  }),
  data: field('non-ip.data', 'Data', 'bytes', {
    width: 0,
    about: 'A packet of the family, not decoded.',
    clause: CLAUSE,
  }),
} as const;

/** Non-IP SDUs and their fields. */
export const nonIpProtocol: Protocol = {
  name: 'non-ip',
  title: 'Non-IP',
  about: 'Carries V2X packets without IP.',
  clause: CLAUSE,
  fields,
};

/** True where the first octet is an assigned type. Some devices send none; their first octet is taken for data. */
function hasType(bytes: Uint8Array, at: number, end: number): boolean {
  return end > at && FAMILIES.has(bytes[at]);
}

/**
 * Decodes a non-IP SDU.
 *
 * @returns true where the type octet is known and, for ETSI-ITS, the GeoNetworking packet behind it is whole
 */
export function decodeNonIp(bytes: Uint8Array, at: number, end: number, tree: TreeWriter | null): boolean {
  const typed = hasType(bytes, at, end);
  const isEtsi = typed && bytes[at] === NonIpType.etsiIts;
  if (tree !== null) {
    tree.begin(nonIpProtocol, at, isEtsi ? 1 : Math.max(0, end - at));
    if (typed) addFields(tree, bytes, at, [fields.type]);
    if (!isEtsi) addOctets(tree, fields.data, bytes, at + (typed ? 1 : 0), end);
    tree.end();
  }
  if (isEtsi) return decodeGeonetworking(bytes, at + 1, end, tree);
  return typed;
}

/** Protocol names of a non-IP SDU, outermost first. */
export function nonIpProtocols(bytes: Uint8Array, at: number, end: number): readonly string[] {
  if (!hasType(bytes, at, end) || bytes[at] !== NonIpType.etsiIts) return NON_IP;
  const inner = geonetworkingProtocols(bytes, at + 1, end);
  return CHAINS.get(inner.length === 1 ? 'geonw' : inner[1]) ?? NON_IP;
}

const NON_IP: readonly string[] = ['non-ip'];
const CHAINS: ReadonlyMap<string, readonly string[]> = new Map([
  ['geonw', ['non-ip', 'geonw']],
  ['btpa', ['non-ip', 'geonw', 'btpa']],
  ['btpb', ['non-ip', 'geonw', 'btpb']],
]);

/** One phrase for an event, e.g. `ETSI-ITS GeoNetworking SHB 001561203775 BTP-B 2001 CAM`. */
export function describeNonIp(bytes: Uint8Array, at: number, end: number): string {
  if (hasType(bytes, at, end)) {
    const family = FAMILIES.get(bytes[at]);
    if (bytes[at] === NonIpType.etsiIts) return `${family} ${describeGeonetworking(bytes, at + 1, end)}`;
    return `Non-IP ${family} ${end - at - 1} octets`;
  }
  const plain = `Non-IP ${Math.max(0, end - at)} octets, no type octet`;
  let printable = 0;
  for (let index = at; index < end; index++) if (bytes[index] >= 0x20 && bytes[index] <= 0x7e) printable++;
  if (printable === 0 || printable < TEXT_SHARE * (end - at)) return plain;
  return `${plain}: ${safeText(bytes, at, end, QUOTED_OCTETS)}`;
}
