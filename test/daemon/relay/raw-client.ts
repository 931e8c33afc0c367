// A client that does as a test says: raw requests, and a WebSocket without our own client's manners.

import { once } from 'node:events';
import type { IncomingMessage } from 'node:http';
import { connect as connectTcp, type Socket } from 'node:net';
import { connect as connectTls, type TLSSocket } from 'node:tls';
import { onTestFinished } from 'vitest';
import { WebSocket } from 'ws';
import { publicHex } from '../../../daemon/relay/ed25519.ts';
import { EXPORTER_LABEL, EXPORTER_OCTETS, makeAuth, socketBinding } from '../../../daemon/relay/handshake.ts';
import type { AuthMessage, HelloMessage } from '../../../daemon/relay/protocol.ts';
import type { RelayFixture } from './fixture.ts';

/** Which of a fixture's listeners. */
export type ListenerKind = 'unix' | 'tls';

/** The value of `Host` that a listener takes. */
export function hostOf(fixture: RelayFixture, kind: ListenerKind): string {
  return kind === 'unix' ? 'localhost' : new URL(fixture.addresses[1]).host;
}

function tlsOptions(fixture: RelayFixture): { host: string; port: number; rejectUnauthorized: boolean } {
  return { host: '127.0.0.1', port: Number(new URL(fixture.addresses[1]).port), rejectUnauthorized: false };
}

/** Connects without saying anything. */
export async function rawSocket(fixture: RelayFixture, kind: ListenerKind = 'unix'): Promise<Socket> {
  const socket = kind === 'unix' ? connectTcp({ path: fixture.socket }) : connectTls(tlsOptions(fixture));
  socket.on('error', () => undefined);
  onTestFinished(() => {
    socket.destroy();
  });
  await once(socket, kind === 'unix' ? 'connect' : 'secureConnect');
  return socket;
}

/** The head of a good request; what is given replaces or adds lines, null takes one away. */
export function requestHead(
  lines: Readonly<Record<string, string | readonly string[] | null>> = {},
  first = 'GET /v1/relay HTTP/1.1',
): string {
  const all: Record<string, string | readonly string[] | null> = {
    Host: 'localhost',
    Connection: 'Upgrade',
    Upgrade: 'websocket',
    'Sec-WebSocket-Version': '13',
    'Sec-WebSocket-Key': 'dGhlIHNhbXBsZSBub25jZQ==',
    'Sec-WebSocket-Protocol': 'sidescope.relay.1',
    ...lines,
  };
  const text = Object.entries(all).flatMap(([name, value]) =>
    value === null ? [] : [value].flat().map((each) => `${name}: ${each}\r\n`),
  );
  return `${first}\r\n${text.join('')}\r\n`;
}

/** The status that a request is answered with; 0 where the connection just ends. */
export async function statusOf(fixture: RelayFixture, head: string, kind: ListenerKind = 'unix'): Promise<number> {
  const socket = await rawSocket(fixture, kind);
  socket.write(head);
  const answer = await new Promise<string>((resolve) => {
    socket.once('data', (piece) => resolve(piece.toString('latin1')));
    socket.once('close', () => resolve(''));
  });
  socket.destroy();
  return Number(/^HTTP\/1\.1 (\d{3})/.exec(answer)?.[1] ?? 0);
}

/** A WebSocket and what came over it. */
export class RawClient {
  readonly webSocket: WebSocket;
  readonly messages: Record<string, unknown>[] = [];
  readonly closed: Promise<number>;
  #binding: Uint8Array = new Uint8Array(0);

  private constructor(fixture: RelayFixture, kind: ListenerKind) {
    this.webSocket =
      kind === 'unix'
        ? new WebSocket('ws://localhost/v1/relay', 'sidescope.relay.1', {
            perMessageDeflate: false,
            createConnection: () => connectTcp({ path: fixture.socket }),
          })
        : new WebSocket(`wss://${hostOf(fixture, kind)}/v1/relay`, 'sidescope.relay.1', {
            perMessageDeflate: false,
            rejectUnauthorized: false,
          });
    this.webSocket.on('upgrade', ({ socket }: IncomingMessage) => {
      this.#binding =
        kind === 'unix'
          ? socketBinding(fixture.socket)
          : (socket as TLSSocket).exportKeyingMaterial(EXPORTER_OCTETS, EXPORTER_LABEL, Buffer.alloc(0));
    });
    this.webSocket.on('error', () => undefined);
    this.webSocket.on('message', (data: Buffer, binary) => {
      if (!binary) this.messages.push(JSON.parse(data.toString()) as Record<string, unknown>);
    });
    this.closed = once(this.webSocket, 'close').then(([code]) => code as number);
    onTestFinished(() => this.webSocket.terminate());
  }

  /** Connects and waits for `hello`. */
  static async open(fixture: RelayFixture, kind: ListenerKind = 'unix'): Promise<RawClient> {
    const client = new RawClient(fixture, kind);
    await client.next((message) => message.type === 'hello');
    return client;
  }

  /** Connects and authenticates. */
  static async ready(
    fixture: RelayFixture,
    groups: Parameters<RelayFixture['subscriber']>[0],
    kind: ListenerKind = 'unix',
    subscriber = fixture.subscriber(groups),
  ): Promise<RawClient> {
    const client = await RawClient.open(fixture, kind);
    client.say(client.auth(fixture, subscriber));
    await client.next((message) => message.type === 'ready');
    return client;
  }

  /** The `auth` for this connection. */
  auth(fixture: RelayFixture, subscriber: ReturnType<RelayFixture['subscriber']>): AuthMessage {
    const [hello] = this.messages as unknown as HelloMessage[];
    const challenge = { server: publicHex(fixture.daemon), serverNonce: hello.nonce, binding: this.#binding };
    return makeAuth(subscriber.identity, subscriber.capability, Buffer.alloc(32, 5), challenge);
  }

  say(message: object): void {
    this.webSocket.send(JSON.stringify(message));
  }

  /** The next message that fits, also one that is there already. */
  async next(fits: (message: Record<string, unknown>) => boolean): Promise<Record<string, unknown>> {
    for (;;) {
      const found = this.messages.find(fits);
      if (found !== undefined) return found;
      if (this.webSocket.readyState > WebSocket.OPEN) throw new Error('the connection ended');
      await Promise.race([once(this.webSocket, 'message'), this.closed]);
    }
  }
}
