// `read --threads`: the same bytes out at 1, 2 and 3 threads, from a file, from a pipe in odd pieces; the same events from
// a live replay; the same words for bad input; an end that says so where the other thread dies.

import { spawn, spawnSync } from 'node:child_process';
import {
  closeSync,
  mkdtempSync,
  openSync,
  readdirSync,
  readFileSync,
  rmSync,
  truncateSync,
  writeFileSync,
  writeSync,
} from 'node:fs';
import { availableParallelism, tmpdir } from 'node:os';
import { basename, dirname, join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { FrameSource } from '../../captures/frame-batch.ts';
import type * as OpenModule from '../../captures/open.ts';
import { openCapture } from '../../captures/open.ts';
import { ReplaySource } from '../../captures/sources/replay.ts';
import type { ReadOptions } from '../../cli/read-options.ts';
import { engineThreads } from '../../cli/read-threads.ts';
import { Analysis } from '../../daemon/analysis.ts';
import type { FindingEvent, SidescopeEvent } from '../../daemon/events.ts';
import { emptyKeyring } from '../../daemon/keyring/keyring.ts';
import { parseKeyring } from '../../daemon/keyring/keyring-file.ts';
import { writeBulkCapture } from '../../testing/bulk.ts';
import { synthesise } from '../../testing/synthesise.ts';
import { NO_SHARED, SHARED_CAPTURES, sharedFiles, sharedFolders } from '../shared-captures.ts';
import { baseScenario } from '../testing/base-scenario.ts';

const ROOT = join(import.meta.dirname, '..', '..');
const SIDESCOPE = join(ROOT, 'dist', 'cli', 'main.js');
// Node 20 loads no TypeScript in a thread: this one starts it from the build.
const built = (await import(join(ROOT, 'dist', 'captures', 'open.js'))) as typeof OpenModule;

const SAMPLES = join(ROOT, 'captures', 'samples');
const ATTACKED = join(SAMPLES, 'attacked', 'capture.pcapng');
const KEYRING = join(SAMPLES, 'attacked', 'keyring.json');

/** Captures with their keyrings, and captures of others that have none. */
const CAPTURES: readonly string[] = [
  ...foldersOf(SAMPLES).map((folder) => captureIn(folder)),
  ...sharedFolders('labelled').map((name) => captureIn(join(SHARED_CAPTURES, 'labelled', name))),
  ...['over-the-air', 'lte-uu', 'mikey', 'wireshark-samples'].flatMap((name) => sharedFiles(name)),
];

/** Every sender is a stranger to its group: more findings than may be open, so that the order of evictions shows. */
const BULK = { messages: 40_000, senders: 17_000, groups: 20, octets: 60 };

let folder = '';
const path = (name: string) => join(folder, name);

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'sidescope-threads-'));
  const file = openSync(path('bulk.pcap'), 'w');
  const { keyring } = writeBulkCapture((piece) => writeSync(file, piece), BULK);
  closeSync(file);
  writeFileSync(path('bulk.pcap.gz'), gzipSync(readFileSync(path('bulk.pcap')), { level: 1 }));
  const groups = (keyring.groups as readonly object[]).map((group) => ({ ...group, members: [{ id: '000001' }] }));
  writeFileSync(path('keyring.json'), JSON.stringify({ ...keyring, groups }));
});

afterAll(() => {
  rmSync(folder, { recursive: true, force: true, maxRetries: 50, retryDelay: 100 });
});

function foldersOf(place: string): string[] {
  return readdirSync(place, { withFileTypes: true })
    .filter((entry) => entry.isDirectory())
    .map((entry) => join(place, entry.name));
}

function captureIn(place: string): string {
  return join(place, readdirSync(place).find((file) => file.startsWith('capture.')) ?? 'capture.pcap');
}

function keyringOf(capture: string) {
  const beside = readdirSync(dirname(capture)).includes('keyring.json') ? join(dirname(capture), 'keyring.json') : null;
  return beside === null ? emptyKeyring() : parseKeyring(readFileSync(beside), beside);
}

async function eventsOf(source: FrameSource, capture: string, live = false): Promise<SidescopeEvent[]> {
  const events: SidescopeEvent[] = [];
  const keep = (event: SidescopeEvent): void => {
    events.push(event);
  };
  const listener = { message: keep, finding: keep, key: keep, epoch: keep, summary: keep };
  const { problem } = await new Analysis({ keyring: keyringOf(capture), payload: true, live }, listener).run(source);
  expect(problem?.code ?? 'whole').not.toBe('capture.reader-stopped');
  return events;
}

