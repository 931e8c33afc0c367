// Reads JSON (RFC 8259) token by token against what a caller expects, and can say of every token where it stands. A tree
// of a 64 MiB file would take gigabytes, and what does not fit the schema is refused before anything below it is read.

import type { JSONScanner } from 'jsonc-parser';
import { ExitCode, SidescopeError } from '../errors.ts';
import { jsonScanner } from './json-scanner.ts';
import { nearestName } from './nearest-name.ts';

// jsonc-parser says: its SyntaxKind is a const enum of its declarations, which a file compiled alone cannot use.
const Token = {
  openBrace: 1,
  closeBrace: 2,
  openBracket: 3,
  closeBracket: 4,
  comma: 5,
  colon: 6,
  nullWord: 7,
  trueWord: 8,
  falseWord: 9,
  text: 10,
  number: 11,
  lineComment: 12,
  blockComment: 13,
  lineBreak: 14,
  blank: 15,
  unknown: 16,
  end: 17,
} as const;

const TOKEN_NAMES: ReadonlyMap<number, string> = new Map([
  [Token.openBrace, 'an object'],
  [Token.closeBrace, 'a closing brace'],
  [Token.openBracket, 'a list'],
  [Token.closeBracket, 'a closing bracket'],
  [Token.comma, 'a comma'],
  [Token.colon, 'a colon'],
  [Token.nullWord, 'null'],
  [Token.trueWord, 'true'],
  [Token.falseWord, 'false'],
  [Token.text, 'text'],
  [Token.number, 'a number'],
  [Token.end, 'the end of the file'],
]);

/** Tokens that a value can begin with. */
const VALUE_TOKENS: ReadonlySet<number> = new Set([
  Token.openBrace,
  Token.openBracket,
  Token.nullWord,
  Token.trueWord,
  Token.falseWord,
  Token.text,
  Token.number,
]);

/** We chose: members of an object, since those that were seen are bits of two numbers. */
const WORD_MEMBERS = 31;
const MEMBERS_MOST = 2 * WORD_MEMBERS;

const PLAIN_JSON = 'Write plain JSON: no comments, no comma behind the last entry, texts in double quotes';

/** Where something stands in a file. */
export interface Place {
  readonly file: string;
  /** e.g. `groups[2].keys[0].key`; empty for the whole. */
  readonly path: string;
  /** Counted from 1, in UTF-16 units. */
  readonly line: number;
  readonly column: number;
}

/** Where the entries of a list begin: numbers, since places as objects take more than small entries. */
export class Places {
  readonly #list: Place;
  readonly #lines: number[] = [];
  readonly #columns: number[] = [];

  /** @param list the place of the list */
  constructor(list: Place) {
    this.#list = list;
  }

  /** Notes the place of the next entry. */
  add(line: number, column: number): void {
    this.#lines.push(line);
    this.#columns.push(column);
  }

  /** The place of an entry. */
  at(index: number): Place {
    const { file, path } = this.#list;
    return { file, path: `${path}[${index}]`, line: this.#lines[index], column: this.#columns[index] };
  }
}

/** Members an object may have, and which of them it must have. */
export interface MemberTable {
  readonly names: readonly string[];
  readonly required: readonly string[];
}

/** Declares the members of an object: up to 62. @throws RangeError for more */
export function memberTable(required: readonly string[], optional: readonly string[]): MemberTable {
  const names = [...required, ...optional];
  if (names.length > MEMBERS_MOST) throw new RangeError(`an object of ${names.length} members`);
  return { names, required };
}

/** What reads the values of a document, one after the other. Each call reads at the current token and goes behind what it read. */
export interface ValueReader {
  /** Octets or characters of the document, as far as that is known. */
  readonly size: number;
  /** The place of the current token, or of a member or entry below it. */
  place(below?: string | number): Place;
  /** Notes where the current token stands as the place of the next entry. */
  note(places: Places): void;
  /** An error at the current token, or at `place`; `code` without its domain. */
  error(code: string, what: string, hint: string, place?: Place): Error;
  /** Reads an object; `readMember` is called at the value of each member, which is in the table. */
  object(table: MemberTable, readMember: (name: string) => void): void;
  /** Reads a list; `readEntry` is called at each entry. */
  list(readEntry: (index: number) => void): void;
  /** True, and read, where the value is null. */
  nothing(): boolean;
  /**
   * Reads a text and turns it into what is wanted; `turn` may throw `error`, which then names this text's place. The
   * text may be a view of the whole file: whoever keeps it copies it.
   */
  text<Value>(turn: (text: string) => Value): Value;
  /** Reads a whole number from `least` to `most`. */
  integer(least: number, most: number): number;
  /** Whether the current value is a number. */
  atNumber(): boolean;
  /**
   * Lets somebody read a value who knows what it usually looks like: is given the octets and where the value begins, and
   * returns where it ends, or -1 where it looks otherwise. False, and nothing is read, in that case and where there are
   * no octets.
   */
  take(recognize: (octets: Uint8Array, at: number) => number): boolean;
}

/** Whether member `number` is among the first `WORD_MEMBERS` that were seen, or those behind them. */
function isSeen(seen: number, seenBehind: number, number: number): boolean {
  return ((number < WORD_MEMBERS ? seen : seenBehind) & (1 << (number % WORD_MEMBERS))) !== 0;
}

/** An error of the input that names its place: `<path> <what> (<file>, line n, column n)`. */
export function errorAt(code: string, place: Place, what: string, hint: string): SidescopeError {
  const subject = place.path === '' ? 'the file' : place.path;
  const where = `${place.file}, line ${place.line}, column ${place.column}`;
  return new SidescopeError(code, `${subject} ${what} (${where})`, hint, ExitCode.usage);
}

/** `<path> (<file>, line n)`: for an error that names a second place. */
export function placeText(place: Place): string {
  return `${place.path} (${place.file}, line ${place.line})`;
}

/**
 * See the head of the file. Every method reads at the current token and leaves the one behind what it read. Errors are
 * SidescopeError with codes under `domain`; they never quote a value, since a value may be a key.
 */
export class JsonReader implements ValueReader {
  readonly size: number;
  readonly #scanner: JSONScanner;
  readonly #file: string;
  readonly #domain: string;
  readonly #path: (string | number)[] = [];
  #token: number = Token.end;

