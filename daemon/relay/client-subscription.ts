// One subscription of a client: what came and was not taken yet, in order, once, and in bounded memory.

import type { View } from './capability.ts';
import type { Gap, RecordItem, RecordType, SubscribeRequest } from './protocol.ts';
import type { RelayError } from './relay-error.ts';
import type { RelayedEvent } from './relay-record.ts';

// We chose: what may wait to be taken. Above, nothing more is read from the connection, below half of it again; so the
// daemon sees that this client is slow.
const MOST_ITEMS = 8192;
const MOST_OCTETS = 16 * 1024 * 1024;

/** What a client wants. */
export interface SubscriptionWish {
  readonly view?: View;
  readonly groups?: readonly string[];
  readonly filter?: string;
  /** Last record that the client has; absent: what comes from now on. */
  readonly since?: number;
  readonly slow?: 'disconnect' | 'gap';
  readonly downgraded?: boolean;
  readonly format?: 'json' | 'pcapng';
  readonly types?: readonly RecordType[];
  readonly reason?: string;
}

/** One thing that comes. */
export type ClientItem =
  | { readonly kind: 'record'; readonly seq: number; readonly record: RelayedEvent }
  | { readonly kind: 'gap'; readonly gap: Gap }
  /** Everything up to `seq` was told; from here on it is live. */
  | { readonly kind: 'live'; readonly seq: number }
  /** Whole pcapng blocks. After a reconnection a new section begins. */
  | { readonly kind: 'pcapng'; readonly seq: number; readonly octets: Uint8Array };

/** The client around it. */
export interface SubscriptionOwner {
  paused(paused: boolean): void;
  ended(subscription: ClientSubscription): void;
}

/** Iterates over lists of items, each as long as what came since. The iteration throws the error that ended it. */
export class ClientSubscription implements AsyncIterable<readonly ClientItem[]> {
  readonly sid: number;
  readonly #wish: SubscriptionWish;
  readonly #owner: SubscriptionOwner;
  #items: ClientItem[] = [];
  #octets = 0;
  #paused = false;
  #finished = false;
  #error: RelayError | null = null;
  #wake: (() => void) | null = null;
  /** Last number that was told, or from which on all is wanted. */
  #last: number | null;

  constructor(sid: number, wish: SubscriptionWish, owner: SubscriptionOwner) {
    this.sid = sid;
    this.#wish = wish;
    this.#owner = owner;
    this.#last = wish.since ?? null;
  }

  /** Last sequence number that came; null before anything is known. */
  get last(): number | null {
    return this.#last;
  }

  /** The message that asks for it, from behind the last record. */
  request(): SubscribeRequest {
    const { view = 'meta', since: _since, ...rest } = this.#wish;
    return { type: 'subscribe', sid: this.sid, view, ...rest, ...(this.#last === null ? {} : { since: this.#last }) };
  }

  /** The daemon begins. */
  subscribed({ since }: { readonly since: number }): void {
    const last = this.#last;
    if (last !== null && since < last) {
      // Its numbers are lower than ours: another journal. What it told of them is not what we had.
      this.#push(
        { kind: 'gap', gap: { from: since + 1, to: last, reason: 'the daemon numbers anew', records: null } },
        64,
      );
    }
    this.#last = since;
  }

  records(items: readonly RecordItem[]): void {
    for (const item of items) {
      if ('gap' in item) {
        this.#last = Math.max(this.#last ?? 0, item.gap.to);
        this.#push({ kind: 'gap', gap: item.gap }, 64);
      } else if (this.#last === null || item.seq > this.#last) {
        this.#last = item.seq;
        this.#push({ kind: 'record', seq: item.seq, record: item.record }, 512);
      }
    }
  }

  live(seq: number): void {
    this.#last = Math.max(this.#last ?? 0, seq);
    this.#push({ kind: 'live', seq }, 64);
  }

  pcapng(seq: number, octets: Uint8Array): void {
    this.#last = Math.max(this.#last ?? 0, seq);
    this.#push({ kind: 'pcapng', seq, octets }, octets.length);
  }

  /** Nothing more comes. */
  finish(error: RelayError | null): void {
    this.#finished = true;
    this.#error = error;
    this.#wake?.();
  }

  /** Ends it from this side. */
  close(): void {
    if (this.#finished) return;
    this.#owner.ended(this);
    this.#items = [];
    this.#octets = 0;
    this.#unpause();
    this.finish(null);
  }

  async *[Symbol.asyncIterator](): AsyncGenerator<readonly ClientItem[], void, undefined> {
    try {
      for (;;) {
        if (this.#items.length > 0) {
          const items = this.#items;
          this.#items = [];
          this.#octets = 0;
          this.#unpause();
          yield items;
        } else if (this.#finished) {
          if (this.#error !== null) throw this.#error;
          return;
        } else {
          await new Promise<void>((resolve) => {
            this.#wake = resolve;
          });
          this.#wake = null;
        }
      }
    } finally {
      this.close();
    }
  }

  #push(item: ClientItem, octets: number): void {
    if (this.#finished) return;
    this.#items.push(item);
    this.#octets += octets;
    if (!this.#paused && (this.#items.length > MOST_ITEMS || this.#octets > MOST_OCTETS)) {
      this.#paused = true;
      this.#owner.paused(true);
    }
    this.#wake?.();
  }

  #unpause(): void {
    if (!this.#paused) return;
    this.#paused = false;
    this.#owner.paused(false);
  }
}
