// What a daemon tells of groups and keys, put together in whichever order it comes.

import { expect, test } from 'vitest';
import type { EpochEvent } from '../../daemon/events.ts';
import { GroupDirectory, type StatusKey } from '../../tui/feed/group-directory.ts';

const FROM = Date.parse('2026-05-01T00:00:00Z');
const TO = Date.parse('2026-05-08T00:00:00Z');
const REVOKED = Date.parse('2026-05-03T12:00:00Z');

function epoch(state: EpochEvent['state']): EpochEvent {
  return {
    ...{ v: 1, type: 'epoch', group: 'f00001', groupName: 'Fire 7', pgkId: 39, state },
    ...{ notBefore: '2026-05-01T00:00:00Z', notAfter: '2026-05-08T00:00:00Z' },
    ...{ firstUse: null, lastUse: null, messages: 0, sources: 0 },
  };
}

const row: StatusKey = {
  ...{ group: 'f00001', pgkId: 39, notBefore: FROM, notAfter: TO, state: 'revoked', revokedAt: REVOKED },
  ...{ compromisedAt: null, suspendedAt: null, resumedAt: null, destroyedAt: null },
};

test('the dates of a status stay when an epoch record, which has none, says the state', () => {
  const directory = new GroupDirectory();
  expect(directory.epoch(epoch('active'))).toBe(true);
  expect(directory.groups()[0].keys).toMatchObject([{ pgkId: 39, state: 'active', notBefore: FROM, revokedAt: null }]);
  expect(directory.keys([row])).toBe(true);
  expect(directory.keys([row])).toBe(false);
  expect(directory.epoch(epoch('revoked'))).toBe(false);
  expect(directory.epoch(epoch('expired'))).toBe(true);
  expect(directory.groups()[0].keys).toMatchObject([{ state: 'expired', notAfter: TO, revokedAt: REVOKED }]);
});

test('who left, and when', () => {
  const directory = new GroupDirectory();
  const members = [{ id: '0a0b0c', name: 'Engine 71', from: null, until: REVOKED }];
  expect(directory.members([{ group: 'f00001', name: 'Fire 7', members }])).toBe(true);
  expect(directory.members([{ group: 'f00001', name: 'Fire 7', members }])).toBe(false);
  expect(directory.groups()[0].members).toEqual([{ id: 0x0a_0b_0c, name: 'Engine 71', from: null, until: REVOKED }]);
  // A daemon that does not tell the times.
  const [{ id, name }] = members;
  expect(directory.members([{ group: 'f00001', name: 'Fire 7', members: [{ id, name }] }])).toBe(true);
  expect(directory.groups()[0].members).toMatchObject([{ from: null, until: null }]);
});
