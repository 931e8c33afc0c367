// Opening, changing and handing on: who may, what is refused, what is on record.

import { inspect } from 'node:util';
import { describe, expect, test } from 'vitest';
import { layer2IdText } from '../../../daemon/keyring/group.ts';
import { parseKeyring } from '../../../daemon/keyring/keyring-file.ts';
import { refuseDumpingProcess } from '../../../daemon/keyring/vault/process-guard.ts';
import { openExport } from '../../../daemon/keyring/vault/seal-export.ts';
import { verifyVault } from '../../../daemon/keyring/vault/verify-vault.ts';
import { createVault, openVault, openVaultKeyring, Vault } from '../../../daemon/keyring/vault.ts';
import {
  codeOf,
  DAY,
  keyEntry,
  keyHex,
  keyringOf,
  NOW,
  options,
  PATH,
  passphrase,
  repeatable,
  statesOf,
  THREE_KEYS,
  type World,
  withVault,
  world,
  worldWithVault,
} from './fixture.ts';
import { x25519 } from './x25519.ts';

/** Types of the records in the audit log of a world. */
function recordTypes(around: World): string[] {
  return auditLines(around).map((line) => (JSON.parse(line) as { type: string }).type);
}

function auditLines(around: World): string[] {
  return Buffer.from(around.fs.octets(`${PATH}.audit`))
    .toString()
    .trimEnd()
    .split('\n');
}

/** Codes of what `verify` finds wrong. */
function wrongCodes(around: World): (string | null)[] {
  const { checks } = verifyVault(PATH, passphrase(), options(around));
  return checks.filter(({ isGood }) => !isGood).map(({ code }) => code);
}

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
    expect(codeOf(() => withVault(around, statesOf))).toBe('audit.truncated');
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

describe('orders', () => {
  test('are durable, on record with fingerprints, and never take the key along', () => {
    const around = worldWithVault();
    const rows = withVault(around, (vault) => vault.order('revoke', ['f00001/39'], 'lost radio'));
    expect(rows).toMatchObject([{ pgkId: 39, state: 'revoked' }]);
    expect(withVault(around, statesOf)).toEqual({ 38: 'expired', 39: 'revoked', 40: 'staged' });
    const line = auditLines(around).find((each) => each.includes('"key.revoked"')) ?? '';
    expect(line).toContain(rows[0].fingerprint);
    expect(line).toContain('lost radio');
    const types = recordTypes(around);
    expect(types.indexOf('key.revoked')).toBeLessThan(types.lastIndexOf('vault.save_intended'));
    expect(types.lastIndexOf('vault.save_intended')).toBeLessThan(types.lastIndexOf('vault.saved'));
  });

  test('suspend and resume', () => {
    const around = worldWithVault();
    withVault(around, (vault) => vault.order('suspend', ['f00001/39'], 'x'));
    expect(withVault(around, statesOf)[39]).toBe('suspended');
    around.time.now += 1000;
    withVault(around, (vault) => vault.order('resume', ['f00001/39'], 'x'));
    expect(withVault(around, statesOf)[39]).toBe('active');
  });

  test('destroy overwrites the octets; id, window and fingerprint stay', () => {
    const around = worldWithVault();
    const [before] = withVault(around, (vault) => vault.list());
    withVault(around, (vault) => {
      const { keyring } = vault.keyring({ reason: 'x', subject: 'x' });
      expect(keyring.epochs[0].octets).not.toBeNull();
      vault.order('destroy', ['f00001/38'], 'x');
      expect(vault.keyring({ reason: 'x', subject: 'x' }).keyring.epochs[0].octets).toBeNull();
    });
    const [after] = withVault(around, (vault) => vault.list());
    expect(after).toMatchObject({ pgkId: 38, state: 'destroyed', daysLeft: null, fingerprint: before.fingerprint });
  });

  test('name keys by id, by fingerprint, by group; ids that came round again need a fingerprint', () => {
    const around = worldWithVault([keyEntry(1, -20, 5, {}, 100), keyEntry(1, -10, 5, {}, 101), keyEntry(2, -1, 5)]);
    withVault(around, (vault) => {
      const [first] = vault.list();
      expect(() => vault.order('revoke', ['f00001/1'], 'x')).toThrow(new RegExp(`${first.fingerprint} \\(expired\\)`));
      expect(codeOf(() => vault.order('revoke', ['f00001/1'], 'x'))).toBe('vault.ambiguous-key');
      expect(vault.order('compromise', [first.fingerprint], 'x')).toMatchObject([{ state: 'compromised' }]);
      expect(codeOf(() => vault.order('revoke', ['f00001/9'], 'x'))).toBe('vault.no-such-key');
      expect(codeOf(() => vault.order('revoke', ['f00002'], 'x'))).toBe('vault.no-such-key');
      expect(vault.order('destroy', ['f00001'], 'x')).toHaveLength(3);
    });
  });

  test('a mistyped key name is not repeated when it could be a key', () => {
    const around = worldWithVault();
    const hex = keyHex(39);
    withVault(around, (vault) => {
      expect(() => vault.order('revoke', [hex], 'x')).toThrow(/holds no key under that name/);
    });
  });

  test('an order that one key refuses is carried out on none', () => {
    const around = worldWithVault();
    expect(codeOf(() => withVault(around, (vault) => vault.order('suspend', ['f00001/39', 'f00001/38'], 'x')))).toBe(
      'vault.transition',
    );
    expect(withVault(around, statesOf)[39]).toBe('active');
  });
});

