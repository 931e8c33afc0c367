// Errors of the journal: a stable code each. Those that refuse to open it are thrown; those of a disk that refuses writes
// are a state (`degraded`) and only shown.

import { ExitCode, SidescopeError } from '../errors.ts';

/** A journal that cannot be opened. */
export class JournalError extends SidescopeError {
  /**
   * @param code printed as `journal.<code>`
   * @param message one sentence without a full stop
   * @param hint what to do next
   */
  constructor(
    code: 'locked' | 'symlink' | 'mode' | 'unreadable',
    message: string,
    hint: string,
    options?: { cause?: unknown },
  ) {
    super(`journal.${code}`, message, hint, code === 'unreadable' ? ExitCode.damagedInput : ExitCode.usage, options);
    this.name = 'JournalError';
  }
}

/** Why a journal is degraded, and what to do. */
export interface DiskProblem {
  readonly code: string;
  readonly message: string;
  readonly hint: string;
}

/** The code of a file-system error, e.g. `ENOSPC`. */
export function systemCode(error: unknown): string {
  return (error as NodeJS.ErrnoException).code ?? 'unknown reason';
}

/** Names what the disk refused. */
export function diskProblem(error: unknown, folder: string): DiskProblem {
  const code = systemCode(error);
  switch (code) {
    case 'ENOSPC':
    case 'EDQUOT':
    case 'EFBIG':
      return {
        code: 'journal.disk-full',
        message: `the journal ${folder} cannot be written: no space is left (${code})`,
        hint: 'Make space or lower the limits of the journal; it goes on by itself',
      };
    case 'EROFS':
      return {
        code: 'journal.read-only',
        message: `the journal ${folder} cannot be written: the file system is read-only (${code})`,
        hint: 'Find out why it was mounted so (a failing disk does that) and mount it writable; it goes on by itself',
      };
    default:
      return {
        code: 'journal.disk-error',
        message: `the journal ${folder} cannot be written (${code})`,
        hint: 'Check the disk, the mount and the rights of the folder; it goes on by itself',
      };
  }
}
