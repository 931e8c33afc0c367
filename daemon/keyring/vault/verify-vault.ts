// Checks everything that belongs to a vault and tells all that is wrong, not only the first: vault, generation, audit log
// from its first record, checkpoints, anchor, state file, clock.

import { AuditError } from '../../audit/audit-error.ts';
import { auditOrigin, type Checkpoint, readCheckpoint, verifierKey } from '../../audit/checkpoint.ts';
import { AuditLog, type LogPoint, logStart, samePoint } from '../../audit/log.ts';
import type { AuditRecord } from '../../audit/record.ts';
import { checkAnchor } from './anchor.ts';
import { removeUnfinished } from './file-system.ts';
import { Lock } from './lock.ts';
import { auditSurroundings, monotoneClock, type OpenHow, stateOf } from './open-vault.ts';
import { refuseDumpingProcess } from './process-guard.ts';
import { copyOf, ed25519PrivateKey, ed25519PublicOctets, equalOctets } from './sealing.ts';
import { type SlotRow, slotRows, type Unlock } from './slots.ts';
import { systemSurroundings, type VaultPaths, type VaultSurroundings, vaultPaths } from './surroundings.ts';
import { readVaultFile, type UnlockedVault, unlockVault } from './unlock-vault.ts';
import { wipeContents } from './vault-contents.ts';
import { VaultError } from './vault-error.ts';
import { VaultHistory } from './vault-history.ts';

/** One thing that was checked. */
export interface VaultCheck {
  readonly subject: 'vault' | 'audit log' | 'checkpoints' | 'generation' | 'anchor' | 'state file' | 'clock';
  readonly isGood: boolean;
  /** Stable code of what is wrong; null where it is good. */
  readonly code: string | null;
  readonly text: string;
  readonly hint: string;
  /** First record of the audit log that is wrong. */
  readonly record: number | null;
}

/** What a check came to. */
export interface VaultReport {
  readonly checks: readonly VaultCheck[];
  /** The last checkpoint, signed: to be kept somewhere else. Null: none yet. */
  readonly checkpoint: string | null;
  /** The public key of the checkpoints, for signed-note tools. */
  readonly checkpointKey: string;
  /** Who can open the vault. */
  readonly slots: readonly SlotRow[];
}

/** How a vault is checked. */
export interface VerifyOptions extends Pick<OpenHow, 'by' | 'anchorPath'> {
  /** A checkpoint that was kept somewhere else; the audit log must contain it. */
  readonly against?: string | undefined;
  /** This very process has the vault open, and changes nothing meanwhile: the lock is its own. */
  readonly isHeldHere?: boolean;
  readonly surroundings?: Partial<VaultSurroundings> | undefined;
}

/**
 * See the head of the file. Writes nothing but the repair of a torn line.
 *
 * @throws VaultError where the vault does not open at all, or is in use
 */
export function verifyVault(path: string, unlock: Unlock, options: VerifyOptions): VaultReport {
  refuseDumpingProcess();
  const around = { ...systemSurroundings, ...options.surroundings };
  const paths = vaultPaths(path);
  readVaultFile(around, paths.vault);
  const isHeld = options.isHeldHere === true;
  const lock = isHeld ? null : Lock.take(around.fs, paths.lock, paths.vault, around.processes, around.random);
  try {
    removeUnfinished(around.fs, paths.vault);
    const unlocked = unlockVault(around, paths.vault, readVaultFile(around, paths.vault), unlock);
    try {
      return report(around, paths, unlocked, options);
    } finally {
      unlocked.dataKey.fill(0);
      wipeContents(unlocked.contents);
    }
  } finally {
    lock?.release();
  }
}

function report(
  around: VaultSurroundings,
  paths: VaultPaths,
  unlocked: UnlockedVault,
  options: VerifyOptions,
): VaultReport {
  const { file, contents, dataKey } = unlocked;
  const opened = { number: file.generation, hash: file.hash };
  const keys = contents.groups.reduce((sum, group) => sum + group.keys.length, 0);
  const checks: VaultCheck[] = [
    good('vault', `generation ${file.generation}, ${contents.groups.length} groups, ${keys} keys, opened and whole`),
  ];
  const publicKey = ed25519PublicOctets(ed25519PrivateKey(contents.secrets.auditSeed));
  const chain = new ChainWatch(auditOrigin(file.vaultId), publicKey, contents.auditHead, options.against);
  const history = new VaultHistory();
  const attempt = (subject: VaultCheck['subject'], step: () => string): boolean => {
    try {
      checks.push(good(subject, step()));
      return true;
    } catch (error) {
      if (!(error instanceof VaultError || error instanceof AuditError)) throw error;
      checks.push(bad(subject, error));
      return false;
    }
  };
  const isChainGood = attempt('audit log', () => walkAll(around, paths, unlocked, options.by, chain, history));
  if (isChainGood) {
    attempt('checkpoints', () => chain.judge());
    attempt('generation', () => {
      history.judge(opened);
      return 'the vault is the latest generation on record';
    });
  }
  const anchorPath = options.anchorPath ?? (contents.anchorPath === '' ? paths.anchor : contents.anchorPath);
  attempt('anchor', () => {
    checkAnchor(around.fs, anchorPath, file.vaultId, opened, dataKey);
    return 'knows this generation';
  });
  let highWater = Math.max(contents.lastSeen, history.latest);
  attempt('state file', () => {
    highWater = Math.max(highWater, stateOf(around, paths, unlocked).highWater);
    return 'belongs to this vault';
  });
  attempt('clock', () => {
    monotoneClock(around.now(), highWater);
    return 'not turned back';
  });
  const checkpointKey = verifierKey(auditOrigin(file.vaultId), publicKey);
  return { checks, checkpoint: chain.note, checkpointKey, slots: slotRows(file.slots) };
}

