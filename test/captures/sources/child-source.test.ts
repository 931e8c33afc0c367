// Capture programs as children, with real processes: small Node programs that write captures, slowly, wrongly, and die.

import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';

import {
  block,
  interfaceBlock,
  joined,
  option,
  packetBlock,
  section,
  statisticsBlock,
  text,
} from '../capture-bytes.ts';
import { captureOf, pause, QUICK, type Taking, take, until } from './live-sources.ts';

let folder = '';
const running: Taking[] = [];

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'sidescope-child-'));
});

afterEach(async () => {
  for (const taking of running.splice(0)) await taking.stop();
  rmSync(folder, { recursive: true });
});

/** A command that runs this program text with the arguments behind it. */
function program(source: string, ...args: string[]): string[] {
  const file = join(folder, 'program.mjs');
  writeFileSync(file, `import fs from 'node:fs';\n${source}`);
  return [process.execPath, file, ...args];
}

function takeCommand(command: readonly string[], restart: 'always' | 'failure' = 'always', hold?: () => Promise<void>) {
  const taking = take({ name: 'box', kind: 'command', command, restart }, { restart: QUICK }, hold);
  running.push(taking);
  return taking;
}

/** Octets as a JavaScript expression. */
const literal = (octets: Uint8Array) => `Buffer.from('${Buffer.from(octets).toString('hex')}', 'hex')`;

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    // A zombie has ended too.
    return !/\) Z /.test(readFileSync(`/proc/${pid}/stat`, 'utf8'));
  } catch {
    return false;
  }
}

