// The vault: one sealed file that holds the keys of groups, with an audit log, an anchor and a small state file beside it
// (docs/security.md; reference security B and C.2). This is its door.
//
// Opening takes a lock, so there is one process at a time. Whatever changes the vault is on record before it happens, and
// durable when a method returns. Nothing in here prints, and no method gives out a key but `keyring` and `exportKeys`.

import type { AuditLog } from '../audit/log.ts';
import type { AuditEntry } from '../audit/record.ts';
import { layer2IdText } from './group.ts';
import type { Keyring } from './keyring.ts';
import { changeSlots, type SlotChange } from './vault/change-slots.ts';
import type { VaultOptions } from './vault/create-vault.ts';
import { destroyedMaterial, withoutMaterial } from './vault/destroyed-keys.ts';
import { removeUnfinished } from './vault/file-system.ts';
import { briefEntries, keyEntries, mergedEntries } from './vault/key-entries.ts';
import { listKeys, selectKeys, type VaultKeyRow } from './vault/listing.ts';
import { Lock } from './vault/lock.ts';
import { keyText, mergeKeyring } from './vault/merge-keyring.ts';
import { monotoneClock, type OpenedVault, type OpenHow, openVaultFiles } from './vault/open-vault.ts';
import { refuseDumpingProcess } from './vault/process-guard.ts';
import { type SaveGoal, saveVault } from './vault/save-vault.ts';
import { sealExport } from './vault/seal-export.ts';
import { copyOf, SEAL_KEY_OCTETS } from './vault/sealing.ts';
import { type Slot, type SlotRow, slotRows, type Unlock } from './vault/slots.ts';
import { type KeyUse, keyName, writeState } from './vault/state-file.ts';
import { systemSurroundings, type VaultPaths, type VaultSurroundings, vaultPaths } from './vault/surroundings.ts';
import { isActiveToday, type KeyOrder, mayChange, ORDER_RECORDS, orderKey } from './vault/transitions.ts';
import { readVaultFile } from './vault/unlock-vault.ts';
import { ATTACHMENT_OCTETS, type VaultContents, type VaultKey, wipeContents } from './vault/vault-contents.ts';
import { VaultError } from './vault/vault-error.ts';
import { type KeyInState, keyringFor, keysInState, type WithheldKey } from './vault/vault-keyring.ts';

export { createVault, type VaultOptions } from './vault/create-vault.ts';
export type { VaultKeyRow } from './vault/listing.ts';
export type { SlotRequest, SlotRow, Unlock } from './vault/slots.ts';
export { VaultError } from './vault/vault-error.ts';
export type { WithheldKey } from './vault/vault-keyring.ts';

/** Gives what opens the vault; asked once the file is known to be a vault. */
export type UnlockSource = () => Unlock | Promise<Unlock>;

/** What an import came to: PGKs that are new, that are now more restricted, that were held just so; groups changed; what else is new. */
export interface ImportCounts {
  readonly added: number;
  readonly restricted: number;
  readonly known: number;
  readonly groupsChanged: number;
  readonly pmks: number;
  readonly nodeKeys: number;
  readonly managers: number;
}

/** See the head of the file. */
export class Vault {
  /** Was opened as an older copy, or for another reason cannot be changed. */
  readonly isReadOnly: boolean;
  /** What was accepted although it is wrong. */
  readonly accepted: readonly string[];
  readonly #around: VaultSurroundings;
  readonly #paths: VaultPaths;
  readonly #lock: Lock;
  readonly #audit: AuditLog;
  readonly #anchorPath: string;
  readonly #use: Map<string, KeyUse>;
  #file: OpenedVault['file'];
  #slot: Slot;
  #dataKey: Uint8Array;
  #contents: VaultContents;
  #highWater: number;
  #isInDoubt = false;
  #isClosed = false;

  private constructor(around: VaultSurroundings, paths: VaultPaths, lock: Lock, opened: OpenedVault, how: OpenHow) {
    this.#around = around;
    this.#paths = paths;
    this.#lock = lock;
    this.#audit = opened.audit;
    this.#anchorPath = opened.anchorPath;
    this.#use = new Map(opened.state.use);
    this.#file = opened.file;
    this.#slot = opened.slot;
    this.#dataKey = opened.dataKey;
    this.#contents = opened.contents;
    // Opening sealed the state file anew (but for reading only): its former key has done its service.
    this.#forgetStateKey();
    this.#highWater = opened.state.highWater;
    this.isReadOnly = how.acceptRollback !== undefined;
    this.accepted = opened.accepted;
  }

