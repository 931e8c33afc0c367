// A roster in columns against the same stays as objects.

import fc from 'fast-check';
import { expect, test } from 'vitest';
import { type MemberDraft, rosterOf } from '../../../daemon/keyring/roster.ts';

const octets = (length: number) => fc.uint8Array({ minLength: length, maxLength: length, max: 3 });
const instant = fc.option(fc.integer({ min: -3, max: 3 }));
const stay: fc.Arbitrary<MemberDraft> = fc.record({
  id: fc.oneof(fc.nat({ max: 5 }), fc.constantFrom(0, 0xff_ffff)),
  name: fc.option(fc.string({ maxLength: 4 })),
  addresses: fc.array(fc.oneof(octets(4), octets(16)), { maxLength: 3 }),
  from: instant,
  until: instant,
});

test('says what the stays say', () => {
  fc.assert(
    fc.property(
      fc.array(stay, { maxLength: 12 }),
      fc.integer({ min: -4, max: 4 }),
      octets(16),
      (stays, time, bytes) => {
        const roster = rosterOf(stays);
        expect(roster.length).toBe(stays.length);
        expect(roster.drafts()).toEqual(stays);
        expect(roster.hasAddresses).toBe(stays.some(({ addresses }) => addresses.length > 0));
        expect(roster.hasRepeats).toBe(new Set(stays.map(({ id }) => id)).size < stays.length);
        for (const id of [0, 1, 2, 3, 4, 5, 6, 0xff_ffff]) {
          const found: number[] = [];
          for (let place = roster.find(id); roster.isOf(place, id); place++) found.push(roster.stayAt(place));
          expect(found).toEqual(stays.flatMap((each, index) => (each.id === id ? [index] : [])));
        }
        for (const [index, { id, addresses, from, until }] of stays.entries()) {
          expect(roster.id(index)).toBe(id);
          expect([roster.from(index), roster.until(index)]).toEqual([
            from ?? Number.NEGATIVE_INFINITY,
            until ?? Number.POSITIVE_INFINITY,
          ]);
          expect(roster.covers(index, time)).toBe(
            (from ?? Number.NEGATIVE_INFINITY) <= time && time < (until ?? Number.POSITIVE_INFINITY),
          );
          for (const length of [4, 16]) {
            const listed = addresses.filter((address) => address.length === length);
            const isListed = listed.some((address) => Buffer.compare(address, bytes.subarray(0, length)) === 0);
            expect(roster.lists(index, bytes, 0, length)).toBe(listed.length === 0 ? null : isListed);
          }
        }
      },
    ),
  );
});

test('what is given out is a copy', () => {
  const address = Uint8Array.of(10, 0, 0, 1);
  const roster = rosterOf([{ id: 1, name: null, addresses: [address], from: null, until: null }]);
  address.fill(0);
  roster.draft(0).addresses[0].fill(0);
  expect(roster.draft(0).addresses).toEqual([Uint8Array.of(10, 0, 0, 1)]);
});
