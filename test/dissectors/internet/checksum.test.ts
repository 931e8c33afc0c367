// The Internet checksum against RFC 1071's own arithmetic.

import fc from 'fast-check';
import { expect, test } from 'vitest';
import {
  addToChecksum,
  foldChecksum,
  internetChecksum,
  pseudoHeaderSum,
} from '../../../dissectors/internet/checksum.ts';
import { octets } from '../tree-recorder.ts';

/** The slow, obvious twin: words added one by one, each carry brought round at once. */
function slowChecksum(bytes: Uint8Array): number {
  let sum = 0;
  for (let at = 0; at < bytes.length; at += 2) {
    sum += bytes[at] * 256 + (bytes[at + 1] ?? 0);
    if (sum > 0xffff) sum = sum - 0x10000 + 1;
  }
  return 0xffff - sum;
}

test('an IPv4 header of RFC 1071 and a UDP datagram of the reference add up', () => {
  expect(internetChecksum(octets('45000073000040004011b861c0a80001c0a800c7'), 0, 20)).toBe(0);
  const sdu = octets('45000025123400004011C48AA9FE0A0BEFFF00011388138800114C6B5054542068656C6C6F');
  const pseudo = pseudoHeaderSum(sdu, 12, 16, 4, 17, sdu.length - 20);
  expect(foldChecksum(addToChecksum(pseudo, sdu, 20, sdu.length))).toBe(0);
});

test('is the same as the slow twin, and 0 once written into the octets', () => {
  fc.assert(
    fc.property(fc.uint8Array({ minLength: 2, maxLength: 1500 }), (bytes) => {
      expect(internetChecksum(bytes, 0, bytes.length)).toBe(slowChecksum(bytes));
      bytes[0] = 0;
      bytes[1] = 0;
      const checksum = internetChecksum(bytes, 0, bytes.length);
      bytes[0] = checksum >> 8;
      bytes[1] = checksum;
      expect([0, 0xffff]).toContain(internetChecksum(bytes, 0, bytes.length));
    }),
  );
});
