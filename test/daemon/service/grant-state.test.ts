// The daemon's state of grants against vault and journal: what was set back is noticed, and what a crash left never looks
// like it.

import { randomBytes } from 'node:crypto';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { SidescopeError } from '../../../daemon/errors.ts';
import { publicHex } from '../../../daemon/relay/ed25519.ts';
import { type Revocation, readChange } from '../../../daemon/relay/relay-state.ts';
import { Revocations } from '../../../daemon/relay/revocations.ts';
import { StateCopy } from '../../../daemon/relay/state-copy.ts';
import { GrantState } from '../../../daemon/service/grant-state.ts';
import { openLog } from '../../../daemon/service/log.ts';
import { newKey } from '../relay/fixture.ts';
import { CRASHES, type Crash, MemoryFileSystem, PowerCut } from '../vault/memory-file-system.ts';

const STATE = '/state/revocations';
const COPY = '/journal/relay.epoch';
const key = newKey();
const RUNS = 300;
const log = openLog('silent');

/** A vault that keeps one text; power may go out before or after it did. */
class FakeVault {
  text: string | null = null;
  readonly entries: { readonly type: string; readonly data: Readonly<Record<string, unknown>> }[] = [];
  cut: 'before' | 'after' | null = null;

  async relayState(): Promise<string | null> {
    return await Promise.resolve(this.text);
  }

  async keepRelayState(text: string, type: string, data: Readonly<Record<string, unknown>>): Promise<void> {
    if (this.cut === 'before') throw new PowerCut();
    this.text = text;
    this.entries.push({ type, data });
    await Promise.resolve();
    if (this.cut === 'after') throw new PowerCut();
  }
}

/** One life of a daemon on a disk and a vault. */
async function begin(
  fs: MemoryFileSystem,
  vault: FakeVault,
): Promise<{ grants: GrantState; revocations: Revocations; alarms: Set<string> }> {
  const revocations = new Revocations(STATE, key, fs);
  const alarms = new Set<string>();
  const grants = new GrantState({
    ...{ revocations, engine: vault, daemon: publicHex(key), log },
    copy: new StateCopy(COPY, key, fs),
    alarms: { raise: (name) => alarms.add(name), clear: (name) => alarms.delete(name) },
    now: () => 1_000_000,
    changed: () => undefined,
  });
  await grants.settle();
  return { grants, revocations, alarms };
}

const jtiOf = (number: number): string => number.toString(16).padStart(32, '0');
const revoke = (grants: GrantState, number: number): Promise<Revocation> =>
  grants.revoke({ kind: 'capability', name: jtiOf(number), reason: 'lost', by: 'test' });
const holds = (revocations: Revocations, number: number): boolean =>
  revocations.isRevoked({ jti: jtiOf(number), sub: 'x' });

/** A daemon that has revoked 1 to `count`, and its files after each of them. */
async function lived(count: number): Promise<{ fs: MemoryFileSystem; vault: FakeVault; states: Uint8Array[] }> {
  const fs = new MemoryFileSystem();
  const vault = new FakeVault();
  const { grants } = await begin(fs, vault);
  const states: Uint8Array[] = [];
  for (let number = 1; number <= count; number++) {
    await revoke(grants, number);
    states.push(octetsOf(fs, STATE));
  }
  return { fs, vault, states };
}

function octetsOf(fs: MemoryFileSystem, path: string): Uint8Array {
  return (fs.names.get(path) as { octets: Uint8Array }).octets.slice();
}

function put(fs: MemoryFileSystem, path: string, octets: Uint8Array | null): void {
  if (octets === null) {
    fs.names.delete(path);
    fs.durableNames.delete(path);
    return;
  }
  const inode = { octets, durable: octets, mode: 0o600 };
  fs.names.set(path, inode);
  fs.durableNames.set(path, inode);
}