const textOf = (events: readonly SidescopeEvent[]) => events.map((event) => JSON.stringify(event)).join('\n');

interface Run {
  readonly code: number | null;
  readonly out: string;
  readonly err: string;
}

function read(...args: readonly string[]): Run {
  const { status, stdout, stderr } = spawnSync(process.execPath, [SIDESCOPE, 'read', ...args], {
    encoding: 'utf8',
    maxBuffer: 1 << 28,
    timeout: 25_000,
  });
  return { code: status, out: stdout, err: stderr };
}

/** The same through standard input, in pieces of odd lengths; through a shell's pipe, or a socket as Node gives it. */
async function readPieces(octets: Uint8Array, through: 'pipe' | 'socket', ...args: readonly string[]): Promise<Run> {
  const words = [process.execPath, SIDESCOPE, 'read', '-', ...args];
  const child =
    through === 'socket'
      ? spawn(words[0], words.slice(1))
      : spawn('sh', ['-c', 'cat | "$@"', 'sh', ...words], { stdio: 'pipe' });
  let out = '';
  let err = '';
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    out += text;
  });
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    err += text;
  });
  const ended = new Promise<number | null>((resolve, reject) => {
    child.on('close', resolve).on('error', reject);
  });
  for (let at = 0, length = 1; at < octets.length; at += length, length = (length * 7 + 3) % 40_009) {
    const piece = octets.subarray(at, at + length);
    await new Promise<void>((resolve) => {
      child.stdin.write(piece, () => {
        resolve();
      });
    });
  }
  child.stdin.end();
  return { code: await ended, out, err };
}

describe('the same events at 1 and 2 threads, and from a live replay', () => {
  test('there are captures of others to compare', (context) => {
    context.skip(sharedFolders('labelled').length === 0, NO_SHARED);
    expect(CAPTURES.length).toBeGreaterThanOrEqual(30);
  });

  test.each(CAPTURES.map((capture) => [`${basename(dirname(capture))}/${basename(capture)}`, capture]))(
    '%s',
    async (_name, capture) => {
      const alone = await eventsOf(await openCapture(capture), capture);
      expect(alone.at(-1)?.type).toBe('summary');
      const threaded = await eventsOf(await built.openCapture(capture, { threads: 2 }), capture);
      expect(textOf(threaded)).toBe(textOf(alone));
      const replayed = await eventsOf(new ReplaySource(await openCapture(capture)), capture);
      expect(textOf(replayed)).toBe(textOf(alone));
      expectLive(await eventsOf(new ReplaySource(await openCapture(capture)), capture, true), alone);
    },
  );
});

/** A live feed says the same, and each finding that was folded a first time at its first occurrence. */
function expectLive(live: readonly SidescopeEvent[], file: readonly SidescopeEvent[]): void {
  const isFinding = (event: SidescopeEvent): event is FindingEvent => event.type === 'finding';
  expect(textOf(live.filter((event) => !isFinding(event)))).toBe(textOf(file.filter((event) => !isFinding(event))));
  const left = live.filter(isFinding).map((event) => JSON.stringify(event));
  for (const event of file.filter(isFinding)) {
    const at = left.indexOf(JSON.stringify(event));
    expect(at, `${event.name} of frames ${event.frames.join(' ')}`).toBeGreaterThanOrEqual(0);
    left.splice(at, 1);
  }
  const firsts = left.map((text) => JSON.parse(text) as FindingEvent);
  const folded = file.filter(isFinding).filter((event) => event.count > 1);
  const scopeOf = (event: FindingEvent) =>
    [event.name, event.severity, event.group, event.source, event.time].join(' ');
  expect(firsts.every((event) => event.count === 1)).toBe(true);
  expect(firsts.map(scopeOf).sort()).toEqual(folded.map(scopeOf).sort());
}