describe('import', () => {
  const group = (keys: readonly object[], more: object = {}): ReturnType<typeof keyringOf> =>
    keyringOf(keys, 'f00001', more);

  test('the same again changes nothing', () => {
    const around = worldWithVault();
    withVault(around, (vault) => {
      const { generation } = vault;
      expect(vault.importKeyring(group(THREE_KEYS), 'x')).toMatchObject({ added: 0, known: 3, restricted: 0 });
      expect(vault.generation).toBe(generation);
    });
  });

  test.each([
    ['other octets under the same id and time', [keyEntry(39, -2, 7, {}, 500)], 'vault.conflicting-key'],
    ['the same octets under another id', [keyEntry(41, -2, 7, {}, 39)], 'vault.duplicate-key'],
    ['a longer window', [keyEntry(39, -2, 9)], 'vault.window'],
    ['a window that moved', [keyEntry(39, -3, 7)], 'vault.window'],
  ])('%s is refused, and nothing of that file is taken', (_, keys, code) => {
    const around = worldWithVault();
    const act = (vault: Vault): unknown => vault.importKeyring(group([keyEntry(50, 20, 7), ...keys]), 'x');
    expect(codeOf(() => withVault(around, act))).toBe(code);
    expect(Object.keys(withVault(around, statesOf))).toEqual(['38', '39', '40']);
  });

  test('an expired key does not come back to life by a longer window', () => {
    const around = worldWithVault();
    expect(codeOf(() => withVault(around, (vault) => vault.importKeyring(group([keyEntry(38, -9, 30)]), 'x')))).toBe(
      'vault.window',
    );
  });

  test('a destroyed key does not come back, by its octets or by its id', () => {
    const around = worldWithVault();
    withVault(around, (vault) => vault.order('destroy', ['f00001/39'], 'x'));
    withVault(around, (vault) => {
      expect(codeOf(() => vault.importKeyring(group([keyEntry(39, -2, 7)]), 'x'))).toBe('vault.transition');
      expect(codeOf(() => vault.importKeyring(group([keyEntry(39, -2, 7, {}, 77)]), 'x'))).toBe(
        'vault.conflicting-key',
      );
    });
  });

  test('restrictions are taken over, and never taken back', () => {
    const around = worldWithVault();
    const revokedAt = new Date(NOW - DAY).toISOString();
    withVault(around, (vault) => {
      expect(vault.importKeyring(group([keyEntry(39, -2, 6, { revokedAt })]), 'x')).toMatchObject({ restricted: 1 });
      expect(vault.importKeyring(group([keyEntry(39, -2, 6)]), 'x')).toMatchObject({ known: 1, restricted: 0 });
      expect(statesOf(vault)[39]).toBe('revoked');
      const { key: _key, ...destroyed } = keyEntry(40, 5, 7, { destroyedAt: revokedAt }) as { key: string };
      expect(vault.importKeyring(group([destroyed]), 'x')).toMatchObject({ restricted: 1 });
      expect(statesOf(vault)[40]).toBe('destroyed');
    });
  });

  test('another algorithm for a group is refused; a new roster is taken', () => {
    const around = worldWithVault();
    withVault(around, (vault) => {
      expect(codeOf(() => vault.importKeyring(group([], { algorithm: '128-EEA1' }), 'x'))).toBe(
        'vault.conflicting-key',
      );
      const members = [{ id: '0a0b0c', name: 'Engine 71', addresses: ['169.254.10.11'], from: null, until: null }];
      expect(vault.importKeyring(group([], { members }), 'x')).toMatchObject({ groupsChanged: 1, added: 0 });
      expect(vault.keyring(null).keyring.groups[0].members).toHaveLength(1);
    });
  });

  test('100,000 epochs are taken, saved and opened', { timeout: 60_000 }, () => {
    const around = world();
    createVault(PATH, [passphrase()], options(around));
    const groups = Array.from({ length: 400 }, (_, index) => ({
      id: layer2IdText(index + 1),
      algorithm: '128-EEA2',
      keys: Array.from({ length: 250 }, (__, id) => keyEntry(id, id, 1, {}, index * 250 + id)),
    }));
    const keyring = manyKeys(groups);
    withVault(around, (vault) => expect(vault.importKeyring(keyring, 'x')).toMatchObject({ added: 100_000 }));
    withVault(around, (vault) => {
      expect(vault.list()).toHaveLength(100_000);
      vault.order('revoke', ['000190/7'], 'x');
    });
    expect(wrongCodes(around)).toEqual([]);
  });

  test('10,000 keys open in less than 0.3 s beside the passphrase work', { timeout: 60_000 }, () => {
    const around = world();
    createVault(PATH, [passphrase()], options(around));
    const groups = Array.from({ length: 40 }, (_, index) => ({
      id: layer2IdText(index + 1),
      algorithm: '128-EEA2',
      keys: Array.from({ length: 250 }, (__, id) => keyEntry(id, id, 1, {}, index * 250 + id)),
    }));
    withVault(around, (vault) => vault.importKeyring(manyKeys(groups), 'x'));
    const times = Array.from({ length: 5 }, () => {
      const from = performance.now();
      const vault = Vault.open(PATH, passphrase(), options(around));
      const took = performance.now() - from;
      expect(vault.list()).toHaveLength(10_000);
      vault.close();
      return took;
    });
    expect(Math.min(...times)).toBeLessThan(300);
  });
});

