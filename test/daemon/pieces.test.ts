// The same bytes give the same events: read whole, in pieces of any length, as batches of one frame.

import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import type { FrameSource } from '../../captures/frame-batch.ts';
import { frameSourceFromChunks } from '../../captures/open.ts';
import { Analysis } from '../../daemon/analysis.ts';
import type { SidescopeEvent } from '../../daemon/events.ts';
import { parseKeyring } from '../../daemon/keyring/keyring-file.ts';
import { synthesise } from '../../testing/synthesise.ts';
import { SHARED_CAPTURES, sharedFolders } from '../shared-captures.ts';
import { baseScenario } from '../testing/base-scenario.ts';

const SAMPLES = join(import.meta.dirname, '..', '..', 'captures', 'samples');

async function* pieces(bytes: Uint8Array, size: number): AsyncGenerator<Uint8Array> {
  for (let at = 0; at < bytes.length; at += size) yield await Promise.resolve(bytes.slice(at, at + size));
}

async function eventsOf(source: FrameSource, keyring: Uint8Array): Promise<string> {
  const lines: string[] = [];
  const keep = (event: SidescopeEvent): void => {
    lines.push(JSON.stringify(event));
  };
  const listener = { message: keep, finding: keep, key: keep, epoch: keep, summary: keep };
  const analysis = new Analysis({ keyring: parseKeyring(keyring, 'keyring.json'), payload: true }, listener);
  await analysis.run(source);
  return lines.join('\n');
}

const folders = [
  ...readdirSync(SAMPLES, { withFileTypes: true })
    .filter((entry) => entry.isDirectory())
    .map((entry) => join(SAMPLES, entry.name)),
  ...sharedFolders('labelled').map((name) => join(SHARED_CAPTURES, 'labelled', name)),
].filter((folder) => existsSync(join(folder, 'keyring.json')));

describe('the same events however the octets arrive', () => {
  test.each(folders.map((folder) => [folder.split('/').slice(-2).join('/'), folder]))('%s', async (_name, folder) => {
    const name = readdirSync(folder).find((file) => file.startsWith('capture.')) ?? '';
    const bytes = new Uint8Array(readFileSync(join(folder, name)));
    const keyring = new Uint8Array(readFileSync(join(folder, 'keyring.json')));
    const whole = await eventsOf(frameSourceFromChunks(pieces(bytes, bytes.length)), keyring);
    expect(whole.length).toBeGreaterThan(100);
    for (const size of [1, 7, 4096]) {
      expect(await eventsOf(frameSourceFromChunks(pieces(bytes, size)), keyring)).toBe(whole);
    }
  });

  test('a message that only claims ciphering names no key, whether or not one was tried ahead', async () => {
    const talk = { do: 'talk', radio: 'Engine 71', count: 5 };
    const steps = [
      { ...talk, at: 1 },
      { do: 'send', radio: 'Engine 71', at: 2, cipher: 'claimed' },
      { ...talk, at: 3 },
    ];
    const { capture, keyring } = synthesise(baseScenario(steps));
    const octets = new TextEncoder().encode(JSON.stringify(keyring));
    const whole = await eventsOf(frameSourceFromChunks(pieces(capture, capture.length)), octets);
    expect(whole).toMatch(/"pgkId":null,[^\n]*"verdict":"downgraded"/);
    expect(await eventsOf(frameSourceFromChunks(pieces(capture, 1)), octets)).toBe(whole);
  });
});
