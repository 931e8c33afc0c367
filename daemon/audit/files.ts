// The files of one audit log: the one that is written to, and before it the full ones, FILE.000001, FILE.000002 and so on.
// The chain runs through all of them: the first record of a file follows the last one of the file before (reference
// security C.5).

import { basename, dirname, join } from 'node:path';
import { type FileSystem, openPrivate, readRange, removeQuietly } from '../keyring/vault/file-system.ts';
import { type JsonObject, type JsonValue, parseCanonicalJson } from './canonical-json.ts';
import { type AuditEntry, type AuditRecord, RECORD_MOST } from './record.ts';
import { type LogPoint, type WalkResult, walkRecords } from './walk.ts';

// We chose.

/** Octets of a file, about 40,000 records. Above: the next record begins a new file. */
export const AUDIT_FILE_OCTETS = 16 * 1024 * 1024;
/** Type of the record that begins a file behind another one. */
const ROTATED = 'audit.rotated';
const NUMBER_DIGITS = 6;
const LOG_WHAT = 'the audit log';

/** One file of a log. */
interface LogFile {
  readonly path: string;
  /** Octets of the log before it. */
  readonly base: number;
}

/** The record that begins a file. @param base octets of the log before it */
export function rotatedEntry(before: string, base: number): AuditEntry {
  return { type: ROTATED, data: { file: basename(before), octets: base } };
}

/** Paths of the full files of a log, the oldest first. */
export function fullFiles(fs: FileSystem, path: string): string[] {
  const prefix = `${basename(path)}.`;
  const folder = dirname(path);
  const isNumber = new RegExp(`^[0-9]{${NUMBER_DIGITS}}$`);
  const names = fs.list(folder).filter((name) => name.startsWith(prefix) && isNumber.test(name.slice(prefix.length)));
  return names.sort().map((name) => join(folder, name));
}

/** Path of the next full file. */
export function nextFullFile(fs: FileSystem, path: string): string {
  const last = fullFiles(fs, path).at(-1);
  const number = last === undefined ? 0 : Number(last.slice(-NUMBER_DIGITS));
  return `${path}.${String(number + 1).padStart(NUMBER_DIGITS, '0')}`;
}

/** Octets of the log before an open file, as its first record says: what does not fit shows when the chain is walked. */
export function baseOf(fs: FileSystem, handle: number): number {
  const head = Buffer.from(readRange(fs, handle, 0, RECORD_MOST));
  const end = head.indexOf(0x0a);
  const value = parseCanonicalJson(head.toString('utf8', 0, end < 0 ? head.length : end));
  if (!isObject(value) || value.type !== ROTATED || !isObject(value.data)) return 0;
  const { octets } = value.data;
  return typeof octets === 'number' ? octets : 0;
}

function isObject(value: JsonValue): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/**
 * Takes away the second name of the current file that a change of files leaves where it is interrupted half way. Only
 * whoever holds the vault's lock may.
 */
export function finishRotation(fs: FileSystem, path: string, base: number): void {
  const last = fullFiles(fs, path).at(-1);
  if (last === undefined) return;
  const handle = openPrivate(fs, last, 'read', LOG_WHAT);
  const isSame = baseOf(fs, handle) === base;
  fs.close(handle);
  // That it is not durably gone is no matter: the next start does it again.
  if (isSame) removeQuietly(fs, last);
}

/**
 * Walks over the records of a log behind a point that is known to be good, through all its files, and stops at the first
 * that is wrong.
 *
 * @param handle of the current file
 * @param see called with each good record
 */
export function walkFiles(
  fs: FileSystem,
  path: string,
  handle: number,
  from: LogPoint,
  see: (record: AuditRecord) => void,
): WalkResult {
  const base = baseOf(fs, handle);
  if (from.offset >= base) return walkRecords(fs, handle, base, from, see);
  let point = from;
  for (const file of beforeCurrent(fs, path, base)) {
    if (file.next <= point.offset) continue;
    const walk = walkFull(fs, file, point, see);
    if (walk.problem !== null) return walk;
    point = walk.point;
  }
  if (point.offset !== base)
    return failed(point, `is missing: no file of the log holds octets ${point.offset} to ${base}`);
  return walkRecords(fs, handle, base, point, see);
}

/** Full files, each with where the next one begins. */
function beforeCurrent(fs: FileSystem, path: string, base: number): (LogFile & { readonly next: number })[] {
  const files = fullFiles(fs, path).map((full): LogFile => {
    const handle = openPrivate(fs, full, 'read', LOG_WHAT);
    try {
      return { path: full, base: baseOf(fs, handle) };
    } finally {
      fs.close(handle);
    }
  });
  return files.map((file, i) => ({ ...file, next: files[i + 1]?.base ?? base }));
}

/** A file that nothing is written to any more: it ends with a whole record, where the next one begins. */
function walkFull(
  fs: FileSystem,
  file: LogFile & { readonly next: number },
  from: LogPoint,
  see: (record: AuditRecord) => void,
): WalkResult {
  const name = basename(file.path);
  if (from.offset < file.base) {
    return failed(
      from,
      `is missing: ${name} begins at octet ${file.base}, and the files before it end at ${from.offset}`,
    );
  }
  const handle = openPrivate(fs, file.path, 'read', LOG_WHAT);
  try {
    const walk = walkRecords(fs, handle, file.base, from, see);
    if (walk.problem !== null) return walk;
    if (walk.torn > 0 || walk.lacksLineEnd) return failed(walk.point, `is cut: ${name} ends in the middle of it`);
    if (walk.point.offset === file.next) return walk;
    return failed(
      walk.point,
      `is missing: ${name} ends at octet ${walk.point.offset}, the next file begins at ${file.next}`,
    );
  } finally {
    fs.close(handle);
  }
}

function failed(point: LogPoint, text: string): WalkResult {
  return { point, problem: { seq: point.seq + 1, text }, torn: 0, lacksLineEnd: false };
}