function manyKeys(groups: readonly object[]): ReturnType<typeof keyringOf> {
  return parseKeyring(JSON.stringify({ format: 'sidescope-keyring/1', groups }), 'many.json');
}

describe('slots', () => {
  const identity = repeatable('identity')(32);
  const recipient = { kind: 'recipient', publicKey: x25519.publicOf(identity) } as const;
  const second = Buffer.from('a second passphrase');
  const fresh = Buffer.from('a fresh passphrase');

  test('a new passphrase means a new data key: the old one opens old copies only', () => {
    const around = worldWithVault();
    const older = around.fs.clone();
    withVault(around, (vault) => vault.changeSlots({ add: [passphrase(fresh)], remove: [1], carry: [] }));
    expect(codeOf(() => withVault(around, statesOf))).toBe('vault.not-opened');
    const vault = Vault.open(PATH, passphrase(fresh), options(around));
    expect(statesOf(vault)[39]).toBe('active');
    expect(vault.slots).toEqual([{ id: 2, kind: 'passphrase', name: '' }]);
    vault.close();
    expect(withVault(world(older), statesOf)[39]).toBe('active');
  });

  test('recipients are carried over by their public key, passphrases by themselves', () => {
    const around = worldWithVault();
    withVault(around, (vault) => vault.changeSlots({ add: [recipient, passphrase(second)], remove: [], carry: [] }));
    const change = { add: [passphrase(fresh)], remove: [1] };
    expect(codeOf(() => withVault(around, (vault) => vault.changeSlots({ ...change, carry: [] })))).toBe('vault.slots');
    withVault(around, (vault) => vault.changeSlots({ ...change, carry: [passphrase(second)] }));
    for (const unlock of [
      { kind: 'identity', privateKey: x25519.privateKey(identity) } as const,
      passphrase(second),
      passphrase(fresh),
    ]) {
      const vault = Vault.open(PATH, unlock, options(around));
      expect(statesOf(vault)[39]).toBe('active');
      vault.close();
    }
    expect(codeOf(() => withVault(around, statesOf))).toBe('vault.not-opened');
  });

  test('a credential opens only under its own name', () => {
    const around = world();
    createVault(PATH, [{ kind: 'credential', name: 'vault-pass', octets: second }], options(around));
    const open = (name: string): void =>
      Vault.open(PATH, { kind: 'credential', name, octets: second }, options(around)).close();
    expect(codeOf(() => open('other'))).toBe('vault.not-opened');
    expect(codeOf(() => withVault(around, statesOf))).toBe('vault.not-opened');
    open('vault-pass');
  });

  test('the last slot stays, short passphrases and a seventeenth slot are refused', () => {
    const around = worldWithVault();
    withVault(around, (vault) => {
      expect(codeOf(() => vault.changeSlots({ add: [], remove: [1], carry: [] }))).toBe('vault.slots');
      expect(codeOf(() => vault.changeSlots({ add: [], remove: [9], carry: [] }))).toBe('vault.slots');
      const short = passphrase(Buffer.from('short'));
      expect(codeOf(() => vault.changeSlots({ add: [short], remove: [], carry: [] }))).toBe('vault.passphrase');
      const add = Array.from({ length: 16 }, () => recipient);
      expect(codeOf(() => vault.changeSlots({ add, remove: [], carry: [] }))).toBe('vault.slots');
    });
  });

  test('a power cut between the new vault and its state file is no loss', () => {
    const around = worldWithVault();
    const probe = world(around.fs.clone());
    withVault(probe, (vault) => vault.changeSlots({ add: [passphrase(fresh)], remove: [1], carry: [] }));
    for (let call = 1; call <= probe.fs.calls; call++) {
      const cut = world(around.fs.clone());
      cut.fs.trouble = { call, kind: 'cut' };
      const change = { add: [passphrase(fresh)], remove: [1], carry: [] };
      // Only giving back the lock may be cut without anybody noticing.
      const code = codeOf(() => withVault(cut, (vault) => vault.changeSlots(change)));
      if (call < probe.fs.calls) expect(code).not.toBeNull();
      const after = world(cut.fs.restart('nothing'));
      const opens = [passphrase(), passphrase(fresh)].map((unlock) => codeOf(() => openAndClose(after, unlock)));
      expect(opens.filter((code) => code === null)).toHaveLength(1);
    }
    expect(probe.fs.calls).toBeGreaterThan(40);
  });
});

