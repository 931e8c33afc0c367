// What `npm run bench:check` watches of whole processes: processor time of the built command, of all its threads, against
// Node alone in the same minute.

import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { writeBulkCapture } from '../testing/bulk.ts';
import type { Ratio } from './recordings.ts';

// We chose.
const FEW_MESSAGES = 100;

const MAIN = fileURLToPath(new URL('../../dist/cli/main.js', import.meta.url));

/** Loaded first: says at the end what the process used, microseconds. */
const TELLS = `process.on('exit', () => {
  const { user, system } = process.cpuUsage();
  require('node:fs').writeSync(2, '\\n' + (user + system));
});\n`;

/** What is started: how often, and with which options of `read`. */
interface Started {
  readonly starts: number;
  readonly options: readonly string[];
}

/** By the names under which ratios are recorded. */
const STARTED: Readonly<Record<string, Started>> = {
  'start to first line': { starts: 10, options: ['-c', '1'] },
  'start, judged': { starts: 10, options: ['-q', '-z', 'groups,findings'] },
};

/** Their names. */
export const STARTS_WATCHED: readonly string[] = Object.keys(STARTED);

/** How many times the processor time of `node -e 0` one of them takes: the fastest of several against the fastest. */
export function startRatio(name: string): Ratio {
  const { starts, options } = STARTED[name];
  const folder = mkdtempSync(join(tmpdir(), 'sidescope-bench-'));
  try {
    const [tells, capture, keyring] = ['tells.cjs', 'capture.pcap', 'keyring.json'].map((file) => join(folder, file));
    const pieces: Uint8Array[] = [];
    const made = writeBulkCapture((piece) => pieces.push(piece), { messages: FEW_MESSAGES });
    writeFileSync(capture, Buffer.concat(pieces));
    writeFileSync(keyring, JSON.stringify(made.keyring), { mode: 0o600 });
    writeFileSync(tells, TELLS);
    let [ours, node, used] = [Number.POSITIVE_INFINITY, Number.POSITIVE_INFINITY, 0];
    const begun = performance.now();
    for (let start = 0; start < starts; start++) {
      const took = processorTime(tells, [MAIN, 'read', capture, '--keyring', keyring, ...options]);
      const alone = processorTime(tells, ['-e', '0']);
      ours = Math.min(ours, took);
      node = Math.min(node, alone);
      used += (took + alone) / 1000;
    }
    return { ratio: ours / node, share: used / (performance.now() - begun) };
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
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