  /**
   * @param file name for error messages
   * @param domain first part of the error codes, e.g. `keyring`
   */
  constructor(text: string, file: string, domain: string) {
    this.size = text.length;
    this.#scanner = jsonScanner(text);
    this.#file = file;
    this.#domain = domain;
    this.#advance();
  }

  /** Reads one value with `read` and makes sure that nothing follows it. */
  document<Value>(read: () => Value): Value {
    const value = read();
    if (!this.#is(Token.end)) this.#notJson(`has ${this.#tokenName()} behind its end`);
    return value;
  }

  /** The place of the current token, or of a member or entry below it. */
  place(below?: string | number): Place {
    const path = below === undefined ? this.#path : [...this.#path, below];
    return {
      file: this.#file,
      path: pathText(path),
      line: this.#scanner.getTokenStartLine() + 1,
      column: this.#scanner.getTokenStartCharacter() + 1,
    };
  }

  /** Notes where the current token stands as the place of the next entry. */
  note(places: Places): void {
    places.add(this.#scanner.getTokenStartLine() + 1, this.#scanner.getTokenStartCharacter() + 1);
  }

  /** An error at the current token, or at `place`; `code` without its domain. */
  error(code: string, what: string, hint: string, place: Place = this.place()): SidescopeError {
    return errorAt(`${this.#domain}.${code}`, place, what, hint);
  }

  /** Reads an object; `readMember` is called at the value of each member, which is in the table. */
  object(table: MemberTable, readMember: (name: string) => void): void {
    const line = this.#scanner.getTokenStartLine() + 1;
    const column = this.#scanner.getTokenStartCharacter() + 1;
    this.#expect(Token.openBrace, 'an object');
    let seen = 0;
    let seenBehind = 0;
    for (;;) {
      if (this.#is(Token.closeBrace) && (seen | seenBehind) === 0) break;
      if (!this.#is(Token.text)) this.#notJson(`has ${this.#tokenName()} where a member name belongs`);
      const name = this.#scanner.getTokenValue();
      const number = table.names.indexOf(name);
      if (number < 0) this.#unknownMember(name, table);
      if (isSeen(seen, seenBehind, number)) {
        throw this.error('duplicate-member', 'stands here a second time', 'Keep one of them', this.place(name));
      }
      if (number < WORD_MEMBERS) seen |= 1 << number;
      else seenBehind |= 1 << (number - WORD_MEMBERS);
      this.#path.push(name);
      this.#advance();
      if (!this.#is(Token.colon)) this.#notJson(`has ${this.#tokenName()} where a colon belongs`);
      this.#advance();
      readMember(name);
      this.#path.pop();
      if (this.#is(Token.closeBrace)) break;
      if (!this.#is(Token.comma)) this.#notJson(`has ${this.#tokenName()} where a comma or a brace belongs`);
      this.#advance();
    }
    this.#advance();
    for (const name of table.required) {
      if (isSeen(seen, seenBehind, table.names.indexOf(name))) continue;
      const hint = `Add "${name}" to the object that begins there`;
      throw this.error('missing-member', 'is missing', hint, { ...this.place(name), line, column });
    }
  }

  /** Reads a list; `readEntry` is called at each entry. */
  list(readEntry: (index: number) => void): void {
    this.#expect(Token.openBracket, 'a list');
    for (let index = 0; ; index++) {
      if (this.#is(Token.closeBracket) && index === 0) break;
      this.#path.push(index);
      readEntry(index);
      this.#path.pop();
      if (this.#is(Token.closeBracket)) break;
      if (!this.#is(Token.comma)) this.#notJson(`has ${this.#tokenName()} where a comma or a bracket belongs`);
      this.#advance();
    }
    this.#advance();
  }

  /** True, and read, where the value is null. */
  nothing(): boolean {
    if (!this.#is(Token.nullWord)) return false;
    this.#advance();
    return true;
  }

  /**
   * Reads a text and turns it into what is wanted; `turn` may throw `error`, which then names this text's place. The
   * text may be a view of the whole file: whoever keeps it copies it.
   */
  text<Value>(turn: (text: string) => Value): Value {
    if (!this.#is(Token.text)) this.#wrongType('text');
    const value = turn(this.#scanner.getTokenValue());
    this.#advance();
    return value;
  }

  /** Reads a whole number from `least` to `most`. */
  integer(least: number, most: number): number {
    if (!this.#is(Token.number)) this.#wrongType('a number');
    const value = Number(this.#scanner.getTokenValue());
    if (!Number.isInteger(value) || value < least || value > most) {
      throw this.error('out-of-range', `is not a whole number from ${least} to ${most}`, 'Correct the number');
    }
    this.#advance();
    return value;
  }

  /** Reads a number above 0. */
  positive(): number {
    if (!this.#is(Token.number)) this.#wrongType('a number');
    const value = Number(this.#scanner.getTokenValue());
    if (!Number.isFinite(value) || value <= 0) {
      throw this.error('out-of-range', 'is not a number above 0', 'Correct the number');
    }
    this.#advance();
    return value;
  }

  /** Reads true or false. */
  flag(): boolean {
    if (!this.#is(Token.trueWord) && !this.#is(Token.falseWord)) this.#wrongType('true or false');
    const value = this.#is(Token.trueWord);
    this.#advance();
    return value;
  }

  /** Whether the current value is a number. */
  atNumber(): boolean {
    return this.#is(Token.number);
  }

  /** It reads text. */
  take(): boolean {
    return false;
  }

  #is(token: number): boolean {
    return this.#token === token;
  }

  #advance(): void {
    do {
      this.#token = this.#scanner.scan();
    } while (this.#token === Token.blank || this.#token === Token.lineBreak);
    if (this.#token === Token.lineComment || this.#token === Token.blockComment) this.#notJson('has a comment');
    if (this.#token === Token.unknown) this.#notJson('has something that is no JSON');
    const error: number = this.#scanner.getTokenError();
    if (error !== 0) this.#notJson(`has ${this.#tokenName()} that is not well formed`);
  }

  #expect(token: number, name: string): void {
    if (!this.#is(token)) this.#wrongType(name);
    this.#advance();
  }

  #wrongType(wanted: string): never {
    if (!VALUE_TOKENS.has(this.#token)) this.#notJson(`has ${this.#tokenName()} where ${wanted} belongs`);
    throw this.error('wrong-type', `is ${this.#tokenName()}, not ${wanted}`, `Put ${wanted} there`);
  }

  #unknownMember(name: string, table: MemberTable): never {
    const nearest = nearestName(name, table.names);
    const hint = nearest === null ? `Members known here are ${table.names.join(', ')}` : `Did you mean "${nearest}"?`;
    if (isPrintableName(name)) throw this.error('unknown-member', 'is no member known here', hint, this.place(name));
    throw this.error('unknown-member', `has a member of ${name.length} characters that is not known here`, hint);
  }

  #notJson(what: string): never {
    throw this.error('not-json', what, PLAIN_JSON);
  }

  #tokenName(): string {
    return TOKEN_NAMES.get(this.#token) ?? 'something that is no JSON';
  }
}

/** A name that is fit for an error message: short, no control characters, and surely not a key in the wrong place. */
function isPrintableName(name: string): boolean {
  return /^[A-Za-z_][A-Za-z0-9_-]{0,31}$/.test(name) && !/[0-9A-Fa-f]{16}/.test(name);
}

function pathText(path: readonly (string | number)[]): string {
  let text = '';
  for (const step of path) {
    if (typeof step === 'number') text += `[${step}]`;
    else text += text === '' ? step : `.${step}`;
  }
  return text;
}
