// Reads the pattern of `matches` into nodes; pattern.ts says what is understood and runs them.

import { FilterError } from './filter-error.ts';

/** Constants we chose. */
/** Groups inside each other. The parser recurses. */
const GROUP_DEPTH = 32;

/** A set of characters: ranges of code units, low and high. */
export type Ranges = readonly (readonly [number, number])[];

/** Characters of one place: those in the ranges, or those outside. */
export interface CharacterSet {
  readonly ranges: Ranges;
  readonly negated: boolean;
}

/** What a pattern is made of. */
export type PatternNode =
  | { readonly kind: 'set'; readonly set: CharacterSet }
  | { readonly kind: 'assert'; readonly what: 'start' | 'end' | 'word' | 'no-word' }
  | { readonly kind: 'sequence' | 'choice'; readonly parts: readonly PatternNode[] }
  | { readonly kind: 'repeat'; readonly part: PatternNode; readonly low: number; readonly high: number };

const DIGITS: Ranges = [[0x30, 0x39]];
/** What `\w` stands for. */
export const WORD: Ranges = [
  [0x30, 0x39],
  [0x41, 0x5a],
  [0x5f, 0x5f],
  [0x61, 0x7a],
];
const SPACES: Ranges = [
  [0x09, 0x0d],
  [0x20, 0x20],
  [0xa0, 0xa0],
  [0x1680, 0x1680],
  [0x2000, 0x200a],
  [0x2028, 0x2029],
  [0x202f, 0x202f],
  [0x205f, 0x205f],
  [0x3000, 0x3000],
  [0xfeff, 0xfeff],
];
const LINE_ENDS: Ranges = [
  [0x0a, 0x0a],
  [0x0d, 0x0d],
  [0x2028, 0x2029],
];
const CLASSES: Readonly<Record<string, Ranges>> = { d: DIGITS, w: WORD, s: SPACES };
const CONTROLS: Readonly<Record<string, number>> = { n: 0x0a, r: 0x0d, t: 0x09, f: 0x0c, v: 0x0b, 0: 0 };
const LAST_UNIT = 0xffff;

function outside(ranges: Ranges): Ranges {
  const result: [number, number][] = [];
  let next = 0;
  for (const [low, high] of ranges) {
    if (low > next) result.push([next, low - 1]);
    next = high + 1;
  }
  if (next <= LAST_UNIT) result.push([next, LAST_UNIT]);
  return result;
}

/** Reads a pattern. One pattern, one parser. */
export class PatternParser {
  readonly #text: string;
  readonly #column: number;
  #at = 0;
  #depth = 0;

  constructor(text: string, column: number) {
    this.#text = text;
    this.#column = column;
  }

