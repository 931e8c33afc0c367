// The field table of MIKEY. Names are Wireshark's, `mikey.sp.patam.value` included, where it has them.

import { type Field, type FieldOptions, type FieldType, field, type Protocol } from '../layer.ts';
import {
  CACHE_NAMES,
  CERTIFICATE_NAMES,
  CS_ID_MAP_NAMES,
  DATA_TYPE_NAMES,
  DH_GROUP_NAMES,
  ENCRYPTION_NAMES,
  ERROR_NAMES,
  EXTENSION_NAMES,
  HASH_NAMES,
  ID_TYPE_NAMES,
  KEY_DATA_NAMES,
  KEY_ID_NAMES,
  MAC_NAMES,
  ON_OFF_NAMES,
  PAYLOAD_NAMES,
  PRF_NAMES,
  ROLE_NAMES,
  SIGNATURE_NAMES,
  SRTP_AUTHENTICATION_NAMES,
  SRTP_ENCRYPTION_NAMES,
  SRTP_PARAMETER_NAMES,
  TIMESTAMP_NAMES,
  VALIDITY_NAMES,
} from './mikey-values.ts';

/** One field of RFC 3830, by section. */
function of(
  section: string,
  name: string,
  label: string,
  type: FieldType,
  about: string,
  options: Partial<FieldOptions> = {},
): Field {
  const clause = section.includes(' ') ? section : `RFC 3830 ${section}`;
  return field(name, label, type, { ...options, about, clause });
}

const VARIES = { width: 0 } as const;

