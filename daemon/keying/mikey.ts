// Opens MIKEY messages that deliver PGKs (RFC 3830 pre-shared-key mode with the profile of reference 4.9), in the order
// that keeps an attacker out of the cipher: read, freshness, MAC, and only then decipher. Nothing here changes anything;
// what an accepted message changes is in mikey-receiver.ts.

import { millisecondsOfNanoseconds } from '../../captures/milliseconds.ts';
import type { MikeyMessage } from '../../dissectors/keying/mikey.ts';
import { parseMikey, parsePgkExtension, timestampForIv } from '../../dissectors/keying/mikey.ts';
import { type KeyData, type OctetRange, parseKeyData } from '../../dissectors/keying/mikey-payloads.ts';
import { DataType, EncryptionAlgorithm, Payload, Validity } from '../../dissectors/keying/mikey-values.ts';
import { KEY_OCTETS } from '../keyring/keyring.ts';
import { DEFAULT_MIKEY_PROFILE, type Pmk } from '../keyring/pmk.ts';
import { decryptKeyData, isMacKnown, isMacRight, type KeySource, prfHash } from './mikey-crypto.ts';
import type { PmkTable } from './pmk-table.ts';

/** The specification says (findings, mikey.stale): how far a timestamp may be from capture time. */
const STALE_MS = 300_000;
/** The specification says (reference 4.9): where the end of validity lies in the extension. */
const EXTENSION_END_AT = 4;

/** Findings about a MIKEY message (findings.md, key management). */
export type MikeyFinding =
  | 'mikey.mac_failed'
  | 'mikey.replay'
  | 'mikey.stale'
  | 'mikey.key_unknown'
  | 'mikey.expired_on_delivery'
  | 'mikey.lifetime_extended'
  | 'mikey.material_conflict';

/** The last accepted timestamp of one PMK, by kind; null where there was none. */
export interface LastAccepted {
  readonly counter: number | null;
  /** Nanoseconds since 1970. */
  readonly time: bigint | null;
}

/** What was accepted so far. */
export interface ReplayState {
  lastAccepted(pmk: Pmk): LastAccepted;
}

/** A PGK that a message names in its extension. Of a message whose MAC is not right it is only a claim. */
export interface NamedPgk {
  /** Layer-2 id of the group. */
  readonly group: number;
  readonly pgkId: number;
  /** Milliseconds since 1970; null: withdrawn (the field is 0). */
  readonly notAfter: number | null;
}

/** A PGK out of a message whose MAC is right. */
export interface OpenedPgk {
  readonly group: number;
  readonly pgkId: number;
  /** 32 octets of their own; whoever takes the result overwrites them. */
  readonly octets: Uint8Array;
  readonly notBefore: number;
  readonly notAfter: number;
  /** Its validity ends at or before the message's own time. */
  readonly expired: boolean;
  /** The message gives no end but takes the key back. */
  readonly withdrawn: boolean;
}

/** What opening a message gave. */
export interface OpenedMikey {
  /** Whose PMK it is, or null where none is held. */
  readonly pmk: Pmk | null;
  /** The finding that refuses it; null where it is fine, or where `problem` says what else is wrong. */
  readonly refusal: 'mikey.mac_failed' | 'mikey.replay' | 'mikey.key_unknown' | null;
  /** Why nothing can be taken from it although no finding says so; else null. A sentence without a full stop. */
  readonly problem: string | null;
  /** Whether the MAC is right; null where that could not be worked out. Also said of a replay. */
  readonly macRight: boolean | null;
  /** The message's time is more than 300 s from capture time. */
  readonly stale: boolean;
  readonly named: readonly NamedPgk[];
  /** Empty unless the message is fine. */
  readonly keys: readonly OpenedPgk[];
}

/** A message that could be read, with its octets. */
export interface ReadableMikey {
  readonly bytes: Uint8Array;
  readonly message: MikeyMessage;
}

/**
 * Reads a message and sorts out what no key is needed for.
 *
 * @returns a sentence about what is wrong where it cannot be read to its end
 */
