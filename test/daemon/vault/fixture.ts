// Vaults on a disk in memory, with a clock that tests set, randomness that repeats itself, and passphrase work left out.

import { createHash } from 'node:crypto';
import type { Keyring } from '../../../daemon/keyring/keyring.ts';
import { parseKeyring } from '../../../daemon/keyring/keyring-file.ts';
import { sha256 } from '../../../daemon/keyring/vault/sealing.ts';
import type { VaultSurroundings } from '../../../daemon/keyring/vault/surroundings.ts';
import { verifyVault } from '../../../daemon/keyring/vault/verify-vault.ts';
import { createVault, type Unlock, Vault } from '../../../daemon/keyring/vault.ts';
import { MemoryFileSystem } from './memory-file-system.ts';

export const PATH = '/vault/keys.vault';
/** 2026-05-03T00:00:00Z. */
export const NOW = Date.UTC(2026, 4, 3);
export const DAY = 86_400_000;
export const PASSPHRASE = Buffer.from('correct horse battery staple');

/** A passphrase; a copy, because whoever opens a vault may overwrite it. */
export function passphrase(text: Uint8Array = PASSPHRASE): Extract<Unlock, { kind: 'passphrase' }> {
  return { kind: 'passphrase', octets: Uint8Array.from(text) };
}

/** Randomness that repeats itself. */
export function repeatable(seed: string): (octets: number) => Uint8Array {
  let count = 0;
  return (octets) => {
    const blocks: Buffer[] = [];
    for (let have = 0; have < octets; have += 32) {
      blocks.push(createHash('sha256').update(`${seed} ${count++}`).digest());
    }
    return new Uint8Array(Buffer.concat(blocks).subarray(0, octets));
  };
}

/** A world around a vault; `time.now` can be set. */
export interface World {
  readonly fs: MemoryFileSystem;
  readonly time: { now: number };
  readonly surroundings: Partial<VaultSurroundings>;
}

let worlds = 0;

/** A world with this disk. Processes that held a lock before are dead. */
export function world(fs = new MemoryFileSystem(), now = NOW): World {
  const time = { now };
  const pid = ++worlds;
  const mark = { pid, start: '1', boot: 'b' };
  return {
    fs,
    time,
    surroundings: {
      fs,
      random: repeatable(`world ${pid}`),
      now: () => time.now,
      mono: () => time.now * 1000,
      processes: { self: mark, isAlive: (other) => other.pid === pid },
      work: (octets, salt) => sha256(octets, salt),
    },
  };
}

/** How vaults are opened in a world. */
export function options(around: World): { by: string; surroundings: Partial<VaultSurroundings> } {
  return { by: 'test', surroundings: around.surroundings };
}

/** Opens the vault of a world, does something with it, closes it. */
export function withVault<Result>(
  around: World,
  act: (vault: Vault) => Result,
  more: Partial<Parameters<typeof Vault.open>[2]> = {},
): Result {
  const vault = Vault.open(PATH, passphrase(), { ...options(around), ...more });
  try {
    return act(vault);
  } finally {
    vault.close();
  }
}

/** A PGK in hex that no other number gives. */
export function keyHex(number: number): string {
  return createHash('sha256').update(`test PGK ${number}`).digest('hex');
}

/** One key of a keyring file. */
export function keyEntry(id: number, startDay: number, days: number, more: object = {}, number = id): object {
  const at = (day: number): string => new Date(NOW + day * DAY).toISOString();
  return { id, key: keyHex(number), notBefore: at(startDay), notAfter: at(startDay + days), ...more };
}

/** A keyring of one group. */
export function keyringOf(keys: readonly object[], group = 'f00001', more: object = {}): Keyring {
  const groups = [{ id: group, name: 'Fire 7', algorithm: '128-EEA2', keys, ...more }];
  return parseKeyring(JSON.stringify({ format: 'sidescope-keyring/1', groups }), 'test.json');
}

/** PGK 39 is active, 40 staged, 38 expired. */
export const THREE_KEYS = [keyEntry(38, -9, 7), keyEntry(39, -2, 7), keyEntry(40, 5, 7)];

/** A world with a vault that holds these keys. */
export function worldWithVault(keys: readonly object[] = THREE_KEYS): World {
  const around = world();
  createVault(PATH, [passphrase()], options(around));
  if (keys.length > 0) withVault(around, (vault) => vault.importKeyring(keyringOf(keys), 'test.json'));
  return around;
}

/** States by PGK id. */
export function statesOf(vault: Vault): Record<number, string> {
  return Object.fromEntries(vault.list().map((row) => [row.pgkId, row.state]));
}

/** Types of the records in the audit log of a world. */
export function recordTypes(around: World): string[] {
  return auditLines(around).map((line) => (JSON.parse(line) as { type: string }).type);
}

/** Lines of the audit log of a world. */
export function auditLines(around: World): string[] {
  return Buffer.from(around.fs.octets(`${PATH}.audit`))
    .toString()
    .trimEnd()
    .split('\n');
}

/** Codes of what `verify` finds wrong. */
export function wrongCodes(around: World): (string | null)[] {
  const { checks } = verifyVault(PATH, passphrase(), options(around));
  return checks.filter(({ isGood }) => !isGood).map(({ code }) => code);
}

/** The code of the error that something throws; `null` where it throws none. */
export function codeOf(act: () => unknown): string | null {
  try {
    act();
    return null;
  } catch (error) {
    return (error as { code?: string }).code ?? String(error);
  }
}

/** A keyring of many groups. */
export function manyKeys(groups: readonly object[]): Keyring {
  return parseKeyring(JSON.stringify({ format: 'sidescope-keyring/1', groups }), 'many.json');
}
