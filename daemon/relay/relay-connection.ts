// One connection: the conversation of its session carried out, its subscriptions served, and a watch kept on what its
// socket still holds.

import { SidescopeError } from '../errors.ts';
import type { Gate } from './access.ts';
import type { Capability } from './capability.ts';
import type { FanOut } from './fan-out.ts';
import { CloseCode, MOST_CONTROL_RATE, MOST_MESSAGE_OCTETS, QUEUE_OCTETS } from './protocol.ts';
import type { AlarmRecord } from './relay-record.ts';
import type { RelaySession, SessionCommand, SessionEvent } from './session.ts';
import type { KeyUse } from './stream-class.ts';
import type { Outlet, Subscription } from './subscription.ts';
import type { TreeReply } from './tree-answer.ts';

// We chose.
/** Octets in a socket's buffer above which nothing more is given to it, and below which it gets more again. */
const HIGH_WATER = 256 * 1024;
const LOW_WATER = 64 * 1024;
/** The same above which nothing that a client asked for is added either: it is closed as slow. One answer may go beyond. */
const MOST_UNREAD = QUEUE_OCTETS;
/** Messages of a client, and characters of them, kept while something is put on record. Above, it talks too much. */
const MOST_WAITING = MOST_CONTROL_RATE;
const MOST_WAITING_CHARACTERS = MOST_MESSAGE_OCTETS;
/** ms without any sign of life after which a connection is given up, and how often one is asked for. */
const SILENCE = 45_000;
const PING_EVERY = 15_000;
/** ms that a socket has to let go plaintext whose key was taken back. */
const KEY_GRACE = 200;

/** The socket, as far as a connection needs it. */
export interface Wire {
  /** Octets that were given and have not left. */
  readonly bufferedAmount: number;
  send(octets: Uint8Array, binary: boolean, sent: () => void): void;
  ping(): void;
  close(code: number, reason: string): void;
  /** At once, with everything that has not left. */
  destroy(): void;
}

/** What a connection needs of the server around it. */
export interface ConnectionOwner {
  readonly fanOut: FanOut;
  clock(): number;
  audit(type: string, data: Readonly<Record<string, unknown>>): Promise<void>;
  authenticated(connection: RelayConnection): void;
  failed(connection: RelayConnection, reason: string): void;
  /** Resolves when what was judged before this was known has been delivered. */
  subscriptionsChanged(): Promise<void>;
  /** A connection of this capability ended without a farewell that arrived. */
  cut(jti: string, cut: Cut): void;
  /** Why the last connection of this capability was cut, once; null where it was not. */
  takeCut(jti: string): Cut | null;
  /** Alarms that stand and that a subscriber should know of. */
  alarms(): readonly AlarmRecord[];
  tree(connection: RelayConnection, request: SessionCommand & { kind: 'tree' }): Promise<TreeReply>;
  status(): unknown;
}

/** Why a connection was ended whose other side was not told. */
export interface Cut {
  readonly code: CloseCode;
  readonly reason: string;
}

/** See the head of the file. */
export class RelayConnection implements Outlet {
  /** For logs and penalties; null on a Unix socket, where everybody is the same user. */
  readonly address: string | null;
  readonly begun: number;
  readonly #owner: ConnectionOwner;
  readonly #session: RelaySession;
  readonly #wire: Wire;
  readonly #subscriptions = new Map<number, Subscription>();
  /** Keys of what was given to the socket and has not left, oldest first. */
  readonly #held: (readonly KeyUse[])[] = [];
  #waiting: string[] = [];
  #ended = false;
  #jti: string | null = null;
  #farewell: Cut | null = null;
  #lastSign: number;
  #lastPing: number;
  /** Since when the socket holds plaintext that must not leave. */
  #heldSince: number | null = null;
  #rate = 0;
  #tokens = 0;
  #tokensAt = 0;

  constructor(owner: ConnectionOwner, session: RelaySession, wire: Wire, address: string | null) {
    this.#owner = owner;
    this.#session = session;
    this.#wire = wire;
    this.address = address;
    this.begun = owner.clock();
    this.#lastSign = this.begun;
    this.#lastPing = this.begun;
  }

  get capability(): Capability | null {
    return this.#ended ? null : this.#session.capability;
  }

  get name(): string {
    return this.#session.name;
  }

