// IGMP versions 1, 2 and 3 (RFC 1112, 2236, 3376): who wants which IPv4 multicast group.

import { field, type Protocol, type TreeWriter } from '../layer.ts';
import { addFields, addOctets } from '../layout.ts';
import { OctetWriter, uint16 } from '../octets.ts';
import { ipv4Text } from '../text.ts';
import { internetChecksum } from './checksum.ts';

// Offsets.
const CHECKSUM = 2;
const GROUP = 4;
const SHORT_MESSAGE = 8;
const QUERY_V3 = 12;
const RECORD = 8;

/** The specification says. */
const QUERY = 0x11;
const REPORT_V1 = 0x12;
const REPORT_V2 = 0x16;
const LEAVE = 0x17;
const REPORT_V3 = 0x22;

const TYPES = new Map([
  [QUERY, 'Membership Query'],
  [REPORT_V1, 'Membership Report (v1)'],
  [REPORT_V2, 'Membership Report (v2)'],
  [LEAVE, 'Leave Group'],
  [REPORT_V3, 'Membership Report (v3)'],
]);

const RECORD_TYPES = new Map([
  [1, 'Mode Is Include'],
  [2, 'Mode Is Exclude'],
  [3, 'Change To Include Mode'],
  [4, 'Change To Exclude Mode'],
  [5, 'Allow New Sources'],
  [6, 'Block Old Sources'],
]);

const QUERY_CLAUSE = 'RFC 3376 4.1';
const REPORT_CLAUSE = 'RFC 3376 4.2';

const fields = {
  version: field('igmp.version', 'IGMP Version', 'uint', {
    width: 0,
    about: 'Told from type and length.',
    clause: 'RFC 3376 7.1',
  }),
  type: field('igmp.type', 'Type', 'uint', {
    base: 'hex',
    values: TYPES,
    about: 'Kind of message.',
    clause: 'RFC 3376 4',
  }),
  maxResponse: field('igmp.max_resp', 'Max Resp Time', 'uint', {
    about: 'Tenths of a second to answer in; from 128 on a floating-point code.',
    clause: QUERY_CLAUSE,
  }),
  reserved: field('igmp.reserved', 'Reserved', 'bytes', { width: 0, about: 'Zero.', clause: REPORT_CLAUSE }),
  checksum: field('igmp.checksum', 'Checksum', 'uint', {
    base: 'hex',
    width: 2,
    about: 'Internet checksum over the message.',
    clause: 'RFC 3376 4.1.2',
  }),
  checksumGood: field('igmp.checksum.status', 'Checksum Status', 'bool', {
    width: 0,
    about: 'Whether the checksum is right.',
    clause: 'RFC 3376 4.1.2',
  }),
  group: field('igmp.maddr', 'Multicast Address', 'ipv4', {
    width: 4,
    about: 'Group that is asked about, joined or left.',
    clause: QUERY_CLAUSE,
  }),
  suppress: field('igmp.s', 'S', 'bool', {
    mask: 0x08,
    about: 'Suppress router-side processing.',
    clause: QUERY_CLAUSE,
  }),
  robustness: field('igmp.qrv', 'QRV', 'uint', {
    mask: 0x07,
    about: "Querier's robustness variable.",
    clause: QUERY_CLAUSE,
  }),
  interval: field('igmp.qqic', 'QQIC', 'uint', { about: "Querier's query interval code.", clause: QUERY_CLAUSE }),
  sources: field('igmp.num_src', 'Num Src', 'uint', {
    width: 2,
    about: 'Source addresses that follow.',
    clause: QUERY_CLAUSE,
  }),
  source: field('igmp.saddr', 'Source Address', 'ipv4', {
    width: 4,
    about: 'A source that is wanted or not.',
    clause: QUERY_CLAUSE,
  }),
  records: field('igmp.num_grp_recs', 'Num Group Records', 'uint', {
    width: 2,
    about: 'Group records that follow.',
    clause: REPORT_CLAUSE,
  }),
  recordType: field('igmp.record_type', 'Record Type', 'uint', {
    values: RECORD_TYPES,
    about: 'What the record says of its sources.',
    clause: REPORT_CLAUSE,
  }),
  auxiliaryLength: field('igmp.aux_data_len', 'Aux Data Len', 'uint', {
    about: 'Words of 32 bits of auxiliary data.',
    clause: REPORT_CLAUSE,
  }),
  auxiliary: field('igmp.aux_data', 'Aux Data', 'bytes', {
    width: 0,
    about: 'Nothing is defined for it.',
    clause: REPORT_CLAUSE,
  }),
  data: field('igmp.data', 'Data', 'bytes', {
    width: 0,
    about: 'Octets of a message of another type.',
    clause: 'RFC 3376 4',
  }),
} as const;

