import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { inspect } from 'node:util';
import fc from 'fast-check';
import { afterAll, describe, expect, test } from 'vitest';
import { SidescopeError } from '../../../daemon/errors.ts';
import { endAt } from '../../../daemon/keyring/epoch-state.ts';
import type { Keyring } from '../../../daemon/keyring/keyring.ts';
import { plainKeyring } from '../../../daemon/keyring/keyring-copy.ts';
import { loadKeyrings, parseKeyring } from '../../../daemon/keyring/keyring-file.ts';
import { NO_SHARED, SHARED_CAPTURES, sharedFolders } from '../../shared-captures.ts';

const KEY_A = '000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f';
const KEY_B = 'd5ef4d8f33266902295d42f322a2f2cf11fb2ccc124c09b4d88d361597037990';
const PUBLIC_KEY = 'ab'.repeat(32);

function hex(octets: Uint8Array | null | undefined): string | null {
  return octets ? Buffer.from(octets).toString('hex') : null;
}

/** The example of interfaces 2, in full. */
const EXAMPLE = {
  format: 'sidescope-keyring/1',
  groups: [
    {
      id: 'f00001',
      name: 'Fire 7',
      algorithm: '128-EEA2',
      protection: 'required',
      derivation: 'ts33303',
      multicast: ['239.255.0.1'],
      members: [
        {
          id: '0a0b0c',
          name: 'Engine 71',
          addresses: ['169.254.10.11'],
          from: '2026-01-01T00:00:00Z',
          until: null,
        },
      ],
      keys: [
        {
          id: 39,
          key: KEY_A,
          notBefore: '2026-05-01T00:00:00Z',
          notAfter: '2026-05-08T00:00:00Z',
          revokedAt: null,
          compromisedAt: null,
          suspendedAt: null,
        },
      ],
    },
  ],
  pmks: [{ id: '706d6b2d31', key: KEY_B, member: '0a0b0c', profile: {} }],
  lkh: [{ group: 'f00001', node: '1.0.1', version: 4, key: KEY_B }],
  managers: [{ name: 'Chief 1', ed25519: PUBLIC_KEY }],
};

