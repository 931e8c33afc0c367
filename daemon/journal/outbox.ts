// What waits for the disk: octets gathered one behind the other, and which file each stretch belongs to. Encoders fill it,
// the commit lane takes it as a whole; meanwhile the next group gathers in another buffer.

import type { JournalFile } from './journal-file.ts';

/** Constants we chose. */
const FIRST_OCTETS = 1 << 18;
/** A buffer that had to grow beyond is not kept for the next group. */
const KEPT_OCTETS = 1 << 22;

/** A stretch of octets for one file. */
export interface Span {
  readonly file: JournalFile;
  readonly start: number;
  end: number;
  /** Number of the last frame or record that is kept when the stretch is durable. */
  last: number;
  /** Count of calls that are answered when the stretch is durable. */
  ticket: number;
  /** The file is complete behind it. */
  finishes: boolean;
}

/** One group on its way to the disk. */
export interface Group {
  readonly bytes: Uint8Array<ArrayBuffer>;
  readonly spans: readonly Span[];
}

/** Gathers. Writers call `room`, write at `at`, raise it, and `note` what is complete. */
export class Outbox {
  bytes = new Uint8Array(FIRST_OCTETS);
  view = new DataView(this.bytes.buffer);
  at = 0;
  #spare: Uint8Array<ArrayBuffer> | null = null;
  #spans: Span[] = [];
  /** The stretch being filled; null between two files. */
  #span: Span | null = null;
  /** Octets of the file before the stretch. */
  #before = 0;
  #ticket = 0;

  /** The file that is being written; null where the next octets need a new one. */
  get file(): JournalFile | null {
    return this.#span?.file ?? null;
  }

  /** Octets of that file with what waits. */
  get fileOctets(): number {
    return this.#span === null ? 0 : this.#before + this.at - this.#span.start;
  }

  /** Octets that wait. */
  get octets(): number {
    return this.at;
  }

  /** True where nothing waits. */
  get isEmpty(): boolean {
    return this.#spans.every(({ start, end, finishes }) => start === end && !finishes);
  }

  /** Makes room for so many octets behind `at`; `bytes` and `view` may be others afterwards. */
  room(octets: number): void {
    if (this.at + octets <= this.bytes.length) return;
    const wider = new Uint8Array(Math.max(this.bytes.length * 2, this.at + octets));
    wider.set(this.bytes.subarray(0, this.at));
    this.bytes = wider;
    this.view = new DataView(wider.buffer);
  }

  /** Copies octets behind the others. */
  put(octets: Uint8Array): void {
    this.room(octets.length);
    this.bytes.set(octets, this.at);
    this.at += octets.length;
  }

  /** The next octets are the first of this file. */
  begin(file: JournalFile): void {
    this.#before = 0;
    this.#push(file, file.first - 1);
  }

  /**
   * Everything up to here is complete.
   * @param last number of the last frame or record in it
   * @param ticket count of the call that brought it
   */
  note(last: number, ticket: number): void {
    if (this.#span === null) return;
    this.#ticket = ticket;
    this.#span.end = this.at;
    this.#span.last = last;
    this.#span.ticket = ticket;
  }

  /** The file is complete with what has been noted. */
  finish(): void {
    if (this.#span !== null) this.#span.finishes = true;
    this.#span = null;
  }

  /** Everything that waits; the next group goes on behind it. */
  take(): Group {
    const group = { bytes: this.bytes, spans: this.#spans };
    this.bytes = this.#spare ?? new Uint8Array(FIRST_OCTETS);
    this.view = new DataView(this.bytes.buffer);
    this.#spare = null;
    this.#spans = [];
    this.at = 0;
    if (this.#span !== null) {
      const { file, start, end, last } = this.#span;
      this.#before += end - start;
      this.#push(file, last);
    }
    return group;
  }

  /** The buffer of a group that is done with. */
  giveBack({ bytes }: Group): void {
    if (bytes.length <= KEPT_OCTETS) this.#spare = bytes;
  }

  /** Lets go what waits, and the file that it was for. */
  abandon(): void {
    this.at = 0;
    this.#spans = [];
    this.#span = null;
  }

  #push(file: JournalFile, last: number): void {
    this.#span = { file, start: this.at, end: this.at, last, ticket: this.#ticket, finishes: false };
    this.#spans.push(this.#span);
  }
}
