// A program on a pseudo-terminal of its own, its screen read by a terminal emulator: what a person would see, and when.

import { readdirSync, readFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { type IPty, spawn } from '@lydell/node-pty';
import xterm from '@xterm/headless';

// We chose.
const COLUMNS = 140;
const ROWS = 40;
/** What does not come within so long does not come (ms). */
const PATIENCE_MS = 120_000;
/** A key whose effect is not seen within so long (ms) shows nothing; it counts as that long. */
export const KEY_MS = 2000;
/** Hundredths of a second, in which the kernel counts (sysconf(3), _SC_CLK_TCK), and octets of a page. */
const TICKS = 100;
const PAGE = 4096;

/** See the head of the file. Close it at the end. */
export class OnTerminal {
  readonly #pty: IPty;
  readonly #terminal = new xterm.Terminal({ cols: COLUMNS, rows: ROWS, allowProposedApi: true });
  readonly startedAt = performance.now();
  /** How often it wrote. */
  writes = 0;
  /** Called when something it wrote is on the screen. */
  shown: () => void = () => undefined;

  constructor(file: string, args: readonly string[]) {
    const env = { PATH: process.env.PATH ?? '', HOME: tmpdir(), TERM: 'xterm-256color', LANG: 'C.UTF-8' };
    this.#pty = spawn(file, [...args], { name: 'xterm-256color', cols: COLUMNS, rows: ROWS, env });
    this.#pty.onData((data) => {
      this.writes++;
      this.#terminal.write(data, () => this.shown());
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

  /** Milliseconds from a key to its effect, which is told from the screens before it and after it. */
  async keyTime(octets: string, isSeen: (before: string, text: string) => boolean): Promise<number> {
    const before = this.text();
    this.press(octets);
    const begun = performance.now();
    while (!isSeen(before, this.text()) && performance.now() - begun < KEY_MS) await pause(1);
    return performance.now() - begun;
  }

  /** Resident memory of the program and its children, MiB. */
  memory(): number {
    let pages = 0;
    this.#ofFamily((fields) => {
      pages += Number(fields[21]);
    });
    return Math.round((pages * PAGE) / 2 ** 20);
  }

  /** Seconds of processor time that the program and its children have used. */
  cpu(): number {
    let ticks = 0;
    this.#ofFamily((fields) => {
      ticks += Number(fields[11]) + Number(fields[12]);
    });
    return ticks / TICKS;
  }

  /** Fields of proc(5) stat, from the third on. */
  #ofFamily(take: (fields: readonly string[]) => void): void {
    const family = new Set([this.#pty.pid]);
    for (const name of readdirSync('/proc')
      .filter((each) => /^\d+$/.test(each))
      .sort((a, b) => Number(a) - Number(b))) {
      try {
        const stat = readFileSync(`/proc/${name}/stat`, 'latin1');
        const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
        if (!family.has(Number(name)) && !family.has(Number(fields[1]))) continue;
        family.add(Number(name));
        take(fields);
      } catch {
        // It has ended meanwhile.
      }
    }
  }

  close(): void {
    this.#pty.kill('SIGKILL');
    this.#terminal.dispose();
  }
}

/** The value below which a share of all lie. */
export function percentile(values: readonly number[], share: number): number {
  const sorted = values.toSorted((a, b) => a - b);
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? Number.NaN;
}

/** Waits so many ms. */
export function pause(milliseconds: number): Promise<void> {
  return new Promise((resolve) => {
    setTimeout(resolve, milliseconds);
  });
}
