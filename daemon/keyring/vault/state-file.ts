// What changes too often for a save of the vault: use counters, and the highest wall clock seen. A small sealed file beside
// the vault; its key is in the vault.

import { CborReader, CborWriter } from './cbor.ts';
import { type FileSystem, readPrivate, replaceFile } from './file-system.ts';
import { NONCE_OCTETS, type Randomness, seal, unseal } from './sealing.ts';
import { VaultError } from './vault-error.ts';

// We chose.

const MAGIC = Buffer.from('SSCOPEST');
/** Counters kept: as many as a vault holds keys. */
const COUNTER_CAP = 1_048_576;
const FILE_MOST = 64 * 1024 * 1024;
const WHAT = 'the state file';

/** How much a PGK was used, in traffic that was watched live. */
export interface KeyUse {
  /** Frames and octets of SDU deciphered. */
  readonly frames: number;
  readonly octets: number;
}

/** What the file holds. */
export interface VaultState {
  /** The highest wall clock seen, milliseconds since 1970. */
  readonly highWater: number;
  /** By `keyName`. */
  readonly use: ReadonlyMap<string, KeyUse>;
}

/** Names a key of a vault in the counters: PGK ids come round again, so its beginning is part of the name. */
export function keyName(group: number, id: number, notBefore: number): string {
  return `${group}/${id}/${notBefore}`;
}

/** Writes the state. @throws VaultError `not-written`, `in-doubt` */
export function writeState(
  fs: FileSystem,
  path: string,
  vaultId: Uint8Array,
  key: Uint8Array,
  state: VaultState,
  random: Randomness,
): void {
  const writer = new CborWriter().map(2).key(1).instant(state.highWater).key(2).list(state.use.size);
  for (const [name, { frames, octets }] of [...state.use].sort(byName)) {
    writer.list(3).text(name).uint(frames).uint(octets);
  }
  const plain = writer.take();
  const nonce = random(NONCE_OCTETS);
  const sealed = seal(key, nonce, associatedData(vaultId), plain);
  plain.fill(0);
  replaceFile(fs, path, Buffer.concat([MAGIC, nonce, sealed]));
}

/**
 * Reads the state.
 *
 * @param keys the key of the vault, and the one before it where a change of the passphrase was interrupted
 * @throws VaultError `state-missing`, `state-changed`
 */
export function readState(fs: FileSystem, path: string, vaultId: Uint8Array, keys: readonly Uint8Array[]): VaultState {
  if (!fs.exists(path)) {
    throw new VaultError(
      'state-missing',
      `the state file ${path} does not exist`,
      'Bring it back; if it is lost, `sidescope keys verify --renew REASON` begins a new one',
    );
  }
  const octets = readPrivate(fs, path, FILE_MOST, WHAT);
  const nonceEnd = MAGIC.length + NONCE_OCTETS;
  if (octets.length < nonceEnd || !MAGIC.every((octet, index) => octets[index] === octet)) throw changed(path);
  const nonce = octets.subarray(MAGIC.length, nonceEnd);
  for (const key of keys) {
    const plain = unseal(key, nonce, associatedData(vaultId), octets.subarray(nonceEnd));
    if (plain !== null) return decode(plain, path);
  }
  throw changed(path);
}

function decode(plain: Uint8Array, path: string): VaultState {
  const reader = new CborReader(plain, path);
  reader.map(2);
  reader.key(1);
  const highWater = reader.instant();
  reader.key(2);
  const use = new Map<string, KeyUse>();
  for (let left = reader.list(COUNTER_CAP); left > 0; left--) {
    if (reader.list(3) !== 3) throw reader.problem('a counter is incomplete');
    const name = reader.text(64);
    const frames = reader.uint();
    use.set(name, { frames, octets: reader.uint() });
  }
  reader.end();
  return { highWater, use };
}

function associatedData(vaultId: Uint8Array): Uint8Array {
  return Buffer.concat([MAGIC, vaultId]);
}

function byName(a: readonly [string, KeyUse], b: readonly [string, KeyUse]): number {
  return a[0] < b[0] ? -1 : 1;
}

function changed(path: string): VaultError {
  return new VaultError(
    'state-changed',
    `the state file ${path} does not belong to this vault, or was changed`,
    'Find out who changed it; `sidescope keys verify --renew REASON` begins a new one',
  );
}
