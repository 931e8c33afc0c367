// What is said on the control socket: one JSON object a line, both ways (docs/daemon.md). Whoever can open the socket (its
// owner) may ask for anything; requests never hold a secret in the clear.

import { ExitCode, SidescopeError } from '../errors.ts';

// We chose.

/** Octets of one line. Above: the connection is closed. A sealed keyring of 100,000 keys fits. */
export const LINE_MOST = 64 * 1024 * 1024;
const NEWLINE = 0x0a;

/** A request. */
export interface ControlRequest {
  readonly id: number;
  readonly verb: string;
  /** Who asks, for the audit log: `uid 1000, keys revoke`. */
  readonly by: string;
  readonly arguments: Readonly<Record<string, unknown>>;
  /** What only the child may read: octets sealed to `keys.identity`, base64. */
  readonly sealed?: string;
}

/** Its answer. */
export type ControlAnswer = ControlSuccess | ControlFailure;

/** `data` as the verb says. */
export interface ControlSuccess {
  readonly id: number;
  readonly ok: true;
  readonly data: unknown;
}

/** A SidescopeError, in words. */
export interface ControlFailure {
  readonly id: number;
  readonly ok: false;
  readonly code: string;
  readonly message: string;
  readonly hint: string;
  readonly exitCode: number;
}

/** Cuts a stream into lines. */
export class LineCutter {
  #pieces: Buffer[] = [];
  #octets = 0;

  /**
   * Takes a piece; gives the lines that are whole now, without their ends.
   *
   * @throws RangeError where a line is longer than LINE_MOST
   */
  push(piece: Buffer): string[] {
    const lines: string[] = [];
    let rest = piece;
    for (let end = rest.indexOf(NEWLINE); end >= 0; end = rest.indexOf(NEWLINE)) {
      this.#pieces.push(rest.subarray(0, end));
      lines.push(Buffer.concat(this.#pieces).toString('utf8'));
      this.#pieces = [];
      this.#octets = 0;
      rest = rest.subarray(end + 1);
    }
    this.#octets += rest.length;
    if (this.#octets > LINE_MOST) throw new RangeError('a line of the control socket is too long');
    if (rest.length > 0) this.#pieces.push(Buffer.from(rest));
    return lines;
  }
}

/** Reads a request; null where it is none. */
export function readRequest(line: string): ControlRequest | null {
  const value = parsed(line);
  if (value === null) return null;
  const { id, verb, by, sealed } = value;
  const given = value.arguments ?? {};
  if (!Number.isSafeInteger(id) || typeof verb !== 'string' || verb.length > 64) return null;
  if (by !== undefined && (typeof by !== 'string' || by.length > 256)) return null;
  if (sealed !== undefined && typeof sealed !== 'string') return null;
  if (typeof given !== 'object' || given === null || Array.isArray(given)) return null;
  return {
    id: id as number,
    verb,
    by: by ?? 'control socket',
    arguments: given as Record<string, unknown>,
    ...(sealed === undefined ? {} : { sealed }),
  };
}

/** Reads an answer; null where it is none. */
export function readAnswer(line: string): ControlAnswer | null {
  const value = parsed(line);
  if (value === null || !Number.isSafeInteger(value.id) || typeof value.ok !== 'boolean') return null;
  return value as unknown as ControlAnswer;
}

/** An error as an answer. What is no SidescopeError is told without its text, which may quote input. */
export function failureOf(id: number, error: unknown): ControlFailure {
  if (error instanceof SidescopeError) {
    const { code, message, hint, exitCode } = error;
    return { id, ok: false, code, message, hint, exitCode };
  }
  const kind = error instanceof Error ? error.name : typeof error;
  const message = `the daemon made a mistake (${kind})`;
  return { id, ok: false, code: 'internal', message, hint: 'Look into its log', exitCode: ExitCode.damagedInput };
}

function parsed(line: string): Record<string, unknown> | null {
  try {
    const value: unknown = JSON.parse(line);
    return typeof value === 'object' && value !== null && !Array.isArray(value)
      ? (value as Record<string, unknown>)
      : null;
  } catch {
    return null;
  }
}
