// Fields that no octet holds: what the engine concluded of a message (`slrb.*`), what it found (`finding.*`), and what
// a decoder found wrong (`problem.*`). They are declared here so that trees, `-e`, `-Y` and completion know them as they
// know any other field.

import { field, type Protocol } from './layer.ts';

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
};

/** What the engine concluded of a message. Written with `generated` into the layer `pdcp-slrb`. */
export const judgedProtocol: Protocol & { readonly fields: typeof judgedFields } = {
  name: 'slrb',
  title: 'Judgement',
  about: 'What the keys we hold and the plaintext say of a message.',
  clause: SIDESCOPE,
  fields: judgedFields,
};

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
