// The vectors in test/vectors/vault: vault files, each with one defect, and what opening it must say. They are made here
// with the slow twin of the format; `WRITE_VECTORS=1 npx vitest run test/daemon/vault/vectors.test.ts` writes the files.

import {
  Instant,
  Members,
  paddedLength,
  Raw,
  type SlowVault,
  slowCbor,
  slowDerive,
  slowSeal,
  slowVaultFile,
  type Value,
} from '../../reference/vault-file.ts';
import { repeatable } from './fixture.ts';
import { x25519 } from './x25519.ts';

/** One vector. */
export interface Vector {
  readonly name: string;
  /** `opens`, or the code of the VaultError. */
  readonly expect: string;
  readonly comment: string;
  /** X25519 private key that opens it, 32 octets in hex. */
  readonly identity: string;
  readonly file: Uint8Array;
}

const random = repeatable('vectors');
const VAULT_ID = random(16);
const DATA_KEY = random(32);
const IDENTITY = random(32);
const OTHER_IDENTITY = random(32);
const EPHEMERAL = random(32);
const SLOT_NONCE = random(24);
const BODY_NONCE = random(24);
const FINGERPRINT = random(8);
const MATERIAL = random(32);
const AT = Date.UTC(2026, 4, 1);
const DAY = 86_400_000;

/** A slot for a recipient, wrapped by the book. */
function recipientSlot(
  id: Value,
  { kind = 1, vaultId = VAULT_ID, recipient = x25519.publicOf(IDENTITY) } = {},
): Members {
  const ephemeral = x25519.publicOf(EPHEMERAL);
  const shared = x25519.shared(EPHEMERAL, x25519.publicOf(IDENTITY));
  const key = slowDerive(shared, 'sidescope-slot-v1', Buffer.concat([ephemeral, x25519.publicOf(IDENTITY)]));
  const parameters = new Members(recipient, ephemeral);

  const parts = [vaultId, id, kind, parameters].map((part) => slowCbor(part));
  return new Members(id, kind, parameters, SLOT_NONCE, slowSeal(key, SLOT_NONCE, Buffer.concat(parts), DATA_KEY));
}

/** A passphrase slot that nobody can open: only its parameters are looked at. */
function scryptSlot(id: number, logN: Value, r: Value, p: Value, { kind = 0, name = '' } = {}): Members {
  return new Members(id, kind, new Members(logN, r, p, new Uint8Array(16), name), SLOT_NONCE, new Uint8Array(48));
}

interface KeyTweaks {
  readonly destroyedAt?: Value;
  readonly material?: Value;
  readonly notAfter?: Value;
  readonly id?: Value;
}

function key({
  id = 39,
  notAfter = new Instant(AT + 7 * DAY),
  destroyedAt = null,
  material = MATERIAL,
}: KeyTweaks = {}): Members {
  const dates = [new Instant(AT), notAfter, null, null, null, null, destroyedAt];
  return new Members(id, 2, ...dates, new Instant(AT), 'vector', FINGERPRINT, material);
}

function group(id: number, keys: readonly Value[]): Members {
  return new Members(id, 'Fire 7', 2, 0, 0, [], [], keys);
}

interface ContentTweaks {
  readonly version?: Value;
  readonly generation?: Value;
  readonly groups?: Value;
  readonly lastSeen?: Value;
  readonly tail?: Uint8Array;
}

function contents(tweaks: ContentTweaks = {}): Uint8Array {
  const { version = 1, generation = 3, lastSeen = new Instant(AT), tail = new Uint8Array(0) } = tweaks;
  const groups = tweaks.groups ?? [group(0xf00001, [key()])];
  const secret = new Uint8Array(32).fill(7);
  const secrets = new Members(secret, secret, null, secret, secret);
  const head = new Members(1, new Uint8Array(32), 10, secret);
  const body = new Members(version, generation, lastSeen, '', secrets, head, groups, [], [], [], []);
  return new Uint8Array(Buffer.concat([slowCbor(body), tail]));
}

interface HeaderTweaks {
  readonly vaultId?: Value;
  readonly generation?: Value;
  readonly aead?: string;
  readonly bodyOctets?: Value;
  readonly slots?: Value;
  readonly more?: readonly Value[];
}

function header(tweaks: HeaderTweaks = {}, body = contents()): Members {
  const { vaultId = VAULT_ID, generation = 3, aead = 'xchacha20poly1305', more = [] } = tweaks;
  const { bodyOctets = paddedLength(body.length), slots = [recipientSlot(1)] } = tweaks;
  return new Members(vaultId, generation, new Uint8Array(32), AT, aead, bodyOctets, slots, ...more);
}

