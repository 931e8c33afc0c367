// Styles as what a terminal understands: SGR sequences (ECMA-48 8.3.117) in as many colours as it has.

import { Attribute, attributesOf, groundOf, inkOf, type Style } from './style.ts';

/** Colours a terminal has: none, the 16 of every terminal, 256, or all. */
export type ColourDepth = 'none' | '16' | '256' | 'true';

/** One colour: `#rrggbb`, and the number (0 to 15) that stands for it where there are 16; null: the terminal's own. */
export type Colour = readonly [rgb: string, sixteen: number] | null;

/** Colour of a role, and the attributes that carry the role where there is no colour. */
export interface Tone {
  readonly colour: Colour;
  /** Attributes with colour. */
  readonly attributes: number;
  /** Attributes where there is none. */
  readonly plainAttributes: number;
}

/** What gives every role its look. */
export interface ToneTable {
  ink(role: ReturnType<typeof inkOf>): Tone;
  ground(role: ReturnType<typeof groundOf>): Tone;
}

/** Levels of the 6x6x6 cube of xterm's 256 colours. */
const CUBE = [0, 95, 135, 175, 215, 255];

/** SGR sequences of styles, each made once. */
export class Palette {
  readonly depth: ColourDepth;
  readonly #tones: ToneTable;
  readonly #made = new Map<Style, string>();

  constructor(tones: ToneTable, depth: ColourDepth) {
    this.#tones = tones;
    this.depth = depth;
  }

  /** The sequence that turns on exactly this style. Styles are few: roles times attributes. */
  sequence(packed: Style): string {
    const known = this.#made.get(packed);
    if (known !== undefined) return known;
    const made = this.#make(packed);
    this.#made.set(packed, made);
    return made;
  }

  #make(packed: Style): string {
    const ink = this.#tones.ink(inkOf(packed));
    const ground = this.#tones.ground(groundOf(packed));
    const codes = ['0'];
    const own =
      this.depth === 'none' ? ink.plainAttributes | ground.plainAttributes : ink.attributes | ground.attributes;
    const attributes = attributesOf(packed) | own;
    if ((attributes & Attribute.bold) !== 0) codes.push('1');
    if ((attributes & Attribute.underline) !== 0) codes.push('4');
    if ((attributes & Attribute.reverse) !== 0) codes.push('7');
    if (this.depth !== 'none')
      codes.push(...colourCodes(ink.colour, this.depth, 30), ...colourCodes(ground.colour, this.depth, 40));
    return `\u001b[${codes.join(';')}m`;
  }
}

/** @param base 30 for ink, 40 for ground */
function colourCodes(colour: Colour, depth: '16' | '256' | 'true', base: 30 | 40): string[] {
  if (colour === null) return [];
  const [rgb, sixteen] = colour;
  if (depth === '16') return [String(sixteen < 8 ? base + sixteen : base + 52 + sixteen)];
  const [red, green, blue] = [1, 3, 5].map((at) => Number.parseInt(rgb.slice(at, at + 2), 16));
  if (depth === 'true') return [`${base + 8};2;${red};${green};${blue}`];
  return [`${base + 8};5;${nearest256(red, green, blue)}`];
}

/** The nearest of xterm's colours 16 to 255: the cube, or the greys. */
export function nearest256(red: number, green: number, blue: number): number {
  const step = (level: number): number => {
    let best = 0;
    for (let at = 1; at < CUBE.length; at++) if (Math.abs(CUBE[at] - level) < Math.abs(CUBE[best] - level)) best = at;
    return best;
  };
  const [r, g, b] = [step(red), step(green), step(blue)];
  const grey = Math.max(0, Math.min(23, Math.round(((red + green + blue) / 3 - 8) / 10)));
  const away = (x: number, y: number, z: number): number => (x - red) ** 2 + (y - green) ** 2 + (z - blue) ** 2;
  const level = 8 + grey * 10;
  return away(level, level, level) < away(CUBE[r], CUBE[g], CUBE[b]) ? 232 + grey : 16 + 36 * r + 6 * g + b;
}
