// Who and what a scenario is about, with everything that it leaves open settled from its seed: keys, addresses, where
// counters begin.

import { ExitCode, SidescopeError } from '../daemon/errors.ts';
import {
  ALGORITHM_ID,
  type CipherAlgorithm,
  createTrafficCipher,
  type TrafficCipher,
} from '../dissectors/security/algorithm.ts';
import { derivePek, PGK_OCTETS, PreparedPgk } from '../dissectors/security/kdf.ts';
import { PGK_INDEX_MASK } from '../dissectors/sidelink/pdcp-slrb.ts';
import { Random } from './random.ts';
import type { Scenario, ScenarioGroup, ScenarioKey, ScenarioRadio } from './scenario.ts';
import { addressOctets, hexOf, ipv4Octets, ipv6Octets, layer2Hex, octetsOf } from './text-forms.ts';

/** The specification says: seconds of skew within which a key still counts as valid (interfaces 3). */
const SKEW_MS = 5000;

/** We chose. */
const DAY_MS = 86_400_000;
/** A key that names no window is valid from a day before the start for a week. */
const WINDOW_BEFORE_MS = DAY_MS;
const WINDOW_AFTER_MS = 6 * DAY_MS;
const SN_SPACE = 0x1_0000;

/** One PGK as radios have it. */
export interface WorldKey {
  readonly group: WorldGroup;
  readonly id: number;
  readonly octets: Uint8Array;
  readonly prepared: PreparedPgk;
  readonly algorithm: CipherAlgorithm;
  readonly dates: ScenarioKey;
  notBefore: number;
  notAfter: number;
  /** Whether the reader holds it: from the keyring, or since a delivery. */
  held: boolean;
}

/** One group. */
export interface WorldGroup {
  readonly described: ScenarioGroup;
  readonly id: number;
  readonly keys: WorldKey[];
  readonly multicast4: Uint8Array;
  readonly multicast6: Uint8Array;
}

/** Where the counters of one logical channel of a radio stand. */
export interface Counters {
  ptkId: number;
  /** SN of the next message. */
  sn: number;
  /** RLC SN of the next PDU. */
  rlcSn: number;
  /** PGK of the last message. */
  key: WorldKey | null;
  readonly sent: { readonly ptkId: number; readonly sn: number; readonly pgkIndex: number }[];
}

/** One radio. Two radios with one Layer-2 id are a clone and its model. */
export interface WorldRadio {
  readonly described: ScenarioRadio;
  readonly id: number;
  readonly group: WorldGroup;
  readonly address4: Uint8Array;
  readonly address6: Uint8Array;
  readonly ssrc: number;
  rtpSequence: number;
  rtpTimestamp: number;
  identification: number;
  readonly channels: Map<number, Counters>;
}

/** A PMK as the key management function has it. */
export interface WorldPmk {
  readonly id: Uint8Array;
  readonly octets: Uint8Array;
}

/** The scenario with nothing left open. */
export class World {
  readonly scenario: Scenario;
  readonly random: Random;
  readonly groups: readonly WorldGroup[];
  readonly pmks: ReadonlyMap<string, WorldPmk>;
  readonly #groupsByName: ReadonlyMap<string, WorldGroup>;
  readonly #radios: ReadonlyMap<string, WorldRadio>;
  readonly #ciphers = new Map<string, TrafficCipher>();
  readonly #pek = new Uint8Array(16);

  constructor(scenario: Scenario) {
    this.scenario = scenario;
    this.random = new Random(scenario.seed);
    const groups = scenario.groups.map((group) => makeGroup(group, scenario.start, this.random));
    this.groups = groups;
    this.#groupsByName = new Map(groups.map((group) => [group.described.name, group]));
    const radios = scenario.radios.map((radio) => makeRadio(radio, this.group(radio.group), this.random));
    this.#radios = new Map(radios.map((radio) => [radio.described.name, radio]));
    this.pmks = new Map(
      scenario.pmks.map(({ id, key }) => [
        id,
        { id: octetsOf(id), octets: key === null ? this.random.fork(`pmk ${id}`).octets(PGK_OCTETS) : octetsOf(key) },
      ]),
    );
  }

  /** The group of that name, which the schema has made sure of. */
  group(name: string): WorldGroup {
    const group = this.#groupsByName.get(name);
    if (group === undefined) throw missing('group', name);
    return group;
  }

