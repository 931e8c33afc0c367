// `sidescope tap` and `sidescope grant` as a user runs them, against a relay with real sockets.

import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect, onTestFinished, test } from 'vitest';
import type { GroupGrant } from '../../daemon/relay/capability.ts';
import { publicHex } from '../../daemon/relay/ed25519.ts';
import { createKeyFile } from '../../daemon/relay/key-files.ts';
import { Revocations } from '../../daemon/relay/revocations.ts';
import { captureFinding, messageRecord } from '../daemon/relay/fake-host.ts';
import { newKey, RelayFixture, testFolder, until } from '../daemon/relay/fixture.ts';

const MAIN = fileURLToPath(new URL('../../dist/cli/main.js', import.meta.url));

/** One run of the command. */
class Running {
  out = '';
  err = '';
  readonly octets: Buffer[] = [];
  readonly child;
  readonly ended: Promise<number | null>;

  constructor(args: readonly string[]) {
    this.child = spawn(process.execPath, [MAIN, ...args], { stdio: ['ignore', 'pipe', 'pipe'] });
    this.child.stdout.on('data', (piece: Buffer) => {
      this.octets.push(piece);
      this.out += piece.toString('utf8');
    });
    this.child.stderr.on('data', (piece: Buffer) => {
      this.err += piece.toString('utf8');
    });
    this.ended = once(this.child, 'close').then(([code]) => code as number | null);
    onTestFinished(() => {
      this.child.kill('SIGKILL');
    });
  }
}

async function run(...args: string[]): Promise<{ code: number | null; out: string; err: string }> {
  const running = new Running(args);
  const code = await running.ended;
  return { code, out: running.out, err: running.err };
}

/** A subscriber's files. */
function subscriber(fixture: RelayFixture, groups: readonly GroupGrant[]): string[] {
  const folder = testFolder();
  const [identity, capability] = ['me.key', 'me.cap'].map((name) => join(folder, name));
  const { key } = createKeyFile(identity, 'subscriber');
  writeFileSync(capability, fixture.subscriber(groups, {}, key).capability);
  return ['--identity', identity, '--capability', capability];
}

/** The same, made with the command itself. */
async function madeByCommand(fixture: RelayFixture, ...grant: string[]): Promise<string[]> {
  const folder = testFolder();
  const [operator, identity, capability] = ['operator.key', 'me.key', 'me.cap'].map((name) => join(folder, name));
  const pem = fixture.operator.export({ format: 'pem', type: 'pkcs8' }) as string;
  writeFileSync(operator, pem, { mode: 0o600 });
  const made = await run('grant', 'identity', '--out', identity);
  expect(made).toMatchObject({ code: 0, err: '' });
  expect(made.out).toMatch(/^[0-9a-f]{64}\n$/);
  expect(statSync(identity).mode & 0o777).toBe(0o600);
  const issued = await run(
    ...['grant', 'issue', '--operator', operator, '--daemon', publicHex(fixture.daemon), '--subject', identity],
    ...grant,
    ...['--out', capability],
  );
  expect(issued).toEqual({ code: 0, out: '', err: '' });
  return ['--identity', identity, '--capability', capability];
}

test('from an identity to records, as ndjson, fields and pcapng', async () => {
  const fixture = await RelayFixture.start({ tls: true });
  const who = await madeByCommand(fixture, '--group', '*', '--view', 'plain');
  fixture.deliver([messageRecord(1), messageRecord(2, { verdict: 'forged' }, { plain: null }), captureFinding(3)]);
  const [unix, tls] = fixture.addresses;

  const ndjson = await run('tap', tls, ...who, '--view', 'plain', '--since', '0', '-c', '3', '-T', 'ndjson', '--seq');
  expect(ndjson).toMatchObject({ code: 0, err: '' });
  const records = ndjson.out
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line));
  expect(records.map(({ seq, type }) => [seq, type])).toEqual([
    [1, 'message'],
    [2, 'message'],
    [3, 'finding'],
  ]);
  expect(records[0].payload).toBeDefined();

  const filtered = await run(
    ...['tap', unix, ...who, '--since', '0', '-c', '1', '-T', 'fields', '-e', 'frame.number', '-e', 'slrb.verdict'],
    ...['-Y', 'slrb.verdict == forged'],
  );
  expect(filtered).toEqual({ code: 0, out: '2\tforged\n', err: '' });

  const text = await run('tap', unix, ...who, '--since', '0', '-c', '3');
  expect(text.out).toContain('Engine 71');
  expect(text.out).not.toContain('RTP');
  expect(text.code).toBe(0);
});

