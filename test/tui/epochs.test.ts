// The epochs view on the real program.

import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, expect, test } from 'vitest';
import { expectGolden, type ProgramOptions, ROOT, sample, TerminalProgram } from './terminal-program.ts';

const running: TerminalProgram[] = [];
const folders: string[] = [];

function start(args: readonly string[], options?: ProgramOptions): TerminalProgram {
  const program = new TerminalProgram(args, options);
  running.push(program);
  return program;
}

afterEach(() => {
  for (const program of running.splice(0)) program.close();
  for (const folder of folders.splice(0))
    rmSync(folder, { recursive: true, force: true, maxRetries: 50, retryDelay: 100 });
});

const ALL_READ = { attacked: '307 messages', rollover: '292 messages' };

test.each([
  ['attacked', 140, 40],
  ['attacked', 80, 24],
  ['rollover', 140, 40],
  ['rollover', 80, 24],
] as const)('keys of the %s sample on %i by %i', async (name, columns, rows) => {
  const program = start(sample(name), { columns, rows });
  await program.waitFor(ALL_READ[name]);
  await program.settled();
  program.press('3');
  await program.waitFor('no key held after');
  expectGolden(`${name}-epochs-${columns}x${rows}`, await program.settled());
});

test('the capture alone, with the PTK ids under every key', async () => {
  const program = start(sample('rollover'), { columns: 120, rows: 30 });
  await program.waitFor('292 messages');
  program.press('3');
  await program.waitFor('no key held after');
  program.press('z', 'O');
  await program.waitFor('PTK ');
  expectGolden('rollover-epochs-capture-120x30', await program.settled());
  program.press('C');
  await program.waitFor((text) => !text.includes('PTK '));
});

test('every key', async () => {
  const program = start(sample('attacked'), { columns: 140, rows: 40 });
  await program.waitFor('307 messages');
  program.press('3');
  const whole = await program.waitFor('no key held after');
  expect(whole).toContain('on 39: Engine 71');
  program.press('j', 'o');
  await program.waitFor('PTK 944');
  program.press('o');
  await program.waitFor((text) => !text.includes('PTK 944'));
  program.press('+');
  await program.waitFor('10d 14h are seen');
  program.press('h');
  await program.waitFor('Apr 25');
  program.press('-');
  await program.waitFor('are seen');
  program.press('z');
  await program.waitFor(' 21d 04h');
  program.press('s');
  await program.waitFor(/▸Medics 2/);
  program.press('S');
  await program.waitFor(/▸Fire 7/);
  program.press('f');
  await program.waitFor('filter: slrb.group == f00001');
  program.press('j', 'j', 'f');
  await program.waitFor('slrb.pgk-id == 39');
  program.press('!');
  await program.waitFor('only group');
  program.press('3', 'L');
  await program.waitFor('pause 1.0s');
  program.press('3', '\\', 'k', 'enter');
  const messages = await program.waitFor('Judgement');
  expect(messages).toContain('slrb.pgk-id == 37');
  expect(messages).toContain('37/944/');
  expect(messages).not.toContain('39/1393/');
});

test('the time cursor: by key, by mouse, and which keys may be used where it stands', async () => {
  const program = start(sample('rollover'), { columns: 120, rows: 30 });
  await program.waitFor('292 messages');
  program.press('3');
  await program.waitFor('no key held after');
  program.press('[', '[', '[');
  await program.waitFor(/┆ .* before now {2}.*may be used/);
  expectGolden('rollover-epochs-cursor-120x30', await program.settled());
  program.press(']', ']', ']', ']');
  await program.waitFor(/┆ .* after now/);
  // Around the cursor, also where it is far from now.
  program.click(20, 3);
  const far = await program.waitFor(/┆ .* before now/);
  const place = far.split('\n')[3].indexOf('┆');
  program.press('+');
  const closer = await program.waitFor((text) => text !== far && text.includes('are seen'));
  expect(closer.split('\n')[3].indexOf('┆')).toBe(place);
  program.press('escape');
  await program.waitFor((text) => !text.includes('┆'));
});

test('messages of one PTK id; search; a click on what is selected opens it', async () => {
  const program = start(sample('attacked'), { columns: 200, rows: 40 });
  await program.waitFor('307 messages');
  program.press('3');
  await program.waitFor('no key held after');
  program.press('ctrl-f');
  program.type('PGK 39\r');
  await program.waitFor(/▸ PGK 39/);
  program.press('o', 'j', 'enter');
  expect(await program.waitFor('Judgement')).toMatch(/slrb\.ptk-id == 1393/);
  program.press('\\', '3');
  await program.waitFor('no key held after');
  const medics = program
    .text()
    .split('\n')
    .findIndex((line) => line.includes('Medics 2'));
  program.wheel(20, 10, 'down');
  program.click(5, medics);
  await program.waitFor(/▸Medics 2/);
  program.click(5, medics);
  expect(await program.waitFor('Judgement')).toContain('f00102');
});

test('without colour and in ASCII every state still has its sign', async () => {
  const program = start(sample('attacked'), { environment: { LANG: 'C', NO_COLOR: '1' } });
  await program.waitFor('Groups');
  program.press('3');
  const text = await program.waitFor('x revoked');
  expect(text).toMatch(/PGK 37.*x revoked/);
  expect(text).toMatch(/PGK 39.*\.#\..*\* active/);
  expect(text).not.toMatch(/[^\n -~]/);
});

test('a gap without a key and somebody who left stand out', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'sidescope-epochs-'));
  folders.push(folder);
  const source = join(ROOT, 'captures', 'samples', 'attacked');
  const keyring = JSON.parse(readFileSync(join(source, 'keyring.json'), 'utf8'));
  const [fire] = keyring.groups;
  fire.keys[0].notAfter = '2026-04-28T00:00:00Z';
  fire.keys[0].revokedAt = null;
  fire.members[1].until = '2026-05-01T01:00:00Z';
  fire.members[1].name = 'Wide 消防 Ladder';
  writeFileSync(join(folder, 'keyring.json'), JSON.stringify(keyring), { mode: 0o600 });
  const program = start(['tui', join(source, 'capture.pcapng'), '--keyring', join(folder, 'keyring.json')], {
    ...{ columns: 160, rows: 30 },
  });
  await program.waitFor('307 messages');
  program.press('3');
  const text = await program.waitFor('can read until');
  expect(text).toContain('no key from Apr 28 00:00 to May 1 00:00');
  expect(text).toContain('removed Wide 消防 Ladder can read until May 8 00:00');
  expect(text).toMatch(/╳╳╳/);
});
