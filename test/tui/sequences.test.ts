// Keys in sequences that lead through several views and states: what a filter hides, what a comparison leaves alone, titles
// that are clicked, what the help page promises.

import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, describe, expect, test } from 'vitest';
import { COMMANDS } from '../../tui/app/command-line.ts';
import { type ProgramOptions, ROOT, sample, TerminalProgram } from './terminal-program.ts';

const ended: (() => void)[] = [];
afterEach(() => {
  for (const end of ended.splice(0).toReversed()) end();
});

async function start(options: ProgramOptions = {}, args = sample('attacked')): Promise<TerminalProgram> {
  const program = new TerminalProgram(args, { columns: 150, rows: 30, ...options });
  ended.push(() => program.close());
  await program.waitFor('307 messages');
  await program.settled();
  return program;
}

describe('under a filter', () => {
  test.each([
    ['a frame', ':1\r'],
    ['a time', ':time 02:10:01\r'],
  ])('%s that it hides is said to be hidden', async (_, typed) => {
    const program = await start();
    program.type('5');
    program.type('/slrb.verdict == forged\r');
    await program.waitFor(/forged\s+6/);
    program.type(typed);
    await program.waitFor('the filter hides the message of frame 1; \\ takes it away');
    program.type(':145\r');
    expect(await program.waitFor(/▸ ▲ +145/)).not.toContain('the filter hides');
    program.type('\\:1\r');
    expect(await program.waitFor(/▸ +1 /)).not.toContain('the filter hides');
  });

  test('the first frame of a finding that it hides', async () => {
    const program = await start();
    program.type('/slrb.verdict == stale\r');
    await program.waitFor(/stale\s+15/);
    program.type('4');
    await program.waitFor('ctr.keystream_reuse');
    program.press('enter');
    expect(await program.waitFor('the filter hides the message of frame 231')).toContain('PGK/PTK/SN');
  });
});

test('a time of the day that there is not is told', async () => {
  const program = await start();
  program.type(':time 25:00\r');
  await program.waitFor('25:00 is no time');
  program.type(':time 12:60:00\r');
  await program.waitFor('12:60:00 is no time');
  program.type(':time 03:00\r');
  await program.waitFor('no message at 03:00 or behind it');
  expect(await program.waitFor(/▸ +315/)).toContain('PGK/PTK/SN');
});

test('a search of the messages goes on at the other end, and finds the row it stands on', async () => {
  const program = await start({ columns: 180 });
  program.type('5');
  await program.waitFor('Judgement');
  program.press('ctrl-f');
  program.type('frame-less text\r');
  await program.waitFor('frame-less text: not found');
  program.press('G');
  await program.waitFor(/▸ +315/);
  program.press('ctrl-f', 'ctrl-u');
  // Sent once, at the beginning of the capture.
  program.type('seq 56316\r');
  expect(await program.waitFor(/▸ +1 .*seq 56316/)).not.toContain('not found');
  program.press('n');
  expect(await program.settled()).not.toContain('not found');
  program.press('N');
  expect(await program.settled()).toMatch(/▸ +1 /);
});

test('a click on a title sorts by that column, however wide the screen is', async () => {
  const program = await start({ columns: 80, rows: 24 });
  for (const [view, titles] of [
    ['1', ['msg/s', 'members', 'verdicts', 'worst', 'Group', 'key']],
    ['4', ['times', 'group', 'source', 'finding', 'severity']],
  ] as const) {
    program.press(view);
    await program.waitFor(view === '1' ? 'verdicts' : 'severity');
    for (const title of titles) {
      program.click(program.line(3).indexOf(title) + 1, 3);
      await program.waitFor((text) => new RegExp(`${title.slice(0, 4)}\\S*[↓↑]`).test(text.split('\n')[3]));
    }
  }
  expect(program.line(3)).toContain('severity');
});

