// Power cuts and disk errors at every call of a save.

import { describe, expect, test } from 'vitest';
import { SidescopeError } from '../../../daemon/errors.ts';
import { Vault } from '../../../daemon/keyring/vault.ts';
import { options, PATH, passphrase, statesOf, type World, withVault, world, worldWithVault } from './fixture.ts';
import { CRASHES, type Crash, type MemoryFileSystem, PowerCut, type Trouble } from './memory-file-system.ts';

/** Revokes PGK 39. True when it was acknowledged before anything went wrong. */
function revoke(around: World): boolean {
  const vault = Vault.open(PATH, passphrase(), options(around));
  vault.order('revoke', ['f00001/39'], 'test');
  return true;
}

/** What a restart finds: the state of PGK 39, or the code of the refusal. */
function stateAfter(disk: MemoryFileSystem): string {
  try {
    return withVault(world(disk), (vault) => statesOf(vault)[39]);
  } catch (error) {
    if (error instanceof SidescopeError) return error.code;
    throw error;
  }
}

/** Cuts the power at every call of a revocation, with every kind of crash. What must not be, as texts. */
function sweep(before: MemoryFileSystem): { wrong: string[]; states: Set<string>; calls: number } {
  const wrong: string[] = [];
  const states = new Set<string>();
  for (let call = 1; ; call++) {
    let isOver = false;
    for (const kind of ['cut', 'torn'] as const) {
      const around = world(before.clone());
      around.fs.trouble = { call, kind };
      let isAcknowledged = false;
      try {
        isAcknowledged = revoke(around);
      } catch (error) {
        if (!(error instanceof PowerCut) && !(error instanceof SidescopeError)) throw error;
      }
      isOver = around.fs.calls < call;
      for (const crash of CRASHES) {
        const state = stateAfter(around.fs.restart(crash));
        states.add(state);
        const isRight = isAcknowledged ? state === 'revoked' : state === 'revoked' || state === 'active';
        if (!isRight) wrong.push(`${kind} at ${around.fs.log.at(-1)} (${call}), crash ${crash}: ${state}`);
      }
    }
    if (isOver) return { wrong, states, calls: call - 1 };
  }
}

describe('a power cut at any call of a save', () => {
  test('leaves exactly the old or the new vault, and never loses what was acknowledged', () => {
    const { wrong, states, calls } = sweep(worldWithVault().fs);
    expect(wrong).toEqual([]);
    expect(states).toEqual(new Set(['active', 'revoked']));
    expect(calls).toBeGreaterThan(40);
  });

  test('is noticed by this very test when the directory is not synced', () => {
    const before = worldWithVault().fs;
    before.leaveOut.add('syncDirectory');
    expect(sweep(before).wrong).toContainEqual(expect.stringContaining('crash nothing'));
  });

  test('is noticed by this very test when the file is not synced', () => {
    const before = worldWithVault().fs;
    before.leaveOut.add('sync');
    expect(sweep(before).wrong).toContainEqual(expect.stringContaining('crash names'));
  });

  test('leaves a vault that can be changed again', () => {
    const before = worldWithVault().fs;
    for (let call = 1; call < 60; call += 3) {
      const around = world(before.clone());
      around.fs.trouble = { call, kind: 'torn' };
      try {
        revoke(around);
      } catch (error) {
        if (!(error instanceof PowerCut) && !(error instanceof SidescopeError)) throw error;
      }
      for (const crash of CRASHES) {
        const again = world(around.fs.restart(crash));
        withVault(again, (vault) => vault.order('compromise', ['f00001/39'], 'test'));
        expect(withVault(again, statesOf)[39]).toBe('compromised');
      }
    }
  });
});

/** Makes the disk fail at every call of a revocation. */
function troubled(kind: Trouble['kind'], forGood: boolean): { codes: Set<string>; wrong: string[] } {
  const before = worldWithVault().fs;
  const codes = new Set<string>();
  const wrong: string[] = [];
  for (let call = 1; ; call++) {
    const around = world(before.clone());
    around.fs.trouble = { call, kind, forGood };
    let vault: Vault | null = null;
    let isAcknowledged = false;
    try {
      vault = Vault.open(PATH, passphrase(), options(around));
      vault.order('revoke', ['f00001/39'], 'test');
      isAcknowledged = true;
    } catch (error) {
      if (!(error instanceof SidescopeError)) throw error;
      codes.add(error.code);
    }
    try {
      vault?.close();
    } catch (error) {
      if (!(error instanceof SidescopeError)) throw error;
    }
    if (around.fs.calls < call) return { codes, wrong };
    if (around.fs.openHandles > 0) wrong.push(`call ${call} left ${around.fs.openHandles} handles open`);
    around.fs.trouble = null;
    const found = stateAfter(around.fs.restart('all' satisfies Crash));
    const isRight = isAcknowledged ? found === 'revoked' : found === 'revoked' || found === 'active';
    if (!isRight) wrong.push(`call ${call} (${around.fs.log[call - 1]}): ${found}`);
  }
}

describe('a disk that fails at any call of a save', () => {
  test.each([
    ['full for good', 'ENOSPC', true],
    ['full for a moment', 'ENOSPC', false],
    ['broken for a moment', 'EIO', false],
    ['broken for good', 'EIO', true],
  ] as const)('%s: the old or the new vault, and an error that says so', (_, kind, forGood) => {
    const { codes, wrong } = troubled(kind, forGood);
    expect(wrong).toEqual([]);
    expect(codes).toContain('audit.not-written');
    expect(codes).toContain('vault.not-written');
    for (const code of codes) expect(code).toMatch(/^(audit\.not-written|vault\.(not-written|in-doubt))$/);
  });

  test('short writes are carried on', () => {
    const around = worldWithVault();
    around.fs.shortWrites = 7;
    withVault(around, (vault) => vault.order('suspend', ['f00001/39'], 'test'));
    expect(withVault(around, statesOf)[39]).toBe('suspended');
  });

  test('a full disk says so, and that nothing was done', () => {
    const around = worldWithVault();
    const vault = Vault.open(PATH, passphrase(), options(around));
    around.fs.trouble = { call: around.fs.calls + 1, kind: 'ENOSPC', forGood: true };
    expect(() => vault.order('revoke', ['f00001/39'], 'test')).toThrow(/no space is left \(ENOSPC\)/);
    around.fs.trouble = null;
    vault.close();
    expect(withVault(around, statesOf)[39]).toBe('active');
  });
});
