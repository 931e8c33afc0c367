// The real program in a pseudo-terminal, its screen read by a terminal emulator: what a person would see.

import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { type IPty, spawn } from '@lydell/node-pty';
import xterm from '@xterm/headless';
import { expect } from 'vitest';

export const ROOT = fileURLToPath(new URL('../../', import.meta.url));
const MAIN = join(ROOT, 'dist', 'cli', 'main.js');
const GOLDEN = join(ROOT, 'test', 'tui', 'golden');

/** A screen that does not change for so long (ms) has settled. */
const QUIET_MS = 150;
/** What does not come within so long (ms) does not come; wide enough for a busy machine. */
const PATIENCE_MS = 20_000;
/** The effect of a key comes within so long. */
const CHANGE_MS = 8000;
const LOOK_MS = 15;

/** Octets that a terminal sends for keys. */
const KEYS: Readonly<Record<string, string>> = {
  enter: '\r',
  escape: '\u001b',
  tab: '\t',
  'shift-tab': '\u001b[Z',
  space: ' ',
  backspace: '\u007f',
  up: '\u001b[A',
  down: '\u001b[B',
  right: '\u001b[C',
  left: '\u001b[D',
  home: '\u001b[H',
  end: '\u001b[F',
  pageup: '\u001b[5~',
  pagedown: '\u001b[6~',
  f1: '\u001bOP',
  f3: '\u001bOR',
};

/** How the program is started. */
export interface ProgramOptions {
  readonly columns?: number;
  readonly rows?: number;
  /** Added to a small, fixed environment. */
  readonly environment?: Readonly<Record<string, string>>;
  /** The command; default: node with the built program. */
  readonly file?: string;
  readonly folder?: string;
}

/** One run. Close it, also after a failure: `afterEach`. */
export class TerminalProgram {
  readonly terminal: xterm.Terminal;
  readonly process: IPty;
  /** All that it wrote. */
  output = '';
  exitCode: number | null = null;
  #changed = Date.now();
  readonly #written: Promise<void>[] = [];