  parse(): PatternNode {
    if (this.#text.startsWith('(?i)')) this.#at = 4;
    const node = this.#choice();
    if (this.#at < this.#text.length) throw this.#error('a closing parenthesis has no opening one');
    return node;
  }

  #error(what: string): FilterError {
    return new FilterError(
      'filter.pattern',
      this.#column,
      `the pattern cannot be used at its character ${this.#at + 1}: ${what}`,
    );
  }

  #choice(): PatternNode {
    const parts = [this.#sequence()];
    while (this.#take('|')) parts.push(this.#sequence());
    return parts.length === 1 ? parts[0] : { kind: 'choice', parts };
  }

  #sequence(): PatternNode {
    const parts: PatternNode[] = [];
    while (this.#at < this.#text.length && this.#text[this.#at] !== '|' && this.#text[this.#at] !== ')') {
      parts.push(this.#repeated(this.#atom()));
    }
    return { kind: 'sequence', parts };
  }

  #repeated(part: PatternNode): PatternNode {
    const count = /^(?:[*+?]|\{(\d{1,4})(?:(,)(\d{0,4}))?\})/.exec(this.#text.slice(this.#at));
    if (count === null) return part;
    if (part.kind === 'assert') throw this.#error('nothing to repeat');
    this.#at += count[0].length;
    // A lazy form matches the same texts.
    this.#take('?');
    if (/^[*+]|^\{\d/.test(this.#text.slice(this.#at))) throw this.#error('nothing to repeat');
    if (this.#text[this.#at] === '?') throw this.#error('nothing to repeat');
    const sign = count[0];
    if (sign === '*') return { kind: 'repeat', part, low: 0, high: Number.POSITIVE_INFINITY };
    if (sign === '+') return { kind: 'repeat', part, low: 1, high: Number.POSITIVE_INFINITY };
    if (sign === '?') return { kind: 'repeat', part, low: 0, high: 1 };
    const low = Number(count[1]);
    const high = count[2] === undefined ? low : count[3] === '' ? Number.POSITIVE_INFINITY : Number(count[3]);
    if (high < low) throw this.#error('the counts in braces are the wrong way round');
    return { kind: 'repeat', part, low, high };
  }

  #atom(): PatternNode {
    const sign = this.#text[this.#at];
    if (sign === '(') return this.#group();
    if (sign === '[') return { kind: 'set', set: this.#bracket() };
    if (sign === '*' || sign === '+' || sign === '?') throw this.#error('nothing to repeat');
    this.#at++;
    if (sign === '.') return { kind: 'set', set: { ranges: LINE_ENDS, negated: true } };
    if (sign === '^') return { kind: 'assert', what: 'start' };
    if (sign === '$') return { kind: 'assert', what: 'end' };
    if (sign !== '\\') return unit(sign.charCodeAt(0));
    if (this.#take('b')) return { kind: 'assert', what: 'word' };
    if (this.#take('B')) return { kind: 'assert', what: 'no-word' };
    return { kind: 'set', set: { ranges: this.#escape(), negated: false } };
  }

  #group(): PatternNode {
    this.#at++;
    if (this.#text.startsWith('?:', this.#at)) this.#at += 2;
    else if (this.#text[this.#at] === '?') throw this.#error('lookaround and named groups are not understood');
    if (++this.#depth > GROUP_DEPTH) throw this.#error(`more than ${GROUP_DEPTH} groups inside each other`);
    const inner = this.#choice();
    this.#depth--;
    if (!this.#take(')')) throw this.#error('a group is not closed');
    return inner;
  }

  /** What follows a backslash: the characters it stands for. */
  #escape(): Ranges {
    const letter = this.#text[this.#at];
    if (letter === undefined) throw this.#error('a backslash ends the pattern');
    const hex = /^x([0-9a-fA-F]{2})|^u([0-9a-fA-F]{4})/.exec(this.#text.slice(this.#at));
    if (hex !== null) {
      this.#at += hex[0].length;
      const code = Number.parseInt(hex[1] ?? hex[2], 16);
      return [[code, code]];
    }
    if (/[1-9]/.test(letter)) throw this.#error('back references are not understood');
    this.#at++;
    const lower = letter.toLowerCase();
    const named = Object.hasOwn(CLASSES, lower) ? CLASSES[lower] : null;
    if (named !== null) return letter === lower ? named : outside(named);
    const control = Object.hasOwn(CONTROLS, letter) ? CONTROLS[letter] : null;
    if (control === null && /[A-Za-z]/.test(letter)) throw this.#error(`\\${letter} is not understood`);
    const code = control ?? letter.charCodeAt(0);
    return [[code, code]];
  }

  #bracket(): CharacterSet {
    this.#at++;
    const negated = this.#take('^');
    const ranges: (readonly [number, number])[] = [];
    while (!this.#take(']')) {
      if (this.#at >= this.#text.length) throw this.#error('a [ is not closed');
      const low = this.#bracketUnit();
      const isRange =
        this.#text[this.#at] === '-' && this.#at + 1 < this.#text.length && this.#text[this.#at + 1] !== ']';
      if (!isRange) {
        ranges.push(...low);
        continue;
      }
      this.#at++;
      const high = this.#bracketUnit();
      const [from, to] = [low[0][0], high[0][1]];
      if (low.length > 1 || high.length > 1 || low[0][1] !== from || high[0][0] !== to || to < from) {
        throw this.#error('a range in [ ] has no order');
      }
      ranges.push([from, to]);
    }
    return { ranges, negated };
  }

  #bracketUnit(): Ranges {
    const sign = this.#text[this.#at];
    this.#at++;
    if (sign !== '\\') return [[sign.charCodeAt(0), sign.charCodeAt(0)]];
    if (this.#take('b')) return [[0x08, 0x08]];
    if (this.#take('-')) return [[0x2d, 0x2d]];
    return this.#escape();
  }

  #take(sign: string): boolean {
    if (this.#text[this.#at] !== sign) return false;
    this.#at++;
    return true;
  }
}

function unit(code: number): PatternNode {
  return { kind: 'set', set: { ranges: [[code, code]], negated: false } };
}
