// The handshake: both sides sign, over fresh numbers of both and over what is particular to this connection, so that
// nothing said here is worth anything on another connection or at another daemon (reference security C.3). Pure: numbers
// and clock are passed in.

import { createHash, type KeyObject } from 'node:crypto';
import { canonicalJson, type JsonObject } from '../audit/canonical-json.ts';
import { CAPABILITY_LENGTH } from './capability.ts';
import { isPublicHex, isSignedBy, publicHex, signWith } from './ed25519.ts';
import { type AuthMessage, type HelloMessage, PROTOCOL_VERSION, type ReadyMessage } from './protocol.ts';
import { isStatePoint } from './relay-state.ts';

// The specification says.
/** Label and octets of the TLS exporter (RFC 9266). */
export const EXPORTER_LABEL = 'EXPORTER-Channel-Binding';
export const EXPORTER_OCTETS = 32;

// We chose.
const NONCE_OCTETS = 32;
const HEX_32 = /^[0-9a-f]{64}$/;
const HEX_64 = /^[0-9a-f]{128}$/;

/** What ties signatures to a connection over a Unix socket: no exporter, and the socket's absolute path. */
export function socketBinding(path: string): Uint8Array {
  return Buffer.concat([Buffer.alloc(EXPORTER_OCTETS), Buffer.from(path)]);
}

/** Octets of a nonce that `random` must give. */
export const NONCE_LENGTH = NONCE_OCTETS;

function signedOctets(context: string, fields: JsonObject, binding: Uint8Array): Uint8Array {
  return Buffer.concat([Buffer.from(`${context}\0${canonicalJson(fields)}\0`), binding]);
}

/** The daemon's first message. @param time RFC 3339 */
export function makeHello(daemon: KeyObject, nonce: Uint8Array, time: string, binding: Uint8Array): HelloMessage {
  const fields = { v: PROTOCOL_VERSION, server: publicHex(daemon), nonce: hex(nonce), time };
  const sig = hex(signWith(daemon, signedOctets('sidescope-hello-v1', fields, binding)));
  return { type: 'hello', ...fields, sig };
}

/** Whether a message is the `hello` of this daemon on this connection. */
export function isHello(message: unknown, daemon: string, binding: Uint8Array): message is HelloMessage {
  if (!hasExactly(message, 'hello', ['nonce', 'server', 'sig', 'time', 'v'])) return false;
  const { v, server, nonce, time, sig } = message;
  if (v !== PROTOCOL_VERSION || server !== daemon || typeof time !== 'string') return false;
  if (!matches(nonce, HEX_32) || !matches(sig, HEX_64)) return false;
  const octets = signedOctets('sidescope-hello-v1', { v, server: daemon, nonce, time }, binding);
  return isSignedBy(daemon, octets, Buffer.from(sig, 'hex'));
}

/** What both sides agree on when `auth` is said. */
export interface Challenge {
  readonly server: string;
  readonly serverNonce: string;
  readonly binding: Uint8Array;
}

/** The subscriber's answer. @param identity its private key, whose public half is the capability's `sub` */
export function makeAuth(
  identity: KeyObject,
  capability: string,
  nonce: Uint8Array,
  challenge: Challenge,
): AuthMessage {
  const clientNonce = hex(nonce);
  const octets = authOctets(challenge, clientNonce, publicHex(identity), capability);
  return { type: 'auth', nonce: clientNonce, capability, sig: hex(signWith(identity, octets)) };
}

/** Whether a message has the form of `auth`. Nothing is checked yet. */
export function isAuth(message: unknown): message is AuthMessage {
  if (!hasExactly(message, 'auth', ['capability', 'nonce', 'sig'])) return false;
  const { nonce, capability, sig } = message;
  if (!matches(nonce, HEX_32) || !matches(sig, HEX_64)) return false;
  return typeof capability === 'string' && capability.length <= CAPABILITY_LENGTH;
}

/** Whether the holder of `subject` said this, to this daemon, on this connection. */
export function isAuthBy(message: AuthMessage, subject: string, challenge: Challenge): boolean {
  const octets = authOctets(challenge, message.nonce, subject, message.capability);
  return isSignedBy(subject, octets, Buffer.from(message.sig, 'hex'));
}

function authOctets(challenge: Challenge, clientNonce: string, subject: string, capability: string): Uint8Array {
  const fields = {
    server: challenge.server,
    serverNonce: challenge.serverNonce,
    clientNonce,
    sub: subject,
    capability: createHash('sha256').update(capability).digest('hex'),
  };
  return signedOctets('sidescope-auth-v1', fields, challenge.binding);
}

/**
 * The daemon's last word, signed over the client's number too: on a Unix socket, where connections have nothing of their
 * own to bind to, it is what shows that `hello` was not an old one.
 */
export function makeReady(
  daemon: KeyObject,
  ready: Omit<ReadyMessage, 'sig' | 'type'>,
  clientNonce: string,
  challenge: Challenge,
): ReadyMessage {
  const sig = hex(signWith(daemon, readyOctets(ready, clientNonce, challenge)));
  return { type: 'ready', ...ready, sig };
}

/** Whether a message is the daemon's `ready` to this client. */
export function isReady(message: unknown, clientNonce: string, challenge: Challenge): message is ReadyMessage {
  if (!hasExactly(message, 'ready', ['expires', 'grants', 'head', 'limits', 'session', 'sig', 'state'])) return false;
  const { type: _type, sig, ...fields } = message as unknown as ReadyMessage;
  if (!matches(sig, HEX_64) || !isStatePoint(fields.state)) return false;
  try {
    return isSignedBy(challenge.server, readyOctets(fields, clientNonce, challenge), Buffer.from(sig, 'hex'));
  } catch {
    // Numbers that no daemon of ours would sign.
    return false;
  }
}

function readyOctets(ready: Omit<ReadyMessage, 'sig' | 'type'>, clientNonce: string, challenge: Challenge): Uint8Array {
  const { server, serverNonce, binding } = challenge;
  const fields = { server, serverNonce, clientNonce, ready: ready as unknown as JsonObject };
  return signedOctets('sidescope-ready-v1', fields, binding);
}

/** Whether a message is an object of this type with exactly these members beside `type`. */
function hasExactly(message: unknown, type: string, names: readonly string[]): message is Record<string, unknown> {
  if (typeof message !== 'object' || message === null || (message as { type?: unknown }).type !== type) return false;
  return (
    Object.keys(message)
      .filter((name) => name !== 'type')
      .sort()
      .join() === names.join()
  );
}

function matches(value: unknown, pattern: RegExp): value is string {
  return typeof value === 'string' && pattern.test(value);
}

function hex(octets: Uint8Array): string {
  return Buffer.from(octets.buffer, octets.byteOffset, octets.length).toString('hex');
}

/** Whether a text can be the public key of a daemon. */
export const isDaemonId = isPublicHex;
