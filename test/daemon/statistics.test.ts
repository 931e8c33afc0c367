// Counts by group and by talker beyond what the table of talkers holds.

import fc from 'fast-check';
import { expect, test } from 'vitest';
import { MessageTable } from '../../daemon/engine/message-table.ts';
import { Senders } from '../../daemon/engine/senders.ts';
import { emptyKeyring } from '../../daemon/keyring/keyring.ts';
import { parseKeyring } from '../../daemon/keyring/keyring-file.ts';
import { Statistics } from '../../daemon/statistics.ts';
import { keyring as keyringOf, pgk } from './findings/scene.ts';

/** As many sources, each heard twice, in one group that is in no keyring. */
function heard(sources: number, countsTalkers: boolean): Statistics {
  const statistics = new Statistics(emptyKeyring(), countsTalkers);
  const senders = new Senders();
  const table = new MessageTable();
  const row = table.add();
  table.version[row] = 3;
  table.destination[row] = 0xf0_0001;
  table.length[row] = 50;
  for (let turn = 0; turn < 2; turn++) {
    for (let source = 0; source < sources; source++) {
      table.source[row] = source;
      table.time[row] = turn * 1000;
      statistics.note(table, row, row + 1, senders);
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

const GROUPS = keyringOf({ keys: [pgk(39)] }, [{ id: 'f00002', algorithm: '128-EEA2', keys: [pgk(50)] }]);

test('who spoke before is counted as if looked up anew, however many rows are counted at once', () => {
  const spoken = fc.record({
    source: fc.integer({ min: 1, max: 4 }),
    group: fc.constantFrom(-1, 0, 1),
    verdict: fc.nat({ max: 7 }),
    length: fc.nat({ max: 1500 }),
  });
  fc.assert(
    fc.property(fc.array(fc.array(spoken, { maxLength: 20 }), { maxLength: 8 }), (rounds) => {
      const statistics = new Statistics(parseKeyring(JSON.stringify(GROUPS), 'groups.json'));
      const senders = new Senders();
      const groups = new Map<number, { messages: number; octets: number; sources: Set<number>; last: number }>();
      const talkers = new Map<string, number>();
      let time = 0;
      for (const round of rounds) {
        const table = new MessageTable();
        for (const { source, group, verdict, length } of round) {
          const row = table.add();
          table.version[row] = 3;
          table.destination[row] = 0xe0_0001;
          table.source[row] = source;
          table.group[row] = group;
          table.verdict[row] = verdict;
          table.length[row] = length;
          table.time[row] = ++time;
          const counted = groups.get(group) ?? { messages: 0, octets: 0, sources: new Set(), last: 0 };
          groups.set(group, counted);
          counted.messages++;
          counted.octets += length;
          counted.sources.add(source);
          counted.last = time;
          talkers.set(`${group} ${source}`, (talkers.get(`${group} ${source}`) ?? 0) + 1);
        }
        const half = table.count >> 1;
        statistics.note(table, 0, half, senders);
        statistics.note(table, half, table.count, senders);
      }
      const told = statistics
        .groups()
        .map(({ messages, octets, sources, last }) => ({ messages, octets, sources, last }));
      expect(told).toEqual([...groups.values()].map((each) => ({ ...each, sources: each.sources.size })));
      expect(statistics.talkers().map(({ messages }) => messages)).toEqual([...talkers.values()].sort((a, b) => b - a));
    }),
  );
});
