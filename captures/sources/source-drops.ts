// How many frames a source lost before it saw them, put together from what captures and programs say.

import type { CaptureMark } from '../frame-batch.ts';

/** Adds counters that each count from the start of something. */
export class DropCounter {
  /** Last count of each interface in the attempt at hand. */
  readonly #last = new Map<number, number>();
  /** Of earlier attempts. */
  #settled = 0;
  /** In the attempt at hand, as its capture said. */
  #told = 0;
  #known = false;

  /** An attempt begins: its counters begin at 0. */
  begin(): void {
    this.#last.clear();
    this.#told = 0;
  }

  /** Takes the mark of a batch numbered by the source. A count that falls began anew (the next file of another capture). */
  take({ kind, interfaceId, dropped }: CaptureMark): void {
    if (kind !== 'drops' || dropped === undefined) return;
    const last = this.#last.get(interfaceId) ?? 0;
    this.#told += dropped >= last ? dropped - last : dropped;
    this.#last.set(interfaceId, dropped);
    this.#known = true;
  }

  /** The attempt ended. @param counted what its program said beside the capture; both tell of the same frames */
  settle(counted: number | null): void {
    if (counted !== null) this.#known = true;
    this.#settled += Math.max(this.#told, counted ?? 0);
    this.begin();
  }

  /** Frames lost so far, or null where nobody ever said. @param counted as for `settle` */
  total(counted: number | null): number | null {
    if (!this.#known && counted === null) return null;
    return this.#settled + Math.max(this.#told, counted ?? 0);
  }
}
