// Builds the MIKEY messages that deliver PGKs, and the answers to them (reference 4.9). Randomness and time are the
// caller's, so that the same input gives the same octets.

import { parseMikey, timestampForIv } from '../../dissectors/keying/mikey.ts';
import {
  counterPayload,
  encodeKeyData,
  encodeMikey,
  extensionPayload,
  idPayload,
  type KeyToEncode,
  kemacPayload,
  type PayloadToEncode,
  pgkExtensionData,
  randPayload,
  timePayload,
  verificationPayload,
} from '../../dissectors/keying/mikey-encode.ts';
import type { OctetRange } from '../../dissectors/keying/mikey-payloads.ts';
import {
  DataType,
  EncryptionAlgorithm,
  KeyDataType,
  MacAlgorithm,
  macOctets,
  PrfFunction,
} from '../../dissectors/keying/mikey-values.ts';
import { OctetWriter } from '../../dissectors/octets.ts';
import { DEFAULT_MIKEY_PROFILE, type MikeyProfile } from '../keyring/pmk.ts';
import { octetsOf } from './mikey.ts';
import { computeMac, encryptKeyData, type KeySource, prfHash } from './mikey-crypto.ts';

/** T of a message: a counter of 32 bits, or milliseconds since 1970. */
export type MessageTimestamp = { readonly counter: number } | { readonly time: number };

/** One PGK to deliver. */
export interface PgkToDeliver {
  /** Layer-2 id of the group. */
  readonly group: number;
  readonly pgkId: number;
  /** 32 octets. */
  readonly octets: Uint8Array;
  /** Milliseconds since 1970; null: valid from reception (KV null). */
  readonly notBefore: number | null;
  /** Milliseconds since 1970; null: withdrawn. */
  readonly notAfter: number | null;
}

/** A message to build. */
export interface PgkDeliveryToBuild {
  /** The PMK, 32 octets. */
  readonly pmk: Uint8Array;
  /** IDi and IDr: octets of the identity (its type is NAI), e.g. `pkmf@example.org` and the PMK id. */
  readonly initiator: Uint8Array;
  readonly responder: Uint8Array;
  readonly timestamp: MessageTimestamp;
  /** 32 bits, random for each message. */
  readonly csbId: number;
  /** 16 random octets. */
  readonly rand: Uint8Array;
  readonly keys: readonly PgkToDeliver[];
  /** Whether the UE is to answer. Default true. */
  readonly verify?: boolean;
  /** Default AES-CM-128 and HMAC-SHA-1-160 (mikey-values.ts). */
  readonly encryption?: number;
  readonly macAlgorithm?: number;
  /** What the receiver's keyring says of the PMK. */
  readonly profile?: MikeyProfile;
}

/** A message that delivers PGKs, as the UDP payload. @throws RangeError for an algorithm that is not known */
export function buildPgkDelivery(delivery: PgkDeliveryToBuild): Uint8Array {
  const { keys, csbId, rand, verify = true } = delivery;
  const profile = delivery.profile ?? DEFAULT_MIKEY_PROFILE;
  const encryption = delivery.encryption ?? EncryptionAlgorithm.aesCm128;
  const macAlgorithm = delivery.macAlgorithm ?? MacAlgorithm.hmacSha1;
  const prf = profile.prf ?? 'sha1';
  const source: KeySource = { key: delivery.pmk, prf, csbId, rand };
  const before: PayloadToEncode[] = [
    timestampPayload(delivery.timestamp),
    randPayload(rand),
    idPayload(0, delivery.initiator),
    idPayload(0, delivery.responder),
    ...keys.map((key) => extensionPayload(profile.extensionType, extensionData(key))),
  ];
  const plain = encodeKeyData(keys.map((key) => keyToEncode(key, profile.keyDataType)));
  const data = encryptKeyData(encryption, source, ivTimestamp(delivery.timestamp), plain);
  plain.fill(0);
  const message = encodeMikey({
    dataType: DataType.preShared,
    verify,
    prf: prf === 'sha1' ? PrfFunction.mikey1 : PrfFunction.hmacSha256,
    csbId,
    payloads: [...before, kemacPayload(encryption, data, macAlgorithm, emptyMac(macAlgorithm))],
  });
  const covered = message.subarray(0, message.length - macOctets(macAlgorithm));
  message.set(computeMac(macAlgorithm, source, [covered]), covered.length);
  return message;
}

