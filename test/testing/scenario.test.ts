// Scenario files: everything that is wrong is refused with its place, and nothing is guessed.

import { describe, expect, test } from 'vitest';
import { SidescopeError } from '../../daemon/errors.ts';
import { parseScenario } from '../../testing/scenario.ts';
import { baseJson } from './base-scenario.ts';

const TALK = { do: 'talk', at: 0, radio: 'Engine 71' };

function errorOf(text: string): SidescopeError {
  try {
    parseScenario(text, 'x.json');
  } catch (error) {
    if (error instanceof SidescopeError) return error;
    throw error;
  }
  throw new Error('no error');
}

function errorOfSteps(steps: readonly Record<string, unknown>[], more: Record<string, unknown> = {}): SidescopeError {
  return errorOf(JSON.stringify(baseJson(steps, more)));
}

test('a scenario gets its defaults', () => {
  const scenario = parseScenario(JSON.stringify(baseJson([TALK])));
  expect(scenario.start).toBe(Date.parse('2026-05-01T10:00:00Z'));
  expect(scenario.capture.container).toBe('pcapng');
  expect(scenario.steps[0]).toMatchObject({ do: 'talk', count: 1, every: 20, content: 'rtp', cipher: 'on', ip: 4 });
});

describe('a step that is wrong is refused with its place', () => {
  test.each<[string, Record<string, unknown>, string, string]>([
    ['an unknown verb', { ...TALK, do: 'shout' }, 'scenario.wrong-value', 'steps[0].do is not one of talk, send'],
    ['no verb', { at: 0 }, 'scenario.missing-member', 'steps[0] lacks the member "do"'],
    ['an unknown member', { ...TALK, loud: 1 }, 'scenario.unknown-member', 'steps[0].loud is no member known here'],
    ['a missing member', { do: 'talk', at: 0 }, 'scenario.missing-member', 'steps[0] lacks the member "radio"'],
    ['a member of another verb', { ...TALK, shift: 1 }, 'scenario.unknown-member', 'steps[0].shift'],
    ['text for a number', { ...TALK, count: 'two' }, 'scenario.wrong-type', 'steps[0].count is string, not a number'],
    ['a fraction', { ...TALK, count: 1.5 }, 'scenario.out-of-range', 'steps[0].count is not a whole number from 1 to'],
    ['too many', { ...TALK, count: 1e9 }, 'scenario.out-of-range', 'steps[0].count'],
    ['an unknown radio', { ...TALK, radio: 'Nobody' }, 'scenario.unknown-name', 'steps[0].radio names no radio'],
    [
      'an unknown interface',
      { ...TALK, wire: { interface: 'no' } },
      'scenario.unknown-name',
      'steps[0].wire.interface',
    ],
    ['an unknown group', { ...TALK, key: { group: 'no' } }, 'scenario.unknown-name', 'steps[0].key.group'],
    ['a deep member', { ...TALK, wire: { segments: 0 } }, 'scenario.out-of-range', 'steps[0].wire.segments'],
    ['a range that falls', { ...TALK, octets: [9, 3] }, 'scenario.wrong-value', 'steps[0].octets is no range'],
    ['a reversed label', { do: 'replay', at: 1, step: 'later' }, 'scenario.unknown-name', 'steps[0].step'],
    ['no finding', { ...TALK, expect: [{ finding: 'Key' }] }, 'scenario.wrong-value', 'steps[0].expect[0].finding'],
    ['an address', { ...TALK, sourceAddress: '1.2.3' }, 'scenario.wrong-value', 'steps[0].sourceAddress'],
  ])('%s', (_name, step, code, message) => {
    const error = errorOfSteps([step]);
    expect(error.code).toBe(code);
    expect(error.message).toContain(message);
    expect(error.message).toContain('(x.json, line 1, column ');
    expect(error.exitCode).toBe(2);
    expect(error.hint).not.toBe('');
  });
});

test('an instant may be written as records write it', () => {
  const scenario = parseScenario(JSON.stringify(baseJson([TALK], { start: '2026-05-01T10:00:00.250000Z' })));
  expect(scenario.start).toBe(Date.parse('2026-05-01T10:00:00.250Z'));
});