function openAndClose(around: World, unlock: ReturnType<typeof passphrase>): void {
  Vault.open(PATH, unlock, options(around)).close();
}

describe('export', () => {
  const identity = repeatable('recipient')(32);

  test('seals chosen keys to a recipient, with states, and is on record first', () => {
    const around = worldWithVault();
    const { octets, keys } = withVault(around, (vault) => {
      vault.order('revoke', ['f00001/39'], 'x');
      return vault.exportKeys(['f00001/39', 'f00001/40'], x25519.publicOf(identity), 'handover');
    });
    expect(keys).toBe(2);
    expect(auditLines(around).find((line) => line.includes('keys.exported'))).toContain('handover');
    const keyring = openExport(octets, x25519.privateKey(identity), 'export');
    expect(keyring.epochs.map(({ id }) => id)).toEqual([39, 40]);
    expect(Buffer.from(keyring.epochs[0].octets ?? []).toString('hex')).toBe(keyHex(39));
    expect(keyring.epochs[0].revokedAt).toBe(NOW);
    const other = world();
    createVault(PATH, [passphrase()], options(other));
    withVault(other, (vault) => vault.importKeyring(keyring, 'export'));
    expect(withVault(other, statesOf)).toEqual({ 39: 'revoked', 40: 'staged' });
  });

  test('opens for nobody else, and not when changed', () => {
    const around = worldWithVault();
    const { octets } = withVault(around, (vault) =>
      vault.exportKeys(['f00001'], x25519.publicOf(identity), 'handover'),
    );
    const stranger = x25519.privateKey(repeatable('stranger')(32));
    expect(codeOf(() => openExport(octets, stranger, 'export'))).toBe('vault.export-not-opened');
    for (let at = 0; at < octets.length; at += at < 120 ? 1 : 97) {
      const changed = octets.slice();
      changed[at] ^= 1;
      expect(codeOf(() => openExport(changed, x25519.privateKey(identity), 'x'))).toBe('vault.export-not-opened');
    }
    for (let length = 0; length < octets.length; length += 31) {
      expect(codeOf(() => openExport(octets.slice(0, length), x25519.privateKey(identity), 'x'))).not.toBeNull();
    }
  });

  test('low-order recipients and destroyed keys are refused', () => {
    const around = worldWithVault();
    withVault(around, (vault) => {
      expect(codeOf(() => vault.exportKeys(['f00001/39'], new Uint8Array(32), 'x'))).toBe('vault.recipient');
      vault.order('destroy', ['f00001/38'], 'x');
      expect(codeOf(() => vault.exportKeys(['f00001/38'], x25519.publicOf(identity), 'x'))).toBe('vault.transition');
    });
  });
});