/** IGMP and its fields. */
export const igmpProtocol: Protocol = {
  name: 'igmp',
  title: 'Internet Group Management Protocol',
  about: 'Joins and leaves IPv4 multicast groups.',
  clause: 'RFC 3376',
  fields,
};

/** Version of the message by type and length (RFC 3376 7.1). */
function versionOf(type: number, length: number, maxResponse: number): number {
  if (type === REPORT_V3) return 3;
  if (type === REPORT_V1) return 1;
  if (type !== QUERY) return 2;
  if (length >= QUERY_V3) return 3;
  return maxResponse === 0 ? 1 : 2;
}

/** Octets of the group record at `at`; the record's own header has been checked to be there. */
function recordLength(bytes: Uint8Array, at: number): number {
  return RECORD + 4 * uint16(bytes, at + 2) + 4 * bytes[at + 1];
}

/** Octet at which the lists go beyond the message, or -1. */
function overrun(bytes: Uint8Array, at: number, end: number, version: number): number {
  if (bytes[at] === QUERY && version === 3) {
    return at + QUERY_V3 + 4 * uint16(bytes, at + 10) > end ? at + 10 : -1;
  }
  if (bytes[at] !== REPORT_V3) return -1;
  let next = at + SHORT_MESSAGE;
  for (let record = uint16(bytes, at + 6); record > 0; record--) {
    if (next + RECORD > end || next + recordLength(bytes, next) > end) return next;
    next += recordLength(bytes, next);
  }
  return -1;
}

/**
 * Decodes one IGMP message that fills the octets.
 *
 * @returns true where it is whole, its type known and its checksum right
 */
export function decodeIgmp(bytes: Uint8Array, at: number, end: number, tree: TreeWriter | null): boolean {
  const available = Math.max(0, end - at);
  if (available < SHORT_MESSAGE) {
    tree?.begin(igmpProtocol, at, available);
    tree?.problem('igmp.cut', at, `an IGMP message has at least 8 octets, ${available} are there`);
    tree?.end();
    return false;
  }
  const type = bytes[at];
  const version = versionOf(type, available, bytes[at + 1]);
  const checksumGood = internetChecksum(bytes, at, end) === 0;
  const overrunAt = overrun(bytes, at, end, version);
  const good = checksumGood && overrunAt < 0 && TYPES.has(type);
  if (tree === null) return good;

  tree.begin(igmpProtocol, at, available);
  tree.generated(fields.version, version);
  addFields(tree, bytes, at, [fields.type]);
  if (type === QUERY || type === REPORT_V2 || type === LEAVE) addFields(tree, bytes, at + 1, [fields.maxResponse]);
  else addOctets(tree, fields.reserved, bytes, at + 1, at + 2);
  let next = addFields(tree, bytes, at + 2, [fields.checksum]);
  tree.generated(fields.checksumGood, checksumGood);
  if (!checksumGood) tree.problem('igmp.checksum', at + CHECKSUM, 'the checksum is wrong');
  if (overrunAt >= 0) tree.problem('igmp.cut', overrunAt, 'a list goes beyond the message');
  if (!TYPES.has(type)) {
    tree.problem('igmp.type', at, `message type ${type} is not IGMP version 1 to 3`);
    addOctets(tree, fields.data, bytes, next, end);
  } else if (type === REPORT_V3) {
    addRecords(bytes, next, end, tree);
  } else {
    next = addFields(tree, bytes, next, [fields.group]);
    if (type === QUERY && version === 3) {
      next = addFields(tree, bytes, next, [fields.suppress, fields.robustness, fields.interval, fields.sources]);
      for (let left = uint16(bytes, next - 2); left > 0 && next + 4 <= end; left--) {
        next = addFields(tree, bytes, next, [fields.source]);
      }
    }
    addOctets(tree, fields.data, bytes, next, end);
  }
  tree.end();
  return good;
}

