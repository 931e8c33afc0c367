// The terminal program from outside, through a pseudo-terminal, on a large capture: how soon the first screen says
// something, how soon a key shows, how often a list is drawn while a key is held down, and memory. The same for termshark
// where it is installed. `npm run bench:tui`; `-- --messages 1000000`. `-- --live 300`: on a daemon, for so many seconds.

import { spawnSync } from 'node:child_process';
import { closeSync, mkdtempSync, openSync, rmSync, writeFileSync, writeSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { writeBulkCapture } from '../testing/bulk.ts';
import { OnTerminal, pause, percentile } from './on-terminal.ts';
import { measureLive } from './tui-live.ts';

const options = new Map<string, number>();
for (let at = 2; at + 1 < process.argv.length; at += 2) options.set(process.argv[at], Number(process.argv[at + 1]));
const messages = options.get('--messages') ?? 1_000_000;
const live = options.get('--live');

const MAIN = fileURLToPath(new URL('../../dist/cli/main.js', import.meta.url));

// We chose.
/** Keys whose effect is timed when the capture has been read; as many as there is time for while it is. */
const TIMED_KEYS = 100;
/** How long a key is held down, at 60 a second (ms). */
const HELD_MS = 3000;

/** The row that the cursor is in: the rest of the screen changes by itself while a capture is read. */
function selectedRow(text: string): string {
  return String(text.split('\n').findIndex((line) => line.startsWith('▸')));
}

function wholeScreen(text: string): string {
  return text;
}

/** Down and up in turn: each changes the screen. */
async function timeKeys(
  program: OnTerminal,
  look: (text: string) => string,
  goesOn: (key: number) => boolean,
): Promise<number[]> {
  const times: number[] = [];
  for (let key = 0; goesOn(key); key++) {
    times.push(await program.keyTime(key % 4 < 2 ? 'j' : 'k', look));
    await pause(20);
  }
  return times;
}

/** Pictures a second while a key is held down: what the program wrote, in bursts of more than 5 ms apart. */
async function redraws(program: OnTerminal): Promise<number> {
  let pictures = 0;
  let last = program.writes;
  const begun = performance.now();
  while (performance.now() - begun < HELD_MS) {
    program.press('j');
    await pause(1000 / 60);
    if (program.writes !== last) pictures++;
    last = program.writes;
  }
  return pictures / (HELD_MS / 1000);
}

async function measureOurs(capture: string, keyring: string): Promise<void> {
  const program = new OnTerminal(process.execPath, [MAIN, 'tui', capture, '--keyring', keyring]);
  try {
    await program.until((text) => /\d messages/.test(text) && /active|expired/.test(text));
    const first = performance.now() - program.startedAt;
    program.press('5');
    await program.until((text) => /frame\s+time/.test(text));
    const isLoading = (): boolean => /loading/.test(program.text());
    const whileLoading = await timeKeys(program, selectedRow, isLoading);
    await program.until((text) => !/loading/.test(text));
    const loaded = performance.now() - program.startedAt;
    const after = await timeKeys(program, selectedRow, (key) => key < TIMED_KEYS);
    const rate = await redraws(program);
    const ms = (value: number): string => `${value.toFixed(0)} ms`;
    process.stdout.write(`sidescope tui, ${messages} messages\n`);
    process.stdout.write(`  first useful screen   ${ms(first)} (aim below 1,000 ms)\n`);
    process.stdout.write(
      whileLoading.length === 0
        ? '  keys while loading    all was read before a key could be pressed\n'
        : `  keys while loading    p50 ${ms(percentile(whileLoading, 0.5))}, p99 ${ms(percentile(whileLoading, 0.99))} of ${whileLoading.length} (aim p99 below 50 ms)\n`,
    );
    process.stdout.write(`  all read after        ${ms(loaded)}\n`);
    process.stdout.write(
      `  keys afterwards       p50 ${ms(percentile(after, 0.5))}, p99 ${ms(percentile(after, 0.99))}\n`,
    );
    process.stdout.write(`  redraws, key held     ${rate.toFixed(0)} a second (aim 30 or more)\n`);
    process.stdout.write(`  memory                ${program.memory()} MiB (aim below 600 MiB)\n`);
  } finally {
    program.close();
  }
}

async function measureTermshark(capture: string): Promise<void> {
  if (spawnSync('termshark', ['--version']).error !== undefined) {
    process.stdout.write('termshark is not installed: no comparison (Debian package termshark)\n');
    return;
  }
  const program = new OnTerminal('termshark', ['-r', capture]);
  try {
    await program.until((text) => /\b1\b.*\d\.\d{3,}/.test(text));
    const first = performance.now() - program.startedAt;
    const keys = await timeKeys(program, wholeScreen, (key) => key < TIMED_KEYS);
    process.stdout.write(
      `termshark: first screen ${first.toFixed(0)} ms, keys p50 ${percentile(keys, 0.5).toFixed(0)} ms, ` +
        `p99 ${percentile(keys, 0.99).toFixed(0)} ms, memory ${program.memory()} MiB\n`,
    );
  } finally {
    program.close();
  }
}

async function measureFile(): Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), 'sidescope-bench-'));
  try {
    const capture = join(folder, 'bulk.pcap');
    const handle = openSync(capture, 'w');
    const made = writeBulkCapture(
      (piece) => {
        for (let done = 0; done < piece.length; ) done += writeSync(handle, piece, done);
      },
      { messages },
    );
    closeSync(handle);
    const keyring = join(folder, 'keyring.json');
    writeFileSync(keyring, JSON.stringify(made.keyring), { mode: 0o600 });
    await measureOurs(capture, keyring);
    await measureTermshark(capture);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

if (live === undefined) await measureFile();
else await measureLive(live);
