// Values as text: bases, names, bits, times, at their edges.

import { describe, expect, test } from 'vitest';
import { type FieldOptions, type FieldType, type FieldValue, field } from '../../dissectors/layer.ts';
import { bareText, bitsText, calendarText, epochText, isoText, readableText } from '../../dissectors/value-text.ts';

function make(type: FieldType, options: Partial<FieldOptions> = {}) {
  return field('demo.x', 'X', type, { about: 'x', clause: 'x', ...options });
}
const NAMES = new Map([
  [0, 'Off'],
  [3, '3'],
  [5, 'Five'],
]);

describe('bare and readable text', () => {
  const cases: [type: FieldType, options: Partial<FieldOptions>, value: FieldValue, bare: string, readable: string][] =
    [
      ['uint', {}, 7, '7', '7'],
      ['uint', { base: 'hex' }, 7, '0x07', '0x07'],
      ['uint', { base: 'hex', width: 4 }, 7, '0x00000007', '0x00000007'],
      ['uint', { base: 'hex', mask: 0xf0 }, 7, '0x07', '0x7'],
      ['uint', { base: 'hex', width: 0 }, 255, '0xff', '0xff'],
      ['uint', { base: 'dec_hex' }, 7, '7', '7 (0x07)'],
      ['uint', { base: 'dec_hex', values: NAMES }, 3, '3', '3 (0x03)'],
      ['uint', { base: 'dec_hex', values: NAMES }, 5, '5', 'Five (5)'],
      ['uint', { base: 'hex', values: NAMES }, 5, '0x05', 'Five (0x05)'],
      ['uint', { values: NAMES }, 6, '6', '6'],
      ['uint', { width: 8 }, 18_446_744_073_709_551_615n, '18446744073709551615', '18446744073709551615'],
      ['uint', { base: 'hex', width: 4 }, -1, '-0x1', '-0x1'],
      ['uint', {}, -5, '-5', '-5'],
      ['bool', {}, true, '1', 'True'],
      ['bool', {}, false, '0', 'False'],
      ['bool', { values: NAMES }, false, '0', 'Off'],
      ['l2id', {}, 0x0a0b0c, '0a0b0c', '0a0b0c'],
      ['l2id', { base: 'hex' }, 0x0b0c, '0x000b0c', '0x000b0c'],
      ['l2id', {}, 'f000??', 'f000??', 'f000??'],
      ['ipv4', {}, Uint8Array.of(1, 2, 3, 4), '1.2.3.4', '1.2.3.4'],
      ['ipv4', {}, Uint8Array.of(1, 2), '0102', '0102'],
      ['ether', {}, Uint8Array.of(1, 2, 3, 4, 5, 6), '01:02:03:04:05:06', '01:02:03:04:05:06'],
      ['ipv6', {}, new Uint8Array(16), '::', '::'],
      ['bytes', {}, Uint8Array.of(0xa, 0xb), '0a0b', '0a0b'],
      ['bytes', {}, new Uint8Array(65), '00'.repeat(65), `${'00'.repeat(64)}...`],
      ['text', {}, 'a\u001b', 'a\\x1b', 'a\\x1b'],
      ['time', {}, 0n, 'Jan  1, 1970 00:00:00.000000000 UTC', 'Jan  1, 1970 00:00:00.000000000 UTC'],
      ['time', {}, 5, '5', '5'],
      ['marker', {}, true, 'X', 'X'],
    ];
  test.each(cases)('%s %j of %s', (type, options, value, bare, readable) => {
    expect(bareText(make(type, options), value)).toBe(bare);
    expect(readableText(make(type, options), value)).toBe(readable);
  });

  test('octets with a separator, as JSON has them', () => {
    expect(bareText(make('bytes'), Uint8Array.of(1, 2, 3), ':')).toBe('01:02:03');
    expect(bareText(make('bytes'), new Uint8Array(0), ':')).toBe('');
  });
});

describe('bits', () => {
  test('those of the field as digits, others as dots', () => {
    const bytes = Uint8Array.of(0xff, 0x45, 0x12, 0x34, 0x56);
    expect(bitsText(make('uint', { mask: 0x0f }), bytes, 1)).toBe('.... 0101');
    expect(bitsText(make('uint', { mask: 0xf0 }), bytes, 1)).toBe('0100 ....');
    expect(bitsText(make('uint', { width: 2, mask: 0x1ff8 }), bytes, 1)).toBe('...0 0101 0001 0...');
    expect(bitsText(make('uint', { width: 4, mask: 0x80000001 }), bytes, 1)).toBe(
      '0... .... .... .... .... .... .... ...0',
    );
  });

  test('nothing where the field fills its octets, or they are not there', () => {
    expect(bitsText(make('uint'), Uint8Array.of(1), 0)).toBe('');
    expect(bitsText(make('uint', { width: 2, mask: 0xf000 }), Uint8Array.of(1), 0)).toBe('');
    expect(bitsText(make('uint', { mask: 0xf0 }), Uint8Array.of(1), 1)).toBe('');
  });
});

describe('times', () => {
  test('before 1970 and beyond the calendar', () => {
    expect(isoText(-1n)).toBe('1969-12-31T23:59:59.999999999Z');
    expect(calendarText(-1_000_000_000n)).toBe('Dec 31, 1969 23:59:59.000000000 UTC');
    expect(epochText(-1_500_000_000n)).toBe('-1.500000000');
    expect(epochText(1_500_000_000n)).toBe('1.500000000');
    const beyond = 10n ** 28n;
    expect(isoText(beyond)).toBe(epochText(beyond));
    expect(calendarText(beyond)).toBe(epochText(beyond));
  });
});
