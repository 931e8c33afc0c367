// The control socket over a real Unix socket: answers, errors, rights, and what it does with nonsense.

import { once } from 'node:events';
import { mkdtempSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { ExitCode, SidescopeError } from '../../../daemon/errors.ts';
import { askDaemon, ControlClient } from '../../../daemon/service/control-client.ts';
import { LINE_MOST, LineCutter } from '../../../daemon/service/control-protocol.ts';
import { type ControlHandler, ControlServer } from '../../../daemon/service/control-server.ts';

let folder: string;
let server: ControlServer | null = null;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'sidescope-control-'));
});
afterEach(async () => {
  await server?.close();
  server = null;
  rmSync(folder, { recursive: true });
});

const path = (): string => join(folder, 'run', 'control.sock');
const open = async (handler: ControlHandler): Promise<void> => {
  server = await ControlServer.open(path(), handler);
};

describe('control socket', () => {
  test('is for its owner alone, and so is the folder that was made for it', async () => {
    await open(() => null);
    expect(statSync(path()).mode & 0o777).toBe(0o600);
    expect(statSync(join(folder, 'run')).mode & 0o777).toBe(0o700);
  });

  test('answers each request with its own data, also when they overlap', async () => {
    await open(async ({ verb, arguments: given }) => {
      await sleep(Number(given.wait));
      return { verb };
    });
    const client = await ControlClient.open(path());
    const slow = client.ask({ verb: 'slow', by: 'test', arguments: { wait: 40 } });
    const quick = client.ask({ verb: 'quick', by: 'test', arguments: { wait: 0 } });
    await expect(quick).resolves.toEqual({ verb: 'quick' });
    await expect(slow).resolves.toEqual({ verb: 'slow' });
    client.close();
  });

  test('16 requests at a time, however many come in one piece; each is answered', async () => {
    let now = 0;
    let most = 0;
    await open(async ({ id }) => {
      most = Math.max(most, ++now);
      await sleep(1);
      now--;
      return id;
    });
    const socket = connect({ path: path() });
    const requests = Array.from({ length: 1000 }, (_, id) => `${JSON.stringify({ id, verb: 'x' })}\n`);
    socket.write(requests.join(''));
    const answered = new Set<number>();
    const cutter = new LineCutter();
    socket.on('data', (piece: Buffer) => {
      for (const line of cutter.push(piece)) answered.add((JSON.parse(line) as { data: number }).data);
    });
    await expect.poll(() => answered.size, { timeout: 20_000 }).toBe(1000);
    expect(most).toBe(16);
    socket.destroy();
  });

  test('of a connection that takes no answers nothing more is carried out', async () => {
    let carriedOut = 0;
    await open(() => {
      carriedOut++;
      return 'x'.repeat(64 * 1024);
    });
    const socket = connect({ path: path() });
    const asked = 2000;
    socket.write(Array.from({ length: asked }, (_, id) => `${JSON.stringify({ id, verb: 'x' })}\n`).join(''));
    await expect.poll(() => carriedOut, { timeout: 10_000 }).toBeGreaterThan(10);
    await sleep(500);
    // A megabyte in the daemon, 16 more that were under way, and what the kernel holds.
    expect(carriedOut).toBeLessThan(100);
    let octets = 0;
    socket.on('data', (piece: Buffer) => {
      octets += piece.length;
    });
    await expect.poll(() => carriedOut, { timeout: 30_000 }).toBe(asked);
    await expect.poll(() => octets, { timeout: 30_000 }).toBeGreaterThan(asked * 64 * 1024);
    socket.destroy();
  });

  test('hands on who asks and what is sealed', async () => {
    await open(({ by, sealed }) => ({ by, sealed }));
    await expect(askDaemon(path(), { verb: 'x', by: 'uid 7', sealed: 'AAAA' })).resolves.toEqual({
      by: 'uid 7',
      sealed: 'AAAA',
    });
  });

  test('an expected failure comes back as itself', async () => {
    await open(() => {
      throw new SidescopeError('vault.transition', 'no', 'do so', ExitCode.refused);
    });
    await expect(askDaemon(path(), { verb: 'x', by: 'test' })).rejects.toMatchObject({
      code: 'vault.transition',
      message: 'no',
      hint: 'do so',
      exitCode: ExitCode.refused,
    });
  });

  test('the text of a mistake of ours, which may quote input, does not', async () => {
    await open(() => {
      throw new TypeError('key 00112233 is odd');
    });
    const failure = await askDaemon(path(), { verb: 'x', by: 'test' }).catch((error: unknown) => error);
    expect(failure).toMatchObject({ code: 'internal' });
    expect(JSON.stringify(failure) + String(failure)).not.toContain('0011');
  });

  test('says when there is no daemon, and when it goes away before it answers', async () => {
    await expect(askDaemon(path(), { verb: 'x', by: 'test' })).rejects.toMatchObject({ code: 'control.unreachable' });
    // Not by the clock: a busy machine may not have connected by then.
    await open(() => {
      void server?.close();
      return sleep(10_000, null, { ref: false });
    });
    const asked = askDaemon(path(), { verb: 'x', by: 'test' });
    await expect(asked).rejects.toMatchObject({ code: 'control.lost' });
    server = null;
  });

  test('a second daemon is refused; a socket left behind and a plain file are told apart', async () => {
    await open(() => null);
    await expect(ControlServer.open(path(), () => null)).rejects.toMatchObject({ code: 'socket.in-use' });
    const file = join(folder, 'file');
    writeFileSync(file, '');
    await expect(ControlServer.open(file, () => null)).rejects.toMatchObject({ code: 'socket.not-a-socket' });
  });

  test.each(['not json', '[]', '{"id":1}', '{"id":"1","verb":"x"}', '{"id":1,"verb":"x","arguments":[]}'])(
    'closes a connection that says %s',
    async (line) => {
      await open(() => null);
      const socket = connect(path());
      socket.write(`${line}\n`);
      const [hadError] = await once(socket, 'close');
      expect(hadError).toBe(false);
      expect(socket.bytesRead).toBe(0);
    },
  );

  test('lines come out whole however they are cut, and one without end is given up', () => {
    const text = '{"a":1}\n{"b":"ü"}\n\n';
    for (let size = 1; size <= text.length; size++) {
      const cutter = new LineCutter();
      const octets = Buffer.from(text);
      const lines: string[] = [];
      for (let at = 0; at < octets.length; at += size) lines.push(...cutter.push(octets.subarray(at, at + size)));
      expect(lines).toEqual(['{"a":1}', '{"b":"ü"}', '']);
    }
    const endless = new LineCutter();
    const piece = Buffer.alloc(16 * 1024 * 1024, 0x20);
    expect(() => {
      for (let octets = 0; octets <= LINE_MOST; octets += piece.length) endless.push(piece);
    }).toThrow(RangeError);
  });
});
