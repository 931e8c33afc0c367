// What a subscription may see: the grant, cut down to what was asked for. Default deny; `meta` never implies plaintext,
// and a group's grant says nothing of another group (reference security C.3).

import { type GroupGrant, VIEWS, type View } from './capability.ts';
import type { RecordType } from './protocol.ts';
import type { KeyName, RecordTraits } from './relay-record.ts';

// We chose: groups whose view is remembered. Above, all are worked out anew: traffic chooses their ids.
const REMEMBERED = 4096;

/** How a record leaves. */
export const Form = { none: 0, meta: 1, plain: 2 } as const;

/** A value of `Form`. */
export type Form = (typeof Form)[keyof typeof Form];

/** Whether plaintext may leave at this moment, and under which keys. */
export interface Gate {
  readonly plainAllowed: boolean;
  mayUse(key: KeyName, track: number): boolean;
}

/** The most that a grant gives of a group, or null for nothing. */
export function grantedView(grants: readonly GroupGrant[], group: string | null): View | null {
  let best = -1;
  for (const { gid, views } of grants) {
    if (gid !== '*' && gid !== group) continue;
    for (const view of views) best = Math.max(best, VIEWS.indexOf(view));
  }
  return best < 0 ? null : VIEWS[best];
}

/** The largest view of any group. */
export function largestView(grants: readonly GroupGrant[]): View | null {
  const best = Math.max(-1, ...grants.flatMap(({ views }) => views.map((view) => VIEWS.indexOf(view))));
  return best < 0 ? null : VIEWS[best];
}

/** The lesser of two views. */
export function lesserView(one: View, other: View): View {
  return VIEWS[Math.min(VIEWS.indexOf(one), VIEWS.indexOf(other))];
}

/**
 * The grants that are left of a capability's when a subscription names groups and a view, in the order of the group.
 *
 * @param groups as the subscription names them; null for all
 */
export function narrowGrants(grants: readonly GroupGrant[], groups: readonly string[] | null, view: View): Reach[] {
  const names = groups ?? grants.map(({ gid }) => gid);
  const reach = new Map<string, View>();
  for (const gid of names) {
    const granted = grantedView(grants, gid);
    if (granted !== null) reach.set(gid, lesserView(granted, view));
    // All groups of a grant that names some: each of them.
    if (gid !== '*') continue;
    for (const grant of grants) {
      const best = grantedView(grants, grant.gid);
      if (best !== null) reach.set(grant.gid, lesserView(best, view));
    }
  }
  return Array.from(reach, ([gid, best]) => ({ gid, view: best })).sort((a, b) => (a.gid < b.gid ? -1 : 1));
}

/** The view of one group, or of all others (`*`). */
export interface Reach {
  readonly gid: string;
  readonly view: View;
}

/** The view of a group, or null. A group's own line goes before that of all others; `narrowGrants` has made it the larger. */
export function viewWithin(reach: readonly Reach[], group: string | null): View | null {
  const row = reach.find(({ gid }) => gid === group) ?? reach.find(({ gid }) => gid === '*');
  return row?.view ?? null;
}

/** Decides about records for subscriptions that may see and want the same. */
export class Access {
  readonly reach: readonly Reach[];
  readonly #types: ReadonlySet<RecordType>;
  readonly #downgraded: boolean;
  readonly #byGroup = new Map<string, View | null>();

  constructor(reach: readonly Reach[], types: readonly RecordType[], downgraded: boolean) {
    this.reach = reach;
    this.#types = new Set(types);
    this.#downgraded = downgraded;
  }

  /** The view of a group, or null. @param group null where the record is about none */
  viewOf(group: string | null): View | null {
    if (group === null) return viewWithin(this.reach, null);
    const known = this.#byGroup.get(group);
    if (known !== undefined) return known;
    if (this.#byGroup.size >= REMEMBERED) this.#byGroup.clear();
    const view = viewWithin(this.reach, group);
    this.#byGroup.set(group, view);
    return view;
  }

  /** The view of a record, or null where it is not for this subscription. */
  viewOfRecord({ type, group, finding }: RecordTraits): View | null {
    if (!this.#types.has(type)) return null;
    // What is wrong with a capture itself concerns everybody.
    if (finding !== null && group === null && finding.name.startsWith('capture.')) return 'meta';
    return this.viewOf(group);
  }

  /** How a record may leave now. @param hasPlain whether it has a plain part */
  formOf(traits: RecordTraits, hasPlain: boolean, gate: Gate): Form {
    const view = this.viewOfRecord(traits);
    if (view === null) return Form.none;
    return hasPlain && this.#letsPlain(traits, view, gate) ? Form.plain : Form.meta;
  }

  /** Whether the plain part of a record may leave now to a view. */
  #letsPlain({ access, key, track }: RecordTraits, view: View, gate: Gate): boolean {
    if (view === 'meta' || !gate.plainAllowed) return false;
    if (access === 'downgraded' && !this.#downgraded) return false;
    if (access === 'forensic' && view !== 'forensic') return false;
    return key === null || view === 'forensic' || gate.mayUse(key, track);
  }
}

/** Whether a record could have a plain part at all: its verdict lets plaintext out to somebody. */
export function canBePlain({ type, verdict, key }: RecordTraits): boolean {
  if (type === 'finding') return key !== null;
  if (type !== 'message') return false;
  return verdict !== 'no-key' && verdict !== 'forged' && verdict !== 'damaged';
}
