// `read --late-keys`: a first pass over a capture that only takes the keys which MIKEY messages in it deliver, so that the
// second pass can open what came before the delivery.

import type { FrameSource } from '../captures/frame-batch.ts';
import { millisecondsOf } from '../captures/milliseconds.ts';
import { createWalkTable, walkBatch } from '../dissectors/walk.ts';
import { Outcome } from '../dissectors/walk-table.ts';
import { MikeyReceiver } from './keying/mikey-receiver.ts';
import { type DeliveredKey, Keyring } from './keyring/keyring.ts';
import type { StopRequest } from './stop-request.ts';

/** We chose: keys taken from one capture; above it the first ones count, and messages under others stay as they are. */
export const LATE_KEY_CAP = 65_536;

/**
 * Reads a capture for the PGKs that its MIKEY messages deliver. The source is closed.
 *
 * @param keyring whose PMKs open the messages; it is not changed
 * @param frames stops after this many frames
 * @param stop ends it before; absent: nobody will
 * @returns the keys in the order of their delivery, with their windows as first delivered
 */
export async function collectLateKeys(
  source: FrameSource,
  keyring: Keyring,
  frames = Number.POSITIVE_INFINITY,
  stop?: StopRequest,
): Promise<DeliveredKey[]> {
  const receiver = new MikeyReceiver(new Keyring({ groups: [], pmks: keyring.pmks, lkh: [], managers: [] }));
  const walk = createWalkTable();
  const keys: DeliveredKey[] = [];
  try {
    for (;;) {
      const next = stop === undefined ? source.next() : stop.next(source);
      const batch = next instanceof Promise ? await next : next;
      if (batch === null || batch.firstFrame > frames) return keys;
      walkBatch(batch, walk);
      const rows = Math.min(batch.count, frames - batch.firstFrame + 1);
      for (let row = 0; row < rows; row++) {
        if (walk.frames.outcome[row] !== Outcome.keyManagement) continue;
        const at = walk.frames.payloadAt[row];
        const time = millisecondsOf(batch.seconds[row], batch.nanoseconds[row]);
        const { deliveries } = receiver.receive(batch.bytes, at, at + walk.frames.payloadLength[row], time);
        for (const { outcome, epoch } of deliveries) {
          if (outcome !== 'added' || epoch === null || epoch.octets === null || keys.length >= LATE_KEY_CAP) continue;
          const { id, notBefore, notAfter } = epoch;
          keys.push({ group: epoch.group.id, id, octets: epoch.octets.slice(), notBefore, notAfter, at: time });
        }
      }
    }
  } finally {
    await source.close();
  }
}

/**
 * Adds late keys to the keyring of the second pass. An id that a group has already is left to the capture itself: what a
 * delivery changes of a key that is held counts from its frame on.
 */
export function addLateKeys(keyring: Keyring, keys: readonly DeliveredKey[]): void {
  for (const key of keys) {
    const held = keyring.groupById(key.group)?.keys.some(({ id }) => id === key.id) ?? false;
    if (!held) keyring.addEpoch(key);
  }
}
