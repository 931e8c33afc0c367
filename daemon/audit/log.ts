// The audit log: records are durable before what they speak of happens. Beside the log stands a small file with the MAC key
// of the next record; it lies there unsealed, so that a failed attempt to open the vault can be written down too, and it is
// worth nothing for what was written before it. The key of the first record is in the vault.

import type { KeyObject } from 'node:crypto';
import { CborReader, CborWriter } from '../keyring/vault/cbor.ts';
import {
  errorCode,
  type FileSystem,
  openPrivate,
  readPrivate,
  readRange,
  replaceFile,
  writeAll,
} from '../keyring/vault/file-system.ts';
import { copyOf, equalOctets, HASH_OCTETS, SEAL_KEY_OCTETS } from '../keyring/vault/sealing.ts';
import { VaultError } from '../keyring/vault/vault-error.ts';
import { VAULT_ID_OCTETS } from '../keyring/vault/vault-format.ts';
import { AuditError } from './audit-error.ts';
import { auditOrigin, CHECKPOINT_MS, CHECKPOINT_RECORDS, signCheckpoint } from './checkpoint.ts';
import {
  type AuditEntry,
  type AuditRecord,
  type ChainPoint,
  chainStart,
  RECORD_MOST,
  readRecord,
  writeRecord,
} from './record.ts';

// We chose.

const KEY_MAGIC = Buffer.from('SSCOPEAK');
const KEY_FILE_MOST = 512;
/** Octets read at once. */
const WINDOW = 1024 * 1024;
const LINE_END = 0x0a;
const WHAT = 'the audit log';
const KEY_WHAT = 'the key of the audit log';

/** Where the log stands behind a record: a point of the chain and its octet. */
export interface LogPoint extends ChainPoint {
  readonly offset: number;
}

/** What the log needs of the world. */
export interface AuditSurroundings {
  readonly fs: FileSystem;
  /** Wall clock, milliseconds since 1970. */
  readonly now: () => number;
  /** Microseconds of a clock that nobody sets. */
  readonly mono: () => number;
  /** Who acts, e.g. `uid 1000, keys revoke`. */
  readonly by: string;
}

/** What a walk over records came to: where it ended, and what is wrong there. */
export interface WalkResult {
  readonly point: LogPoint;
  readonly problem: { readonly seq: number; readonly text: string } | null;
  /** Octets behind the last line end that are no JSON: a line torn by a crash. 0: none. */
  readonly torn: number;
  /** The last record is whole but for its line end. */
  readonly lacksLineEnd: boolean;
}

/** Path of the key file of a log. */
export function auditKeyPath(logPath: string): string {
  return `${logPath}-key`;
}

/** The log before its first record. */
export function logStart(firstKey: Uint8Array): LogPoint {
  return { ...chainStart(firstKey), offset: 0 };
}

/** See the head of the file. Only whoever holds the vault's lock may have one. */
export class AuditLog {
  readonly path: string;
  readonly vaultId: Uint8Array;
  readonly #around: AuditSurroundings;
  readonly #handle: number;
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
      const walk = walkRecords(fs, handle, point, () => undefined);
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
      walk: (from, see) => walkRecords(fs, handle, from, see),
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
    return walkRecords(this.#around.fs, this.#handle, from, see);
  }

  close(): void {
    if (this.#isClosed) return;
    this.#isClosed = true;
    this.#point.key.fill(0);
    this.#around.fs.close(this.#handle);
  }

  #sign(signer: KeyObject): void {
    const { seq, hash } = this.#point;
    const note = signCheckpoint({ origin: auditOrigin(this.vaultId), seq, hash }, signer);
    this.#write([{ type: 'audit.checkpoint', data: { note } }]);
    this.#unsigned = 0;
    this.#signedAt = this.#around.now();
  }

