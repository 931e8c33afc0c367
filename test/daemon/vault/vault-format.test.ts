// The file format against its slow twin, and mutations through the front door: passphrase, audit log, anchor and all.

import { createPrivateKey } from 'node:crypto';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { CborReader, CborWriter } from '../../../daemon/keyring/vault/cbor.ts';
import { sha256 } from '../../../daemon/keyring/vault/sealing.ts';
import { makeSlot, openSlots } from '../../../daemon/keyring/vault/slots.ts';
import { openContents } from '../../../daemon/keyring/vault/unlock-vault.ts';
import { decodeContents, encodeContents } from '../../../daemon/keyring/vault/vault-contents.ts';
import { VaultError } from '../../../daemon/keyring/vault/vault-error.ts';
import { encodeVaultFile, parseVaultFile } from '../../../daemon/keyring/vault/vault-format.ts';
import { Vault } from '../../../daemon/keyring/vault.ts';
import { Instant, Members, paddedLength, slowCbor, slowVaultFile } from '../../reference/vault-file.ts';
import { codeOf, options, PATH, passphrase, repeatable, withVault, world, worldWithVault } from './fixture.ts';
import { VECTORS } from './vectors.ts';

const cheap = (octets: Uint8Array, salt: Uint8Array): Uint8Array => sha256(octets, salt);

describe('the format', () => {
  test('equals its slow twin', () => {
    const octets = (least: number, most = least): fc.Arbitrary<Uint8Array> =>
      fc.uint8Array({ minLength: least, maxLength: most });
    fc.assert(
      fc.property(
        octets(16),
        fc.integer({ min: 1, max: 2 ** 50 }),
        octets(32),
        octets(32),
        octets(0, 9000),
        fc.string(),
        (vaultId, generation, previousHash, dataKey, contents, seed) => {
          const request = { kind: 'passphrase', octets: Buffer.from(seed) } as const;
          const slot = makeSlot(3, request, vaultId, dataKey, 18, repeatable(seed), cheap);
          if (slot.kind !== 'passphrase') throw new Error('another kind of slot');
          const random = repeatable(`${seed} body`);
          const made = encodeVaultFile(
            { vaultId, generation, previousHash, created: 5, slots: [slot] },
            dataKey,
            contents,
            random,
          );
          const parameters = new Members(18, 8, 1, slot.salt, '');
          const slots = [new Members(3, 0, parameters, slot.nonce, slot.wrapped)];
          const length = paddedLength(contents.length);
          const header = new Members(vaultId, generation, previousHash, 5, 'xchacha20poly1305', length, slots);
          const slow = slowVaultFile({ dataKey, contents, header, nonce: repeatable(`${seed} body`)(24) });
          expect(Buffer.compare(made, slow)).toBe(0);
          const opened = openSlots(parseVaultFile(made, 'file').slots, { ...request }, vaultId, cheap);
          expect(opened?.dataKey).toEqual(dataKey);
        },
      ),
      { numRuns: 40 },
    );
  });

  test('contents come back as they were, and have one form only', () => {
    for (const { name, file, identity, expect: expected } of VECTORS) {
      if (expected !== 'opens' || name.includes('slots')) continue;
      const parsed = parseVaultFile(file, name);
      const key = openedKey(parsed, identity);
      const contents = openContents(parsed, key, name);
      const once = encodeContents(contents);
      expect(encodeContents(decodeContents(once, name))).toEqual(once);
    }
  });

  test('numbers, texts and instants come back, each in one form', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 0, max: Number.MAX_SAFE_INTEGER }),
        fc.string(),
        fc.double({ noNaN: true, noDefaultInfinity: true }),
        (number, text, time) => {
          const octets = new CborWriter().uint(number).text(text).instant(time).take();
          const slow = [number, text, new Instant(time + 0)].map(slowCbor);
          expect(Buffer.compare(octets, Buffer.concat(slow))).toBe(0);
          const reader = new CborReader(octets, 'test');
          expect(reader.uint()).toBe(number);
          expect(reader.text(1000)).toBe(text);
          expect(reader.instant()).toBe(time + 0);
          reader.end();
        },
      ),
    );
  });

  test('arbitrary octets give a VaultError and nothing else', () => {
    const magic = Buffer.from('SSCOPEV1');
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 400 }), fc.boolean(), (octets, isPrefixed) => {
        const length = Buffer.from([0, octets.length & 0xff]);
        const input = isPrefixed ? Buffer.concat([magic, length, octets, Buffer.alloc(4200)]) : octets;
        expect(() => parseVaultFile(new Uint8Array(input), 'fuzz')).toThrow(VaultError);
      }),
      { numRuns: 3000 },
    );
    const good = VECTORS[0].file;
    fc.assert(
      fc.property(fc.nat(300), fc.uint8Array({ minLength: 1, maxLength: 9 }), (at, octets) => {
        const input = good.slice();
        input.set(octets, at);
        try {
          parseVaultFile(input, 'fuzz');
        } catch (error) {
          expect(error).toBeInstanceOf(VaultError);
        }
      }),
      { numRuns: 3000 },
    );
  });
});

