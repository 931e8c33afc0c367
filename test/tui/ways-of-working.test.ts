// What a person does beside looking: searching, marking, going to places, exporting, copying, settings, leaving to the
// shell and coming back.

import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, describe, expect, test } from 'vitest';
import { openCapture } from '../../captures/open.ts';
import { type ProgramOptions, ROOT, sample, TerminalProgram } from './terminal-program.ts';

const folder = mkdtempSync(join(tmpdir(), 'sidescope-tui-'));
const running: TerminalProgram[] = [];

async function start(options: ProgramOptions = {}): Promise<TerminalProgram> {
  const program = new TerminalProgram(sample('attacked'), { columns: 120, rows: 30, ...options });
  running.push(program);
  await program.waitFor('307 messages');
  return program;
}

/** The frame of the selected message. */
function selected(text: string): number {
  return Number(/^▸\S* *\S? +(\d+) /m.exec(text)?.[1]);
}

afterEach(() => {
  for (const program of running.splice(0)) program.close();
});
afterAll(() => rmSync(folder, { recursive: true }));

test('search, marks, findings, frames and times', async () => {
  const program = await start();
  program.press('5', 'ctrl-f');
  program.type('ladder 72\r');
  await program.waitFor((text) => /^▸.*Ladder 72/m.test(text));
  const first = selected(program.text());
  program.press('n');
  await program.waitFor((text) => selected(text) > first);
  program.press('N');
  await program.waitFor((text) => selected(text) === first);
  program.type('ma');
  program.type(':144\r');
  await program.waitFor((text) => selected(text) === 144);
  program.type("'a");
  await program.waitFor((text) => selected(text) === first);
  program.type(':time 02:10:40\r');
  await program.waitFor((text) => selected(text) === 150);
  program.press('(');
  await program.waitFor((text) => selected(text) === 149);
  program.type(':frame 5\r');
  await program.waitFor('frame 5 completes no message');
  program.type(':nonsense\r');
  await program.waitFor('there is no command nonsense');
  program.press('ctrl-f');
  program.type('nobody says this\r');
  expect(await program.waitFor('nobody says this: not found')).toContain('PGK/PTK/SN');
});

test('the screen is held still, the newest message is followed', async () => {
  const program = await start();
  program.press('5', 'F');
  await program.waitFor((text) => selected(text) === 315 && /follow$/m.test(text.split('\n')[0]));
  program.press('k');
  await program.waitFor((text) => selected(text) === 314 && !/follow$/m.test(text.split('\n')[0]));
  program.press('p');
  await program.waitFor('⏸ paused');
  program.press('p');
  expect(await program.waitFor((text) => !text.includes('paused'))).toContain('315');
});

test('the messages that are shown are written into a new file, a copy goes to the clipboard', async () => {
  const program = await start({ folder: ROOT });
  const pcapng = join(folder, 'forged.pcapng');
  const ndjson = join(folder, 'forged.ndjson');
  program.press('5', '/');
  program.type('slrb.verdict == forged\r');
  await program.waitFor(/forged {2}6$/m);
  program.press('e');
  program.type(`${ndjson}\r`);
  await program.waitFor('6 messages written');
  const records = readFileSync(ndjson, 'utf8').trimEnd().split('\n');
  expect(records.map((line) => (JSON.parse(line) as { verdict: string }).verdict)).toEqual(Array(6).fill('forged'));
  program.type(`:export ${pcapng}\r`);
  await program.waitFor('6 frames written');
  const source = await openCapture(pcapng);
  expect((await source.next())?.count).toBe(6);
  await source.close();
  program.type(`:export ${pcapng}\r`);
  await program.waitFor('it is there already');
  program.press('y');
  await program.waitFor('copied frame 144');
  const [copied] = program.output.split('\u001b]52;c;')[1].split('\u0007');
  expect(Buffer.from(copied, 'base64').toString()).toMatch(/^frame 144 .* forged 0 {2}opens under no key held/);
});

test('columns, view, theme and filters are remembered; what was typed comes back', async () => {
  const environment = { HOME: folder };
  const first = await start({ environment });
  first.press('5', '/');
  first.type('rtp\r');
  await first.waitFor(/filter: rtp {2}\d+$/m);
  first.type(':save speech\r');
  await first.waitFor('saved as speech');
  first.type(':columns frame,bits,what\r');
  await first.waitFor(/frame +bits +what/);
  first.type(':theme light\r');
  await first.waitFor('theme: light');
  first.press('q');
  expect(await first.exited()).toBe(0);
  const config = join(folder, '.config', 'sidescope', 'tui.json');
  expect(existsSync(config)).toBe(true);
  expect(JSON.parse(readFileSync(config, 'utf8'))).toEqual({
    theme: 'light',
    view: 'messages',
    columns: ['frame', 'bits', 'what'],
    filters: { speech: 'rtp' },
  });
  const second = await start({ environment });
  await second.waitFor(/frame +bits +what/);
  second.press('f3');
  await second.waitFor(/speech +rtp/);
  second.type('speech\r');
  await second.waitFor(/filter: rtp {2}\d+$/m);
  second.press('/', 'ctrl-u', 'up');
  await second.waitFor(/^ \/ rtp/m);
});

describe('the shell', () => {
  test('gets the terminal back with Ctrl-Z, and fg brings the program back', async () => {
    const program = new TerminalProgram(['--norc', '--noprofile', '-i'], {
      file: '/bin/bash',
      columns: 120,
      rows: 30,
      environment: { PS1: 'shell> ' },
    });
    running.push(program);
    await program.waitFor('shell>');
    program.type(`${process.execPath} dist/cli/main.js ${sample('attacked').join(' ')}\r`);
    await program.waitFor('307 messages');
    program.press('ctrl-z');
    await program.waitFor('Stopped');
    expect(program.terminal.modes.mouseTrackingMode).toBe('none');
    program.type('fg\r');
    await program.waitFor('307 messages');
    program.press('5');
    await program.waitFor('PGK/PTK/SN');
    program.press('q');
    await program.waitFor((text) => text.trimEnd().endsWith('shell>'));
    program.type('exit\r');
    await program.exited();
  });
});
