// Tries the keys that are held in ways that the keyring does not say, on messages that it did not open: with other
// algorithms, other derivations, and under other PGK ids.

import type { Derivation } from '../../dissectors/security/kdf.ts';
import { CIPHER_ALGORITHMS } from '../../dissectors/security/traffic-cipher.ts';
import { Analysis } from '../analysis.ts';
import { type Group, type GroupContents, Keyring } from '../keyring/keyring.ts';
import { batchOf, type KeptFrame } from './kept-frames.ts';

/** The specification says: PGK ids with one index are 32 apart (TS 36.323 6.3.12), and there are 8 of them. */
const INDEXES = 32;
const IDS_OF_INDEX = 8;

/** Constants we chose. */
/** A way counts where so many messages open that did not before: one is chance once in 2^55. */
const LEAST_OPENED = 1;
/** PGK indexes that held keys are tried under. */
const MOST_INDEXES = 4;

const DERIVATIONS: readonly Derivation[] = ['ts33303', 'ts33303-no-group', 'direct'];
const ALGORITHMS = [1, 2, 3];

/** A way in which messages of a group would open. */
export interface KeyFit {
  /** 6 hex digits. */
  readonly group: string;
  readonly algorithm: string;
  readonly derivation: Derivation;
  /** The id that the key would have to have, where it is another than it has. */
  readonly pgkIndex: number | null;
  readonly opened: number;
  readonly tried: number;
}

/**
 * Ways that open what did not open, the best one of each group.
 *
 * @param indexes PGK indexes that were seen and are not held
 */
export function tryKeys(frames: readonly KeptFrame[], keyring: Keyring, indexes: readonly number[]): KeyFit[] {
  if (frames.length === 0 || keyring.epochs.length === 0) return [];
  const fits = new Map<string, KeyFit>();
  const take = (
    opened: ReadonlyMap<string, number>,
    way: (group: Group) => Omit<KeyFit, 'group' | 'opened' | 'tried'>,
  ) => {
    for (const [text, count] of opened) {
      const group = keyring.groups.find(({ idText }) => idText === text);
      if (group === undefined || count < LEAST_OPENED || count <= (fits.get(text)?.opened ?? 0)) continue;
      fits.set(text, { group: text, ...way(group), opened: count, tried: frames.length });
    }
  };
  for (const derivation of DERIVATIONS) {
    for (const algorithm of ALGORITHMS) {
      const contents = keyring.groups.map((group) => contentsOf(group, { algorithm, derivation }));
      const way = { algorithm: CIPHER_ALGORITHMS[algorithm], derivation, pgkIndex: null };
      take(opened(frames, contents), () => way);
    }
  }
  for (const index of indexes.slice(0, MOST_INDEXES)) {
    const contents = keyring.groups.map((group) => contentsOf(group, { index }));
    take(opened(frames, contents), (group) => ({
      algorithm: group.algorithmName,
      derivation: group.derivation,
      pgkIndex: index,
    }));
  }
  return [...fits.values()];
}

/** Messages of each group that open as the keyring would say then, not under another algorithm or group's key. */
function opened(frames: readonly KeptFrame[], groups: readonly GroupContents[]): Map<string, number> {
  const keyring = new Keyring({ groups, pmks: [], lkh: [], managers: [] });
  const counts = new Map<string, number>();
  const analysis = new Analysis(
    { keyring },
    {
      message: ({ verdict, group }) => {
        const raised = analysis.findings.raised();
        const otherwise = raised.some(
          ({ name }) => name === 'key.algorithm_mismatch' || name === 'payload.other_group_key',
        );
        if (verdict === 'decrypted' && !otherwise) counts.set(group, (counts.get(group) ?? 0) + 1);
      },
      finding: () => {},
    },
  );
  try {
    analysis.push(batchOf(frames));
  } finally {
    analysis.close();
    keyring.wipe();
  }
  return counts;
}

/** A group with its keys valid at any time, and what is tried in place of what the keyring says. */
function contentsOf(
  group: Group,
  tried: { readonly algorithm?: number; readonly derivation?: Derivation; readonly index?: number },
): GroupContents {
  const held = group.keys.filter(({ octets }) => octets !== null);
  const index = tried.index;
  const keys = index === undefined ? held : held.slice(0, IDS_OF_INDEX);
  return {
    id: group.id,
    name: null,
    algorithm: tried.algorithm ?? group.algorithm,
    protection: 'optional',
    derivation: tried.derivation ?? group.derivation,
    multicast: [],
    members: [],
    keys: keys.map((key, at) => ({
      id: index === undefined ? key.id : index + INDEXES * at,
      octets: Uint8Array.from(key.octets ?? []),
      algorithm: tried.algorithm ?? (key.algorithm === group.algorithm ? null : key.algorithm),
      notBefore: -8.64e15,
      notAfter: 8.64e15,
      revokedAt: null,
      compromisedAt: null,
      suspendedAt: null,
      resumedAt: null,
      destroyedAt: null,
    })),
  };
}