test('wrong filters, fields and grants are told with their place, and with the right exit code', async () => {
  const fixture = await RelayFixture.start();
  const who = subscriber(fixture, [{ gid: 'f00001', views: ['meta'] }]);
  const [unix] = fixture.addresses;
  const filter = await run('tap', unix, ...who, '-Y', 'slrb.verdict == decrypted and rtp.ssrc == 5');
  expect(filter).toMatchObject({ code: 2, out: '' });
  expect(filter.err).toContain('column 31: frames have rtp.ssrc, records have not');
  const view = await run('tap', unix, ...who, '--view', 'plain');
  expect(view).toMatchObject({ code: 4, out: '' });
  expect(view.err).toContain('relay.not-granted');
  const group = await run('tap', unix, ...who, '--group', 'f00002');
  expect(group).toMatchObject({ code: 4 });
  const nobody = await run('tap', `unix:${fixture.folder}/nobody.sock`, ...who);
  expect(nobody).toMatchObject({ code: 2 });
  expect(nobody.err).toContain('relay.unreachable');
  const plain = await run('tap', 'ws://127.0.0.1:1', ...who);
  expect(plain.err).toContain('without TLS nothing is relayed over TCP');
});

test('a revoked grant ends a running tap with exit code 4; an interrupt with 130 and the place to go on', async () => {
  const fixture = await RelayFixture.start();
  const who = subscriber(fixture, [{ gid: '*', views: ['meta'] }]);
  const [unix] = fixture.addresses;
  const revoked = new Running(['tap', unix, ...who, '-T', 'ndjson']);
  await until(() => fixture.server.metrics().subscriptions === 1, 'the first subscription', 15_000);
  const interrupted = new Running([
    'tap',
    unix,
    ...subscriber(fixture, [{ gid: '*', views: ['meta'] }]),
    '-T',
    'ndjson',
  ]);
  await until(() => fixture.server.metrics().subscriptions === 2, 'the second subscription', 15_000);
  fixture.deliver([messageRecord(1), messageRecord(2)]);
  await until(
    () => interrupted.out.split('\n').length === 3 && revoked.out.split('\n').length === 3,
    'records',
    10_000,
  );
  interrupted.child.kill('SIGINT');
  expect(await interrupted.ended).toBe(130);
  expect(interrupted.err).toContain('--since 2');
  const [{ jti }] = fixture.server.subscribers();
  fixture.revoke('capability', jti, 'lost');
  expect(await revoked.ended).toBe(4);
  expect(revoked.err).toContain('relay.grant-ended');
});

test('tap comes back when the daemon does, and goes on behind the last record', async () => {
  const fixture = await RelayFixture.start();
  const who = subscriber(fixture, [{ gid: '*', views: ['meta'] }]);
  const tap = new Running(['tap', fixture.addresses[0], ...who, '-T', 'ndjson', '--seq', '-c', '4']);
  await until(() => fixture.server.metrics().subscriptions === 1, 'the subscription', 15_000);
  fixture.deliver([messageRecord(1), messageRecord(2)]);
  await until(() => tap.out.split('\n').length === 3, 'two records');
  await fixture.restart(() => fixture.deliver([messageRecord(3)]));
  await until(() => fixture.server.metrics().subscriptions === 1, 'the subscription again', 15_000);
  fixture.deliver([messageRecord(4)]);
  expect(await tap.ended).toBe(0);
  expect(
    tap.out
      .trimEnd()
      .split('\n')
      .map((line) => JSON.parse(line).seq),
  ).toEqual([1, 2, 3, 4]);
  expect(tap.err).toContain('connected again');
});

