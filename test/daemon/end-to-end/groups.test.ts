// `sidescope group` while the real daemon has the vault open: the same verbs, the same output, and new PGKs in force at once.

import { execFile } from 'node:child_process';
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { sealRequest } from '../../../daemon/engine-process/sealed-request.ts';
import { ControlServer } from '../../../daemon/service/control-server.ts';
import { x25519 } from '../vault/x25519.ts';
import { DaemonFolder, MAIN, type RunningDaemon } from './daemon-folder.ts';

const run = promisify(execFile);
const KEYRING = fileURLToPath(new URL('../../../captures/samples/attacked/keyring.json', import.meta.url));
const MEMBERS = ['0a0b01', '0a0b02', '0a0b03', '0a0b04'];
const pmkKey = (index: number): string => `${(0x30 + index).toString(16)}5a`.repeat(16);

let scratch = '';
let brigade = '';
let folder: DaemonFolder;
let daemon: RunningDaemon;

beforeAll(() => {
  scratch = mkdtempSync(join(tmpdir(), 'sidescope-groups-'));
  brigade = join(scratch, 'brigade.json');
  const members = MEMBERS.map((id, index) => ({ id, name: `Engine ${index}` }));
  const pmks = MEMBERS.map((member, index) => ({
    ...{ id: Buffer.from(`pmk-${index}`).toString('hex'), key: pmkKey(index), member },
  }));
  const groups = [{ id: 'f0aa01', name: 'Fire 9', algorithm: '128-EEA2', members }];
  writeFileSync(brigade, JSON.stringify({ format: 'sidescope-keyring/1', groups, pmks }));
});
afterAll(() => rmSync(scratch, { recursive: true, force: true }));
beforeEach(async () => {
  folder = await DaemonFolder.make({ sources: [], keyring: KEYRING, vault: true });
  daemon = await folder.start();
});
afterEach(async () => {
  await daemon.end();
  folder.remove();
});