  /** The radio of that name, which the schema has made sure of. */
  radio(name: string): WorldRadio {
    const radio = this.#radios.get(name);
    if (radio === undefined) throw missing('radio', name);
    return radio;
  }

  /** The PGK of that id. */
  key(group: WorldGroup, id: number): WorldKey {
    const key = group.keys.find((candidate) => candidate.id === id);
    if (key === undefined) throw missing(`PGK of group ${group.described.name} with id`, String(id));
    return key;
  }

  /** The key that a radio in good order uses: of those that are valid, the one that ends first (reference 1.3). */
  validKey(group: WorldGroup, time: number): WorldKey {
    const valid = group.keys.filter(
      (key) => key.dates.held && time >= key.notBefore && time < key.notAfter && !isWithdrawn(key, time),
    );
    valid.sort((a, b) => a.notAfter - b.notAfter || a.id - b.id);
    const first = valid.at(0);
    if (first !== undefined) return first;
    throw new SidescopeError(
      'scenario.no-valid-key',
      `group ${group.described.name} has no valid PGK at ${new Date(time).toISOString()}`,
      'Add a key to the group, or name one in the step (key.pgk)',
      ExitCode.usage,
    );
  }

  /** Counters of one logical channel, made on first use. */
  counters(radio: WorldRadio, lcid: number): Counters {
    let counters = radio.channels.get(lcid);
    if (counters === undefined) {
      const random = this.random.fork(`counters ${radio.described.name} ${lcid}`);
      // A PTK id belongs to the sender, an SN to the logical channel.
      const ptkId = radio.described.ptkId ?? this.random.fork(`ptk ${radio.described.name}`).between(1, 0xfff);
      const sn = radio.described.sn ?? random.between(2000, 40_000);
      counters = { ptkId, sn, rlcSn: random.between(0, 31), key: null, sent: [] };
      radio.channels.set(lcid, counters);
    }
    return counters;
  }

