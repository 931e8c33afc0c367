// Opens a vault and decides whether it may be believed: passphrase, audit log, generation, anchor, state file, clock, in
// that order. What an interrupted save left undone is completed or abandoned here.

import { AuditError } from '../../audit/audit-error.ts';
import { AuditLog, type AuditSurroundings, auditKeyPath, damaged, samePoint } from '../../audit/log.ts';
import type { AuditEntry } from '../../audit/record.ts';
import { type Anchor, checkAnchor, type Generation, writeAnchor } from './anchor.ts';
import { confirm } from './save-vault.ts';
import { copyOf, ed25519PrivateKey, SEAL_KEY_OCTETS } from './sealing.ts';
import type { Unlock } from './slots.ts';
import { readState, type VaultState, writeState } from './state-file.ts';
import type { VaultPaths, VaultSurroundings } from './surroundings.ts';
import { readVaultFile, type UnlockedVault, unlockVault } from './unlock-vault.ts';
import type { VaultContents } from './vault-contents.ts';
import { VaultError } from './vault-error.ts';
import { generationEntry, RECORD, VaultHistory } from './vault-history.ts';

/** The reference says (security B.1): how far the clock may be turned back. */
const CLOCK_BACK_MS = 60_000;

/** How a vault is opened. */
export interface OpenHow {
  /** Who opens it, for the audit log, e.g. `uid 1000, keys list`. */
  readonly by: string;
  /** Where the anchor stands, instead of where the vault says. */
  readonly anchorPath?: string | undefined;
  /** Why an older copy is opened, for reading only. */
  readonly acceptRollback?: string | undefined;
  /** Why anchor, state file and the key of the audit log are made anew, and the clock taken as it is. */
  readonly renew?: string | undefined;
}

/** An opened vault, checked. */
export interface OpenedVault extends UnlockedVault {
  readonly audit: AuditLog;
  readonly anchorPath: string;
  readonly state: VaultState;
  /** What was accepted although it is wrong. */
  readonly accepted: readonly string[];
}

/** The audit log's view of the world. */
export function auditSurroundings(
  { fs, now, mono, auditFileOctets }: VaultSurroundings,
  by: string,
): AuditSurroundings {
  return { fs, now, mono, by, ...(auditFileOctets === undefined ? {} : { fileOctets: auditFileOctets }) };
}

/**
 * The wall clock, or a little more: never less than was seen before.
 *
 * @throws VaultError `clock-back` where it was turned back by more than 60 s
 */
export function monotoneClock(now: number, highWater: number): number {
  if (now >= highWater - CLOCK_BACK_MS) return Math.max(now, highWater);
  throw new VaultError(
    'clock-back',
    `the clock says ${utc(now)}, but this vault was in use at ${utc(highWater)}: expired keys would come back to life`,
    'Set the clock right; if it was the earlier use that had it wrong, `sidescope keys verify --renew REASON`',
  );
}

/** See the head of the file. The caller holds the lock. @throws VaultError, AuditError */
export function openVaultFiles(
  around: VaultSurroundings,
  paths: VaultPaths,
  unlock: Unlock,
  how: OpenHow,
): OpenedVault {
  if (how.renew !== undefined) return renewVaultFiles(around, paths, unlock, { ...how, renew: how.renew });
  const file = readVaultFile(around, paths.vault);
  const isLogLost = how.acceptRollback !== undefined && !around.fs.exists(paths.audit);
  const early = isLogLost ? unlockVault(around, paths.vault, file, unlock) : null;
  const audit = isLogLost ? spareLog(around, paths, file.vaultId, how) : openAudit(around, paths, file.vaultId, how);
  try {
    const unlocked = early ?? unlockRecorded(around, paths, file, unlock, audit);
    return check(around, paths, unlocked, audit, how);
  } catch (error) {
    audit.close();
    throw error;
  }
}

