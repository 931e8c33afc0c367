// The matchers, through expect.extend as a user has them, and the files of `synth`.

import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type Analysed, analyse, runSynth, sidescopeMatchers, synthesise } from '../../testing/index.ts';
import { baseJson, baseScenario } from './base-scenario.ts';

expect.extend(sidescopeMatchers);

let folder: string;
let clean: Analysed;
let stale: Analysed;

async function analysed(steps: Parameters<typeof baseScenario>[0]): Promise<Analysed> {
  const { capture, keyring } = synthesise(baseScenario(steps));
  return analyse(capture, { keyring });
}

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'sidescope-testing-'));
  clean = await analysed([{ do: 'talk', at: 0, radio: 'Engine 71', count: 5 }]);
  stale = await analysed([{ do: 'talk', at: 0, radio: 'Engine 71', count: 5, key: { pgk: 1 } }]);
});

afterAll(() => {
  rmSync(folder, { recursive: true });
});

describe('matchers', () => {
  test('toHaveFinding', () => {
    expect(stale).toHaveFinding('key.expired');
    expect(stale.events).toHaveFinding('key.expired', {
      source: '0a0b0c',
      group: 'f00001',
      severity: 'high',
      frame: 1,
    });
    expect(stale).not.toHaveFinding('key.expired', { source: '0a0b1d' });
    expect(clean).not.toHaveFinding('key.expired');
    expect(() => expect(stale).toHaveFinding('key.revoked')).toThrow(
      /expected a finding key\.revoked; there are\n {2}key\.exp/,
    );
  });

  test('toHaveNoFindings', () => {
    expect(clean).toHaveNoFindings();
    expect(stale).not.toHaveNoFindings({ above: 'medium' });
    expect(stale).toHaveNoFindings({ above: 'high' });
    expect(() => expect(stale).toHaveNoFindings()).toThrow(
      /expected no findings; there are\n {2}key\.expired \(high\)/,
    );
  });

  test('toDecipherEvery', () => {
    expect(clean).toDecipherEvery();
    expect(clean).toDecipherEvery({ group: 'Fire 7' });
    expect(clean).toDecipherEvery({ group: 'f00001' });
    expect(clean).not.toDecipherEvery({ group: 'Medics 2' });
    expect(() => expect(stale).toDecipherEvery()).toThrow(
      /5 of 5 messages are not decrypted, .*\n {2}frame 1 .* stale/,
    );
  });

  test('toMatchEvents compares with a golden file, which holds no plaintext', () => {
    const golden = join(folder, 'golden', 'clean.ndjson');
    const update = process.env.UPDATE;
    process.env.UPDATE = '1';
    try {
      expect(clean).toMatchEvents(golden);
    } finally {
      if (update === undefined) delete process.env.UPDATE;
      else process.env.UPDATE = update;
    }
    const text = readFileSync(golden, 'utf8');
    expect(text.split('\n')).toHaveLength(clean.events.length + 1);
    expect(text).not.toContain(clean.messages[0].payload);
    expect(text).toContain('payloadSha256');
    // Read with updating off, whatever this run itself is asked for.
    const check = sidescopeMatchers.toMatchEvents.bind({});
    process.env.UPDATE = '0';
    expect(check(clean, golden).pass).toBe(true);
    expect(check(stale, golden).pass).toBe(false);
    expect(check(stale, golden).message()).toMatch(/records differ from .*\n {2}line 1\n {2}- \{.*\n {2}\+ \{/);
    expect(check(stale, join(folder, 'nowhere')).message()).toContain('is not there; run once with UPDATE=1');
    expect(readFileSync(golden, 'utf8')).toBe(text);
    if (update === undefined) delete process.env.UPDATE;
    else process.env.UPDATE = update;
  });

  test('anything else than records is refused', () => {
    expect(() => expect({ events: 3 }).toHaveFinding('x')).toThrow('expected the records of a capture');
  });
});

describe('runSynth', () => {
  const write = (name: string, value: unknown): string => {
    const path = join(folder, name);
    writeFileSync(path, typeof value === 'string' ? value : JSON.stringify(value));
    return path;
  };

  test('writes capture, keyring and expected events, and gives their paths', async () => {
    const scenarioPath = write('good.json', baseJson([{ do: 'talk', at: 0, radio: 'Engine 71', count: 3 }]));
    const outDir = join(folder, 'out', 'deep');
    const paths = await runSynth({ scenarioPath, outDir, overwrite: false });
    expect(paths).toEqual(['capture.pcapng', 'keyring.json', 'expected.json'].map((name) => join(outDir, name)));
    const { messages, summary } = await analyse(paths[0], { keyring: paths[1] });
    expect(messages).toHaveLength(3);
    expect(summary.verdicts).toEqual({ decrypted: 3 });

    await expect(runSynth({ scenarioPath, outDir, overwrite: false })).rejects.toThrow('is there already');
    await expect(runSynth({ scenarioPath, outDir, overwrite: true })).resolves.toEqual(paths);
  });

  test('a wrong scenario, and one that is not there, write nothing', async () => {
    const outDir = join(folder, 'nothing');
    const options = { outDir, overwrite: true };
    await expect(runSynth({ ...options, scenarioPath: write('bad.json', '{}') })).rejects.toThrow('lacks the member');
    await expect(runSynth({ ...options, scenarioPath: join(folder, 'no.json') })).rejects.toThrow('ENOENT');
    expect(readdirSync(folder)).not.toContain('nothing');
  });

  test('a folder that cannot be made is named', async () => {
    const scenarioPath = write('good2.json', baseJson([]));
    const options = { scenarioPath, outDir: join(scenarioPath, 'below'), overwrite: false };
    await expect(runSynth(options)).rejects.toThrow('cannot be written');
  });
});