test('while two messages are compared the keys of everywhere hold, and who leads to the flow is shown the flow', async () => {
  const program = await start();
  program.type('2');
  await program.waitFor('pause 1.0s');
  program.press('g', 'g', 'j', 'space', 'j', 'd');
  await program.waitFor('Esc goes back');
  program.press('/');
  await program.waitFor('empty: all messages');
  await program.after('escape');
  program.press(':');
  await program.waitFor('go to a frame');
  await program.after('escape');
  program.press('T');
  await program.waitFor('theme: light');
  program.press('y');
  await program.waitFor('there is nothing to copy here');
  program.type(':145\r');
  await program.waitFor('! forged');
  program.press('L');
  await program.waitFor('pause 1.0s');
  expect(program.text()).not.toContain('Esc goes back');
});

test('the help page has every command that can be typed, and no line of it is cut off', async () => {
  const program = await start({ columns: 80, rows: 60 });
  program.type(':help\r');
  let all = await program.waitFor('Groups');
  for (let page = 0; page < 6; page++) all += await program.after('pagedown');
  for (const { name } of COMMANDS) expect(all).toContain(`:${name}`);
  expect(all).toContain('as the terminal does');
  expect(all).not.toContain('…');
});

test('a file that is no capture says so in the first view', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'sidescope-tui-'));
  ended.push(() => rmSync(folder, { recursive: true }));
  writeFileSync(join(folder, 'notes.pcap'), 'these are notes and no capture');
  const program = new TerminalProgram(['tui', join(folder, 'notes.pcap')], { columns: 100 });
  ended.push(() => program.close());
  await program.waitFor('ended early');
  expect(await program.waitFor('the input is no capture that we read')).not.toContain('there is no frame in it');
});

test('a key that was revoked has no time left', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'sidescope-tui-'));
  ended.push(() => rmSync(folder, { recursive: true }));
  const keyring = JSON.parse(readFileSync(join(ROOT, 'captures/samples/attacked/keyring.json'), 'utf8')) as {
    groups: { id: string; keys: { id: number; revokedAt?: string }[] }[];
  };
  for (const { id, keys } of keyring.groups) if (id === 'f00102') keys[0].revokedAt = '2026-05-03T02:15:00Z';
  writeFileSync(join(folder, 'keyring.json'), JSON.stringify(keyring), { mode: 0o600 });
  const [verb, capture] = sample('attacked');
  const program = await start({ columns: 160 }, [verb, capture, '--keyring', join(folder, 'keyring.json')]);
  expect(program.text()).toMatch(/Medics 2 +f00102 +12 +revoked +- /);
  expect(program.text()).toMatch(/Fire 7 +f00001 +39 +active +█+░+ +4d 21h/);
});

test('a finding about no frame says so where its frames are asked for', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'sidescope-tui-'));
  ended.push(() => rmSync(folder, { recursive: true }));
  const keyring = JSON.parse(readFileSync(join(ROOT, 'captures/samples/attacked/keyring.json'), 'utf8')) as {
    groups: { keys: { id: number; key: string; notBefore: string; notAfter: string }[] }[];
  };
  const { notBefore, notAfter } = keyring.groups[1].keys[0];
  keyring.groups[1].keys.push({ id: 13, key: '00'.repeat(32), notBefore, notAfter });
  writeFileSync(join(folder, 'keyring.json'), JSON.stringify(keyring), { mode: 0o600 });
  const [verb, capture] = sample('attacked');
  const program = await start({}, [verb, capture, '--keyring', join(folder, 'keyring.json')]);
  program.type('4');
  await program.waitFor('ctr.keystream_reuse');
  program.press('ctrl-f');
  program.type('key.weak\r');
  await program.waitFor('── key.weak');
  for (const key of ['f', 'M', 'enter']) {
    program.press('s', key);
    await program.waitFor('this finding is about no frame');
  }
  expect(program.text()).not.toContain('filter:');
});
