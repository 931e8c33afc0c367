import { readFileSync } from 'node:fs';
import { analyse, parseScenario, sidescopeMatchers, synthesise } from 'sidescope/testing';
import { describe, expect, test } from 'vitest';

expect.extend(sidescopeMatchers);

// In your project: `await analyse('gateway.pcapng', { keyring: 'lab-keyring.json' })`.
const { capture, keyring } = synthesise(parseScenario(readFileSync('scenario.json', 'utf8'), 'scenario.json'));

describe('the gateway replays an exercise', () => {
  test('everybody deciphers but the one on the old key', async () => {
    const records = await analyse(capture, { keyring });
    expect(records.summary.verdicts).toEqual({ decrypted: 40, stale: 10 });
    expect(records).toHaveFinding('key.expired', { source: '0a0b1d', group: 'f00001' });
    expect(() => expect(records).toDecipherEvery({ group: 'Fire 7' })).toThrow(/stale/);
  });

  test('without the straggler nothing is found', async () => {
    const scenario = JSON.parse(readFileSync('scenario.json', 'utf8')) as { steps: { radio: string }[] };
    scenario.steps = scenario.steps.filter((step) => step.radio === 'Engine 71');
    const clean = synthesise(parseScenario(JSON.stringify(scenario), 'scenario.json'));
    const records = await analyse(clean.capture, { keyring: clean.keyring });
    expect(records).toDecipherEvery({ group: 'Fire 7' });
    expect(records).toHaveNoFindings({ above: 'info' });
  });

  test('the records are those that were looked at and kept', async () => {
    expect(await analyse(capture, { keyring })).toMatchEvents('gateway.golden.ndjson');
  });
});
