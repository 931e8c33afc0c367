// `npm run bench`: measures sidescope beside tshark and capinfos in one run and prints a table; machines differ and are
// noisy, so ratios are what counts. `--help` says how to choose rows and sizes.

import { spawnSync } from 'node:child_process';
import { existsSync, writeFileSync } from 'node:fs';
import { availableParallelism, tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { CaptureShelf } from './captures.ts';
import { available } from './measure.ts';
import type { BenchContext, RowResult } from './row.ts';
import { ON_REQUEST, ROWS } from './rows.ts';
import { rowText, tableHeader } from './table.ts';

const HERE = dirname(fileURLToPath(import.meta.url));
const ROOT = join(HERE, '..', '..');
const SAMPLE = join(ROOT, 'captures', 'samples', 'attacked');
const MEMORY_FOLDER = '/dev/shm';

const HELP = `npm run bench -- [--messages N] [--runs N] [--rows NAME,NAME] [--json FILE]
  --messages  of the large captures (1000000); captures for slow peers have a tenth
  --runs      of which the median is taken, behind one that warms the page cache (3)
  --rows      ${Object.keys(ROWS).join(', ')}; all but ${ON_REQUEST.join(', ')} where none is named
  --json      writes the results to a file, too
`;

const { values } = parseArgs({
  options: {
    messages: { type: 'string', default: '1000000' },
    runs: { type: 'string', default: '3' },
    rows: { type: 'string' },
    json: { type: 'string' },
    help: { type: 'boolean', default: false },
  },
});

/** A whole number from 1 on. @throws Error where it is none */
function counted(name: string, text: string): number {
  const number = Number(text);
  if (!Number.isSafeInteger(number) || number < 1)
    throw new Error(`--${name} is ${text}, not a whole number from 1 on`);
  return number;
}

function chosenRows(): readonly string[] {
  if (values.rows === undefined) return Object.keys(ROWS).filter((name) => !ON_REQUEST.includes(name));
  const names = values.rows.split(',');
  const wrong = names.find((name) => !(name in ROWS));
  if (wrong !== undefined) throw new Error(`there is no row ${wrong}; there are ${Object.keys(ROWS).join(', ')}`);
  return names;
}

function peerVersions(): Record<string, string> {
  return Object.fromEntries(
    ['tshark', 'capinfos'].map((peer) => {
      if (!available(peer)) return [peer, 'not installed'];
      return [peer, spawnSync(peer, ['--version'], { encoding: 'utf8' }).stdout.split('\n')[0]];
    }),
  );
}

async function main(): Promise<void> {
  const names = chosenRows();
  // Node reads these certificates at each start, for some 40 ms and for connections that no command here makes.
  delete process.env.NODE_EXTRA_CA_CERTS;
  const shelf = new CaptureShelf();
  const context: BenchContext = {
    shelf,
    messages: counted('messages', values.messages),
    runs: counted('runs', values.runs),
    sample: [join(SAMPLE, 'capture.pcapng'), join(SAMPLE, 'keyring.json')],
    memoryFolder: existsSync(MEMORY_FOLDER) ? MEMORY_FOLDER : tmpdir(),
    // As users run it: the bundle.
    sidescope: [process.execPath, join(ROOT, 'dist', 'cli', 'main.js')],
    script: (name) => [process.execPath, join(HERE, `${name}.js`)],
  };
  const peers = peerVersions();
  const machine = `node ${process.version}, ${availableParallelism()} cores`;
  process.stdout.write(`${machine}\n${Object.values(peers).join('\n')}\n\n${tableHeader()}`);
  const results: (RowResult & { readonly row: string })[] = [];
  try {
    for (const name of names) {
      for (const result of await ROWS[name](context)) {
        results.push({ row: name, ...result });
        process.stdout.write(rowText(result));
      }
    }
  } finally {
    shelf.clear();
  }
  if (values.json !== undefined) {
    const { messages, runs } = context;
    writeFileSync(values.json, `${JSON.stringify({ machine, peers, messages, runs, results }, null, 2)}\n`);
  }
}

if (values.help) process.stdout.write(HELP);
else await main();
