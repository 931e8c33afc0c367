// What a vault needs of the world, passed in; and the files that belong to one vault.

import { resolve } from 'node:path';
import { type FileSystem, nodeFileSystem } from './file-system.ts';
import { type Processes, systemProcesses } from './lock.ts';
import { type Randomness, systemRandomness } from './sealing.ts';
import { DEFAULT_LOG_N, LEAST_LOG_N, type PassphraseWork, scryptWork } from './slots.ts';

/** See the head of the file. Everything but the default is for tests: no file and no option reaches it. */
export interface VaultSurroundings {
  readonly fs: FileSystem;
  readonly random: Randomness;
  /** Wall clock, milliseconds since 1970. */
  readonly now: () => number;
  /** Microseconds of a clock that nobody sets. */
  readonly mono: () => number;
  /** Octets of a file of the audit log; absent: as it chooses. */
  readonly auditFileOctets?: number;
  readonly processes: Processes;
  readonly work: PassphraseWork;
  /** Binary logarithm of scrypt's N: of new slots, and the least that is opened. */
  readonly logN: number;
  readonly leastLogN: number;
}

/** The real world. */
export const systemSurroundings: VaultSurroundings = {
  fs: nodeFileSystem,
  random: systemRandomness,
  now: () => Date.now(),
  mono: () => Number(process.hrtime.bigint() / 1000n),
  processes: systemProcesses,
  work: scryptWork,
  logN: DEFAULT_LOG_N,
  leastLogN: LEAST_LOG_N,
};

/** The files of a vault. */
export interface VaultPaths {
  readonly vault: string;
  readonly lock: string;
  readonly audit: string;
  readonly state: string;
  /** Where the anchor stands unless somebody chose another place. */
  readonly anchor: string;
}

/** The files of the vault at a path. */
export function vaultPaths(path: string): VaultPaths {
  const vault = resolve(path);
  return {
    vault,
    lock: `${vault}.lock`,
    audit: `${vault}.audit`,
    state: `${vault}.state`,
    anchor: `${vault}.anchor`,
  };
}
