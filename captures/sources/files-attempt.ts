// A rotating set of files as one attempt that never fails: reads one after the other in their order, follows the one that
// is still written, and goes on when the next appears.

import { readdir, stat } from 'node:fs/promises';
import { join } from 'node:path';

import type { FrameBatch } from '../frame-batch.ts';
import { systemCode } from '../open-error.ts';
import { cutOf, damageOf, fileProblem, identityOf, openFollowed, SETTLE_MS } from './file-attempt.ts';
import { compareNames, compareTimes, type ListedFile, namePattern } from './file-order.ts';
import { FolderWatch } from './folder-watch.ts';
import { bearsMark, type FileMark, type FollowedFile } from './followed-file.ts';
import type { SourceProblem } from './live-source.ts';
import type { AttemptEnding, SourceAttempt } from './source-attempt.ts';
import type { SourceTiming } from './source-clock.ts';
import { DEFAULT_PATTERN, type FilesDescription } from './source-description.ts';
import { sourceProblem } from './source-problems.ts';

/** Constants we chose. */
/** A file that was written so long ago (ms) is not written any more once another has come. */
const OLD_MS = 2000;

/** A file that has been read: what it was like then, how far it was read, and how that is known again. */
interface ReadFile {
  readonly identity: string;
  readonly size: number;
  readonly writtenAt: number;
  readonly consumed: number;
  /** Null where it was not read but passed over. */
  readonly mark: FileMark | null;
  /** Where it could not be read on: when it had changed last. It is tried again when it changes. */
  readonly refusedAt: number | null;
}

/** Follows a set of files. Remembers those that it has read for as long as they are there. */
export class FilesAttempt implements SourceAttempt {
  readonly dropped = null;
  readonly overflowed = 0;
  readonly ending: AttemptEnding = { kind: 'finished', problem: null };
  problem: SourceProblem | null = null;
  capture = 0;
  readonly #folder: string;
  readonly #pattern: string;
  readonly #matches: (name: string) => boolean;
  readonly #compare: (left: ListedFile, right: ListedFile) => number;
  readonly #time: Pick<SourceTiming, 'elapsed' | 'wallTime'>;
  readonly #watch: FolderWatch;
  /** By name. */
  readonly #done = new Map<string, ReadFile>();
  /** Seen and not read yet, in order, as of the last look into the folder. */
  #ahead: readonly ListedFile[] = [];
  /** Files that went away before they were read. */
  #vanished = 0;
  #file: FollowedFile | null = null;
  /** The file at hand as it was listed. */
  #listed: ListedFile | null = null;
  /** Since when the file at hand does not grow although another is ahead; null where it may grow. */
  #leavingSince: number | null = null;
  /** It has seen what is in the folder. */
  #looked = false;
  /** At the start, what is there is passed over. */
  #fromEnd: boolean;
  #ended = false;

  constructor(described: FilesDescription, time: Pick<SourceTiming, 'elapsed' | 'wallTime'>) {
    const { folder, pattern = DEFAULT_PATTERN, order = 'name', from = 'start' } = described;
    this.#folder = folder;
    this.#pattern = pattern;
    this.#matches = namePattern(pattern);
    this.#compare = order === 'time' ? compareTimes : (left, right) => compareNames(left.name, right.name);
    this.#time = time;
    this.#watch = new FolderWatch(folder);
    this.#fromEnd = from === 'end';
  }

  get state(): 'running' | 'waiting' {
    return this.#file === null && (this.problem !== null || !this.#looked) ? 'waiting' : 'running';
  }

  async next(): Promise<FrameBatch | null> {
    while (!this.#ended) {
      let batch: FrameBatch | null = null;
      try {
        batch = await this.#step();
      } catch (error) {
        await this.#giveUp(systemCode(error));
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
    const file = this.#file;
    this.#file = null;
    await file?.close();
  }

  /** Frames that are there; else null after a wait or a change of file. */
  async #step(): Promise<FrameBatch | null> {
    const file = this.#file ?? (await this.#openNext());
    if (file === null) {
      await this.#watch.changes();
      return null;
    }
    const read = await file.read();
    if (typeof read === 'object') {
      this.#leavingSince = null;
      return read;
    }
    if (read === 'rewritten') {
      // It begins anew under the same name.
      this.#done.delete(this.#listed?.name ?? '');
      await this.#leave(file);
      return null;
    }
    if (read === 'damaged') this.problem = damageOf(file);
    await this.#look();
    if (this.#ahead.length > 0) {
      const stats = await file.stat();
      // What was written between the end that was read and this look.
      const again = await file.read();
      if (typeof again === 'object') return again;
      if (this.#isSettled(stats.mtimeMs)) {
        const { identity, consumed, mark } = file;
        this.#remember({ identity, size: stats.size, writtenAt: stats.mtimeMs, consumed, mark, refusedAt: null });
        this.problem = cutOf(file) ?? this.problem;
        await this.#leave(file);
        return null;
      }
    }
    await this.#watch.changes();
    return null;
  }

  /** True where the file at hand has not grown for a while although another is there. */
  #isSettled(writtenAt: number): boolean {
    const now = this.#time.elapsed();
    this.#leavingSince ??= now;
    return now - this.#leavingSince >= SETTLE_MS || this.#time.wallTime() - writtenAt >= OLD_MS;
  }

