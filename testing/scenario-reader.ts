// Reads JSON against a schema written as functions, and says of everything that is wrong where it stands
// (`steps[3].wire.segments`, line, column). Scenario files are small, so the whole tree is held.

import { createScanner, type Node, type ParseError, parseTree, printParseErrorCode } from 'jsonc-parser';
import { ExitCode, SidescopeError } from '../daemon/errors.ts';

// We chose.
/** A scenario above this (characters) is a mistake. */
const LONGEST_TEXT = 4 * 1024 * 1024;
/** Lists and objects within one another. No scenario needs more than eight; the parser calls itself for each. */
const DEEPEST = 32;

// jsonc-parser says: its SyntaxKind is a const enum, which a file compiled alone cannot use.
const OPENING: readonly number[] = [1, 3];
const CLOSING: readonly number[] = [2, 4];
const END_OF_TEXT = 17;

/** A value with its place. */
export interface Spot {
  readonly node: Node;
  /** e.g. `steps[3].wire`; empty for the whole. */
  readonly path: string;
  readonly source: { readonly text: string; readonly file: string };
}

/** Turns a value into what is wanted, or throws a SidescopeError that names the place. */
export type Shape<T> = (spot: Spot) => T;

/** A member of an object: its shape, and what stands for it where it is absent. */
export interface Member<T> {
  readonly shape: Shape<T>;
  /** Absent: the member is required. */
  readonly fallback?: () => T;
}

/** The object that a table of members describes. */
export type Described<Members extends Record<string, Member<unknown>>> = {
  readonly [Name in keyof Members]: Members[Name] extends Member<infer T> ? T : never;
};

/**
 * Reads a whole document.
 *
 * @param file name for error messages
 * @throws SidescopeError `scenario.*`, exit code 2
 */
export function readDocument<T>(text: string, file: string, shape: Shape<T>): T {
  const source = { text, file };
  if (text.length > LONGEST_TEXT) {
    throw new SidescopeError(
      'scenario.too-large',
      `${file} has ${text.length} characters; a scenario has up to ${LONGEST_TEXT}`,
      'Use the bulk writer for large captures',
      ExitCode.usage,
    );
  }
  const deep = tooDeepAt(text);
  if (deep !== null) {
    throw new SidescopeError(
      'scenario.too-deep',
      `${file} has lists and objects more than ${DEEPEST} deep (${positionText(text, deep)})`,
      'Write it as docs/testing.md describes',
      ExitCode.usage,
    );
  }
  const errors: ParseError[] = [];
  const node = parseTree(text, errors, { disallowComments: true, allowTrailingComma: false });
  const first = errors.at(0);
  if (first !== undefined || node === undefined) {
    const what = first === undefined ? 'nothing' : printParseErrorCode(first.error);
    throw new SidescopeError(
      'scenario.not-json',
      `${file} is no JSON: ${what} (${positionText(text, first?.offset ?? 0)})`,
      'Write plain JSON: no comments, no comma behind the last entry, texts in double quotes',
      ExitCode.usage,
    );
  }
  return shape({ node, path: '', source });
}

/** Where a text becomes too deep to be parsed, or null. */
function tooDeepAt(text: string): number | null {
  const scanner = createScanner(text, true);
  let depth = 0;
  for (let token: number = scanner.scan(); token !== END_OF_TEXT; token = scanner.scan()) {
    if (CLOSING.includes(token)) depth -= 1;
    else if (OPENING.includes(token) && ++depth > DEEPEST) return scanner.getTokenOffset();
  }
  return null;
}

/** An error at a place. */
export function wrongAt(spot: Spot, code: string, what: string, hint: string): SidescopeError {
  const subject = spot.path === '' ? 'the file' : spot.path;
  const where = `${spot.source.file}, ${positionText(spot.source.text, spot.node.offset)}`;
  return new SidescopeError(`scenario.${code}`, `${subject} ${what} (${where})`, hint, ExitCode.usage);
}

function positionText(text: string, offset: number): string {
  const before = text.slice(0, offset);
  const line = before.split('\n').length;
  return `line ${line}, column ${offset - before.lastIndexOf('\n')}`;
}

/** A required member. */
export function required<T>(shape: Shape<T>): Member<T> {
  return { shape };
}

/** A member that may be absent. */
export function withDefault<T>(shape: Shape<T>, value: T): Member<T> {
  return { shape, fallback: () => value };
}

/** A member that may be absent or null: then it is null. */
export function maybe<T>(shape: Shape<T>): Member<T | null> {
  return { shape: (spot) => (spot.node.type === 'null' ? null : shape(spot)), fallback: () => null };
}

/** An object with these members and no others. */
export function object<Members extends Record<string, Member<unknown>>>(members: Members): Shape<Described<Members>> {
  return (spot) => {
    const found = membersOf(spot, Object.keys(members));
    const value: Record<string, unknown> = {};
    for (const [name, { shape, fallback }] of Object.entries(members)) {
      const member = found.get(name);
      if (member !== undefined) value[name] = shape(member);
      else if (fallback !== undefined) value[name] = fallback();
      else throw wrongAt(spot, 'missing-member', `lacks the member "${name}"`, `Add "${name}"`);
    }
    return value as Described<Members>;
  };
}

