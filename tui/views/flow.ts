// Flow: one group as a ladder. A column a member, time downwards, each transmission drawn from its sender across all others
// (one to many). What somebody says without a pause is one row; changes of keys cut across.

import { SEVERITIES, VERDICTS } from '../../daemon/events.ts';
import { printable } from '../../dissectors/printable.ts';
import type { View, ViewHost, ViewTarget } from '../app/view.ts';
import type { Command, Context } from '../keys.ts';
import { FIRST_ZOOM, type FlowRow, GroupFlow, ZOOM_PAUSES } from '../model/group-flow.ts';
import { layer2Text } from '../model/message-store.ts';
import type { MouseInput } from '../screen/input-event.ts';
import type { Pane } from '../screen/pane.ts';
import { type Ink, style } from '../screen/style.ts';
import { SEVERITY_SIGNS, VERDICT_SIGNS } from '../theme.ts';
import { verdictStyle } from '../widgets/bars.ts';
import { RowCursor } from '../widgets/row-cursor.ts';
import { clockText, countText, spanText } from '../widgets/time-text.ts';
import { MessageDiff } from './message-diff.ts';

// We chose.
const TIME_CELLS = 14;
/** Cells of a member's column. */
const LEAST_COLUMN = 6;
const MOST_COLUMN = 13;
/** Cells that the label keeps, as a part of the width and at least. */
const LABEL_SHARE = 0.36;
const LEAST_LABEL = 22;
/** Time that one picture may spend on going through the store (ms). */
const SLICE_MS = 8;
/** Messages that one row unfolds into. */
const UNFOLDED_MOST = 2000;
const HEAD_ROWS = 2;

/** A line of the ladder: a row of the flow, or one message of an unfolded row. */
interface Line {
  readonly row: FlowRow;
  readonly ordinal: number | null;
}

/** See the head of the file. */
export class FlowView implements View {
  readonly name = 'flow';
  readonly title = 'Flow';
  readonly #host: ViewHost;
  readonly #cursor = new RowCursor();
  readonly #diff: MessageDiff;
  #flow: GroupFlow | null = null;
  #zoom = FIRST_ZOOM;
  /** Rows whose messages are shown one by one. */
  readonly #unfolded = new Map<FlowRow, readonly number[]>();
  /** First line of each unfolded row is known only by going through them: they are few. */
  #lines = 0;
  #firstColumn = 0;
  /** Message that is to be selected as soon as it is there. */
  #wanted: number | null = null;
  #marked: number[] = [];

  constructor(host: ViewHost) {
    this.#host = host;
    this.#diff = new MessageDiff(host);
  }

  contexts(): readonly Context[] {
    return ['flow', 'list'];
  }

