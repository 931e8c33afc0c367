// Instants as text and back. Times on the wire of interfaces 3 are RFC 3339, UTC, with 6 or 9 fraction digits.

// A capture repeats the same second thousands of times: its text is kept.
let lastSecond = Number.NaN;
let lastText = '';

/**
 * RFC 3339 text of an instant.
 *
 * @param seconds whole seconds since 1970 UTC, may be negative
 * @param nanoseconds 0 to 999,999,999
 * @param digits fraction digits: 6 or 9
 */
export function formatInstant(seconds: number, nanoseconds: number, digits: number): string {
  if (seconds !== lastSecond) {
    lastText = secondText(seconds);
    lastSecond = seconds;
  }
  if (digits > 6) return `${lastText}.${String(nanoseconds).padStart(9, '0')}Z`;
  return `${lastText}.${String(Math.floor(nanoseconds / 1000)).padStart(6, '0')}Z`;
}

/** RFC 3339 text of milliseconds since 1970, 6 fraction digits. */
export function formatMilliseconds(milliseconds: number): string {
  const seconds = Math.floor(milliseconds / 1000);
  const micros = Math.round((milliseconds - seconds * 1000) * 1000);
  if (micros >= 1_000_000) return formatInstant(seconds + 1, 0, 6);
  return formatInstant(seconds, micros * 1000, 6);
}

/** How long something lasted, in the words people use: `41 min`, `3 h 2 min`, `2 d 4 h`. */
export function formatDuration(milliseconds: number): string {
  const seconds = Math.floor(Math.abs(milliseconds) / 1000);
  if (seconds < 1) return `${Math.round(Math.abs(milliseconds))} ms`;
  if (seconds < 60) return `${seconds} s`;
  const minutes = Math.floor(seconds / 60);
  if (minutes < 60) return `${minutes} min`;
  const hours = Math.floor(minutes / 60);
  if (hours < 24) return minutes % 60 === 0 ? `${hours} h` : `${hours} h ${minutes % 60} min`;
  const days = Math.floor(hours / 24);
  return hours % 24 === 0 ? `${days} d` : `${days} d ${hours % 24} h`;
}

// What Date can hold (ECMA-262 21.4.1.1); a capture's 64-bit time may lie beyond.
const MOST_SECONDS = 8_640_000_000_000;

function secondText(seconds: number): string {
  const within = Math.max(-MOST_SECONDS, Math.min(MOST_SECONDS, seconds));
  const date = new Date(within * 1000);
  const year = date.getUTCFullYear();
  // Not toISOString, which asks for the time zone of the system first: a millisecond.
  const years = year < 0 || year > 9999 ? `${year < 0 ? '-' : '+'}${padded(Math.abs(year), 6)}` : padded(year, 4);
  const day = `${years}-${padded(date.getUTCMonth() + 1, 2)}-${padded(date.getUTCDate(), 2)}`;
  return `${day}T${padded(date.getUTCHours(), 2)}:${padded(date.getUTCMinutes(), 2)}:${padded(date.getUTCSeconds(), 2)}`;
}

function padded(number: number, digits: number): string {
  return String(number).padStart(digits, '0');
}
