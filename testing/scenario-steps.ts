// The steps of a scenario: what can happen on its time line (docs/testing.md describes each member).

import { CIPHER_ALGORITHMS, type CipherAlgorithm } from '../dissectors/security/algorithm.ts';
import { findingName, findingShape } from './scenario-findings.ts';
import * as read from './scenario-reader.ts';
import { addressOctets } from './text-forms.ts';

/** We chose: a step makes up to this many messages; larger captures are the bulk writer's. */
const MOST_MESSAGES = 200_000;
/** Seconds from the start at which a step may be: a year. */
const LATEST = 366 * 86_400;

const address = read.textAs('an IPv4 or IPv6 address', (text) => (addressOctets(text) === null ? null : text));
const seconds = read.decimal(0, LATEST);
const milliseconds = read.decimal(0, 86_400_000);
const ipVersion: read.Shape<4 | 6> = (spot) => {
  const version = read.whole(4, 6)(spot);
  if (version === 4 || version === 6) return version;
  throw read.wrongAt(spot, 'wrong-value', 'is not 4 or 6', 'Write 4 or 6');
};
const algorithm: read.Shape<CipherAlgorithm> = read.word(CIPHER_ALGORITHMS);

/** The key to cipher with, where it is not the valid one of the group that ends first. */
const keyChoice = read.object({
  pgk: read.maybe(read.whole(0, 255)),
  group: read.maybe(read.name),
  algorithm: read.maybe(algorithm),
  /** Group id that goes into the KDF: the destination's, or that of the key's own group. */
  p2: read.withDefault(read.word(['destination', 'own']), 'destination'),
});

/** Where the counters go before the step's first message, and how they move in it. */
const counterControl = read.object({
  ptkId: read.maybe(read.whole(0, 65_535)),
  sn: read.maybe(read.whole(0, 65_535)),
  /** Added to the SN before the first message; may be negative. */
  move: read.withDefault(read.whole(-65_535, 65_535), 0),
  /** Added to the PTK id before the first message; may be negative. */
  movePtkId: read.withDefault(read.whole(-65_535, 65_535), 0),
  stuck: read.withDefault(read.flag, false),
  /** What follows SN 65,535: SN 1 of the next PTK id, or SN 0 or 1 of the same. */
  atWrap: read.withDefault(read.word(['next-ptk', 'same-ptk']), 'next-ptk'),
});

/** What the PDCP header says, where that is not the truth. */
const headerOverride = read.object({
  sduType: read.maybe(read.whole(0, 7)),
  pgkIndex: read.maybe(read.whole(0, 31)),
  ptkId: read.maybe(read.whole(0, 65_535)),
  sn: read.maybe(read.whole(0, 65_535)),
});

/** How the messages travel. */
const wireControl = read.object({
  version: read.maybe(read.whole(1, 3)),
  /** Logical channels that the messages take in turn. */
  lcids: read.withDefault(read.oneOrMore(read.whole(1, 20)), [] as readonly number[]),
  /** Each PDCP PDU in so many RLC PDUs. */
  segments: read.withDefault(read.whole(1, 32), 1),
  /** So many PDCP PDUs in each RLC PDU. */
  concatenate: read.withDefault(read.whole(1, 64), 1),
  /** RLC PDUs with so many octets of data, whatever falls into them: segments and whole PDCP PDUs. */
  pduOctets: read.maybe(read.whole(8, 4000)),
  /** So many MAC SDUs in each MAC PDU. */
  perMacPdu: read.withDefault(read.whole(1, 32), 1),
  /** Octets of padding. */
  padding: read.withDefault(read.range(0, 2000), [0, 0] as const),
  /** Value of padding octets. */
  fill: read.withDefault(read.whole(0, 255), 0),
  interface: read.maybe(read.name),
  damage: read.maybe(read.word(['mac-version', 'mac-length', 'mac-lcid', 'rlc-length', 'pdcp-header'])),
});

