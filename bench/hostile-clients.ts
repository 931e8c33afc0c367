// Clients that mean harm, for bench/hostile.ts: one kind at a time, again and again as fast as it goes, from one address or
// from many. They run at the lowest priority: what is measured is what they do to the daemon, not to the processor.

import { randomInt } from 'node:crypto';
import { once } from 'node:events';
import { connect as connectTcp, type Socket } from 'node:net';
import { setPriority } from 'node:os';
import { setTimeout as sleep } from 'node:timers/promises';
import { connect as connectTls, type TLSSocket } from 'node:tls';
import { privateKeyOf } from '../daemon/relay/ed25519.ts';
import { EXPORTER_LABEL, EXPORTER_OCTETS, makeAuth } from '../daemon/relay/handshake.ts';
import { type HelloMessage, RELAY_PATH, SUBPROTOCOL } from '../daemon/relay/protocol.ts';

/** What the process is told. */
export interface HostileTask {
  readonly kind: HostileKind;
  readonly port: number;
  /** A grant that some kinds have, and the seed of its key, hex. */
  readonly capability: string;
  readonly seed: string;
  /** The address that all come from; null: each from another one of 127.0.0.0/8. */
  readonly from: string | null;
}

/** How often it was done, in answer to `stop`. */
export interface HostileResult {
  readonly attempts: number;
}

const LOWEST_PRIORITY = 19;
/** RFC 6455 5.2: opcodes with and without FIN, and the bit that says that a mask (of zeros here) follows. */
const TEXT = 0x81;
const TEXT_BEGINS = 0x01;
const PING = 0x89;
const MASKED = 0x80;
const NO_MASK = [0, 0, 0, 0];
/** ms after which an attempt is given up. */
const PATIENCE = 5000;

/** Kinds of harm; `lanes` go on side by side. */
const KINDS = {
  'connects that end at once': { lanes: 64, attempt: connectAndGo },
  'half-open connections': { lanes: 300, attempt: halfOpen },
  'heads an octet at a time': { lanes: 300, attempt: slowHead },
  'TLS handshakes': { lanes: 16, attempt: handshakeOnly },
  'no authentication': { lanes: 64, attempt: noAuthentication },
  'replayed authentication': { lanes: 16, attempt: replayed },
  'evil Origin': { lanes: 16, attempt: evilOrigin },
  'heads of 9 KiB': { lanes: 16, attempt: largeHead },
  'messages of 66 KiB': { lanes: 4, attempt: oversize },
  'fragments of one octet': { lanes: 4, attempt: fragments },
  'ping flood': { lanes: 4, attempt: pings },
  'message flood': { lanes: 4, attempt: messages },
  'subscribers that do not read': { lanes: 8, attempt: stalled },
} as const;

/** Name of a kind. */
export type HostileKind = keyof typeof KINDS;

let task: HostileTask;
let attempts = 0;
/** The last authentication that was seen, said again by `replayed`. */
let seenAuth = '';

process.on('message', (message) => {
  if (message === 'stop') {
    process.send?.({ attempts } satisfies HostileResult);
    process.disconnect();
    process.exit(0);
  }
  setPriority(LOWEST_PRIORITY);
  task = message as HostileTask;
  const { lanes, attempt } = KINDS[task.kind];
  for (let lane = 0; lane < lanes; lane++) void goOn(attempt);
});

async function goOn(attempt: () => Promise<void>): Promise<void> {
  for (;;) {
    attempts++;
    // Refused: that is what is hoped for.
    await attempt().catch(() => undefined);
    await sleep(1);
  }
}

function localAddress(): string {
  return task.from ?? `127.${randomInt(1, 255)}.${randomInt(256)}.${randomInt(1, 255)}`;
}

async function tcp(): Promise<Socket> {
  const socket = connectTcp({ host: '127.0.0.1', port: task.port, localAddress: localAddress() });
  socket.on('error', () => socket.destroy());
  await until(socket, 'connect');
  return socket;
}

async function tls(): Promise<TLSSocket> {
  const where = { host: '127.0.0.1', port: task.port, localAddress: localAddress() };
  const socket = connectTls({ ...where, rejectUnauthorized: false });
  socket.on('error', () => socket.destroy());
  await until(socket, 'secureConnect');
  return socket;
}

/** Waits for an event, or for the end. */
async function until(socket: Socket, event: string): Promise<void> {
  socket.setTimeout(PATIENCE, () => socket.destroy());
  // A socket that nobody reads from does not see its end.
  if (event === 'close') socket.resume();
  const closed = once(socket, 'close').then(() => {
    throw new Error('closed');
  });
  await Promise.race([once(socket, event), closed]);
}

