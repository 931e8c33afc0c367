// A small file of the daemon's own: canonical JSON and a MAC under a key that only the daemon's private key gives, replaced
// so that a crash leaves the old or the new one. A changed file is refused, not repaired.

import { createHmac, hkdfSync, type KeyObject, timingSafeEqual } from 'node:crypto';
import { canonicalJson, type JsonObject, parseCanonicalJson } from '../audit/canonical-json.ts';
import { type FileSystem, readPrivate, replaceFile } from '../keyring/vault/file-system.ts';
import { VaultError } from '../keyring/vault/vault-error.ts';
import { seedOf } from './ed25519.ts';
import { RelayError } from './relay-error.ts';

// We chose.
const MAC_CONTEXT = 'sidescope-relay-state-v1';
const FILE_MOST = 4 * 1024 * 1024;

/** See the head of the file. */
export class StateFile {
  readonly path: string;
  readonly #what: string;
  readonly #macKey: Uint8Array;
  readonly #fs: FileSystem;

  /**
   * @param what the file's part, e.g. `the state file`
   * @param daemon the daemon's private key
   */
  constructor(path: string, what: string, daemon: KeyObject, fs: FileSystem) {
    this.path = path;
    this.#what = what;
    this.#fs = fs;
    this.#macKey = new Uint8Array(hkdfSync('sha256', seedOf(daemon), '', MAC_CONTEXT, 32));
  }

  /**
   * What the file holds; null where there is none.
   *
   * @param format the member `format` that it must have
   * @param hint what to do where it was changed
   * @throws RelayError `state`
   */
  read(format: string, hint: string): JsonObject | null {
    if (!this.#fs.exists(this.path)) return null;
    let octets: Uint8Array;
    try {
      octets = readPrivate(this.#fs, this.path, FILE_MOST, this.#what);
    } catch (error) {
      if (!(error instanceof VaultError)) throw error;
      throw new RelayError('state', error.message, error.hint, error.exitCode, { cause: error });
    }
    const value = this.#decode(octets);
    if (value !== null && value.format === format) return value;
    throw new RelayError('state', `${this.#what} ${this.path} is not this daemon's, or was changed`, hint);
  }

  /** Durable when it returns. @throws VaultError `not-written`, `in-doubt` */
  write(value: JsonObject): void {
    const text = canonicalJson(value);
    replaceFile(this.#fs, this.path, Buffer.from(`${text}\n${this.#mac(text)}\n`));
  }

  #decode(octets: Uint8Array): JsonObject | null {
    const [text, mac, end, more] = Buffer.from(octets).toString('utf8').split('\n');
    if (end !== '' || more !== undefined || !isEqual(mac, this.#mac(text))) return null;
    return parseCanonicalJson(text) as JsonObject | null;
  }

  #mac(text: string): string {
    return createHmac('sha256', this.#macKey).update(text).digest('hex');
  }
}

function isEqual(one: string, other: string): boolean {
  return one.length === other.length && timingSafeEqual(Buffer.from(one), Buffer.from(other));
}
