// The screen of a real terminal. blessed's program takes it over and gives it back (alternate screen, cursor, mouse modes
// by terminfo, resize); keys come through our own parser and cells through our own writer (see there why).

import { Buffer } from 'node:buffer';
import { PassThrough } from 'node:stream';
import type { ReadStream, WriteStream } from 'node:tty';
import blessed from 'blessed';
import { type CellGrid, MOST_COLUMNS, MOST_ROWS } from './cell-grid.ts';
import { CellWriter } from './cell-writer.ts';
import { ESCAPE_WAIT_MS, InputParser } from './input-parser.ts';
import type { Palette } from './palette.ts';
import type { CellPlace, Screen, ScreenListener } from './screen.ts';

// The specification says (xterm control sequences).
const MOUSE_MODES = { vt200Mouse: true, cellMotion: true, sgrMouse: true } as const;
const PASTE_ON = '\u001b[?2004h';
const PASTE_OFF = '\u001b[?2004l';
/** Synchronized output: the terminal shows what comes between at once. Terminals that do not know it pass it over. */
const UPDATE_BEGIN = '\u001b[?2026h';
const UPDATE_END = '\u001b[?2026l';
const CURSOR_ON = '\u001b[?25h';
const CURSOR_OFF = '\u001b[?25l';
/** Nothing is left of a picture on a terminal without an alternate screen, and what follows begins at its top. */
const CLEAN = '\u001b[0m\u001b[2J\u001b[H';
/** Exit codes of a process that a signal ended: 128 and its number. */
const SIGNALS = { SIGTERM: 143, SIGHUP: 129, SIGINT: 130 } as const;

/** We chose: octets of one copy. xterm takes about 100,000 base-64 digits at once. */
export const COPY_OCTETS = 74_994;

/** What a screen is made of. */
export interface TerminalStreams {
  /** A terminal that keys come from. */
  readonly input: ReadStream;
  readonly output: WriteStream;
}

/** See the head of the file. */
export class BlessedScreen implements Screen {
  readonly #input: ReadStream;
  readonly #output: WriteStream;
  readonly #program: blessed.BlessedProgram;
  readonly #writer: CellWriter;
  readonly #parser: InputParser;
  readonly #undo: (() => void)[] = [];
  #listener: ScreenListener | null = null;
  #escapeTimer: NodeJS.Timeout | null = null;
  /** Cells that wait until the terminal has caught up. */
  #waiting: { readonly grid: CellGrid; readonly cursor: CellPlace | null } | null = null;
  #isBehind = false;
  #isEntered = false;
  #isClosed = false;
  #isCursorShown = false;
  /** Somebody else stops the job. */
  readonly #stopped = (): void => this.suspend();

  /** Takes the terminal over. @param ascii it knows ASCII only */
  constructor(streams: TerminalStreams, palette: Palette, ascii: boolean) {
    this.#input = streams.input;
    this.#output = streams.output;
    // blessed must not read the keys: it gets an input that stays silent.
    this.#program = unheard(() => blessed.program({ input: new PassThrough(), output: streams.output }));
    this.#writer = new CellWriter(palette, ascii);
    this.#parser = new InputParser((event) => this.#listener?.input(event));
    this.#enter();
    this.#listenToStreams();
    this.#listenToSignals();
  }

