// The control socket: a Unix socket for its owner alone, over which `keys`, `grant`, `doctor` and status speak to the
// running daemon.

import { createServer, type Server, type Socket } from 'node:net';
import { type ControlAnswer, type ControlRequest, failureOf, LineCutter, readRequest } from './control-protocol.ts';
import { listenPrivately } from './private-socket.ts';

// We chose.

/** Connections at a time. Above: closed at once. */
const CONNECTIONS_MOST = 32;
/** Requests of one connection that are carried out at once. Above: they wait, and the connection is not read from. */
const WAITING_MOST = 16;
/** Octets of answers that a connection has not taken. Above: nothing more of it is carried out. */
const UNREAD_MOST = 1024 * 1024;
/** A connection that says nothing for so long is closed (ms). */
const IDLE_MS = 60_000;

/** Carries a request out; what it throws becomes the answer. */
export type ControlHandler = (request: ControlRequest) => unknown;

/** See the head of the file. */
export class ControlServer {
  readonly #server: Server;
  readonly #sockets = new Set<Socket>();
  readonly #handler: ControlHandler;

  private constructor(handler: ControlHandler) {
    this.#handler = handler;
    this.#server = createServer((socket) => this.#take(socket));
  }

  /** @throws SidescopeError `socket.*` */
  static async open(path: string, handler: ControlHandler): Promise<ControlServer> {
    const control = new ControlServer(handler);
    await listenPrivately(control.#server, path);
    return control;
  }

  /** Answers that are under way are lost: call it last. */
  async close(): Promise<void> {
    for (const socket of this.#sockets) socket.destroy();
    await new Promise<void>((resolve) => {
      this.#server.close(() => resolve());
    });
  }

  #take(socket: Socket): void {
    if (this.#sockets.size >= CONNECTIONS_MOST) {
      socket.destroy();
      return;
    }
    this.#sockets.add(socket);
    const cutter = new LineCutter();
    /** Requests that came with others and wait for their turn: as many as one piece of a connection holds. */
    const queue: ControlRequest[] = [];
    let waiting = 0;
    socket.setTimeout(IDLE_MS, () => {
      if (waiting === 0) socket.destroy();
    });
    socket.on('error', () => socket.destroy());
    socket.on('close', () => this.#sockets.delete(socket));
    const goOn = (): void => {
      while (waiting < WAITING_MOST && queue.length > 0 && socket.writableLength <= UNREAD_MOST && !socket.destroyed) {
        waiting++;
        void this.#carryOut(queue.shift() as ControlRequest).then(answer);
      }
      if (queue.length > 0 || waiting >= WAITING_MOST) socket.pause();
      else socket.resume();
    };
    const answer = (value: ControlAnswer): void => {
      waiting--;
      if (socket.destroyed) return;
      socket.write(`${JSON.stringify(value)}\n`);
      goOn();
    };
    socket.on('drain', goOn);
    socket.on('data', (piece: Buffer) => {
      const requests = requestsOf(cutter, piece);
      if (requests === null) {
        socket.destroy();
        return;
      }
      queue.push(...requests);
      goOn();
    });
  }

  async #carryOut(request: ControlRequest): Promise<ControlAnswer> {
    try {
      return { id: request.id, ok: true, data: (await this.#handler(request)) ?? null };
    } catch (error) {
      return failureOf(request.id, error);
    }
  }
}

/** The requests that are whole now; null where something is no request. */
function requestsOf(cutter: LineCutter, piece: Buffer): ControlRequest[] | null {
  let lines: string[];
  try {
    lines = cutter.push(piece);
  } catch {
    return null;
  }
  const requests = lines.map((line) => readRequest(line));
  return requests.every((request) => request !== null) ? requests : null;
}
