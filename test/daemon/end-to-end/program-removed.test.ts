// Somebody installs another version while a daemon runs: the files of its program are gone, and it goes on with what it
// loaded when it started, whatever the traffic then needs first.

import { copyFileSync, cpSync, mkdtempSync, rmSync, symlinkSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { afterEach, expect, test } from 'vitest';
import type { ClientItem } from '../../../daemon/relay/client.ts';
import { DaemonFolder, type RunningDaemon } from './daemon-folder.ts';

const project = (path: string): string => fileURLToPath(new URL(`../../../${path}`, import.meta.url));
const KEYRING = project('captures/samples/attacked/keyring.json');
const CAPTURE = project('captures/samples/attacked/capture.pcapng');
/** What is loaded behind the first turn of the program is there then (ms). */
const LOADED_AFTER = 2000;

let folder: DaemonFolder | null = null;
let daemon: RunningDaemon | null = null;
let program = '';

afterEach(async () => {
  await daemon?.end('SIGKILL');
  folder?.remove();
  rmSync(program, { recursive: true, force: true });
});

test('its program is removed before the first frame comes: all is judged, told, and shown', async () => {
  program = mkdtempSync(join(tmpdir(), 'sidescope-program-'));
  cpSync(project('dist'), join(program, 'dist'), { recursive: true });
  copyFileSync(project('package.json'), join(program, 'package.json'));
  symlinkSync(project('node_modules'), join(program, 'node_modules'));
  const path = join(program, 'capture.pcapng');
  folder = await DaemonFolder.make({ sources: [{ name: 'log', kind: 'file', path }], keyring: KEYRING });
  daemon = await folder.start([], join(program, 'dist', 'cli', 'main.js'));
  await sleep(LOADED_AFTER);
  rmSync(join(program, 'dist'), { recursive: true });

  const client = folder.client(folder.subscriber([{ gid: '*', views: ['meta', 'plain'] }]));
  const json = taken(client.subscribe({ view: 'plain', since: 0 }));
  const pcapng = taken(client.subscribe({ view: 'plain', since: 0, format: 'pcapng' }));
  copyFileSync(CAPTURE, path);
  await expect.poll(async () => (await folder?.status())?.pipeline.told, { timeout: 60_000 }).toBeGreaterThan(300);
  await expect.poll(() => pcapng.length, { timeout: 30_000 }).toBeGreaterThan(0);
  await expect.poll(() => json.some(({ kind }) => kind === 'record'), { timeout: 30_000 }).toBe(true);
  expect(await client.tree(1, 'plain')).not.toBeNull();
  client.close();
  expect((await folder.status()).engine.restarts).toBe(0);
  expect(folder.log).not.toContain('engine.down');
  expect(await daemon.end('SIGTERM')).toBe(0);
}, 120_000);

/** What comes of a subscription, as it comes. */
function taken(subscription: AsyncIterable<readonly ClientItem[]>): ClientItem[] {
  const items: ClientItem[] = [];
  const run = async (): Promise<void> => {
    for await (const list of subscription) items.push(...list);
  };
  run().catch(() => undefined);
  return items;
}