  get subscriptions(): Iterable<Subscription> {
    return this.#subscriptions.values();
  }

  get writable(): boolean {
    return !this.#ended && this.#wire.bufferedAmount < HIGH_WATER && this.#hasTokens();
  }

  isGranted(): boolean {
    return !this.#ended && this.#session.isGranted();
  }

  /** Hands an event to the session and carries out what it says. */
  handle(event: SessionEvent): void {
    if (this.#ended) return;
    for (const command of this.#session.handle(event)) this.#carryOut(command);
  }

  /** A text message came. */
  heard(text: string): void {
    this.alive();
    if (this.#session.hears) this.handle({ kind: 'message', text });
    else if (this.#mayWait(text)) this.#waiting.push(text);
    else this.close(CloseCode.rate, 'too many messages at once');
  }

  #mayWait(text: string): boolean {
    const characters = this.#waiting.reduce((sum, { length }) => sum + length, text.length);
    return this.#waiting.length < MOST_WAITING && characters <= MOST_WAITING_CHARACTERS;
  }

  /** Something came: the other side lives. */
  alive(): void {
    this.#lastSign = this.#owner.clock();
  }

  sendText(octets: Uint8Array, records: number, keys: readonly KeyUse[]): void {
    this.#give(octets, false, records, keys);
  }

  sendBinary(octets: Uint8Array, records: number, keys: readonly KeyUse[]): void {
    this.#give(octets, true, records, keys);
  }

  close(code: CloseCode, reason: string): void {
    if (this.#ended) return;
    this.#farewell = { code, reason };
    this.#end();
    // What the socket holds would go out before the farewell. Where that must not be, there is none.
    const mustNot = code === CloseCode.grant || code === CloseCode.keyRevoked;
    if (mustNot && this.#wire.bufferedAmount > 0) this.#wire.destroy();
    else this.#wire.close(code, reason);
  }

  /** The socket is gone. @param isClean whether the other side answered the farewell */
  closed(isClean: boolean): void {
    this.#end();
    const farewell = this.#farewell;
    this.#farewell = null;
    if (farewell !== null && !isClean && this.#jti !== null) this.#owner.cut(this.#jti, farewell);
  }

  alarm(alarm: AlarmRecord): void {
    if (this.capability !== null) this.#say({ type: 'alarm', alarm });
  }

  /** Call every 100 ms or so: deadlines, grants that end, silence. */
  tick(now: number, gate: Gate): void {
    this.handle({ kind: 'tick' });
    if (this.#ended) return;
    if (now - this.#lastSign > SILENCE) {
      this.#end();
      this.#wire.destroy();
      return;
    }
    if (now - this.#lastPing > PING_EVERY) {
      this.#lastPing = now;
      this.#wire.ping();
    }
    this.checkHeld(now, gate);
  }

  /** Ends the connection where its socket holds plaintext whose key was taken back and does not let it go. */
  checkHeld(now: number, gate: Gate): void {
    const holds = (): boolean =>
      this.#wire.bufferedAmount > 0 &&
      this.#held.some((keys) => keys.some(({ key, track }) => !gate.mayUse(key, track)));
    if (this.#held.length === 0 || !holds()) {
      this.#heldSince = null;
      return;
    }
    this.#heldSince ??= now;
    if (now - this.#heldSince >= KEY_GRACE) this.close(CloseCode.keyRevoked, 'a key was taken back');
  }

  /** Serves all subscriptions as far as the socket takes it. */
  pump(): void {
    for (const subscription of this.#subscriptions.values()) this.#owner.fanOut.pump(subscription);
  }

  #carryOut(command: SessionCommand): void {
    if (this.#ended && command.kind !== 'audit') return;
    switch (command.kind) {
      case 'send':
        this.#say(command.message);
        if (command.message.type === 'ready') this.#tellStanding();
        return;
      case 'close':
        this.close(command.code, command.reason);
        return;
      case 'audit':
        void this.#audit(command);
        return;
      case 'failed':
        this.#owner.failed(this, command.reason);
        return;
      case 'authenticated':
        this.#jti = command.capability.jti;
        this.#rate = command.capability.rate;
        this.#tokens = this.#rate;
        this.#tokensAt = this.#owner.clock();
        this.#owner.authenticated(this);
        return;
      case 'subscribe': {
        const { fanOut } = this.#owner;
        const { wish } = command;
        // Who asks for the past wants plaintext of what was judged and not told yet, too.
        const subscription = fanOut.subscribe(this, wish, wish.since !== null && wish.view !== 'meta');
        this.#subscriptions.set(wish.sid, subscription);
        void this.#owner.subscriptionsChanged().then(() => fanOut.wanted(subscription));
        return;
      }
      case 'unsubscribe': {
        const subscription = this.#subscriptions.get(command.sid);
        this.#subscriptions.delete(command.sid);
        if (subscription !== undefined) this.#owner.fanOut.unsubscribe(subscription);
        void this.#owner.subscriptionsChanged();
        return;
      }
      case 'status':
        this.#say({ type: 'status', id: command.id, status: this.#owner.status() });
        this.handle({ kind: 'answered' });
        return;
      case 'tree':
        void this.#answer(command);
    }
  }

  /** What a subscriber that comes should know: why it was cut before, and what is wrong with the daemon now. */
  #tellStanding(): void {
    const cut = this.#jti === null ? null : this.#owner.takeCut(this.#jti);
    if (cut !== null) this.#say({ type: 'cut', ...cut });
    for (const alarm of this.#owner.alarms()) this.#say({ type: 'alarm', alarm });
  }

  async #answer(command: SessionCommand & { kind: 'tree' }): Promise<void> {
    let reply: TreeReply;
    try {
      reply = await this.#owner.tree(this, command);
    } catch {
      const { id } = command.request;
      const message = 'the frame cannot be shown now';
      reply = { message: { type: 'error', id, code: 'relay.no-frame', message, hint: 'try again' }, keys: [] };
    }
    if (this.isGranted()) this.#say(reply.message, reply.keys);
    this.handle({ kind: 'answered' });
  }

  async #audit(command: SessionCommand & { kind: 'audit' }): Promise<void> {
    let done = true;
    let isEngineDown = false;
    try {
      await within(command.patience, this.#owner.audit(command.type, command.data));
    } catch (error) {
      done = false;
      isEngineDown = error instanceof SidescopeError && error.code.startsWith('engine.');
    }
    if (!command.waits) return;
    this.handle({ kind: 'audited', done, isEngineDown });
    while (this.#session.hears && this.#waiting.length > 0) {
      this.handle({ kind: 'message', text: this.#waiting.shift() as string });
    }
  }

  /** Says something that no subscription brought. Whoever asks and does not take the answers is too slow. */
  #say(message: object, keys: readonly KeyUse[] = []): void {
    if (this.#wire.bufferedAmount > MOST_UNREAD) this.close(CloseCode.slow, 'answers are not taken');
    else this.#give(Buffer.from(JSON.stringify(message)), false, 0, keys);
  }

  #give(octets: Uint8Array, binary: boolean, records: number, keys: readonly KeyUse[]): void {
    if (this.#ended) return;
    this.#tokens -= records;
    this.#held.push(keys);
    this.#wire.send(octets, binary, () => {
      this.#held.shift();
      if (!this.#ended && this.#wire.bufferedAmount < LOW_WATER) this.pump();
    });
  }

  /** Whether the rate of the capability allows more now. */
  #hasTokens(): boolean {
    if (this.#rate === 0) return true;
    const now = this.#owner.clock();
    this.#tokens = Math.min(this.#rate, this.#tokens + ((now - this.#tokensAt) * this.#rate) / 1000);
    this.#tokensAt = now;
    return this.#tokens > 0;
  }

  #end(): void {
    if (this.#ended) return;
    this.#ended = true;
    this.#waiting = [];
    for (const subscription of this.#subscriptions.values()) this.#owner.fanOut.unsubscribe(subscription);
    const had = this.#subscriptions.size > 0;
    this.#subscriptions.clear();
    if (had) void this.#owner.subscriptionsChanged();
  }
}

/** The same, but rejected after so many ms. */
async function within(milliseconds: number | undefined, promise: Promise<void>): Promise<void> {
  if (milliseconds === undefined) return promise;
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_resolve, reject) => {
    timer = setTimeout(() => reject(new RangeError('it took too long')), milliseconds);
  });
  try {
    return await Promise.race([promise, late]);
  } finally {
    clearTimeout(timer);
  }
}
