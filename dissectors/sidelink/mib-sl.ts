// MIB-SL and MIB-SL-V2X: what a synchronisation source says of itself on SL-BCH (TS 36.331 6.5.2, unaligned PER).

import { field, type Protocol, type TreeWriter } from '../layer.ts';
import { addOctets } from '../layout.ts';

/** The specification says. */
/** Octets of MasterInformationBlock-SL: 3 + 3 + 10 + 4 + 1 + 19 bits. */
export const MIB_SL_OCTETS = 5;
/** Octets of MasterInformationBlock-SL-V2X-r14: 3 + 3 + 10 + 4 + 1 + 27 bits. */
export const MIB_SL_V2X_OCTETS = 6;

const BANDWIDTHS = new Map([
  [0, 'n6'],
  [1, 'n15'],
  [2, 'n25'],
  [3, 'n50'],
  [4, 'n75'],
  [5, 'n100'],
  [6, 'spare2'],
  [7, 'spare1'],
]);

const TDD_CONFIGURATIONS = new Map([
  [0, 'none'],
  [1, 'sa0'],
  [2, 'sa1'],
  [3, 'sa2'],
  [4, 'sa3'],
  [5, 'sa4'],
  [6, 'sa5'],
  [7, 'sa6'],
]);

const CLAUSE = 'TS 36.331 6.5.2';

/** Both messages carry the element of release 12. */
const tddField = field('lte-rrc.subframeAssignmentSL_r12', 'subframeAssignmentSL-r12', 'uint', {
  mask: 0x1c,
  values: TDD_CONFIGURATIONS,
  about: 'Uplink and downlink subframes of a TDD carrier.',
  clause: CLAUSE,
});

/** Declares the fields under one of the two messages' names. */
function declare(release: 'r12' | 'r14') {
  return {
    bandwidth: field(`lte-rrc.sl_Bandwidth_${release}`, `sl-Bandwidth-${release}`, 'uint', {
      mask: 0xe0,
      values: BANDWIDTHS,
      about: 'Bandwidth of the sidelink carrier, in resource blocks.',
      clause: CLAUSE,
    }),
    tdd: tddField,
    frameNumber: field(`lte-rrc.directFrameNumber_${release}`, `directFrameNumber-${release}`, 'uint', {
      width: 2,
      mask: 0x03ff,
      about: 'Frame number in which the block is sent, 0 to 1023.',
      clause: CLAUSE,
    }),
    subframeNumber: field(`lte-rrc.directSubframeNumber_${release}`, `directSubframeNumber-${release}`, 'uint', {
      mask: 0xf0,
      about: 'Subframe in which the block is sent, 0 to 9.',
      clause: CLAUSE,
    }),
    inCoverage: field(`lte-rrc.inCoverage_${release}`, `inCoverage-${release}`, 'bool', {
      mask: 0x08,
      about: 'The sender is in coverage of a cell.',
      clause: CLAUSE,
    }),
    reserved: field(`lte-rrc.reserved_${release}`, `reserved-${release}`, 'bytes', {
      width: 0,
      about: 'Reserved; the first 3 bits are the low bits of the octet before.',
      clause: CLAUSE,
    }),
  };
}

const fields12 = declare('r12');
const fields14 = declare('r14');

/** MIB-SL and its fields. */
export const mibSlProtocol: Protocol = {
  name: 'mib-sl',
  title: 'MasterInformationBlock-SL',
  about: 'Bandwidth and timing of a sidelink synchronisation source.',
  clause: CLAUSE,
  fields: fields12,
};

/** MIB-SL-V2X and its fields. */
export const mibSlV2xProtocol: Protocol = {
  name: 'mib-sl-v2x',
  title: 'MasterInformationBlock-SL-V2X',
  about: 'Bandwidth and timing of a V2X synchronisation source.',
  clause: CLAUSE,
  fields: fields14,
};

