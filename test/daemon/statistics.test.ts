// Counts by group and by talker beyond what the table of talkers holds.

import { expect, test } from 'vitest';
import { MessageTable } from '../../daemon/engine/message-table.ts';
import { emptyKeyring } from '../../daemon/keyring/keyring.ts';
import { Statistics } from '../../daemon/statistics.ts';

/** As many sources, each heard twice, in one group that is in no keyring. */
function heard(sources: number, countsTalkers: boolean): Statistics {
  const statistics = new Statistics(emptyKeyring(), countsTalkers);
  const table = new MessageTable();
  const row = table.add();
  table.version[row] = 3;
  table.destination[row] = 0xf0_0001;
  table.length[row] = 50;
  for (let turn = 0; turn < 2; turn++) {
    for (let source = 0; source < sources; source++) {
      table.source[row] = source;
      table.time[row] = turn * 1000;
      statistics.note(table, row, row + 1);
    }
  }
  return statistics;
}

test.each([true, false])('all sources of a group count, with talkers: %s', (countsTalkers) => {
  const statistics = heard(40_000, countsTalkers);
  const counted = { group: 'f00001', messages: 80_000, octets: 4_000_000, sources: 40_000 };
  expect(statistics.groups()).toEqual([expect.objectContaining(counted)]);
  expect(statistics.talkers().length).toBe(countsTalkers ? 32_768 : 0);
  expect(statistics.evictions > 0).toBe(countsTalkers);
});