/** Checks a vault that was opened against everything that knows of it. */
function check(
  around: VaultSurroundings,
  paths: VaultPaths,
  unlocked: UnlockedVault,
  audit: AuditLog,
  how: OpenHow,
): OpenedVault {
  const { file, contents, dataKey } = unlocked;
  const opened: Generation = { number: file.generation, hash: file.hash };
  const anchorPath = how.anchorPath ?? (contents.anchorPath === '' ? paths.anchor : contents.anchorPath);
  const accepted: string[] = [];
  const history = new VaultHistory();
  const orAccept = <Result>(step: () => Result, otherwise: Result): Result => {
    try {
      return step();
    } catch (error) {
      if (how.acceptRollback === undefined || !(error instanceof VaultError || error instanceof AuditError))
        throw error;
      accepted.push(error.message);
      return otherwise;
    }
  };
  const standing = orAccept(() => {
    readHistory(audit, contents, file.vaultId, history);
    return history.judge(opened);
  }, 'saved');
  const anchor = orAccept<Anchor | null>(() => checkAnchor(around.fs, anchorPath, file.vaultId, opened, dataKey), null);
  const state = orAccept(() => stateOf(around, paths, unlocked), { highWater: contents.lastSeen, use: new Map() });
  const highWater = monotoneClock(around.now(), Math.max(contents.lastSeen, state.highWater, history.latest));
  const result = { ...unlocked, audit, anchorPath, state: { ...state, highWater }, accepted };
  if (how.acceptRollback !== undefined) {
    const data = { generation: opened.number, reason: how.acceptRollback, accepted };
    audit.append([{ type: 'vault.rollback_accepted', data }, openedEntry(unlocked)]);
    return result;
  }
  if (standing === 'intended') confirm(around, audit, { anchorPath, vaultId: file.vaultId }, opened, dataKey);
  else {
    const lost = history.intended;
    if (lost !== null) audit.append([generationEntry(RECORD.abandoned, lost)]);
    if (anchor !== null && (anchor.intended !== null || anchor.saved.number !== opened.number)) {
      writeAnchor(around.fs, anchorPath, { vaultId: file.vaultId, saved: opened, intended: null }, dataKey, null);
    }
  }
  audit.append([openedEntry(unlocked)]);
  audit.signWith(ed25519PrivateKey(contents.secrets.auditSeed), history.unsigned, history.signedAt);
  writeState(around.fs, paths.state, file.vaultId, contents.secrets.state, result.state, around.random);
  return result;
}

/**
 * Opens a vault whose anchor, state file or key of the audit log are lost, or whose clock was wrong before, and makes them
 * anew. The vault itself must be the latest that the audit log knows of.
 */
function renewVaultFiles(
  around: VaultSurroundings,
  paths: VaultPaths,
  unlock: Unlock,
  how: OpenHow & { readonly renew: string },
): OpenedVault {
  const unlocked = unlockVault(around, paths.vault, readVaultFile(around, paths.vault), unlock);
  const { file, contents, dataKey } = unlocked;
  const keyPath = auditKeyPath(paths.audit);
  if (!AuditLog.isKeyFileWhole(around.fs, keyPath)) {
    AuditLog.restoreKeyFile(around.fs, paths.audit, file.vaultId, contents.auditHead);
  }
  const audit = AuditLog.open(paths.audit, auditSurroundings(around, how.by));
  try {
    const history = new VaultHistory();
    readHistory(audit, contents, file.vaultId, history);
    const opened: Generation = { number: file.generation, hash: file.hash };
    const standing = history.judge(opened);
    const anchorPath = how.anchorPath ?? (contents.anchorPath === '' ? paths.anchor : contents.anchorPath);
    const now = around.now();
    const before = stateOrNull(around, paths, unlocked);
    const from = Math.max(contents.lastSeen, before?.highWater ?? contents.lastSeen, history.latest);
    const entries: AuditEntry[] = [{ type: 'vault.renewed', data: { reason: how.renew } }];
    if (now < from) {
      entries.push({ type: RECORD.clockAccepted, data: { from: utc(from), to: utc(now), reason: how.renew } });
    }
    if (standing === 'intended') entries.push(generationEntry(RECORD.saved, opened));
    else if (history.intended !== null) entries.push(generationEntry(RECORD.abandoned, history.intended));
    audit.append([...entries, openedEntry(unlocked)]);
    audit.signWith(ed25519PrivateKey(contents.secrets.auditSeed), history.unsigned, history.signedAt);
    writeAnchor(around.fs, anchorPath, { vaultId: file.vaultId, saved: opened, intended: null }, dataKey, null);
    const state = { highWater: now, use: before?.use ?? new Map() };
    writeState(around.fs, paths.state, file.vaultId, contents.secrets.state, state, around.random);
    return { ...unlocked, audit, anchorPath, state, accepted: [] };
  } catch (error) {
    audit.close();
    throw error;
  }
}