  /**
   * Opens a vault. Close it when done: until then nobody else can.
   *
   * @throws VaultError, AuditError: docs/security.md has the list
   */
  static open(path: string, unlock: Unlock, options: VaultOptions): Vault {
    refuseDumpingProcess();
    const around = { ...systemSurroundings, ...options.surroundings };
    const paths = vaultPaths(path);
    readVaultFile(around, paths.vault);
    const lock = Lock.take(around.fs, paths.lock, paths.vault, around.processes, around.random);
    try {
      for (const each of [paths.vault, paths.state, paths.audit, `${paths.audit}-key`])
        removeUnfinished(around.fs, each);
      const opened = openVaultFiles(around, paths, unlock, options);
      removeUnfinished(around.fs, opened.anchorPath);
      const vault = new Vault(around, paths, lock, opened, options);
      // What was made anew is only good once the vault knows of it: its clock, and where the log stands.
      if (options.renew !== undefined) vault.#save({});
      return vault;
    } catch (error) {
      lock.release();
      throw error;
    }
  }

  /** Counts the saves. */
  get generation(): number {
    return this.#file.generation;
  }

  /** Where the anchor stands. */
  get anchorPath(): string {
    return this.#anchorPath;
  }

  /** Who can open the vault. */
  get slots(): SlotRow[] {
    return slotRows(this.#file.slots);
  }

  /** The slot this vault was opened by. */
  get openedBy(): SlotRow {
    return this.slots.find((slot) => slot.id === this.#slot.id) ?? this.slots[0];
  }

  /**
   * The wall clock for everything about permission: never less than it was before.
   *
   * @returns milliseconds since 1970
   * @throws VaultError `clock-back`
   */
  now(): number {
    this.#highWater = monotoneClock(this.#around.now(), this.#highWater);
    return this.#highWater;
  }

  /** All keys, with their states today. Shows no key. */
  list(): VaultKeyRow[] {
    this.#mustBeOpen();
    return listKeys(this.#contents, { highWater: this.#highWater, use: this.#use }, this.now());
  }

  /**
   * A keyring of the keys that may be used today; the caller wipes it. The others keep their place without octets.
   *
   * @param stale why keys that are not active today are given too; that is on record before they are
   */
  keyring(stale: { readonly reason: string; readonly subject: string } | null): {
    keyring: Keyring;
    usable: number;
    withheld: readonly WithheldKey[];
  } {
    this.#mustBeOpen();
    if (stale !== null) {
      const rows = keysInState(this.#contents, this.now());
      const affected = rows.filter(({ key, state }) => key.material !== null && !isActiveToday(state));
      const entries = briefEntries('forensic.allowed', affected, { ...stale });
      // Keys that the capture delivers are used as well, and nobody knows them yet.
      this.record(entries.length > 0 ? entries : [{ type: 'forensic.allowed', data: { ...stale } }]);
    }
    return keyringFor(this.#contents, this.now(), stale !== null);
  }

  /**
   * A keyring of every key that is not destroyed, whatever its state; the caller wipes it. For an engine that runs on and
   * keeps to the states itself (live-keyring.ts): findings speak of expired and revoked keys, plaintext stays in.
   */
  heldKeys(): Keyring {
    this.#mustBeOpen();
    return keyringFor(this.#contents, this.now(), true).keyring;
  }

  /**
   * Takes in what a keyring holds; octets are copied. All of it or nothing.
   *
   * @param source where it comes from, for the list
   */
  importKeyring(keyring: Keyring, source: string): ImportCounts {
    this.#mustChange();
    const now = this.now();
    const before = this.#contents;
    const merged = mergeKeyring(before, keyring, source, now);
    const { added, restricted, known, groupsChanged } = merged;
    this.#refuseForbidden(merged.contents, now);
    const extras = { pmks: keyring.pmks.length, nodeKeys: keyring.lkh.length, managers: keyring.managers.length };
    const data = { source, added: added.length, restricted: restricted.length, ...extras };
    const entries = [{ type: 'keyring.imported', data }, ...mergedEntries(merged)];
    const hasChanged = added.length + restricted.length + groupsChanged.length > 0;
    const hasExtras = extras.pmks + extras.nodeKeys + extras.managers > 0;
    if (hasChanged || hasExtras) this.#save({ contents: merged.contents, entries });
    return {
      ...{ added: added.length, restricted: restricted.length, known, groupsChanged: groupsChanged.length },
      pmks: merged.contents.pmks.length - before.pmks.length,
      nodeKeys: merged.contents.lkh.length - before.lkh.length,
      managers: merged.contents.managers.length - before.managers.length,
    };
  }

  /**
   * Carries out a group manager's order about keys. When this returns it is durable.
   *
   * @param name of a key, or of a group for all its keys that the order can be given for (`selectKeys`)
   * @param reason for the audit log
   * @param since for `compromise`: since when authorship is not to be trusted, milliseconds since 1970
   * @returns the keys it was carried out on, as they are now
   * @throws VaultError `no-such-key`, `ambiguous-key`, `transition`
   */
  order(order: KeyOrder, names: readonly string[], reason: string, since?: number): VaultKeyRow[] {
    this.#mustChange();
    const now = this.now();
    const rows = keysInState(this.#contents, now);
    const chosen = new Set(names.flatMap((name) => selectKeys(rows, name, order)));
    const replaced = new Map<VaultKey, VaultKey>();
    for (const { group, key, state } of chosen) {
      replaced.set(key, orderKey(key, order, state, now, keyText(group.id, key.id), since));
    }
    const contents = replaceKeys(this.#contents, replaced);
    this.#refuseForbidden(contents, now);
    const data = { reason, ...(since === undefined ? {} : { since: new Date(since).toISOString() }) };
    this.#save({ contents, entries: keyEntries(ORDER_RECORDS[order], [...chosen], data) });
    const touched = new Set([...chosen].map(({ group, key }) => keyName(group.id, key.id, key.notBefore)));
    return this.#rowsOf(touched);
  }

  /**
   * Changes who can open the vault. Where a slot goes, the data key is a new one.
   *
   * @throws VaultError `slots`, `passphrase`, `recipient`
   */
  changeSlots(change: SlotChange): void {
    this.#mustChange();
    const { vaultId, slots } = this.#file;
    const changed = changeSlots(this.#around, slots, change, vaultId, this.#dataKey);
    const { added, removed, isRotated } = changed;
    const entry = { type: 'vault.slots_changed', data: { added, removed, newDataKey: isRotated } };
    const { secrets } = this.#contents;
    const rotated = { ...secrets, state: this.#around.random(SEAL_KEY_OCTETS), previousState: secrets.state };
    this.#save({
      contents: isRotated ? { ...this.#contents, secrets: rotated } : this.#contents,
      slots: changed.slots,
      dataKey: changed.dataKey,
      entries: [entry],
    });
    if (!isRotated) return;
    this.saveState();
    this.#forgetStateKey();
  }

  /**
   * Seals chosen keys to a recipient. On record before anything is given out.
   *
   * @param names as for `order`
   * @param recipient X25519 public key, 32 octets
   */
  exportKeys(names: readonly string[], recipient: Uint8Array, reason: string): { octets: Uint8Array; keys: number } {
    this.#mustBeOpen();
    const rows = keysInState(this.#contents, this.now());
    const chosen = new Set(names.flatMap((name) => selectKeys(rows, name)));
    for (const { group, key } of chosen) {
      if (key.material !== null) continue;
      throw new VaultError(
        'transition',
        `${keyText(group.id, key.id)} is destroyed: export is refused`,
        'Leave it out',
      );
    }
    const keys = new Set([...chosen].map(({ key }) => key));
    const groups = this.#contents.groups
      .map((group) => ({ ...group, keys: group.keys.filter((key) => keys.has(key)) }))
      .filter((group) => group.keys.length > 0);
    const octets = sealExport(groups, recipient, this.#around.random);
    const data = { reason, recipient: Buffer.from(recipient).toString('hex') };
    this.record(keyEntries('keys.exported', [...chosen], data));
    return { octets, keys: keys.size };
  }

  /** Writes to the audit log. When this returns it is durable; when it throws, what it speaks of must not happen. */
  record(entries: readonly AuditEntry[]): void {
    this.#mustBeOpen();
    this.#audit.append(entries);
  }

  /** Signs a checkpoint of the audit log where one is due; a daemon calls this once a minute. */
  checkpoint(): void {
    this.#mustBeOpen();
    this.#audit.checkpoint();
  }

  /** A copy of what another part keeps in the vault under a name, or null. */
  attachment(name: string): Uint8Array | null {
    this.#mustBeOpen();
    const attachment = this.#contents.attachments.find((each) => each.name === name);
    return attachment === undefined ? null : copyOf(attachment.octets);
  }

  /**
   * Keeps octets in the vault for another part, and imports a keyring in the same save where one is given.
   *
   * @param octets copied; null takes the attachment away
   * @param entries what is written to the audit log before
   */
  attach(name: string, octets: Uint8Array | null, entries: readonly AuditEntry[], keyring?: Keyring): void {
    this.#mustChange();
    if (octets !== null && octets.length > ATTACHMENT_OCTETS) {
      throw new VaultError('too-large', `${name} does not fit into the vault`, 'Keep groups in several vaults');
    }
    const now = this.now();
    const merged = keyring === undefined ? null : mergeKeyring(this.#contents, keyring, name, now);
    const contents = merged?.contents ?? this.#contents;
    this.#refuseForbidden(contents, now);
    const others = contents.attachments.filter((each) => each.name !== name);
    const mine = octets === null ? [] : [{ name, octets: copyOf(octets) }];
    const attachments = [...others, ...mine].sort((a, b) => (a.name < b.name ? -1 : 1));
    const about = merged === null ? [] : mergedEntries(merged);
    this.#save({ contents: { ...contents, attachments }, entries: [...entries, ...about] });
  }

  /** Counts use of a PGK in traffic that is watched live. `saveState` makes it durable. */
  countUse(group: number, id: number, notBefore: number, frames: number, octets: number): void {
    const name = keyName(group, id, notBefore);
    const before = this.#use.get(name) ?? { frames: 0, octets: 0 };
    this.#use.set(name, { frames: before.frames + frames, octets: before.octets + octets });
  }

  /** Makes use counters and the clock's high-water mark durable. */
  saveState(): void {
    this.#mustChange();
    const state = { highWater: this.now(), use: this.#use };
    const { fs, random } = this.#around;
    writeState(fs, this.#paths.state, this.#file.vaultId, this.#contents.secrets.state, state, random);
  }

  /** Overwrites the keys and lets others open the vault. A second call does nothing. */
  close(): void {
    if (this.#isClosed) return;
    this.#isClosed = true;
    try {
      if (!this.#isInDoubt) this.#audit.append([{ type: 'vault.closed', data: { generation: this.generation } }]);
      if (!this.#isInDoubt) this.#audit.checkpoint();
    } finally {
      this.#audit.close();
      wipeContents(this.#contents);
      this.#dataKey.fill(0);
      this.#lock.release();
    }
  }

  #save(change: Partial<SaveGoal>): void {
    const { vaultId, created, generation, hash } = this.#file;
    const start = { path: this.#paths.vault, anchorPath: this.#anchorPath, vaultId, created };
    const next = change.contents ?? this.#contents;
    const destroyed = destroyedMaterial(this.#contents, next);
    const goal: SaveGoal = {
      ...{ slots: this.#file.slots, dataKey: this.#dataKey, entries: [], lastSeen: this.#highWater },
      ...change,
      contents: { ...next, attachments: withoutMaterial(next.attachments, destroyed) },
    };
    const savedKey = this.#dataKey;
    try {
      const saved = { number: generation, hash };
      const result = saveVault(this.#around, this.#audit, { ...start, saved, savedKey }, goal);
      this.#file = result.file;
      this.#contents = result.contents;
      this.#dataKey = goal.dataKey;
      for (const material of destroyed) material.fill(0);
    } catch (error) {
      if (error instanceof VaultError && error.code === 'vault.in-doubt') this.#isInDoubt = true;
      throw error;
    }
  }

  #forgetStateKey(): void {
    const { secrets } = this.#contents;
    secrets.previousState?.fill(0);
    this.#contents = { ...this.#contents, secrets: { ...secrets, previousState: null } };
  }

  /** No change may bring a key where it must not go, whatever made it. */
  #refuseForbidden(next: VaultContents, now: number): void {
    const before = new Map<string, KeyInState>();
    const name = ({ group, key }: KeyInState): string => keyName(group.id, key.id, key.notBefore);
    for (const row of keysInState(this.#contents, now)) before.set(name(row), row);
    for (const row of keysInState(next, now)) {
      const old = before.get(name(row));
      if (old === undefined || mayChange(old.state, row.state)) continue;
      const message = `${keyText(row.group.id, row.key.id)} must not go from ${old.state} to ${row.state}`;
      throw new VaultError('transition', message, 'Give the group a new PGK');
    }
  }

  #rowsOf(names: ReadonlySet<string>): VaultKeyRow[] {
    const keys = keysInState(this.#contents, this.now());
    return this.list().filter((_, index) => {
      const { group, key } = keys[index];
      return names.has(keyName(group.id, key.id, key.notBefore));
    });
  }

  #mustBeOpen(): void {
    if (this.#isClosed) throw new VaultError('closed', 'the vault was closed', '');
    if (!this.#isInDoubt) return;
    throw new VaultError('in-doubt', 'it is not known whether the last change was made', 'Open the vault again');
  }

  #mustChange(): void {
    this.#mustBeOpen();
    if (!this.isReadOnly) return;
    const hint = 'Bring back the latest vault; or export what is needed and import it into a new one';
    throw new VaultError('read-only', 'an older copy of the vault was opened, for reading only', hint);
  }
}

/**
 * Opens a vault as `Vault.open` does, asking for the passphrase only where the file is a vault at all.
 *
 * @throws VaultError, AuditError, and what `source` throws
 */
export async function openVault(path: string, source: UnlockSource, options: VaultOptions): Promise<Vault> {
  refuseDumpingProcess();
  const around = { ...systemSurroundings, ...options.surroundings };
  readVaultFile(around, vaultPaths(path).vault);
  const unlock = await source();
  try {
    return Vault.open(path, unlock, options);
  } finally {
    if (unlock.kind !== 'identity') unlock.octets.fill(0);
  }
}

/** How `read --vault` opens a vault. */
export interface VaultKeyringOptions extends VaultOptions {
  /** What is read, for the audit log, e.g. the name of the capture. */
  readonly subject: string;
  /** Why keys that are not active today are used (`--allow-stale`). */
  readonly staleReason?: string | undefined;
}

/**
 * A keyring from a vault, for a command that reads captures; the vault is closed again (docs/architecture.md, two clocks).
 *
 * Keys that are not active today are withheld unless a reason is given: they keep place and dates, and nothing opens under
 * them. With a reason the keys and the reason are in the audit log before this returns.
 *
 * @throws VaultError `nothing-active` where no key is left to use, and none to open a delivery with
 */
export async function openVaultKeyring(
  path: string,
  source: UnlockSource,
  options: VaultKeyringOptions,
): Promise<{ keyring: Keyring; withheld: readonly WithheldKey[]; accepted: readonly string[] }> {
  const vault = await openVault(path, source, options);
  try {
    const stale = options.staleReason === undefined ? null : { reason: options.staleReason, subject: options.subject };
    const { keyring, usable, withheld } = vault.keyring(stale);
    // With a PMK or a node key the capture may deliver a PGK that is active.
    const takesDeliveries = keyring.pmks.length + keyring.lkh.length > 0;
    if (usable === 0 && withheld.length > 0 && !takesDeliveries) {
      keyring.wipe();
      const { group, id, state } = withheld[0];
      const rest = withheld.length > 1 ? ` and ${withheld.length - 1} more` : '';
      throw new VaultError(
        'nothing-active',
        `no key of the vault is active today: PGK ${id} of group ${layer2IdText(group)} is ${state}${rest}`,
        '--allow-stale REASON uses them for this capture, and records it',
      );
    }
    return { keyring, withheld, accepted: vault.accepted };
  } finally {
    vault.close();
  }
}

function replaceKeys(contents: VaultContents, replaced: ReadonlyMap<VaultKey, VaultKey>): VaultContents {
  const groups = contents.groups.map((group) => {
    if (!group.keys.some((key) => replaced.has(key))) return group;
    return { ...group, keys: group.keys.map((key) => replaced.get(key) ?? key) };
  });
  return { ...contents, groups };
}
