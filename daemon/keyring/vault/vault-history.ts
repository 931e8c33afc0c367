// What the audit log says about the generations of a vault, and whether the file that was opened is the latest of them. An
// intent is recorded before a save and its completion after it: the last or the intended generation is accepted, an older
// one is not.

import type { AuditEntry, AuditRecord } from '../../audit/record.ts';
import { type Generation, rolledBack } from './anchor.ts';
import { equalOctets } from './sealing.ts';

/** Types of the records about saves and the clock. */
export const RECORD = {
  intended: 'vault.save_intended',
  saved: 'vault.saved',
  abandoned: 'vault.save_abandoned',
  openFailed: 'vault.open_failed',
  clockAccepted: 'clock.accepted',
  repaired: 'audit.repaired',
  checkpoint: 'audit.checkpoint',
} as const;

/** Records whose time says nothing: they are written before anybody has shown a passphrase. */
const UNPROVED: readonly string[] = [RECORD.openFailed, RECORD.repaired];

/** The record of an intent, a completion or an abandonment. */
export function generationEntry(type: string, { number, hash }: Generation): AuditEntry {
  return { type, data: { generation: number, sha256: Buffer.from(hash).toString('hex') } };
}

/** Gathers what records say, from the point where the opened vault knows the log to stand. */
export class VaultHistory {
  /** Last generation whose save is on record as complete; null: none so far. */
  saved: Generation | null = null;
  /** A save that was begun and is neither complete nor abandoned. */
  intended: Generation | null = null;
  /** Latest wall clock of a record, milliseconds since 1970. */
  latest = Number.NEGATIVE_INFINITY;
  /** Records since the last checkpoint, and when that was. */
  unsigned = 0;
  signedAt = Number.NEGATIVE_INFINITY;

  see(record: AuditRecord): void {
    this.unsigned += 1;
    if (!UNPROVED.includes(record.type)) this.latest = Math.max(this.latest, record.time);
    switch (record.type) {
      case RECORD.intended:
        this.intended = generationOf(record);
        break;
      case RECORD.saved:
        this.saved = generationOf(record);
        this.intended = null;
        break;
      case RECORD.abandoned:
        this.intended = null;
        break;
      case RECORD.clockAccepted:
        this.latest = record.time;
        break;
      case RECORD.checkpoint:
        this.unsigned = 0;
        this.signedAt = record.time;
        break;
      default:
        break;
    }
  }

  /**
   * Judges the generation that was opened.
   *
   * @returns `saved`, or `intended` where the completion of its save is not on record
   * @throws VaultError `rolled-back`
   */
  judge(opened: Generation): 'saved' | 'intended' {
    if (this.saved !== null && isSame(this.saved, opened)) return 'saved';
    if (this.intended !== null && isSame(this.intended, opened)) return 'intended';
    throw rolledBack(opened.number, this.saved?.number ?? opened.number);
  }
}

function isSame(a: Generation, b: Generation): boolean {
  return a.number === b.number && equalOctets(a.hash, b.hash);
}

function generationOf({ data }: AuditRecord): Generation {
  const { generation, sha256 } = data;
  const isWhole = typeof generation === 'number' && typeof sha256 === 'string';
  return isWhole
    ? { number: generation, hash: new Uint8Array(Buffer.from(sha256, 'hex')) }
    : { number: 0, hash: new Uint8Array(0) };
}
