// Errors of the vault: a stable code each, and exit code 4 (interfaces 1: the vault, a key or a credential was refused).

import { ExitCode, SidescopeError } from '../../errors.ts';

/** What can be refused. Docs and tests go by these. */
export const VAULT_ERROR_CODES = [
  'already-there',
  'anchor-changed',
  'anchor-missing',
  'ambiguous-key',
  'clock-back',
  'closed',
  'conflicting-key',
  'cost-too-high',
  'cost-too-low',
  'duplicate-key',
  'export-not-opened',
  'in-doubt',
  'locked',
  'malformed',
  'mode',
  'newer-format',
  'no-such-key',
  'not-a-vault',
  'not-opened',
  'not-there',
  'not-written',
  'nothing-active',
  'passphrase',
  'process-may-dump',
  'read-only',
  'recipient',
  'rolled-back',
  'slots',
  'state-changed',
  'state-missing',
  'symlink',
  'too-large',
  'transition',
  'unreadable',
  'window',
] as const;

/** A code of `VAULT_ERROR_CODES`, without the domain. */
export type VaultErrorCode = (typeof VAULT_ERROR_CODES)[number];

/** A refusal. Its texts never hold key material, passphrases or what they were derived from. */
export class VaultError extends SidescopeError {
  /**
   * @param code printed as `vault.<code>`
   * @param message one sentence without a full stop
   * @param hint what to do next; empty where nothing can be done
   */
  constructor(code: VaultErrorCode, message: string, hint: string, options?: { cause?: unknown }) {
    super(`vault.${code}`, message, hint, ExitCode.refused, options);
    this.name = 'VaultError';
  }
}

/**
 * The one answer to a wrong passphrase and to a changed file: whoever changes files must not learn how far opening got.
 */
export function notOpened(path: string): VaultError {
  return new VaultError(
    'not-opened',
    `${path} was not opened: the passphrase or key does not fit, or the file was changed`,
    'Check the passphrase; if it is right, restore the file from a copy you trust',
  );
}
