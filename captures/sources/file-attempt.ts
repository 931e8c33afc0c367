// A growing file as one attempt that never fails: it waits for a file that is not there, follows what is written, and
// begins anew where the file was cut, written anew or replaced.

import { constants, type Stats } from 'node:fs';
import { type FileHandle, open, stat } from 'node:fs/promises';
import { dirname } from 'node:path';

import type { FrameBatch } from '../frame-batch.ts';
import { systemCode } from '../open-error.ts';
import { FolderWatch } from './folder-watch.ts';
import { FollowedFile } from './followed-file.ts';
import type { SourceProblem } from './live-source.ts';
import type { AttemptEnding, SourceAttempt } from './source-attempt.ts';
import type { FileDescription } from './source-description.ts';
import { fromCapture, sourceProblem } from './source-problems.ts';

/** Constants we chose. */
/** A file that was replaced is left when nothing was added to it for so long (ms): its writer may not have closed it. */
export const SETTLE_MS = 250;
/** A file whose name is taken away is a trouble after so long (ms): between two files of a rotation there may be none. */
const GONE_MS = 2000;
/** How a file is opened: a pipe that has its name is not waited for, which would hold one of few threads for ever. */
const OPEN_FLAGS = constants.O_RDONLY | (constants.O_NONBLOCK ?? 0);
/** What `systemCode` says of something that has the name and is no file. */
const NOT_A_FILE = 'ENOTFILE';

/** Device and inode. */
export function identityOf({ dev, ino }: { readonly dev: number; readonly ino: number }): string {
  return `${dev}:${ino}`;
}

/**
 * Opens a file to follow. Rejects with the code of the operating system, or with `ENOTFILE` where it is no plain file.
 *
 * @param skip as FollowedFile has it, by the file as it is now
 */
export async function openFollowed(
  path: string,
  skip: (handle: FileHandle, stats: Stats) => number | Promise<number>,
): Promise<FollowedFile> {
  // Before as well: who writes to a pipe would go on, and have nobody who reads.
  onlyFile(await stat(path));
  const handle = await open(path, OPEN_FLAGS);
  try {
    const stats = await handle.stat();
    onlyFile(stats);
    return new FollowedFile(path, identityOf(stats), handle, await skip(handle, stats));
  } catch (error) {
    await handle.close();
    throw error;
  }
}

function onlyFile(stats: Stats): void {
  if (!stats.isFile()) throw Object.assign(new Error('no plain file'), { code: NOT_A_FILE });
}

/** Why a file or folder cannot be read, by the operating system's code. */
export function fileProblem(path: string, code: string): SourceProblem {
  if (code === 'ENOENT' || code === 'ENOTDIR') return sourceProblem('source.no-such-file', `there is no ${path} yet`);
  if (code === 'EACCES' || code === 'EPERM') {
    return sourceProblem('source.file-permission', `this user may not read ${path}`);
  }
  if (code === NOT_A_FILE) {
    return sourceProblem('source.not-a-file', `${path} is a folder, a pipe or a device, and no file`);
  }
  return sourceProblem('source.failed', `${path} cannot be read: the operating system says ${code}`);
}

/** Why a followed file cannot be read on from where we are. */
export function damageOf(file: FollowedFile): SourceProblem {
  if (file.compressed) {
    return sourceProblem(
      'source.compressed',
      `${file.path} is compressed, and what is still written cannot be followed`,
    );
  }
  const { problem } = file;
  if (problem === null) return sourceProblem('source.file-damaged', `${file.path} cannot be read on`);
  const { code, message } = fromCapture(problem);
  const { hint } = sourceProblem('source.file-damaged', '');
  return { code, message: `${file.path}: ${message}`, hint };
}

/** What is lost where a file is left behind inside a record; null where it ended whole. */
export function cutOf(file: FollowedFile): SourceProblem | null {
  if (file.problem !== null || file.partial === 0) return null;
  const sentence = `${file.path} ended inside a record, of which there are ${file.partial} octets`;
  return sourceProblem('source.file-cut', sentence);
}