describe('the rest that is wrong is refused with its place', () => {
  test.each<[string, Record<string, unknown>, string]>([
    ['an impossible date', { start: '2026-02-30T00:00:00Z' }, 'start is not an instant'],
    ['a date with another zone', { start: '2026-02-03T00:00:00+02:00' }, 'start is not an instant'],
    ['a fraction of a millisecond', { start: '2026-02-03T00:00:00.000001Z' }, 'start is not an instant'],
    ['a format from the future', { format: 'sidescope-scenario/2' }, 'format is not one of sidescope-scenario/1'],
    ['a short key', { groups: [{ id: 'f00001', name: 'F', keys: [{ id: 1, key: 'ab' }] }] }, 'groups[0].keys[0].key'],
    ['a Layer-2 id in capitals', { groups: [{ id: 'F00001', name: 'F' }] }, 'groups[0].id'],
    [
      'two groups of one name',
      {
        groups: [
          { id: 'f00001', name: 'F' },
          { id: 'f00102', name: 'F' },
        ],
      },
      'groups[1].name',
    ],
    ['a radio of no group', { groups: [{ id: 'f00001', name: 'F' }] }, 'radios[0].group names no group'],
    ['two interfaces in pcap', { capture: { container: 'pcap', interfaces: [{ name: 'a' }, { name: 'b' }] } }, 'pcap'],
    ['an algorithm', { groups: [{ id: 'f00001', name: 'F', algorithm: 'AES' }] }, 'groups[0].algorithm'],
  ])('%s', (_name, more, message) => {
    expect(errorOfSteps([], more).message).toContain(message);
  });

  test('two steps of one label', () => {
    const error = errorOfSteps([
      { ...TALK, label: 'x' },
      { ...TALK, label: 'x' },
    ]);
    expect(error.message).toContain('steps[1].label is the label of an earlier step');
  });

  test('a member that stands there twice', () => {
    const error = errorOf('{"format": "sidescope-scenario/1",\n "format": "sidescope-scenario/1"}');
    expect(error.code).toBe('scenario.duplicate-member');
    expect(error.message).toContain('line 2, column 12');
  });

  test.each([
    ['', 'scenario.not-json'],
    ['{', 'scenario.not-json'],
    ['{"a": 1,}', 'scenario.not-json'],
    ['// x\n{}', 'scenario.not-json'],
    ['[]', 'scenario.wrong-type'],
  ])('text %j is no scenario', (text, code) => {
    expect(errorOf(text).code).toBe(code);
  });

  test('a key in a wrong place does not get into the error', () => {
    const key = '00112233445566778899aabbccddeeff00112233445566778899aabbccddee';
    const error = errorOfSteps([], { groups: [{ id: 'f00001', name: 'F', keys: [{ id: 1, key }] }] });
    expect(`${error.message} ${error.hint}`).not.toContain(key.slice(0, 16));
  });
});

test('nesting without end is refused where it becomes too deep, not by the stack', () => {
  for (const [open, close] of [
    ['[', ']'],
    ['{"a":', '}'],
  ]) {
    const error = errorOf(`${open.repeat(6000)}1${close.repeat(6000)}`);
    expect(error.code).toBe('scenario.too-deep');
    expect(error.message).toMatch(/^x\.json has lists and objects more than 32 deep \(x?.*line 1, column \d+\)$/);
  }
  expect(errorOf('['.repeat(6000)).code).toBe('scenario.too-deep');
  expect(errorOf(`"${'['.repeat(6000)}"`).code).toBe('scenario.wrong-type');
});

test.each(['\u001b[2J', 'a\u0000b', '\u0085', '\ud800'])(
  'a name that a keyring would refuse is refused here: %j',
  (name) => {
    const radios = [{ name, id: '0a0b0c', group: 'Fire 7' }];
    expect(errorOfSteps([], { radios })).toMatchObject({ code: 'scenario.wrong-value' });
    const groups = [{ id: 'f00001', name, keys: [{ id: 1 }] }];
    expect(errorOfSteps([], { groups })).toMatchObject({ code: 'scenario.wrong-value' });
  },
);

test('a name of 64 characters may take more than 64 code units, as in a keyring', () => {
  const name = '\u{1f692}'.repeat(64);
  const groups = [{ id: 'f00001', name, keys: [{ id: 1 }] }];
  const scenario = { format: 'sidescope-scenario/1', name: 'n', seed: 'n', start: '2026-05-01T10:00:00Z', groups };
  expect(parseScenario(JSON.stringify({ ...scenario, radios: [], steps: [] })).groups[0].name).toBe(name);
});
