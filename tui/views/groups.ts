// Groups: who is talking, under which key, and is anything wrong. A row a group.

import { SEVERITIES, VERDICTS } from '../../daemon/events.ts';
import type { KeyDescription } from '../../daemon/inspection/contract.ts';
import { printable } from '../../dissectors/printable.ts';
import type { View, ViewHost, ViewTarget } from '../app/view.ts';
import type { Command, Context } from '../keys.ts';
import { currentKey, type GroupRow, isPartialGroup } from '../model/group-table.ts';
import { nothingHeard } from '../model/session-facts.ts';
import type { MouseInput } from '../screen/input-event.ts';
import type { Pane } from '../screen/pane.ts';
import { type Ink, style } from '../screen/style.ts';
import { SEVERITY_SIGNS } from '../theme.ts';
import { filledBar, sparkline, verdictMix } from '../widgets/bars.ts';
import {
  type ColumnSpec,
  columnAt,
  drawCell,
  drawTitles,
  type PlacedColumn,
  placeColumns,
} from '../widgets/columns.ts';
import { RowCursor } from '../widgets/row-cursor.ts';
import { clockText, countText, spanText } from '../widgets/time-text.ts';

const COLUMNS = [
  { name: 'group', title: 'Group', width: 20, least: 10, drop: 0 },
  { name: 'id', title: 'id', width: 6, drop: 6 },
  { name: 'key', title: 'key', width: 15, least: 11, drop: 0 },
  { name: 'left', title: 'time left', width: 18, least: 9, drop: 4 },
  { name: 'members', title: 'members', width: 9, align: 'right', drop: 3 },
  { name: 'messages', title: 'messages', width: 10, least: 8, align: 'right', drop: 8 },
  { name: 'rate', title: 'msg/s', width: 7, least: 6, align: 'right', drop: 1 },
  { name: 'spark', title: 'last 60 s', width: 15, least: 10, drop: 5 },
  { name: 'mix', title: 'verdicts', width: 20, least: 8, grows: true, drop: 0 },
  { name: 'worst', title: 'worst', width: 25, least: 22, drop: 0 },
  { name: 'last', title: 'heard', width: 10, least: 8, align: 'right', drop: 7 },
] as const satisfies readonly ColumnSpec<string>[];

type ColumnName = (typeof COLUMNS)[number]['name'];

/** Columns that rows can be sorted by, in turn; the first way round is the one that puts what matters on top. */
const SORTS: readonly { readonly name: ColumnName; readonly isDown: boolean }[] = [
  { name: 'worst', isDown: true },
  { name: 'rate', isDown: true },
  { name: 'messages', isDown: true },
  { name: 'group', isDown: false },
  { name: 'id', isDown: false },
  { name: 'key', isDown: false },
  { name: 'left', isDown: false },
  { name: 'members', isDown: true },
  { name: 'mix', isDown: true },
  { name: 'last', isDown: true },
];

const BAR_CELLS = 10;
const LEFT = 3;
const BAD_VERDICTS = ['forged', 'downgraded', 'stale', 'no-key'].map((name) => VERDICTS.indexOf(name as 'forged'));

/** See the head of the file. */
export class GroupsView implements View {
  readonly name = 'groups';
  readonly title = 'Groups';
  readonly #host: ViewHost;
  readonly #cursor = new RowCursor();
  #rows: GroupRow[] = [];
  /** Columns as they were drawn last. */
  #columns: readonly PlacedColumn<ColumnName>[] = [];
  #sort = SORTS[0];
  /** Group of the selected row: the row moves when the order changes. */
  #selected: number | null = null;

  constructor(host: ViewHost) {
    this.#host = host;
  }

  contexts(): readonly Context[] {
    return ['groups', 'list'];
  }

  shown(target: ViewTarget): void {
    if (target.group !== undefined) this.#selected = target.group;
  }

