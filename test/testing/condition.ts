// A condition of the catalogue of findings as a scenario, and the question whether a reader says what the scenario did.

import { describe, expect, test } from 'vitest';
import { analyse } from '../../testing/analyse.ts';
import { compareExpected } from '../../testing/compare-expected.ts';
import { synthesise } from '../../testing/synthesise.ts';
import { at, baseScenario } from './base-scenario.ts';

/** A JSON object. */
export type Json = Readonly<Record<string, unknown>>;

async function disagreements(steps: readonly Json[], more: Json = {}): Promise<string[]> {
  const { capture, keyring, expected } = synthesise(baseScenario(steps, more));
  const { events, problem } = await analyse(capture, { keyring });
  return compareExpected(events, expected, { exitCode: problem === null ? 0 : 3 });
}

/** A talk spurt, `expect` being findings by name with their severity: `key.expired high`. */
export function talk(seconds: number, radio: string, expected: readonly string[], more: Json = {}): Json {
  return { do: 'talk', at: seconds, radio, count: 12, ...wants(expected), ...more };
}

export function wants(expected: readonly string[]): Json {
  return {
    expect: expected.map((text) => {
      const [finding, ...severities] = text.split(' ');
      return { finding, severities };
    }),
  };
}

/** One condition: its steps, and members of the scenario beside them. */
export type Row = readonly [name: string, steps: readonly Json[], more?: Json];

export const ENGINE = 'Engine 71';
export const CHIEF = 'Chief 7';
export const LADDER = 'Ladder 72';
/** Opens the context of a radio, so that what follows is judged in a proved one. */
export const first = (radio = ENGINE, more: Json = {}): Json => talk(0, radio, [], more);
/** Names the PGK of a step. */
export const pgk = (id: number): Json => ({ key: { pgk: id } });

/** Makes a test of each row: synthesised, read, and held against what the scenario did. */
export function testConditions(domain: string, rows: readonly Row[], common: Json = {}): void {
  describe(domain, () => {
    const cases = rows.map(([name, steps, more]) => ({ name, steps, more: more ?? {} }));
    test.each(cases)('$name', async ({ steps, more }) => {
      expect(await disagreements(steps, { start: at(0), ...common, ...more })).toEqual([]);
    });
  });
}
