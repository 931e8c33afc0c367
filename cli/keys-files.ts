// Files that `sidescope keys` takes in and gives out.

import {
  closeSync,
  constants,
  existsSync,
  fstatSync,
  fsyncSync,
  linkSync,
  openSync,
  readSync,
  renameSync,
  rmSync,
  writeSync,
} from 'node:fs';
import { ExitCode, SidescopeError } from '../daemon/errors.ts';
import { type KeyFlaw, lintKeys } from '../daemon/keyring/key-lint.ts';
import type { Keyring } from '../daemon/keyring/keyring.ts';
import { loadKeyrings } from '../daemon/keyring/keyring-file.ts';
import { readIdentity } from '../daemon/keyring/vault/key-files.ts';
import { EXPORT_MOST, isSealedExport, openExport } from '../daemon/keyring/vault/seal-export.ts';

const { O_WRONLY, O_CREAT, O_EXCL, O_NOFOLLOW } = constants;

/** What file systems say on which a file has one name only, as on many sticks: there somebody else may come in between. */
const WITHOUT_LINKS: ReadonlySet<string> = new Set(['EPERM', 'ENOTSUP', 'EOPNOTSUPP', 'ENOSYS', 'EMLINK']);

/** A file to import, read. Whoever asked wipes the keyring. */
export interface Import {
  readonly name: string;
  readonly keyring: Keyring;
  readonly flaws: readonly KeyFlaw[];
  readonly isPlain: boolean;
}

/**
 * Reads keyring files and sealed exports; all are read before any is used.
 *
 * @param identity path of the private key that sealed exports were made for
 * @throws SidescopeError, VaultError
 */
export async function readImports(files: readonly string[], identity: string | undefined): Promise<Import[]> {
  const imports: Import[] = [];
  try {
    for (const name of files) {
      const sealed = readIfSealed(name);
      const keyring = sealed === null ? await loadKeyrings([name]) : unsealed(sealed, name, identity);
      imports.push({ name, keyring, flaws: lintKeys(keyring), isPlain: sealed === null });
    }
  } catch (error) {
    for (const { keyring } of imports) keyring.wipe();
    throw error;
  }
  return imports;
}

function unsealed(octets: Uint8Array, name: string, identity: string | undefined): Keyring {
  if (identity !== undefined) return openExport(octets, readIdentity(identity), name);
  const hint = 'give the private key it was sealed for with --export-identity FILE';
  throw new SidescopeError('usage.no-identity', `${name} is a sealed export`, hint, ExitCode.usage);
}

/** The octets of a sealed export; null for any other file, which the keyring reader then judges. */
function readIfSealed(path: string): Uint8Array | null {
  let handle: number;
  try {
    handle = openSync(path, constants.O_RDONLY | constants.O_NONBLOCK);
  } catch {
    return null;
  }
  try {
    const facts = fstatSync(handle);
    if (!facts.isFile()) return null;
    const octets = new Uint8Array(Math.min(facts.size, EXPORT_MOST));
    let length = 0;
    for (let read = -1; read !== 0 && length < octets.length; length += read) {
      read = readSync(handle, octets, length, octets.length - length, null);
    }
    return isSealedExport(octets) && length === facts.size ? octets : null;
  } finally {
    closeSync(handle);
  }
}

/** Refuses a file that is there already. @throws SidescopeError `usage.output` */
export function refuseExisting(path: string): void {
  if (existsSync(path)) throw fileError(path, { code: 'EEXIST' });
}

/**
 * Writes a file that must not be there yet, for its owner alone, and makes it durable. It gets its name when it is whole: whoever
 * is killed meanwhile leaves `FILE.unfinished`, which the next attempt replaces.
 */
export function writeNewFile(path: string, octets: Uint8Array): void {
  const unfinished = `${path}.unfinished`;
  refuseExisting(path);
  let handle: number;
  try {
    rmSync(unfinished, { force: true });
    handle = openSync(unfinished, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW, 0o600);
  } catch (cause) {
    throw fileError(path, cause);
  }
  try {
    try {
      for (let at = 0; at < octets.length; ) at += writeSync(handle, octets, at);
      fsyncSync(handle);
    } finally {
      closeSync(handle);
    }
    nameNew(unfinished, path);
  } catch (cause) {
    rmSync(unfinished, { force: true });
    throw cause instanceof SidescopeError ? cause : fileError(path, cause);
  }
}

/** Gives a file its name where nothing, no link to nowhere either, has that yet. */
function nameNew(unfinished: string, path: string): void {
  try {
    linkSync(unfinished, path);
  } catch (error) {
    if (!WITHOUT_LINKS.has((error as NodeJS.ErrnoException).code ?? '')) throw error;
    refuseExisting(path);
    renameSync(unfinished, path);
    return;
  }
  rmSync(unfinished);
}

function fileError(path: string, cause: unknown): SidescopeError {
  const code = (cause as NodeJS.ErrnoException).code ?? 'unknown reason';
  const hint = code === 'EEXIST' ? 'take another name: nothing is overwritten' : 'check path, rights and space';
  return new SidescopeError('usage.output', `${path} was not written (${code})`, hint, ExitCode.usage, { cause });
}
