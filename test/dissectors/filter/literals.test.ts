// Values as they are written in filters, at their edges.

import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import {
  parseInteger,
  parseIpv4,
  parseIpv6,
  parseL2id,
  parseOctets,
  parseTime,
  splitNetwork,
  unescapeOctets,
  unescapeText,
} from '../../../dissectors/filter/literals.ts';
import { ipv6Text } from '../../../dissectors/text.ts';
import { calendarText, epochText, isoText } from '../../../dissectors/value-text.ts';

describe('literals', () => {
  test.each([
    ['0', 0],
    ['42', 42],
    ['052', 42],
    ['0x2A', 42],
    ['0b101010', 42],
    ['-7', -7],
    ['18446744073709551615', 18446744073709551615n],
    ['08', null],
    ['0x', null],
    ['1e3', null],
    ['', null],
  ])('integer %s', (text, value) => expect(parseInteger(text)).toBe(value));

  test.each([
    ['0a0b0c', 0x0a0b0c],
    ['100001', 0x100001],
    ['0xff', 0xff],
    ['0x0a0b0c', 0x0a0b0c],
    ['F000??', 'f000??'],
    ['255', null],
    ['0x1000000', null],
    ['0a0b0g', null],
  ])('Layer-2 id %s', (text, id) => expect(parseL2id(text)).toBe(id));

  test('IPv4', () => {
    expect(parseIpv4('10.0.0.255')).toEqual(Uint8Array.of(10, 0, 0, 255));
    for (const wrong of ['10.0.0', '10.0.0.256', '10.0.0.01', '10.0.0.1.', 'a.b.c.d', ''])
      expect(parseIpv4(wrong)).toBeNull();
  });

  test('IPv6 in every spelling is what it is', () => {
    fc.assert(
      fc.property(fc.array(fc.constantFrom(0, 0, 0, 1, 0x80, 0xff), { minLength: 16, maxLength: 16 }), (octets) => {
        const address = Uint8Array.from(octets);
        expect(parseIpv6(ipv6Text(address, 0))).toEqual(address);
        const long = Array.from({ length: 8 }, (_, group) =>
          ((octets[2 * group] << 8) | octets[2 * group + 1]).toString(16),
        );
        expect(parseIpv6(long.join(':'))).toEqual(address);
      }),
    );
    expect(parseIpv6('::ffff:10.0.0.1')).toEqual(Uint8Array.of(0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff, 10, 0, 0, 1));
    expect(parseIpv6('::')).toEqual(new Uint8Array(16));
    for (const wrong of [
      ':',
      ':::',
      '1::2::3',
      '1:2:3:4:5:6:7:8:9',
      '1:2:3',
      '12345::',
      '1:2:3:4:5:6:7::8',
      '10.0.0.1',
      '',
    ]) {
      expect(parseIpv6(wrong), wrong).toBeNull();
    }
  });

  test('networks', () => {
    expect(splitNetwork('10.0.0.0/8', 32)).toEqual({ address: '10.0.0.0', bits: 8 });
    expect(splitNetwork('10.0.0.0', 32)).toEqual({ address: '10.0.0.0', bits: null });
    for (const wrong of ['a/33', 'a/', 'a/-1', 'a/08', 'a/8/8']) expect(splitNetwork(wrong, 32).bits).toBe(-1);
  });

  test.each([
    ['45:00', [0x45, 0]],
    ['45-0', [0x45, 0]],
    ['4.0.1', [4, 0, 1]],
    ['4500ff', [0x45, 0, 0xff]],
    ['0x45', [0x45]],
    ['7', [7]],
    ['45:00-1', null],
    ['450', null],
    ['g0', null],
    ['45:', null],
  ])('octets %s', (text, octets) =>
    expect(parseOctets(text)).toEqual(octets === null ? null : Uint8Array.from(octets)),
  );

  test('times in every form that is printed come back', () => {
    const nanoseconds = fc.bigInt({ min: -2_000_000_000_000_000_000n, max: 4_000_000_000_000_000_000n });
    fc.assert(
      fc.property(nanoseconds, (time) => {
        expect(parseTime(isoText(time))).toBe(time);
        expect(parseTime(calendarText(time))).toBe(time);
        expect(parseTime(epochText(time))).toBe(time);
      }),
    );
    expect(parseTime('2026-05-01')).toBe(BigInt(Date.UTC(2026, 4, 1)) * 1_000_000n);
    expect(parseTime('2026-05-01T10:00Z')).toBe(BigInt(Date.UTC(2026, 4, 1, 10)) * 1_000_000n);
    expect(parseTime('2026-05-01T10:00:00-01:30')).toBe(BigInt(Date.UTC(2026, 4, 1, 11, 30)) * 1_000_000n);
    for (const wrong of [
      '2026-13-01',
      '2026-02-29',
      '2026-05-01T24:00:00Z',
      '2026-05-01T10:60:00Z',
      '2026-05-01T10:00:00+25:00',
      'Foo 1, 2026',
      '26-05-01',
      '1.',
    ]) {
      expect(parseTime(wrong), wrong).toBeNull();
    }
  });

  test('escapes', () => {
    expect(unescapeText('a\\n\\t\\"\\\\\\x41\\101\\u20ac')).toBe('a\n\t"\\AA€');
    expect(unescapeText('\\d+\\.')).toBe('\\d+\\.');
    expect([...unescapeOctets('a\\xff\\377€')]).toEqual([0x61, 0xff, 0xff, 0xe2, 0x82, 0xac]);
    expect([...unescapeOctets('\\\\x41')]).toEqual([...new TextEncoder().encode('\\x41')]);
  });
});
