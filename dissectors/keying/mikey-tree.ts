// Shows a MIKEY message as a tree. It reads nothing of its own: everything is placed by what `parseMikey` found.

import type { TreeWriter } from '../layer.ts';
import { addFields, addOctets } from '../layout.ts';
import { ntpToNanoseconds } from '../ntp.ts';
import { uint16, uint32 } from '../octets.ts';
import { hexText, safeText } from '../text.ts';
import {
  CS_ID_MAP,
  type GenericIdEntry,
  type MikeyHeader,
  type MikeyResult,
  parseMikey,
  parsePgkExtension,
  type SrtpIdEntry,
} from './mikey.ts';
import { mikeyFields as f, mikeyProtocol, SRTP_PARAMETER_FIELDS } from './mikey-fields.ts';
import type {
  BlobPayload,
  DhPayload,
  ExtensionPayload,
  IdPayload,
  KemacPayload,
  KeyData,
  KeyValidity,
  MikeyPayload,
  OctetRange,
  PolicyPayload,
  RandPayload,
  TimestampPayload,
} from './mikey-payloads.ts';
import { ExtensionType, PAYLOAD_NAMES, Payload, Validity } from './mikey-values.ts';

/** What every header has, before its CS ID map (RFC 3830 6.1). */
const HEADER_FIELDS = [f.version, f.dataType, f.next, f.verify, f.prf, f.csbId, f.csCount, f.mapType];

/** Constants we chose. */
/** First of the extension types for private use (RFC 3830 6.15); the PGK extension is looked for among them. */
const FIRST_PRIVATE_EXTENSION = 241;
/** Octets of an identity that are shown. */
const SHOWN_ID_OCTETS = 255;

/**
 * Shows one MIKEY message.
 *
 * @returns what `parseMikey` gave for the same octets
 */
export function dissectMikey(bytes: Uint8Array, at: number, end: number, tree: TreeWriter): MikeyResult {
  const result = parseMikey(bytes, at, end);
  tree.begin(mikeyProtocol, at, Math.max(0, end - at));
  if (result.message !== null) {
    addHeader(bytes, result.message.header, tree);
    for (const payload of result.message.payloads) {
      tree.group(PAYLOAD_NAMES.get(payload.type) ?? `Payload ${payload.type}`, payload.at, payload.end - payload.at);
      if (payload.type !== Payload.sign) addFields(tree, bytes, payload.at, [f.next]);
      addPayload(bytes, payload, tree);
      tree.end();
    }
  } else if (end - at >= CS_ID_MAP && result.problem?.code !== 'mikey.version') {
    // The map is what is wrong: what stands before it is there.
    tree.group('Common Header (HDR)', at, CS_ID_MAP);
    addFields(tree, bytes, at, HEADER_FIELDS);
    tree.end();
  }
  if (result.problem !== null) tree.problem(result.problem.code, result.problem.at, result.problem.text);
  tree.end();
  return result;
}

function addHeader(bytes: Uint8Array, header: MikeyHeader, tree: TreeWriter): void {
  tree.group('Common Header (HDR)', header.at, header.end - header.at);
  addFields(tree, bytes, header.at, HEADER_FIELDS);
  for (const session of header.sessions) {
    tree.group(session.kind === 'srtp-id' ? 'SRTP ID' : 'GENERIC ID', session.at, session.end - session.at);
    if (session.kind === 'srtp-id') addSrtpId(bytes, session, tree);
    else addGenericId(bytes, session, tree);
    tree.end();
  }
  tree.end();
}

function addSrtpId(bytes: Uint8Array, session: SrtpIdEntry, tree: TreeWriter): void {
  addFields(tree, bytes, session.at, [f.srtpPolicy, f.srtpSsrc, f.srtpRoc]);
}

function addGenericId(bytes: Uint8Array, session: GenericIdEntry, tree: TreeWriter): void {
  let next = addFields(tree, bytes, session.at, [f.genericCs, f.genericProtocol, f.genericSession, f.genericPolicies]);
  for (let left = session.policies.length; left > 0; left--) next = addFields(tree, bytes, next, [f.genericPolicy]);
  addOctets(tree, f.genericData, bytes, session.sessionData.at, session.sessionData.end);
  addOctets(tree, f.genericSpi, bytes, session.spi.at, session.spi.end);
}

