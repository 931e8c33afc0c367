// What passes a filter of a daemon, told before and behind the messages themselves.

import { expect, test } from 'vitest';
import { FilterMatches } from '../../tui/feed/filter-matches.ts';
import { SequenceLog } from '../../tui/feed/sequence-log.ts';

test('an answer that is ahead of the messages waits for them, and what never came is passed over', () => {
  const log = new SequenceLog();
  const matches = new FilterMatches(log);
  expect([...matches.take([3, 5, 9])]).toEqual([]);
  for (const seq of [2, 3, 4]) log.add(seq);
  expect([...matches.told()]).toEqual([1]);
  // The message of record 5 was lost on the way.
  log.add(7);
  expect([...matches.told()]).toEqual([]);
  log.add(9);
  log.add(12);
  expect([...matches.take([12, 13])]).toEqual([4, 5]);
  expect([...matches.told()]).toEqual([]);
});
