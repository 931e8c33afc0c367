// What the relay asks of the daemon around it. The relay owns subscribers; the daemon owns everything else.

import type { Demand, GroupRow, KeyRow, TreeAnswer } from '../engine-process/engine-port.ts';
import type { Reach } from './access.ts';
import type { NumberedBlock } from './record-block.ts';
import type { AlarmRecord, KeyName, PlainPart, RelayRecord } from './relay-record.ts';

/** What of the past is gone, told as an explicit gap. */
export interface MissingRange {
  readonly from: number;
  readonly to: number;
  readonly reason: string;
}

/** The daemon around the relay. */
export interface RelayHost {
  /** Sequence number of the newest record handed to `deliver`. */
  readonly head: number;
  /** Records from `seq` on, `limit` at most, without plain parts, and what of that range is gone; both in order. */
  history(
    seq: number,
    limit: number,
  ): Promise<{ readonly records: readonly RelayRecord[]; readonly missing: readonly MissingRange[] }>;
  /** Plain parts of past records, deciphered again; null each where that is not allowed or not possible now. */
  plainOf(
    records: readonly RelayRecord[],
    view: 'plain' | 'forensic',
    reason: string | null,
  ): Promise<readonly (PlainPart | null)[]>;
  /**
   * The layer tree of a captured frame, in the view that its group has, and the track it came by; null where it is not kept,
   * cannot be judged, or its group has no view.
   */
  tree(frame: number, reach: readonly Reach[]): Promise<(TreeAnswer & { readonly track: number }) | null>;
  /** Captured frames by their number, for pcapng output; those that are no longer kept are left out. */
  frames(numbers: readonly number[]): Promise<ReadonlyMap<number, RelayedFrame>>;
  /** Whether plaintext under this key may leave now, by the clock of its track. */
  mayUse(key: KeyName, track: number): boolean;
  /** False while nothing plain may leave at all (disk full: audit and journal cannot keep up). */
  readonly plainAllowed: boolean;
  keyRows(): readonly KeyRow[];
  groupRows(): readonly GroupRow[];
  /**
   * The demand for plaintext changed (some subscriber came or went). Resolves when all that was judged before has been
   * delivered, or will be judged anew; never rejects.
   */
  demandChanged(demand: Demand): Promise<void>;
  /** On record before the effect: grant used, forensic view begun, refused authentication. */
  audit(type: string, data: Readonly<Record<string, unknown>>): Promise<void>;
  /** Status of the whole daemon, as `status` of the control socket prints it. */
  status(): unknown;
}

/** One captured frame. */
export interface RelayedFrame {
  readonly number: number;
  readonly interfaceName: string;
  readonly linkType: number;
  readonly seconds: number;
  readonly nanoseconds: number;
  readonly digits: number;
  readonly bytes: Uint8Array;
  readonly original: number;
}

/** What the daemon tells the relay. */
export interface RelayInput {
  deliver(records: NumberedBlock): void;
  alarm(alarm: AlarmRecord): void;
  /** Keys or their states changed: queued plaintext under keys that may not be used any more is stripped, within 1 s. */
  keysChanged(): void;
}
