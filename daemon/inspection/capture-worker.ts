// The entry file of the threads behind a capture that somebody looks into. One thread reads it from beginning to end; a
// second one answers questions: single frames, display filters, exports. Both have the keys; whoever asks has none.

import { getPriority, setPriority } from 'node:os';
import { parentPort, workerData } from 'node:worker_threads';
import type { FrameSource } from '../../captures/frame-batch.ts';
import { CaptureOpenError, openCapture } from '../../captures/open.ts';
import { compileFilter } from '../../dissectors/filter/compile.ts';
import { FilterError } from '../../dissectors/filter/filter-error.ts';
import { SidescopeError } from '../errors.ts';
import { keyringOf, type PlainKeyring } from '../keyring/keyring-copy.ts';
import type { InspectionNote, InspectionOrder, ReadingProblem } from './contract.ts';
import { exportPass } from './export-pass.ts';
import { filterPass } from './filter-pass.ts';
import { frameDetails } from './frame-details.ts';
import { FramePicker } from './frame-picker.ts';
import { readingPass } from './reading-pass.ts';

/** What a thread is started with. */
export interface CaptureWorkerStart {
  readonly path: string;
  readonly keyring: PlainKeyring;
  readonly allowStale: boolean;
  /** Name and version of the program, for files that it writes. */
  readonly application: string;
}

/**
 * We chose: how much lower (nice(2)) the priority of these threads is than that of the thread of the screen, for which two
 * cores are few beside them: a key goes before what is being read.
 */
const NICER = 5;
/** The kernel knows none that is lower. */
const NICEST = 19;

const start = workerData as CaptureWorkerStart;
const now = (): number => performance.now();
/** Passes that are going on, by the id of their order. */
const running = new Map<number, AbortController>();
const picker = new FramePicker(open);

if (parentPort === null) throw new Error('the entry file of a worker thread was loaded outside of one');
const port = parentPort;
stepBack();
port.on('message', (order: InspectionOrder) => void obey(order));

/** Linux gives each thread a priority of its own (setpriority(2)); elsewhere it would be that of all the process. */
function stepBack(): void {
  if (process.platform !== 'linux') return;
  try {
    setPriority(0, Math.min(NICEST, getPriority(0) + NICER));
  } catch {
    // Not allowed here: then all threads are equal.
  }
}

function tell(note: InspectionNote, transfer: ArrayBuffer[] = []): void {
  port.postMessage(note, transfer);
}

async function open(): Promise<FrameSource> {
  return openCapture(start.path);
}

/** What every judgement needs; the keyring is a new one each time, because deliveries add to it. */
function judging(): { keyring: ReturnType<typeof keyringOf>; allowStale: boolean } {
  return { keyring: keyringOf(start.keyring), allowStale: start.allowStale };
}

async function obey(order: InspectionOrder): Promise<void> {
  if (order.kind === 'cancel') {
    running.get(order.id)?.abort();
    return;
  }
  try {
    if (order.kind === 'read') {
      await readingPass(await open(), { ...judging(), tell, now });
      return;
    }
    const { id } = order;
    if (order.kind === 'details') {
      tell({ kind: 'answer', id, value: await frameDetails(picker, order.request, judging()) });
      return;
    }
    const abort = new AbortController();
    running.set(id, abort);
    const pace = { signal: abort.signal, now };
    if (order.kind === 'filter') {
      await filterPass(await open(), compileFilter(order.text), judging(), pace, (ordinals, seen) => {
        tell({ kind: 'matched', id, ordinals, seen }, [ordinals.buffer as ArrayBuffer]);
      });
      tell({ kind: 'answer', id, value: null });
    } else {
      const { application } = start;
      const written = await exportPass(await open(), order.request, { ...judging(), application }, pace);
      tell({ kind: 'answer', id, value: written });
    }
  } catch (error) {
    const problem = problemOf(error);
    if (order.kind === 'read') tell({ kind: 'done', summary: null, problem });
    else tell({ kind: 'refused', id: order.id, problem });
  } finally {
    if (order.kind !== 'read') running.delete(order.id);
  }
}

/** Only what was written for people leaves the thread: the text of any other error may quote input. */
function problemOf(error: unknown): ReadingProblem {
  if (error instanceof SidescopeError || error instanceof CaptureOpenError) {
    return { code: error.code, message: error.message, hint: error.hint };
  }
  if (error instanceof FilterError) {
    return { code: error.code, message: `column ${error.column}: ${error.message}`, hint: error.hint };
  }
  const name = error instanceof Error ? error.name : typeof error;
  const place = error instanceof Error ? (error.stack?.split('\n')[1]?.trim() ?? '') : '';
  return { code: 'internal', message: `sidescope made a mistake (${name} ${place})`, hint: '' };
}
