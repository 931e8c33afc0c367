// The group manager on an open vault, for `sidescope group` and for a daemon that has the vault open: what is asked is reckoned,
// its messages are made, and only when whoever asked has put them away safely is the change saved.

import { ALGORITHM_ID, type CipherAlgorithm } from '../../dissectors/security/traffic-cipher.ts';
import { ExitCode, SidescopeError } from '../errors.ts';
import { type Keyring, layer2IdText, type Pmk } from '../keyring/keyring.ts';
import { systemRandomness } from '../keyring/vault/sealing.ts';
import { GroupError } from './group-error.ts';
import { GroupManager, type GroupOutcome, type GroupToCreate, type MemberToAdd } from './group-manager.ts';
import type { BuiltMessage } from './group-messenger.ts';
import { type GroupPolicy, type GroupState, groupOf } from './group-state.ts';
import { type GroupRecord, type GroupVault, loadGroups, saveGroups, wipeGroupState } from './group-store.ts';
import { type ManagerView, managerView } from './group-view.ts';
import type { RandomOctets } from './lkh.ts';
import type { GroupOperation, RekeyPlan } from './rekey-plan.ts';
import { foreignWindows } from './vault-orders.ts';

/** The specification says: octets of an IPv4 address. MIKEY and rekey messages go out over IPv4. */
const IPV4_OCTETS = 4;

/** How messages travel. */
export interface Bearer {
  /** Bits a second. */
  readonly rate: number;
  /** Milliseconds until new PGKs come into use; absent: when all can have heard of it. */
  readonly changeover?: number;
}

/** What is asked for: plain data. */
export interface GroupRequest extends Bearer {
  readonly operation: GroupOperation;
  /** Layer-2 id of the group. */
  readonly group: number;
  /** `create`: its members, none for those of the keyring; `add`, `remove`; `rotate`: those who are sent all of it again. */
  readonly members: readonly number[];
  /** For the audit log. */
  readonly reason: string;
  /** `create`. */
  readonly name?: string;
  readonly algorithm?: CipherAlgorithm;
  readonly policy?: GroupPolicy;
  /** `add`: new PGKs first. */
  readonly hidePast?: boolean;
  /** `remove`: false gives the others no new PGKs. */
  readonly renews?: boolean;
  /** `rotate`: only adds PGKs ahead. */
  readonly extend?: boolean;
}

/** What an operation comes to, or would. */
export interface GroupPlan {
  /** Name of the group. */
  readonly name: string;
  readonly plan: RekeyPlan;
}

/** An operation that was reckoned and is not saved. */
export interface PreparedOperation extends GroupPlan {
  readonly messages: readonly BuiltMessage[];
  /** IPv4 address that each message goes to, 4 octets; null where none is known. */
  readonly addresses: readonly (Uint8Array | null)[];
}

/** Costs of several operations by both schemes. */
export interface GroupCosts {
  readonly plans: readonly { readonly name: string; readonly plan: RekeyPlan }[];
}

interface Pending {
  readonly state: GroupState;
  readonly outcome: GroupOutcome;
  readonly record: GroupRecord;
  readonly generation: number;
}

/** See the head of the file. */
export class GroupDesk {
  readonly #vault: GroupVault;
  readonly #random: RandomOctets;
  #pending: Pending | null = null;

  constructor(vault: GroupVault, random: RandomOctets = systemRandomness) {
    this.#vault = vault;
    this.#random = random;
  }

  /** All groups of the manager. */
  show(): ManagerView {
    return this.#withState((state) => managerView(state, this.#vault.now()));
  }

  /** How many members a group has; 0 where there is none of this id. */
  size(group: number): number {
    return this.#withState((state) => state.groups.get(group)?.members.size ?? 0);
  }