/** Group records of a version 3 report, as far as they are whole. */
function addRecords(bytes: Uint8Array, at: number, end: number, tree: TreeWriter): void {
  addOctets(tree, fields.reserved, bytes, at, at + 2);
  let next = addFields(tree, bytes, at + 2, [fields.records]);
  for (let left = uint16(bytes, next - 2); left > 0 && next + RECORD <= end; left--) {
    const length = recordLength(bytes, next);
    if (next + length > end) return;
    tree.group(`Group record ${ipv4Text(bytes, next + 4)}`, next, length);
    const recordEnd = next + length;
    const sources = uint16(bytes, next + 2);
    next = addFields(tree, bytes, next, [fields.recordType, fields.auxiliaryLength, fields.sources, fields.group]);
    for (let source = 0; source < sources; source++) next = addFields(tree, bytes, next, [fields.source]);
    addOctets(tree, fields.auxiliary, bytes, next, recordEnd);
    tree.end();
    next = recordEnd;
  }
}

/** One phrase for an event, e.g. `IGMPv2 membership report 239.255.0.1`. */
export function describeIgmp(bytes: Uint8Array, at: number, end: number): string {
  const length = end - at;
  if (length < SHORT_MESSAGE) return 'IGMP, cut';
  const type = bytes[at];
  const name = `IGMPv${versionOf(type, length, bytes[at + 1])}`;
  switch (type) {
    case QUERY:
      return `${name} membership query ${ipv4Text(bytes, at + GROUP)}`;
    case REPORT_V1:
    case REPORT_V2:
      return `${name} membership report ${ipv4Text(bytes, at + GROUP)}`;
    case LEAVE:
      return `${name} leave group ${ipv4Text(bytes, at + GROUP)}`;
    case REPORT_V3: {
      const records = uint16(bytes, at + 6);
      if (records === 0 || length < SHORT_MESSAGE + RECORD) return `${name} membership report, ${records} records`;
      const more = records > 1 ? ` and ${records - 1} more` : '';
      return `${name} membership report ${ipv4Text(bytes, at + 12)}${more}`;
    }
    default:
      return `IGMP type ${type}`;
  }
}

/** A message of version 1 or 2 with its checksum. @param group four octets */
export function encodeIgmp(type: number, maxResponse: number, group: Uint8Array): Uint8Array {
  return withChecksum(new OctetWriter().uint8(type).uint8(maxResponse).uint16(0).bytes(group));
}

/** A group record of a version 3 report. */
export interface IgmpRecord {
  readonly type: number;
  /** Four octets. */
  readonly group: Uint8Array;
  /** Four octets each. */
  readonly sources: readonly Uint8Array[];
}

/** A version 3 report with its checksum. */
export function encodeIgmpReport(records: readonly IgmpRecord[]): Uint8Array {
  const writer = new OctetWriter().uint8(REPORT_V3).uint8(0).uint16(0).uint16(0).uint16(records.length);
  for (const record of records) {
    writer.uint8(record.type).uint8(0).uint16(record.sources.length).bytes(record.group);
    for (const source of record.sources) writer.bytes(source);
  }
  return withChecksum(writer);
}

function withChecksum(writer: OctetWriter): Uint8Array {
  return writer.patch16(CHECKSUM, internetChecksum(writer.take(), 0, writer.length)).take();
}
