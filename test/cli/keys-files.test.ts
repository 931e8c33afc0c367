// Files that commands write: where they cannot be, that is said as of any other output.

import {
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
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

test('what is written has one name, and is its owner’s', () => {
  const path = join(folder, 'whole');
  writeNewFile(path, OCTETS);
  expect(readFileSync(path)).toEqual(OCTETS);
  expect(statSync(path)).toMatchObject({ nlink: 1, mode: 0o100600 });
  expect(readdirSync(folder)).not.toContain('whole.unfinished');
});

test('a link that leads nowhere is no free name', () => {
  const [path, target] = [join(folder, 'link'), join(folder, 'nowhere')];
  symlinkSync(target, path);
  expect(() => writeNewFile(path, OCTETS)).toThrow(
    expect.objectContaining({ code: 'usage.output', message: expect.stringContaining('EEXIST') }),
  );
  expect(readlinkSync(path)).toBe(target);
  expect(readdirSync(folder)).not.toContain('nowhere');
  expect(readdirSync(folder)).not.toContain('link.unfinished');
});
