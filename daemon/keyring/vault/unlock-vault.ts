// Reads a vault file and opens it: no audit log, no anchor, no lock. What this gives may still be an older copy.

import { readPrivate } from './file-system.ts';
import { openSlots, type Slot, type Unlock } from './slots.ts';
import type { VaultSurroundings } from './surroundings.ts';
import { decodeContents, type VaultContents } from './vault-contents.ts';
import { notOpened } from './vault-error.ts';
import { openBody, parseVaultFile, VAULT_FILE_MOST, type VaultFile } from './vault-format.ts';

/** A vault file with the key it was opened with. */
export interface UnlockedVault {
  readonly file: VaultFile;
  readonly dataKey: Uint8Array;
  readonly slot: Slot;
  readonly contents: VaultContents;
}

/**
 * Reads a vault file and checks what can be checked without a passphrase.
 *
 * @throws VaultError `not-there`, `symlink`, `mode`, `unreadable`, `too-large` and those of `parseVaultFile`
 */
export function readVaultFile({ fs, leastLogN }: VaultSurroundings, path: string): VaultFile {
  return parseVaultFile(readPrivate(fs, path, VAULT_FILE_MOST, 'the vault'), path, leastLogN);
}

/**
 * Opens a vault file. This is where the passphrase work is done.
 *
 * @throws VaultError `not-opened`, `malformed`
 */
export function unlockVault({ work }: VaultSurroundings, path: string, file: VaultFile, unlock: Unlock): UnlockedVault {
  const opened = openSlots(file.slots, unlock, file.vaultId, work);
  if (opened === null) throw notOpened(path);
  return { file, slot: opened.slot, dataKey: opened.dataKey, contents: openContents(file, opened.dataKey, path) };
}

/** The contents of a vault file with its data key. @throws VaultError `not-opened`, `malformed` */
export function openContents(file: VaultFile, dataKey: Uint8Array, path: string): VaultContents {
  const body = openBody(file, dataKey, path);
  try {
    const contents = decodeContents(body, path);
    if (contents.generation !== file.generation) throw notOpened(path);
    return contents;
  } finally {
    body.fill(0);
  }
}
