// The vault file: layout, header, MAC and sealed body (reference security C.2).
//
//   0      8    magic "SSCOPEV1"
//   8      2    header length H, big-endian, up to 4096
//   10     H    header: canonical CBOR
//   10+H   32   HMAC-SHA-256 under HKDF(data key, "sidescope-hdr-v1") of octets 0 to 10+H
//   42+H   24   nonce
//   66+H   P+16 XChaCha20-Poly1305 under HKDF(data key, "sidescope-body-v1"), associated data SHA-256 of octets 0 to 42+H;
//               inside: length of the contents in 4 octets, contents, zeros up to a multiple of 4096
//
// Nothing may follow. What can be checked without the data key is checked before any passphrase work.

import { CborReader, CborWriter } from './cbor.ts';
import {
  deriveKey,
  equalOctets,
  HASH_OCTETS,
  hmacSha256,
  NONCE_OCTETS,
  type Randomness,
  seal,
  sha256,
  TAG_OCTETS,
  unseal,
} from './sealing.ts';
import { LEAST_LOG_N, readSlots, type Slot, writeSlots } from './slots.ts';
import { notOpened, VaultError } from './vault-error.ts';

// The reference says (security C.2).

const MAGIC = Buffer.from('SSCOPEV1');
const MAGIC_COMMON = 7;
const HEADER_LENGTH_OCTETS = 2;
const HEADER_MOST = 4096;
const PADDED_TO = 4096;
const SEALING = 'xchacha20poly1305';
export const VAULT_ID_OCTETS = 16;

// We chose.

const BODY_LENGTH_OCTETS = 4;
/** Octets of a padded body: a million keys with their dates take 200 MiB. Above: refused before it is read. */
const BODY_MOST = 256 * 1024 * 1024;
/** Octets of a whole file. */
export const VAULT_FILE_MOST = BODY_MOST + 16_384;

/** What the header says; readable without any key, believable only after the body was opened. */
export interface VaultHeader {
  /** 16 random octets. */
  readonly vaultId: Uint8Array;
  /** +1 a save. */
  readonly generation: number;
  /** SHA-256 of the file before this one; zeros in the first. */
  readonly previousHash: Uint8Array;
  /** When the vault was made, milliseconds since 1970. */
  readonly created: number;
  readonly slots: readonly Slot[];
}

/** A vault file whose layout and header are as they must be. */
export interface VaultFile extends VaultHeader {
  /** Octets of the body that is sealed, without its tag. */
  readonly bodyOctets: number;
  /** SHA-256 of the whole file: what anchor and audit log know it by. */
  readonly hash: Uint8Array;
  readonly octets: Uint8Array;
  readonly headerEnd: number;
}

/** Puts a vault file together. */
export function encodeVaultFile(
  header: VaultHeader,
  dataKey: Uint8Array,
  contents: Uint8Array,
  random: Randomness,
): Uint8Array {
  const bodyOctets = Math.ceil((BODY_LENGTH_OCTETS + contents.length) / PADDED_TO) * PADDED_TO;
  if (bodyOctets > BODY_MOST) {
    throw new VaultError('too-large', 'the keys do not fit into one vault', 'Keep groups in several vaults');
  }
  const writer = new CborWriter().map(7).key(1).bytes(header.vaultId).key(2).uint(header.generation);
  writer.key(3).bytes(header.previousHash).key(4).uint(Math.floor(header.created)).key(5).text(SEALING);
  writer.key(6).uint(bodyOctets).key(7);
  writeSlots(writer, header.slots);
  const headerOctets = writer.take();
  if (headerOctets.length > HEADER_MOST) throw new RangeError('the header of the vault is too long');
  const head = Buffer.concat([MAGIC, Buffer.alloc(HEADER_LENGTH_OCTETS), headerOctets]);
  head.writeUInt16BE(headerOctets.length, MAGIC.length);
  const mac = hmacSha256(deriveKey(dataKey, 'sidescope-hdr-v1'), head);
  const nonce = random(NONCE_OCTETS);
  const body = new Uint8Array(bodyOctets);
  new DataView(body.buffer).setUint32(0, contents.length);
  body.set(contents, BODY_LENGTH_OCTETS);
  const sealed = seal(deriveKey(dataKey, 'sidescope-body-v1'), nonce, sha256(head, mac), body);
  body.fill(0);
  return new Uint8Array(Buffer.concat([head, mac, nonce, sealed]));
}