function file(tweaks: Partial<SlowVault> = {}, head: HeaderTweaks = {}, body = contents()): Uint8Array {
  return slowVaultFile({
    dataKey: DATA_KEY,
    nonce: BODY_NONCE,
    header: header(head, body),
    contents: body,
    ...tweaks,
  });
}

function flipped(octets: Uint8Array, at: number): Uint8Array {
  const other = octets.slice();
  other[at < 0 ? other.length + at : at] ^= 1;
  return other;
}

function withBody(tweaks: ContentTweaks): Uint8Array {
  return file({}, {}, contents(tweaks));
}

const GOOD = file();
const SIXTEEN = Array.from({ length: 17 }, (_, index) => recipientSlot(index + 1));

/** name, expected, comment, file, identity. */
const ROWS: readonly (readonly [string, string, string, Uint8Array, Uint8Array?])[] = [
  ['good', 'opens', 'nothing is wrong', GOOD],
  ['good_sixteen_slots', 'opens', 'as many slots as are allowed', file({}, { slots: SIXTEEN.slice(0, 16) })],
  [
    'good_destroyed_key',
    'opens',
    'a destroyed key has no octets',
    withBody({ groups: [group(1, [key({ destroyedAt: new Instant(AT), material: null })])] }),
  ],
  ['identity_wrong', 'not-opened', 'another private key', GOOD, OTHER_IDENTITY],
  ['magic_empty', 'not-a-vault', 'an empty file', new Uint8Array(0)],
  ['magic_other', 'not-a-vault', 'the first octet differs', flipped(GOOD, 0)],
  ['magic_version', 'newer-format', 'another version of the format', file({ magic: 'SSCOPEV2' })],
  ['header_cut', 'malformed', 'the file ends inside the header', GOOD.slice(0, 40)],
  ['header_length_long', 'malformed', 'the header claims to be longer than it is', file({ headerLength: 4097 })],
  ['header_length_short', 'malformed', 'the header claims to be shorter than it is', file({ headerLength: 20 })],
  ['header_trailing', 'malformed', 'an octet behind the header', file({ headerTail: Uint8Array.of(0) })],
  ['header_no_map', 'malformed', 'the header is a list', file({ header: [1, 2] })],
  ['header_member_unknown', 'malformed', 'an eighth member', file({}, { more: [1] })],
  [
    'header_member_missing',
    'malformed',
    'six members',
    file({ header: new Members(VAULT_ID, 3, new Uint8Array(32), AT, 'x', 4096) }),
  ],
  ['header_indefinite', 'malformed', 'a map of indefinite length', file({ header: new Raw(0xbf, 0x01, 0x00, 0xff) })],
  ['header_key_order', 'malformed', 'members out of order', file({ header: new Raw(...swappedKeys()) })],
  ['id_short', 'malformed', 'a vault id of 15 octets', file({}, { vaultId: VAULT_ID.slice(1) })],
  ['id_text', 'malformed', 'a vault id that is text', file({}, { vaultId: 'sixteen octets!!' })],
  ['generation_zero', 'malformed', 'generation 0 is never saved', file({}, { generation: 0 })],
  [
    'generation_long_form',
    'malformed',
    'a number not in its shortest form',
    file({}, { generation: new Raw(0x18, 0x03) }),
  ],
  [
    'generation_16_bit_form',
    'malformed',
    'a number not in its shortest form',
    file({}, { generation: new Raw(0x19, 0x00, 0x03) }),
  ],
  [
    'generation_32_bit_form',
    'malformed',
    'a number not in its shortest form',
    file({}, { generation: new Raw(0x1a, 0, 0, 0, 3) }),
  ],
  [
    'generation_64_bit_form',
    'malformed',
    'a number not in its shortest form',
    file({}, { generation: new Raw(0x1b, 0, 0, 0, 0, 0, 0, 0, 3) }),
  ],
  ['generation_negative', 'malformed', 'a negative number', file({}, { generation: new Raw(0x22) })],
  [
    'generation_too_large',
    'malformed',
    'more than 2^53',
    file({}, { generation: new Raw(0x1b, 0xff, 0, 0, 0, 0, 0, 0, 0) }),
  ],
  ['generation_float', 'malformed', 'a number as a float', file({}, { generation: new Instant(3) })],
  ['generation_tagged', 'malformed', 'a number with a tag', file({}, { generation: new Raw(0xc0, 0x03) })],
  ['generation_inside', 'not-opened', 'the body says another generation than the header', file({}, { generation: 4 })],
  ['aead_unknown', 'malformed', 'another way to seal', file({}, { aead: 'xchacha20poly1306' })],
  ['aead_not_utf8', 'malformed', 'a name that is no UTF-8', file({ header: badText() })],
  ['body_length_unpadded', 'malformed', 'a body that is no multiple of 4096', file({}, { bodyOctets: 4095 })],
  ['body_length_zero', 'malformed', 'a body of no octets', file({}, { bodyOctets: 0 })],
  ['body_length_long', 'malformed', 'the file ends before its body does', file({}, { bodyOctets: 8192 })],
  ['body_length_huge', 'malformed', 'a body of a terabyte', file({}, { bodyOctets: 2 ** 40 })],
  ['slots_none', 'malformed', 'no slot', file({}, { slots: [] })],
  ['slots_seventeen', 'malformed', 'one slot too many', file({}, { slots: SIXTEEN })],
  [
    'slots_list_length',
    'malformed',
    'a list that claims four thousand million slots',
    file({}, { slots: new Raw(0x9a, 0xff, 0xff, 0xff, 0xff) }),
  ],
  ['slots_order', 'malformed', 'ids that do not ascend', file({}, { slots: [recipientSlot(2), recipientSlot(1)] })],
  ['slots_same_id', 'malformed', 'the same id twice', file({}, { slots: [recipientSlot(1), recipientSlot(1)] })],
  ['slot_id_zero', 'malformed', 'slot 0', file({}, { slots: [recipientSlot(0)] })],
  ['slot_kind_unknown', 'malformed', 'a fourth kind of slot', file({}, { slots: [recipientSlot(1, { kind: 3 })] })],
  [
    'slot_of_other_vault',
    'not-opened',
    'a slot taken from another vault',
    file({}, { slots: [recipientSlot(1, { vaultId: random(16) })] }),
  ],
  [
    'slot_recipient_swapped',
    'not-opened',
    'a slot that names another recipient',
    file({}, { slots: [recipientSlot(1, { recipient: x25519.publicOf(OTHER_IDENTITY) })] }),
  ],
  ['slot_low_order', 'not-opened', 'a fresh public key of low order', file({}, { slots: [lowOrderSlot()] })],
  [
    'slot_name_without_credential',
    'malformed',
    'a passphrase slot with a name',
    file({}, { slots: [scryptSlot(1, 18, 8, 1, { name: 'x' })] }),
  ],
  [
    'slot_credential_without_name',
    'malformed',
    'a credential slot without a name',
    file({}, { slots: [scryptSlot(1, 18, 8, 1, { kind: 2 })] }),
  ],
  ['scrypt_log_n_21', 'cost-too-high', 'N of 2^21', file({}, { slots: [scryptSlot(1, 21, 8, 1)] })],
  ['scrypt_log_n_63', 'cost-too-high', 'N of 2^63', file({}, { slots: [scryptSlot(1, 63, 8, 1)] })],
  ['scrypt_log_n_16', 'cost-too-low', 'N of 2^16', file({}, { slots: [scryptSlot(1, 16, 8, 1)] })],
  ['scrypt_log_n_0', 'cost-too-low', 'N of 1', file({}, { slots: [scryptSlot(1, 0, 8, 1)] })],
  ['scrypt_r_9', 'cost-too-high', 'r of 9', file({}, { slots: [scryptSlot(1, 18, 9, 1)] })],
  ['scrypt_r_1', 'cost-too-low', 'r of 1', file({}, { slots: [scryptSlot(1, 18, 1, 1)] })],
  ['scrypt_p_17', 'cost-too-high', 'p of 17', file({}, { slots: [scryptSlot(1, 17, 8, 17)] })],
  ['scrypt_p_0', 'malformed', 'p of 0', file({}, { slots: [scryptSlot(1, 18, 8, 0)] })],
  [
    'scrypt_all_slots',
    'cost-too-high',
    'slots that are allowed one by one and cost too much together',
    file({}, { slots: [1, 2, 3, 4, 5].map((id) => scryptSlot(id, 20, 8, 1)) }),
  ],
  ['mac_bad', 'not-opened', 'one bit of the header MAC', file({ mac: (mac) => flipped(mac, 5) })],
  ['mac_missing', 'malformed', 'no header MAC', file({ mac: () => new Uint8Array(0) })],
  ['sealed_bit', 'not-opened', 'one bit of the body', file({ sealed: (sealed) => flipped(sealed, 100) })],
  ['sealed_tag', 'not-opened', 'one bit of the tag', flipped(GOOD, -1)],
  ['sealed_short', 'malformed', 'the last octet is missing', GOOD.slice(0, -1)],
  ['trailing_octet', 'malformed', 'an octet behind the end', file({ end: Uint8Array.of(0) })],
  ['trailing_newline', 'malformed', 'a line end behind the end', file({ end: Uint8Array.of(10) })],
  ['padding_not_zero', 'malformed', 'something in the padding', file({ padding: (body) => flipped(body, -1) })],
  [
    'padding_length_long',
    'malformed',
    'the contents claim to reach behind the body',
    file({ padding: (body) => flipped(body, 0) }),
  ],
  [
    'padding_too_much',
    'malformed',
    'a page of padding more than is needed',
    file({ padding: (body) => new Uint8Array(Buffer.concat([body, Buffer.alloc(4096)])) }, { bodyOctets: 8192 }),
  ],
  ['contents_version', 'malformed', 'contents of another version', withBody({ version: 2 })],
  ['contents_trailing', 'malformed', 'a value behind the contents', withBody({ tail: Uint8Array.of(0) })],
  ['contents_instant_nan', 'malformed', 'an instant that is none', withBody({ lastSeen: new Instant(Number.NaN) })],
  ['contents_instant_minus_zero', 'malformed', 'minus zero', withBody({ lastSeen: new Instant(-0) })],
  ['contents_instant_number', 'malformed', 'an instant as a whole number', withBody({ lastSeen: AT })],
  ['contents_group_order', 'malformed', 'groups out of order', withBody({ groups: [group(2, []), group(1, [])] })],
  ['contents_group_twice', 'malformed', 'the same group twice', withBody({ groups: [group(1, []), group(1, [])] })],
  ['contents_group_id', 'malformed', 'a group id of 25 bits', withBody({ groups: [group(2 ** 24, [])] })],
  ['contents_key_id', 'malformed', 'PGK 256', withBody({ groups: [group(1, [key({ id: 256 })])] })],
  [
    'contents_key_order',
    'malformed',
    'keys out of order',
    withBody({ groups: [group(1, [key({ id: 2 }), key({ id: 1 })])] }),
  ],
  [
    'contents_key_window',
    'malformed',
    'a key that ends when it begins',
    withBody({ groups: [group(1, [key({ notAfter: new Instant(AT) })])] }),
  ],
  [
    'contents_key_short',
    'malformed',
    'a key of 31 octets',
    withBody({ groups: [group(1, [key({ material: MATERIAL.slice(1) })])] }),
  ],
  [
    'contents_key_destroyed_and_held',
    'malformed',
    'a destroyed key that is held',
    withBody({ groups: [group(1, [key({ destroyedAt: new Instant(AT) })])] }),
  ],
  [
    'contents_key_lost',
    'malformed',
    'a key that is neither held nor destroyed',
    withBody({ groups: [group(1, [key({ material: null })])] }),
  ],
];

