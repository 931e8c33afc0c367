// Keyring files read from their octets against the same read as text: what is plain and right gives the same keyring, and of
// everything else the error is the same. A text is always read by the slow twin.

import fc from 'fast-check';
import { expect, test } from 'vitest';
import { KeyColumns, KeyRange } from '../../../daemon/keyring/key-columns.ts';
import { assembleKeyring } from '../../../daemon/keyring/keyring-assembly.ts';
import { plainKeyring } from '../../../daemon/keyring/keyring-copy.ts';
import { parseKeyring } from '../../../daemon/keyring/keyring-file.ts';
import { readKeyring } from '../../../daemon/keyring/keyring-schema.ts';
import { OctetReader } from '../../../daemon/keyring/octet-reader.ts';
import { OctetWindow, UnusualJson } from '../../../daemon/keyring/octet-window.ts';
import { parseInstant } from '../../../daemon/keyring/rfc3339.ts';
import { RosterBuilder, RosterColumns } from '../../../daemon/keyring/roster.ts';
import { takeUsualKey } from '../../../daemon/keyring/usual-key.ts';
import { takeUsualMember } from '../../../daemon/keyring/usual-member.ts';

const hexOf = (digits: number) =>
  fc
    .array(fc.constantFrom(...'0123456789abcdef'.split('')), { minLength: digits, maxLength: digits })
    .map((all) => all.join(''));
const rarely = (usual: fc.Arbitrary<unknown>, odd: fc.Arbitrary<unknown>) =>
  fc.oneof({ weight: 20, arbitrary: usual }, { weight: 1, arbitrary: odd });
const oddText = fc.constantFrom(
  '',
  'zz',
  'Zweig "\u00fc"',
  '\u{1f692}',
  'a\\b',
  'tab\tin',
  '0A0B0C',
  '::1',
  '10.01.0.1',
  '1.2.3',
);
const name = rarely(fc.string({ maxLength: 12 }), fc.oneof(oddText, fc.constant('x'.repeat(65)), fc.constant(7)));
const address = rarely(
  fc.array(fc.nat({ max: 255 }), { minLength: 4, maxLength: 4 }).map((parts) => parts.join('.')),
  fc.constantFrom('fe80::1', '256.0.0.1', '1.2.3.4 ', '', '01.2.3.4', '1.2.3.', '1..2.3'),
);
const instant = fc.constantFrom('2026-05-01T00:00:00Z', '2026-05-08T00:00:00.25Z', '2026-06-01T00:00:00+00:00');
const member = fc.record(
  {
    id: rarely(hexOf(6), oddText),
    name: rarely(name, fc.constant(null)),
    addresses: rarely(fc.array(address, { maxLength: 3 }), fc.constant(Array.from({ length: 20 }, () => '10.0.0.1'))),
    from: fc.oneof(instant, fc.constant(null)),
    until: fc.oneof(instant, fc.constant(null)),
    role: fc.constant('dog'),
  },
  { requiredKeys: ['id'] },
);
/** The same members of an object, in any order. */
const inAnyOrder = (object: fc.Arbitrary<object>) =>
  object.chain((each) => {
    const members = Object.entries(each);
    const order = fc.shuffledSubarray(members, { minLength: members.length });
    return fc.oneof(fc.constant(each), order.map(Object.fromEntries));
  });
const usualMember = inAnyOrder(
  fc.record(
    {
      id: hexOf(6),
      name,
      addresses: fc.array(address, { maxLength: 3 }),
      from: fc.constantFrom(null, '2026-01-01T00:00:00Z', '2026-05-09T00:00:00Z'),
      until: fc.constantFrom(null, '2026-05-08T00:00:00Z', '2027-01-01T00:00:00Z'),
    },
    { requiredKeys: ['id', 'name'] },
  ),
);
const two = (most: number) => fc.nat({ max: most }).map((value) => String(value).padStart(2, '0'));
const anyInstant = fc
  .tuple(
    fc.constantFrom('0000', '0099', '1899', '1970', '2000', '2024', '2026', '9999'),
    two(13),
    two(32),
    two(24),
    two(60),
    two(60),
  )
  .map(([year, month, day, hour, minute, second]) => `${year}-${month}-${day}T${hour}:${minute}:${second}Z`);
