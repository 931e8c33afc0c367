// One connection of a client: the way there, the handshake, messages. Who answers at the other end is proved by its
// signature over this very connection; the TLS certificate need not be trusted, for the exporter is signed.

import type { KeyObject } from 'node:crypto';
import { realpathSync } from 'node:fs';
import type { IncomingMessage } from 'node:http';
import { connect } from 'node:net';
import { resolve } from 'node:path';
import type { TLSSocket } from 'node:tls';
import { WebSocket } from 'ws';
import { printable } from '../../dissectors/printable.ts';
import { ExitCode } from '../errors.ts';
import { systemRandomness } from '../keyring/vault/sealing.ts';
import { type Capability, readCapability } from './capability.ts';
import { publicHex } from './ed25519.ts';
import {
  type Challenge,
  EXPORTER_LABEL,
  EXPORTER_OCTETS,
  isHello,
  isReady,
  makeAuth,
  NONCE_LENGTH,
  socketBinding,
} from './handshake.ts';
import { CloseCode, RELAY_PATH, type ReadyMessage, SUBPROTOCOL } from './protocol.ts';
import { RelayError, type RelayErrorCode } from './relay-error.ts';

/** The specification says (RFC 6455 7.4.1): the end of a connection on which nobody said why. */
const ABNORMAL = 1006;
const ABNORMAL_HINT =
  'The daemon says why when this client comes back, if it was the daemon that cut it; else look at the network, or its log';

// We chose.
/** ms until the daemon is ready; it gives us 2 s itself. */
const CONNECT_DEADLINE = 5000;
/** Octets of one message of the daemon: records come in 64 KiB, layer trees are larger. */
const MOST_MESSAGE_OCTETS = 64 * 1024 * 1024;
const CLOSE_DEADLINE = 1000;

/** Where a daemon is. */
export type RelayAddress =
  | { readonly kind: 'unix'; readonly path: string }
  | { readonly kind: 'tls'; readonly url: string };

/**
 * Reads `unix:PATH` (or a path with a slash in it) and `wss://host:port`, which a configuration writes `tcp:host:port`.
 *
 * @throws RelayError `address`
 */