function head(more = ''): string {
  const lines = ['Connection: Upgrade', 'Upgrade: websocket', 'Sec-WebSocket-Version: 13'];
  lines.push('Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==', `Sec-WebSocket-Protocol: ${SUBPROTOCOL}`);
  return `GET ${RELAY_PATH} HTTP/1.1\r\nHost: 127.0.0.1:${task.port}\r\n${lines.join('\r\n')}\r\n${more}\r\n`;
}

function frame(opcode: number, payload: Buffer): Buffer {
  const { length } = payload;
  const size = length < 126 ? [length] : length < 65_536 ? [126, length >> 8, length & 255] : longSize(length);
  return Buffer.concat([Buffer.from([opcode, size[0] | MASKED, ...size.slice(1), ...NO_MASK]), payload]);
}

function longSize(length: number): number[] {
  return [127, 0, 0, 0, 0, (length >>> 24) & 255, (length >>> 16) & 255, (length >>> 8) & 255, length & 255];
}

function say(socket: Socket, message: object): void {
  socket.write(frame(TEXT, Buffer.from(JSON.stringify(message))));
}

/** Upgrades; gives the connection and what the daemon said first. */
async function upgraded(): Promise<{ readonly socket: TLSSocket; readonly hello: HelloMessage }> {
  const socket = await tls();
  socket.write(head());
  let got = '';
  while (!/"type":"hello".*\}/.test(got)) {
    const piece = await Promise.race([once(socket, 'data'), once(socket, 'close')]);
    if (!Buffer.isBuffer(piece[0])) throw new Error('closed');
    got += piece[0].toString('latin1');
  }
  return { socket, hello: JSON.parse(got.slice(got.indexOf('{'), got.lastIndexOf('}') + 1)) as HelloMessage };
}

/** A connection that has authenticated. */
async function insider(): Promise<TLSSocket> {
  const { socket, hello } = await upgraded();
  const binding = socket.exportKeyingMaterial(EXPORTER_OCTETS, EXPORTER_LABEL, Buffer.alloc(0));
  const challenge = { server: hello.server, serverNonce: hello.nonce, binding };
  const identity = privateKeyOf(Buffer.from(task.seed, 'hex'));
  say(socket, makeAuth(identity, task.capability, Buffer.alloc(32, 5), challenge));
  await until(socket, 'data');
  return socket;
}

async function connectAndGo(): Promise<void> {
  (await tcp()).destroy();
}

async function halfOpen(): Promise<void> {
  await until(await tcp(), 'close');
}

async function slowHead(): Promise<void> {
  const socket = await tls();
  for (const letter of head()) {
    if (socket.destroyed) return;
    socket.write(letter);
    await sleep(50);
  }
}

async function handshakeOnly(): Promise<void> {
  (await tls()).destroy();
}

async function noAuthentication(): Promise<void> {
  await until((await upgraded()).socket, 'close');
}

async function replayed(): Promise<void> {
  const { socket, hello } = await upgraded();
  if (seenAuth === '') {
    const challenge = { server: hello.server, serverNonce: hello.nonce, binding: Buffer.alloc(EXPORTER_OCTETS) };
    const identity = privateKeyOf(Buffer.from(task.seed, 'hex'));
    seenAuth = JSON.stringify(makeAuth(identity, task.capability, Buffer.alloc(32, 5), challenge));
  }
  socket.write(frame(TEXT, Buffer.from(seenAuth)));
  await until(socket, 'data');
  socket.destroy();
}

async function evilOrigin(): Promise<void> {
  const socket = await tls();
  socket.write(head('Origin: https://evil.example\r\n'));
  await until(socket, 'close');
}

async function largeHead(): Promise<void> {
  const socket = await tls();
  socket.write(head(`X-Much: ${'x'.repeat(9 * 1024)}\r\n`));
  await until(socket, 'close');
}

async function oversize(): Promise<void> {
  const socket = await insider();
  socket.write(frame(TEXT, Buffer.alloc(66 * 1024, 0x20)));
  await until(socket, 'close');
}

async function fragments(): Promise<void> {
  const socket = await insider();
  socket.write(frame(TEXT_BEGINS, Buffer.from('{')));
  for (let count = 0; count < 1000; count++) socket.write(frame(0, Buffer.from(' ')));
  await until(socket, 'close');
}

async function pings(): Promise<void> {
  const socket = await insider();
  for (let count = 0; count < 1000; count++) socket.write(frame(PING, Buffer.alloc(100)));
  await until(socket, 'close');
}

async function messages(): Promise<void> {
  const socket = await insider();
  const filter = `frame.number > 0${' and frame.number > 1'.repeat(500)}`;
  for (let sid = 1; sid < 100; sid++) say(socket, { type: 'subscribe', sid, view: 'plain', since: 0, filter });
  await until(socket, 'close');
}

async function stalled(): Promise<void> {
  const socket = await insider();
  say(socket, { type: 'subscribe', sid: 1, view: 'plain', slow: 'gap', since: 0 });
  socket.pause();
  socket.setTimeout(0);
  await once(socket, 'close');
}
