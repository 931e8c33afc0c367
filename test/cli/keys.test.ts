// `sidescope keys` as a user runs it. Vaults are opened by an X25519 key where the passphrase is not the point: real
// passphrase work takes the better part of a second each time.

import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import {
  chmodSync,
  existsSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, beforeEach, describe, expect, test, vi } from 'vitest';
import { layer2IdText } from '../../daemon/keyring/group.ts';
import { SecretLine } from '../../daemon/keyring/vault/passphrase.ts';
import { keyHex } from '../daemon/vault/fixture.ts';
import { x25519 } from '../daemon/vault/x25519.ts';

const MAIN = fileURLToPath(new URL('../../dist/cli/main.js', import.meta.url));
const DAY = 86_400_000;
const PASSPHRASE = 'correct horse battery staple';

/** Every test starts the program many times; on a busy machine each start takes seconds. */
vi.setConfig({ testTimeout: 120_000 });

let folder = '';
let vault = '';
let counter = 0;
const identity = Buffer.alloc(32, 9);

interface Ran {
  readonly code: number | null;
  readonly out: string;
  readonly err: string;
}

function run(args: readonly string[], more: { env?: NodeJS.ProcessEnv; input?: string } = {}): Ran {
  const { status, stdout, stderr } = spawnSync(process.execPath, [MAIN, 'keys', ...args], {
    encoding: 'utf8',
    env: { ...process.env, SIDESCOPE_VAULT: vault, CREDENTIALS_DIRECTORY: '', ...more.env },
    input: more.input ?? '',
    maxBuffer: 256 * 1024 * 1024,
  });
  return { code: status, out: stdout, err: stderr };
}

const file = (name: string): string => join(folder, name);

function write(name: string, text: string, mode = 0o600): string {
  writeFileSync(file(name), text, { mode });
  chmodSync(file(name), mode);
  return file(name);
}

/** Runs with the identity that opens every vault of these tests. */
function open(args: readonly string[]): Ran {
  return run([...args, '--identity', file('id.pem')]);
}

/** A keyring file with keys around today. */
function keyring(name: string, keys: readonly object[]): string {
  const groups = [{ id: 'f00001', name: 'Fire 7', algorithm: '128-EEA2', keys }];
  return write(name, JSON.stringify({ format: 'sidescope-keyring/1', groups }));
}

function key(id: number, startDay: number, days: number, more: object = {}, number = id): object {
  const at = (day: number): string => new Date(Math.floor(Date.now() / 1000) * 1000 + day * DAY).toISOString();
  return { id, key: keyHex(number), notBefore: at(startDay), notAfter: at(startDay + days), ...more };
}

const KEYS = [key(38, -9, 7), key(39, -2, 7), key(40, 5, 7)];

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'sidescope-keys-'));
  const pem = x25519.privateKey(identity).export({ format: 'pem', type: 'pkcs8' });
  write('id.pem', pem.toString());
  write('pass', `${PASSPHRASE}\n`);
});

afterAll(() => {
  rmSync(folder, { recursive: true, force: true, maxRetries: 50, retryDelay: 100 });
});

beforeEach(() => {
  vault = file(`vault-${++counter}`);
});

/** A vault that the identity opens, with three keys. */
function made(): void {
  const recipient = x25519.publicOf(identity);
  expect(run(['init', '--recipient', Buffer.from(recipient).toString('hex')])).toMatchObject({ code: 0, err: '' });
  expect(open(['import', keyring('keys.json', KEYS)])).toMatchObject({ code: 0 });
}

interface Listed {
  readonly keys: readonly { readonly pgkId: number; readonly state: string; readonly fingerprint: string }[];
}

function states(): Record<number, string> {
  const { out, code } = open(['list', '-T', 'json']);
  expect(code).toBe(0);
  return Object.fromEntries((JSON.parse(out) as Listed).keys.map(({ pgkId, state }) => [pgkId, state]));
}