  draw(pane: Pane): void {
    const { groups } = this.#host.session;
    this.#rows = this.#sorted();
    if (this.#selected !== null) {
      const row = this.#rows.findIndex((each) => each.code === this.#selected);
      if (row >= 0) this.#cursor.row = row;
    }
    this.#cursor.fit(this.#rows.length, pane.height - 1);
    this.#selected = this.#rows[this.#cursor.row]?.code ?? null;
    const columns = placeColumns<ColumnName>(COLUMNS, pane.width - LEFT - 1);
    this.#columns = columns;
    drawTitles<ColumnName>(pane, 0, LEFT, columns, this.#sort);
    for (let line = 1; line < pane.height; line++) {
      const row = this.#rows[this.#cursor.top + line - 1];
      if (row === undefined) break;
      for (const column of columns) this.#drawColumn(pane, line, column, row, groups.now);
      if (this.#cursor.top + line - 1 === this.#cursor.row) {
        pane.write(1, line, '▸', style('accent'));
        pane.lay(0, line, pane.width, 'selected');
      }
    }
    if (this.#rows.length === 0) pane.write(LEFT, 2, nothingHeard(this.#host.session), style('dim'));
    if (groups.others > 0) {
      const text = `${countText(groups.others)} messages of further groups are counted together`;
      pane.write(LEFT, pane.height - 1, text, style('warning'));
    }
  }

  run(command: Command): boolean {
    const row = this.#rows[this.#cursor.row];
    if (this.#cursor.run(command)) {
      this.#selected = this.#rows[this.#cursor.row]?.code ?? null;
      return true;
    }
    switch (command) {
      case 'sort': {
        const at = SORTS.findIndex((sort) => sort.name === this.#sort.name);
        this.#sort = SORTS[(at + 1) % SORTS.length];
        return true;
      }
      case 'left':
      case 'right': {
        const at = SORTS.findIndex((sort) => sort.name === this.#sort.name) + (command === 'right' ? 1 : -1);
        this.#sort = SORTS[(at + SORTS.length) % SORTS.length];
        return true;
      }
      case 'reverse':
        this.#sort = { ...this.#sort, isDown: !this.#sort.isDown };
        return true;
      default:
        return row === undefined ? false : this.#runOn(row, command);
    }
  }

  mouse(event: MouseInput): void {
    if (event.action === 'wheel-down') this.#cursor.wheel(1);
    else if (event.action === 'wheel-up') this.#cursor.wheel(-1);
    else if (event.action === 'press' && event.button === 'left') {
      const before = this.#cursor.row;
      if (event.y === 0) this.#clickTitle(event.x);
      else if (this.#cursor.click(event.y - 1) && this.#cursor.row === before && this.#selected !== null) {
        // A click on what is selected opens it.
        this.#host.show('flow', { group: this.#selected });
        return;
      }
    } else return;
    this.#selected = this.#rows[this.#cursor.row]?.code ?? null;
  }

  copied(): { readonly text: string; readonly what: string } | null {
    const row = this.#rows[this.#cursor.row];
    return row === undefined ? null : { text: row.idText, what: `group ${row.idText}` };
  }

  search(text: string, direction: 1 | -1): void {
    const wanted = text.toLowerCase();
    const count = this.#rows.length;
    for (let step = 1; step <= count; step++) {
      const at = (this.#cursor.row + direction * step + count * step) % count;
      const row = this.#rows[at];
      if (!`${row.name ?? ''} ${row.idText} ${row.worstName}`.toLowerCase().includes(wanted)) continue;
      this.#cursor.reveal(at);
      this.#selected = row.code;
      return;
    }
    this.#host.say(`${text}: not found`, 'warning');
  }

  #runOn(row: GroupRow, command: Command): boolean {
    const target = { group: row.code };
    switch (command) {
      case 'open':
        this.#host.show('flow', target);
        return true;
      case 'show-epochs':
        this.#host.show('epochs', target);
        return true;
      case 'show-findings':
        this.#host.show('findings', target);
        return true;
      case 'filter-on-this':
        this.#host.setFilter(groupFilter(row));
        return true;
      case 'show-messages':
        this.#host.setFilter(groupFilter(row));
        this.#host.show('messages', target);
        return true;
      default:
        return false;
    }
  }

  #clickTitle(x: number): void {
    const clicked = columnAt<ColumnName>(this.#columns, x - LEFT);
    const sort = SORTS.find(({ name }) => name === clicked);
    if (sort === undefined) return;
    this.#sort = this.#sort.name === sort.name ? { ...sort, isDown: !this.#sort.isDown } : sort;
  }

  #sorted(): GroupRow[] {
    const { groups } = this.#host.session;
    const { name, isDown } = this.#sort;
    const value = (row: GroupRow): number | string => {
      switch (name) {
        case 'group':
          return (row.name ?? `~${row.idText}`).toLowerCase();
        case 'id':
          return row.idText;
        case 'key':
          return currentKey(row)?.pgkId ?? 256;
        case 'left':
          return timeLeft(currentKey(row), groups.now || 0) ?? Number.MAX_VALUE;
        case 'members':
          return row.sources.size;
        case 'messages':
          return row.messages;
        case 'mix':
          return BAD_VERDICTS.reduce((sum, verdict) => sum + row.verdicts[verdict], 0);
        case 'worst':
          return row.worst;
        case 'last':
          return row.last || 0;
        default:
          return row.rate(groups.now);
      }
    };
    const ordered = groups.rows().map((row) => ({ row, value: value(row) }));
    ordered.sort((a, b) => {
      const order = a.value < b.value ? -1 : a.value > b.value ? 1 : 0;
      return (isDown ? -order : order) || b.row.messages - a.row.messages || a.row.code - b.row.code;
    });
    return ordered.map(({ row }) => row);
  }

  #drawColumn(
    pane: Pane,
    line: number,
    column: ReturnType<typeof placeColumns<ColumnName>>[number],
    row: GroupRow,
    now: number,
  ): void {
    const text = (value: string, ink: Ink = 'text'): void => drawCell(pane, line, LEFT, column, value, style(ink));
    const at = LEFT + column.x;
    switch (column.name) {
      case 'group':
        text(printable(row.name ?? row.idText), row.name === null ? 'dim' : 'title');
        break;
      case 'id':
        text(row.idText, 'dim');
        break;
      case 'key':
        this.#drawKey(row, text);
        break;
      case 'left':
        drawTimeLeft(pane, line, at, column.width, row, now);
        break;
      case 'members': {
        const roster = new Set(row.description?.members.map((member) => member.id));
        const heard = roster.size === 0 ? row.sources.size : [...roster].filter((id) => row.sources.has(id)).length;
        const strangers = row.sources.size - heard;
        const added = strangers > 0 ? ` +${strangers}` : '';
        text(`${heard} / ${roster.size === 0 ? '?' : roster.size}${added}`, strangers > 0 ? 'warning' : 'text');
        break;
      }
      case 'messages':
        text(countText(row.messages), row.messages === 0 ? 'dim' : 'text');
        break;
      case 'rate': {
        const rate = row.rate(now);
        text(rate === 0 ? '-' : rate.toFixed(1), rate === 0 ? 'dim' : 'text');
        break;
      }
      case 'spark':
        text(row.messages === 0 ? '' : sparkline(row.sparkline(now), column.width), 'accent');
        break;
      case 'mix':
        pane.writeSpans(at, line, verdictMix(row.verdicts, column.width), column.width);
        break;
      case 'worst': {
        const severity = SEVERITIES[row.worst];
        if (severity !== undefined) text(`${SEVERITY_SIGNS[severity]} ${row.worstName}`, severity);
        break;
      }
      case 'last':
        text(Number.isNaN(row.last) ? '-' : clockText(row.last, column.width >= 10 ? 1 : 0), 'dim');
        break;
    }
  }

  #drawKey(row: GroupRow, text: (value: string, ink?: Ink) => void): void {
    const key = currentKey(row);
    if (key === null) {
      text(isPartialGroup(row.code) ? '? none held' : 'none held', 'no-key');
      return;
    }
    const inks: Readonly<Record<string, Ink>> = { active: 'good', overlap: 'warning', staged: 'dim' };
    text(`${String(key.pgkId).padEnd(3)} ${key.state}`, inks[key.state] ?? 'stale');
  }
}

/** Time until the end of a key's window; null where there is no key, or one that may not be used inside it. */
function timeLeft(key: KeyDescription | null, now: number): number | null {
  if (key === null) return null;
  const left = key.notAfter - now;
  const isGood = key.state === 'active' || key.state === 'overlap' || key.state === 'staged';
  return left > 0 && !isGood ? null : left;
}

/** The window of the current key as a bar, and what is left of it. */
function drawTimeLeft(pane: Pane, y: number, x: number, cells: number, row: GroupRow, now: number): void {
  const key = currentKey(row);
  if (key === null || Number.isNaN(now)) return;
  const left = timeLeft(key, now);
  if (left === null) {
    pane.writeRight(x + cells, y, '-', style('dim'));
    return;
  }
  const share = left / (key.notAfter - key.notBefore);
  const ink: Ink = left <= 0 ? 'stale' : share < 0.2 ? 'warning' : 'good';
  const span = left <= 0 ? `-${spanText(left)}` : spanText(left);
  let at = x;
  if (cells >= BAR_CELLS + 8) at = pane.write(x, y, filledBar(share, BAR_CELLS), style(ink), BAR_CELLS);
  pane.writeRight(x + cells, y, span, style(left <= 0 ? 'stale' : 'text'));
  if (at > x + cells) pane.write(x, y, span, style(ink), cells);
}

/** A display filter that the messages of a group pass. */
export function groupFilter(row: Pick<GroupRow, 'idText'>): string {
  return `slrb.group == ${row.idText}`;
}
