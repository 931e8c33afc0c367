// A copy of the build that a test may damage.

import { cpSync, mkdtempSync, readdirSync } from 'node:fs';
import { join } from 'node:path';

const ROOT = join(import.meta.dirname, '..', '..');

/** Paths in a copy of the build. */
export interface CopiedBuild {
  readonly main: string;
  readonly chunks: string;
  /** The files with the code that is kept of chunks. */
  readonly code: readonly string[];
}

/** Copies the build to a new folder in this one. */
export function copyOfBuild(folder: string): CopiedBuild {
  const copy = mkdtempSync(join(folder, 'build-'));
  for (const name of ['dist', 'package.json']) {
    cpSync(join(ROOT, name), join(copy, name), { recursive: true, filter: (path) => !/\.(map|d\.ts)$/.test(path) });
  }
  const chunks = join(copy, 'dist', 'chunks');
  const code = readdirSync(chunks).filter((name) => name.endsWith('.code'));
  return { main: join(copy, 'dist', 'cli', 'main.js'), chunks, code: code.map((name) => join(chunks, name)) };
}
