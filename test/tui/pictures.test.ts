// The pictures of the documentation are what the program shows: `UPDATE=1 npx vitest run test/tui/pictures.test.ts` makes
// them anew.

import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { pictureOf } from './picture.ts';
import { ROOT, sample, TerminalProgram } from './terminal-program.ts';

const FOLDER = join(ROOT, 'docs', 'pictures');

/** View, what is typed, and the text by which it is known to be there. */
const VIEWS: readonly (readonly [name: string, typed: string, text: string])[] = [
  ['groups', '1', 'last 60 s'],
  ['flow', '2', 'Engine 71'],
  ['epochs', '3', 'no key held after'],
  ['findings', '4', 'key.downgrade'],
  ['messages', ':145\r', '[Verdict: forged]'],
  ['status', '6', 'decrypted'],
];

let program: TerminalProgram;

beforeAll(async () => {
  program = new TerminalProgram(sample('attacked'), { columns: 120, rows: 30 });
  await program.waitFor('307 messages');
});

afterAll(() => program.close());

test.each(VIEWS)('%s', async (name, typed, text) => {
  program.type(typed);
  await program.waitFor(text);
  await program.settled();
  const picture = pictureOf(program.terminal, `sidescope tui: ${name}`);
  const path = join(FOLDER, `${name}.svg`);
  if (process.env.UPDATE === '1') {
    mkdirSync(FOLDER, { recursive: true });
    writeFileSync(path, picture);
  }
  expect(picture).toBe(readFileSync(path, 'utf8'));
});
