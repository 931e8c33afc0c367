// What is wrong with the keys of a keyring before any message is seen (findings, key.weak and key.index_clash).

import { type Group, type PgkEpoch, sameOctets } from './group.ts';
import { KEY_OCTETS, type Keyring } from './keyring.ts';

/** One flaw. Grades and wording around it are the findings catalogue's. */
export interface KeyFlaw {
  readonly name: 'key.weak' | 'key.index_clash';
  /** Layer-2 id in 6 hex digits. */
  readonly group: string;
  /** PGK ids it is about, ascending. */
  readonly pgkIds: readonly number[];
  /** What was seen, a sentence without a full stop. Names no octet of a key. */
  readonly text: string;
}

/** Flaws of all keys that are held, in the order of the groups and keys. Takes time linear in the keys, but for sorting. */
export function lintKeys(keyring: Keyring): KeyFlaw[] {
  const shared = sharedKeys(keyring);
  const flaws: KeyFlaw[] = [];
  for (const group of keyring.groups) {
    for (const epoch of group.keys) {
      const text = (keyring.copyOctets(epoch.serial, key, 0) ? weakness(epoch) : undefined) ?? shared.get(epoch);
      if (text !== undefined) flaws.push({ name: 'key.weak', group: group.idText, pgkIds: [epoch.id], text });
    }
    for (const flaw of indexClashes(group)) flaws.push(flaw);
  }
  key.fill(0);
  return flaws;
}

/** Octets of the key at hand: a view for each of sixteen thousand makes more garbage than all else. */
const key = new Uint8Array(KEY_OCTETS);

/** A pattern that nobody's random generator gives, or undefined. The octets of the key are at hand. */
function weakness({ id }: PgkEpoch): string | undefined {
  const step = (key[1] - key[0]) & 0xff;
  if (step !== 0 && step !== 1 && step !== 0xff) return undefined;
  for (let i = 2; i < key.length; i++) {
    if (((key[i] - key[i - 1]) & 0xff) !== step) return undefined;
  }
  if (step === 0) return `PGK ${id} is one octet repeated`;
  return `PGK ${id} is a pattern that counts ${step === 1 ? 'up' : 'down'}`;
}

/** Keys that are held in two groups: who belongs to one of them reads the other. */
function sharedKeys(keyring: Keyring): Map<PgkEpoch, string> {
  const { epochs } = keyring;
  const texts = new Map<PgkEpoch, string>();
  const tags = new Int32Array(epochs.length);
  // Places by tag, in which one more than a serial stands; a key whose place is taken by another one has the next.
  const places = new Int32Array(2 ** Math.ceil(Math.log2(2 * epochs.length + 1)));
  for (const epoch of epochs) {
    const { serial } = epoch;
    if (!keyring.copyOctets(serial, key, 0)) continue;
    tags[serial] = tagOf(key);
    let place = tags[serial] & (places.length - 1);
    while (places[place] !== 0 && !isSameKey(epochs[places[place] - 1], epoch, tags)) {
      place = (place + 1) & (places.length - 1);
    }
    if (places[place] === 0) places[place] = serial + 1;
    else {
      const first = epochs[places[place] - 1];
      if (first.group === epoch.group) continue;
      texts.set(epoch, sharedText(epoch, first));
      if (!texts.has(first)) texts.set(first, sharedText(first, epoch));
    }
  }
  key.fill(0);
  return texts;
}

function isSameKey(first: PgkEpoch, second: PgkEpoch, tags: Int32Array): boolean {
  if (tags[first.serial] !== tags[second.serial]) return false;
  const [a, b] = [first.octets, second.octets];
  return a !== null && b !== null && sameOctets(a, b);
}

// Tags of one run of the program say nothing to another one.
const SEED = (Math.random() * 0x1_0000_0000) | 0;

/** Bits that follow from the octets of a key. An HMAC each would take longer than everything else here. */
function tagOf(octets: Uint8Array): number {
  let tag = SEED;
  for (let i = 0; i < octets.length; i++) {
    tag = Math.imul(tag ^ octets[i], 0x9e37_79b1);
    tag ^= tag >>> 15;
  }
  return tag;
}

function sharedText(epoch: PgkEpoch, other: PgkEpoch): string {
  return `PGK ${epoch.id} has the same octets as PGK ${other.id} of group ${other.group.idText}`;
}

/** Whether two keys that are held have one PGK Index, or one has 0. Most groups have none, and need no lists. */
function mayClash(group: Group): boolean {
  let seen = 1;
  for (const { isHeld, index5 } of group.keysByStart) {
    if (!isHeld) continue;
    if (((seen >>> index5) & 1) === 1) return true;
    seen |= 1 << index5;
  }
  return false;
}

/** Keys of one group between which the five bits on air do not decide. One flaw for each PGK Index. */
function indexClashes(group: Group): KeyFlaw[] {
  if (!mayClash(group)) return [];
  const byIndex = new Map<number, PgkEpoch[]>();
  for (const epoch of group.keysByStart) {
    if (!epoch.isHeld) continue;
    const sharing = byIndex.get(epoch.index5);
    if (sharing === undefined) byIndex.set(epoch.index5, [epoch]);
    else sharing.push(epoch);
  }
  const flaws: KeyFlaw[] = [];
  for (const [index, epochs] of [...byIndex].sort((a, b) => a[0] - b[0])) {
    const clashing = new Set<number>();
    // In order of their beginning, a key clashes with an earlier one exactly if it does with the one that lasts longest.
    let longest: PgkEpoch | null = null;
    for (const epoch of epochs) {
      if (longest !== null && epoch.notBefore < validUntil(longest) && epoch.notBefore < validUntil(epoch)) {
        clashing.add(longest.id).add(epoch.id);
      }
      if (longest === null || validUntil(epoch) > validUntil(longest)) longest = epoch;
    }
    const add = (ids: Iterable<number>, text: string): void => {
      const pgkIds = [...new Set(ids)].sort((a, b) => a - b);
      flaws.push({ name: 'key.index_clash', group: group.idText, pgkIds, text });
    };
    if (clashing.size > 0) add(clashing, `PGKs that are valid at the same time share PGK Index ${index}`);
    if (index === 0) {
      const ids = epochs.map((epoch) => epoch.id);
      add(ids, 'a PGK id whose five low bits are 0 looks on air like a message that is not ciphered');
    }
  }
  return flaws;
}

/** When a key stopped being valid: at its end, or when it was revoked or compromised before. */
function validUntil(epoch: PgkEpoch): number {
  return Math.min(
    epoch.notAfter,
    epoch.revokedAt ?? Number.POSITIVE_INFINITY,
    epoch.compromisedAt ?? Number.POSITIVE_INFINITY,
  );
}
