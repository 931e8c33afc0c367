// The doctor on sources, configurations and daemons, with real sockets and files.

import { createSocket } from 'node:dgram';
import { chmodSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer as createTlsServer } from 'node:https';
import { createServer, type Server } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';

import { examineConfig } from '../../../daemon/doctor/config-diagnoses.ts';
import { diagnoseStatus, examineDaemon } from '../../../daemon/doctor/daemon-diagnoses.ts';
import { type Diagnosis, isWrong } from '../../../daemon/doctor/diagnosis.ts';
import { examineMachine } from '../../../daemon/doctor/machine-diagnoses.ts';
import { examineSource } from '../../../daemon/doctor/source-diagnoses.ts';
import { emptyKeyring } from '../../../daemon/keyring/keyring.ts';
import { loadKeyrings } from '../../../daemon/keyring/keyring-file.ts';
import { makeCertificate } from '../../../daemon/service/certificate.ts';
import { ControlServer } from '../../../daemon/service/control-server.ts';
import { makeVault } from '../engine-process/vault-fixture.ts';
import { x25519 } from '../vault/x25519.ts';

const SAMPLES = join(import.meta.dirname, '..', '..', '..', 'captures', 'samples');
const CLEAN = join(SAMPLES, 'clean', 'capture.pcapng');
const CLEAN_KEYS = join(SAMPLES, 'clean', 'keyring.json');
const NOW = Date.UTC(2026, 4, 2);

let folder = '';
const opened: (() => unknown)[] = [];

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'sidescope-doctor-'));
});
afterEach(async () => {
  for (const close of opened.splice(0)) await close();
  rmSync(folder, { recursive: true });
});

const codes = (found: readonly Diagnosis[]): string[] => found.map(({ code }) => code);
const wait = async (milliseconds: number, signal: AbortSignal): Promise<void> => {
  await sleep(milliseconds, undefined, { signal });
};
const look = { milliseconds: 300, now: () => NOW, wait, by: 'a doctor', mayAsk: false };

/** A TCP port that somebody listens on. */
async function takenPort(): Promise<number> {
  const server: Server = createServer();
  await new Promise<void>((resolve) => {
    server.listen(0, '127.0.0.1', resolve);
  });
  opened.push(() => server.close());
  return (server.address() as { port: number }).port;
}

describe('a source', () => {
  test('that is well has what its capture has', async () => {
    const keyring = await loadKeyrings([CLEAN_KEYS]);
    const found = await examineSource(
      { name: 'r', kind: 'replay', path: CLEAN },
      { ...look, milliseconds: 20_000, keyring },
    );
    expect(codes(found)).toEqual(['capture.content']);
    expect(found[0].evidence.source).toBe('r');
  });

  test('that brings nothing says where to look', async () => {
    const found = await examineSource({ name: 'u', kind: 'udp', port: 0 }, { ...look, keyring: emptyKeyring() });
    expect(found).toMatchObject([{ level: 'warning', code: 'source.no-frames' }]);
    expect(found[0].advice).toContain('sender');
  });

  test('whose port is taken, or whose file is not there, says so', async () => {
    const socket = createSocket('udp4');
    opened.push(() => socket.close());
    await new Promise<void>((resolve) => {
      socket.bind(0, '127.0.0.1', resolve);
    });
    const { port } = socket.address();
    const taken = await examineSource({ name: 'u', kind: 'udp', port }, { ...look, keyring: emptyKeyring() });
    expect(taken).toMatchObject([{ level: 'fault', code: 'source.address-in-use' }]);
    const file = { name: 'f', kind: 'file', path: join(folder, 'none.pcap') } as const;
    expect(await examineSource(file, { ...look, keyring: emptyKeyring() })).toMatchObject([
      { level: 'fault', code: 'source.no-such-file' },
    ]);
  });

  test('whose datagrams are nothing we know says what they are not', async () => {
    const port = await new Promise<number>((resolve) => {
      const probe = createSocket('udp4');
      probe.bind(0, '127.0.0.1', () => {
        const { port } = probe.address();
        probe.close(() => resolve(port));
      });
    });
    const sender = createSocket('udp4');
    const timer = setInterval(() => sender.send('hello', port, '127.0.0.1'), 20);
    opened.push(() => {
      clearInterval(timer);
      sender.close();
    });
    const found = await examineSource(
      { name: 'u', kind: 'udp', port },
      { ...look, now: Date.now, keyring: emptyKeyring() },
    );
    expect(codes(found)).toEqual(['capture.no-sidelink', 'capture.content']);
    expect(found[0].message).toContain(`UDP goes to port ${port}`);
  });
});

