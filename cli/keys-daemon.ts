// `sidescope keys` while a daemon has the vault open: the same verbs over its control socket, so that an order is in force
// at once and two writers never meet. What is secret is sealed to the engine's process, which alone can open it.

import type { KeyObject } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import type { ListedKeyRow } from '../daemon/engine-process/replay-use.ts';
import { type SecretArguments, sealRequest } from '../daemon/engine-process/sealed-request.ts';
import { ExitCode, SidescopeError } from '../daemon/errors.ts';
import type { KeyFlaw } from '../daemon/keyring/key-lint.ts';
import { readIdentity } from '../daemon/keyring/vault/key-files.ts';
import type { KeyOrder } from '../daemon/keyring/vault/transitions.ts';
import type { VaultReport } from '../daemon/keyring/vault/verify-vault.ts';
import type { ImportCounts, SlotRow, Unlock, VaultKeyRow } from '../daemon/keyring/vault.ts';
import { ControlClient } from '../daemon/service/control-client.ts';
import { readControlNote } from '../daemon/service/daemon-files.ts';
import { actor } from './vault-options.ts';

/** We chose: octets of a file that is sent to the daemon. Above: refused; import it while the daemon does not run. */
const FILE_MOST = 48 * 1024 * 1024;

/** What an import of one file came to. */
export interface DaemonImport extends ImportCounts {
  readonly name: string;
  readonly isPlain: boolean;
  readonly flaws: readonly KeyFlaw[];
}

/** Passphrases of a change of slots, octets that the caller wipes. */
export interface PassphraseChange {
  readonly replace: Uint8Array | null;
  readonly add: readonly Uint8Array[];
  readonly keep: readonly Uint8Array[];
  readonly removeSlots: readonly number[];
}

/** The daemon that has a vault open. */
export class DaemonKeys {
  readonly #client: ControlClient;
  readonly #by: string;

  private constructor(client: ControlClient, by: string) {
    this.#client = client;
    this.#by = by;
  }

  /**
   * Connects to the daemon that has a vault open; null where none has.
   *
   * @param what who asks, for the audit log: `keys revoke`
   */
  static async find(vault: string, what: string): Promise<DaemonKeys | null> {
    const client = await findDaemon(vault);
    return client === null ? null : new DaemonKeys(client, actor(what));
  }

  async list(): Promise<{ readonly generation: number; readonly keys: readonly ListedKeyRow[] }> {
    return (await this.#ask('keys.list')) as { generation: number; keys: ListedKeyRow[] };
  }

  async order(
    order: KeyOrder,
    names: readonly string[],
    how: { readonly reason: string; readonly since: number | undefined; readonly forGood: boolean },
  ): Promise<readonly VaultKeyRow[]> {
    const { reason, since, forGood } = how;
    const when = since === undefined ? {} : { since: new Date(since).toISOString() };
    const answer = await this.#ask(`keys.${order}`, { names, reason, forGood, ...when });
    return (answer as { keys: VaultKeyRow[] }).keys;
  }

  /** @param identity path of the private key that sealed exports were made for */
  async importFiles(files: readonly string[], identity: string | undefined): Promise<readonly DaemonImport[]> {
    const secrets: SecretArguments = {
      files: secretFiles(files),
      ...(identity === undefined ? {} : { exportIdentity: privateKeyText(readIdentity(identity)) }),
    };
    const answer = await this.#askSealed('import', secrets);
    return (answer as { imports: DaemonImport[] }).imports;
  }

  async changeSlots({ replace, add, keep, removeSlots }: PassphraseChange): Promise<readonly SlotRow[]> {
    const secrets: SecretArguments = {
      ...(replace === null ? {} : { newPassphrase: base64Of(replace) }),
      addPassphrases: add.map(base64Of),
      keepPassphrases: keep.map(base64Of),
    };
    const answer = await this.#askSealed('passwd', secrets, { removeSlots });
    return (answer as { slots: SlotRow[] }).slots;
  }

  /** @param against text of a checkpoint that was kept elsewhere */
  async verify(unlock: Unlock, against: string | undefined): Promise<VaultReport & { readonly isGood: boolean }> {
    const more = against === undefined ? {} : { against };
    const answer = await this.#askSealed('verify', unlockSecrets(unlock), more);
    return answer as VaultReport & { isGood: boolean };
  }

  close(): void {
    this.#client.close();
  }

  async #askSealed(verb: string, secrets: SecretArguments, given: Record<string, unknown> = {}): Promise<unknown> {
    const { publicKey } = (await this.#ask('keys.identity')) as { publicKey: string };
    const sealed = sealRequest(publicKey, verb, secrets);
    return this.#client.ask({ verb: `keys.${verb}`, by: this.#by, arguments: given, sealed });
  }

  #ask(verb: string, given: Record<string, unknown> = {}): Promise<unknown> {
    return this.#client.ask({ verb, by: this.#by, arguments: given });
  }
}

/** The control socket of the daemon that has a vault open; null where none has. @throws SidescopeError `control.*` */
export async function findDaemon(vault: string): Promise<ControlClient | null> {
  const path = readControlNote(resolve(vault));
  if (path === null) return null;
  try {
    return await ControlClient.open(path);
  } catch (error) {
    // A note that a killed daemon left behind: the vault's lock says who has it open, if anybody.
    if (error instanceof SidescopeError && error.code === 'control.unreachable') return null;
    throw error;
  }
}

/** Files as they are sealed for the engine's process. @throws SidescopeError `keyring.unreadable`, `keys.too-large` */
export function secretFiles(files: readonly string[]): { readonly name: string; readonly octets: string }[] {
  return files.map((name) => {
    const octets = readSmall(name);
    try {
      return { name, octets: base64Of(octets) };
    } finally {
      octets.fill(0);
    }
  });
}

/** The error of a verb that works on the vault file only. */
export function daemonRuns(verb: string): SidescopeError {
  return new SidescopeError(
    'vault.daemon',
    `a daemon has the vault open, and it has no command to ${verb}`,
    'stop the daemon first; a running engine gives out no key',
    ExitCode.refused,
  );
}

function base64Of(octets: Uint8Array): string {
  return Buffer.from(octets.buffer, octets.byteOffset, octets.length).toString('base64');
}

/** What opens a vault, as it travels. */
function unlockSecrets(unlock: Unlock): SecretArguments {
  if (unlock.kind === 'identity') return { identity: privateKeyText(unlock.privateKey) };
  const passphrase = base64Of(unlock.octets);
  return unlock.kind === 'passphrase' ? { passphrase } : { passphrase, credential: unlock.name };
}

function privateKeyText(key: KeyObject): string {
  const der = key.export({ format: 'der', type: 'pkcs8' });
  const text = der.toString('base64');
  der.fill(0);
  return text;
}

function readSmall(name: string): Uint8Array {
  let octets: Uint8Array;
  try {
    octets = readFileSync(name === '-' ? 0 : name);
  } catch (cause) {
    const code = (cause as NodeJS.ErrnoException).code ?? 'unknown reason';
    const message = `${name} cannot be read (${code})`;
    throw new SidescopeError('keyring.unreadable', message, 'check the path', ExitCode.usage, { cause });
  }
  if (octets.length <= FILE_MOST) return octets;
  const message = `${name} is too large for a running daemon`;
  throw new SidescopeError('keys.too-large', message, 'stop the daemon and import it then', ExitCode.usage);
}