describe('a state that was set back', () => {
  test.each([0, 1, 2])(
    'the state file of change %i of 3, or none: noticed, told once, and nothing can be revoked',
    async (at) => {
      const { fs, vault, states } = await lived(3);
      put(fs, STATE, at === 0 ? null : states[at - 1]);
      const { grants, revocations, alarms } = await begin(fs, vault);
      expect(grants.standing).toMatchObject({ epoch: at, isSetBack: true });
      expect(alarms).toEqual(new Set(['relay.state-set-back']));
      await expect(revoke(grants, 9)).rejects.toMatchObject({ code: 'grant.set-back' });
      // What testifies is left as it was: the next start notices it again.
      expect((await begin(fs, vault)).grants.standing.isSetBack).toBe(true);
      expect(holds(revocations, 3)).toBe(false);
    },
  );

  test('the copy beside the journal alone, or the vault alone, is enough to notice it', async () => {
    const { fs, vault, states } = await lived(3);
    put(fs, STATE, states[0]);
    const withoutCopy = fs.clone();
    put(withoutCopy, COPY, null);
    expect((await begin(withoutCopy, vault)).grants.standing.isSetBack).toBe(true);
    expect((await begin(fs, new FakeVault())).grants.standing.isSetBack).toBe(true);
  });

  test('one change that only the vault knows is made again, for a crash may have taken it', async () => {
    const { fs, vault, states } = await lived(3);
    put(fs, STATE, states[1]);
    put(fs, COPY, null);
    const { grants, revocations } = await begin(fs, vault);
    expect(grants.standing).toMatchObject({ epoch: 3, isSetBack: false });
    expect([1, 2, 3].map((number) => holds(revocations, number))).toEqual([true, true, true]);
  });

  test('a state that went on from an older copy is another one, although its number is higher', async () => {
    const { fs, vault, states } = await lived(3);
    put(fs, STATE, states[0]);
    const offline = new Revocations(STATE, key, fs);
    for (const number of [7, 8, 9]) offline.revoke('capability', jtiOf(number), 1_000_000, 'offline');
    expect(offline.point.epoch).toBe(4);
    expect((await begin(fs, vault)).grants.standing.isSetBack).toBe(true);
  });

  test('a copy that was changed, or whose file others may write', async () => {
    const { fs, vault } = await lived(2);
    const good = octetsOf(fs, COPY);
    for (let at = 0; at < good.length; at += 7) {
      const changed = good.slice();
      changed[at] ^= 1;
      put(fs, COPY, changed);
      expect((await begin(fs, vault)).grants.standing.isSetBack, `octet ${at}`).toBe(true);
    }
    put(fs, COPY, good);
    expect((await begin(fs, vault)).grants.standing.isSetBack).toBe(false);
  });

  test('accepted with a reason: on record, above all that was seen, and it is over', async () => {
    const { fs, vault, states } = await lived(3);
    put(fs, STATE, states[0]);
    const { grants, alarms } = await begin(fs, vault);
    expect(await grants.accept('disk replaced', 'uid 1000', 0)).toMatchObject({ epoch: 4 });
    expect(alarms.size).toBe(0);
    expect(vault.entries.at(-1)).toMatchObject({
      type: 'grant.rollback_accepted',
      data: { reason: 'disk replaced', by: 'uid 1000', from: 1, epoch: 4 },
    });
    await revoke(grants, 5);
    expect([1, 2, 3].map((each) => vault.entries.some(({ data }) => data.name === jtiOf(each)))).toEqual([
      true,
      true,
      true,
    ]);
    const again = await begin(fs, vault);
    expect(again.grants.standing).toMatchObject({ epoch: 5, isSetBack: false });
    await expect(again.grants.accept('again', 'uid 1000', 0)).rejects.toMatchObject({ code: 'grant.not-set-back' });
    // All was put back together, and a subscriber says what it has seen.
    expect(await again.grants.accept('a subscriber saw 20', 'uid 1000', 20)).toMatchObject({ epoch: 21 });
    expect((await begin(fs, vault)).grants.standing).toMatchObject({ epoch: 21, isSetBack: false });
  });

  test('accepted with what is to be revoked again: it is before anybody is let in, whenever power goes', async () => {
    const order = { kind: 'capability' as const, name: jtiOf(2), reason: 'lost', by: 'test' };
    let wasAccepted = false;
    for (let call = 1; !wasAccepted; call++) {
      const { fs, vault, states } = await lived(3);
      put(fs, STATE, states[0]);
      const { grants } = await begin(fs, vault);
      fs.trouble = { call: fs.calls + call, kind: 'torn' };
      wasAccepted = await succeeds(() => grants.accept('why', 'test', 0, [order]));
      for (const crash of CRASHES) {
        const after = await begin(fs.restart(crash), Object.assign(new FakeVault(), { text: vault.text }));
        const { isSetBack } = after.grants.standing;
        expect(isSetBack || holds(after.revocations, 2), `call ${call}, ${crash}`).toBe(true);
      }
    }
    expect(wasAccepted).toBe(true);
  });

  test('what another daemon left beside the journal or in the vault does not count as this one set back by the vault', () => {
    const other = {
      daemon: publicHex(newKey()),
      epoch: 9,
      head: 'ab'.repeat(32),
      previous: 'cd'.repeat(32),
      row: null,
    };
    expect(readChange(JSON.stringify(other), publicHex(key))).toBeNull();
    expect(readChange(JSON.stringify(other), other.daemon)).toEqual(other);
  });
});

