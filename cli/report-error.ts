// Errors and warnings on stderr, in one form: what is wrong, its stable code, what to do next.

import { printable } from '../dissectors/printable.ts';

/** A text somebody wrote, and the column (characters, from 1) at which it is wrong. */
interface Excerpt {
  readonly text: string;
  readonly column: number;
}

/** Prints an error that ends the command. `code` is what tests and documentation name. */
export function reportError(code: string, message: string, hint: string, excerpt: Excerpt | null = null): void {
  write('error', code, message, hint, excerpt);
}

/** Prints something the user should know, that ends nothing. */
export function reportWarning(code: string, message: string, hint: string): void {
  write('warning', code, message, hint, null);
}

let hasReported = false;

/** Whether all that was reported has been written. Asking the stream itself would make it, which takes milliseconds. */
export function reportsAreWritten(): boolean {
  return !hasReported || process.stderr.writableLength === 0;
}

function write(kind: string, code: string, message: string, hint: string, excerpt: Excerpt | null): void {
  let text = `sidescope: ${kind}: ${printable(message)} [${code}]\n`;
  if (excerpt !== null) {
    const before = printable([...excerpt.text].slice(0, excerpt.column - 1).join(''));
    text += `  ${printable(excerpt.text)}\n  ${' '.repeat([...before].length)}^\n`;
  }
  if (hint !== '') text += `  hint: ${printable(hint)}\n`;
  hasReported = true;
  process.stderr.write(text);
}
