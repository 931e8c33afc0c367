// A sealed export: chosen groups and keys for one recipient. Opened with the recipient's X25519 private key.
//
//   0    8    magic "SSCOPEX1"
//   8    32   X25519 public key made for this export
//   40   32   X25519 public key of the recipient
//   72   24   nonce
//   96   P+16 XChaCha20-Poly1305 under HKDF(X25519, "sidescope-export-v1"), associated data octets 0 to 96;
//             inside: length of the contents in 4 octets, contents, zeros up to a multiple of 4096

import type { KeyObject } from 'node:crypto';
import { Keyring } from '../keyring.ts';
import { CborReader, CborWriter } from './cbor.ts';
import {
  equalOctets,
  NONCE_OCTETS,
  openingKeyOf,
  type Randomness,
  seal,
  sealingKeyFor,
  TAG_OCTETS,
  unseal,
  X25519_OCTETS,
  x25519PublicOctets,
} from './sealing.ts';
import { readGroups, type VaultGroup, writeGroups } from './vault-contents.ts';
import { VaultError } from './vault-error.ts';

// We chose.

const MAGIC = Buffer.from('SSCOPEX1');
const LABEL = 'sidescope-export-v1';
const RECIPIENT_AT = MAGIC.length + X25519_OCTETS;
const NONCE_AT = RECIPIENT_AT + X25519_OCTETS;
const SEALED_AT = NONCE_AT + NONCE_OCTETS;
const PADDED_TO = 4096;
const LENGTH_OCTETS = 4;
/** Octets of an export. Above: refused before it is read. */
export const EXPORT_MOST = 64 * 1024 * 1024;

/** Whether octets begin as a sealed export does. */
export function isSealedExport(octets: Uint8Array): boolean {
  return octets.length >= MAGIC.length && MAGIC.every((octet, index) => octets[index] === octet);
}

/** Seals groups with their keys. @throws VaultError `recipient` */
export function sealExport(groups: readonly VaultGroup[], recipient: Uint8Array, random: Randomness): Uint8Array {
  const writer = new CborWriter();
  writeGroups(writer, groups);
  const contents = writer.take();
  const plain = new Uint8Array(Math.ceil((LENGTH_OCTETS + contents.length) / PADDED_TO) * PADDED_TO);
  new DataView(plain.buffer).setUint32(0, contents.length);
  plain.set(contents, LENGTH_OCTETS);
  contents.fill(0);
  const { key, ephemeral } = sealingKeyFor(recipient, LABEL, random);
  const head = Buffer.concat([MAGIC, ephemeral, recipient, random(NONCE_OCTETS)]);
  try {
    return new Uint8Array(Buffer.concat([head, seal(key, head.subarray(NONCE_AT), head, plain)]));
  } finally {
    plain.fill(0);
    key.fill(0);
  }
}

/**
 * Opens a sealed export. The keyring's octets are the caller's to wipe.
 *
 * @param name for error messages
 * @throws VaultError `export-not-opened`, `malformed`
 */
export function openExport(octets: Uint8Array, privateKey: KeyObject, name: string): Keyring {
  if (octets.length < SEALED_AT + TAG_OCTETS || !isSealedExport(octets)) throw notOpened(name);
  const recipient = octets.subarray(RECIPIENT_AT, NONCE_AT);
  if (!equalOctets(recipient, x25519PublicOctets(privateKey))) throw notOpened(name);
  const key = openingKeyOf(privateKey, octets.subarray(MAGIC.length, RECIPIENT_AT), LABEL);
  if (key === null) throw notOpened(name);
  const head = octets.subarray(0, SEALED_AT);
  const plain = unseal(key, octets.subarray(NONCE_AT, SEALED_AT), head, octets.subarray(SEALED_AT));
  key.fill(0);
  if (plain === null) throw notOpened(name);
  try {
    const length = plain.length < LENGTH_OCTETS ? 0 : new DataView(plain.buffer, plain.byteOffset).getUint32(0);
    const end = LENGTH_OCTETS + length;
    const isPadded = plain.length % PADDED_TO === 0 && end <= plain.length && plain.length - end < PADDED_TO;
    const reader = new CborReader(plain.subarray(LENGTH_OCTETS, Math.min(end, plain.length)), `the export ${name}`);
    if (!isPadded || plain.subarray(end).some((octet) => octet !== 0)) throw reader.problem('its padding is wrong');
    const groups = readGroups(reader);
    reader.end();
    return new Keyring({
      groups: groups.map((group) => ({
        ...group,
        keys: group.keys.map((each) => ({ ...each, octets: each.material })),
      })),
      pmks: [],
      lkh: [],
      managers: [],
    });
  } finally {
    plain.fill(0);
  }
}

function notOpened(name: string): VaultError {
  return new VaultError(
    'export-not-opened',
    `the export ${name} was not opened: it is for somebody else, or was changed`,
    'Ask the sender to export again for your public key',
  );
}
