// Octets from a terminal to keys, mouse and pasted text. blessed's own parser sees only the first mouse report of what
// arrives at once (a fast wheel sends several); this one sees all of them. Sequences may arrive in pieces.
//
// xterm control sequences ("XTerm Control Sequences", Thomas Dickey), CSI and SS3 (ECMA-48 5.4), mouse reports in SGR
// form (mode 1006), bracketed paste (mode 2004).

import { StringDecoder } from 'node:string_decoder';
import type { InputEvent, MouseInput } from './input-event.ts';

/** Constants we chose. */
/** An escape that nothing follows for so long (ms) is the Escape key. */
export const ESCAPE_WAIT_MS = 30;
/** Characters of one control sequence; what is longer is no sequence of ours and is dropped. */
const SEQUENCE_LENGTH = 64;
/** Characters of one paste; the rest is dropped. */
export const PASTE_LENGTH = 65_536;

const ESCAPE = '\u001b';
const PASTE_BEGIN = '\u001b[200~';
const PASTE_END = '\u001b[201~';

const MOUSE_REPORT = new RegExp(`^${ESCAPE}\\[<(\\d+);(\\d+);(\\d+)([Mm])$`);
const KEY_SEQUENCE = new RegExp(`^${ESCAPE}[[O]([\\d;]*)([A-Za-z~])$`);

const LETTER_KEYS: Readonly<Record<string, string>> = {
  A: 'up',
  B: 'down',
  C: 'right',
  D: 'left',
  E: 'begin',
  F: 'end',
  H: 'home',
  P: 'f1',
  Q: 'f2',
  R: 'f3',
  S: 'f4',
  Z: 'shift-tab',
};

const NUMBER_KEYS: Readonly<Record<number, string>> = {
  1: 'home',
  2: 'insert',
  3: 'delete',
  4: 'end',
  5: 'pageup',
  6: 'pagedown',
  7: 'home',
  8: 'end',
  11: 'f1',
  12: 'f2',
  13: 'f3',
  14: 'f4',
  15: 'f5',
  17: 'f6',
  18: 'f7',
  19: 'f8',
  20: 'f9',
  21: 'f10',
  23: 'f11',
  24: 'f12',
};

/** Turns what arrives into events. */
export class InputParser {
  readonly #decoder = new StringDecoder('utf8');
  readonly #tell: (event: InputEvent) => void;
  /** What arrived and is not understood yet. */
  #rest = '';
  /** Text of the paste that is going on, or null. */
  #paste: string | null = null;

  constructor(tell: (event: InputEvent) => void) {
    this.#tell = tell;
  }

  /** True while something is kept back that may be the start of a sequence: call `flush` after ESCAPE_WAIT_MS. */
  get waits(): boolean {
    return this.#rest !== '' && this.#paste === null;
  }

  /** Takes octets as they arrived. */
  push(octets: Uint8Array): void {
    this.#rest += this.#decoder.write(Buffer.from(octets.buffer, octets.byteOffset, octets.byteLength));
    this.#parse(false);
  }

  /** Nothing more came: what is kept back is keys. */
  flush(): void {
    this.#parse(true);
  }

  #parse(isAll: boolean): void {
    while (this.#rest !== '') {
      if (this.#paste !== null) {
        if (!this.#takePaste()) return;
        continue;
      }
      const taken = this.#rest.startsWith(ESCAPE) ? this.#takeEscape(isAll) : this.#takeCharacter();
      if (taken === 0) return;
      this.#rest = this.#rest.slice(taken);
    }
  }

  /** False where the end of the paste has not come yet. */
  #takePaste(): boolean {
    const end = this.#rest.indexOf(PASTE_END);
    // The end may come in two pieces: so much is kept back.
    const sure = end >= 0 ? end : Math.max(0, this.#rest.length - PASTE_END.length + 1);
    this.#paste = ((this.#paste ?? '') + this.#rest.slice(0, sure)).slice(0, PASTE_LENGTH);
    this.#rest = this.#rest.slice(end >= 0 ? end + PASTE_END.length : sure);
    if (end < 0) return false;
    this.#tell({ kind: 'paste', text: this.#paste });
    this.#paste = null;
    return true;
  }

