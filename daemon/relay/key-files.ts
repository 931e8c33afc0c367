// Private keys on disk: PKCS #8 in PEM (RFC 7468), as openssl writes them, behind a line that says what the key is for and
// one with its public half. A file belongs to its owner alone, or it is refused.

import { createPrivateKey, type KeyObject } from 'node:crypto';
import { type FileSystem, nodeFileSystem, readPrivate, replaceFile } from '../keyring/vault/file-system.ts';
import { type Randomness, systemRandomness } from '../keyring/vault/sealing.ts';
import { VaultError } from '../keyring/vault/vault-error.ts';
import { privateKeyOf, publicHex } from './ed25519.ts';
import { RelayError } from './relay-error.ts';

// We chose.
const FORMAT = 'sidescope-key/1';
/** Octets of a key file; ours have about 250. */
const FILE_MOST = 4096;

/** What a key is for: signs capabilities; proves which daemon this is; proves which subscriber this is. */
export type KeyKind = 'operator' | 'daemon' | 'subscriber';

/** A key that was read. */
export interface KeyFile {
  readonly key: KeyObject;
  /** Its public half, 64 hex digits. */
  readonly publicKey: string;
}

/**
 * Makes a key and writes its file, which must not exist.
 *
 * @returns the public half
 * @throws RelayError `key-file`
 */
export function createKeyFile(
  path: string,
  kind: KeyKind,
  random: Randomness = systemRandomness,
  fs: FileSystem = nodeFileSystem,
): KeyFile {
  if (fs.exists(path)) {
    throw new RelayError('key-file', `${path} is there already`, 'Name a new file: a key that is overwritten is lost');
  }
  const seed = random(32);
  const key = privateKeyOf(seed);
  seed.fill(0);
  const publicKey = publicHex(key);
  const pem = key.export({ format: 'pem', type: 'pkcs8' }) as string;
  try {
    replaceFile(fs, path, Buffer.from(`${FORMAT} ${kind}\npublic: ${publicKey}\n${pem}`));
  } catch (error) {
    throw wrapped(error);
  }
  return { key, publicKey };
}

/**
 * Reads the private key in a file. A file without our first line, as openssl makes it, may be a key of any kind.
 *
 * @throws RelayError `key-file`, `key-kind`
 */
export function readKeyFile(path: string, kind: KeyKind, fs: FileSystem = nodeFileSystem): KeyFile {
  const octets = read(fs, path, kind);
  const text = Buffer.from(octets).toString('latin1');
  octets.fill(0);
  const first = /^sidescope-key\/1 ([a-z]+)\n/.exec(text);
  if (first !== null && first[1] !== kind) {
    throw new RelayError(
      'key-kind',
      `${path} is the key of ${article(first[1])}, not of ${article(kind)}`,
      'Name the right file',
    );
  }
  let key: KeyObject;
  try {
    key = createPrivateKey(text.slice(Math.max(0, text.indexOf('-----BEGIN'))));
  } catch {
    // The cause may quote the file.
    throw new RelayError('key-file', `${path} holds no private key`, `\`sidescope grant identity\` makes one`);
  }
  if (key.asymmetricKeyType !== 'ed25519') {
    throw new RelayError(
      'key-file',
      `${path} holds a key, but none of Ed25519`,
      '`sidescope grant identity` makes one',
    );
  }
  return { key, publicKey: publicHex(key) };
}

/** The public half that a key file of this kind names in its second line, or null where the text is none. */
export function publicHalf(text: string, kind: KeyKind): string | null {
  const match = /^sidescope-key\/1 ([a-z]+)\npublic: ([0-9a-f]{64})\n/.exec(text);
  return match !== null && match[1] === kind ? match[2] : null;
}

function read(fs: FileSystem, path: string, kind: KeyKind): Uint8Array {
  try {
    return readPrivate(fs, path, FILE_MOST, `the ${kind} key`);
  } catch (error) {
    throw wrapped(error);
  }
}

function wrapped(error: unknown): unknown {
  if (!(error instanceof VaultError)) return error;
  return new RelayError('key-file', error.message, error.hint, error.exitCode, { cause: error });
}

function article(kind: string): string {
  return kind === 'operator' ? 'an operator' : `a ${kind}`;
}
