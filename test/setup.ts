// Before every test file: property tests look at other cases in each run on a developer's machine. On the build server they
// look at the same ones, so that a change is judged by what it changed; a case that fails elsewhere becomes a test.
// What the programs remember of daemons goes to a folder of the test file's own, not to the developer's.

import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterAll } from 'vitest';

/** We chose: any number would do. */
const BUILD_SERVER_SEED = 36_323;

if (process.env.CI === 'true') fc.configureGlobal({ seed: BUILD_SERVER_SEED });

const remembered = mkdtempSync(join(tmpdir(), 'sidescope-state-'));
process.env.XDG_STATE_HOME = remembered;
// vitest ends the process of a test file by a signal: a listener for its exit would not be called.
afterAll(() => rmSync(remembered, { recursive: true, force: true }));
