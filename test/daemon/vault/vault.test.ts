// Opening a vault: who may, and what says that it is not the one that was there before.

import { describe, expect, test } from 'vitest';
import { createVault, openVault, Vault } from '../../../daemon/keyring/vault.ts';
import {
  auditLines,
  codeOf,
  DAY,
  keyringOf,
  NOW,
  options,
  PATH,
  passphrase,
  recordTypes,
  statesOf,
  THREE_KEYS,
  type World,
  withVault,
  world,
  worldWithVault,
  wrongCodes,
} from './fixture.ts';

describe('opening', () => {
  test('gives the keys with their states', () => {
    const around = worldWithVault();
    expect(withVault(around, statesOf)).toEqual({ 38: 'expired', 39: 'active', 40: 'staged' });
    expect(wrongCodes(around)).toEqual([]);
    expect(around.fs.openHandles).toBe(0);
  });

  test('a wrong passphrase is refused and on record', () => {
    const around = worldWithVault();
    const wrong = passphrase(Buffer.from('not the passphrase'));
    expect(codeOf(() => Vault.open(PATH, wrong, options(around)))).toBe('vault.not-opened');
    expect(recordTypes(around).at(-1)).toBe('vault.open_failed');
    expect(withVault(around, statesOf)[39]).toBe('active');
  });

  test.each([0o644, 0o640, 0o604, 0o660, 0o610])(
    'mode %o is refused, for the vault and each file beside it',
    (mode) => {
      const around = worldWithVault();
      for (const path of [PATH, `${PATH}.audit`, `${PATH}.audit-key`, `${PATH}.anchor`, `${PATH}.state`]) {
        const copy = world(around.fs.clone());
        copy.fs.put(path, copy.fs.octets(path), mode);
        expect(codeOf(() => Vault.open(PATH, passphrase(), options(copy)))).toBe('vault.mode');
      }
    },
  );

  test('a symbolic link is refused', () => {
    const around = worldWithVault();
    around.fs.links.add(PATH);
    expect(codeOf(() => Vault.open(PATH, passphrase(), options(around)))).toBe('vault.symlink');
  });

  test('a second process is refused while the first is there, and let in when it is gone', () => {
    const around = worldWithVault();
    const first = Vault.open(PATH, passphrase(), options(around));
    const alive = around.surroundings.processes;
    if (alive === undefined) throw new Error('no processes');
    const mark = { pid: 4711, start: '9', boot: 'b' };
    const second = {
      ...options(around),
      surroundings: { ...around.surroundings, processes: { ...alive, self: mark } },
    };
    expect(() => Vault.open(PATH, passphrase(), second)).toThrow(/in use by process \d+/);
    const afterwards = world(around.fs);
    expect(withVault(afterwards, statesOf)[39]).toBe('active');
    expect(first.generation).toBe(2);
  });

  test('half a lock, left by a crash, is taken over', () => {
    const around = worldWithVault();
    around.fs.put(`${PATH}.lock`, Buffer.from('{"pid":1,"st'));
    expect(withVault(around, statesOf)[39]).toBe('active');
  });

  test('what interrupted saves left is cleaned away', () => {
    const around = worldWithVault();
    around.fs.put('/vault/.keys.vault-0011223344556677.tmp', Buffer.from('x'));
    withVault(around, statesOf);
    expect(around.fs.list('/vault').filter((name) => name.endsWith('.tmp'))).toEqual([]);
  });

  test('asks for the passphrase only where the file is a vault', async () => {
    const around = worldWithVault();
    around.fs.put('/vault/other', Buffer.from('no vault'));
    let asked = 0;
    const source = (): ReturnType<typeof passphrase> => {
      asked += 1;
      return passphrase();
    };
    await expect(openVault('/vault/other', source, options(around))).rejects.toThrow(/is no vault/);
    expect(asked).toBe(0);
    const vault = await openVault(PATH, source, options(around));
    vault.close();
    expect(asked).toBe(1);
  });

  test('a closed vault does nothing any more', () => {
    const around = worldWithVault();
    const vault = Vault.open(PATH, passphrase(), options(around));
    vault.close();
    vault.close();
    expect(codeOf(() => vault.list())).toBe('vault.closed');
    expect(codeOf(() => vault.order('revoke', ['f00001/39'], 'x'))).toBe('vault.closed');
  });

  test('no vault is made over another, or over what is left of one', () => {
    const around = worldWithVault();
    expect(codeOf(() => createVault(PATH, [passphrase()], options(around)))).toBe('vault.already-there');
    around.fs.unlink(PATH);
    expect(codeOf(() => createVault(PATH, [passphrase()], options(around)))).toBe('vault.already-there');
  });

  test('a vault that could not be made leaves nothing behind', () => {
    const around = world();
    around.fs.trouble = { call: 20, kind: 'EIO' };
    expect(codeOf(() => createVault(PATH, [passphrase()], options(around)))).toMatch(/not-written|in-doubt/);
    around.fs.trouble = null;
    expect(around.fs.list('/vault')).toEqual([]);
    createVault(PATH, [passphrase()], options(around));
    expect(withVault(around, (vault) => vault.list())).toEqual([]);
  });
});