test('a vault from the first day to the last', () => {
  made();
  expect(states()).toEqual({ 38: 'expired', 39: 'active', 40: 'staged' });
  const table = open(['list']);
  expect(table.out).toMatch(/^group +name +pgk +state +from +until +days left +fingerprint +frames +octets\n/);
  expect(table.out).toMatch(/f00001 +Fire 7 +39 +active .* 4 +[0-9a-f]{16} +0 +0\n/);
  expect(open(['suspend', 'f00001/39', '--reason', 'drill']).out).toMatch(/^suspended f00001\/39, fingerprint/);
  expect(open(['resume', 'f00001', '39']).out).toContain('it is active');
  expect(open(['revoke', 'f00001/39', '--reason', 'lost radio']).out).toContain('it is revoked');
  expect(open(['compromise', 'f00001/39', '--since', '2026-01-01T00:00:00Z']).code).toBe(0);
  expect(open(['revoke', 'f00001/39'])).toMatchObject({ code: 4, out: '' });
  expect(open(['destroy', 'f00001/38'])).toMatchObject({ code: 2 });
  expect(open(['destroy', 'f00001/38', '--for-good']).code).toBe(0);
  expect(states()).toEqual({ 38: 'destroyed', 39: 'compromised', 40: 'staged' });
  const verified = open(['verify']);
  expect(verified).toMatchObject({ code: 0, err: '' });
  expect(verified.out).toContain('ok     audit log:');
  expect(verified.out).toContain('sidescope-audit/');
  const audit = readFileSync(`${vault}.audit`, 'utf8');
  for (const type of [
    'key.imported',
    'key.suspended',
    'key.resumed',
    'key.revoked',
    'key.compromised',
    'key.destroyed',
  ]) {
    expect(audit).toContain(`"type":"${type}"`);
  }
  expect(audit).toContain('lost radio');
  expect(audit).toMatch(/"by":"[^"]+ \(uid \d+\), keys revoke"/);
});

test('an export goes to its recipient and nobody else', () => {
  made();
  const other = Buffer.alloc(32, 5);
  write('other.pem', x25519.privateKey(other).export({ format: 'pem', type: 'pkcs8' }).toString());
  const to = Buffer.from(x25519.publicOf(other)).toString('hex');
  expect(open(['export', 'f00001/39', '--to', to, '-o', file('sealed')])).toMatchObject({ code: 0, err: '' });
  expect(open(['export', 'f00001/39', '--to', to, '-o', file('sealed')]).err).toContain('nothing is overwritten');
  // What was not given out is not on record as given out.
  expect(readFileSync(`${vault}.audit`, 'utf8').split('"type":"keys.exported"')).toHaveLength(2);
  const first = vault;
  vault = file(`vault-${++counter}`);
  run(['init', '--recipient', Buffer.from(x25519.publicOf(identity)).toString('hex')]);
  expect(open(['import', file('sealed')])).toMatchObject({ code: 4 });
  expect(open(['import', file('sealed'), '--export-identity', file('other.pem')]).out).toContain('1 added');
  expect(states()).toEqual({ 39: 'active' });
  expect(first).not.toBe(vault);
});