/** What a block says. */
export interface MibSl {
  readonly v2x: boolean;
  /** Index of the bandwidth: 0 n6, 1 n15, 2 n25, 3 n50, 4 n75, 5 n100; 6 and 7 are spare. */
  readonly bandwidth: number;
  /** 0 none, 1 to 7: sa0 to sa6. */
  readonly tddConfiguration: number;
  /** 0 to 1023. */
  readonly frameNumber: number;
  /** 0 to 9; 10 to 15 are not allowed. */
  readonly subframeNumber: number;
  readonly inCoverage: boolean;
}

/**
 * Reads the block that fills the octets. The two messages are told apart by their length only: 5 octets are MIB-SL, 6
 * MIB-SL-V2X.
 *
 * @returns null where the length is neither
 */
export function readMibSl(bytes: Uint8Array, at: number, end: number): MibSl | null {
  const length = end - at;
  if (length !== MIB_SL_OCTETS && length !== MIB_SL_V2X_OCTETS) return null;
  return {
    v2x: length === MIB_SL_V2X_OCTETS,
    bandwidth: bytes[at] >>> 5,
    tddConfiguration: (bytes[at] >>> 2) & 0x07,
    frameNumber: ((bytes[at] & 0x03) << 8) | bytes[at + 1],
    subframeNumber: bytes[at + 2] >>> 4,
    inCoverage: (bytes[at + 2] & 0x08) !== 0,
  };
}

/**
 * Decodes a block on SL-BCH.
 *
 * @returns true where the length is that of one of the two messages and no value is outside its range
 */
export function decodeMibSl(bytes: Uint8Array, at: number, end: number, tree: TreeWriter | null): boolean {
  const mib = readMibSl(bytes, at, end);
  if (mib === null) {
    tree?.begin(mibSlProtocol, at, Math.max(0, end - at));
    tree?.problem('mib-sl.length', at, `MIB-SL has 5 octets and MIB-SL-V2X 6, ${Math.max(0, end - at)} are there`);
    tree?.end();
    return false;
  }
  const good = mib.subframeNumber <= 9 && mib.bandwidth <= 5;
  if (tree === null) return good;
  const fields = mib.v2x ? fields14 : fields12;
  tree.begin(mib.v2x ? mibSlV2xProtocol : mibSlProtocol, at, end - at);
  tree.add(fields.bandwidth, at, 1, mib.bandwidth);
  tree.add(fields.tdd, at, 1, mib.tddConfiguration);
  tree.add(fields.frameNumber, at, 2, mib.frameNumber);
  tree.add(fields.subframeNumber, at + 2, 1, mib.subframeNumber);
  tree.add(fields.inCoverage, at + 2, 1, mib.inCoverage);
  addOctets(tree, fields.reserved, bytes, at + 3, end);
  if (mib.subframeNumber > 9) {
    tree.problem('mib-sl.subframe', at + 2, `subframe ${mib.subframeNumber} does not exist; a frame has 10`);
  }
  if (mib.bandwidth > 5) tree.problem('mib-sl.bandwidth', at, 'the bandwidth is a spare value');
  tree.end();
  return good;
}

/** One phrase, e.g. `MIB-SL-V2X n50 frame 272.0 out of coverage`. */
export function describeMibSl(bytes: Uint8Array, at: number, end: number): string {
  const mib = readMibSl(bytes, at, end);
  if (mib === null) return `SL-BCH, ${Math.max(0, end - at)} octets`;
  const name = mib.v2x ? 'MIB-SL-V2X' : 'MIB-SL';
  const coverage = mib.inCoverage ? 'in coverage' : 'out of coverage';
  return `${name} ${BANDWIDTHS.get(mib.bandwidth)} frame ${mib.frameNumber}.${mib.subframeNumber} ${coverage}`;
}

/** A block, reserved bits 0. */
export function encodeMibSl(mib: MibSl): Uint8Array {
  const bytes = new Uint8Array(mib.v2x ? MIB_SL_V2X_OCTETS : MIB_SL_OCTETS);
  bytes[0] = (mib.bandwidth << 5) | ((mib.tddConfiguration & 0x07) << 2) | ((mib.frameNumber >>> 8) & 0x03);
  bytes[1] = mib.frameNumber;
  bytes[2] = (mib.subframeNumber << 4) | (mib.inCoverage ? 0x08 : 0);
  return bytes;
}
