// Which PGKs a group gets, and when they are valid: ids that cannot be mixed up on air, windows that follow each other, and
// the ends of those that they replace.

import { layer2IdText } from '../keyring/keyring.ts';
import { GroupError } from './group-error.ts';
import { endablePgks, lastingPgks, type ManagedGroup, type ManagedPgk } from './group-state.ts';
import type { RandomOctets } from './lkh.ts';

// The specification says.

const PGK_OCTETS = 32;
const PGK_IDS = 256;
/** Bits of the PGK id that are seen on air (TS 36.323 6.3.12); 0 stands for a message that is not protected (reference 1.7). */
const INDEX_MASK = 31;

/** What a renewal does to the PGKs of a group. */
export interface Renewal {
  readonly added: readonly ManagedPgk[];
  /** Valid until an earlier time than before, or withdrawn. */
  readonly ended: readonly ManagedPgk[];
}

/**
 * Gives a group new PGKs from an instant on: one, and as many ahead as its policy says. Those it had end there, or some
 * overlap later (those that an order suspended or took back there, in any case); whose time had not come then are withdrawn.
 *
 * A sender uses the valid PGK that ends first (reference 1.3), so that all members change over when the old one ends.
 *
 * @param from when the first new PGK becomes valid
 * @param overlap ms that the old ones stay valid beyond that
 * @throws GroupError `no-index`
 */
export function renewPgks(
  group: ManagedGroup,
  now: number,
  from: number,
  overlap: number,
  random: RandomOctets,
): Renewal {
  const ended = endPgks(group, now, from, overlap, tellableSince(group));
  const added: ManagedPgk[] = [];
  for (let place = 0; place <= group.policy.ahead; place++) {
    added.push(addPgk(group, from + place * group.policy.period, random));
  }
  return { added, ended };
}

/**
 * Serial from which on all members may be told of a PGK's end. In a message for all nobody may learn of a PGK from before
 * it came; such a PGK was given its end when that member came, and keeps that.
 */
function tellableSince(group: ManagedGroup): number {
  if (group.tree === null) return 0;
  let since = 0;
  for (const first of group.members.values()) since = Math.max(since, first);
  return since;
}

/**
 * Ends the PGKs of a group at an instant; whose time had not come then are withdrawn.
 *
 * @param overlap ms that they stay valid beyond that, unless an order suspended them or took them back
 * @param since serial of the first that may be ended
 * @returns them, as they are now
 */
export function endPgks(group: ManagedGroup, now: number, from: number, overlap: number, since: number): ManagedPgk[] {
  const ended: ManagedPgk[] = [];
  for (const pgk of endablePgks(group, now)) {
    if (pgk.serial < since) continue;
    const end = pgk.order === null ? from + overlap : from;
    if (pgk.notBefore >= end) ended.push({ ...pgk, withdrawnAt: now });
    else if (pgk.notAfter > end) ended.push({ ...pgk, notAfter: end });
  }
  group.pgks = group.pgks.map((pgk) => ended.find((each) => each.serial === pgk.serial) ?? pgk);
  return ended;
}

/** Adds PGKs behind the last one, until as many are ahead as the policy says. @throws GroupError `no-index` */
export function extendPgks(group: ManagedGroup, now: number, random: RandomOctets): Renewal {
  const added: ManagedPgk[] = [];
  const { ahead, period } = group.policy;
  for (;;) {
    const live = lastingPgks(group, now);
    const staged = live.filter((pgk) => pgk.notBefore > now).length;
    if (live.length > 0 && staged >= ahead) return { added, ended: [] };
    const last = live.reduce((latest, pgk) => Math.max(latest, pgk.notBefore), Number.NEGATIVE_INFINITY);
    // After a long silence the next one begins at once.
    added.push(addPgk(group, Number.isFinite(last) ? Math.max(last + period, now) : now, random));
  }
}

/** Forgets PGKs that nobody can hold any more, whatever messages were missed, and who left before. */
export function forgetPgks(group: ManagedGroup, now: number): void {
  for (const pgk of group.pgks) if (pgk.firstNotAfter <= now) pgk.octets.fill(0);
  group.pgks = group.pgks.filter((pgk) => pgk.firstNotAfter > now);
  const oldest = group.pgks[0]?.serial ?? group.nextSerial;
  for (const [id, { last }] of group.former) if (last < oldest) group.former.delete(id);
}

function addPgk(group: ManagedGroup, notBefore: number, random: RandomOctets): ManagedPgk {
  const { period, overlap } = group.policy;
  const notAfter = notBefore + period + overlap;
  const pgkId = allotPgkId(group, notBefore, notAfter);
  const pgk = {
    serial: group.nextSerial++,
    pgkId,
    octets: random(PGK_OCTETS),
    notBefore,
    notAfter,
    firstNotAfter: notAfter,
    withdrawnAt: null,
    order: null,
  };
  group.nextPgkId = (pgkId + 1) % PGK_IDS;
  group.pgks = [...group.pgks, pgk];
  return pgk;
}

/**
 * A PGK id for a window: its index is not 0, and no PGK that somebody may hold in that time has the same index, whether the
 * manager made it or the vault has it from elsewhere. Where all 31 are taken by PGKs that were given out and then ended
 * early, one of theirs is taken: only who missed that has to try two.
 *
 * @throws GroupError `no-index`
 */
export function allotPgkId(group: ManagedGroup, notBefore: number, notAfter: number): number {
  const foreign = group.foreign.filter((pgk) => pgk.notBefore < notAfter && notBefore < pgk.notAfter);
  const held = group.pgks.filter((pgk) => pgk.notBefore < notAfter && notBefore < pgk.firstNotAfter);
  const valid = held.filter((pgk) => pgk.withdrawnAt === null && notBefore < pgk.notAfter);
  const ids = new Set([...held, ...foreign].map((pgk) => pgk.pgkId));
  for (const own of [held, valid]) {
    const indexes = new Set([...own, ...foreign].map((pgk) => pgk.pgkId & INDEX_MASK));
    for (let step = 0; step < PGK_IDS; step++) {
      const id = (group.nextPgkId + step) % PGK_IDS;
      const index = id & INDEX_MASK;
      if (index !== 0 && !indexes.has(index) && !ids.has(id)) return id;
    }
  }
  throw new GroupError(
    'no-index',
    `group ${layer2IdText(group.id)} has no PGK index left: 31 PGKs are valid at the same time`,
    'Wait until some have ended, or give the group fewer PGKs ahead',
  );
}