describe('passphrases', () => {
  test('from a file, a credential and a terminal; a wrong one is refused; none is echoed', () => {
    expect(run(['init', '--passphrase-file', file('pass')])).toMatchObject({ code: 0, err: '' });
    write('wrong', 'another passphrase\n');
    const wrong = run(['list', '--passphrase-file', file('wrong')]);
    expect(wrong).toMatchObject({ code: 4, out: '' });
    expect(wrong.err).toContain('[vault.not-opened]');
    expect(run(['list', '--passphrase-file', '-'], { input: `${PASSPHRASE}\n` }).out).toBe('the vault holds no PGK\n');
    const credentials = mkdtempSync(join(folder, 'credentials-'));
    writeFileSync(join(credentials, 'vault-pass'), PASSPHRASE, { mode: 0o400 });
    expect(run(['list'], { env: { CREDENTIALS_DIRECTORY: credentials } }).code).toBe(0);
  });

  test('without a terminal there is a hint', () => {
    made();
    const { status, stderr } = spawnSync('setsid', ['-w', process.execPath, MAIN, 'keys', 'list'], {
      encoding: 'utf8',
      env: { ...process.env, SIDESCOPE_VAULT: vault, CREDENTIALS_DIRECTORY: '' },
    });
    expect(status).toBe(2);
    expect(stderr).toContain('[usage.no-passphrase]');
    expect(stderr).toContain('--passphrase-file');
  });

  test('asked on a terminal it is not echoed', async ({ skip }) => {
    if (spawnSync('script', ['--version']).status !== 0) skip('there is no script(1) to make a terminal with');
    expect(run(['init', '--passphrase-file', file('pass')]).code).toBe(0);
    const command = `${process.execPath} ${MAIN} keys list --vault ${vault}`;
    const env = { ...process.env, CREDENTIALS_DIRECTORY: '' };
    const terminal = spawn('script', ['-qec', command, '/dev/null'], { env });
    let shown = '';
    terminal.stdout.on('data', (octets: Buffer) => {
      const isAsking = !shown.includes('Passphrase of') && `${shown}${octets.toString()}`.includes('Passphrase of');
      shown += octets.toString();
      if (isAsking) terminal.stdin.write('correct horse battery sx\u007ftaple\r');
    });
    await once(terminal, 'close');
    expect(shown).toContain('Passphrase of');
    expect(shown).toContain('the vault holds no PGK');
    expect(shown).not.toContain('horse');
  });

  test('on the command line they are refused and not repeated', () => {
    for (const args of [
      ['list', `--passphrase=${PASSPHRASE}`],
      ['list', '--passphrase', PASSPHRASE],
    ]) {
      const { code, out, err } = run(args);
      expect(code).toBe(2);
      expect(out + err).not.toContain('horse');
      expect(err).toContain('usage.passphrase-on-command-line');
    }
  });

  test('a passphrase file that others can read, that is empty, or holds two lines, is refused', () => {
    made();
    for (const [name, text, mode, code] of [
      ['open', PASSPHRASE, 0o644, 'vault.mode'],
      ['empty', '\n', 0o600, 'vault.passphrase'],
      ['two', 'one line\nanother line\n', 0o600, 'vault.passphrase'],
    ] as const) {
      const ran = run(['list', '--passphrase-file', write(name, text, mode)]);
      expect(ran).toMatchObject({ code: 4, out: '' });
      expect(ran.err).toContain(`[${code}]`);
      expect(ran.err).not.toContain('line\nanother');
    }
  });

  test('typing: rubbing out takes whole characters, control characters do not count', () => {
    const typed = (text: string): string => {
      const line = new SecretLine();
      expect(line.type(Buffer.from(text))).toBe('done');
      return Buffer.from(line.take()).toString();
    };
    expect(typed('Löwe\u007f\u007f\u007fl\r')).toBe('Ll');
    expect(typed('abc\u0015def\n')).toBe('def');
    expect(typed('a\u001bb\u0000c\r')).toBe('abc');
    expect(typed('\u007f\u007fx\u0004')).toBe('x');
    expect(new SecretLine().type(Buffer.from('ab\u0003'))).toBe('interrupted');
    expect(new SecretLine().type(Buffer.from('\u0004'))).toBe('interrupted');
    const long = new SecretLine();
    long.type(Buffer.alloc(5000, 0x61));
    expect(long.take()).toHaveLength(1024);
  });
});

