// Errors of the group manager: a stable code each. What is asked cannot be done, so the exit code is that of wrong usage.

import { ExitCode, SidescopeError } from '../errors.ts';

/** What can be wrong. Docs and tests go by these. */
export const GROUP_ERROR_CODES = [
  'already-there',
  'already-member',
  'bad-policy',
  'counter-spent',
  'must-rotate',
  'no-index',
  'no-members',
  'no-pmk',
  'no-such-group',
  'not-a-member',
  'too-large',
] as const;

/** A code of `GROUP_ERROR_CODES`, without the domain. */
export type GroupErrorCode = (typeof GROUP_ERROR_CODES)[number];

/** An operation that the group manager refuses; nothing was changed. */
export class GroupError extends SidescopeError {
  /** @param code printed as `group.<code>` */
  constructor(code: GroupErrorCode, message: string, hint: string) {
    super(`group.${code}`, message, hint, ExitCode.usage);
    this.name = 'GroupError';
  }
}
