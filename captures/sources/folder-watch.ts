// Wakes who waits for a change in a folder. The kernel's notice makes it prompt where there is one; a look every now and
// then finds what no notice tells of (network file systems, a folder that is not there yet).

import { type FSWatcher, watch } from 'node:fs';

/** Constants we chose. */
/** A look without a notice (ms). */
const LOOK_EVERY_MS = 200;
/** The same where there are no notices at all. */
const LOOK_OFTEN_MS = 50;

/** Waits for changes in one folder. */
export class FolderWatch {
  readonly #folder: string;
  #watcher: FSWatcher | null = null;
  #changed = false;
  /** Names came or went since `takeRenamed`. */
  #renamed = true;
  #wake: (() => void) | null = null;
  #closed = false;

  constructor(folder: string) {
    this.#folder = folder;
  }

  /** Whether names may have come or gone since it was asked last. */
  takeRenamed(): boolean {
    const renamed = this.#renamed;
    this.#renamed = this.#watcher === null;
    return renamed;
  }

  /** Resolves at the next change since the last wait, after a while, or when closed. */
  async changes(): Promise<void> {
    this.#start();
    if (!this.#changed && !this.#closed) {
      await new Promise<void>((resolve) => {
        const wait = this.#watcher === null ? LOOK_OFTEN_MS : LOOK_EVERY_MS;
        const timer = setTimeout(() => {
          this.#renamed = true;
          this.wake();
        }, wait);
        this.#wake = () => {
          clearTimeout(timer);
          resolve();
        };
      });
    }
    this.#changed = false;
  }

  /** Ends a wait. */
  wake(): void {
    const wake = this.#wake;
    this.#wake = null;
    wake?.();
  }

  close(): void {
    this.#closed = true;
    this.#watcher?.close();
    this.#watcher = null;
    this.wake();
  }

  #start(): void {
    if (this.#watcher !== null || this.#closed) return;
    try {
      const watcher = watch(this.#folder, { persistent: true });
      watcher.on('change', (kind) => {
        this.#changed = true;
        if (kind === 'rename') this.#renamed = true;
        this.wake();
      });
      watcher.on('error', () => {
        watcher.close();
        if (this.#watcher === watcher) this.#watcher = null;
      });
      this.#watcher = watcher;
    } catch {
      // Not there yet, or no more notices to be had: looks often instead.
    }
  }
}
