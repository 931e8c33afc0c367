// The field table of PC5 signalling, and which information elements each message has (TS 24.334 11 and 12.5).

import { type Field, type FieldOptions, type FieldType, field, type Protocol } from '../layer.ts';

const CLAUSE = 'TS 24.334 12.5.1';

function of(name: string, label: string, type: FieldType, about: string, options: Partial<FieldOptions> = {}): Field {
  return field(`pc5-s.${name}`, label, type, { ...options, about, clause: CLAUSE });
}

/** Message names by type (TS 24.334 12.5.1.1). */
export const PC5_MESSAGES: ReadonlyMap<number, string> = new Map([
  [1, 'DIRECT_COMMUNICATION_REQUEST'],
  [2, 'DIRECT_COMMUNICATION_ACCEPT'],
  [3, 'DIRECT_COMMUNICATION_REJECT'],
  [4, 'DIRECT_COMMUNICATION_KEEPALIVE'],
  [5, 'DIRECT_COMMUNICATION_KEEPALIVE_ACK'],
  [6, 'DIRECT_COMMUNICATION_RELEASE'],
  [7, 'DIRECT_COMMUNICATION_RELEASE_ACCEPT'],
  [8, 'TMGI_MONITORING_REQUEST'],
  [9, 'TMGI_MONITORING_RESPONSE'],
  [10, 'CELL_ID_ANNOUNCEMENT_REQUEST'],
  [11, 'CELL_ID_ANNOUNCEMENT_RESPONSE'],
  [12, 'DIRECT_SECURITY_MODE_COMMAND'],
  [13, 'DIRECT_SECURITY_MODE_COMPLETE'],
  [14, 'DIRECT_SECURITY_MODE_REJECT'],
  [15, 'DIRECT_REKEYING_REQUEST'],
  [16, 'DIRECT_REKEYING_RESPONSE'],
  [17, 'DIRECT_REKEYING_TRIGGER'],
  [18, 'REMOTE_UE_INFO_REQUEST'],
  [19, 'REMOTE_UE_INFO_RESPONSE'],
]);

export const pc5Fields = {
  messageType: of('msg-type', 'Message type', 'uint', 'Which message.', { values: PC5_MESSAGES }),
  sequence: of('seq', 'Sequence number', 'uint', 'Pairs an answer with its request.', { width: 2 }),
  userInfoLength: of('user-info.len', 'User info length', 'uint', 'Octets of user info.'),
  userInfoType: of('user-info.type', 'User info type', 'uint', 'Form of the user info.'),
  userInfo: of('user-info', 'User info', 'bytes', 'Who asks.', { width: 0 }),
  ipConfig: of('ip-config', 'IP address config', 'uint', 'How addresses are given.'),
  maximumInactivity: of('max-inactivity', 'Maximum inactivity period', 'uint', 'Seconds without keepalive.', {
    width: 4,
  }),
  nonce1: of('nonce1', 'Nonce_1', 'bytes', 'Freshness from the initiator.', { width: 16 }),
  nonce2: of('nonce2', 'Nonce_2', 'bytes', 'Freshness from the responder.', { width: 16 }),
  capabilitiesEea: of('ue-sec-cap.eea', 'UE security capabilities, EEA', 'uint', 'Ciphers, EEA0 highest.', {
    base: 'hex',
  }),
  capabilitiesEia: of('ue-sec-cap.eia', 'UE security capabilities, EIA', 'uint', 'Integrity algorithms.', {
    base: 'hex',
  }),
  msbSession: of('kd-sess.msb', 'MSB of K_D-sess ID', 'uint', 'High octet of the session key id.', { base: 'hex' }),
  lsbSession: of('kd-sess.lsb', 'LSB of K_D-sess ID', 'uint', 'Low octet of the session key id.', { base: 'hex' }),
  cause: of('cause', 'PC5 signalling cause value', 'uint', 'Why it was refused.'),
  reason: of('release-reason', 'Release reason', 'uint', 'Why the link ends.'),
  counter: of('keepalive-counter', 'Keepalive counter', 'uint', 'Counts keepalives.', { width: 4 }),
  cipher: of('chosen-eea', 'Chosen ciphering algorithm', 'uint', 'EEA number.', { mask: 0xf0 }),
  integrity: of('chosen-eia', 'Chosen integrity algorithm', 'uint', 'EIA number.', { mask: 0x0f }),
  infoType: of('remote-ue-info-type', 'Remote UE info type', 'uint', 'What is asked for.'),
  tag: of('iei', 'Information element', 'uint', 'Tag of an optional element.'),
  length: of('ie-len', 'Length', 'uint', 'Octets of the element.'),
  linkLocal: of('link-local', 'Link-local IPv6 address', 'ipv6', 'Address of the sender.', { width: 16 }),
  prukId: of('pruk-id', 'PRUK ID', 'bytes', 'Names a relay user key.', { width: 0 }),
  auts: of('auts', 'AUTS', 'bytes', 'Resynchronises authentication.', { width: 0 }),
  rand: of('rand', 'RAND', 'bytes', 'Challenge.', { width: 0 }),
  lsbKd: of('kd.lsb', 'LSB of K_D ID', 'uint', 'Low half of the key id.', { base: 'hex', width: 2 }),
  msbKd: of('kd.msb', 'MSB of K_D ID', 'uint', 'High half of the key id.', { base: 'hex', width: 2 }),
  kdId: of('kd.id', 'K_D ID', 'uint', 'Names the long-lived key.', { base: 'hex', width: 4 }),
  kdFreshness: of('kd-freshness', 'K_D freshness', 'bytes', 'Freshness of the long-lived key.', { width: 0 }),
  reauthentication: of('re-auth', 'Re-authentication flag', 'uint', 'Asks for a new long-lived key.'),
  signature: of('signature', 'Signature', 'bytes', 'ECCSI signature.', { width: 0 }),
  encrypted: of('encrypted-payload', 'Encrypted payload', 'bytes', 'SAKKE payload.', { width: 0 }),
  gpi: of('gpi', 'GPI', 'bytes', 'GBA push information.', { width: 0 }),
  relayService: of('relay-service-code', 'Relay service code', 'bytes', 'Service of a relay.', { width: 3 }),
  identity: of('identity', 'Identity', 'bytes', 'Identity of the remote UE.', { width: 0 }),
  other: of('ie', 'Value', 'bytes', 'An element that is not known here, or the rest of the message.', { width: 0 }),
} as const;

