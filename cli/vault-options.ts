// The options by which a command finds a vault and opens it, the same for every command.

import { type Command, Option } from 'commander';
import { ExitCode, SidescopeError } from '../daemon/errors.ts';
import type { Unlock, UnlockSource } from '../daemon/keyring/vault.ts';

/** What the options give, after commander has read them. */
export interface VaultArguments {
  readonly vault?: string;
  readonly passphraseFile?: string;
  readonly identity?: string;
  readonly anchor?: string;
}

/** Adds the options. */
export function addVaultOptions(command: Command): Command {
  return command
    .option('--vault <file>', 'the vault; else the environment variable SIDESCOPE_VAULT')
    .option('--passphrase-file <file>', 'file with the passphrase in one line; - for standard input')
    .option('--identity <file>', 'X25519 private key (PEM) that opens the vault in place of a passphrase')
    .option('--anchor <file>', 'where the anchor file stands, best on another disk')
    .addOption(new Option('--passphrase [text]').hideHelp().argParser(refusePassphrase));
}

/** The command line is no place for a passphrase; what stood there is not repeated. */
function refusePassphrase(): never {
  throw new SidescopeError(
    'usage.passphrase-on-command-line',
    'a passphrase was given on the command line, where every user of this machine can read it',
    'use --passphrase-file, or let sidescope ask; and take a new passphrase if that one was real',
    ExitCode.usage,
  );
}

/** The path of the vault. @throws SidescopeError `usage.no-vault` */
export function vaultPath(options: VaultArguments, named?: string): string {
  const path = options.vault ?? named ?? process.env.SIDESCOPE_VAULT;
  if (path !== undefined && path !== '') return path;
  const hint = 'give --vault FILE, or set SIDESCOPE_VAULT';
  throw new SidescopeError('usage.no-vault', 'no vault was named', hint, ExitCode.usage);
}

/** What opens the vault: the identity that was named, else a passphrase. */
export function unlockSource(options: VaultArguments, path: string): UnlockSource {
  return async (): Promise<Unlock> => {
    // Loaded only here: who reads with a plain keyring needs none of it.
    if (options.identity !== undefined) {
      const { readIdentity } = await import('../daemon/keyring/vault/key-files.ts');
      return { kind: 'identity', privateKey: readIdentity(options.identity) };
    }
    const { findPassphrase } = await import('../daemon/keyring/vault/passphrase.ts');
    const { octets, credential } = await findPassphrase(options.passphraseFile, `Passphrase of ${path}: `);
    return credential === null ? { kind: 'passphrase', octets } : { kind: 'credential', name: credential, octets };
  };
}

/** Who acts, for the audit log. @param what e.g. `keys revoke` */
export function actor(what: string): string {
  const { uid, username } = process.getBuiltinModule('node:os').userInfo();
  return `${username} (uid ${uid}), ${what}`;
}
