// docs/testing.md names every member of the scenario format and every word that a member takes.

import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { FRAMINGS } from '../../testing/scenario.ts';
import { CONTENTS, DELIVERY_FAULTS, NOISES } from '../../testing/scenario-steps.ts';
import { synthesise } from '../../testing/synthesise.ts';
import { baseScenario } from './base-scenario.ts';

const text = readFileSync(new URL('../../docs/testing.md', import.meta.url), 'utf8');

/** Names of members, at any depth. */
function membersOf(value: unknown, names: Set<string>): Set<string> {
  if (Array.isArray(value)) for (const entry of value) membersOf(entry, names);
  else if (typeof value === 'object' && value !== null) {
    for (const [name, member] of Object.entries(value)) {
      names.add(name);
      membersOf(member, names);
    }
  }
  return names;
}

function unnamed(names: Iterable<string>): string[] {
  return [...names].filter((name) => !text.includes(`\`${name}\``));
}

test('members of a scenario', () => {
  const finding = { finding: 'key.expired' };
  const talk = { do: 'talk', at: 0, radio: 'Engine 71', label: 'x', expect: [finding] };
  const every = { key: {}, counter: {}, header: {}, loss: {}, copies: [{ delay: 1 }], wire: {} };
  const scenario = baseScenario(
    [
      { ...talk, ...every },
      { do: 'inject', at: 0, radio: 'Engine 71' },
      { do: 'replay', at: 1, step: 'x' },
      { do: 'delivery', at: 1, pmk: 'aa', group: 'Fire 7', pgk: 39 },
      { do: 'noise', at: 1, content: 'sl-bch' },
      { do: 'clock', at: 1, shift: 1 },
      { do: 'drops', at: 1, dropped: 1 },
    ],
    {
      capture: { interfaces: [{ name: 'core', framing: 'udp-ethernet' }] },
      pmks: [{ id: 'aa' }],
      findings: [finding],
      epochs: [{ group: 'Fire 7', pgkId: 39, state: 'active' }],
    },
  );
  const names = membersOf(scenario, new Set());
  expect(names.size).toBeGreaterThan(80);
  expect(unnamed(names)).toEqual([]);
  expect(unnamed(scenario.steps.map((step) => step.do))).toEqual([]);
});

test('words that members take', () => {
  expect(unnamed([...CONTENTS, ...NOISES, ...DELIVERY_FAULTS, ...Object.keys(FRAMINGS)])).toEqual([]);
});

test('members of an expectation', () => {
  const { expected } = synthesise(baseScenario([{ do: 'talk', at: 0, radio: 'Engine 71', wire: { segments: 2 } }]));
  const { undecoded: _, format: _format, ...rest } = expected;
  const names = membersOf(rest, new Set());
  expect(names).toContain('sha256');
  // The header's own numbers are those of a message record.
  const own = [...names].filter((name) => !['source', 'lcid', 'pgkIndex', 'ptkId', 'sn'].includes(name));
  expect(unnamed([...own, 'undecoded', 'optional', 'columns', 'rows'])).toEqual([]);
});
