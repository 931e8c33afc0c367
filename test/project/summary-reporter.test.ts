// The closing lines of a run, seen from outside: vitest runs over a small project with one passing, one failing and two
// skipped tests.

import { spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterEach, expect, test } from 'vitest';

const ROOT = fileURLToPath(new URL('../../', import.meta.url));
const RUN_FOLDER = join(ROOT, 'test/project/run-folder.ts');
const folders: string[] = [];

afterEach(() => {
  for (const folder of folders.splice(0)) rmSync(folder, { recursive: true, force: true });
});

/** Runs vitest with our reporter over one test file; gives its exit code and the lines of stdout. */
function run(text: string): { status: number | null; lines: string[] } {
  const folder = mkdtempSync(join(tmpdir(), 'sidescope-reporter-'));
  folders.push(folder);
  symlinkSync(join(ROOT, 'node_modules'), join(folder, 'node_modules'), 'dir');
  writeFileSync(join(folder, 'some.test.mjs'), text);
  const reporter = join(ROOT, 'test/project/summary-reporter.ts');
  const vitest = join(ROOT, 'node_modules/vitest/vitest.mjs');
  writeFileSync(join(folder, 'vitest.config.mjs'), `export default { test: { globalSetup: ['${RUN_FOLDER}'] } };`);
  const options = ['run', '--root', folder, '--reporter=default', `--reporter=${reporter}`];
  const { status, stdout } = spawnSync(process.execPath, [vitest, ...options], {
    cwd: folder,
    encoding: 'utf8',
    env: { ...process.env, NO_COLOR: '1' },
  });
  return { status, lines: stdout.trimEnd().split('\n') };
}

test('a failing run names each skipped test with its reason, ends in the counts and fails', () => {
  const { status, lines } = run(`
    import { expect, test } from 'vitest';
    test('good', () => expect(1).toBe(1));
    test('bad', () => expect(1).toBe(2));
    test('away', ({ skip }) => skip('the shared captures are not here'));
    test.skip('silent', () => {});
  `);
  expect(status).toBe(1);
  expect(lines.slice(-5)).toEqual([
    '1 skipped: the shared captures are not here',
    '  some.test.mjs > away',
    '1 skipped: no reason given',
    '  some.test.mjs > silent',
    '1 passed, 1 failed',
  ]);
});

test('a file that cannot be loaded counts as a failure', () => {
  const { status, lines } = run("import './not-there.mjs';");
  expect(status).toBe(1);
  expect(lines.at(-1)).toBe('0 passed, 1 failed');
});

test('an error outside any test counts as a failure', () => {
  const { status, lines } = run(`
    import { expect, test } from 'vitest';
    test('good', async () => {
      setTimeout(() => { throw new Error('too late'); }, 1);
      await new Promise((resolve) => setTimeout(resolve, 50));
      expect(1).toBe(1);
    });
  `);
  expect(status).toBe(1);
  expect(lines.at(-1)).toBe('1 passed, 1 failed');
});

test('a good run passes', () => {
  const { status, lines } = run("import { expect, test } from 'vitest';\ntest('good', () => expect(1).toBe(1));");
  expect(status).toBe(0);
  expect(lines.at(-1)).toBe('1 passed, 0 failed');
});

test('what a test leaves in the temporary folder is named, removed, and fails the run', () => {
  const { status, lines } = run(`
    import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
    import { tmpdir } from 'node:os';
    import { afterAll, expect, test } from 'vitest';
    const removed = mkdtempSync(tmpdir() + '/removed-');
    afterAll(() => rmSync(removed, { recursive: true }));
    test('good', () => {
      writeFileSync(tmpdir() + '/forgotten', '');
      console.log('in ' + tmpdir() + '.');
      expect(removed).toContain('sidescope-tests-');
    });
  `);
  expect(status).toBe(1);
  expect(lines.slice(-2)).toEqual(['left behind in the temporary folder: forgotten', '1 passed, 1 failed']);
  const folder = lines.map((line) => /^in (.*)\.$/.exec(line)?.[1]).find((each) => each !== undefined) ?? '';
  expect(folder).not.toBe('');
  expect(existsSync(folder)).toBe(false);
});
