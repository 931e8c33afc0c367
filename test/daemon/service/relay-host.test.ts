// What the relay asks of the daemon: when a wish for plaintext is known to reach all that comes.

import { expect, test } from 'vitest';
import type { EnginePort } from '../../../daemon/engine-process/engine-port.ts';
import type { JournalPort } from '../../../daemon/journal/journal-port.ts';
import { Tracks } from '../../../daemon/service/frame-numbers.ts';
import { KeyGate } from '../../../daemon/service/key-gate.ts';
import { DaemonHost } from '../../../daemon/service/relay-host.ts';

function setUp(): { host: DaemonHost; state: { told: number; engine: string; demands: number } } {
  const state = { told: 5, engine: 'running', demands: 0 };
  const engine = { demand: () => state.demands++, status: () => ({ state: state.engine }) };
  const host = new DaemonHost({
    journal: { nextFrame: 11 } as JournalPort,
    engine: engine as unknown as EnginePort,
    gate: new KeyGate({ now: () => 0 }),
    tracks: new Tracks(),
    groups: () => [],
    head: () => 0,
    told: () => state.told,
    status: () => null,
  });
  return { host, state };
}

/** Whether a promise is settled after some looks. */
async function isSettled(promise: Promise<void>): Promise<boolean> {
  const open = new Promise<false>((resolve) => {
    setTimeout(() => resolve(false), 100);
  });
  return Promise.race([promise.then(() => true), open]);
}

test('a demand is known everywhere when the frames that were under way have been told', async () => {
  const { host, state } = setUp();
  const known = host.demandChanged(new Map([['*', 'plain']]));
  expect(state.demands).toBe(1);
  expect(await isSettled(known)).toBe(false);
  state.told = 10;
  expect(await isSettled(known)).toBe(true);
});

test('an engine that is down keeps nobody waiting: it will know before it judges', async () => {
  const { host, state } = setUp();
  const known = host.demandChanged(new Map([['*', 'plain']]));
  expect(await isSettled(known)).toBe(false);
  state.engine = 'starting';
  expect(await isSettled(known)).toBe(true);
});
