// Epochs: a timeline a group. When each of its keys may be used and when it was, by whom, under which PTK ids; now; and when
// the group has no key. All groups stand on one axis of time.

import { printable } from '../../dissectors/printable.ts';
import type { View, ViewHost, ViewTarget } from '../app/view.ts';
import type { Command, Context } from '../keys.ts';
import { type EpochLine, epochLines } from '../model/epoch-lines.ts';
import { type TimeSpan, usableSpans } from '../model/key-cover.ts';
import { layer2Text } from '../model/message-store.ts';
import { nothingHeard } from '../model/session-facts.ts';
import type { MouseInput } from '../screen/input-event.ts';
import type { Pane } from '../screen/pane.ts';
import { style } from '../screen/style.ts';
import { RowCursor } from '../widgets/row-cursor.ts';
import { inCalendar, instantText, TimeAxis } from '../widgets/time-axis.ts';
import { clockText, spanText } from '../widgets/time-text.ts';
import { drawEpochLine, drawFacts, type EpochFrame, FACT_TITLES, lineText } from './epoch-line.ts';
import { groupFilter } from './groups.ts';

// We chose.
const HEAD_ROWS = 1;
const LEGEND_ROWS = 1;
/** Cells of names on the left. */
const NAME_CELLS = 11;
const WIDE_NAME_CELLS = 17;
/** Cells of the facts on the right; wide ones say when a key was first and last used as well. */
const FACT_CELLS = 39;
const WIDE_FACT_CELLS = 61;
const WIDE_FROM = 110;
const ZOOM_FACTOR = 2;
/** What is seen beyond both ends of all keys, as a part of it. */
const MARGIN = 0.03;

/** See the head of the file. */
export class EpochsView implements View {
  readonly name = 'epochs';
  readonly title = 'Epochs';
  readonly #host: ViewHost;
  readonly #cursor = new RowCursor();
  /** Lines of keys, by id, whose PTK ids are shown; where all are shown, those whose are not. */
  readonly #folds = new Set<string>();
  #unfoldsAll = false;
  #foldVersion = 0;
  #lines: readonly EpochLine[] = [];
  #height = 1;
  #builtAs: readonly unknown[] = [];
  /** What is seen; null: all of it. */
  #seen: TimeSpan | null = null;
  #axis = new TimeAxis({ from: 0, to: 1 }, 1);
  /** Cell in which the timeline begins. */
  #left = NAME_CELLS;
  /** Instant that is looked at (ms since 1970); null: none but now. */
  #time: number | null = null;
  /** Id of the selected line: it moves when others come. */
  #selected: string | null = null;

  constructor(host: ViewHost) {
    this.#host = host;
  }

  contexts(): readonly Context[] {
    return ['epochs', 'list'];
  }

  shown({ group }: ViewTarget): void {
    if (group !== undefined) this.#selected = String(group);
  }

