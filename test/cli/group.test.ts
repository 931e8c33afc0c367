// `sidescope group` as a user runs it. The vault is opened by an X25519 key: real passphrase work is not the point here.

import { spawnSync } from 'node:child_process';
import {
  chmodSync,
  existsSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, beforeEach, describe, expect, test, vi } from 'vitest';
import { x25519 } from '../daemon/vault/x25519.ts';

const MAIN = fileURLToPath(new URL('../../dist/cli/main.js', import.meta.url));
const MEMBERS = ['0a0b01', '0a0b02', '0a0b03', '0a0b04', '0a0b05'];
const identity = Buffer.alloc(32, 9);

/** Every test starts the program many times; on a busy machine each start takes seconds. */
vi.setConfig({ testTimeout: 120_000 });

let folder = '';
let vault = '';
let counter = 0;

interface Ran {
  readonly code: number | null;
  readonly out: string;
  readonly err: string;
}

interface Plan {
  readonly done: boolean;
  readonly scheme: string;
  readonly changeover: string | null;
  readonly members: number;
  readonly costs: readonly { scheme: string; messages: number; octets: number; seconds: number }[];
  readonly pgks: readonly { pgkId: number; change: string; notAfter: string }[];
  readonly exposure: readonly { member: string; pgkId: number; until: string | null; unreached: string }[];
  readonly messages: readonly { to: string | null; kind: string; octets: number }[];
}

const file = (name: string): string => join(folder, name);
const output = (name: string): string => `${vault}-${name}`;
const pmkKey = (index: number): string => `${(0x30 + index).toString(16)}5a`.repeat(16);

function run(verb: string, args: readonly string[]): Ran {
  const { status, stdout, stderr } = spawnSync(process.execPath, [MAIN, verb, ...args], {
    encoding: 'utf8',
    env: { ...process.env, SIDESCOPE_VAULT: vault, CREDENTIALS_DIRECTORY: '' },
    input: '',
  });
  return { code: status, out: stdout, err: stderr };
}

function group(...args: readonly string[]): Ran {
  return run('group', [...args, '--identity', file('id.pem')]);
}

function plan(...args: readonly string[]): Plan {
  const { out, err, code } = group(...args, '-T', 'json');
  expect(err).toBe('');
  expect(code).toBe(0);
  return JSON.parse(out) as Plan;
}

function write(name: string, value: object): string {
  writeFileSync(file(name), JSON.stringify(value));
  return file(name);
}

/** Types of the audit records about groups, with their data. */
function audited(): { type: string; data: Record<string, unknown> }[] {
  const lines = readFileSync(`${vault}.audit`, 'utf8').trimEnd().split('\n');
  return lines.map((line) => JSON.parse(line)).filter(({ type }) => type.startsWith('group.'));
}

/** What a member has in its radio: its PMK, and the manager's public key. */
function memberKeyring(index: number): string {
  const shown = JSON.parse(group('show', '-T', 'json').out) as { manager: object };
  const pmks = [{ id: Buffer.from(`pmk-${index}`).toString('hex'), key: pmkKey(index), member: MEMBERS[index] }];
  return write(`member-${index}-${counter}.json`, {
    format: 'sidescope-keyring/1',
    groups: [],
    pmks,
    managers: [shown.manager],
  });
}

function keyRecords(capture: string, keyring: string) {
  const { out } = run('read', [capture, '--keyring', keyring, '-T', 'ndjson']);
  const events = out
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line));
  return events.filter(({ type }) => type === 'key');
}

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'sidescope-group-'));
  writeFileSync(file('id.pem'), x25519.privateKey(identity).export({ format: 'pem', type: 'pkcs8' }), { mode: 0o600 });
  chmodSync(file('id.pem'), 0o600);
  const members = MEMBERS.slice(0, 4).map((id, index) => ({ id, name: `Engine ${index}` }));
  const pmks = MEMBERS.map((member, index) => {
    return { id: Buffer.from(`pmk-${index}`).toString('hex'), key: pmkKey(index), member };
  });
  const groups = [{ id: 'f00001', name: 'Fire 7', algorithm: '128-EEA3', members }];
  write('brigade.json', { format: 'sidescope-keyring/1', groups, pmks });
});

afterAll(() => {
  rmSync(folder, { recursive: true, force: true, maxRetries: 50, retryDelay: 100 });
});

beforeEach(() => {
  vault = file(`vault-${++counter}`);
  const recipient = Buffer.from(x25519.publicOf(identity)).toString('hex');
  expect(run('keys', ['init', '--recipient', recipient]).code).toBe(0);
});

