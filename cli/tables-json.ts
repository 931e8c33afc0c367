// The tables of `-z` as JSON: the same rows as in the text, times as interfaces 3 writes them.

import type { GroupTimeline, Span } from '../daemon/findings/epoch-timeline.ts';
import type { IntervalRow } from '../daemon/interval-statistics.ts';
import type { GroupRow, TalkerRow } from '../daemon/statistics.ts';
import { formatMilliseconds } from '../daemon/time.ts';

/** A row of `-z groups` or `-z talkers`. */
export function countedJson(row: GroupRow | TalkerRow): object {
  return { ...row, first: formatMilliseconds(row.first), last: formatMilliseconds(row.last) };
}

/** A row of `-z io`; `from` is null for all intervals above the cap. */
export function intervalJson(row: IntervalRow): object {
  return { ...row, from: row.from === null ? null : formatMilliseconds(row.from) };
}

/** A group of `-z epochs`. */
export function timelineJson(timeline: GroupTimeline): object {
  return {
    ...timeline,
    epochs: timeline.epochs.map((epoch) => ({
      ...epoch,
      window: spanJson(epoch.window),
      good: epoch.good.map(spanJson),
      used: epoch.used === null ? null : spanJson(epoch.used),
    })),
    overlaps: timeline.overlaps.map((overlap) => ({ ...overlap, ...spanJson(overlap) })),
    gaps: timeline.gaps.map(spanJson),
    lastEnd: timeOrNull(timeline.lastEnd),
    removed: timeline.removed.map((member) => ({
      ...member,
      left: formatMilliseconds(member.left),
      readsUntil: timeOrNull(member.readsUntil),
      mayReadUntil: timeOrNull(member.mayReadUntil),
    })),
  };
}

function spanJson(span: Span): { from: string; to: string } {
  return { from: formatMilliseconds(span.from), to: formatMilliseconds(span.to) };
}

function timeOrNull(time: number | null): string | null {
  return time === null ? null : formatMilliseconds(time);
}
