// A program that writes a capture to its standard output, as one attempt: started without a shell in a process group of
// its own, read through a pipe that presses back on it, listened to, and ended with all that it started.

import type { ChildProcess, SpawnOptions, spawn } from 'node:child_process';
import { basename } from 'node:path';
import type { Readable } from 'node:stream';

import type { FrameBatch } from '../frame-batch.ts';
import { systemCode } from '../open-error.ts';
import type { ChildGuard } from './child-guard.ts';
import { ChildMessages } from './child-messages.ts';
import type { ChunkSource } from './chunks.ts';
import type { SourceProblem } from './live-source.ts';
import { type AttemptEnding, type SourceAttempt, SourceFailure } from './source-attempt.ts';
import { fromCapture, sourceProblem } from './source-problems.ts';
import { frameSourceFromStream } from './stdin.ts';

/** Constants we chose. */
/** A program that was asked to end, or has closed its output, is killed after so long (ms). */
const PATIENCE_MS = 1000;
/** How often a program that counts on SIGUSR1 is asked for its counters (ms). */
const COUNTERS_EVERY_MS = 5000;

/** What is started. */
export interface ChildProgram {
  /** Program and arguments. */
  readonly command: readonly string[];
  readonly folder?: string | undefined;
  readonly environment?: Readonly<Record<string, string>> | undefined;
  /** It prints its counters when it gets SIGUSR1, as tcpdump does. */
  readonly countsOnSignal?: boolean;
  /** An end with exit code 0 is the end of the source. */
  readonly mayFinish?: boolean;
}

/** How a child is started: as `spawn` of node:child_process. */
export type Spawn = (program: string, args: readonly string[], options: SpawnOptions) => ChildProcess;

/** What an attempt needs of the machine. */
export interface ChildHost {
  readonly spawn: Spawn | typeof spawn;
  readonly guard: ChildGuard;
}

/** Starts the program; resolves when it runs. @throws SourceFailure where it cannot be started */
export async function beginChild(program: ChildProgram, host: ChildHost): Promise<SourceAttempt> {
  const [file, ...args] = program.command;
  const who = basename(file);
  const child = host.spawn(file, args, {
    stdio: ['ignore', 'pipe', 'pipe'],
    detached: true,
    cwd: program.folder,
    // The messages that we know are English.
    env: { ...process.env, LC_ALL: 'C', ...program.environment },
  });
  try {
    await new Promise<void>((resolve, reject) => {
      child.once('spawn', resolve);
      child.once('error', reject);
    });
  } catch (error) {
    throw new SourceFailure(startProblem(file, program.folder, systemCode(error)));
  }
  return new ChildAttempt(child, who, program, host.guard);
}

function startProblem(file: string, folder: string | undefined, code: string): SourceProblem {
  if (code === 'ENOENT') {
    const where = folder === undefined ? '' : `, or no folder ${folder}`;
    return sourceProblem('source.no-such-program', `there is no program ${file}${where}`);
  }
  if (code === 'EACCES' || code === 'EPERM') {
    return sourceProblem('source.no-permission', `this user may not run ${file}`);
  }
  return sourceProblem('source.program-failed', `${file} cannot be started: the operating system says ${code}`);
}

class ChildAttempt implements SourceAttempt {
  readonly state = 'starting';
  readonly capture = 0;
  readonly overflowed = 0;
  readonly problem = null;
  ending: AttemptEnding = { kind: 'failed', problem: null };
  readonly #child: ChildProcess;
  readonly #group: number;
  readonly #who: string;
  readonly #mayFinish: boolean;
  readonly #messages = new ChildMessages();
  readonly #frames: ChunkSource;
  /** Resolves when it has ended and its pipes are closed. */
  readonly #closed: Promise<void>;
  #exited = false;
  #timers: NodeJS.Timeout[] = [];

  constructor(child: ChildProcess, who: string, program: ChildProgram, guard: ChildGuard) {
    this.#child = child;
    this.#who = who;
    this.#mayFinish = program.mayFinish === true;
    const group = child.pid as number;
    this.#group = group;
    guard.watch(group);
    child.on('error', () => {});
    child.once('exit', () => {
      this.#exited = true;
      // What it started and left behind.
      this.#signal('SIGTERM');
      guard.leave(group);
    });
    this.#closed = new Promise((resolve) => {
      child.once('close', () => {
        for (const timer of this.#timers) clearInterval(timer);
        resolve();
      });
    });
    child.stderr?.on('data', (octets: Uint8Array) => {
      this.#messages.take(octets);
    });
    this.#frames = frameSourceFromStream(child.stdout as Readable);
    if (program.countsOnSignal === true) {
      const timer = setInterval(() => {
        // Before its first octets it may not be listening for the signal, which would then end it.
        if (!this.#exited && this.#frames.consumed > 0) child.kill('SIGUSR1');
      }, COUNTERS_EVERY_MS);
      this.#timers.push(timer.unref());
    }
  }

  get dropped(): number | null {
    return this.#messages.dropped;
  }

  async next(): Promise<FrameBatch | null> {
    const batch = await this.#frames.next();
    if (batch === null) await this.#end();
    return batch;
  }

  finish(): void {
    if (!this.#exited) this.#signal('SIGTERM');
  }

  async close(): Promise<void> {
    this.#frames.close();
    this.finish();
    await this.#patiently();
  }

  async #end(): Promise<void> {
    const damage = this.#frames.problem;
    // Of a capture that is damaged the rest is of no use. One that was cut is the fault of what ended the program.
    if (damage !== null && damage.code !== 'capture.cut-record') this.finish();
    await this.#patiently();
    this.#messages.end();
    const { exitCode, signalCode } = this.#child;
    if (exitCode === 0 && this.#mayFinish && damage === null) {
      this.ending = { kind: 'finished', problem: null };
      return;
    }
    const wrong = damage !== null && damage.code !== 'capture.cut-record' && damage.code !== 'capture.empty';
    this.ending = { kind: 'failed', problem: wrong ? fromCapture(damage) : this.#whyEnded(exitCode, signalCode) };
  }

  #whyEnded(exitCode: number | null, signal: NodeJS.Signals | null): SourceProblem {
    const trouble = this.#messages.trouble(this.#who);
    if (trouble !== null && (exitCode !== 0 || trouble.code !== 'source.program-failed')) return trouble;
    const how = signal === null ? `with exit code ${exitCode}` : `through ${signal}`;
    return sourceProblem('source.program-ended', `${this.#who} ended ${how}`);
  }

  /** Waits until it is gone; kills it where that takes long. */
  async #patiently(): Promise<void> {
    const ask = setTimeout(() => {
      this.#signal('SIGTERM');
    }, PATIENCE_MS / 2);
    const kill = setTimeout(() => {
      this.#signal('SIGKILL');
      // A process that left the group may still hold the pipe.
      this.#child.stdout?.destroy();
      this.#child.stderr?.destroy();
    }, PATIENCE_MS);
    await this.#closed;
    clearTimeout(ask);
    clearTimeout(kill);
  }

  #signal(signal: NodeJS.Signals): void {
    try {
      process.kill(-this.#group, signal);
    } catch {
      // Nobody is left in the group.
    }
  }
}
