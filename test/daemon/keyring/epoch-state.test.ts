import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import {
  compareTrialOrder,
  EPOCH_STATES,
  endAt,
  epochStateAt,
  epochStateNumberAt,
  isUsableAt,
  stateNumber,
  usableAt,
} from '../../../daemon/keyring/epoch-state.ts';
import type { EpochContents } from '../../../daemon/keyring/group.ts';
import { Keyring, type PgkEpoch } from '../../../daemon/keyring/keyring.ts';
import { steadySpan } from '../../../daemon/keyring/steady-span.ts';

const DAY = 86_400_000;

/** The keys of one group with these dates; days are enough for most. */
function epochsOf(...keys: Partial<EpochContents>[]): readonly PgkEpoch[] {
  const contents = keys.map((key, i): EpochContents => {
    const octets = key.destroyedAt ? null : new Uint8Array(32).fill(i);
    const dates = { revokedAt: null, compromisedAt: null, suspendedAt: null, resumedAt: null, destroyedAt: null };
    return { id: i, octets, algorithm: null, notBefore: 10 * DAY, notAfter: 20 * DAY, ...dates, ...key };
  });
  const group = {
    id: 1,
    name: null,
    algorithm: 2,
    protection: 'required',
    derivation: 'ts33303',
    multicast: [],
    members: [],
    keys: contents,
  } as const;
  return new Keyring({ groups: [group], pmks: [], lkh: [], managers: [] }).epochs;
}

function epochOf(key: Partial<EpochContents> = {}): PgkEpoch {
  return epochsOf(key)[0];
}

describe('the state of a PGK', () => {
  test.each([
    [10 * DAY - 1, 'staged'],
    [10 * DAY, 'active'],
    [20 * DAY - 1, 'active'],
    [20 * DAY, 'expired'],
  ])('by its window at %i', (time, state) => {
    expect(epochStateAt(epochOf(), time)).toBe(state);
  });

  test.each([
    ['revokedAt', 'revoked'],
    ['compromisedAt', 'compromised'],
    ['suspendedAt', 'suspended'],
  ] as const)('%s takes effect at its instant', (name, state) => {
    const epoch = epochOf({ [name]: 15 * DAY });
    expect(epochStateAt(epoch, 15 * DAY - 1)).toBe('active');
    expect(epochStateAt(epoch, 15 * DAY)).toBe(state);
  });

  test('a suspension ends when the key is resumed', () => {
    const epoch = epochOf({ suspendedAt: 12 * DAY, resumedAt: 13 * DAY });
    expect(epochStateAt(epoch, 13 * DAY - 1)).toBe('suspended');
    expect(epochStateAt(epoch, 13 * DAY)).toBe('active');
  });

  test('a destroyed key is destroyed at any time', () => {
    const epoch = epochOf({ destroyedAt: 30 * DAY });
    for (const time of [0, 15 * DAY, 40 * DAY]) expect(epochStateAt(epoch, time)).toBe('destroyed');
  });

  test('where several apply, the order is destroyed, compromised, revoked, expired, suspended, staged', () => {
    const all = { compromisedAt: 1, revokedAt: 1, suspendedAt: 1 };
    expect(epochStateAt(epochOf({ ...all, destroyedAt: 1 }), 30 * DAY)).toBe('destroyed');
    expect(epochStateAt(epochOf(all), 30 * DAY)).toBe('compromised');
    expect(epochStateAt(epochOf({ ...all, compromisedAt: null }), 30 * DAY)).toBe('revoked');
    expect(epochStateAt(epochOf({ suspendedAt: 1 }), 30 * DAY)).toBe('expired');
    expect(epochStateAt(epochOf({ suspendedAt: 1 }), 5 * DAY)).toBe('suspended');
    expect(epochStateAt(epochOf(), 5 * DAY)).toBe('staged');
  });

  test('overlap lasts 600 s from when a later key became valid', () => {
    const [older, newer] = epochsOf({}, { notBefore: 18 * DAY, notAfter: 28 * DAY });
    expect(epochStateAt(older, 18 * DAY - 1)).toBe('active');
    expect(epochStateAt(older, 18 * DAY)).toBe('overlap');
    expect(epochStateAt(older, 18 * DAY + 599_999)).toBe('overlap');
    expect(epochStateAt(older, 18 * DAY + 600_000)).toBe('active');
    expect(epochStateAt(newer, 18 * DAY)).toBe('active');
  });

  test('a successor that is itself not active makes no overlap', () => {
    for (const flaw of [{ revokedAt: 1 }, { suspendedAt: 1 }, { destroyedAt: 1 }, { notAfter: 18 * DAY + 1 }]) {
      const [older] = epochsOf({}, { notBefore: 18 * DAY, notAfter: 28 * DAY, ...flaw });
      expect(epochStateAt(older, 18 * DAY + 1)).toBe('active');
    }
  });

  test('the later of two successors counts too', () => {
    const [older] = epochsOf({}, { notBefore: 11 * DAY }, { notBefore: 12 * DAY }, { notBefore: 10 * DAY });
    expect(epochStateAt(older, 12 * DAY + 1)).toBe('overlap');
    expect(epochStateAt(older, 11 * DAY + 1)).toBe('overlap');
    expect(epochStateAt(older, 10 * DAY + 1)).toBe('active');
  });
});

