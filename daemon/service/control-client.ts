// The other end of the control socket, for commands: ask, get the data or the error that the daemon says.

import { createConnection, type Socket } from 'node:net';
import { ExitCode, SidescopeError } from '../errors.ts';
import { type ControlAnswer, LineCutter, readAnswer } from './control-protocol.ts';

// We chose.

/** Longest wait for an answer (ms): a new passphrase costs seconds of scrypt. */
const ANSWER_MS = 60_000;

/** A request without its number. */
export interface Asked {
  readonly verb: string;
  /** For the audit log. */
  readonly by: string;
  readonly arguments?: Readonly<Record<string, unknown>>;
  /** Octets sealed to the child, base64. */
  readonly sealed?: string;
}

/** A connection to a daemon's control socket. Requests may overlap. */
export class ControlClient {
  readonly #path: string;
  readonly #socket: Socket;
  readonly #waiting = new Map<number, (answer: ControlAnswer | 'lost' | 'silent') => void>();
  #last = 0;

  private constructor(path: string, socket: Socket) {
    this.#path = path;
    this.#socket = socket;
    const cutter = new LineCutter();
    socket.on('data', (piece: Buffer) => {
      for (const line of cutter.push(piece)) {
        const answer = readAnswer(line);
        if (answer !== null) this.#waiting.get(answer.id)?.(answer);
      }
    });
    const lost = (): void => {
      for (const tell of this.#waiting.values()) tell('lost');
    };
    socket.on('error', lost);
    socket.on('close', lost);
  }

  /**
   * Connects.
   *
   * @throws SidescopeError `control.*`: exit code 2, or 4 where this user may not
   */
  static open(path: string): Promise<ControlClient> {
    return new Promise((resolve, reject) => {
      const socket = createConnection({ path });
      const fail = (error: NodeJS.ErrnoException): void => reject(unreachable(path, error.code ?? 'unknown', error));
      socket.once('error', fail);
      socket.once('connect', () => {
        socket.removeListener('error', fail);
        resolve(new ControlClient(path, socket));
      });
    });
  }

  /**
   * Asks and waits.
   *
   * @returns the data of the answer
   * @throws SidescopeError as the daemon says it; `control.lost`, `control.silent`
   */
  async ask({ verb, by, arguments: given = {}, sealed }: Asked): Promise<unknown> {
    const id = ++this.#last;
    const request = { id, verb, by, arguments: given, ...(sealed === undefined ? {} : { sealed }) };
    const answer = await new Promise<ControlAnswer | 'lost' | 'silent'>((resolve) => {
      const timer = setTimeout(() => resolve('silent'), ANSWER_MS);
      this.#waiting.set(id, (value) => {
        clearTimeout(timer);
        resolve(value);
      });
      if (this.#socket.destroyed) this.#waiting.get(id)?.('lost');
      else this.#socket.write(`${JSON.stringify(request)}\n`);
    });
    this.#waiting.delete(id);
    if (typeof answer === 'string') {
      const what = answer === 'silent' ? 'does not answer' : 'went away';
      const hint = 'Look into its log; whether the request was carried out is in the audit log';
      throw new SidescopeError(`control.${answer}`, `the daemon at ${this.#path} ${what}`, hint, ExitCode.usage);
    }
    if (answer.ok) return answer.data;
    throw new SidescopeError(answer.code, answer.message, answer.hint, exitCodeOf(answer.exitCode));
  }

  close(): void {
    this.#socket.destroy();
  }
}

/** Asks one thing. @throws SidescopeError as `open` and `ask` do */
export async function askDaemon(path: string, asked: Asked): Promise<unknown> {
  const client = await ControlClient.open(path);
  try {
    return await client.ask(asked);
  } finally {
    client.close();
  }
}

function unreachable(path: string, code: string, cause: unknown): SidescopeError {
  const options = { cause };
  if (code === 'EACCES' || code === 'EPERM') {
    const hint = 'Run this as the user the daemon runs as';
    return new SidescopeError('control.refused', `this user may not speak to ${path}`, hint, ExitCode.refused, options);
  }
  const hint = 'Is the daemon running, and is this the `control` path of its configuration?';
  const message = `no daemon answers at ${path} (${code})`;
  return new SidescopeError('control.unreachable', message, hint, ExitCode.usage, options);
}

function exitCodeOf(value: number): ExitCode {
  const known = Object.values(ExitCode).find((code) => code === value);
  return known ?? ExitCode.refused;
}
