// What `npm run bench:check` watches of whole processes: processor time of the built command, of all its threads, against
// Node alone in the same minute, or against the calibration where it does so much that its start is the lesser part.

import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { writeBulkCapture } from '../testing/bulk.ts';
import { calibration, type Work } from './check-work.ts';
import type { Ratio } from './recordings.ts';

// We chose.
const FEW_MESSAGES = 100;
/** So many that writing them takes longer than starting. */
const MANY_MESSAGES = 30_000;
/** Rounds of the calibration for each start. */
const CALIBRATIONS = 10;

const MAIN = fileURLToPath(new URL('../../dist/cli/main.js', import.meta.url));

/** Loaded first: says at the end what the process used, microseconds. */
const TELLS = `process.on('exit', () => {
  const { user, system } = process.cpuUsage();
  require('node:fs').writeSync(2, '\\n' + (user + system));
});\n`;

/** What is started: how often, on how many messages, with which options of `read`, and what it is held against. */
interface Started {
  readonly starts: number;
  readonly messages: number;
  readonly options: readonly string[];
  readonly against: 'node' | 'calibration';
}

/** By the names under which ratios are recorded. */
const STARTED: Readonly<Record<string, Started>> = {
  'start to first line': { starts: 10, messages: FEW_MESSAGES, options: ['-c', '1'], against: 'node' },
  'start, judged': { starts: 10, messages: FEW_MESSAGES, options: ['-q', '-z', 'groups,findings'], against: 'node' },
  'text lines': { starts: 4, messages: MANY_MESSAGES, options: ['--threads', '1'], against: 'calibration' },
};

/** Their names. */
export const STARTS_WATCHED: readonly string[] = Object.keys(STARTED);

/** Whether one of them is held against Node alone. */
export function isAgainstNode(name: string): boolean {
  return (STARTED[name] as Started | undefined)?.against === 'node';
}

/** How many times the processor time of what it is held against one of them takes: the fastest of several against the fastest. */
export async function startRatio(name: string): Promise<Ratio> {
  const { starts, messages, options, against } = STARTED[name];
  const folder = mkdtempSync(join(tmpdir(), 'sidescope-bench-'));
  try {
    const [tells, capture, keyring] = ['tells.cjs', 'capture.pcap', 'keyring.json'].map((file) => join(folder, file));
    const pieces: Uint8Array[] = [];
    const made = writeBulkCapture((piece) => pieces.push(piece), { messages });
    writeFileSync(capture, Buffer.concat(pieces));
    writeFileSync(keyring, JSON.stringify(made.keyring), { mode: 0o600 });
    writeFileSync(tells, TELLS);
    const calibrate = calibration();
    const other = async (): Promise<number> => {
      if (against === 'node') return processorTime(tells, ['-e', '0']);
      let least = Number.POSITIVE_INFINITY;
      for (let round = 0; round < CALIBRATIONS; round++) least = Math.min(least, await ownTime(calibrate));
      return least;
    };
    let [ours, unit, used] = [Number.POSITIVE_INFINITY, Number.POSITIVE_INFINITY, 0];
    const begun = performance.now();
    for (let start = 0; start < starts; start++) {
      const took = processorTime(tells, [MAIN, 'read', capture, '--keyring', keyring, ...options]);
      ours = Math.min(ours, took);
      used += took / 1000;
    }
    const share = used / (performance.now() - begun);
    for (let start = 0; start < starts; start++) unit = Math.min(unit, await other());
    return { ratio: ours / unit, share };
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/** Microseconds of processor time that this process takes for a piece of work. */
async function ownTime(work: Work): Promise<number> {
  const before = process.cpuUsage();
  await work();
  const { user, system } = process.cpuUsage(before);
  return user + system;
}

/** Microseconds of processor time of one process. */
function processorTime(tells: string, args: readonly string[]): number {
  // Certificates that Node would read first are no part of it.
  const { NODE_EXTRA_CA_CERTS: _, ...env } = process.env;
  const { status, stderr } = spawnSync(process.execPath, ['-r', tells, ...args], {
    ...{ env, encoding: 'utf8', stdio: ['ignore', 'ignore', 'pipe'] },
  });
  if (status !== 0) throw new Error(`${args.join(' ')} ended with ${status}: ${stderr}`);
  return Number(stderr.slice(stderr.lastIndexOf('\n')));
}
