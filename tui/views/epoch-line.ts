// One line of the epochs view: a name on the left, a piece of the timeline, facts on the right.

import type { EpochStateName } from '../../daemon/events.ts';
import { printable } from '../../dissectors/printable.ts';
import type { EpochLine } from '../model/epoch-lines.ts';
import { namesOf } from '../model/epoch-lines.ts';
import type { EpochUse } from '../model/epoch-use.ts';
import { coveredSpans, lastingReaders, type TimeSpan, usableSpans } from '../model/key-cover.ts';
import { layer2Text } from '../model/message-store.ts';
import { textWidth } from '../screen/glyphs.ts';
import type { Pane } from '../screen/pane.ts';
import { type Ink, style } from '../screen/style.ts';
import { instantText, type TimeAxis } from '../widgets/time-axis.ts';
import { clockText, countText, dateText, spanText } from '../widgets/time-text.ts';

/** What all lines have in common. */
export interface EpochFrame {
  readonly axis: TimeAxis;
  /** Cell in which the timeline begins, and that in which facts do. */
  readonly left: number;
  readonly factsAt: number;
  /** There is room for first and last use. */
  readonly isWide: boolean;
  /** Capture time of the newest message (ms since 1970); NaN before one. */
  readonly now: number;
  /** Where the time cursor stands (ms since 1970); NaN: nowhere. */
  readonly cursor: number;
  readonly use: EpochUse;
}

/** Facts of a key. */
export interface KeyFacts {
  readonly state: string;
  readonly left: string;
  readonly messages: string;
  readonly members: string;
  readonly used: string;
}

/** Their titles. */
export const FACT_TITLES: KeyFacts = {
  state: 'state',
  left: 'left',
  messages: 'messages',
  members: 'members',
  used: 'first and last use',
};

const FACT_CELLS = { state: 13, left: 8, messages: 9, members: 9, used: 21 } as const;

/** Signs and inks of states: colour is never the only carrier. */
const STATES: Readonly<Record<EpochStateName, { readonly sign: string; readonly ink: Ink }>> = {
  staged: { sign: '○', ink: 'dim' },
  active: { sign: '●', ink: 'good' },
  overlap: { sign: '▒', ink: 'warning' },
  suspended: { sign: '-', ink: 'stale' },
  expired: { sign: '~', ink: 'stale' },
  revoked: { sign: '×', ink: 'bad' },
  compromised: { sign: '!', ink: 'bad' },
  destroyed: { sign: '#', ink: 'dim' },
};

/** We chose: less time left than this stands out (ms). */
const SOON_MS = 86_400_000;

/** Draws a line. */
export function drawEpochLine(pane: Pane, y: number, line: EpochLine, frame: EpochFrame): void {
  switch (line.kind) {
    case 'group':
      drawGroup(pane, y, line, frame);
      break;
    case 'key':
      drawKey(pane, y, line, frame);
      break;
    case 'ptk':
      drawPtk(pane, y, line, frame);
      break;
    case 'gap':
      drawGap(pane, y, line, frame);
      break;
    case 'end':
      drawEnd(pane, y, line, frame);
      break;
  }
}

/** A line as text, for the clipboard and for a search. */
export function lineText(line: EpochLine, now: number, use: EpochUse): string {
  const group = printable(line.row.name ?? line.row.idText);
  switch (line.kind) {
    case 'group':
      return `${group}  ${line.row.idText}  ${membersText(line, use)}`;
    case 'key': {
      const { state, left, messages, members, used } = keyFacts(line, now);
      const window = line.key === null ? '' : `  ${dateText(line.key.notBefore)} to ${dateText(line.key.notAfter)}`;
      return `${group}  PGK ${line.pgkId}${window}  ${state}  ${left}  ${messages} messages  ${members} members  ${used}`;
    }
    case 'ptk': {
      const { ptk, name, pgkId } = line;
      return `${group}  PGK ${pgkId}  ${printable(name)}  PTK ${ptk.ptkId}  ${countText(ptk.messages)} messages`;
    }
    case 'gap':
      return `${group}  ${gapText(line.gap, now)}`;
    case 'end':
      return `${group}  ${endText(line, now)}`;
  }
}

