// What stands around every view: header, tab line, rules, footer.

import { SEVERITIES } from '../../daemon/events.ts';
import { printable } from '../../dissectors/printable.ts';
import { type Context, type KeyBinding, keyText } from '../keys.ts';
import type { Session } from '../model/session.ts';
import { textWidth } from '../screen/glyphs.ts';
import type { Pane, Span } from '../screen/pane.ts';
import { Attribute, type Ink, style } from '../screen/style.ts';
import { SEVERITY_SIGNS } from '../theme.ts';
import { filledBar } from '../widgets/bars.ts';
import { clockText, countText } from '../widgets/time-text.ts';
import { type NoticeLevel, VIEW_NAMES, type View, type ViewName } from './view.ts';

/** Rows above and below a view. */
export const ROWS_ABOVE = 3;
export const ROWS_BELOW = 2;
/** Between two keys of the footer. */
const FOOTER_GAP = '   ';

/** What the frame shows beside the session. */
export interface FrameState {
  readonly views: readonly View[];
  readonly current: ViewName;
  readonly follows: boolean;
  readonly table: readonly KeyBinding[];
  readonly contexts: readonly Context[];
  readonly begun: string;
  readonly notice: { readonly text: string; readonly level: NoticeLevel } | null;
}

/** Where a view's word stands in the tab line, for clicks. */
export interface TabPlace {
  readonly view: ViewName;
  readonly from: number;
  readonly to: number;
}

/** First row: program, feed, span, how many messages, what is wrong, how it goes on. */
export function drawHeader(pane: Pane, session: Session, follows: boolean): void {
  const bar = style('text', 'bar');
  pane.fillRow(0, bar);
  const right = stateSpans(session, follows);
  const rightCells = cellsOf(right);
  pane.writeSpans(Math.max(0, pane.width - rightCells - 1), 0, right, rightCells + 1);
  const room = Math.max(0, pane.width - rightCells - 3);
  const left: Span[] = [
    { text: ' sidescope  ', style: style('title', 'bar') },
    { text: printable(session.feed.name), style: style('accent', 'bar') },
  ];
  const found = severitySpans(session);
  const { store, groups } = session;
  const { count } = store;
  const counted: Span = { text: `   ${countText(count)} ${count === 1 ? 'message' : 'messages'}`, style: bar };
  const span: Span = { text: spanOf(session), style: style('dim', 'bar') };
  // Of what there is no room for, the least needed goes first: what is wrong stays.
  const all = [...left, ...(Number.isNaN(groups.now) ? [] : [span]), counted, ...found];
  const name = left.slice(1);
  const fewer = [
    [...left, counted, ...found],
    [...name, counted, ...found],
    [...name, ...found],
  ];
  const shown = [all, ...fewer].find((spans) => cellsOf(spans) < room) ?? found;
  pane.writeSpans(shown[0] === left[0] ? 0 : 1, 0, shown, room);
}

function spanOf(session: Session): string {
  const { store, groups } = session;
  if (store.count === store.first) return '';
  return `  ${clockText(store.time(store.first))} – ${clockText(groups.now)}`;
}

function severitySpans(session: Session): Span[] {
  const { counts } = session.findings;
  const spans: Span[] = [];
  for (const severity of SEVERITIES.toReversed()) {
    if (severity === 'info' || severity === 'low') continue;
    const count = counts[SEVERITIES.indexOf(severity)];
    if (count === 0) continue;
    spans.push({
      text: `${spans.length === 0 ? '   ' : '  '}${SEVERITY_SIGNS[severity]} ${countText(count)} ${severity}`,
      style: style(severity, 'bar'),
    });
  }
  return spans;
}

function stateSpans(session: Session, follows: boolean): Span[] {
  const spans: Span[] = [];
  const add = (text: string, ink: Ink): void => void spans.push({ text: `  ${text}`, style: style(ink, 'bar') });
  if (session.isPaused) {
    const waiting = session.waiting > 0 ? ` +${countText(session.waiting)}` : '';
    add(`⏸ paused${waiting}`, 'warning');
  }
  if (session.state === 'lost') add('connection lost, trying again', 'bad');
  if (session.state === 'ended') add('ended early', 'bad');
  if (session.state === 'live') add('live', 'good');
  if (follows) add('follow', 'good');
  return spans;
}

