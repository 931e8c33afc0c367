// IP addresses as octets, held against what node:net takes for one and what a URL makes of it.

import { isIPv4, isIPv6 } from 'node:net';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { addressOctets } from '../../../daemon/keyring/ip-address.ts';

/** The octets by way of the parser of URLs, which writes every IPv6 address in one form. */
function octetsOf(text: string): number[] | null {
  if (isIPv4(text)) return text.split('.').map(Number);
  if (!isIPv6(text) || text.includes('%')) return null;
  const plain = new URL(`http://[${text}]`).hostname.slice(1, -1);
  const [front, back] = plain.split('::').map((side) => (side === '' ? [] : side.split(':')));
  const zeros = Array.from({ length: 8 - front.length - (back?.length ?? 0) }, () => '0');
  const words = back === undefined ? front : [...front, ...zeros, ...back];
  return words.flatMap((word) => [Number.parseInt(word, 16) >>> 8, Number.parseInt(word, 16) & 0xff]);
}

function ours(text: string): number[] | null {
  const octets = addressOctets(text);
  return octets === null ? null : [...octets];
}

describe('the same as node:net', () => {
  test.each([
    ...['10.0.0.1', '255.255.255.255', '256.0.0.1', '01.2.3.4', '1.2.3', '1.2.3.4.5', '1..2.3', ' 1.2.3.4', '1.2.3.4 '],
    ...['::', '::1', '1::', '1:2:3:4:5:6:7:8', '1:2:3:4:5:6:7::', '::2:3:4:5:6:7:8', '1::3:4:5:6:7:8', '1:2:3:4:5:6:7'],
    ...[
      '1:2:3:4:5:6:7:8:9',
      '1::2::3',
      ':::',
      ':1',
      '1:',
      '::ffff:1.2.3.4',
      '1.2.3.4::',
      '::1.2.3.4:5',
      '1:2:3:4:5:6:1.2.3.4',
    ],
    ...['fe80::1%eth0', 'FF02::ABCD', '12345::', 'g::', '', ':', '::1.2.3', '1:2:3:4:5:6:7:1.2.3.4', '::01.2.3.4'],
  ])('%s', (text) => {
    expect(ours(text)).toEqual(octetsOf(text));
  });

  test('addresses', () => {
    fc.assert(
      fc.property(fc.oneof(fc.ipV4(), fc.ipV6()), (text) => {
        expect(ours(text)).toEqual(octetsOf(text));
      }),
    );
  });

  test('what looks like addresses', () => {
    const part = fc.constantFrom(':', '::', ':', '.', '0', '1', 'ff', 'abcd', '10', '255', '256', '1.2.3.4', 'g', '%');
    fc.assert(
      fc.property(fc.array(part, { maxLength: 17 }), (parts) => {
        const text = parts.join('');
        expect(ours(text), JSON.stringify(text)).toEqual(octetsOf(text));
      }),
      { numRuns: 2000 },
    );
  });
});
