// Tests that look at every capture at hand: those of the project one by one, those beside it together.

import { expect, test } from 'vitest';
import { ownCaptures, sharedCaptures, type TestCapture } from './analysed-frames.ts';
import { NO_SHARED } from './shared-captures.ts';

/** We chose: milliseconds for all captures beside the project. */
const SHARED_TIMEOUT = 60_000;

/** @param compare how many frames or messages of a capture were compared, more than a thousand in those beside the project */
export function testEveryCapture(compare: (capture: TestCapture) => Promise<number>): void {
  test.each(ownCaptures().map((capture) => [capture.name, capture] as const))('%s', async (_name, capture) => {
    expect(await compare(capture)).toBeGreaterThan(0);
  });

  test('shared captures', { timeout: SHARED_TIMEOUT }, async (context) => {
    const shared = sharedCaptures();
    context.skip(shared.length === 0, NO_SHARED);
    let compared = 0;
    for (const capture of shared) compared += await compare(capture);
    expect(compared).toBeGreaterThan(1000);
  });
}
