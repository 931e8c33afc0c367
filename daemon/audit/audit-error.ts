// Errors of the audit log: a stable code each, and exit code 4. What is not written down does not happen.

import { ExitCode, SidescopeError } from '../errors.ts';
import { errorCode } from '../keyring/vault/file-system.ts';
import { VaultError } from '../keyring/vault/vault-error.ts';

/** What can be wrong. Docs and tests go by these. */
export const AUDIT_ERROR_CODES = [
  'checkpoint',
  'damaged',
  'key-damaged',
  'missing',
  'not-written',
  'other-vault',
  'truncated',
] as const;

/** A code of `AUDIT_ERROR_CODES`, without the domain. */
export type AuditErrorCode = (typeof AUDIT_ERROR_CODES)[number];

/** The audit log cannot be relied on, or cannot be written. */
export class AuditError extends SidescopeError {
  /** Number of the first record that is wrong; null where it is not about one. */
  readonly seq: number | null;

  /** @param code printed as `audit.<code>` */
  constructor(code: AuditErrorCode, message: string, hint: string, options?: { cause?: unknown; seq?: number }) {
    super(`audit.${code}`, message, hint, ExitCode.refused, options);
    this.name = 'AuditError';
    this.seq = options?.seq ?? null;
  }
}

/** The error of a record that is not as it was written. */
export function damaged(path: string, seq: number, text: string): AuditError {
  return new AuditError(
    text.startsWith('is missing') ? 'truncated' : 'damaged',
    `record ${seq} of the audit log ${path} ${text}`,
    'Keep the log as it is and find out who changed it; `sidescope keys verify` says more',
    { seq },
  );
}

/** The error of a file of the log that is not there. */
export function missing(path: string, what: string): AuditError {
  return new AuditError(
    'missing',
    `${what} ${path} does not exist`,
    'Copy it from where the vault came from; without it nobody can tell whether the vault is the latest',
  );
}

/** The error of a record that could not be written. */
export function notWritten(cause: unknown, path: string): AuditError {
  // Where a file was replaced, the disk's own error is the cause of ours.
  const code = errorCode(cause instanceof VaultError ? (cause.cause ?? cause) : cause);
  const full = code === 'ENOSPC' || code === 'EDQUOT' || code === 'EFBIG';
  return new AuditError(
    'not-written',
    full ? `${path} was not written: no space is left (${code})` : `${path} was not written (${code})`,
    'Nothing is done that cannot be recorded; make space or check the disk, then run the command again',
    { cause },
  );
}
