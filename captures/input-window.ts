// The window through which a capture is read: one buffer, filled at its end, consumed from its beginning. What a reader
// leaves is moved to the front when room is needed, so that frames are offsets into it and are never copied out.

/** Constants we chose. */
/** Octets of the window at first: one read of a plain file. Large enough that the cost of a read vanishes. */
export const WINDOW_OCTETS = 1 << 20;
/**
 * Octets that the window may grow to: the longest block that a reader waits for. Readers refuse a longer record or block
 * by its header, so growing beyond is a mistake of ours and throws.
 */
export const WINDOW_CAP = 1 << 24;

/** The reused window. Octets from `begin` to `end` have been read and not consumed. */
export class InputWindow {
  bytes: Uint8Array;
  view: DataView;
  begin = 0;
  end = 0;
  /** Octet of the input that stands in `bytes[0]`. */
  base = 0;

  constructor(octets = WINDOW_OCTETS) {
    this.bytes = new Uint8Array(octets);
    this.view = new DataView(this.bytes.buffer);
  }

  /** Octet of the input at which the unconsumed part begins. */
  get position(): number {
    return this.base + this.begin;
  }

  /**
   * Makes room behind `end` and gives the octets of it, at least 1. Moves the unconsumed octets to the front, so a batch
   * of offsets into the window is void afterwards.
   */
  makeRoom(): number {
    const left = this.end - this.begin;
    if (this.begin > 0 && (left === 0 || this.end === this.bytes.length)) {
      this.bytes.copyWithin(0, this.begin, this.end);
      this.base += this.begin;
      this.begin = 0;
      this.end = left;
    }
    if (this.end === this.bytes.length) {
      this.#grow();
    }
    return this.bytes.length - this.end;
  }

  /** Goes on in other octets, which are at least as many as are left; these come first there. A batch of offsets is void. */
  moveTo(bytes: Uint8Array): void {
    if (bytes === this.bytes) return;
    const left = this.end - this.begin;
    bytes.set(this.bytes.subarray(this.begin, this.end));
    this.bytes = bytes;
    this.view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
    this.base += this.begin;
    this.begin = 0;
    this.end = left;
  }

  /** Takes as much of `piece`, from `at`, as there is room for; gives the octets taken. */
  append(piece: Uint8Array, at: number): number {
    const taken = Math.min(this.makeRoom(), piece.length - at);
    this.bytes.set(piece.subarray(at, at + taken), this.end);
    this.end += taken;
    return taken;
  }

  #grow(): void {
    if (this.bytes.length * 2 > WINDOW_CAP) {
      throw new RangeError(`a reader waits for more than ${this.bytes.length} octets at once`);
    }
    const wider = new Uint8Array(this.bytes.length * 2);
    wider.set(this.bytes.subarray(this.begin, this.end));
    this.bytes = wider;
    this.view = new DataView(wider.buffer);
  }
}