  #remember(read: ReadFile): void {
    if (this.#listed !== null) this.#done.set(this.#listed.name, read);
  }

  async #leave(file: FollowedFile): Promise<void> {
    this.#file = null;
    this.#listed = null;
    this.#leavingSince = null;
    await file.close();
  }

  /** The file at hand, or the folder, cannot be read. The file is not tried again before it changes. */
  async #giveUp(code: string): Promise<void> {
    const file = this.#file;
    const listed = this.#listed;
    const path = listed === null ? this.#folder : join(this.#folder, listed.name);
    if (listed === null || code !== 'ENOENT') this.problem = fileProblem(path, code);
    if (listed !== null && code !== 'ENOENT') {
      const { identity, size, writtenAt, changedAt } = listed;
      const [consumed, mark] = file === null ? [0, null] : [file.consumed, file.mark];
      this.#remember({ identity, size, writtenAt, consumed, mark, refusedAt: changedAt });
    }
    this.#listed = null;
    if (file !== null) await this.#leave(file);
    await this.#watch.changes();
  }

  async #openNext(): Promise<FollowedFile | null> {
    await this.#look(true);
    const [next] = this.#ahead;
    if (next === undefined) {
      const none = `no file in ${this.#folder} has a name like ${this.#pattern} yet`;
      if (this.#done.size === 0) this.problem = sourceProblem('source.no-files', none);
      return null;
    }
    this.#listed = next;
    this.#ahead = this.#ahead.slice(1);
    const done = this.#done.get(next.name);
    const file = await openFollowed(join(this.#folder, next.name), async (handle, { size }) => {
      if (done === undefined || done.identity !== next.identity || size < done.size) return 0;
      return done.mark === null || (await bearsMark(handle, done.mark)) ? done.consumed : 0;
    });
    this.#file = file;
    this.capture++;
    const known = this.problem?.code;
    if (known === 'source.no-files' || known === 'source.no-such-file') this.problem = null;
    if (done !== undefined && done.refusedAt !== null) {
      this.#done.set(next.name, { ...done, refusedAt: null });
      if (![...this.#done.values()].some(({ refusedAt }) => refusedAt !== null)) this.problem = null;
    }
    return file;
  }

  /** Looks into the folder: where names may have changed, or in any case. */
  async #look(always = false): Promise<void> {
    if (!this.#watch.takeRenamed() && !always) return;
    const before = this.#ahead;
    const listed: ListedFile[] = [];
    for (const name of await readdir(this.#folder)) {
      if (!this.#matches(name)) continue;
      const stats = await stat(join(this.#folder, name)).catch(() => null);
      if (stats === null || !stats.isFile()) continue;
      const { size, mtimeMs: writtenAt, ctimeMs: changedAt } = stats;
      listed.push({ name, identity: identityOf(stats), size, writtenAt, changedAt });
    }
    listed.sort(this.#compare);
    this.#looked = true;
    if (this.#fromEnd) this.#passOver(listed);
    const there = new Set(listed.map(({ name }) => name));
    for (const name of this.#done.keys()) if (!there.has(name)) this.#done.delete(name);
    this.#ahead = listed.filter((file) => this.#isAhead(file));
    const vanished = before.filter(({ name, size }) => size > 0 && !there.has(name)).length;
    if (vanished > 0) {
      this.#vanished += vanished;
      const what = this.#vanished === 1 ? 'a file was' : `${this.#vanished} files were`;
      this.problem = sourceProblem('source.files-vanished', `${what} deleted from ${this.#folder} before it was read`);
    }
  }

  /** True for a file that was not read, or is not what it was when it was read. */
  #isAhead({ name, identity, size, writtenAt, changedAt }: ListedFile): boolean {
    if (this.#file !== null && this.#file.identity === identity) return false;
    const done = this.#done.get(name);
    if (done === undefined || (done.refusedAt !== null && done.refusedAt !== changedAt)) return true;
    return done.identity !== identity || done.size !== size || done.writtenAt !== writtenAt;
  }

  /** Takes what is there for read. */
  #passOver(listed: readonly ListedFile[]): void {
    this.#fromEnd = false;
    for (const { name, identity, size, writtenAt } of listed) {
      this.#done.set(name, { identity, size, writtenAt, consumed: size, mark: null, refusedAt: null });
    }
  }
}