function openAudit(around: VaultSurroundings, paths: VaultPaths, vaultId: Uint8Array, how: OpenHow): AuditLog {
  const audit = AuditLog.open(paths.audit, auditSurroundings(around, how.by));
  if (Buffer.compare(audit.vaultId, vaultId) === 0) return audit;
  audit.close();
  throw new AuditError('other-vault', `${paths.audit} is the audit log of another vault`, 'Bring back the right one');
}

/**
 * Where only the vault itself was kept: a log of its own for what is done with the copy. The real one, should it be found,
 * is not touched.
 */
function spareLog(around: VaultSurroundings, paths: VaultPaths, vaultId: Uint8Array, how: OpenHow): AuditLog {
  const surroundings = auditSurroundings(around, how.by);
  const path = `${paths.audit}-spare`;
  if (around.fs.exists(path)) return AuditLog.open(path, surroundings);
  const first = { type: 'audit.started', data: { vault: Buffer.from(vaultId).toString('hex'), spare: true } };
  return AuditLog.create(path, vaultId, around.random(SEAL_KEY_OCTETS), first, surroundings);
}

/** Opens the vault; that somebody failed to is on record too. */
function unlockRecorded(
  around: VaultSurroundings,
  paths: VaultPaths,
  file: UnlockedVault['file'],
  unlock: Unlock,
  audit: AuditLog,
): UnlockedVault {
  try {
    return unlockVault(around, paths.vault, file, unlock);
  } catch (error) {
    if (error instanceof VaultError) {
      audit.append([{ type: RECORD.openFailed, data: { code: error.code, generation: file.generation } }]);
    }
    throw error;
  }
}

/**
 * Reads the audit log from where the vault knows it to have stood, with hashes and MACs.
 *
 * @throws AuditError `damaged`, `truncated`
 */
export function readHistory(
  audit: AuditLog,
  { auditHead }: VaultContents,
  vaultId: Uint8Array,
  history: VaultHistory,
): void {
  const walk = audit.walk({ ...auditHead, key: copyOf(auditHead.key) }, (record) => history.see(record));
  if (walk.problem !== null) throw damaged(audit.path, walk.problem.seq, walk.problem.text);
  if (Buffer.compare(audit.vaultId, vaultId) === 0 && samePoint(walk.point, audit.point)) return;
  throw damaged(audit.path, walk.point.seq, 'is not the one that the key of the log belongs to');
}

/** The state file's contents. @throws VaultError `state-missing`, `state-changed` */
export function stateOf(around: VaultSurroundings, paths: VaultPaths, { file, contents }: UnlockedVault): VaultState {
  const { state, previousState } = contents.secrets;
  const keys = previousState === null ? [state] : [state, previousState];
  return readState(around.fs, paths.state, file.vaultId, keys);
}

function stateOrNull(around: VaultSurroundings, paths: VaultPaths, unlocked: UnlockedVault): VaultState | null {
  try {
    return stateOf(around, paths, unlocked);
  } catch (error) {
    if (error instanceof VaultError) return null;
    throw error;
  }
}

function openedEntry({ file, slot }: UnlockedVault): AuditEntry {
  return { type: 'vault.opened', data: { generation: file.generation, slot: slot.id, how: slot.kind } };
}

function utc(time: number): string {
  return `${new Date(time).toISOString().slice(0, 19)}Z`;
}
