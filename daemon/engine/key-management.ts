// MIKEY and rekey messages seen in the capture: what they deliver is usable from their frame on, and becomes a `key`
// record.

import type { FrameBatch } from '../../captures/frame-batch.ts';
import { millisecondsOf } from '../../captures/milliseconds.ts';
import { looksLikeLkhRekey } from '../../dissectors/keying/lkh-rekey.ts';
import type { KeyEvent } from '../events.ts';
import { createLkhReceiver, type LkhReceiver } from '../keying/lkh-receiver.ts';
import type { MikeyFinding } from '../keying/mikey.ts';
import { createMikeyReceiver, type MikeyReceiver } from '../keying/mikey-receiver.ts';
import type { KeyIndex } from '../keyring/key-index.ts';
import { type Keyring, layer2IdText } from '../keyring/keyring.ts';
import { formatInstant, formatMilliseconds } from '../time.ts';

/** What is told of one PGK that a message names, or of the message as a whole. */
export interface KeyNotice {
  readonly event: KeyEvent;
  /** All that holds of it, from the gravest on; the record bears the first of them. */
  readonly findings: readonly MikeyFinding[];
}

/** Takes key-management messages of one capture. */
export class KeyManagement {
  readonly #keyring: Keyring;
  readonly #index: KeyIndex;
  // Made for the first message of their kind: few captures have one.
  #mikey: MikeyReceiver | null = null;
  #lkh: LkhReceiver | null = null;

  /** @param index is refreshed when a key arrives */
  constructor(keyring: Keyring, index: KeyIndex) {
    this.#keyring = keyring;
    this.#index = index;
  }

  /** The keyring was changed from outside: takes in its new PMKs, node keys and managers. */
  refresh(): void {
    this.#mikey?.refresh();
    this.#lkh?.refresh();
  }

  /** Overwrites what was learned on the way and is in no keyring. */
  close(): void {
    this.#lkh?.wipe();
  }

  #mikeyReceiver(): MikeyReceiver {
    this.#mikey ??= createMikeyReceiver(this.#keyring);
    return this.#mikey;
  }

  #lkhReceiver(): LkhReceiver {
    this.#lkh ??= createLkhReceiver(this.#keyring);
    return this.#lkh;
  }

  /**
   * Takes the message in one frame.
   *
   * @param at offset of its `length` octets in `batch.bytes`
   * @returns one notice for each PGK that it names, or one for the message as a whole
   */
  take(batch: FrameBatch, row: number, at: number, length: number): KeyNotice[] {
    const time = millisecondsOf(batch.seconds[row], batch.nanoseconds[row]);
    // A MIKEY message begins with its version, 1: nothing is both.
    const receiver = looksLikeLkhRekey(batch.bytes, at, at + length) ? this.#lkhReceiver() : this.#mikeyReceiver();
    const result = receiver.receive(batch.bytes, at, at + length, time);
    this.#index.refresh();
    const about = {
      v: 1,
      type: 'key',
      frame: batch.firstFrame + row,
      time: formatInstant(batch.seconds[row], batch.nanoseconds[row], batch.digits[row]),
      event: result.event,
    } as const;
    const { deliveries } = result;
    if (deliveries.length === 0) {
      const nothing = { group: null, pgkId: null, notBefore: null, notAfter: null };
      const event = { ...about, ...nothing, accepted: result.accepted, reason: result.reason };
      return [{ event, findings: result.findings }];
    }
    return deliveries.map(({ group, pgkId, notBefore, notAfter, accepted, reason, findings }): KeyNotice => {
      const event = {
        ...about,
        group: layer2IdText(group),
        pgkId,
        notBefore: notBefore === null ? null : formatMilliseconds(notBefore),
        notAfter: notAfter === null ? null : formatMilliseconds(notAfter),
        accepted,
        reason,
      };
      return { event, findings };
    });
  }
}
