// A group manager, and members that listen to it by either scheme.

import { GroupManager, type GroupOutcome, type MemberToAdd } from '../../../daemon/keying/group-manager.ts';
import { managerPublicKey } from '../../../daemon/keying/group-messenger.ts';
import type { GroupPolicy, GroupState, Scheme } from '../../../daemon/keying/group-state.ts';
import { LkhReceiver } from '../../../daemon/keying/lkh-receiver.ts';
import { MikeyReceiver } from '../../../daemon/keying/mikey-receiver.ts';
import { DEFAULT_MIKEY_PROFILE, Keyring, Pmk } from '../../../daemon/keyring/keyring.ts';
import { looksLikeLkhRekey } from '../../../dissectors/keying/lkh-rekey.ts';
import { countingRandom, pmkIdOf, pmkOf } from './lkh-fixture.ts';
import { GROUP, HOUR, NOW } from './mikey-fixture.ts';

export const RATE = 100_000;
export const DAY = 24 * HOUR;

export function policy(scheme: Scheme, changes: Partial<GroupPolicy> = {}): GroupPolicy {
  return { scheme, arity: 2, period: 7 * DAY, overlap: 2 * HOUR, ahead: 1, ...changes };
}

export function emptyState(): GroupState {
  const seed = new Uint8Array(32).fill(3);
  return { managerName: 'Chief 1', seed, initiator: 'pkmf@example.org', members: new Map(), groups: new Map() };
}

export function newMember(id: number): MemberToAdd {
  const pmk = { id: pmkIdOf(id), octets: pmkOf(id), profile: DEFAULT_MIKEY_PROFILE };
  return { id, name: `Engine ${id}`, pmk, address: null };
}

/** A UE: takes everything it hears. */
export class Ue {
  readonly keyring: Keyring;
  readonly #mikey: MikeyReceiver;
  readonly #lkh: LkhReceiver;

  constructor(id: number, state: GroupState) {
    const pmk = new Pmk(pmkIdOf(id), pmkOf(id), id, DEFAULT_MIKEY_PROFILE);
    const managers = [{ name: state.managerName, publicKey: managerPublicKey(state) }];
    this.keyring = new Keyring({ groups: [], pmks: [pmk], lkh: [], managers });
    this.#mikey = new MikeyReceiver(this.keyring);
    this.#lkh = new LkhReceiver(this.keyring);
  }

  hear(octets: Uint8Array, time: number) {
    const receiver = looksLikeLkhRekey(octets, 0, octets.length) ? this.#lkh : this.#mikey;
    return receiver.receive(octets, 0, octets.length, time);
  }

  held(group = GROUP) {
    return this.keyring.groupById(group)?.keys ?? [];
  }
}

/** A manager whose messages everybody hears. */
export class World {
  readonly state = emptyState();
  readonly random;
  readonly ues = new Map<number, Ue>();
  /** Who came back after it had left. */
  readonly returned = new Set<number>();
  now = NOW;

  constructor(seed: number, people: number) {
    this.random = countingRandom(seed);
    for (let id = 1; id <= people; id++) this.ues.set(id, new Ue(id, this.state));
  }

  get manager(): GroupManager {
    return new GroupManager(this.state, { random: this.random, now: this.now, rate: RATE });
  }

  create(scheme: Scheme, members: readonly number[], changes: Partial<GroupPolicy> = {}, id = GROUP): GroupOutcome {
    const wanted = { id, name: 'Fire 7', algorithm: 2, policy: policy(scheme, changes), multicast: null, foreign: [] };
    return this.say(this.manager.create({ ...wanted, members: members.map(newMember) }));
  }

  /** Everybody hears the messages of an outcome, except who is out of reach. */
  say(outcome: GroupOutcome, unreached: readonly number[] = []): GroupOutcome {
    for (const [index, { octets }] of outcome.messages.entries()) {
      const time = this.now + outcome.plan.messages[index].through;
      for (const [id, ue] of this.ues) if (!unreached.includes(id)) ue.hear(octets, time);
    }
    return outcome;
  }
}
