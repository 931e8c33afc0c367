// What the running engine does to its vault beside orders: passphrases that change, a check of the vault that it holds,
// sealed exports that come in, and keys from the air that it keeps.

import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import type { EngineLinkOptions } from '../../../daemon/engine-process/engine-link.ts';
import type { KeysAnswer, Track } from '../../../daemon/engine-process/engine-port.ts';
import type { EngineSettings } from '../../../daemon/engine-process/pipe-messages.ts';
import { type SecretArguments, sealRequest } from '../../../daemon/engine-process/sealed-request.ts';
import { parseKeyring } from '../../../daemon/keyring/keyring-file.ts';
import { createVault, Vault } from '../../../daemon/keyring/vault.ts';
import { synthesise } from '../../../testing/synthesise.ts';
import { baseScenario } from '../../testing/base-scenario.ts';
import { x25519 } from '../vault/x25519.ts';
import { octetsToFrames } from './batches.ts';
import { LinkedEngine, settingsWith } from './linked.ts';
import { toldOf } from './told.ts';
import { makeVault } from './vault-fixture.ts';

// Passphrase work is meant to take its time, and processes are started here (ms).
vi.setConfig({ testTimeout: 120_000 });

const WALL: Track = { track: 0, clock: 'wall', name: 'wall' };
const PASSPHRASE = 'correct horse battery staple';
const KEY = '1f'.repeat(32);
const HOUR_MS = 3_600_000;

let folder = '';
let running: LinkedEngine[] = [];

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'sidescope-requests-'));
});

afterEach(async () => {
  await Promise.all(running.map((engine) => engine.link.stop()));
  running = [];
  rmSync(folder, { recursive: true, force: true });
});

const vaultFile = (): string => join(folder, 'pass.vault');

function octetsOf(passphrase: string): Uint8Array {
  return Uint8Array.from(Buffer.from(passphrase));
}

function base64(text: string | Uint8Array): string {
  return Buffer.from(text as string).toString('base64');
}

/** A keyring of group Fire 7 with one key, valid today. */
function keyringOf(id: number, key = KEY): string {
  const [notBefore, notAfter] = [-HOUR_MS, HOUR_MS].map((by) => new Date(Date.now() + by).toISOString());
  const keys = [{ id, key, notBefore, notAfter }];
  const ways = { algorithm: '128-EEA2', protection: 'required', derivation: 'ts33303', multicast: [], members: [] };
  return JSON.stringify({ format: 'sidescope-keyring/1', groups: [{ id: 'f00001', name: 'Fire 7', ...ways, keys }] });
}

async function linked(
  settings: Partial<EngineSettings>,
  times: NonNullable<EngineLinkOptions['times']>,
): Promise<LinkedEngine> {
  const engine = new LinkedEngine(settingsWith(settings), { times }, 0);
  running.push(engine);
  await engine.link.start(1);
  engine.link.tracks([WALL]);
  engine.link.demand(new Map([['*', 'plain']]));
  return engine;
}

/** An engine on a vault that a passphrase opens. */
function started(
  keyring: string | null = null,
  times: NonNullable<EngineLinkOptions['times']> = { firstWait: 20 },
): Promise<LinkedEngine> {
  createVault(vaultFile(), [{ kind: 'passphrase', octets: octetsOf(PASSPHRASE) }], { by: 'a test' });
  if (keyring !== null) {
    const vault = opened(PASSPHRASE);
    const held = parseKeyring(keyring, 'keyring.json');
    vault.importKeyring(held, 'keyring.json');
    held.wipe();
    vault.close();
  }
  const passphraseFile = join(folder, 'passphrase');
  writeFileSync(passphraseFile, `${PASSPHRASE}\n`, { mode: 0o600 });
  return linked({ vault: vaultFile(), passphraseFile }, times);
}

/** One on a vault that a private key opens, which is quicker. */
async function startedByIdentity(
  keyring: string | null,
  keepDelivered: boolean,
): Promise<readonly [LinkedEngine, string]> {
  const { path, identity } = makeVault(folder, keyring);
  return [await linked({ vault: path, identity, keepDelivered }, { firstWait: 20 }), path];
}

