// Errors of the audit log: a stable code each, and exit code 4. What is not written down does not happen.

import { ExitCode, SidescopeError } from '../errors.ts';

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
