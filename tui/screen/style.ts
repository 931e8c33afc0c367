// What a cell looks like, as one number: the role of its ink, the role of its ground, and attributes. Views name roles;
// which colour a role has is the theme's business, so a theme can change while the program runs.

/** A packed style: ink in bits 0 to 7, ground in 8 to 15, attributes from 16 on. */
export type Style = number;

/** Roles of what is written. */
export const INKS = [
  'text',
  'dim',
  'line',
  'title',
  'accent',
  'good',
  'warning',
  'bad',
  'clear',
  'downgraded',
  'decrypted',
  'stale',
  'no-key',
  'unverifiable',
  'forged',
  'damaged',
  'info',
  'low',
  'medium',
  'high',
  'critical',
] as const;

/** A role of what is written. Verdicts and severities are roles of their own. */
export type Ink = (typeof INKS)[number];

/** Roles of what is written on. */
export const GROUNDS = ['base', 'bar', 'selected', 'marked', 'match', 'input', 'overlay', 'linked'] as const;

/** A role of what is written on. `linked`: octets or fields that belong to what is selected elsewhere. */
export type Ground = (typeof GROUNDS)[number];

/** Attributes, which may be added up. */
export const Attribute = { none: 0, bold: 1, underline: 2, reverse: 4 } as const;

const INK_NUMBERS: ReadonlyMap<Ink, number> = new Map(INKS.map((ink, number) => [ink, number]));
const GROUND_NUMBERS: ReadonlyMap<Ground, number> = new Map(GROUNDS.map((ground, number) => [ground, number]));

/** Packs a style. */
export function style(ink: Ink, ground: Ground = 'base', attributes: number = Attribute.none): Style {
  return (INK_NUMBERS.get(ink) as number) | ((GROUND_NUMBERS.get(ground) as number) << 8) | (attributes << 16);
}

/** The same ink and attributes on another ground. */
export function onGround(packed: Style, ground: Ground): Style {
  return (packed & ~0xff00) | ((GROUND_NUMBERS.get(ground) as number) << 8);
}

/** The same style with attributes added. */
export function withAttributes(packed: Style, attributes: number): Style {
  return packed | (attributes << 16);
}

/** Role of the ink. */
export function inkOf(packed: Style): Ink {
  return INKS[packed & 0xff];
}

/** Role of the ground. */
export function groundOf(packed: Style): Ground {
  return GROUNDS[(packed >>> 8) & 0xff];
}

/** Attributes. */
export function attributesOf(packed: Style): number {
  return packed >>> 16;
}

/** Ordinary text. */
export const PLAIN: Style = style('text');