describe('a keyring file', () => {
  test('the example of interfaces 2', () => {
    const keyring = parseKeyring(JSON.stringify(EXAMPLE), 'example.json');
    const [group] = keyring.groups;
    expect(group).toMatchObject({
      index: 0,
      id: 0xf00001,
      idText: 'f00001',
      name: 'Fire 7',
      algorithm: 2,
      algorithmName: '128-EEA2',
      protection: 'required',
      derivation: 'ts33303',
      assumed: false,
    });
    expect(group.multicast).toEqual([Uint8Array.of(239, 255, 0, 1)]);
    expect(group.members).toEqual([
      {
        id: 0x0a0b0c,
        name: 'Engine 71',
        addresses: [Uint8Array.of(169, 254, 10, 11)],
        from: Date.UTC(2026, 0, 1),
        until: null,
      },
    ]);
    expect(group.membersWithId(0x0a0b0c)).toEqual(group.members);
    expect(group.membersWithId(1)).toEqual([]);
    const [epoch] = group.keys;
    expect(keyring.epochs).toEqual([epoch]);
    expect(epoch).toMatchObject({ id: 39, index5: 7, serial: 0, algorithm: 2, revokedAt: null, destroyedAt: null });
    expect([epoch.notBefore, epoch.notAfter]).toEqual([Date.UTC(2026, 4, 1), Date.UTC(2026, 4, 8)]);
    expect(hex(epoch.octets)).toBe(KEY_A);
    expect(Buffer.from(epoch.prepared?.octets ?? []).toString('hex')).toBe(KEY_A);
    expect(keyring.pmks[0]).toMatchObject({ member: 0x0a0b0c });
    expect(Buffer.from(keyring.pmks[0].id).toString()).toBe('pmk-1');
    expect(keyring.pmks[0].profile).toEqual({ prf: null, extensionType: 241, keyDataType: 0, idr: 'pmk-id' });
    expect(hex(keyring.pmks[0].octets)).toBe(KEY_B);
    expect(keyring.lkh[0]).toMatchObject({ group: 0xf00001, node: '1.0.1', version: 4 });
    expect(hex(keyring.managers[0].publicKey)).toBe(PUBLIC_KEY);
  });

  test('defaults', () => {
    const text = JSON.stringify({
      format: 'sidescope-keyring/1',
      groups: [{ id: '00000a', algorithm: 'EEA0', members: [{ id: '00000b' }] }],
    });
    const [group] = parseKeyring(text, 'k').groups;
    expect(group).toMatchObject({ name: '00000a', protection: 'required', derivation: 'ts33303', keys: [] });
    expect(group.members).toEqual([{ id: 11, name: '00000b', addresses: [], from: null, until: null }]);
  });

  test('a key of its own algorithm, and a destroyed one', () => {
    const keys = [
      { id: 1, key: KEY_A, algorithm: '128-EEA3', notBefore: '2026-05-01T00:00:00Z', notAfter: '2026-05-08T00:00:00Z' },
      {
        id: 2,
        notBefore: '2026-04-01T00:00:00Z',
        notAfter: '2026-04-08T00:00:00Z',
        destroyedAt: '2026-04-09T00:00:00Z',
      },
    ];
    const text = JSON.stringify({ format: 'sidescope-keyring/1', groups: [{ ...EXAMPLE.groups[0], keys }] });
    const [own, destroyed] = parseKeyring(text, 'k').epochs;
    expect(own.algorithm).toBe(3);
    expect(destroyed).toMatchObject({ algorithm: 2, octets: null, prepared: null, fingerprint: null });
    expect(destroyed.destroyedAt).toBe(Date.UTC(2026, 3, 9));
  });

  test('one id again at another time', () => {
    const again = { ...EXAMPLE.groups[0].keys[0], key: KEY_B, notBefore: '2026-05-08T00:00:00Z' };
    const keys = [{ ...again, notAfter: '2026-05-15T00:00:00Z' }, EXAMPLE.groups[0].keys[0]];
    const text = JSON.stringify({ format: 'sidescope-keyring/1', groups: [{ ...EXAMPLE.groups[0], keys }] });
    const [group] = parseKeyring(text, 'k').groups;
    expect(group.keys.map((key) => hex(key.octets))).toEqual([KEY_B, KEY_A]);
    expect(group.keysByStart.map((key) => key.serial)).toEqual([1, 0]);
  });

  test.each([
    ['2026-05-01T00:00:00Z', Date.UTC(2026, 4, 1)],
    ['2026-05-01T00:00:00+00:00', Date.UTC(2026, 4, 1)],
    ['2026-05-01T00:00:00.5Z', Date.UTC(2026, 4, 1) + 500],
    ['2026-05-01T00:00:00.123456Z', Date.UTC(2026, 4, 1) + 123.456],
    ['2026-05-01T00:00:00.123456789123Z', Date.UTC(2026, 4, 1) + 123.456],
    ['2024-02-29T23:59:59.999Z', Date.UTC(2024, 1, 29, 23, 59, 59) + 999],
    ['0001-01-01T00:00:00Z', -62_135_596_800_000],
  ])('the instant %s', (text, milliseconds) => {
    const key = { ...EXAMPLE.groups[0].keys[0], notBefore: text, notAfter: '9999-12-31T23:59:59Z' };
    const file = JSON.stringify({ format: 'sidescope-keyring/1', groups: [{ ...EXAMPLE.groups[0], keys: [key] }] });
    expect(parseKeyring(file, 'k').epochs[0].notBefore).toBe(milliseconds);
  });

  test.each([
    ['255.0.0.1', 'ff000001'],
    ['::', '00000000000000000000000000000000'],
    ['ff02::1:2', 'ff020000000000000000000000010002'],
    ['1:2:3:4:5:6:7:8', '00010002000300040005000600070008'],
    ['::ffff:1.2.3.4', '00000000000000000000ffff01020304'],
    ['fe80::', 'fe800000000000000000000000000000'],
  ])('the address %s', (text, octets) => {
    const file = JSON.stringify({
      format: 'sidescope-keyring/1',
      groups: [{ ...EXAMPLE.groups[0], multicast: [text] }],
    });
    expect(hex(parseKeyring(file, 'k').groups[0].multicast[0])).toBe(octets);
  });

  test('no inspection and no JSON of a keyring shows a key', () => {
    const keyring = parseKeyring(JSON.stringify(EXAMPLE), 'k');
    const { epochs, pmks, lkh, groups } = keyring;
    void epochs[0].prepared;
    const shown = inspect([keyring, epochs, pmks, lkh, groups], { depth: 9, showHidden: true });
    const json = JSON.stringify([pmks, lkh, epochs.map((epoch) => ({ ...epoch, group: null }))]);
    for (const text of [shown, json]) {
      for (const key of [KEY_A, KEY_B]) {
        const numbers = [...Buffer.from(key, 'hex')].slice(0, 6);
        expect(text).not.toContain(key.slice(0, 16));
        expect(text.replaceAll(/\s+/g, ' ')).not.toContain(numbers.join(', '));
        expect(text).not.toContain(numbers.join(','));
      }
    }
  });

  test('wiping leaves nothing that opens', () => {
    const keyring = parseKeyring(JSON.stringify(EXAMPLE), 'k');
    const { octets } = keyring.epochs[0];
    keyring.wipe();
    expect(octets?.every((octet) => octet === 0)).toBe(true);
    expect(keyring.epochs[0]).toMatchObject({ octets: null, prepared: null });
    expect(hex(keyring.pmks[0].octets)).toBe('00'.repeat(32));
  });

  test('fingerprints are the same in every run and differ from key to key', () => {
    const keyring = parseKeyring(JSON.stringify(EXAMPLE), 'k');
    // HMAC-SHA-256(KEY_A, "sidescope fingerprint"), first 8 octets; worked out with Python.
    expect(keyring.epochs[0].fingerprint).toBe('ac296cd8e6297f4e');
  });
});

