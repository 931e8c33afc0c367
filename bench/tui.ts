// The terminal program from outside, through a pseudo-terminal, on a large capture: how soon the first screen says
// something, how soon a key shows, how often a list is drawn while a key is held down, and memory. The same for termshark
// where it is installed. `npm run bench:tui`; `--messages 1000000`.

import { spawnSync } from 'node:child_process';
import { closeSync, mkdtempSync, openSync, readdirSync, readFileSync, rmSync, writeFileSync, writeSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { type IPty, spawn } from '@lydell/node-pty';
import xterm from '@xterm/headless';
import { writeBulkCapture } from '../testing/bulk.ts';

const at = process.argv.indexOf('--messages');
const messages = at < 0 ? 1_000_000 : Number(process.argv[at + 1]);

const MAIN = fileURLToPath(new URL('../../dist/cli/main.js', import.meta.url));

// We chose.
const COLUMNS = 140;
const ROWS = 40;
/** What does not come within so long does not come (ms). */
const PATIENCE_MS = 120_000;
/** Keys whose effect is timed while the capture is being read, and again when it has been. */
const TIMED_KEYS = 60;
/** How long a key is held down, at 60 a second (ms). */
const HELD_MS = 3000;

/** A program on a terminal of its own. */
class OnTerminal {
  readonly #pty: IPty;
  readonly #terminal = new xterm.Terminal({ cols: COLUMNS, rows: ROWS, allowProposedApi: true });
  readonly startedAt = performance.now();
  /** When it wrote last, and how often. */
  wroteAt = 0;
  writes = 0;

  constructor(file: string, args: readonly string[]) {
    const env = { PATH: process.env.PATH ?? '', HOME: tmpdir(), TERM: 'xterm-256color', LANG: 'C.UTF-8' };
    this.#pty = spawn(file, [...args], { name: 'xterm-256color', cols: COLUMNS, rows: ROWS, env });
    this.#pty.onData((data) => {
      this.wroteAt = performance.now();
      this.writes++;
      this.#terminal.write(data);
    });
  }

  press(octets: string): void {
    this.#pty.write(octets);
  }

  text(): string {
    const { buffer } = this.#terminal;
    return Array.from({ length: ROWS }, (_, y) => buffer.active.getLine(y)?.translateToString(true) ?? '').join('\n');
  }

  /** Milliseconds until the screen fits, from now. */
  async until(isThere: (text: string) => boolean): Promise<number> {
    const begun = performance.now();
    while (!isThere(this.text())) {
      if (performance.now() - begun > PATIENCE_MS) throw new Error(`the screen did not come:\n${this.text()}`);
      await pause(2);
    }
    return performance.now() - begun;
  }

  /** Milliseconds from a key to the first change of the screen. */
  async keyTime(octets: string): Promise<number> {
    const before = this.text();
    this.press(octets);
    const begun = performance.now();
    while (this.text() === before && performance.now() - begun < 2000) await pause(1);
    return performance.now() - begun;
  }

  /** Resident memory of the program and its children, MiB. */
  memory(): number {
    let pages = 0;
    const family = new Set([this.#pty.pid]);
    for (const name of readdirSync('/proc')
      .filter((each) => /^\d+$/.test(each))
      .sort((a, b) => Number(a) - Number(b))) {
      try {
        const stat = readFileSync(`/proc/${name}/stat`, 'latin1');
        const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
        if (!family.has(Number(name)) && !family.has(Number(fields[1]))) continue;
        family.add(Number(name));
        pages += Number(fields[21]);
      } catch {
        // It has ended meanwhile.
      }
    }
    return Math.round((pages * 4096) / 2 ** 20);
  }

  close(): void {
    this.#pty.kill('SIGKILL');
    this.#terminal.dispose();
  }
}

function percentile(values: readonly number[], share: number): number {
  const sorted = values.toSorted((a, b) => a - b);
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? Number.NaN;
}

/** Down and up in turn: each changes the screen. */
async function timeKeys(program: OnTerminal): Promise<number[]> {
  const times: number[] = [];
  for (let key = 0; key < TIMED_KEYS; key++) {
    times.push(await program.keyTime(key % 4 < 2 ? 'j' : 'k'));
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
    const whileLoading = isLoading() ? await timeKeys(program) : [];
    await program.until((text) => !/loading/.test(text));
    const loaded = performance.now() - program.startedAt;
    const after = await timeKeys(program);
    const rate = await redraws(program);
    const ms = (value: number): string => `${value.toFixed(0)} ms`;
    process.stdout.write(`sidescope tui, ${messages} messages\n`);
    process.stdout.write(`  first useful screen   ${ms(first)} (aim below 1,000 ms)\n`);
    process.stdout.write(
      whileLoading.length === 0
        ? '  keys while loading    all was read before a key could be pressed\n'
        : `  keys while loading    p50 ${ms(percentile(whileLoading, 0.5))}, p99 ${ms(percentile(whileLoading, 0.99))} (aim p99 below 50 ms)\n`,
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
    const keys = await timeKeys(program);
    process.stdout.write(
      `termshark: first screen ${first.toFixed(0)} ms, keys p50 ${percentile(keys, 0.5).toFixed(0)} ms, ` +
        `p99 ${percentile(keys, 0.99).toFixed(0)} ms, memory ${program.memory()} MiB\n`,
    );
  } finally {
    program.close();
  }
}

function pause(milliseconds: number): Promise<void> {
  return new Promise((resolve) => {
    setTimeout(resolve, milliseconds);
  });
}

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
