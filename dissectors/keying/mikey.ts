// MIKEY (RFC 3830) and its extensions: the message as a whole, for whoever unwraps keys. The tree is in mikey-tree.ts,
// the builders in mikey-encode.ts.

import { ntpToNanoseconds } from '../ntp.ts';
import { uint16, uint24, uint32 } from '../octets.ts';
import {
  type ExtensionPayload,
  type IdPayload,
  isProblem,
  type KemacPayload,
  type MikeyPayload,
  type MikeyProblem,
  type OctetRange,
  parsePayload,
  type RandPayload,
  type TimestampPayload,
  type VerificationPayload,
} from './mikey-payloads.ts';
import { CsIdMapType, DATA_TYPE_NAMES, DataType, PAYLOAD_NAMES, Payload, Role } from './mikey-values.ts';

// Offsets of the common header (RFC 3830 6.1).
const VERSION = 0;
const DATA_TYPE = 1;
const NEXT = 2;
const PRF = 3;
const CSB_ID = 4;
const CS_COUNT = 8;
const MAP_TYPE = 9;
/** The CS ID map, behind what every header has. */
export const CS_ID_MAP = 10;

/** The specification says. */
/** Octets of one entry of an SRTP-ID map: policy number, SSRC, ROC. */
const SRTP_ID = 9;

/** Constants we chose. */
/** Payloads of one message. Real ones have under 16; a message with more is read up to here and then has a problem. */
export const MIKEY_PAYLOADS = 64;

/** One crypto session of an SRTP-ID map. */
export interface SrtpIdEntry extends OctetRange {
  readonly kind: 'srtp-id';
  readonly policy: number;
  readonly ssrc: number;
  readonly roc: number;
}

/** One crypto session of a GENERIC-ID map (RFC 6043 6.1.1). */
export interface GenericIdEntry extends OctetRange {
  readonly kind: 'generic-id';
  readonly csId: number;
  readonly protocol: number;
  /** S flag: the session data is present for this protocol. */
  readonly sessionFlag: boolean;
  readonly policies: readonly number[];
  readonly sessionData: OctetRange;
  readonly spi: OctetRange;
}

/** The common header. */
export interface MikeyHeader extends OctetRange {
  readonly version: number;
  readonly dataType: number;
  readonly next: number;
  /** V: the responder is to answer with a verification message. */
  readonly verify: boolean;
  readonly prf: number;
  readonly csbId: number;
  readonly csCount: number;
  readonly mapType: number;
  readonly sessions: readonly (SrtpIdEntry | GenericIdEntry)[];
}

/** A message. The named payloads are the first of their kind, null where there is none. */
export interface MikeyMessage extends OctetRange {
  readonly header: MikeyHeader;
  /** All payloads behind the header, in order. */
  readonly payloads: readonly MikeyPayload[];
  readonly timestamp: TimestampPayload | null;
  readonly rand: RandPayload | null;
  /**
   * IDi and IDr: the payloads with that role; where identities have no role, the first and the second of an initiator's
   * message, and in a verification message the first is IDr (RFC 3830 3.1).
   */
  readonly initiator: IdPayload | null;
  readonly responder: IdPayload | null;
  readonly extensions: readonly ExtensionPayload[];
  readonly kemac: KemacPayload | null;
  readonly verification: VerificationPayload | null;
  /**
   * What the MAC of KEMAC or V covers within this message: from the header up to, not including, the MAC. Null where
   * the message has neither. The MAC of V covers more, which is not in the message (RFC 3830 5.2).
   */
  readonly macCoverage: OctetRange | null;
}

/** What parsing gave: the message as far as it could be read, and the first thing that was wrong with it. */
export interface MikeyResult {
  /** Null where not even the header could be read. */
  readonly message: MikeyMessage | null;
  readonly problem: MikeyProblem | null;
}

/**
 * Reads one MIKEY message (RFC 3830 6). Never throws; with a problem the payloads before it are there.
 *
 * @param at first octet of the message
 * @param end one behind its last octet, e.g. of the UDP payload; octets behind the last payload are a problem
 */