describe('the same output at 1 and 2 threads', () => {
  test('under pressure on tables, from a plain and a compressed file', () => {
    const args = ['-T', 'ndjson', '--payload', '--keyring', path('keyring.json')];
    const alone = read(path('bulk.pcap'), '--threads', '1', ...args);
    expect(alone.code).toBe(0);
    expect(alone.out.trimEnd().split('\n').at(-1)).toMatch(/"messages":40000.*"finding-records":\d+/);
    const asFile = [...args, '--threads'];
    for (const [name, threads] of [
      ['bulk.pcap', '2'],
      ['bulk.pcap', '3'],
      ['bulk.pcap.gz', '2'],
      ['bulk.pcap.gz', '3'],
    ] as const) {
      const threaded = read(path(name), ...asFile, threads);
      expect([threaded.code, threaded.err]).toEqual([0, '']);
      expect(threaded.out === alone.out, name).toBe(true);
    }
  }, 60_000);

  test('a key delivery that two interfaces heard, and one that was sent again', () => {
    const deliver = { do: 'delivery', pmk: '706d6b2d31', group: 'Fire 7', pgk: 12, counter: 4, label: 'push' };
    const steps = [
      { do: 'talk', at: 0, radio: 'Engine 71', count: 12 },
      { ...deliver, at: 1, interface: 'lan' },
      { do: 'replay', at: 1.05, step: 'push', interface: 'other' },
      { do: 'replay', at: 1.11, step: 'push', interface: 'other' },
      { do: 'talk', at: 2, radio: 'Engine 71', count: 12, key: { pgk: 12 } },
    ];
    const interfaces = [
      { name: 'air', framing: 'mac-lte-framed' },
      ...['lan', 'other'].map((name) => ({ name, framing: 'udp-ethernet' })),
    ];
    const made = synthesise(baseScenario(steps, { capture: { interfaces }, pmks: [{ id: '706d6b2d31' }] }));
    writeFileSync(path('delivery.pcapng'), made.capture);
    writeFileSync(path('delivery.json'), JSON.stringify(made.keyring));
    const outputs = ['1', '2', '3'].map((threads) =>
      read(path('delivery.pcapng'), '-T', 'ndjson', '--keyring', path('delivery.json'), '--threads', threads),
    );
    expect(outputs[0].out).toMatch(/"name":"capture.duplicate".*"group":null,"source":null,"frames":\[14\]/);
    expect(outputs[0].out).toMatch(/"decrypted":24.*"undecoded":\{"key-management":3\}/);
    for (const { out } of outputs) expect(out).toBe(outputs[0].out);
  });

  test.each(['text', 'ndjson', 'json', 'ek'])('-T %s', (type) => {
    const args = [ATTACKED, '--keyring', KEYRING, '-T', type];
    const alone = read(...args, '--threads', '1');
    expect(alone.out.length).toBeGreaterThan(1000);
    expect(read(...args, '--threads', '2')).toEqual(alone);
    expect(read(...args, '--threads', '3')).toEqual(alone);
  });

  test.each(['pipe', 'socket'] as const)('from a %s in odd pieces, plain and compressed', async (through) => {
    const args = ['-T', 'ndjson', '--keyring', KEYRING];
    const file = read(ATTACKED, ...args, '--threads', '1');
    const plain = readFileSync(ATTACKED);
    for (const octets of [plain, gzipSync(plain)]) {
      expect(await readPieces(octets, through, ...args, '--threads', '2')).toEqual(file);
      expect(await readPieces(octets, through, ...args, '--threads', '3')).toEqual(file);
    }
    expect(await readPieces(plain, through, ...args, '--threads', '1')).toEqual(file);
  });

  test('from standard input that is a file', () => {
    const args = ['read', '-', '-T', 'ndjson', '--keyring', KEYRING, '--threads', '2'];
    const input = openSync(ATTACKED, 'r');
    const { status, stdout } = spawnSync(process.execPath, [SIDESCOPE, ...args], {
      stdio: [input, 'pipe', 'inherit'],
      encoding: 'utf8',
      maxBuffer: 1 << 26,
    });
    closeSync(input);
    expect(status).toBe(0);
    expect(stdout).toBe(read(ATTACKED, '-T', 'ndjson', '--keyring', KEYRING, '--threads', '1').out);
  });

  test('with -c, which stops in the middle', () => {
    const args = [path('bulk.pcap'), '--keyring', path('keyring.json'), '-T', 'ndjson', '-c', '5000'];
    const alone = read(...args, '--threads', '1');
    expect(alone.out).toContain('"frames":5000,');
    expect(read(...args, '--threads', '2')).toEqual(alone);
  });
});

