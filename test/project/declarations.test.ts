// The declarations of `sidescope/testing`, checked as the compiler of somebody who has no vitest checks them.

import { spawnSync } from 'node:child_process';
import { cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { expect, test } from 'vitest';

const ROOT = join(import.meta.dirname, '..', '..');

const USE = `import { analyse, type FindingName, toHaveFinding } from 'sidescope/testing';
const records = await analyse('capture.pcapng', { keyring: 'keyring.json' });
const name: FindingName = 'key.expired';
console.log(toHaveFinding(records, name, { severity: 'high' }).pass);
// @ts-expect-error no finding has this name
toHaveFinding(records, 'key.expird');
`;

const OPTIONS = {
  strict: true,
  skipLibCheck: false,
  noEmit: true,
  module: 'nodenext',
  target: 'es2022',
  types: ['node'],
};

test('the declarations need no vitest', () => {
  const folder = mkdtempSync(join(tmpdir(), 'sidescope-declarations-'));
  try {
    const installed = join(folder, 'node_modules', 'sidescope');
    mkdirSync(installed, { recursive: true });
    cpSync(join(ROOT, 'package.json'), join(installed, 'package.json'));
    // A copy: through a link the compiler would find this checkout's vitest beside it.
    cpSync(join(ROOT, 'dist'), join(installed, 'dist'), {
      recursive: true,
      filter: (path) => !/\.[^/]*$/.test(path.slice(ROOT.length)) || path.endsWith('.d.ts'),
    });
    const { dependencies } = JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8')) as { dependencies: object };
    for (const name of [...Object.keys(dependencies), '@types']) {
      mkdirSync(dirname(join(folder, 'node_modules', name)), { recursive: true });
      symlinkSync(join(ROOT, 'node_modules', name), join(folder, 'node_modules', name));
    }
    writeFileSync(join(folder, 'package.json'), '{"type": "module"}');
    writeFileSync(join(folder, 'use.ts'), USE);
    writeFileSync(join(folder, 'tsconfig.json'), JSON.stringify({ compilerOptions: OPTIONS, files: ['use.ts'] }));
    const compiler = join(ROOT, 'node_modules', 'typescript', 'bin', 'tsc');
    const result = spawnSync(process.execPath, [compiler, '-p', folder], { encoding: 'utf8', timeout: 60_000 });
    expect(result.stdout + result.stderr).toBe('');
    expect(result.status).toBe(0);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
});
