// The payloads of a MIKEY message (RFC 3830 6, RFC 6043 6, RFC 6509 4): where each part of them lies. Parts are ranges of
// the octets that were parsed, so that no key material is copied.

import { ntpToNanoseconds } from '../ntp.ts';
import { uint16, uint32 } from '../octets.ts';
import {
  dhOctets,
  EncryptionAlgorithm,
  hashOctets,
  KeyDataType,
  macOctets,
  Payload,
  TimestampType,
  timestampOctets,
  Validity,
} from './mikey-values.ts';

/** Constants we chose. */
/** Parameters kept of one policy, and key data kept of one KEMAC. Real messages have under 20; above it is a problem. */
const LIST_CAP = 128;

/** Octets from `at` up to, not including, `end`. */
export interface OctetRange {
  readonly at: number;
  readonly end: number;
}

/** What is wrong with a message, and where. */
export interface MikeyProblem {
  readonly code: string;
  readonly at: number;
  readonly text: string;
}

/** Every payload: its octets, its number, and the number of the next one (SIGN carries none: it is always last). */
interface PayloadBase extends OctetRange {
  readonly type: number;
  readonly next: number;
}

/** Timestamp (RFC 3830 6.6), with a role in TR (RFC 6043 6.4). */
export interface TimestampPayload extends PayloadBase {
  readonly kind: 't';
  /** Role of a TR payload, else -1. */
  readonly role: number;
  readonly timestampType: number;
  /** The timestamp's own octets, 8 or 4. */
  readonly value: OctetRange;
  /** Nanoseconds since 1970 UTC where the type is a time, else null. */
  readonly time: bigint | null;
  /** The counter where the type is COUNTER, else null. */
  readonly counter: number | null;
}

/** Identity (RFC 3830 6.7), with a role in IDR (RFC 6043 6.6). */
export interface IdPayload extends PayloadBase {
  readonly kind: 'id';
  /** Role of an IDR payload, else -1. */
  readonly role: number;
  readonly idType: number;
  /** The identity's own octets. */
  readonly id: OctetRange;
}

/** Random value (RFC 3830 6.11), with a role in RANDR (RFC 6043 6.8). */
export interface RandPayload extends PayloadBase {
  readonly kind: 'rand';
  readonly role: number;
  readonly rand: OctetRange;
}

/** Key data transport (RFC 3830 6.2). */
export interface KemacPayload extends PayloadBase {
  readonly kind: 'kemac';
  readonly encryption: number;
  /** What is encrypted (or plain, with encryption NULL). */
  readonly data: OctetRange;
  readonly macAlgorithm: number;
  /** The MAC; empty with algorithm NULL. The MAC covers the message from its header up to here. */
  readonly mac: OctetRange;
  /** Key data, where encryption is NULL; else empty until somebody deciphers. */
  readonly keys: readonly KeyData[];
  /** Why the plain key data could not be read to its end; else null. */
  readonly keyProblem: MikeyProblem | null;
}

/** One key data sub-payload (RFC 3830 6.13). */
export interface KeyData extends PayloadBase {
  readonly keyType: number;
  readonly key: OctetRange;
  /** Empty where the type has no salt. */
  readonly salt: OctetRange;
  readonly validity: KeyValidity;
}

/** Key validity (RFC 3830 6.14). */
export interface KeyValidity {
  /** 0 null, 1 SPI/MKI, 2 interval. */
  readonly type: number;
  readonly spi: OctetRange;
  readonly from: OctetRange;
  readonly to: OctetRange;
  /** Beginning and end, nanoseconds since 1970 UTC, where they are 8 octets (NTP-UTC); else null. */
  readonly fromTime: bigint | null;
  readonly toTime: bigint | null;
}

/** One parameter of a security policy. */
export interface PolicyParameter {
  readonly type: number;
  readonly value: OctetRange;
}

