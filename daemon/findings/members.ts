// What is remembered of one source in one group: the key it uses, its place in the roster, its addresses. Columns by slot of
// the sender (senders.ts); zeros are what is known of one that never spoke.

import type { Senders } from '../engine/senders.ts';
import { grown } from '../engine/slot-table.ts';
import type { Group } from '../keyring/keyring.ts';

/**
 * Kinds of address a source is bound to, one of each: every IPv6 interface has a link-local address beside its others
 * (RFC 4291 2.1).
 */
export const Kind = { ipv4: 0, ipv6: 1, ipv6LinkLocal: 2, hardware: 3 } as const;

/** A value of `Kind`. */
export type Kind = (typeof Kind)[keyof typeof Kind];

/** Number of kinds. */
export const KINDS = 4;

/** In `count` of bindings: the roster gives this address. */
export const BY_ROSTER = 255;

/** Where a source stands in the roster at some time. */
export const Place = {
  /** The roster is unknown, or the source is or will be a member. */
  good: 0,
  /** Never in a known roster. */
  stranger: 1,
  /** Left before. */
  removed: 2,
} as const;

/** A value of `Place`. */
export type Place = (typeof Place)[keyof typeof Place];

/** What sources are bound to by addresses of one kind (binding.ts). Columns by slot; zeros: to nothing. */
export class Bindings {
  /** The address, and the messages that came from it: up to those that bind, or BY_ROSTER. */
  address0 = new Uint32Array(0);
  address1 = new Uint32Array(0);
  count = new Uint8Array(0);
  /** Another address that messages come from, and how many did. */
  next0 = new Uint32Array(0);
  next1 = new Uint32Array(0);
  nextCount = new Uint8Array(0);
  /** One more than the slot of the address that was used last. */
  owner = new Uint32Array(0);

  /** The slot is another source's. */
  clear(slot: number): void {
    this.count[slot] = 0;
    this.nextCount[slot] = 0;
    this.owner[slot] = 0;
  }

  grow(capacity: number): void {
    this.address0 = grown(this.address0, capacity);
    this.address1 = grown(this.address1, capacity);
    this.count = grown(this.count, capacity);
    this.next0 = grown(this.next0, capacity);
    this.next1 = grown(this.next1, capacity);
    this.nextCount = grown(this.nextCount, capacity);
    this.owner = grown(this.owner, capacity);
  }
}

/** See the head of the file. */
export class Members {
  /** One more than the serial of the latest key used; when its use began, in which frame, and the PDUs at that time. */
  newest = new Int32Array(0);
  newestTime = new Float64Array(0);
  newestFrame = new Float64Array(0);
  newestPdus = new Float64Array(0);
  pdus = new Float64Array(0);
  /** Time from and until which the place in the roster is known to be `place`; equal, and so at no time, where it is not. */
  from = new Float64Array(0);
  until = new Float64Array(0);
  place = new Uint8Array(0);
  /** When it left, where `place` says that it did. */
  left = new Float64Array(0);
  /** By kind of address. */
  readonly bindings: readonly Bindings[] = Array.from({ length: KINDS }, () => new Bindings());
  /** One more than the RTP source used last (rtp-sources.ts): looked at first. */
  rtp = new Int32Array(0);

  readonly #senders: Senders;

  constructor(senders: Senders) {
    this.#senders = senders;
    senders.add({
      grow: (capacity) => this.#grow(capacity),
      forget: (sender) => this.#forget(sender),
    });
  }

  /** Whether another sender makes it forget one. */
  get isFull(): boolean {
    return this.#senders.isFull;
  }

  /** Senders forgotten so far. */
  get evictions(): number {
    return this.#senders.evictions;
  }

  /** The slot of a source in a group where it is known, else -1; leaves no trace. */
  find(group: number, source: number): number {
    return this.#senders.find(group, source);
  }

  /** Rosters changed: where each source stands is worked out anew when it speaks again. */
  forgetPlaces(): void {
    this.from.fill(Number.POSITIVE_INFINITY);
    this.until.fill(Number.NEGATIVE_INFINITY);
  }

  /**
   * Where a source stands in the roster of its group; worked out once for each span of time. Until then group and roster are
   * not looked at: with thousands of groups they are in no cache.
   */
  placeAt(slot: number, group: Group, source: number, time: number): Place {
    if (time < this.from[slot] || time >= this.until[slot]) this.#place(slot, group, source, time);
    return this.place[slot] as Place;
  }

  #place(slot: number, group: Group, source: number, time: number): void {
    const { roster } = group;
    const first = roster.find(source);
    let from = Number.NEGATIVE_INFINITY;
    let until = Number.POSITIVE_INFINITY;
    let place: Place = Place.good;
    if (roster.length > 0 && first < 0) place = Place.stranger;
    let left = Number.NEGATIVE_INFINITY;
    let isMember = false;
    for (let at = first; roster.isOf(at, source); at++) {
      const stay = roster.stayAt(at);
      const begin = roster.from(stay);
      const end = roster.until(stay);
      if (end <= time) {
        if (end > left) left = end;
        from = Math.max(from, end);
      } else if (begin <= time) {
        isMember = true;
        from = Math.max(from, begin);
        until = Math.min(until, end);
      } else until = Math.min(until, begin);
    }
    if (!isMember && left !== Number.NEGATIVE_INFINITY) place = Place.removed;
    // What the roster said of its addresses is to be asked again.
    if (roster.length > 0) {
      for (const { count } of this.bindings) if (count[slot] === BY_ROSTER) count[slot] = 0;
    }
    this.place[slot] = place;
    if (place === Place.removed) this.left[slot] = left;
    this.from[slot] = from;
    this.until[slot] = until;
  }

  #forget(slot: number): void {
    this.newest[slot] = 0;
    this.pdus[slot] = 0;
    this.rtp[slot] = 0;
    this.from[slot] = 0;
    this.until[slot] = 0;
    for (const kind of this.bindings) kind.clear(slot);
  }

  #grow(capacity: number): void {
    this.newest = grown(this.newest, capacity);
    this.newestTime = grown(this.newestTime, capacity);
    this.newestFrame = grown(this.newestFrame, capacity);
    this.newestPdus = grown(this.newestPdus, capacity);
    this.pdus = grown(this.pdus, capacity);
    this.rtp = grown(this.rtp, capacity);
    this.from = grown(this.from, capacity);
    this.until = grown(this.until, capacity);
    this.place = grown(this.place, capacity);
    this.left = grown(this.left, capacity);
    for (const kind of this.bindings) kind.grow(capacity);
  }
}