  constructor(args: readonly string[], options: ProgramOptions = {}) {
    const { columns = 80, rows = 24, environment = {}, file = process.execPath, folder = ROOT } = options;
    this.terminal = new xterm.Terminal({ cols: columns, rows, allowProposedApi: true, scrollback: 100 });
    this.process = spawn(file, file === process.execPath ? [MAIN, ...args] : [...args], {
      // It becomes TERM, whatever the environment says.
      name: environment.TERM ?? 'xterm-256color',
      cols: columns,
      rows,
      cwd: folder,
      env: {
        PATH: process.env.PATH ?? '',
        HOME: '',
        LANG: 'C.UTF-8',
        COLORTERM: 'truecolor',
        ...environment,
      },
    });
    this.process.onData((data) => {
      this.output += data;
      this.#changed = Date.now();
      this.#written.push(
        new Promise((resolve) => {
          this.terminal.write(data, resolve);
        }),
      );
    });
    this.process.onExit(({ exitCode, signal }) => {
      this.exitCode = signal === undefined || signal === 0 ? exitCode : 128 + signal;
    });
  }

  /** The screen as text, without blanks at the ends of lines. */
  text(): string {
    const { buffer, rows } = this.terminal;
    const lines = Array.from(
      { length: rows },
      (_, y) => buffer.active.getLine(buffer.active.viewportY + y)?.translateToString(true) ?? '',
    );
    return `${lines.map((line) => line.trimEnd()).join('\n')}\n`;
  }

  /** One line of it. */
  line(y: number): string {
    return this.text().split('\n')[y];
  }

  /** Presses keys, one after the other: names, or characters. */
  press(...keys: readonly string[]): void {
    for (const key of keys) {
      const control = /^ctrl-(.)$/.exec(key);
      this.process.write(
        control === null ? (KEYS[key] ?? key) : String.fromCharCode((control[1].codePointAt(0) as number) & 0x1f),
      );
    }
  }

  type(text: string): void {
    this.process.write(text);
  }

  /** A click of the left button; cells from 0. */
  click(x: number, y: number): void {
    this.process.write(`\u001b[<0;${x + 1};${y + 1}M\u001b[<0;${x + 1};${y + 1}m`);
  }

  wheel(x: number, y: number, direction: 'up' | 'down', notches = 1): void {
    this.process.write(`\u001b[<${direction === 'up' ? 64 : 65};${x + 1};${y + 1}M`.repeat(notches));
  }

  resize(columns: number, rows: number): void {
    this.terminal.resize(columns, rows);
    this.process.resize(columns, rows);
  }

  /** Waits until the screen shows a text, or fits a condition. */
  async waitFor(wanted: string | RegExp | ((text: string) => boolean)): Promise<string> {
    const isThere = (text: string): boolean => {
      if (typeof wanted === 'function') return wanted(text);
      return typeof wanted === 'string' ? text.includes(wanted) : wanted.test(text);
    };
    const end = Date.now() + PATIENCE_MS;
    for (;;) {
      await this.#flushed();
      const text = this.text();
      if (isThere(text)) return text;
      if (Date.now() > end || this.exitCode !== null) {
        throw new Error(
          `${String(wanted)} did not come${this.exitCode === null ? '' : ` (exit ${this.exitCode})`}:\n${text}`,
        );
      }
      await sleep(LOOK_MS);
    }
  }

  /** Waits until the screen, or the cell that the cursor stands in, is another one than before. */
  async changed(before: string): Promise<string> {
    const end = Date.now() + CHANGE_MS;
    for (;;) {
      await this.#flushed();
      const text = this.text();
      if (text !== before || Date.now() > end) return text;
      await sleep(LOOK_MS);
    }
  }

  /** Waits until nothing is loaded any more and the screen has settled. */
  async settled(): Promise<string> {
    const end = Date.now() + PATIENCE_MS;
    for (;;) {
      await this.#flushed();
      const text = this.text();
      const isBusy = /loading|filtering|\.\.\.$/m.test(text.split('\n').slice(-3).join('\n'));
      if (!isBusy && Date.now() - this.#changed > QUIET_MS) return text;
      if (Date.now() > end) return text;
      await sleep(LOOK_MS);
    }
  }

  /** Presses keys and waits until the screen has settled. */
  async after(...keys: readonly string[]): Promise<string> {
    this.press(...keys);
    // The effect of a key is on the screen within a picture or two; a busy machine takes longer.
    await sleep(QUIET_MS);
    return this.settled();
  }

  async exited(): Promise<number> {
    const end = Date.now() + PATIENCE_MS;
    while (this.exitCode === null) {
      if (Date.now() > end) throw new Error(`the program goes on:\n${this.text()}`);
      await sleep(LOOK_MS);
    }
    await this.#flushed();
    return this.exitCode;
  }

  close(): void {
    try {
      if (this.exitCode === null) this.process.kill('SIGKILL');
    } catch {
      // It has ended by itself.
    }
    this.terminal.dispose();
  }

  async #flushed(): Promise<void> {
    await Promise.all(this.#written.splice(0));
  }
}

/** Compares a screen with the one that a person looked at; `UPDATE=1` writes it anew. */
export function expectGolden(name: string, screen: string): void {
  const path = join(GOLDEN, `${name}.txt`);
  if (process.env.UPDATE === '1' || !existsSync(path)) {
    mkdirSync(dirname(path), { recursive: true });
    writeFileSync(path, screen);
    if (process.env.UPDATE === '1') return;
    expect.unreachable(`${path} was not there; it is written now: look at it and run again`);
  }
  expect(screen).toBe(readFileSync(path, 'utf8'));
}

/** Arguments that open a shipped sample. */
export function sample(name: 'attacked' | 'clean' | 'rollover'): string[] {
  const folder = join('captures', 'samples', name);
  return ['tui', join(folder, 'capture.pcapng'), '--keyring', join(folder, 'keyring.json')];
}

async function sleep(milliseconds: number): Promise<void> {
  await new Promise((resolve) => {
    setTimeout(resolve, milliseconds);
  });
}