export const mikeyFields = {
  version: of('6.1', 'mikey.version', 'Version', 'uint', 'Version of MIKEY, 1.'),
  dataType: of('6.1', 'mikey.type', 'Data Type', 'uint', 'Kind of message.', { values: DATA_TYPE_NAMES }),
  next: of('6.1', 'mikey.next_payload', 'Next Payload', 'uint', 'Which payload follows.', { values: PAYLOAD_NAMES }),
  verify: of('6.1', 'mikey.v.set', 'V', 'bool', 'A verification message is asked for.', { mask: 0x80 }),
  prf: of('6.1', 'mikey.prf_func', 'PRF func', 'uint', 'Function that derives keys.', {
    mask: 0x7f,
    values: PRF_NAMES,
  }),
  csbId: of('6.1', 'mikey.csb_id', 'CSB ID', 'uint', 'Which crypto session bundle.', { base: 'hex', width: 4 }),
  csCount: of('6.1', 'mikey.cs_count', '#CS', 'uint', 'Crypto sessions in the map.'),
  mapType: of('6.1', 'mikey.cs_id_map_type', 'CS ID map type', 'uint', 'Layout of the map.', {
    values: CS_ID_MAP_NAMES,
  }),
  srtpPolicy: of('6.1.1', 'mikey.srtp_id.policy_no', 'Policy No', 'uint', 'Which policy applies to the session.'),
  srtpSsrc: of('6.1.1', 'mikey.srtp_id.ssrc', 'SSRC', 'uint', 'Stream of the session.', { base: 'hex', width: 4 }),
  srtpRoc: of('6.1.1', 'mikey.srtp_id.roc', 'ROC', 'uint', 'Its rollover counter.', { base: 'hex', width: 4 }),
  genericCs: of('RFC 6043 6.1.1', 'mikey.generic_id.cs_id', 'CS ID', 'uint', 'Which crypto session.'),
  genericProtocol: of('RFC 6043 6.1.1', 'mikey.generic_id.prot_type', 'Prot type', 'uint', 'Its protocol, 0 is SRTP.'),
  genericSession: of('RFC 6043 6.1.1', 'mikey.generic_id.s', 'S', 'bool', 'Session data is used.', { mask: 0x80 }),
  genericPolicies: of('RFC 6043 6.1.1', 'mikey.generic_id.policy_count', '#P', 'uint', 'Policies that follow.', {
    mask: 0x7f,
  }),
  genericPolicy: of('RFC 6043 6.1.1', 'mikey.generic_id.policy_no', 'Policy No', 'uint', 'A policy of the session.'),
  genericData: of('RFC 6043 6.1.1', 'mikey.generic_id.data', 'Session Data', 'bytes', 'Data of the protocol.', VARIES),
  genericSpi: of('RFC 6043 6.1.1', 'mikey.generic_id.spi', 'SPI', 'bytes', 'Names the key of the session.', VARIES),

  encryption: of('6.2', 'mikey.kemac.encr_alg', 'Encr alg', 'uint', 'How the key data is enciphered.', {
    values: ENCRYPTION_NAMES,
  }),
  keyDataLength: of('6.2', 'mikey.kemac.key_data_len', 'Key data len', 'uint', 'Octets of key data.', { width: 2 }),
  keyData: of('6.2', 'mikey.kemac.key_data', 'Key data', 'bytes', 'Key data as it was sent.', VARIES),
  macAlgorithm: of('6.2', 'mikey.kemac.mac_alg', 'Mac alg', 'uint', 'How the MAC is made.', { values: MAC_NAMES }),
  mac: of('6.2', 'mikey.kemac.mac', 'MAC', 'bytes', 'Proves who made the message.', VARIES),

  cache: of('6.3', 'mikey.pke.c', 'C', 'uint', 'Whether to keep the envelope key.', {
    width: 2,
    mask: 0xc000,
    values: CACHE_NAMES,
  }),
  pkeLength: of('6.3', 'mikey.pke.len', 'Data len', 'uint', 'Octets of the envelope.', { width: 2, mask: 0x3fff }),
  pkeData: of('6.3', 'mikey.pke.data', 'Data', 'bytes', 'Envelope key, enciphered.', VARIES),

  dhGroup: of('6.4', 'mikey.dh.group', 'DH-Group', 'uint', 'Group of the value.', { values: DH_GROUP_NAMES }),
  dhValue: of('6.4', 'mikey.dh.value', 'DH-Value', 'bytes', 'Public value.', VARIES),
  dhReserved: of('6.4', 'mikey.dh.reserv', 'Reserv', 'uint', 'Zero.', { base: 'hex', mask: 0xf0 }),
  dhValidity: of('6.4', 'mikey.dh.kv', 'KV', 'uint', 'Kind of key validity.', { mask: 0x0f, values: VALIDITY_NAMES }),

  signatureType: of('6.5', 'mikey.sign.type', 'Signature type', 'uint', 'How the signature is made.', {
    width: 2,
    mask: 0xf000,
    values: SIGNATURE_NAMES,
  }),
  signatureLength: of('6.5', 'mikey.sign.len', 'Signature len', 'uint', 'Octets of the signature.', {
    width: 2,
    mask: 0x0fff,
  }),
  signature: of('6.5', 'mikey.sign.data', 'Signature', 'bytes', 'Signature over the message.', VARIES),

  timestampType: of('6.6', 'mikey.t.ts_type', 'TS type', 'uint', 'Clock or counter.', { values: TIMESTAMP_NAMES }),
  timestamp: of('6.6', 'mikey.t.ntp', 'NTP timestamp', 'time', 'When the message was made.', VARIES),
  counter: of('6.6', 'mikey.t.counter', 'Counter', 'uint', 'Rises with each message of a key.', { width: 4 }),
  role: of('RFC 6043 6.4', 'mikey.role', 'Role', 'uint', 'Whose timestamp or random value.', { values: ROLE_NAMES }),

  idRole: of('RFC 6043 6.6', 'mikey.id.role', 'ID role', 'uint', 'Whose identity.', { values: ROLE_NAMES }),
  idType: of('6.7', 'mikey.id.type', 'ID type', 'uint', 'Form of the identity.', { values: ID_TYPE_NAMES }),
  idLength: of('6.7', 'mikey.id.len', 'ID len', 'uint', 'Octets of the identity.', { width: 2 }),
  id: of('6.7', 'mikey.id.data', 'ID', 'text', 'The identity; hex where it is not printable.', VARIES),

  certificateType: of('6.7', 'mikey.cert.type', 'Certificate type', 'uint', 'Form of the certificate.', {
    values: CERTIFICATE_NAMES,
  }),
  certificateLength: of('6.7', 'mikey.cert.len', 'Certificate len', 'uint', 'Octets of it.', { width: 2 }),
  certificate: of('6.7', 'mikey.cert.data', 'Certificate', 'bytes', 'The certificate, or where to get it.', VARIES),
  hashFunction: of('6.8', 'mikey.chash.func', 'Hash func', 'uint', 'How the hash is made.', { values: HASH_NAMES }),
  hash: of('6.8', 'mikey.chash.data', 'Hash', 'bytes', 'Hash of the certificate.', VARIES),

  authAlgorithm: of('6.9', 'mikey.v.auth_alg', 'Auth alg', 'uint', 'How the MAC is made.', { values: MAC_NAMES }),
  verData: of('6.9', 'mikey.v.ver_data', 'Ver data', 'bytes', 'MAC of the verification message.', VARIES),

  policy: of('6.10', 'mikey.sp.no', 'Policy No', 'uint', 'Number of the policy.'),
  protocol: of('6.10', 'mikey.sp.proto_type', 'Protocol type', 'uint', 'Protocol that it is for.', {
    values: new Map([[0, 'SRTP']]),
  }),
  policyLength: of('6.10', 'mikey.sp.param_len', 'Policy param length', 'uint', 'Octets of parameters.', { width: 2 }),
  parameterType: of('6.10', 'mikey.sp.param.type', 'Type', 'uint', 'Which parameter.', {
    values: SRTP_PARAMETER_NAMES,
  }),
  parameterLength: of('6.10', 'mikey.sp.param.len', 'Length', 'uint', 'Octets of its value.'),
  parameterValue: of('6.10', 'mikey.sp.patam.value', 'Value', 'bytes', 'Value of a parameter.', VARIES),
  srtpEncryption: of('6.10.1', 'mikey.sp.encr_alg', 'Encryption algorithm', 'uint', 'Cipher of SRTP.', {
    values: SRTP_ENCRYPTION_NAMES,
  }),
  srtpKeyLength: of('6.10.1', 'mikey.sp.encr_len', 'Session Encr. key length', 'uint', 'Octets of the cipher key.'),
  srtpAuth: of('6.10.1', 'mikey.sp.auth_alg', 'Authentication algorithm', 'uint', 'MAC of SRTP.', {
    values: SRTP_AUTHENTICATION_NAMES,
  }),
  srtpAuthLength: of('6.10.1', 'mikey.sp.auth_key_len', 'Session Auth. key length', 'uint', 'Octets of the MAC key.'),
  srtpSaltLength: of('6.10.1', 'mikey.sp.salt_len', 'Session Salt key length', 'uint', 'Octets of the salt.'),
  srtpPrf: of('6.10.1', 'mikey.sp.prf', 'SRTP Pseudo Random Function', 'uint', 'Derives session keys.', {
    values: new Map([[0, 'AES-CM']]),
  }),
  srtpRate: of('6.10.1', 'mikey.sp.kd_rate', 'Key derivation rate', 'uint', 'How often keys are derived anew.'),
  srtpOn: of('6.10.1', 'mikey.sp.srtp_encr', 'SRTP encryption', 'uint', 'On or off.', { values: ON_OFF_NAMES }),
  srtcpOn: of('6.10.1', 'mikey.sp.srtcp_encr', 'SRTCP encryption', 'uint', 'On or off.', { values: ON_OFF_NAMES }),
  srtpFec: of('6.10.1', 'mikey.sp.fec', "Sender's FEC order", 'uint', 'Order of FEC and SRTP.', {
    values: new Map([[0, 'FEC-SRTP']]),
  }),
  srtpAuthOn: of('6.10.1', 'mikey.sp.srtp_auth', 'SRTP authentication', 'uint', 'On or off.', {
    values: ON_OFF_NAMES,
  }),
  srtpTagLength: of('6.10.1', 'mikey.sp.auth_tag_len', 'Authentication tag length', 'uint', 'Octets of the tag.'),
  srtpPrefix: of('6.10.1', 'mikey.sp.srtp_prefix', 'SRTP prefix length', 'uint', 'Octets of the prefix.'),
  srtpRocRate: of(
    'RFC 4771 4',
    'mikey.sp.roc_rate',
    'ROC transmission rate',
    'uint',
    'The ROC goes with each n-th packet.',
  ),
  srtpTag18: of('TS 33.180 E.2', 'mikey.sp.srtp_tag_len', 'SRTP authentication tag length', 'uint', 'Octets.'),
  srtpTag19: of('TS 33.180 E.2', 'mikey.sp.srtcp_tag_len', 'SRTCP authentication tag length', 'uint', 'Octets.'),
  srtpAeadTag: of('RFC 7714 14.2', 'mikey.sp.aead_tag_len', 'AEAD authentication tag length', 'uint', 'Octets.'),

  randLength: of('6.11', 'mikey.rand.len', 'RAND len', 'uint', 'Octets of the random value.'),
  rand: of('6.11', 'mikey.rand.data', 'RAND', 'bytes', 'Makes derived keys fresh.', VARIES),
  error: of('6.12', 'mikey.err.no', 'Error no.', 'uint', 'What went wrong.', { values: ERROR_NAMES }),
  errorReserved: of('6.12', 'mikey.err.reserved', 'Reserved', 'bytes', 'Zero.', { width: 2 }),

  keyType: of('6.13', 'mikey.key.type', 'Type', 'uint', 'Kind of key.', { mask: 0xf0, values: KEY_DATA_NAMES }),
  keyValidity: of('6.13', 'mikey.key.kv', 'KV', 'uint', 'Kind of key validity.', {
    mask: 0x0f,
    values: VALIDITY_NAMES,
  }),
  keyLength: of('6.13', 'mikey.key.data.len', 'Key len', 'uint', 'Octets of the key.', { width: 2 }),
  key: of('6.13', 'mikey.key.data', 'Key', 'bytes', 'A key that was sent in the clear.', VARIES),
  saltLength: of('6.13', 'mikey.key.salt.len', 'Salt key len', 'uint', 'Octets of the salt.', { width: 2 }),
  salt: of('6.13', 'mikey.key.salt', 'Salt key', 'bytes', 'A salt that was sent in the clear.', VARIES),
  fromLength: of('6.14', 'mikey.key.kv.from.len', 'Valid from len', 'uint', 'Octets of the beginning.'),
  from: of('6.14', 'mikey.key.kv.from', 'Valid from', 'bytes', 'Beginning of validity.', VARIES),
  fromTime: of('6.14', 'mikey.key.kv.from.time', 'Valid from', 'time', 'The same as a date.', VARIES),
  toLength: of('6.14', 'mikey.key.kv.to.len', 'Valid to len', 'uint', 'Octets of the end.'),
  to: of('6.14', 'mikey.key.kv.to', 'Valid to', 'bytes', 'End of validity.', VARIES),
  toTime: of('6.14', 'mikey.key.kv.to.time', 'Valid to', 'time', 'The same as a date.', VARIES),
  spiLength: of('6.14', 'mikey.key.kv.spi.len', 'Valid SPI len', 'uint', 'Octets of the SPI.'),
  spi: of('6.14', 'mikey.key.kv.spi', 'Valid SPI', 'bytes', 'SPI or MKI that the key belongs to.', VARIES),

  extensionType: of('6.15', 'mikey.ext.type', 'Extension type', 'uint', 'Kind of extension.', {
    values: EXTENSION_NAMES,
  }),
  extensionLength: of('6.15', 'mikey.ext.len', 'Length', 'uint', 'Octets of it.', { width: 2 }),
  extensionData: of('6.15', 'mikey.ext.data', 'Data', 'bytes', 'Content of the extension.', VARIES),
  extensionText: of('6.15', 'mikey.ext.value', 'Value', 'text', 'SDP session identifiers.', VARIES),
  keyIdType: of('RFC 4563 4', 'mikey.ext.key_id.type', 'Key ID type', 'uint', 'Which kind of key.', {
    values: KEY_ID_NAMES,
  }),
  keyIdLength: of('RFC 4563 4', 'mikey.ext.key_id.len', 'Key ID length', 'uint', 'Octets of it.', { width: 2 }),
  keyId: of('RFC 4563 4', 'mikey.ext.key_id', 'Key ID', 'bytes', 'Names the key.', VARIES),
  group: of('sidescope PGK extension', 'mikey.ext.pgk.group', 'Group', 'l2id', 'Group that the PGK is for.', {
    width: 3,
  }),
  pgkId: of('sidescope PGK extension', 'mikey.ext.pgk.id', 'PGK id', 'uint', 'Identity of the PGK.'),
  pgkEnd: of('sidescope PGK extension', 'mikey.ext.pgk.not_after', 'PGK valid to', 'time', 'End of its validity.', {
    width: 8,
  }),

  sakkeParameters: of('RFC 6509 4.2', 'mikey.sakke.params', 'SAKKE params', 'uint', 'Parameter set.'),
  sakkeScheme: of('RFC 6509 4.2', 'mikey.sakke.idscheme', 'ID scheme', 'uint', 'How identifiers are made.'),
  sakkeLength: of('RFC 6509 4.2', 'mikey.sakke.len', 'SAKKE data length', 'uint', 'Octets of it.', { width: 2 }),
  sakkeData: of('RFC 6509 4.2', 'mikey.sakke.data', 'SAKKE data', 'bytes', 'Encapsulated secret.', VARIES),
} as const;

/** Field of an SRTP policy parameter of one octet, by its type. */
export const SRTP_PARAMETER_FIELDS: ReadonlyMap<number, Field> = new Map([
  [0, mikeyFields.srtpEncryption],
  [1, mikeyFields.srtpKeyLength],
  [2, mikeyFields.srtpAuth],
  [3, mikeyFields.srtpAuthLength],
  [4, mikeyFields.srtpSaltLength],
  [5, mikeyFields.srtpPrf],
  [6, mikeyFields.srtpRate],
  [7, mikeyFields.srtpOn],
  [8, mikeyFields.srtcpOn],
  [9, mikeyFields.srtpFec],
  [10, mikeyFields.srtpAuthOn],
  [11, mikeyFields.srtpTagLength],
  [12, mikeyFields.srtpPrefix],
  [13, mikeyFields.srtpRocRate],
  [18, mikeyFields.srtpTag18],
  [19, mikeyFields.srtpTag19],
  [20, mikeyFields.srtpAeadTag],
]);

/** MIKEY and its fields. */
export const mikeyProtocol: Protocol = {
  name: 'mikey',
  title: 'Multimedia Internet KEYing',
  about: 'Carries group keys and their validity.',
  clause: 'RFC 3830',
  fields: mikeyFields,
};
