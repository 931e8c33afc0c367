// MIKEY's numbers and their names (RFC 3830 6 and the registry that grew from it).

/** Payload numbers in `next payload` (RFC 3830 6.1; RFC 6043 6.1; RFC 6509 4). */
export const Payload = {
  last: 0,
  kemac: 1,
  pke: 2,
  dh: 3,
  sign: 4,
  t: 5,
  id: 6,
  cert: 7,
  chash: 8,
  v: 9,
  sp: 10,
  rand: 11,
  err: 12,
  tr: 13,
  idr: 14,
  randr: 15,
  tp: 16,
  ticket: 17,
  keyData: 20,
  extension: 21,
  sakke: 26,
} as const;

export const PAYLOAD_NAMES: ReadonlyMap<number, string> = new Map([
  [0, 'Last payload'],
  [1, 'Key Data Transport (KEMAC)'],
  [2, 'Envelope Data (PKE)'],
  [3, 'DH Data (DH)'],
  [4, 'Signature (SIGN)'],
  [5, 'Timestamp (T)'],
  [6, 'ID'],
  [7, 'Certificate (CERT)'],
  [8, 'CHASH'],
  [9, 'Ver msg (V)'],
  [10, 'Security Policy (SP)'],
  [11, 'RAND'],
  [12, 'Error (ERR)'],
  [13, 'Timestamp with role (TR)'],
  [14, 'IDR'],
  [15, 'RAND with role (RANDR)'],
  [16, 'Ticket Policy (TP)'],
  [17, 'Ticket (TICKET)'],
  [20, 'Key data (KEY)'],
  [21, 'General Extension (EXT)'],
  [26, 'SAKKE Encapsulated Data (SAKKE)'],
]);

/** Data types (RFC 3830 6.1, RFC 4650, RFC 4738, RFC 6043, RFC 6509). */
export const DataType = {
  preShared: 0,
  preSharedVerification: 1,
  publicKey: 2,
  publicKeyVerification: 3,
  dhInit: 4,
  dhResponse: 5,
  error: 6,
  sakke: 26,
} as const;

export const DATA_TYPE_NAMES: ReadonlyMap<number, string> = new Map([
  [0, 'Pre-shared'],
  [1, 'PSK ver msg'],
  [2, 'Public key'],
  [3, 'PK ver msg'],
  [4, 'D-H init'],
  [5, 'D-H resp'],
  [6, 'Error'],
  [7, 'DHHMAC init'],
  [8, 'DHHMAC resp'],
  [9, 'RSA-R I_MSG'],
  [10, 'RSA-R R_MSG'],
  [11, 'MIKEY-TICKET REQUEST_INIT_PSK'],
  [12, 'MIKEY-TICKET REQUEST_INIT_PK'],
  [13, 'MIKEY-TICKET REQUEST_RESP'],
  [14, 'MIKEY-TICKET TRANSFER_INIT'],
  [15, 'MIKEY-TICKET TRANSFER_RESP'],
  [16, 'MIKEY-TICKET RESOLVE_INIT_PSK'],
  [17, 'MIKEY-TICKET RESOLVE_INIT_PK'],
  [18, 'MIKEY-TICKET RESOLVE_RESP'],
  [26, 'SAKKE'],
  [27, 'CS Id map Update'],
]);

/** PRF functions (RFC 3830 6.1, RFC 6043 6.1). */
export const PrfFunction = { mikey1: 0, hmacSha256: 1 } as const;
export const PRF_NAMES: ReadonlyMap<number, string> = new Map([
  [0, 'MIKEY-1'],
  [1, 'PRF-HMAC-SHA-256'],
]);

/** CS ID map types (RFC 3830 6.1.1, RFC 4563, RFC 6043 6.1.1). */
export const CsIdMapType = { srtpId: 0, empty: 1, genericId: 2 } as const;
export const CS_ID_MAP_NAMES: ReadonlyMap<number, string> = new Map([
  [0, 'SRTP-ID'],
  [1, 'Empty map'],
  [2, 'GENERIC-ID'],
]);

