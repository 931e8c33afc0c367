// Any file of a vault, changed in any way: refused with an error of ours, or it changed nothing that counts. Never another
// state of a key, never a fault of the program, never a handle that stays open.

import fc from 'fast-check';
import { expect, test } from 'vitest';
import { SidescopeError } from '../../../daemon/errors.ts';
import { verifyVault } from '../../../daemon/keyring/vault/verify-vault.ts';
import { createVault, Vault } from '../../../daemon/keyring/vault.ts';
import { keyringOf, PATH, passphrase, statesOf, THREE_KEYS, type World, world } from './fixture.ts';

const AUDIT_FILE_OCTETS = 3000;

function how(around: World) {
  return { by: 'test', surroundings: { ...around.surroundings, auditFileOctets: AUDIT_FILE_OCTETS } };
}

/** A vault whose PGK 39 is revoked, with full files of its audit log. */
function used(): World {
  const around = world();
  createVault(PATH, [passphrase()], how(around));
  for (const order of ['suspend', 'resume', 'revoke'] as const) {
    const vault = Vault.open(PATH, passphrase(), how(around));
    if (order === 'suspend') vault.importKeyring(keyringOf(THREE_KEYS), 'x');
    vault.order(order, ['f00001/39'], 'x');
    vault.close();
  }
  return around;
}

const before = used();
const names = [...before.fs.names.keys()].filter((name) => !name.endsWith('.lock'));

interface Edit {
  readonly kind: 'flip' | 'set' | 'cut' | 'leave out' | 'repeat';
  /** Where, as a part of the length. */
  readonly at: number;
  readonly value: number;
}

function edited(octets: Uint8Array, edits: readonly Edit[]): Uint8Array {
  let changed = Uint8Array.from(octets);
  for (const { kind, at: part, value } of edits) {
    if (changed.length === 0) return changed;
    const at = Math.min(changed.length - 1, Math.floor(part * changed.length));
    const end = Math.min(changed.length, at + 1 + (value % 40));
    if (kind === 'flip') changed[at] ^= 1 << (value % 8);
    else if (kind === 'set') changed[at] = value;
    else if (kind === 'cut') changed = changed.slice(0, at);
    else if (kind === 'leave out') changed = Uint8Array.from([...changed.slice(0, at), ...changed.slice(end)]);
    else changed = Uint8Array.from([...changed.slice(0, end), ...changed.slice(at, end), ...changed.slice(end)]);
  }
  return changed;
}

/** The state of PGK 39, or `refused`. */
function stateIn(around: World): string {
  try {
    const vault = Vault.open(PATH, passphrase(), how(around));
    try {
      return statesOf(vault)[39];
    } finally {
      vault.close();
    }
  } catch (error) {
    if (error instanceof SidescopeError) return 'refused';
    throw error;
  }
}

/** Codes of what `verify` finds wrong; `refused` where the vault does not open at all. */
function foundIn(around: World): (string | null)[] {
  try {
    const { checks } = verifyVault(PATH, passphrase(), how(around));
    return checks.filter(({ isGood }) => !isGood).map(({ code }) => code);
  } catch (error) {
    if (error instanceof SidescopeError) return ['refused'];
    throw error;
  }
}

test('there are files of every kind', () => {
  const kinds = names.map((name) => name.slice(PATH.length).replace(/\d+$/, 'N'));
  expect(new Set(kinds)).toEqual(new Set(['', '.audit', '.audit-key', '.state', '.anchor', '.audit.N']));
});

test('any change to any file', { timeout: 120_000 }, () => {
  const edit: fc.Arbitrary<Edit> = fc.record({
    kind: fc.constantFrom('flip', 'flip', 'set', 'cut', 'leave out', 'repeat'),
    at: fc.double({ min: 0, max: 1, noNaN: true }),
    value: fc.integer({ min: 0, max: 255 }),
  });
  fc.assert(
    fc.property(fc.constantFrom(...names), fc.array(edit, { minLength: 1, maxLength: 3 }), (name, edits) => {
      const octets = edited(before.fs.octets(name), edits);
      fc.pre(Buffer.compare(octets, before.fs.octets(name)) !== 0);
      const spoilt = (): World => {
        const around = world(before.fs.clone());
        around.fs.put(name, octets);
        return around;
      };
      const opened = spoilt();
      const state = stateIn(opened);
      expect(['refused', 'revoked']).toContain(state);
      expect(opened.fs.openHandles).toBe(0);
      const verified = spoilt();
      const found = foundIn(verified);
      expect(verified.fs.openHandles).toBe(0);
      // A line that was torn at its end is the one thing that is mended.
      if (state === 'refused') expect(found).not.toEqual([]);
    }),
    { numRuns: 300 },
  );
});

test('every octet of the key file of the audit log matters', { timeout: 60_000 }, () => {
  const name = `${PATH}.audit-key`;
  const length = before.fs.octets(name).length;
  const missed: number[] = [];
  for (let at = 0; at < length; at++) {
    for (const bit of [1, 64]) {
      const around = world(before.fs.clone());
      const octets = Uint8Array.from(before.fs.octets(name));
      octets[at] ^= bit;
      around.fs.put(name, octets);
      if (foundIn(around).length === 0) missed.push(at);
    }
  }
  expect(missed).toEqual([]);
});