describe('a keyring from a vault', () => {
  const how = (around: World, staleReason?: string): Parameters<typeof openVaultKeyring>[2] => ({
    ...options(around),
    subject: 'capture.pcap',
    staleReason,
  });

  test('withholds keys that are not active today, and keeps their place', async () => {
    const around = worldWithVault();
    const { keyring, withheld } = await openVaultKeyring(PATH, passphrase, how(around));
    expect(withheld.map(({ id, state }) => [id, state])).toEqual([
      [38, 'expired'],
      [40, 'staged'],
    ]);
    expect(keyring.epochs.map(({ id, octets }) => [id, octets === null])).toEqual([
      [38, true],
      [39, false],
      [40, true],
    ]);
    expect(recordTypes(around)).not.toContain('forensic.allowed');
  });

  test('gives them with a reason, which is on record with keys and subject', async () => {
    const around = worldWithVault();
    const { keyring, withheld } = await openVaultKeyring(PATH, passphrase, how(around, 'inquiry 12'));
    expect(withheld).toEqual([]);
    expect(keyring.epochs.every(({ octets }) => octets !== null)).toBe(true);
    const line = auditLines(around).find((each) => each.includes('forensic.allowed')) ?? '';
    expect(line).toContain('inquiry 12');
    expect(line).toContain('capture.pcap');
    expect(line).toContain('"pgkId":38');
    expect(line).not.toContain('"pgkId":39');
  });

  test('is refused where nothing is active today', async () => {
    const around = worldWithVault();
    around.time.now = NOW + 100 * DAY;
    await expect(openVaultKeyring(PATH, passphrase, how(around))).rejects.toMatchObject({
      code: 'vault.nothing-active',
    });
    expect(around.fs.exists(`${PATH}.lock`)).toBe(false);
  });
});

describe('use counters and attachments', () => {
  test('persist across a restart', () => {
    const around = worldWithVault();
    withVault(around, (vault) => {
      vault.countUse(0xf00001, 39, NOW - 2 * DAY, 10, 2000);
      vault.countUse(0xf00001, 39, NOW - 2 * DAY, 1, 100);
      vault.saveState();
    });
    const row = withVault(around, (vault) => vault.list()).find(({ pgkId }) => pgkId === 39);
    expect(row).toMatchObject({ frames: 11, octets: 2100 });
  });

  test('what another part keeps comes back, and goes', () => {
    const around = worldWithVault();
    const octets = Buffer.from('a key hierarchy');
    withVault(around, (vault) => vault.attach('groups', octets, [{ type: 'group.created', data: {} }]));
    expect(Buffer.from(withVault(around, (vault) => vault.attachment('groups')) ?? [])).toEqual(octets);
    withVault(around, (vault) => vault.attach('groups', null, []));
    expect(withVault(around, (vault) => vault.attachment('groups'))).toBeNull();
  });
});

describe('no key octet leaves', () => {
  test('by a file beside the vault, a list, an error or an inspection', () => {
    const around = worldWithVault();
    const shown: string[] = [];
    withVault(around, (vault) => {
      vault.order('revoke', ['f00001/39'], 'x');
      shown.push(JSON.stringify(vault.list()), inspect(vault, { depth: 9, showHidden: true }), JSON.stringify(vault));
      shown.push(inspect(vault.keyring(null), { depth: 9, showHidden: true }));
      try {
        vault.importKeyring(keyringOf([keyEntry(41, -2, 7, {}, 40)]), 'x');
      } catch (error) {
        shown.push(inspect(error, { depth: 9, showHidden: true }));
      }
    });
    const report = verifyVault(PATH, passphrase(), options(around));
    shown.push(inspect(report, { depth: 9 }));
    const files = [...around.fs.names].map(([, { octets }]) => Buffer.from(octets));
    for (const number of [38, 39, 40]) {
      const raw = Buffer.from(keyHex(number), 'hex');
      for (const form of [raw.toString('hex'), raw.toString('base64'), [...raw.subarray(0, 8)].join(', ')]) {
        expect(shown.join('\n').toLowerCase()).not.toContain(form.toLowerCase());
      }
      for (const file of files) {
        expect(file.includes(raw)).toBe(false);
        expect(file.includes(raw.toString('hex'))).toBe(false);
      }
    }
  });

  test('a process that could be asked for its memory is refused', () => {
    expect(codeOf(() => refuseDumpingProcess(['--inspect'], ''))).toBe('vault.process-may-dump');
    expect(codeOf(() => refuseDumpingProcess(['--inspect-brk=0'], ''))).toBe('vault.process-may-dump');
    expect(codeOf(() => refuseDumpingProcess([], '--heapsnapshot-signal=SIGUSR2'))).toBe('vault.process-may-dump');
    expect(codeOf(() => refuseDumpingProcess([], '--max-old-space-size=100 --report-on-signal'))).toBe(
      'vault.process-may-dump',
    );
    expect(codeOf(() => refuseDumpingProcess(['--enable-source-maps'], '--max-old-space-size=100'))).toBeNull();
  });
});