  /** Ciphers one SDU in fresh memory; a second call with the result undoes it. */
  cipher(
    key: WorldKey,
    algorithm: CipherAlgorithm,
    p2: number,
    source: number,
    ptkId: number,
    sn: number,
    lcid: number,
    sdu: Uint8Array,
  ): Uint8Array {
    const { derivation, name } = key.group.described;
    const at = `${name}/${key.id}/${algorithm}/${p2}/${source}/${ptkId}`;
    let cipher = this.#ciphers.get(at);
    if (cipher === undefined) {
      derivePek(key.prepared, derivation, source, ptkId, p2, ALGORITHM_ID[algorithm], this.#pek);
      cipher = createTrafficCipher(algorithm, this.#pek);
      this.#ciphers.set(at, cipher);
    }
    const words = new Uint32Array(Math.ceil(sdu.length / 4));
    cipher.keyStream(ptkId * SN_SPACE + sn, lcid, 0, sdu.length, words, 0);
    const out = new Uint8Array(words.buffer, 0, sdu.length);
    for (let i = 0; i < sdu.length; i++) out[i] ^= sdu[i];
    return out;
  }

  /** keyring.json for it: what the reader is given at the start. */
  keyring(): Record<string, unknown> {
    const { scenario } = this;
    return {
      format: 'sidescope-keyring/1',
      groups: this.groups.filter(({ described }) => described.listed).map(keyringGroup),
      ...(scenario.pmks.length > 0 && {
        pmks: scenario.pmks
          .filter(({ held }) => held)
          .map(({ id, member }) => ({
            id,
            key: hexOf(this.pmks.get(id)?.octets ?? new Uint8Array(0)),
            ...(member !== null && { member: layer2Hex(member) }),
          })),
      }),
    };
  }
}

/** Five low bits of a PGK id: what is seen on air (TS 36.323 6.3.12). */
export function indexOf(key: WorldKey): number {
  return key.id & PGK_INDEX_MASK;
}

/** Whether a reader that holds the key may still use it at that capture time (interfaces 3). */
export function isUsable(key: WorldKey, time: number): boolean {
  return time >= key.notBefore - SKEW_MS && time < key.notAfter + SKEW_MS && !isWithdrawn(key, time);
}

/** Whether the reader holds the octets at all. The keyring has none of a key that says when it is destroyed. */
export function isHeld(key: WorldKey): boolean {
  return key.held && key.dates.destroyedAt === null;
}

function isWithdrawn(key: WorldKey, time: number): boolean {
  const { revokedAt, compromisedAt, suspendedAt, resumedAt } = key.dates;
  const reached = (at: number | null): boolean => at !== null && time >= at;
  return reached(revokedAt) || reached(compromisedAt) || (reached(suspendedAt) && !reached(resumedAt));
}

function makeGroup(described: ScenarioGroup, start: number, random: Random): WorldGroup {
  const keys: WorldKey[] = [];
  const group: WorldGroup = {
    described,
    id: described.id,
    keys,
    multicast4: firstOf(described.multicast, ipv4Octets) ?? Uint8Array.of(239, 255, 0, 1),
    multicast6:
      firstOf(described.multicast, ipv6Octets) ?? Uint8Array.of(0xff, 2, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1),
  };
  for (const key of described.keys) {
    const own = random.fork(`pgk ${described.name} ${key.id}`);
    const octets = key.key === null ? own.octets(PGK_OCTETS) : octetsOf(key.key);
    keys.push({
      group,
      id: key.id,
      octets,
      prepared: new PreparedPgk(octets),
      algorithm: key.algorithm ?? described.algorithm,
      dates: key,
      notBefore: key.notBefore ?? start - WINDOW_BEFORE_MS,
      notAfter: key.notAfter ?? start + WINDOW_AFTER_MS,
      held: key.held && described.listed,
    });
  }
  return group;
}

function makeRadio(described: ScenarioRadio, group: WorldGroup, world: Random): WorldRadio {
  const random = world.fork(`radio ${described.name}`);
  const member = group.described.members.find(({ id }) => id === described.id);
  const addresses = [...(described.address === null ? [] : [described.address]), ...(member?.addresses ?? [])];
  const low = [described.id >> 16, (described.id >> 8) & 0xff, described.id & 0xff];
  return {
    described,
    id: described.id,
    group,
    address4: firstOf(addresses, ipv4Octets) ?? Uint8Array.of(169, 254, Math.max(1, Math.min(low[1], 254)), low[2]),
    address6:
      firstOf(addresses, ipv6Octets) ?? Uint8Array.of(0xfe, 0x80, 0, 0, 0, 0, 0, 0, 2, 0, 0, 0xff, 0xfe, ...low),
    ssrc: described.ssrc ?? random.uint32(),
    rtpSequence: random.between(0, 0xffff),
    rtpTimestamp: random.uint32(),
    identification: random.between(0, 0xffff),
    channels: new Map(),
  };
}

function firstOf(addresses: readonly string[], turn: (text: string) => Uint8Array | null): Uint8Array | null {
  for (const address of addresses) {
    const octets = turn(address);
    if (octets !== null && addressOctets(address) !== null) return octets;
  }
  return null;
}

function keyringGroup(group: WorldGroup): Record<string, unknown> {
  const { described } = group;
  return {
    id: layer2Hex(described.id),
    name: described.name,
    algorithm: described.algorithm,
    protection: described.protection,
    derivation: described.derivation,
    multicast: described.multicast,
    ...(described.members.length > 0 && {
      members: described.members.map((member) => ({
        id: layer2Hex(member.id),
        ...(member.name !== null && { name: member.name }),
        addresses: member.addresses,
        from: isoOrNull(member.from),
        until: isoOrNull(member.until),
      })),
    }),
    keys: group.keys.filter(({ dates }) => dates.held).map(keyringKey),
  };
}

function keyringKey(key: WorldKey): Record<string, unknown> {
  const { dates } = key;
  return {
    id: key.id,
    ...(dates.destroyedAt === null && { key: hexOf(key.octets) }),
    ...(dates.algorithm !== null && { algorithm: dates.algorithm }),
    notBefore: isoOrNull(key.notBefore),
    notAfter: isoOrNull(key.notAfter),
    revokedAt: isoOrNull(dates.revokedAt),
    compromisedAt: isoOrNull(dates.compromisedAt),
    suspendedAt: isoOrNull(dates.suspendedAt),
    ...(dates.resumedAt !== null && { resumedAt: isoOrNull(dates.resumedAt) }),
    ...(dates.destroyedAt !== null && { destroyedAt: isoOrNull(dates.destroyedAt) }),
  };
}

function isoOrNull(milliseconds: number | null): string | null {
  return milliseconds === null ? null : new Date(milliseconds).toISOString().replace('.000Z', 'Z');
}

function missing(what: string, name: string): SidescopeError {
  return new SidescopeError(
    'scenario.unknown-name',
    `there is no ${what} ${name}`,
    'Add it to the scenario',
    ExitCode.usage,
  );
}