const instant = fc.integer({ min: 1_700_000_000, max: 1_900_000_000 }).map((seconds) => seconds * 1000);
const isoOf = (milliseconds: number): string => new Date(milliseconds).toISOString();
const octets32 = fc.uint8Array({ minLength: 32, maxLength: 32 }).map((octets) => Buffer.from(octets).toString('hex'));
const layer2Id = fc.integer({ min: 0, max: 0xffffff }).map((id) => id.toString(16).padStart(6, '0'));
const nullable = fc.option(instant.map(isoOf), { nil: null });
const key = fc
  .record({
    id: fc.integer({ min: 0, max: 255 }),
    key: octets32,
    start: instant,
    length: fc.integer({ min: 1, max: 10_000_000 }),
    revokedAt: nullable,
    compromisedAt: nullable,
    suspendedAt: nullable,
  })
  .map(({ start, length, ...rest }) => ({ ...rest, notBefore: isoOf(start), notAfter: isoOf(start + length) }));
const group = fc.record({
  id: layer2Id,
  name: fc.string({ maxLength: 64, unit: 'grapheme' }).filter((name) => !/[\p{Cc}\p{Cs}]/u.test(name)),
  algorithm: fc.constantFrom('EEA0', '128-EEA1', '128-EEA2', '128-EEA3'),
  protection: fc.constantFrom('required', 'optional', 'none'),
  derivation: fc.constantFrom('ts33303', 'ts33303-no-group', 'direct'),
  keys: fc.uniqueArray(key, { maxLength: 8, selector: (each) => each.id }),
});
const file = fc.record({
  format: fc.constant('sidescope-keyring/1'),
  groups: fc.uniqueArray(group, { maxLength: 6, selector: (each) => each.id }),
});

/** What a keyring says, in the words of the file. */
function written(keyring: Keyring): unknown {
  const optional = (time: number | null): string | null => (time === null ? null : isoOf(time));
  return {
    format: 'sidescope-keyring/1',
    groups: keyring.groups.map((each) => ({
      id: each.idText,
      name: each.name,
      algorithm: each.algorithmName,
      protection: each.protection,
      derivation: each.derivation,
      keys: each.keys.map((epoch) => ({
        id: epoch.id,
        key: hex(epoch.octets),
        revokedAt: optional(epoch.revokedAt),
        compromisedAt: optional(epoch.compromisedAt),
        suspendedAt: optional(epoch.suspendedAt),
        notBefore: isoOf(epoch.notBefore),
        notAfter: isoOf(epoch.notAfter),
      })),
    })),
  };
}

describe('any valid keyring', () => {
  test('is read as it was written, from text and from octets, with or without blanks', () => {
    fc.assert(
      fc.property(file, fc.constantFrom('', ' ', '\t'), (contents, indent) => {
        const text = JSON.stringify(contents, null, indent);
        expect(written(parseKeyring(text, 'k'))).toEqual(contents);
        expect(written(parseKeyring(new TextEncoder().encode(text), 'k'))).toEqual(contents);
      }),
      { numRuns: 100 },
    );
  });

  test('with any octet changed is read or refused, and nothing else happens', () => {
    fc.assert(
      fc.property(file, fc.nat(), fc.integer({ min: 0, max: 255 }), (contents, at, octet) => {
        const text = new TextEncoder().encode(JSON.stringify(contents));
        text[at % text.length] = octet;
        try {
          parseKeyring(text, 'k');
        } catch (error) {
          expect(error).toBeInstanceOf(SidescopeError);
          expect((error as SidescopeError).message).not.toMatch(/[0-9a-f]{12}/);
        }
      }),
      { numRuns: 300 },
    );
  });
});

