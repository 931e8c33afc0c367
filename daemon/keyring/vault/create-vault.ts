// Makes a vault, with its audit log, anchor and state file.

import { resolve } from 'node:path';
import { AuditLog, auditKeyPath, fullFiles } from '../../audit/log.ts';
import { firstSlots } from './change-slots.ts';
import { type FileSystem, removeQuietly } from './file-system.ts';
import { Lock } from './lock.ts';
import { auditSurroundings, type OpenHow } from './open-vault.ts';
import { refuseDumpingProcess } from './process-guard.ts';
import { saveVault } from './save-vault.ts';
import { ed25519PrivateKey, HASH_OCTETS, SEAL_KEY_OCTETS } from './sealing.ts';
import type { SlotRequest } from './slots.ts';
import { writeState } from './state-file.ts';
import { systemSurroundings, type VaultSurroundings, vaultPaths } from './surroundings.ts';
import { type VaultContents, wipeContents } from './vault-contents.ts';
import { VaultError } from './vault-error.ts';
import { VAULT_ID_OCTETS } from './vault-format.ts';

/** How a vault is opened or made. */
export interface VaultOptions extends OpenHow {
  /** For tests: no file and no option of a command reaches these. */
  readonly surroundings?: Partial<VaultSurroundings> | undefined;
}

/**
 * Makes a vault without keys and closes it again.
 *
 * @param requests who can open it; one at least
 * @throws VaultError `already-there`, `slots`, `passphrase`, `recipient`, `not-written`; AuditError
 */
export function createVault(path: string, requests: readonly SlotRequest[], options: VaultOptions): void {
  refuseDumpingProcess();
  const around = { ...systemSurroundings, ...options.surroundings };
  const { fs, processes, random } = around;
  const paths = vaultPaths(path);
  // Where it stands must not depend on where the next command is run.
  const anchorPath = options.anchorPath === undefined ? undefined : resolve(options.anchorPath);
  const lock = Lock.take(fs, paths.lock, paths.vault, processes, random);
  const beside = [paths.audit, auditKeyPath(paths.audit), paths.state, anchorPath ?? paths.anchor];
  try {
    refuseExisting(fs, [paths.vault, ...beside, ...fullFiles(fs, paths.audit)]);
    try {
      create(around, path, requests, { ...options, anchorPath });
    } catch (error) {
      if (!fs.exists(paths.vault)) for (const each of beside) removeQuietly(fs, each);
      throw error;
    }
  } finally {
    lock.release();
  }
}

function create(
  around: VaultSurroundings,
  path: string,
  requests: readonly SlotRequest[],
  options: VaultOptions,
): void {
  const { fs, random } = around;
  const paths = vaultPaths(path);
  const anchorPath = options.anchorPath ?? paths.anchor;
  const vaultId = random(VAULT_ID_OCTETS);
  const dataKey = random(SEAL_KEY_OCTETS);
  const slots = firstSlots(around, requests, vaultId, dataKey);
  const secrets = {
    fingerprint: random(SEAL_KEY_OCTETS),
    state: random(SEAL_KEY_OCTETS),
    previousState: null,
    auditStart: random(SEAL_KEY_OCTETS),
    auditSeed: random(SEAL_KEY_OCTETS),
  };
  const now = around.now();
  const first = { type: 'audit.started', data: { vault: Buffer.from(vaultId).toString('hex') } };
  const audit = AuditLog.create(paths.audit, vaultId, secrets.auditStart, first, auditSurroundings(around, options.by));
  try {
    writeState(fs, paths.state, vaultId, secrets.state, { highWater: now, use: new Map() }, random);
    const contents: VaultContents = {
      generation: 0,
      lastSeen: now,
      anchorPath: options.anchorPath ?? '',
      secrets,
      auditHead: audit.point,
      ...{ groups: [], pmks: [], lkh: [], managers: [], attachments: [] },
    };
    const saved = { number: 0, hash: new Uint8Array(HASH_OCTETS) };
    const start = { path: paths.vault, anchorPath, vaultId, created: now, saved, savedKey: dataKey };
    const entries = [{ type: 'vault.created', data: { slots: slots.map((slot) => slot.kind) } }];
    const made = saveVault(around, audit, start, { contents, slots, dataKey, entries, lastSeen: now });
    audit.signWith(ed25519PrivateKey(secrets.auditSeed), 1, Number.NEGATIVE_INFINITY);
    audit.checkpoint();
    wipeContents(made.contents);
  } finally {
    dataKey.fill(0);
    audit.close();
  }
}

function refuseExisting(fs: FileSystem, paths: readonly string[]): void {
  const there = paths.find((path) => fs.exists(path));
  if (there === undefined) return;
  throw new VaultError(
    'already-there',
    `${there} exists already`,
    'Take another name; files of a vault that is gone, or of an interrupted init, have to be moved away first',
  );
}
