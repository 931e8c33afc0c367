// Flow: one group as a ladder. A column a member, time downwards, each transmission drawn from its sender across all others
// (one to many). What somebody says without a pause is one row; changes of keys cut across.

import { printable } from '../../dissectors/printable.ts';
import type { View, ViewHost, ViewTarget } from '../app/view.ts';
import type { Command, Context } from '../keys.ts';
import { FIRST_ZOOM, GroupFlow, ZOOM_PAUSES } from '../model/group-flow.ts';
import { nothingHeard } from '../model/session-facts.ts';
import type { MouseInput } from '../screen/input-event.ts';
import type { Pane } from '../screen/pane.ts';
import { style } from '../screen/style.ts';
import { RowCursor } from '../widgets/row-cursor.ts';
import { clockText, countText, spanText } from '../widgets/time-text.ts';
import { lineLabel, memberText } from './flow-label.ts';
import { FlowLadder, TIME_CELLS } from './flow-ladder.ts';
import { type FlowLine, FlowLines, UNFOLDED_MOST } from './flow-lines.ts';
import { sayLastSoFar } from './last-row.ts';
import { MessageDiff } from './message-diff.ts';

// We chose.
/** Time that one picture may spend on going through the store (ms). */
const SLICE_MS = 8;
const HEAD_ROWS = 2;

/** See the head of the file. */
export class FlowView implements View {
  readonly name = 'flow';
  readonly title = 'Flow';
  readonly #host: ViewHost;
  readonly #cursor = new RowCursor();
  readonly #diff: MessageDiff;
  #flow: GroupFlow | null = null;
  #lines: FlowLines | null = null;
  /** Corrections that the rows know of: each changes rows that are there already. */
  #corrections = 0;
  #zoom = FIRST_ZOOM;
  #firstColumn = 0;
  /** Message that is to be selected as soon as it is there. */
  #wanted: number | null = null;
  #marked: number[] = [];

  constructor(host: ViewHost) {
    this.#host = host;
    this.#diff = new MessageDiff(host);
  }