describe('a vault put back from an older copy', () => {
  function rolledBack(): World {
    const around = worldWithVault();
    const older = around.fs.octets(PATH);
    withVault(around, (vault) => vault.order('revoke', ['f00001/39'], 'test'));
    around.fs.put(PATH, older);
    return around;
  }

  test('is refused, by the audit log and by the anchor, each alone', () => {
    const around = rolledBack();
    expect(codeOf(() => withVault(around, statesOf))).toBe('vault.rolled-back');
    expect(wrongCodes(around)).toEqual(['vault.rolled-back', 'vault.rolled-back']);
    // The audit log put back too, with its key: the anchor still knows.
    const before = worldWithVault();
    const older = before.fs.clone();
    withVault(before, (vault) => vault.order('revoke', ['f00001/39'], 'test'));
    const anchor = before.fs.octets(`${PATH}.anchor`);
    older.put(`${PATH}.anchor`, anchor);
    expect(codeOf(() => withVault(world(older), statesOf))).toBe('vault.rolled-back');
  });

  test('opens for reading only with a reason, and that is on record', () => {
    const around = rolledBack();
    const states = withVault(around, statesOf, { acceptRollback: 'court order 7' });
    expect(states[39]).toBe('active');
    const act = (vault: Vault): unknown => vault.order('revoke', ['f00001/40'], 'x');
    expect(codeOf(() => withVault(around, act, { acceptRollback: 'again' }))).toBe('vault.read-only');
    const line = auditLines(around).find((each) => each.includes('vault.rollback_accepted'));
    expect(line).toContain('court order 7');
    expect(codeOf(() => withVault(around, statesOf))).toBe('vault.rolled-back');
  });

  test('without its audit log it opens with a reason only', () => {
    const around = worldWithVault();
    around.fs.unlink(`${PATH}.audit`);
    expect(codeOf(() => withVault(around, statesOf))).toBe('audit.missing');
    expect(withVault(around, statesOf, { acceptRollback: 'only copy' })[39]).toBe('active');
    expect(withVault(around, statesOf, { acceptRollback: 'once more' })[39]).toBe('active');
    expect(Buffer.from(around.fs.octets(`${PATH}.audit-spare`)).toString()).toContain('once more');
    expect(codeOf(() => withVault(around, statesOf))).toBe('audit.missing');
  });

  test('another vault in its place is refused', () => {
    const around = worldWithVault();
    around.fs.put(PATH, worldWithVault().fs.octets(PATH));
    expect(codeOf(() => withVault(around, statesOf))).toBe('audit.other-vault');
  });
});