describe('several files', () => {
  const folder = mkdtempSync(join(tmpdir(), 'sidescope-keyring-'));
  afterAll(() => rmSync(folder, { recursive: true }));

  const base = EXAMPLE.groups[0];
  const oneKey = base.keys[0];

  function save(name: string, contents: unknown): string {
    const path = join(folder, name);
    writeFileSync(path, JSON.stringify(contents));
    return path;
  }

  function saveGroup(name: string, changes: object): string {
    return save(name, { format: 'sidescope-keyring/1', groups: [{ ...base, ...changes }] });
  }

  async function failureOf(...paths: string[]): Promise<SidescopeError> {
    const result = await loadKeyrings(paths).catch((error: unknown) => error);
    if (result instanceof SidescopeError) return result;
    throw new Error('the keyrings were accepted');
  }

  test('keys of one group are merged, in the order of the files', async () => {
    const later = {
      ...oneKey,
      id: 40,
      key: KEY_B,
      notBefore: '2026-05-07T00:00:00Z',
      notAfter: '2026-05-14T00:00:00Z',
    };
    const first = saveGroup('merge-1.json', { multicast: ['239.255.0.1'] });
    const second = saveGroup('merge-2.json', {
      keys: [later, { ...oneKey, revokedAt: '2026-05-02T00:00:00Z' }],
      multicast: ['ff02::7', '239.255.0.1'],
    });
    const keyring = await loadKeyrings([first, second, second]);
    expect(keyring.groups).toHaveLength(1);
    expect(keyring.epochs.map((epoch) => [epoch.id, epoch.revokedAt])).toEqual([
      [39, Date.UTC(2026, 4, 2)],
      [40, null],
    ]);
    expect(keyring.groups[0].multicast).toHaveLength(2);
    expect(keyring.groups[0].members).toHaveLength(1);
  });

  test('other groups stand beside', async () => {
    const first = save('one.json', EXAMPLE);
    const second = save('other.json', { ...EXAMPLE, groups: [{ ...base, id: 'f00002' }] });
    const keyring = await loadKeyrings([first, second]);
    expect(keyring.groups.map((each) => [each.index, each.idText])).toEqual([
      [0, 'f00001'],
      [1, 'f00002'],
    ]);
    expect(keyring.pmks).toHaveLength(1);
  });

  test.each([
    ['algorithm', { algorithm: '128-EEA1' }, 'groups[0].algorithm'],
    ['policy', { protection: 'none' }, 'groups[0].protection'],
    ['name', { name: 'Fire 8' }, 'groups[0].name'],
    ['octets', { keys: [{ ...oneKey, key: KEY_B }] }, 'groups[0].keys[0].key'],
    ['end', { keys: [{ ...oneKey, notAfter: '2026-05-09T00:00:00Z' }] }, 'groups[0].keys[0].notAfter'],
    ['algorithm of a key', { keys: [{ ...oneKey, algorithm: 'EEA0' }] }, 'groups[0].keys[0].algorithm'],
    ['member', { members: [{ ...base.members[0], name: 'Ladder 1' }] }, 'groups[0].members[0].name'],
    ['stay', { members: [{ ...base.members[0], from: '2025-01-01T00:00:00Z' }] }, 'groups[0].members[0].from'],
    [
      'destruction',
      { keys: [{ ...oneKey, key: undefined, destroyedAt: '2026-05-09T00:00:00Z' }] },
      'groups[0].keys[0].key',
    ],
  ])('a contradicting %s names both places', async (_, changes, path) => {
    const first = saveGroup('first.json', {});
    const second = saveGroup('second.json', changes);
    const error = await failureOf(first, second);
    expect(error.code).toBe('keyring.contradiction');
    expect(error.message).toContain(`${path} contradicts ${path} (${first}, line 1) (${second}, line 1`);
    expect(error.message).not.toContain(KEY_A.slice(0, 12));
  });

  test('contradicting revocations', async () => {
    const at = (day: number) => ({ keys: [{ ...oneKey, revokedAt: `2026-05-0${day}T00:00:00Z` }] });
    const error = await failureOf(saveGroup('r1.json', at(2)), saveGroup('r2.json', at(3)));
    expect(error.message).toContain('groups[0].keys[0].revokedAt contradicts');
  });

  test('contradicting PMKs', async () => {
    const other = { ...EXAMPLE, pmks: [{ ...EXAMPLE.pmks[0], key: KEY_A }] };
    const error = await failureOf(save('p1.json', EXAMPLE), save('p2.json', other));
    expect(error.message).toContain('pmks[0] contradicts pmks[0]');
  });

  /** Of some 400 KiB: more than is in memory at a time. */
  function large(changes: object): object {
    const members = Array.from({ length: 3000 }, (_, i) => ({
      id: (0x10_0000 + i).toString(16),
      name: i % 100 === 0 ? `Stra\u00dfenwache ${i}` : `Engine ${i}`,
      addresses: ['169.254.10.11'],
    }));
    return { format: 'sidescope-keyring/1', groups: [{ ...base, members, ...changes }], managers: EXAMPLE.managers };
  }

  test('a large file is what its text says', async () => {
    const path = join(folder, 'large.json');
    const text = `${JSON.stringify(large({}), null, 2)}\n`;
    writeFileSync(path, text);
    expect(text.length).toBeGreaterThan(400_000);
    expect(plainKeyring(await loadKeyrings([path]))).toEqual(plainKeyring(parseKeyring(text, path)));
  });

  test('what is wrong far behind in a large file is named, and what another file contradicts there', async () => {
    const broken = { ...large({}), managers: [{ name: 'Chief 1', ed25519: 'ab' }] };
    expect((await failureOf(save('broken.json', broken))).message).toContain('managers[0].ed25519 has 2 characters');
    const other = save('other.json', large({ keys: [{ ...oneKey, key: KEY_B }] }));
    const error = await failureOf(save('large-1.json', large({})), other);
    expect(error.code).toBe('keyring.contradiction');
    expect(error.message).toMatch(
      /groups\[0\]\.keys\[0\]\.key contradicts .*large-1\.json, line 1.*other\.json, line 1, column \d{6}/,
    );
  });

  test('a file that is not there', async () => {
    const error = await failureOf(join(folder, 'nowhere.json'));
    expect(error.code).toBe('keyring.unreadable');
    expect(error.message).toContain('ENOENT');
  });

  test('a folder', async () => {
    expect((await failureOf(folder)).code).toBe('keyring.unreadable');
  });

  test('an endless file ends at the cap', async () => {
    expect((await failureOf('/dev/zero')).code).toBe('keyring.too-large');
  });
});