describe('a crash', () => {
  test('at every call of a revocation: never set back, and what was acknowledged holds', async () => {
    const { fs: disk, vault: recorded } = await lived(2);
    let ran = 0;
    for (let call = 1; ; call++) {
      const fs = disk.clone();
      const vault = Object.assign(new FakeVault(), { text: recorded.text });
      const { grants } = await begin(fs, vault);
      const before = fs.calls;
      fs.trouble = { call: before + call, kind: 'torn' };
      const acknowledged = await revoke(grants, 3).then(
        () => true,
        () => false,
      );
      for (const crash of CRASHES) {
        const after = await begin(fs.restart(crash), Object.assign(new FakeVault(), { text: vault.text }));
        expect(after.grants.standing.isSetBack, `call ${call}, ${crash}`).toBe(false);
        // It was on record before the first call: it is in force even where nobody was told so.
        expect(holds(after.revocations, 3)).toBe(true);
        expect([1, 2].map((number) => holds(after.revocations, number))).toEqual([true, true]);
        ran++;
      }
      if (acknowledged && fs.calls < before + call) break;
    }
    expect(ran).toBeGreaterThan(40);
  });

  test('after a disk that did not confirm, and a restart between: nothing testifies to what the crash takes', async () => {
    const fs = new MemoryFileSystem();
    const vault = new FakeVault();
    const { grants } = await begin(fs, vault);
    // The fifth call makes the new name of the state file durable.
    fs.trouble = { call: fs.calls + 5, kind: 'ENOSPC' };
    await expect(revoke(grants, 1)).rejects.toMatchObject({ code: 'vault.in-doubt' });
    fs.trouble = null;
    await begin(fs, vault);
    const after = await begin(fs.restart('nothing'), vault);
    expect(after.grants.standing).toMatchObject({ epoch: 1, isSetBack: false });
    // The same with a disk that still refuses: it starts, and nobody is told more than is sure.
    const full = new MemoryFileSystem();
    const other = new FakeVault();
    const life = await begin(full, other);
    full.trouble = { call: full.calls + 5, kind: 'ENOSPC', forGood: true };
    await expect(revoke(life.grants, 2)).rejects.toBeInstanceOf(SidescopeError);
    expect((await begin(full, other)).grants.standing).toMatchObject({ epoch: 1, isSetBack: false });
    expect(full.names.has(COPY)).toBe(false);
  });

  test('of disks that fail, crash and lose, revocations with and without a daemon, in any order', async () => {
    const crash = fc.constantFrom<Crash>(...CRASHES);
    const step = fc.oneof(
      fc.record({ do: fc.constant('revoke' as const) }),
      fc.record({ do: fc.constant('offline' as const) }),
      fc.record({ do: fc.constant('restart' as const) }),
      fc.record({
        do: fc.constant('trouble' as const),
        call: fc.integer({ min: 1, max: 14 }),
        kind: fc.constantFrom('torn' as const, 'cut' as const, 'ENOSPC' as const, 'EIO' as const),
        crash,
      }),
      fc.record({
        do: fc.constant('record' as const),
        cut: fc.constantFrom('before' as const, 'after' as const),
        crash,
      }),
    );
    await fc.assert(
      fc.asyncProperty(fc.array(step, { maxLength: 14 }), async (steps) => {
        let fs = new MemoryFileSystem();
        const vault = new FakeVault();
        let life = await begin(fs, vault);
        const mustHold: number[] = [];
        let number = 0;
        const anew = async (how: Crash | null): Promise<void> => {
          if (how !== null) fs = fs.restart(how);
          fs.trouble = null;
          vault.cut = null;
          life = await begin(fs, vault);
          expect(life.grants.standing.isSetBack).toBe(false);
          for (const each of mustHold) expect(holds(life.revocations, each)).toBe(true);
        };
        for (const each of steps) {
          number++;
          switch (each.do) {
            case 'revoke':
              if (await succeeds(() => revoke(life.grants, number))) mustHold.push(number);
              break;
            case 'offline': {
              // No daemon runs then.
              fs.trouble = null;
              const offline = new Revocations(STATE, key, fs);
              offline.revoke('capability', jtiOf(number), 1_000_000, 'offline');
              mustHold.push(number);
              await anew(null);
              break;
            }
            case 'restart':
              await anew(null);
              break;
            case 'trouble':
              fs.trouble = { call: fs.calls + each.call, kind: each.kind };
              if (await succeeds(() => revoke(life.grants, number))) mustHold.push(number);
              // A disk that only refused is carried on with; one without power is not.
              if (each.kind === 'torn' || each.kind === 'cut') await anew(each.crash);
              break;
            case 'record':
              vault.cut = each.cut;
              if (await succeeds(() => revoke(life.grants, number))) mustHold.push(number);
              await anew(each.crash);
              break;
          }
        }
        await anew('nothing');
      }),
      { numRuns: RUNS },
    );
  });
});

async function succeeds(run: () => Promise<unknown>): Promise<boolean> {
  try {
    await run();
    return true;
  } catch (error) {
    if (error instanceof PowerCut || error instanceof SidescopeError) return false;
    throw error;
  }
}

test('the MAC of the state file is not that of the copy: one cannot be put in place of the other', async () => {
  const { fs, vault } = await lived(1);
  put(fs, COPY, octetsOf(fs, STATE));
  expect((await begin(fs, vault)).grants.standing.isSetBack).toBe(true);
  put(fs, STATE, randomBytes(40));
  expect(() => new Revocations(STATE, key, fs)).toThrow(SidescopeError);
});
