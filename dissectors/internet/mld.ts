// Multicast Listener Discovery versions 1 and 2 (RFC 2710, 3810): messages of ICMPv6 that join IPv6 multicast groups.

import { field, type TreeWriter } from '../layer.ts';
import { addFields, addOctets } from '../layout.ts';
import { uint16 } from '../octets.ts';
import { ipv6Text } from '../text.ts';

// Offsets from the ICMPv6 type.
const GROUP = 8;
const VERSION_1 = 24;
const QUERY_V2 = 28;
const REPORT_V2_HEADER = 8;
const RECORD = 20;

/** The specification says: ICMPv6 types (RFC 2710 3, RFC 3810 5). */
export const MLD_QUERY = 130;
export const MLD_REPORT = 131;
export const MLD_DONE = 132;
export const MLD_REPORT_V2 = 143;

const RECORD_TYPES = new Map([
  [1, 'Include'],
  [2, 'Exclude'],
  [3, 'Changed to include'],
  [4, 'Changed to exclude'],
  [5, 'Allow new sources'],
  [6, 'Block old sources'],
]);

const QUERY_CLAUSE = 'RFC 3810 5.1';
const REPORT_CLAUSE = 'RFC 3810 5.2';

/** Fields of MLD; ICMPv6 lists them among its own. */
export const mldFields = {
  responseDelay: field('icmpv6.mld.maximum_response_delay', 'Maximum Response Delay [ms]', 'uint', {
    width: 2,
    about: 'Time to answer in, ms.',
    clause: 'RFC 2710 3.4',
  }),
  responseCode: field('icmpv6.mld.maximum_response_code', 'Maximum Response Code', 'uint', {
    width: 2,
    about: 'Time to answer in, ms; from 32768 on a floating-point code.',
    clause: QUERY_CLAUSE,
  }),
  reserved: field('icmpv6.reserved', 'Reserved', 'bytes', { width: 0, about: 'Zero.', clause: 'RFC 4443 2.1' }),
  group: field('icmpv6.mld.multicast_address', 'Multicast Address', 'ipv6', {
    width: 16,
    about: 'Group that is asked about, joined or left.',
    clause: QUERY_CLAUSE,
  }),
  mldFlagReserved: field('icmpv6.mld.flag.reserved', 'Reserved', 'uint', {
    mask: 0xf0,
    about: 'Zero.',
    clause: QUERY_CLAUSE,
  }),
  suppress: field('icmpv6.mld.flag.s', 'Suppress Router-Side Processing', 'bool', {
    mask: 0x08,
    about: 'Suppress router-side processing.',
    clause: QUERY_CLAUSE,
  }),
  robustness: field('icmpv6.mld.flag.qrv', "QRV (Querier's Robustness Variable)", 'uint', {
    mask: 0x07,
    about: "Querier's robustness variable.",
    clause: QUERY_CLAUSE,
  }),
  interval: field('icmpv6.mld.qqi', "QQIC (Querier's Query Interval Code)", 'uint', {
    about: "Querier's query interval code.",
    clause: QUERY_CLAUSE,
  }),
  sources: field('icmpv6.mld.nb_sources', 'Number of Sources', 'uint', {
    width: 2,
    about: 'Source addresses that follow.',
    clause: QUERY_CLAUSE,
  }),
  source: field('icmpv6.mld.source_address', 'Source Address', 'ipv6', {
    width: 16,
    about: 'A source that is asked about.',
    clause: QUERY_CLAUSE,
  }),
  records: field('icmpv6.mldr.nb_mcast_records', 'Number of Multicast Address Records', 'uint', {
    width: 2,
    about: 'Records that follow.',
    clause: REPORT_CLAUSE,
  }),
  recordType: field('icmpv6.mldr.mar.record_type', 'Record Type', 'uint', {
    values: RECORD_TYPES,
    about: 'What the record says of its sources.',
    clause: REPORT_CLAUSE,
  }),
  auxiliaryLength: field('icmpv6.mldr.mar.aux_data_len', 'Aux Data Len', 'uint', {
    about: 'Words of 32 bits of auxiliary data.',
    clause: REPORT_CLAUSE,
  }),
  recordSources: field('icmpv6.mldr.mar.nb_sources', 'Number of Sources', 'uint', {
    width: 2,
    about: 'Source addresses of this record.',
    clause: REPORT_CLAUSE,
  }),
  recordGroup: field('icmpv6.mldr.mar.multicast_address', 'Multicast Address', 'ipv6', {
    width: 16,
    about: 'Group that the record is about.',
    clause: REPORT_CLAUSE,
  }),
  recordSource: field('icmpv6.mldr.mar.source_address', 'Source Address', 'ipv6', {
    width: 16,
    about: 'A source that is wanted or not.',
    clause: REPORT_CLAUSE,
  }),
  auxiliary: field('icmpv6.mldr.mar.auxiliary_data', 'Auxiliary Data', 'bytes', {
    width: 0,
    about: 'Nothing is defined for it.',
    clause: REPORT_CLAUSE,
  }),
} as const;