/** Security policy (RFC 3830 6.10). */
export interface PolicyPayload extends PayloadBase {
  readonly kind: 'sp';
  readonly policy: number;
  readonly protocol: number;
  readonly parameters: readonly PolicyParameter[];
}

/** General extension (RFC 3830 6.15). */
export interface ExtensionPayload extends PayloadBase {
  readonly kind: 'ext';
  readonly extensionType: number;
  readonly data: OctetRange;
}

/** Verification message (RFC 3830 6.9). */
export interface VerificationPayload extends PayloadBase {
  readonly kind: 'v';
  readonly algorithm: number;
  /** The MAC. It covers the message up to here, and what RFC 3830 5.2 adds. */
  readonly mac: OctetRange;
}

/** Payloads of one number and one run of octets: PKE, SIGN, CERT, CHASH, ERR, SAKKE. */
export interface BlobPayload extends PayloadBase {
  readonly kind: 'pke' | 'sign' | 'cert' | 'chash' | 'err' | 'sakke';
  /** Cache type, signature type, certificate type, hash function, error number, SAKKE parameter set. */
  readonly number: number;
  /** SAKKE: the identifier scheme; else -1. */
  readonly scheme: number;
  readonly data: OctetRange;
}

/** Diffie-Hellman value (RFC 3830 6.4). */
export interface DhPayload extends PayloadBase {
  readonly kind: 'dh';
  readonly group: number;
  readonly value: OctetRange;
  readonly validity: KeyValidity;
}

/** Key data outside KEMAC. */
export interface KeyDataPayload extends PayloadBase {
  readonly kind: 'key';
  readonly data: KeyData;
}

export type MikeyPayload =
  | TimestampPayload
  | IdPayload
  | RandPayload
  | KemacPayload
  | PolicyPayload
  | ExtensionPayload
  | VerificationPayload
  | BlobPayload
  | DhPayload
  | KeyDataPayload;

/** A payload, or why it could not be read. */
export type PayloadResult = MikeyPayload | MikeyProblem;

/** True for a problem, false for a payload. */
export function isProblem(result: object): result is MikeyProblem {
  return 'code' in result;
}

function cut(what: string, at: number): MikeyProblem {
  return { code: 'mikey.cut', at, text: `${what} goes beyond the message` };
}

/** Reads one payload of a number. The chain in `next payload` is linear, so every payload begins behind the last one. */
export function parsePayload(bytes: Uint8Array, at: number, end: number, type: number): PayloadResult {
  if (at + 2 > end) return cut(`payload ${type}`, at);
  switch (type) {
    case Payload.t:
      return parseTimestamp(bytes, at, end, type, at + 1, -1);
    case Payload.tr:
      return parseTimestamp(bytes, at, end, type, at + 2, bytes[at + 1]);
    case Payload.id:
      return parseId(bytes, at, end, type, at + 1, -1);
    case Payload.idr:
      return parseId(bytes, at, end, type, at + 2, bytes[at + 1]);
    case Payload.rand:
      return parseRand(bytes, at, end, type, at + 1, -1);
    case Payload.randr:
      return parseRand(bytes, at, end, type, at + 2, bytes[at + 1]);
    case Payload.kemac:
      return parseKemac(bytes, at, end);
    case Payload.v:
      return parseVerification(bytes, at, end);
    case Payload.sp:
      return parsePolicy(bytes, at, end);
    case Payload.extension:
      return parseExtension(bytes, at, end);
    case Payload.dh:
      return parseDh(bytes, at, end);
    case Payload.keyData: {
      const data = parseOneKey(bytes, at, end);
      return isProblem(data) ? data : { ...data, kind: 'key', data };
    }
    default:
      return parseBlob(bytes, at, end, type);
  }
}

