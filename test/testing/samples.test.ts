// The samples are what their scenarios make, to the octet (UPDATE=1 writes them anew), and a reader agrees with them.

import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, test } from 'vitest';
import { analyse } from '../../testing/analyse.ts';
import { compareExpected } from '../../testing/compare-expected.ts';
import { parseScenario } from '../../testing/scenario.ts';
import { synthFiles } from '../../testing/synth-files.ts';
import { synthesise } from '../../testing/synthesise.ts';

const SAMPLES = fileURLToPath(new URL('../../captures/samples/', import.meta.url));
const LARGEST = 100_000;

describe.each(['clean', 'rollover', 'attacked'])('sample %s', (name) => {
  const folder = join(SAMPLES, name);
  const scenario = parseScenario(readFileSync(join(folder, 'scenario.json'), 'utf8'), `${name}/scenario.json`);
  const made = synthesise(scenario);
  const files = synthFiles(made);

  test('is what its scenario makes', () => {
    for (const [file, octets] of files) {
      const path = join(folder, file);
      if (process.env.UPDATE === '1') writeFileSync(path, octets);
      expect(Buffer.from(octets).equals(readFileSync(path)), `${file} is another one; UPDATE=1 writes it anew`).toBe(
        true,
      );
    }
  });

  test('is small, and has no other files', () => {
    const there = readdirSync(folder).sort();
    expect(there).toEqual([...files.keys(), 'scenario.json'].sort());
    expect(made.capture.length).toBeLessThan(LARGEST);
  });

  test('a reader agrees with its expectation', async () => {
    const { events } = await analyse(made.capture, { keyring: made.keyring });
    expect(compareExpected(events, made.expected)).toEqual([]);
  });
});

test('README.md has a line for each sample', () => {
  const text = readFileSync(join(SAMPLES, 'README.md'), 'utf8');
  const folders = readdirSync(SAMPLES, { withFileTypes: true }).filter((entry) => entry.isDirectory());
  for (const { name } of folders) expect(text).toContain(`\`${name}/\``);
});
