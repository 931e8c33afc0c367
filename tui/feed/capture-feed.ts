// A capture file as a feed: one thread reads it, a second one answers questions. This thread has no key and never waits
// for either of them.

import { basename } from 'node:path';
import { Worker } from 'node:worker_threads';
import type { CaptureWorkerStart } from '../../daemon/inspection/capture-worker.ts';
import type {
  DetailsRequest,
  ExportRequest,
  FrameDetails,
  InspectionNote,
  InspectionOrder,
  Progress,
  ReadingProblem,
} from '../../daemon/inspection/contract.ts';
import type { Cancelable, Feed, FeedListener, FilterListener, StatusFact } from '../feed.ts';
import { FeedError } from '../feed.ts';

/** The compiled file: Node 20 loads no TypeScript. */
const WORKER_FILE = new URL('../../daemon/inspection/capture-worker.js', import.meta.url);

const MEBIOCTET = 1024 * 1024;

/** What waits for an answer. */
interface Waiting {
  readonly resolve: (value: unknown) => void;
  readonly reject: (error: Error) => void;
  readonly matched?: (ordinals: Uint32Array, seen: number) => void;
}

/** See the head of the file. */
export class CaptureFeed implements Feed {
  readonly kind = 'capture';
  readonly name: string;
  readonly #start: CaptureWorkerStart;
  readonly #reader: Worker;
  /** Started when there is something to ask about: it must not hold up the first screen. */
  #answerer: Worker | null = null;
  readonly #waiting = new Map<number, Waiting>();
  #lastId = 0;
  #listener: FeedListener | null = null;
  #isClosed = false;

  /** @param start what the threads are started with; holds keys, which this object hands on and does not look at */
  constructor(start: CaptureWorkerStart) {
    this.#start = start;
    this.name = start.path === '-' ? 'standard input' : basename(start.path);
    // Started at once: the capture is read while the screen is being set up.
    this.#reader = this.#worker();
    this.#reader.postMessage({ kind: 'read' } satisfies InspectionOrder, []);
  }

  open(listener: FeedListener): void {
    this.#listener = listener;
    listener.state('loading', null);
    this.#reader.on('message', (note: InspectionNote) => this.#told(note));
    this.#reader.on('error', (error) => this.#ended(threadProblem(error)));
  }

  async details(request: DetailsRequest): Promise<FrameDetails | null> {
    return (await this.#ask((id) => ({ kind: 'details', id, request }))) as FrameDetails | null;
  }

  filter(text: string, listener: FilterListener): Cancelable {
    const id = this.#order((id) => ({ kind: 'filter', id, text }), {
      resolve: () => listener.done(),
      reject: (error) => {
        const { message } = error;
        const { code, hint } = error instanceof FeedError ? error : { code: 'internal', hint: '' };
        listener.failed({ code, message, hint });
      },
      matched: (ordinals, seen) => listener.matched(ordinals, seen),
    });
    return {
      cancel: () => {
        if (!this.#waiting.delete(id)) return;
        this.#answerer?.postMessage({ kind: 'cancel', id } satisfies InspectionOrder, []);
      },
    };
  }

  async export(request: ExportRequest): Promise<number> {
    return (await this.#ask((id) => ({ kind: 'export', id, request }))) as number;
  }

  async close(): Promise<void> {
    this.#isClosed = true;
    this.#listener = null;
    await Promise.all([this.#reader.terminate(), this.#answerer?.terminate()]);
  }

  async #ask(order: (id: number) => InspectionOrder): Promise<unknown> {
    return new Promise((resolve, reject) => {
      this.#order(order, { resolve, reject });
    });
  }

  #order(order: (id: number) => InspectionOrder, waiting: Waiting): number {
    const id = ++this.#lastId;
    this.#waiting.set(id, waiting);
    this.#answerer ??= this.#startAnswerer();
    this.#answerer.postMessage(order(id), []);
    return id;
  }

  #startAnswerer(): Worker {
    const worker = this.#worker();
    worker.on('message', (note: InspectionNote) => this.#told(note));
    worker.on('error', (error) => {
      this.#answerer = null;
      for (const { reject } of this.#waiting.values()) reject(new FeedError(threadProblem(error)));
      this.#waiting.clear();
    });
    return worker;
  }

  #worker(): Worker {
    return new Worker(WORKER_FILE, { name: 'sidescope analysis', execArgv: [], workerData: this.#start });
  }

  #told(note: InspectionNote): void {
    const listener = this.#listener;
    if (listener === null) return;
    switch (note.kind) {
      case 'batch':
        listener.messages(note.batch);
        this.#answerer ??= this.#startAnswerer();
        break;
      case 'groups':
        listener.groups(note.groups);
        break;
      case 'epochs':
        listener.epochs(note.events);
        break;
      case 'finding':
        listener.finding(note.event);
        break;
      case 'key':
        listener.key(note.event);
        break;
      case 'progress':
        listener.progress(note.progress);
        listener.facts(this.#facts(note.progress));
        break;
      case 'done':
        if (note.summary !== null) listener.summary(note.summary);
        this.#ended(note.problem);
        break;
      case 'matched':
        this.#waiting.get(note.id)?.matched?.(note.ordinals, note.seen);
        break;
      case 'answer':
        this.#settle(note.id)?.resolve(note.value);
        break;
      case 'refused':
        this.#settle(note.id)?.reject(new FeedError(note.problem));
        break;
    }
  }

  #settle(id: number): Waiting | undefined {
    const waiting = this.#waiting.get(id);
    this.#waiting.delete(id);
    return waiting;
  }

  #ended(problem: ReadingProblem | null): void {
    if (this.#isClosed) return;
    this.#listener?.state(problem === null ? 'complete' : 'ended', problem);
    // All that it knew has been told: its memory is given back.
    void this.#reader.terminate();
  }

  #facts(progress: Progress): StatusFact[] {
    const size = progress.total === null ? 'unknown' : `${(progress.total / MEBIOCTET).toFixed(1)} MiB`;
    return [
      { heading: 'Source', name: 'capture', value: this.#start.path },
      { heading: 'Source', name: 'size', value: size },
    ];
  }
}

/** Text of an error may quote input and stays out. */
function threadProblem(error: Error): ReadingProblem {
  return {
    code: 'internal',
    message: `the thread that reads the capture stopped (${error.name})`,
    hint: 'open the capture again; if that fails, `sidescope read` may say more',
  };
}