function parseTimestamp(
  bytes: Uint8Array,
  at: number,
  limit: number,
  type: number,
  typeAt: number,
  role: number,
): PayloadResult {
  if (typeAt >= limit) return cut('a timestamp', at);
  const timestampType = bytes[typeAt];
  const octets = timestampOctets(timestampType);
  if (octets < 0) {
    return { code: 'mikey.timestamp-type', at: typeAt, text: `timestamp type ${timestampType} is not known` };
  }
  const value = { at: typeAt + 1, end: typeAt + 1 + octets };
  if (value.end > limit) return cut('a timestamp', at);
  const counter = timestampType === TimestampType.counter ? uint32(bytes, value.at) : null;
  const fraction = octets === 8 ? uint32(bytes, value.at + 4) : 0;
  const time = counter === null ? ntpToNanoseconds(uint32(bytes, value.at), fraction) : null;
  return { kind: 't', type, next: bytes[at], at, end: value.end, role, timestampType, value, time, counter };
}

function parseId(
  bytes: Uint8Array,
  at: number,
  limit: number,
  type: number,
  typeAt: number,
  role: number,
): PayloadResult {
  if (typeAt + 3 > limit) return cut('an identity', at);
  const id = { at: typeAt + 3, end: typeAt + 3 + uint16(bytes, typeAt + 1) };
  if (id.end > limit) return cut('an identity', at);
  return { kind: 'id', type, next: bytes[at], at, end: id.end, role, idType: bytes[typeAt], id };
}

function parseRand(
  bytes: Uint8Array,
  at: number,
  limit: number,
  type: number,
  lengthAt: number,
  role: number,
): PayloadResult {
  if (lengthAt >= limit) return cut('a random value', at);
  const rand = { at: lengthAt + 1, end: lengthAt + 1 + bytes[lengthAt] };
  if (rand.end > limit) return cut('a random value', at);
  return { kind: 'rand', type, next: bytes[at], at, end: rand.end, role, rand };
}

/**
 * A MAC of an algorithm. One that is not known can only be placed where nothing follows it: then it is the rest.
 */
function parseMac(at: number, limit: number, algorithm: number, next: number): OctetRange | MikeyProblem {
  const octets = macOctets(algorithm);
  if (octets < 0) {
    if (next === Payload.last) return { at, end: limit };
    return { code: 'mikey.mac-algorithm', at: at - 1, text: `MAC algorithm ${algorithm} is not known` };
  }
  return at + octets > limit ? cut('the MAC', at) : { at, end: at + octets };
}

function parseKemac(bytes: Uint8Array, at: number, limit: number): PayloadResult {
  if (at + 4 > limit) return cut('KEMAC', at);
  const data = { at: at + 4, end: at + 4 + uint16(bytes, at + 2) };
  if (data.end >= limit) return cut('the key data of KEMAC', data.at);
  const next = bytes[at];
  const macAlgorithm = bytes[data.end];
  const mac = parseMac(data.end + 1, limit, macAlgorithm, next);
  if (isProblem(mac)) return mac;
  const encryption = bytes[at + 1];
  const plain = encryption === EncryptionAlgorithm.none && data.end > data.at;
  const { keys, problem } = plain ? parseKeyData(bytes, data.at, data.end) : { keys: [], problem: null };
  return {
    kind: 'kemac',
    type: Payload.kemac,
    next,
    at,
    end: mac.end,
    encryption,
    data,
    macAlgorithm,
    mac,
    keys,
    keyProblem: problem,
  };
}

function parseVerification(bytes: Uint8Array, at: number, limit: number): PayloadResult {
  const next = bytes[at];
  const algorithm = bytes[at + 1];
  const mac = parseMac(at + 2, limit, algorithm, next);
  if (isProblem(mac)) return mac;
  return { kind: 'v', type: Payload.v, next, at, end: mac.end, algorithm, mac };
}