describe('the same words for bad input', () => {
  const attacked = readFileSync(ATTACKED);
  test.each<[string, Uint8Array | null, number]>([
    ['empty', new Uint8Array(), 3],
    ['no-capture', Buffer.from('{"format":"sidescope-keyring/1"}'), 3],
    ['cut', attacked.subarray(0, 30_011), 3],
    ['cut-gzip', gzipSync(attacked).subarray(0, -20), 3],
    ['damaged', Buffer.concat([attacked.subarray(0, 8), Buffer.alloc(4), attacked.subarray(12)]), 3],
    ['absent', null, 2],
  ])('%s', (name, octets, code) => {
    if (octets !== null) writeFileSync(path(name), octets);
    const alone = read(path(name), '-T', 'ndjson', '--threads', '1');
    expect(alone.code).toBe(code);
    expect(alone.err).toMatch(/^sidescope: error: .* \[capture\.[a-z-]+\]\n {2}hint: /);
    expect(read(path(name), '-T', 'ndjson', '--threads', '2')).toEqual(alone);
    expect(read(path(name), '-T', 'ndjson', '--threads', '3')).toEqual(alone);
  });
});

describe('the same words for what fails while the thread is on its way', () => {
  test.each<[string, readonly string[], RegExp]>([
    ['an absent keyring', ['--keyring', 'absent.json'], /\[keyring\.[a-z-]+\]/],
    ['a keyring that is none', ['--keyring', ATTACKED], /\[keyring\.not-utf8\]/],
    ['a vault and a keyring', ['--vault', 'absent', '--keyring', KEYRING], /\[usage\.vault-and-keyring\]/],
    ['an absent configuration', ['--config', 'absent.json'], /\[config\.[a-z-]+\]/],
    ['a filter that is wrong', ['-Y', 'no such'], /\[filter\.[a-z-]+\]/],
    ['column options that are wrong', ['-E', 'nothing=1'], /\[filter\.[a-z-]+\]/],
  ])('%s', (_name, args, code) => {
    const alone = read(path('bulk.pcap'), '-T', 'ndjson', '--threads', '1', ...args);
    expect(alone.code).toBe(2);
    expect(alone.err).toMatch(code);
    expect(read(path('bulk.pcap'), '-T', 'ndjson', '--threads', '2', ...args)).toEqual(alone);
    expect(read(path('bulk.pcap'), '-T', 'ndjson', '--threads', '3', ...args)).toEqual(alone);
  });
});

describe('how many threads are the default', () => {
  const most = Math.min(availableParallelism(), 3);
  const threads = (capture: string, options: Partial<ReadOptions> = {}, prints = false) => {
    const none = { keyring: [], column: [], columnOption: [], statistics: [], type: 'text' } as const;
    return engineThreads(capture, { ...none, ...options }, prints);
  };

  beforeAll(() => {
    // Files of holes.
    for (const [name, octets] of [
      ['large', 1 << 26],
      ['small', (1 << 26) - 1],
      ['eighth', (1 << 23) - 1],
      ['large-keyring', 1 << 20],
      ['half-keyring', 1 << 19],
    ] as const) {
      writeFileSync(path(name), '');
      truncateSync(path(name), octets);
    }
  });

  test('three for a large file, but no more than cores, else one', () => {
    expect(threads(path('large'))).toEqual({ threads: most, isFile: true });
    expect(threads(path('large'), {}, true).threads).toBe(most);
    expect(threads(path('large'), { count: 1000 }).threads).toBe(1);
    expect(threads(path('small')).threads).toBe(1);
    expect(threads(path('small'), { type: 'ek' }, true).threads).toBe(most);
    expect(threads(path('eighth'), { type: 'ek' }, true).threads).toBe(1);
    expect(threads(path('small'), { type: 'json', column: ['frame.number'] }, true).threads).toBe(1);
    expect(threads(path('small'), { threads: 64 })).toEqual({ threads: 3, isFile: true });
    expect(threads(path('absent'), { threads: 2 })).toEqual({ threads: 1, isFile: false });
  });

  test('two at most with a large keyring, or several that are as large', () => {
    const [whole, half] = [path('large-keyring'), path('half-keyring')];
    expect(threads(path('large'), { keyring: [whole] }).threads).toBe(Math.min(most, 2));
    expect(threads(path('large'), { keyring: [half] }).threads).toBe(most);
    expect(threads(path('large'), { keyring: [half, half] }).threads).toBe(Math.min(most, 2));
    expect(threads(path('large'), { keyring: [whole], threads: 3 }).threads).toBe(3);
  });
});

