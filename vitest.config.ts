// How the tests run: in processes of their own (some start a daemon or an engine process), on at least two cores, with
// the closing lines of test/project/summary-reporter.ts under vitest's own summary.

import { availableParallelism } from 'node:os';
import { defineConfig } from 'vitest/config';

/** Test files that run side by side. vitest's own choice, cores minus one, leaves half of a two-core machine idle. */
const WORKERS = Math.max(2, availableParallelism() - 1);

/** A test that needs longer hangs (ms). Wide enough for one that starts several processes on a busy two-core machine. */
const TEST_TIMEOUT = 120_000;

/** Above this vitest marks a test as slow (ms). */
const SLOW_TEST = 2_000;

export default defineConfig({
  test: {
    include: ['test/**/*.test.ts'],
    globalSetup: ['test/project/run-folder.ts'],
    setupFiles: ['test/setup.ts'],
    pool: 'forks',
    maxWorkers: WORKERS,
    testTimeout: TEST_TIMEOUT,
    hookTimeout: TEST_TIMEOUT,
    slowTestThreshold: SLOW_TEST,
    reporters: ['default', './test/project/summary-reporter.ts'],
  },
});