interface Ran {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

async function group(...args: readonly string[]): Promise<Ran> {
  const more = ['--vault', folder.vault, ...(daemon.hasEnded ? ['--passphrase-file', folder.passphraseFile] : [])];
  try {
    return { code: 0, ...(await run(process.execPath, [MAIN, 'group', ...args, ...more])) };
  } catch (error) {
    return error as Ran;
  }
}

async function json(...args: readonly string[]): Promise<Record<string, unknown>> {
  const ran = await group(...args, '-T', 'json');
  expect(ran).toMatchObject({ code: 0, stderr: '' });
  return JSON.parse(ran.stdout) as Record<string, unknown>;
}

const output = (name: string): string => join(folder.path, name);

/** Without what a moment later is another. */
function timeless(value: unknown): unknown {
  const text = JSON.stringify(value, (name, each: unknown) => (name === 'removalLatencySeconds' ? null : each));
  return JSON.parse(text.replace(/"\d{4}-\d\d-\d\dT[\d:]+Z"/g, '"time"')) as unknown;
}

describe('group verbs at a running daemon', { timeout: 120_000 }, () => {
  test.each(['individual', 'lkh'])(
    '%s: create, add, remove, rotate, plan and show are as on the vault file',
    async (scheme) => {
      const keyring = ['--keyring', brigade];
      // No PGK ends while this test runs, and for how long one can be read stays the same number of hours.
      const later = ['--changeover', '90min'];
      const created = await json(
        ...['create', 'f0aa01', ...keyring, '--scheme', scheme, '-w', output('create.pcap')],
        ...MEMBERS.slice(0, 3).flatMap((id) => ['--member', id]),
      );
      expect(created).toMatchObject({
        done: true,
        scheme,
        members: 3,
        messages: MEMBERS.slice(0, 3).map((to) => ({ to })),
      });
      // The daemon goes by the new PGK now.
      const status = await folder.status();
      expect(status.groups.find(({ group: id }) => id === 'f0aa01')).toMatchObject({ name: 'Fire 9' });
      const listed = (await folder.ask('keys.list')) as { keys: { group: string; pgkId: number; state: string }[] };
      expect(listed.keys.filter((key) => key.group === 'f0aa01')).toMatchObject([{ pgkId: 1, state: 'active' }]);
      await json('add', 'f0aa01', MEMBERS[3], ...keyring, '--hide-past', '--files', output('add'), ...later);
      expect(readdirSync(output('add')).length).toBeGreaterThan(0);
      const removed = await json(
        'remove',
        'f0aa01',
        MEMBERS[1],
        '-w',
        output('remove.pcap'),
        '--reason',
        'radio lost',
        ...later,
      );
      expect((removed.messages as { to: string | null }[]).some(({ to }) => to === MEMBERS[1])).toBe(false);
      await json('rotate', 'f0aa01', '-w', output('rotate.pcap'), ...later);

      // A member opens what it was sent.
      const { manager } = (await json('show')) as { manager: object };
      const radio = output('radio.json');
      const pmk = { id: Buffer.from('pmk-0').toString('hex'), key: pmkKey(0), member: MEMBERS[0] };
      writeFileSync(
        radio,
        JSON.stringify({ format: 'sidescope-keyring/1', groups: [], pmks: [pmk], managers: [manager] }),
      );
      const { stdout } = await run(process.execPath, [
        MAIN,
        'read',
        output('create.pcap'),
        '--keyring',
        radio,
        '-T',
        'ndjson',
      ]);
      expect(stdout).toContain('"accepted":true');

      // What it says is what the vault file says when nobody runs.
      const questions = [['show'], ['show', 'f0aa01'], ['plan', 'f0aa01'], ['plan', 'f0aa01', '--remove', MEMBERS[2]]];
      const online: unknown[] = [];
      for (const question of questions) online.push(timeless(await json(...question)));
      const text = (await group('show')).stdout;
      await daemon.end();
      for (const [index, question] of questions.entries())
        expect(timeless(await json(...question))).toEqual(online[index]);
      expect((await group('show')).stdout).toBe(text);

      const audit = readFileSync(`${folder.vault}.audit`, 'utf8');
      const groups = audit
        .trimEnd()
        .split('\n')
        .map((line) => JSON.parse(line))
        .filter(({ type }) => type.startsWith('group.'));
      expect(groups.map(({ type }) => type)).toEqual([
        ...['group.created', 'group.members_added', 'group.members_removed', 'group.rotated'],
      ]);
      expect(groups[2].data.reason).toMatch(/^radio lost \(asked for by .*, group remove\)$/);
      for (const index of MEMBERS.keys()) expect(audit.includes(pmkKey(index))).toBe(false);
      expect(folder.log).not.toContain(pmkKey(0));
    },
  );

  test('what is refused changes nothing, and leaves nothing behind', async () => {
    await json('create', 'f0aa01', '--keyring', brigade, '-w', output('create.pcap'));
    const before = readFileSync(folder.vault);
    for (const [code, args] of [
      ['group.no-such-group', ['rotate', 'f0aa09', '-w', output('a')]],
      ['group.no-such-group', ['show', 'f0aa09']],
      ['usage.no-output', ['rotate', 'f0aa01']],
      ['usage.output', ['rotate', 'f0aa01', '-w', brigade]],
      ['group.no-pmk', ['add', 'f0aa01', '0c0c0c', '-w', output('a')]],
      ['usage.no-members', ['create', 'f0aa02', '-w', output('a')]],
      [
        'group.bad-policy',
        ['create', 'f0aa02', '--keyring', brigade, '--member', MEMBERS[0], '--ahead', '20', '-w', output('a')],
      ],
      ['keyring.unreadable', ['add', 'f0aa01', '0c0c0c', '--keyring', join(scratch, 'none.json'), '-w', output('a')]],
    ] as const) {
      const ran = await group(...args);
      expect(ran.stderr, code).toContain(`[${code}]`);
      expect(ran, code).toMatchObject({ code: 2, stdout: '' });
    }
    expect(readFileSync(folder.vault).equals(before)).toBe(true);
    expect(readdirSync(folder.path).filter((name) => name.endsWith('.unsent'))).toEqual([]);
  });

  test('between preparing and saving: another change, another preparation, and saving twice are refused', async () => {
    await json('create', 'f0aa01', '--keyring', brigade, '-w', output('create.pcap'));
    const rotation = { operation: 'rotate', group: 0xf0aa01, members: [], reason: 'test', rate: 100_000 };
    const ask = async (verb: string, given: Record<string, unknown> = {}): Promise<{ token: number }> => {
      const { publicKey } = (await folder.ask('keys.identity')) as { publicKey: string };
      return (await askSealed(verb, given, sealRequest(publicKey, verb, {}))) as { token: number };
    };
    const commit = (token: number): Promise<unknown> => folder.ask('group.commit', { token });
    const stale = expect.objectContaining({ code: 'group.stale' }) as Error;
    const first = await ask('prepare', rotation);
    const second = await ask('prepare', rotation);
    await expect(commit(first.token)).rejects.toEqual(stale);
    await commit(second.token);
    await expect(commit(second.token)).rejects.toEqual(stale);
    const third = await ask('prepare', rotation);
    await folder.ask('keys.suspend', { names: ['f0aa01/1'], reason: 'meanwhile' });
    await expect(commit(third.token)).rejects.toEqual(stale);
    for (const wrong of [{ operation: 'export' }, { members: [-1] }, { rate: 0 }, { operation: 'create' }]) {
      await expect(ask('prepare', { ...rotation, ...wrong })).rejects.toMatchObject({ code: 'group.request' });
    }
    await expect(folder.ask('group.export')).rejects.toMatchObject({ code: 'group.unknown-verb' });
  });

  test('a daemon that goes away while it saves: the messages are kept unsent, and it says what to look for', async () => {
    await daemon.end();
    const plan = {
      ...{ operation: 'rotate', group: 0xf0aa01, scheme: 'lkh', at: Date.now(), changeover: null, members: 1 },
      ...{ costs: [], pgks: [], exposure: [], elsewhere: [], warnings: [], cost: { scheme: 'lkh', messages: 1 } },
      messages: [{ to: null, kind: 'rekey', octets: 2, through: 1 }],
    };
    const messages = [{ to: null, kind: 'rekey', octets: 'AAA=' }];
    const socket = output('fake.sock');
    const server = await ControlServer.open(socket, async ({ verb }) => {
      if (verb === 'keys.identity')
        return { publicKey: Buffer.from(x25519.publicOf(Buffer.alloc(32, 9))).toString('hex') };
      if (verb === 'group.prepare') return { name: 'Fire 9', plan, token: 1, messages, addresses: [null] };
      await server.close();
      return null;
    });
    writeFileSync(`${folder.vault}.control`, `${socket}\n`, { mode: 0o600 });
    const ran = await group('rotate', 'f0aa01', '-w', output('rotate.pcap'));
    expect(ran).toMatchObject({ code: 2, stdout: '' });
    expect(ran.stderr).toContain('[group.unsent]');
    expect(ran.stderr).toContain('[control.lost]');
    expect([existsSync(output('rotate.pcap.unsent')), existsSync(output('rotate.pcap'))]).toEqual([true, false]);
  });
});

async function askSealed(verb: string, given: Record<string, unknown>, sealed: string): Promise<unknown> {
  const { askDaemon } = await import('../../../daemon/service/control-client.ts');
  return askDaemon(folder.control, { verb: `group.${verb}`, by: 'test', arguments: given, sealed });
}
