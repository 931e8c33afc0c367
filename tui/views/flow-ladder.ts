// The ladder of the flow: a column a member, and what goes across them.

import { SEVERITIES, VERDICTS } from '../../daemon/events.ts';
import { printable } from '../../dissectors/printable.ts';
import type { FlowRow, GroupFlow } from '../model/group-flow.ts';
import { layer2Text, type MessageStore } from '../model/message-store.ts';
import type { Pane } from '../screen/pane.ts';
import { type Ink, style } from '../screen/style.ts';
import { SEVERITY_SIGNS, VERDICT_SIGNS } from '../theme.ts';
import { verdictStyle } from '../widgets/bars.ts';
import { clockText } from '../widgets/time-text.ts';
import { changeText, lineLabel } from './flow-label.ts';
import type { FlowLine } from './flow-lines.ts';

// We chose.
/** Cells of the time, on the left. */
export const TIME_CELLS = 14;
/** Cells of a member's column. */
const LEAST_COLUMN = 6;
const MOST_COLUMN = 13;
/** Cells that the label keeps, as a part of the width and at least. */
const LABEL_SHARE = 0.36;
const LEAST_LABEL = 22;
/** Cells that the sign of a finding keeps, and those for which its name begins to be of use. */
const SIGN_CELLS = 4;
const LEAST_NAME = 10;

/** See the head of the file. Made for one picture. */
export class FlowLadder {
  readonly #flow: GroupFlow;
  readonly #store: MessageStore;
  /** Member in the first column, how many have one, cells of each. */
  readonly #first: number;
  readonly #columns: number;
  readonly #column: number;
  readonly #labelAt: number;

  /** @param first member in the first column */
  constructor(flow: GroupFlow, store: MessageStore, first: number, width: number) {
    this.#flow = flow;
    this.#store = store;
    this.#first = first;
    const label = Math.max(LEAST_LABEL, Math.floor(width * LABEL_SHARE));
    const room = Math.max(LEAST_COLUMN, width - TIME_CELLS - label);
    const members = flow.members.length - first;
    this.#column = Math.max(LEAST_COLUMN, Math.min(MOST_COLUMN, Math.floor(room / Math.max(1, members))));
    this.#columns = Math.max(1, Math.min(members, Math.floor(room / this.#column)));
    this.#labelAt = TIME_CELLS + this.#columns * this.#column + 1;
  }

  /** Names over the columns. @returns which members have none: `◂ 2 3 more ▸` */
  drawHead(pane: Pane): string {
    const { members } = this.#flow;
    for (let column = 0; column < this.#columns; column++) {
      const { name, source } = members[this.#first + column];
      const text = printable(name ?? `${layer2Text(source)} ?`);
      pane.write(
        TIME_CELLS + column * this.#column,
        0,
        text,
        style(name === null ? 'no-key' : 'text'),
        this.#column - 1,
      );
      pane.put(this.#cellOf(column), 1, '│', style('line'));
    }
    const hidden = members.length - this.#columns - this.#first;
    return `${this.#first > 0 ? `◂ ${this.#first} ` : ''}${hidden > 0 ? `${hidden} more ▸` : ''}`;
  }

  /** A line, from its time to its label. */
  drawLine(pane: Pane, y: number, line: FlowLine): void {
    const { row, ordinal } = line;
    const store = this.#store;
    const time = ordinal === null || !store.has(ordinal) ? row.from : store.time(ordinal);
    pane.write(1, y, clockText(time), style('dim'), TIME_CELLS - 2);
    if (row.kind !== 'messages') {
      this.#drawChange(pane, y, row);
      return;
    }
    if (ordinal === null) this.#drawAcross(pane, y, row);
    else this.#drawMessage(pane, y, row);
    const { text, ink } = lineLabel(line, store, this.#flow.members[row.member]);
    const label = ordinal === null ? text : `  ${text}`;
    const isKept = ordinal === null || store.has(ordinal);
    const worst = ordinal === null ? row.worst : isKept ? store.worst(ordinal) : -1;
    if (worst < 0) {
      pane.write(this.#labelAt, y, label, style(ink));
      return;
    }
    const severity = SEVERITIES[worst];
    const raised = store.has(row.worstAt) ? store.raised(ordinal ?? row.worstAt) : [];
    const name = raised.find((each) => each.severity === worst)?.name ?? severity;
    // The sign stays in sight where there is no room for all.
    const room = pane.width - this.#labelAt - SIGN_CELLS;
    const at = pane.write(this.#labelAt, y, label, style(ink), room) + 2;
    const told = `${SEVERITY_SIGNS[severity]} ${name}`;
    pane.write(at, y, pane.width - at < LEAST_NAME ? SEVERITY_SIGNS[severity] : told, style(severity));
  }

  /** The line of a member, in its column. */
  #cellOf(column: number): number {
    return TIME_CELLS + column * this.#column + Math.min(3, this.#column >> 1);
  }

  /** One message of an unfolded row. */
  #drawMessage(pane: Pane, y: number, row: FlowRow): void {
    for (let column = 0; column < this.#columns; column++) {
      const isSender = this.#first + column === row.member;
      const sign = isSender ? VERDICT_SIGNS[VERDICTS[row.verdict]] : '│';
      pane.put(this.#cellOf(column), y, sign, isSender ? verdictStyle(row.verdict) : style('line'));
    }
  }

  /** A change of keys, across all members. */
  #drawChange(pane: Pane, y: number, row: FlowRow): void {
    const isPgk = row.kind === 'pgk';
    const ink: Ink = isPgk ? 'accent' : 'dim';
    const end = this.#labelAt - 1;
    for (let x = TIME_CELLS; x < end; x++) pane.put(x, y, isPgk ? '═' : '╌', style(ink));
    for (let column = 0; column < this.#columns; column++) {
      pane.put(this.#cellOf(column), y, isPgk ? '╪' : '┼', style(ink));
    }
    pane.write(end, y, ` ${changeText(row, this.#flow.members[row.member])}`, style(ink));
  }

  /** From the sender across all others; thick where it is more than one message. */
  #drawAcross(pane: Pane, y: number, row: FlowRow): void {
    const ink = verdictStyle(row.verdict);
    const verdict = VERDICTS[row.verdict];
    const sender = row.member - this.#first;
    const last = this.#columns - 1;
    const from = Math.min(this.#cellOf(0), this.#cellOf(Math.max(0, sender)));
    const to = Math.max(this.#cellOf(last), this.#cellOf(Math.min(last, sender)));
    for (let x = from; x <= to; x++) pane.put(x, y, row.count > 1 ? '━' : '─', ink);
    for (let column = 0; column <= last; column++) {
      if (column === sender) continue;
      pane.put(this.#cellOf(column), y, column < sender ? (column === 0 ? '◂' : '┼') : '▸', ink);
    }
    const isQuiet = verdict === 'decrypted' || verdict === 'clear';
    if (sender >= 0 && sender <= last) pane.put(this.#cellOf(sender), y, isQuiet ? '●' : VERDICT_SIGNS[verdict], ink);
  }
}