/** Follows one path. */
export class FileAttempt implements SourceAttempt {
  readonly dropped = null;
  readonly overflowed = 0;
  readonly ending: AttemptEnding = { kind: 'finished', problem: null };
  problem: SourceProblem | null = null;
  capture = 0;
  /** Why it could not be opened; null once it could. */
  #unopened: SourceProblem | null = null;
  readonly #path: string;
  readonly #elapsed: () => number;
  readonly #watch: FolderWatch;
  #file: FollowedFile | null = null;
  /** What follows in the file at hand cannot be read. */
  #blocked = false;
  /** The file that is there at the start is read from its end. */
  #fromEnd: boolean;
  /** When the file at hand was last seen to grow while another has its name; null while it has its name. */
  #leavingSince: number | null = null;
  /** Since when nothing has its name; null while something has. */
  #goneSince: number | null = null;
  #ended = false;

  /** @param elapsed milliseconds that never go back */
  constructor({ path, from = 'start' }: FileDescription, elapsed: () => number) {
    this.#path = path;
    this.#elapsed = elapsed;
    this.#watch = new FolderWatch(dirname(path));
    this.#fromEnd = from === 'end';
  }

  get state(): 'running' | 'waiting' {
    return this.#file === null || this.#blocked ? 'waiting' : 'running';
  }

  async next(): Promise<FrameBatch | null> {
    while (!this.#ended) {
      let batch: FrameBatch | null = null;
      try {
        batch = await this.#step();
      } catch (error) {
        await this.#refused(systemCode(error));
      }
      if (batch !== null) return batch;
    }
    return null;
  }

  finish(): void {
    this.#ended = true;
    this.#watch.close();
  }

  async close(): Promise<void> {
    this.finish();
    await this.#leave();
  }

  /** Frames that are there; else null after a wait or a change of file. */
  async #step(): Promise<FrameBatch | null> {
    this.#file ??= await this.#open();
    const read = await this.#file.read();
    if (typeof read === 'object') {
      this.problem = null;
      this.#leavingSince = null;
      return read;
    }
    if (read === 'rewritten') {
      await this.#leave();
      return null;
    }
    this.#blocked = read === 'damaged';
    if (this.#blocked) this.problem = damageOf(this.#file);
    if (await this.#isReplaced(this.#file)) {
      const cut = cutOf(this.#file);
      await this.#leave();
      this.problem = cut;
      return null;
    }
    await this.#watch.changes();
    return null;
  }

  /** The file cannot be opened, or not be read on: then another one that has its name is taken at once. */
  async #refused(code: string): Promise<void> {
    const file = this.#file;
    if (file !== null && (await this.#isReplaced(file))) await this.#leave();
    const problem = fileProblem(this.#path, code);
    this.problem = problem;
    if (this.#file === null) this.#unopened = problem;
    await this.#watch.changes();
  }

  async #open(): Promise<FollowedFile> {
    const fromEnd = this.#fromEnd;
    const file = await openFollowed(this.#path, (_, { size }) => (fromEnd ? size : 0));
    this.#fromEnd = false;
    this.#leavingSince = null;
    this.#goneSince = null;
    if (this.problem === this.#unopened) this.problem = null;
    this.#unopened = null;
    this.capture++;
    return file;
  }

  async #leave(): Promise<void> {
    const file = this.#file;
    this.#file = null;
    this.#blocked = false;
    this.problem = null;
    await file?.close();
  }

  /** True where another file has taken the name, and nothing was added to the old one for a while. */
  async #isReplaced(file: FollowedFile): Promise<boolean> {
    let identity: string;
    try {
      identity = identityOf(await stat(this.#path));
    } catch {
      // Taken away; another may come, and until then the old one may still be written.
      this.#noteGone();
      return false;
    }
    if (this.#goneSince !== null) {
      this.#goneSince = null;
      this.problem = this.#blocked ? this.problem : null;
    }
    if (identity === file.identity) {
      this.#leavingSince = null;
      return false;
    }
    const now = this.#elapsed();
    this.#leavingSince ??= now;
    return now - this.#leavingSince >= SETTLE_MS;
  }

  #noteGone(): void {
    const now = this.#elapsed();
    this.#goneSince ??= now;
    if (now - this.#goneSince < GONE_MS || this.#blocked) return;
    const sentence = `${this.#path} was taken away; what is still written to it is read`;
    this.problem = sourceProblem('source.no-such-file', sentence);
  }
}