describe('use at an instant', () => {
  test.each([
    [10 * DAY - 5001, 'staged'],
    [10 * DAY - 5000, 'active'],
    [20 * DAY + 5000, 'active'],
    [20 * DAY + 5001, 'expired'],
  ])('5 s of skew at both ends: %i', (time, state) => {
    expect(usableAt(epochOf(), time)).toBe(state);
    expect(isUsableAt(epochOf(), time)).toBe(state === 'active');
  });

  test('revocation, compromise and suspension have no skew', () => {
    for (const name of ['revokedAt', 'compromisedAt', 'suspendedAt']) {
      const epoch = epochOf({ [name]: 15 * DAY });
      expect(isUsableAt(epoch, 15 * DAY - 1)).toBe(true);
      expect(isUsableAt(epoch, 15 * DAY)).toBe(false);
    }
  });

  test('skew of the end does not outlive a revocation', () => {
    expect(usableAt(epochOf({ revokedAt: 20 * DAY + 1000 }), 20 * DAY + 2000)).toBe('revoked');
  });
});

describe('order of trial', () => {
  test('active, overlap, expired, revoked, compromised, suspended, staged, destroyed', () => {
    expect(EPOCH_STATES).toEqual([
      'active',
      'overlap',
      'expired',
      'revoked',
      'compromised',
      'suspended',
      'staged',
      'destroyed',
    ]);
    const time = 15 * DAY;
    const epochs = epochsOf(
      { destroyedAt: 1 },
      { notBefore: 16 * DAY },
      { suspendedAt: 1 },
      { compromisedAt: 1 },
      { revokedAt: 1 },
      { notAfter: 14 * DAY },
      { notBefore: 14 * DAY },
      { notBefore: time - 1 },
    );
    const sorted = [...epochs].sort((a, b) => compareTrialOrder(a, b, time));
    expect(sorted.map((epoch) => epochStateAt(epoch, time))).toEqual(EPOCH_STATES);
    for (const [number, state] of EPOCH_STATES.entries()) expect(stateNumber(state)).toBe(number);
  });

  test('of keys in one state the one that became valid last comes first', () => {
    const epochs = epochsOf({}, { notBefore: 11 * DAY }, { notBefore: 9 * DAY }, {});
    const sorted = [...epochs].sort((a, b) => compareTrialOrder(a, b, 15 * DAY));
    expect(sorted.map((epoch) => epoch.serial)).toEqual([1, 0, 3, 2]);
  });
});

const day = fc.integer({ min: 0, max: 40 }).map((days) => days * DAY);
const optionalDay = fc.option(day, { nil: null });
const dates = fc
  .record({ start: day, length: fc.integer({ min: 1, max: 20 }), suspendedAt: optionalDay, resumed: optionalDay })
  .chain(({ start, length, suspendedAt, resumed }) =>
    fc.record({
      notBefore: fc.constant(start),
      notAfter: fc.constant(start + length * DAY),
      suspendedAt: fc.constant(suspendedAt),
      resumedAt: fc.constant(suspendedAt !== null && resumed !== null ? suspendedAt + resumed + 1 : null),
      revokedAt: optionalDay,
      compromisedAt: optionalDay,
    }),
  );
const time = fc.integer({ min: -DAY, max: 70 * DAY });

/** How far a state is along the way that no key comes back from; suspension and the like are all 0. */
function progress(state: string): number {
  return ['expired', 'revoked', 'compromised', 'destroyed'].indexOf(state) + 1;
}