describe('runs of many entries', () => {
  test('50,000 stays of one PGK id, one after the other, take no quadratic time', () => {
    const keys = Array.from({ length: 50_000 }, (_, i) => {
      const [notBefore, notAfter] = [isoOf(i * 1000), isoOf((i + 1) * 1000)];
      return { id: 1, key: KEY_A, notBefore, notAfter };
    });
    const contents = { format: 'sidescope-keyring/1', groups: [{ id: 'f00001', algorithm: 'EEA0', keys }] };
    const keyring = parseKeyring(JSON.stringify(contents), 'k');
    expect(keyring.epochs).toHaveLength(50_000);
    expect(endAt(keyring.epochs[49_999], 0)).toBe(50_000_000);
  });
});

describe('labelled keyrings', () => {
  const cases = sharedFolders('labelled');
  test('are there', (context) => {
    context.skip(cases.length === 0, NO_SHARED);
    expect(cases.length).toBeGreaterThanOrEqual(10);
  });
  test.each(cases)('%s', async (name) => {
    const path = join(SHARED_CAPTURES, 'labelled', name, 'keyring.json');
    const keyring = await loadKeyrings([path]);
    const contents = JSON.parse(readFileSync(path, 'utf8'));
    expect(keyring.groups.map((each) => each.idText)).toEqual(contents.groups.map((each: { id: string }) => each.id));
    const keys = contents.groups.flatMap((each: { keys?: { key: string }[] }) => each.keys ?? []);
    expect(keyring.epochs.map((epoch) => hex(epoch.octets))).toEqual(keys.map((each: { key: string }) => each.key));
    expect(keyring.pmks).toHaveLength(contents.pmks?.length ?? 0);
  });
});