const f = pc5Fields;

/** Mandatory elements behind type and sequence number; `userInfo` stands for length, type and value. */
export type Mandatory = Field | 'userInfo';

const CAPABILITIES = [f.capabilitiesEea, f.capabilitiesEia];

/** Mandatory and optional elements of a message. */
export interface MessageLayout {
  readonly mandatory: readonly Mandatory[];
  /** Tags that may follow. */
  readonly optional: readonly number[];
}

/** Layouts by message type; the types 8 to 11 have a name and no known layout. */
export const PC5_LAYOUTS: ReadonlyMap<number, MessageLayout> = new Map<number, MessageLayout>([
  [
    1,
    {
      mandatory: ['userInfo', f.ipConfig, f.maximumInactivity, f.nonce1, ...CAPABILITIES, f.msbSession],
      optional: [17, 25, 22, 3],
    },
  ],
  [2, { mandatory: [f.ipConfig], optional: [3] }],
  [3, { mandatory: [f.cause], optional: [] }],
  [4, { mandatory: [f.counter], optional: [7] }],
  [5, { mandatory: [f.counter], optional: [] }],
  [6, { mandatory: [f.reason], optional: [] }],
  [7, { mandatory: [], optional: [] }],
  [
    12,
    {
      mandatory: [...CAPABILITIES, f.nonce2, f.cipher, f.integrity, f.lsbSession],
      optional: [16, 18, 24, 1, 22, 23],
    },
  ],
  [13, { mandatory: [], optional: [15] }],
  [14, { mandatory: [f.cause], optional: [10, 9] }],
  [15, { mandatory: [...CAPABILITIES, f.nonce1, f.msbSession], optional: [21, 8] }],
  [16, { mandatory: [], optional: [] }],
  [17, { mandatory: [], optional: [] }],
  [18, { mandatory: [f.infoType], optional: [] }],
  [19, { mandatory: [], optional: [27] }],
]);

/** How the value of an optional element is measured. */
export interface OptionalLayout {
  readonly field: Field;
  /** Octets of the value where it has a fixed size; 0 where it has none. */
  readonly octets: number;
  /** Whether a length octet may stand before the value. */
  readonly lengthPrefixed: boolean;
}

/**
 * Optional elements by tag. Where the text of TS 24.334 was not at hand and models differ, both forms are allowed: the
 * fixed size and a length octet. User info (1) is measured as in the mandatory part.
 */
export const PC5_OPTIONALS: ReadonlyMap<number, OptionalLayout> = new Map<number, OptionalLayout>([
  [1, { field: f.userInfo, octets: 0, lengthPrefixed: true }],
  [3, { field: f.linkLocal, octets: 16, lengthPrefixed: false }],
  [7, { field: f.maximumInactivity, octets: 4, lengthPrefixed: false }],
  [8, { field: f.prukId, octets: 8, lengthPrefixed: true }],
  [9, { field: f.auts, octets: 14, lengthPrefixed: true }],
  [10, { field: f.rand, octets: 16, lengthPrefixed: false }],
  [15, { field: f.lsbKd, octets: 2, lengthPrefixed: false }],
  [16, { field: f.msbKd, octets: 2, lengthPrefixed: false }],
  [17, { field: f.kdId, octets: 4, lengthPrefixed: false }],
  [18, { field: f.kdFreshness, octets: 16, lengthPrefixed: false }],
  [21, { field: f.reauthentication, octets: 1, lengthPrefixed: false }],
  [22, { field: f.signature, octets: 129, lengthPrefixed: true }],
  [23, { field: f.encrypted, octets: 0, lengthPrefixed: true }],
  [24, { field: f.gpi, octets: 0, lengthPrefixed: true }],
  [25, { field: f.relayService, octets: 3, lengthPrefixed: false }],
  [27, { field: f.identity, octets: 8, lengthPrefixed: true }],
]);

/** PC5 signalling and its fields. */
export const pc5SignallingProtocol: Protocol = {
  name: 'pc5-s',
  title: 'PC5 Signalling',
  about: 'Sets up, secures and ends one-to-one links.',
  clause: 'TS 24.334 11',
  fields: pc5Fields,
};
