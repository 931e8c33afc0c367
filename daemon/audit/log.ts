// The audit log: records are durable before what they speak of happens. Beside the log stands a small file with the MAC key
// of the next record; it lies there unsealed, so that a failed attempt to open the vault can be written down too, and it is
// worth nothing for what was written before it. The key of the first record is in the vault.

import type { KeyObject } from 'node:crypto';
import { dirname } from 'node:path';
import { type FileSystem, openPrivate, removeQuietly, replaceFile, writeAll } from '../keyring/vault/file-system.ts';
import { copyOf } from '../keyring/vault/sealing.ts';
import { VaultError } from '../keyring/vault/vault-error.ts';
import { AuditError, damaged, missing, notWritten } from './audit-error.ts';
import { auditOrigin, CHECKPOINT_MS, CHECKPOINT_RECORDS, signCheckpoint } from './checkpoint.ts';
import { AUDIT_FILE_OCTETS, baseOf, finishRotation, nextFullFile, rotatedEntry, walkFiles } from './files.ts';
import { auditKeyPath, KEY_WHAT, readKeyFile, writeKeyFile } from './key-file.ts';
import { type AuditEntry, type AuditRecord, type ChainPoint, RECORD_MOST, writeRecord } from './record.ts';
import { type LogPoint, logStart, type WalkResult } from './walk.ts';

// This file is the door of the room.
export { damaged } from './audit-error.ts';
export { fullFiles } from './files.ts';
export { auditKeyPath } from './key-file.ts';
export { type LogPoint, logStart, samePoint, type WalkResult } from './walk.ts';

const LINE_END = 0x0a;
const WHAT = 'the audit log';

/** What the log needs of the world. */
export interface AuditSurroundings {
  readonly fs: FileSystem;
  /** Wall clock, milliseconds since 1970. */
  readonly now: () => number;
  /** Microseconds of a clock that nobody sets. */
  readonly mono: () => number;
  /** Who acts, e.g. `uid 1000, keys revoke`. */
  readonly by: string;
  /** Octets of a file above which the next record begins a new one; absent: AUDIT_FILE_OCTETS. */
  readonly fileOctets?: number;
}

/** See the head of the file. Only whoever holds the vault's lock may have one. */
export class AuditLog {
  readonly path: string;
  readonly vaultId: Uint8Array;
  /** A line torn by a crash was mended when the log was opened, which is its last record. */
  wasRepaired = false;
  readonly #around: AuditSurroundings;
  #handle: number;
  /** Octets of the log before the file that is written to. */
  #base: number;
  #point: LogPoint;
  #signer: KeyObject | null = null;
  #unsigned = 0;
  #signedAt = Number.NEGATIVE_INFINITY;
  #isStuck = false;
  #isClosed = false;

  private constructor(path: string, vaultId: Uint8Array, around: AuditSurroundings, handle: number, point: LogPoint) {
    this.path = path;
    this.vaultId = vaultId;
    this.#around = around;
    this.#handle = handle;
    this.#base = baseOf(around.fs, handle);
    this.#point = point;
  }

  /** Begins a log with its first record. @throws AuditError `not-written`, also where a log stands there already */
  static create(
    path: string,
    vaultId: Uint8Array,
    firstKey: Uint8Array,
    first: AuditEntry,
    around: AuditSurroundings,
  ): AuditLog {
    let handle: number;
    try {
      handle = around.fs.open(path, 'create');
    } catch (error) {
      throw notWritten(error, path);
    }
    const log = new AuditLog(path, vaultId, around, handle, { ...logStart(firstKey), key: copyOf(firstKey) });
    log.append([first]);
    return log;
  }

