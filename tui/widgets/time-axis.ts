// A stretch of time laid over cells: which cell an instant falls into, zoom and scroll, and the marks of the axis.

import type { TimeSpan } from '../model/key-cover.ts';

const SECOND = 1000;
const MINUTE = 60 * SECOND;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;

/** Constants we chose. */
/** Distances between marks, in ms; the first that leaves room for the texts is taken. */
const STEPS = [
  ...[1, 2, 5, 10, 30].map((count) => count * SECOND),
  ...[1, 2, 5, 10, 30].map((count) => count * MINUTE),
  ...[1, 2, 6, 12].map((count) => count * HOUR),
  ...[1, 2, 7, 14, 30, 90, 365, 3650].map((count) => count * DAY),
];
/** Cells that a text of a mark takes, with a blank. */
const MARK_CELLS = 9;
/** Beyond the list distances grow by this factor. */
const STEP_GROWTH = 10;
/** The shortest stretch that is shown (ms). */
export const SHORTEST_MS = 2 * SECOND;
/** Part of what is seen that one step scrolls. */
const SCROLL_SHARE = 0.25;

/** What a calendar reaches (ECMA-262 21.4.1.1), in ms on either side of 1970: time stamps of a capture may say more. */
const CALENDAR_MS = 8.64e15;

const MONTHS = ['Jan', 'Feb', 'Mar', 'Apr', 'May', 'Jun', 'Jul', 'Aug', 'Sep', 'Oct', 'Nov', 'Dec'];

/** A mark of the axis. */
export interface AxisMark {
  readonly cell: number;
  readonly text: string;
}

/** See the head of the file. Immutable. */
export class TimeAxis {
  readonly from: number;
  readonly to: number;
  readonly cells: number;

  /** @param span what is seen; one without a length is made SHORTEST_MS long */
  constructor(span: TimeSpan, cells: number) {
    this.from = Math.min(inCalendar(span.from), CALENDAR_MS - SHORTEST_MS);
    this.to = Math.max(inCalendar(span.to), this.from + SHORTEST_MS);
    this.cells = Math.max(1, cells);
  }

  /** Time of one cell, in ms. */
  get cellSpan(): number {
    return (this.to - this.from) / this.cells;
  }

  /** The cell that an instant falls into; beyond either edge it is negative or at least `cells`. */
  cellOf(time: number): number {
    return Math.floor((time - this.from) / this.cellSpan);
  }

  /** The span of a cell. */
  spanOf(cell: number): TimeSpan {
    return { from: this.from + cell * this.cellSpan, to: this.from + (cell + 1) * this.cellSpan };
  }

  /** What is seen after a zoom by a factor (below 1: closer): an instant that is in sight stays where it is. */
  zoomed(factor: number, around: number): TimeSpan {
    const isInSight = around >= this.from && around <= this.to;
    const centre = isInSight ? around : (this.from + this.to) / 2;
    const share = (centre - this.from) / (this.to - this.from);
    const length = Math.max(SHORTEST_MS, (this.to - this.from) * factor);
    return { from: centre - share * length, to: centre + (1 - share) * length };
  }

  /** What is seen after a step to the side, no further than an edge of `whole` in the middle. */
  scrolled(direction: 1 | -1, whole: TimeSpan): TimeSpan {
    const length = this.to - this.from;
    const wanted = this.from + direction * SCROLL_SHARE * length;
    const from = Math.max(whole.from - length / 2, Math.min(whole.to - length / 2, wanted));
    return { from, to: from + length };
  }

  /** Marks at round times (UTC). */
  marks(): AxisMark[] {
    const least = (MARK_CELLS + 1) * this.cellSpan;
    let step = STEPS.find((each) => each >= least) ?? 3650 * DAY;
    while (step < least) step *= STEP_GROWTH;
    const marks: AxisMark[] = [];
    for (let time = Math.ceil(this.from / step) * step; time < this.to; time += step) {
      const cell = this.cellOf(time);
      if (cell + MARK_CELLS <= this.cells) marks.push({ cell, text: markText(time, step) });
    }
    return marks;
  }
}

/** The instant, or the end of any calendar where it lies beyond that. */
export function inCalendar(time: number): number {
  return Math.max(-CALENDAR_MS, Math.min(CALENDAR_MS, time));
}

/** `May 8`, `2026-05`, `14:30`, `14:30:05`: as much as a mark of such a distance needs. */
function markText(time: number, step: number): string {
  if (step >= 365 * DAY) return String(yearOf(time));
  if (step >= 90 * DAY) return `${MONTHS[new Date(time).getUTCMonth()]} ${yearOf(time)}`;
  if (step >= DAY || time % DAY === 0) return dayText(time);
  return new Date(time).toISOString().slice(-13, step >= MINUTE ? -8 : -5);
}

/** `May 8 14:30`, for a sentence; with the year where it is another one than that of `near`. */
export function instantText(time: number, near: number): string {
  const within = inCalendar(time);
  const year = Number.isNaN(near) || yearOf(inCalendar(near)) !== yearOf(within) ? ` ${yearOf(within)}` : '';
  return `${dayText(within)}${year} ${new Date(within).toISOString().slice(-13, -8)}`;
}

function yearOf(time: number): number {
  return new Date(time).getUTCFullYear();
}

function dayText(time: number): string {
  const date = new Date(time);
  return `${MONTHS[date.getUTCMonth()]} ${date.getUTCDate()}`;
}
