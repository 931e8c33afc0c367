// Ctrl-C and SIGTERM on `read`: what was read until then is concluded, and the exit code says what happened.

import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { closeSync, mkdtempSync, openSync, readFileSync, rmSync, writeFileSync, writeSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from 'vitest';
import { openCapture } from '../../captures/open.ts';
import { Interruption } from '../../cli/interruption.ts';
import { writeBulkCapture } from '../../testing/bulk.ts';

const ROOT = join(import.meta.dirname, '..', '..');
const SIDESCOPE = join(ROOT, 'dist', 'cli', 'main.js');

/** So many that no machine has read them before the signal comes, in whichever form. */
const MESSAGES = 600_000;
/** Messages of the piece that standard input brings before the signal. */
const PIECE = 500;

let folder = '';
let large: string[] = [];
let piece = Buffer.alloc(0);

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'sidescope-interrupted-'));
  const path = join(folder, 'large');
  const file = openSync(`${path}.pcap`, 'w');
  const { keyring } = writeBulkCapture((octets) => writeSync(file, octets), { messages: MESSAGES });
  closeSync(file);
  writeFileSync(`${path}.json`, JSON.stringify(keyring));
  large = [`${path}.pcap`, '--keyring', `${path}.json`];
  const octets: Buffer[] = [];
  writeBulkCapture((part) => octets.push(Buffer.from(part)), { messages: PIECE });
  piece = Buffer.concat(octets);
});

afterAll(() => {
  rmSync(folder, { recursive: true, force: true, maxRetries: 50, retryDelay: 100 });
});

/** One `read` that runs. */
class Reading {
  out = '';
  err = '';
  readonly child: ChildProcess;

  constructor(args: readonly string[], stdout: 'pipe' | number = 'pipe') {
    this.child = spawn(process.execPath, [SIDESCOPE, 'read', ...args], { stdio: ['pipe', stdout, 'pipe'] });
    this.child.stdout?.setEncoding('utf8').on('data', (text: string) => {
      this.out += text;
    });
    this.child.stderr?.setEncoding('utf8').on('data', (text: string) => {
      this.err += text;
    });
    onTestFinished(() => void this.child.kill('SIGKILL'));
  }

  /** Waits until something is printed, or written into that file. */
  async begun(path?: string): Promise<void> {
    const size = (): number => (path === undefined ? this.out.length : readFileSync(path).length);
    while (size() === 0) await pause(10);
  }

  /** Sends a signal and waits for the end. @returns exit code, or the signal that ended it */
  async ended(signal: 'SIGINT' | 'SIGTERM' = 'SIGINT'): Promise<number | string> {
    this.child.kill(signal);
    const [code, by] = (await once(this.child, 'close')) as [number | null, string | null];
    return code ?? by ?? '';
  }
}

function told(name: string, signal = 'SIGINT'): string {
  return `sidescope: error: ${name}: interrupted by ${signal}; what was read until then is all there is [interrupted]\n  hint: run it again for the rest\n`;
}

/** Records by type; the last one is the summary. */
function records(text: string): { type: string; complete?: boolean; messages?: number }[] {
  return text
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line) as { type: string });
}

