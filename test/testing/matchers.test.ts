// The matchers, through expect.extend as a user has them, and the files of `synth`.

import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { inspect } from 'node:util';
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

  test('toHaveFinding says on which frames those are that are there', () => {
    expect(() => expect(stale).toHaveFinding('key.expired', { frame: 99 })).toThrow(
      /finding key\.expired, frame 99; there are\n {2}key\.expired .* on frames 1 2 3 4 5$/,
    );
  });

  test.each<[unknown, object, string]>([
    ['key.expird', {}, 'no finding is called key.expird; did you mean key.expired?'],
    ['key.expired', { group: 'Fire 7' }, 'group Fire 7 is no Layer-2 id'],
    ['key.expired', { source: '0A0B0C' }, 'source 0A0B0C is no Layer-2 id'],
    ['key.expired', { severity: 'hgih' }, 'hgih is no severity; there are info, low'],
  ])('what no finding can be is refused, and by not as well: %s %j', (name, scope, message) => {
    const wrong = [name, scope] as ['key.expired', object];
    expect(() => expect(stale).toHaveFinding(...wrong)).toThrow(message);
    expect(() => expect(stale).not.toHaveFinding(...wrong)).toThrow(message);
  });

  test('a group of which only 16 bits are known may be meant', () => {
    expect(stale).not.toHaveFinding('key.expired', { group: 'f000??' });
  });

  test('a severity that is none is refused', () => {
    const wrong = { above: 'hgih' as 'high' };
    expect(() => expect(clean).toHaveNoFindings(wrong)).toThrow('hgih is no severity');
  });

  test('a capture of which nothing could be read has not got no findings', async () => {
    const empty = await analyse(new Uint8Array(0));
    expect(() => expect(empty).toHaveNoFindings()).toThrow('nothing of the capture could be read: the input is empty');
    expect(() => expect(empty.events).toHaveNoFindings({ above: 'high' })).toThrow('not complete');
    // A file of no frames that is whole was read.
    const { capture, keyring } = synthesise(baseScenario([]));
    expect(await analyse(capture, { keyring })).toHaveNoFindings();
  });

  test.each([[{ events: 3 }], [undefined], [null], ['key.expired'], [[1, 2]]])(
    '%j is refused: no records',
    (received) => {
      expect(() => expect(received).toHaveFinding('key.expired')).toThrow('expected the records of a capture');
      expect(() => expect(received).toHaveNoFindings()).toThrow('expected the records of a capture');
    },
  );

  test('records that are still awaited are refused with what is missing', () => {
    expect(() => expect(Promise.resolve(clean)).toHaveNoFindings()).toThrow('put await before it');
  });
});

describe('analyse', () => {
  const { capture, keyring } = synthesise(baseScenario([{ do: 'talk', at: 0, radio: 'Engine 71' }]));

  test('a keyring that is not there is an error as read has it', async () => {
    const missing = analyse(capture, { keyring: join(folder, 'nowhere.json') });
    await expect(missing).rejects.toMatchObject({ code: 'keyring.unreadable', exitCode: 2 });
  });

  test('the text of a keyring in place of its path does not get into the error', async () => {
    const error: unknown = await analyse(capture, { keyring: JSON.stringify(keyring) }).catch(
      (thrown: unknown) => thrown,
    );
    expect(error).toMatchObject({ code: 'keyring.text-for-path' });
    expect(inspect(error, { depth: null })).not.toMatch(/[0-9a-f]{32}/);
  });

  test.each([undefined, 5, new ArrayBuffer(24)])('%o is no capture, rather than an empty one', async (wrong) => {
    await expect(analyse(wrong as never)).rejects.toThrow('neither the path of a file nor a Uint8Array');
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
