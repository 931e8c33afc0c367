// The promises about the package that nothing else would notice: exact versions with checksums, no install scripts, a
// reason for every dependency, and who may install it beside what.

import { existsSync, readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';

const read = (path: string): string => readFileSync(new URL(`../../${path}`, import.meta.url), 'utf8');

interface Manifest {
  readonly peerDependencies: Readonly<Record<string, string>>;
  readonly dependencies: Readonly<Record<string, string>>;
  readonly devDependencies: Readonly<Record<string, string>>;
}
interface Lock {
  readonly packages: Readonly<Record<string, LockedPackage>>;
}
interface LockedPackage {
  readonly version: string;
  readonly integrity?: string;
  readonly optionalDependencies?: Readonly<Record<string, string>>;
}

const manifest = JSON.parse(read('package.json')) as Manifest;
const lock = JSON.parse(read('package-lock.json')) as Lock;
const dependencies = Object.entries({ ...manifest.dependencies, ...manifest.devDependencies });

describe('package', () => {
  test.each(dependencies)('%s is pinned exactly, and the lock file agrees', (name, version) => {
    expect(version).toMatch(/^\d+\.\d+\.\d+$/);
    expect(lock.packages[`node_modules/${name}`]?.version).toBe(version);
  });

  test.each(dependencies)('docs/architecture.md says what %s is for', (name) => {
    const rows = read('docs/architecture.md')
      .split('\n')
      .filter((line) => line.startsWith('| `'));
    expect(rows.some((row) => row.includes(`\`${name}\``))).toBe(true);
  });

  test('no installed package runs a script of its own when it is installed', () => {
    const scripted = Object.keys(lock.packages).filter((path) => isInstalled(path) && runsAtInstall(path));
    expect(scripted).toEqual([]);
  });

  test('the lock file holds a checksum of every package that is installed here', () => {
    const bare = Object.entries(lock.packages).filter(([path, { integrity }]) => isInstalled(path) && !integrity);
    expect(bare.map(([path]) => path)).toEqual([]);
  });

  // An exact version here makes npm refuse to install sidescope beside any other vitest.
  test('vitest may be any that has the interface which the matchers extend', () => {
    expect(manifest.peerDependencies).toEqual({ vitest: '^3.2.0 || ^4.0.0' });
    expect(lock.packages['']).toMatchObject({ peerDependencies: manifest.peerDependencies });
  });

  // A registry mirror that lacks some platforms makes `npm install` leave their packages out of the lock file, and
  // then `npm ci` refuses it everywhere.
  test('the lock file names the packages of every platform', () => {
    const missing = Object.values(lock.packages)
      .flatMap(({ optionalDependencies = {} }) => Object.keys(optionalDependencies))
      .filter((name) => !lock.packages[`node_modules/${name}`]);
    expect(missing).toEqual([]);
  });
});

/** Whether the package at `path` of the lock file is here; those of other platforms are not. */
function isInstalled(path: string): boolean {
  return path !== '' && existsSync(new URL(`../../${path}/package.json`, import.meta.url));
}

/** Whether the package at `path` has a script that npm would run at installation. */
function runsAtInstall(path: string): boolean {
  const { scripts = {} } = JSON.parse(read(`${path}/package.json`)) as { scripts?: Record<string, string> };
  return ['preinstall', 'install', 'postinstall'].some((name) => name in scripts);
}
