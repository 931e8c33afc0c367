// The terminal program as a person uses it: started on a pseudo-terminal, its screen read by a terminal emulator.

import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, describe, expect, test } from 'vitest';
import { expectGolden, type ProgramOptions, sample, TerminalProgram } from './terminal-program.ts';

const running: TerminalProgram[] = [];
const folders: string[] = [];

function start(args: readonly string[], options?: ProgramOptions): TerminalProgram {
  const program = new TerminalProgram(args, options);
  running.push(program);
  return program;
}

afterEach(() => {
  for (const program of running.splice(0)) program.close();
  for (const folder of folders.splice(0)) rmSync(folder, { recursive: true });
});

describe('screens of the attacked sample', () => {
  test('groups', async () => {
    const wide = start(sample('attacked'), { columns: 120, rows: 30 });
    await wide.waitFor('307 messages');
    expectGolden('attacked-groups-120x30', await wide.settled());
  });

  test('groups and messages on 80 by 24', async () => {
    const small = start(sample('attacked'));
    await small.waitFor('critical');
    expectGolden('attacked-groups-80x24', await small.settled());
    small.press('5');
    await small.waitFor('Judgement');
    expectGolden('attacked-messages-80x24', await small.settled());
  });

  test('messages: the judgement of a forged one', async () => {
    const program = start(sample('attacked'), { columns: 140, rows: 40 });
    await program.waitFor('307 messages');
    program.type(':144\r');
    await program.waitFor('[Verdict: forged]');
    expectGolden('attacked-forged-140x40', await program.settled());
  });
});

test('a display filter is judged while it is typed, completed, and put in force', async () => {
  const program = start([...sample('attacked')], { columns: 120, rows: 30 });
  await program.waitFor('307 messages');
  program.press('5', '/');
  program.type('slrb.verd');
  await program.waitFor(/slrb\.verdict\s+What/);
  program.press('tab');
  program.type('== forgd');
  await program.waitFor('column 17');
  program.press('backspace');
  program.type('ed');
  await program.waitFor('✓');
  program.press('enter');
  await program.waitFor(/filter: slrb\.verdict == forged\s+6$/m);
  await program.waitFor(/forged/);
  expect((await program.settled()).match(/! forged/g)).toHaveLength(6);
  program.press('\\');
  await program.waitFor((text) => !text.includes('filter: '));
});

describe('the terminal is left in order', () => {
  test.each([['q'], ['ctrl-c'], ['Z Z']])('%s', async (keys) => {
    const program = start(sample('clean'));
    await program.waitFor('Groups');
    program.press(...keys.split(' '));
    expect(await program.exited()).toBe(0);
    expectLeft(program);
  });

  test('an error that nobody expected', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'sidescope-tui-'));
    folders.push(folder);
    // In the thread of the screen, some time after it was taken over.
    const thrower = join(folder, 'thrower.mjs');
    writeFileSync(
      thrower,
      `import { isMainThread } from 'node:worker_threads';
      const from = Date.now();
      const timer = setInterval(() => {
        if (!isMainThread || Date.now() - from < 3000) return;
        clearInterval(timer);
        throw new Error('of the test');
      }, 50);
      timer.unref();`,
    );
    const program = start(sample('clean'), { environment: { NODE_OPTIONS: `--import ${thrower}` } });
    await program.waitFor('Groups');
    expect(await program.exited()).toBe(3);
    expectLeft(program);
    // What went wrong stands where the shell goes on.
    expect(program.text().replaceAll(/\s/g, '')).toContain('[internal]');
  });

  test.each([
    ['SIGTERM', 143],
    ['SIGHUP', 129],
  ])('%s', async (signal, exitCode) => {
    const program = start(sample('clean'));
    await program.waitFor('Groups');
    program.process.kill(signal);
    expect(await program.exited()).toBe(exitCode);
    expectLeft(program);
  });
});

function expectLeft(program: TerminalProgram): void {
  expect(program.terminal.buffer.active.type).toBe('normal');
  expect(program.terminal.modes.mouseTrackingMode).toBe('none');
  expect(program.terminal.modes.bracketedPasteMode).toBe(false);
  expect(program.output.lastIndexOf('\u001b[?25h')).toBeGreaterThan(program.output.lastIndexOf('\u001b[?25l'));
}

test('Ctrl-L draws everything anew, whatever else wrote on the screen', async () => {
  const program = start(sample('attacked'), { columns: 100, rows: 30 });
  await program.waitFor('307 messages');
  const before = await program.settled();
  await new Promise<void>((resolve) => {
    program.terminal.write('\u001b[5;1Hwall: the system goes down', resolve);
  });
  expect(program.text()).not.toBe(before);
  program.press('ctrl-l');
  expect(await program.waitFor((text) => text === before)).toBe(before);
});

test('a resize draws anew', async () => {
  const program = start(sample('attacked'), { columns: 100, rows: 30 });
  await program.waitFor('307 messages');
  program.resize(80, 24);
  const small = await program.waitFor((text) => text.split('\n')[22].startsWith('─'));
  expect(small.split('\n')[23]).toContain('filter');
});

test('the mouse opens a tab, selects a row and scrolls', async () => {
  const program = start(sample('attacked'), { columns: 120, rows: 30 });
  await program.waitFor('307 messages');
  program.click(program.line(1).indexOf('Messages'), 1);
  await program.waitFor('PGK/PTK/SN');
  program.click(20, 7);
  await program.waitFor((text) => text.split('\n')[7].startsWith('▸'));
  program.wheel(20, 7, 'down', 3);
  const scrolled = await program.waitFor((text) => /^ +14 /.test(text.split('\n')[4]));
  expect(scrolled.split('\n')[7]).toMatch(/^▸/);
});

test('nothing but ASCII where the locale is not UTF-8, and no colour with NO_COLOR', async () => {
  const program = start(sample('attacked'), { environment: { LANG: 'C', NO_COLOR: '1' } });
  await program.waitFor('critical');
  expectGolden('attacked-groups-ascii-80x24', await program.settled());
  expect([...program.output].every((character) => character < '\u0080')).toBe(true);
  const colours = program.output.split('\u001b[').filter((part) => /^[0-9;]*(?:3[0-8]|4[0-8]|9[0-7])m/.test(part));
  expect(colours).toEqual([]);
});

test('without a terminal it says what to use instead', async () => {
  const program = start(
    ['-c', `${process.execPath} dist/cli/main.js ${sample('clean').join(' ')} </dev/null 2>&1 | cat`],
    {
      file: '/bin/sh',
      columns: 200,
    },
  );
  await program.exited();
  expect(program.output).toContain('usage.no-terminal');
});

test('nor does it draw on one that has no cursor', async () => {
  const program = start(sample('clean'), { environment: { TERM: 'dumb' } });
  expect(await program.exited()).toBe(2);
  expect(program.output).toContain('usage.no-terminal');
  expect(program.output).not.toContain('\u001b');
});

test.each([
  ['-Y', 'slrb.verdict =='],
  ['-r', 'capture.pcapng'],
  ['--allow-stale', 'training'],
])('what a daemon has no use for, or cannot understand, is refused before one is asked: %s %s', async (...more) => {
  const program = new TerminalProgram(['tui', '--connect', 'unix:/tmp/no-such.sock', ...more]);
  expect(await program.exited()).toBe(2);
  expect(program.output).toMatch(more[0] === '-Y' ? /usage|filter/ : /usage\.connect/);
  expect(program.output).not.toContain('no-grant');
  program.close();
});
