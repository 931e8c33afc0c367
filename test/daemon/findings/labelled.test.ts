// The labelled captures: every finding as expected.json says, at any size of batch.

import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import type { FrameSource } from '../../../captures/frame-batch.ts';
import { frameSourceFromChunks, openCapture } from '../../../captures/open.ts';
import { Analysis } from '../../../daemon/analysis.ts';
import type { SidescopeEvent } from '../../../daemon/events.ts';
import { emptyKeyring } from '../../../daemon/keyring/keyring.ts';
import { loadKeyrings } from '../../../daemon/keyring/keyring-file.ts';
import { compareExpected } from '../../../testing/compare-expected.ts';
import type { Expected } from '../../../testing/expected.ts';

const FOLDER = join(import.meta.dirname, '..', '..', '..', '..', 'shared', 'captures', 'labelled');
/** Octets of a piece that a pipe gives: no multiple of any header. */
const ODD_PIECE = 7;

async function eventsOf(folder: string, expected: Expected, source: FrameSource): Promise<SidescopeEvent[]> {
  const keyring = expected.useKeyring ? await loadKeyrings([join(folder, 'keyring.json')]) : emptyKeyring();
  const events: SidescopeEvent[] = [];
  const keep = (event: SidescopeEvent): void => void events.push(event);
  const analysis = new Analysis(
    { keyring, payload: true },
    { message: keep, finding: keep, key: keep, epoch: keep, summary: keep },
  );
  await analysis.run(source);
  return events;
}

async function* pieces(octets: Uint8Array): AsyncGenerator<Uint8Array> {
  for (let at = 0; at < octets.length; at += ODD_PIECE) yield octets.subarray(at, at + ODD_PIECE);
}

describe('findings of the labelled captures', () => {
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
      const capture = join(folder, readdirSync(folder).find((file) => file.startsWith('capture.')) ?? '');
      const events = await eventsOf(folder, expected, await openCapture(capture));
      expect(compareExpected(events, expected)).toEqual([]);
      const piped = await eventsOf(folder, expected, frameSourceFromChunks(pieces(readFileSync(capture))));
      expect(piped).toEqual(events);
    });
  }
});
