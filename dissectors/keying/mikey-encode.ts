// Builds MIKEY messages (RFC 3830 6): payload bodies, the chain of next payloads, the key data of a KEMAC. Encryption and
// MAC are the caller's; a message is built with MAC octets of 0 first, and the MAC written where `parseMikey` finds it.

import { nanosecondsToNtp } from '../ntp.ts';
import { OctetWriter } from '../octets.ts';
import { CsIdMapType, Payload, TimestampType, Validity } from './mikey-values.ts';

/** A payload: its number, and everything behind its `next payload` octet. */
export interface PayloadToEncode {
  readonly type: number;
  readonly body: Uint8Array;
}

/** Header and payloads of a message. */
export interface MessageToEncode {
  readonly dataType: number;
  readonly verify: boolean;
  readonly prf: number;
  readonly csbId: number;
  /** Number of crypto sessions and their map; by default none, with the empty map (RFC 4563). */
  readonly csCount?: number;
  readonly mapType?: number;
  readonly map?: Uint8Array;
  readonly payloads: readonly PayloadToEncode[];
}

/** A message. SIGN has no `next payload` (RFC 3830 6.5) and has to be the last. */
export function encodeMikey(message: MessageToEncode): Uint8Array {
  const { payloads } = message;
  const writer = new OctetWriter()
    .uint8(1)
    .uint8(message.dataType)
    .uint8(payloads[0]?.type ?? Payload.last)
    .uint8((message.verify ? 0x80 : 0) | (message.prf & 0x7f))
    .uint32(message.csbId)
    .uint8(message.csCount ?? 0)
    .uint8(message.mapType ?? CsIdMapType.empty)
    .bytes(message.map ?? new Uint8Array(0));
  for (const [index, payload] of payloads.entries()) {
    if (payload.type !== Payload.sign) writer.uint8(payloads[index + 1]?.type ?? Payload.last);
    writer.bytes(payload.body);
  }
  return writer.take();
}

/** T of type COUNTER. */
export function counterPayload(counter: number): PayloadToEncode {
  return { type: Payload.t, body: new OctetWriter().uint8(TimestampType.counter).uint32(counter).take() };
}

/** T of type NTP-UTC. @param nanoseconds since 1970 UTC */
export function timePayload(nanoseconds: bigint): PayloadToEncode {
  const ntp = nanosecondsToNtp(nanoseconds);
  return { type: Payload.t, body: new OctetWriter().uint8(TimestampType.ntpUtc).uint64(ntp).take() };
}

/** RAND. @param rand up to 255 octets */
export function randPayload(rand: Uint8Array): PayloadToEncode {
  return { type: Payload.rand, body: new OctetWriter().uint8(rand.length).bytes(rand).take() };
}

/** ID. @param idType 0 NAI, 1 URI, 2 byte string */
export function idPayload(idType: number, id: Uint8Array): PayloadToEncode {
  return { type: Payload.id, body: new OctetWriter().uint8(idType).uint16(id.length).bytes(id).take() };
}

/** IDR. @param role 1 initiator, 2 responder, ... */
export function idrPayload(role: number, idType: number, id: Uint8Array): PayloadToEncode {
  const body = new OctetWriter().uint8(role).uint8(idType).uint16(id.length).bytes(id).take();
  return { type: Payload.idr, body };
}

/** General extension. */
export function extensionPayload(extensionType: number, data: Uint8Array): PayloadToEncode {
  const body = new OctetWriter().uint8(extensionType).uint16(data.length).bytes(data).take();
  return { type: Payload.extension, body };
}

/** Data of the PGK extension: group (3), PGK id (1), end of validity (NTP-UTC). @param notAfter nanoseconds since 1970 */
export function pgkExtensionData(group: number, pgkId: number, notAfter: bigint): Uint8Array {
  return new OctetWriter().uint24(group).uint8(pgkId).uint64(nanosecondsToNtp(notAfter)).take();
}

/** KEMAC. @param data enciphered key data (or plain, with encryption 0) @param mac as long as its algorithm says */
export function kemacPayload(
  encryption: number,
  data: Uint8Array,
  macAlgorithm: number,
  mac: Uint8Array,
): PayloadToEncode {
  const writer = new OctetWriter().uint8(encryption).uint16(data.length).bytes(data);
  return { type: Payload.kemac, body: writer.uint8(macAlgorithm).bytes(mac).take() };
}

/** V. */
export function verificationPayload(algorithm: number, mac: Uint8Array): PayloadToEncode {
  return { type: Payload.v, body: new OctetWriter().uint8(algorithm).bytes(mac).take() };
}

/** SP with parameters as type and value. @param protocol 0 SRTP */
export function policyPayload(
  policy: number,
  protocol: number,
  parameters: readonly { readonly type: number; readonly value: Uint8Array }[],
): PayloadToEncode {
  const list = new OctetWriter();
  for (const parameter of parameters) list.uint8(parameter.type).uint8(parameter.value.length).bytes(parameter.value);
  const body = new OctetWriter().uint8(policy).uint8(protocol).uint16(list.length).bytes(list.take()).take();
  return { type: Payload.sp, body };
}

/** ERR. */
export function errorPayload(error: number): PayloadToEncode {
  return { type: Payload.err, body: new OctetWriter().uint8(error).uint16(0).take() };
}

/** SIGN. @param signature up to 4,095 octets */
export function signPayload(signatureType: number, signature: Uint8Array): PayloadToEncode {
  const body = new OctetWriter()
    .uint16((signatureType << 12) | signature.length)
    .bytes(signature)
    .take();
  return { type: Payload.sign, body };
}

/** One key for a KEMAC. */
export interface KeyToEncode {
  /** 0 TGK, 2 TEK; 1 and 3 with a salt. */
  readonly keyType: number;
  readonly key: Uint8Array;
  readonly salt?: Uint8Array;
  /** An SPI/MKI, or an interval in nanoseconds since 1970 UTC; absent: no restriction (KV null). */
  readonly spi?: Uint8Array;
  readonly interval?: { readonly from: bigint; readonly to: bigint };
}

/** The chain of key data sub-payloads, to be enciphered. */
export function encodeKeyData(keys: readonly KeyToEncode[]): Uint8Array {
  const writer = new OctetWriter();
  for (const [index, key] of keys.entries()) {
    const validity = key.interval ? Validity.interval : key.spi ? Validity.spi : Validity.none;
    writer
      .uint8(index + 1 < keys.length ? Payload.keyData : Payload.last)
      .uint8((key.keyType << 4) | validity)
      .uint16(key.key.length)
      .bytes(key.key);
    if (key.salt) writer.uint16(key.salt.length).bytes(key.salt);
    if (key.interval) {
      writer.uint8(8).uint64(nanosecondsToNtp(key.interval.from));
      writer.uint8(8).uint64(nanosecondsToNtp(key.interval.to));
    } else if (key.spi) writer.uint8(key.spi.length).bytes(key.spi);
  }
  return writer.take();
}