describe.each([['1'], ['2'], ['3']])('a file, in %s threads', (threads) => {
  test.each([
    ['SIGINT', 130],
    ['SIGTERM', 143],
  ] as const)('%s: records end with epochs and an account of what was read', async (signal, code) => {
    const reading = new Reading([...large, '-T', 'ndjson', '--threads', threads]);
    await reading.begun();
    expect(await reading.ended(signal)).toBe(code);
    expect(reading.err).toBe(told(large[0], signal));
    const printed = records(reading.out);
    const summary = printed.at(-1);
    expect(summary).toMatchObject({ type: 'summary', complete: false });
    expect(summary?.messages).toBe(printed.filter(({ type }) => type === 'message').length);
    expect(summary?.messages).toBeLessThan(MESSAGES);
    expect(printed.at(-2)?.type).toBe('epoch');
  });

  test('an array is closed', async () => {
    const reading = new Reading([...large, '-T', 'json', '--threads', threads]);
    await reading.begun();
    expect(await reading.ended()).toBe(130);
    expect((JSON.parse(reading.out) as unknown[]).length).toBeLessThan(MESSAGES);
  });

  test('frames without keys', async () => {
    const reading = new Reading([large[0], '-T', 'fields', '-e', 'frame.number', '--threads', threads]);
    await reading.begun();
    expect(await reading.ended()).toBe(130);
    expect(reading.err).toBe(told(large[0]));
  });

  test('documents that another thread writes are whole', async () => {
    const path = join(folder, `documents-${threads}`);
    const file = openSync(path, 'w');
    const reading = new Reading([...large, '-T', 'ek', '--threads', threads], file);
    await reading.begun(path);
    expect(await reading.ended()).toBe(130);
    closeSync(file);
    const lines = readFileSync(path, 'utf8').split('\n');
    expect(lines.pop()).toBe('');
    for (const line of [lines[0], lines[lines.length - 1]]) expect(JSON.parse(line)).toBeTypeOf('object');
    expect(lines.length % 2).toBe(0);
  });

  test('standard input on which nothing more comes', async () => {
    const reading = new Reading(['-', ...large.slice(1), '-T', 'ndjson', '-z', 'groups', '--threads', threads]);
    reading.child.stdin?.write(piece);
    await reading.begun();
    while (records(reading.out.slice(0, reading.out.lastIndexOf('\n'))).length < PIECE) {
      await pause(10);
    }
    expect(await reading.ended()).toBe(130);
    expect(reading.err).toBe(told('standard input'));
    const printed = records(reading.out);
    expect(printed.at(-2)).toMatchObject({ type: 'summary', complete: false, messages: PIECE });
    expect(printed.at(-1)?.type).toBe('tables');
  });

  test('standard input on which nothing came', async () => {
    const reading = new Reading(['-', '-T', 'json', '--threads', threads]);
    await reading.begun();
    // The array is begun before the wait is.
    await pause(500);
    expect(await reading.ended()).toBe(130);
    expect(JSON.parse(reading.out)).toEqual([]);
  });
});

test('Ctrl-C that also ends whoever writes the pipe', async () => {
  const reading = new Reading(['-', '-T', 'ndjson']);
  reading.child.stdin?.write(piece);
  await reading.begun();
  const ended = reading.ended();
  reading.child.stdin?.end();
  expect(await ended).toBe(130);
  expect(records(reading.out).at(-1)).toMatchObject({ type: 'summary', complete: false });
});

test('what -w wrote is whole', async () => {
  const path = join(folder, 'written.pcapng');
  const reading = new Reading([...large, '-w', path, '-T', 'ndjson']);
  await reading.begun();
  expect(await reading.ended()).toBe(130);
  const source = await openCapture(path);
  let frames = 0;
  for (let batch = await source.next(); batch !== null; batch = await source.next()) frames += batch.count;
  expect(source.problem).toBe(null);
  expect(frames).toBe(records(reading.out).at(-1)?.messages);
});

test('the first of two passes', async () => {
  const reading = new Reading([...large, '--late-keys', '-T', 'ndjson']);
  await reading.begun();
  expect(await reading.ended()).toBe(130);
  expect(records(reading.out).at(-1)).toMatchObject({ type: 'summary', complete: false });
});

test('a second signal ends at once', () => {
  const stop = new Interruption();
  const before = process.listenerCount('SIGINT') + process.listenerCount('SIGTERM');
  stop.listen();
  expect(process.listenerCount('SIGINT') + process.listenerCount('SIGTERM')).toBe(before + 2);
  process.emit('SIGTERM', 'SIGTERM');
  expect(stop.exitCode).toBe(143);
  // Nobody listens any more: the system ends the program.
  expect(process.listenerCount('SIGINT') + process.listenerCount('SIGTERM')).toBe(before);
});

describe('what is asked for of an input', () => {
  test('the next batch, until a signal came', () => {
    const stop = new Interruption();
    stop.listen();
    const input = { next: () => 7 };
    expect(stop.next(input)).toBe(7);
    expect(stop.isMade).toBe(false);
    process.emit('SIGINT', 'SIGINT');
    expect(stop.next(input)).toBe(null);
    expect(stop.signal).toBe('SIGINT');
  });

  test('nothing more while it is waited for, and its error where it has one', async () => {
    const stop = new Interruption();
    stop.listen();
    await expect(stop.next({ next: () => Promise.reject(new Error('gone')) })).rejects.toThrow('gone');
    const never = new Promise<number>(() => {});
    const waited = stop.next({ next: () => never });
    process.emit('SIGINT', 'SIGINT');
    expect(await waited).toBe(null);
  });
});
