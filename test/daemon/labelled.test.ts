// The labelled captures: every message, verdict and plaintext as expected.json says.

import { existsSync, readFileSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { openCapture } from '../../captures/open.ts';
import { Analysis } from '../../daemon/analysis.ts';
import type { SidescopeEvent } from '../../daemon/events.ts';
import { Keyring } from '../../daemon/keyring/keyring.ts';
import { loadKeyrings } from '../../daemon/keyring/keyring-file.ts';
import { compareExpected } from '../../testing/compare-expected.ts';
import type { Expected } from '../../testing/expected.ts';

const FOLDER = join(import.meta.dirname, '..', '..', '..', 'shared', 'captures', 'labelled');

describe('labelled captures', () => {
  const cases = existsSync(FOLDER)
    ? readdirSync(FOLDER, { withFileTypes: true }).filter((entry) => entry.isDirectory())
    : [];
  test('are there', (context) => {
    context.skip(cases.length === 0, 'the folder ../shared is not beside the project');
    expect(cases.length).toBeGreaterThan(5);
  });
  for (const { name } of cases) {
    test(name, async () => {
      const folder = join(FOLDER, name);
      const expected = JSON.parse(readFileSync(join(folder, 'expected.json'), 'utf8')) as Expected;
      const capture = readdirSync(folder).find((file) => file.startsWith('capture.')) ?? '';
      const keyring = expected.useKeyring
        ? await loadKeyrings([join(folder, 'keyring.json')])
        : new Keyring({ groups: [], pmks: [], lkh: [], managers: [] });
      const events: SidescopeEvent[] = [];
      const keep = (event: SidescopeEvent): void => void events.push(event);
      const analysis = new Analysis(
        { keyring, payload: true },
        { message: keep, key: keep, epoch: keep, summary: keep },
      );
      await analysis.run(await openCapture(join(folder, capture)));
      expect(compareExpected(events, expected).filter((line) => !line.includes('finding'))).toEqual([]);
    });
  }
});