/** What such a vault holds, once its engine has ended. */
function rowsOf(path: string): ReturnType<Vault['list']> {
  const privateKey = x25519.privateKey(Buffer.alloc(32, 9));
  const vault = Vault.open(path, { kind: 'identity', privateKey }, { by: 'a test' });
  const rows = vault.list();
  vault.close();
  return rows;
}

function opened(passphrase: string): Vault {
  return Vault.open(vaultFile(), { kind: 'passphrase', octets: octetsOf(passphrase) }, { by: 'a test' });
}

/** Asks with secrets that only the child can read. */
async function ask(
  engine: LinkedEngine,
  verb: string,
  secrets: SecretArguments,
  more: Readonly<Record<string, unknown>> = {},
): Promise<KeysAnswer> {
  const plain = { by: 'uid 1000', arguments: {} };
  const identity = await engine.link.keys({ verb: 'keys.identity', ...plain });
  if (!identity.ok) expect.fail('the engine has an identity');
  const sealed = sealRequest((identity.data as { publicKey: string }).publicKey, verb, secrets);
  return engine.link.keys({ verb: `keys.${verb}`, by: 'uid 1000', arguments: more, sealed });
}

describe('passwd', () => {
  test('a new passphrase in place of the one it was started with', async () => {
    const engine = await started(keyringOf(39));
    const answer = await ask(engine, 'passwd', { newPassphrase: base64('another one entirely') });
    expect(answer).toMatchObject({ ok: true, data: { slots: [{ kind: 'passphrase' }] } });
    expect(JSON.stringify(answer)).not.toContain('another one');
    // The running engine goes on with the new data key: an order is durable under it.
    const order = { verb: 'keys.revoke', by: 'uid 1000', arguments: { names: ['f00001/39'], reason: 'lost' } };
    expect(await engine.link.keys(order)).toMatchObject({ ok: true });
    await engine.link.stop();
    expect(() => opened(PASSPHRASE)).toThrow(expect.objectContaining({ code: 'vault.not-opened' }) as Error);
    const vault = opened('another one entirely');
    expect(vault.list()).toMatchObject([{ pgkId: 39, state: 'revoked' }]);
    vault.close();
  });

  test('one more passphrase; one that goes by its number, for which those that stay must be given', async () => {
    const engine = await started();
    const added = await ask(engine, 'passwd', { addPassphrases: [base64('the second in command')] });
    if (!added.ok) expect.fail(added.message);
    const { slots } = added.data as { slots: { id: number }[] };
    expect(slots).toHaveLength(2);
    const [first, second] = slots;
    // Without the passphrase of the slot that stays its copy of the new data key cannot be made: nothing changes.
    const refused = await ask(engine, 'passwd', {}, { removeSlots: [first.id] });
    expect(refused).toMatchObject({ ok: false });
    expect(await ask(engine, 'passwd', {}, { removeSlots: [77] })).toMatchObject({ ok: false, code: 'vault.slots' });
    expect(await ask(engine, 'passwd', {})).toMatchObject({ ok: false, code: 'usage.passwd' });
    const kept = { keepPassphrases: [base64('the second in command')] };
    const removed = await ask(engine, 'passwd', kept, { removeSlots: [first.id] });
    expect(removed).toMatchObject({ ok: true, data: { slots: [{ id: second.id }] } });
    await engine.link.stop();
    expect(() => opened(PASSPHRASE)).toThrow(expect.objectContaining({ code: 'vault.not-opened' }) as Error);
    opened('the second in command').close();
  });
});

test('an engine that works on passphrases for long is not taken for one that hangs', async () => {
  const engine = await started(null, { firstWait: 20, tick: 50, silentTicks: 40, openingTicks: 2400 });
  const { pid } = engine.link.status();
  if (pid === null) expect.fail('it runs');
  process.kill(pid, 'SIGSTOP');
  const answer = engine.link.keys({ verb: 'keys.list', by: 'uid 1000', arguments: {} });
  await sleep(4000);
  process.kill(pid, 'SIGCONT');
  expect(await answer).toMatchObject({ ok: true });
  expect(engine.link.status()).toMatchObject({ pid, restarts: 0 });
});

