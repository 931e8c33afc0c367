// How often the collector of garbage works in the daemon's process.

import { setFlagsFromString } from 'node:v8';

/**
 * We chose: percent by which the heap, with the buffers that hang on it, may grow before everything is looked at again. The
 * daemon's heap is small (12 MiB) and some 30 MiB of buffers pass through it in a second: left to itself V8 looks at
 * everything four times a second, for a tenth of the process's time. Takes some 25 MiB more; a large heap is still bounded by
 * Node's own limit.
 */
const GROWING_PERCENT = 400;

/** To be called once, before the daemon starts. */
export function calmCollector(): void {
  setFlagsFromString(`--heap-growing-percent=${GROWING_PERCENT}`);
}