test('tap that was stopped for long says that it was too slow, and not that the connection was lost', async () => {
  const fixture = await RelayFixture.start();
  const who = subscriber(fixture, [{ gid: '*', views: ['meta', 'plain'] }]);
  const tap = new Running(['tap', fixture.addresses[0], ...who, '--view', 'plain', '-T', 'ndjson', '--no-reconnect']);
  const stays = new Running(['tap', fixture.addresses[0], ...who, '--view', 'plain', '-T', 'ndjson', '--seq']);
  await until(() => fixture.server.metrics().subscriptions === 2, 'the subscriptions', 15_000);
  for (const { child } of [tap, stays]) child.kill('SIGSTOP');
  // More than sockets hold, so that no farewell gets through.
  for (let seq = 1; fixture.server.metrics().subscribers > 0; seq++) {
    fixture.deliver([messageRecord(seq, { summary: 'x'.repeat(20_000) })]);
    await new Promise((resolve) => {
      setTimeout(resolve, 2);
    });
  }
  await new Promise((resolve) => {
    setTimeout(resolve, 6000);
  });
  for (const { child } of [tap, stays]) child.kill('SIGCONT');
  expect(await tap.ended).toBe(3);
  expect(tap.err).toMatch(/this program stood still for \d+ s and read nothing \[relay\.slow\]/);
  expect(tap.err).not.toContain('1006');
  // The other comes back, and hears from the daemon what it was.
  await until(() => stays.err.includes('connected again'), 'the other', 20_000);
  await until(() => stays.err.includes('the queue of a subscription is full'), 'why it was cut', 10_000);
});

test('grant: limits of a capability, revoking and listing without a daemon', async () => {
  const folder = testFolder();
  const operator = join(folder, 'operator.key');
  createKeyFile(operator, 'operator');
  const daemon = createKeyFile(join(folder, 'daemon.key'), 'daemon');
  const issue = ['grant', 'issue', '--operator', operator, '--daemon', daemon.publicKey, '--group', '*'];
  const subject = publicHex(newKey());
  const long = await run(...issue, '--subject', subject, '--hours', '13');
  expect(long).toMatchObject({ code: 2 });
  expect(long.err).toContain('12 hours at most');
  const issued = await run(...issue, '--subject', subject, '--hours', '720', '--unattended');
  expect(issued).toMatchObject({ code: 0, err: '' });
  expect(issued.out).toMatch(/^sidescope1\./);
  const wrong = await run(...issue, '--subject', '0'.repeat(64));
  expect(wrong).toMatchObject({ code: 2 });
  const swapped = await run('grant', 'identity', '--show', operator);
  expect(swapped).toMatchObject({ code: 4 });
  expect(swapped.err).toContain('relay.key-kind');

  const capability = join(folder, 'some.cap');
  writeFileSync(capability, issued.out);
  expect((await run('grant', 'revoke', capability, '--state', folder, '--reason', 'lost')).code).toBe(0);
  expect((await run('grant', 'revoke', subject, '--state', folder)).code).toBe(0);
  const listed = await run('grant', 'list', '--state', folder, '-T', 'json');
  const { revoked } = JSON.parse(listed.out);
  expect(revoked.map((row: { kind: string; reason: string }) => [row.kind, row.reason])).toEqual([
    ['capability', 'lost'],
    ['subject', 'none given'],
  ]);
  const revocations = new Revocations(join(folder, 'revocations'), daemon.key);
  expect(revocations.isRevoked({ jti: '0'.repeat(32), sub: subject })).toBe(true);
  const text = readFileSync(join(folder, 'revocations'), 'utf8');
  writeFileSync(join(folder, 'revocations'), text.replace(subject, publicHex(newKey())), { mode: 0o600 });
  expect(await run('grant', 'list', '--state', folder)).toMatchObject({
    code: 4,
    err: expect.stringContaining('relay.state'),
  });
});
