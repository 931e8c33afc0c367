// X25519 keys as people hand them around: 64 hex digits, or PEM as `openssl genpkey -algorithm x25519` and
// `openssl pkey -pubout` write it.

import { createPrivateKey, createPublicKey, type KeyObject } from 'node:crypto';
import { closeSync, constants, fstatSync, openSync, readFileSync, readSync } from 'node:fs';
import { x25519PublicOctets } from './sealing.ts';
import { VaultError } from './vault-error.ts';

/** We chose: octets of a key file. A PEM of an X25519 key has about 120. */
const KEY_FILE_MOST = 4096;
const OTHERS = 0o077;
const HEX_KEY = /^[0-9a-f]{64}$/i;

/** A recipient's public key: 64 hex digits, or the path of a PEM file. @throws VaultError `recipient` */
export function readRecipient(text: string): Uint8Array {
  if (HEX_KEY.test(text)) return new Uint8Array(Buffer.from(text, 'hex'));
  const hint = 'Give 64 hex digits, or a file that `openssl pkey -pubout` wrote for an X25519 key';
  try {
    const key = createPublicKey(readFileSync(text));
    if (key.asymmetricKeyType === 'x25519') return x25519PublicOctets(key);
  } catch (cause) {
    throw new VaultError('recipient', 'the recipient is no public key, and no file that holds one', hint, { cause });
  }
  throw new VaultError('recipient', `${text} holds a key, but none of X25519`, hint);
}

/** The X25519 private key in a PEM file that belongs to its owner alone. @throws VaultError `recipient`, `mode` */
export function readIdentity(path: string): KeyObject {
  const hint = 'Give a file that `openssl genpkey -algorithm x25519` wrote';
  const octets = Buffer.alloc(KEY_FILE_MOST);
  try {
    const handle = openSync(path, constants.O_RDONLY);
    let length = 0;
    try {
      const facts = fstatSync(handle);
      if (facts.isFile() && (facts.mode & OTHERS) !== 0) {
        const message = `the identity ${path} can be read or written by others`;
        throw new VaultError('mode', message, `\`chmod 600 ${path}\`, and make a new key if somebody could read it`);
      }
      length = readSync(handle, octets, 0, octets.length, null);
    } finally {
      closeSync(handle);
    }
    const key = createPrivateKey(octets.subarray(0, length));
    if (key.asymmetricKeyType === 'x25519') return key;
  } catch (cause) {
    if (cause instanceof VaultError) throw cause;
    throw new VaultError('recipient', `the identity ${path} cannot be read, or is no private key`, hint, { cause });
  } finally {
    octets.fill(0);
  }
  throw new VaultError('recipient', `the identity ${path} is a key, but none of X25519`, hint);
}