export function parseAddress(text: string): RelayAddress {
  const wrong = (message: string): RelayError =>
    new RelayError('address', message, 'write unix:PATH or wss://HOST:PORT', ExitCode.usage);
  if (text.startsWith('unix:') && text.length > 5) return { kind: 'unix', path: resolve(text.slice(5)) };
  if (/^(wss:\/\/|tcp:)/i.test(text)) {
    let url: URL;
    try {
      url = new URL(text.replace(/^tcp:/i, 'wss://'));
    } catch {
      throw wrong('the address is no URL');
    }
    const bare = url.pathname === '/' || url.pathname === RELAY_PATH;
    if (url.username !== '' || url.password !== '' || url.search !== '' || url.hash !== '' || !bare) {
      throw wrong('an address has a host and a port and nothing else');
    }
    return { kind: 'tls', url: `wss://${url.host}${RELAY_PATH}` };
  }
  if (/^ws:\/\//i.test(text)) throw wrong('without TLS nothing is relayed over TCP');
  // What has another scheme is no path, although it has slashes.
  if (text.includes('/') && !/^[a-z][a-z0-9+.-]*:\/\//i.test(text)) return { kind: 'unix', path: resolve(text) };
  throw wrong(`${text} is no address of a daemon`);
}

/** Who a client is. */
export interface ClientCredentials {
  /** The subscriber's private key. */
  readonly identity: KeyObject;
  /** As the operator issued it. */
  readonly capability: string;
}

/**
 * The claims of a client's own capability, checked as far as a client can.
 *
 * @throws RelayError `capability`
 */
export function ownCapability({ identity, capability }: ClientCredentials): Capability {
  const { capability: claims, refusal } = readCapability(capability);
  if (claims === null) {
    throw new RelayError(
      'capability',
      `this is no capability (${refusal})`,
      'Give the file that `sidescope grant issue` wrote',
    );
  }
  if (claims.sub !== publicHex(identity)) {
    const hint = 'Give the identity whose public key the operator was told';
    throw new RelayError('capability', 'the capability was issued to another identity', hint);
  }
  return claims;
}

/** What a connection tells its owner. */
export interface ConnectionListener {
  /** A message of the daemon, parsed. */
  message(message: Readonly<Record<string, unknown>>): void;
  binary(octets: Buffer): void;
  /** Where it is there, messages behind the handshake come here as they are, and not to `message`. */
  raw?(octets: Buffer): void;
  /** The connection is over. */
  closed(error: RelayError): void;
}

/** A connection that is ready. */
export class ClientConnection {
  readonly ready: ReadyMessage;
  readonly #webSocket: WebSocket;

  private constructor(webSocket: WebSocket, ready: ReadyMessage) {
    this.#webSocket = webSocket;
    this.ready = ready;
  }

  /**
   * Connects and authenticates.
   *
   * @throws RelayError `unreachable`, `not-sidescope`, `impostor`, `refused`, `grant-ended`, `lost`
   */
  static open(
    address: RelayAddress,
    credentials: ClientCredentials,
    listener: ConnectionListener,
  ): Promise<ClientConnection> {
    const claims = ownCapability(credentials);
    return new Promise((resolve, reject) => {
      const options = {
        perMessageDeflate: false,
        maxPayload: MOST_MESSAGE_OCTETS,
        handshakeTimeout: CONNECT_DEADLINE,
        closeTimeout: CLOSE_DEADLINE,
      };
      const webSocket =
        address.kind === 'unix'
          ? new WebSocket(`ws://localhost${RELAY_PATH}`, SUBPROTOCOL, {
              ...options,
              createConnection: () => connect({ path: address.path }),
            })
          : // The certificate is anybody's; who is there is told by the signature over the exporter.
            new WebSocket(address.url, SUBPROTOCOL, { ...options, rejectUnauthorized: false, minVersion: 'TLSv1.3' });
      let challenge: Challenge | null = null;
      let binding: Uint8Array | null = null;
      let connection: ClientConnection | null = null;
      const nonce = systemRandomness(NONCE_LENGTH);
      const timer = setTimeout(
        () => fail(new RelayError('lost', 'the daemon does not answer', 'Look into its log')),
        CONNECT_DEADLINE,
      );
      const fail = (error: RelayError): void => {
        clearTimeout(timer);
        webSocket.terminate();
        if (connection === null) reject(error);
      };
      webSocket.on('upgrade', (response: IncomingMessage) => {
        binding =
          address.kind === 'unix'
            ? socketBinding(realpathSync(address.path))
            : (response.socket as TLSSocket).exportKeyingMaterial(EXPORTER_OCTETS, EXPORTER_LABEL, Buffer.alloc(0));
      });
      webSocket.on('unexpected-response', (_request, response) => fail(refusedUpgrade(response.statusCode ?? 0)));
      webSocket.on('error', (error: NodeJS.ErrnoException) => {
        if (connection === null) fail(unreachable(address, error));
      });
      webSocket.on('close', (code, reason) => {
        clearTimeout(timer);
        const error = closeError(code, printable(reason.toString('utf8')));
        if (connection === null) reject(error);
        else listener.closed(error);
      });
      const handshake = (message: unknown): void => {
        if (binding === null) return;
        if (challenge === null) {
          if (!isHello(message, claims.aud, binding)) {
            fail(impostor());
            return;
          }
          challenge = { server: message.server, serverNonce: message.nonce, binding };
          webSocket.send(JSON.stringify(makeAuth(credentials.identity, credentials.capability, nonce, challenge)));
          return;
        }
        if (!isReady(message, Buffer.from(nonce).toString('hex'), challenge)) {
          fail(impostor());
          return;
        }
        clearTimeout(timer);
        connection = new ClientConnection(webSocket, message);
        resolve(connection);
      };
      webSocket.on('message', (data: Buffer, isBinary: boolean) => {
        if (isBinary && connection !== null) {
          listener.binary(data);
          return;
        }
        if (connection !== null && listener.raw !== undefined) {
          listener.raw(data);
          return;
        }
        const message = isBinary ? null : parseObject(data);
        if (message === null)
          fail(
            new RelayError('protocol', 'the daemon said what no client understands', 'Do both have the same version?'),
          );
        else if (connection === null) handshake(message);
        else listener.message(message);
      });
    });
  }

  send(message: object): void {
    this.#webSocket.send(JSON.stringify(message));
  }

  /** Stops reading: the daemon notices, and applies what the subscription says about slow clients. */
  pause(): void {
    this.#webSocket.pause();
  }

  resume(): void {
    this.#webSocket.resume();
  }

  close(): void {
    this.#webSocket.close(CloseCode.normal);
  }
}

function parseObject(data: Buffer): Readonly<Record<string, unknown>> | null {
  try {
    const value: unknown = JSON.parse(data.toString('utf8'));
    return typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : null;
  } catch {
    return null;
  }
}

function impostor(): RelayError {
  return new RelayError(
    'impostor',
    'what answers there is not the daemon that the capability names',
    'Check the address; if the daemon has a new key, ask its operator for a new capability',
  );
}

function refusedUpgrade(status: number): RelayError {
  if (status === 429) {
    return new RelayError(
      'lost',
      'the daemon does not listen to this address for a minute, after five failures',
      'Wait',
    );
  }
  if (status === 403 || status === 421) {
    const hint = "Use the address of the daemon's configuration, or add this one to its `hosts`";
    return new RelayError('refused', `the daemon refuses this address (${status})`, hint);
  }
  return new RelayError(
    'not-sidescope',
    `what answers there is no sidescope daemon (HTTP ${status})`,
    'Check the address',
  );
}

function unreachable(address: RelayAddress, error: NodeJS.ErrnoException): RelayError {
  const where = address.kind === 'unix' ? address.path : address.url;
  const code = error.code ?? error.message;
  if (code === 'EACCES' || code === 'EPERM') {
    return new RelayError(
      'refused',
      `this user may not speak to ${where}`,
      'Run this as the user the daemon runs as',
      ExitCode.refused,
      { cause: error },
    );
  }
  const hint = 'Is the daemon running, and is this an address of its configuration?';
  return new RelayError('unreachable', `no daemon answers at ${where} (${code})`, hint, ExitCode.usage, {
    cause: error,
  });
}

/** What the end of a connection means. What ends early is exit code 3, as with a capture. */
export function closeError(code: number, reason: string): RelayError {
  const why = reason === '' ? '' : `: ${reason}`;
  const { refused, damagedInput } = ExitCode;
  const error = (name: RelayErrorCode, message: string, hint: string, exitCode: ExitCode): RelayError =>
    new RelayError(name, `${message}${why}`, hint, exitCode);
  switch (code) {
    case CloseCode.authentication:
      return error('refused', 'the daemon refuses this subscriber', 'Ask the operator for a new capability', refused);
    case CloseCode.grant:
      return error('grant-ended', 'the grant does not hold', 'Ask the operator for a new capability', refused);
    case CloseCode.rollback:
      return error('rolled-back', 'the daemon lets nobody in', 'Its operator must look at it', refused);
    case CloseCode.policy:
    case CloseCode.tooBig:
      return error('protocol', 'the daemon does not take what was sent', 'Do both have one version?', damagedInput);
    case CloseCode.slow:
      return error(
        'slow',
        'records came faster than they were read',
        'Ask for gaps, or for fewer records',
        damagedInput,
      );
    case CloseCode.keyRevoked:
      return error(
        'lost',
        'plaintext that had not been read was taken back',
        'What follows comes as metadata',
        damagedInput,
      );
    case ABNORMAL:
      return error('lost', 'the connection was lost without a farewell (1006)', ABNORMAL_HINT, damagedInput);
    default:
      return error('lost', `the connection was lost (${code})`, 'Look into the log of the daemon', damagedInput);
  }
}

/** Whether trying again can help. */
export function isPassing(error: RelayError): boolean {
  return ['relay.unreachable', 'relay.lost', 'relay.slow'].includes(error.code);
}
