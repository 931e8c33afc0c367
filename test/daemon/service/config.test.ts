// The configuration: what is read, what is refused and where.

import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { SidescopeError } from '../../../daemon/errors.ts';
import { parseDaemonConfig } from '../../../daemon/service/config-reader.ts';

const FOLDER = '/srv/sidescope';
const least = {
  format: 'sidescope-daemon/1',
  vault: 'field.vault',
  sources: [] as unknown[],
  relay: { operator: 'operator.pub' } as Record<string, unknown>,
};
const read = (value: unknown): ReturnType<typeof parseDaemonConfig> =>
  parseDaemonConfig(typeof value === 'string' ? value : JSON.stringify(value), join(FOLDER, 'daemon.json'));

function refusal(value: unknown): SidescopeError {
  try {
    read(value);
  } catch (error) {
    if (error instanceof SidescopeError) return error;
    throw error;
  }
  throw new Error('it was taken');
}

describe('configuration of a daemon', () => {
  test('the least: defaults, and every path made absolute', () => {
    const config = read(least);
    expect(config.keys).toMatchObject({ kind: 'vault', path: '/srv/sidescope/field.vault', passphraseFile: null });
    expect(config.journal).toMatchObject({ folder: '/srv/sidescope/journal', fileOctets: 100_000_000 });
    expect(config.relay.listen).toEqual([{ kind: 'unix', path: '/srv/sidescope/run/relay.sock' }]);
    expect(config.control).toBe('/srv/sidescope/run/control.sock');
    expect(config.health).toBeNull();
    expect(config.log.level).toBe('info');
  });

  test('a source of every kind', () => {
    const sources = [
      { name: 'a', kind: 'interface', interface: 'wlan0', filter: 'udp', snapLength: 4096, monitor: true },
      { name: 'b', kind: 'command', command: ['ssh', 'box', 'tcpdump', '-w', '-'], environment: ['LANG=C'] },
      { name: 'c', kind: 'stdin' },
      { name: 'd', kind: 'file', path: 'live.pcap', from: 'end' },
      { name: 'e', kind: 'files', folder: '/var/ring', pattern: 'ring*.pcapng', order: 'name' },
      { name: 'f', kind: 'udp', address: '::1', port: 4729, format: 'gsmtap' },
      { name: 'g', kind: 'replay', path: 'x.pcapng', speed: 2.5, loop: true, clock: 'capture' },
      { name: 'h', kind: 'replay', path: 'x.pcapng', speed: 'full' },
    ];
    const config = read({ ...least, sources });
    expect(config.sources).toHaveLength(8);
    expect(config.sources[1]).toMatchObject({
      command: ['ssh', 'box', 'tcpdump', '-w', '-'],
      environment: { LANG: 'C' },
    });
    expect(config.sources[3]).toMatchObject({ path: '/srv/sidescope/live.pcap' });
    expect(config.sources[6]).toMatchObject({ speed: 2.5, loop: true });
    expect(config.sources[7]).toMatchObject({ speed: 'full' });
  });

  test('a relay over TCP', () => {
    const relay = {
      operator: 'o',
      listen: ['tcp:[::1]:7443', 'unix:r.sock'],
      certificate: 'c.pem',
      privateKey: 'k.pem',
    };
    expect(read({ ...least, relay }).relay.listen).toEqual([
      { kind: 'tcp', host: '::1', port: 7443 },
      { kind: 'unix', path: '/srv/sidescope/r.sock' },
    ]);
  });

  test.each([
    ['no JSON', '{"format":', 'config.not-json', ''],
    ['a comment', '{/* */}', 'config.not-json', 'line 1'],
    ['another format', { ...least, format: 'x' }, 'config.wrong-format', 'format'],
    ['a misspelt member', { ...least, jurnal: {} }, 'config.unknown-member', 'jurnal'],
    ['a member twice', '{"format":"sidescope-daemon/1","format":"x"}', 'config.duplicate-member', 'format'],
    ['no sources', { ...least, sources: undefined }, 'config.missing-member', 'sources'],
    ['no relay', { ...least, relay: undefined }, 'config.missing-member', 'relay'],
    ['no operator', { ...least, relay: {} }, 'config.missing-member', 'relay.operator'],
    ['no vault', { ...least, vault: undefined }, 'config.missing-member', 'vault'],
    ['vault and keyrings', { ...least, keyrings: ['k.json'] }, 'config.two-stores', ''],
    ['TCP without TLS', { ...least, relay: { operator: 'o', listen: ['tcp:0.0.0.0:1'] } }, 'config.no-tls', 'relay'],
    [
      'a wrong address',
      { ...least, relay: { operator: 'o', listen: ['http://x'] } },
      'config.bad-address',
      'relay.listen[0]',
    ],
    ['a port too large', { ...least, health: '127.0.0.1:65536' }, 'config.bad-address', 'health'],
    ['an unknown level', { ...least, log: { level: 'inf' } }, 'config.unknown-word', 'log.level'],
    ['a finding that is not', { ...least, severities: { 'ctr.gop': 'low' } }, 'config.unknown-member', 'severities'],
    [
      'a severity that is not',
      { ...least, severities: { 'ctr.gap': 'lo' } },
      'config.unknown-word',
      'severities.ctr.gap',
    ],
    [
      'a kind that is not',
      { ...least, sources: [{ name: 'a', kind: 'udb' }] },
      'config.unknown-word',
      'sources[0].kind',
    ],
    ['a source without name', { ...least, sources: [{ kind: 'stdin' }] }, 'config.missing-member', 'sources[0].name'],
    [
      'a replay without file',
      { ...least, sources: [{ name: 'a', kind: 'replay' }] },
      'config.missing-member',
      'sources[0]',
    ],
    [
      'a member of another kind',
      { ...least, sources: [{ name: 'a', kind: 'stdin', port: 1 }] },
      'config.unknown-member',
      'sources[0]',
    ],
    [
      'a port out of range',
      { ...least, sources: [{ name: 'a', kind: 'udp', port: 70_000 }] },
      'config.out-of-range',
      'sources[0].port',
    ],
    [
      'a speed of 0',
      { ...least, sources: [{ name: 'a', kind: 'replay', path: 'x', speed: 0 }] },
      'config.out-of-range',
      'sources[0].speed',
    ],
    [
      'a name given twice',
      {
        ...least,
        sources: [
          { name: 'a', kind: 'stdin' },
          { name: 'a', kind: 'udp' },
        ],
      },
      'config.duplicate-name',
      'sources[1]',
    ],
    [
      'standard input twice',
      {
        ...least,
        sources: [
          { name: 'a', kind: 'stdin' },
          { name: 'b', kind: 'stdin' },
        ],
      },
      'config.two-stdin',
      'sources[1]',
    ],
    ['escape characters', { ...least, vault: 'a\u001b[2Jb' }, 'config.bad-text', 'vault'],
  ])('%s is refused at its place', (_, value, code, place) => {
    const error = refusal(value);
    expect(error.code).toBe(code);
    expect(error.message).toContain(place);
    expect(error.hint).not.toBe('');
    expect(error.exitCode).toBe(2);
  });

  test('offers the nearest spelling', () => {
    expect(refusal({ ...least, jurnal: {} }).hint).toContain('journal');
    expect(refusal({ ...least, sources: [{ name: 'a', kind: 'udb' }] }).hint).toContain('udp');
  });
});
