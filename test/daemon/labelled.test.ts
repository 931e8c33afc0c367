// The labelled captures, made by an independent implementation: every message, verdict, plaintext, finding and frame as
// expected.json says.

import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { analyse } from '../../testing/analyse.ts';
import { compareExpected } from '../../testing/compare-expected.ts';
import type { Expected } from '../../testing/expected.ts';
import { NO_SHARED, SHARED_CAPTURES, sharedFolders } from '../shared-captures.ts';

describe('labelled captures', () => {
  const cases = sharedFolders('labelled');
  test('are there', (context) => {
    context.skip(cases.length === 0, NO_SHARED);
    expect(cases.length).toBeGreaterThanOrEqual(10);
  });
  for (const name of cases) {
    test(name, async () => {
      const folder = join(SHARED_CAPTURES, 'labelled', name);
      const expected = JSON.parse(readFileSync(join(folder, 'expected.json'), 'utf8')) as Expected;
      const capture = readdirSync(folder).find((file) => file.startsWith('capture.')) ?? '';
      const keyring = expected.useKeyring ? { keyring: join(folder, 'keyring.json') } : {};
      const { events, problem } = await analyse(join(folder, capture), keyring);
      expect(compareExpected(events, expected, { exitCode: problem === null ? 0 : 3 })).toEqual([]);
    });
  }
});