  get width(): number {
    return Math.max(1, Math.min(this.#output.columns || 80, MOST_COLUMNS));
  }

  get height(): number {
    return Math.max(1, Math.min(this.#output.rows || 24, MOST_ROWS));
  }

  listen(listener: ScreenListener): void {
    this.#listener = listener;
  }

  setPalette(palette: Palette): void {
    this.#writer.setPalette(palette);
  }

  show(grid: CellGrid, cursor: CellPlace | null): void {
    if (!this.#isEntered) return;
    if (this.#isBehind) {
      this.#waiting = { grid, cursor };
      return;
    }
    let out = this.#writer.update(grid);
    if (cursor !== null) {
      out += `\u001b[${cursor.y + 1};${cursor.x + 1}H${CURSOR_ON}`;
    } else if (this.#isCursorShown) {
      out += CURSOR_OFF;
    }
    this.#isCursorShown = cursor !== null;
    if (out === '') return;
    this.#isBehind = !this.#output.write(UPDATE_BEGIN + out + UPDATE_END);
  }

  refresh(): void {
    this.#writer.forget();
    this.#listener?.resized();
  }

  copy(text: string): boolean {
    const octets = Buffer.from(text, 'utf8');
    if (octets.length > COPY_OCTETS || !this.#isEntered) return false;
    this.#output.write(`\u001b]52;c;${octets.toString('base64')}\u0007`);
    return true;
  }

  suspend(): void {
    this.#leave();
    process.off('SIGTSTP', this.#stopped);
    // All of the job stops, as with Ctrl-Z in the shell: npx or npm may be waiting for us in it.
    process.kill(0, 'SIGTSTP');
  }

  close(): void {
    if (this.#isClosed) return;
    this.#isClosed = true;
    this.#leave();
    for (const undo of this.#undo) undo();
    if (this.#escapeTimer !== null) clearTimeout(this.#escapeTimer);
    this.#program.destroy();
    this.#input.pause();
    this.#listener = null;
  }

  #enter(): void {
    if (this.#isEntered) return;
    this.#isEntered = true;
    // Who was stopped without warning is told that the terminal still is in raw mode, and the shell has changed that.
    this.#input.setRawMode(false);
    this.#input.setRawMode(true);
    this.#program.alternateBuffer();
    this.#program.hideCursor();
    this.#program.setMouse({ ...MOUSE_MODES }, true);
    this.#program.flush();
    this.#output.write(PASTE_ON);
    this.#isCursorShown = false;
    this.#writer.forget();
  }

  #leave(): void {
    if (!this.#isEntered) return;
    this.#isEntered = false;
    this.#waiting = null;
    this.#isBehind = false;
    try {
      this.#output.write(`${PASTE_OFF}${CLEAN}`);
      this.#program.setMouse({ vt200Mouse: false, cellMotion: false, sgrMouse: false }, false);
      this.#program.showCursor();
      this.#program.normalBuffer();
      this.#program.flush();
      this.#input.setRawMode(false);
    } catch {
      // The terminal went away: there is nothing to leave in order.
    }
  }

  #listenToStreams(): void {
    const data = (octets: Buffer): void => {
      this.#parser.push(octets);
      if (this.#escapeTimer !== null) clearTimeout(this.#escapeTimer);
      this.#escapeTimer = this.#parser.waits ? setTimeout(() => this.#parser.flush(), ESCAPE_WAIT_MS) : null;
    };
    const drained = (): void => {
      this.#isBehind = false;
      const waiting = this.#waiting;
      this.#waiting = null;
      if (waiting !== null) this.show(waiting.grid, waiting.cursor);
    };
    const gone = (): void => this.#listener?.gone(SIGNALS.SIGHUP);
    const resized = (): void => {
      this.#writer.forget();
      this.#listener?.resized();
    };
    this.#input.on('data', data).on('end', gone).on('error', gone);
    this.#output.on('drain', drained).on('error', gone);
    this.#program.on('resize', resized);
    this.#input.resume();
    this.#undo.push(
      () => this.#input.off('data', data).off('end', gone).off('error', gone),
      // An error that comes after the end is nobody's business any more; without a listener it would end the process.
      () =>
        this.#output
          .off('drain', drained)
          .off('error', gone)
          .on('error', () => undefined),
      () => this.#program.removeListener('resize', resized),
    );
  }

  #listenToSignals(): void {
    for (const [signal, exitCode] of Object.entries(SIGNALS)) {
      const ended = (): void => this.#listener?.gone(exitCode);
      process.on(signal, ended);
      this.#undo.push(() => process.off(signal, ended));
    }
    const continued = (): void => {
      if (this.#isClosed) return;
      this.#isEntered = false;
      process.off('SIGTSTP', this.#stopped).on('SIGTSTP', this.#stopped);
      this.#enter();
      this.#listener?.resized();
    };
    process.on('SIGCONT', continued).on('SIGTSTP', this.#stopped);
    // Whatever ends the process, the terminal is left in order.
    const exits = (): void => this.#leave();
    process.on('exit', exits);
    this.#undo.push(
      () => process.off('SIGCONT', continued).off('SIGTSTP', this.#stopped),
      () => process.off('exit', exits),
    );
  }
}

/**
 * blessed compiles all that is known of the terminal, and prints what it cannot (`plab_norm` of `screen-256color`) on that
 * very terminal; it then takes what it knows of xterm.
 */
function unheard<Value>(make: () => Value): Value {
  const heard = Object.getOwnPropertyDescriptor(console, 'error') ?? {};
  Object.defineProperty(console, 'error', { ...heard, value: () => undefined });
  try {
    return make();
  } finally {
    Object.defineProperty(console, 'error', heard);
  }
}
