// Key management: what holds of a key delivery becomes findings.

import { describe, expect, test } from 'vitest';
import type { FindingEvent, KeyEvent } from '../../../daemon/events.ts';
import { CATALOGUE } from '../../../daemon/findings/catalogue.ts';
import { noteKeyNotice } from '../../../daemon/findings/mikey.ts';
import { Recorder } from '../../../daemon/findings/recorder.ts';
import type { MikeyFinding } from '../../../daemon/keying/mikey.ts';
import { parseKeyring } from '../../../daemon/keyring/keyring-file.ts';
import { keyring } from './scene.ts';

function findingsOf(held: readonly MikeyFinding[], group: string | null, accepted = false): FindingEvent[] {
  const findings: FindingEvent[] = [];
  const { groups } = parseKeyring(JSON.stringify(keyring()), 'mikey.json');
  const recorder = new Recorder(groups, { record: (event) => void findings.push(event) });
  const event: KeyEvent = {
    v: 1,
    type: 'key',
    frame: 3,
    time: '2026-05-02T10:00:00.000000Z',
    event: 'delivered',
    group,
    pgkId: group === null ? null : 40,
    notBefore: null,
    notAfter: null,
    accepted,
    reason: held[0] ?? null,
  };
  noteKeyNotice(recorder, { event, findings: held }, groups);
  recorder.finish();
  return findings;
}

test.each(CATALOGUE.filter(({ name }) => name.startsWith('mikey.')))('$name', ({ name, severities }) => {
  const held = [name as MikeyFinding];
  const [known] = findingsOf(held, 'f00001');
  expect(known).toMatchObject({ name, severity: severities[0], confidence: 'proved', group: 'f00001', pgkId: 40 });
  expect(findingsOf(held, 'abcdef')[0].group).toBe('abcdef');
  expect(findingsOf(held, null)[0]).toMatchObject({ name, group: null });
});

test('a key that was taken without a reason is no finding', () => {
  expect(findingsOf([], 'f00001')).toEqual([]);
});

describe('several findings about one delivery', () => {
  const texts = (events: readonly FindingEvent[]): string[] => events.map(({ name, summary }) => `${name}: ${summary}`);

  test('are raised each', () => {
    expect(texts(findingsOf(['mikey.stale', 'mikey.expired_on_delivery'], 'f00001', true))).toEqual([
      'mikey.stale: a delivery of PGK 40 was taken: a key delivery with a distant time',
      'mikey.expired_on_delivery: a delivery of PGK 40 was taken: a key that was over when it came',
    ]);
  });

  test('only that which refused it is said to have', () => {
    expect(texts(findingsOf(['mikey.material_conflict', 'mikey.stale'], 'f00001'))).toEqual([
      'mikey.material_conflict: a delivery of PGK 40 was not taken: two keys under one name',
      'mikey.stale: a delivery of PGK 40 was not taken for another reason: a key delivery with a distant time',
    ]);
  });
});