  /**
   * Opens a log and goes on where it ends. A line torn by a crash is cut off, and that is recorded.
   *
   * @throws AuditError `missing`, `damaged`, `truncated`, `key-damaged`
   */
  static open(path: string, around: AuditSurroundings): AuditLog {
    const { fs } = around;
    if (!fs.exists(path)) throw missing(path, WHAT);
    if (!fs.exists(auditKeyPath(path))) throw missing(auditKeyPath(path), KEY_WHAT);
    const { vaultId, point } = readKeyFile(fs, auditKeyPath(path));
    const handle = openPrivate(fs, path, 'update', WHAT);
    try {
      finishRotation(fs, path, baseOf(fs, handle));
      const walk = walkFiles(fs, path, handle, point, () => undefined);
      if (walk.problem !== null) throw damaged(path, walk.problem.seq, walk.problem.text);
      const log = new AuditLog(path, vaultId, around, handle, walk.point);
      log.#repair(walk);
      if (walk.point.seq !== point.seq) log.#keepKey();
      return log;
    } catch (error) {
      fs.close(handle);
      throw error;
    }
  }

  /**
   * Opens a log to look at only: neither key file nor repair, and no way to write.
   *
   * @throws AuditError `missing`
   */
  static view(path: string, { fs }: Pick<AuditSurroundings, 'fs'>): Pick<AuditLog, 'walk' | 'close'> {
    if (!fs.exists(path)) throw missing(path, WHAT);
    const handle = openPrivate(fs, path, 'read', WHAT);
    return {
      walk: (from, see) => walkFiles(fs, path, handle, from, see),
      close: () => fs.close(handle),
    };
  }

  /** Whether the key file is there and readable. */
  static isKeyFileWhole(fs: FileSystem, keyPath: string): boolean {
    if (!fs.exists(keyPath)) return false;
    try {
      readKeyFile(fs, keyPath);
      return true;
    } catch (error) {
      if (error instanceof AuditError) return false;
      throw error;
    }
  }

  /**
   * Makes the key file anew from a point that the vault knows: `open` goes on from there.
   *
   * @throws AuditError `not-written`
   */
  static restoreKeyFile(fs: FileSystem, path: string, vaultId: Uint8Array, point: LogPoint): void {
    writeKeyFile(fs, auditKeyPath(path), vaultId, point);
  }

  /** Where the log ends. */
  get point(): LogPoint {
    return this.#point;
  }

  /** From now on checkpoints are signed. @param signedAt when the last one was, milliseconds since 1970 */
  signWith(privateKey: KeyObject, unsigned: number, signedAt: number): void {
    this.#signer = privateKey;
    this.#unsigned = unsigned;
    this.#signedAt = signedAt;
  }

