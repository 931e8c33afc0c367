// The line at the bottom in which something is typed: a display filter, a command, a text to search for.

import { printable } from '../../dissectors/printable.ts';
import type { Pane } from '../screen/pane.ts';
import type { CellPlace } from '../screen/screen.ts';
import { Attribute, type Ink, style } from '../screen/style.ts';
import { TextInput } from '../widgets/text-input.ts';
import type { Invocation } from './key-dispatcher.ts';

/** Constants we chose. */
/** Suggestions that are seen at once. */
const SEEN = 8;
/** Texts of one history; the oldest go first. */
export const HISTORY_CAP = 200;

/** What could stand at the cursor. */
export interface PromptSuggestion {
  readonly text: string;
  readonly about: string;
}

/** What a prompt says of the text so far. */
export interface PromptVerdict {
  readonly level: 'good' | 'bad' | 'dim';
  readonly text: string;
}

/** What one kind of prompt does with its text. */
export interface PromptKind {
  /** Sign in front of the line. */
  readonly sign: string;
  readonly history: readonly string[];
  /** Suggestions, and the offset from which they replace the text up to the cursor. */
  complete(text: string, cursor: number): { readonly from: number; readonly suggestions: readonly PromptSuggestion[] };
  /** What is to be said of the text while it is typed. */
  judge(text: string): PromptVerdict;
  /** Takes the text. @returns false where it is not good: the prompt stays */
  accept(text: string): boolean;
}

/** One prompt, from its first key to its last. */
export class Prompt {
  readonly #kind: PromptKind;
  readonly #input: TextInput;
  /** The suggestion that was taken last, and what it was taken from. */
  #taken: { readonly from: number; readonly list: readonly PromptSuggestion[]; readonly at: number } | null = null;

  constructor(kind: PromptKind, text: string) {
    this.#kind = kind;
    this.#input = new TextInput(text, kind.history);
  }

  get text(): string {
    return this.#input.text;
  }

  /** Takes a key. @returns what becomes of the prompt */
  press(key: string, invocation: Invocation | null): 'open' | 'done' {
    switch (invocation?.command) {
      case 'cancel':
        return 'done';
      case 'accept':
        return this.#kind.accept(this.#input.text) ? 'done' : 'open';
      case 'complete':
        this.#complete(1);
        return 'open';
      case 'complete-back':
        this.#complete(-1);
        return 'open';
      case 'older':
        this.#recall(-1);
        return 'open';
      case 'newer':
        this.#recall(1);
        return 'open';
      default:
        // Backspace in an empty line leaves, as in vim.
        if (key === 'backspace' && this.#input.text === '') return 'done';
        if (this.#input.press(key)) this.#taken = null;
        return 'open';
    }
  }

  paste(text: string): void {
    this.#input.insert(text);
    this.#taken = null;
  }

  /** Draws the line, and suggestions above it. @returns where the cursor stands */
  draw(pane: Pane): CellPlace {
    const y = pane.height - 1;
    pane.fillRow(y, style('text', 'input'));
    const sign = `${this.#kind.sign} `;
    pane.write(1, y, sign, style('accent', 'input', Attribute.bold));
    const begin = 1 + sign.length;
    const verdict = this.#kind.judge(this.#input.text);
    const room = pane.width - begin - 2;
    const cursor = this.#input.cursorCells;
    // What is typed scrolls to the left when it is longer than the line.
    const skipped = Math.max(0, cursor - room);
    const text = printable(this.#input.text);
    const ink: Ink = verdict.level === 'bad' ? 'bad' : 'text';
    const shown = skipped === 0 ? text : [...text].slice(skipped).join('');
    const end = pane.write(begin, y, shown, style(ink, 'input'), room);
    if (verdict.text !== '' && end + 3 < pane.width) {
      pane.write(end + 3, y, printable(verdict.text), style(verdict.level, 'input'), pane.width - end - 4);
    }
    this.#drawSuggestions(pane);
    return { x: Math.min(pane.width - 1, begin + cursor - skipped), y };
  }

  #drawSuggestions(pane: Pane): void {
    const { list, at } = this.#taken ?? { ...this.#suggestions(), at: -1 };
    if (list.length === 0) return;
    const rows = Math.min(SEEN, list.length, pane.height - 4);
    const first = Math.max(0, Math.min(at - Math.floor(rows / 2), list.length - rows));
    const names = Math.min(40, Math.max(...list.map((each) => [...each.text].length)) + 2);
    const box = pane.part(1, pane.height - 1 - rows, Math.min(pane.width - 2, names + 62), rows);
    box.fill(style('text', 'overlay'));
    for (let row = 0; row < rows; row++) {
      const suggestion = list[first + row];
      const ground = first + row === at ? 'selected' : 'overlay';
      box.fillRow(row, style('text', ground));
      box.write(1, row, printable(suggestion.text), style('text', ground), names - 1);
      box.write(names + 1, row, printable(suggestion.about), style('dim', ground));
    }
  }

  #suggestions(): { readonly from: number; readonly list: readonly PromptSuggestion[] } {
    const { from, suggestions } = this.#kind.complete(this.#input.text, this.#input.cursor);
    return { from, list: suggestions };
  }

  #complete(direction: 1 | -1): void {
    const { from, list, at } = this.#taken ?? { ...this.#suggestions(), at: direction === 1 ? -1 : 0 };
    if (list.length === 0) return;
    const next = (at + direction + list.length) % list.length;
    this.#input.replaceFrom(from, list[next].text);
    // One that is alone needs no second key.
    this.#taken = list.length === 1 ? null : { from, list, at: next };
    if (list.length === 1) this.#input.insert(' ');
  }

  #recall(direction: 1 | -1): void {
    this.#input.recall(direction);
    this.#taken = null;
  }
}

/** Adds a text to a history: the newest last, each once. */
export function remember(history: string[], text: string): void {
  if (text.trim() === '') return;
  const known = history.indexOf(text);
  if (known >= 0) history.splice(known, 1);
  history.push(text);
  if (history.length > HISTORY_CAP) history.shift();
}
