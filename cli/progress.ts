// A progress bar on stderr, where stderr is a terminal and the input is large (interfaces 1).

import { isTerminal } from './is-terminal.ts';

// The specification says: interfaces 1. We chose: how often it is drawn.
const LARGE_INPUT_OCTETS = 32 * 1024 * 1024;
const REDRAW_MS = 100;
const BAR_COLUMNS = 30;

/** Draws and removes a bar. */
export interface ProgressBar {
  show(consumed: number, total: number | null): void;
  clear(): void;
}

/** A bar for an input of `total` octets, or null where none is wanted. */
export function progressBar(total: number | null): ProgressBar | null {
  if (total === null || total <= LARGE_INPUT_OCTETS || !isTerminal(2)) return null;
  let drawn = 0;
  return {
    show(consumed) {
      const now = performance.now();
      if (now - drawn < REDRAW_MS) return;
      drawn = now;
      const share = Math.min(1, consumed / total);
      const full = Math.round(share * BAR_COLUMNS);
      const bar = '#'.repeat(full) + '-'.repeat(BAR_COLUMNS - full);
      process.stderr.write(`\r[${bar}] ${Math.floor(share * 100)} %`);
    },
    clear() {
      process.stderr.write('\r\u001b[K');
    },
  };
}
