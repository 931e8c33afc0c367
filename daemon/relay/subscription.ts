// One subscription of one connection: where it stands in the stream, and what it has to be told before it goes on.

import type { View } from './capability.ts';
import type { CloseCode, Gap } from './protocol.ts';
import type { KeyUse, StreamClass } from './stream-class.ts';

/** The connection as the fan-out sees it. */
export interface Outlet {
  /** False while its socket holds so much that nothing more should be given, or its rate is used up. */
  readonly writable: boolean;
  /** Whether the grant still stands, asked at the moment something leaves. */
  isGranted(): boolean;
  /** Sends a text message. @param keys keys of the plaintext in it */
  sendText(octets: Uint8Array, records: number, keys: readonly KeyUse[]): void;
  /** Sends a binary message. */
  sendBinary(octets: Uint8Array, records: number, keys: readonly KeyUse[]): void;
  close(code: CloseCode, reason: string): void;
}

/** What a subscription asks of the stream. */
export interface SubscriptionOptions {
  readonly sid: number;
  readonly view: View;
  readonly slow: 'disconnect' | 'gap';
  readonly format: 'json' | 'pcapng';
  readonly reason: string | null;
}

/** See the head of the file. */
export class Subscription {
  readonly outlet: Outlet;
  readonly options: SubscriptionOptions;
  readonly stream: StreamClass;
  /** Records below this number were told, or are accounted for by a gap. */
  cursor: number;
  /** Serial of the next message of the stream; null while it catches up, or has a stream of its own (pcapng). */
  serial: number | null = null;
  /** Something asynchronous is under way. */
  busy = false;
  ended = false;
  /** How often it came near the end of what there is while catching up. */
  lastRounds = 0;
  /**
   * Records from this number on were judged when it was known that plaintext is wanted of them; null: that is not known yet.
   * What comes before has plaintext only where it is asked for once more.
   */
  wantedFrom: number | null = 0;
  /** It was told that everything before has been told. */
  wasLive = false;
  #gap: Gap | null = null;

  constructor(outlet: Outlet, options: SubscriptionOptions, stream: StreamClass, cursor: number) {
    this.outlet = outlet;
    this.options = options;
    this.stream = stream;
    this.cursor = cursor;
  }

  /** Notes records that it will not get: `cursor` to before `to`. */
  skip(to: number, reason: string, records: number | null): void {
    const known = this.#gap;
    if (known !== null && known.reason === reason && known.to + 1 === this.cursor) {
      const sum = known.records === null || records === null ? null : known.records + records;
      this.#gap = { from: known.from, to: to - 1, reason, records: sum };
    } else {
      this.#gap = { from: this.cursor, to: to - 1, reason, records };
    }
    this.cursor = to;
  }

  get hasGap(): boolean {
    return this.#gap !== null;
  }

  /** The gap to tell next, once. */
  takeGap(): Gap | null {
    const gap = this.#gap;
    this.#gap = null;
    return gap;
  }
}
