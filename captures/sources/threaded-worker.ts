// The entry file of the thread that reads for threaded.ts: opens the capture, and fills slots as they come free. Small
// batches are gathered in one slot while the analyser is busy, and go out at once when it has nothing to do.

import { type MessagePort, parentPort, receiveMessageOnPort, workerData } from 'node:worker_threads';

import type { FrameBatch, FrameSource } from '../frame-batch.ts';
import { CaptureOpenError, systemCode } from '../open-error.ts';
import { openInThread } from './thread-input.ts';
import { type ReaderMessage, type ReaderOrder, RING_SLOTS, ThreadedSlot } from './threaded-slot.ts';

/** What the thread is started with: the order, and the channel on which it answers. */
type Start = ReaderOrder & { readonly port: MessagePort };

/** Fills the slots of the ring and hands them over. */
class Ring {
  readonly #port: MessagePort;
  readonly #slots: readonly ThreadedSlot[];
  readonly #free: ThreadedSlot[];
  /** The slot that is being filled; no longer free, not yet handed over. */
  #current: ThreadedSlot | null = null;
  #consumed = 0;
  #slotCame: () => void = () => {};

  constructor(port: MessagePort, slots: readonly ThreadedSlot[]) {
    this.#port = port;
    this.#slots = slots;
    this.#free = [...slots];
    port.on('message', (slot: number) => {
      this.#returned(slot);
      if (this.#analyserIsIdle) this.flush();
      this.#slotCame();
    });
  }

  /** Copies a batch into a slot, waiting until one is free. `consumed`: octets of input so far. */
  async put(batch: FrameBatch, consumed: number): Promise<void> {
    let slot = this.#current ?? (await this.#takeFree());
    if (!slot.append(batch)) {
      this.flush();
      slot = await this.#takeFree();
      slot.append(batch);
    }
    this.#consumed = consumed;
    this.#poll();
    if (this.#analyserIsIdle) this.flush();
  }

  /** Hands over what is gathered. */
  flush(): void {
    const slot = this.#current;
    if (slot === null || slot.empty) return;
    this.#current = null;
    const message: ReaderMessage = slot.release(this.#consumed);
    this.#port.postMessage(message, []);
  }

  /** True where no slot but the one being filled is away. */
  get #analyserIsIdle(): boolean {
    return this.#current !== null && this.#free.length === RING_SLOTS - 1;
  }

  async #takeFree(): Promise<ThreadedSlot> {
    this.#poll();
    while (this.#free.length === 0) {
      await new Promise<void>((resolve) => {
        this.#slotCame = resolve;
      });
    }
    this.#current = this.#free.shift() as ThreadedSlot;
    return this.#current;
  }

  /** Slots that came back while this thread did not look at its events. */
  #poll(): void {
    for (let note = receiveMessageOnPort(this.#port); note !== undefined; note = receiveMessageOnPort(this.#port)) {
      this.#returned(note.message as number);
    }
  }

  #returned(slot: number): void {
    this.#free.push(this.#slots[slot]);
  }
}

async function readAll({ path, ring: memories, port }: Start): Promise<void> {
  const say = (message: ReaderMessage): void => {
    port.postMessage(message);
  };
  let source: FrameSource;
  try {
    source = await openInThread(path);
  } catch (error) {
    say({ kind: 'refused', reason: error instanceof CaptureOpenError ? error.reason : systemCode(error) });
    return;
  }
  say({ kind: 'opened', total: source.total });
  const ring = new Ring(
    port,
    memories.map((memory, number) => new ThreadedSlot(number, memory)),
  );
  for (;;) {
    const next = source.next();
    const batch = next instanceof Promise ? await next : next;
    if (batch === null) break;
    await ring.put(batch, source.consumed);
  }
  ring.flush();
  say({ kind: 'ended', problem: source.problem, consumed: source.consumed });
  await source.close();
  port.unref();
}

if (parentPort === null) throw new Error('the entry file of a worker thread was loaded outside of one');
void readAll(workerData as Start);