/** Encryption of KEMAC (RFC 3830 6.2, RFC 6043 6.2). */
export const EncryptionAlgorithm = { none: 0, aesCm128: 1, aesKw128: 2 } as const;
export const ENCRYPTION_NAMES: ReadonlyMap<number, string> = new Map([
  [0, 'NULL'],
  [1, 'AES-CM-128'],
  [2, 'AES-KW-128'],
  [3, 'AES-CM-256'],
  [4, 'AES-CCM-128'],
  [5, 'AES-CCM-256'],
  [6, 'AES-GCM-128'],
]);

/** MAC of KEMAC and V (RFC 3830 6.2, RFC 6043 6.2). */
export const MacAlgorithm = { none: 0, hmacSha1: 1, hmacSha256: 2 } as const;
export const MAC_NAMES: ReadonlyMap<number, string> = new Map([
  [0, 'NULL'],
  [1, 'HMAC-SHA-1-160'],
  [2, 'HMAC-SHA-256-256'],
]);

/** Octets of a MAC by its algorithm: 0, 20 or 32; -1 where the algorithm is not known. */
export function macOctets(algorithm: number): number {
  if (algorithm === MacAlgorithm.none) return 0;
  if (algorithm === MacAlgorithm.hmacSha1) return 20;
  if (algorithm === MacAlgorithm.hmacSha256) return 32;
  return -1;
}

/** Timestamp types (RFC 3830 6.6, RFC 6043 6.6). */
export const TimestampType = { ntpUtc: 0, ntp: 1, counter: 2, ntpUtc32: 3 } as const;
export const TIMESTAMP_NAMES: ReadonlyMap<number, string> = new Map([
  [0, 'NTP-UTC'],
  [1, 'NTP'],
  [2, 'COUNTER'],
  [3, 'NTP-UTC-32'],
]);

/** Octets of a timestamp by its type: 8 or 4; -1 where the type is not known. */
export function timestampOctets(type: number): number {
  if (type === TimestampType.ntpUtc || type === TimestampType.ntp) return 8;
  if (type === TimestampType.counter || type === TimestampType.ntpUtc32) return 4;
  return -1;
}

export const ID_TYPE_NAMES: ReadonlyMap<number, string> = new Map([
  [0, 'NAI'],
  [1, 'URI'],
  [2, 'Byte string'],
]);

/** Roles of IDR, TR and RANDR (RFC 6043 6.4, RFC 6509 4.4, TS 33.180 E.1). */
export const Role = { initiator: 1, responder: 2 } as const;
export const ROLE_NAMES: ReadonlyMap<number, string> = new Map([
  [0, 'Reserved'],
  [1, 'Initiator (IDRi)'],
  [2, 'Responder (IDRr)'],
  [3, 'KMS (IDRkms)'],
  [4, 'Pre-Shared Key (IDRpsk)'],
  [5, 'Application (IDRapp)'],
  [6, "Initiator's KMS (IDRkmsi)"],
  [7, "Responder's KMS (IDRkmsr)"],
  [8, "Initiator's UID (IDRuidi)"],
  [9, "Responder's UID (IDRuidr)"],
]);

/** Key data types (RFC 3830 6.13, RFC 6043 6.13). */
export const KeyDataType = { tgk: 0, tgkSalt: 1, tek: 2, tekSalt: 3, gtgk: 4, gtgkSalt: 5, mpk: 6 } as const;
export const KEY_DATA_NAMES: ReadonlyMap<number, string> = new Map([
  [0, 'TGK'],
  [1, 'TGK+SALT'],
  [2, 'TEK'],
  [3, 'TEK+SALT'],
  [4, 'GTGK'],
  [5, 'GTGK+SALT'],
  [6, 'MPK'],
]);

/** Key validity types (RFC 3830 6.14). */
export const Validity = { none: 0, spi: 1, interval: 2 } as const;
export const VALIDITY_NAMES: ReadonlyMap<number, string> = new Map([
  [0, 'Null'],
  [1, 'SPI/MKI'],
  [2, 'Interval'],
]);

/** Octets of a Diffie-Hellman value by group (RFC 3830 6.4); -1 where the group is not known. */
export function dhOctets(group: number): number {
  if (group === 0) return 192;
  if (group === 1) return 96;
  if (group === 2) return 128;
  return -1;
}

export const DH_GROUP_NAMES: ReadonlyMap<number, string> = new Map([
  [0, 'OAKLEY 5'],
  [1, 'OAKLEY 1'],
  [2, 'OAKLEY 2'],
]);

