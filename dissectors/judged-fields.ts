// Fields that no octet holds: what the engine concluded of a message and why (`slrb.*`), what it found (`finding.*`), and
// what a decoder found wrong (`problem.*`). They are declared here so that trees, `-e`, `-Y` and completion know them as they
// know any other field.

import { type Field, field, type Protocol } from './layer.ts';

const SIDESCOPE = 'sidescope events';

function ranked(...names: string[]): ReadonlyMap<number, string> {
  return new Map(names.map((name, rank) => [rank, name]));
}

const judgedFields = {
  /** Value: the PGK identity, 0 to 255. */
  pgkId: field('slrb.pgk-id', 'PGK id', 'uint', {
    width: 0,
    about: 'Identity of the PGK that opened the message (on air only its low 5 bits are seen).',
    clause: 'TS 33.303 6.2.3',
  }),
  /** Value: the verdict's name. */
  verdict: field('slrb.verdict', 'Verdict', 'text', {
    width: 0,
    values: ranked('clear', 'decrypted', 'unverifiable', 'stale', 'no-key', 'damaged', 'downgraded', 'forged'),
    about: 'What became of the message when the keys we hold were tried.',
    clause: SIDESCOPE,
  }),
  evidenceBits: field('slrb.evidence-bits', 'Evidence', 'uint', {
    width: 0,
    about: 'Bits of plaintext that had to fit for the key to be right.',
    clause: SIDESCOPE,
  }),
  /** Value: the 24-bit id, or text such as `f000??` where only its 16 high bits are known. */
  group: field('slrb.group', 'Group', 'l2id', {
    base: 'none',
    width: 0,
    about: 'Group that the message is for: 6 hex digits, or f000?? where only the 16 high bits are known.',
    clause: 'TS 36.321 6.2.4',
  }),
  groupName: field('slrb.group-name', 'Group name', 'text', {
    width: 0,
    about: 'Name that the keyring gives the group.',
    clause: SIDESCOPE,
  }),
  sourceName: field('slrb.source-name', 'Source name', 'text', {
    width: 0,
    about: 'Name that the keyring gives the member whose Layer-2 id sent the message.',
    clause: SIDESCOPE,
  }),
  length: field('slrb.length', 'SDU length', 'uint', {
    width: 0,
    about: 'Octets of the SDU.',
    clause: 'TS 36.323 6.3.1',
  }),
  segmentFrame: field('slrb.segment-frame', 'Put together from frame', 'uint', {
    width: 0,
    about: 'Number of each frame that a segment of the PDU came in, where RLC cut it into several.',
    clause: 'TS 36.322 5.1.2.2',
  }),
  withheld: field('slrb.withheld', 'Plaintext withheld', 'text', {
    width: 0,
    about: 'Why the plaintext is not shown.',
    clause: SIDESCOPE,
  }),
};

const explainFields = {
  fingerprint: field('slrb.key-fingerprint', 'PGK fingerprint', 'text', {
    width: 0,
    about: 'Names the PGK without giving it away: the same in every listing of keys.',
    clause: SIDESCOPE,
  }),
  /** Value: the state's name. */
  keyState: field('slrb.key-state', 'PGK state', 'text', {
    width: 0,
    about: 'State of the PGK at capture time: staged, active, overlap, suspended, expired, revoked, compromised.',
    clause: SIDESCOPE,
  }),
  count: field('slrb.count', 'COUNT', 'uint', {
    base: 'dec_hex',
    width: 4,
    about: 'What goes into the cipher: PTK identity in the 16 high bits, PDCP SN in the 16 low ones.',
    clause: 'TS 36.323 5.6.1',
  }),
  bearer: field('slrb.bearer', 'BEARER', 'uint', {
    width: 0,
    about: 'What goes into the cipher: the five low bits of the LCID.',
    clause: 'TS 36.323 5.6.1',
  }),
  direction: field('slrb.direction', 'DIRECTION', 'uint', {
    width: 0,
    about: 'What goes into the cipher: 0 in one-to-many.',
    clause: 'TS 36.323 5.6.1',
  }),
  algorithm: field('slrb.algorithm', 'Algorithm', 'text', {
    width: 0,
    about: 'Ciphering algorithm of the PGK that opened the message or fits it.',
    clause: 'TS 33.401 5.1.3.2',
  }),
  passed: field('slrb.check-passed', 'Passed', 'text', {
    width: 0,
    about: 'A check that the plaintext passed, and the bits of evidence that this gives.',
    clause: SIDESCOPE,
  }),
  failed: field('slrb.check-failed', 'Failed', 'text', {
    width: 0,
    about: 'A check that the plaintext failed.',
    clause: SIDESCOPE,
  }),
  tried: field('slrb.key-tried', 'Tried', 'text', {
    width: 0,
    about: 'A key that was tried on the message, in the order of the trials, and what came of it.',
    clause: SIDESCOPE,
  }),
};

