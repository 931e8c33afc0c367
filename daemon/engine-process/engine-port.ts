// The engine as the parent process sees it: numbered frames go down, records come up with their number, and nothing that
// crosses this line is a key. The child reads the passphrase itself.

import type { FrameBatch } from '../../captures/frame-batch.ts';
import type { SourceClock } from '../../captures/sources/live-source.ts';
import type { EpochStateName } from '../events.ts';
import type { DetailRow } from '../inspection/contract.ts';
import type { Reach } from '../relay/access.ts';
import type { RecordBlock } from '../relay/record-block.ts';
import type { AlarmRecord, EngineRecord, KeyName, PlainAccess, PlainPart } from '../relay/relay-record.ts';

/**
 * A line of analysis with a clock of its own. All sources with the wall clock share track 0, so that copies on two
 * antennas are seen; each source with the capture's clock has its own.
 */
export interface Track {
  readonly track: number;
  readonly clock: SourceClock;
  readonly name: string;
}

/** Which groups (6 hex digits, `*` for all) somebody wants plaintext of, and whether under keys not active today too. */
export type Demand = ReadonlyMap<string, 'plain' | 'forensic'>;

/** When a key may be used, as the parent checks it again at the moment plaintext leaves. Times: milliseconds since 1970. */
export interface KeyRow extends KeyName {
  readonly notAfter: number;
  readonly revokedAt: number | null;
  readonly compromisedAt: number | null;
  readonly suspendedAt: number | null;
  readonly resumedAt: number | null;
  readonly destroyedAt: number | null;
  /** By the wall clock when the row was sent. */
  readonly state: EpochStateName;
}

/** What a group is called, who is in it: for status, doctor and the terminal UI. No keys. */
export interface GroupRow {
  readonly group: string;
  readonly name: string;
  /** Times: milliseconds since 1970 in which it is in the group, null: no bound. */
  readonly members: readonly {
    readonly id: string;
    readonly name: string | null;
    readonly from: number | null;
    readonly until: number | null;
  }[];
}

/** One batch of answers: every record of frames up to and including `through` has been told, each once. */
export interface EngineAnswer {
  readonly block: RecordBlock;
  readonly through: number;
}

/** A layer tree, as the view allows it: with `meta` nothing below the PDCP header. */
export interface TreeAnswer {
  readonly frame: number;
  /** Group of its messages, as records write it; null where it has none. Whoever asks must have a grant for it. */
  readonly group: string | null;
  /** Whose plaintext is in it, and under which keys; null where there is none. Looked at again when it leaves. */
  readonly plain: { readonly access: PlainAccess; readonly keys: readonly KeyName[] } | null;
  /** The tree of `-T json` for this frame. */
  readonly tree: unknown;
  /** Octets by source name (`frame`, `deciphered SDU`), hex. */
  readonly octets: readonly { readonly name: string; readonly hex: string }[];
  /** The tree as rows for a screen. */
  readonly rows: readonly DetailRow[];
}

/** A request about keys from the control socket. `sealed` is for the child alone (X25519, see docs/daemon.md). */
export interface KeysRequest {
  readonly verb: string;
  readonly by: string;
  readonly arguments: Readonly<Record<string, unknown>>;
  readonly sealed?: string;
}

/** Its answer: data as the command prints it, or an error in the form of SidescopeError. */
export type KeysAnswer =
  | { readonly ok: true; readonly data: unknown }
  | {
      readonly ok: false;
      readonly code: string;
      readonly message: string;
      readonly hint: string;
      readonly exitCode: number;
    };

/** Health of the child. */
export interface EngineStatus {
  readonly state: 'starting' | 'running' | 'down' | 'stopped';
  readonly pid: number | null;
  readonly restarts: number;
  readonly through: number;
  /** Frames sent and not yet judged. */
  readonly waiting: number;
  /** Frames left out because judging them had killed the child twice. */
  readonly skipped: number;
  readonly memoryOctets: number | null;
  readonly problem: { readonly code: string; readonly message: string; readonly hint: string } | null;
}

/** The parent's half. Restarts the child when it dies and then asks for the frames again (`resume`). */
export interface EnginePort {
  /**
   * Starts the child; resolves when the vault is open. Rejects with SidescopeError where it is refused.
   *
   * @param tellFrom frames below only warm the engine up: what they give is not told. After a restart of the child the
   *   port knows itself what it has told.
   */
  start(tellFrom: number): Promise<void>;
  /** All tracks there are; called before frames of a new one are pushed. A track keeps its number. */
  tracks(tracks: readonly Track[]): void;
  /**
   * Sends frames, copied at once, in the order of their numbers. `batch.firstFrame` is the daemon's number, `interfaceId`
   * the daemon's. Resolves when more may be sent: true where they were taken; false where the child is down, and these
   * frames are among those that come again after `resume`.
   */
  push(batch: FrameBatch, track: number): Promise<boolean>;
  demand(demand: Demand): void;
  /** The record's plain part from its journalled frames, for keys that may be used now; null where it may not be told. */
  retell(
    items: readonly { readonly record: EngineRecord; readonly frames: FrameBatch }[],
    view: 'plain' | 'forensic',
    reason: string | null,
  ): Promise<(PlainPart | null)[]>;
  /**
   * The layer tree of one frame, judged anew.
   *
   * @param frames the frame asked for last; before it those its messages were put together from, and as many others of
   *   its track as are at hand (some hundred): what they prove of its context counts
   * @param reach the view of each group, `*` for the others; null where the frame's group has none
   */
  tree(frames: FrameBatch, reach: readonly Reach[], track: number): Promise<TreeAnswer | null>;
  keys(request: KeysRequest): Promise<KeysAnswer>;
  /** Writes to the audit log of the vault; durable when it resolves. With a plain keyring there is none. */
  audit(type: string, data: Readonly<Record<string, unknown>>): Promise<void>;
  /** What `keepRelayState` was given last; null where that was never, or with a plain keyring. */
  relayState(): Promise<string | null>;
  /**
   * Keeps in the vault where the state of the relay stands, and writes to the audit log, both in one save: durable when it
   * resolves. With a plain keyring nothing is kept.
   */
  keepRelayState(text: string, type: string, data: Readonly<Record<string, unknown>>): Promise<void>;
  /** Nothing more will be pushed: what is still gathered (counts of folded findings) is told before this resolves. */
  finish(): Promise<void>;
  status(): EngineStatus;
  stop(): Promise<void>;
}

/** What the port tells its owner. */
export interface EngineListener {
  answer(answer: EngineAnswer): void;
  /** The whole table of keys and groups, at start and whenever it changes. */
  keys(keys: readonly KeyRow[], groups: readonly GroupRow[]): void;
  /**
   * The child is new and knows nothing: push frames again, first some before `status().through` to warm it up, then all
   * behind it, then go on. What was still to be pushed when the old child went is among these, and is not pushed before.
   */
  resume(): void;
  /** Something an operator must know: a plain keyring, a frame that was left out. */
  alarm(alarm: AlarmRecord): void;
}
