// The keys that what the sources of a configuration bring is looked at with: its own, where they can be opened.

import { usableAt } from '../keyring/epoch-state.ts';
import { emptyKeyring, type Keyring } from '../keyring/keyring.ts';
import { loadKeyrings } from '../keyring/keyring-file.ts';
import { readIdentity } from '../keyring/vault/key-files.ts';
import { CREDENTIAL_NAME, credentialOctets, findPassphrase, passphraseFile } from '../keyring/vault/passphrase.ts';
import { openVaultKeyring, type Unlock } from '../keyring/vault.ts';
import type { DaemonConfig } from '../service/config.ts';
import { type Diagnosis, diagnosis, faultOf } from './diagnosis.ts';

/** Keys, and what is wrong with them. Whoever asked wipes them. */
export interface ConfigKeys {
  readonly keyring: Keyring;
  readonly diagnoses: readonly Diagnosis[];
}

/** How they are opened. */
export interface KeysLook {
  /** Wall clock, milliseconds since 1970. */
  now(): number;
  /** Who opens the vault, for its audit log. */
  readonly by: string;
  /** Whether somebody can be asked for a passphrase on the terminal. */
  readonly mayAsk: boolean;
}

type VaultConfig = Extract<DaemonConfig['keys'], { kind: 'vault' }>;

/** Opens the keys of a configuration. Call it where no daemon has its vault open. */
export async function openConfigKeys({ keys }: Pick<DaemonConfig, 'keys'>, look: KeysLook): Promise<ConfigKeys> {
  try {
    const keyring = keys.kind === 'keyring' ? await loadKeyrings(keys.paths) : await fromVault(keys, look);
    if (keyring === null) return { keyring: emptyKeyring(), diagnoses: [notOpened(keys as VaultConfig)] };
    return { keyring, diagnoses: activeToday(keyring, look.now()) };
  } catch (error) {
    return { keyring: emptyKeyring(), diagnoses: [faultOf(error)] };
  }
}

/** Keys that are active today; null where nothing opens the vault without asking, and nobody can be asked. */
async function fromVault(keys: VaultConfig, { by, mayAsk }: KeysLook): Promise<Keyring | null> {
  const { path, anchor } = keys;
  const given = unlockWithoutAsking(keys);
  if (given === null && !mayAsk) return null;
  const unlock = async (): Promise<Unlock> => {
    if (given !== null) return given;
    return { kind: 'passphrase', octets: (await findPassphrase(undefined, `Passphrase of ${path}: `)).octets };
  };
  const options = { by, subject: 'sources of a configuration', ...(anchor === null ? {} : { anchorPath: anchor }) };
  return (await openVaultKeyring(path, unlock, options)).keyring;
}

/** As the engine's process would open it. `-` and descriptors are the daemon's own. */
function unlockWithoutAsking({ identity, passphraseFile: file }: VaultConfig): Unlock | null {
  if (identity !== null) return { kind: 'identity', privateKey: readIdentity(identity) };
  if (file !== null) return { kind: 'passphrase', octets: passphraseFile(file) };
  const octets = credentialOctets(CREDENTIAL_NAME);
  return octets === null ? null : { kind: 'credential', name: CREDENTIAL_NAME, octets };
}

function notOpened({ path }: VaultConfig): Diagnosis {
  const message = `the vault ${path} was not opened: nothing opens it without asking, and there is no terminal to ask on`;
  const advice =
    'run doctor on a terminal, or name a passphraseFile or an identity; a service has the credential vault-pass';
  return diagnosis('note', 'keys.not-opened', message, advice, { vault: path });
}

/** Groups of which no plaintext can leave today. */
export function activeToday(keyring: Keyring, now: number): Diagnosis[] {
  const without = keyring.groups.filter(
    ({ keys }) => keys.length > 0 && !keys.some((key) => key.isHeld && usableAt(key, now) === 'active'),
  );
  if (without.length === 0) return [];
  const groups = without.map(({ idText }) => idText);
  const message = `${without.length} of ${keyring.groups.length} groups have no key that is active today: ${groups.slice(0, 6).join(', ')}`;
  const advice =
    'import the keys of today, or set the clock (`timedatectl`): under the wall clock no plaintext of theirs leaves';
  return [diagnosis('warning', 'keys.none-active-today', message, advice, { groups: groups.slice(0, 64) })];
}