  /** Reckons an operation. Nothing of it is kept. @throws GroupError */
  plan(request: GroupRequest, given: Keyring): GroupPlan {
    return this.#withState((state) => {
      const { outcome } = this.#carryOut(request, given, state);
      return { name: groupOf(state, request.group).name, plan: outcome.plan };
    });
  }

  /** Rotation, removal of one and addition of one. @throws GroupError `no-such-group` */
  costs(group: number, bearer: Bearer): GroupCosts {
    const plans: { name: string; plan: RekeyPlan }[] = [];
    const reckon = (name: string, operation: (manager: GroupManager, state: GroupState) => GroupOutcome): void => {
      this.#withState((state) => plans.push({ name, plan: operation(this.#manager(state, bearer), state).plan }));
    };
    const first = this.#withState((state) => groupOf(state, group).members.keys().next().value);
    if (first !== undefined) {
      reckon('rotate', (manager) => manager.rotate(group));
      reckon('remove one', (manager) => manager.remove(group, [first], true));
    }
    reckon('add one, past hidden', (manager, state) => manager.add(group, [somebody(state, group)], true));
    reckon('add one', (manager, state) => manager.add(group, [somebody(state, group)], false));
    return { plans };
  }

  /**
   * Reckons an operation and makes its messages. `commit` saves it; another `prepare` forgets it.
   *
   * @param given where members and their PMKs are looked up before the vault; nothing of it is kept
   * @throws GroupError
   */
  prepare(request: GroupRequest, given: Keyring): PreparedOperation {
    this.discard();
    const state = loadGroups(this.#vault, this.#random);
    try {
      const { outcome, record } = this.#carryOut(request, given, state);
      const { messages, plan } = outcome;
      const { name, multicast } = groupOf(state, request.group);
      const addresses = messages.map(({ to }) => (to === null ? multicast : (state.members.get(to)?.address ?? null)));
      this.#pending = { state, outcome, record, generation: this.#vault.generation };
      return { name, plan, messages, addresses };
    } finally {
      if (this.#pending === null) wipeGroupState(state);
    }
  }

  /** Saves what was prepared. @throws GroupError `stale`; VaultError, AuditError: then nothing has happened */
  commit(): void {
    const pending = this.#pending;
    if (pending === null || pending.generation !== this.#vault.generation) {
      this.discard();
      throw new GroupError('stale', 'meanwhile something else was changed; nothing was done', 'Run the command again');
    }
    try {
      saveGroups(this.#vault, pending.state, pending.outcome, pending.record);
    } finally {
      this.discard();
    }
  }

  /** Forgets what was prepared, and overwrites its keys. */
  discard(): void {
    if (this.#pending !== null) wipeGroupState(this.#pending.state);
    this.#pending = null;
  }

  #withState<Value>(use: (state: GroupState) => Value): Value {
    const state = loadGroups(this.#vault, this.#random);
    try {
      return use(state);
    } finally {
      wipeGroupState(state);
    }
  }

  #manager(state: GroupState, { rate, changeover }: Bearer): GroupManager {
    const when = changeover === undefined ? {} : { changeover };
    return new GroupManager(state, { random: this.#random, now: this.#vault.now(), rate, ...when });
  }

  #carryOut(request: GroupRequest, given: Keyring, state: GroupState): { outcome: GroupOutcome; record: GroupRecord } {
    const { keyring: held } = this.#vault.keyring(null);
    try {
      return carryOut(request, given, held, this.#manager(state, request));
    } finally {
      held.wipe();
    }
  }
}

function carryOut(
  request: GroupRequest,
  given: Keyring,
  held: Keyring,
  manager: GroupManager,
): { outcome: GroupOutcome; record: GroupRecord } {
  const { operation, group, members, reason, hidePast = false, renews = true, extend = false } = request;
  const record = { members, reason, details: {} };
  const keyrings = [given, held];
  switch (operation) {
    case 'create': {
      const foreign = foreignWindows(held.groupById(group)?.keys ?? []);
      const wanted = { ...groupToCreate(request, keyrings), foreign };
      const ids = wanted.members.map((member) => member.id);
      return { outcome: manager.create(wanted), record: { ...record, members: ids } };
    }
    case 'add': {
      const people = members.map(directoryOf(keyrings));
      return { outcome: manager.add(group, people, hidePast), record: { ...record, details: { hidePast } } };
    }
    case 'remove':
      return { outcome: manager.remove(group, members, renews), record: { ...record, details: { rotate: renews } } };
    case 'rotate': {
      if (members.length > 0) {
        return { outcome: manager.resend(group, members), record: { ...record, details: { how: 'resend' } } };
      }
      const outcome = extend ? manager.extend(group) : manager.rotate(group);
      return { outcome, record: { ...record, details: { how: extend ? 'extend' : 'rotate' } } };
    }
  }
}

function groupToCreate(request: GroupRequest, keyrings: readonly Keyring[]): Omit<GroupToCreate, 'foreign'> {
  const { group: id, members, name, algorithm, policy } = request;
  if (policy === undefined) throw new RangeError('a group to create has a policy');
  const known = keyrings.map((keyring) => keyring.groupById(id)).find((group) => group !== undefined);
  const listed = members.length > 0 ? members : (known?.members ?? []).map((member) => member.id);
  if (listed.length === 0) {
    const hint = 'give --member ID, or --keyring FILE with the group and its members';
    throw new SidescopeError('usage.no-members', 'a group needs members', hint, ExitCode.usage);
  }
  const multicast = known?.multicast.find((address) => address.length === IPV4_OCTETS) ?? null;
  return {
    id,
    name: name ?? known?.name ?? layer2IdText(id),
    algorithm: algorithm === undefined ? (known?.algorithm ?? 2) : ALGORITHM_ID[algorithm],
    policy,
    multicast,
    members: [...new Set(listed)].map(directoryOf(keyrings)),
  };
}

/** Finds members with their PMKs in keyrings, the first of them first; a PMK is null where the manager may know it already. */
function directoryOf(keyrings: readonly Keyring[]): (id: number) => MemberToAdd {
  const pmks = new Map<number, Pmk>();
  const names = new Map<number, string>();
  const addresses = new Map<number, Uint8Array>();
  for (const keyring of keyrings) {
    for (const pmk of keyring.pmks) if (pmk.member !== null) setOnce(pmks, pmk.member, pmk);
    for (const { id, name, addresses: all } of keyring.groups.flatMap(({ members }) => members)) {
      setOnce(names, id, name);
      const address = all.find((each) => each.length === IPV4_OCTETS);
      if (address !== undefined) setOnce(addresses, id, address);
    }
  }
  return (id) => {
    const pmk = pmks.get(id);
    return {
      id,
      name: names.get(id) ?? layer2IdText(id),
      pmk: pmk === undefined ? null : { id: pmk.id, octets: pmk.octets, profile: pmk.profile },
      address: addresses.get(id) ?? null,
    };
  };
}

function setOnce<Value>(map: Map<number, Value>, id: number, value: Value): void {
  if (!map.has(id)) map.set(id, value);
}

/** Somebody who is not in the group, to reckon with: with a PMK id as long as those of the others. */
function somebody(state: GroupState, group: number): MemberToAdd {
  const members = groupOf(state, group).members;
  let id = 1;
  while (members.has(id) || state.members.has(id)) id++;
  const [other] = state.members.values();
  const profile = other?.profile ?? { prf: null, extensionType: 241, keyDataType: 0, idr: 'pmk-id' };
  const pmk = { id: new Uint8Array(other?.pmkId.length ?? 8), octets: new Uint8Array(32), profile };
  return { id, name: '', pmk, address: null };
}
