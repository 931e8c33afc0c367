// The terminal program on a daemon: the past from its journal, then live; status; a daemon that goes away and comes back.

import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterEach, describe, expect, test } from 'vitest';
import type { View } from '../../daemon/relay/capability.ts';
import { DaemonFolder, type RunningDaemon } from '../daemon/end-to-end/daemon-folder.ts';
import { TerminalProgram } from './terminal-program.ts';

const sampleFile = (path: string): string => fileURLToPath(new URL(`../../captures/samples/${path}`, import.meta.url));

const ended: (() => unknown)[] = [];
afterEach(async () => {
  for (const end of ended.splice(0).toReversed()) await end();
});

async function setUp(
  views: readonly View[] = ['meta', 'plain'],
): Promise<{ folder: DaemonFolder; daemon: RunningDaemon; args: string[] }> {
  const folder = await DaemonFolder.make({
    sources: [{ name: 'replay', kind: 'replay', path: sampleFile('attacked/capture.pcapng'), speed: 'full' }],
    keyring: sampleFile('attacked/keyring.json'),
  });
  ended.push(() => folder.remove());
  const daemon = await folder.start();
  ended.push(() => daemon.end('SIGTERM'));
  const { capability } = folder.subscriber([{ gid: '*', views }]);
  const capabilityFile = join(folder.path, 'subscriber.cap');
  writeFileSync(capabilityFile, `${capability}\n`, { mode: 0o600 });
  const identity = join(folder.path, 'subscriber-1.key');
  return {
    folder,
    daemon,
    args: ['tui', '--connect', folder.relay, '--identity', identity, '--capability', capabilityFile],
  };
}

function start(args: readonly string[], home: string): TerminalProgram {
  // Wide enough for the path of the socket in the header, and what stands behind it.
  const program = new TerminalProgram(args, { columns: 180, rows: 40, environment: { HOME: home } });
  ended.push(() => program.close());
  return program;
}

/** Enhanced packet blocks of a little-endian pcapng file. */
function packetsOf(text: string): number {
  const octets = Buffer.from(text, 'latin1');
  let count = 0;
  for (let at = 0; at + 12 <= octets.length; at += octets.readUInt32LE(at + 4)) {
    if (octets.readUInt32LE(at) === 6) count++;
  }
  return count;
}

describe('on a daemon', { timeout: 120_000 }, () => {
  test('every view has what the daemon tells, and a lost daemon comes back', async () => {
    const { folder, daemon, args } = await setUp();
    await expect.poll(async () => (await folder.status()).pipeline.told, { timeout: 60_000 }).toBeGreaterThan(300);
    const program = start(args, folder.path);
    await program.waitFor('307 messages');
    await program.waitFor(/Fire 7\s+f00001\s+39/);
    // The dates of the keys come with the status: since when one may not be used any more.
    program.press('3');
    await program.waitFor(/PGK 37.*──.*× revoked/);
    program.press('4');
    await program.waitFor('ctr.keystream_reuse');
    program.press('6');
    expect(await program.waitFor(/Sources[\s\S]*replay\s+ended/)).toContain('at full speed');
    program.press('G');
    await program.waitFor(/Journal[\s\S]*good[\s\S]*Relay/);
    program.press('5', 'g', 'g');
    await program.waitFor(/deciphered|RTP PCMU/);
    program.press('/');
    program.type('slrb.verdict == forged\r');
    await program.waitFor(/filter: slrb\.verdict == forged\s+6/);
    await daemon.end('SIGTERM');
    await program.waitFor(/lost|does not answer|tried again/i);
    // What was asked while it was away is asked again.
    program.press('j');
    await program.waitFor('there is no connection now');
    const again = await folder.start();
    ended.push(() => again.end('SIGTERM'));
    await program.waitFor((text) => !/tried again|does not answer/.test(text) && /live/i.test(text));
    expect(await program.waitFor('▾ Judgement')).not.toContain('there is no connection');
  });

  test('a line of the layers has its field: what turns on it is open, and f filters on it', async () => {
    const { folder, args } = await setUp();
    await expect.poll(async () => (await folder.status()).pipeline.told, { timeout: 60_000 }).toBeGreaterThan(300);
    const program = start(args, folder.path);
    await program.waitFor('307 messages');
    program.press('5', 'g', 'g');
    await program.waitFor(/▾ Judgement[\s\S]*\[Verdict: decrypted\]/);
    // The line behind the one that the cursor begins on.
    program.press('w', 'j', 'f');
    await program.waitFor(/filter: slrb\.verdict == "decrypted"\s+278/);
    // What only frames have is refused with its reason.
    program.type('jjjjjjjjjjjf');
    await program.waitFor(/records have no/);
  });

  test('a filter that is given at the start is asked of the past, too', async () => {
    const { folder, args } = await setUp();
    await expect.poll(async () => (await folder.status()).pipeline.told, { timeout: 60_000 }).toBeGreaterThan(300);
    const program = start([...args, '-Y', 'slrb.verdict == forged'], folder.path);
    await program.waitFor('307 messages');
    program.press('5');
    await program.waitFor(/filter: slrb\.verdict == forged\s+6/);
    expect(await program.waitFor('! forged')).not.toContain('· decrypted');
  });

  test('what the daemon deciphered is in a file only where it is asked for', async () => {
    const { folder, args } = await setUp();
    await expect.poll(async () => (await folder.status()).pipeline.told, { timeout: 60_000 }).toBeGreaterThan(300);
    const program = start(args, folder.path);
    await program.waitFor('307 messages');
    const written = async (command: string, name: string): Promise<string> => {
      const path = join(folder.path, name);
      program.type(`:${command} ${path}\r`);
      await program.waitFor(new RegExp(`${name.replace('.', '\\.')}: \\d+ \\w+ written`));
      return readFileSync(path, 'latin1');
    };
    expect(await written('export', 'bare.ndjson')).not.toContain('"payload"');
    expect(await written('export-payload', 'whole.ndjson')).toContain('"payload":"45');
    const bare = await written('export', 'bare.pcapng');
    const whole = await written('export-payload', 'whole.pcapng');
    expect(bare.length).toBeLessThan(whole.length - 20_000);
    expect(packetsOf(bare)).toBeGreaterThan(300);
    expect(packetsOf(whole)).toBeGreaterThan(packetsOf(bare));
  });

  test('who is granted metadata alone sees that, and no plaintext', async () => {
    const { folder, args } = await setUp(['meta']);
    await expect.poll(async () => (await folder.status()).pipeline.told, { timeout: 60_000 }).toBeGreaterThan(300);
    const program = start(args, folder.path);
    await program.waitFor('307 messages');
    program.press('5', 'g', 'g');
    const messages = await program.waitFor(/150 octets, plausible under PGK 39/);
    expect(messages).not.toContain('RTP');
  });
});