/**
 * Checks layout, header and slots. No key is needed and no passphrase work done.
 *
 * @param leastLogN lower than the default in tests only
 * @throws VaultError `not-a-vault`, `newer-format`, `malformed`, `cost-too-high`, `cost-too-low`
 */
export function parseVaultFile(octets: Uint8Array, path: string, leastLogN: number = LEAST_LOG_N): VaultFile {
  const headerAt = MAGIC.length + HEADER_LENGTH_OCTETS;
  if (octets.length < headerAt || !startsWith(octets, MAGIC)) throw notAVault(octets, path);
  const headerLength = new DataView(octets.buffer, octets.byteOffset).getUint16(MAGIC.length);
  const headerEnd = headerAt + headerLength;
  const sealedAt = headerEnd + HASH_OCTETS + NONCE_OCTETS;
  if (headerLength > HEADER_MOST || octets.length < sealedAt + TAG_OCTETS) throw malformed(path, 'it ends early');
  const reader = new CborReader(octets.subarray(headerAt, headerEnd), `the header of ${path}`);
  reader.map(7);
  reader.key(1);
  const vaultId = reader.bytes(VAULT_ID_OCTETS);
  reader.key(2);
  const generation = reader.uint(1);
  reader.key(3);
  const previousHash = reader.bytes(HASH_OCTETS);
  reader.key(4);
  const created = reader.uint();
  reader.key(5);
  if (reader.text(SEALING.length) !== SEALING) throw reader.problem('it is sealed in an unknown way');
  reader.key(6);
  const bodyOctets = reader.uint(PADDED_TO, BODY_MOST);
  if (bodyOctets % PADDED_TO !== 0) throw reader.problem('its body is not padded');
  reader.key(7);
  const slots = readSlots(reader, path, leastLogN);
  reader.end();
  const length = sealedAt + bodyOctets + TAG_OCTETS;
  if (octets.length < length) throw malformed(path, 'it ends early');
  if (octets.length > length) throw malformed(path, 'octets follow behind its end');
  return { vaultId, generation, previousHash, created, slots, bodyOctets, hash: sha256(octets), octets, headerEnd };
}

/**
 * The contents, with the data key that a slot gave. Whoever asked overwrites them when they are read.
 *
 * @throws VaultError `not-opened` where header or body are not what was written
 */
export function openBody(file: VaultFile, dataKey: Uint8Array, path: string): Uint8Array {
  const { octets, headerEnd } = file;
  const head = octets.subarray(0, headerEnd);
  const macEnd = headerEnd + HASH_OCTETS;
  const mac = octets.subarray(headerEnd, macEnd);
  if (!equalOctets(hmacSha256(deriveKey(dataKey, 'sidescope-hdr-v1'), head), mac)) throw notOpened(path);
  const nonce = octets.subarray(macEnd, macEnd + NONCE_OCTETS);
  const sealed = octets.subarray(macEnd + NONCE_OCTETS);
  const body = unseal(deriveKey(dataKey, 'sidescope-body-v1'), nonce, sha256(head, mac), sealed);
  if (body === null) throw notOpened(path);
  try {
    const length = new DataView(body.buffer, body.byteOffset).getUint32(0);
    const padding = body.length - BODY_LENGTH_OCTETS - length;
    if (padding < 0 || padding >= PADDED_TO) throw malformed(path, 'its body has the wrong length');
    const end = BODY_LENGTH_OCTETS + length;
    if (body.subarray(end).some((octet) => octet !== 0)) throw malformed(path, 'its padding is not empty');
    return body.slice(BODY_LENGTH_OCTETS, end);
  } finally {
    body.fill(0);
  }
}

function notAVault(octets: Uint8Array, path: string): VaultError {
  if (octets.length >= MAGIC.length && startsWith(octets, MAGIC.subarray(0, MAGIC_COMMON))) {
    return new VaultError('newer-format', `${path} is a vault of another version`, 'Use the sidescope that wrote it');
  }
  const hint = 'Give the vault file; `sidescope keys init` makes one, and --keyring takes plain keyring files';
  return new VaultError('not-a-vault', `${path} is no vault`, hint);
}

function malformed(path: string, what: string): VaultError {
  return new VaultError('malformed', `${path} is malformed: ${what}`, 'Restore the file from a copy you trust');
}

function startsWith(octets: Uint8Array, start: Uint8Array): boolean {
  return start.every((octet, index) => octets[index] === octet);
}