function openedKey(file: ReturnType<typeof parseVaultFile>, identity: string): Uint8Array {
  const der = Buffer.concat([Buffer.from('302e020100300506032b656e04220420', 'hex'), Buffer.from(identity, 'hex')]);
  const privateKey = createPrivateKey({ key: der, format: 'der', type: 'pkcs8' });
  const opened = openSlots(file.slots, { kind: 'identity', privateKey }, file.vaultId);
  if (opened === null) throw new Error('the vector does not open');
  return opened.dataKey;
}

describe('through the front door', () => {
  const before = worldWithVault();
  const file = before.fs.octets(PATH);
  const headerEnd = 10 + file[8] * 256 + file[9];

  /** Mutations, and where: every part of the file is hit. */
  const places: readonly (readonly [string, number])[] = [
    ['magic', 3],
    ['header length', 9],
    ['header map', 10],
    ['vault id', 16],
    ['generation', 31],
    ['previous hash', 40],
    ['sealing', 90],
    ['slot id', headerEnd - 112],
    ['slot cost', headerEnd - 105],
    ['salt', headerEnd - 90],
    ['slot nonce', headerEnd - 65],
    ['wrapped key', headerEnd - 20],
    ['last octet of the header', headerEnd - 1],
    ['header MAC', headerEnd + 4],
    ['nonce', headerEnd + 40],
    ['first octet of the body', headerEnd + 56],
    ['body', headerEnd + 700],
    ['padding', file.length - 200],
    ['tag', file.length - 3],
  ];

  test.each(places)('one bit of the %s is refused', (_, at) => {
    const around = world(before.fs.clone());
    const changed = file.slice();
    changed[at] ^= 0x10;
    around.fs.put(PATH, changed);
    expect(codeOf(() => Vault.open(PATH, passphrase(), options(around)))).toMatch(/^(vault|audit)\./);
  });

  test('a wrong passphrase and a changed body say the same', () => {
    const around = world(before.fs.clone());
    const messageOf = (act: () => unknown): string => {
      try {
        act();
        return '';
      } catch (error) {
        return (error as Error).message;
      }
    };
    const wrong = messageOf(() => Vault.open(PATH, passphrase(Buffer.from('wrong wrong')), options(around)));
    const changed = file.slice();
    changed[file.length - 300] ^= 1;
    around.fs.put(PATH, changed);
    expect(messageOf(() => Vault.open(PATH, passphrase(), options(around)))).toBe(wrong);
    expect(wrong).toContain('does not fit, or the file was changed');
  });

  test('an older body under a newer header is refused', () => {
    const around = world(before.fs.clone());
    const older = around.fs.octets(PATH);
    withVault(around, (vault) => vault.order('revoke', ['f00001/39'], 'test'));
    const newer = around.fs.octets(PATH);
    const spliced = Buffer.concat([newer.subarray(0, headerEnd + 32), older.subarray(headerEnd + 32)]);
    around.fs.put(PATH, new Uint8Array(spliced));
    expect(codeOf(() => Vault.open(PATH, passphrase(), options(around)))).toBe('vault.not-opened');
    const headOnly = Buffer.concat([newer.subarray(0, headerEnd), older.subarray(headerEnd)]);
    around.fs.put(PATH, new Uint8Array(headOnly));
    expect(codeOf(() => Vault.open(PATH, passphrase(), options(around)))).toBe('vault.not-opened');
  });

  test('slots swapped between two vaults, and within one, are refused', () => {
    const other = worldWithVault([]);
    const theirs = other.fs.octets(PATH);
    const around = world(before.fs.clone());
    const slot = 105;
    const swapped = file.slice();
    swapped.set(theirs.subarray(headerEnd - slot, headerEnd), headerEnd - slot);
    around.fs.put(PATH, swapped);
    expect(codeOf(() => Vault.open(PATH, passphrase(), options(around)))).toBe('vault.not-opened');
    const two = worldWithVault();
    const second = passphrase(Buffer.from('another passphrase'));
    withVault(two, (vault) => vault.changeSlots({ add: [second], remove: [], carry: [] }));
    const both = two.fs.octets(PATH);
    const parsed = parseVaultFile(both, PATH);
    const [first, last] = parsed.slots.map((each) => Buffer.from(both).indexOf(each.wrapped));
    const crossed = both.slice();
    crossed.set(both.subarray(last, last + 48), first);
    crossed.set(both.subarray(first, first + 48), last);
    two.fs.put(PATH, crossed);
    expect(codeOf(() => Vault.open(PATH, passphrase(), options(two)))).toBe('vault.not-opened');
  });
});