test('passwd: another way in, and one that goes', () => {
  made();
  const second = Buffer.alloc(32, 6);
  write('second.pem', x25519.privateKey(second).export({ format: 'pem', type: 'pkcs8' }).toString());
  const added = open(['passwd', '--recipient', Buffer.from(x25519.publicOf(second)).toString('hex')]);
  expect(added.out).toContain('slot 2: recipient');
  expect(open(['passwd'])).toMatchObject({ code: 2 });
  // The hint of a slot that is not there says that a check lists them.
  expect(open(['verify']).out).toContain(`opened by\nslot 1: recipient `);
  const { slots } = JSON.parse(open(['verify', '-T', 'json']).out) as { slots: readonly object[] };
  expect(slots).toMatchObject([
    { id: 1, kind: 'recipient' },
    { id: 2, kind: 'recipient' },
  ]);
  const removed = run(['passwd', '--remove-slot', '1', '--identity', file('second.pem')]);
  expect(removed.code).toBe(0);
  expect(removed.err).toContain('[vault.old-copies]');
  expect(open(['list'])).toMatchObject({ code: 4 });
  expect(run(['list', '--identity', file('second.pem')]).code).toBe(0);
});

describe('what is refused, how, and with which exit code', () => {
  test.each([
    ['no vault named', () => run(['list'], { env: { SIDESCOPE_VAULT: '' } }), 2, 'usage.no-vault'],
    ['no such vault', () => open(['list']), 4, 'vault.not-there'],
    ['no vault at all', () => run(['list', '--vault', file('pass')]), 4, 'vault.not-a-vault'],
    ['no such verb', () => run(['lits']), 2, 'usage.unknown-verb'],
  ] as const)('%s', (_, act, code, name) => {
    const ran = act();
    expect(ran).toMatchObject({ code, out: '' });
    expect(ran.err).toContain(`[${name}]`);
    expect(ran.err).toContain('hint:');
  });

  test('wrong mode, symbolic link, rollback, clock, second writer, lost side file', () => {
    made();
    const older = readFileSync(vault);
    const cases: [string, () => void, () => void][] = [
      ['vault.mode', () => chmodSync(vault, 0o644), () => chmodSync(vault, 0o600)],
      [
        'vault.locked',
        () => writeFileSync(`${vault}.lock`, lockOf(process.pid), { mode: 0o600 }),
        () => rmSync(`${vault}.lock`),
      ],
    ];
    for (const [name, spoil, mend] of cases) {
      spoil();
      const ran = open(['list']);
      expect(ran).toMatchObject({ code: 4, out: '' });
      expect(ran.err).toContain(`[${name}]`);
      mend();
    }
    symlinkSync(vault, `${vault}-link`);
    expect(open(['list', '--vault', `${vault}-link`]).err).toContain('[vault.symlink]');
    expect(open(['revoke', 'f00001/39']).code).toBe(0);
    writeFileSync(vault, older);
    expect(open(['list'])).toMatchObject({ code: 4 });
    const verified = open(['verify', '-T', 'json']);
    expect(verified.code).toBe(1);
    const report = JSON.parse(verified.out) as { checks: { code: string | null }[] };
    expect(report.checks.map(({ code }) => code).filter((code) => code !== null)).toEqual([
      'vault.rolled-back',
      'vault.rolled-back',
    ]);
    const accepted = open(['list', '--accept-rollback', 'test']);
    expect(accepted.code).toBe(0);
    expect(accepted.err).toContain('[vault.accepted]');
  });

  test('a clock that is turned back', () => {
    made();
    // Somebody used the vault tomorrow: the audit log says so, and the machine now says today.
    const ahead = run(['list', '--identity', file('id.pem')], { env: { NODE_OPTIONS: `--import ${clockAhead()}` } });
    expect(ahead.code).toBe(0);
    const ran = open(['list']);
    expect(ran).toMatchObject({ code: 4, out: '' });
    expect(ran.err).toContain('[vault.clock-back]');
    expect(ran.err).toContain('Set the clock right');
    expect(open(['verify', '--renew', 'the clock was wrong']).code).toBe(0);
    expect(open(['list']).code).toBe(0);
  });

  test('a changed audit log: verify names the record and exits 1', () => {
    made();
    const lines = readFileSync(`${vault}.audit`, 'utf8').split('\n');
    lines[2] = lines[2].replace('keys init', 'keys list');
    writeFileSync(`${vault}.audit`, lines.join('\n'));
    const ran = open(['verify']);
    expect(ran.code).toBe(1);
    expect(ran.out).toContain('WRONG  audit log: record 3');
  });

  test('a full disk: nothing is changed, and it says so', () => {
    made();
    const command = `trap '' XFSZ; ulimit -f 2; exec "$@"`;
    const args = [
      '-c',
      command,
      'sh',
      process.execPath,
      MAIN,
      'keys',
      'revoke',
      'f00001/39',
      '--identity',
      file('id.pem'),
    ];
    const { status, stderr, stdout } = spawnSync('sh', args, {
      encoding: 'utf8',
      env: { ...process.env, SIDESCOPE_VAULT: vault },
    });
    expect(stderr).toContain('no space is left');
    expect(stderr).toContain('[audit.not-written]');
    expect([status, stdout]).toEqual([4, '']);
    expect(states()[39]).toBe('active');
    expect(open(['verify']).code).toBe(0);
  });

  test('keys that contradict what is held, and windows that end before they begin', () => {
    made();
    const conflict = open(['import', keyring('conflict.json', [key(39, -2, 7, {}, 500)])]);
    expect(conflict).toMatchObject({ code: 4, out: '' });
    expect(conflict.err).toContain('[vault.conflicting-key]');
    const twice = open(['import', keyring('twice.json', [key(41, -2, 7, {}, 39)])]);
    expect(twice.err).toContain('[vault.duplicate-key]');
    const backwards = open(['import', keyring('backwards.json', [key(42, 5, -3)])]);
    expect(backwards).toMatchObject({ code: 2, out: '' });
    expect(backwards.err).toContain('notAfter');
    expect(Object.keys(states())).toEqual(['38', '39', '40']);
  });

  test('two that write at once: one waits for nobody and says who has the vault', async () => {
    made();
    const env = { ...process.env, SIDESCOPE_VAULT: vault, CREDENTIALS_DIRECTORY: '' };
    const args = [MAIN, 'keys', 'suspend', 'f00001/39', '--identity', file('id.pem')];
    const both = [0, 1].map(() => spawn(process.execPath, args, { env }));
    const said = both.map(() => '');
    for (const [i, each] of both.entries()) each.stderr.on('data', (octets: Buffer) => (said[i] += octets.toString()));
    const codes = await Promise.all(both.map(async (each) => ((await once(each, 'close')) as [number | null])[0]));
    // The second either finds the vault locked, or comes later and finds the key suspended. It never does both.
    expect(new Set(codes)).toEqual(new Set([0, 4]));
    const refused = said[codes.indexOf(4)];
    expect(refused).toMatch(/\[vault\.(locked|transition)\]/);
    expect(refused).toContain('hint:');
    const audit = readFileSync(`${vault}.audit`, 'utf8');
    expect(audit.match(/"type":"key\.suspended"/g)).toHaveLength(1);
    expect(open(['verify']).code).toBe(0);
  });

  test('a vault that is held by a process says which', () => {
    made();
    writeFileSync(`${vault}.lock`, lockOf(process.pid), { mode: 0o600 });
    const ran = open(['revoke', 'f00001/39']);
    expect(ran).toMatchObject({ code: 4, out: '' });
    expect(ran.err).toContain(String(process.pid));
    rmSync(`${vault}.lock`);
    expect(states()[39]).toBe('active');
  });

  test('the same PGK twice in one file, and a window that is no window, each with its place', () => {
    made();
    for (const [name, keys, place] of [
      ['same', [key(50, 1, 3), key(50, 2, 3, {}, 51)], 'groups[0].keys[1]'],
      ['equal', [key(50, 1, 0)], 'groups[0].keys[0].notAfter'],
      ['before', [key(50, 5, -4)], 'groups[0].keys[0].notAfter'],
    ] as const) {
      const ran = open(['import', keyring(`${name}.json`, keys)]);
      expect(ran, name).toMatchObject({ code: 2, out: '' });
      expect(ran.err).toContain(place);
      expect(ran.err).toContain('hint:');
    }
    expect(Object.keys(states())).toEqual(['38', '39', '40']);
  });

  test('an epoch that is over before it comes is taken as that, and never used', () => {
    made();
    expect(open(['import', keyring('over.json', [key(50, -30, 7)])]).code).toBe(0);
    expect(states()[50]).toBe('expired');
    const ran = open(['resume', 'f00001/50']);
    expect(ran).toMatchObject({ code: 4, out: '' });
    expect(ran.err).toContain('[vault.transition]');
    expect(ran.err).toContain('is expired');
  });

  test('100,000 epochs: taken, listed, verified, one revoked', { timeout: 240_000 }, () => {
    made();
    const epochs = Array.from({ length: 400 }, (_, index) => ({
      id: layer2IdText(0x100 + index),
      algorithm: '128-EEA2',
      keys: Array.from({ length: 250 }, (__, id) => key(id, id - 100, 1, {}, 1000 + index * 250 + id)),
    }));
    const many = write('many.json', JSON.stringify({ format: 'sidescope-keyring/1', groups: epochs }));
    const took = open(['import', many]);
    expect(took.err).toContain('plain');
    expect(took.out).toContain('100000 added');
    expect(open(['revoke', '000100/100', '--reason', 'x']).out).toContain('it is revoked');
    const { keys } = JSON.parse(open(['list', '-T', 'json']).out) as Listed;
    expect(keys).toHaveLength(100_003);
    expect(keys.filter(({ state }) => state === 'revoked')).toHaveLength(1);
    expect(open(['verify']).code).toBe(0);
  });

  test('a process that could be asked for its memory', () => {
    made();
    const ran = run(['list', '--identity', file('id.pem')], {
      env: { NODE_OPTIONS: '--heapsnapshot-signal=SIGUSR2' },
    });
    expect(ran).toMatchObject({ code: 4, out: '' });
    expect(ran.err).toContain('[vault.process-may-dump]');
  });
});

