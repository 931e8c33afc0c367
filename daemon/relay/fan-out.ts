// Brings records to subscribers: one stream for all who may see and want the same, bounded queues, and nobody waits for
// anybody else. Without sockets and timers: whoever owns it calls `flush` and `sweep`.

import type { Access, Gate } from './access.ts';
import { catchUp, type History } from './catch-up.ts';
import { GateCache } from './gate-cache.ts';
import {
  CloseCode,
  type Gap,
  QUEUE_AGE,
  QUEUE_OCTETS,
  QUEUE_RECORDS,
  RECORD_TYPES,
  type RecordType,
} from './protocol.ts';
import type { NumberedBlock } from './record-block.ts';
import type { RecordFilter } from './record-fields.ts';
import { RecordRing } from './record-ring.ts';
import { type Batch, type KeyUse, recordsMessage, StreamClass } from './stream-class.ts';
import { type Outlet, Subscription, type SubscriptionOptions } from './subscription.ts';

// We chose.
/** Octets of messages that are kept built, over all streams. Above, the oldest are built again for who still wants them. */
const KEPT_OCTETS = 64 * 1024 * 1024;
/** ms between two sweeps from which on this process itself stood still; they are 100 ms apart. */
const HALT = 1000;

/** What is counted, for metrics. */
export interface FanOutCounts {
  records: number;
  /** Records sent, over all subscriptions. */
  sent: number;
  octets: number;
  /** Records that subscriptions did not get because they were slow. */
  dropped: number;
  /** Connections closed because they were slow. */
  slowClosed: number;
  /** Records that lost their plaintext in the queue because a key was taken back. */
  stripped: number;
}

/** What the fan-out needs of the daemon around it. */
export interface FanOutHost extends Gate, History {
  readonly head: number;
}

/** What a subscription may see and wants, as its stream is found by. */
export interface Wish extends SubscriptionOptions {
  readonly access: Access;
  readonly types: readonly RecordType[];
  readonly downgraded: boolean;
  readonly filter: RecordFilter | null;
  /** Last record that it has; null to begin with what comes now. */
  readonly since: number | null;
}

/** See the head of the file. Times: milliseconds of a clock that does not go back. */
export class FanOut {
  readonly counts: FanOutCounts = { records: 0, sent: 0, octets: 0, dropped: 0, slowClosed: 0, stripped: 0 };
  readonly ring: RecordRing;
  readonly gate: GateCache;
  readonly #host: FanOutHost;
  readonly #clock: () => number;
  readonly #streams = new Map<string, StreamClass>();
  readonly #subscriptions = new Set<Subscription>();
  /** Messages that are kept built, the oldest first. */
  #kept: Batch[] = [];
  #keptOctets = 0;
  #lastSweep = 0;

  constructor(host: FanOutHost, clock: () => number) {
    this.#host = host;
    this.#clock = clock;
    this.ring = new RecordRing(host.head);
    this.gate = new GateCache(host);
  }

  get subscriptions(): number {
    return this.#subscriptions.size;
  }

  get streams(): number {
    return this.#streams.size;
  }

