// The temporary folder of a test run (vitest's global setup): tests and the programs that they start make their folders in
// it, so that a run that was killed leaves one folder and not hundreds, and what a test leaves behind is seen.

import { chmodSync, mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';

/** Named by the process of the run: its number, and what mkdtemp adds. Short, since paths of sockets end at 107 octets. */
const NAME = /^sidescope-tests-(\d+)-/;

/** Makes the folder and has everybody use it. @returns what removes it */
export function setup(): () => void {
  const outside = tmpdir();
  removeThoseOfKilledRuns(outside);
  const folder = mkdtempSync(join(outside, `sidescope-tests-${process.pid}-`));
  // As open as /tmp itself: a test that gives a folder of its own to another user means that one.
  chmodSync(folder, 0o755);
  process.env.TMPDIR = folder;
  return () => {
    process.env.TMPDIR = outside;
    rmSync(folder, { recursive: true, force: true, maxRetries: 20, retryDelay: 100 });
  };
}

/** Names of what is in the folder of this run; none where it has no folder of its own. */
export function leftBehind(): readonly string[] {
  const folder = tmpdir();
  return NAME.exec(basename(folder))?.[1] === String(process.pid) ? readdirSync(folder).toSorted() : [];
}

function removeThoseOfKilledRuns(outside: string): void {
  for (const name of readdirSync(outside)) {
    const run = NAME.exec(name);
    if (run === null || isRunning(Number(run[1]))) continue;
    try {
      rmSync(join(outside, name), { recursive: true, force: true });
    } catch {
      // Something is still mounted in it, or it is another user's.
    }
  }
}

function isRunning(pid: number): boolean {
  try {
    return process.kill(pid, 0);
  } catch (error) {
    // One of another user is running as well.
    return (error as NodeJS.ErrnoException).code === 'EPERM';
  }
}