test('no key octet in any output or any file, of all that was run here', () => {
  made();
  const ran = [
    open(['list']),
    open(['list', '-T', 'json']),
    open(['revoke', 'f00001']),
    open(['suspend', keyHex(39)]),
    open(['verify', '-T', 'json']),
    open(['import', keyring('again.json', KEYS)]),
  ];
  const said = ran.map(({ out, err }) => out + err).join('\n');
  const files = readdirSync(folder, { withFileTypes: true })
    .filter((entry) => entry.isFile() && entry.name.startsWith('vault-'))
    .map(({ name }) => readFileSync(file(name)));
  expect(files.length).toBeGreaterThan(10);
  for (const number of [38, 39, 40, 500]) {
    const raw = Buffer.from(keyHex(number), 'hex');
    expect(said).not.toContain(keyHex(number).slice(0, 16));
    for (const octets of files) {
      for (const form of [raw, raw.toString('hex'), raw.toString('base64')]) expect(octets.includes(form)).toBe(false);
    }
  }
  expect(existsSync(`${vault}.lock`)).toBe(false);
});

/** A lock file as the process with this number would write it. */
function lockOf(pid: number): string {
  const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
  const start = stat.slice(stat.lastIndexOf(')') + 2).split(' ')[19];
  return JSON.stringify({ pid, start, boot: readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').trim() });
}

/** A module that sets this process's clock a day ahead. */
function clockAhead(): string {
  return write('ahead.mjs', `const now = Date.now; Date.now = () => now() + ${DAY};\n`);
}