export function parseMikey(bytes: Uint8Array, at: number, end: number): MikeyResult {
  const parsed = parseHeader(bytes, at, end);
  if (isProblem(parsed)) return { message: null, problem: parsed };
  const header = parsed;
  const payloads: MikeyPayload[] = [];
  let problem: MikeyProblem | null = null;
  let next = header.end;
  let type = header.next;
  while (type !== Payload.last) {
    if (payloads.length === MIKEY_PAYLOADS) {
      problem = { code: 'mikey.too-many', at: next, text: `the message has more than ${MIKEY_PAYLOADS} payloads` };
      break;
    }
    const payload = parsePayload(bytes, next, end, type);
    if (isProblem(payload)) {
      problem ??= payload;
      break;
    }
    payloads.push(payload);
    if (payload.kind === 'kemac') problem ??= payload.keyProblem;
    next = payload.end;
    type = payload.next;
  }
  if (problem === null && next !== end) {
    problem = { code: 'mikey.trailing', at: next, text: `${end - next} octets follow the last payload` };
  }
  return { message: gather(header, payloads, next), problem };
}

/** Finds the payloads that everybody asks for. */
function gather(header: MikeyHeader, payloads: readonly MikeyPayload[], end: number): MikeyMessage {
  let timestamp: TimestampPayload | null = null;
  let rand: RandPayload | null = null;
  let kemac: KemacPayload | null = null;
  let verification: VerificationPayload | null = null;
  const identities: IdPayload[] = [];
  const extensions: ExtensionPayload[] = [];
  for (const payload of payloads) {
    if (payload.kind === 't') timestamp ??= payload;
    else if (payload.kind === 'rand') rand ??= payload;
    else if (payload.kind === 'kemac') kemac ??= payload;
    else if (payload.kind === 'v') verification ??= payload;
    else if (payload.kind === 'id') identities.push(payload);
    else if (payload.kind === 'ext') extensions.push(payload);
  }
  const plain = identities.filter((identity) => identity.role < 0);
  const answers =
    header.dataType === DataType.preSharedVerification || header.dataType === DataType.publicKeyVerification;
  const withRole = (role: number) => identities.find((identity) => identity.role === role);
  const mac = kemac?.mac ?? verification?.mac ?? null;
  return {
    at: header.at,
    end,
    header,
    payloads,
    timestamp,
    rand,
    initiator: withRole(Role.initiator) ?? (answers ? plain[1] : plain[0]) ?? null,
    responder: withRole(Role.responder) ?? (answers ? plain[0] : plain[1]) ?? null,
    extensions,
    kemac,
    verification,
    macCoverage: mac === null ? null : { at: header.at, end: mac.at },
  };
}

function parseHeader(bytes: Uint8Array, at: number, end: number): MikeyHeader | MikeyProblem {
  if (end - at < CS_ID_MAP) {
    const there = Math.max(0, end - at);
    return { code: 'mikey.header-cut', at, text: `a MIKEY header has at least 10 octets, ${there} are there` };
  }
  if (bytes[at + VERSION] !== 1) {
    return { code: 'mikey.version', at, text: `the MIKEY version is ${bytes[at]}, not 1` };
  }
  const csCount = bytes[at + CS_COUNT];
  const mapType = bytes[at + MAP_TYPE];
  const sessions: (SrtpIdEntry | GenericIdEntry)[] = [];
  let next = at + CS_ID_MAP;
  for (let left = mapType === CsIdMapType.empty ? 0 : csCount; left > 0; left--) {
    const entry = parseSession(bytes, next, end, mapType);
    if (isProblem(entry)) return entry;
    sessions.push(entry);
    next = entry.end;
  }
  return {
    at,
    end: next,
    version: bytes[at + VERSION],
    dataType: bytes[at + DATA_TYPE],
    next: bytes[at + NEXT],
    verify: (bytes[at + PRF] & 0x80) !== 0,
    prf: bytes[at + PRF] & 0x7f,
    csbId: uint32(bytes, at + CSB_ID),
    csCount,
    mapType,
    sessions,
  };
}