describe('a command', () => {
  test('brings frames as they are written, in whatever pieces, and is started again when it dies', async () => {
    const capture = captureOf(1, 2, 3);
    const command = program(`
      const octets = ${literal(capture)};
      for (const octet of octets) { fs.writeSync(1, Buffer.of(octet)); }
      await new Promise((resolve) => setTimeout(resolve, 50));
      process.exit(7);`);
    const taking = takeCommand(command);
    await until(() => taking.frames.length >= 6);
    expect(taking.firsts().slice(0, 6)).toEqual([1, 2, 3, 1, 2, 3]);
    expect(taking.frames.map(({ number }) => number).slice(0, 6)).toEqual([1, 2, 3, 4, 5, 6]);
    await until(() => taking.status().state === 'waiting');
    expect(taking.status()).toMatchObject({
      kind: `command node`,
      state: 'waiting',
      problem: { code: 'source.program-ended', message: 'node ended with exit code 7' },
    });
    expect(taking.status().restarts).toBeGreaterThanOrEqual(1);
    expect(taking.status().retryIn).toBeGreaterThanOrEqual(0);
  });

  test('brings a frame within a few milliseconds of its being written', async () => {
    const command = program(`
      const octets = ${literal(captureOf(1, 2))};
      fs.writeSync(1, octets.subarray(0, octets.length - 19));
      await new Promise((resolve) => setTimeout(resolve, 100));
      fs.writeSync(2, String(Date.now()) + '\\n');
      fs.writeSync(1, octets.subarray(octets.length - 19));
      setInterval(() => {}, 1000);`);
    const taking = takeCommand(command);
    await until(() => taking.frames.length === 2);
    expect(taking.frames[1].cameAt - taking.frames[0].cameAt).toBeLessThan(1000);
    expect(taking.status().state).toBe('running');
  });

  test('that ends well ends the source where it is told so', async () => {
    const taking = takeCommand(program(`fs.writeSync(1, ${literal(captureOf(1))});`), 'failure');
    await taking.done;
    expect(taking.status()).toMatchObject({ state: 'ended', problem: null, restarts: 0, frames: 1 });
  });

  test('says what it said last, in printable characters, and what to do where that is known', async () => {
    const saying = async (words: string) => {
      const taking = takeCommand(program(`fs.writeSync(2, ${JSON.stringify(words)}); process.exit(255);`));
      await until(() => taking.status().problem !== null);
      await taking.stop();
      return taking.status().problem;
    };
    expect(await saying('something\u001b[31m odd\u0007\n')).toMatchObject({
      code: 'source.program-failed',
      message: 'node says: something [31m odd',
    });
    expect((await saying('me@radio: Permission denied (publickey,password).\n'))?.code).toBe('source.login-refused');
    expect((await saying('ssh: connect to host radio port 22: Connection refused'))?.code).toBe('source.unreachable');
  });

  test('of which there is no program says so', async () => {
    const taking = takeCommand(['/nowhere/capture']);
    await until(() => taking.status().problem !== null);
    expect(taking.status().problem).toMatchObject({
      code: 'source.no-such-program',
      message: 'there is no program /nowhere/capture',
    });
  });

  test('that writes no capture is ended, and the source says what it saw', async () => {
    const taking = takeCommand(program(`fs.writeSync(1, 'Welcome to the radio box!'); setInterval(() => {}, 1000);`));
    await until(() => taking.status().problem !== null);
    expect(taking.status().problem).toMatchObject({ code: 'capture.not-a-capture' });
  });

  test('is pressed back on while the consumer is busy, and nothing is lost', async () => {
    const records = 20_000;
    const command = program(`
      const header = ${literal(captureOf())};
      fs.writeSync(1, header);
      const record = Buffer.alloc(16 + 200);
      record.writeUInt32LE(200, 8); record.writeUInt32LE(200, 12);
      for (let count = 0; count < ${records}; count++) {
        record.writeUInt32LE(count, 0);
        for (let at = 0; at < record.length; ) {
          try { at += fs.writeSync(1, record, at); } catch (error) { if (error.code !== 'EAGAIN') throw error; }
        }
        if (count % 100 === 0) fs.writeFileSync(${JSON.stringify(join(folder, 'written'))}, String(count));
      }`);
    let hold = true;
    const taking = takeCommand(command, 'failure', async () => {
      while (hold) await pause(5);
    });
    await until(() => taking.frames.length > 0);
    await pause(300);
    const written = Number(readFileSync(join(folder, 'written'), 'utf8'));
    hold = false;
    expect(written).toBeLessThan(records / 2);
    await taking.done;
    expect(taking.frames.map(({ time }) => time / 1000)).toEqual(Array.from({ length: records }, (_, count) => count));
  });

  test('keeps the numbers of its interfaces through restarts, and counts what was dropped', async () => {
    const named = (name: string, linkType: number) =>
      interfaceBlock(linkType, 'little', { options: option(2, text(name)) });
    const first = joined(
      section(),
      named('wlan0', 127),
      named('wlan1', 127),
      packetBlock(Uint8Array.of(1), 'little', { interfaceId: 1 }),
      statisticsBlock(0, 3, 1),
    );
    const second = joined(
      section(),
      named('wlan1', 127),
      named('any', 113),
      packetBlock(Uint8Array.of(2), 'little', { interfaceId: 0 }),
      packetBlock(Uint8Array.of(3), 'little', { interfaceId: 1 }),
      block(0x0bad, new Uint8Array(8)),
      packetBlock(Uint8Array.of(4)),
      statisticsBlock(0, 2, 0),
    );
    const command = program(
      `
      const again = fs.existsSync(process.argv[2]);
      fs.writeFileSync(process.argv[2], '');
      fs.writeSync(1, again ? ${literal(second)} : ${literal(first)});
      if (again) setInterval(() => {}, 1000);`,
      join(folder, 'flag'),
    );
    const taking = takeCommand(command);
    await until(() => taking.frames.length === 4);
    const seen = taking.frames.map(({ bytes, interfaceId, interfaceName, linkType, number }) => [
      bytes[0],
      number,
      interfaceId,
      interfaceName,
      linkType,
    ]);
    expect(seen).toEqual([
      [1, 1, 1, 'wlan1', 127],
      [2, 2, 1, 'wlan1', 127],
      [3, 3, 2, 'any', 113],
      [4, 4, 1, 'wlan1', 127],
    ]);
    await until(() => taking.status().dropped === 6);
  });

  test('is ended with all that it started when the source stops; what it had written still comes', async () => {
    const command = program(
      `
      import { spawn } from 'node:child_process';
      const child = spawn('sleep', ['1000'], { stdio: ['ignore', 'inherit', 'ignore'] });
      fs.writeFileSync(process.argv[2], process.pid + ' ' + child.pid);
      process.on('SIGTERM', () => { fs.writeSync(1, ${literal(captureOf(1, 2).subarray(24))}); process.exit(0); });
      fs.writeSync(1, ${literal(captureOf())});
      setInterval(() => {}, 1000);`,
      join(folder, 'pids'),
    );
    const taking = takeCommand(command);
    await until(() => {
      try {
        return readFileSync(join(folder, 'pids'), 'utf8').split(' ').length === 2;
      } catch {
        return false;
      }
    });
    await pause(50);
    const pids = readFileSync(join(folder, 'pids'), 'utf8').split(' ').map(Number);
    expect(pids.map(isAlive)).toEqual([true, true]);
    await taking.stop();
    await taking.done;
    await until(() => !pids.some(isAlive));
    expect(taking.status()).toMatchObject({ state: 'stopped', frames: 2, problem: null });
  });
});
