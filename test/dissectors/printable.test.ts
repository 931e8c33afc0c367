// Text for terminals: letters of every script stay, controls never.

import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { printable, printableJson, printableUtf8 } from '../../dissectors/printable.ts';

/** Unicode's own lists, one code point each: controls, bidirectional controls, zero width, separators, tags. */
const OBEYED = (code: number) =>
  code < 0x20 ||
  (code >= 0x7f && code <= 0x9f) ||
  (code >= 0x200b && code <= 0x200f) ||
  (code >= 0x2028 && code <= 0x202e) ||
  (code >= 0x2060 && code <= 0x206f) ||
  (code >= 0xd800 && code <= 0xdfff) ||
  code === 0xfeff ||
  (code >= 0xe0000 && code <= 0xe007f);

describe('printable', () => {
  test.each([
    ['Wehr 7 – Zürich 消防', 'Wehr 7 – Zürich 消防'],
    ['\u001b[2J', '\\x1b[2J'],
    ['a\u0085b\u007f', 'a\\x85b\\x7f'],
    ['\u202eevil\u2066', '\\u202eevil\\u2066'],
    ['\ud83d\ude00', '😀'],
    ['\ud83d', '\\ud83d'],
    ['\u{e0041}', '\\u{e0041}'],
    // Not given away among the tags, and among the bidirectional controls.
    ['\u{e0002}\u2065', '\\u{e0002}\\u2065'],
  ])('%j', (text, expected) => expect(printable(text)).toBe(expected));

  test('nothing that a terminal obeys is left of any text', () => {
    const unit = fc.oneof(fc.nat(0xffff), fc.nat(0x10ffff)).map((code) => String.fromCodePoint(code));
    fc.assert(
      fc.property(
        fc.array(unit).map((units) => units.join('')),
        (text) => {
          expect([...printable(text)].some((character) => OBEYED(character.codePointAt(0) ?? 0))).toBe(false);
          expect(JSON.parse(printableJson(text))).toBe(text);
        },
      ),
      { numRuns: 500 },
    );
  });
});

describe('printableUtf8', () => {
  test('what the runtime decodes strictly, we decode the same; the rest is octets', () => {
    const strict = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });
    fc.assert(
      fc.property(
        fc.oneof(
          fc.uint8Array(),
          fc.string({ unit: 'binary' }).map((text) => new TextEncoder().encode(text)),
        ),
        (bytes) => {
          let expected: string | null = null;
          try {
            expected = printable(strict.decode(bytes));
          } catch {
            expect(printableUtf8(bytes)).toContain('\\x');
          }
          if (expected !== null) expect(printableUtf8(bytes)).toBe(expected);
        },
      ),
      { numRuns: 500 },
    );
  });

  test.each([
    [[0x61, 0xff, 0x62], 'a\\xffb'],
    [[0xc0, 0xaf], '\\xc0\\xaf'],
    [[0xe2, 0x82], '\\xe2\\x82'],
    [[0xed, 0xa0, 0x80], '\\xed\\xa0\\x80'],
    [[0xf4, 0x90, 0x80, 0x80], '\\xf4\\x90\\x80\\x80'],
    [[0xe2, 0x82, 0xac], '€'],
  ])('%j', (octets, expected) => expect(printableUtf8(Uint8Array.from(octets))).toBe(expected));
});