function addPayload(bytes: Uint8Array, payload: MikeyPayload, tree: TreeWriter): void {
  switch (payload.kind) {
    case 't':
      addTimestamp(bytes, payload, tree);
      break;
    case 'id':
      addId(bytes, payload, tree);
      break;
    case 'rand':
      addRand(bytes, payload, tree);
      break;
    case 'kemac':
      addKemac(bytes, payload, tree);
      break;
    case 'v':
      addFields(tree, bytes, payload.at + 1, [f.authAlgorithm]);
      addOctets(tree, f.verData, bytes, payload.mac.at, payload.mac.end);
      break;
    case 'sp':
      addPolicy(bytes, payload, tree);
      break;
    case 'ext':
      addExtension(bytes, payload, tree);
      break;
    case 'dh':
      addDh(bytes, payload, tree);
      break;
    case 'key':
      addKeyBody(bytes, payload.data, tree);
      break;
    default:
      addBlob(bytes, payload, tree);
      break;
  }
}

function addTimestamp(bytes: Uint8Array, payload: TimestampPayload, tree: TreeWriter): void {
  const { value, time, counter } = payload;
  addFields(tree, bytes, payload.at + 1, payload.role < 0 ? [f.timestampType] : [f.role, f.timestampType]);
  if (time !== null) tree.add(f.timestamp, value.at, value.end - value.at, time);
  if (counter !== null) tree.add(f.counter, value.at, value.end - value.at, counter);
}

function addId(bytes: Uint8Array, payload: IdPayload, tree: TreeWriter): void {
  const head = [f.idType, f.idLength];
  addFields(tree, bytes, payload.at + 1, payload.role < 0 ? head : [f.idRole, ...head]);
  const { at, end } = payload.id;
  if (end === at) return;
  const isText = bytes.subarray(at, end).every((octet) => octet >= 0x20 && octet <= 0x7e);
  const text = isText ? safeText(bytes, at, end, SHOWN_ID_OCTETS) : hexText(bytes, at, end, SHOWN_ID_OCTETS);
  tree.add(f.id, at, end - at, text);
}

function addRand(bytes: Uint8Array, payload: RandPayload, tree: TreeWriter): void {
  addFields(tree, bytes, payload.at + 1, payload.role < 0 ? [f.randLength] : [f.role, f.randLength]);
  addOctets(tree, f.rand, bytes, payload.rand.at, payload.rand.end);
}

function addKemac(bytes: Uint8Array, payload: KemacPayload, tree: TreeWriter): void {
  addFields(tree, bytes, payload.at + 1, [f.encryption, f.keyDataLength]);
  addOctets(tree, f.keyData, bytes, payload.data.at, payload.data.end);
  for (const key of payload.keys) {
    tree.group('Key data (KEY)', key.at, key.end - key.at);
    addFields(tree, bytes, key.at, [f.next]);
    addKeyBody(bytes, key, tree);
    tree.end();
  }
  addFields(tree, bytes, payload.data.end, [f.macAlgorithm]);
  addOctets(tree, f.mac, bytes, payload.mac.at, payload.mac.end);
}

function addKeyBody(bytes: Uint8Array, key: KeyData, tree: TreeWriter): void {
  addFields(tree, bytes, key.at + 1, [f.keyType, f.keyValidity, f.keyLength]);
  addOctets(tree, f.key, bytes, key.key.at, key.key.end);
  if (key.salt.at > key.key.end) {
    addFields(tree, bytes, key.key.end, [f.saltLength]);
    addOctets(tree, f.salt, bytes, key.salt.at, key.salt.end);
  }
  addValidity(bytes, key.validity, tree);
}

function addValidity(bytes: Uint8Array, validity: KeyValidity, tree: TreeWriter): void {
  if (validity.type === Validity.spi) {
    addFields(tree, bytes, validity.spi.at - 1, [f.spiLength]);
    addOctets(tree, f.spi, bytes, validity.spi.at, validity.spi.end);
  } else if (validity.type === Validity.interval) {
    addFields(tree, bytes, validity.from.at - 1, [f.fromLength]);
    addOctets(tree, f.from, bytes, validity.from.at, validity.from.end);
    if (validity.fromTime !== null) tree.generated(f.fromTime, validity.fromTime);
    addFields(tree, bytes, validity.to.at - 1, [f.toLength]);
    addOctets(tree, f.to, bytes, validity.to.at, validity.to.end);
    if (validity.toTime !== null) tree.generated(f.toTime, validity.toTime);
  }
}

