// `-z epochs`: the keys of each group drawn as a time line.

import type { EpochLine, EpochSource, GroupTimeline, Span } from '../daemon/findings/epoch-timeline.ts';
import { formatDuration, formatMilliseconds } from '../daemon/time.ts';
import { printable } from '../dissectors/printable.ts';
import { aligned } from './columns.ts';

/** Columns of a bar. */
const BAR = 48;
/** Names that are written out; the rest are counted. */
const MOST_NAMES = 8;

const LEGEND = '# used   = good to use   x in its window, not good   . outside\n';

/** The time lines of all groups. */
export function epochsText(groups: readonly GroupTimeline[]): string {
  if (groups.length === 0) return 'no keys are held\n';
  return `${groups.map(groupText).join('\n')}\n${LEGEND}`;
}

function groupText(timeline: GroupTimeline): string {
  const from = Math.min(...timeline.epochs.map(({ window, used }) => Math.min(window.from, used?.from ?? window.from)));
  const to = Math.max(...timeline.epochs.map(({ window, used }) => Math.max(window.to, used?.to ?? window.to)));
  const title = timeline.groupName === null ? timeline.group : `${timeline.group} ${printable(timeline.groupName)}`;
  const rows = timeline.epochs.map((epoch) => [
    `PGK ${epoch.pgkId}`,
    epoch.state,
    String(epoch.messages),
    bar(epoch, { from, to }),
    minute(epoch.window.from),
    minute(epoch.window.to),
  ]);
  const table = aligned(
    ['key', 'state', 'messages', `${BAR} columns are ${formatDuration(to - from)}`, 'from', 'to'],
    rows,
  );
  const notes = [...timeline.epochs.flatMap(whoUsed), ...timeNotes(timeline), ...removedNotes(timeline)];
  return `${title}\n${table}${notes.map((line) => `  ${line}\n`).join('')}`;
}

/** A key's window and use on the time scale of its group. */
function bar(epoch: EpochLine, scale: Span): string {
  const step = (scale.to - scale.from) / BAR;
  let text = '';
  for (let column = 0; column < BAR; column++) {
    const cell = { from: scale.from + column * step, to: scale.from + (column + 1) * step };
    text += mark(epoch, cell);
  }
  return text;
}

function mark(epoch: EpochLine, cell: Span): string {
  if (epoch.used !== null && epoch.used.from < cell.to && epoch.used.to >= cell.from) return '#';
  if (epoch.good.some((span) => meets(span, cell))) return '=';
  return meets(epoch.window, cell) ? 'x' : '.';
}

function meets(a: Span, b: Span): boolean {
  return a.from < b.to && b.from < a.to;
}

function whoUsed(epoch: EpochLine): string[] {
  if (epoch.used === null) return [];
  const use = `PGK ${epoch.pgkId}: used ${second(epoch.used.from)} to ${second(epoch.used.to)}`;
  const stayed = epoch.stayed.length === 0 ? '' : `; not moved to it: ${names(epoch.stayed)}`;
  return [`${use} by ${names(epoch.users)}${stayed}`];
}

function timeNotes(timeline: GroupTimeline): string[] {
  const lines = timeline.overlaps.map(
    ({ earlier, later, from, to }) =>
      `PGK ${earlier} and ${later} overlap for ${formatDuration(to - from)} from ${minute(from)}`,
  );
  for (const { from, to } of timeline.gaps) {
    lines.push(`no key is good for ${formatDuration(to - from)} from ${minute(from)}`);
  }
  if (timeline.lastEnd !== null) lines.push(`the last key that is held ends ${minute(timeline.lastEnd)}`);
  return lines;
}

function removedNotes(timeline: GroupTimeline): string[] {
  return timeline.removed.map((member) => {
    const who = `${name(member)} left ${minute(member.left)}`;
    const sure =
      member.readsUntil === null
        ? 'has no key that is still good'
        : `can read for another ${formatDuration(member.readsUntil - member.left)}`;
    if (member.laterPgkIds.length === 0 || member.mayReadUntil === null) return `${who} and ${sure}`;
    const longer = formatDuration(member.mayReadUntil - member.left);
    const later = member.laterPgkIds.join(', ');
    return member.usedLater
      ? `${who} and used a later key (PGK ${later}): it can read for another ${longer}`
      : `${who} and ${sure}; ${longer} if it was given PGK ${later} before`;
  });
}

function names(sources: readonly EpochSource[]): string {
  const shown = sources.slice(0, MOST_NAMES).map(name).join(', ');
  return sources.length > MOST_NAMES ? `${shown} and ${sources.length - MOST_NAMES} more` : shown;
}

function name(source: EpochSource): string {
  return source.name === null || source.name === source.source
    ? source.source
    : `${source.source} ${printable(source.name)}`;
}

function minute(time: number): string {
  return `${formatMilliseconds(time).slice(0, 16)}Z`;
}

function second(time: number): string {
  return `${formatMilliseconds(time).slice(0, 19)}Z`;
}