const orDate = rarely(fc.constant(null), instant);
const key = inAnyOrder(
  fc.record(
    {
      id: rarely(fc.nat({ max: 255 }), fc.constantFrom(-1, 1.5, 256, 1e3)),
      key: rarely(
        hexOf(64),
        fc.oneof(
          hexOf(63),
          hexOf(64).map((hex) => hex.toUpperCase()),
          hexOf(63).map((hex) => `${hex}g`),
        ),
      ),
      notBefore: rarely(fc.constant('2026-05-01T00:00:00Z'), fc.oneof(anyInstant, instant)),
      notAfter: rarely(fc.constant('2026-05-08T00:00:00Z'), fc.oneof(anyInstant, instant)),
      revokedAt: orDate,
      compromisedAt: orDate,
      suspendedAt: orDate,
      resumedAt: orDate,
      destroyedAt: orDate,
    },
    { requiredKeys: ['id', 'key', 'notBefore', 'notAfter'] },
  ),
);
const group = fc.record(
  {
    id: hexOf(6),
    name,
    algorithm: rarely(fc.constantFrom('EEA0', '128-EEA2'), fc.constant('AES')),
    multicast: fc.array(address, { maxLength: 2 }),
    members: fc.array(fc.oneof({ weight: 4, arbitrary: usualMember }, { weight: 1, arbitrary: member }), {
      maxLength: 4,
    }),
    keys: fc.array(key, { maxLength: 2 }),
  },
  { requiredKeys: ['id', 'algorithm'] },
);
const format = fc.constant('sidescope-keyring/1');
const usualGroup = fc.record({
  id: hexOf(6),
  algorithm: fc.constantFrom('EEA0', '128-EEA2'),
  members: fc.uniqueArray(fc.record({ id: hexOf(6), name: fc.string({ maxLength: 12 }) }), {
    maxLength: 8,
    selector: ({ id }) => id,
  }),
  keys: fc.uniqueArray(
    fc.record({
      id: fc.nat({ max: 255 }),
      key: hexOf(64),
      notBefore: fc.constant('2026-05-01T00:00:00Z'),
      notAfter: fc.constant('2026-05-08T00:00:00Z'),
    }),
    { maxLength: 3, selector: ({ id }) => id },
  ),
});
const file = fc.record({ format, groups: fc.array(group, { maxLength: 3 }) });

/** What becomes of a keyring file: a keyring as plain data, or the error. */
function outcome(text: string | Uint8Array): unknown {
  try {
    return plainKeyring(parseKeyring(text, 'keyring.json'));
  } catch (error) {
    return [(error as { code?: string }).code, (error as Error).message];
  }
}

test('octets say what the text says', () => {
  const blanks = fc.constantFrom<number | string>(0, 1, '\t', ' \r\n');
  let right = 0;
  fc.assert(
    fc.property(file, blanks, (contents, indent) => {
      const text = JSON.stringify(contents, null, indent).replaceAll('\n', indent === 0 ? '' : '\r\n');
      const expected = outcome(text);
      if (!Array.isArray(expected)) right++;
      expect(outcome(Buffer.from(text))).toEqual(expected);
    }),
    { numRuns: 400 },
  );
  // Neither all right nor all wrong.
  expect(right).toBeGreaterThan(20);
  expect(right).toBeLessThan(390);
});

test('a window over the octets, however small, shows the same or says that it cannot', () => {
  const read = (octets: Uint8Array, size: number, most: number): unknown => {
    let place = 0;
    try {
      const window = new OctetWindow(new Uint8Array(size), octets.length, (into) => {
        const count = Math.min(into.length, most, octets.length - place);
        into.set(octets.subarray(place, place + count));
        place += count;
        return count;
      });
      const reader = new OctetReader(window, 'keyring.json');
      return plainKeyring(assembleKeyring([reader.document(() => readKeyring(reader))]));
    } catch (error) {
      return error instanceof UnusualJson ? null : [(error as { code?: string }).code, (error as Error).message];
    }
  };
  let shown = 0;
  let refused = 0;
  const rights = fc.record({ format, groups: fc.uniqueArray(usualGroup, { maxLength: 4, selector: ({ id }) => id }) });
  const sizes = fc.integer({ min: 300, max: 1500 });
  fc.assert(
    fc.property(
      rights,
      fc.constantFrom(0, 1),
      sizes,
      fc.integer({ min: 1, max: 2000 }),
      (contents, indent, size, most) => {
        const octets = Buffer.from(`${JSON.stringify(contents, null, indent)} \n`);
        const seen = read(octets, size, most);
        if (seen === null) refused++;
        else {
          if (size < octets.length) shown++;
          expect(seen).toEqual(read(octets, octets.length + 1, octets.length));
        }
      },
    ),
    { numRuns: 400 },
  );
  expect(shown).toBeGreaterThan(100);
  expect(refused).toBeGreaterThan(0);
});