export function readMikey(bytes: Uint8Array, at: number, end: number): ReadableMikey | string {
  const { message, problem } = parseMikey(bytes, at, end);
  if (problem !== null) return `${problem.text}, at octet ${problem.at - at}`;
  return message === null ? 'no MIKEY header' : { bytes, message };
}

/**
 * Opens an initiator's message with the PMKs that are held. A pure function of its arguments.
 *
 * @param time capture time, milliseconds since 1970
 */
export function openMikey(readable: ReadableMikey, pmks: PmkTable, replay: ReplayState, time: number): OpenedMikey {
  const { bytes, message } = readable;
  const candidates =
    message.header.dataType === DataType.preShared && message.responder !== null
      ? pmks.find(octetsOf(bytes, message.responder.id))
      : [];
  let first: OpenedMikey | null = null;
  for (const pmk of candidates) {
    const opened = openWith(readable, pmk, replay.lastAccepted(pmk), time);
    if (opened.macRight === true) return opened;
    first ??= opened;
  }
  if (first !== null) return first;
  const named = namedPgks(readable, DEFAULT_MIKEY_PROFILE.extensionType) ?? [];
  const refusal = 'mikey.key_unknown';
  return { pmk: null, refusal, problem: null, macRight: null, stale: false, named, keys: [] };
}

/** The message's own time in milliseconds since 1970; null where it has a counter or nothing. */
export function messageTime(message: MikeyMessage): number | null {
  const time = message.timestamp?.time ?? null;
  return time === null ? null : millisecondsOfNanoseconds(time);
}

/** Where the keys of a message come from; null where its PRF is not known or RAND is missing. */
export function keySource({ bytes, message }: ReadableMikey, pmk: Pmk): KeySource | null {
  const prf = pmk.profile.prf ?? prfHash(message.header.prf);
  if (prf === null || message.rand === null) return null;
  return { key: pmk.octets, prf, csbId: message.header.csbId, rand: octetsOf(bytes, message.rand.rand) };
}

/** The octets of a range. */
export function octetsOf(bytes: Uint8Array, range: OctetRange): Uint8Array {
  return bytes.subarray(range.at, range.end);
}

function openWith(readable: ReadableMikey, pmk: Pmk, last: LastAccepted, time: number): OpenedMikey {
  const { bytes, message } = readable;
  const { timestamp, kemac, macCoverage } = message;
  const own = messageTime(message);
  const named = namedPgks(readable, pmk.profile.extensionType);
  const said = {
    pmk,
    problem: null,
    macRight: null,
    stale: own !== null && Math.abs(own - time) > STALE_MS,
    named: named ?? [],
    keys: [],
  };
  const problem = (text: string): OpenedMikey => ({ ...said, refusal: null, problem: text });

  if (timestamp === null) return problem('the message has no timestamp');
  if (kemac === null || macCoverage === null) return problem('the message has no KEMAC');
  const source = keySource(readable, pmk);
  if (source === null) return problem('the message has no RAND, or names a PRF that is not known');

  const isReplay =
    timestamp.counter !== null
      ? last.counter !== null && timestamp.counter <= last.counter
      : timestamp.time !== null && last.time !== null && timestamp.time <= last.time;
  // Without a MAC, or with one of an algorithm nobody agreed on, nothing says that the key management function made it.
  const macRight =
    isMacKnown(kemac.macAlgorithm) &&
    isMacRight(kemac.macAlgorithm, source, [octetsOf(bytes, macCoverage)], octetsOf(bytes, kemac.mac));
  if (isReplay) return { ...said, macRight, refusal: 'mikey.replay' };
  if (!macRight) return { ...said, macRight, refusal: 'mikey.mac_failed' };

  const proved = { ...said, macRight, refusal: null };
  if (kemac.next !== Payload.last) return { ...proved, problem: 'payloads follow KEMAC, which its MAC does not cover' };
  if (named === null) return { ...proved, problem: 'an extension that names a PGK has not 12 octets' };
  const plain = decryptKeyData(kemac.encryption, source, timestampForIv(bytes, timestamp), octetsOf(bytes, kemac.data));
  if (plain === null)
    return { ...proved, problem: `the key data cannot be deciphered (encryption ${kemac.encryption})` };
  const keys = takeKeys(plain, kemac.encryption, pmk, named, { own: own ?? time, reception: time });
  plain.fill(0);
  return typeof keys === 'string' ? { ...proved, problem: keys } : { ...proved, keys };
}

