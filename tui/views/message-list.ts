// The list of messages: a row a message, drawn for the rows that are seen. May hold millions.

import { SEVERITIES } from '../../daemon/events.ts';
import { printable } from '../../dissectors/printable.ts';
import type { MessageColumn } from '../app/settings.ts';
import type { MessageRows } from '../model/message-rows.ts';
import type { MessageStore, StoredMessage } from '../model/message-store.ts';
import type { Pane } from '../screen/pane.ts';
import { type Ink, style } from '../screen/style.ts';
import { SEVERITY_SIGNS, VERDICT_SIGNS } from '../theme.ts';
import { type ColumnSpec, drawCell, drawTitles, type PlacedColumn, placeColumns } from '../widgets/columns.ts';
import type { RowCursor } from '../widgets/row-cursor.ts';
import { clockText, countText } from '../widgets/time-text.ts';

const SPECS: Readonly<Record<MessageColumn, ColumnSpec<MessageColumn>>> = {
  frame: { name: 'frame', title: 'frame', width: 5, align: 'right', drop: 1 },
  time: { name: 'time', title: 'time', width: 15, least: 12, drop: 0 },
  delta: { name: 'delta', title: 'delta s', width: 10, align: 'right', drop: 4 },
  group: { name: 'group', title: 'group', width: 14, least: 8, drop: 2 },
  source: { name: 'source', title: 'source', width: 14, least: 9, drop: 0 },
  lcid: { name: 'lcid', title: 'lcid', width: 4, align: 'right', drop: 7 },
  key: { name: 'key', title: 'PGK/PTK/SN', width: 15, least: 12, drop: 3 },
  length: { name: 'length', title: 'octets', width: 6, align: 'right', drop: 6 },
  bits: { name: 'bits', title: 'bits', width: 4, align: 'right', drop: 5 },
  verdict: { name: 'verdict', title: 'verdict', width: 14, least: 12, drop: 0 },
  what: { name: 'what', title: 'what', width: 20, grows: true, drop: 0 },
};

/** Cells in front: cursor, mark, finding. */
export const LIST_LEFT = 4;

/** What the list shows beside the messages. */
export interface ListDecoration {
  readonly columns: readonly MessageColumn[];
  readonly isFocused: boolean;
  readonly marks: ReadonlyMap<number, string>;
}

/** Draws titles and rows. The cursor must have been fitted to the rows. */
export function drawMessages(
  pane: Pane,
  store: MessageStore,
  rows: MessageRows,
  cursor: RowCursor,
  decoration: ListDecoration,
): void {
  // As many digits as the numbers that there are: the rest is for what was said.
  const digits = store.count === store.first ? 0 : String(store.frame(store.count - 1)).length;
  const frame = { ...SPECS.frame, width: Math.max(SPECS.frame.width, digits) };
  const specs = decoration.columns.map((name) => (name === 'frame' ? frame : SPECS[name]));
  const columns = placeColumns(specs, pane.width - LIST_LEFT);
  drawTitles(pane, 0, LIST_LEFT, columns);
  for (let line = 1; line < pane.height; line++) {
    const row = cursor.top + line - 1;
    if (row >= cursor.count) break;
    const ordinal = rows.ordinal(row);
    const message = store.message(ordinal);
    const before =
      columns.some(({ name }) => name === 'delta') && row > 0 ? store.time(rows.ordinal(row - 1)) : message.time;
    for (const column of columns) drawColumn(pane, line, column, message, before);
    const severity = SEVERITIES[message.worst];
    if (severity !== undefined) pane.write(2, line, SEVERITY_SIGNS[severity], style(severity));
    const mark = decoration.marks.get(ordinal);
    if (mark !== undefined) {
      pane.write(1, line, mark === '' ? '*' : mark, style('accent'));
      pane.lay(0, line, pane.width, 'marked');
    }
    if (row === cursor.row) {
      pane.write(0, line, '▸', style('accent'));
      pane.lay(0, line, pane.width, decoration.isFocused ? 'selected' : 'bar');
    }
  }
}

function drawColumn(
  pane: Pane,
  line: number,
  column: PlacedColumn<MessageColumn>,
  message: StoredMessage,
  before: number,
): void {
  const text = (value: string, ink: Ink = 'text'): void => drawCell(pane, line, LIST_LEFT, column, value, style(ink));
  switch (column.name) {
    case 'frame':
      text(String(message.frame), 'dim');
      break;
    case 'time':
      text(clockText(message.time, column.width >= 15 ? 6 : 3), 'dim');
      break;
    case 'delta':
      text(((message.time - before) / 1000).toFixed(6), 'dim');
      break;
    case 'group':
      text(printable(message.groupName ?? message.groupId), message.groupName === null ? 'dim' : 'text');
      break;
    case 'source':
      text(printable(message.sourceName ?? message.sourceId), message.sourceName === null ? 'dim' : 'text');
      break;
    case 'lcid':
      text(String(message.lcid), 'dim');
      break;
    case 'key':
      text(keyOf(message), 'dim');
      break;
    case 'length':
      text(countText(message.length), 'dim');
      break;
    case 'bits':
      text(String(message.evidenceBits), 'dim');
      break;
    case 'verdict':
      text(`${VERDICT_SIGNS[message.verdict]} ${message.verdict}`, message.verdict);
      break;
    case 'what':
      text(printable(message.summary), isQuiet(message) ? 'text' : message.verdict);
      break;
  }
}

/** What is as it should be takes no colour. */
function isQuiet({ verdict }: StoredMessage): boolean {
  return verdict === 'decrypted' || verdict === 'clear' || verdict === 'unverifiable';
}

/** `39/2/811`; without a key that opened it, `i7/2/811` names the index. */
export function keyOf(message: StoredMessage): string {
  const pgk = message.pgkId < 0 ? `i${message.pgkIndex}` : String(message.pgkId);
  return `${pgk}/${message.ptkId}/${message.sn}`;
}

/** One line of text for the clipboard. */
export function messageText(message: StoredMessage): string {
  const { frame, time, groupName, groupId, sourceName, sourceId, lcid, verdict, evidenceBits, summary } = message;
  const parts = [
    `frame ${frame}`,
    clockText(time, 6),
    groupName ?? groupId,
    sourceName ?? sourceId,
    `lcid ${lcid}`,
    keyOf(message),
    `${verdict} ${evidenceBits}`,
    summary,
  ];
  return printable(parts.join('  '));
}
