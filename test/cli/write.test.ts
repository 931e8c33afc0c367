// `read -w` as a user has it: what is written and printed, what is refused, and that no failure costs a file.

import { execFileSync, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import {
  chmodSync,
  closeSync,
  copyFileSync,
  existsSync,
  linkSync,
  mkdirSync,
  mkdtempSync,
  openSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { inputFiles } from '../../cli/input-files.ts';
import { analyse } from '../../testing/analyse.ts';

const ROOT = join(import.meta.dirname, '..', '..');
const SIDESCOPE = join(ROOT, 'dist', 'cli', 'main.js');
const SAMPLE = join(ROOT, 'captures', 'samples', 'attacked');
const CAPTURE = join(SAMPLE, 'capture.pcapng');
const KEYRING = join(SAMPLE, 'keyring.json');
const KEYS = ['--keyring', KEYRING];

let root = '';
let folder = '';
let cases = 0;

beforeAll(() => {
  root = mkdtempSync(join(tmpdir(), 'sidescope-write-'));
});

beforeEach(() => {
  folder = join(root, String(++cases));
  mkdirSync(folder);
});

afterAll(() => {
  rmSync(root, { recursive: true, force: true });
});

interface Run {
  readonly code: number | null;
  readonly out: Buffer;
  readonly err: string;
}

function read(args: readonly string[], stdin: Uint8Array | number | 'ignore' = 'ignore'): Run {
  const input = typeof stdin === 'object' ? { input: stdin } : { stdio: [stdin, 'pipe', 'pipe'] as const };
  const result = spawnSync(process.execPath, [SIDESCOPE, 'read', ...args], {
    ...(input as { input: Uint8Array }),
    timeout: 20_000,
    maxBuffer: 64 << 20,
  });
  return { code: result.status, out: result.stdout, err: result.stderr.toString() };
}

const path = (name: string): string => join(folder, name);

async function messagesOf(file: string): Promise<number> {
  return (await analyse(file, { keyring: KEYRING })).messages.length;
}

describe('what is written and printed', () => {
  test('-w alone writes all frames and prints nothing, as tshark does', async () => {
    const { code, out, err } = read([...KEYS, CAPTURE, '-w', path('out.pcapng')]);
    expect([code, out.length, err]).toEqual([0, 0, '']);
    const { summary, problem } = await analyse(path('out.pcapng'), { keyring: KEYRING });
    expect(problem).toBeNull();
    expect(summary.frames).toBe((await analyse(CAPTURE)).summary.frames);
  });

  test.each([
    ['records', ['-T', 'ndjson']],
    ['text', ['-T', 'text']],
    ['trees', ['-V', '-c', '20']],
    ['octets', ['-x', '-c', '20']],
    ['tables', ['-q', '-z', 'groups']],
    ['trees as JSON, filtered', ['-T', 'json', '-Y', 'slrb.verdict == "forged"']],
  ])('%s are printed beside it where they are asked for', (_name, args) => {
    const alone = read([...KEYS, CAPTURE, ...args]);
    const beside = read([...KEYS, CAPTURE, ...args, '-w', path('out.pcapng')]);
    expect(beside.out.length).toBeGreaterThan(0);
    expect(beside.out.equals(alone.out)).toBe(true);
    expect(beside.code).toBe(0);
  });

  test('two runs write the same octets', () => {
    read([...KEYS, CAPTURE, '--payload', '-w', path('one.pcapng')]);
    read([...KEYS, CAPTURE, '--payload', '-w', path('two.pcapng')]);
    expect(readFileSync(path('one.pcapng')).equals(readFileSync(path('two.pcapng')))).toBe(true);
  });

  test('-Y chooses frames', async () => {
    read([...KEYS, CAPTURE, '-Y', 'slrb.verdict == "stale"', '-w', path('out.pcapng')]);
    const { verdicts } = (await analyse(path('out.pcapng'), { keyring: KEYRING })).summary;
    expect(verdicts).toEqual({ stale: 15 });
  });

  test('-Y on a finding, which needs the keys that were tried or not', async () => {
    read([...KEYS, CAPTURE, '-Y', 'finding.name == "ctr.replay"', '-w', path('out.pcapng')]);
    expect(await messagesOf(path('out.pcapng'))).toBe(12);
  });

  test('-c ends it', async () => {
    read([...KEYS, CAPTURE, '-c', '7', '-w', path('out.pcapng')]);
    expect((await analyse(path('out.pcapng'))).summary.frames).toBe(7);
  });

  test('a file that is there is replaced', async () => {
    writeFileSync(path('out.pcapng'), new Uint8Array(1 << 20));
    read([...KEYS, CAPTURE, '-c', '1', '-w', path('out.pcapng')]);
    expect((await analyse(path('out.pcapng'))).summary).toMatchObject({ frames: 1, complete: true });
  });

  test('with --payload deciphered packets go in, and the file is for its owner alone', async () => {
    read([...KEYS, CAPTURE, '--payload', '-w', path('out.pcapng')]);
    expect(statSync(path('out.pcapng')).mode & 0o077).toBe(0);
    const { messages } = await analyse(CAPTURE, { keyring: KEYRING });
    const octets = readFileSync(path('out.pcapng'));
    const payload = Buffer.from(messages.find(({ verdict }) => verdict === 'decrypted')?.payload ?? '', 'hex');
    expect(octets.includes(payload)).toBe(true);
    read([...KEYS, CAPTURE, '-w', path('without.pcapng')]);
    expect(readFileSync(path('without.pcapng')).includes(payload)).toBe(false);
  });

  test('exit codes of findings stay', () => {
    expect(read([...KEYS, CAPTURE, '--fail-on', 'high', '-w', path('out.pcapng')]).code).toBe(1);
  });

  test('of a damaged capture everything before the damage is written', async () => {
    const octets = readFileSync(CAPTURE);
    writeFileSync(path('cut.pcapng'), octets.subarray(0, octets.length >> 1));
    const { code, err } = read([...KEYS, path('cut.pcapng'), '-w', path('out.pcapng')]);
    expect(code).toBe(3);
    expect(err).toMatch(/\(octet \d+\)/);
    const [before, after] = [await analyse(path('cut.pcapng')), await analyse(path('out.pcapng'))];
    expect(after.summary.frames).toBe(before.summary.frames);
    expect(after.summary.frames).toBeGreaterThan(50);
    expect(after.summary.complete).toBe(true);
  });

  test('an empty capture gives a capture without frames', async () => {
    writeFileSync(path('empty.pcapng'), readFileSync(CAPTURE).subarray(0, 0));
    expect(read([path('empty.pcapng'), '-w', path('out.pcapng')]).code).toBe(3);
    const { summary, problem } = await analyse(path('out.pcapng'));
    expect([summary.frames, problem]).toEqual([0, null]);
  });
});

describe('pipes', () => {
  test('frames of a pipe are written while it goes on', { timeout: 20_000 }, async () => {
    const octets = readFileSync(CAPTURE);
    const child = spawn(process.execPath, [SIDESCOPE, 'read', '-', '-w', path('out.pcapng')]);
    try {
      child.stdin.write(octets.subarray(0, octets.length >> 1));
      const half = (): number => (existsSync(path('out.pcapng')) ? statSync(path('out.pcapng')).size : 0);
      for (let tries = 0; tries < 400 && half() < octets.length >> 2; tries++) await pause(25);
      expect(half()).toBeGreaterThan(octets.length >> 2);
      const early = await analyse(path('out.pcapng'));
      expect(early.summary.frames).toBeGreaterThan(50);
      expect(early.problem).toBeNull();
      const ended = once(child, 'close');
      child.stdin.end(octets.subarray(octets.length >> 1));
      expect((await ended)[0]).toBe(0);
    } finally {
      child.kill();
    }
    expect((await analyse(path('out.pcapng'))).summary.frames).toBe((await analyse(CAPTURE)).summary.frames);
  });

  test('- is standard output, and the same octets', () => {
    const { code, out, err } = read([...KEYS, '-', '-w', '-'], readFileSync(CAPTURE));
    expect([code, err]).toEqual([0, '']);
    read([...KEYS, CAPTURE, '-w', path('out.pcapng')]);
    expect(out.equals(readFileSync(path('out.pcapng')))).toBe(true);
  });

  test('a reader of standard output that goes away ends it quietly', () => {
    const script = `"$0" "$1" read "$2" -w - | head -c 100 | wc -c; echo "\${PIPESTATUS[0]}"`;
    const out = execFileSync('bash', ['-c', script, process.execPath, SIDESCOPE, CAPTURE], { timeout: 20_000 });
    expect(out.toString().trim().split(/\s+/)).toEqual(['100', '0']);
  });
});

describe('what is refused, with exit code 2', () => {
  function expectError(run: Run, code: string): void {
    expect(run.err).toMatch(/^sidescope: error: .+ \[[a-z.-]+\]\n {2}hint: .+\n$/);
    expect(run.err).toContain(`[${code}]`);
    expect(run.code).toBe(2);
  }

  test.each([
    ['text', ['-T', 'text']],
    ['trees', ['-V']],
    ['octets', ['-x']],
    ['a table', ['-q', '-z', 'groups']],
  ])('%s and a capture on standard output at once', (_name, args) => {
    const run = read([CAPTURE, ...args, '-w', '-']);
    expectError(run, 'usage.two-outputs');
    expect(run.out.length).toBe(0);
  });

  test('-q with a form is no text', () => {
    expect(read([CAPTURE, '-q', '-T', 'json', '-w', '-']).code).toBe(0);
  });

  test.each([
    ['by its own name', (name: string) => name],
    ['by another spelling', (name: string) => join(folder, '..', String(cases), '.', name.split('/').at(-1) ?? '')],
    [
      'by a symbolic link',
      (name: string) => {
        symlinkSync(name, path('link.pcapng'));
        return path('link.pcapng');
      },
    ],
    [
      'by a hard link',
      (name: string) => {
        linkSync(name, path('link.pcapng'));
        return path('link.pcapng');
      },
    ],
  ])('the capture that is read, %s', (_name, nameOf) => {
    copyFileSync(CAPTURE, path('in.pcapng'));
    expectError(read([path('in.pcapng'), '-w', nameOf(path('in.pcapng'))]), 'output.is-input');
    expect(readFileSync(path('in.pcapng')).equals(readFileSync(CAPTURE))).toBe(true);
  });

  test('the capture that is read as standard input', () => {
    copyFileSync(CAPTURE, path('in.pcapng'));
    const descriptor = openSync(path('in.pcapng'), 'r');
    try {
      expectError(read(['-', '-w', path('in.pcapng')], descriptor), 'output.is-input');
    } finally {
      closeSync(descriptor);
    }
    expect(readFileSync(path('in.pcapng')).equals(readFileSync(CAPTURE))).toBe(true);
  });

  test('the keyring', () => {
    copyFileSync(KEYRING, path('keyring.json'));
    expectError(read([CAPTURE, '--keyring', path('keyring.json'), '-w', path('keyring.json')]), 'output.is-input');
    expect(readFileSync(path('keyring.json')).equals(readFileSync(KEYRING))).toBe(true);
  });

  test('the files of a vault, its passphrase, the configuration', async () => {
    const vault = path('keys.vault');
    writeFileSync(path('passphrase'), 'a long passphrase that nobody guesses', { mode: 0o600 });
    writeFileSync(path('config.json'), '{}');
    const opens = ['--vault', vault, '--passphrase-file', path('passphrase')];
    const made = spawnSync(process.execPath, [SIDESCOPE, 'keys', 'init', ...opens], { timeout: 20_000 });
    expect(made.status).toBe(0);
    const args = [CAPTURE, ...opens, '--config', path('config.json'), '-w'];
    const files = readdirSync(folder).map(path);
    expect(files.length).toBeGreaterThan(4);
    expect(files.sort()).toEqual(
      (
        await inputFiles(CAPTURE, {
          keyring: [],
          vault,
          passphraseFile: path('passphrase'),
          config: path('config.json'),
        })
      )
        .filter((file) => existsSync(file) && file !== CAPTURE)
        .sort(),
    );
    for (const file of [vault, path('passphrase'), path('config.json')]) {
      const before = readFileSync(file);
      expectError(read([...args, file]), 'output.is-input');
      expect(readFileSync(file).equals(before)).toBe(true);
    }
  });

  test('a folder, and a folder that is not there', () => {
    expectError(read([CAPTURE, '-w', folder]), 'output.is-a-directory');
    expectError(read([CAPTURE, '-w', path('none/out.pcapng')]), 'output.no-such-folder');
    expectError(read([CAPTURE, '-w', `${CAPTURE}/out.pcapng`]), 'output.no-such-folder');
  });

  test('a file that this user may not write', ({ skip }) => {
    skip(process.getuid?.() === 0, 'the administrator may write anywhere');
    writeFileSync(path('out.pcapng'), 'kept');
    chmodSync(path('out.pcapng'), 0o400);
    expectError(read([CAPTURE, '-w', path('out.pcapng')]), 'output.no-permission');
    expect(readFileSync(path('out.pcapng'), 'utf8')).toBe('kept');
  });

  test('no space, on a file and on standard output', ({ skip }) => {
    skip(!existsSync('/dev/full'), 'this system has no device that is always full');
    expectError(read([CAPTURE, '-w', '/dev/full']), 'output.no-space');
    const descriptor = openSync('/dev/full', 'w');
    try {
      const run = spawnSync(process.execPath, [SIDESCOPE, 'read', CAPTURE, '-w', '-'], {
        stdio: ['ignore', descriptor, 'pipe'],
        timeout: 20_000,
      });
      expectError({ code: run.status, out: Buffer.alloc(0), err: run.stderr.toString() }, 'output.no-space');
    } finally {
      closeSync(descriptor);
    }
  });

  test.each([
    ['no capture', (): string[] => [path('none.pcapng')]],
    ['a wrong filter', (): string[] => [CAPTURE, '-Y', 'slrb.verdict ==']],
    ['a wrong field', (): string[] => [CAPTURE, '-T', 'fields', '-e', 'no.such.field']],
    ['a wrong keyring', (): string[] => [CAPTURE, '--keyring', CAPTURE]],
  ])('%s: nothing is made', (_name, argsOf) => {
    expect(read([...argsOf(), '-w', path('out.pcapng')]).code).not.toBe(0);
    expect(existsSync(path('out.pcapng'))).toBe(false);
  });
});
