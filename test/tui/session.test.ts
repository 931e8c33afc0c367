// What a session does with what is told: while the screen is held still, and when a filter fails.

import { expect, test } from 'vitest';
import type { MessageBatch } from '../../daemon/inspection/contract.ts';
import { BATCH_MESSAGES, MessageBatches } from '../../daemon/inspection/message-batches.ts';
import type { Feed, FeedListener } from '../../tui/feed.ts';
import { LIVE_CAP } from '../../tui/model/message-store.ts';
import { Session } from '../../tui/model/session.ts';
import { FIRST_TIME, messageEvent } from './told.ts';

function opened(kind: Feed['kind']): { readonly session: Session; readonly listener: FeedListener } {
  let told: FeedListener | null = null;
  const feed: Feed = {
    ...{ kind, name: 'made' },
    open: (listener) => {
      told = listener;
    },
    details: () => Promise.resolve(null),
    filter: () => ({ cancel: () => undefined }),
    export: () => Promise.resolve(0),
    close: () => Promise.resolve(),
  };
  const session = new Session(feed);
  session.open(() => undefined);
  return { session, listener: told as unknown as FeedListener };
}

test.each(['capture', 'daemon'] as const)(
  'of a %s no message and no name is lost while the screen is held still for long',
  (kind) => {
    const { session, listener } = opened(kind);
    const batches = new MessageBatches();
    for (let frame = 1; frame <= BATCH_MESSAGES; frame++) {
      batches.add(
        { ...messageEvent({ frame, verdict: 'no-key', pgkId: null }), sourceName: 'member 0' },
        FIRST_TIME + frame,
        [],
      );
    }
    const first = batches.take() as MessageBatch;
    const told = (number: number): void => {
      // Names are numbered through: each batch brings one more.
      const sourceName = new Uint16Array(BATCH_MESSAGES).fill(first.names.length + number);
      listener.messages(number === 0 ? first : { ...first, sourceName, names: [`member ${number}`] });
    };
    session.pause();
    const count = LIVE_CAP / BATCH_MESSAGES + 3;
    for (let number = 0; number < count; number++) told(number);
    expect(session.waiting).toBeLessThanOrEqual(kind === 'daemon' ? LIVE_CAP : count * BATCH_MESSAGES);
    session.resume();
    const { store } = session;
    expect(store.count).toBe(count * BATCH_MESSAGES);
    expect(store.sourceName(store.count - 1)).toBe(`member ${count - 1}`);
    expect(session.groups.row(0xf0_0001)?.messages).toBe(count * BATCH_MESSAGES);
    if (kind === 'capture') expect(store.first).toBe(0);
  },
);