const lossControl = read.object({
  probability: read.withDefault(read.decimal(0, 1), 0),
  /** Frames of the step that never arrive, counted from 0. */
  frames: read.withDefault(read.list(read.whole(0, MOST_MESSAGES)), [] as readonly number[]),
});

const copyShape = read.object({
  /** Milliseconds after the transmission. */
  delay: read.required(milliseconds),
  /** Where it is heard; absent: where the transmission is. */
  interface: read.maybe(read.name),
  probability: read.withDefault(read.decimal(0, 1), 1),
});

/** What an SDU holds. */
export const CONTENTS = [
  'rtp',
  'udp',
  'monp',
  'arp',
  'icmpv6',
  'fragment',
  'short-ip',
  'non-ip',
  'pc5-s',
  'reserved',
] as const;

/** A name of `CONTENTS`. */
export type ContentName = (typeof CONTENTS)[number];

/** What every step has. */
const base = {
  /** Seconds after the start. */
  at: read.required(seconds),
  label: read.maybe(read.name),
  /** Findings that a reader has to raise about this step's frames, and findings that it may raise. */
  expect: read.withDefault(read.list(findingShape), []),
  allow: read.withDefault(read.list(findingShape), []),
};

const messageMembers = {
  ...base,
  radio: read.required(read.name),
  count: read.withDefault(read.whole(1, MOST_MESSAGES), 1),
  /** Milliseconds between messages. */
  every: read.withDefault(milliseconds, 20),
  /** Octets of what is innermost: speech, text, data. */
  octets: read.withDefault(read.range(0, 8000), [40, 80] as const),
  ip: read.withDefault(ipVersion, 4),
  sourceAddress: read.maybe(address),
  destinationAddress: read.maybe(address),
  ssrc: read.maybe(read.whole(0, 0xffff_ffff)),
  /** Octets of the SDUs of an earlier step, instead of new ones. */
  again: read.maybe(read.name),
  /** `on`: as the group wants. `off`: header and SDU in the clear. `claimed`: only the header says ciphered. */
  cipher: read.withDefault(read.word(['on', 'off', 'claimed']), 'on'),
  key: read.maybe(keyChoice),
  counter: read.maybe(counterControl),
  header: read.maybe(headerOverride),
  /** Bits that somebody turned over in the ciphertext, or a field that was wrong before ciphering. */
  flip: read.maybe(read.word(['ip-header', 'udp-length', 'payload'])),
  wire: read.withDefault(wireControl, emptyWire()),
  loss: read.maybe(lossControl),
  /** Milliseconds by which an arrival may be late, so that frames change places. */
  jitter: read.withDefault(milliseconds, 0),
  copies: read.withDefault(read.list(copyShape, 16), []),
  /** Octets of the frame that the capture keeps. */
  snap: read.maybe(read.whole(0, 65_535)),
  crc: read.withDefault(read.word(['ok', 'failed']), 'ok'),
};

/** `wire` where a step has none. */
function emptyWire(): ReturnType<typeof wireControl> {
  return {
    version: null,
    lcids: [],
    segments: 1,
    concatenate: 1,
    pduOctets: null,
    perMacPdu: 1,
    padding: [0, 0],
    fill: 0,
    interface: null,
    damage: null,
  };
}

const idHex = read.textAs('pairs of hex digits', (text) =>
  /^([0-9a-f]{2})+$/i.test(text) ? text.toLowerCase() : null,
);

/** What frames without a message hold. */
export const NOISES = [
  'ethernet',
  'lte-downlink',
  'unknown-linktype',
  'sl-bch',
  'padding-only',
  'unicast',
  'pc5-signalling',
] as const;

/** Ways in which a MIKEY delivery can be wrong. */
export const DELIVERY_FAULTS = ['none', 'bad-mac', 'conflict'] as const;

