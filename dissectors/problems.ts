// What can be wrong with the octets of a frame. Columns hold the number; people see the code and the sentence.

import type { TreeWriter } from './layer.ts';

/** One kind of damage. `finding` is the name of design `findings` that it raises. */
export interface DissectionProblem {
  readonly code: string;
  readonly finding: 'mac.malformed' | 'rlc.malformed' | 'pdcp.malformed' | 'ip.malformed' | 'capture.truncated';
  /** What is wrong, in words; the octet is said beside it. */
  readonly text: string;
}

/** Index into `PROBLEMS`. 0 says that nothing is wrong. */
export const Problem = {
  none: 0,
  framingCut: 1,
  framingUnknownTag: 2,
  macEmpty: 3,
  macReservedVersion: 4,
  macHeaderCut: 5,
  macSubheaderCut: 6,
  macLengthBeyondPdu: 7,
  macTooManySubheaders: 8,
  macReservedLcid: 9,
  rlcHeaderCut: 10,
  rlcLengthZero: 11,
  rlcLengthBeyondPdu: 12,
  rlcNoData: 13,
  pdcpHeaderCut: 14,
  pdcpNoData: 15,
  linkHeaderCut: 16,
  ipHeader: 17,
  macReservedBits: 18,
  snapCut: 19,
  rlcTooManyElements: 20,
} as const;

/** A value of `Problem`. */
export type Problem = (typeof Problem)[keyof typeof Problem];

/** All problems, by their number. */
export const PROBLEMS: readonly DissectionProblem[] = [
  { code: 'none', finding: 'mac.malformed', text: 'nothing is wrong' },
  {
    code: 'framing.cut',
    finding: 'mac.malformed',
    text: 'the record ends inside the framing that precedes the MAC PDU',
  },
  {
    code: 'framing.unknown-tag',
    finding: 'mac.malformed',
    text: 'the framing holds a tag that is not defined; what follows it cannot be placed',
  },
  { code: 'mac.empty', finding: 'mac.malformed', text: 'the record holds no MAC PDU' },
  { code: 'mac.reserved-version', finding: 'mac.malformed', text: 'the SL-SCH version is none of 1, 2, 3' },
  { code: 'mac.header-cut', finding: 'mac.malformed', text: 'the MAC PDU ends inside the SL-SCH header' },
  { code: 'mac.subheader-cut', finding: 'mac.malformed', text: 'the MAC PDU ends inside a subheader' },
  {
    code: 'mac.length-beyond-pdu',
    finding: 'mac.malformed',
    text: 'a subheader claims more octets than the MAC PDU has',
  },
  { code: 'mac.too-many-subheaders', finding: 'mac.malformed', text: 'more than 64 subheaders in one MAC PDU' },
  { code: 'mac.reserved-lcid', finding: 'mac.malformed', text: 'a subheader carries a reserved LCID' },
  { code: 'rlc.header-cut', finding: 'rlc.malformed', text: 'the SDU ends inside the RLC UM header' },
  { code: 'rlc.length-zero', finding: 'rlc.malformed', text: 'a length indicator is 0, which is reserved' },
  {
    code: 'rlc.length-beyond-pdu',
    finding: 'rlc.malformed',
    text: 'a length indicator claims more octets than the RLC PDU has',
  },
  { code: 'rlc.no-data', finding: 'rlc.malformed', text: 'the RLC PDU has a header and no data' },
  { code: 'pdcp.header-cut', finding: 'pdcp.malformed', text: 'the PDCP PDU is shorter than its 5 header octets' },
  { code: 'pdcp.no-data', finding: 'pdcp.malformed', text: 'the PDCP PDU has a header and no data' },
  { code: 'link.header-cut', finding: 'mac.malformed', text: 'the record ends inside its link, IP or UDP header' },
  { code: 'ip.header', finding: 'ip.malformed', text: 'an IP header contradicts itself' },
  { code: 'mac.reserved-bits', finding: 'mac.malformed', text: 'reserved bits of the SL-SCH header are not 0' },
  {
    code: 'capture.snap-cut',
    finding: 'capture.truncated',
    text: 'the snap length cut the record inside a header; what lies behind it was not captured',
  },
  {
    code: 'rlc.too-many-elements',
    finding: 'rlc.malformed',
    text: 'the RLC PDU claims more data elements than any transport block could carry',
  },
];

/** Shows a problem in a tree, with its stable code and its sentence. */
export function reportProblem(tree: TreeWriter, problem: Problem, at: number): void {
  tree.problem(PROBLEMS[problem].code, at, PROBLEMS[problem].text);
}