/** Writes facts into their columns. */
export function drawFacts(pane: Pane, y: number, x: number, isWide: boolean, facts: KeyFacts, ink: Ink): void {
  let at = x;
  pane.write(at, y, facts.state, style(ink), FACT_CELLS.state - 1);
  at += FACT_CELLS.state;
  pane.write(at, y, facts.left, style(ink), FACT_CELLS.left);
  at += FACT_CELLS.left + FACT_CELLS.messages;
  pane.writeRight(at, y, facts.messages, style(ink));
  at += FACT_CELLS.members;
  pane.writeRight(at, y, facts.members, style(ink));
  if (isWide) pane.write(at + 2, y, facts.used, style(ink), FACT_CELLS.used);
}

type LineOf<Kind extends EpochLine['kind']> = Extract<EpochLine, { readonly kind: Kind }>;

function drawGroup(pane: Pane, y: number, line: LineOf<'group'>, { left, use }: EpochFrame): void {
  const { row } = line;
  const name = printable(row.name ?? row.idText);
  const at = pane.write(1, y, name, style(row.name === null ? 'dim' : 'title'), Math.max(left, 24));
  pane.write(Math.max(at + 2, left), y, membersText(line, use), style('text'), pane.width - Math.max(at + 2, left) - 1);
}

/** Who is on which key: `on 39: Engine 71, Chief 7   on 37 ~ stale: Engine 73   not heard: Ladder 72`. */
function membersText({ row }: LineOf<'group'>, use: EpochUse): string {
  const heard = use.group(row.code)?.members;
  const names = namesOf(row, heard);
  const byKey = new Map<string, string[]>();
  for (const { source, pgkId, isStale } of heard?.values() ?? []) {
    const key = `on ${pgkId}${isStale ? ' ~ stale' : ''}`;
    const list = byKey.get(key) ?? [];
    list.push(printable(names.get(source) ?? layer2Text(source)));
    byKey.set(key, list);
  }
  const silent = (row.description?.members ?? []).filter(({ id }) => heard?.has(id) !== true);
  const parts = [...byKey].map(([key, list]) => `${key}: ${list.join(', ')}`);
  if (silent.length > 0) parts.push(`not heard: ${silent.map(({ name }) => printable(name)).join(', ')}`);
  return parts.join('   ');
}

function keyFacts(line: LineOf<'key'>, now: number): KeyFacts {
  const { key, use, isAmbiguous } = line;
  const state = key === null ? '? not told' : `${STATES[key.state].sign} ${key.state}`;
  const left = key === null || Number.isNaN(now) ? 0 : key.notAfter - now;
  const isOver = key !== null && key.state !== 'active' && key.state !== 'overlap' && key.state !== 'staged';
  return {
    state,
    left: key === null || Number.isNaN(now) || (isOver && left > 0) ? '-' : `${left < 0 ? '-' : ''}${spanText(left)}`,
    messages: use === undefined ? '-' : `${countText(use.messages)}${isAmbiguous ? '*' : ''}`,
    members: membersOn(line),
    used: use === undefined ? '' : `${clockText(use.first, 0)} – ${clockText(use.last, 0)}`,
  };
}

/** As in the list of groups: how many of the roster, and how many others. */
function membersOn({ row, use, heard }: LineOf<'key'>): string {
  if (use === undefined) return '-';
  const roster = new Set(row.description?.members.map(({ id }) => id)).size;
  if (roster === 0) return `${use.members} / ?`;
  const known = heard();
  return `${known} / ${roster}${use.members > known ? ` +${use.members - known}` : ''}`;
}

function drawKey(pane: Pane, y: number, line: LineOf<'key'>, frame: EpochFrame): void {
  const { key, use } = line;
  const { axis, left, now } = frame;
  pane.write(2, y, `PGK ${line.pgkId}`, style('accent'), left - 3);
  const usable = key === null ? [] : usableSpans(key);
  const shared = key === null ? [] : coveredSpans(line.others());
  const ink = key === null ? 'no-key' : STATES[key.state].ink;
  for (let cell = 0; cell < axis.cells; cell++) {
    const span = axis.spanOf(cell);
    const isUsed = use !== undefined && isUsedIn(use, span);
    const isUsable = usable.some((each) => touches(each, span));
    const isHeld = key !== null && touches({ from: key.notBefore, to: key.notAfter }, span);
    if (isUsed) pane.put(left + cell, y, isUsable || key === null ? '█' : '~', style(isUsable ? ink : 'stale'));
    else if (isUsable && shared.some((each) => touches(each, span))) {
      pane.put(left + cell, y, '▒', style('warning'));
    } else if (isUsable) pane.put(left + cell, y, '░', style(ink));
    else if (isHeld) pane.put(left + cell, y, '─', style('dim'));
    if (!isUsed || axis.cellOf(frame.cursor) === cell) drawNow(pane, y, cell, frame);
  }
  const facts = keyFacts(line, now);
  drawFacts(pane, y, frame.factsAt, frame.isWide, facts, 'text');
  pane.write(frame.factsAt, y, facts.state, style(ink), FACT_CELLS.state - 1);
}