describe('this machine', () => {
  test('says what is missing', async () => {
    const found = await examineMachine({ now: () => 0, wait, host: { findProgram: () => null } });
    expect(codes(found)).toEqual(['machine.clock', 'source.no-capture-program']);
    expect(found.every(({ level }) => level === 'fault')).toBe(true);
  });
});

/** Writes a configuration whose files are all there. */
async function writeConfig(more: Record<string, unknown> = {}, relay: Record<string, unknown> = {}): Promise<string> {
  writeFileSync(join(folder, 'operator.pub'), 'key');
  writeFileSync(join(folder, 'field.vault'), 'sealed', { mode: 0o600 });
  const path = join(folder, 'daemon.json');
  const config = {
    format: 'sidescope-daemon/1',
    vault: 'field.vault',
    sources: [{ name: 'r', kind: 'replay', path: CLEAN }],
    journal: { keepMegabytes: 1 },
    relay: { operator: 'operator.pub', ...relay },
    ...more,
  };
  writeFileSync(path, JSON.stringify(config));
  return path;
}

const examine = async (path: string, milliseconds = 300): Promise<Diagnosis[]> =>
  examineConfig(path, { ...look, milliseconds, keyring: null });

describe('a configuration', () => {
  test('with which all is well', async () => {
    const found = await examine(await writeConfig());
    expect(isWrong(found)).toBe(false);
    expect(codes(found)).toContain('daemon.not-running');
    expect(codes(found)).toContain('capture.content');
    // Nothing opens its vault, and nobody can be asked.
    expect(codes(found)).toEqual(expect.arrayContaining(['keys.not-opened', 'keys.none-given']));
  });

  test('whose vault opens without asking is looked at with its keys', async () => {
    const lesson = JSON.parse(readFileSync(CLEAN_KEYS, 'utf8')) as { groups: { keys: Record<string, string>[] }[] };
    // The keys of the sample are of its own week: these are active today.
    for (const { keys } of lesson.groups) for (const key of keys) key.notAfter = '2100-01-01T00:00:00Z';
    const made = makeVault(folder, JSON.stringify(lesson));
    const path = await writeConfig({ vault: made.path, identity: made.identity });
    const examineNow = (): Promise<Diagnosis[]> =>
      examineConfig(path, { ...look, now: Date.now, milliseconds: 20_000, keyring: null });
    const found = await examineNow();
    expect(codes(found)).not.toContain('keys.none-given');
    expect(found.find(({ code }) => code === 'capture.content')?.message).toContain('decrypted');
    const audit = readFileSync(`${made.path}.audit`, 'utf8')
      .trimEnd()
      .split('\n')
      .map((line) => JSON.parse(line));
    expect(audit.filter(({ type, by }) => type === 'vault.opened' && by === 'a doctor')).toHaveLength(1);
    // As it was before: no lock is left, and it opens again. A key that opens nothing is a fault.
    writeFileSync(
      join(folder, 'other.pem'),
      x25519.privateKey(Buffer.alloc(32, 5)).export({ format: 'pem', type: 'pkcs8' }),
      {
        mode: 0o600,
      },
    );
    expect(codes(await examineNow())).toEqual(codes(found));
    const wrong = await writeConfig({ vault: made.path, identity: 'other.pem' });
    expect(codes(await examine(wrong))).toContain('vault.not-opened');
  });

  test('that is wrong says the place', async () => {
    const path = join(folder, 'daemon.json');
    writeFileSync(path, '{"format":"sidescope-daemon/1","sources":[{"name":"x","kind":"radio"}]}');
    const found = await examine(path);
    expect(found).toHaveLength(1);
    expect(found[0].level).toBe('fault');
    expect(found[0].message).toContain('sources[0].kind');
    expect(codes(await examine(join(folder, 'none.json')))).toEqual(['config.unreadable']);
  });

  test('whose secrets are open to others, or are not there', async () => {
    const path = await writeConfig({ passphraseFile: 'pass' });
    chmodSync(join(folder, 'field.vault'), 0o644);
    rmSync(join(folder, 'operator.pub'));
    const found = await examine(path);
    expect(codes(found).slice(0, 3)).toEqual(['config.too-open', 'config.no-file', 'config.no-file']);
    expect(found[0]).toMatchObject({ advice: `\`chmod 600 ${join(folder, 'field.vault')}\`` });
  });

  test('whose keyring lies in the clear and has run out', async () => {
    const path = await writeConfig({ vault: undefined, keyrings: [CLEAN_KEYS] });
    const found = await examineConfig(path, { ...look, now: () => Date.UTC(2040, 0, 1), keyring: null });
    expect(codes(found)).toEqual(expect.arrayContaining(['config.plain-keyring', 'keys.none-active-today']));
  });

  test('whose ports are taken', async () => {
    const port = await takenPort();
    const found = await examine(await writeConfig({ health: `127.0.0.1:${port}` }));
    expect(found[0]).toMatchObject({ level: 'fault', code: 'config.port-in-use', evidence: { port } });
  });

  test('whose certificate has ended, or belongs to another key', async () => {
    const made = await makeCertificate(['localhost'], Date.UTC(2020, 0, 1));
    const other = await makeCertificate(['localhost'], NOW);
    writeFileSync(join(folder, 'tls.crt'), made.certificate);
    writeFileSync(join(folder, 'tls.key'), other.privateKey, { mode: 0o600 });
    const relay = { certificate: 'tls.crt', privateKey: 'tls.key' };
    const found = await examineConfig(await writeConfig({}, relay), {
      ...look,
      now: () => Date.UTC(2060, 0, 1),
      keyring: null,
    });
    expect(codes(found)).toEqual(expect.arrayContaining(['config.certificate-dates', 'config.certificate-key']));
    chmodSync(join(folder, 'tls.key'), 0o644);
    expect(codes(await examine(await writeConfig({}, relay)))).toContain('config.too-open');
    writeFileSync(join(folder, 'tls.crt'), 'no certificate');
    expect(codes(await examine(await writeConfig({}, relay)))).toContain('config.certificate');
  });

  test('whose journal cannot be made, and may not fit', async () => {
    writeFileSync(join(folder, 'file'), '');
    const found = await examine(await writeConfig({ journal: { folder: 'file/journal' } }));
    expect(codes(found)).toContain('config.no-folder');
    const large = await examine(await writeConfig({ journal: { keepMegabytes: 900_000_000 } }));
    expect(codes(large)).toContain('config.disk-too-small');
  });

  test('that a daemon runs with is not tried beside it', async () => {
    const path = await writeConfig({ sources: [{ name: 'f', kind: 'file', path: 'none.pcap' }] });
    mkdirSync(join(folder, 'run'), { mode: 0o700 });
    const server = await ControlServer.open(join(folder, 'run', 'control.sock'), () => goodStatus());
    opened.push(async () => server.close());
    const found = await examine(path);
    expect(codes(found)).toContain('daemon.running');
    expect(codes(found)).not.toContain('source.no-such-file');
  });
});