/** Walks over the whole audit log; what is behind the vault's own mark tells its history. */
function walkAll(
  around: VaultSurroundings,
  paths: VaultPaths,
  { contents, file }: UnlockedVault,
  by: string,
  chain: ChainWatch,
  history: VaultHistory,
): string {
  const start = logStart(copyOf(contents.secrets.auditStart));
  const view = AuditLog.view(paths.audit, auditSurroundings(around, by));
  let whole: LogPoint;
  try {
    // The chain first, from its first record, so that the first bad record is named whatever else is wrong.
    const walk = view.walk(start, (record) => {
      chain.see(record);
      if (record.seq > contents.auditHead.seq) history.see(record);
    });
    if (walk.problem !== null) {
      const { seq, text } = walk.problem;
      throw new AuditError('damaged', `record ${seq} of ${paths.audit} ${text}`, KEEP_IT, { seq });
    }
    whole = walk.point;
  } finally {
    view.close();
  }
  if (!chain.hasSeenHead) {
    const { seq } = contents.auditHead;
    const message = `${paths.audit} ends at record ${whole.seq} or was replaced; the vault knows record ${seq}`;
    throw new AuditError('truncated', message, KEEP_IT, { seq: Math.min(seq, whole.seq + 1) });
  }
  const audit = AuditLog.open(paths.audit, auditSurroundings(around, by));
  try {
    if (!equalOctets(audit.vaultId, file.vaultId)) {
      throw new AuditError('other-vault', `${paths.audit} is the audit log of another vault`, KEEP_IT);
    }
    const repaired = audit.wasRepaired ? '; a line torn by a crash was repaired' : '';
    if (!audit.wasRepaired && !samePoint(audit.point, whole)) {
      throw new AuditError('damaged', `${paths.audit} and its key file do not belong together`, KEEP_IT);
    }
    return `${audit.point.seq} records, all chained and in order${repaired}`;
  } finally {
    audit.close();
  }
}

const KEEP_IT = 'Keep the log as it is and find out who changed it';

/** Watches the records go by: where the vault knows the log to have stood, and every checkpoint. */
class ChainWatch {
  /** The last checkpoint. */
  note: string | null = null;
  readonly #origin: string;
  readonly #publicKey: Uint8Array;
  readonly #head: { readonly seq: number; readonly hash: Uint8Array };
  readonly #against: string | undefined;
  readonly #kept: Checkpoint | null;
  #checkpoints = 0;
  #firstBad: number | null = null;
  #hasKept = false;
  #before: { readonly seq: number; readonly hash: Uint8Array } = { seq: 0, hash: new Uint8Array(0) };
  hasSeenHead = false;

  constructor(
    origin: string,
    publicKey: Uint8Array,
    head: { readonly seq: number; readonly hash: Uint8Array },
    against: string | undefined,
  ) {
    this.#origin = origin;
    this.#publicKey = publicKey;
    this.#head = head;
    this.#against = against;
    this.#kept = against === undefined ? null : readCheckpoint(against, origin, publicKey);
  }

  see(record: AuditRecord): void {
    const { seq, hash } = record;
    if (seq === this.#head.seq && equalOctets(hash, this.#head.hash)) this.hasSeenHead = true;
    if (this.#kept !== null && seq === this.#kept.seq && equalOctets(hash, this.#kept.hash)) this.#hasKept = true;
    if (record.type === 'audit.checkpoint') this.#seeCheckpoint(record);
    this.#before = { seq, hash };
  }

  /** @throws AuditError `checkpoint` */
  judge(): string {
    if (this.#firstBad !== null) {
      const message = `the checkpoint in record ${this.#firstBad} was not signed for this log`;
      throw new AuditError('checkpoint', message, KEEP_IT, { seq: this.#firstBad });
    }
    if (this.#against !== undefined && !this.#hasKept) {
      const message =
        this.#kept === null
          ? 'the checkpoint that was given is none of this vault, or was changed'
          : `the log does not contain the checkpoint that was given (record ${this.#kept.seq}): it was rewritten or cut`;
      throw new AuditError('checkpoint', message, KEEP_IT, this.#kept === null ? {} : { seq: this.#kept.seq });
    }
    const kept = this.#against === undefined ? '' : ', and the one that was given';
    return `${this.#checkpoints} signed${kept}, all good`;
  }

  #seeCheckpoint(record: AuditRecord): void {
    const { note } = record.data;
    const checkpoint = typeof note === 'string' ? readCheckpoint(note, this.#origin, this.#publicKey) : null;
    const { seq, hash } = this.#before;
    if (checkpoint !== null && checkpoint.seq === seq && equalOctets(checkpoint.hash, hash)) {
      this.#checkpoints += 1;
      this.note = note as string;
    } else this.#firstBad ??= record.seq;
  }
}

function good(subject: VaultCheck['subject'], text: string): VaultCheck {
  return { subject, isGood: true, code: null, text, hint: '', record: null };
}

function bad(subject: VaultCheck['subject'], error: VaultError | AuditError): VaultCheck {
  const record = error instanceof AuditError ? error.seq : null;
  return { subject, isGood: false, code: error.code, text: error.message, hint: error.hint, record };
}