/** True for the ICMPv6 types that are MLD. */
export function isMld(type: number): boolean {
  return type === MLD_QUERY || type === MLD_REPORT || type === MLD_DONE || type === MLD_REPORT_V2;
}

function recordLength(bytes: Uint8Array, at: number): number {
  return RECORD + 16 * uint16(bytes, at + 2) + 4 * bytes[at + 1];
}

/** Octet at which the message ends too early, or -1 where it is whole. */
function overrun(bytes: Uint8Array, at: number, end: number): number {
  if (bytes[at] === MLD_REPORT_V2) {
    let next = at + REPORT_V2_HEADER;
    for (let left = uint16(bytes, at + 6); left > 0; left--) {
      if (next + RECORD > end || next + recordLength(bytes, next) > end) return next;
      next += recordLength(bytes, next);
    }
    return -1;
  }
  if (end - at < VERSION_1) return at + GROUP;
  // RFC 3810 8.1: a query of 24 octets is version 1, one of 28 or more version 2.
  if (bytes[at] === MLD_QUERY && end - at >= QUERY_V2 && at + QUERY_V2 + 16 * uint16(bytes, at + 26) > end) {
    return at + 26;
  }
  return -1;
}

/**
 * Decodes the body of an MLD message. The first 8 octets of ICMPv6 have been checked to be there.
 *
 * @param at the ICMPv6 type
 * @returns true where it is whole
 */
export function decodeMld(bytes: Uint8Array, at: number, end: number, tree: TreeWriter | null): boolean {
  const overrunAt = overrun(bytes, at, end);
  if (tree === null) return overrunAt < 0;
  if (overrunAt >= 0) tree.problem('icmpv6.cut', overrunAt, 'the listener message ends before its lists do');
  if (bytes[at] === MLD_REPORT_V2) addRecords(bytes, at + 4, end, tree);
  else if (end - at >= VERSION_1) addVersion1(bytes, at, end, tree);
  return overrunAt < 0;
}

function addVersion1(bytes: Uint8Array, at: number, end: number, tree: TreeWriter): void {
  const isVersion2 = bytes[at] === MLD_QUERY && end - at >= QUERY_V2;
  const delay = isVersion2 ? mldFields.responseCode : mldFields.responseDelay;
  addFields(tree, bytes, at + 4, [delay]);
  addOctets(tree, mldFields.reserved, bytes, at + 6, at + 8);
  let next = addFields(tree, bytes, at + 8, [mldFields.group]);
  if (!isVersion2) return;
  next = addFields(tree, bytes, next, [
    mldFields.mldFlagReserved,
    mldFields.suppress,
    mldFields.robustness,
    mldFields.interval,
    mldFields.sources,
  ]);
  for (let left = uint16(bytes, next - 2); left > 0 && next + 16 <= end; left--) {
    next = addFields(tree, bytes, next, [mldFields.source]);
  }
}

function addRecords(bytes: Uint8Array, at: number, end: number, tree: TreeWriter): void {
  addOctets(tree, mldFields.reserved, bytes, at, at + 2);
  let next = addFields(tree, bytes, at + 2, [mldFields.records]);
  for (let left = uint16(bytes, next - 2); left > 0 && next + RECORD <= end; left--) {
    const length = recordLength(bytes, next);
    if (next + length > end) return;
    tree.group(`Multicast address record ${ipv6Text(bytes, next + 4)}`, next, length);
    const recordEnd = next + length;
    const sources = uint16(bytes, next + 2);
    next = addFields(tree, bytes, next, [
      mldFields.recordType,
      mldFields.auxiliaryLength,
      mldFields.recordSources,
      mldFields.recordGroup,
    ]);
    for (let source = 0; source < sources; source++) next = addFields(tree, bytes, next, [mldFields.recordSource]);
    addOctets(tree, mldFields.auxiliary, bytes, next, recordEnd);
    tree.end();
    next = recordEnd;
  }
}

/** One phrase for an event, e.g. `MLDv2 report ff02::1:ff00:1`. The ICMPv6 header has been checked. */
export function describeMld(bytes: Uint8Array, at: number, end: number): string {
  const type = bytes[at];
  if (type === MLD_REPORT_V2) {
    const records = uint16(bytes, at + 6);
    if (records === 0 || end - at < REPORT_V2_HEADER + RECORD) return `MLDv2 report, ${records} records`;
    return `MLDv2 report ${ipv6Text(bytes, at + 12)}${records > 1 ? ` and ${records - 1} more` : ''}`;
  }
  if (end - at < VERSION_1) return 'MLD, cut';
  const group = ipv6Text(bytes, at + GROUP);
  if (type === MLD_QUERY) return `MLDv${end - at >= QUERY_V2 ? 2 : 1} query ${group}`;
  return `MLDv1 ${type === MLD_REPORT ? 'report' : 'done'} ${group}`;
}
