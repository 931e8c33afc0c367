// Key management: the reason of a key record becomes a finding.

import { expect, test } from 'vitest';
import type { FindingEvent, KeyEvent } from '../../../daemon/events.ts';
import { CATALOGUE } from '../../../daemon/findings/catalogue.ts';
import { noteKeyEvent } from '../../../daemon/findings/mikey.ts';
import { Recorder } from '../../../daemon/findings/recorder.ts';
import { parseKeyring } from '../../../daemon/keyring/keyring-file.ts';
import { keyring } from './scene.ts';

function findingOf(reason: string | null, group: string | null): FindingEvent[] {
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
    accepted: false,
    reason,
  };
  noteKeyEvent(recorder, event, groups);
  recorder.finish();
  return findings;
}

test.each(CATALOGUE.filter(({ name }) => name.startsWith('mikey.')))('$name', ({ name, severities }) => {
  const [known] = findingOf(name, 'f00001');
  expect(known).toMatchObject({ name, severity: severities[0], confidence: 'proved', group: 'f00001', pgkId: 40 });
  expect(findingOf(name, 'abcdef')[0].group).toBe('abcdef');
  expect(findingOf(name, null)[0]).toMatchObject({ name, group: null });
});

test('a key that was taken without a reason is no finding', () => {
  expect(findingOf(null, 'f00001')).toEqual([]);
});
