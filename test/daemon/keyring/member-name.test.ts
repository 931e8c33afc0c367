// Names of Layer-2 ids: at an instant, and whether the instant matters.

import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { parseKeyring } from '../../../daemon/keyring/keyring-file.ts';
import { hasOneName, memberName } from '../../../daemon/keyring/member-name.ts';

const SAMPLE = join(import.meta.dirname, '..', '..', '..', 'captures', 'samples', 'attacked', 'keyring.json');

/** The first group of the sample with these members. */
function groupOf(members: object[]) {
  const file = JSON.parse(readFileSync(SAMPLE, 'utf8')) as { groups: object[] };
  const text = JSON.stringify({ ...file, groups: [{ ...file.groups[0], members }] });
  return parseKeyring(text, 'keyring.json').groups[0];
}

test('an id with one stay, with several, with none', () => {
  const change = '2026-05-01T10:00:00Z';
  const group = groupOf([
    { id: '000005', name: 'before', until: change },
    { id: '000003', name: 'one' },
    { id: '000005', name: 'behind', from: change },
    { id: '000009', name: 'last' },
  ]);
  expect([3, 5, 9, 1, 0xffffff].map((id) => hasOneName(group, id))).toEqual([true, false, true, true, true]);
  const names = [-1, 0].map((passed) => [3, 5, 9, 1].map((id) => memberName(group, id, Date.parse(change) + passed)));
  expect(names).toEqual([
    ['one', 'before', 'last', null],
    ['one', 'behind', 'last', null],
  ]);
});

test('nobody in the roster', () => {
  expect(hasOneName(groupOf([]), 5)).toBe(true);
});