describe.each(['individual', 'lkh'])('scheme %s', (scheme) => {
  test('a group from its first key to a member that leaves', () => {
    const brigade = ['--keyring', file('brigade.json')];
    const made = plan('create', 'f00001', ...brigade, '--scheme', scheme, '--ahead', '1', '-w', output('create.pcap'));
    expect(made).toMatchObject({ done: true, scheme, members: 4 });
    expect(made.messages).toHaveLength(4);
    expect(statSync(output('create.pcap')).mode & 0o777).toBe(0o600);
    expect(keyRecords(output('create.pcap'), memberKeyring(2))).toMatchObject([
      ...[1, 1, 2, 2].map((frame) => ({ frame, accepted: false, reason: 'mikey.key_unknown' })),
      { frame: 3, accepted: true, reason: null, pgkId: 1 },
      { frame: 3, accepted: true, reason: null, pgkId: 2 },
      ...[4, 4].map((frame) => ({ frame, accepted: false })),
    ]);

    // The vault has the PGKs too, for `read` and the daemon.
    const listed = JSON.parse(run('keys', ['list', '--identity', file('id.pem'), '-T', 'json']).out);
    expect(listed.keys.map(({ pgkId, state }: { pgkId: number; state: string }) => [pgkId, state])).toEqual([
      [1, 'active'],
      [2, 'staged'],
    ]);

    const added = plan('add', 'f00001', '0a0b05', ...brigade, '--hide-past', '-w', output('add.pcap'));
    expect(added.members).toBe(5);
    expect(added.exposure).toEqual([]);

    const removed = plan('remove', 'f00001', '0a0b02', '-w', output('remove.pcap'), '--reason', 'radio lost');
    expect(removed.members).toBe(4);
    expect(removed.messages).toHaveLength(scheme === 'lkh' ? 1 : 4);
    expect(removed.messages.some(({ to }) => to === '0a0b02')).toBe(false);
    expect(removed.costs.find((cost) => cost.scheme === scheme)?.messages).toBe(removed.messages.length);
    expect(removed.exposure.every(({ member }) => member === '0a0b02')).toBe(true);
    expect(removed.exposure.every(({ until, unreached }) => until === null || until < unreached)).toBe(true);

    expect(audited().map(({ type }) => type)).toEqual([
      'group.created',
      'group.members_added',
      'group.members_removed',
    ]);
    expect(audited().at(-1)?.data).toMatchObject({
      group: 'f00001',
      members: ['0a0b02'],
      reason: 'radio lost',
      scheme,
    });
    expect(run('keys', ['verify', '--identity', file('id.pem')]).code).toBe(0);

    const shown = group('show', 'f00001').out;
    expect(shown).toMatch(/128-EEA3/);
    expect(shown).not.toMatch(/0a0b02/);
  });
});

test('a plan changes nothing, and is what is then done', () => {
  group('create', 'f00001', '--keyring', file('brigade.json'), '--scheme', 'lkh', '-w', output('create.pcap'));
  const before = readFileSync(vault);
  const planned = plan('plan', 'f00001', '--remove', '0a0b03');
  expect(planned.done).toBe(false);
  expect(readFileSync(vault).equals(before)).toBe(true);
  const done = plan('remove', 'f00001', '0a0b03', '-w', output('remove.pcap'));
  expect(done.costs).toEqual(planned.costs);
  expect(done.pgks.map(({ pgkId, change }) => [pgkId, change])).toEqual(
    planned.pgks.map(({ pgkId, change }) => [pgkId, change]),
  );
  const { out } = group('plan', 'f00001');
  expect(out).toMatch(/^operation +individual +lkh$/m);
  expect(out).toMatch(/^remove one +2 messages +\d+ octets .* 1 message +\d+ octets/m);
});

test('messages as files, numbered in their order', () => {
  const args = ['create', 'f00001', '--keyring', file('brigade.json'), '--files', output('messages')];
  expect(group(...args).code).toBe(0);
  expect(readdirSync(output('messages'))).toEqual(MEMBERS.slice(0, 4).map((id, i) => `0000${i + 1}-mikey-${id}.bin`));
  expect(readFileSync(join(output('messages'), '00001-mikey-0a0b01.bin'))[0]).toBe(1);
});

test('out of reach, and sent again', () => {
  group('create', 'f00001', '--keyring', file('brigade.json'), '--scheme', 'lkh', '-w', output('create.pcap'));
  group('rotate', 'f00001', '-w', output('rotate.pcap'));
  const again = plan('rotate', 'f00001', '--resend', '0a0b01', '-w', output('again.pcap'));
  expect(again.messages).toMatchObject([{ to: '0a0b01', kind: 'welcome' }]);
  const records = keyRecords(output('again.pcap'), memberKeyring(0));
  expect(records.every(({ accepted }) => accepted)).toBe(true);
  expect(records.map(({ pgkId }) => Number(pgkId)).toSorted((a, b) => a - b)).toEqual([1, 2]);
});

