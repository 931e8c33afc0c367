// Fields that stand one behind the other, and the numbers behind them.

import fc from 'fast-check';
import { expect, test } from 'vitest';
import { field, type Protocol } from '../../dissectors/layer.ts';
import { addFields, addOctets, readField } from '../../dissectors/layout.ts';
import { nanosecondsToNtp, ntpToNanoseconds } from '../../dissectors/ntp.ts';
import { int32, OctetWriter, uint16, uint24, uint32 } from '../../dissectors/octets.ts';
import { octets, TreeRecorder } from './tree-recorder.ts';

const about = { about: 'A test field.', clause: 'none' };

test('masked fields share octets until the one that holds the lowest bit', () => {
  const fields = {
    high: field('t.high', 'High', 'uint', { ...about, mask: 0xc0 }),
    flag: field('t.flag', 'Flag', 'bool', { ...about, mask: 0x20 }),
    low: field('t.low', 'Low', 'uint', { ...about, mask: 0x1f }),
    wide: field('t.wide', 'Wide', 'uint', { ...about, width: 4, mask: 0x80000000 }),
    rest: field('t.rest', 'Rest', 'uint', { ...about, width: 4, mask: 0x7fffffff }),
    long: field('t.long', 'Long', 'uint', { ...about, width: 8 }),
    address: field('t.address', 'Address', 'ipv4', { ...about, width: 4 }),
    tail: field('t.tail', 'Tail', 'bytes', { ...about, width: 0 }),
  };
  const protocol: Protocol = { name: 't', title: 'T', about: '', clause: '', fields };
  const bytes = octets('bf 80000005 ffffffffffffffff 0a000001 aabb');
  const tree = new TreeRecorder();
  tree.begin(protocol, 0, bytes.length);
  const order = [fields.high, fields.flag, fields.low, fields.wide, fields.rest, fields.long, fields.address];
  const next = addFields(tree, bytes, 0, order);
  addOctets(tree, fields.tail, bytes, next, bytes.length);
  addOctets(tree, fields.tail, bytes, bytes.length, bytes.length);
  tree.end();
  expect(next).toBe(17);
  expect(tree.fields.map((entry) => [entry.at, entry.length, entry.value])).toEqual([
    [0, 1, 2],
    [0, 1, true],
    [0, 1, 0x1f],
    [1, 4, 1],
    [1, 4, 5],
    [5, 8, 0xffffffffffffffffn],
    [13, 4, octets('0a000001')],
    [17, 2, octets('aabb')],
  ]);
});

test('a masked field is the same as shifting by hand', () => {
  fc.assert(
    fc.property(fc.uint8Array({ minLength: 4, maxLength: 4 }), fc.nat(31), fc.nat(31), (bytes, first, second) => {
      const [low, high] = [Math.min(first, second), Math.max(first, second)];
      const mask = Number(((1n << BigInt(high - low + 1)) - 1n) << BigInt(low));
      const declared = field('t.x', 'X', 'uint', { ...about, width: 4, mask });
      const expected = (BigInt(uint32(bytes, 0)) & BigInt(mask)) >> BigInt(low);
      expect(readField(declared, bytes, 0)).toBe(Number(expected));
    }),
  );
});

test('what the writer writes the readers read', () => {
  fc.assert(
    fc.property(fc.nat(0xffff), fc.nat(0xffffff), fc.nat(0xffffffff), fc.bigInt(0n, (1n << 64n) - 1n), (a, b, c, d) => {
      const bytes = new OctetWriter().uint16(a).uint24(b).uint32(c).uint64(d).take();
      expect([uint16(bytes, 0), uint24(bytes, 2), uint32(bytes, 5), int32(bytes, 5)]).toEqual([a, b, c, c | 0]);
      expect((BigInt(uint32(bytes, 9)) << 32n) | BigInt(uint32(bytes, 13))).toBe(d);
    }),
  );
});

test('the writer grows, patches and copies', () => {
  const writer = new OctetWriter().uint16(0).bytes(new Uint8Array(200).fill(7));
  const first = writer.patch16(0, 0x1234).take();
  writer.uint8(1);
  expect(first).toHaveLength(202);
  expect([first[0], first[1], first[201]]).toEqual([0x12, 0x34, 7]);
});

test('NTP times go both ways, over the end of the era in 2036', () => {
  expect(ntpToNanoseconds(2_208_988_800, 0)).toBe(0n);
  expect(ntpToNanoseconds(0, 0)).toBe(BigInt(Date.UTC(2036, 1, 7, 6, 28, 16)) * 1_000_000n);
  expect(ntpToNanoseconds(2_208_988_800, 0x80000000)).toBe(500_000_000n);
  const span = { min: 0n, max: BigInt(Date.UTC(2100, 0)) * 1_000_000n };
  fc.assert(
    fc.property(fc.bigInt(span.min, span.max), (time) => {
      const ntp = nanosecondsToNtp(time);
      expect(ntpToNanoseconds(Number(ntp >> 32n), Number(ntp & 0xffffffffn))).toBe(time);
    }),
  );
});