/**
 * A UE's answer to a message that asks for one (RFC 3830 3.1).
 *
 * @param request the message, as `buildPgkDelivery` made it
 * @param pmk 32 octets
 * @throws RangeError where the request cannot be answered: it is no delivery, or lacks T or RAND
 */
export function buildVerification(
  request: Uint8Array,
  pmk: Uint8Array,
  profile: MikeyProfile = DEFAULT_MIKEY_PROFILE,
  macAlgorithm: number = MacAlgorithm.hmacSha1,
): Uint8Array {
  const { message } = parseMikey(request, 0, request.length);
  const { timestamp, rand, initiator, responder } = message ?? {};
  const prf = profile.prf ?? prfHash(message?.header.prf ?? -1);
  if (message === null || !timestamp || !rand || !responder || prf === null) {
    throw new RangeError('the message cannot be answered');
  }
  const { csbId, prf: prfFunction } = message.header;
  const source: KeySource = { key: pmk, prf, csbId, rand: octetsOf(request, rand.rand) };
  const answer = encodeMikey({
    dataType: DataType.preSharedVerification,
    verify: false,
    prf: prfFunction,
    csbId,
    payloads: [
      { type: timestamp.type, body: request.slice(timestamp.at + 1, timestamp.end) },
      idPayload(responder.idType, octetsOf(request, responder.id)),
      verificationPayload(macAlgorithm, emptyMac(macAlgorithm)),
    ],
  });
  const ranges: readonly OctetRange[] = [...(initiator ? [initiator.id] : []), responder.id, timestamp.value];
  const covered = answer.subarray(0, answer.length - macOctets(macAlgorithm));
  const mac = computeMac(macAlgorithm, source, [covered, ...ranges.map((range) => octetsOf(request, range))]);
  answer.set(mac, covered.length);
  return answer;
}

function timestampPayload(timestamp: MessageTimestamp): PayloadToEncode {
  return 'counter' in timestamp ? counterPayload(timestamp.counter) : timePayload(nanosecondsOf(timestamp.time));
}

/** T as the IV takes it, out of a message that has nothing else. */
function ivTimestamp(timestamp: MessageTimestamp): Uint8Array {
  const payloads = [timestampPayload(timestamp)];
  const octets = encodeMikey({ dataType: DataType.preShared, verify: false, prf: 0, csbId: 0, payloads });
  const { message } = parseMikey(octets, 0, octets.length);
  if (!message?.timestamp) throw new RangeError('the timestamp cannot be written');
  return timestampForIv(octets, message.timestamp);
}

function extensionData(key: PgkToDeliver): Uint8Array {
  if (key.notAfter !== null) return pgkExtensionData(key.group, key.pgkId, nanosecondsOf(key.notAfter));
  return new OctetWriter().uint24(key.group).uint8(key.pgkId).uint64(0n).take();
}

/** The interval ends where the extension says; a withdrawn key has none. A PGK has no salt: where one belongs it is empty. */
function keyToEncode({ octets: key, notBefore, notAfter }: PgkToDeliver, keyType: number): KeyToEncode {
  const salted: readonly number[] = [KeyDataType.tgkSalt, KeyDataType.tekSalt, KeyDataType.gtgkSalt];
  const plain = salted.includes(keyType) ? { keyType, key, salt: new Uint8Array(0) } : { keyType, key };
  if (notBefore === null || notAfter === null) return plain;
  return { ...plain, interval: { from: nanosecondsOf(notBefore), to: nanosecondsOf(notAfter) } };
}

function emptyMac(algorithm: number): Uint8Array {
  return new Uint8Array(Math.max(0, macOctets(algorithm)));
}

/** Whole microseconds, which is what milliseconds as a number can hold. */
function nanosecondsOf(milliseconds: number): bigint {
  return BigInt(Math.round(milliseconds * 1000)) * 1000n;
}