test('before the first group there is no key of the manager, and none that changes is shown', () => {
  expect(group('show').out).toBe('no groups; the manager gets its key with the first one\n');
  expect(JSON.parse(group('show', '-T', 'json').out)).toEqual({ v: 1, type: 'groups', manager: null, groups: [] });
  group('create', 'f00001', '--keyring', file('brigade.json'), '-w', output('create.pcap'));
  const shown = group('show').out;
  expect(shown).toMatch(/public key [0-9a-f]{64}$/m);
  expect(group('show').out).toBe(shown);
});

test('no key shows, whatever is printed', () => {
  const args = ['create', 'f00001', '--keyring', file('brigade.json'), '--scheme', 'lkh', '-w', output('create.pcap')];
  const printed = [group(...args), group('show'), group('show', 'f00001', '-T', 'json'), group('plan', 'f00001')];
  const all = printed.map(({ out, err }) => out + err).join('') + readFileSync(`${vault}.audit`, 'utf8');
  for (const index of MEMBERS.keys()) expect(all.includes(pmkKey(index))).toBe(false);
  // Long hex in the output is the manager's public key alone.
  const shown = printed.map(({ out }) => out).join('');
  const { manager } = JSON.parse(group('show', '-T', 'json').out) as { manager: { ed25519: string } };
  expect(new Set(shown.match(/[0-9a-f]{32,}/g))).toEqual(new Set([manager.ed25519]));
});

test('a full disk: no message is out, nothing is changed, and it says so', () => {
  group('create', 'f00001', '--keyring', file('brigade.json'), '-w', output('create.pcap'));
  const before = readFileSync(vault);
  const args = ['group', 'rotate', 'f00001', '-w', output('full.pcap'), '--identity', file('id.pem')];
  const shell = ['-c', `trap '' XFSZ; ulimit -f 1; exec "$@"`, 'sh', process.execPath, MAIN, ...args];
  const env = { ...process.env, SIDESCOPE_VAULT: vault, CREDENTIALS_DIRECTORY: '' };
  const ran = spawnSync('sh', shell, { encoding: 'utf8', env });
  expect(ran.stderr).toMatch(/^sidescope: error: .*(no space is left|EFBIG)/m);
  expect(ran.stderr).toContain('hint:');
  expect([2, 4]).toContain(ran.status);
  expect(ran.stdout).toBe('');
  expect(existsSync(output('full.pcap'))).toBe(false);
  expect(readFileSync(vault).equals(before)).toBe(true);
  expect(plan('rotate', 'f00001', '-w', output('after.pcap')).done).toBe(true);
});

describe('refusals change nothing', () => {
  const brigade = (): string[] => ['--keyring', file('brigade.json')];
  const cases: readonly (readonly [string, string, () => string[]])[] = [
    ['nowhere to write', 'usage.no-output', () => ['rotate', 'f00001']],
    ['a file that exists', 'usage.output', () => ['rotate', 'f00001', '-w', file('brigade.json')]],
    ['two outputs', 'usage.two-outputs', () => ['rotate', 'f00001', '-w', output('a'), '--files', output('b')]],
    ['an unknown group', 'group.no-such-group', () => ['rotate', 'f00009', '-w', output('a')]],
    ['a group that is there', 'group.already-there', () => ['create', 'f00001', ...brigade(), '-w', output('a')]],
    ['a stranger', 'group.not-a-member', () => ['remove', 'f00001', '0c0c0c', '-w', output('a')]],
    ['nobody’s PMK', 'group.no-pmk', () => ['add', 'f00001', '0c0c0c', '-w', output('a')]],
    ['no members', 'usage.no-members', () => ['create', 'f00002', '-w', output('a')]],
    ['two plans', 'usage.two-plans', () => ['plan', 'f00001', '--rotate', '--remove', '0a0b01']],
    ['no id', 'usage', () => ['rotate', 'fire7', '-w', output('a')]],
  ];

  test('a misspelt verb gets the right one', () => {
    const ran = run('group', ['rotat']);
    expect(ran).toMatchObject({ code: 2, out: '' });
    expect(ran.err).toContain('did you mean `sidescope group rotate`?');
  });

  test('each with its code and exit code 2', () => {
    expect(group('create', 'f00001', ...brigade(), '-w', output('create.pcap')).code).toBe(0);
    const before = readFileSync(vault);
    for (const [name, code, args] of cases) {
      const ran = group(...args());
      expect(ran.err, name).toContain(`[${code}]`);
      expect(ran.code, name).toBe(2);
      expect(ran.out, name).toBe('');
    }
    expect(readFileSync(vault).equals(before)).toBe(true);
    expect(existsSync(output('a'))).toBe(false);
    expect(readdirSync(folder).filter((name) => name.endsWith('.unsent'))).toEqual([]);
    expect(audited()).toHaveLength(1);
  });
});