test('a window that turns within a character shows it, and finds half of one', () => {
  const names = Array.from({ length: 40 }, (_, i) => `${'x'.repeat(i % 7)}\u00fc\u20ac\u{1f692}`);
  const octets = Buffer.from(JSON.stringify(names));
  const read = (from: Buffer, size: number): string[] => {
    let place = 0;
    const window = new OctetWindow(new Uint8Array(size), from.length, (into) => {
      const count = from.copy(into, 0, place, place + into.length);
      place += count;
      return count;
    });
    const reader = new OctetReader(window, 'x');
    const found: string[] = [];
    reader.document(() => reader.list(() => reader.text((text) => found.push(text))));
    return found;
  };
  for (let size = 160; size < 260; size++) expect(read(octets, size)).toEqual(names);
  for (let at = 1; at < octets.length; at++) {
    if (octets[at] < 0x80 || octets[at] >= 0xc0) continue;
    const broken = Buffer.concat([octets.subarray(0, at), octets.subarray(at + 1)]);
    for (const size of [160, 163, 200, 2048]) expect(() => read(broken, size)).toThrow(UnusualJson);
  }
});

test('a file that was damaged anywhere ends in the same way', () => {
  const contents = {
    format: 'sidescope-keyring/1',
    groups: [
      {
        id: 'f00001',
        algorithm: '128-EEA2',
        members: [
          { id: '0a0b0c', name: 'Engine 71', addresses: ['169.254.10.11', '10.0.0.1'] },
          { id: '0a0b0d' },
          { name: 'Chief 7', from: '2026-01-01T00:00:00Z', id: '0a0b0f', until: null },
          { id: '0a0b0e', name: 'M\u00fcller', addresses: [] },
        ],
        keys: [
          { id: 39, key: 'ab'.repeat(32), notBefore: '2026-05-01T00:00:00Z', notAfter: '2026-05-08T00:00:00Z' },
          {
            revokedAt: null,
            notAfter: '2026-05-15T00:00:00Z',
            notBefore: '2026-05-08T00:00:00Z',
            key: 'ac'.repeat(32),
            id: 40,
          },
        ],
      },
    ],
  };
  const octets = Buffer.from(JSON.stringify(contents, null, 1));
  const replacements = Buffer.from('"\\{}[],: 0a\n\tz.\u0000\u007f');
  for (let at = 0; at < octets.length; at++) {
    const damaged = [octets.subarray(0, at), Buffer.concat([octets.subarray(0, at), octets.subarray(at + 1)])];
    for (const octet of replacements) {
      const other = Buffer.from(octets);
      other[at] = octet;
      damaged.push(other);
    }
    for (const each of damaged) {
      // The name with an umlaut is two octets, of which one may be gone now.
      if (each.includes(0xc3) !== each.includes(0xbc)) continue;
      expect(outcome(each), each.toString()).toEqual(outcome(each.toString()));
    }
  }
}, 60_000);

test('escapes are read, and half a character is none', () => {
  const read = (text: string) => {
    const octets = Buffer.from(text, 'latin1');
    return new OctetReader(new OctetWindow(octets, octets.length, null), 'x').text((value) => value);
  };
  expect(read('"a\\u00fc\\"\\\\b"')).toBe('a\u00fc"\\b');
  for (const wrong of ['"a\\x"', '"a\\u00f"', '"a', '"a\\"', '"\u0007"', '"\u00fc"']) {
    expect(() => read(wrong), wrong).toThrow(UnusualJson);
  }
});

