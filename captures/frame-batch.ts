// What every source of frames yields: a table of captured frames over one buffer. One row a frame, one column a
// property. The hot path allocates nothing per frame.

/** Constants we chose. */
/** Rows of one batch: what a window of plain files holds, so that one cipher call serves many messages of a key. */
export const BATCH_ROWS = 8192;
/**
 * Link type of a row that is no frame: a pcapng block without a packet (custom block, journal entry, system call) that
 * Wireshark numbers as a frame, so that frame numbers stay equal. No LINKTYPE_ has this number. Its octets are the
 * block's own data; it belongs to no interface and, having no time that counts, takes that of the row before it.
 */
export const CUSTOM_BLOCK_LINKTYPE = 0xffff;
/** `interfaceId` of a row that belongs to no interface. Interfaces are numbered from 0 to 0xfffe. */
export const NO_INTERFACE = 0xffff;

/** Something the capture file says about itself between two frames. */
export interface CaptureMark {
  /** The mark stands before this row of the batch (equal to `count`: behind the last row). */
  readonly beforeRow: number;
  readonly kind: 'section' | 'interface' | 'drops' | 'names' | 'secrets';
  /** Interface it speaks of, counted through the whole file from 0; -1 where it is about none. */
  readonly interfaceId: number;
  /** `drops`: packets that the capture says it lost on that interface, in total so far. */
  readonly dropped?: number;
  /** `drops`: true where the frame in row `beforeRow` says it, of what was lost between it and the one before it. */
  readonly byFrame?: true;
  /** `interface`: what it is called, where the capture says it, and the link type of its frames. */
  readonly name?: string;
  readonly linkType?: number;
  /** `names`: address text to name. */
  readonly names?: ReadonlyMap<string, string>;
}

/**
 * A batch of captured frames, in the order of the file. Valid until the source is asked for the next one: a consumer
 * copies what it keeps.
 */
export interface FrameBatch {
  /** The octets that `offset` points into. */
  readonly bytes: Uint8Array;
  /** The same octets. */
  readonly view: DataView;
  /** Octet of the input at which `bytes` begins, for `FrameSource.reread`; absent where the source has none. */
  readonly place?: number;
  /** Rows in use. 0 only where the batch has marks and no row. */
  readonly count: number;
  /** Number of the frame in row 0. The first frame of a capture is 1, as in Wireshark. */
  readonly firstFrame: number;
  /** Where the frame's octets begin in `bytes`. */
  readonly offset: Uint32Array;
  /** Octets captured. */
  readonly captured: Uint32Array;
  /** Octets the frame had on the wire; more than `captured` where the snap length cut it. */
  readonly original: Uint32Array;
  /** Capture time, whole seconds since 1970 UTC. May be negative. */
  readonly seconds: Float64Array;
  /** Capture time, nanoseconds within the second, 0 to 999,999,999. */
  readonly nanoseconds: Uint32Array;
  /** Digits of a second that the interface's clock resolves: 6, or 9 where it is finer than a microsecond. */
  readonly digits: Uint8Array;
  /** Link type (LINKTYPE_ number, tcpdump.org/linktypes). */
  readonly linkType: Uint16Array;
  /** Interface, counted through the whole file from 0 (a later section goes on counting). */
  readonly interfaceId: Uint16Array;
  /** What the file says of itself between these frames, in order. Empty for classic pcap. */
  readonly marks: readonly CaptureMark[];
}

/** Why a capture could not be read to its end. Everything before `offset` has been given out. */
export interface CaptureProblem {
  /** Stable code, e.g. `capture.cut-record`. */
  readonly code: string;
  /** Octet of the (decompressed) input at which it shows. */
  readonly offset: number;
  /** One sentence for a field engineer: what is wrong. */
  readonly message: string;
  /** What to do next. */
  readonly hint: string;
}

/** Frames from a file, a pipe, an interface. */
export interface FrameSource {
  /**
   * The next batch, or null at the end of the input. Synchronous where the input is a plain file, so that the hot
   * path never waits for a promise.
   */
  next(): FrameBatch | null | Promise<FrameBatch | null>;
  /** After `next` gave null: what cut the input short, or null where it was whole. */
  readonly problem: CaptureProblem | null;
  /** Octets of input consumed so far (compressed octets where the input is compressed), for a progress bar. */
  readonly consumed: number;
  /** Octets of input in all, or null where nobody knows (a pipe). */
  readonly total: number | null;
  /**
   * Reads octets of the input again, from octet `place` on; absent where only a plain file could. Gives the octets read,
   * fewer than asked for where the file no longer has them. Valid until `close`.
   */
  reread?(place: number, into: Uint8Array): number;
  close(): void | Promise<void>;
}
