// A keyring made from the contents of a vault: what the engine works with. Octets are copies, so that wiping the one leaves
// the other as it is.

import type { EpochStateName } from '../../events.ts';
import { epochStateAt } from '../epoch-state.ts';
import { Keyring, NodeKey } from '../keyring.ts';
import { Pmk } from '../pmk.ts';
import { copyOf } from './sealing.ts';
import { isActiveToday } from './transitions.ts';
import type { VaultContents, VaultGroup, VaultKey } from './vault-contents.ts';

/** A key of a vault with the state it is in. */
export interface KeyInState {
  readonly group: VaultGroup;
  readonly key: VaultKey;
  readonly state: EpochStateName;
}

/** A key that was left out of a keyring, because it may not be used today. */
export interface WithheldKey {
  /** Layer-2 id of the group. */
  readonly group: number;
  readonly id: number;
  readonly state: EpochStateName;
}

/**
 * All keys with their states at an instant of the wall clock, in the order of the vault.
 *
 * @param now milliseconds since 1970, never before the high-water mark
 */
export function keysInState(contents: VaultContents, now: number): KeyInState[] {
  const dates = makeKeyring(contents, () => null);
  const rows: KeyInState[] = [];
  let serial = 0;
  for (const group of contents.groups) {
    for (const key of group.keys) {
      rows.push({ group, key, state: epochStateAt(dates.epochs[serial], now) });
      serial += 1;
    }
  }
  return rows;
}

/**
 * A keyring of the keys that may be used.
 *
 * Keys that are not active today keep their place and their dates, so that epoch records and findings name them, but
 * without octets nothing opens under them. The same holds for PGKs that a capture delivers.
 *
 * @param allowStale gives all keys that are not destroyed, whatever their state today
 */
export function keyringFor(
  contents: VaultContents,
  now: number,
  allowStale: boolean,
): { keyring: Keyring; usable: number; withheld: WithheldKey[] } {
  const withheld: WithheldKey[] = [];
  const mayUse = new Set<VaultKey>();
  for (const { group, key, state } of keysInState(contents, now)) {
    if (key.material === null) continue;
    if (allowStale || isActiveToday(state)) mayUse.add(key);
    else withheld.push({ group: group.id, id: key.id, state });
  }
  const keyring = makeKeyring(contents, (key) => (mayUse.has(key) ? copyOrNull(key.material) : null));
  if (!allowStale) keyring.today = now;
  return { keyring, usable: mayUse.size, withheld };
}

function copyOrNull(octets: Uint8Array | null): Uint8Array | null {
  return octets === null ? null : copyOf(octets);
}

function makeKeyring(contents: VaultContents, octetsOf: (key: VaultKey) => Uint8Array | null): Keyring {
  return new Keyring({
    groups: contents.groups.map((group) => ({
      ...group,
      keys: group.keys.map((key) => ({ ...key, octets: octetsOf(key) })),
    })),
    pmks: contents.pmks.map((pmk) => new Pmk(pmk.id, copyOf(pmk.octets), pmk.member, pmk.profile)),
    lkh: contents.lkh.map((node) => new NodeKey(node.group, node.node, node.version, copyOf(node.octets))),
    managers: contents.managers,
  });
}