describe('verify', () => {
  test('the vault that the engine holds is good; a wrong passphrase opens nothing', async () => {
    const engine = await started(keyringOf(39));
    const answer = await ask(engine, 'verify', { passphrase: base64(PASSPHRASE) });
    expect(answer).toMatchObject({ ok: true, data: { isGood: true } });
    expect(await ask(engine, 'verify', { passphrase: base64('a wrong one') })).toMatchObject({
      ok: false,
      code: 'vault.not-opened',
    });
    expect(await ask(engine, 'verify', {})).toMatchObject({ ok: false, code: 'keys.no-passphrase' });
    // What the check looked at goes on being written.
    await engine.link.audit('grant.used', { subject: 'a subscriber' });
    expect(await ask(engine, 'verify', { passphrase: base64(PASSPHRASE) })).toMatchObject({ data: { isGood: true } });
    await engine.link.stop();
    opened(PASSPHRASE).close();
  });

  test('a private key opens the vault for a check where there is no passphrase', async () => {
    const [engine] = await startedByIdentity(keyringOf(39), false);
    const der = x25519.privateKey(Buffer.alloc(32, 9)).export({ format: 'der', type: 'pkcs8' });
    expect(await ask(engine, 'verify', { identity: base64(der) })).toMatchObject({ ok: true, data: { isGood: true } });
    const other = x25519.privateKey(Buffer.alloc(32, 8)).export({ format: 'der', type: 'pkcs8' });
    expect(await ask(engine, 'verify', { identity: base64(other) })).toMatchObject({ code: 'vault.not-opened' });
    expect(await ask(engine, 'verify', { identity: base64('x') })).toMatchObject({ code: 'keys.identity' });
  });

  test('a record of the audit log that somebody changed, and a checkpoint that is not in it', async () => {
    const engine = await started(keyringOf(39));
    await engine.link.audit('grant.used', { subject: 'somebody' });
    const path = `${vaultFile()}.audit`;
    const text = readFileSync(path, 'utf8');
    const other = ['sidescope.example', '1', 'AAAA', '', '— sidescope.example AAAA', ''].join('\n');
    expect(await ask(engine, 'verify', { passphrase: base64(PASSPHRASE) }, { against: other })).toMatchObject({
      ok: true,
      data: { isGood: false },
    });
    writeFileSync(path, text.replace('somebody', 'someb0dy'));
    const answer = await ask(engine, 'verify', { passphrase: base64(PASSPHRASE) });
    expect(answer).toMatchObject({ ok: true, data: { isGood: false } });
    const { checks } = (answer as unknown as { data: { checks: { subject: string; isGood: boolean }[] } }).data;
    expect(checks.find(({ subject }) => subject === 'audit log')?.isGood).toBe(false);
    writeFileSync(path, text);
    expect(await ask(engine, 'verify', { passphrase: base64(PASSPHRASE) })).toMatchObject({ data: { isGood: true } });
  });
});

describe('sealed exports', () => {
  const RECIPIENT = Buffer.alloc(32, 21);

  /** An export of another vault, sealed for RECIPIENT. */
  function exported(): Uint8Array {
    const path = join(folder, 'other.vault');
    createVault(path, [{ kind: 'recipient', publicKey: x25519.publicOf(RECIPIENT) }], { by: 'a test' });
    const unlock = { kind: 'identity', privateKey: x25519.privateKey(RECIPIENT) } as const;
    const vault = Vault.open(path, unlock, { by: 'a test' });
    const held = parseKeyring(keyringOf(40), 'keyring.json');
    vault.importKeyring(held, 'keyring.json');
    held.wipe();
    const { octets } = vault.exportKeys(['f00001/40'], x25519.publicOf(RECIPIENT), 'handed over');
    vault.close();
    return octets;
  }

  function identityOf(seed: Buffer): string {
    return base64(x25519.privateKey(seed).export({ format: 'der', type: 'pkcs8' }));
  }

  test('come in with the identity they were made for, and with no other', async () => {
    const [engine, path] = await startedByIdentity(null, false);
    const files = [{ name: 'handover.sealed', octets: base64(exported()) }];
    const exportIdentity = identityOf(RECIPIENT);
    expect(await ask(engine, 'import', { files })).toMatchObject({ ok: false, code: 'usage.no-identity' });
    const wrong = { files, exportIdentity: identityOf(Buffer.alloc(32, 22)) };
    expect(await ask(engine, 'import', wrong)).toMatchObject({ ok: false });
    expect(await ask(engine, 'import', { files, exportIdentity: 'AAAA' })).toMatchObject({
      ok: false,
      code: 'keys.identity',
    });
    const damaged = Buffer.from(files[0].octets, 'base64');
    damaged[damaged.length - 5] ^= 1;
    const flipped = [{ name: 'handover.sealed', octets: base64(damaged) }];
    expect(await ask(engine, 'import', { files: flipped, exportIdentity })).toMatchObject({ ok: false });
    // One that is wrong keeps out the one beside it.
    const both = [{ name: 'keyring.json', octets: base64(keyringOf(39)) }, ...flipped];
    expect(await ask(engine, 'import', { files: both, exportIdentity })).toMatchObject({ ok: false });
    expect(engine.keys).toEqual([]);

    const answer = await ask(engine, 'import', { files, exportIdentity });
    expect(answer).toMatchObject({ ok: true, data: { imports: [{ name: 'handover.sealed', isPlain: false }] } });
    expect(JSON.stringify(answer)).not.toContain(KEY);
    expect(engine.keys).toMatchObject([{ group: 'f00001', pgkId: 40 }]);
    await engine.link.stop();
    expect(rowsOf(path)).toMatchObject([{ group: 'f00001', pgkId: 40 }]);
  });
});

