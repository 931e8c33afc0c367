// A thread that writes standard output while this one goes on: for outputs of hundreds of megabytes into a file, where making
// room for the octets takes the system as long as making them takes us.

import { fstatSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { getSystemErrorName } from 'node:util';
import { Worker } from 'node:worker_threads';
import { OutputSlots, SLOT_OCTETS } from './output-slots.ts';
import { type OutputAside, passOutputTo } from './stdout.ts';

/** The compiled file: Node 20 loads no TypeScript. */
const WRITER_FILE = new URL('./output-writer.js', import.meta.url);

/** We chose: octets from which on a thread has caught up its start. */
const WORTH_A_THREAD_OCTETS = 16 * 1024 * 1024;

/**
 * From some megabytes on, another thread writes, where standard output is a file and there is a second core. Pipes are not
 * written so: who reads them sets the pace.
 *
 * @param expected whether there will be so many: then it starts at once
 */
export function writeLargeOutputAside(expected: boolean): void {
  if (availableParallelism() > 1 && fstatSync(1).isFile()) passOutputTo(new OutputThread(expected));
}

/** See the head of the file. Until the thread has started, and where it never does, it takes nothing. */
class OutputThread implements OutputAside {
  readonly #slots = new OutputSlots();
  #isStarted = false;
  #octets = 0;

  constructor(expected: boolean) {
    if (expected) this.#start();
  }

  take(octets: Uint8Array): boolean {
    this.#octets += octets.length;
    if (!this.#isStarted) {
      if (this.#octets >= WORTH_A_THREAD_OCTETS) this.#start();
      return false;
    }
    if (!this.#slots.isReady) return false;
    this.#copy(octets);
    this.#check();
    return true;
  }

  drain(): void {
    this.#slots.drain();
    this.#check();
  }

  /**
   * Gathered elsewhere and copied once: into shared memory V8 copies octet by octet wherever source and destination are not
   * equally aligned, which pieces of text never are, and as a whole they are.
   */
  #copy(octets: Uint8Array): void {
    for (let at = 0; at < octets.length; at += SLOT_OCTETS) {
      const piece = octets.subarray(at, at + SLOT_OCTETS);
      this.#slots.next().set(piece);
      this.#slots.handOver(piece.length);
    }
  }

  #start(): void {
    this.#isStarted = true;
    const worker = new Worker(WRITER_FILE, { name: 'output', execArgv: [], workerData: this.#slots.memory });
    // Without it all is written here. It ends with the process, which it does not hold.
    worker.on('error', () => undefined);
    worker.unref();
  }

  #check(): void {
    const { failed } = this.#slots;
    if (failed === 0) return;
    const code = getSystemErrorName(failed);
    throw Object.assign(new Error(`${code}: write`), { code, errno: failed });
  }
}
