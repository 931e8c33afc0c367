// The anchor: a small file, best on another disk, that knows the last generation of the vault and the one that is about to
// be written. A vault put back from an old copy does not fit it. Sealed with nothing, for it holds no secret; a MAC under
// each of the two data keys says that it was written by somebody who had them.

import { CborReader, CborWriter } from './cbor.ts';
import { type FileSystem, readPrivate, replaceFile } from './file-system.ts';
import { deriveKey, equalOctets, HASH_OCTETS, hmacSha256 } from './sealing.ts';
import { VaultError } from './vault-error.ts';
import { VAULT_ID_OCTETS } from './vault-format.ts';

// We chose.

const MAGIC = Buffer.from('SSCOPEAN');
const FILE_MOST = 512;
const LABEL = 'sidescope-anchor-v1';
const WHAT = 'the anchor';

/** One generation of the vault, known by the SHA-256 of its file. */
export interface Generation {
  readonly number: number;
  readonly hash: Uint8Array;
}

/** What the anchor says. */
export interface Anchor {
  readonly vaultId: Uint8Array;
  readonly saved: Generation;
  /** Was about to be written; null: nothing was. */
  readonly intended: Generation | null;
}

/** Writes the anchor. @param intendedKey data key of the intended generation, where there is one */
export function writeAnchor(
  fs: FileSystem,
  path: string,
  anchor: Anchor,
  savedKey: Uint8Array,
  intendedKey: Uint8Array | null,
): void {
  const content = encode(anchor);
  const macs = [hmacSha256(deriveKey(savedKey, LABEL), content)];
  if (intendedKey !== null) macs.push(hmacSha256(deriveKey(intendedKey, LABEL), content));
  replaceFile(fs, path, Buffer.concat([content, ...macs]));
}

/**
 * Checks a vault that was opened against its anchor.
 *
 * @returns what the anchor says; the vault is the saved or the intended generation
 * @throws VaultError `anchor-missing`, `anchor-changed`, `rolled-back`
 */
export function checkAnchor(
  fs: FileSystem,
  path: string,
  vaultId: Uint8Array,
  opened: Generation,
  dataKey: Uint8Array,
): Anchor {
  if (!fs.exists(path)) {
    throw new VaultError(
      'anchor-missing',
      `the anchor ${path} does not exist`,
      'Bring it back, or name its new place with --anchor; if it is lost, `sidescope keys verify --renew REASON`',
    );
  }
  const octets = readPrivate(fs, path, FILE_MOST, WHAT);
  const anchor = decode(octets);
  if (anchor === null || !equalOctets(anchor.vaultId, vaultId)) throw changed(path);
  const isSaved = isSame(anchor.saved, opened);
  const isIntended = anchor.intended !== null && isSame(anchor.intended, opened);
  const newest = anchor.intended?.number ?? anchor.saved.number;
  if (!isSaved && !isIntended) {
    if (opened.number > newest) throw changed(path);
    throw rolledBack(opened.number, anchor.saved.number);
  }
  const macAt = octets.length - HASH_OCTETS * (anchor.intended === null ? 1 : 2);
  const content = octets.subarray(0, macAt);
  const at = isSaved ? macAt : macAt + HASH_OCTETS;
  const expected = hmacSha256(deriveKey(dataKey, LABEL), content);
  if (!equalOctets(expected, octets.subarray(at, at + HASH_OCTETS))) throw changed(path);
  return anchor;
}

/** The error of a vault that is older than one that was there before. */
export function rolledBack(opened: number, newest: number): VaultError {
  const older = opened < newest ? `generation ${newest} was there before` : 'another file of that generation was there';
  return new VaultError(
    'rolled-back',
    `this vault is generation ${opened}, but ${older}: an older copy was put in its place`,
    'Bring back the latest vault; --accept-rollback REASON opens this one for reading only, and records it',
  );
}

function isSame(a: Generation, b: Generation): boolean {
  return a.number === b.number && equalOctets(a.hash, b.hash);
}

function changed(path: string): VaultError {
  return new VaultError(
    'anchor-changed',
    `the anchor ${path} does not belong to this vault as it is, or was changed`,
    'Find out who changed it; if it is lost, `sidescope keys verify --renew REASON` makes it anew',
  );
}

function encode({ vaultId, saved, intended }: Anchor): Uint8Array {
  const writer = new CborWriter().map(3).key(1).bytes(vaultId).key(2).list(2).uint(saved.number).bytes(saved.hash);
  writer.key(3);
  if (intended === null) writer.nothing();
  else writer.list(2).uint(intended.number).bytes(intended.hash);
  return new Uint8Array(Buffer.concat([MAGIC, writer.take()]));
}

function decode(octets: Uint8Array): Anchor | null {
  if (!MAGIC.every((octet, index) => octets[index] === octet)) return null;
  // How many MACs follow depends on what stands before them: both ways are tried, one fits.
  for (const macs of [1, 2]) {
    const reader = new CborReader(octets.subarray(MAGIC.length, -HASH_OCTETS * macs), WHAT);
    try {
      reader.map(3);
      reader.key(1);
      const vaultId = reader.bytes(VAULT_ID_OCTETS);
      reader.key(2);
      const saved = readGeneration(reader);
      reader.key(3);
      const intended = reader.nothing() ? null : readGeneration(reader);
      reader.end();
      if ((intended === null ? 1 : 2) === macs) return { vaultId, saved, intended };
    } catch (error) {
      if (!(error instanceof VaultError)) throw error;
    }
  }
  return null;
}

function readGeneration(reader: CborReader): Generation {
  if (reader.list(2) !== 2) throw reader.problem('a generation is incomplete');
  const number = reader.uint();
  return { number, hash: reader.bytes(HASH_OCTETS) };
}