test('dates of keys are those of the calendar', () => {
  const digits = (value: number, length: number) => String(value).padStart(length, '0');
  const part = (least: number, most: number) => fc.integer({ min: least, max: most });
  const date = fc.tuple(part(0, 9999), part(0, 13), part(0, 32), part(0, 24), part(0, 60), part(0, 60));
  const text = date.map(
    ([year, month, day, ...clock]) =>
      `${digits(year, 4)}-${digits(month, 2)}-${digits(day, 2)}T${clock.map((each) => digits(each, 2)).join(':')}Z`,
  );
  fc.assert(
    fc.property(text, text, (notBefore, notAfter) => {
      const octets = Buffer.from(JSON.stringify({ id: 39, key: 'aB'.repeat(32), notBefore, notAfter }));
      const [begin, end] = [parseInstant(notBefore), parseInstant(notAfter)];
      const isUsual = typeof begin === 'number' && typeof end === 'number' && end > begin;
      const keys = new KeyColumns(1);
      expect(takeUsualKey(octets, 0, keys)).toBe(isUsual ? octets.length : -1);
      const found = new KeyRange(keys, 0, keys.length);
      const dates = Array.from({ length: found.length }, (_, at) => found.terms(at));
      expect(dates.map((each) => [each.id, each.notBefore, each.notAfter])).toEqual(isUsual ? [[39, begin, end]] : []);
    }),
    { numRuns: 3000 },
  );
});

const takenMember = (text: string): number =>
  takeUsualMember(Buffer.from(text), 0, new RosterBuilder(new RosterColumns(1)));
const takenKey = (text: string): number => takeUsualKey(Buffer.from(text), 0, new KeyColumns(1));

test('what interfaces 2 shows of a member and of a key is usual, in any order', () => {
  const addresses = ['169.254.10.11'];
  const member = { id: '0a0b0c', name: 'Engine 71', addresses, from: '2026-01-01T00:00:00Z', until: null };
  const dates = { notBefore: '2026-05-01T00:00:00Z', notAfter: '2026-05-08T00:00:00Z' };
  const orders = { revokedAt: null, compromisedAt: null, suspendedAt: null, resumedAt: null, destroyedAt: null };
  const key = { id: 39, key: 'ab'.repeat(32), ...dates, ...orders };
  for (const indent of [undefined, 2]) {
    const inOrder = JSON.stringify(member, null, indent);
    const inReverse = JSON.stringify(Object.fromEntries(Object.entries(member).toReversed()), null, indent);
    for (const text of [inOrder, inReverse]) expect(takenMember(text)).toBe(text.length);
    const keyInOrder = JSON.stringify(key, null, indent);
    const keyInReverse = JSON.stringify(Object.fromEntries(Object.entries(key).toReversed()), null, indent);
    for (const text of [keyInOrder, keyInReverse]) expect(takenKey(text)).toBe(text.length);
  }
});

test.each([
  ['no member', '{}'],
  ['no id', '{"name":"Engine 71"}'],
  ['an id twice', '{"id":"0a0b0c","id":"0a0b0c"}'],
  ['a name twice', '{"name":"a","id":"0a0b0c","name":"a"}'],
  ['another member', '{"id":"0a0b0c","role":"dog"}'],
  ['no end', '{"id":"0a0b0c"'],
  ['nothing behind a comma', '{"id":"0a0b0c",}'],
  ['an end before the beginning', '{"id":"0a0b0c","from":"2026-01-02T00:00:00Z","until":"2026-01-01T00:00:00Z"}'],
  ['a fraction of a second', '{"id":"0a0b0c","from":"2026-01-02T00:00:00.5Z"}'],
  ['half of null', '{"id":"0a0b0c","from":nul}'],
  ['an instant that is a number', '{"id":"0a0b0c","until":7}'],
])('a member with %s is no usual one', (_, text) => {
  expect(takenMember(text)).toBe(-1);
});

const KEY_TEXT = `"id":39,"key":"${'ab'.repeat(32)}","notBefore":"2026-05-01T00:00:00Z"`;

test.each([
  ['no end of its validity', `{${KEY_TEXT}}`],
  ['its id twice', `{"id":39,${KEY_TEXT},"notAfter":"2026-05-08T00:00:00Z"}`],
  ['a date', `{${KEY_TEXT},"notAfter":"2026-05-08T00:00:00Z","revokedAt":"2026-05-02T00:00:00Z"}`],
  ['half of null', `{${KEY_TEXT},"notAfter":"2026-05-08T00:00:00Z","revokedAt":nul}`],
  ['an algorithm', `{${KEY_TEXT},"notAfter":"2026-05-08T00:00:00Z","algorithm":"128-EEA2"}`],
])('a key with %s is no usual one', (_, text) => {
  expect(takenKey(text)).toBe(-1);
});
