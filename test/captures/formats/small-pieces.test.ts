// Pieces of memory that nobody else has, whatever their sizes are.

import fc from 'fast-check';
import { expect, test } from 'vitest';
import { smallPiece } from '../../../captures/formats/small-pieces.ts';

test('zeros of the length that was asked for, which no other piece shares', () => {
  const length = fc.oneof(fc.nat({ max: 300 }), fc.integer({ min: 4000, max: 20_000 }));
  fc.assert(
    fc.property(fc.array(length, { minLength: 1, maxLength: 200 }), (lengths) => {
      const pieces = lengths.map((octets) => smallPiece(octets));
      expect(pieces.map((piece) => piece.length)).toEqual(lengths);
      expect(pieces.every((piece) => piece.every((octet) => octet === 0))).toBe(true);
      for (const [index, piece] of pieces.entries()) piece.fill(1 + (index % 255));
      expect(pieces.every((piece, index) => piece.every((octet) => octet === 1 + (index % 255)))).toBe(true);
    }),
    { numRuns: 50 },
  );
});
