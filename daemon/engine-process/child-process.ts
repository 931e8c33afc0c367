// The engine's process as its parent holds it: started, spoken to over two pipes of its own, heard, killed.

import { type ChildProcess, spawn } from 'node:child_process';
import type { Readable, Writable } from 'node:stream';
import { childEnvironment, hardenedCommand } from './hardening.ts';
import { encodeFrame, FrameDecoder, PipeKind } from './pipe-frames.ts';
import type { DownMessage, UpMessage } from './pipe-messages.ts';
import { decodeRecords, type PipedRecords } from './pipe-records.ts';

/** Descriptors of the child: what goes down, what comes up, and one more that was handed on. */
const DOWN = 3;
const UP = 4;
/** Where the child finds a descriptor that was handed on. */
export const HANDED_ON_PATH = '/dev/fd/5';

/** Signals that a child does not bring on itself. */
const OUTSIDE: ReadonlySet<NodeJS.Signals> = new Set(['SIGKILL', 'SIGTERM', 'SIGINT', 'SIGHUP', 'SIGQUIT']);

/** How the child is started. */
export interface ChildStart {
  /** Path of its program. */
  readonly program: string;
  /** Whether it reads a passphrase from standard input. */
  readonly readsInput: boolean;
  /** A descriptor of the parent that it gets as `HANDED_ON_PATH`, or null. */
  readonly descriptor: number | null;
}

/** Who hears of the child. */
export interface ChildListener {
  message(message: UpMessage): void;
  /** Records, and how far frames are judged with them. */
  records(records: PipedRecords): void;
  /**
   * It is gone and everything it said was heard.
   *
   * @param how e.g. `killed by SIGKILL`
   * @param by `itself` where it failed or we had to kill it, `outside` where somebody else ended it
   */
  gone(how: string, by: 'itself' | 'outside'): void;
}

/** One life of the child. */
export class EngineProcess {
  readonly #process: ChildProcess;
  readonly #listener: ChildListener;
  #isGone = false;
  /** We sent it a signal. */
  #isKilled = false;

  constructor(start: ChildStart, listener: ChildListener) {
    this.#listener = listener;
    const { command, arguments: words } = hardenedCommand(start.program, process.execPath);
    const handedOn = start.descriptor === null ? [] : [start.descriptor];
    // Its own outputs go nowhere: what Node writes when it dies may quote what must not leave.
    const stdio = [start.readsInput ? 'inherit' : 'ignore', 'ignore', 'ignore', 'pipe', 'pipe', ...handedOn] as const;
    this.#process = spawn(command, words, { stdio: [...stdio], env: childEnvironment(process.env) });
    this.#process.on('error', (error) =>
      this.#gone(`not started: ${(error as NodeJS.ErrnoException).code ?? error.name}`, 'outside'),
    );
    this.#process.on('close', (code, signal) => {
      const isAsked = signal === null ? code === 0 : OUTSIDE.has(signal);
      const how = signal === null ? `ended with code ${code ?? 'unknown'}` : `killed by ${signal}`;
      this.#gone(how, isAsked && !this.#isKilled ? 'outside' : 'itself');
    });
    const decoder = new FrameDecoder((kind, parts) => this.#take(kind, parts));
    const up = this.#up;
    up?.on('data', (piece: Buffer) => {
      if (decoder.push(piece) !== null) this.kill();
    });
    up?.on('error', () => this.kill());
    // It may go while something is being written to it: `close` tells.
    this.#down?.on('error', () => undefined);
  }

  get pid(): number | null {
    return this.#process.pid ?? null;
  }

  /** Says something, with batches of frames that belong to it. */
  say(message: DownMessage, parts: readonly Uint8Array[] = []): void {
    this.#write(encodeFrame(PipeKind.message, [Buffer.from(JSON.stringify(message)), ...parts]));
  }

  /** Sends an encoded batch (pipe-batch.ts). */
  frames(batch: Uint8Array): void {
    this.#write(encodeFrame(PipeKind.frames, [batch]));
  }

  kill(signal: 'SIGKILL' | 'SIGTERM' = 'SIGKILL'): void {
    this.#isKilled = true;
    this.#process.kill(signal);
  }

  get #down(): Writable | null {
    return (this.#process.stdio[DOWN] ?? null) as Writable | null;
  }

  get #up(): Readable | null {
    return (this.#process.stdio[UP] ?? null) as Readable | null;
  }

  #write(frame: Uint8Array): void {
    const down = this.#down;
    if (down !== null && !down.destroyed && !this.#isGone) down.write(frame);
  }

  #take(kind: PipeKind, parts: readonly Uint8Array[]): void {
    if (kind === PipeKind.records) {
      const records = decodeRecords(parts);
      if (records === null) this.kill();
      else this.#listener.records(records);
      return;
    }
    const message = kind === PipeKind.message && parts.length > 0 ? messageOf(parts[0]) : null;
    if (message === null) this.kill();
    else this.#listener.message(message);
  }

  #gone(how: string, by: 'itself' | 'outside'): void {
    if (this.#isGone) return;
    this.#isGone = true;
    this.#listener.gone(how, by);
  }
}

function messageOf(part: Uint8Array): UpMessage | null {
  try {
    return JSON.parse(Buffer.from(part.buffer, part.byteOffset, part.length).toString('utf8')) as UpMessage;
  } catch {
    return null;
  }
}
