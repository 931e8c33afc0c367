// Every file that a `read` depends on: `-w` must empty none of them, by whatever name.

import type { VaultArguments } from './vault-options.ts';

/** What the options say of files that are read. */
export interface InputArguments extends VaultArguments {
  readonly keyring: readonly string[];
  readonly config?: string;
}

/** Paths of the capture, of keyrings, of the configuration, of the vault with all that stands beside it. */
export async function inputFiles(capture: string, options: InputArguments): Promise<readonly string[]> {
  const named = [options.config, options.passphraseFile, options.identity, options.anchor];
  return [
    capture,
    ...options.keyring,
    ...named.filter((path) => path !== undefined),
    ...(options.vault === undefined ? [] : await vaultFiles(options.vault)),
  ];
}

async function vaultFiles(vault: string): Promise<readonly string[]> {
  // Loaded only here: nothing of the vault is needed to read with a plain keyring.
  const { vaultPaths } = await import('../daemon/keyring/vault/surroundings.ts');
  const { nodeFileSystem } = await import('../daemon/keyring/vault/file-system.ts');
  const { auditKeyPath, fullFiles } = await import('../daemon/audit/log.ts');
  const { lock, audit, state, anchor } = vaultPaths(vault);
  return [vault, lock, audit, ...fullFiles(nodeFileSystem, audit), auditKeyPath(audit), state, anchor];
}
