// Terminals other than xterm, and a program that somebody else stops.

import { execFileSync } from 'node:child_process';
import { afterEach, expect, test } from 'vitest';
import { ROOT, sample, TerminalProgram } from './terminal-program.ts';

const running: TerminalProgram[] = [];
afterEach(() => {
  for (const program of running.splice(0)) program.close();
});

function start(...parts: ConstructorParameters<typeof TerminalProgram>): TerminalProgram {
  const program = new TerminalProgram(...parts);
  running.push(program);
  return program;
}

test.each(['screen-256color', 'tmux-256color', 'xterm', 'no-such-terminal'])(
  'on %s nothing but the screen is written: what its description has that nobody understands is passed over',
  async (name) => {
    const program = start(sample('attacked'), { environment: { TERM: name } });
    await program.waitFor('307 messages');
    await program.after('q');
    expect(await program.exited()).toBe(0);
    expect(program.output.startsWith('\u001b')).toBe(true);
    expect(program.output).not.toContain('Error on');
    expect(program.text().trim()).toBe('');
  },
);

test.each(['linux', 'vt100'])(
  'on %s, which has no alternate screen, nothing of the picture stays behind',
  async (name) => {
    const program = start(sample('attacked'), { environment: { TERM: name, COLORTERM: '' } });
    const text = await program.waitFor('307 messages');
    expect(text).toContain('Fire 7');
    expect(program.output).not.toContain('\u001b[?1049h');
    // An empty variable promises no colours.
    expect(program.output).not.toContain('38;5;');
    await program.after('q');
    expect(await program.exited()).toBe(0);
    expect(program.text().trim()).toBe('');
    expect(program.terminal.buffer.active.cursorY).toBe(0);
  },
);

test.each(['SIGTSTP', 'SIGSTOP'] as const)('stopped by %s of somebody else it goes on with fg', async (signal) => {
  const shell = start(['--norc', '-i'], { file: 'bash', environment: { PS1: 'PROMPT> ' } });
  await shell.waitFor('PROMPT>');
  shell.type(`${process.execPath} ${ROOT}dist/cli/main.js ${sample('attacked').join(' ')}\r`);
  await shell.waitFor('307 messages');
  const child = execFileSync('ps', ['-o', 'pid=', '--ppid', String(shell.process.pid)], { encoding: 'utf8' });
  process.kill(Number(child.trim()), signal);
  await shell.waitFor('Stopped');
  if (signal === 'SIGTSTP') expect(shell.text()).not.toContain('307 messages');
  shell.type('fg\r');
  await shell.waitFor(/Groups.*Flow[\s\S]*q quit/);
  shell.type('6');
  expect(await shell.waitFor('read to its end')).toContain('307');
  shell.type('q');
  await shell.waitFor((text) => text.trimEnd().endsWith('PROMPT>'));
});
