// A client of the relay: connects, proves who it is and who the daemon is, subscribes, and when the connection is lost
// comes back and goes on behind the last record it had. `tap` and the terminal program stand on it.

import { printable } from '../../dissectors/printable.ts';
import { ExitCode } from '../errors.ts';
import type { View } from './capability.ts';
import {
  ClientConnection,
  type ClientCredentials,
  closeError,
  isPassing,
  ownCapability,
  parseAddress,
  type RelayAddress,
} from './client-connection.ts';
import { ClientSubscription, type SubscriptionWish } from './client-subscription.ts';
import { checkState, type DaemonMemory, PassingMemory } from './daemon-memory.ts';
import { type ErrorMessage, PCAPNG_HEAD_OCTETS, type ReadyMessage, type RecordItem } from './protocol.ts';
import { RelayError, type RelayErrorCode } from './relay-error.ts';
import type { AlarmRecord } from './relay-record.ts';

export { DECIPHERED_INTERFACE } from '../export/deciphered-interface.ts';
export { largestView, lesserView } from './access.ts';
export { ownCapability, parseAddress } from './client-connection.ts';
export { type ClientItem, ClientSubscription, type SubscriptionWish } from './client-subscription.ts';
export type { DaemonMemory } from './daemon-memory.ts';
export { readKeyFile } from './key-files.ts';

// We chose.
/** ms before the first attempt to come back, and at most; each is twice the one before, less up to a half by chance. */
const FIRST_WAIT = 250;
const LONGEST_WAIT = 30_000;
/** ms that an answer may take. */
const ANSWER_DEADLINE = 30_000;
/** ms between two looks whether this program runs, and between two from which on it stood still (stopped, its output blocked). */
const LOOK_EVERY = 1000;
const HALT = 5000;
/** ms after a halt in which the end of a connection is put down to it. */
const HALT_BLAMED = 10_000;
/** ms until a subscription that an engine was down for is asked for again. */
const ENGINE_WAIT = 2000;

/** How a client is made. */
export interface RelayClientOptions extends ClientCredentials {
  /** `unix:PATH` or `wss://host:port`. */
  readonly address: string;
  /** `after-first` (default): comes back once it was ready; `always`: also when it never was; `never`. */
  readonly reconnect?: 'never' | 'after-first' | 'always';
  /** What is known of daemons from before; default nothing, and what is learned is forgotten with the client. */
  readonly memory?: DaemonMemory;
  /** Something that does not end the client. */
  readonly onWarning?: (warning: RelayError) => void;
  /** Told whenever it changes. */
  readonly onState?: (state: ClientState) => void;
  /** What the daemon says of itself (disk full, engine down). */
  readonly onAlarm?: (alarm: AlarmRecord) => void;
}

/** How a client fares. */
export interface ClientState {
  readonly kind: 'connecting' | 'ready' | 'waiting' | 'closed';
  /** Why it waits or is closed; null where it was asked to. */
  readonly error: RelayError | null;
  /** ms until it tries again. */
  readonly wait?: number;
  readonly ready?: ReadyMessage;
}

interface Question {
  readonly resolve: (value: unknown) => void;
  readonly reject: (error: RelayError) => void;
}