/** One of several objects, told apart by the text of member `tag`. */
export function variant<Cases extends Record<string, Shape<unknown>>>(
  tag: string,
  cases: Cases,
): Shape<ReturnType<Cases[keyof Cases]>> {
  return (spot) => {
    const kind = membersOf(spot, null).get(tag);
    if (kind === undefined) throw wrongAt(spot, 'missing-member', `lacks the member "${tag}"`, `Add "${tag}"`);
    const name = word(Object.keys(cases))(kind);
    return cases[name](spot) as ReturnType<Cases[keyof Cases]>;
  };
}

function membersOf(spot: Spot, known: readonly string[] | null): Map<string, Spot> {
  if (spot.node.type !== 'object') throw wrongType(spot, 'an object');
  const found = new Map<string, Spot>();
  for (const property of spot.node.children ?? []) {
    const [key, node] = property.children ?? [];
    if (key === undefined || node === undefined) continue;
    const name = String(key.value);
    const member = { node, path: spot.path === '' ? name : `${spot.path}.${name}`, source: spot.source };
    if (known !== null && !known.includes(name)) {
      throw wrongAt(member, 'unknown-member', 'is no member known here', `Members known here are ${known.join(', ')}`);
    }
    if (found.has(name)) throw wrongAt(member, 'duplicate-member', 'stands here a second time', 'Keep one of them');
    found.set(name, member);
  }
  return found;
}

/** A list of any length up to `most`. */
export function list<T>(shape: Shape<T>, most = 1_000_000): Shape<readonly T[]> {
  return (spot) => {
    if (spot.node.type !== 'array') throw wrongType(spot, 'a list');
    const entries = spot.node.children ?? [];
    if (entries.length > most) {
      throw wrongAt(spot, 'too-long', `has ${entries.length} entries`, `It takes up to ${most}`);
    }
    return entries.map((node, index) => shape({ node, path: `${spot.path}[${index}]`, source: spot.source }));
  };
}

/** A value or a list of values. */
export function oneOrMore<T>(shape: Shape<T>): Shape<readonly T[]> {
  return (spot) => (spot.node.type === 'array' ? list(shape)(spot) : [shape(spot)]);
}

/** Text of up to `longest` characters that `turn` makes something of; where it gives null, `what` says what is missing. */
export function textAs<T>(what: string, turn: (text: string) => T | null, longest = 256): Shape<T> {
  return (spot) => {
    if (spot.node.type !== 'string') throw wrongType(spot, 'text');
    const text = String(spot.node.value);
    const value = text.length > longest ? null : turn(text);
    if (value === null) throw wrongAt(spot, 'wrong-value', `is not ${what}`, `Write ${what}`);
    return value;
  };
}

/** A name as the keyring file takes it: what a terminal would obey is none. */
export const name: Shape<string> = textAs('text of 1 to 64 characters without control characters', (text) =>
  text.length > 0 && [...text].length <= 64 && !/[\p{Cc}\p{Cs}]/u.test(text) ? text : null,
);

/** Text of any kind. */
export const prose: Shape<string> = textAs('text of up to 1,000 characters', (text) => text, 1000);

/** One of these words. */
export function word<const Words extends readonly string[]>(words: Words): Shape<Words[number]> {
  return textAs(`one of ${words.join(', ')}`, (text) => (words.includes(text) ? text : null));
}

/** A number from `least` to `most`. */
export function decimal(least: number, most: number): Shape<number> {
  return (spot) => {
    if (spot.node.type !== 'number') throw wrongType(spot, 'a number');
    const value = Number(spot.node.value);
    if (value >= least && value <= most) return value;
    throw wrongAt(spot, 'out-of-range', `is not a number from ${least} to ${most}`, 'Correct the number');
  };
}

/** A whole number from `least` to `most`. */
export function whole(least: number, most: number): Shape<number> {
  return (spot) => {
    const value = decimal(least, most)(spot);
    if (Number.isInteger(value)) return value;
    throw wrongAt(spot, 'out-of-range', `is not a whole number from ${least} to ${most}`, 'Correct the number');
  };
}

/** True or false. */
export const flag: Shape<boolean> = (spot) => {
  if (spot.node.type !== 'boolean') throw wrongType(spot, 'true or false');
  return spot.node.value === true;
};

/** Whole numbers in a range, written as `[least, most]` or as one number. */
export function range(least: number, most: number): Shape<readonly [number, number]> {
  return (spot) => {
    const bounds = oneOrMore(whole(least, most))(spot);
    const [low, high = low] = bounds;
    if (low === undefined || bounds.length > 2 || high < low) {
      throw wrongAt(spot, 'wrong-value', 'is no range', 'Write one number, or [least, most]');
    }
    return [low, high];
  };
}

function wrongType(spot: Spot, wanted: string): SidescopeError {
  const is = spot.node.type === 'array' ? 'a list' : spot.node.type;
  return wrongAt(spot, 'wrong-type', `is ${is}, not ${wanted}`, `Put ${wanted} there`);
}
