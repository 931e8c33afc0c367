// Instants and spans as the lists show them. Times are capture time, UTC.

import { formatMilliseconds } from '../../daemon/time.ts';

/** `12:04:31.220`, with so many fraction digits (0 to 6). */
export function clockText(milliseconds: number, digits = 3): string {
  if (Number.isNaN(milliseconds)) return '-';
  const text = formatMilliseconds(milliseconds).slice(11, 26);
  return digits === 0 ? text.slice(0, 8) : text.slice(0, 9 + digits);
}

/** `2026-05-01`. */
export function dateText(milliseconds: number): string {
  return Number.isNaN(milliseconds) ? '-' : formatMilliseconds(milliseconds).slice(0, 10);
}

/** A span in the two largest units: `2d 04h`, `41m`, `3.2s`. */
export function spanText(milliseconds: number): string {
  const seconds = Math.abs(milliseconds) / 1000;
  const two = (value: number): string => String(Math.floor(value)).padStart(2, '0');
  if (seconds < 10) return `${seconds.toFixed(1)}s`;
  if (seconds < 60) return `${Math.floor(seconds)}s`;
  if (seconds < 3600) return `${Math.floor(seconds / 60)}m ${two(seconds % 60)}s`;
  if (seconds < 86_400) return `${Math.floor(seconds / 3600)}h ${two((seconds % 3600) / 60)}m`;
  return `${Math.floor(seconds / 86_400)}d ${two((seconds % 86_400) / 3600)}h`;
}

/** `1 204 388`. */
export function countText(count: number): string {
  return String(Math.round(count)).replace(/\B(?=(\d{3})+$)/g, ' ');
}
