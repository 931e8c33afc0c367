// Secrets on their way to the engine's process: sealed by the client of the control socket to an X25519 key that the child
// makes at each start, so that the parent, which carries them, cannot read them. It keeps out who reads the parent's memory
// or its socket; a parent that was taken over could name another key.
//
//   0    32   X25519 public key made for this request
//   32   24   nonce
//   56   N+16 XChaCha20-Poly1305 under HKDF(X25519, "sidescope-request-v1"); associated data: the 32 and 24 octets above and
//             the verb, so that what was sealed for one verb is good for no other

import type { KeyObject } from 'node:crypto';
import { ExitCode, SidescopeError } from '../errors.ts';
import {
  NONCE_OCTETS,
  openingKeyOf,
  type Randomness,
  seal,
  sealingKeyFor,
  systemRandomness,
  unseal,
  X25519_OCTETS,
  x25519PrivateKey,
  x25519PublicOctets,
} from '../keyring/vault/sealing.ts';

// We chose.
const LABEL = 'sidescope-request-v1';
const HEAD_OCTETS = X25519_OCTETS + NONCE_OCTETS;
/** Octets of what is sealed: a keyring file of 200,000 keys has 60 MiB. Above: refused. */
export const SEALED_MOST = 64 * 1024 * 1024;
/** Requests remembered, so that none is taken twice; above it the key is changed, and clients ask for it again. */
const TAKEN_MOST = 4096;

/** What can be sealed in a request about keys. Octets are base64. */
export interface SecretArguments {
  /** `import`: keyring files and sealed exports. */
  readonly files?: readonly { readonly name: string; readonly octets: string }[];
  /** `import`: X25519 private key (PKCS #8, DER) that sealed exports were made for. */
  readonly exportIdentity?: string;
  /** `passwd`: the passphrase that replaces the one the daemon was started with. */
  readonly newPassphrase?: string;
  /** `passwd`: passphrases that open the vault too, and others that go on doing so. */
  readonly addPassphrases?: readonly string[];
  readonly keepPassphrases?: readonly string[];
  /** `verify`: a passphrase, since a check opens the vault anew; with the name of the credential where it came from one. */
  readonly passphrase?: string;
  readonly credential?: string;
  /** `verify`: an X25519 private key (PKCS #8, DER) in place of a passphrase. */
  readonly identity?: string;
}

/**
 * Seals secrets for the child.
 *
 * @param recipient the child's public key, 32 octets in hex, as `keys.identity` gives it
 * @param verb the verb that they belong to, e.g. `import`
 * @returns base64, for `KeysRequest.sealed`
 * @throws VaultError `recipient`
 */
export function sealRequest(
  recipient: string,
  verb: string,
  secrets: SecretArguments,
  random: Randomness = systemRandomness,
): string {
  const { key, ephemeral } = sealingKeyFor(Uint8Array.from(Buffer.from(recipient, 'hex')), LABEL, random);
  const head = Buffer.concat([ephemeral, random(NONCE_OCTETS)]);
  const plain = Buffer.from(JSON.stringify(secrets));
  try {
    const sealed = seal(key, head.subarray(X25519_OCTETS), Buffer.concat([head, Buffer.from(verb)]), plain);
    return Buffer.concat([head, sealed]).toString('base64');
  } finally {
    key.fill(0);
    plain.fill(0);
  }
}

/** The child's half: one key pair for its life, more or less. */
export class RequestOpener {
  readonly #random: Randomness;
  readonly #taken = new Set<string>();
  #privateKey: KeyObject;
  #publicKey: string;

  constructor(random: Randomness = systemRandomness) {
    this.#random = random;
    this.#privateKey = freshKey(random);
    this.#publicKey = publicText(this.#privateKey);
  }

  /** The public key that requests are sealed to: hex. */
  get publicKey(): string {
    return this.#publicKey;
  }

  /**
   * Opens what was sealed for a verb. Each request is taken once.
   *
   * @throws SidescopeError `keys.not-sealed`, `keys.sealed-twice`
   */
  open(sealed: string | undefined, verb: string): SecretArguments {
    const octets = Buffer.from(sealed ?? '', 'base64');
    if (octets.length < HEAD_OCTETS || octets.length > SEALED_MOST + HEAD_OCTETS + 16) throw notOpened();
    const head = octets.subarray(0, HEAD_OCTETS);
    const name = head.toString('hex');
    if (this.#taken.has(name)) {
      const hint = 'seal it again; nobody can send a request a second time';
      throw new SidescopeError('keys.sealed-twice', 'this request was carried out before', hint, ExitCode.refused);
    }
    const key = openingKeyOf(this.#privateKey, head.subarray(0, X25519_OCTETS), LABEL);
    if (key === null) throw notOpened();
    const associated = Buffer.concat([head, Buffer.from(verb)]);
    const plain = unseal(key, head.subarray(X25519_OCTETS), associated, octets.subarray(HEAD_OCTETS));
    key.fill(0);
    if (plain === null) throw notOpened();
    this.#note(name);
    try {
      return JSON.parse(Buffer.from(plain.buffer, plain.byteOffset, plain.length).toString('utf8')) as SecretArguments;
    } catch {
      throw notOpened();
    } finally {
      plain.fill(0);
    }
  }

  #note(name: string): void {
    this.#taken.add(name);
    if (this.#taken.size < TAKEN_MOST) return;
    this.#taken.clear();
    this.#privateKey = freshKey(this.#random);
    this.#publicKey = publicText(this.#privateKey);
  }
}

function freshKey(random: Randomness): KeyObject {
  const raw = random(X25519_OCTETS);
  try {
    return x25519PrivateKey(raw);
  } finally {
    raw.fill(0);
  }
}

function publicText(key: KeyObject): string {
  return Buffer.from(x25519PublicOctets(key)).toString('hex');
}

function notOpened(): SidescopeError {
  return new SidescopeError(
    'keys.not-sealed',
    'what should be sealed for the engine was not opened: it is for another start of the engine, or was changed',
    'ask for the key again (`keys.identity`) and seal anew',
    ExitCode.refused,
  );
}