describe('side files', () => {
  test.each([
    ['.anchor', 'vault.anchor-missing', 'vault.anchor-changed'],
    ['.state', 'vault.state-missing', 'vault.state-changed'],
    ['.audit-key', 'audit.missing', 'audit.key-damaged'],
  ] as const)('%s: missing and changed are refused, and renewed with a reason', (suffix, missing, changed) => {
    const around = worldWithVault();
    const path = `${PATH}${suffix}`;
    const without = world(around.fs.clone());
    without.fs.unlink(path);
    expect(codeOf(() => withVault(without, statesOf))).toBe(missing);
    const octets = around.fs.octets(path).slice();
    for (let at = 0; at < octets.length; at++) {
      const copy = world(around.fs.clone());
      const other = octets.slice();
      other[at] ^= 1;
      copy.fs.put(path, other);
      expect(codeOf(() => withVault(copy, statesOf))).toMatch(/^(vault|audit)\./);
    }
    const spoilt = world(around.fs.clone());
    spoilt.fs.put(path, octets.subarray(0, 20));
    expect(codeOf(() => withVault(spoilt, statesOf))).toBe(changed);
    for (const broken of [without, spoilt]) {
      withVault(broken, statesOf, { renew: 'disk was replaced' });
      expect(withVault(broken, statesOf)[39]).toBe('active');
      expect(recordTypes(broken)).toContain('vault.renewed');
      expect(wrongCodes(broken)).toEqual([]);
    }
  });

  test('the anchor can stand elsewhere, and the vault remembers where', () => {
    const around = world();
    createVault(PATH, [passphrase()], { ...options(around), anchorPath: '/other/anchor' });
    withVault(around, (vault) => vault.importKeyring(keyringOf(THREE_KEYS), 'x'));
    expect(around.fs.exists('/other/anchor')).toBe(true);
    expect(around.fs.exists(`${PATH}.anchor`)).toBe(false);
    expect(withVault(around, statesOf)[39]).toBe('active');
  });
});

describe('the clock', () => {
  test('turned back by more than a minute is refused, so that no expired key comes back', () => {
    const around = worldWithVault();
    around.time.now = NOW + 10 * DAY;
    expect(withVault(around, statesOf)).toEqual({ 38: 'expired', 39: 'expired', 40: 'active' });
    around.time.now = NOW;
    expect(() => withVault(around, statesOf)).toThrow(/clock says 2026-05-03T00:00:00Z.*in use at 2026-05-13/);
    expect(codeOf(() => withVault(around, statesOf))).toBe('vault.clock-back');
  });

  test('turned back a little goes on where it was', () => {
    const around = worldWithVault();
    around.time.now = NOW + 5 * DAY;
    expect(withVault(around, statesOf)[39]).toBe('expired');
    around.time.now -= 59_000;
    expect(withVault(around, statesOf)[39]).toBe('expired');
    around.time.now -= 2_000;
    expect(codeOf(() => withVault(around, statesOf))).toBe('vault.clock-back');
  });

  test('turned back while the vault is open is refused too', () => {
    const around = worldWithVault();
    withVault(around, (vault) => {
      around.time.now += DAY;
      expect(vault.now()).toBe(NOW + DAY);
      around.time.now -= DAY;
      expect(codeOf(() => vault.now())).toBe('vault.clock-back');
      around.time.now += DAY;
    });
  });

  test('an older state file does not help: the audit log knows the time', () => {
    const around = worldWithVault();
    const older = around.fs.octets(`${PATH}.state`);
    around.time.now = NOW + 10 * DAY;
    withVault(around, statesOf);
    around.fs.put(`${PATH}.state`, older);
    around.time.now = NOW;
    expect(codeOf(() => withVault(around, statesOf))).toBe('vault.clock-back');
  });

  test('a failed attempt with a clock far ahead locks nobody out', () => {
    const around = worldWithVault();
    around.time.now = NOW + 3650 * DAY;
    const wrong = passphrase(Buffer.from('not the passphrase'));
    expect(codeOf(() => Vault.open(PATH, wrong, options(around)))).toBe('vault.not-opened');
    around.time.now = NOW + 1000;
    expect(withVault(around, statesOf)[39]).toBe('active');
  });

  test('that was wrong before can be taken as it is, with a reason on record', () => {
    const around = worldWithVault();
    around.time.now = NOW + 3650 * DAY;
    withVault(around, statesOf);
    around.time.now = NOW;
    withVault(around, statesOf, { renew: 'battery of the clock' });
    expect(recordTypes(around)).toContain('clock.accepted');
    expect(withVault(around, statesOf)[39]).toBe('active');
    expect(wrongCodes(around)).toEqual([]);
  });
});
