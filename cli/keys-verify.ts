// `sidescope keys verify`: runs the checks and tells what they came to.

import { readFileSync } from 'node:fs';
import { ExitCode, SidescopeError } from '../daemon/errors.ts';
import { systemSurroundings } from '../daemon/keyring/vault/surroundings.ts';
import { readVaultFile } from '../daemon/keyring/vault/unlock-vault.ts';
import { type VaultCheck, type VaultReport, verifyVault } from '../daemon/keyring/vault/verify-vault.ts';
import { openVault, type Unlock, type UnlockSource } from '../daemon/keyring/vault.ts';
import { printable, printableJson } from '../dissectors/printable.ts';
import type { DaemonKeys } from './keys-daemon.ts';
import { slotsText } from './keys-text.ts';
import { writeOutput } from './stdout.ts';
import { actor } from './vault-options.ts';

/** What the options give. */
export interface VerifyArguments {
  readonly isJson: boolean;
  readonly anchorPath: string | undefined;
  /** File with a checkpoint that was kept elsewhere. */
  readonly against: string | undefined;
  readonly renew: string | undefined;
}

/** Checks a vault and prints what is right and wrong. True where all is right. */
export async function checkWholeVault(
  path: string,
  source: UnlockSource,
  { isJson, anchorPath, against, renew }: VerifyArguments,
): Promise<boolean> {
  const note = against === undefined ? undefined : readNote(against);
  const by = actor('keys verify');
  // Nobody types a passphrase for a file that is no vault.
  readVaultFile(systemSurroundings, path);
  const unlock = await source();
  if (renew !== undefined) {
    const vault = await openVault(path, () => copyOfUnlock(unlock), { by, anchorPath, renew });
    vault.close();
  }
  const report = verifyVault(path, unlock, { by, anchorPath, against: note });
  if (unlock.kind !== 'identity') unlock.octets.fill(0);
  writeOutput(isJson ? reportJson(report) : reportText(report));
  return report.checks.every((check) => check.isGood);
}

/**
 * The same while a daemon has the vault open, which checks it as it stands on disk.
 *
 * @param unlock a passphrase in it is overwritten
 */
export async function checkDaemonVault(
  daemon: DaemonKeys,
  unlock: Unlock,
  isJson: boolean,
  against: string | undefined,
): Promise<boolean> {
  try {
    const report = await daemon.verify(unlock, against === undefined ? undefined : readNote(against));
    writeOutput(isJson ? reportJson(report) : reportText(report));
    return report.isGood;
  } finally {
    if (unlock.kind !== 'identity') unlock.octets.fill(0);
  }
}

function reportText({ checks, checkpoint, checkpointKey, slots }: VaultReport): string {
  const lines = [...checks.map(checkText), '', 'opened by', slotsText(slots).trimEnd()];
  if (checkpoint !== null) {
    lines.push('', 'last checkpoint (keep it elsewhere; --against FILE checks it):', '', checkpoint.trimEnd());
    lines.push('', `signed with ${checkpointKey}`);
  }
  return `${lines.join('\n')}\n`;
}

function checkText({ subject, isGood, code, text, hint }: VaultCheck): string {
  if (isGood) return `ok     ${subject}: ${printable(text)}`;
  return `WRONG  ${subject}: ${printable(text)} [${code}]\n       ${printable(hint)}`;
}

function reportJson({ checks, checkpoint, checkpointKey, slots }: VaultReport): string {
  const isGood = checks.every((check) => check.isGood);
  return `${printableJson({ v: 1, type: 'verify', isGood, checks, slots, checkpoint, checkpointKey }, 2)}\n`;
}

function readNote(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch (cause) {
    const code = (cause as NodeJS.ErrnoException).code ?? 'unknown reason';
    const message = `the checkpoint ${path} cannot be read (${code})`;
    throw new SidescopeError('usage.checkpoint', message, 'check the path', ExitCode.usage, { cause });
  }
}

function copyOfUnlock(unlock: Unlock): Unlock {
  return unlock.kind === 'identity' ? unlock : { ...unlock, octets: Uint8Array.from(unlock.octets) };
}