/** See the head of the file. */
export class RelayClient {
  readonly #options: RelayClientOptions;
  readonly #address: RelayAddress;
  readonly #subscriptions = new Map<number, ClientSubscription>();
  readonly #questions = new Map<number, Question>();
  readonly #memory: DaemonMemory;
  readonly #daemon: string;
  #connection: ClientConnection | null = null;
  #state: ClientState = { kind: 'connecting', error: null };
  #nextSid = 1;
  #nextId = 1;
  #attempts = 0;
  #wasReady = false;
  #timer: NodeJS.Timeout | null = null;
  #paused = 0;
  #looking: NodeJS.Timeout;
  #lookedAt = performance.now();
  #halt: { readonly until: number; readonly milliseconds: number } | null = null;
  #readyWaiters: {
    readonly resolve: (ready: ReadyMessage) => void;
    readonly reject: (error: RelayError) => void;
  }[] = [];

  /**
   * Begins to connect.
   *
   * @throws RelayError `address`, `capability`
   */
  constructor(options: RelayClientOptions) {
    this.#options = options;
    this.#address = parseAddress(options.address);
    this.#daemon = ownCapability(options).aud;
    this.#memory = options.memory ?? new PassingMemory();
    this.#looking = setInterval(() => this.#look(), LOOK_EVERY).unref();
    void this.#connect();
  }

  get state(): ClientState {
    return this.#state;
  }

  /** Resolves when the daemon is ready; rejects when the client is closed before. */
  ready(): Promise<ReadyMessage> {
    const { kind, ready, error } = this.#state;
    if (kind === 'ready' && ready !== undefined) return Promise.resolve(ready);
    if (kind === 'closed') return Promise.reject(error ?? closedError());
    return new Promise((resolve, reject) => {
      this.#readyWaiters.push({ resolve, reject });
    });
  }

  /** Subscribes, now and after each loss of the connection. Iterate over the result. */
  subscribe(wish: SubscriptionWish): ClientSubscription {
    const subscription = new ClientSubscription(this.#nextSid++, wish, {
      paused: (paused) => this.#pause(paused),
      ended: (ended) => this.#unsubscribe(ended),
    });
    if (this.#state.kind === 'closed') {
      subscription.finish(this.#state.error);
      return subscription;
    }
    this.#subscriptions.set(subscription.sid, subscription);
    if (this.#state.kind === 'ready') this.#connection?.send(subscription.request());
    return subscription;
  }

  /**
   * The layer tree of a frame.
   *
   * @throws RelayError `no-frame`, `lost`, ...
   */
  tree(
    frame: number,
    view: View = 'meta',
    more: { readonly downgraded?: boolean; readonly reason?: string } = {},
  ): Promise<unknown> {
    return this.#ask({ type: 'tree', frame, view, ...more });
  }

  /** Status of the daemon. @throws RelayError `not-granted`, `lost`, ... */
  status(): Promise<unknown> {
    return this.#ask({ type: 'status' });
  }

  /** Ends everything; iterations end. */
  close(): void {
    this.#end(null);
  }

  #ask(question: object): Promise<unknown> {
    const connection = this.#connection;
    if (connection === null) return Promise.reject(new RelayError('lost', 'there is no connection now', 'Try again'));
    const id = this.#nextId++;
    return new Promise((resolve, reject) => {
      const timer = setTimeout(() => {
        this.#questions.delete(id);
        reject(new RelayError('lost', 'the daemon does not answer', 'Try again'));
      }, ANSWER_DEADLINE);
      this.#questions.set(id, {
        resolve: (value) => {
          clearTimeout(timer);
          resolve(value);
        },
        reject: (error) => {
          clearTimeout(timer);
          reject(error);
        },
      });
      connection.send({ ...question, id });
    });
  }

  async #connect(): Promise<void> {
    this.#timer = null;
    this.#setState({ kind: 'connecting', error: null });
    let connection: ClientConnection;
    try {
      connection = await ClientConnection.open(this.#address, this.#options, {
        message: (message) => this.#message(message),
        binary: (octets) => this.#binary(octets),
        closed: (error) => this.#lost(error),
      });
    } catch (error) {
      this.#lost(error as RelayError);
      return;
    }
    if (this.#isClosed()) {
      connection.close();
      return;
    }
    if (!this.#believes(connection)) return;
    this.#connection = connection;
    this.#wasReady = true;
    this.#attempts = 0;
    if (this.#paused > 0) connection.pause();
    for (const subscription of this.#subscriptions.values()) connection.send(subscription.request());
    const { ready } = connection;
    this.#setState({ kind: 'ready', error: null, ready });
    for (const { resolve } of this.#readyWaiters.splice(0)) resolve(ready);
  }

  /** Whether the daemon is where it was when it was heard last, or further on; else the client ends. */
  #believes(connection: ClientConnection): boolean {
    try {
      const warning = checkState(this.#memory, this.#daemon, connection.ready.state);
      if (warning !== null) this.#options.onWarning?.(warning);
      return true;
    } catch (error) {
      connection.close();
      this.#end(error as RelayError);
      return false;
    }
  }

  #isClosed(): boolean {
    return this.#state.kind === 'closed';
  }

  /** Notices where this program stood still. */
  #look(): void {
    const now = performance.now();
    const milliseconds = now - this.#lookedAt;
    this.#lookedAt = now;
    if (milliseconds > HALT) this.#halt = { until: now, milliseconds };
  }

  /** Whoever does not read for long is cut, and finds no farewell: says what it was where nobody else can. */
  #blamed(error: RelayError): RelayError {
    if (error.code !== 'relay.lost' || this.#connection === null) return error;
    this.#look();
    const isPaused = this.#paused > 0;
    if (!isPaused && (this.#halt === null || performance.now() - this.#halt.until > HALT_BLAMED)) return error;
    const what = isPaused
      ? 'what had come was not taken for too long'
      : `this program stood still for ${Math.round((this.#halt?.milliseconds ?? 0) / 1000)} s and read nothing`;
    const hint = 'Ask for gaps, or for fewer records, and look at what takes the output';
    return new RelayError('slow', `the connection was lost: ${what}`, hint, error.exitCode, { cause: error });
  }

  #lost(reason: RelayError): void {
    const error = this.#blamed(reason);
    this.#connection = null;
    for (const { reject } of this.#questions.values()) reject(error);
    this.#questions.clear();
    if (this.#isClosed()) return;
    const { reconnect = 'after-first' } = this.#options;
    const again = reconnect === 'always' || (reconnect === 'after-first' && this.#wasReady);
    if (!again || !isPassing(error)) {
      this.#end(error);
      return;
    }
    const longest = Math.min(LONGEST_WAIT, FIRST_WAIT * 2 ** this.#attempts++);
    const wait = Math.round(longest * (0.5 + Math.random() / 2));
    this.#timer = setTimeout(() => void this.#connect(), wait);
    this.#setState({ kind: 'waiting', error, wait });
  }

  #message(message: Readonly<Record<string, unknown>>): void {
    const { type, sid, id } = message;
    const subscription = typeof sid === 'number' ? this.#subscriptions.get(sid) : undefined;
    switch (type) {
      case 'records':
        subscription?.records(message.records as readonly RecordItem[]);
        return;
      case 'live':
        subscription?.live(message.seq as number);
        return;
      case 'subscribed':
        subscription?.subscribed(message as unknown as { readonly since: number; readonly head: number });
        return;
      case 'alarm':
        this.#options.onAlarm?.(message.alarm as AlarmRecord);
        return;
      case 'cut':
        this.#options.onWarning?.(closeError(message.code as number, printable(String(message.reason))));
        return;
      case 'tree':
        this.#answer(id as number, message.answer);
        return;
      case 'status':
        this.#answer(id as number, message.status);
        return;
      case 'error': {
        const error = errorOf(message as unknown as ErrorMessage);
        if (typeof id === 'number') {
          this.#questions.get(id)?.reject(error);
          this.#questions.delete(id);
        } else if (subscription !== undefined && error.code === 'relay.engine-down' && this.#comesBack) {
          this.#options.onWarning?.(error);
          this.#askAgain(subscription);
        } else if (subscription !== undefined) {
          this.#subscriptions.delete(subscription.sid);
          subscription.finish(error);
        }
        return;
      }
      default:
      // A later daemon may say more; what we do not know is nothing to us.
    }
  }

  get #comesBack(): boolean {
    return this.#options.reconnect !== 'never';
  }

  /** Asks for a subscription again when the engine may be back. */
  #askAgain(subscription: ClientSubscription): void {
    const connection = this.#connection;
    setTimeout(() => {
      if (this.#connection !== connection || !this.#subscriptions.has(subscription.sid)) return;
      connection?.send(subscription.request());
    }, ENGINE_WAIT);
  }

  #answer(id: number, value: unknown): void {
    this.#questions.get(id)?.resolve(value);
    this.#questions.delete(id);
  }

  #binary(octets: Buffer): void {
    if (octets.length < PCAPNG_HEAD_OCTETS) return;
    const subscription = this.#subscriptions.get(octets.readUInt32BE(0));
    subscription?.pcapng(Number(octets.readBigUInt64BE(8)), octets.subarray(PCAPNG_HEAD_OCTETS));
  }

  #pause(paused: boolean): void {
    this.#paused += paused ? 1 : -1;
    if (paused && this.#paused === 1) this.#connection?.pause();
    if (!paused && this.#paused === 0) this.#connection?.resume();
  }

  #unsubscribe(subscription: ClientSubscription): void {
    if (!this.#subscriptions.delete(subscription.sid)) return;
    if (this.#state.kind === 'ready') this.#connection?.send({ type: 'unsubscribe', sid: subscription.sid });
  }

  #end(error: RelayError | null): void {
    if (this.#isClosed()) return;
    if (this.#timer !== null) clearTimeout(this.#timer);
    clearInterval(this.#looking);
    this.#setState({ kind: 'closed', error });
    for (const { reject } of this.#readyWaiters.splice(0)) reject(error ?? closedError());
    for (const { reject } of this.#questions.values()) reject(error ?? closedError());
    this.#questions.clear();
    for (const subscription of this.#subscriptions.values()) subscription.finish(error);
    this.#subscriptions.clear();
    this.#connection?.close();
    this.#connection = null;
  }

  #setState(state: ClientState): void {
    this.#state = state;
    this.#options.onState?.(state);
  }
}

function closedError(): RelayError {
  return new RelayError('lost', 'the client was closed', '');
}

// Answers that say that a request was wrong, not that somebody may not have it.
const WRONG_REQUESTS: ReadonlySet<string> = new Set(['filter', 'reason', 'subscription', 'protocol']);

/** An error that the daemon told, as one of ours. */
function errorOf({ code, message, hint }: ErrorMessage): RelayError {
  const name = code.startsWith('relay.') ? code.slice('relay.'.length) : 'protocol';
  const exitCode = WRONG_REQUESTS.has(name) ? ExitCode.usage : ExitCode.refused;
  return new RelayError(name as RelayErrorCode, printable(message), printable(hint), exitCode);
}
