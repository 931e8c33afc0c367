// The audit log in several files: one chain through all of them, whatever happens while a new one is begun.

import { describe, expect, test } from 'vitest';
import { SidescopeError } from '../../../daemon/errors.ts';
import type { VaultSurroundings } from '../../../daemon/keyring/vault/surroundings.ts';
import { verifyVault } from '../../../daemon/keyring/vault/verify-vault.ts';
import { createVault } from '../../../daemon/keyring/vault.ts';
import {
  codeOf,
  keyEntry,
  keyringOf,
  options,
  PATH,
  passphrase,
  statesOf,
  type World,
  withVault,
  world,
} from '../vault/fixture.ts';
import { CRASHES, type MemoryFileSystem, PowerCut } from '../vault/memory-file-system.ts';

const LOG = `${PATH}.audit`;
/** Octets of a file here: a handful of records. */
const FILE_OCTETS = 4000;

/** A world whose audit log is rotated soon. */
function smallFiles(fs?: MemoryFileSystem): World {
  const around = world(fs);
  const surroundings: Partial<VaultSurroundings> = { ...around.surroundings, auditFileOctets: FILE_OCTETS };
  return { ...around, surroundings };
}

function full(around: World): string[] {
  return [...around.fs.names.keys()].filter((name) => /\.audit\.\d{6}$/.test(name)).sort();
}

/** A vault that was used until its log had so many full files. */
function used(files: number): World {
  const around = smallFiles();
  createVault(PATH, [passphrase()], options(around));
  withVault(around, (vault) => vault.importKeyring(keyringOf([keyEntry(39, -2, 7)]), 'test.json'));
  for (let n = 0; full(around).length < files; n++) {
    withVault(around, (vault) => vault.record([{ type: 'test.record', data: { n } }]));
  }
  return around;
}

/** The bad checks of `verify`: subject, code, text. */
function wrong(around: World): string[] {
  const { checks } = verifyVault(PATH, passphrase(), options(around));
  return checks.filter(({ isGood }) => !isGood).map(({ subject, code, text }) => `${subject}: ${code} ${text}`);
}

function linesOf(around: World, path: string): { seq: number; type: string; prev: string; h: string; data: object }[] {
  const text = Buffer.from(around.fs.octets(path)).toString().trimEnd();
  return text.split('\n').map((line) => JSON.parse(line) as ReturnType<typeof linesOf>[number]);
}

describe('a log in several files', () => {
  const before = used(4);

  test('is one chain: the first record of a file follows the last one of the file before', () => {
    const files = [...full(before), LOG].map((path) => linesOf(before, path));
    expect(files.length).toBeGreaterThanOrEqual(5);
    let octets = 0;
    for (const [index, lines] of files.entries()) {
      if (index === 0) continue;
      const last = files[index - 1].at(-1);
      octets += before.fs.octets(full(before)[index - 1]).length;
      expect(lines[0]).toMatchObject({ type: 'audit.rotated', prev: last?.h, data: { octets } });
      expect(lines[0].seq).toBe((last?.seq ?? 0) + 1);
    }
  });

  test('no file grows far beyond its size', () => {
    for (const path of full(before)) expect(before.fs.octets(path).length).toBeLessThan(2 * FILE_OCTETS);
  });

  test('is walked by verify from its first record', () => {
    expect(wrong(smallFiles(before.fs.clone()))).toEqual([]);
  });

  test('goes on after restarts, and orders are in force', () => {
    const around = smallFiles(before.fs.clone());
    withVault(around, (vault) => vault.order('revoke', ['f00001/39'], 'x'));
    expect(withVault(around, statesOf)[39]).toBe('revoked');
    expect(wrong(around)).toEqual([]);
  });

  test('a checkpoint that begins a new file is signed for the record right before it', () => {
    // A file for each record: every checkpoint begins one.
    const around = world();
    const surroundings = { ...around.surroundings, auditFileOctets: 1 };
    createVault(PATH, [passphrase()], { by: 'test', surroundings });
    for (let n = 0; n < 3; n++) {
      around.time.now += 120_000;
      withVault({ ...around, surroundings }, (vault) => vault.record([{ type: 'test.record', data: { n } }]));
    }
    const types = [...full(around), LOG].map((path) => linesOf(around, path).map(({ type }) => type));
    expect(types).toContainEqual(['audit.rotated', 'audit.checkpoint']);
    expect(wrong({ ...around, surroundings })).toEqual([]);
  });

  test('a change in an older file is found, with its record', () => {
    for (const path of full(before)) {
      const around = smallFiles(before.fs.clone());
      const text = Buffer.from(around.fs.octets(path)).toString();
      const at = linesOf(around, path)[2].seq;
      const lines = text.split('\n');
      around.fs.put(path, Buffer.from(lines.with(2, lines[2].replace('"by":"test"', '"by":"text"')).join('\n')));
      const { checks } = verifyVault(PATH, passphrase(), options(around));
      expect(checks.find(({ subject }) => subject === 'audit log')).toMatchObject({
        code: 'audit.damaged',
        record: at,
      });
    }
  });

  test.each([0, 1, 3])('file %i that is gone is missed', (index) => {
    const around = smallFiles(before.fs.clone());
    around.fs.unlink(full(around)[index]);
    expect(wrong(around)[0]).toMatch(/^audit log: audit\.(damaged|truncated) record \d+ of .* is missing: /);
  });

  test('two files that changed places, one that was cut, one that ends in the middle of a record', () => {
    const swapped = smallFiles(before.fs.clone());
    const [first, second] = full(swapped);
    const octets = [swapped.fs.octets(first), swapped.fs.octets(second)];
    swapped.fs.put(first, octets[1]);
    swapped.fs.put(second, octets[0]);
    expect(wrong(swapped)[0]).toMatch(/^audit log: audit\.damaged /);
    for (const cut of [1, 40]) {
      const around = smallFiles(before.fs.clone());
      const path = full(around)[1];
      const whole = around.fs.octets(path);
      around.fs.put(path, whole.slice(0, whole.length - cut));
      expect(wrong(around)[0]).toMatch(/is cut: keys\.vault\.audit\.000002 ends in the middle of it/);
    }
    const shorter = smallFiles(before.fs.clone());
    const path = full(shorter)[1];
    const text = Buffer.from(shorter.fs.octets(path)).toString().trimEnd();
    shorter.fs.put(path, Buffer.from(text.slice(0, text.lastIndexOf('\n') + 1)));
    expect(wrong(shorter)[0]).toMatch(/is missing: keys\.vault\.audit\.000002 ends at octet/);
  });

  test('a vault that was saved several files ago is opened, and its history believed', () => {
    const around = used(1);
    const vault = around.fs.octets(PATH);
    for (let n = 0; full(around).length < 4; n++) {
      withVault(around, (open) => open.record([{ type: 'test.record', data: { n } }]));
    }
    expect(around.fs.octets(PATH)).toEqual(vault);
    expect(withVault(around, statesOf)[39]).toBe('active');
    around.fs.unlink(full(around)[2]);
    expect(codeOf(() => withVault(around, statesOf))).toMatch(/^audit\.(truncated|damaged)$/);
  });

  test('init refuses a place where full files of another log are left', () => {
    const around = smallFiles(before.fs.clone());
    for (const name of [...around.fs.names.keys()]) {
      if (!name.endsWith('.audit.000001')) around.fs.unlink(name);
    }
    expect(codeOf(() => createVault(PATH, [passphrase()], options(around)))).toBe('vault.already-there');
  });
});