describe('the reading thread', () => {
  test.each(['2', '3'])('that dies ends the command with its code, behind what was read (of %s)', (threads) => {
    // Loaded in every thread of the process; ends the reading one at its eleventh read, of some three MiB: the first are small.
    writeFileSync(
      path('die.mjs'),
      `import fs from 'node:fs';
       import { syncBuiltinESMExports } from 'node:module';
       import { isMainThread } from 'node:worker_threads';
       if (!isMainThread) {
         const { readSync } = fs;
         let reads = 0;
         fs.readSync = (descriptor, octets, ...rest) => {
           if (octets.length >= 1 << 20 && ++reads === 11) process.exit(9);
           return readSync(descriptor, octets, ...rest);
         };
         syncBuiltinESMExports();
       }`,
    );
    const { status, stdout, stderr } = spawnSync(
      process.execPath,
      [SIDESCOPE, 'read', path('bulk.pcap'), '--threads', threads, '-T', 'ndjson', '--keyring', path('keyring.json')],
      {
        encoding: 'utf8',
        maxBuffer: 1 << 28,
        timeout: 25_000,
        env: { ...process.env, NODE_OPTIONS: `--import ${path('die.mjs')}` },
      },
    );
    expect(status).toBe(3);
    expect(stderr).toMatch(
      /the thread that reads the input stopped \(exit code 9\).* \[capture\.reader-stopped\]\n {2}hint:/,
    );
    const lines = stdout.trimEnd().split('\n');
    expect(lines.length).toBeGreaterThan(10_000);
    expect(lines.at(-1)).toMatch(/^{"v":1,"type":"summary",.*"complete":false/);
  });

  test('that judges, and dies while this one reads, ends the command in the same way', () => {
    writeFileSync(
      path('die-judging.mjs'),
      `import { isMainThread, MessagePort } from 'node:worker_threads';
       if (!isMainThread) {
         const { postMessage } = MessagePort.prototype;
         let rounds = 0;
         MessagePort.prototype.postMessage = function (message, ...rest) {
           if (message.kind === 'round' && ++rounds === 7) process.exit(9);
           return postMessage.call(this, message, ...rest);
         };
       }`,
    );
    const words = [
      'read',
      path('bulk.pcap'),
      '--threads',
      '2',
      '-q',
      '-z',
      'groups',
      '--keyring',
      path('keyring.json'),
    ];
    const { status, stdout, stderr } = spawnSync(process.execPath, [SIDESCOPE, ...words], {
      encoding: 'utf8',
      timeout: 25_000,
      env: { ...process.env, NODE_OPTIONS: `--import ${path('die-judging.mjs')}` },
    });
    expect(status).toBe(3);
    expect(stderr).toMatch(
      /the thread that judges the input stopped \(exit code 9\).* \[capture\.reader-stopped\]\n {2}hint:/,
    );
    expect(stdout).toMatch(/Bulk 1 /);
  });

  test('does not outlive a reader of the output that went away', () => {
    const words = [process.execPath, SIDESCOPE, 'read', path('bulk.pcap.gz'), '--threads', '2'];
    const script = 'set -o pipefail; "$@" | head -n 2 > /dev/null';
    const { status, stderr } = spawnSync('bash', ['-c', script, 'bash', ...words], {
      encoding: 'utf8',
      timeout: 25_000,
    });
    expect([status, stderr]).toEqual([0, '']);
  });

  test('does not hold up a command that is interrupted', async () => {
    const words = [SIDESCOPE, 'read', '-', '--threads', '3', '-T', 'ndjson', '--keyring', path('keyring.json')];
    // Of its error only that it is interrupted, which interruption.test.ts looks at.
    const child = spawn(process.execPath, words, { stdio: ['pipe', 'pipe', 'ignore'] });
    const ended = new Promise((resolve) => {
      child.on('close', (code, signal) => resolve([code, signal]));
    });
    const spoke = new Promise((resolve) => {
      child.stdout.once('data', resolve);
    });
    child.stdout.resume();
    child.stdin.on('error', () => undefined).write(readFileSync(path('bulk.pcap')));
    await spoke;
    child.kill('SIGINT');
    expect(await ended).toEqual([130, null]);
  });

  test('does not keep a command that fails before it reads', () => {
    const { code } = read(path('bulk.pcap'), '--threads', '2', '-w', join(folder, 'no-such-folder', 'out.pcapng'));
    expect(code).not.toBe(0);
    expect(code).not.toBeNull();
  });

  test('is asked for by a number from 1 on', () => {
    for (const wrong of ['0', '-1', '1.5', 'two']) {
      const { code, err } = read(ATTACKED, `--threads=${wrong}`);
      expect(code).toBe(2);
      expect(err).toContain('--threads');
    }
    const many = read(ATTACKED, '--keyring', KEYRING, '--threads', '64');
    expect(many).toEqual(read(ATTACKED, '--keyring', KEYRING));
    expect(read('--help').out.replace(/\s+/g, ' ')).toContain('more count as 3');
  });
});
