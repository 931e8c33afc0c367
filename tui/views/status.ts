// Status: how the feed fares, what was not decoded and why, what was lost on the way, memory. Facts of a daemon (sources,
// drops, journal, subscribers) come from its feed.

import type { View, ViewHost } from '../app/view.ts';
import type { StatusFact } from '../feed.ts';
import type { Command, Context } from '../keys.ts';
import { sessionFacts } from '../model/session-facts.ts';
import type { MouseInput } from '../screen/input-event.ts';
import type { Pane } from '../screen/pane.ts';
import { style } from '../screen/style.ts';
import { RowCursor } from '../widgets/row-cursor.ts';
import { wrapped } from '../widgets/wrapped-text.ts';

// We chose.
const LEFT = 2;
/** Cells of the names of facts. */
const NAME_CELLS = 26;

interface StatusLine {
  readonly heading: string;
  readonly name: string;
  readonly value: string;
  readonly level: StatusFact['level'];
}

/** See the head of the file. */
export class StatusView implements View {
  readonly name = 'status';
  readonly title = 'Status';
  readonly #host: ViewHost;
  readonly #cursor = new RowCursor();
  #lines: readonly StatusLine[] = [];

  constructor(host: ViewHost) {
    this.#host = host;
  }

  contexts(): readonly Context[] {
    return ['status', 'list'];
  }

  draw(pane: Pane): void {
    const room = pane.width - LEFT - NAME_CELLS - 2;
    this.#lines = linesOf([...sessionFacts(this.#host.session), ...this.#host.session.facts], room);
    this.#cursor.fit(this.#lines.length, pane.height);
    for (let y = 0; y < pane.height; y++) {
      const line = this.#lines[this.#cursor.top + y];
      if (line === undefined) break;
      if (line.heading !== '') pane.write(LEFT - 1, y, line.heading, style('title'));
      const ink = line.level ?? 'text';
      pane.write(LEFT, y, line.name, style('dim'), NAME_CELLS);
      pane.write(LEFT + NAME_CELLS + 1, y, line.value, style(ink), room);
      if (this.#cursor.top + y === this.#cursor.row) pane.lay(0, y, pane.width, 'selected');
    }
    const below = this.#lines.length - this.#cursor.top - pane.height;
    if (below > 0) pane.writeRight(pane.width - 1, pane.height - 1, `▾ ${below} more`, style('dim'));
  }

  run(command: Command): boolean {
    return this.#cursor.run(command);
  }

  mouse(event: MouseInput): void {
    if (event.action === 'wheel-down') this.#cursor.wheel(1);
    else if (event.action === 'wheel-up') this.#cursor.wheel(-1);
    else if (event.action === 'press' && event.button === 'left') this.#cursor.click(event.y);
  }

  copied(): { readonly text: string; readonly what: string } | null {
    const lines = this.#lines.map(({ heading, name, value }) =>
      heading === '' ? `  ${name.padEnd(NAME_CELLS)} ${value}` : heading,
    );
    return { text: `${lines.join('\n')}\n`, what: 'status' };
  }

  search(text: string, direction: 1 | -1): void {
    const wanted = text.toLowerCase();
    const count = this.#lines.length;
    for (let step = 1; step <= count; step++) {
      const at = (this.#cursor.row + direction * step + count * step) % count;
      const { heading, name, value } = this.#lines[at];
      if (!`${heading} ${name} ${value}`.toLowerCase().includes(wanted)) continue;
      this.#cursor.reveal(at);
      return;
    }
    this.#host.say(`${text}: not found`, 'warning');
  }
}

/** Facts under their headings, long values over several lines. */
function linesOf(facts: readonly StatusFact[], room: number): StatusLine[] {
  const lines: StatusLine[] = [];
  const blank = { heading: '', name: '', value: '', level: undefined };
  for (const heading of new Set(facts.map((fact) => fact.heading))) {
    if (lines.length > 0) lines.push(blank);
    lines.push({ ...blank, heading });
    for (const fact of facts) {
      if (fact.heading !== heading) continue;
      for (const [index, value] of wrapped(fact.value, room).entries()) {
        lines.push({ ...blank, name: index === 0 ? fact.name : '', value, level: fact.level });
      }
    }
  }
  return lines;
}