/** A slot whose fresh public key is 0, so that everybody knows the shared secret. */
function lowOrderSlot(): Members {
  const parameters = new Members(x25519.publicOf(IDENTITY), new Uint8Array(32));
  return new Members(1, 1, parameters, SLOT_NONCE, new Uint8Array(48));
}

function swappedKeys(): Uint8Array {
  const octets = slowCbor(header());
  octets[1] = 2;
  return octets;
}

function badText(): Value {
  const octets = slowCbor(header());
  octets[Buffer.from(octets).indexOf('xchacha')] = 0xff;
  return new Raw(...octets);
}

/** All vectors. */
export const VECTORS: readonly Vector[] = ROWS.map(([name, expect, comment, octets, identity = IDENTITY]) => {
  return { name, expect, comment, identity: Buffer.from(identity).toString('hex'), file: octets };
});

/** A vector as a file: a head of lines, an empty line, the vault. */
export function vectorFile({ expect, comment, identity, file }: Vector): Uint8Array {
  return new Uint8Array(
    Buffer.concat([Buffer.from(`expect: ${expect}\ncomment: ${comment}\nidentity: ${identity}\n\n`), file]),
  );
}

/** The vector in a file. */
export function parseVectorFile(name: string, octets: Uint8Array): Vector {
  const at = Buffer.from(octets).indexOf('\n\n');
  const head = Object.fromEntries(
    Buffer.from(octets.subarray(0, at))
      .toString()
      .split('\n')
      .map((line) => line.split(': ', 2) as [string, string]),
  );
  return { name, expect: head.expect, comment: head.comment, identity: head.identity, file: octets.slice(at + 2) };
}
