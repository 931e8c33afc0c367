// Errors of the group manager: a stable code each. What is asked cannot be done, so the exit code is that of wrong usage.

import { ExitCode, SidescopeError } from '../errors.ts';
import { layer2IdText } from '../keyring/keyring.ts';

/** What can be wrong. Docs and tests go by these. */
export const GROUP_ERROR_CODES = [
  'already-there',
  'already-member',
  'bad-policy',
  'counter-spent',
  'must-rotate',
  'no-index',
  'no-members',
  'no-pgk',
  'no-pmk',
  'no-such-group',
  'not-a-member',
  'stale',
  'too-large',
] as const;

/** A code of `GROUP_ERROR_CODES`, without the domain. */
export type GroupErrorCode = (typeof GROUP_ERROR_CODES)[number];

/** The error of a group that there is not. @param known Layer-2 ids of those that there are */
export function noSuchGroup(id: number, known: readonly number[]): never {
  const names = known.map(layer2IdText).slice(0, 5).join(', ');
  const hint = names === '' ? '`sidescope group create` makes one' : `The manager has ${names}`;
  throw new GroupError('no-such-group', `group ${layer2IdText(id)} is not one of this manager`, hint);
}

/** An operation that the group manager refuses; nothing was changed. */
export class GroupError extends SidescopeError {
  /** @param code printed as `group.<code>` */
  constructor(code: GroupErrorCode, message: string, hint: string) {
    super(`group.${code}`, message, hint, ExitCode.usage);
    this.name = 'GroupError';
  }
}
