// What may be shown of a vault: ids, windows, states, fingerprints, use against the budget. Never a key.

import { CIPHER_ALGORITHMS } from '../../../dissectors/security/traffic-cipher.ts';
import type { EpochStateName } from '../../events.ts';
import { layer2IdText } from '../group.ts';
import { keyName, type VaultState } from './state-file.ts';
import { type KeyOrder, takesOrder } from './transitions.ts';
import type { VaultContents } from './vault-contents.ts';
import { VaultError } from './vault-error.ts';
import { type KeyInState, keysInState } from './vault-keyring.ts';

// We chose (reference security B.2 wants a budget per PGK and leaves the numbers open).

/** Frames under one PGK: a week of speech without a pause, 50 frames a second, is 30 million. */
export const FRAME_BUDGET = 2 ** 25;
/** Octets under one PGK: so many frames of 256 octets. */
export const OCTET_BUDGET = 2 ** 33;
const DAY_MS = 86_400_000;

/** One PGK as it is shown. */
export interface VaultKeyRow {
  /** Layer-2 id, 6 hex digits. */
  readonly group: string;
  readonly groupName: string;
  readonly pgkId: number;
  /** On the wall clock. */
  readonly state: EpochStateName;
  /** RFC 3339, UTC. */
  readonly notBefore: string;
  readonly notAfter: string;
  /** Whole days until the end of its window, rounded down; 0 where it has ended, null where it is destroyed. */
  readonly daysLeft: number | null;
  readonly algorithm: string;
  /** 16 hex digits under a key of the vault. */
  readonly fingerprint: string;
  /** Used in traffic that was watched live, against the budget. */
  readonly frames: number;
  readonly frameBudget: number;
  readonly octets: number;
  readonly octetBudget: number;
  readonly source: string;
  readonly addedAt: string;
}

/** All keys, in the order of the vault. @param now wall clock, milliseconds since 1970 */
export function listKeys(contents: VaultContents, state: VaultState, now: number): VaultKeyRow[] {
  return keysInState(contents, now).map(({ group, key, state: epochState }) => {
    const use = state.use.get(keyName(group.id, key.id, key.notBefore)) ?? { frames: 0, octets: 0 };
    const left = Math.max(0, Math.floor((key.notAfter - now) / DAY_MS));
    return {
      group: layer2IdText(group.id),
      groupName: group.name,
      pgkId: key.id,
      state: epochState,
      notBefore: instant(key.notBefore),
      notAfter: instant(key.notAfter),
      daysLeft: key.destroyedAt === null ? left : null,
      algorithm: CIPHER_ALGORITHMS[key.algorithm],
      fingerprint: fingerprintText(key.fingerprint),
      ...{ frames: use.frames, frameBudget: FRAME_BUDGET, octets: use.octets, octetBudget: OCTET_BUDGET },
      source: key.source,
      addedAt: instant(key.addedAt),
    };
  });
}

/** A fingerprint in hex. */
export function fingerprintText(fingerprint: Uint8Array): string {
  return Buffer.from(fingerprint).toString('hex');
}

const BY_ID = /^([0-9a-f]{6})\/(\d{1,3})$/;
const BY_GROUP = /^[0-9a-f]{6}$/;
const BY_FINGERPRINT = /^[0-9a-f]{16}$/;

/** What names a key, for usage texts. */
export const KEY_NAME_FORMS = 'GROUP/PGKID (f00001/39), a fingerprint of 16 hex digits, or GROUP for all its keys';

/**
 * The keys that a name means: `f00001/39`, a fingerprint, or `f00001` for all keys of the group that are not destroyed; for
 * an order, those that it can be given for, where there are any. PGK ids come round again: a name means the key whose window
 * has not ended, where there is exactly one.
 *
 * @throws VaultError `no-such-key`, `ambiguous-key`
 */
export function selectKeys(rows: readonly KeyInState[], name: string, order?: KeyOrder): KeyInState[] {
  const byId = BY_ID.exec(name);
  if (byId !== null) return [oneOf(rows, name, byId[1], Number(byId[2]))];
  if (BY_FINGERPRINT.test(name)) {
    const found = rows.filter(({ key }) => fingerprintText(key.fingerprint) === name);
    if (found.length === 1) return found;
    if (found.length > 1) throw ambiguous(name, found);
    throw noSuchKey(name);
  }
  if (!BY_GROUP.test(name)) throw noSuchKey(name);
  const found = rows.filter(({ group, state }) => layer2IdText(group.id) === name && state !== 'destroyed');
  if (found.length === 0) throw noSuchKey(name);
  const able = found.filter(({ state }) => order === undefined || takesOrder(state, order));
  return able.length > 0 ? able : found;
}

function oneOf(rows: readonly KeyInState[], name: string, groupText: string, id: number): KeyInState {
  const found = rows.filter(({ group, key }) => layer2IdText(group.id) === groupText && key.id === id);
  if (found.length === 0) throw noSuchKey(name);
  if (found.length === 1) return found[0];
  const living = found.filter(({ state }) => state !== 'expired' && state !== 'destroyed');
  if (living.length !== 1) throw ambiguous(name, found);
  return living[0];
}

function noSuchKey(name: string): VaultError {
  const shown = /^[\w/.-]{1,32}$/.test(name) && !BY_HEX_KEY.test(name) ? name : 'that name';
  const hint = `Name it as ${KEY_NAME_FORMS}; \`sidescope keys list\` shows them`;
  return new VaultError('no-such-key', `the vault holds no key under ${shown}`, hint);
}

/** What could be a key in the wrong place is not repeated. */
const BY_HEX_KEY = /[0-9a-fA-F]{24}/;

function ambiguous(name: string, found: readonly KeyInState[]): VaultError {
  const prints = found.map(({ key, state }) => `${fingerprintText(key.fingerprint)} (${state})`).join(', ');
  return new VaultError('ambiguous-key', `${name} means several keys: ${prints}`, 'Name one by its fingerprint');
}

function instant(time: number): string {
  return new Date(time).toISOString();
}
