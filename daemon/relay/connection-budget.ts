// How many connections an address may begin: a TLS handshake costs half a millisecond before anybody has said who he is, so
// a flood of them is met before the first octet is read. Who authenticated before is not held up by strangers.

import { TokenBucket } from './token-bucket.ts';

// We chose.
/** Connections an address may begin at once, and a second from then on: a room of consoles behind one address. */
const ADDRESS_BURST = 32;
const ADDRESS_RATE = 10;
/**
 * The same of all addresses together that nobody has authenticated from. A handshake, a signature of ours and two of theirs to
 * check are some 2 ms: what comes at once holds subscribers up for a tenth of a second, and a tenth of a core from then on.
 */
const STRANGERS_BURST = 64;
const STRANGERS_RATE = 50;
/** Addresses remembered, of either kind. Above, the one that came longest ago is forgotten and begins anew. */
const MOST_ADDRESSES = 4096;

/** See the head of the file. Times: milliseconds of any clock that does not go back. */
export class ConnectionBudget {
  readonly #addresses = new Map<string, TokenBucket>();
  readonly #known = new Map<string, true>();
  readonly #strangers: TokenBucket;

  constructor(now: number) {
    this.#strangers = new TokenBucket(STRANGERS_BURST, STRANGERS_RATE, now);
  }

  /** Whether a connection from this address may begin now. */
  admits(address: string, now: number): boolean {
    const bucket = this.#addresses.get(address) ?? new TokenBucket(ADDRESS_BURST, ADDRESS_RATE, now);
    remember(this.#addresses, address, bucket);
    // Asked in this order: one address that floods uses up nothing of what all strangers share.
    return bucket.take(now) && (this.#known.has(address) || this.#strangers.take(now));
  }

  /** Somebody authenticated from this address. */
  authenticated(address: string): void {
    remember(this.#known, address, true);
  }
}

/** The order of a map is that of the last time each was seen. */
function remember<T>(map: Map<string, T>, address: string, value: T): void {
  map.delete(address);
  map.set(address, value);
  if (map.size <= MOST_ADDRESSES) return;
  const [oldest] = map.keys();
  map.delete(oldest);
}
