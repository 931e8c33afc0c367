// Text put together as octets, held against what strings say.

import fc from 'fast-check';
import { expect, test } from 'vitest';
import { AsciiWriter, digitsOf } from '../../dissectors/ascii-writer.ts';

const out = new AsciiWriter();

function written(write: () => void): string {
  write();
  return Buffer.from(out.take()).toString('utf8');
}

const number = fc.oneof(fc.nat(1000), fc.nat(0xffff_ffff), fc.nat(Number.MAX_SAFE_INTEGER));

test('numbers', () => {
  fc.assert(
    fc.property(number, fc.integer({ min: 1, max: 9 }), (value, width) => {
      expect(written(() => out.decimal(value))).toBe(String(value));
      expect(digitsOf(value)).toBe(String(value).length);
      expect(written(() => out.paddedDecimal(value, width))).toBe(String(value).padStart(width, '0'));
      expect(written(() => out.rightDecimal(value, width))).toBe(String(value).padStart(width, ' '));
    }),
  );
});

test('octets with colons', () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 40 }), (octets) => {
      const text = Array.from(octets, (octet) => octet.toString(16).padStart(2, '0')).join(':');
      expect(written(() => out.hexWithColons(octets))).toBe(text);
    }),
  );
});

test('drafts: what is put over them, and nothing beside it', () => {
  const octets = fc.uint8Array({ minLength: 1, maxLength: 20 });
  fc.assert(
    fc.property(octets, number, fc.nat(0xffff_ffff), (values, value, hex) => {
      const colons = Array.from(values, (octet) => octet.toString(16).padStart(2, '0')).join(':');
      const digits = String(value).length;
      const text = written(() => {
        out.text('before ');
        const at = out.draft(
          Buffer.from(`<${'.'.repeat(colons.length)}|${'.'.repeat(digits)}|........|${'.'.repeat(2)}>`),
        );
        out.putHexWithColons(at + 1, values, 0, values.length);
        out.putDecimal(at + colons.length + 2, value, digits);
        out.putHex(at + colons.length + digits + 3, hex, 8);
        out.putAgain(at + colons.length + digits + 12, at + 1, at + 3);
        out.text(' behind');
      });
      const again = colons.slice(0, 2);
      expect(text).toBe(`before <${colons}|${value}|${hex.toString(16).padStart(8, '0')}|${again}> behind`);
    }),
  );
});