function parsePolicy(bytes: Uint8Array, at: number, limit: number): PayloadResult {
  if (at + 5 > limit) return cut('a policy', at);
  const end = at + 5 + uint16(bytes, at + 3);
  if (end > limit) return cut('a policy', at);
  const parameters: PolicyParameter[] = [];
  let next = at + 5;
  while (next < end) {
    const value = { at: next + 2, end: next + 2 + (next + 1 < end ? bytes[next + 1] : end) };
    if (value.end > end) return cut('a policy parameter', next);
    if (parameters.length === LIST_CAP) {
      return { code: 'mikey.too-many', at: next, text: `a policy has more than ${LIST_CAP} parameters` };
    }
    parameters.push({ type: bytes[next], value });
    next = value.end;
  }
  const [following, policy, protocol] = [bytes[at], bytes[at + 1], bytes[at + 2]];
  return { kind: 'sp', type: Payload.sp, next: following, at, end, policy, protocol, parameters };
}

function parseExtension(bytes: Uint8Array, at: number, limit: number): PayloadResult {
  if (at + 4 > limit) return cut('an extension', at);
  const data = { at: at + 4, end: at + 4 + uint16(bytes, at + 2) };
  if (data.end > limit) return cut('an extension', at);
  const extensionType = bytes[at + 1];
  return { kind: 'ext', type: Payload.extension, next: bytes[at], at, end: data.end, extensionType, data };
}

function parseDh(bytes: Uint8Array, at: number, limit: number): PayloadResult {
  const group = bytes[at + 1];
  const octets = dhOctets(group);
  if (octets < 0) return { code: 'mikey.dh-group', at: at + 1, text: `Diffie-Hellman group ${group} is not known` };
  const value = { at: at + 2, end: at + 2 + octets };
  if (value.end >= limit) return cut('a Diffie-Hellman value', at);
  const validity = parseValidity(bytes, value.end + 1, limit, bytes[value.end] & 0x0f);
  if (isProblem(validity)) return validity;
  return { kind: 'dh', type: Payload.dh, next: bytes[at], at, end: validityEnd(validity), group, value, validity };
}

/** Payloads that are one number and one run of octets. */
function parseBlob(bytes: Uint8Array, at: number, limit: number, type: number): PayloadResult {
  const next = bytes[at];
  const blob = (kind: BlobPayload['kind'], number: number, from: number, to: number, scheme = -1): PayloadResult => {
    if (to > limit) return cut(`payload ${type}`, at);
    const following = kind === 'sign' ? Payload.last : next;
    return { kind, type, next: following, at, end: to, number, scheme, data: { at: from, end: to } };
  };
  // The widest head that follows, SAKKE's, is 5 octets; the others are checked against what they need.
  const head = limit - at;
  switch (type) {
    case Payload.sign:
      // RFC 3830 6.5: no `next payload`; 4 bits of type, 12 of length.
      return blob('sign', next >>> 4, at + 2, at + 2 + (uint16(bytes, at) & 0x0fff));
    case Payload.pke:
      if (head < 3) return cut('PKE', at);
      return blob('pke', bytes[at + 1] >>> 6, at + 3, at + 3 + (uint16(bytes, at + 1) & 0x3fff));
    case Payload.cert:
      if (head < 4) return cut('a certificate', at);
      return blob('cert', bytes[at + 1], at + 4, at + 4 + uint16(bytes, at + 2));
    case Payload.chash: {
      const octets = hashOctets(bytes[at + 1]);
      if (octets < 0) return { code: 'mikey.hash', at: at + 1, text: `hash function ${bytes[at + 1]} is not known` };
      return blob('chash', bytes[at + 1], at + 2, at + 2 + octets);
    }
    case Payload.err:
      return blob('err', bytes[at + 1], at + 2, at + 4);
    case Payload.sakke:
      if (head < 5) return cut('SAKKE data', at);
      return blob('sakke', bytes[at + 1], at + 5, at + 5 + uint16(bytes, at + 3), bytes[at + 2]);
    default:
      return { code: 'mikey.payload', at, text: `payload ${type} is not known; what follows cannot be placed` };
  }
}