/** One entry of the CS ID map (RFC 3830 6.1.1, RFC 6043 6.1.1). */
function parseSession(
  bytes: Uint8Array,
  at: number,
  end: number,
  mapType: number,
): SrtpIdEntry | GenericIdEntry | MikeyProblem {
  const cut = { code: 'mikey.header-cut', at, text: 'the CS ID map goes beyond the message' };
  if (mapType === CsIdMapType.srtpId) {
    if (at + SRTP_ID > end) return cut;
    const [ssrc, roc] = [uint32(bytes, at + 1), uint32(bytes, at + 5)];
    return { kind: 'srtp-id', at, end: at + SRTP_ID, policy: bytes[at], ssrc, roc };
  }
  if (mapType !== CsIdMapType.genericId) {
    return {
      code: 'mikey.map-type',
      at,
      text: `CS ID map type ${mapType} is not known; what follows cannot be placed`,
    };
  }
  if (at + 3 > end) return cut;
  const policyCount = bytes[at + 2] & 0x7f;
  const lengthAt = at + 3 + policyCount;
  if (lengthAt + 2 > end) return cut;
  const sessionData = { at: lengthAt + 2, end: lengthAt + 2 + uint16(bytes, lengthAt) };
  if (sessionData.end >= end) return cut;
  const spi = { at: sessionData.end + 1, end: sessionData.end + 1 + bytes[sessionData.end] };
  if (spi.end > end) return cut;
  return {
    kind: 'generic-id',
    at,
    end: spi.end,
    csId: bytes[at],
    protocol: bytes[at + 1],
    sessionFlag: (bytes[at + 2] & 0x80) !== 0,
    policies: Array.from(bytes.subarray(at + 3, lengthAt)),
    sessionData,
    spi,
  };
}

/**
 * The octets of a timestamp as the IV of KEMAC takes them: 8 octets, a 4-octet value behind 4 zeros
 * (RFC 3830 4.2.3).
 */
export function timestampForIv(bytes: Uint8Array, timestamp: TimestampPayload): Uint8Array {
  const octets = new Uint8Array(8);
  const value = bytes.subarray(timestamp.value.at, timestamp.value.end);
  octets.set(value, 8 - value.length);
  return octets;
}

/** What a PGK extension says: group, key identity, and end of validity. */
export interface PgkExtension {
  /** Group, 24-bit Layer-2 id. */
  readonly group: number;
  /** PGK identity, 0 to 255. */
  readonly pgkId: number;
  /** Nanoseconds since 1970 UTC. */
  readonly notAfter: bigint;
}

/** We chose (no number is assigned for ProSe): octets of group, PGK id and NTP-UTC time in the private extension. */
export const PGK_EXTENSION_OCTETS = 12;

/** Reads the data of a general extension as group (3), PGK id (1), end of validity (8, NTP-UTC); null of another length. */
export function parsePgkExtension(bytes: Uint8Array, extension: ExtensionPayload): PgkExtension | null {
  const { at, end } = extension.data;
  if (end - at !== PGK_EXTENSION_OCTETS) return null;
  return {
    group: uint24(bytes, at),
    pgkId: bytes[at + 3],
    notAfter: ntpToNanoseconds(uint32(bytes, at + 4), uint32(bytes, at + 8)),
  };
}

/** One phrase for an event, e.g. `MIKEY Pre-shared CSB 0x11223344: T RAND IDR KEMAC`. */
export function describeMikey(bytes: Uint8Array, at: number, end: number): string {
  const { message, problem } = parseMikey(bytes, at, end);
  if (message === null) return 'MIKEY, header cut or not version 1';
  const { dataType, csbId } = message.header;
  const name = DATA_TYPE_NAMES.get(dataType) ?? `data type ${dataType}`;
  const chain = message.payloads.map((payload) => shortName(payload.type)).join(' ');
  const flaw = problem === null ? '' : `, ${problem.text}`;
  return `MIKEY ${name} CSB 0x${csbId.toString(16).padStart(8, '0')}: ${chain}${flaw}`;
}

/** `KEMAC` of `Key Data Transport (KEMAC)`, `RAND` of `RAND`. */
function shortName(type: number): string {
  const name = PAYLOAD_NAMES.get(type) ?? `payload ${type}`;
  return /\(([^)]+)\)$/.exec(name)?.[1] ?? name;
}
