// The built `sidescope doctor`: what it takes its target for, what it prints, its exit code.

import { spawn } from 'node:child_process';
import { createSocket } from 'node:dgram';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';

const MAIN = join(import.meta.dirname, '..', '..', 'dist', 'cli', 'main.js');
const SAMPLES = join(import.meta.dirname, '..', '..', 'captures', 'samples');
const CLEAN = join(SAMPLES, 'clean', 'capture.pcapng');

let folder = '';
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'sidescope-doctor-cli-'));
});
afterAll(() => {
  rmSync(folder, { recursive: true });
});

async function doctor(...args: string[]): Promise<{ code: number; stdout: string; stderr: string }> {
  const child = spawn(process.execPath, [MAIN, 'doctor', ...args], { stdio: ['ignore', 'pipe', 'pipe'] });
  let stdout = '';
  let stderr = '';
  child.stdout.on('data', (piece: Buffer) => {
    stdout += piece.toString();
  });
  child.stderr.on('data', (piece: Buffer) => {
    stderr += piece.toString();
  });
  const code = await new Promise<number>((resolve) => {
    child.on('close', resolve);
  });
  return { code, stdout, stderr };
}

describe('sidescope doctor', () => {
  test('of a capture with its keys: all is well, exit code 0', async () => {
    const { code, stdout, stderr } = await doctor(CLEAN, '--keyring', join(SAMPLES, 'clean', 'keyring.json'));
    expect(stderr).toBe('');
    expect(stdout).toMatch(/^note {5}[\d,]+ frames, .* \[capture\.content\]\nall is well\n$/);
    expect(code).toBe(0);
  });

  test('of a capture with keys of another group: exit code 1, as text and as JSON', async () => {
    const keyring = join(folder, 'other.json');
    const key = {
      ...{ id: 1, key: `${'00'.repeat(31)}01` },
      ...{ notBefore: '2020-01-01T00:00:00Z', notAfter: '2040-01-01T00:00:00Z' },
    };
    const group = { id: 'abcdef', algorithm: '128-EEA2', keys: [key] };
    writeFileSync(keyring, JSON.stringify({ format: 'sidescope-keyring/1', groups: [group] }));
    const text = await doctor(CLEAN, '--keyring', keyring);
    expect(text.code).toBe(1);
    expect(text.stdout).toMatch(
      /^fault {4}.* go to .* whose keys are not held: .* \[keys\.group-not-held\]\n {9}what to do: /,
    );
    expect(text.stdout.endsWith('something is wrong\n')).toBe(true);
    const json = await doctor(CLEAN, '--keyring', keyring, '-T', 'json');
    expect(json.code).toBe(1);
    expect(JSON.parse(json.stdout)).toMatchObject({
      ...{ v: 1, target: CLEAN, kind: 'capture', ok: false },
      diagnoses: [{ level: 'fault', code: 'keys.group-not-held', evidence: { held: ['abcdef'] } }, { level: 'note' }],
    });
  });

  test('knows a configuration, a daemon and a source by their form', async () => {
    const config = join(folder, 'daemon.json');
    writeFileSync(config, '  {"format":"sidescope-daemon/1"}');
    const kindOf = async (...args: string[]) => {
      const { code, stdout } = await doctor(...args, '-T', 'json');
      const { kind, diagnoses } = JSON.parse(stdout) as { kind: string; diagnoses: { code: string }[] };
      return [code, kind, diagnoses[0].code];
    };
    expect(await kindOf(config)).toEqual([1, 'config', 'config.missing-member']);
    expect(await kindOf(join(folder, 'none.pcap'))).toEqual([1, 'capture', 'capture.no-such-file']);
    expect(await kindOf(`unix:${folder}/none.sock`)).toEqual([1, 'daemon', 'control.unreachable']);
    const socket = createSocket('udp4');
    await new Promise<void>((resolve) => {
      socket.bind(0, '127.0.0.1', resolve);
    });
    const { port } = socket.address();
    expect(await kindOf(`udp:127.0.0.1:${port}`, '--seconds', '1')).toEqual([1, 'source', 'source.address-in-use']);
    socket.close();
  });

  test('says wrong usage with exit code 2', async () => {
    expect((await doctor('udp:99999')).code).toBe(2);
    expect((await doctor(CLEAN, '--seconds', '0')).code).toBe(2);
    expect((await doctor(CLEAN, '-T', 'xml')).code).toBe(2);
    expect((await doctor('--help')).stdout).toContain('interface:NAME');
  });
});