/**
 * Reads the chain of key data sub-payloads, e.g. of a KEMAC that has been deciphered (then in the octets that deciphering
 * gave).
 *
 * @returns the keys up to the first problem; none in `problem` where the chain ends where the octets do
 */
export function parseKeyData(
  bytes: Uint8Array,
  at: number,
  end: number,
): { readonly keys: readonly KeyData[]; readonly problem: MikeyProblem | null } {
  const keys: KeyData[] = [];
  let next = at;
  let type: number = Payload.keyData;
  while (type === Payload.keyData) {
    if (keys.length === LIST_CAP) {
      return { keys, problem: { code: 'mikey.too-many', at: next, text: `more than ${LIST_CAP} keys in one payload` } };
    }
    const key = parseOneKey(bytes, next, end);
    if (isProblem(key)) return { keys, problem: key };
    keys.push(key);
    type = key.next;
    next = key.end;
  }
  if (type !== Payload.last) {
    return {
      keys,
      problem: { code: 'mikey.payload', at: next, text: `payload ${type} does not belong among key data` },
    };
  }
  if (next !== end) {
    return { keys, problem: { code: 'mikey.trailing', at: next, text: 'octets follow the last key' } };
  }
  return { keys, problem: null };
}

function hasSalt(keyType: number): boolean {
  return keyType === KeyDataType.tgkSalt || keyType === KeyDataType.tekSalt || keyType === KeyDataType.gtgkSalt;
}

function parseOneKey(bytes: Uint8Array, at: number, limit: number): KeyData | MikeyProblem {
  if (at + 4 > limit) return cut('key data', at);
  const keyType = bytes[at + 1] >>> 4;
  const key = { at: at + 4, end: at + 4 + uint16(bytes, at + 2) };
  if (key.end > limit) return cut('a key', key.at);
  let salt: OctetRange = { at: key.end, end: key.end };
  if (hasSalt(keyType)) {
    if (key.end + 2 > limit) return cut('a salt', key.end);
    salt = { at: key.end + 2, end: key.end + 2 + uint16(bytes, key.end) };
    if (salt.end > limit) return cut('a salt', key.end);
  }
  const validity = parseValidity(bytes, salt.end, limit, bytes[at + 1] & 0x0f);
  if (isProblem(validity)) return validity;
  return { type: Payload.keyData, next: bytes[at], at, end: validityEnd(validity), keyType, key, salt, validity };
}

/** One behind the last octet of a validity; its ranges follow one another. */
function validityEnd(validity: KeyValidity): number {
  return Math.max(validity.spi.end, validity.to.end);
}

function parseValidity(bytes: Uint8Array, at: number, limit: number, type: number): KeyValidity | MikeyProblem {
  const empty = { at, end: at };
  const nothing = { type, spi: empty, from: empty, to: empty, fromTime: null, toTime: null };
  if (type === Validity.none) return nothing;
  if (type !== Validity.spi && type !== Validity.interval) {
    return { code: 'mikey.validity', at, text: `key validity ${type} is not known` };
  }
  const first = lengthPrefixed(bytes, at, limit);
  if (first === null) return cut('a key validity', at);
  if (type === Validity.spi) return { ...nothing, spi: first };
  const to = lengthPrefixed(bytes, first.end, limit);
  if (to === null) return cut('a key validity', first.end);
  return { ...nothing, from: first, to, fromTime: ntpRange(bytes, first), toTime: ntpRange(bytes, to) };
}

/** One octet of length and as many octets, or null where they are not there. */
function lengthPrefixed(bytes: Uint8Array, at: number, limit: number): OctetRange | null {
  if (at >= limit || at + 1 + bytes[at] > limit) return null;
  return { at: at + 1, end: at + 1 + bytes[at] };
}

function ntpRange(bytes: Uint8Array, range: OctetRange): bigint | null {
  if (range.end - range.at !== 8) return null;
  return ntpToNanoseconds(uint32(bytes, range.at), uint32(bytes, range.at + 4));
}
