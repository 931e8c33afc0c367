// Vault files with one defect each: what opening them says, and that the files are what vectors.ts makes.

import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { describe, expect, test } from 'vitest';
import { SidescopeError } from '../../../daemon/errors.ts';
import { systemSurroundings } from '../../../daemon/keyring/vault/surroundings.ts';
import { openContents, unlockVault } from '../../../daemon/keyring/vault/unlock-vault.ts';
import { VAULT_ERROR_CODES, VaultError } from '../../../daemon/keyring/vault/vault-error.ts';
import { parseVaultFile } from '../../../daemon/keyring/vault/vault-format.ts';
import { parseVectorFile, VECTORS, type Vector, vectorFile } from './vectors.ts';
import { x25519 } from './x25519.ts';

const FOLDER = fileURLToPath(new URL('../../vectors/vault/', import.meta.url));

if (process.env.WRITE_VECTORS !== undefined) {
  mkdirSync(FOLDER, { recursive: true });
  for (const vector of VECTORS) writeFileSync(`${FOLDER}${vector.name}`, vectorFile(vector));
}

const stored = readdirSync(FOLDER)
  .filter((name) => name !== 'README.md')
  .sort()
  .map((name) => parseVectorFile(name, new Uint8Array(readFileSync(`${FOLDER}${name}`))));

/** Opens a vector; passphrase work would be a failure of its own, for no vector needs it. */
function outcome({ file, identity }: Pick<Vector, 'file' | 'identity'>): string {
  const around = {
    ...systemSurroundings,
    work: () => {
      throw new Error('passphrase work was done');
    },
  };
  const privateKey = x25519.privateKey(Buffer.from(identity, 'hex'));
  try {
    const parsed = parseVaultFile(file, 'vector');
    const { dataKey } = unlockVault(around, 'vector', parsed, { kind: 'identity', privateKey });
    openContents(parsed, dataKey, 'vector');
    return 'opens';
  } catch (error) {
    if (error instanceof VaultError) return error.code.replace('vault.', '');
    throw error;
  }
}

describe('vault files with one defect', () => {
  test('the files are the ones that are made here', () => {
    expect(stored.map(({ name }) => name)).toEqual(VECTORS.map(({ name }) => name).sort());
    for (const vector of VECTORS) expect(stored.find(({ name }) => name === vector.name)).toEqual(vector);
    expect(stored.length).toBeGreaterThanOrEqual(60);
  });

  test.each(stored.map((vector) => [vector.name, vector] as const))('%s', (_, vector) => {
    expect(outcome(vector)).toBe(vector.expect);
    if (vector.expect !== 'opens') expect(VAULT_ERROR_CODES).toContain(vector.expect);
  });

  test('every mutation of a good file is refused: each octet, each truncation', { timeout: 120_000 }, () => {
    const good = stored.find(({ name }) => name === 'good');
    if (good === undefined) throw new Error('there is no good file');
    const { file, identity } = good;
    const opened: string[] = [];
    const codes = new Set<string>();
    const attempt = (what: string, octets: Uint8Array): void => {
      const code = outcome({ file: octets, identity });
      codes.add(code);
      if (code === 'opens') opened.push(what);
    };
    for (let at = 0; at < file.length; at++) {
      const changed = file.slice();
      changed[at] ^= 1 << (at % 8);
      attempt(`octet ${at}`, changed);
    }
    for (let length = 0; length < file.length; length++) attempt(`length ${length}`, file.subarray(0, length));
    expect(opened).toEqual([]);
    expect([...codes].sort()).toEqual(['malformed', 'newer-format', 'not-a-vault', 'not-opened']);
  });

  test('a refusal quotes nothing of the file', () => {
    for (const { file, identity, expect: expected } of stored) {
      if (expected === 'opens') continue;
      try {
        const parsed = parseVaultFile(file, 'vector');
        unlockVault(systemSurroundings, 'vector', parsed, {
          kind: 'identity',
          privateKey: x25519.privateKey(Buffer.from(identity, 'hex')),
        });
      } catch (error) {
        expect(error).toBeInstanceOf(SidescopeError);
        expect(`${(error as Error).message} ${(error as SidescopeError).hint}`).not.toMatch(/[0-9a-f]{16}/i);
      }
    }
  });
});
