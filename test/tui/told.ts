// Messages as a feed tells them, for tests of the model.

import type { MessageEvent } from '../../daemon/events.ts';
import type { MessageBatch } from '../../daemon/inspection/contract.ts';
import { MessageBatches } from '../../daemon/inspection/message-batches.ts';

/** Capture time of the first of them: ms since 1970. */
export const FIRST_TIME = 1_777_629_600_000;

/** What a test says of a message; the rest is the same for all. */
export interface Told {
  readonly frame: number;
  readonly time?: number;
  readonly source?: string;
  readonly sn?: number;
  readonly verdict?: MessageEvent['verdict'];
  readonly pgkId?: number | null;
  readonly corrects?: true;
  readonly summary?: string;
}

/** The record. */
export function messageEvent({ frame, source = '0a0b0c', sn = frame, corrects, ...more }: Told): MessageEvent {
  return {
    ...{ v: 1, type: 'message', frame, time: '', group: 'f00001', source, lcid: 3, sduType: 'ip', pgkIndex: 7 },
    ...{ pgkId: more.pgkId === undefined ? 39 : more.pgkId, ptkId: 2, sn: sn & 0xffff, length: 100, evidenceBits: 99 },
    ...{ verdict: more.verdict ?? 'decrypted', protocols: ['ipv4', 'udp'], summary: more.summary ?? `m${frame}` },
    ...(corrects === true ? { corrects } : {}),
  };
}

/** Batches as they would be told, in the order given; names are numbered through. */
export function batchesOf(told: readonly Told[], batches = new MessageBatches()): MessageBatch[] {
  const made: MessageBatch[] = [];
  const take = (): void => {
    const batch = batches.take();
    if (batch !== null) made.push(batch);
  };
  for (const each of told) {
    if (batches.full) take();
    batches.add(messageEvent(each), each.time ?? FIRST_TIME + each.frame, []);
  }
  take();
  return made;
}