describe('keys from the air', () => {
  /** Traffic of today: PGK 12 arrives by MIKEY and is used at once. */
  async function delivery() {
    const start = new Date().toISOString();
    const date = (hours: number): string => new Date(Date.parse(start) + hours * HOUR_MS).toISOString();
    const keys = [
      { id: 39, notBefore: date(-24), notAfter: date(24) },
      { id: 12, notBefore: date(-1), notAfter: date(48), held: false },
    ];
    const steps = [
      { do: 'delivery', at: 1, pmk: '706d6b2d3731', group: 'Fire 7', pgk: 12 },
      { do: 'send', at: 2, radio: 'Engine 71', content: 'rtp', count: 10, every: 20, key: { pgk: 12 } },
    ];
    const groups = ['Fire 7', 'Medics 2', 'Open', 'Foreign'].map((name, index) => ({
      id: `f000${index}1`,
      name,
      multicast: [`239.255.0.${7 + index}`],
      keys: index === 0 ? keys : [{ id: 50 + index }],
    }));
    const uplinked = { container: 'pcapng', interfaces: [{ name: 'pc5' }, { name: 'up', framing: 'udp-ethernet' }] };
    const pmks = [{ id: '706d6b2d3731', member: '0a0b0c' }];
    const { capture, keyring } = synthesise(baseScenario(steps, { start, groups, pmks, capture: uplinked }));
    return { frames: await octetsToFrames(capture), keyring: JSON.stringify(keyring) };
  }

  test.each([
    ['are used and forgotten', false],
    ['are kept in the vault where that was chosen', true],
  ])('%s', async (_what, keepDelivered) => {
    const { frames, keyring } = await delivery();
    const [engine, path] = await startedByIdentity(keyring, keepDelivered);
    await engine.take(frames);
    await engine.judged();
    const [key] = engine.records.map(({ event }) => event).filter(({ type }) => type === 'key');
    expect(key).toMatchObject({ group: 'f00001', pgkId: 12, accepted: true });
    expect(toldOf(engine.records, 'message').filter(({ verdict }) => verdict === 'decrypted')).toHaveLength(10);
    const revoke = { verb: 'keys.suspend', by: 'uid 1000', arguments: { names: ['f00001/12'], reason: 'drill' } };
    const answer = await engine.link.keys(revoke);
    expect(answer.ok).toBe(keepDelivered);
    await engine.link.stop();
    const rows = rowsOf(path);
    const row = rows.find(({ group, pgkId }) => group === 'f00001' && pgkId === 12);
    const other = rows.find(({ group, pgkId }) => group === 'f00001' && pgkId === 39);
    expect(row?.state ?? null).toBe(keepDelivered ? 'suspended' : null);
    expect(other?.state).toBe('active');
    expect(readFileSync(`${path}.audit`, 'utf8').includes('delivered by MIKEY')).toBe(keepDelivered);
  });
});
