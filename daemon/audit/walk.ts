// Walks over the records of a log: hashes, MACs, numbers, one after the other from a point that is known to be good.

import { type FileSystem, readRange } from '../keyring/vault/file-system.ts';
import { equalOctets } from '../keyring/vault/sealing.ts';
import { type AuditRecord, type ChainPoint, chainStart, RECORD_MOST, readRecord } from './record.ts';

/** We chose: octets read at once. */
const WINDOW = 1024 * 1024;
const LINE_END = 0x0a;

/** Where the log stands behind a record: a point of the chain and its octet, counted through all files of the log. */
export interface LogPoint extends ChainPoint {
  readonly offset: number;
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

/** The log before its first record. */
export function logStart(firstKey: Uint8Array): LogPoint {
  return { ...chainStart(firstKey), offset: 0 };
}

/**
 * Walks over the records of one open file behind a point that is known to be good, and stops at the first that is wrong.
 *
 * @param base octets of the log before this file
 * @param see called with each good record
 */
export function walkRecords(
  fs: FileSystem,
  handle: number,
  base: number,
  from: LogPoint,
  see: (record: AuditRecord) => void,
): WalkResult {
  const size = base + fs.facts(handle).size;
  let point = from;
  const failed = (text: string): WalkResult => {
    return { point, problem: { seq: point.seq + 1, text }, torn: 0, lacksLineEnd: false };
  };
  if (size < from.offset) {
    return failed(`is missing: the log ends at octet ${size}, and reached octet ${from.offset} before`);
  }
  while (point.offset < size) {
    const window = readRange(fs, handle, point.offset - base, Math.min(size, point.offset + WINDOW) - base);
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

const decoder = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

/** The text of a line; empty, and so no record, where it is no UTF-8. */
function textOf(octets: Uint8Array): string {
  try {
    return decoder.decode(octets);
  } catch {
    return '';
  }
}
