// Where the engine's keys come from: an open vault, or for laboratories plain keyring files. It stays open as long as the
// child lives.

import type { AuditEntry } from '../audit/record.ts';
import { ExitCode, SidescopeError } from '../errors.ts';
import type { Keyring } from '../keyring/keyring.ts';
import { copyOfKeyring } from '../keyring/keyring-copy.ts';
import { loadKeyrings } from '../keyring/keyring-file.ts';
import type { KeySource } from '../keyring/live-keyring.ts';
import { readIdentity } from '../keyring/vault/key-files.ts';
import { findPassphrase } from '../keyring/vault/passphrase.ts';
import { openVault, type Unlock, type Vault } from '../keyring/vault.ts';
import type { EngineSettings } from './pipe-messages.ts';

/** See the head of the file. */
export interface KeyCustody extends KeySource {
  /** The vault, for orders about keys; null where there are plain keyrings. */
  readonly vault: Vault | null;
  /** What was accepted although it is wrong, for the log. */
  readonly accepted: readonly string[];
  /** Counts use of a key in traffic that is watched live. */
  countUse(group: number, id: number, notBefore: number, frames: number, octets: number): void;
  /** Makes use counters and the clock's high-water mark durable. */
  saveState(): void;
  /** Signs a checkpoint of the audit log where one is due. */
  checkpoint(): void;
  /** Writes to the audit log; durable when it returns. */
  record(entries: readonly AuditEntry[]): void;
  /** What `keepRelayState` was given last; null where that was never. */
  relayState(): string | null;
  /** Keeps where the state of the relay stands, and writes to the audit log; durable when it returns. */
  keepRelayState(text: string, entries: readonly AuditEntry[]): void;
  /** Overwrites the keys. */
  close(): void;
}

/** We chose: name of the relay's state in the vault. The parent can reach no other attachment: some hold keys. */
const RELAY_STATE = 'relay-state';

/** Opens what the settings name. @throws SidescopeError, VaultError, AuditError */
export async function openKeys(settings: EngineSettings): Promise<KeyCustody> {
  const { vault } = settings;
  if (vault === null) return new PlainKeys(await loadKeyrings(settings.keyrings));
  if (settings.keyrings.length > 0) {
    const hint = 'import the keyrings into the vault with `sidescope keys import`, and leave them out';
    throw new SidescopeError('engine.two-key-sources', 'a vault and keyrings were both given', hint, ExitCode.usage);
  }
  const unlock = async (): Promise<Unlock> => {
    if (settings.identity !== null) return { kind: 'identity', privateKey: readIdentity(settings.identity) };
    const { octets, credential } = await findPassphrase(
      settings.passphraseFile ?? undefined,
      `Passphrase of ${vault}: `,
    );
    return credential === null ? { kind: 'passphrase', octets } : { kind: 'credential', name: credential, octets };
  };
  const anchor = settings.anchor === null ? {} : { anchorPath: settings.anchor };
  return new VaultKeys(await openVault(vault, unlock, { by: settings.by, ...anchor }));
}

/** Keys of an open vault. */
class VaultKeys implements KeyCustody {
  readonly vault: Vault;

  constructor(vault: Vault) {
    this.vault = vault;
  }

  get accepted(): readonly string[] {
    return this.vault.accepted;
  }

  get generation(): number {
    return this.vault.generation;
  }

  now(): number {
    return this.vault.now();
  }

  heldKeys(): Keyring {
    return this.vault.heldKeys();
  }

  countUse(group: number, id: number, notBefore: number, frames: number, octets: number): void {
    this.vault.countUse(group, id, notBefore, frames, octets);
  }

  saveState(): void {
    this.vault.saveState();
  }

  checkpoint(): void {
    this.vault.checkpoint();
  }

  record(entries: readonly AuditEntry[]): void {
    this.vault.record(entries);
  }

  relayState(): string | null {
    const octets = this.vault.attachment(RELAY_STATE);
    return octets === null ? null : Buffer.from(octets).toString('utf8');
  }

  keepRelayState(text: string, entries: readonly AuditEntry[]): void {
    this.vault.attach(RELAY_STATE, Buffer.from(text), entries);
  }

  close(): void {
    this.vault.close();
  }
}

/** Keys of plain keyring files. There is no audit log, and nothing to order about them. */
class PlainKeys implements KeyCustody {
  readonly vault = null;
  readonly accepted: readonly string[] = [];
  readonly generation = 1;
  readonly #keyring: Keyring;

  constructor(keyring: Keyring) {
    this.#keyring = keyring;
  }

  now(): number {
    return Date.now();
  }

  heldKeys(): Keyring {
    return copyOfKeyring(this.#keyring);
  }

  countUse(): void {
    // Nobody reads counters of a file.
  }

  saveState(): void {
    // As above.
  }

  checkpoint(): void {
    // There is no log.
  }

  record(): void {
    // There is no log: the daemon said so when it started with plain keyrings.
  }

  relayState(): null {
    return null;
  }

  keepRelayState(): void {
    // There is nothing that a restored file would not cover.
  }

  close(): void {
    this.#keyring.wipe();
  }
}
