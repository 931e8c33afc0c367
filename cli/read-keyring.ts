// Where the keys of `read` come from: keyring files, or a vault.

import { ExitCode, SidescopeError } from '../daemon/errors.ts';
import { emptyKeyring, type Keyring, layer2IdText } from '../daemon/keyring/keyring.ts';
import { loadKeyrings } from '../daemon/keyring/keyring-file.ts';
import { reportWarning } from './report-error.ts';
import { actor, unlockSource, type VaultArguments } from './vault-options.ts';

/** Keys that are named one by one in the warning about withheld ones; the rest is counted. */
const MOST_NAMED = 5;

/** What the options say of keys. */
export interface KeyArguments extends VaultArguments {
  readonly keyring: readonly string[];
  readonly allowStale?: string;
}

/**
 * The keys that `read` was told to use. Of a vault only those that are active today, unless `--allow-stale` gives a
 * reason, which the vault's audit log then holds (architecture, decision 4).
 *
 * @param capture path of the capture, for the audit log
 * @throws SidescopeError `keyring.*`, `vault.*`, `usage.*`
 */
export async function readKeyring(options: KeyArguments, capture: string): Promise<Keyring> {
  if (options.vault === undefined) {
    return options.keyring.length === 0 ? emptyKeyring() : loadKeyrings(options.keyring);
  }
  if (options.keyring.length > 0) {
    throw new SidescopeError(
      'usage.vault-and-keyring',
      '--vault and --keyring were both given',
      'import the keyring into the vault with `sidescope keys import`, or leave one out',
      ExitCode.usage,
    );
  }
  // Loaded only here: sealing and scrypt are not needed to read with a plain keyring.
  const { openVaultKeyring } = await import('../daemon/keyring/vault.ts');
  const { keyring, withheld, accepted } = await openVaultKeyring(options.vault, unlockSource(options, options.vault), {
    by: actor('read'),
    subject: capture,
    ...(options.allowStale === undefined ? {} : { staleReason: options.allowStale }),
    ...(options.anchor === undefined ? {} : { anchorPath: options.anchor }),
  });
  for (const sentence of accepted) reportWarning('vault.accepted', sentence, '');
  tellOfWithheld(withheld, '');
  return keyring;
}

/** Says which keys that the capture delivered were not used, because a vault's keys open only what is active today. */
export function tellOfDelivered({ withheld }: Keyring): void {
  tellOfWithheld(withheld, ' although delivered');
}

function tellOfWithheld(withheld: Keyring['withheld'], although: string): void {
  if (withheld.length === 0) return;
  const named = withheld
    .slice(0, MOST_NAMED)
    .map(({ group, id, state }) => `PGK ${id} of ${layer2IdText(group)} (${state})`);
  const more = withheld.length > MOST_NAMED ? ` and ${withheld.length - MOST_NAMED} more` : '';
  reportWarning(
    'vault.withheld',
    `not used${although}, because not active today: ${named.join(', ')}${more}`,
    '--allow-stale REASON uses them for this capture, and records it',
  );
}
