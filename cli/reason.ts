// A reason that goes on record: words of somebody, and not the option that follows where they were left out.

import { InvalidArgumentError } from 'commander';

/** We chose: characters of a reason; it stands in a record of the audit log. Above it: refused. */
const REASON_MOST = 500;

/** Whether the text says why. */
export function isReason(text: string | undefined): boolean {
  return /^[^-\s]/.test((text ?? '').trim());
}

/** Reads the value of an option that says why. @throws InvalidArgumentError where it does not, or takes too long to */
export function reasonOption(value: string): string {
  const text = value.trim();
  if (!isReason(text)) throw new InvalidArgumentError('Say why in a few words.');
  if (text.length > REASON_MOST) throw new InvalidArgumentError(`It has at most ${REASON_MOST} characters.`);
  return text;
}
