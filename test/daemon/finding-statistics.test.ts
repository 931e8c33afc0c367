// Finding records counted: what is one row, in which order, and what happens above the cap.

import { expect, test } from 'vitest';
import type { FindingEvent } from '../../daemon/events.ts';
import { FindingStatistics } from '../../daemon/finding-statistics.ts';

function finding(change: Partial<FindingEvent>): FindingEvent {
  return {
    v: 1,
    type: 'finding',
    name: 'ctr.replay',
    severity: 'high',
    confidence: 'proved',
    group: 'f00001',
    source: '0a0b0c',
    frames: [1],
    time: '2026-05-01T10:00:00.000000Z',
    count: 1,
    summary: '',
    evidence: {},
    reference: '',
    ...change,
  };
}

function rows(findings: readonly Partial<FindingEvent>[], cap?: number): ReturnType<FindingStatistics['rows']> {
  const statistics = new FindingStatistics(cap);
  for (const each of findings) statistics.note(finding(each));
  return statistics.rows();
}

test('records of one name, severity, group and source are one row, from the first to the last occurrence', () => {
  const found = rows([
    { time: '2026-05-01T11:00:00.000000Z', lastTime: '2026-05-01T11:30:00.000000Z', count: 5 },
    { time: '2026-05-01T10:00:00.000000001Z', count: 2 },
    { time: '2026-05-01T10:30:00.000000Z', lastTime: '2026-05-01T10:31:00.000000Z', count: 2 },
  ]);
  expect(found).toEqual([
    {
      name: 'ctr.replay',
      severity: 'high',
      group: 'f00001',
      source: '0a0b0c',
      count: 9,
      first: '2026-05-01T10:00:00.000000001Z',
      last: '2026-05-01T11:30:00.000000Z',
      others: false,
    },
  ]);
});

test('another severity, group or source is another row; the worst stands first, then the earliest', () => {
  const found = rows([
    { severity: 'info', source: '000001' },
    { severity: 'medium', source: '000002', time: '2026-05-01T12:00:00.000000Z' },
    { severity: 'medium', source: '000003', time: '2026-05-01T11:00:00.000000Z' },
    { severity: 'critical', source: null, group: null },
    { severity: 'medium', source: '000003', group: 'f00002', time: '2026-05-01T10:00:00.000000Z' },
  ]);
  expect(found.map(({ severity, group, source }) => [severity, group, source])).toEqual([
    ['critical', null, null],
    ['medium', 'f00002', '000003'],
    ['medium', 'f00001', '000003'],
    ['medium', 'f00001', '000002'],
    ['info', 'f00001', '000001'],
  ]);
});

test('above the cap what is new is counted by name and severity', () => {
  const found = rows(
    [
      { source: '000001' },
      { source: '000002', count: 3 },
      { source: '000003', count: 4 },
      { source: '000004', severity: 'low' },
      { source: '000001', count: 7 },
    ],
    1,
  );
  expect(found.map(({ severity, source, count, others }) => [severity, source, count, others])).toEqual([
    ['high', '000001', 8, false],
    ['high', null, 7, true],
    ['low', null, 1, true],
  ]);
});