function addPolicy(bytes: Uint8Array, payload: PolicyPayload, tree: TreeWriter): void {
  addFields(tree, bytes, payload.at + 1, [f.policy, f.protocol, f.policyLength]);
  for (const { type, value } of payload.parameters) {
    const named = payload.protocol === 0 && value.end - value.at === 1 ? SRTP_PARAMETER_FIELDS.get(type) : undefined;
    tree.group(named?.label ?? `Parameter ${type}`, value.at - 2, value.end - value.at + 2);
    addFields(tree, bytes, value.at - 2, [f.parameterType, f.parameterLength]);
    if (named === undefined) addOctets(tree, f.parameterValue, bytes, value.at, value.end);
    else addFields(tree, bytes, value.at, [named]);
    tree.end();
  }
}

function addExtension(bytes: Uint8Array, payload: ExtensionPayload, tree: TreeWriter): void {
  addFields(tree, bytes, payload.at + 1, [f.extensionType, f.extensionLength]);
  const { at, end } = payload.data;
  const { extensionType } = payload;
  if (extensionType === ExtensionType.sdpIds) tree.add(f.extensionText, at, end - at, safeText(bytes, at, end));
  else if (extensionType === ExtensionType.keyId) addKeyIds(bytes, payload.data, tree);
  else if (extensionType >= FIRST_PRIVATE_EXTENSION && parsePgkExtension(bytes, payload) !== null) {
    addFields(tree, bytes, at, [f.group, f.pgkId]);
    tree.add(f.pgkEnd, at + 4, 8, ntpToNanoseconds(uint32(bytes, at + 4), uint32(bytes, at + 8)));
  } else addOctets(tree, f.extensionData, bytes, at, end);
}

/** Key identifiers (RFC 4563 4): type, length, identifier; what does not fit is shown as octets. */
function addKeyIds(bytes: Uint8Array, data: OctetRange, tree: TreeWriter): void {
  let next = data.at;
  while (next + 3 <= data.end && next + 3 + uint16(bytes, next + 1) <= data.end) {
    const idAt = addFields(tree, bytes, next, [f.keyIdType, f.keyIdLength]);
    next = idAt + uint16(bytes, next + 1);
    addOctets(tree, f.keyId, bytes, idAt, next);
  }
  addOctets(tree, f.extensionData, bytes, next, data.end);
}

function addDh(bytes: Uint8Array, payload: DhPayload, tree: TreeWriter): void {
  addFields(tree, bytes, payload.at + 1, [f.dhGroup]);
  addOctets(tree, f.dhValue, bytes, payload.value.at, payload.value.end);
  addFields(tree, bytes, payload.value.end, [f.dhReserved, f.dhValidity]);
  addValidity(bytes, payload.validity, tree);
}

function addBlob(bytes: Uint8Array, payload: BlobPayload, tree: TreeWriter): void {
  const { at, end } = payload.data;
  const body = payload.at + 1;
  switch (payload.kind) {
    case 'sign':
      addFields(tree, bytes, payload.at, [f.signatureType, f.signatureLength]);
      addOctets(tree, f.signature, bytes, at, end);
      break;
    case 'pke':
      addFields(tree, bytes, body, [f.cache, f.pkeLength]);
      addOctets(tree, f.pkeData, bytes, at, end);
      break;
    case 'cert':
      addFields(tree, bytes, body, [f.certificateType, f.certificateLength]);
      addOctets(tree, f.certificate, bytes, at, end);
      break;
    case 'chash':
      addFields(tree, bytes, body, [f.hashFunction]);
      addOctets(tree, f.hash, bytes, at, end);
      break;
    case 'err':
      addFields(tree, bytes, body, [f.error, f.errorReserved]);
      break;
    case 'sakke':
      addFields(tree, bytes, body, [f.sakkeParameters, f.sakkeScheme, f.sakkeLength]);
      addOctets(tree, f.sakkeData, bytes, at, end);
      break;
  }
}
