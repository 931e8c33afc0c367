// /healthz, /readyz and /metrics on a listener of their own: figures and states, no traffic, no names of people.

import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { Socket } from 'node:net';
import { ExitCode, SidescopeError } from '../errors.ts';

// We chose.

const HEADERS_MS = 2000;
/** How often connections are looked at whose request does not come (ms). */
const LOOK_MS = 500;
/** A connection that has its answer is kept open for so long (ms). */
const KEEP_ALIVE_MS = 1000;
const HEADER_OCTETS = 8192;
/** Connections at once. Above: the oldest makes room, so that nobody who holds many keeps the service manager out. */
const CONNECTIONS_MOST = 32;

/** What the listener tells. */
export interface HealthFacts {
  /** Not null: why the process should be restarted. */
  ill(): string | null;
  /** Not null: why nothing useful can be had from it now (engine down, starting, stopping). */
  notReady(): string | null;
  metrics(): Promise<{ readonly body: string; readonly type: string }>;
}

/** See the head of the file. */
export class HealthServer {
  readonly #server: Server;
  /** In the order in which they came. */
  readonly #sockets = new Set<Socket>();

  private constructor(facts: HealthFacts) {
    const limits = { maxHeaderSize: HEADER_OCTETS, connectionsCheckingInterval: LOOK_MS };
    this.#server = createServer(limits, (request, response) => {
      void answer(facts, request, response);
    });
    this.#server.headersTimeout = HEADERS_MS;
    this.#server.requestTimeout = HEADERS_MS;
    this.#server.keepAliveTimeout = KEEP_ALIVE_MS;
    this.#server.on('connection', (socket) => this.#admit(socket));
  }

  /** @throws SidescopeError `health.*` where the address cannot be had */
  static async open(host: string, port: number, facts: HealthFacts): Promise<HealthServer> {
    const health = new HealthServer(facts);
    await new Promise<void>((resolve, reject) => {
      health.#server.once('error', (error: NodeJS.ErrnoException) => reject(notOpened(host, port, error)));
      health.#server.listen(port, host, resolve);
    });
    return health;
  }

  #admit(socket: Socket): void {
    this.#sockets.add(socket);
    socket.on('close', () => this.#sockets.delete(socket));
    if (this.#sockets.size <= CONNECTIONS_MOST) return;
    const [oldest] = this.#sockets;
    this.#sockets.delete(oldest);
    oldest.destroy();
  }

  /** The port it listens on. */
  get port(): number {
    const address = this.#server.address();
    return address !== null && typeof address === 'object' ? address.port : 0;
  }

  async close(): Promise<void> {
    this.#server.closeAllConnections();
    await new Promise<void>((resolve) => {
      this.#server.close(() => resolve());
    });
  }
}

async function answer(facts: HealthFacts, request: IncomingMessage, response: ServerResponse): Promise<void> {
  if (request.method !== 'GET' && request.method !== 'HEAD') {
    say(response, 405, 'only GET');
    return;
  }
  switch (request.url) {
    case '/healthz':
      sayState(response, facts.ill());
      return;
    case '/readyz':
      sayState(response, facts.notReady());
      return;
    case '/metrics': {
      const { body, type } = await facts.metrics();
      say(response, 200, body, type);
      return;
    }
    default:
      say(response, 404, '/healthz, /readyz and /metrics are here');
  }
}

function sayState(response: ServerResponse, problem: string | null): void {
  say(response, problem === null ? 200 : 503, problem ?? 'ok');
}

function say(response: ServerResponse, status: number, text: string, type = 'text/plain; charset=utf-8'): void {
  response.writeHead(status, {
    'content-type': type,
    'cache-control': 'no-store',
    'x-content-type-options': 'nosniff',
  });
  response.end(text.endsWith('\n') ? text : `${text}\n`);
}

function notOpened(host: string, port: number, cause: NodeJS.ErrnoException): SidescopeError {
  const inUse = cause.code === 'EADDRINUSE';
  const message = `cannot listen on ${host}:${port} for health and metrics (${cause.code})`;
  const hint = inUse ? 'Choose another port for `health`, or stop what uses it' : 'Check the address of `health`';
  return new SidescopeError(inUse ? 'health.in-use' : 'health.not-opened', message, hint, ExitCode.usage, { cause });
}
