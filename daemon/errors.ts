// Errors that end a command: a stable code, a sentence a field engineer understands, what to do next, and the exit code
// of interfaces 1.

/** Exit codes that outside programs rely on (interfaces 1). */
export const ExitCode = {
  done: 0,
  finding: 1,
  usage: 2,
  damagedInput: 3,
  refused: 4,
  interrupted: 130,
  /** By SIGTERM. */
  terminated: 143,
} as const;

/** A value of `ExitCode`. */
export type ExitCode = (typeof ExitCode)[keyof typeof ExitCode];

/** An expected failure. Never carries key material, tokens or plaintext. */
export class SidescopeError extends Error {
  readonly code: string;
  readonly hint: string;
  readonly exitCode: ExitCode;
  /** What was written and where it is wrong, for an error in a text: shown as the text with a caret below; else null. */
  readonly excerpt: { readonly text: string; readonly column: number } | null;

  /**
   * @param code stable, e.g. `keyring.unknown-member`
   * @param message what is wrong and where, one sentence without a full stop
   * @param hint what to do next, one sentence without a full stop; empty where nothing can be done
   */
  constructor(
    code: string,
    message: string,
    hint: string,
    exitCode: ExitCode,
    options?: { cause?: unknown; excerpt?: { readonly text: string; readonly column: number } },
  ) {
    super(message, options);
    this.name = 'SidescopeError';
    this.code = code;
    this.hint = hint;
    this.exitCode = exitCode;
    this.excerpt = options?.excerpt ?? null;
  }
}
