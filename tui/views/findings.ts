// Findings: what the traffic gives away, the worst on top; the selected one explained below.

import { type FindingEvent, SEVERITIES } from '../../daemon/events.ts';
import { printable } from '../../dissectors/printable.ts';
import type { View, ViewHost, ViewTarget } from '../app/view.ts';
import type { Command, Context } from '../keys.ts';
import type { ListedFinding } from '../model/finding-list.ts';
import { findingFilter, findingNames, findingParts, findingText, timeOf } from '../model/finding-text.ts';
import type { MouseInput } from '../screen/input-event.ts';
import type { Pane } from '../screen/pane.ts';
import { type Ink, style } from '../screen/style.ts';
import { SEVERITY_SIGNS } from '../theme.ts';
import {
  type ColumnSpec,
  columnAt,
  drawCell,
  drawTitles,
  type PlacedColumn,
  placeColumns,
} from '../widgets/columns.ts';
import { RowCursor } from '../widgets/row-cursor.ts';
import { clockText, countText } from '../widgets/time-text.ts';
import { wrapped } from '../widgets/wrapped-text.ts';

const COLUMNS = [
  { name: 'severity', title: 'severity', width: 10, drop: 0 },
  { name: 'name', title: 'finding', width: 24, least: 20, drop: 0 },
  { name: 'group', title: 'group', width: 12, least: 8, drop: 2 },
  { name: 'source', title: 'source', width: 14, least: 8, drop: 3 },
  { name: 'count', title: 'times', width: 7, least: 5, align: 'right', drop: 1 },
  { name: 'time', title: 'first seen', width: 12, least: 8, drop: 4 },
  { name: 'what', title: 'what', width: 40, least: 16, grows: true, drop: 5 },
] as const satisfies readonly ColumnSpec<string>[];

type ColumnName = (typeof COLUMNS)[number]['name'];

/** Columns that rows can be sorted by, in turn. */
const SORTS: readonly { readonly name: ColumnName; readonly isDown: boolean }[] = [
  { name: 'severity', isDown: true },
  { name: 'count', isDown: true },
  { name: 'group', isDown: false },
  { name: 'source', isDown: false },
  { name: 'name', isDown: false },
  { name: 'time', isDown: true },
];

// We chose.
const LEFT = 3;
/** Part of the height that the explanation gets, and the least rows of either part. */
const DETAIL_SHARE = 0.6;
const LEAST_ROWS = 4;
/** Cells of the headings in the explanation. */
const HEADING = 10;

/** See the head of the file. */
export class FindingsView implements View {
  readonly name = 'findings';
  readonly title = 'Findings';
  readonly #host: ViewHost;
  readonly #cursor = new RowCursor();
  #rows: readonly ListedFinding[] = [];
  /** Columns as they were drawn last. */
  #columns: readonly PlacedColumn<ColumnName>[] = [];
  #sort = SORTS[0];
  #sortedAs = '';
  /** Number of the selected finding: the row moves when others come. */
  #selected: number | null = null;
  /** Group whose findings alone are shown (6 hex digits), or null. */
  #onlyGroup: string | null = null;
  #isMaximised = false;
  #detailTop = 0;
  #listRows = 1;

  constructor(host: ViewHost) {
    this.#host = host;
  }

  contexts(): readonly Context[] {
    return ['findings', 'list'];
  }

  shown({ group, finding }: ViewTarget): void {
    if (group !== undefined) this.#showOnly(group);
    if (finding === undefined) return;
    this.#onlyGroup = null;
    const listed = this.#host.session.findings.all().find(({ event }) => event === finding);
    if (listed !== undefined) this.#selected = listed.number;
  }

  draw(pane: Pane): void {
    this.#sortRows();
    if (this.#selected !== null) {
      const row = this.#rows.findIndex(({ number }) => number === this.#selected);
      if (row >= 0) this.#cursor.row = row;
    }
    const selected = this.#rows[Math.max(0, Math.min(this.#cursor.row, this.#rows.length - 1))];
    const lines = selected === undefined ? [] : detailLines(selected.event, pane.width - LEFT - HEADING - 2);
    const detailRows = selected === undefined ? 0 : this.#detailRows(pane.height, lines.length + 1);
    this.#listRows = Math.max(1, pane.height - detailRows - 1);
    this.#cursor.fit(this.#rows.length, this.#listRows);
    this.#selected = selected?.number ?? null;
    this.#drawList(pane.part(0, 0, pane.width, pane.height - detailRows));
    if (selected === undefined) return;
    this.#drawDetail(pane.part(0, pane.height - detailRows, pane.width, detailRows), selected.event, lines);
  }

  /** The explanation gets what it needs, up to its share of the view. */
  #detailRows(height: number, wanted: number): number {
    if (this.#isMaximised) return Math.max(LEAST_ROWS, height - 2);
    return Math.max(LEAST_ROWS, Math.min(wanted, Math.round(height * DETAIL_SHARE), height - LEAST_ROWS));
  }