  /**
   * Writes records. When this returns they are durable; when it throws, what they speak of must not happen.
   *
   * @throws AuditError `not-written`
   */
  append(entries: readonly AuditEntry[]): void {
    this.#write(entries);
    if (this.#signer !== null && this.#unsigned >= CHECKPOINT_RECORDS) this.#sign(this.#signer);
  }

  /** Signs a checkpoint where one is due, by number of records or by time. */
  checkpoint(): void {
    if (this.#signer === null || this.#unsigned === 0) return;
    const isDue = this.#around.now() - this.#signedAt >= CHECKPOINT_MS;
    if (isDue || this.#unsigned >= CHECKPOINT_RECORDS) this.#sign(this.#signer);
  }

  /** Walks over the records behind a point that is known to be good. */
  walk(from: LogPoint, see: (record: AuditRecord) => void): WalkResult {
    return walkFiles(this.#around.fs, this.path, this.#handle, from, see);
  }

  close(): void {
    if (this.#isClosed) return;
    this.#isClosed = true;
    this.#point.key.fill(0);
    this.#around.fs.close(this.#handle);
  }

  #sign(signer: KeyObject): void {
    // What is signed is the record right before the checkpoint: a new file must not come between the two.
    this.#makeRoom();
    const { seq, hash } = this.#point;
    const note = signCheckpoint({ origin: auditOrigin(this.vaultId), seq, hash }, signer);
    this.#put([{ type: 'audit.checkpoint', data: { note } }]);
    this.#unsigned = 0;
    this.#signedAt = this.#around.now();
  }

  #write(entries: readonly AuditEntry[]): void {
    this.#makeRoom();
    this.#put(entries);
  }

  /** Writes to the file at hand. */
  #put(entries: readonly AuditEntry[]): void {
    const { fs } = this.#around;
    const { octets, next } = this.#linesOf(entries);
    const { offset, key } = this.#point;
    try {
      writeAll(fs, this.#handle, octets, offset - this.#base);
      fs.sync(this.#handle);
    } catch (error) {
      this.#takeBack(offset);
      throw notWritten(error, this.path);
    }
    this.#point = { ...next, offset: offset + octets.length };
    this.#unsigned += entries.length;
    this.#keepKey();
    key.fill(0);
  }

  /** Begins a new file where this one is full. */
  #makeRoom(): void {
    if (this.#isStuck) throw notWritten(Object.assign(new Error('stuck'), { code: 'EIO' }), this.path);
    const { fileOctets = AUDIT_FILE_OCTETS } = this.#around;
    if (this.#point.offset - this.#base >= fileOctets) this.#rotate();
  }

  /** Records as they are written, and the chain behind them. */
  #linesOf(entries: readonly AuditEntry[]): { octets: Buffer; next: ChainPoint } {
    const { by, now, mono } = this.#around;
    let point: ChainPoint = this.#point;
    const lines: Buffer[] = [];
    for (const entry of entries) {
      const { line, next } = writeRecord(point, entry, by, now(), mono());
      const octets = Buffer.from(line, 'utf8');
      if (octets.length > RECORD_MOST) throw new RangeError('a record of the audit log is too long');
      lines.push(octets);
      if (point !== this.#point) point.key.fill(0);
      point = next;
    }
    return { octets: Buffer.concat(lines), next: point };
  }

  /**
   * Begins a new file, whose first record follows the last one of the file that is full. A crash at any step leaves the
   * old file, under one name or two, or the new one: `open` finds out which.
   */
  #rotate(): void {
    const { fs } = this.#around;
    const { offset, key } = this.#point;
    const full = nextFullFile(fs, this.path);
    const { octets, next } = this.#linesOf([rotatedEntry(full, offset)]);
    try {
      fs.link(this.path, full);
    } catch (error) {
      throw notWritten(error, this.path);
    }
    try {
      fs.syncDirectory(dirname(this.path));
      replaceFile(fs, this.path, octets);
    } catch (error) {
      // Replaced, but not surely for good: what is written now could be lost although it was acknowledged.
      if (error instanceof VaultError && error.code === 'vault.in-doubt') this.#isStuck = true;
      else removeQuietly(fs, full);
      throw notWritten(error, this.path);
    }
    fs.close(this.#handle);
    this.#handle = openPrivate(fs, this.path, 'update', WHAT);
    this.#base = offset;
    this.#point = { ...next, offset: offset + octets.length };
    this.#unsigned += 1;
    this.#keepKey();
    key.fill(0);
  }

  /** Makes the key of the next record durable; with that the one before is gone. */
  #keepKey(): void {
    writeKeyFile(this.#around.fs, auditKeyPath(this.path), this.vaultId, this.#point);
  }

  #takeBack(offset: number): void {
    try {
      this.#around.fs.truncate(this.#handle, offset - this.#base);
    } catch {
      // What is left may be whole or torn: the next start finds out. Writing over it here would make it neither.
      this.#isStuck = true;
    }
  }

  #repair(walk: WalkResult): void {
    const { fs } = this.#around;
    if (walk.lacksLineEnd) writeAll(fs, this.#handle, Uint8Array.of(LINE_END), walk.point.offset - this.#base - 1);
    else if (walk.torn > 0) fs.truncate(this.#handle, walk.point.offset - this.#base);
    else return;
    fs.sync(this.#handle);
    this.wasRepaired = true;
    const what = walk.lacksLineEnd ? 'line end added' : 'torn line cut off';
    this.append([{ type: 'audit.repaired', data: { what, octets: walk.lacksLineEnd ? 1 : walk.torn } }]);
  }
}