/** Second row: the views, and the filter in force. @returns where the words stand */
export function drawTabs(pane: Pane, session: Session, state: FrameState): TabPlace[] {
  const places: TabPlace[] = [];
  let x = 1;
  state.views.forEach((view) => {
    const isCurrent = view.name === state.current;
    const from = x;
    x = pane.write(
      x,
      1,
      String(VIEW_NAMES.indexOf(view.name) + 1),
      style(isCurrent ? 'accent' : 'dim', 'base', isCurrent ? Attribute.bold : 0),
    );
    x = pane.write(
      x + 1,
      1,
      view.title,
      isCurrent ? style('title', 'base', Attribute.bold | Attribute.underline) : style('dim'),
    );
    places.push({ view: view.name, from, to: x });
    x += pane.width >= 100 ? 3 : 2;
  });
  const { filter } = session;
  if (filter !== null) {
    const found = `${countText(filter.rows.count)}${filter.isDone ? '' : '…'}`;
    const text = `filter: ${printable(filter.text)}`;
    const room = Math.max(0, pane.width - x - textWidth(found) - 4);
    const shown = Math.min(textWidth(text), room);
    const ink: Ink = filter.problem === null ? 'accent' : 'bad';
    const end = pane.write(pane.width - shown - textWidth(found) - 3, 1, text, style(ink), shown);
    pane.write(end + 2, 1, found, style('title'));
  }
  return places;
}

/** Third row, and the one above the footer. */
export function drawRule(pane: Pane, y: number): void {
  pane.fillRow(y, style('line'), '─');
}

/** Last row: the keys of the view, or what there is to say; at the right how far loading has come. */
export function drawFooter(pane: Pane, session: Session, state: FrameState): void {
  const y = pane.height - 1;
  const right = loadingSpans(session, pane.width);
  const rightCells = cellsOf(right);
  const room = pane.width - (rightCells > 0 ? rightCells + 2 : 0) - 1;
  if (state.notice !== null) {
    const ink: Ink = state.notice.level === 'info' ? 'accent' : state.notice.level;
    pane.write(1, y, printable(state.notice.text), style(ink), room);
  } else pane.writeSpans(1, y, keySpans(state, room), room);
  if (rightCells > 0) pane.writeSpans(pane.width - rightCells - 1, y, right, rightCells + 1);
}

/** Keys of the innermost context first, as many as there is room for; the one that tells all others has room in any case. */
function keySpans(state: FrameState, room: number): Span[] {
  const all = state.contexts.flatMap((context) => state.table.filter(({ contexts }) => contexts.includes(context)));
  const named = [...new Set(all.filter(({ footer }) => footer !== undefined))];
  const help = named.find(({ command }) => command === 'help');
  const spans: Span[] = [];
  if (state.begun !== '') spans.push({ text: `${keyText(state.begun)}…`, style: style('warning') });
  let left = room - cellsOf(spans) - (help === undefined ? 0 : cellsOf(footerSpans(help)) + FOOTER_GAP.length);
  const shown = new Set<string>();
  for (const binding of named) {
    const key = keyText(binding.keys[0]);
    if (shown.has(key)) continue;
    const word = footerSpans(binding);
    const cells = cellsOf(word) + (spans.length === 0 ? 0 : FOOTER_GAP.length);
    if (binding !== help && cells > left) break;
    if (spans.length > 0) spans.push({ text: FOOTER_GAP, style: style('dim') });
    shown.add(key);
    spans.push(...word);
    if (binding !== help) left -= cells;
  }
  if (help === undefined || shown.has(keyText(help.keys[0]))) return spans;
  return [...spans, { text: FOOTER_GAP, style: style('dim') }, ...footerSpans(help)];
}

/** A key and its word. */
function footerSpans({ keys, footer = '' }: KeyBinding): Span[] {
  return [
    { text: keyText(keys[0]), style: style('accent', 'base', Attribute.bold) },
    { text: ` ${footer}`, style: style('dim') },
  ];
}

function loadingSpans(session: Session, width: number): Span[] {
  const { progress, state } = session;
  if (state !== 'loading') {
    const { filter } = session;
    if (filter === null || filter.isDone || session.store.count === 0) return [];
    return barSpans('filtering', filter.seen / Math.max(1, session.store.count), width);
  }
  if (progress === null || progress.total === null || progress.total === 0) {
    return [{ text: 'loading', style: style('dim') }];
  }
  return barSpans('loading', progress.consumed / progress.total, width);
}

function barSpans(word: string, share: number, width: number): Span[] {
  const percent = `${String(Math.min(100, Math.floor(share * 100))).padStart(3)} %`;
  const spans: Span[] = [
    { text: `${word} `, style: style('dim') },
    { text: percent, style: style('text') },
  ];
  if (width >= 100) spans.splice(1, 0, { text: filledBar(share, 8), style: style('accent') });
  return spans;
}

function cellsOf(spans: readonly Span[]): number {
  return spans.reduce((sum, span) => sum + textWidth(span.text), 0);
}
