// Files that commands write: where they cannot be, that is said as of any other output.

import { mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { writeNewFile } from '../../cli/keys-files.ts';

let folder = '';
const OCTETS = Buffer.from('octets');

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'sidescope-keys-files-'));
});

afterAll(() => {
  rmSync(folder, { recursive: true, force: true });
});

test('a path through a file is refused as one that cannot be written', () => {
  writeFileSync(join(folder, 'file'), '');
  const write = (): void => writeNewFile(join(folder, 'file', 'new'), OCTETS);
  expect(write).toThrow(expect.objectContaining({ code: 'usage.output', message: expect.stringContaining('ENOTDIR') }));
});

test('a folder in the place of the unfinished file is left alone', () => {
  mkdirSync(join(folder, 'new.unfinished'));
  expect(() => writeNewFile(join(folder, 'new'), OCTETS)).toThrow(expect.objectContaining({ code: 'usage.output' }));
  expect(readdirSync(folder)).toContain('new.unfinished');
  expect(readdirSync(folder)).not.toContain('new');
});
