// The relay of one daemon: listeners, connections and the fan-out put together, and the clock that drives them.

import type { KeyObject } from 'node:crypto';
import { performance } from 'node:perf_hooks';
import type { Demand } from '../engine-process/engine-port.ts';
import { systemRandomness } from '../keyring/vault/sealing.ts';
import { ConnectionBudget } from './connection-budget.ts';
import { FailedAttempts } from './failed-attempts.ts';
import { FanOut, type FanOutCounts } from './fan-out.ts';
import { BATCH_MILLISECONDS, BATCH_OCTETS, CloseCode } from './protocol.ts';
import type { NumberedBlock } from './record-block.ts';
import { RefusalNotes } from './refusal-notes.ts';
import { type ConnectionOwner, type Cut, RelayConnection, type Wire } from './relay-connection.ts';
import type { RelayHost, RelayInput } from './relay-port.ts';
import type { AlarmRecord } from './relay-record.ts';
import type { Revocation } from './relay-state.ts';
import type { Revocations } from './revocations.ts';
import { RelaySession, type SessionCommand } from './session.ts';
import { answerTree, type TreeReply } from './tree-answer.ts';
import type { UpgradeRefusal } from './upgrade-check.ts';
import { type ListenerOptions, type ListenerOwner, RelayListener } from './websocket-server.ts';

// We chose.
/** ms between looks at deadlines, grants and queues. */
const SWEEP_EVERY = 100;
/** ms between two of them from which on this process stood still. */
const HALT = 5000;
/** ms that connections have to say farewell when the relay stops. */
const STOP_DEADLINE = 2000;
/** Capabilities whose last connection was cut, and for how long that is told to who comes back (ms). Above: the oldest goes. */
const CUTS_MOST = 256;
const CUT_TOLD = 10 * 60_000;

/** Severities of alarms that whoever comes is told of. */
const SERIOUS: ReadonlySet<string> = new Set(['high', 'critical']);

/** What a relay is made of. */
export interface RelayServerOptions {
  readonly listeners: readonly ListenerOptions[];
  readonly host: RelayHost;
  /** Public key of the operator, 64 hex digits. */
  readonly operator: string;
  /** The daemon's private key. */
  readonly daemon: KeyObject;
  readonly revocations: Revocations;
  /** Milliseconds since 1970; default the system's. */
  readonly wallClock?: () => number;
  /** Milliseconds of a clock that does not go back; default the system's. */
  readonly clock?: () => number;
  readonly random?: (octets: number) => Uint8Array;
  /** Alarms that stand; default none. */
  readonly alarms?: () => readonly AlarmRecord[];
  /** Told of what an operator may want to read in the log. Never keys, capabilities or plaintext. */
  readonly log?: (event: string, data: Readonly<Record<string, unknown>>) => void;
}

/** What metrics show. */
export interface RelayMetrics extends Readonly<FanOutCounts> {
  /** Open sockets, and those of them that have authenticated. */
  readonly connections: number;
  readonly subscribers: number;
  readonly subscriptions: number;
  readonly streams: number;
  /** The longest queue: records, and the age of the oldest record in any (ms). */
  readonly queueRecords: number;
  readonly queueMilliseconds: number;
  /** Refused requests and authentications, by reason. */
  readonly refused: Readonly<Record<string, number>>;
  /** Revocations in force. */
  readonly revocations: number;
}

/** One connection, for status. */
export interface SubscriberRow {
  readonly session: string;
  readonly address: string | null;
  readonly sub: string;
  readonly jti: string;
  readonly expires: string;
  readonly subscriptions: readonly {
    readonly sid: number;
    readonly view: string;
    readonly live: boolean;
    readonly cursor: number;
  }[];
}

/** See the head of the file. */
export class RelayServer implements RelayInput {
  readonly #options: RelayServerOptions;
  readonly #fanOut: FanOut;
  readonly #listeners: readonly RelayListener[];
  readonly #connections = new Set<RelayConnection>();
  readonly #failed = new FailedAttempts();
  readonly #budget: ConnectionBudget;
  readonly #logged: RefusalNotes;
  readonly #audited: RefusalNotes;
  readonly #refused = new Map<string, number>();
  readonly #cuts = new Map<string, Cut & { readonly at: number }>();
  readonly #clock: () => number;
  readonly #wallClock: () => number;
  #sweeper: NodeJS.Timeout | null = null;
  #flusher: NodeJS.Timeout | null = null;
  #lastFlush = 0;
  /** Octets of records since then, in their longer form. */
  #unflushed = 0;
  #lastSweep = 0;
  #demand = '';
  #demandKnown = Promise.resolve();