export const SIGNATURE_NAMES: ReadonlyMap<number, string> = new Map([
  [0, 'RSA/PKCS#1/1.5'],
  [1, 'RSA/PSS'],
  [2, 'ECCSI'],
]);

export const CERTIFICATE_NAMES: ReadonlyMap<number, string> = new Map([
  [0, 'X.509v3'],
  [1, 'X.509v3 URL'],
  [2, 'X.509v3 Sign'],
  [3, 'X.509v3 Encr'],
]);

/** Octets of a certificate hash by its function (RFC 3830 6.8); -1 where the function is not known. */
export function hashOctets(hashFunction: number): number {
  if (hashFunction === 0) return 20;
  if (hashFunction === 1) return 16;
  return -1;
}

export const HASH_NAMES: ReadonlyMap<number, string> = new Map([
  [0, 'SHA-1'],
  [1, 'MD5'],
]);

export const CACHE_NAMES: ReadonlyMap<number, string> = new Map([
  [0, 'No cache'],
  [1, 'Cache'],
  [2, 'Cache for CSB'],
]);

export const ERROR_NAMES: ReadonlyMap<number, string> = new Map([
  [0, 'Authentication failure'],
  [1, 'Invalid timestamp'],
  [2, 'PRF function not supported'],
  [3, 'MAC algorithm not supported'],
  [4, 'Encryption algorithm not supported'],
  [5, 'Hash function not supported'],
  [6, 'DH group not supported'],
  [7, 'ID not supported'],
  [8, 'Certificate not supported'],
  [9, 'SP type not supported'],
  [10, 'SP parameters not supported'],
  [11, 'Data type not supported'],
  [12, 'Unspecified error'],
]);

/** General extension types; 241 to 255 are for private use. */
export const ExtensionType = { vendorId: 0, sdpIds: 1, keyId: 3 } as const;
export const EXTENSION_NAMES: ReadonlyMap<number, string> = new Map([
  [0, 'Vendor-ID'],
  [1, 'SDP-IDs'],
  [2, 'TESLA I-Key'],
  [3, 'Key ID'],
  [5, 'OMA BCAST'],
  [7, '3GPP key parameters'],
  [241, 'PGK (private use)'],
]);

/** Kinds of key identifier in a Key ID extension (RFC 4563 4). */
export const KEY_ID_NAMES: ReadonlyMap<number, string> = new Map([
  [0, 'MBMS key domain'],
  [1, 'MBMS service key'],
  [2, 'MBMS transport key'],
]);

/** Parameters of an SRTP policy (RFC 3830 6.10.1; 13: RFC 4771; 18 to 20: TS 33.180 E.2, RFC 7714). */
export const SRTP_PARAMETER_NAMES: ReadonlyMap<number, string> = new Map([
  [0, 'Encryption algorithm'],
  [1, 'Session Encr. key length'],
  [2, 'Authentication algorithm'],
  [3, 'Session Auth. key length'],
  [4, 'Session Salt key length'],
  [5, 'SRTP Pseudo Random Function'],
  [6, 'Key derivation rate'],
  [7, 'SRTP encryption'],
  [8, 'SRTCP encryption'],
  [9, "Sender's FEC order"],
  [10, 'SRTP authentication'],
  [11, 'Authentication tag length'],
  [12, 'SRTP prefix length'],
  [13, 'ROC transmission rate'],
  [18, 'SRTP authentication tag length'],
  [19, 'SRTCP authentication tag length'],
  [20, 'AEAD authentication tag length'],
]);

export const SRTP_ENCRYPTION_NAMES: ReadonlyMap<number, string> = new Map([
  [0, 'NULL'],
  [1, 'AES-CM'],
  [2, 'AES-F8'],
  [6, 'AES-GCM'],
]);

export const SRTP_AUTHENTICATION_NAMES: ReadonlyMap<number, string> = new Map([
  [0, 'NULL'],
  [1, 'HMAC-SHA-1'],
  [4, 'RCCm3'],
]);

export const ON_OFF_NAMES: ReadonlyMap<number, string> = new Map([
  [0, 'Off'],
  [1, 'On'],
]);

/** The specification says: UDP and TCP port (IANA). */
export { MIKEY_PORT } from '../internet/ports.ts';