  shown({ group, message, frame }: ViewTarget): void {
    const { store } = this.#host.session;
    const ordinal = message ?? (frame === undefined ? undefined : store.atFrame(frame));
    const isKept = ordinal !== undefined && store.has(ordinal);
    const wanted = group ?? (isKept ? store.group(ordinal) : undefined);
    if (wanted !== undefined && wanted !== this.#flow?.group) this.#begin(wanted);
    if (isKept) this.#wanted = ordinal;
  }

  draw(pane: Pane): void {
    if (this.#diff.isOpen) {
      this.#diff.draw(pane);
      return;
    }
    const flow = this.#flow ?? this.#begin(this.#busiest());
    if (flow === null) {
      pane.write(3, 1, 'no group has been heard yet', style('dim'));
      return;
    }
    const end = performance.now() + SLICE_MS;
    if (!flow.advance(() => performance.now() > end)) this.#host.redraw();
    this.#lines = flow.rows.length + [...this.#unfolded.values()].reduce((sum, each) => sum + each.length, 0);
    this.#place(flow);
    const height = pane.height - HEAD_ROWS;
    if (this.#host.follows && this.#wanted === null) this.#cursor.row = this.#lines - 1;
    this.#cursor.fit(this.#lines, height);
    const ladder = this.#ladder(pane.width, flow);
    this.#drawHead(pane, flow, ladder);
    for (let y = 0; y < height; y++) {
      const line = this.#lineAt(this.#cursor.top + y);
      if (line === null) break;
      this.#drawLine(pane, y + HEAD_ROWS, line, ladder);
      const ordinal = line.ordinal ?? line.row.first;
      if (this.#marked.includes(ordinal)) pane.lay(0, y + HEAD_ROWS, TIME_CELLS, 'marked');
      if (this.#cursor.top + y === this.#cursor.row) pane.lay(0, y + HEAD_ROWS, pane.width, 'selected');
    }
    if (flow.rows.length === 0) pane.write(3, HEAD_ROWS, 'nothing of this group yet', style('dim'));
  }

  run(command: Command): boolean {
    if (this.#diff.isOpen) return this.#diff.run(command);
    if (this.#cursor.run(command)) {
      this.#host.stopFollowing();
      return true;
    }
    switch (command) {
      case 'left':
      case 'right': {
        const most = Math.max(0, (this.#flow?.members.length ?? 1) - 1);
        this.#firstColumn = Math.max(0, Math.min(most, this.#firstColumn + (command === 'right' ? 1 : -1)));
        return true;
      }
      case 'zoom-in':
        return this.#zoomBy(-1);
      case 'zoom-out':
        return this.#zoomBy(1);
      case 'sort':
        return this.#nextGroup(1);
      case 'reverse':
        return this.#nextGroup(-1);
      case 'fold-all':
        this.#unfolded.clear();
        return true;
      default: {
        const line = this.#lineAt(this.#cursor.row);
        return line === null ? false : this.#runOn(line, command);
      }
    }
  }

  mouse(event: MouseInput): void {
    if (this.#diff.isOpen) {
      if (event.action === 'wheel-down') this.#diff.run('down');
      else if (event.action === 'wheel-up') this.#diff.run('up');
      return;
    }
    if (event.action === 'wheel-down') this.#cursor.wheel(1);
    else if (event.action === 'wheel-up') this.#cursor.wheel(-1);
    else if (event.action === 'press' && event.button === 'left') {
      const before = this.#cursor.row;
      if (!this.#cursor.click(event.y - HEAD_ROWS)) return;
      const line = this.#lineAt(this.#cursor.row);
      if (this.#cursor.row === before && line !== null) this.#runOn(line, 'open');
    } else return;
    this.#host.stopFollowing();
  }

  copied(): { readonly text: string; readonly what: string } | null {
    const line = this.#lineAt(this.#cursor.row);
    if (line === null || this.#flow === null) return null;
    const { store } = this.#host.session;
    const ordinal = line.ordinal ?? line.row.first;
    const label = this.#label(line, this.#flow).text;
    return {
      text: `${clockText(store.time(ordinal))}  ${this.#nameOf(line.row)}  ${label}\n`,
      what: 'line of the flow',
    };
  }

  search(text: string, direction: 1 | -1): void {
    const flow = this.#flow;
    if (flow === null) return;
    const wanted = text.toLowerCase();
    for (let step = 1; step <= this.#lines; step++) {
      const at = (this.#cursor.row + direction * step + this.#lines * step) % this.#lines;
      const line = this.#lineAt(at);
      if (line === null) continue;
      if (!`${this.#nameOf(line.row)} ${this.#label(line, flow).text}`.toLowerCase().includes(wanted)) continue;
      this.#cursor.reveal(at);
      return;
    }
    this.#host.say(`${text}: not found`, 'warning');
  }

  #runOn(line: Line, command: Command): boolean {
    const ordinal = line.ordinal ?? line.row.first;
    switch (command) {
      case 'open':
        this.#host.show('messages', { message: ordinal });
        return true;
      case 'fold':
        this.#fold(line.row);
        return true;
      case 'unfold-all':
        this.#zoom = 0;
        return this.#zoomBy(0);
      case 'mark': {
        const isMarked = this.#marked.includes(ordinal);
        // Two marks are what a comparison needs: the older one goes.
        this.#marked = isMarked
          ? this.#marked.filter((each) => each !== ordinal)
          : [...this.#marked.slice(-1), ordinal];
        return true;
      }
      case 'diff':
        return this.#openDiff(ordinal);
      case 'filter-on-this': {
        const { store } = this.#host.session;
        const { groupId, sourceId } = store.message(ordinal);
        this.#host.setFilter(`slrb.group == ${groupId} && mac-lte.slsch.src-l2-id == ${sourceId}`);
        return true;
      }
      case 'show-epochs':
      case 'show-findings':
        this.#host.show(command === 'show-epochs' ? 'epochs' : 'findings', {
          group: this.#host.session.store.group(ordinal),
        });
        return true;
      default:
        return false;
    }
  }

  #openDiff(ordinal: number): boolean {
    const others = this.#marked.filter((each) => each !== ordinal);
    const pair = this.#marked.length === 2 ? this.#marked : [...others.slice(-1), ordinal];
    if (pair.length < 2) {
      this.#host.say('mark another message first (Space), then compare', 'warning');
      return true;
    }
    this.#diff.open(pair[0], pair[1]);
    return true;
  }

  #fold(row: FlowRow): void {
    if (this.#unfolded.delete(row)) return;
    const flow = this.#flow;
    if (flow === null || row.kind !== 'messages' || row.count < 2) return;
    this.#unfolded.set(row, flow.messagesOf(row, UNFOLDED_MOST));
    if (row.count > UNFOLDED_MOST) this.#host.say(`the first ${UNFOLDED_MOST} of ${countText(row.count)} are shown`);
  }

  #zoomBy(step: number): boolean {
    const zoom = Math.max(0, Math.min(ZOOM_PAUSES.length - 1, this.#zoom + step));
    const line = this.#lineAt(this.#cursor.row);
    this.#zoom = zoom;
    if (this.#flow === null) return false;
    if (line !== null) this.#wanted = line.ordinal ?? line.row.first;
    const { group } = this.#flow;
    this.#begin(group);
    const pause = ZOOM_PAUSES[zoom];
    this.#host.say(pause === 0 ? 'every message has its own row' : `pauses up to ${spanText(pause)} do not end a row`);
    return true;
  }

  #nextGroup(step: 1 | -1): boolean {
    const rows = this.#host.session.groups.rows().filter(({ messages }) => messages > 0);
    const at = rows.findIndex(({ code }) => code === this.#flow?.group);
    const next = rows[(at + step + rows.length) % Math.max(1, rows.length)];
    if (next !== undefined) this.#begin(next.code);
    return next !== undefined;
  }

  #busiest(): number | null {
    const rows = this.#host.session.groups.rows();
    const busiest = rows.reduce((most, row) => (row.messages > (most?.messages ?? 0) ? row : most), rows[0]);
    return busiest === undefined || busiest.messages === 0 ? null : busiest.code;
  }

  #begin(group: number | null): GroupFlow | null {
    if (group === null) return null;
    if (group !== this.#flow?.group) {
      this.#firstColumn = 0;
      this.#cursor.row = 0;
    }
    this.#unfolded.clear();
    this.#flow = new GroupFlow(this.#host.session.store, group, this.#zoom);
    return this.#flow;
  }

  /** Goes to the message that is wanted, once it has a row. */
  #place(flow: GroupFlow): void {
    const wanted = this.#wanted;
    if (wanted === null) return;
    const row = flow.rowOf(wanted);
    const isThere = row >= 0 && (flow.rows[row].last >= wanted || flow.progress === 1);
    if (!isThere) return;
    this.#wanted = null;
    this.#host.stopFollowing();
    this.#cursor.fit(this.#lines, 1);
    this.#cursor.reveal(this.#lineOfRow(row));
  }

  #lineOfRow(index: number): number {
    let line = index;
    const rows = this.#flow?.rows ?? [];
    for (const [row, ordinals] of this.#unfolded) if (rows.indexOf(row) < index) line += ordinals.length;
    return line;
  }

  #lineAt(line: number): Line | null {
    const rows = this.#flow?.rows ?? [];
    if (this.#unfolded.size === 0) return line < rows.length && line >= 0 ? { row: rows[line], ordinal: null } : null;
    const unfolded = [...this.#unfolded]
      .map(([row, ordinals]) => ({ at: rows.indexOf(row), ordinals }))
      .sort((a, b) => a.at - b.at);
    let shift = 0;
    for (const { at, ordinals } of unfolded) {
      const first = at + shift;
      if (line <= first) break;
      if (line <= first + ordinals.length) return { row: rows[at], ordinal: ordinals[line - first - 1] };
      shift += ordinals.length;
    }
    const row = rows[line - shift];
    return row === undefined ? null : { row, ordinal: null };
  }

  #ladder(width: number, flow: GroupFlow): Ladder {
    const label = Math.max(LEAST_LABEL, Math.floor(width * LABEL_SHARE));
    const room = Math.max(LEAST_COLUMN, width - TIME_CELLS - label);
    const members = flow.members.length - this.#firstColumn;
    const column = Math.max(LEAST_COLUMN, Math.min(MOST_COLUMN, Math.floor(room / Math.max(1, members))));
    const columns = Math.max(1, Math.min(members, Math.floor(room / column)));
    return {
      column,
      columns,
      first: this.#firstColumn,
      labelAt: TIME_CELLS + columns * column + 1,
      all: flow.members.length,
    };
  }

  #drawHead(pane: Pane, flow: GroupFlow, ladder: Ladder): void {
    const row = this.#host.session.groups.row(flow.group);
    const name = printable(row?.name ?? row?.idText ?? '');
    pane.write(1, 0, name, style('title'), TIME_CELLS - 2);
    for (let at = 0; at < ladder.columns; at++) {
      const member = flow.members[ladder.first + at];
      const known = member.name !== null;
      const text = printable(member.name ?? `${layer2Text(member.source)} ?`);
      pane.write(TIME_CELLS + at * ladder.column, 0, text, style(known ? 'text' : 'no-key'), ladder.column - 1);
      pane.put(TIME_CELLS + at * ladder.column + middle(ladder), 1, '│', style('line'));
    }
    const hidden = ladder.all - ladder.columns - ladder.first;
    const sides = `${ladder.first > 0 ? `◂ ${ladder.first} ` : ''}${hidden > 0 ? `${hidden} more ▸` : ''}`;
    const pause = ZOOM_PAUSES[this.#zoom];
    const zoom = pause === 0 ? 'each message' : `pause ${spanText(pause)}`;
    const progress = flow.progress < 1 ? `  ${Math.floor(flow.progress * 100)} %` : '';
    pane.writeRight(pane.width - 1, 0, `${sides}  ${zoom}${progress}`, style('dim'));
  }

  #drawLine(pane: Pane, y: number, line: Line, ladder: Ladder): void {
    const { row, ordinal } = line;
    const { store } = this.#host.session;
    const flow = this.#flow;
    if (flow === null) return;
    const time = ordinal === null ? row.from : store.time(ordinal);
    pane.write(1, y, clockText(time), style('dim'), TIME_CELLS - 2);
    if (row.kind !== 'messages') {
      this.#drawChange(pane, y, row, ladder);
      return;
    }
    if (ordinal === null) drawAcross(pane, y, row, ladder);
    else {
      for (let at = 0; at < ladder.columns; at++) {
        const sign = ladder.first + at === row.member ? VERDICT_SIGNS[VERDICTS[row.verdict]] : '│';
        const ink = ladder.first + at === row.member ? verdictStyle(row.verdict) : style('line');
        pane.put(TIME_CELLS + at * ladder.column + middle(ladder), y, sign, ink);
      }
    }
    const { text, ink } = this.#label(line, flow);
    let at = pane.write(ladder.labelAt, y, ordinal === null ? text : `  ${text}`, style(ink));
    const worst = ordinal === null ? row.worst : store.worst(ordinal);
    if (worst < 0 || at >= pane.width - 3) return;
    const severity = SEVERITIES[worst];
    const raised = store.has(row.worstAt) ? store.raised(ordinal ?? row.worstAt) : [];
    const name = raised.find((each) => each.severity === worst)?.name ?? severity;
    at = pane.write(at + 2, y, `${SEVERITY_SIGNS[severity]} ${name}`, style(severity));
  }

  #drawChange(pane: Pane, y: number, row: FlowRow, ladder: Ladder): void {
    const isPgk = row.kind === 'pgk';
    const ink: Ink = isPgk ? 'accent' : 'dim';
    const end = ladder.labelAt - 1;
    for (let x = TIME_CELLS; x < end; x++) pane.put(x, y, isPgk ? '═' : '╌', style(ink));
    for (let at = 0; at < ladder.columns; at++) {
      pane.put(TIME_CELLS + at * ladder.column + middle(ladder), y, isPgk ? '╪' : '┼', style(ink));
    }
    const name = this.#nameOf(row);
    const before = row.before < 0 ? '' : `${row.before} ▸ `;
    const text = isPgk
      ? ` PGK ${before}${row.pgkId}  ${row.before < 0 ? 'first heard from' : 'first on it:'} ${name}`
      : ` PTK ${row.before} ▸ ${row.ptkId}  ${name}, PGK ${row.pgkId}`;
    pane.write(end, y, text, style(ink));
  }

  #label({ row, ordinal }: Line, flow: GroupFlow): { readonly text: string; readonly ink: Ink } {
    const { store } = this.#host.session;
    const verdict = VERDICTS[row.verdict];
    const isQuiet = verdict === 'decrypted' || verdict === 'clear';
    const ink: Ink = verdict === 'decrypted' ? 'text' : verdict;
    if (row.kind !== 'messages') {
      const ids = row.kind === 'pgk' ? `PGK ${row.pgkId}` : `PTK ${row.ptkId}`;
      return { text: `change of keys: ${ids}`, ink: 'accent' };
    }
    const at = ordinal ?? row.first;
    if (!store.has(at)) return { text: 'no longer kept', ink: 'dim' };
    if (ordinal !== null) return { text: `${countText(store.length(at))} B  ${printable(store.summary(at))}`, ink };
    const protocols = row.protocols.split(':');
    const isTalk = protocols.includes('rtp') && row.count > 1;
    const what = isTalk
      ? `${talkName(store.summary(at))} talk ${spanText(row.to - row.from)}`
      : whatText(store, row, at);
    const many = row.count > 1 ? `  ${countText(row.count)} msgs` : '';
    const keys = row.pgkId < 0 ? '' : `  PGK ${row.pgkId} PTK ${row.ptkId}`;
    const sign = isQuiet ? '' : `${VERDICT_SIGNS[verdict]} ${verdict}  `;
    const stranger = flow.members[row.member].name === null && verdict !== 'no-key' ? '  no roster name' : '';
    return { text: `${sign}${what}${many}${keys}${stranger}`, ink };
  }

  #nameOf(row: FlowRow): string {
    const member = this.#flow?.members[row.member];
    if (member === undefined) return '';
    return printable(member.name ?? layer2Text(member.source));
  }
}

/** Where the columns are. */
interface Ladder {
  readonly column: number;
  readonly columns: number;
  /** Member in the first column. */
  readonly first: number;
  readonly labelAt: number;
  readonly all: number;
}

function middle({ column }: Ladder): number {
  return Math.min(3, column >> 1);
}

/** From the sender across all others; thick where it is more than one message. */
function drawAcross(pane: Pane, y: number, row: FlowRow, ladder: Ladder): void {
  const ink = verdictStyle(row.verdict);
  const verdict = VERDICTS[row.verdict];
  const isThick = row.count > 1;
  const sender = row.member - ladder.first;
  const at = (column: number): number => TIME_CELLS + column * ladder.column + middle(ladder);
  const from = Math.min(at(0), at(Math.max(0, sender)));
  const to = Math.max(at(ladder.columns - 1), at(Math.min(ladder.columns - 1, sender)));
  for (let x = from; x <= to; x++) pane.put(x, y, isThick ? '━' : '─', ink);
  for (let column = 0; column < ladder.columns; column++) {
    if (column === sender) continue;
    pane.put(at(column), y, column < sender ? (column === 0 ? '◂' : '┼') : '▸', ink);
  }
  const isQuiet = verdict === 'decrypted' || verdict === 'clear';
  if (sender >= 0 && sender < ladder.columns) pane.put(at(sender), y, isQuiet ? '●' : VERDICT_SIGNS[verdict], ink);
}

/** `RTP PCMU` of a summary like `169.254.10.11:5000 > 239.255.0.7:5000 RTP PCMU seq 56316`. */
function talkName(summary: string): string {
  return printable(/RTP [A-Za-z0-9_-]+/.exec(summary)?.[0] ?? 'RTP');
}

function whatText(
  store: { length(ordinal: number): number; summary(ordinal: number): string },
  row: FlowRow,
  at: number,
): string {
  const summary = printable(store.summary(at));
  return row.count > 1 ? summary : `${summary}  ${countText(store.length(at))} B`;
}
