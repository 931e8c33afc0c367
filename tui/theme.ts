// Themes: which colour each role has. A verdict and a severity has a sign beside its colour, so that colour never is the
// only carrier.

import type { Severity, Verdict } from '../daemon/events.ts';
import { type Colour, type ColourDepth, Palette, type Tone } from './screen/palette.ts';
import { Attribute, type Ground, type Ink } from './screen/style.ts';

/** Names of the themes. */
export const THEMES = ['dark', 'light', 'high-contrast', 'colour-blind'] as const;

/** A theme. */
export type ThemeName = (typeof THEMES)[number];

/** One sign for each verdict. */
export const VERDICT_SIGNS: Readonly<Record<Verdict, string>> = {
  clear: '○',
  downgraded: '▽',
  decrypted: '·',
  stale: '~',
  'no-key': '?',
  unverifiable: '-',
  forged: '!',
  damaged: '#',
};

/** Signs of severities. */
export const SEVERITY_SIGNS: Readonly<Record<Severity, string>> = {
  info: '·',
  low: '▹',
  medium: '▸',
  high: '▲',
  critical: '▲',
};

type InkTable = Readonly<Record<Ink, Colour>>;
type GroundTable = Readonly<Record<Ground, Colour>>;

/** For a dark ground. The terminal's own ground is kept. */
const DARK_INKS: InkTable = {
  text: ['#d0d0d0', 7],
  dim: ['#8a8a8a', 8],
  line: ['#585858', 8],
  title: ['#eeeeee', 15],
  accent: ['#5fafd7', 14],
  good: ['#87af5f', 2],
  warning: ['#d7af5f', 3],
  bad: ['#ff5f5f', 9],
  clear: ['#5f87d7', 12],
  downgraded: ['#d75fd7', 13],
  decrypted: ['#87a987', 2],
  stale: ['#e5a03c', 11],
  'no-key': ['#8a8a8a', 8],
  unverifiable: ['#5fafaf', 6],
  forged: ['#ff5f5f', 9],
  damaged: ['#9e8a78', 3],
  info: ['#8a8a8a', 8],
  low: ['#5fafaf', 6],
  medium: ['#d7af5f', 3],
  high: ['#ff8040', 9],
  critical: ['#ff4060', 9],
};

const DARK_GROUNDS: GroundTable = {
  base: null,
  bar: ['#262626', 0],
  selected: ['#304a60', 4],
  marked: ['#4a3a5a', 5],
  match: ['#5f5f00', 3],
  input: ['#303030', 0],
  overlay: ['#1c1c1c', 0],
  linked: ['#3a5a3a', 2],
};

const LIGHT_INKS: InkTable = {
  text: ['#262626', 0],
  dim: ['#6c6c6c', 8],
  line: ['#b2b2b2', 7],
  title: ['#000000', 0],
  accent: ['#005f87', 4],
  good: ['#3a7a1a', 2],
  warning: ['#8a5a00', 3],
  bad: ['#c00020', 1],
  clear: ['#2050b0', 4],
  downgraded: ['#9a209a', 5],
  decrypted: ['#3a6a3a', 2],
  stale: ['#9a5a00', 3],
  'no-key': ['#767676', 8],
  unverifiable: ['#006a6a', 6],
  forged: ['#c00020', 1],
  damaged: ['#7a5a3a', 3],
  info: ['#6c6c6c', 8],
  low: ['#006a6a', 6],
  medium: ['#8a5a00', 3],
  high: ['#c04000', 1],
  critical: ['#c00020', 1],
};

const LIGHT_GROUNDS: GroundTable = {
  base: null,
  bar: ['#e4e4e4', 7],
  selected: ['#c0dcf0', 7],
  marked: ['#e4d4f0', 7],
  match: ['#ffef9f', 7],
  input: ['#eeeeee', 7],
  overlay: ['#f6f6f6', 7],
  linked: ['#cdeccd', 7],
};

