// Text as glyphs: what one or two cells of a terminal hold. A glyph is a number: a code point, or beyond all code points
// the number of a cluster (a letter with its combining marks).

import { eastAsianWidth } from 'get-east-asian-width';

/** A glyph: a code point, or `FIRST_CLUSTER` plus the number of a cluster. */
export type Glyph = number;

/** The right half of a wide glyph. */
export const RIGHT_HALF: Glyph = 0;
export const SPACE: Glyph = 0x20;

const FIRST_CLUSTER = 0x11_0000;
const REPLACEMENT = 0xfffd;

/** Constants we chose. */
/** Clusters remembered; above it a letter with marks shows without them. */
export const CLUSTER_CAP = 4096;
/** Combining marks of one letter that are shown; more pile up beyond the line. */
const MARKS_PER_LETTER = 2;

const clusters: string[] = [];
const clusterNumbers = new Map<string, Glyph>();

const COMBINING = /^\p{M}$/u;
/** They ask for another width than the letter has, and terminals do not agree on it. */
const VARIATION_SELECTORS = /^[\ufe00-\ufe0f]$/u;
/** What a terminal would obey or hide (as `dissectors/printable.ts`): texts are escaped before, this is the last guard. */
const UNSAFE = /^[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\p{Cs}]$/u;

/** Text of a glyph. */
export function glyphText(glyph: Glyph): string {
  return glyph >= FIRST_CLUSTER ? clusters[glyph - FIRST_CLUSTER] : String.fromCodePoint(glyph);
}

/** Cells of a glyph: 1 or 2. */
export function glyphWidth(glyph: Glyph): 1 | 2 {
  if (glyph < 0x1100) return 1;
  const first = glyph >= FIRST_CLUSTER ? (clusters[glyph - FIRST_CLUSTER].codePointAt(0) as number) : glyph;
  return eastAsianWidth(first) === 2 ? 2 : 1;
}

/** Glyphs of a text, in order. Characters that a terminal would obey become U+FFFD. */
export function glyphsOf(text: string): Glyph[] {
  const glyphs: Glyph[] = [];
  for (let at = 0; at < text.length; at++) {
    const unit = text.charCodeAt(at);
    if (unit >= 0x20 && unit < 0x7f) {
      glyphs.push(unit);
      continue;
    }
    const point = text.codePointAt(at) as number;
    const character = String.fromCodePoint(point);
    if (point > 0xffff) at++;
    if (UNSAFE.test(character)) glyphs.push(REPLACEMENT);
    else if (!COMBINING.test(character)) glyphs.push(point);
    else if (!VARIATION_SELECTORS.test(character) && glyphs.length > 0) {
      glyphs.push(withMark(glyphs.pop() as Glyph, character));
    }
  }
  return glyphs;
}

/** Cells of a text. */
export function textWidth(text: string): number {
  let cells = 0;
  for (const glyph of glyphsOf(text)) cells += glyphWidth(glyph);
  return cells;
}

function withMark(glyph: Glyph, mark: string): Glyph {
  const text = glyphText(glyph);
  if ([...text].length > MARKS_PER_LETTER) return glyph;
  const cluster = text + mark;
  const known = clusterNumbers.get(cluster);
  if (known !== undefined) return known;
  if (clusters.length >= CLUSTER_CAP) return glyph;
  const number = FIRST_CLUSTER + clusters.length;
  clusters.push(cluster);
  clusterNumbers.set(cluster, number);
  return number;
}
