// Where `sidescope group` carries its verbs out: on the vault file, or at the daemon that has the vault open. There it is the
// engine's process that does it; keyrings travel sealed to it, and the messages come back before anything is saved.

import { type SecretArguments, sealRequest } from '../daemon/engine-process/sealed-request.ts';
import {
  type Bearer,
  type GroupCosts,
  GroupDesk,
  type GroupPlan,
  type GroupRequest,
  type PreparedOperation,
} from '../daemon/keying/group-desk.ts';
import type { BuiltMessage } from '../daemon/keying/group-messenger.ts';
import type { ManagerView } from '../daemon/keying/group-view.ts';
import { emptyKeyring, type Keyring } from '../daemon/keyring/keyring.ts';
import { loadKeyrings } from '../daemon/keyring/keyring-file.ts';
import { openVault, type Vault } from '../daemon/keyring/vault.ts';
import type { ControlClient } from '../daemon/service/control-client.ts';
import { findDaemon, secretFiles } from './keys-daemon.ts';
import { reportWarning } from './report-error.ts';
import { actor, unlockSource, type VaultArguments } from './vault-options.ts';

/** See the head of the file. */
export interface Desk {
  show(): Promise<ManagerView>;
  costs(group: number, bearer: Bearer): Promise<GroupCosts>;
  plan(request: GroupRequest): Promise<GroupPlan>;
  /** Nothing is saved before `commit`. */
  prepare(request: GroupRequest): Promise<PreparedOperation>;
  commit(): Promise<void>;
  discard(): Promise<void>;
  close(): void;
}

/**
 * The desk for a vault.
 *
 * @param what who asks, for the audit log: `group rotate`
 * @param keyrings files in which members and their PMKs are looked up
 */
export async function openDesk(
  path: string,
  what: string,
  keyrings: readonly string[],
  options: VaultArguments,
): Promise<Desk> {
  const daemon = await findDaemon(path);
  if (daemon !== null) return new DaemonDesk(daemon, actor(what), keyrings);
  // Read first, so that nobody types a passphrase for files that are wrong.
  const given = keyrings.length === 0 ? emptyKeyring() : await loadKeyrings(keyrings);
  const vault = await openVault(path, unlockSource(options, path), { by: actor(what), anchorPath: options.anchor });
  for (const text of vault.accepted) reportWarning('vault.accepted', text, 'what is shown may be out of date');
  return new VaultDesk(vault, given);
}

class VaultDesk implements Desk {
  readonly #vault: Vault;
  readonly #given: Keyring;
  readonly #desk: GroupDesk;

  constructor(vault: Vault, given: Keyring) {
    this.#vault = vault;
    this.#given = given;
    this.#desk = new GroupDesk(vault);
  }

  show = async (): Promise<ManagerView> => await Promise.resolve(this.#desk.show());
  costs = async (group: number, bearer: Bearer): Promise<GroupCosts> =>
    await Promise.resolve(this.#desk.costs(group, bearer));
  plan = async (request: GroupRequest): Promise<GroupPlan> =>
    await Promise.resolve(this.#desk.plan(request, this.#given));
  prepare = async (request: GroupRequest): Promise<PreparedOperation> =>
    await Promise.resolve(this.#desk.prepare(request, this.#given));
  commit = async (): Promise<void> => await Promise.resolve(this.#desk.commit());
  discard = async (): Promise<void> => await Promise.resolve(this.#desk.discard());

  close(): void {
    this.#desk.discard();
    this.#given.wipe();
    this.#vault.close();
  }
}

/** A prepared operation as it comes over the control socket. */
interface PreparedAnswer extends GroupPlan {
  readonly token: number;
  readonly messages: readonly (Omit<BuiltMessage, 'octets'> & { readonly octets: string })[];
  readonly addresses: readonly (readonly number[] | null)[];
}

class DaemonDesk implements Desk {
  readonly #client: ControlClient;
  readonly #by: string;
  readonly #keyrings: readonly string[];
  #token = 0;

  constructor(client: ControlClient, by: string, keyrings: readonly string[]) {
    this.#client = client;
    this.#by = by;
    this.#keyrings = keyrings;
  }

  async show(): Promise<ManagerView> {
    return (await this.#ask('group.show')) as ManagerView;
  }

  async costs(group: number, bearer: Bearer): Promise<GroupCosts> {
    return (await this.#ask('group.costs', { group, ...bearer })) as GroupCosts;
  }

  async plan(request: GroupRequest): Promise<GroupPlan> {
    return (await this.#askSealed('plan', request)) as GroupPlan;
  }

  async prepare(request: GroupRequest): Promise<PreparedOperation> {
    const answer = (await this.#askSealed('prepare', request)) as PreparedAnswer;
    const { token, messages, addresses, name, plan } = answer;
    this.#token = token;
    return {
      ...{ name, plan },
      messages: messages.map((each) => ({ ...each, octets: new Uint8Array(Buffer.from(each.octets, 'base64')) })),
      addresses: addresses.map((address) => (address === null ? null : Uint8Array.from(address))),
    };
  }

  async commit(): Promise<void> {
    await this.#ask('group.commit', { token: this.#token });
  }

  async discard(): Promise<void> {
    await this.#ask('group.discard', { token: this.#token });
  }

  close(): void {
    this.#client.close();
  }

  async #askSealed(verb: string, request: GroupRequest): Promise<unknown> {
    const secrets: SecretArguments = { files: secretFiles(this.#keyrings) };
    const { publicKey } = (await this.#ask('keys.identity')) as { publicKey: string };
    const sealed = sealRequest(publicKey, verb, secrets);
    return this.#client.ask({ verb: `group.${verb}`, by: this.#by, arguments: { ...request }, sealed });
  }

  #ask(verb: string, given: Record<string, unknown> = {}): Promise<unknown> {
    return this.#client.ask({ verb, by: this.#by, arguments: given });
  }
}
