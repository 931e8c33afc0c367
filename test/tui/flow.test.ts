// The flow of a group on the real program.

import { afterEach, expect, test } from 'vitest';
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

test('the attacked sample as a ladder; every key', async () => {
  const program = start(sample('attacked'), { columns: 140, rows: 40 });
  await program.waitFor('307 messages');
  program.press('2');
  await program.waitFor('talk');
  program.press('g', 'g');
  expectGolden('attacked-flow-140x40', await program.settled());
  program.press('j', 'o');
  await program.waitFor('B  169.254.10.11:5000');
  program.press('C');
  await program.waitFor((text) => !text.includes('B  169.254.10.11:5000'));
  program.press('+', '+');
  await program.waitFor('every message has its own row');
  program.press('space', 'j', 'j', 'j', 'd');
  const compared = await program.waitFor(/frame\s+01 00/);
  expect(compared).toContain('Esc goes back');
  expect(compared).toMatch(/SN\s+\d+\s+\d+/);
  program.press('G');
  await program.waitFor('deciphered');
  program.press('escape');
  await program.waitFor('each message');
  program.press('-', '-');
  await program.waitFor('pause 1.0s');
  program.press('s');
  await program.waitFor('Medics 2');
  program.press('S');
  await program.waitFor('Engine 71');
  program.press('enter');
  await program.waitFor('Judgement');
  program.press('L');
  await program.waitFor('pause 1.0s');
});

test('a change of keys cuts across; on 80 by 24, sideways, by mouse', async () => {
  const program = start(sample('rollover'));
  await program.waitFor('Groups');
  program.press('2');
  await program.waitFor('PGK');
  program.press('g', 'g');
  expectGolden('rollover-flow-80x24', await program.settled());
  program.press('l');
  await program.waitFor('◂ 1');
  program.press('h');
  await program.waitFor((text) => !text.includes('◂ 1'));
  program.wheel(20, 10, 'down', 2);
  program.click(20, 6);
  program.click(20, 6);
  expect(await program.waitFor('Judgement')).toContain('Messages');
});
