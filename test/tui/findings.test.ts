// The views of findings and status on the real program.

import { afterEach, describe, expect, test } from 'vitest';
import { expectGolden, type ProgramOptions, sample, TerminalProgram } from './terminal-program.ts';

const running: TerminalProgram[] = [];

function start(args: readonly string[], options?: ProgramOptions): TerminalProgram {
  const program = new TerminalProgram(args, options);
  running.push(program);
  return program;
}

afterEach(() => {
  for (const program of running.splice(0)) program.close();
});

describe('findings of the attacked sample', () => {
  test('the worst on top, explained; every key', async () => {
    const program = start(sample('attacked'), { columns: 140, rows: 40 });
    await program.waitFor('307 messages');
    program.press('4');
    await program.waitFor('not so if');
    expectGolden('attacked-findings-140x40', await program.settled());
    program.press('s');
    await program.waitFor('times↓');
    program.press('S');
    await program.waitFor('times↑');
    program.press('z');
    await program.waitFor((text) => !/times↑[\s\S]*\n.*▸.*\n.*▸/.test(text));
    program.press('z', 'g', '!');
    await program.waitFor('only group');
    program.press('escape');
    await program.waitFor((text) => !text.includes('only group'));
    program.press('f');
    await program.waitFor('filter: frame.number');
    program.press('\\', 'enter');
    expect(await program.waitFor('Judgement')).toContain('PGK/PTK/SN');
  });

  test('search, and a click on a row', async () => {
    const program = start(sample('attacked'), { columns: 120, rows: 30 });
    await program.waitFor('307 messages');
    program.press('4');
    await program.waitFor('not so if');
    program.press('ctrl-f');
    program.type('not_in_roster\r');
    expect(await program.waitFor(/▸.*member\.not_in_roster/)).toContain('0dead1');
  });

  test('on 80 by 24', async () => {
    const program = start(sample('attacked'));
    await program.waitFor('2 critical');
    program.press('4');
    await program.waitFor('seen');
    const before = await program.settled();
    expectGolden('attacked-findings-80x24', before);
    program.press('+');
    const further = await program.waitFor((text) => text !== before);
    program.press('-');
    expect(await program.waitFor((text) => text !== further)).toBe(before);
  });
});

test('status: what was judged, what was not decoded and why', async () => {
  const program = start(sample('attacked'), { columns: 100, rows: 40 });
  await program.waitFor('307 messages');
  program.press('6');
  await program.waitFor('Frames without a message');
  const text = (await program.settled()).replace(/memory( +)\d+ MiB/, 'memory$1NNN MiB');
  expectGolden('attacked-status-100x40', text);
});
