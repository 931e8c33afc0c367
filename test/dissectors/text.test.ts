// Text from packets must not reach a terminal as it came.

import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { etherText, hexText, ipv4Text, ipv6Text, safeString, safeText } from '../../dissectors/text.ts';
import { octets } from './tree-recorder.ts';

const encode = (text: string) => new TextEncoder().encode(text);

describe('safeText', () => {
  test.each([
    ['escape sequence', '\x1b[2J', '.[2J'],
    ['C1 control as UTF-8', 'a\u009bb', 'a..b'],
    ['line breaks', 'a\r\nb', 'a..b'],
    ['NUL and DEL', 'a\0b\x7f', 'a.b.'],
    ['bidirectional override', 'a\u202eb', 'a...b'],
    ['letters beyond ASCII', 'Z\u00fcrich', 'Z..rich'],
  ])('%s', (_name, text, expected) => {
    const bytes = encode(text);
    expect(safeText(bytes, 0, bytes.length)).toBe(expected);
  });

  test('replaces invalid UTF-8 octet by octet and marks a cut', () => {
    expect(safeText(octets('61ff80c062'), 0, 5)).toBe('a...b');
    expect(safeText(encode('abcdef'), 0, 6, 3)).toBe('abc...');
    expect(safeText(encode('abc'), 0, 99, 3)).toBe('abc');
  });

  test('gives printable ASCII for any octets', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 300 }), fc.nat(300), (bytes, limit) => {
        const text = safeText(bytes, 0, bytes.length, limit);
        expect(text).toMatch(/^[\x20-\x7e]*$/);
        expect(text.length).toBeLessThanOrEqual(limit + 3);
      }),
    );
  });
});

test('safeString gives printable ASCII of bounded length for any string', () => {
  expect(safeString('caf\u00e9 \u202e\x1b[0m')).toBe('caf. ..[0m');
  fc.assert(
    fc.property(fc.string({ unit: 'binary', maxLength: 400 }), fc.integer({ min: 3, max: 200 }), (text, limit) => {
      const safe = safeString(text, limit);
      expect(safe).toMatch(/^[\x20-\x7e]*$/);
      expect(safe.length).toBeLessThanOrEqual(limit);
    }),
  );
});

test('hexText, ipv4Text, etherText', () => {
  const bytes = octets('02005e0001ff');
  expect(hexText(bytes, 0, 6)).toBe('02005e0001ff');
  expect(hexText(bytes, 0, 6, 2)).toBe('0200...');
  expect(etherText(bytes, 0)).toBe('02:00:5e:00:01:ff');
  expect(ipv4Text(octets('a9fe0a0b'), 0)).toBe('169.254.10.11');
});

describe('ipv6Text follows RFC 5952', () => {
  test.each([
    ['00000000000000000000000000000000', '::'],
    ['00000000000000000000000000000001', '::1'],
    ['fe800000000000000000000000000001', 'fe80::1'],
    ['20010db8000000010001000100010001', '2001:db8:0:1:1:1:1:1'],
    ['20010db8000000000000000000020001', '2001:db8::2:1'],
    ['20010000000100000000000000000001', '2001:0:1::1'],
    ['20010db8000000000001000000000001', '2001:db8::1:0:0:1'],
    ['ff020000000000000000000000000000', 'ff02::'],
    ['00010002000300040005000600070008', '1:2:3:4:5:6:7:8'],
  ])('%s is %s', (hex, text) => expect(ipv6Text(octets(hex), 0)).toBe(text));

  test('is read back by another parser as the same address', () => {
    fc.assert(
      fc.property(fc.uint8Array({ minLength: 16, maxLength: 16 }), (bytes) => {
        const [head, tail] = ipv6Text(bytes, 0).split('::');
        const groups = (text: string | undefined) => (text ? text.split(':') : []);
        const [left, right] = [groups(head), groups(tail)];
        const zeros = '0'.repeat(8 - left.length - right.length).split('');
        const value = [...left, ...zeros, ...right].map((group) => group.padStart(4, '0')).join('');
        expect(value).toBe(Buffer.from(bytes).toString('hex'));
      }),
    );
  });
});
