// What was revoked, in the daemon's own file: canonical JSON and a MAC under a key that only the daemon's private key
// gives, replaced so that a crash leaves the old or the new one. A changed file is refused, not repaired: a daemon that
// forgot a revocation would relay to whom it must not.

import { createHmac, hkdfSync, type KeyObject, timingSafeEqual } from 'node:crypto';
import { canonicalJson, type JsonObject, type JsonValue, parseCanonicalJson } from '../audit/canonical-json.ts';
import { type FileSystem, nodeFileSystem, readPrivate, replaceFile } from '../keyring/vault/file-system.ts';
import { VaultError } from '../keyring/vault/vault-error.ts';
import type { Capability } from './capability.ts';
import { seedOf } from './ed25519.ts';
import { RelayError } from './relay-error.ts';

// We chose.
const FORMAT = 'sidescope-relay-state/1';
const MAC_CONTEXT = 'sidescope-relay-state-v1';
/** Revocations kept. They end by themselves; above this many, a new one is refused and a new operator key is the answer. */
const MOST_REVOCATIONS = 4096;
const FILE_MOST = 4 * 1024 * 1024;
/**
 * Seconds after which every capability that existed at a revocation has ended: `issue` looks at most 30 days ahead, and none
 * lasts longer than 30.
 */
export const LONGEST_LIFE = 60 * 86_400;
/** Seconds from now at which a capability may begin at the latest; `issue` keeps to it. */
export const LATEST_START = 30 * 86_400;
const REASON_LENGTH = 256;

/** One revocation: of one capability, or of everything that was granted to one subscriber. Times: seconds since 1970. */
export interface Revocation {
  readonly kind: 'capability' | 'subject';
  /** `jti`, or the subscriber's public key. */
  readonly name: string;
  readonly at: number;
  /** From then on nothing that it speaks of is valid any more. */
  readonly until: number;
  readonly reason: string;
}

/** The revocations of one daemon. */
export class Revocations {
  readonly #path: string;
  readonly #macKey: Uint8Array;
  readonly #fs: FileSystem;
  readonly #most: number;
  #rows = new Map<string, Revocation>();

  /**
   * Reads the file; one that is not there is an empty one.
   *
   * @param daemon the daemon's private key
   * @param most revocations kept
   * @throws RelayError `state` where the file was changed or cannot be read
   */
  constructor(path: string, daemon: KeyObject, fs: FileSystem = nodeFileSystem, most = MOST_REVOCATIONS) {
    this.#path = path;
    this.#fs = fs;
    this.#most = most;
    this.#macKey = new Uint8Array(hkdfSync('sha256', seedOf(daemon), '', MAC_CONTEXT, 32));
    this.reload();
  }

  /** Reads the file again: somebody else may have written it while this daemon did not run. @throws RelayError `state` */
  reload(): void {
    if (!this.#fs.exists(this.#path)) {
      this.#rows = new Map();
      return;
    }
    let octets: Uint8Array;
    try {
      octets = readPrivate(this.#fs, this.#path, FILE_MOST, 'the state file');
    } catch (error) {
      if (!(error instanceof VaultError)) throw error;
      throw new RelayError('state', error.message, error.hint, error.exitCode, { cause: error });
    }
    const rows = this.#decode(octets);
    if (rows === null) {
      throw new RelayError(
        'state',
        `the state file ${this.#path} is not this daemon's, or was changed`,
        'Bring back a copy you trust: without it the daemon does not know what was revoked',
      );
    }
    this.#rows = rows;
  }

  /** Whether a capability must not be used any more. */
  isRevoked(capability: Pick<Capability, 'jti' | 'sub'>): boolean {
    return this.#rows.has(`capability ${capability.jti}`) || this.#rows.has(`subject ${capability.sub}`);
  }

  /** All that still matter, the oldest first. */
  list(now: number): Revocation[] {
    return [...this.#rows.values()].filter((row) => row.until > now).sort((a, b) => a.at - b.at);
  }

  /**
   * Revokes. Durable when it returns.
   *
   * @param until end of the capability where it is known; else all that exist now have ended by then
   * @throws RelayError `state-full`; VaultError `not-written`, `in-doubt`
   */
  revoke(kind: Revocation['kind'], name: string, now: number, reason: string, until = now + LONGEST_LIFE): Revocation {
    const rows = new Map([...this.#rows].filter(([, row]) => row.until > now));
    const row = { kind, name, at: now, until: Math.max(until, now + 1), reason: reason.slice(0, REASON_LENGTH) };
    const known = rows.get(keyOf(row));
    // A second revocation may only say that it lasts longer.
    rows.set(keyOf(row), known !== undefined && known.until > row.until ? { ...row, until: known.until } : row);
    if (rows.size > this.#most) {
      throw new RelayError(
        'state-full',
        `${this.#most} revocations are kept already`,
        'Make a new operator key: everything that the old one granted ends with it',
      );
    }
    replaceFile(this.#fs, this.#path, this.#encode(rows));
    this.#rows = rows;
    return row;
  }

  #encode(rows: ReadonlyMap<string, Revocation>): Uint8Array {
    const list = [...rows.values()] as unknown as readonly JsonValue[];
    const text = canonicalJson({ format: FORMAT, revocations: list });
    return Buffer.from(`${text}\n${this.#mac(text)}\n`);
  }

  #decode(octets: Uint8Array): Map<string, Revocation> | null {
    const [text, mac, end, more] = Buffer.from(octets).toString('utf8').split('\n');
    if (end !== '' || more !== undefined || !isEqual(mac, this.#mac(text))) return null;
    const value = parseCanonicalJson(text) as JsonObject | null;
    if (value === null || value.format !== FORMAT) return null;
    const rows = value.revocations as unknown as readonly Revocation[];
    return new Map(rows.map((row) => [keyOf(row), row]));
  }

  #mac(text: string): string {
    return createHmac('sha256', this.#macKey).update(text).digest('hex');
  }
}

function keyOf(row: Pick<Revocation, 'kind' | 'name'>): string {
  return `${row.kind} ${row.name}`;
}

function isEqual(one: string, other: string): boolean {
  return one.length === other.length && timingSafeEqual(Buffer.from(one), Buffer.from(other));
}
