// The children of a process that is killed without warning end with it.

import { spawn } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';

import { until } from './live-sources.ts';

const CONFIG = new URL('../../../dist/captures/sources/source-config.js', import.meta.url).href;

test('a daemon that is killed takes its capture programs with it, also those that do not want to end', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'sidescope-guard-'));
  try {
    const stubborn = join(folder, 'stubborn.mjs');
    writeFileSync(
      stubborn,
      `import fs from 'node:fs';
       process.on('SIGTERM', () => {});
       fs.writeFileSync(process.argv[2], String(process.pid));
       setInterval(() => {}, 1000);`,
    );
    const daemon = join(folder, 'daemon.mjs');
    writeFileSync(
      daemon,
      `import { makeLiveSource } from ${JSON.stringify(CONFIG)};
       for (const name of ['a', 'b']) {
         const command = [process.execPath, ${JSON.stringify(stubborn)}, ${JSON.stringify(folder)} + '/' + name];
         void makeLiveSource({ name, kind: 'command', command }).run(() => {});
       }`,
    );
    const parent = spawn(process.execPath, [daemon], { stdio: 'ignore' });
    const pidOf = (name: string): number => {
      try {
        return Number(readFileSync(join(folder, name), 'utf8'));
      } catch {
        return 0;
      }
    };
    await until(() => pidOf('a') > 0 && pidOf('b') > 0, 15_000);
    const pids = [pidOf('a'), pidOf('b')];
    parent.kill('SIGKILL');
    await until(() => !pids.some(isAlive), 15_000);
    expect(pids.map(isAlive)).toEqual([false, false]);
  } finally {
    rmSync(folder, { recursive: true });
  }
}, 40_000);

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return !/\) Z /.test(readFileSync(`/proc/${pid}/stat`, 'utf8'));
  } catch {
    return false;
  }
}
