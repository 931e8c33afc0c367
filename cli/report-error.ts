// Errors and warnings on stderr, in one form: what is wrong, its stable code, what to do next.

import { printable } from '../dissectors/printable.ts';

/** Prints an error that ends the command. `code` is what tests and documentation name. */
export function reportError(code: string, message: string, hint: string): void {
  write('error', code, message, hint);
}

/** Prints something the user should know, that ends nothing. */
export function reportWarning(code: string, message: string, hint: string): void {
  write('warning', code, message, hint);
}

function write(kind: string, code: string, message: string, hint: string): void {
  let text = `sidescope: ${kind}: ${printable(message)} [${code}]\n`;
  if (hint !== '') text += `  hint: ${printable(hint)}\n`;
  process.stderr.write(text);
}
