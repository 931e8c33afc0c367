// Every key of the table is pressed in the real program, where it holds, and does something that is seen.

import { afterAll, beforeAll, expect, test } from 'vitest';
import { KEY_TABLE } from '../../tui/keys.ts';
import { sample, TerminalProgram } from './terminal-program.ts';

/** Keys in an order in which each changes the screen; `(…)` is pressed to get there and is not counted. */
const STEPS: Readonly<Record<string, readonly string[]>> = {
  groups: ['!', '(1)', 's', 'S', '(s)', '(s)', 'f', '(\\)', 'M', '(\\)', '(1)'],
  list: [
    '(5)',
    'j',
    'k',
    'down',
    'up',
    'ctrl-d',
    'ctrl-u',
    'pagedown',
    'pageup',
    'ctrl-n',
    'ctrl-b',
    'G',
    'g g',
    'end',
    'home',
    '(1)',
    'h',
    'l',
    'left',
    'right',
  ],
  messages: [
    'space',
    '(j)',
    '(j)',
    'm x',
    '(G)',
    "' x",
    '(G)',
    ']',
    '(G)',
    '[',
    '(g g)',
    '}',
    ')',
    '{',
    '(',
    '(g g)',
    '(g g)',
    'f',
    '(\\)',
    '+',
    '-',
    'w',
    '(w)',
    '(w)',
    'ctrl-w',
    'W',
    'enter',
    '(escape)',
    'z',
    '(z)',
  ],
  tree: [
    '(enter)',
    'enter',
    'space',
    'C',
    'O',
    'h',
    'l',
    'left',
    'right',
    'f',
    '(\\)',
    'escape',
    '(W)',
    '(W)',
    'z',
    '(z)',
    '(escape)',
  ],
  octets: ['(W)', '(l)', 'enter', '(escape)', '(W)', 'escape'],
  everywhere: [
    '(5)',
    '1',
    '4',
    '5',
    '6',
    'tab',
    'shift-tab',
    '/',
    '(escape)',
    ':',
    '(escape)',
    'ctrl-f',
    '(escape)',
    '(5)',
    '(ctrl-f)',
    '(73)',
    '(enter)',
    'n',
    'N',
    'f3',
    'F',
    '(F)',
    'p',
    '(p)',
    '(5)',
    'y',
    'e',
    '(escape)',
    'T',
    '(T)',
    '(T)',
    '(T)',
    '?',
    '(escape)',
    'f1',
    '(escape)',
  ],
  prompt: [
    '(/)',
    '(slrb.ver)',
    'tab',
    '(backspace)',
    '(backspace)',
    'shift-tab',
    'escape',
    '(/)',
    '(rtp)',
    'enter',
    '(\\)',
    '(/)',
    'up',
    'down',
    'ctrl-p',
    'ctrl-n',
    'ctrl-c',
    '(/)',
    'ctrl-g',
  ],
  help: [
    '(?)',
    'j',
    'k',
    'down',
    'up',
    'space',
    'pageup',
    'pagedown',
    'escape',
    '(?)',
    'q',
    '(?)',
    '?',
    '(?)',
    'f1',
    '(?)',
    'enter',
    '(?)',
    'ctrl-c',
  ],
};

/** Keys with tests of their own: they end or leave the program, lead to other views, or say nothing that is seen. */
const ELSEWHERE: Readonly<Record<string, readonly string[]>> = {
  everywhere: ['q', 'ctrl-c', 'Z Z', 'ctrl-z', 'ctrl-l', '\\', '2', '3'],
  groups: ['enter', 'E'],
  messages: ['L'],
};

let program: TerminalProgram;

beforeAll(async () => {
  program = new TerminalProgram(sample('attacked'), { columns: 120, rows: 30 });
  await program.waitFor('307 messages');
});

afterAll(() => program.close());

test('all of them are here', () => {
  for (const [context, steps] of Object.entries(STEPS)) {
    const wanted = KEY_TABLE.filter(({ contexts }) => contexts[0] === context).flatMap(({ keys }) => keys);
    const pressed = [...steps.filter((step) => step === '(' || !step.startsWith('(')), ...(ELSEWHERE[context] ?? [])];
    // The keys of a part hold in the whole of the messages, too.
    const missing = wanted.filter((key) => !pressed.includes(key.replace(' *', ' x')));
    expect(missing, context).toEqual([]);
  }
});

test.each(Object.keys(STEPS))('keys of %s', async (context) => {
  const first: Readonly<Record<string, string>> = { groups: '1', tree: '5', octets: '5', messages: '5' };
  if (first[context] !== undefined) await program.after(first[context]);
  for (const step of STEPS[context]) {
    const before = await program.settled();
    const isPreparing = step.startsWith('(') && step.length > 1;
    const keys = isPreparing ? step.slice(1, step.endsWith(')') ? -1 : undefined) : step;
    for (const key of keys.length > 1 && keys.includes(' ') ? keys.split(' ') : [keys]) program.press(key);
    if (isPreparing) await program.after();
    else expect(await program.changed(before), `${context}: ${step}`).not.toBe(before);
  }
});
