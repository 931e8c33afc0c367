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

test('octets that are handed in are filled as far as they suffice', () => {
  fc.assert(
    fc.property(fc.array(fc.string(), { maxLength: 20 }), fc.integer({ min: 1, max: 200 }), (texts, room) => {
      const writer = new AsciiWriter();
      const memory = new SharedArrayBuffer(room + 2);
      writer.gatherIn(Buffer.from(memory, 1, room));
      for (const text of texts) writer.utf8(text);
      const taken = writer.take();
      // A lone half of a pair is a mark of its own where texts are written one by one.
      const expected = Buffer.concat(texts.map((text) => Buffer.from(text, 'utf8')));
      expect(Buffer.compare(taken, expected)).toBe(0);
      if (3 * expected.length <= room) expect(taken.buffer).toBe(memory);
      expect([new Uint8Array(memory)[0], new Uint8Array(memory)[room + 1]]).toEqual([0, 0]);
    }),
  );
});