/** A world in which the very next opening begins a new file. */
function aboutToRotate(): { fs: MemoryFileSystem; files: number } {
  const around = used(1);
  for (let n = 0; around.fs.octets(LOG).length < FILE_OCTETS; n++) {
    withVault(around, (vault) => vault.record([{ type: 'test.record', data: { n } }]));
  }
  return { fs: around.fs, files: full(around).length };
}

describe('a new file is begun', () => {
  const before = aboutToRotate();
  const calls = callsAround(before.fs);

  /** Numbers of the calls from a little before the old file gets its second name until the first record is written. */
  function callsAround(fs: MemoryFileSystem): number[] {
    const around = smallFiles(fs.clone());
    revoke(around);
    const from = around.fs.log.findIndex((name) => name.startsWith('link ') && /\.audit\.\d{6}$/.test(name));
    expect(from).toBeGreaterThan(0);
    return Array.from({ length: 20 }, (_, index) => from - 2 + index);
  }

  /** Revokes PGK 39. True when it was acknowledged. */
  function revoke(around: World): boolean {
    let isDone = false;
    try {
      withVault(around, (vault) => {
        vault.order('revoke', ['f00001/39'], 'x');
        isDone = true;
      });
    } catch (error) {
      if (!(error instanceof PowerCut) && !(error instanceof SidescopeError)) throw error;
    }
    return isDone;
  }

  test('by the opening that this test is about', () => {
    const around = smallFiles(before.fs.clone());
    expect(revoke(around)).toBe(true);
    expect(full(around)).toHaveLength(before.files + 1);
  });

  test('a power cut at any call leaves a whole chain, and loses nothing that was acknowledged', {
    timeout: 120_000,
  }, () => {
    const problems: string[] = [];
    for (const call of calls) {
      const around = smallFiles(before.fs.clone());
      around.fs.trouble = { call, kind: 'torn' };
      const isAcknowledged = revoke(around);
      for (const crash of CRASHES) {
        const again = smallFiles(around.fs.restart(crash));
        const where = `${around.fs.log.at(-1)} (${call}), crash ${crash}`;
        try {
          const state = withVault(again, statesOf)[39];
          if (isAcknowledged && state !== 'revoked') problems.push(`${where}: ${state}`);
          for (const text of wrong(again)) problems.push(`${where}: ${text}`);
        } catch (error) {
          problems.push(`${where}: ${String(error)}`);
        }
      }
    }
    expect(problems).toEqual([]);
  });

  test.each([
    ['ENOSPC', true],
    ['ENOSPC', false],
    ['EIO', false],
  ] as const)('a disk that fails with %s (for good: %s) at any call', (kind, forGood) => {
    const problems: string[] = [];
    for (const call of calls) {
      const around = smallFiles(before.fs.clone());
      around.fs.trouble = { call, kind, forGood };
      const isAcknowledged = revoke(around);
      around.fs.trouble = null;
      const again = smallFiles(around.fs.restart('all'));
      const state = withVault(again, statesOf)[39];
      if (isAcknowledged && state !== 'revoked') problems.push(`call ${call}: ${state}`);
      for (const text of wrong(again)) problems.push(`call ${call}: ${text}`);
    }
    expect(problems).toEqual([]);
  });
});
