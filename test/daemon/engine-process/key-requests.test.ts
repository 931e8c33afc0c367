// Requests about keys while the daemon's engine runs: durable, in force on the open stream, and secrets only for the child.

import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { keysText } from '../../../cli/keys-text.ts';
import type { KeysAnswer, Track } from '../../../daemon/engine-process/engine-port.ts';
import { type SecretArguments, sealRequest } from '../../../daemon/engine-process/sealed-request.ts';
import { Vault } from '../../../daemon/keyring/vault.ts';
import { synthesise } from '../../../testing/synthesise.ts';
import { baseScenario } from '../../testing/base-scenario.ts';
import { x25519 } from '../vault/x25519.ts';
import { batchOf, octetsToFrames, type PlainFrame } from './batches.ts';
import { LinkedEngine, settingsWith } from './linked.ts';
import { toldOf } from './told.ts';
import { type MadeVault, makeVault } from './vault-fixture.ts';

// Processes are started here, on machines that may have much else to do (ms).
vi.setConfig({ testTimeout: 120_000 });

const WALL: Track = { track: 0, clock: 'wall', name: 'wall' };

let folder = '';
let running: LinkedEngine[] = [];

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'sidescope-engine-'));
});

afterEach(async () => {
  await Promise.all(running.map((engine) => engine.link.stop()));
  running = [];
  rmSync(folder, { recursive: true, force: true, maxRetries: 50, retryDelay: 100 });
});

/** Traffic of today: so many messages under PGK 39 now, as many a minute later, and the keyring for it. */
async function today(count: number): Promise<{ frames: PlainFrame[]; keyring: string }> {
  const steps = [0, 60].map((at) => ({
    do: 'send',
    at,
    radio: 'Engine 71',
    content: 'rtp',
    count,
    every: 20,
    key: { pgk: 39 },
  }));
  const groups = ['Fire 7', 'Medics 2', 'Open', 'Foreign'].map((name, index) => ({
    id: `f000${index}1`,
    name,
    multicast: [`239.255.0.${7 + index}`],
    keys: [{ id: 39 + index }],
  }));
  const start = new Date().toISOString();
  const { capture, keyring } = synthesise(baseScenario(steps, { start, groups }));
  return { frames: await octetsToFrames(capture), keyring: JSON.stringify(keyring) };
}

async function started(vault: MadeVault): Promise<LinkedEngine> {
  const engine = new LinkedEngine(settingsWith({ vault: vault.path, identity: vault.identity }), {}, 0);
  running.push(engine);
  await engine.link.start(1);
  engine.link.tracks([WALL]);
  engine.link.demand(new Map([['*', 'plain']]));
  return engine;
}

function ask(
  engine: LinkedEngine,
  verb: string,
  more: Record<string, unknown> = {},
  sealed?: string,
): Promise<KeysAnswer> {
  const secret = sealed === undefined ? {} : { sealed };
  return engine.link.keys({ verb: `keys.${verb}`, by: 'uid 1000', arguments: more, ...secret });
}

async function sealFor(engine: LinkedEngine, verb: string, secrets: SecretArguments): Promise<string> {
  const identity = await ask(engine, 'identity');
  if (!identity.ok) expect.fail('the engine has an identity');
  return sealRequest((identity.data as { publicKey: string }).publicKey, verb, secrets);
}

function fileOf(text: string): SecretArguments {
  return { files: [{ name: 'keyring.json', octets: Buffer.from(text).toString('base64') }] };
}

describe('orders', () => {
  test("a revocation during a stream is in force, and in the parent's table, before it is answered", async () => {
    const { frames, keyring } = await today(20);
    const engine = await started(makeVault(folder, keyring));
    await engine.take(frames.slice(0, 20));
    await engine.judged();
    const before = engine.records.filter(({ event }) => event.type === 'message');
    expect(before).toHaveLength(20);
    for (const { plain, access } of before) expect([plain?.payload === undefined, access]).toEqual([false, 'plain']);
    expect(engine.keys.find(({ group, pgkId }) => group === 'f00001' && pgkId === 39)).toMatchObject({
      state: 'active',
      revokedAt: null,
    });
    const begun = performance.now();
    const answer = await ask(engine, 'revoke', { names: ['f00001/39'], reason: 'lost radio' });
    expect(performance.now() - begun).toBeLessThan(1000);
    expect(answer).toMatchObject({ ok: true, data: { order: 'revoke', keys: [{ pgkId: 39, state: 'revoked' }] } });
    expect(engine.keys.find(({ group, pgkId }) => group === 'f00001' && pgkId === 39)?.state).toBe('revoked');
    const told = engine.records.length;
    await engine.take(frames.slice(20));
    await engine.judged();
    const after = engine.records.slice(told);
    expect(toldOf(after, 'message').map(({ verdict }) => verdict)).toEqual(Array.from({ length: 20 }, () => 'stale'));
    for (const { plain } of after) expect(plain).toBeNull();
    expect(toldOf(after, 'finding').map(({ name }) => name)).toContain('key.revoked');
    expect(
      engine.records.some(({ event }) => event.type === 'epoch' && event.pgkId === 39 && event.state === 'revoked'),
    ).toBe(true);
    const destroyed = await ask(engine, 'destroy', { names: ['f00001/39'] });
    expect(destroyed).toMatchObject({ ok: false, code: 'usage.for-good', exitCode: 2 });
    expect(await ask(engine, 'destroy', { names: ['f00001/39'], forGood: true })).toMatchObject({ ok: true });
    expect(await ask(engine, 'resume', { names: ['f00001/39'] })).toMatchObject({
      ok: false,
      code: 'vault.transition',
      exitCode: 4,
    });
    expect(await ask(engine, 'export', {})).toMatchObject({ ok: false, code: 'keys.unknown-verb' });
  });

  test('what was ordered and used is in the vault when the engine has ended', async () => {
    const { frames, keyring } = await today(10);
    const made = makeVault(folder, keyring);
    const engine = await started(made);
    await engine.take(frames);
    await engine.judged();
    await ask(engine, 'suspend', { names: ['f00001/39'], reason: 'drill' });
    await engine.link.audit('grant.used', { subject: 'a subscriber' });
    await engine.link.stop();
    const audit = readFileSync(`${made.path}.audit`, 'utf8');
    for (const type of ['key.suspended', 'grant.used', 'vault.closed']) expect(audit).toContain(`"type":"${type}"`);
    expect(audit).toContain('drill (asked for by uid 1000)');
    const vault = Vault.open(
      made.path,
      { kind: 'identity', privateKey: x25519.privateKey(Buffer.alloc(32, 9)) },
      { by: 'a test' },
    );
    const row = vault.list().find(({ group, pgkId }) => group === 'f00001' && pgkId === 39);
    vault.close();
    expect(row).toMatchObject({ state: 'suspended', frames: 20 });
    expect(row?.octets).toBeGreaterThan(20 * 50);
  });
});