/** Black and white, and few, strong colours; WCAG 2 contrast of 7 or more on black. */
const CONTRAST_INKS: InkTable = {
  ...DARK_INKS,
  text: ['#ffffff', 15],
  dim: ['#d0d0d0', 7],
  line: ['#ffffff', 15],
  title: ['#ffffff', 15],
  accent: ['#00ffff', 14],
  good: ['#00ff00', 10],
  warning: ['#ffff00', 11],
  bad: ['#ff8080', 9],
  clear: ['#a0c0ff', 14],
  downgraded: ['#ff90ff', 13],
  decrypted: ['#a0ffa0', 10],
  stale: ['#ffff00', 11],
  'no-key': ['#d0d0d0', 7],
  unverifiable: ['#00ffff', 14],
  forged: ['#ff8080', 9],
  damaged: ['#ffd0a0', 11],
  info: ['#d0d0d0', 7],
  low: ['#00ffff', 14],
  medium: ['#ffff00', 11],
  high: ['#ffa060', 9],
  critical: ['#ff8080', 9],
};

const CONTRAST_GROUNDS: GroundTable = {
  base: ['#000000', 0],
  bar: ['#000000', 0],
  selected: ['#0000c0', 4],
  marked: ['#600060', 5],
  match: ['#505000', 3],
  input: ['#000000', 0],
  overlay: ['#000000', 0],
  linked: ['#005000', 2],
};

/** Okabe and Ito's colours ("Color Universal Design", 2008), which stay apart for every kind of colour vision. */
const COLOUR_BLIND_INKS: InkTable = {
  ...DARK_INKS,
  good: ['#009e73', 6],
  warning: ['#e69f00', 11],
  bad: ['#d55e00', 9],
  clear: ['#56b4e9', 12],
  downgraded: ['#cc79a7', 13],
  decrypted: ['#009e73', 6],
  stale: ['#e69f00', 11],
  'no-key': ['#999999', 8],
  unverifiable: ['#56b4e9', 14],
  forged: ['#d55e00', 9],
  low: ['#56b4e9', 14],
  medium: ['#f0e442', 11],
  high: ['#e69f00', 11],
  critical: ['#d55e00', 9],
};

const TABLES: Readonly<Record<ThemeName, { readonly inks: InkTable; readonly grounds: GroundTable }>> = {
  dark: { inks: DARK_INKS, grounds: DARK_GROUNDS },
  light: { inks: LIGHT_INKS, grounds: LIGHT_GROUNDS },
  'high-contrast': { inks: CONTRAST_INKS, grounds: CONTRAST_GROUNDS },
  'colour-blind': { inks: COLOUR_BLIND_INKS, grounds: DARK_GROUNDS },
};

const STRONG_INKS: ReadonlySet<Ink> = new Set(['title', 'forged', 'downgraded', 'bad', 'high', 'critical']);
const STRONG_COLOURED: ReadonlySet<Ink> = new Set(['title', 'forged', 'critical']);
const PLAIN_GROUNDS: Readonly<Partial<Record<Ground, number>>> = {
  selected: Attribute.reverse,
  match: Attribute.underline,
  linked: Attribute.reverse,
  marked: Attribute.underline,
};

/** The palette of a theme in as many colours as the terminal has. */
export function themePalette(name: ThemeName, depth: ColourDepth): Palette {
  const { inks, grounds } = TABLES[name];
  return new Palette(
    {
      ink: (role): Tone => ({
        colour: inks[role],
        attributes: STRONG_COLOURED.has(role) ? Attribute.bold : Attribute.none,
        plainAttributes: STRONG_INKS.has(role) ? Attribute.bold : Attribute.none,
      }),
      ground: (role): Tone => ({
        colour: grounds[role],
        attributes: Attribute.none,
        plainAttributes: PLAIN_GROUNDS[role] ?? Attribute.none,
      }),
    },
    depth,
  );
}
