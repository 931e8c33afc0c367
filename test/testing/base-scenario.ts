// A scenario with a group, its radios and its keys, that tests put steps into.

import { parseScenario, type Scenario } from '../../testing/scenario.ts';

type Json = Readonly<Record<string, unknown>>;

/** 2026-05-01T10:00:00Z plus so many seconds, as text. */
export function at(seconds: number): string {
  return new Date(Date.parse('2026-05-01T10:00:00Z') + seconds * 1000).toISOString();
}

const HOUR = 3600;
const DAY = 24 * HOUR;

/** PGKs of group Fire 7 by id; each is valid from a day before to six days after the start where it says nothing else. */
const FIRE_KEYS: readonly Json[] = [
  { id: 39 },
  { id: 40, notBefore: at(-DAY), notAfter: at(6 * DAY + 1) },
  // Keys that went wrong, each with an index of its own.
  { id: 1, notBefore: at(-6 * DAY), notAfter: at(-HOUR) },
  { id: 2, notBefore: at(HOUR), notAfter: at(8 * DAY) },
  { id: 3, notAfter: at(10 * DAY), revokedAt: at(-2 * HOUR) },
  { id: 4, notBefore: at(-9 * DAY), notAfter: at(10 * DAY), revokedAt: at(-2 * DAY) },
  { id: 5, notAfter: at(10 * DAY), compromisedAt: at(-HOUR) },
  { id: 6, notAfter: at(10 * DAY), suspendedAt: at(-HOUR) },
  { id: 10, notAfter: at(10 * DAY), suspendedAt: at(-HOUR), resumedAt: at(-60) },
  { id: 11, notBefore: at(-6 * DAY), notAfter: at(-3) },
  { id: 12, held: false },
];

function member(id: string, name: string, address: string, more: Json = {}): Json {
  return { id, name, addresses: [address], from: '2026-01-01T00:00:00Z', ...more };
}

const BASE: Json = {
  format: 'sidescope-scenario/1',
  name: 'base',
  seed: 'base',
  start: at(0),
  groups: [
    {
      id: 'f00001',
      name: 'Fire 7',
      multicast: ['239.255.0.7', 'ff15::7'],
      members: [
        member('0a0b0c', 'Engine 71', '169.254.10.11'),
        member('0a0b1d', 'Ladder 72', '169.254.10.29'),
        member('0a0b2e', 'Chief 7', '169.254.10.46'),
        member('0a0b4f', 'Retired 9', '169.254.10.79', { until: at(-2 * HOUR) }),
        member('0a0b5f', 'Retired 10', '169.254.10.95', { until: at(-2 * DAY) }),
      ],
      keys: FIRE_KEYS,
    },
    {
      id: 'f00102',
      name: 'Medics 2',
      algorithm: '128-EEA3',
      multicast: ['239.255.0.12'],
      members: [member('0b1122', 'Ambulance 21', '169.254.17.34')],
      keys: [{ id: 13 }, { id: 39, notAfter: at(10 * DAY) }],
    },
    { id: 'f00203', name: 'Open', protection: 'optional', multicast: ['239.255.0.13'], keys: [{ id: 14 }] },
    { id: 'f00304', name: 'Foreign', listed: false, multicast: ['239.255.0.14'], keys: [{ id: 15 }] },
  ],
  radios: [
    { name: 'Engine 71', id: '0a0b0c', group: 'Fire 7' },
    { name: 'Ladder 72', id: '0a0b1d', group: 'Fire 7' },
    { name: 'Chief 7', id: '0a0b2e', group: 'Fire 7' },
    { name: 'Retired 9', id: '0a0b4f', group: 'Fire 7' },
    { name: 'Retired 10', id: '0a0b5f', group: 'Fire 7' },
    { name: 'Stranger', id: '0dead1', group: 'Fire 7', address: '169.254.99.9' },
    { name: 'Clone of 71', id: '0a0b0c', group: 'Fire 7', ptkId: 700, sn: 30_000 },
    { name: 'Ambulance 21', id: '0b1122', group: 'Medics 2' },
    { name: 'Visitor', id: '0c3344', group: 'Open' },
    { name: 'Alien', id: '0d5566', group: 'Foreign' },
  ],
};

/** The base with these steps; other members replace those of the base, `radios` are added to its own. */
export function baseJson(steps: readonly Json[], more: Json = {}): Json {
  const { radios = [], ...rest } = more;
  return { ...BASE, ...rest, radios: [...(BASE.radios as Json[]), ...(radios as Json[])], steps };
}

/** The same, parsed. */
export function baseScenario(steps: readonly Json[], more: Json = {}): Scenario {
  return parseScenario(JSON.stringify(baseJson(steps, more)), 'base.json');
}
