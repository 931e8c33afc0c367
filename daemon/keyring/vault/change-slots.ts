// Changes who can open a vault. Whoever could open it before and no longer should: an old copy of the file stays open to
// them, but nothing that is saved from now on, because the data key is a new one.

import { SEAL_KEY_OCTETS } from './sealing.ts';
import { makeSlot, openSlots, SLOT_CAP, type Slot, type SlotRequest, type Unlock } from './slots.ts';
import type { VaultSurroundings } from './surroundings.ts';
import { VaultError } from './vault-error.ts';

/** We chose: fewer octets are guessed too soon, whatever scrypt costs. */
export const LEAST_PASSPHRASE_OCTETS = 8;

/** What is to change. */
export interface SlotChange {
  /** New ways to open the vault. */
  readonly add: readonly SlotRequest[];
  /** Ids of slots that go. */
  readonly remove: readonly number[];
  /** Passphrases of other slots that stay: they are needed to wrap the new data key. */
  readonly carry: readonly Unlock[];
}

/** The slots and the data key after a change. */
export interface ChangedSlots {
  readonly slots: readonly Slot[];
  readonly dataKey: Uint8Array;
  readonly added: readonly number[];
  readonly removed: readonly number[];
  /** The data key is a new one. */
  readonly isRotated: boolean;
}

/** Refuses a passphrase that protects nothing. @throws VaultError `passphrase` */
export function checkNewPassphrase(octets: Uint8Array): void {
  if (octets.length >= LEAST_PASSPHRASE_OCTETS) return;
  const message = `a new passphrase must have at least ${LEAST_PASSPHRASE_OCTETS} octets`;
  throw new VaultError('passphrase', message, 'Take six words drawn at random, or a password manager');
}

/** The slots of a new vault. @throws VaultError `passphrase`, `slots`, `recipient` */
export function firstSlots(
  around: VaultSurroundings,
  requests: readonly SlotRequest[],
  vaultId: Uint8Array,
  dataKey: Uint8Array,
): Slot[] {
  return addSlots(around, [], requests, vaultId, dataKey, []);
}

/**
 * Makes the change. Where a slot goes, all others are wrapped anew around a new data key: recipients by their public key,
 * passphrases with what `carry` gives.
 *
 * @throws VaultError `slots`, `passphrase`, `recipient`
 */
export function changeSlots(
  around: VaultSurroundings,
  slots: readonly Slot[],
  change: SlotChange,
  vaultId: Uint8Array,
  dataKey: Uint8Array,
): ChangedSlots {
  for (const id of change.remove) {
    if (slots.some((slot) => slot.id === id)) continue;
    throw new VaultError('slots', `the vault has no slot ${id}`, '`sidescope keys verify` lists the slots');
  }
  const isRotated = change.remove.length > 0;
  const key = isRotated ? around.random(SEAL_KEY_OCTETS) : dataKey;
  const staying = slots.filter((slot) => !change.remove.includes(slot.id));
  const kept = isRotated ? staying.map((slot) => rewrap(around, slot, change.carry, vaultId, key)) : staying;
  const all = addSlots(around, kept, change.add, vaultId, key, slots);
  const before = new Set(kept.map((slot) => slot.id));
  const added = all.filter((slot) => !before.has(slot.id)).map((slot) => slot.id);
  return { slots: all, dataKey: key, added, removed: change.remove, isRotated };
}

function addSlots(
  { random, logN, work }: VaultSurroundings,
  kept: readonly Slot[],
  requests: readonly SlotRequest[],
  vaultId: Uint8Array,
  dataKey: Uint8Array,
  former: readonly Slot[],
): Slot[] {
  const count = kept.length + requests.length;
  if (count === 0) throw new VaultError('slots', 'nobody could open the vault any more', 'Leave one slot at least');
  if (count > SLOT_CAP) {
    throw new VaultError('slots', `a vault has at most ${SLOT_CAP} slots`, 'Remove one that is no longer needed');
  }
  const all = [...kept];
  for (const request of requests) {
    if (request.kind !== 'recipient') checkNewPassphrase(request.octets);
    all.push(makeSlot(freeId([...former, ...all]), request, vaultId, dataKey, logN, random, work));
  }
  return all.sort((a, b) => a.id - b.id);
}

/** Behind the highest id, also of slots that go, so that the audit log speaks of one slot under one number as long as there are numbers. */
function freeId(slots: readonly Slot[]): number {
  const ids = slots.map((slot) => slot.id);
  const next = Math.max(0, ...ids) + 1;
  if (next <= 255) return next;
  let id = 1;
  while (ids.includes(id)) id += 1;
  return id;
}

function rewrap(
  { random, logN, work }: VaultSurroundings,
  slot: Slot,
  carry: readonly Unlock[],
  vaultId: Uint8Array,
  key: Uint8Array,
): Slot {
  if (slot.kind === 'recipient') {
    return makeSlot(slot.id, { kind: 'recipient', publicKey: slot.recipient }, vaultId, key, logN, random, work);
  }
  for (const unlock of carry) {
    if (unlock.kind === 'identity') continue;
    const opened = openSlots([slot], unlock, vaultId, work);
    if (opened === null) continue;
    opened.dataKey.fill(0);
    const request: SlotRequest =
      slot.kind === 'credential'
        ? { kind: 'credential', name: slot.name, octets: unlock.octets }
        : { kind: 'passphrase', octets: unlock.octets };
    return makeSlot(slot.id, request, vaultId, key, logN, random, work);
  }
  throw new VaultError(
    'slots',
    `slot ${slot.id} (${slot.kind}) would not open the vault any more: the data key is new, and its passphrase is needed`,
    'Give its passphrase with --keep-passphrase-file, or take the slot away with --remove-slot',
  );
}
