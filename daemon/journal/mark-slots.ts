// How far numbers went, in a small file that is overwritten in place: needs no space, so that it can be kept when the disk
// is full and records cannot. Two slots, written in turn, so that a torn write leaves the other.

import { crc32 } from 'node:zlib';
import { type JournalFileSystem, openOwn, quietly, readFully, writeAll } from './file-system.ts';
import type { FileMark } from './record-groups.ts';

/** Constants we chose. */
const NAME = 'journal.marks';
/** Octets of a slot: of a sector, so that a disk writes it whole. */
const SLOT_OCTETS = 512;

const encoder = new TextEncoder();
const decoder = new TextDecoder();

interface Waiting {
  readonly mark: FileMark;
  readonly resolve: (isDurable: boolean) => void;
}

/** See the head of the file. */
export class MarkSlots {
  readonly #fs: JournalFileSystem;
  readonly #folder: string;
  #handle: number | null = null;
  #generation = 0;
  #waiting: Waiting[] = [];
  #running: Promise<void> | null = null;

  constructor(fs: JournalFileSystem, folder: string) {
    this.#fs = fs;
    this.#folder = folder;
  }

  /**
   * Opens the file, and makes it where there is none. The newest mark; zeros where there is none.
   * @throws JournalError where the file is not the owner's alone; a system error where it cannot be made
   */
  async open(): Promise<FileMark> {
    const path = `${this.#folder}/${NAME}`;
    const isThere = (await this.#fs.list(this.#folder)).includes(NAME);
    const handle = isThere ? await openOwn(this.#fs, path, 'update') : await this.#fs.open(path, 'create');
    try {
      const octets = new Uint8Array(2 * SLOT_OCTETS);
      const read = await readFully(this.#fs, handle, octets, 0);
      const slots = [readSlot(octets.subarray(0, SLOT_OCTETS)), readSlot(octets.subarray(SLOT_OCTETS))];
      const newest = slots.reduce((one, other) => ((other?.generation ?? -1) > (one?.generation ?? -1) ? other : one));
      const mark = { seq: newest?.seq ?? 0, through: newest?.through ?? 0 };
      this.#generation = newest?.generation ?? 0;
      if (read < octets.length) {
        // Both have their place on the disk from now on.
        for (let slot = 0; slot < 2; slot++) await this.#write(handle, mark);
        await this.#fs.sync(handle);
        await this.#fs.syncDirectory(this.#folder);
      }
      this.#handle = handle;
      return mark;
    } catch (error) {
      await quietly(this.#fs.close(handle));
      throw error;
    }
  }

  /** True while the file is open: marks can be kept. */
  get isOpen(): boolean {
    return this.#handle !== null;
  }

  /** Keeps a mark; false where the disk refused. Calls are answered in order. */
  keep(mark: FileMark): Promise<boolean> {
    return new Promise((resolve) => {
      this.#waiting.push({ mark, resolve });
      this.#running ??= this.#run();
    });
  }

  /** True while nothing waits. */
  get isIdle(): boolean {
    return this.#running === null;
  }

  /** Resolves when nothing waits. */
  async idle(): Promise<void> {
    while (this.#running !== null) await this.#running;
  }

  async close(): Promise<void> {
    await this.idle();
    if (this.#handle !== null) await quietly(this.#fs.close(this.#handle));
    this.#handle = null;
  }

  async #run(): Promise<void> {
    // Not in the caller's turn, where `#running` is not set yet.
    await Promise.resolve();
    while (this.#waiting.length > 0) {
      const group = this.#waiting;
      this.#waiting = [];
      let isDurable = false;
      try {
        if (this.#handle !== null) {
          await this.#write(this.#handle, group[group.length - 1].mark);
          await this.#fs.sync(this.#handle);
          isDurable = true;
        }
      } catch {
        // The journal is degraded already and says why.
      }
      for (const { resolve } of group) resolve(isDurable);
    }
    this.#running = null;
  }

  async #write(handle: number, mark: FileMark): Promise<void> {
    this.#generation++;
    const slot = new Uint8Array(SLOT_OCTETS).fill(32);
    slot.set(encoder.encode(slotText(this.#generation, mark)));
    slot[SLOT_OCTETS - 1] = 10;
    await writeAll(this.#fs, handle, slot, (this.#generation % 2) * SLOT_OCTETS);
  }
}

function slotText(generation: number, { seq, through }: FileMark): string {
  const text = `${generation} ${seq} ${through}`;
  return `${text} ${crc32(text).toString(16).padStart(8, '0')}`;
}

function readSlot(octets: Uint8Array): (FileMark & { generation: number }) | null {
  const text = decoder.decode(octets).trimEnd();
  const parts = /^(\d+) (\d+) (\d+) [0-9a-f]{8}$/.exec(text);
  if (parts === null) return null;
  const [generation, seq, through] = parts.slice(1).map(Number);
  return slotText(generation, { seq, through }) === text ? { generation, seq, through } : null;
}