/** What the extensions of the profile's type say; null where one of them has another length. */
function namedPgks({ bytes, message }: ReadableMikey, extensionType: number): NamedPgk[] | null {
  const named: NamedPgk[] = [];
  for (const extension of message.extensions) {
    if (extension.extensionType !== extensionType) continue;
    const pgk = parsePgkExtension(bytes, extension);
    if (pgk === null) return null;
    const { at, end } = extension.data;
    const withdrawn = isZero(bytes.subarray(at + EXTENSION_END_AT, end));
    named.push({
      group: pgk.group,
      pgkId: pgk.pgkId,
      notAfter: withdrawn ? null : millisecondsOfNanoseconds(pgk.notAfter),
    });
  }
  return named;
}

/** The PGKs of the key data, each with the extension of its place; or what is wrong. */
function takeKeys(
  plain: Uint8Array,
  encryption: number,
  pmk: Pmk,
  named: readonly NamedPgk[],
  times: { readonly own: number; readonly reception: number },
): OpenedPgk[] | string {
  const parsed = parseKeyData(plain, 0, plain.length);
  const behind = parsed.keys.at(-1)?.end ?? 0;
  const onlyPadding =
    encryption === EncryptionAlgorithm.aesKw128 &&
    parsed.problem?.code === 'mikey.trailing' &&
    isZero(plain.subarray(behind));
  if (parsed.problem !== null && !onlyPadding) return parsed.problem.text;
  const data = parsed.keys.filter((each) => each.keyType === pmk.profile.keyDataType);
  if (data.length === 0) return `no key data is of type ${pmk.profile.keyDataType}`;
  if (data.length !== named.length) return `${data.length} keys and ${named.length} extensions that name a PGK`;
  const keys: OpenedPgk[] = [];
  for (const [index, each] of data.entries()) {
    const key = takeKey(plain, each, named[index], times);
    if (typeof key === 'string') {
      for (const taken of keys) taken.octets.fill(0);
      return key;
    }
    keys.push(key);
  }
  return keys;
}

/**
 * One PGK and its window. Its end is the earlier one of the extension and the interval; without an interval it is valid
 * from reception (RFC 3830 6.14, reference 4.9). An end of 0 withdraws the key as of the message's own time.
 */
function takeKey(
  plain: Uint8Array,
  data: KeyData,
  named: NamedPgk,
  times: { readonly own: number; readonly reception: number },
): OpenedPgk | string {
  const octets = octetsOf(plain, data.key);
  if (octets.length !== KEY_OCTETS) return `a PGK has ${KEY_OCTETS} octets, not ${octets.length}`;
  let notBefore = times.reception;
  let notAfter = named.notAfter ?? times.own;
  let withdrawn = named.notAfter === null;
  const { type, from, to, fromTime, toTime } = data.validity;
  if (type === Validity.interval) {
    if (fromTime === null || toTime === null) return 'the validity interval is not made of NTP-UTC timestamps';
    if (!isZero(octetsOf(plain, from))) notBefore = millisecondsOfNanoseconds(fromTime);
    const noEnd = isZero(octetsOf(plain, to));
    withdrawn ||= noEnd;
    notAfter = Math.min(notAfter, noEnd ? times.own : millisecondsOfNanoseconds(toTime));
  }
  const expired = notAfter <= times.own;
  if (expired) notBefore = Math.min(notBefore, notAfter);
  else if (notAfter <= notBefore) return 'the validity of the PGK ends before it begins';
  const { group, pgkId } = named;
  return { group, pgkId, octets: Uint8Array.from(octets), notBefore, notAfter, expired, withdrawn };
}

function isZero(octets: Uint8Array): boolean {
  return octets.every((octet) => octet === 0);
}