  draw(pane: Pane): void {
    const height = pane.height - HEAD_ROWS - LEGEND_ROWS;
    this.#height = height;
    this.#build();
    this.#keepSelected();
    const isWide = pane.width >= WIDE_FROM;
    const left = isWide ? WIDE_NAME_CELLS : NAME_CELLS;
    const facts = isWide ? WIDE_FACT_CELLS : FACT_CELLS;
    this.#axis = new TimeAxis(this.#seen ?? this.#whole(), pane.width - left - facts - 2);
    this.#left = left;
    const { groups, epochUse } = this.#host.session;
    const frame: EpochFrame = {
      ...{ axis: this.#axis, left, factsAt: left + this.#axis.cells + 1, isWide, now: groups.now, use: epochUse },
      cursor: this.#time ?? Number.NaN,
    };
    this.#drawHead(pane, frame);
    for (let y = 0; y < height; y++) {
      const line = this.#lines[this.#cursor.top + y];
      if (line === undefined) break;
      drawEpochLine(pane, y + HEAD_ROWS, line, frame);
      if (this.#cursor.top + y !== this.#cursor.row) continue;
      pane.write(0, y + HEAD_ROWS, '▸', style('accent'));
      pane.lay(0, y + HEAD_ROWS, pane.width, 'selected');
    }
    if (this.#lines.length === 0) pane.write(3, 2, nothingHeard(this.#host.session), style('dim'));
    if (this.#time === null) drawLegend(pane, pane.height - 1, groups.now);
    else pane.write(1, pane.height - 1, this.#cursorText(this.#time), style('title'), pane.width - 2);
  }

  run(command: Command): boolean {
    // Keys may come faster than pictures: what the one before unfolded must be there.
    this.#build();
    if (this.#cursor.run(command)) return this.#keepSelected();
    if (this.#lines.length === 0) return false;
    switch (command) {
      case 'left':
      case 'right':
        this.#seen = this.#axis.scrolled(command === 'right' ? 1 : -1, this.#whole());
        return true;
      case 'time-earlier':
      case 'time-later':
        return this.#moveTime(command === 'time-later' ? 1 : -1);
      case 'back':
        this.#time = null;
        return true;
      case 'zoom-in':
        return this.#zoom(1 / ZOOM_FACTOR);
      case 'zoom-out':
        return this.#zoom(ZOOM_FACTOR);
      case 'maximise':
        this.#seen = this.#seen === null ? this.#heard() : null;
        return true;
      case 'sort':
        return this.#nextGroup(1);
      case 'reverse':
        return this.#nextGroup(-1);
      case 'fold-all':
      case 'unfold-all':
        this.#folds.clear();
        this.#unfoldsAll = command === 'unfold-all';
        return this.#foldsChanged(this.#selected);
      default: {
        const line = this.#lines[this.#cursor.row];
        return line === undefined ? false : this.#runOn(line, command);
      }
    }
  }

  mouse(event: MouseInput): void {
    if (event.action === 'wheel-down') this.#cursor.wheel(1);
    else if (event.action === 'wheel-up') this.#cursor.wheel(-1);
    else if (event.action === 'press' && event.button === 'left') {
      const before = this.#cursor.row;
      if (event.y < HEAD_ROWS) this.#setTime(event.x - this.#left);
      if (!this.#cursor.click(event.y - HEAD_ROWS)) return;
      // A click on what is selected opens it.
      if (this.#cursor.row === before) this.run('open');
    } else return;
    this.#keepSelected();
  }

  copied(): { readonly text: string; readonly what: string } | null {
    const line = this.#lines[this.#cursor.row];
    return line === undefined ? null : { text: `${this.#textOf(line)}\n`, what: 'line of the epochs' };
  }

  search(text: string, direction: 1 | -1): void {
    const wanted = text.toLowerCase();
    const count = this.#lines.length;
    for (let step = 1; step <= count; step++) {
      const at = (this.#cursor.row + direction * step + count * step) % count;
      if (!this.#textOf(this.#lines[at]).toLowerCase().includes(wanted)) continue;
      this.#cursor.reveal(at);
      this.#keepSelected();
      return;
    }
    this.#host.say(`${text}: not found`, 'warning');
  }

  #textOf(line: EpochLine): string {
    const { groups, epochUse } = this.#host.session;
    return lineText(line, groups.now, epochUse);
  }

  #keepSelected(): true {
    this.#selected = this.#lines[this.#cursor.row]?.id ?? this.#selected;
    return true;
  }

  #runOn(line: EpochLine, command: Command): boolean {
    const target = { group: line.row.code };
    switch (command) {
      case 'open':
        this.#host.setFilter(lineFilter(line));
        this.#host.show('messages', target);
        return true;
      case 'filter-on-this':
        this.#host.setFilter(lineFilter(line));
        return true;
      case 'fold':
        return this.#fold(line);
      case 'show-flow':
        this.#host.show('flow', target);
        return true;
      case 'show-findings':
        this.#host.show('findings', target);
        return true;
      default:
        return false;
    }
  }

  #fold(line: EpochLine): boolean {
    if (line.kind !== 'key' && line.kind !== 'ptk') return false;
    if (line.kind === 'key' && line.use === undefined) {
      this.#host.say('nothing was heard under this key');
      return true;
    }
    const id = line.kind === 'key' ? line.id : line.keyId;
    // With all of them unfolded, the set has those that are not.
    if (!this.#folds.delete(id)) this.#folds.add(id);
    return this.#foldsChanged(id);
  }

  #foldsChanged(id: string | null): boolean {
    this.#foldVersion++;
    this.#selected = id;
    return true;
  }

  /** Builds the lines anew where something came, and finds the selected one again. */
  #build(): void {
    const { epochUse, descriptions, groups } = this.#host.session;
    const as = [epochUse.shape, descriptions, groups.size, this.#foldVersion];
    if (as.some((each, index) => each !== this.#builtAs[index])) {
      this.#builtAs = as;
      this.#lines = epochLines(this.#host.session, (id) => this.#folds.has(id) !== this.#unfoldsAll);
    }
    const at = this.#lines.findIndex(({ id }) => id === this.#selected);
    if (at >= 0) this.#cursor.row = at;
    this.#cursor.fit(this.#lines.length, this.#height);
  }

  #zoom(factor: number): boolean {
    const whole = this.#whole();
    const seen = this.#axis.zoomed(factor, this.#time ?? this.#host.session.groups.now);
    const isAll = seen.from <= whole.from && seen.to >= whole.to;
    this.#seen = isAll ? null : seen;
    this.#host.say(`${spanText(isAll ? whole.to - whole.from : seen.to - seen.from)} are seen`);
    return true;
  }

  /** Moves the time cursor by a cell; where there is none yet, from now. */
  #moveTime(direction: 1 | -1): boolean {
    const { now } = this.#host.session.groups;
    const start = this.#time ?? (this.#axis.cellOf(now) >= 0 ? now : (this.#axis.from + this.#axis.to) / 2);
    const { from, to } = this.#whole();
    this.#time = inCalendar(Math.max(from, Math.min(to, start + direction * this.#axis.cellSpan)));
    const cell = this.#axis.cellOf(this.#time);
    if (cell < 0 || cell >= this.#axis.cells) this.#seen = this.#axis.scrolled(direction, { from, to });
    return true;
  }

  /** Puts the time cursor into a cell of the axis. */
  #setTime(cell: number): void {
    if (cell < 0 || cell >= this.#axis.cells) return;
    const { from, to } = this.#axis.spanOf(cell);
    this.#time = (from + to) / 2;
  }

  /** What is so at the time cursor: when that is, and which keys of the selected group may be used then. */
  #cursorText(time: number): string {
    const { now } = this.#host.session.groups;
    const row = this.#lines[this.#cursor.row]?.row;
    const usable = (row?.description?.keys ?? []).filter((key) =>
      usableSpans(key).some(({ from, to }) => time >= from && time < to),
    );
    const keys = usable.length === 0 ? 'no key' : usable.map(({ pgkId }) => `PGK ${pgkId}`).join(', ');
    const distance = Number.isNaN(now)
      ? ''
      : `  ${spanText(Math.abs(time - now))} ${time < now ? 'before' : 'after'} now`;
    const name = row === undefined ? '' : `  ${printable(row.name ?? row.idText)}: ${keys} may be used`;
    return `┆ ${instantText(time, now)}:${clockText(time, 0).slice(-2)}${distance}${name}`;
  }

  #nextGroup(step: 1 | -1): boolean {
    const groups = this.#lines.filter(({ kind }) => kind === 'group');
    const at = groups.findIndex(({ row }) => row === this.#lines[this.#cursor.row]?.row);
    const next = groups[(at + step + groups.length) % Math.max(1, groups.length)];
    if (next === undefined) return false;
    this.#selected = next.id;
    return true;
  }

  /** From the first to the last that is known of: windows of keys and messages. */
  #whole(): TimeSpan {
    const { groups, descriptions } = this.#host.session;
    let from = Number.POSITIVE_INFINITY;
    let to = Number.NEGATIVE_INFINITY;
    const reach = (first: number, last: number): void => {
      if (first < from) from = first;
      if (last > to) to = last;
    };
    for (const { keys } of descriptions) for (const key of keys) reach(key.notBefore, key.notAfter);
    for (const row of groups.rows()) if (row.messages > 0) reach(row.first, row.last);
    if (from > to) return { from: 0, to: 1 };
    const margin = MARGIN * (to - from);
    return { from: from - margin, to: to + margin };
  }

  /** From the first to the last message. */
  #heard(): TimeSpan | null {
    const rows = this.#host.session.groups.rows().filter(({ messages }) => messages > 0);
    if (rows.length === 0) return null;
    const from = Math.min(...rows.map(({ first }) => first));
    const to = Math.max(...rows.map(({ last }) => last));
    const margin = MARGIN * (to - from);
    return { from: from - margin, to: to + margin };
  }

  #drawHead(pane: Pane, { left, factsAt, isWide, now, cursor }: EpochFrame): void {
    drawFacts(pane, 0, factsAt, isWide, FACT_TITLES, 'dim');
    const cell = this.#axis.cellOf(now);
    if (cell >= 0 && cell < this.#axis.cells) pane.put(left + cell, 0, '▾', style('accent'));
    for (const mark of this.#axis.marks()) pane.write(left + mark.cell, 0, `│${mark.text}`, style('dim'));
    const marked = this.#axis.cellOf(cursor);
    if (marked >= 0 && marked < this.#axis.cells) pane.put(left + marked, 0, '┆', style('title'));
    pane.write(1, 0, spanText(this.#axis.to - this.#axis.from), style('dim'), left - 2);
  }
}

function drawLegend(pane: Pane, y: number, now: number): void {
  const legend = '░ held  █ in use  ▒ overlap  ~ used after  ─ withdrawn  ╳ no key';
  const end = pane.write(1, y, legend, style('dim'));
  if (!Number.isNaN(now)) pane.write(end + 2, y, `│ ${clockText(now, 0)}`, style('accent'));
}

/** A display filter that the messages of a line pass. */
function lineFilter(line: EpochLine): string {
  const group = groupFilter(line.row);
  if (line.kind !== 'key' && line.kind !== 'ptk') return group;
  const key = `${group} && slrb.pgk-id == ${line.pgkId}`;
  if (line.kind === 'key') return key;
  return `${key} && mac-lte.slsch.src-l2-id == ${layer2Text(line.ptk.source)} && slrb.ptk-id == ${line.ptk.ptkId}`;
}
