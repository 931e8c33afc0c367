// Saves a vault so that a crash at any moment leaves exactly the old or the new one, and so that whoever opens it next can
// tell which of the two it is: intent on record and in the anchor, file, completion on record and in the anchor.

import type { AuditLog } from '../../audit/log.ts';
import type { AuditEntry } from '../../audit/record.ts';
import { type Generation, writeAnchor } from './anchor.ts';
import { replaceFile } from './file-system.ts';
import { copyOf } from './sealing.ts';
import type { Slot } from './slots.ts';
import type { VaultSurroundings } from './surroundings.ts';
import { openContents } from './unlock-vault.ts';
import { encodeContents, type VaultContents, wipeContents } from './vault-contents.ts';
import { VaultError } from './vault-error.ts';
import { encodeVaultFile, parseVaultFile, type VaultFile } from './vault-format.ts';
import { generationEntry, RECORD } from './vault-history.ts';

/** What a save starts from. */
export interface SaveStart {
  readonly path: string;
  readonly anchorPath: string;
  readonly vaultId: Uint8Array;
  readonly created: number;
  /** The generation that is in place; number 0 and a hash of zeros before the first. */
  readonly saved: Generation;
  readonly savedKey: Uint8Array;
}

/** What is to be saved. */
export interface SaveGoal {
  readonly contents: VaultContents;
  readonly slots: readonly Slot[];
  readonly dataKey: Uint8Array;
  /** Written to the audit log before anything else. */
  readonly entries: readonly AuditEntry[];
  /** The highest wall clock seen. */
  readonly lastSeen: number;
}

/** What is in place after a save. */
export interface Saved {
  readonly file: VaultFile;
  readonly contents: VaultContents;
}

/**
 * See the head of the file.
 *
 * @throws AuditError `not-written`, VaultError `not-written`: the old vault is in place
 * @throws VaultError `in-doubt`: the next one to open the vault finds out which is
 */
export function saveVault(around: VaultSurroundings, audit: AuditLog, start: SaveStart, goal: SaveGoal): Saved {
  const { fs, random, leastLogN } = around;
  const { path, anchorPath, vaultId, saved, savedKey } = start;
  const number = saved.number + 1;
  const { seq, hash, offset, key } = audit.point;
  const auditHead = { seq, hash, offset, key: copyOf(key) };
  const contents = { ...goal.contents, generation: number, lastSeen: goal.lastSeen, auditHead };
  const plain = encodeContents(contents);
  const header = { vaultId, generation: number, previousHash: saved.hash, created: start.created, slots: goal.slots };
  const octets = encodeVaultFile(header, goal.dataKey, plain, random);
  const file = parseVaultFile(octets, path, leastLogN);
  const intended = { number, hash: file.hash };
  try {
    audit.append([...goal.entries, generationEntry(RECORD.intended, intended)]);
    let isReplacing = false;
    try {
      writeAnchor(fs, anchorPath, { vaultId, saved, intended }, savedKey, goal.dataKey);
      isReplacing = true;
      replaceFile(fs, path, octets, (written) => checkWritten(written, plain, goal.dataKey, path, leastLogN), random);
    } catch (error) {
      const isInDoubt = error instanceof VaultError && error.code === 'vault.in-doubt';
      if (!isReplacing || !isInDoubt) abandon(around, audit, start, intended);
      throw error;
    }
  } finally {
    plain.fill(0);
  }
  confirm(around, audit, start, intended, goal.dataKey);
  return { file, contents };
}

/** Records that a save is complete. @throws VaultError `in-doubt` where that fails: the new vault is in place */
export function confirm(
  { fs }: VaultSurroundings,
  audit: AuditLog,
  { anchorPath, vaultId }: Pick<SaveStart, 'anchorPath' | 'vaultId'>,
  saved: Generation,
  dataKey: Uint8Array,
): void {
  try {
    audit.append([generationEntry(RECORD.saved, saved)]);
    writeAnchor(fs, anchorPath, { vaultId, saved, intended: null }, dataKey, null);
  } catch (cause) {
    throw new VaultError(
      'in-doubt',
      'the change is made, but that could not be recorded',
      'Make space or check the disk, then run `sidescope keys verify`: it completes the record',
      { cause },
    );
  }
}

/** Records that the intended generation will never be. That this fails too is no matter: the next start does it. */
function abandon(around: VaultSurroundings, audit: AuditLog, start: SaveStart, intended: Generation): void {
  const { anchorPath, vaultId, saved, savedKey } = start;
  try {
    audit.append([generationEntry(RECORD.abandoned, intended)]);
    writeAnchor(around.fs, anchorPath, { vaultId, saved, intended: null }, savedKey, null);
  } catch {
    // The first error is the one to tell.
  }
}

/** What was read back must open, and hold what was meant. */
function checkWritten(
  written: Uint8Array,
  plain: Uint8Array,
  dataKey: Uint8Array,
  path: string,
  leastLogN: number,
): void {
  const contents = openContents(parseVaultFile(written, path, leastLogN), dataKey, path);
  const again = encodeContents(contents);
  wipeContents(contents);
  const isSame = Buffer.compare(again, plain) === 0;
  again.fill(0);
  if (!isSame)
    throw new VaultError('not-written', `${path} was read back changed`, 'Nothing was changed; check the disk');
}
