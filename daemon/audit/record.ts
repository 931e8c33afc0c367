// One record of the audit log: a line of canonical JSON that is chained to the record before it by a hash, and bears a MAC
// under a key that is used once and then evolved, so that whoever breaks in later cannot rewrite what was said before
// (reference security C.5).

import { equalOctets, HASH_OCTETS, hmacSha256, sha256 } from '../keyring/vault/sealing.ts';
import { canonicalJson, type JsonObject, parseCanonicalJson } from './canonical-json.ts';

// The reference says (security C.5).

const HASH_LABEL = Buffer.from('sidescope-audit-v1\0');
const EVOLVE_LABEL = Buffer.from('sidescope-evolve');
const MAC_OCTETS = 16;

/** We chose: octets of one record with its line end. Above: it is not written, and no record when read. */
export const RECORD_MOST = 256 * 1024;

/** Something to write down. */
export interface AuditEntry {
  /** `subject.event`, e.g. `key.revoked`. */
  readonly type: string;
  /** Never holds keys, tokens, plaintext or passphrases. */
  readonly data: JsonObject;
}

/** A record as it was read. */
export interface AuditRecord extends AuditEntry {
  /** From 1, +1 a record. */
  readonly seq: number;
  /** Wall clock, milliseconds since 1970. */
  readonly time: number;
  readonly by: string;
  readonly hash: Uint8Array;
}

/** Where a chain stands behind a record; `key` is the MAC key of the next. */
export interface ChainPoint {
  readonly seq: number;
  readonly hash: Uint8Array;
  readonly key: Uint8Array;
}

/** The chain before its first record. */
export function chainStart(firstKey: Uint8Array): ChainPoint {
  return { seq: 0, hash: new Uint8Array(HASH_OCTETS), key: firstKey };
}

/** The key behind this one. There is no way back. */
export function evolve(key: Uint8Array): Uint8Array {
  return sha256(EVOLVE_LABEL, key);
}

/**
 * The line of a record, with its line end, and the chain behind it.
 *
 * @param time wall clock, milliseconds since 1970
 * @param mono microseconds of a clock that nobody sets
 */
export function writeRecord(
  point: ChainPoint,
  entry: AuditEntry,
  by: string,
  time: number,
  mono: number,
): { line: string; next: ChainPoint } {
  const seq = point.seq + 1;
  const t = new Date(time).toISOString();
  const prev = hex(point.hash);
  const core = { seq, t, mono, type: entry.type, by, data: entry.data, prev };
  const hash = hashOf(point.hash, core);
  const line = `${canonicalJson({ ...core, h: hex(hash), m: hex(macOf(point.key, hash)) })}\n`;
  return { line, next: { seq, hash, key: evolve(point.key) } };
}

/** What a line holds, or what is wrong with it. `isTorn` says that it is no JSON at all. */
export function readRecord(
  point: ChainPoint,
  line: string,
): { record: AuditRecord; next: ChainPoint } | { problem: string; isTorn: boolean } {
  const value = parseCanonicalJson(line);
  if (value === null) return { problem: 'is no record in canonical form', isTorn: !isJson(line) };
  const wrong = (problem: string): { problem: string; isTorn: boolean } => ({ problem, isTorn: false });
  if (typeof value !== 'object' || Array.isArray(value)) return wrong('is no record');
  const { h, m, ...core } = value as JsonObject;
  const { seq, t, mono, type, by, data, prev } = core;
  const isWhole = typeof seq === 'number' && typeof mono === 'number' && Object.keys(core).length === 7;
  const isText = typeof t === 'string' && typeof type === 'string' && typeof by === 'string';
  if (!isWhole || !isText || typeof data !== 'object' || data === null || Array.isArray(data)) {
    return wrong('lacks what every record has');
  }
  const time = Date.parse(t);
  if (Number.isNaN(time) || new Date(time).toISOString() !== t) return wrong('bears no time');
  if (seq !== point.seq + 1) return wrong(`bears the number ${seq}`);
  if (prev !== hex(point.hash)) return wrong('does not follow the record before it');
  const hash = hashOf(point.hash, core);
  if (h !== hex(hash)) return wrong('was changed (its hash does not fit)');
  const mac = Buffer.from(hex(macOf(point.key, hash)));
  if (typeof m !== 'string' || !equalOctets(Buffer.from(m), mac)) {
    return wrong('was not written by sidescope (its MAC does not fit)');
  }
  const record = { seq, time, type, by, data: data as JsonObject, hash };
  return { record, next: { seq, hash, key: evolve(point.key) } };
}

function hashOf(previous: Uint8Array, core: JsonObject): Uint8Array {
  return sha256(HASH_LABEL, previous, Buffer.from(canonicalJson(core), 'utf8'));
}

function macOf(key: Uint8Array, hash: Uint8Array): Uint8Array {
  return hmacSha256(key, hash).subarray(0, MAC_OCTETS);
}

function hex(octets: Uint8Array): string {
  return Buffer.from(octets).toString('hex');
}

function isJson(text: string): boolean {
  try {
    JSON.parse(text);
    return true;
  } catch {
    return false;
  }
}