  /** Characters taken; 0 where more must come. */
  #takeEscape(isAll: boolean): number {
    const text = this.#rest;
    if (text.length === 1) {
      if (!isAll) return 0;
      this.#key('escape');
      return 1;
    }
    const second = text[1];
    if (second === '[' || second === 'O') {
      const length = sequenceLength(text);
      if (length === 0) {
        if (!isAll && text.length <= SEQUENCE_LENGTH) return 0;
        if (text.length > SEQUENCE_LENGTH) return text.length;
        this.#key(`alt-${second}`);
        return 2;
      }
      this.#sequence(text.slice(0, length));
      return length;
    }
    if (second === ESCAPE) {
      this.#key('escape');
      return 1;
    }
    const point = String.fromCodePoint(text.codePointAt(1) as number);
    const name = characterKey(point);
    this.#key(name.startsWith('ctrl-') ? `ctrl-alt-${name.slice(5)}` : `alt-${name}`);
    return 1 + point.length;
  }

  #takeCharacter(): number {
    const character = String.fromCodePoint(this.#rest.codePointAt(0) as number);
    this.#key(characterKey(character));
    return character.length;
  }

  #sequence(text: string): void {
    if (text === PASTE_BEGIN) {
      this.#paste = '';
      return;
    }
    const mouse = MOUSE_REPORT.exec(text);
    if (mouse !== null) {
      const event = mouseEvent(Number(mouse[1]), Number(mouse[2]), Number(mouse[3]), mouse[4] === 'm');
      if (event !== null) this.#tell(event);
      return;
    }
    const parts = KEY_SEQUENCE.exec(text);
    if (parts === null) return;
    const [number, modifiers] = parts[1].split(';').map(Number);
    const name = parts[2] === '~' ? NUMBER_KEYS[number] : LETTER_KEYS[parts[2]];
    if (name !== undefined) this.#key(modifierText(modifiers) + name);
  }

  #key(key: string): void {
    this.#tell({ kind: 'key', key });
  }
}

/** Characters of the control sequence at the start of a text, or 0 where its end has not come. */
function sequenceLength(text: string): number {
  if (text[1] === 'O') return text.length >= 3 ? 3 : 0;
  for (let at = 2; at < text.length && at < SEQUENCE_LENGTH; at++) {
    const code = text.charCodeAt(at);
    // Final octet of a control sequence (ECMA-48 5.4).
    if (code >= 0x40 && code <= 0x7e) return at + 1;
    if (code < 0x20 || code > 0x7e) return at;
  }
  return 0;
}

/** Modifiers as xterm sends them: 1 plus shift 1, alt 2, ctrl 4. */
function modifierText(sent: number | undefined): string {
  if (sent === undefined || !(sent > 1)) return '';
  const bits = sent - 1;
  return `${(bits & 4) === 0 ? '' : 'ctrl-'}${(bits & 2) === 0 ? '' : 'alt-'}${(bits & 1) === 0 ? '' : 'shift-'}`;
}

function characterKey(character: string): string {
  const code = character.codePointAt(0) as number;
  if (code === 0x0d || code === 0x0a) return 'enter';
  if (code === 0x09) return 'tab';
  if (code === 0x20) return 'space';
  if (code === 0x7f || code === 0x08) return 'backspace';
  if (code === 0) return 'ctrl-space';
  if (code < 0x1b) return `ctrl-${String.fromCharCode(code + 0x60)}`;
  if (code < 0x20) return `ctrl-${String.fromCharCode(code + 0x40).toLowerCase()}`;
  return character;
}

/** Button codes of xterm: bits 0 and 1 the button (3: none), 32 motion, 64 wheel. */
function mouseEvent(code: number, column: number, row: number, isRelease: boolean): MouseInput | null {
  const x = column - 1;
  const y = row - 1;
  if (x < 0 || y < 0) return null;
  if ((code & 64) !== 0) {
    if ((code & 2) !== 0) return null;
    return { kind: 'mouse', action: (code & 1) === 0 ? 'wheel-up' : 'wheel-down', button: 'none', x, y };
  }
  const button = (['left', 'middle', 'right', 'none'] as const)[code & 3];
  const action = isRelease ? 'release' : (code & 32) !== 0 ? 'drag' : 'press';
  return { kind: 'mouse', action, button, x, y };
}