  run(command: Command): boolean {
    if (this.#cursor.run(command)) {
      this.#selected = this.#rows[this.#cursor.row]?.number ?? null;
      this.#detailTop = 0;
      return true;
    }
    switch (command) {
      case 'sort':
      case 'right':
        return this.#sortByNext(1);
      case 'left':
        return this.#sortByNext(-1);
      case 'reverse':
        this.#sort = { ...this.#sort, isDown: !this.#sort.isDown };
        return true;
      case 'maximise':
        if (this.#rows.length === 0) return false;
        this.#isMaximised = !this.#isMaximised;
        return true;
      case 'wider':
      case 'narrower':
        if (this.#rows.length === 0) return false;
        this.#detailTop = Math.max(0, this.#detailTop + (command === 'wider' ? 1 : -1));
        return true;
      case 'back':
        if (this.#onlyGroup === null) return false;
        this.#onlyGroup = null;
        return true;
      default: {
        const event = this.#rows[this.#cursor.row]?.event;
        return event === undefined ? false : this.#runOn(event, command);
      }
    }
  }

  mouse(event: MouseInput): void {
    const isInDetail = event.y > this.#listRows;
    if (event.action === 'wheel-down') this.#wheel(1, isInDetail);
    else if (event.action === 'wheel-up') this.#wheel(-1, isInDetail);
    else if (event.action === 'press' && event.button === 'left' && !isInDetail) {
      if (event.y === 0) {
        this.#clickTitle(event.x);
        return;
      }
      const before = this.#cursor.row;
      if (!this.#cursor.click(event.y - 1)) return;
      const listed = this.#rows[this.#cursor.row];
      this.#selected = listed.number;
      this.#detailTop = 0;
      // A click on what is selected opens it.
      if (this.#cursor.row === before) this.#runOn(listed.event, 'open');
    }
  }

  copied(): { readonly text: string; readonly what: string } | null {
    const event = this.#rows[this.#cursor.row]?.event;
    if (event === undefined) return null;
    return { text: findingText(this.#host.session, event), what: `finding ${event.name}` };
  }

  search(text: string, direction: 1 | -1): void {
    const wanted = text.toLowerCase();
    const count = this.#rows.length;
    for (let step = 1; step <= count; step++) {
      const at = (this.#cursor.row + direction * step + count * step) % count;
      const { event } = this.#rows[at];
      const { group, source } = findingNames(this.#host.session, event);
      const all = `${event.severity} ${event.name} ${group} ${source} ${event.source} ${event.summary}`;
      if (!all.toLowerCase().includes(wanted)) continue;
      this.#cursor.reveal(at);
      this.#selected = this.#rows[at].number;
      this.#detailTop = 0;
      return;
    }
    this.#host.say(`${text}: not found`, 'warning');
  }

  #runOn(event: FindingEvent, command: Command): boolean {
    const needsFrame = command === 'open' || command === 'filter-on-this' || command === 'show-messages';
    if (needsFrame && event.frames.length === 0) {
      this.#host.say('this finding is about no frame', 'warning');
      return true;
    }
    switch (command) {
      case 'open':
        this.#host.show('messages', { frame: event.frames[0] });
        return true;
      case 'filter-on-this':
      case 'show-messages':
        this.#host.setFilter(findingFilter(event));
        if (command === 'show-messages') this.#host.show('messages', { frame: event.frames[0] });
        return true;
      case 'show-flow':
      case 'show-epochs':
      case 'show-findings': {
        const row = this.#host.session.groups.rows().find(({ idText }) => idText === event.group);
        if (row === undefined) return false;
        if (command === 'show-findings') this.#showOnly(row.code);
        else this.#host.show(command === 'show-flow' ? 'flow' : 'epochs', { group: row.code, frame: event.frames[0] });
        return true;
      }
      default:
        return false;
    }
  }

  #showOnly(code: number): void {
    this.#onlyGroup = this.#host.session.groups.row(code)?.idText ?? null;
    this.#selected = null;
    this.#cursor.moveTo(0);
  }

  #wheel(direction: 1 | -1, isInDetail: boolean): void {
    if (isInDetail) {
      this.#detailTop = Math.max(0, this.#detailTop + direction);
      return;
    }
    this.#cursor.wheel(direction);
    this.#selected = this.#rows[this.#cursor.row]?.number ?? null;
    this.#detailTop = 0;
  }

  #sortByNext(step: 1 | -1): boolean {
    const at = SORTS.findIndex(({ name }) => name === this.#sort.name) + step;
    this.#sort = SORTS[(at + SORTS.length) % SORTS.length];
    return true;
  }

  #clickTitle(x: number): void {
    const clicked = columnAt<ColumnName>(this.#columns, x - LEFT);
    const sort = SORTS.find(({ name }) => name === clicked);
    if (sort === undefined) return;
    this.#sort = this.#sort.name === sort.name ? { ...sort, isDown: !this.#sort.isDown } : sort;
  }

  /** Sorts anew only where something changed: a list may have thousands of rows. */
  #sortRows(): void {
    const { findings, descriptions } = this.#host.session;
    const { name, isDown } = this.#sort;
    const as = `${findings.version} ${name} ${isDown} ${this.#onlyGroup} ${descriptions.length}`;
    if (as === this.#sortedAs) return;
    this.#sortedAs = as;
    const keyed = findings
      .all()
      .filter(({ event }) => this.#onlyGroup === null || event.group === this.#onlyGroup)
      .map((listed) => ({ listed, key: this.#sortKey(listed) }));
    keyed.sort((a, b) => {
      const order = a.key < b.key ? -1 : a.key > b.key ? 1 : 0;
      return (isDown ? -order : order) || b.listed.severity - a.listed.severity || a.listed.number - b.listed.number;
    });
    this.#rows = keyed.map(({ listed }) => listed);
  }

  #sortKey({ event, severity }: ListedFinding): number | string {
    switch (this.#sort.name) {
      case 'count':
        return event.count;
      case 'group':
        return findingNames(this.#host.session, event).group.toLowerCase();
      case 'source':
        return findingNames(this.#host.session, event).source.toLowerCase();
      case 'name':
        return event.name;
      case 'time':
        return event.time;
      default:
        return severity;
    }
  }

  #drawList(pane: Pane): void {
    const columns = placeColumns<ColumnName>(COLUMNS, pane.width - LEFT - 1);
    this.#columns = columns;
    drawTitles<ColumnName>(pane, 0, LEFT, columns, this.#sort);
    for (let line = 1; line < pane.height; line++) {
      const listed = this.#rows[this.#cursor.top + line - 1];
      if (listed === undefined) break;
      for (const column of columns) this.#drawColumn(pane, line, column, listed);
      if (this.#cursor.top + line - 1 !== this.#cursor.row) continue;
      pane.write(1, line, '▸', style('accent'));
      pane.lay(0, line, pane.width, 'selected');
    }
    const { findings } = this.#host.session;
    if (this.#rows.length === 0) {
      const text = findings.size === 0 ? 'nothing has been found' : 'nothing has been found in this group';
      pane.write(LEFT, 2, text, style('dim'));
    }
    const notes = [
      ...(this.#onlyGroup === null ? [] : [`only group ${this.#onlyGroup}; Esc shows all`]),
      ...(findings.dropped === 0 ? [] : [`${countText(findings.dropped)} less severe ones are not kept`]),
    ];
    if (notes.length > 0) pane.writeRight(pane.width - 1, 0, `  ${notes.join('; ')}`, style('warning'));
  }

  #drawColumn(pane: Pane, line: number, column: PlacedColumn<ColumnName>, listed: ListedFinding): void {
    const { event } = listed;
    const severity = SEVERITIES[listed.severity];
    const text = (value: string, ink: Ink = 'text'): void => drawCell(pane, line, LEFT, column, value, style(ink));
    switch (column.name) {
      case 'severity':
        text(`${SEVERITY_SIGNS[severity]} ${severity}`, severity);
        break;
      case 'name':
        text(event.name, severity === 'info' ? 'dim' : 'title');
        break;
      case 'group':
        text(findingNames(this.#host.session, event).group);
        break;
      case 'source':
        text(findingNames(this.#host.session, event).source);
        break;
      case 'count':
        text(countText(event.count));
        break;
      case 'time':
        text(clockText(timeOf(event.time), column.width >= 12 ? 3 : 0), 'dim');
        break;
      case 'what':
        text(printable(event.summary), 'dim');
        break;
    }
  }

  #drawDetail(pane: Pane, event: FindingEvent, lines: readonly DetailLine[]): void {
    const { group, source } = findingNames(this.#host.session, event);
    const room = pane.width - LEFT - HEADING - 2;
    pane.fillRow(0, style('line'), '─');
    const title = ` ${event.name}  ${event.severity}, ${event.confidence}  ${group}  ${source} `;
    pane.write(2, 0, title, style(event.severity), pane.width - 4);
    const seen = pane.height - 1;
    this.#detailTop = Math.max(0, Math.min(this.#detailTop, lines.length - seen));
    for (let y = 0; y < seen; y++) {
      const line = lines[this.#detailTop + y];
      if (line === undefined) break;
      pane.write(LEFT, y + 1, line.heading, style('accent'), HEADING);
      pane.write(LEFT + HEADING + 1, y + 1, line.text, style('text'), room);
    }
    if (lines.length <= seen) return;
    const left = lines.length - seen - this.#detailTop;
    pane.writeRight(pane.width - 1, 0, left > 0 ? ` ${left} more lines: + or z ` : ' - goes back ', style('dim'));
  }
}

/** A line of the explanation; the heading stands before the first line of its text. */
interface DetailLine {
  readonly heading: string;
  readonly text: string;
}

function detailLines(event: FindingEvent, room: number): DetailLine[] {
  return findingParts(event).flatMap(({ heading, text }) =>
    wrapped(text, room).map((line, index) => ({ heading: index === 0 ? heading : '', text: line })),
  );
}