const snChoice: read.Shape<number | 'next' | 'seen'> = (spot) =>
  spot.node.type === 'number' ? read.whole(0, 65_535)(spot) : read.word(['next', 'seen'])(spot);

const verb = <const Word extends string>(word: Word): { readonly do: read.Member<Word> } => ({
  do: read.required(read.word([word])),
});

/** A step, by its member `do`. */
export const stepShape = read.variant('do', {
  talk: read.object({ ...verb('talk'), ...messageMembers, content: read.withDefault(read.word(['rtp']), 'rtp') }),
  send: read.object({
    ...verb('send'),
    ...messageMembers,
    content: read.withDefault(read.word(CONTENTS), 'udp'),
  }),
  inject: read.object({
    ...verb('inject'),
    ...base,
    radio: read.required(read.name),
    count: read.withDefault(read.whole(1, MOST_MESSAGES), 1),
    every: read.withDefault(milliseconds, 20),
    octets: read.withDefault(read.range(1, 8000), [80, 160] as const),
    /** `next`: the radio's next SNs. `seen`: ones it used last. A number: from there on. */
    sn: read.withDefault(snChoice, 'next' as const),
    pgk: read.maybe(read.whole(0, 255)),
  }),
  replay: read.object({
    ...verb('replay'),
    ...base,
    /** Label of the step whose frames come again. */
    step: read.required(read.name),
    from: read.withDefault(read.whole(0, MOST_MESSAGES), 0),
    count: read.maybe(read.whole(1, MOST_MESSAGES)),
    interface: read.maybe(read.name),
  }),
  delivery: read.object({
    ...verb('delivery'),
    ...base,
    interface: read.maybe(read.name),
    pmk: read.required(idHex),
    group: read.required(read.name),
    pgk: read.required(read.whole(0, 255)),
    /** Seconds after the start at which the key's validity begins and ends; absent: the key's own. */
    validFrom: read.maybe(read.decimal(-LATEST, LATEST)),
    validUntil: read.maybe(read.decimal(-LATEST, LATEST)),
    /** T payload: a counter, or absent for the time of sending. */
    counter: read.maybe(read.whole(0, 0xffff_ffff)),
    /** Seconds that are added to the time in the T payload. */
    timeOffset: read.withDefault(read.decimal(-LATEST, LATEST), 0),
    fault: read.withDefault(read.word(DELIVERY_FAULTS), 'none'),
    /** What a reader says of it, where that does not follow from the rest. */
    accepted: read.maybe(read.flag),
    reason: read.maybe(findingName),
  }),
  noise: read.object({
    ...verb('noise'),
    ...base,
    interface: read.maybe(read.name),
    content: read.required(read.word(NOISES)),
    count: read.withDefault(read.whole(1, MOST_MESSAGES), 1),
    every: read.withDefault(milliseconds, 20),
    octets: read.withDefault(read.range(1, 1500), [20, 60] as const),
  }),
  clock: read.object({
    ...verb('clock'),
    ...base,
    interface: read.maybe(read.name),
    /** Seconds that are added to what the clock shows from here on; may be negative. */
    shift: read.required(read.decimal(-LATEST, LATEST)),
  }),
  drops: read.object({
    ...verb('drops'),
    ...base,
    interface: read.maybe(read.name),
    /** Packets that the interface lost so far. */
    dropped: read.required(read.whole(0, 0xffff_ffff)),
  }),
});

/** A step, checked and with every default filled in. */
export type ScenarioStep = ReturnType<typeof stepShape>;
/** A step that sends messages. */
export type MessageStep = Extract<ScenarioStep, { readonly do: 'talk' | 'send' }>;
export type ReplayStep = Extract<ScenarioStep, { readonly do: 'replay' }>;
export type InjectStep = Extract<ScenarioStep, { readonly do: 'inject' }>;
export type DeliveryStep = Extract<ScenarioStep, { readonly do: 'delivery' }>;
export type NoiseStep = Extract<ScenarioStep, { readonly do: 'noise' }>;