/** Fields of the block that says how a verdict came about. */
export const EXPLAIN_FIELDS: ReadonlySet<Field> = new Set(Object.values(explainFields));

const allJudged = { ...judgedFields, ...explainFields };

/** What the engine concluded of a message, and how. A layer of its own behind those that the frame holds as captured. */
export const judgedProtocol: Protocol & { readonly fields: typeof allJudged } = {
  name: 'slrb',
  title: 'Judgement',
  about: 'What the keys we hold and the plaintext say of a message.',
  clause: SIDESCOPE,
  fields: allJudged,
};

/** Protocols that are conclusions, not layers of octets: `frame.protocols` leaves them out. */
export function isConclusion(protocol: Protocol): boolean {
  return protocol === judgedProtocol || protocol === findingProtocol;
}

const findingFields = {
  name: field('finding.name', 'Finding', 'text', {
    width: 0,
    about: 'Stable name of something that this frame gives away, e.g. ctr.replay.',
    clause: SIDESCOPE,
  }),
  /** Value: the severity's name. */
  severity: field('finding.severity', 'Severity', 'text', {
    width: 0,
    values: ranked('info', 'low', 'medium', 'high', 'critical'),
    about: 'How bad the finding is; severities are ordered, so `>= high` works.',
    clause: SIDESCOPE,
  }),
  /** Value: the confidence's name. */
  confidence: field('finding.confidence', 'Confidence', 'text', {
    width: 0,
    values: ranked('heuristic', 'strong', 'proved'),
    about: 'How sure the finding is, whatever its severity; ordered.',
    clause: SIDESCOPE,
  }),
};

/** Findings that a frame takes part in. */
export const findingProtocol: Protocol & { readonly fields: typeof findingFields } = {
  name: 'finding',
  title: 'Finding',
  about: 'Something that the traffic itself gives away.',
  clause: SIDESCOPE,
  fields: findingFields,
};

const problemFields = {
  code: field('problem.code', 'Problem', 'text', {
    width: 0,
    about: 'Stable code of what is wrong with the octets, e.g. mac.header-cut.',
    clause: SIDESCOPE,
  }),
  at: field('problem.at', 'Octet', 'uint', {
    width: 0,
    about: 'Octet at which it shows, from the start of the octets that hold the layer.',
    clause: SIDESCOPE,
  }),
  text: field('problem.text', 'Sentence', 'text', {
    width: 0,
    about: 'What is wrong, in words.',
    clause: SIDESCOPE,
  }),
};

/** What a decoder found wrong. Filled by the tree writers from `TreeWriter.problem`; `_ws.malformed` means it too. */
export const problemProtocol: Protocol & { readonly fields: typeof problemFields } = {
  name: 'problem',
  title: 'Problem',
  about: 'Octets that cannot be what they claim to be.',
  clause: SIDESCOPE,
  fields: problemFields,
};
