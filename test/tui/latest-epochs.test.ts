// The epochs of a daemon feed: the newest word on each, and no more of them than the cap.

import { expect, test } from 'vitest';
import type { EpochEvent } from '../../daemon/events.ts';
import { EPOCH_CAP, LatestEpochs } from '../../tui/feed/latest-epochs.ts';

function epoch(pgkId: number, notBefore: string, messages = 0): EpochEvent {
  return {
    ...{ v: 1, type: 'epoch', group: 'f00001', groupName: 'Fire 7', pgkId, state: 'active' },
    ...{ notBefore, notAfter: '2027-05-08T00:00:00Z', firstUse: null, lastUse: null, messages, sources: 0 },
  };
}

test('a later record of an epoch takes the place of the earlier one; another begin is another epoch', () => {
  const epochs = new LatestEpochs();
  epochs.take(epoch(39, '2026-05-01T00:00:00Z'));
  epochs.take(epoch(39, '2026-06-01T00:00:00Z'));
  epochs.take(epoch(39, '2026-05-01T00:00:00Z', 7));
  expect(epochs.all().map(({ notBefore, messages }) => [notBefore.slice(5, 7), messages])).toEqual([
    ['06', 0],
    ['05', 7],
  ]);
});

test('above the cap the epoch of which nothing was said for longest goes', () => {
  const epochs = new LatestEpochs();
  for (let id = 0; id < EPOCH_CAP; id++) epochs.take(epoch(id, '2026-05-01T00:00:00Z'));
  epochs.take(epoch(0, '2026-05-01T00:00:00Z', 1));
  epochs.take(epoch(EPOCH_CAP, '2026-05-01T00:00:00Z'));
  const ids = epochs.all().map(({ pgkId }) => pgkId);
  expect(ids).toHaveLength(EPOCH_CAP);
  expect(ids).not.toContain(1);
  expect(ids.slice(-2)).toEqual([0, EPOCH_CAP]);
});
