// One line that a person types, with the usual keys of a shell, and what was typed before.

import { glyphsOf, glyphWidth } from '../screen/glyphs.ts';

/** We chose: characters of a line; what is typed beyond is not taken (a filter may have 8192). */
const LINE_LENGTH = 8192;

/** See the head of the file. */
export class TextInput {
  #characters: string[] = [];
  #cursor = 0;
  readonly #history: readonly string[];
  /** Place in the history; its length: the line being typed. */
  #at: number;
  #typed = '';

  /** @param history texts typed before, the newest last */
  constructor(text: string, history: readonly string[]) {
    this.#history = history;
    this.#at = history.length;
    this.text = text;
  }

  get text(): string {
    return this.#characters.join('');
  }

  set text(text: string) {
    this.#characters = [...text.replace(/[\r\n\t]+/g, ' ')].slice(0, LINE_LENGTH);
    this.#cursor = this.#characters.length;
  }

  /** Offset of the cursor in UTF-16 units. */
  get cursor(): number {
    return this.#characters.slice(0, this.#cursor).join('').length;
  }

  /** Cells before the cursor. */
  get cursorCells(): number {
    return cells(this.#characters.slice(0, this.#cursor).join(''));
  }

  /** Puts a text where the cursor is. */
  insert(text: string): void {
    const added = [...text.replace(/[\r\n\t]+/g, ' ')].slice(0, LINE_LENGTH - this.#characters.length);
    this.#characters.splice(this.#cursor, 0, ...added);
    this.#cursor += added.length;
  }

  /** Replaces what stands between an offset (UTF-16) and the cursor. */
  replaceFrom(offset: number, text: string): void {
    const before = this.text.slice(0, offset);
    const after = this.#characters.slice(this.#cursor).join('');
    this.#characters = [...before, ...text, ...after];
    this.#cursor = [...before].length + [...text].length;
  }

  /** Takes a key of the line editor. @returns false where it is none */
  press(key: string): boolean {
    switch (key) {
      case 'left':
      case 'ctrl-b':
        this.#cursor = Math.max(0, this.#cursor - 1);
        return true;
      case 'right':
      case 'ctrl-f':
        this.#cursor = Math.min(this.#characters.length, this.#cursor + 1);
        return true;
      case 'home':
      case 'ctrl-a':
        this.#cursor = 0;
        return true;
      case 'end':
      case 'ctrl-e':
        this.#cursor = this.#characters.length;
        return true;
      case 'alt-b':
      case 'ctrl-left':
        this.#cursor = this.#wordStart();
        return true;
      case 'alt-f':
      case 'ctrl-right':
        this.#cursor = this.#wordEnd();
        return true;
      case 'backspace':
        if (this.#cursor > 0) this.#characters.splice(--this.#cursor, 1);
        return true;
      case 'delete':
      case 'ctrl-d':
        this.#characters.splice(this.#cursor, 1);
        return true;
      case 'ctrl-w':
      case 'alt-backspace': {
        const start = this.#wordStart();
        this.#characters.splice(start, this.#cursor - start);
        this.#cursor = start;
        return true;
      }
      case 'ctrl-u':
        this.#characters.splice(0, this.#cursor);
        this.#cursor = 0;
        return true;
      case 'ctrl-k':
        this.#characters.length = this.#cursor;
        return true;
      case 'space':
        this.insert(' ');
        return true;
      default:
        if ([...key].length !== 1) return false;
        this.insert(key);
        return true;
    }
  }

  /** What was typed before (-1) or after that (1). */
  recall(direction: 1 | -1): void {
    const at = this.#at + direction;
    if (at < 0 || at > this.#history.length) return;
    if (this.#at === this.#history.length) this.#typed = this.text;
    this.#at = at;
    this.text = at === this.#history.length ? this.#typed : this.#history[at];
  }

  #wordStart(): number {
    let at = this.#cursor;
    while (at > 0 && this.#characters[at - 1] === ' ') at--;
    while (at > 0 && this.#characters[at - 1] !== ' ') at--;
    return at;
  }

  #wordEnd(): number {
    let at = this.#cursor;
    while (at < this.#characters.length && this.#characters[at] === ' ') at++;
    while (at < this.#characters.length && this.#characters[at] !== ' ') at++;
    return at;
  }
}

function cells(text: string): number {
  return glyphsOf(text).reduce((sum, glyph) => sum + glyphWidth(glyph), 0);
}
