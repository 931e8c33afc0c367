// Errors of the relay, its clients and its files: a stable code each (docs/relay.md lists them).

import { ExitCode, SidescopeError } from '../errors.ts';

/** What can go wrong, printed as `relay.<code>`. */
export const RELAY_ERROR_CODES = [
  // Files of keys, capabilities and state.
  'key-file',
  'key-kind',
  'capability',
  'state',
  'state-full',
  // Listening.
  'listen',
  // A client's way to the daemon.
  'address',
  'unreachable',
  'not-sidescope',
  'impostor',
  'refused',
  'grant-ended',
  'lost',
  'slow',
  'rolled-back',
  'engine-down',
  'memory',
  'protocol',
  // Answers to what a client asks.
  'not-granted',
  'subscription',
  'filter',
  'reason',
  'audit',
  'busy',
  'no-frame',
] as const;

/** A code of `RELAY_ERROR_CODES`. */
export type RelayErrorCode = (typeof RELAY_ERROR_CODES)[number];

/** A refusal. Its texts never hold keys, capabilities or plaintext. */
export class RelayError extends SidescopeError {
  /**
   * @param message one sentence without a full stop
   * @param hint what to do next; empty where nothing can be done
   */
  constructor(
    code: RelayErrorCode,
    message: string,
    hint: string,
    exitCode: ExitCode = ExitCode.refused,
    options?: { cause?: unknown; excerpt?: { readonly text: string; readonly column: number } },
  ) {
    super(`relay.${code}`, message, hint, exitCode, options);
    this.name = 'RelayError';
  }
}