  contexts(): readonly Context[] {
    return [this.#diff.isOpen ? 'compare' : 'flow', 'list'];
  }

  shown({ group, message, frame }: ViewTarget): void {
    const { store } = this.#host.session;
    const ordinal = message ?? (frame === undefined ? undefined : store.atFrame(frame));
    const isKept = ordinal !== undefined && store.has(ordinal);
    const wanted = group ?? (isKept ? store.group(ordinal) : undefined);
    // Who leads here wants to see something else than what is compared.
    if (wanted !== undefined) this.#diff.close();
    if (wanted !== undefined && wanted !== this.#flow?.group) this.#begin(wanted);
    if (isKept) this.#wanted = ordinal;
  }

  draw(pane: Pane): void {
    if (this.#diff.isOpen) {
      this.#diff.draw(pane);
      return;
    }
    const { corrections } = this.#host.session.store;
    const isOld = this.#flow !== null && corrections !== this.#corrections;
    const flow = isOld ? this.#again() : (this.#flow ?? this.#begin(this.#busiest()));
    this.#corrections = corrections;
    if (flow === null) {
      pane.write(3, 1, nothingHeard(this.#host.session), style('dim'));
      return;
    }
    const end = performance.now() + SLICE_MS;
    const { dropped } = flow;
    if (!flow.advance(() => performance.now() > end)) this.#host.redraw();
    if (flow.dropped > dropped) {
      // The oldest rows went: the selected one has moved up.
      this.#lines?.forget();
      this.#cursor.row = Math.max(0, this.#cursor.row - (flow.dropped - dropped));
      this.#cursor.top = Math.max(0, this.#cursor.top - (flow.dropped - dropped));
    }
    this.#place(flow);
    const count = this.#lines?.count ?? 0;
    const height = pane.height - HEAD_ROWS;
    if (this.#host.follows && this.#wanted === null) this.#cursor.row = count - 1;
    this.#cursor.fit(count, height);
    const ladder = new FlowLadder(flow, this.#host.session.store, this.#firstColumn, pane.width);
    this.#drawHead(pane, flow, ladder);
    for (let y = 0; y < height; y++) {
      const line = this.#line(this.#cursor.top + y);
      if (line === null) break;
      ladder.drawLine(pane, y + HEAD_ROWS, line);
      const ordinal = line.ordinal ?? line.row.first;
      if (this.#marked.includes(ordinal)) {
        pane.put(0, y + HEAD_ROWS, '*', style('accent'));
        pane.lay(0, y + HEAD_ROWS, TIME_CELLS, 'marked');
      }
      if (this.#cursor.top + y === this.#cursor.row) pane.lay(0, y + HEAD_ROWS, pane.width, 'selected');
    }
    if (flow.rows.length === 0) pane.write(3, HEAD_ROWS, 'nothing of this group yet', style('dim'));
  }

  run(command: Command): boolean {
    if (this.#diff.isOpen) return this.#diff.run(command);
    const { isAtEnd } = this.#cursor;
    if (this.#cursor.run(command)) {
      this.#host.stopFollowing();
      if (isAtEnd && this.#cursor.isAtEnd) sayLastSoFar(this.#host);
      return true;
    }
    if (this.#flow === null) return false;
    switch (command) {
      case 'left':
      case 'right': {
        const most = Math.max(0, this.#flow.members.length - 1);
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
        this.#lines?.foldAll();
        return true;
      default: {
        const line = this.#line(this.#cursor.row);
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
      const line = this.#line(this.#cursor.row);
      if (this.#cursor.row === before && line !== null) this.#runOn(line, 'open');
    } else return;
    this.#host.stopFollowing();
  }

  copied(): { readonly text: string; readonly what: string } | null {
    if (this.#diff.isOpen) return null;
    const line = this.#line(this.#cursor.row);
    if (line === null || this.#flow === null) return null;
    const { store } = this.#host.session;
    const ordinal = line.ordinal ?? line.row.first;
    const time = store.has(ordinal) ? store.time(ordinal) : line.row.from;
    return {
      text: `${clockText(time)}  ${this.#textOf(line, this.#flow)}\n`,
      what: 'line of the flow',
    };
  }

  search(text: string, direction: 1 | -1): void {
    const flow = this.#flow;
    if (this.#diff.isOpen) this.#host.say('a comparison is not searched; Esc closes it', 'warning');
    if (flow === null || this.#diff.isOpen) return;
    const wanted = text.toLowerCase();
    const count = this.#lines?.count ?? 0;
    for (let step = 1; step <= count; step++) {
      const at = (this.#cursor.row + direction * step + count * step) % count;
      const line = this.#line(at);
      if (line === null || !this.#textOf(line, flow).toLowerCase().includes(wanted)) continue;
      this.#cursor.reveal(at);
      return;
    }
    this.#host.say(`${text}: not found`, 'warning');
  }

  #runOn(line: FlowLine, command: Command): boolean {
    const ordinal = line.ordinal ?? line.row.first;
    if (!this.#host.session.store.has(ordinal) && command !== 'fold') return this.#sayGone();
    switch (command) {
      case 'open':
        this.#host.show('messages', { message: ordinal });
        return true;
      case 'fold':
        this.#fold(line);
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

  #sayGone(): true {
    this.#host.say('this message is no longer kept', 'warning');
    return true;
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

  #fold({ row }: FlowLine): void {
    if (this.#lines?.fold(row) === false) {
      this.#host.say(`the first ${UNFOLDED_MOST} of ${countText(row.count)} are shown`);
    }
  }

  /** Builds the rows anew; the selected message stays selected. */
  #again(): GroupFlow | null {
    const line = this.#line(this.#cursor.row);
    if (line !== null && !this.#host.follows) this.#wanted ??= line.ordinal ?? line.row.first;
    return this.#begin(this.#flow?.group ?? null);
  }

  #zoomBy(step: number): boolean {
    const zoom = Math.max(0, Math.min(ZOOM_PAUSES.length - 1, this.#zoom + step));
    const line = this.#line(this.#cursor.row);
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
    this.#flow = new GroupFlow(this.#host.session.store, group, this.#zoom);
    this.#lines = new FlowLines(this.#flow);
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
    this.#cursor.fit(this.#lines?.count ?? 0, 1);
    this.#cursor.reveal(this.#lines?.lineOf(row) ?? row);
  }

  #line(at: number): FlowLine | null {
    return this.#lines?.at(at) ?? null;
  }

  #drawHead(pane: Pane, flow: GroupFlow, ladder: FlowLadder): void {
    const row = this.#host.session.groups.row(flow.group);
    pane.write(1, 0, printable(row?.name ?? row?.idText ?? ''), style('title'), TIME_CELLS - 2);
    const sides = ladder.drawHead(pane);
    const pause = ZOOM_PAUSES[this.#zoom];
    const zoom = pause === 0 ? 'each message' : `pause ${spanText(pause)}`;
    const progress = flow.progress < 1 ? `  ${Math.floor(flow.progress * 100)} %` : '';
    pane.writeRight(pane.width - 1, 0, `${sides}  ${zoom}${progress}`, style('dim'));
  }

  /** Who, and what. */
  #textOf(line: FlowLine, flow: GroupFlow): string {
    const member = flow.members[line.row.member];
    return `${memberText(member)}  ${lineLabel(line, this.#host.session.store, member).text}`;
  }
}
