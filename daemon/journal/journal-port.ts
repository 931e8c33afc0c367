// The journal as the rest of the daemon sees it: frames and records, numbered, durable, read back by number.

import type { FrameBatch } from '../../captures/frame-batch.ts';
import type { RecordBlock } from '../relay/record-block.ts';
import type { RelayRecord } from '../relay/relay-record.ts';

/** How the journal fares. */
export interface JournalStatus {
  /** `degraded`: the disk refuses writes; what comes is counted in `missed` and not kept. */
  readonly state: 'good' | 'degraded';
  readonly problem: { readonly code: string; readonly message: string; readonly hint: string } | null;
  readonly firstFrame: number | null;
  readonly lastFrame: number;
  readonly durableFrame: number;
  readonly firstSeq: number | null;
  readonly lastSeq: number;
  readonly files: number;
  readonly octets: number;
  /** Frames and records that were not kept because the disk refused them, since the journal was opened. */
  readonly missedFrames: number;
  readonly missedRecords: number;
  /** Milliseconds that the last group commit took. */
  readonly commitMilliseconds: number;
}

/** Where frames come from, by the daemon's interface number; survives restarts through the files. */
export interface InterfaceRow {
  readonly interfaceId: number;
  readonly source: string;
  readonly name: string;
  readonly linkType: number;
  readonly track: string;
}

/** What became of records. */
export interface AppendedRecords {
  /** Number of the first of them. */
  readonly first: number;
  /**
   * False where the disk refused the records: then numbers and `through` alone were made durable, so that neither is used
   * twice after a crash.
   */
  readonly kept: boolean;
  /** False where the disk refused even that: the numbers would be given again, so the records must not be told. */
  readonly mayBeTold: boolean;
}

/** Frames and records on disk. One owner at a time (lock). */
export interface JournalPort {
  /**
   * The daemon's number of this interface; the same one after a restart. NO_INTERFACE where the table is full: frames of
   * it are kept as octets of no link type.
   */
  interfaceId(row: Omit<InterfaceRow, 'interfaceId'>): number;
  interfaces(): readonly InterfaceRow[];
  /** Number that the next frame gets. */
  readonly nextFrame: number;
  /**
   * Takes frames with the daemon's numbers (`batch.firstFrame` is `nextFrame`) and interfaces. Copies at once; written
   * with the next group commit. Never throws and never waits; whoever brings frames waits for `ready` before.
   */
  appendFrames(batch: FrameBatch): void;
  /** Resolves when less is waiting for the disk than the cap (32 MiB): the next batch may come. At once while degraded. */
  ready(): Promise<void>;
  /**
   * Resolves when the frame is durable; false where the journal was degraded and did not keep it, or was closed before
   * the frame came.
   */
  durable(frame: number): Promise<boolean>;
  /**
   * Gives records their `seq` and keeps them without their plain part, together with how far frames were judged. Resolves
   * when durable, in the order of the calls; never rejects. They are written after the frames up to `through`, so that a
   * crash leaves no record without its frames.
   * @param through not below that of the call before
   */
  appendRecords(block: RecordBlock, through: number): Promise<AppendedRecords>;
  /** Every frame up to this one has been judged and what came of it kept. */
  readonly judgedThrough: number;
  /** Frames `from` to `to` as far as they are still kept, in batches. */
  readFrames(from: number, to: number): AsyncIterable<FrameBatch>;
  /** Records from `seq` on (without plain part), at most `limit`, and what of the range asked for is gone. */
  readRecords(
    seq: number,
    limit: number,
  ): Promise<{
    records: readonly RelayRecord[];
    missing: readonly { readonly from: number; readonly to: number; readonly reason: string }[];
  }>;
  readonly lastSeq: number;
  status(): JournalStatus;
  close(): Promise<void>;
}