describe('for any dates', () => {
  test('time only ever moves a key forward: expired, revoked, compromised', () => {
    fc.assert(
      fc.property(dates, time, fc.nat({ max: 30 * DAY }), (key, at, later) => {
        const epoch = epochOf(key);
        expect(progress(epochStateAt(epoch, at + later))).toBeGreaterThanOrEqual(progress(epochStateAt(epoch, at)));
        expect(progress(usableAt(epoch, at + later))).toBeGreaterThanOrEqual(progress(usableAt(epoch, at)));
      }),
    );
  });

  test('what the state allows, use allows', () => {
    fc.assert(
      fc.property(fc.array(dates, { minLength: 1, maxLength: 5 }), time, (keys, at) => {
        for (const epoch of epochsOf(...keys)) {
          const state = epochStateAt(epoch, at);
          if (state === 'active' || state === 'overlap') expect(isUsableAt(epoch, at)).toBe(true);
          expect(epochStateNumberAt(epoch, at)).toBe(stateNumber(state));
        }
      }),
    );
  });

  test('overlap is what a plain look at all keys says', () => {
    fc.assert(
      fc.property(
        fc.array(dates, { minLength: 1, maxLength: 6 }),
        fc.array(fc.constantFrom(-1, 0, 1, 599_999, 600_000, 600_001), { minLength: 1, maxLength: 4 }),
        (keys, offsets) => {
          const epochs = epochsOf(...keys);
          const alone = (epoch: PgkEpoch, at: number) =>
            epochStateAt({ ...epoch, group: { ...epoch.group, keysByStart: [], starts: [] } }, at);
          for (const at of epochs.flatMap((epoch) => offsets.map((offset) => epoch.notBefore + offset))) {
            for (const epoch of epochs) {
              const fresh = epochs.some(
                (other) =>
                  other.notBefore > epoch.notBefore &&
                  at - other.notBefore < 600_000 &&
                  at >= other.notBefore &&
                  alone(other, at) === 'active',
              );
              const expected = alone(epoch, at) === 'active' && fresh ? 'overlap' : alone(epoch, at);
              expect(epochStateAt(epoch, at)).toBe(expected);
            }
          }
        },
      ),
    );
  });

  test('within a steady span nothing changes', () => {
    const SECOND = 1000;
    // Close to one another, so that spans end at all kinds of dates.
    const date = fc.integer({ min: 1, max: 40 }).map((steps) => 20 * DAY + steps * 100 * SECOND);
    const optional = fc.option(date, { nil: null, freq: 1 });
    const key = fc
      .record({
        notBefore: date,
        length: fc.integer({ min: 1, max: 30 }),
        revokedAt: optional,
        compromisedAt: optional,
      })
      .chain(({ notBefore, length, ...others }) =>
        fc.record({
          ...{ notBefore: fc.constant(notBefore), notAfter: fc.constant(notBefore + length * 100 * SECOND) },
          ...{ revokedAt: fc.constant(others.revokedAt), compromisedAt: fc.constant(others.compromisedAt) },
          ...{ suspendedAt: optional, resumedAt: optional },
        }),
      );
    const ends = fc.array(fc.record({ until: date, notAfter: date }), { maxLength: 2 });
    const instant = fc.oneof(
      fc.integer({ min: 20 * DAY - 7200 * SECOND, max: 20 * DAY + 9000 * SECOND }),
      fc.tuple(date, fc.constantFrom(-5000, -1.5, -1, 0, 1, 1.5, 5000, 5001)).map(([at, by]) => at + by),
    );
    let held = 0;
    const ended = new Set<number>();
    fc.assert(
      fc.property(
        fc.array(fc.tuple(key, ends), { minLength: 1, maxLength: 4 }),
        instant,
        fc.array(fc.double({ min: 0, max: 1, noNaN: true }), { maxLength: 5 }),
        (keys, at, parts) => {
          const epochs = epochsOf(...keys.map(([dated]) => dated));
          for (const [i, [, earlierEnds]] of keys.entries()) {
            Object.assign(epochs[i], { earlierEnds: earlierEnds.toSorted((a, b) => a.until - b.until) });
          }
          for (const epoch of epochs) {
            const { after, before } = steadySpan(epoch, at);
            if (at <= after || before <= at) continue;
            held++;
            ended.add(before - at);
            const others = [after + 1e-3, before - 1e-3, ...parts.map((part) => after + (before - after) * part)];
            for (const other of others) {
              if (other <= after || before <= other) continue;
              expect(epochStateNumberAt(epoch, other)).toBe(epochStateNumberAt(epoch, at));
              expect(isUsableAt(epoch, other)).toBe(isUsableAt(epoch, at));
            }
          }
        },
      ),
      { numRuns: 2000 },
    );
    expect(held).toBeGreaterThan(2000);
    expect(ended.size).toBeGreaterThan(100);
  });

  test('asking in any order gives the same answers: the state is a function', () => {
    fc.assert(
      fc.property(fc.array(dates, { minLength: 2, maxLength: 4 }), fc.array(time, { minLength: 2 }), (keys, times) => {
        const epochs = epochsOf(...keys);
        const forward = times.map((at) => epochStateAt(epochs[0], at));
        const backward = times.toReversed().map((at) => epochStateAt(epochs[0], at));
        expect(backward.toReversed()).toEqual(forward);
      }),
    );
  });
});

test('without a delivery the end is the end', () => {
  expect(endAt(epochOf(), 0)).toBe(20 * DAY);
});
