// The thread that is started before the command is loaded: for which command lines, and that what is printed is the same with it.

import { spawnSync } from 'node:child_process';
import { closeSync, mkdtempSync, openSync, rmSync, statSync, truncateSync, writeFileSync, writeSync } from 'node:fs';
import { availableParallelism, tmpdir } from 'node:os';
import { join } from 'node:path';
import { Worker } from 'node:worker_threads';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { ThreadQueue } from '../../captures/sources/thread-queue.ts';
import { startThreadAhead } from '../../cli/thread-ahead.ts';
import { WORTH_THREADS_OCTETS } from '../../cli/threads-worth.ts';
import { writeBulkCapture } from '../../testing/bulk.ts';

const ROOT = join(import.meta.dirname, '..', '..');
const SIDESCOPE = join(ROOT, 'dist', 'cli', 'main.js');
const SAMPLE = join(ROOT, 'captures', 'samples', 'clean', 'capture.pcapng');

let folder = '';
const path = (name: string) => join(folder, name);

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'sidescope-ahead-'));
  for (const [name, octets] of [
    ['small', WORTH_THREADS_OCTETS - 1],
    ['large', WORTH_THREADS_OCTETS],
  ] as const) {
    writeFileSync(path(name), '');
    truncateSync(path(name), octets);
  }
  const file = openSync(path('bulk.pcap'), 'w');
  const { keyring } = writeBulkCapture((piece) => writeSync(file, piece), { messages: 450_000 });
  closeSync(file);
  writeFileSync(path('keyring.json'), JSON.stringify(keyring));
});

afterAll(() => {
  rmSync(folder, { recursive: true, force: true });
});

describe('is started', () => {
  async function isStarted(...argv: readonly string[]): Promise<boolean> {
    const thread = startThreadAhead(argv);
    await thread?.terminate();
    return thread !== null;
  }

  test('for `read` of a large file, where there is a second core', async () => {
    const hasCore = availableParallelism() > 1;
    expect(await isStarted('read', path('large'))).toBe(hasCore);
    expect(await isStarted('read', '-q', '-z', 'groups', '-k', path('small'), path('large'))).toBe(hasCore);
    expect(await isStarted('read', path('large'), '-Y', 'slrb')).toBe(hasCore);
  });

  test('for no small file, no other verb, and not where threads, few frames or columns are asked for', async () => {
    expect(await isStarted()).toBe(false);
    expect(await isStarted('read')).toBe(false);
    expect(await isStarted('read', path('small'))).toBe(false);
    expect(await isStarted('read', folder)).toBe(false);
    expect(await isStarted('tui', path('large'))).toBe(false);
    for (const option of ['--threads', '--threads=2', '-c', '-c5', '--count', '-e', '-eframe.number', '--help']) {
      expect(await isStarted('read', path('large'), option)).toBe(false);
    }
  });

  test('for nothing that is no path, or leads nowhere', async () => {
    for (const word of ['', path('none'), join(path('small'), 'none'), `${path('large')}\0`, 'x'.repeat(5000)]) {
      expect(await isStarted('read', word)).toBe(false);
    }
  });
});

describe('what is printed is the same', () => {
  function read(...args: readonly string[]): {
    readonly code: number | null;
    readonly out: string;
    readonly err: string;
  } {
    const { status, stdout, stderr } = spawnSync(
      process.execPath,
      [SIDESCOPE, 'read', path('bulk.pcap'), '--keyring', path('keyring.json'), ...args],
      { encoding: 'utf8', timeout: 60_000, maxBuffer: 1 << 28 },
    );
    return { code: status, out: stdout, err: stderr };
  }

  test.each([
    ['-q', '-z', 'groups,talkers,findings'],
    ['-T', 'ndjson', '-Y', 'frame.number < 5000', '-q', '-z', 'talkers'],
    ['-q', '-z', 'groups', '--late-keys'],
  ])('%s %s %s', (...args) => {
    const ahead = read(...args);
    expect(ahead.err).toBe('');
    expect(ahead.code).toBe(0);
    expect(ahead.out.length).toBeGreaterThan(100);
    expect(ahead).toEqual(read(...args, '--threads', '1'));
  });

  test('where it is ended: only frames are asked for, or the large file is not the capture', () => {
    const { code, out, err } = read('-T', 'json', '-xe', 'frame.number', '-Y', 'frame.number < 3');
    expect([code, err]).toEqual([0, '']);
    expect(JSON.parse(out)).toHaveLength(2);
    const written = spawnSync(process.execPath, [SIDESCOPE, 'read', SAMPLE, '-w', path('large')], { timeout: 20_000 });
    expect([written.status, written.stderr.toString()]).toEqual([0, '']);
    expect(statSync(path('large')).size).toBeLessThan(WORTH_THREADS_OCTETS);
  });

  test('where something is wrong before any frame is read', () => {
    const wrong = read('--keyring', path('none.json'));
    expect(wrong.code).toBe(2);
    expect(wrong.err).toContain('[keyring.unreadable]');
    expect(read('--no-such-option').code).toBe(2);
  });
});

test('in the place of one that is gone another one is started', async () => {
  const told = `
    import { parentPort, workerData } from 'node:worker_threads';
    const say = ({ port, word }) => port.postMessage(word);
    if ((workerData ?? null) === null) parentPort.once('message', say);
    else say(workerData);`;
  const file = new URL(`data:text/javascript,${encodeURIComponent(told)}`);
  for (const isGone of [false, true]) {
    const ahead = new Worker(file);
    if (isGone) await ahead.terminate();
    const queue = new ThreadQueue<string>({ file, name: 'echo', data: { word: 'heard' }, ahead });
    expect(queue.worker === ahead).toBe(!isGone);
    expect(await queue.next()).toBe('heard');
    await queue.end();
  }
});