describe('secrets', () => {
  test('keys that are imported open the next message; a sealed request is good once, for its verb, for this child', async () => {
    const { frames, keyring } = await today(5);
    const engine = await started(makeVault(folder));
    await engine.take(frames.slice(0, 5));
    await engine.judged();
    const sealed = await sealFor(engine, 'import', fileOf(keyring));
    expect(await ask(engine, 'passwd', {}, sealed)).toMatchObject({ ok: false, code: 'keys.not-sealed' });
    expect(await ask(engine, 'import', {}, sealed)).toMatchObject({
      ok: true,
      data: { imports: [{ name: 'keyring.json', isPlain: true }] },
    });
    expect(await ask(engine, 'import', {}, sealed)).toMatchObject({ ok: false, code: 'keys.sealed-twice' });
    expect(await ask(engine, 'import', {}, 'AAAA')).toMatchObject({ ok: false, code: 'keys.not-sealed' });
    expect(engine.keys.some(({ group, pgkId }) => group === 'f00001' && pgkId === 39)).toBe(true);
    await engine.take(frames.slice(5));
    await engine.judged();
    const told = toldOf(engine.records, 'message');
    // The first five, told before the key was there, are told again as corrections.
    expect(told.filter(({ corrects }) => corrects === true).map(({ verdict }) => verdict)).toEqual(
      Array.from({ length: 5 }, () => 'decrypted'),
    );
    const verdicts = told.filter(({ corrects }) => corrects !== true).map(({ verdict }) => verdict);
    expect(verdicts).toEqual([
      ...Array.from({ length: 5 }, () => 'no-key'),
      ...Array.from({ length: 5 }, () => 'decrypted'),
    ]);
    const list = await ask(engine, 'list');
    const octets = /"key":"([0-9a-f]{64})"/.exec(keyring)?.[1] ?? expect.fail('the keyring has keys');
    expect(JSON.stringify(list)).not.toContain(octets);
    const bad = await sealFor(engine, 'import', fileOf('{"format":"sidescope-keyring/1","groups":3}'));
    expect(await ask(engine, 'import', {}, bad)).toMatchObject({ ok: false, exitCode: 2 });
    const other = await sealFor(engine, 'import', fileOf(keyring));
    const { pid } = engine.link.status();
    if (pid !== null) process.kill(pid, 'SIGKILL');
    await engine.until(() => engine.resumes === 1);
    expect(await ask(engine, 'import', {}, other)).toMatchObject({ ok: false, code: 'keys.not-sealed' });
  });
});

test('what replays used is shown beside the counters, which it is no part of', async () => {
  const { frames, keyring } = await today(10);
  const vault = makeVault(folder, keyring);
  const engine = await started(vault);
  const replay: Track = { track: 1, clock: 'capture', name: 'replay' };
  engine.link.tracks([WALL, replay]);
  await engine.link.push(batchOf(frames, 1), 1);
  await engine.until(() => engine.through === frames.length);
  const rowOf = async (): Promise<Record<string, unknown>> => {
    const answer = await ask(engine, 'list');
    if (!answer.ok) expect.fail(answer.message);
    const { keys } = answer.data as { keys: Record<string, unknown>[] };
    return keys.find(({ group, pgkId }) => group === 'f00001' && pgkId === 39) ?? {};
  };
  const first = await rowOf();
  expect(first).toMatchObject({ frames: 0, octets: 0, replayed: { frames: 20 } });
  expect((first.replayed as { octets: number }).octets).toBeGreaterThan(20 * 28);
  // Asked twice, nothing is added up; a key that no replay used says nothing.
  expect(await rowOf()).toEqual(first);
  const answer = await ask(engine, 'list');
  const { keys } = (answer as { data: { keys: Record<string, unknown>[] } }).data;
  expect(keys.some((row) => !('replayed' in row))).toBe(true);
  expect(keysText(keys as never)).toMatch(/octets +replayed\n/);
  expect(keysText(keys as never)).toMatch(/^f00001 .* 0 +0 +20$/m);
});