function isUsedIn(
  {
    first,
    last,
    density,
  }: { readonly first: number; readonly last: number; readonly density: { touched(from: number, to: number): number } },
  span: TimeSpan,
): boolean {
  return first < span.to && last >= span.from && density.touched(span.from, span.to) > 0;
}

function drawPtk(pane: Pane, y: number, { ptk, name }: LineOf<'ptk'>, frame: EpochFrame): void {
  const { axis, left, factsAt } = frame;
  pane.write(4, y, printable(name), style('text'), left - 5);
  const first = axis.cellOf(ptk.first);
  const last = axis.cellOf(ptk.last);
  for (let cell = 0; cell < axis.cells; cell++) {
    if (cell >= first && cell <= last) pane.put(left + cell, y, '━', style('decrypted'));
    else drawNow(pane, y, cell, frame);
  }
  const used = `${clockText(ptk.first, 0)} – ${clockText(ptk.last, 0)}`;
  const facts = { state: `PTK ${ptk.ptkId}`, left: '', messages: countText(ptk.messages), members: '', used };
  drawFacts(pane, y, factsAt, frame.isWide, facts, 'dim');
}

function drawGap(pane: Pane, y: number, { gap }: LineOf<'gap'>, frame: EpochFrame): void {
  const { axis, left, now } = frame;
  const ink: Ink = gap.from <= now ? 'bad' : 'warning';
  for (let cell = 0; cell < axis.cells; cell++) {
    if (touches(gap, axis.spanOf(cell))) pane.put(left + cell, y, '╳', style(ink));
    else drawNow(pane, y, cell, frame);
  }
  writeBeside(pane, y, axis.cellOf(gap.from), axis.cellOf(gap.to), gapText(gap, now), ink, frame);
}

function gapText({ from, to }: TimeSpan, now: number): string {
  return `no key from ${instantText(from, now)} to ${instantText(to, now)}`;
}

function drawEnd(pane: Pane, y: number, line: LineOf<'end'>, frame: EpochFrame): void {
  const { axis, left, now } = frame;
  const { end } = line;
  const cross = end === null ? -1 : axis.cellOf(end);
  const ink = endInk(end, now);
  for (let cell = 0; cell < axis.cells; cell++) {
    if (cell === cross) pane.put(left + cell, y, '╳', style(ink));
    else drawNow(pane, y, cell, frame);
  }
  writeBeside(pane, y, cross, cross, endText(line, now), ink, frame);
}

function endInk(end: number | null, now: number): Ink {
  if (end === null) return 'no-key';
  if (end <= now) return 'bad';
  return end - now < SOON_MS ? 'warning' : 'dim';
}

function endText({ row, end }: LineOf<'end'>, now: number): string {
  if (end === null) return '? no key held';
  const texts = [`no key held after ${instantText(end, now)}`];
  const readers = row.description === null || Number.isNaN(now) ? [] : lastingReaders(row.description, now);
  for (const { name, until } of readers) {
    texts.push(`removed ${printable(name)} can read until ${instantText(until, now)}`);
  }
  return texts.join('   ');
}

/** Writes a sentence where it hides nothing: behind its crosses, else before them, else cut off behind them. */
function writeBeside(
  pane: Pane,
  y: number,
  first: number,
  last: number,
  text: string,
  ink: Ink,
  { axis, left }: EpochFrame,
): void {
  const cells = textWidth(text);
  const behind = left + Math.max(-2, Math.min(last, axis.cells - 1)) + 2;
  const before = left + Math.min(first, axis.cells) - 1 - cells;
  const fits = behind + cells < pane.width;
  pane.write(fits || before < 1 ? behind : before, y, text, style(ink));
}

/** The time cursor, or now. */
function drawNow(pane: Pane, y: number, cell: number, { axis, left, now, cursor }: EpochFrame): void {
  if (axis.cellOf(cursor) === cell) pane.put(left + cell, y, '┆', style('title'));
  else if (axis.cellOf(now) === cell) pane.put(left + cell, y, '│', style('accent'));
}

function touches(a: TimeSpan, b: TimeSpan): boolean {
  return a.from < b.to && b.from < a.to;
}