  constructor(options: RelayServerOptions) {
    this.#options = options;
    this.#clock = options.clock ?? (() => performance.now());
    this.#wallClock = options.wallClock ?? (() => Date.now());
    this.#fanOut = new FanOut(options.host, this.#clock);
    this.#budget = new ConnectionBudget(this.#clock());
    this.#logged = new RefusalNotes(this.#clock());
    this.#audited = new RefusalNotes(this.#clock());
    const owner: ListenerOwner = {
      admits: (address) => this.#admits(address),
      mustWait: (address) => this.#failed.mustWait(address, this.#clock()),
      refused: (refusal, address) => this.#refusedUpgrade(refusal, address),
      opened: (wire, binding, address) => this.#opened(wire, binding, address),
      closed: (connection) => this.#connections.delete(connection),
    };
    this.#listeners = options.listeners.map((listener) => new RelayListener(listener, owner));
  }

  /** Where clients reach it, once it listens. */
  get addresses(): readonly string[] {
    return this.#listeners.map(({ address }) => address);
  }

  /** Begins to listen. @throws SidescopeError `socket.*`, RelayError `listen` */
  async start(): Promise<void> {
    for (const listener of this.#listeners) await listener.open();
    this.#sweeper = setInterval(() => this.#sweep(), SWEEP_EVERY);
  }

  /** Sends what is due, says farewell to everybody and stops listening. */
  async stop(): Promise<void> {
    if (this.#sweeper !== null) clearInterval(this.#sweeper);
    if (this.#flusher !== null) clearTimeout(this.#flusher);
    this.#fanOut.flush();
    for (const connection of this.#connections) connection.close(CloseCode.goingAway, 'the daemon stops');
    await Promise.all(this.#listeners.map((listener) => listener.close()));
    const until = this.#clock() + STOP_DEADLINE;
    while (this.#connections.size > 0 && this.#clock() < until) {
      await new Promise((resolve) => {
        setTimeout(resolve, 10);
      });
    }
    for (const listener of this.#listeners) listener.destroy();
  }

  deliver(records: NumberedBlock): void {
    if (records.block.count === 0) return;
    this.#fanOut.deliver(records);
    const { outer, plain } = records.block.parts;
    this.#unflushed += Math.max(outer.octets.length, plain.octets.length);
    if (this.#unflushed >= BATCH_OCTETS) this.#flush();
    // At once where it was quiet, else when 10 ms are over.
    else this.#flushIn(Math.max(0, this.#lastFlush + BATCH_MILLISECONDS - this.#clock()));
  }

  #flushIn(milliseconds: number): void {
    this.#flusher ??= setTimeout(() => this.#flush(), milliseconds);
  }

  #flush(): void {
    if (this.#flusher !== null) clearTimeout(this.#flusher);
    this.#flusher = null;
    this.#lastFlush = this.#clock();
    this.#unflushed = 0;
    if (this.#fanOut.flush(true)) this.#flushIn(BATCH_MILLISECONDS);
  }

  alarm(alarm: AlarmRecord): void {
    for (const connection of this.#connections) connection.alarm(alarm);
  }

  keysChanged(): void {
    this.#fanOut.keysChanged();
    const now = this.#clock();
    for (const connection of this.#connections) connection.checkHeld(now, this.#fanOut.gate);
  }

  /** Looks at every grant again, now. */
  grantsChanged(): void {
    for (const connection of this.#connections) connection.handle({ kind: 'tick' });
  }

  /** Revocations in force. */
  revocations(): Revocation[] {
    return this.#options.revocations.list(Math.floor(this.#wallClock() / 1000));
  }

  /** Who is connected. */
  subscribers(): SubscriberRow[] {
    const rows: SubscriberRow[] = [];
    for (const connection of this.#connections) {
      const { capability } = connection;
      if (capability === null) continue;
      rows.push({
        session: connection.name,
        address: connection.address,
        sub: capability.sub,
        jti: capability.jti,
        expires: new Date(capability.exp * 1000).toISOString(),
        subscriptions: Array.from(connection.subscriptions, ({ options, serial, cursor }) => ({
          sid: options.sid,
          view: options.view,
          live: serial !== null,
          cursor,
        })),
      });
    }
    return rows;
  }

  metrics(): RelayMetrics {
    const { records, milliseconds } = this.#fanOut.longestQueue();
    let subscribers = 0;
    for (const { capability } of this.#connections) if (capability !== null) subscribers++;
    return {
      ...this.#fanOut.counts,
      connections: this.#listeners.reduce((sum, { connections }) => sum + connections, 0),
      subscribers,
      subscriptions: this.#fanOut.subscriptions,
      streams: this.#fanOut.streams,
      queueRecords: records,
      queueMilliseconds: milliseconds,
      refused: Object.fromEntries(this.#refused),
      revocations: this.revocations().length,
    };
  }

  #opened(wire: Wire, _binding: Uint8Array, address: string | null): RelayConnection {
    const { daemon, operator, revocations, host, random = systemRandomness } = this.#options;
    const session = new RelaySession({
      daemon,
      operator,
      revocations,
      wallClock: this.#wallClock,
      clock: this.#clock,
      random,
      connections: (jti) => this.#connectionsOf(jti),
      get head() {
        return host.head;
      },
    });
    const owner: ConnectionOwner = {
      fanOut: this.#fanOut,
      clock: this.#clock,
      audit: (type, data) => this.#audit(type, data),
      authenticated: ({ address }) => {
        if (address !== null) this.#budget.authenticated(address);
      },
      failed: (connection, reason) => this.#refusedSession(connection, reason),
      subscriptionsChanged: () => this.#tellDemand(),
      cut: (jti, cut) => this.#noteCut(jti, cut),
      takeCut: (jti) => this.#takeCut(jti),
      alarms: () => (this.#options.alarms?.() ?? []).filter(({ severity }) => SERIOUS.has(severity)),
      tree: (connection, command) => this.#tree(connection, command),
      status: () => host.status(),
    };
    const connection = new RelayConnection(owner, session, wire, address);
    this.#connections.add(connection);
    return connection;
  }

  #tree(connection: RelayConnection, { request }: SessionCommand & { kind: 'tree' }): Promise<TreeReply> {
    return answerTree(request, connection.capability?.groups ?? [], this.#options.host);
  }

  #noteCut(jti: string, cut: Cut): void {
    this.#cuts.delete(jti);
    this.#cuts.set(jti, { ...cut, at: this.#clock() });
    if (this.#cuts.size <= CUTS_MOST) return;
    for (const [oldest] of this.#cuts) {
      this.#cuts.delete(oldest);
      return;
    }
  }

  #takeCut(jti: string): Cut | null {
    const cut = this.#cuts.get(jti);
    this.#cuts.delete(jti);
    if (cut === undefined || this.#clock() - cut.at > CUT_TOLD) return null;
    return { code: cut.code, reason: cut.reason };
  }

  #connectionsOf(jti: string): number {
    let count = 0;
    for (const { capability } of this.#connections) if (capability?.jti === jti) count++;
    return count;
  }

  #admits(address: string): boolean {
    const admitted = this.#budget.admits(address, this.#clock());
    // Counted, not logged: a flood must not fill the log.
    if (!admitted) this.#count('flood');
    return admitted;
  }

  #refusedUpgrade({ reason }: UpgradeRefusal, address: string | null): void {
    this.#count(reason);
    this.#logRefusal({ reason, address });
  }

  #refusedSession(connection: RelayConnection, reason: string): void {
    this.#count('authentication');
    if (connection.address !== null) this.#failed.failed(connection.address, this.#clock());
    this.#logRefusal({ reason, address: connection.address, session: connection.name });
  }

  #logRefusal(data: Readonly<Record<string, unknown>>): void {
    const note = this.#logged.note(this.#clock());
    if (note !== null) this.#options.log?.('relay.refused', note.unwritten === 0 ? data : { ...data, ...note });
  }

  async #audit(type: string, data: Readonly<Record<string, unknown>>): Promise<void> {
    const { host } = this.#options;
    if (type !== 'relay.refused') return host.audit(type, data);
    const note = this.#audited.note(this.#clock());
    if (note !== null) await host.audit(type, note.unwritten === 0 ? data : { ...data, ...note });
  }

  #count(reason: string): void {
    this.#refused.set(reason, (this.#refused.get(reason) ?? 0) + 1);
  }

  #sweep(): void {
    const now = this.#clock();
    this.#fanOut.gate.refresh();
    // Where this process itself stood still, nobody is to blame for silence.
    if (now - this.#lastSweep > HALT) for (const connection of this.#connections) connection.alive();
    this.#lastSweep = now;
    for (const connection of this.#connections) connection.tick(now, this.#fanOut.gate);
    this.#fanOut.sweep();
  }

  /**
   * Tells the engine, by way of the host, of which groups somebody wants plaintext. Resolves when what was judged before it
   * knew has been delivered.
   */
  #tellDemand(): Promise<void> {
    const demand = new Map<string, 'plain' | 'forensic'>();
    for (const connection of this.#connections) {
      for (const { stream } of connection.subscriptions) {
        for (const { gid, view } of stream.access.reach) {
          if (view !== 'meta' && demand.get(gid) !== 'forensic') demand.set(gid, view);
        }
      }
    }
    const text = JSON.stringify([...demand].sort((a, b) => (a[0] < b[0] ? -1 : 1)));
    if (text !== this.#demand) {
      this.#demand = text;
      this.#demandKnown = this.#options.host.demandChanged(demand satisfies Demand);
    }
    return this.#demandKnown;
  }
}
