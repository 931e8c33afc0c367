// Changing a vault: orders, imports, use counters and what others keep in it.

import { describe, expect, test } from 'vitest';
import { importText } from '../../../cli/keys-text.ts';
import { layer2IdText } from '../../../daemon/keyring/group.ts';
import type { Keyring } from '../../../daemon/keyring/keyring.ts';
import { parseKeyring } from '../../../daemon/keyring/keyring-file.ts';
import { DELIVERED } from '../../../daemon/keyring/vault/assumed-group.ts';
import { createVault, Vault } from '../../../daemon/keyring/vault.ts';
import {
  auditLines,
  codeOf,
  DAY,
  keyEntry,
  keyHex,
  keyringOf,
  manyKeys,
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

  test('for a whole group an order goes to the keys that take it; where none does, it is refused', () => {
    const around = worldWithVault();
    withVault(around, (vault) => {
      vault.order('compromise', ['f00001/40'], 'x');
      expect(vault.order('suspend', ['f00001'], 'x')).toMatchObject([{ pgkId: 39, state: 'suspended' }]);
      expect(vault.order('revoke', ['f00001'], 'x').map((key) => key.pgkId)).toEqual([38, 39]);
      expect(codeOf(() => vault.order('resume', ['f00001'], 'x'))).toBe('vault.transition');
      expect(statesOf(vault)).toEqual({ 38: 'revoked', 39: 'revoked', 40: 'compromised' });
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

  test('a suspension after a resumption is one anew; a copy from before the resumption is none', () => {
    const around = worldWithVault();
    const at = (hours: number): string => new Date(NOW + hours * 3_600_000).toISOString();
    const suspended = (dates: object) => group([keyEntry(39, -2, 7, dates)]);
    withVault(around, (vault) => {
      vault.order('suspend', ['f00001/39'], 'x');
      around.time.now += 3_600_000;
      vault.order('resume', ['f00001/39'], 'x');
      vault.importKeyring(suspended({ suspendedAt: at(0) }), 'older.json');
      expect(statesOf(vault)[39]).toBe('active');
      around.time.now += 7_200_000;
      expect(vault.importKeyring(suspended({ suspendedAt: at(2) }), 'x')).toMatchObject({ restricted: 1 });
      expect(statesOf(vault)[39]).toBe('suspended');
    });
  });

  test('a PMK whose profile was corrected is taken as it is now', () => {
    const around = worldWithVault();
    const pmks = (idr: string): Keyring => {
      const pmk = { id: '706d6b2d31', key: keyHex(1), member: '0a0b0c', profile: { idr } };
      return parseKeyring(JSON.stringify({ format: 'sidescope-keyring/1', groups: [], pmks: [pmk] }), 'x');
    };
    const counts = withVault(around, (vault) => vault.importKeyring(pmks('pmk-id'), 'x'));
    expect(importText('x.json', counts)).toBe('x.json: 0 added, 0 held before, 1 PMK added\n');
    const again = withVault(around, (vault) => vault.importKeyring(pmks('ue'), 'x'));
    expect(importText('x.json', again)).toBe('x.json: 0 added, 0 held before\n');
    expect(withVault(around, (vault) => vault.keyring(null).keyring.pmks.map(({ profile }) => profile.idr))).toEqual([
      'ue',
    ]);
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

  describe('a group that is known from a delivery alone', () => {
    const more = { name: 'f00001', protection: 'optional' };
    const delivered = (around: World): void => {
      withVault(around, (vault) => vault.importKeyring(keyringOf([keyEntry(39, -2, 7)], 'f00001', more), DELIVERED));
    };
    const algorithms = (around: World): string[] =>
      withVault(around, (vault) => vault.list().map(({ pgkId, algorithm }) => `${pgkId} ${algorithm}`));

    test('has the algorithm that is told later, and so have its keys', () => {
      const around = worldWithVault([]);
      delivered(around);
      expect(algorithms(around)).toEqual(['39 128-EEA2']);
      withVault(around, (vault) => vault.importKeyring(group([keyEntry(40, 5, 7)], { algorithm: '128-EEA1' }), 'x'));
      expect(algorithms(around)).toEqual(['39 128-EEA1', '40 128-EEA1']);
      // By now it is known, and another one contradicts it.
      const other = group([], { algorithm: '128-EEA3' });
      expect(codeOf(() => withVault(around, (vault) => vault.importKeyring(other, 'x')))).toBe('vault.conflicting-key');
    });

    test('a key that is named with an algorithm of its own has that', () => {
      const around = worldWithVault([]);
      delivered(around);
      const key = keyEntry(39, -2, 7, { algorithm: '128-EEA3' });
      withVault(around, (vault) => vault.importKeyring(group([key], { algorithm: '128-EEA1' }), 'x'));
      expect(algorithms(around)).toEqual(['39 128-EEA3']);
    });

    test('is not one that an import described in the same words', () => {
      const around = worldWithVault([]);
      withVault(around, (vault) => vault.importKeyring(keyringOf([keyEntry(39, -2, 7)], 'f00001', more), 'x.json'));
      const other = group([], { algorithm: '128-EEA1' });
      expect(codeOf(() => withVault(around, (vault) => vault.importKeyring(other, 'x')))).toBe('vault.conflicting-key');
    });
  });

  test('100,000 epochs are taken, saved and opened', { timeout: 180_000 }, () => {
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
      vault.keyring({ reason: 'inquiry', subject: 'capture' }).keyring.wipe();
    });
    expect(wrongCodes(around)).toEqual([]);
    const allowed = auditLines(around).filter((line) => line.includes('forensic.allowed'));
    expect(allowed.length).toBe(2);
    expect(allowed[0]).toContain('{"group":"000001","keys":249}');
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
      // Of the processor: other work on the machine is not counted.
      const from = process.cpuUsage();
      const vault = Vault.open(PATH, passphrase(), options(around));
      const { user, system } = process.cpuUsage(from);
      const took = (user + system) / 1000;
      expect(vault.list()).toHaveLength(10_000);
      vault.close();
      return took;
    });
    expect(Math.min(...times)).toBeLessThan(300);
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

  test('octets of a destroyed key go from there too, those of others stay', () => {
    const around = worldWithVault();
    const kept = (...numbers: readonly number[]): Buffer =>
      Buffer.concat([Buffer.from('x'), ...numbers.map((each) => Buffer.from(keyHex(each), 'hex')), Buffer.from('y')]);
    const without = (octets: Buffer, number: number): Buffer => {
      const at = octets.indexOf(Buffer.from(keyHex(number), 'hex'));
      return Buffer.concat([octets.subarray(0, at), Buffer.alloc(32), octets.subarray(at + 32)]);
    };
    withVault(around, (vault) => vault.attach('groups', kept(39, 40, 38), []));
    withVault(around, (vault) => vault.order('destroy', ['f00001/40'], 'x'));
    const once = without(kept(39, 40, 38), 40);
    expect(Buffer.from(withVault(around, (vault) => vault.attachment('groups')) ?? [])).toEqual(once);
    const destroyedAt = new Date(NOW).toISOString();
    const { key: _gone, ...tombstone } = keyEntry(39, -2, 7, { destroyedAt }) as { key: string };
    withVault(around, (vault) => vault.importKeyring(keyringOf([tombstone]), 'x'));
    expect(Buffer.from(withVault(around, (vault) => vault.attachment('groups')) ?? [])).toEqual(without(once, 39));
  });
});
