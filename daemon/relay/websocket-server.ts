// The adapter to `ws`: listeners, what is asked of a request before it is upgraded, and limits of every kind. Nothing of
// what the relay means is decided here.

import { realpathSync, unlinkSync } from 'node:fs';
import { createServer as createHttpServer, type IncomingMessage, type Server } from 'node:http';
import { createServer as createHttpsServer } from 'node:https';
import { type AddressInfo, isIP, type Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import type { TLSSocket } from 'node:tls';
import { type RawData, type WebSocket, WebSocketServer } from 'ws';
import { ExitCode } from '../errors.ts';
import { listenPrivately } from '../service/private-socket.ts';
import { EXPORTER_LABEL, EXPORTER_OCTETS, socketBinding } from './handshake.ts';
import { MOST_MESSAGE_OCTETS, SUBPROTOCOL } from './protocol.ts';
import type { RelayConnection, Wire } from './relay-connection.ts';
import { RelayError } from './relay-error.ts';
import { checkUpgrade, type UpgradeRefusal, type UpgradeRules } from './upgrade-check.ts';

/** The specification says (RFC 6455 7.4.1): what an end without an answer counts as. */
const ABNORMAL = 1006;

// We chose (reference security C.3).
/** ms for the head of a request. */
const HEADERS_DEADLINE = 2000;
const HEADERS_OCTETS = 8192;
/** Connections of one listener, not yet upgraded ones too. Above, the oldest that has not authenticated makes room. */
export const MOST_CONNECTIONS = 256;
/** ms that the other side has to answer a farewell. */
const CLOSE_DEADLINE = 2000;
const FRAGMENTS = 16;
const BUFFERED_CHUNKS = 1024;

/** Where a daemon listens. */
export type ListenerOptions =
  | { readonly kind: 'unix'; readonly path: string; readonly origins?: readonly string[] }
  | {
      readonly kind: 'tls';
      readonly host: string;
      /** 0 for any that is free. */
      readonly port: number;
      /** PEM. Clients need not trust it: the daemon's own signature covers the connection. */
      readonly certificate: string;
      readonly key: string;
      /** More values of `Host` that are ours, e.g. `relay.example:8443`. */
      readonly hosts?: readonly string[];
      readonly origins?: readonly string[];
    };

/** What a listener needs of the server around it. */
export interface ListenerOwner {
  /** Whether a connection from this address may begin. */
  admits(address: string): boolean;
  /** Whether this address has to wait. */
  mustWait(address: string): boolean;
  refused(refusal: UpgradeRefusal, address: string | null): void;
  /** A socket was upgraded. */
  opened(wire: Wire, binding: Uint8Array, address: string | null): RelayConnection;
  closed(connection: RelayConnection): void;
}

/** One listener. */
export class RelayListener {
  readonly #options: ListenerOptions;
  readonly #owner: ListenerOwner;
  readonly #server: Server;
  readonly #upgrader: WebSocketServer;
  /** Sockets in the order in which they came. */
  readonly #sockets = new Map<Duplex, { connection: RelayConnection | null }>();
  #rules: UpgradeRules = { hosts: new Set(), origins: new Set() };
  #binding: Uint8Array | null = null;

  constructor(options: ListenerOptions, owner: ListenerOwner) {
    this.#options = options;
    this.#owner = owner;
    const limits = {
      headersTimeout: HEADERS_DEADLINE,
      maxHeaderSize: HEADERS_OCTETS,
      connectionsCheckingInterval: 500,
    };
    this.#server =
      options.kind === 'unix'
        ? createHttpServer(limits)
        : createHttpsServer({
            ...limits,
            cert: options.certificate,
            key: options.key,
            minVersion: 'TLSv1.3',
            handshakeTimeout: HEADERS_DEADLINE,
          });
    this.#server.requestTimeout = HEADERS_DEADLINE;
    this.#server.keepAliveTimeout = 1;
    const wsOptions = {
      noServer: true,
      clientTracking: false,
      perMessageDeflate: false,
      maxPayload: MOST_MESSAGE_OCTETS,
      maxFragments: FRAGMENTS,
      maxBufferedChunks: BUFFERED_CHUNKS,
      closeTimeout: CLOSE_DEADLINE,
      skipUTF8Validation: false,
      handleProtocols: () => SUBPROTOCOL,
    };
    this.#upgrader = new WebSocketServer(wsOptions);
    this.#gate();
    this.#server.on('request', ({ method = '', url = '', rawHeaders }, response) => {
      const refusal = checkUpgrade({ method, url, rawHeaders }, this.#rules);
      // Who asks for no upgrade names no subprotocol either.
      if (refusal === null || refusal.reason === 'subprotocol') {
        response.writeHead(426, { connection: 'close', upgrade: 'websocket' }).end();
      } else response.writeHead(refusal.status, { connection: 'close' }).end();
    });
    this.#server.on('upgrade', (request: IncomingMessage, socket: Duplex, head: Buffer) =>
      this.#upgrade(request, socket, head),
    );
    // What goes wrong with a listener later (too many files open) ends no connection.
    this.#server.on('error', () => undefined);
    this.#server.on('clientError', (_error, socket) => socket.destroy());
    this.#server.on('tlsClientError', (_error: Error, socket: Socket) => socket.destroy());
  }

  /** Where it listens, or will: `unix:PATH` or `wss://host:port`. */
  get address(): string {
    if (this.#options.kind === 'unix') return `unix:${this.#options.path}`;
    const { host, port } = this.#options;
    const bound = this.#server.address() as AddressInfo | null;
    return `wss://${isIP(host) === 6 ? `[${host}]` : host}:${bound?.port ?? port}`;
  }

  get connections(): number {
    return this.#sockets.size;
  }

  /** Begins to listen. @throws SidescopeError `socket.*`; RelayError `listen` */
  async open(): Promise<void> {
    const origins = new Set(this.#options.origins);
    if (this.#options.kind === 'unix') {
      const { path } = this.#options;
      await listenPrivately(this.#server, path);
      // Both sides name the socket by where it really is.
      this.#binding = socketBinding(realpathSync(path));
      this.#rules = { hosts: new Set(['localhost']), origins };
      return;
    }
    const { host, port, hosts = [] } = this.#options;
    await new Promise<void>((resolve, reject) => {
      this.#server.once('error', (error: NodeJS.ErrnoException) => {
        const message = `cannot listen on ${host} port ${port} (${error.code ?? 'unknown reason'})`;
        const hint = 'Choose another port, or stop what listens there';
        reject(new RelayError('listen', message, hint, ExitCode.usage, { cause: error }));
      });
      this.#server.listen(port, host, resolve);
    });
    const bound = (this.#server.address() as AddressInfo).port;
    const own = ['localhost', '127.0.0.1', '[::1]', isIP(host) === 6 ? `[${host}]` : host];
    this.#rules = { hosts: new Set([...own.map((name) => `${name}:${bound}`), ...hosts].map(lower)), origins };
  }

  /** Stops listening; connections that are open stay. */
  async close(): Promise<void> {
    await new Promise<void>((resolve) => {
      this.#server.close(() => resolve());
      for (const socket of this.#sockets.keys()) if (this.#sockets.get(socket)?.connection === null) socket.destroy();
      // A socket that is still upgraded keeps `close` waiting; its owner ends it.
      if (this.#sockets.size > 0) resolve();
    });
    if (this.#options.kind === 'unix') removeSocket(this.#options.path);
  }

  /** Ends all that is left. */
  destroy(): void {
    for (const socket of this.#sockets.keys()) socket.destroy();
  }

  /** Puts itself before what Node does with a new socket: one that is not admitted costs no handshake. */
  #gate(): void {
    const handlers = this.#server.listeners('connection') as ((socket: Socket) => void)[];
    this.#server.removeAllListeners('connection');
    this.#server.on('connection', (socket: Socket) => {
      if (this.#options.kind === 'tls' && !this.#owner.admits(socket.remoteAddress ?? 'unknown')) {
        socket.on('error', () => undefined);
        socket.destroy();
        return;
      }
      this.#admit(socket);
      for (const handler of handlers) handler.call(this.#server, socket);
    });
  }

  #admit(socket: Socket): void {
    this.#sockets.set(socket, { connection: null });
    socket.on('close', () => this.#sockets.delete(socket));
    socket.on('error', () => socket.destroy());
    if (this.#sockets.size <= MOST_CONNECTIONS) return;
    for (const [other, { connection }] of this.#sockets) {
      if (connection !== null && connection.capability !== null) continue;
      // The oldest stranger makes room; the newest, where all others are known.
      this.#sockets.delete(other);
      other.destroy();
      return;
    }
  }

  #upgrade(request: IncomingMessage, socket: Duplex, head: Buffer): void {
    const address = this.#options.kind === 'unix' ? null : (request.socket.remoteAddress ?? 'unknown');
    const { method = '', url = '', rawHeaders } = request;
    let refusal = checkUpgrade({ method, url, rawHeaders }, this.#rules);
    if (refusal === null && address !== null && this.#owner.mustWait(address))
      refusal = { status: 429, reason: 'penalty' };
    if (refusal !== null) {
      this.#owner.refused(refusal, address);
      socket.end(`HTTP/1.1 ${refusal.status} Refused\r\nConnection: close\r\nContent-Length: 0\r\n\r\n`, () =>
        socket.destroy(),
      );
      return;
    }
    const binding =
      this.#binding ?? (socket as TLSSocket).exportKeyingMaterial(EXPORTER_OCTETS, EXPORTER_LABEL, Buffer.alloc(0));
    this.#upgrader.handleUpgrade(request, socket, head, (webSocket) =>
      this.#opened(webSocket, request.socket, binding, address),
    );
  }

  #opened(webSocket: WebSocket, socket: Socket, binding: Uint8Array, address: string | null): void {
    const connection = this.#owner.opened(new SocketWire(webSocket), binding, address);
    const row = this.#sockets.get(rawSocket(this.#sockets, socket));
    if (row !== undefined) row.connection = connection;
    webSocket.on('message', (data: RawData, binary: boolean) => {
      if (binary) connection.handle({ kind: 'binary' });
      else connection.heard(textOf(data));
    });
    webSocket.on('ping', () => {
      connection.alive();
      connection.handle({ kind: 'ping' });
    });
    webSocket.on('pong', () => connection.alive());
    // ws has closed the connection with the right code already.
    webSocket.on('error', () => connection.closed(false));
    webSocket.on('close', (code) => {
      connection.closed(code !== ABNORMAL);
      this.#owner.closed(connection);
    });
    connection.handle({ kind: 'open', binding });
  }
}

/** A WebSocket as connections see it. */
class SocketWire implements Wire {
  readonly #webSocket: WebSocket;

  constructor(webSocket: WebSocket) {
    this.#webSocket = webSocket;
  }

  get bufferedAmount(): number {
    return this.#webSocket.bufferedAmount;
  }

  send(octets: Uint8Array, binary: boolean, sent: () => void): void {
    this.#webSocket.send(octets, { binary, compress: false }, sent);
  }

  ping(): void {
    this.#webSocket.ping();
  }

  close(code: number, reason: string): void {
    this.#webSocket.close(code, reason);
  }

  destroy(): void {
    this.#webSocket.terminate();
  }
}

/** Our table knows sockets as they were accepted; for TLS that is the one below. */
function rawSocket(known: ReadonlyMap<Duplex, unknown>, socket: Socket): Duplex {
  if (known.has(socket)) return socket;
  return (socket as TLSSocket & { _parent?: Duplex })._parent ?? socket;
}

function textOf(data: RawData): string {
  return (Array.isArray(data) ? Buffer.concat(data) : Buffer.from(data as ArrayBuffer)).toString('utf8');
}

function lower(text: string): string {
  return text.toLowerCase();
}

function removeSocket(path: string): void {
  try {
    unlinkSync(path);
  } catch {
    // Node removes it itself when it can.
  }
}
