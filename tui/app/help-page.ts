// The help page: the key table as it is in force, and what can be typed behind `:`.

import type { Command } from '../keys.ts';
import { type Context, type KeyBinding, keyText } from '../keys.ts';
import { textWidth } from '../screen/glyphs.ts';
import type { Pane } from '../screen/pane.ts';
import { Attribute, style } from '../screen/style.ts';
import { wrapped } from '../widgets/wrapped-text.ts';
import { COMMANDS } from './command-line.ts';

const TITLES: readonly (readonly [Context, string])[] = [
  ['everywhere', 'Everywhere'],
  ['list', 'In lists'],
  ['groups', 'Groups'],
  ['flow', 'Flow'],
  ['compare', 'Comparison of two messages'],
  ['epochs', 'Epochs'],
  ['findings', 'Findings'],
  ['messages', 'Messages'],
  ['tree', 'Layers of a message'],
  ['octets', 'Octets of a message'],
  ['status', 'Status'],
  ['prompt', 'While typing'],
  ['help', 'On this page'],
];

const MOUSE =
  'Mouse: click a tab, a row, a field or an octet; the wheel scrolls. Hold Shift to select text as the terminal does.';
const KEYS_WIDTH = 22;
const KEYS_LEFT = 3;
/** Texts that have no more room than this are cut off. */
const LEAST_WIDTH = 20;

type Line = readonly [kind: 'title' | 'key' | 'text', left: string, right: string];

/** Where the page is scrolled to. */
export class HelpPage {
  #top = 0;
  #height = 1;
  readonly #all: readonly Line[];
  /** As many as it takes to show them in so many cells. */
  #lines: readonly Line[] = [];
  #width = 0;

  /** @param first the context whose keys stand first */
  constructor(table: readonly KeyBinding[], first: Context) {
    this.#all = helpLines(table, first);
  }

  /** @returns false where the page is closed */
  run(command: Command | null): boolean {
    if (command === 'cancel' || command === 'quit') return false;
    const page = Math.max(1, this.#height - 2);
    const steps: Partial<Record<Command, number>> = { up: -1, down: 1, 'page-up': -page, 'page-down': page };
    this.scroll(steps[command ?? 'help'] ?? 0);
    return true;
  }

  scroll(rows: number): void {
    this.#top = Math.max(0, Math.min(this.#lines.length - this.#height, this.#top + rows));
  }

  draw(pane: Pane): void {
    this.#height = pane.height;
    if (pane.width !== this.#width) {
      this.#width = pane.width;
      this.#lines = this.#all.flatMap((line) => foldedLine(line, pane.width));
    }
    this.scroll(0);
    pane.fill();
    for (let row = 0; row < pane.height && this.#top + row < this.#lines.length; row++) {
      const [kind, left, right] = this.#lines[this.#top + row];
      if (kind === 'title') pane.write(1, row, left, style('title', 'base', Attribute.bold));
      else if (kind === 'text') pane.write(1, row, left, style('dim'));
      else {
        pane.write(KEYS_LEFT, row, left, style('accent'));
        pane.write(aboutCell(left), row, right);
      }
    }
    const below = this.#lines.length - this.#top - pane.height;
    if (below > 0) pane.writeRight(pane.width - 1, pane.height - 1, ` ▾ ${below} more`, style('dim'));
  }
}

/** Cell in which the text about a key begins. */
function aboutCell(left: string): number {
  return KEYS_LEFT + Math.max(KEYS_WIDTH, textWidth(left) + 1);
}

/** A line in as many as it takes. */
function foldedLine([kind, left, right]: Line, width: number): Line[] {
  if (kind !== 'key') return wrapped(left, Math.max(LEAST_WIDTH, width - 2)).map((text) => [kind, text, '']);
  const room = Math.max(LEAST_WIDTH, width - aboutCell(left) - 1);
  // What goes on stands under its beginning.
  const blank = ' '.repeat(aboutCell(left) - KEYS_LEFT - 1);
  return wrapped(right, room).map((text, at) => [kind, at === 0 ? left : blank, text]);
}

/** All lines of the page. Of a key that stands in several contexts the line stands in each. */
export function helpLines(table: readonly KeyBinding[], first: Context): Line[] {
  const ordered = [...TITLES].sort(([a], [b]) => Number(b === first) - Number(a === first));
  const lines: Line[] = [];
  for (const [context, title] of ordered) {
    const bindings = table.filter((binding) => binding.contexts[0] === context);
    if (bindings.length === 0) continue;
    if (lines.length > 0) lines.push(['text', '', '']);
    lines.push(['title', title, '']);
    for (const { keys, about } of bindings) lines.push(['key', keys.map(keyText).join('  '), about]);
  }
  lines.push(['text', '', ''], ['title', 'Commands, behind :', '']);
  for (const { name, takes, about } of COMMANDS) lines.push(['key', `:${name} ${takes}`.trimEnd(), about]);
  lines.push(['text', '', ''], ['text', MOUSE, '']);
  return lines;
}
