// `--late-keys`: messages under a key that a MIKEY message delivers later in the capture.

import { describe, expect, test } from 'vitest';
import { frameSourceFromChunks } from '../../captures/open.ts';
import { Analysis } from '../../daemon/analysis.ts';
import type { MessageEvent, SidescopeEvent } from '../../daemon/events.ts';
import { parseKeyring } from '../../daemon/keyring/keyring-file.ts';
import { addLateKeys, collectLateKeys } from '../../daemon/late-keys.ts';
import { parseScenario } from '../../testing/scenario.ts';
import { synthesise } from '../../testing/synthesise.ts';

const SCENARIO = {
  format: 'sidescope-scenario/1',
  name: 'late',
  seed: 'late',
  start: '2026-05-01T10:00:00Z',
  capture: { interfaces: [{ name: 'pc5', framing: 'udp-ethernet' }] },
  groups: [
    {
      id: 'f00001',
      name: 'Fire 7',
      algorithm: '128-EEA2',
      multicast: ['239.255.0.7'],
      members: [{ id: '0a0b0c', name: 'Engine 71', addresses: ['169.254.10.11'] }],
      keys: [{ id: 12, held: false }],
    },
  ],
  pmks: [{ id: '706d6b31', member: '0a0b0c' }],
  radios: [{ name: 'Engine 71', id: '0a0b0c', group: 'Fire 7' }],
  steps: [
    { do: 'talk', at: 1, radio: 'Engine 71', count: 5, key: { pgk: 12 } },
    { do: 'delivery', at: 5, pmk: '706d6b31', group: 'Fire 7', pgk: 12, counter: 1 },
    { do: 'talk', at: 9, radio: 'Engine 71', count: 5, key: { pgk: 12 } },
  ],
};

async function* once(bytes: Uint8Array): AsyncGenerator<Uint8Array> {
  yield await Promise.resolve(bytes);
}

async function read(late: boolean): Promise<SidescopeEvent[]> {
  const { capture, keyring } = synthesise(parseScenario(JSON.stringify(SCENARIO), 'late.json'));
  const ring = parseKeyring(JSON.stringify(keyring), 'keyring.json');
  if (late) addLateKeys(ring, await collectLateKeys(frameSourceFromChunks(once(capture)), ring));
  const events: SidescopeEvent[] = [];
  const keep = (event: SidescopeEvent): void => {
    events.push(event);
  };
  await new Analysis({ keyring: ring }, { message: keep, finding: keep, key: keep, summary: keep }).run(
    frameSourceFromChunks(once(capture)),
  );
  return events;
}

const verdicts = (events: readonly SidescopeEvent[]): string[] =>
  events.filter((event): event is MessageEvent => event.type === 'message').map((message) => message.verdict);

describe('--late-keys', () => {
  test('without it a delivered key opens messages from its frame on', async () => {
    expect(verdicts(await read(false))).toEqual([...Array(5).fill('no-key'), ...Array(5).fill('decrypted')]);
  });

  test('with it those before the delivery open too, and the delivery is still told', async () => {
    const events = await read(true);
    expect(verdicts(events)).toEqual(Array(10).fill('decrypted'));
    const keys = events.filter((event) => event.type === 'key');
    expect(keys).toMatchObject([{ event: 'delivered', group: 'f00001', pgkId: 12, accepted: true, reason: null }]);
    expect(events.filter((event) => event.type === 'finding' && event.severity !== 'info')).toEqual([]);
  });
});