  /** The longest queue there is, in records, and the age of the oldest record in any (ms). */
  longestQueue(): { readonly records: number; readonly milliseconds: number } {
    let records = 0;
    let milliseconds = 0;
    for (const { serial, stream } of this.#subscriptions) {
      if (serial === null) continue;
      records = Math.max(records, stream.waiting(serial).records);
      const batch = stream.batch(serial);
      if (batch !== null) milliseconds = Math.max(milliseconds, this.#clock() - batch.at);
    }
    return { records, milliseconds };
  }

  /** Takes records; `flush` sends them. */
  deliver(records: NumberedBlock): void {
    this.counts.records += records.block.count;
    this.ring.append(records, this.#clock());
  }

  /**
   * Begins a subscription.
   *
   * @param isHeld it may be the first to want plaintext of some group: it follows its stream only after `wanted`
   */
  subscribe(outlet: Outlet, wish: Wish, isHeld = false): Subscription {
    const stream = this.#streamOf(wish);
    // Nobody has what is still to come.
    const since = Math.min(wish.since ?? Number.POSITIVE_INFINITY, this.ring.next - 1);
    const subscription = new Subscription(outlet, wish, stream, since + 1);
    if (isHeld) subscription.wantedFrom = null;
    stream.members++;
    this.#subscriptions.add(subscription);
    this.#goOn(subscription);
    return subscription;
  }

  /** What was judged before somebody wanted plaintext of it has been delivered: what comes has what this subscription wants. */
  wanted(subscription: Subscription): void {
    if (subscription.wantedFrom !== null) return;
    subscription.wantedFrom = this.ring.next;
    this.#goOn(subscription);
  }

  /** Ends a subscription. */
  unsubscribe(subscription: Subscription): void {
    if (!this.#subscriptions.delete(subscription)) return;
    subscription.ended = true;
    const { stream } = subscription;
    if (subscription.serial !== null) stream.live--;
    if (--stream.members > 0) return;
    for (const [name, known] of this.#streams) if (known === stream) this.#streams.delete(name);
  }

  /**
   * Builds messages of what was delivered and sends as much as sockets take. Call every 10 ms, or when a message is full.
   *
   * @param holdsBack what is left over behind full messages waits for the next call: half as many messages leave
   * @returns whether something waits so
   */
  flush(holdsBack = false): boolean {
    const isHeld = this.#advance(holdsBack);
    for (const subscription of this.#subscriptions) this.pump(subscription);
    this.#forget();
    this.ring.trim(this.#clock());
    return isHeld;
  }

  /** Enforces the bounds of queues and lets go what nobody waits for. Call every 100 ms or so, and after `flush`. */
  sweep(): void {
    const now = this.#clock();
    // After a halt of our own (a stopped process) everything looks old: nobody had the chance to take it.
    const stood = now - this.#lastSweep > HALT;
    this.#lastSweep = now;
    this.#advance(false);
    for (const subscription of this.#subscriptions) {
      this.pump(subscription);
      if (!stood) this.#bound(subscription, now);
      this.pump(subscription);
    }
    this.#forget();
    if (stood) return;
    this.ring.trim(now);
    this.#trimKept();
  }

  /** Streams take what is new. @returns whether one of them held something back */
  #advance(holdsBack: boolean): boolean {
    this.gate.refresh();
    let isHeld = false;
    for (const stream of this.#streams.values()) {
      if (stream.live === 0) continue;
      this.#keep(stream.advance(this.ring, this.gate, holdsBack));
      isHeld ||= stream.next < this.ring.next;
    }
    return isHeld;
  }

  /** Lets go of what every subscription has. */
  #forget(): void {
    const oldest = new Map<StreamClass, number>();
    let needed = this.ring.next;
    for (const { stream, serial } of this.#subscriptions) {
      if (serial === null) continue;
      oldest.set(stream, Math.min(oldest.get(stream) ?? serial, serial));
      needed = Math.min(needed, stream.batch(serial)?.from ?? stream.next);
    }
    this.ring.needFrom(needed);
    for (const stream of this.#streams.values()) stream.forget(oldest.get(stream) ?? stream.nextSerial);
  }

  /** Keys or their states changed: plaintext that may not leave any more is forgotten, now. */
  keysChanged(): void {
    this.gate.refresh();
    this.counts.stripped += this.ring.strip(this.gate);
  }

  /** Sends what a subscription is due, as far as its socket takes it. */
  pump(subscription: Subscription): void {
    const { outlet, stream } = subscription;
    if (subscription.serial === null) {
      this.#goOn(subscription);
      return;
    }
    while (subscription.serial !== null && !subscription.ended && outlet.writable) {
      if (!outlet.isGranted()) return;
      this.tellGap(subscription);
      const batch = stream.batch(subscription.serial);
      if (batch === null) return;
      const message = stream.messageOf(batch, this.ring, this.gate);
      subscription.serial++;
      if (message === 'gone') {
        if (subscription.options.slow === 'disconnect') {
          this.#closeSlow(subscription);
          return;
        }
        this.counts.dropped += batch.records;
        subscription.skip(batch.to, 'slow', batch.records);
        continue;
      }
      subscription.cursor = batch.to;
      if (message !== null) this.sendText(subscription, message.octets, message.records, message.keys);
    }
  }

  /** Tells a gap that a subscription has not been told yet. */
  tellGap(subscription: Subscription): void {
    const gap = subscription.takeGap();
    if (gap !== null) this.tellGapOf(subscription, gap);
  }

  /** Tells a gap. */
  tellGapOf(subscription: Subscription, gap: Gap): void {
    const { sid } = subscription.options;
    const octets = recordsMessage(sid, [Buffer.from(JSON.stringify({ gap }))]);
    this.sendText(subscription, octets, 0, []);
  }

  /** Sends and counts. */
  sendText(subscription: Subscription, octets: Uint8Array, records: number, keys: readonly KeyUse[]): void {
    this.counts.sent += records;
    this.counts.octets += octets.length;
    subscription.outlet.sendText(octets, records, keys);
  }

  /** The same of a binary message. */
  sendBinary(subscription: Subscription, octets: Uint8Array, records: number, keys: readonly KeyUse[]): void {
    this.counts.sent += records;
    this.counts.octets += octets.length;
    subscription.outlet.sendBinary(octets, records, keys);
  }

  /** Makes a subscription that has caught up follow its stream. @returns false where records came meanwhile */
  join(subscription: Subscription): boolean {
    const { stream } = subscription;
    if (subscription.cursor !== this.ring.next) return false;
    if (stream.live > 0) this.#keep(stream.advance(this.ring, this.gate, false));
    else stream.next = this.ring.next;
    subscription.serial = stream.nextSerial;
    stream.live++;
    return true;
  }

  /** A subscription that is not live goes on towards it. */
  #goOn(subscription: Subscription): void {
    if (subscription.ended || subscription.busy || !subscription.outlet.writable) return;
    if (!subscription.outlet.isGranted()) return;
    catchUp(subscription, this, this.#host);
  }

  #streamOf(wish: Wish): StreamClass {
    const { sid, access, types, downgraded, filter, format } = wish;
    const reach = access.reach.map(({ gid, view }) => `${gid}=${view}`).join();
    const kinds = RECORD_TYPES.filter((type) => types.includes(type)).join();
    const name = JSON.stringify([sid, format, reach, kinds, downgraded, filter?.text ?? null]);
    let stream = this.#streams.get(name);
    if (stream === undefined) {
      stream = new StreamClass(sid, access, filter);
      this.#streams.set(name, stream);
    }
    return stream;
  }

  /** Applies the bounds of a queue: octets, records, age. */
  #bound(subscription: Subscription, now: number): void {
    const { serial, stream, options } = subscription;
    if (serial === null || subscription.ended) return;
    const exceeds = (at: number, share: number): boolean => {
      const batch = stream.batch(at);
      if (batch === null) return false;
      const { records, octets } = stream.waiting(at);
      return records > QUEUE_RECORDS / share || octets > QUEUE_OCTETS / share || now - batch.at > QUEUE_AGE / share;
    };
    if (!exceeds(serial, 1)) return;
    if (options.slow === 'disconnect') {
      this.#closeSlow(subscription);
      return;
    }
    // Down to half, so that not every record makes a gap of its own.
    for (let at = serial; exceeds(at, 2); at++) {
      const batch = stream.batch(at) as Batch;
      this.counts.dropped += batch.records;
      subscription.skip(batch.to, 'slow', batch.records);
      subscription.serial = at + 1;
    }
  }

  #closeSlow({ outlet }: Subscription): void {
    this.counts.slowClosed++;
    outlet.close(CloseCode.slow, 'the queue of a subscription is full');
  }

  #keep(batches: readonly Batch[]): void {
    for (const batch of batches) {
      this.#kept.push(batch);
      this.#keptOctets += batch.octets;
    }
    if (this.#keptOctets > KEPT_OCTETS) this.#trimKept();
  }

  #trimKept(): void {
    const horizon = this.#clock() - QUEUE_AGE;
    let count = 0;
    while (count < this.#kept.length && (this.#keptOctets > KEPT_OCTETS || this.#kept[count].at < horizon)) {
      this.#keptOctets -= this.#kept[count].octets;
      this.#kept[count].message = null;
      count++;
    }
    if (count > 0) this.#kept = this.#kept.slice(count);
  }
}