/** The status of a daemon with which all is well. */
function goodStatus(more: Record<string, unknown> = {}): Record<string, unknown> {
  return {
    version: '0.1.0',
    state: 'running',
    pid: 1,
    startedAt: new Date(NOW).toISOString(),
    alarms: [],
    sources: [
      {
        ...{ name: 'uu', kind: 'interface wlan0', clock: 'wall', state: 'running', frames: 9, octets: 900 },
        ...{ dropped: 0, overflowed: 0, restarts: 0, lastFrameAt: NOW, problem: null, retryIn: null },
      },
    ],
    engine: { state: 'running', restarts: 0, waiting: 0, problem: null },
    pipeline: { lagMilliseconds: 4 },
    journal: { state: 'good', problem: null, missedFrames: 0 },
    relay: { subscribers: 2 },
    keys: { active: 3, expired: 1 },
    ...more,
  };
}

describe('a daemon', () => {
  const wrongWith = (more: Record<string, unknown>, now = NOW + 1000): string[] =>
    codes(diagnoseStatus(goodStatus(more), now).filter(({ level }) => level !== 'note'));
  const source = (more: Record<string, unknown>) => ({
    sources: [{ ...(goodStatus().sources as Record<string, unknown>[])[0], ...more }],
  });

  test('with which all is well', () => {
    expect(wrongWith({})).toEqual([]);
  });

  test.each<[string, Record<string, unknown>, string[]]>([
    [
      'an alarm',
      { alarms: [{ name: 'journal.disk-full', severity: 'critical', message: 'm', hint: 'h' }] },
      ['alarm.journal.disk-full'],
    ],
    ['no source', { sources: [] }, ['daemon.no-sources']],
    [
      'a source that fails',
      source({ state: 'waiting', problem: { code: 'source.unreachable', message: 'm', hint: 'h' } }),
      ['source.unreachable'],
    ],
    ['a source that loses frames', source({ dropped: 4, overflowed: 2 }), ['source.dropped', 'source.overflowed']],
    [
      'an engine that is down',
      { engine: { state: 'down', restarts: 3, problem: { message: 'm', hint: 'h' } } },
      ['daemon.engine'],
    ],
    ['an engine that was started again', { engine: { state: 'running', restarts: 3 } }, ['daemon.engine-restarts']],
    ['an engine that is behind', { engine: { state: 'running', restarts: 0, waiting: 1e6 } }, ['daemon.behind']],
    [
      'a full disk',
      { journal: { state: 'degraded', missedFrames: 7, problem: null } },
      ['daemon.journal', 'daemon.journal-missed'],
    ],
    ['no keys', { keys: {} }, ['daemon.no-keys']],
    ['no keys of today', { keys: { expired: 4 } }, ['keys.none-active-today']],
  ])('with %s', (_name, more, wanted) => {
    expect(wrongWith(more)).toEqual(wanted);
  });

  test('whose alarm says the same as its source is told once', () => {
    const problem = { code: 'source.unreachable', message: 'm', hint: 'h' };
    const alarms = [{ name: 'source.uu', severity: 'high', message: 'm', hint: 'h' }];
    expect(wrongWith({ ...source({ state: 'waiting', problem }), alarms })).toEqual(['source.unreachable']);
  });

  test('whose source has been quiet for long', () => {
    expect(wrongWith({}, NOW + 3_600_000)).toEqual(['source.quiet']);
    expect(wrongWith(source({ clock: 'capture' }), NOW + 3_600_000)).toEqual([]);
  });

  test.each([null, 'x', [], {}, { version: 7 }])('that says %j is of another kind', (status) => {
    expect(codes(diagnoseStatus(status, NOW))).toEqual(['daemon.status']);
  });

  test('that is not there', async () => {
    expect(await examineDaemon(`unix:${join(folder, 'none.sock')}`)).toMatchObject([
      { level: 'fault', code: 'control.unreachable' },
    ]);
    writeFileSync(join(folder, 'file'), '');
    expect(codes(await examineDaemon(`unix:${join(folder, 'file')}`))).toEqual(['control.unreachable']);
    expect(codes(await examineDaemon('ws://127.0.0.1:1'))).toEqual(['relay.address']);
    const port = await takenPort();
    opened.pop();
    expect(codes(await examineDaemon('wss://127.0.0.1:1'))).toEqual(['daemon.unreachable']);
    expect(port).toBeGreaterThan(0);
  });

  test('that is no relay, over the network', async () => {
    const { certificate, privateKey } = await makeCertificate(['localhost'], Date.now());
    const server = createTlsServer({ cert: certificate, key: privateKey }, (_request, response) => {
      response.writeHead(404).end();
    });
    await new Promise<void>((resolve) => {
      server.listen(0, '127.0.0.1', resolve);
    });
    opened.push(() => {
      server.closeAllConnections();
      server.close();
    });
    const { port } = server.address() as { port: number };
    const found = await examineDaemon(`wss://127.0.0.1:${port}`);
    expect(found[0]).toMatchObject({ level: 'fault', code: 'daemon.no-relay' });
    expect(codes(found)).toContain('daemon.certificate');
    server.removeAllListeners('upgrade');
    server.on('upgrade', (_request, socket) => {
      socket.end(
        'HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Protocol: sidescope.relay.1\r\n\r\n',
      );
    });
    const relay = await examineDaemon(`wss://127.0.0.1:${port}`);
    expect(codes(relay)).toEqual(expect.arrayContaining(['daemon.reachable', 'daemon.certificate']));
    expect(isWrong(relay)).toBe(false);
  });
});
