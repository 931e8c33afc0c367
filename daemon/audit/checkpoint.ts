// Checkpoints of the audit log: a note of how long the chain is and how it ends, signed with the vault's Ed25519 key, in the
// form of C2SP signed-note. Kept somewhere else (a mail, a sheet of paper), a checkpoint shows that nothing before it was
// cut off or rewritten, even by somebody who has the passphrase.

import { type KeyObject, sign, verify } from 'node:crypto';
import { ed25519PublicKey, ed25519PublicOctets, sha256 } from '../keyring/vault/sealing.ts';

// The specification says (C2SP signed-note): octets of the key id, type of an Ed25519 key, octets of a signature.

const KEY_ID_OCTETS = 4;
const ED25519_TYPE = Uint8Array.of(0x01);
const SIGNATURE_OCTETS = 64;
const DASH = '\u2014';

// We chose (after the reference, security C.5).

/** Records, and milliseconds, after which the next checkpoint is due. */
export const CHECKPOINT_RECORDS = 256;
export const CHECKPOINT_MS = 60_000;

/** What a checkpoint says: the record `seq` of the log of this vault has this hash. */
export interface Checkpoint {
  /** Name of the log: `sidescope-audit/<vault id in hex>`. */
  readonly origin: string;
  readonly seq: number;
  readonly hash: Uint8Array;
}

/** Name of the log of a vault. */
export function auditOrigin(vaultId: Uint8Array): string {
  return `sidescope-audit/${Buffer.from(vaultId).toString('hex')}`;
}

/** The note of a checkpoint, signed. */
export function signCheckpoint(checkpoint: Checkpoint, privateKey: KeyObject): string {
  const text = noteText(checkpoint);
  const signature = sign(null, Buffer.from(text), privateKey);
  const id = keyId(checkpoint.origin, ed25519PublicOctets(privateKey));
  return `${text}\n${DASH} ${checkpoint.origin} ${Buffer.concat([id, signature]).toString('base64')}\n`;
}

/** What a signed note says, or null where it is none of this log or its signature does not fit. */
export function readCheckpoint(note: string, origin: string, publicKey: Uint8Array): Checkpoint | null {
  const lines = note.split('\n');
  if (lines.length !== 6 || lines[0] !== origin || lines[3] !== '' || lines[5] !== '') return null;
  const seq = Number(lines[1]);
  const hash = new Uint8Array(Buffer.from(lines[2], 'base64'));
  const checkpoint = { origin, seq, hash };
  if (!Number.isSafeInteger(seq) || noteText(checkpoint) !== `${lines.slice(0, 3).join('\n')}\n`) return null;
  const prefix = `${DASH} ${origin} `;
  if (!lines[4].startsWith(prefix)) return null;
  const text = lines[4].slice(prefix.length);
  const signed = Buffer.from(text, 'base64');
  // The decoder overlooks what does not belong; there is one right form.
  if (signed.toString('base64') !== text) return null;
  if (signed.length !== KEY_ID_OCTETS + SIGNATURE_OCTETS) return null;
  if (!signed.subarray(0, KEY_ID_OCTETS).equals(keyId(origin, publicKey))) return null;
  const signature = signed.subarray(KEY_ID_OCTETS);
  return verify(null, Buffer.from(noteText(checkpoint)), ed25519PublicKey(publicKey), signature) ? checkpoint : null;
}

/** The public key in the form that signed-note tools take. */
export function verifierKey(origin: string, publicKey: Uint8Array): string {
  const key = Buffer.concat([ED25519_TYPE, publicKey]).toString('base64');
  return `${origin}+${keyId(origin, publicKey).toString('hex')}+${key}`;
}

function noteText({ origin, seq, hash }: Checkpoint): string {
  return `${origin}\n${seq}\n${Buffer.from(hash).toString('base64')}\n`;
}

function keyId(origin: string, publicKey: Uint8Array): Buffer {
  return Buffer.from(sha256(Buffer.from(`${origin}\n`), ED25519_TYPE, publicKey).subarray(0, KEY_ID_OCTETS));
}
