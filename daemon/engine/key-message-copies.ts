// Copies of key-management messages: two interfaces of one capture hear one transmission (findings, preamble). Unlike a MAC
// PDU such a message is not repeated by HARQ: heard again by the interface that heard it before, it was sent again.

import { PduHash } from './pdu-hash.ts';
import { OTHER_INTERFACE_MS } from './transmissions.ts';

// We chose.

/** Messages that are remembered. Above that the oldest is forgotten, and a copy of it is judged as a message. */
export const KEY_MESSAGE_CAP = 1024;
/** Interfaces that hear one message. Above that a further one is judged as a message. */
export const HEARING_CAP = 64;

/** A message, and who heard it so far. */
interface HeardMessage {
  readonly seconds: number;
  readonly nanoseconds: number;
  readonly interfaces: number[];
}

/** See the head of the file. */
export class KeyMessageCopies {
  /** Messages forgotten while a copy could still have come. */
  evictions = 0;
  readonly #hash = new PduHash();
  /** In the order in which they were heard first. */
  readonly #heard = new Map<string, HeardMessage>();

  /**
   * Whether this message is a copy of one that another interface heard within 50 ms; remembers it where it is not.
   *
   * @param at offset of its `length` octets in `view`
   * @param seconds capture time since 1970, and `nanoseconds`
   */
  isCopy(
    view: DataView,
    at: number,
    length: number,
    seconds: number,
    nanoseconds: number,
    interfaceId: number,
  ): boolean {
    this.#hash.over(view, at, length);
    const [low, high] = this.#hash.halves;
    const name = `${low} ${high}`;
    const before = this.#heard.get(name);
    if (
      before !== undefined &&
      millisecondsApart(before, seconds, nanoseconds) <= OTHER_INTERFACE_MS &&
      before.interfaces.length < HEARING_CAP &&
      !before.interfaces.includes(interfaceId)
    ) {
      before.interfaces.push(interfaceId);
      return true;
    }
    this.#heard.delete(name);
    this.#forget(seconds, nanoseconds);
    this.#heard.set(name, { seconds, nanoseconds, interfaces: [interfaceId] });
    return false;
  }

  /** Forgets what is too old to be heard again, and the oldest where too many are remembered. */
  #forget(seconds: number, nanoseconds: number): void {
    for (const [name, message] of this.#heard) {
      const isOld = millisecondsApart(message, seconds, nanoseconds) > OTHER_INTERFACE_MS;
      if (!isOld && this.#heard.size < KEY_MESSAGE_CAP) return;
      if (!isOld) this.evictions++;
      this.#heard.delete(name);
    }
  }
}

/** Either way: two receivers may have skewed clocks. */
function millisecondsApart(message: HeardMessage, seconds: number, nanoseconds: number): number {
  return Math.abs((seconds - message.seconds) * 1000 + (nanoseconds - message.nanoseconds) / 1e6);
}
