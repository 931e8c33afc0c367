// A capture that could not be opened at all: no such file, no permission, a directory.

const OPEN_PROBLEMS: Readonly<Record<string, readonly [code: string, sentence: string, hint: string]>> = {
  ENOENT: ['capture.no-such-file', 'there is no such file', 'check the spelling and the folder'],
  ENOTDIR: ['capture.no-such-file', 'a part of its path is no folder', 'check the spelling and the folder'],
  EACCES: ['capture.no-permission', 'this user may not read it', 'run as a user who may, or change its permissions'],
  EPERM: ['capture.no-permission', 'this user may not read it', 'run as a user who may, or change its permissions'],
  EISDIR: ['capture.is-a-directory', 'it is a folder', 'name a capture file inside it'],
};

/** Nothing was read: the input could not be opened. Problems inside an open capture are no errors but `problem`. */
export class CaptureOpenError extends Error {
  /** Stable: `capture.no-such-file`, `capture.no-permission`, `capture.is-a-directory` or `capture.open-failed`. */
  readonly code: string;
  /** The operating system's code, e.g. `ENOENT`. */
  readonly reason: string;
  /** What to do next. */
  readonly hint: string;

  /**
   * @param path as the user wrote it; `-` is standard input
   * @param reason error code of the operating system, e.g. `ENOENT`
   */
  constructor(path: string, reason: string, options?: { cause?: unknown }) {
    const [code, sentence, hint] = OPEN_PROBLEMS[reason] ?? [
      'capture.open-failed',
      `the operating system says ${reason}`,
      'check that it can be opened with another program',
    ];
    super(`cannot open ${path === '-' ? 'standard input' : path}: ${sentence}`, options);
    this.name = 'CaptureOpenError';
    this.code = code;
    this.reason = reason;
    this.hint = hint;
  }
}

/** The operating system's code of a failed call, e.g. `EIO`; `unknown` where it gave none. */
export function systemCode(error: unknown): string {
  if (error instanceof Error && 'code' in error && typeof error.code === 'string') {
    return error.code;
  }
  return 'unknown';
}
