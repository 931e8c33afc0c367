// The terminal program from outside, through a pseudo-terminal, on a large capture: how soon the first screen says
// something, how soon a key shows and whether each does, how often a list is drawn while a key is held down, and memory. The same for termshark
// where it is installed. `npm run bench:tui`; `-- --messages 1000000`. `-- --live 300`: on a daemon, for so many seconds.

import { spawnSync } from 'node:child_process';
import { closeSync, mkdtempSync, openSync, rmSync, writeFileSync, writeSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { writeBulkCapture } from '../testing/bulk.ts';
import { KEY_MS, OnTerminal, pause, percentile } from './on-terminal.ts';
import { measureLive } from './tui-live.ts';

const options = new Map<string, number>();
for (let at = 2; at + 1 < process.argv.length; at += 2) options.set(process.argv[at], Number(process.argv[at + 1]));
const messages = options.get('--messages') ?? 1_000_000;
const live = options.get('--live');

const MAIN = fileURLToPath(new URL('../../dist/cli/main.js', import.meta.url));

// We chose.
/** Keys whose effect is timed when the capture has been read. */
const TIMED_KEYS = 100;
/** While it is being read, so many are timed until the cursor has moved, then so many until the layers have come. */
const KEYS_AT_ONCE = 8;
/** How long a key is held down, at 60 a second (ms). */
const HELD_MS = 3000;

/** The row that the cursor is in; -1: there is none. */
function selectedRow(text: string): number {
  return text.split('\n').findIndex((line) => line.startsWith('▸'));
}

/** The cursor has moved: the rest of the screen changes by itself while a capture is read. */
function isMoved(before: string, text: string): boolean {
  return selectedRow(text) !== selectedRow(before);
}

/** The same, and the layers below are those of this message: COUNT ends in the SN of its row. */
function isLaidOpen(before: string, text: string): boolean {
  const sn = Number(/^▸.*? \d+\/\d+\/(\d+) /m.exec(text)?.[1]);
  const count = Number(/\[COUNT: (\d+) /.exec(text)?.[1]);
  return isMoved(before, text) && count % 2 ** 16 === sn;
}

function isAnother(before: string, text: string): boolean {
  return text !== before;
}

/** Times of keys (ms), and the screens in which one showed nothing. */
interface KeyTimes {
  readonly times: number[];
  readonly silent: string[];
}

/** Down and up in turn: each changes the screen where the list has three rows. */
async function timeKeys(
  program: OnTerminal,
  isSeen: (before: string, text: string) => boolean,
  goesOn: (key: number) => boolean,
  all: KeyTimes = { times: [], silent: [] },
): Promise<KeyTimes> {
  for (let key = 0; goesOn(key); key++) {
    const name = key % 4 < 2 ? 'j' : 'k';
    const time = await program.keyTime(name, isSeen);
    all.times.push(time);
    if (time >= KEY_MS) all.silent.push(`${name}, the ${key + 1}. key, and this is the screen:\n${program.text()}`);
    await pause(20);
  }
  return all;
}

/** What is printed of them. @param aim p99 below it (ms) */
function told({ times, silent }: KeyTimes, aim?: number): string {
  const ms = (share: number): string => `${percentile(times, share).toFixed(0)} ms`;
  const wanted = aim === undefined ? '' : ` (aim p99 below ${aim} ms)`;
  const shown = silent.map((each) => `\nA KEY SHOWED NOTHING within ${KEY_MS} ms: ${each}\n`).join('');
  return `p50 ${ms(0.5)}, p99 ${ms(0.99)} of ${times.length}${wanted}${shown}`;
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

/** Keys in a list before its first message: the cursor is where they lead when messages come. */
async function typeAhead(program: OnTerminal): Promise<string> {
  program.press('5');
  await program.until((text) => /frame\s+time/.test(text));
  if (selectedRow(program.text()) >= 0) return 'messages were there before a key could be pressed';
  program.press('jj');
  await program.until((text) => text.includes('▸'));
  const isTaken = /^▸ +3 /m.test(program.text());
  program.press('gg');
  await program.until((text) => /^▸ +1 /m.test(text));
  return isTaken ? 'lead on when messages come' : 'ARE LOST';
}

async function measureOurs(capture: string, keyring: string): Promise<void> {
  const program = new OnTerminal(process.execPath, [MAIN, 'tui', capture, '--keyring', keyring]);
  const since = (): number => performance.now() - program.startedAt;
  try {
    await program.until((text) => /\d messages/.test(text) && /active|expired/.test(text));
    const first = since();
    const ahead = await typeAhead(program);
    const listed = since();
    await program.until((text) => text.includes('[Verdict: '));
    const laidOpen = since();
    const isLoading = (): boolean => /loading/.test(program.text());
    const whileLoading: KeyTimes = { times: [], silent: [] };
    const layersWhileLoading: KeyTimes = { times: [], silent: [] };
    while (isLoading()) {
      await timeKeys(program, isMoved, (key) => isLoading() && key < KEYS_AT_ONCE, whileLoading);
      await timeKeys(program, isLaidOpen, (key) => isLoading() && key < KEYS_AT_ONCE, layersWhileLoading);
    }
    await program.until((text) => !/loading/.test(text));
    const loaded = since();
    const after = await timeKeys(program, isMoved, (key) => key < TIMED_KEYS);
    const layersAfter = await timeKeys(program, isLaidOpen, (key) => key < TIMED_KEYS);
    const rate = await redraws(program);
    const ms = (value: number): string => `${value.toFixed(0)} ms`;
    const row = (name: string, text: string): void => void process.stdout.write(`  ${name.padEnd(24)}${text}\n`);
    const keys = (name: string, all: KeyTimes, aim?: number): void =>
      row(name, all.times.length === 0 ? 'all was read before a key could be pressed' : told(all, aim));
    process.stdout.write(`sidescope tui, ${messages} messages\n`);
    row('first useful screen', `${ms(first)} (aim below 1,000 ms)`);
    row('first messages', `${ms(listed)}, the layers of one ${ms(laidOpen)}`);
    row('keys before them', ahead);
    keys('keys while loading', whileLoading, 50);
    keys('layers while loading', layersWhileLoading);
    row('all read after', ms(loaded));
    keys('keys afterwards', after);
    keys('layers afterwards', layersAfter);
    row('redraws, key held', `${rate.toFixed(0)} a second (aim 30 or more)`);
    row('memory', `${program.memory()} MiB (aim below 600 MiB)`);
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
    const keys = await timeKeys(program, isAnother, (key) => key < TIMED_KEYS);
    process.stdout.write(
      `termshark: first screen ${first.toFixed(0)} ms, keys ${told({ ...keys, silent: [] })}, memory ${program.memory()} MiB\n`,
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