  #write(entries: readonly AuditEntry[]): void {
    const { fs, by, now, mono } = this.#around;
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
    const octets = Buffer.concat(lines);
    const { offset, key } = this.#point;
    if (this.#isStuck) throw notWritten(Object.assign(new Error('stuck'), { code: 'EIO' }), this.path);
    try {
      writeAll(fs, this.#handle, octets, offset);
      fs.sync(this.#handle);
    } catch (error) {
      this.#takeBack(offset);
      throw notWritten(error, this.path);
    }
    this.#point = { ...point, offset: offset + octets.length };
    this.#unsigned += entries.length;
    this.#keepKey();
    key.fill(0);
  }

  /** Makes the key of the next record durable; with that the one before is gone. */
  #keepKey(): void {
    writeKeyFile(this.#around.fs, auditKeyPath(this.path), this.vaultId, this.#point);
  }

  #takeBack(offset: number): void {
    try {
      this.#around.fs.truncate(this.#handle, offset);
    } catch {
      // What is left may be whole or torn: the next start finds out. Writing over it here would make it neither.
      this.#isStuck = true;
    }
  }

  #repair(walk: WalkResult): void {
    const { fs } = this.#around;
    if (walk.lacksLineEnd) writeAll(fs, this.#handle, Uint8Array.of(LINE_END), walk.point.offset - 1);
    else if (walk.torn > 0) fs.truncate(this.#handle, walk.point.offset);
    else return;
    fs.sync(this.#handle);
    const what = walk.lacksLineEnd ? 'line end added' : 'torn line cut off';
    this.append([{ type: 'audit.repaired', data: { what, octets: walk.lacksLineEnd ? 1 : walk.torn } }]);
  }
}

/**
 * Walks over the records of an open log behind a point that is known to be good, and stops at the first that is wrong.
 *
 * @param see called with each good record
 */
export function walkRecords(
  fs: FileSystem,
  handle: number,
  from: LogPoint,
  see: (record: AuditRecord) => void,
): WalkResult {
  const { size } = fs.facts(handle);
  let point = from;
  const failed = (text: string): WalkResult => {
    return { point, problem: { seq: point.seq + 1, text }, torn: 0, lacksLineEnd: false };
  };
  if (size < from.offset) {
    return failed(`is missing: the log ends at octet ${size}, and reached octet ${from.offset} before`);
  }
  while (point.offset < size) {
    const window = readRange(fs, handle, point.offset, Math.min(size, point.offset + WINDOW));
    let at = 0;
    for (let end = window.indexOf(LINE_END, at); end >= 0; end = window.indexOf(LINE_END, at)) {
      const read = readRecord(point, textOf(window.subarray(at, end)));
      if ('problem' in read) return failed(read.problem);
      see(read.record);
      point = { ...read.next, offset: point.offset + end + 1 - at };
      at = end + 1;
    }
    if (at > 0) continue;
    if (window.length > RECORD_MOST) return failed('is longer than any record');
    return tail(point, window, see, failed);
  }
  return { point, problem: null, torn: 0, lacksLineEnd: false };
}

/** Judges what stands behind the last line end. */
function tail(
  point: LogPoint,
  window: Uint8Array,
  see: (record: AuditRecord) => void,
  failed: (text: string) => WalkResult,
): WalkResult {
  const read = readRecord(point, textOf(window));
  if (!('problem' in read)) {
    see(read.record);
    const offset = point.offset + window.length + 1;
    return { point: { ...read.next, offset }, problem: null, torn: 0, lacksLineEnd: true };
  }
  if (!read.isTorn) return failed(read.problem);
  return { point, problem: null, torn: window.length, lacksLineEnd: false };
}

/** Whether two points are the same record of the same chain. */
export function samePoint(a: LogPoint, b: LogPoint): boolean {
  return a.seq === b.seq && a.offset === b.offset && equalOctets(a.hash, b.hash) && equalOctets(a.key, b.key);
}

function readKeyFile(fs: FileSystem, path: string): { vaultId: Uint8Array; point: LogPoint } {
  const octets = readPrivate(fs, path, KEY_FILE_MOST, KEY_WHAT);
  try {
    if (!KEY_MAGIC.every((octet, index) => octets[index] === octet)) throw new RangeError('no key file');
    const reader = new CborReader(octets.subarray(KEY_MAGIC.length), path);
    reader.map(5);
    reader.key(1);
    const vaultId = reader.bytes(VAULT_ID_OCTETS);
    reader.key(2);
    const seq = reader.uint();
    reader.key(3);
    const hash = reader.bytes(HASH_OCTETS);
    reader.key(4);
    const offset = reader.uint();
    reader.key(5);
    const key = reader.bytes(SEAL_KEY_OCTETS);
    reader.end();
    return { vaultId, point: { seq, hash, key, offset } };
  } catch (cause) {
    const hint = 'Find out who changed it; `sidescope keys verify --renew REASON` makes it anew from the vault';
    throw new AuditError('key-damaged', `${path} was changed`, hint, { cause });
  } finally {
    octets.fill(0);
  }
}

function writeKeyFile(fs: FileSystem, path: string, vaultId: Uint8Array, point: LogPoint): void {
  const { seq, hash, offset, key } = point;
  const writer = new CborWriter().map(5).key(1).bytes(vaultId).key(2).uint(seq).key(3).bytes(hash);
  writer.key(4).uint(offset).key(5).bytes(key);
  const octets = Buffer.concat([KEY_MAGIC, writer.take()]);
  try {
    replaceFile(fs, path, octets);
  } catch (error) {
    throw notWritten(error, path);
  } finally {
    octets.fill(0);
  }
}

/** The error of a record that is not as it was written. */
export function damaged(path: string, seq: number, text: string): AuditError {
  return new AuditError(
    text.startsWith('is missing') ? 'truncated' : 'damaged',
    `record ${seq} of the audit log ${path} ${text}`,
    'Keep the log as it is and find out who changed it; `sidescope keys verify` says more',
    { seq },
  );
}

function missing(path: string, what: string): AuditError {
  return new AuditError(
    'missing',
    `${what} ${path} does not exist`,
    'Copy it from where the vault came from; without it nobody can tell whether the vault is the latest',
  );
}

function notWritten(cause: unknown, path: string): AuditError {
  // Where a file was replaced, the disk's own error is the cause of ours.
  const code = errorCode(cause instanceof VaultError ? (cause.cause ?? cause) : cause);
  const full = code === 'ENOSPC' || code === 'EDQUOT' || code === 'EFBIG';
  return new AuditError(
    'not-written',
    full ? `${path} was not written: no space is left (${code})` : `${path} was not written (${code})`,
    'Nothing is done that cannot be recorded; make space or check the disk, then run the command again',
    { cause },
  );
}

const decoder = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

/** The text of a line; empty, and so no record, where it is no UTF-8. */
function textOf(octets: Uint8Array): string {
  try {
    return decoder.decode(octets);
  } catch {
    return '';
  }
}
