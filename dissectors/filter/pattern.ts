// Regular expressions for `matches`, in time proportional to pattern times text. A filter can come from a subscriber of
// the daemon, and the text from an attacker: an engine that backtracks could be stopped by either. So the pattern
// becomes a list of small instructions, and all alternatives are followed at once (K. Thompson, CACM 11(6), 1968).
//
// Understood: characters, `.`, `[a-z]`, `[^a-z]`, `\d \w \s \D \W \S`, `\xHH`, `\n \r \t \0`, `^`, `$`, `\b`, `\B`, groups,
// `|`, `*`, `+`, `?`, `{2}`, `{2,}`, `{2,5}`, lazy forms, `(?i)` in front. Back references and lookaround are refused: no
// engine can give them in bounded time. Letters match without regard to case, as in Wireshark.

import { FilterError } from './filter-error.ts';
import { type CharacterSet, type PatternNode, PatternParser, WORD } from './pattern-parser.ts';

/** Constants we chose. */
/** Characters of a pattern; longer ones are refused. */
export const PATTERN_CHARACTERS = 256;
/** Instructions of a pattern after its counts are written out; more are refused: `(a{99}){99}` would have 10,000. */
export const PATTERN_INSTRUCTIONS = 2048;
/** Characters (octets, where octets are matched) of a value that are looked at; what lies beyond is not seen. */
export const MATCHED_CHARACTERS = 4096;

type Instruction =
  | { readonly kind: 'set'; readonly set: CharacterSet }
  | { readonly kind: 'assert'; readonly what: 'start' | 'end' | 'word' | 'no-word' }
  | { readonly kind: 'split'; first: number; second: number }
  | { readonly kind: 'jump'; to: number }
  | { readonly kind: 'match' };

/** A node as instructions, put behind those that are there. */
function emit(program: Instruction[], node: PatternNode, column: number): void {
  if (program.length > PATTERN_INSTRUCTIONS) {
    throw new FilterError(
      'filter.pattern',
      column,
      `the pattern grows beyond ${PATTERN_INSTRUCTIONS} steps`,
      'make the counts in braces smaller',
    );
  }
  switch (node.kind) {
    case 'set':
    case 'assert':
      program.push(node);
      return;
    case 'sequence':
      for (const part of node.parts) emit(program, part, column);
      return;
    case 'choice':
      emitChoice(program, node.parts, column);
      return;
    default:
      emitRepeat(program, node, column);
  }
}

function emitChoice(program: Instruction[], parts: readonly PatternNode[], column: number): void {
  const ends: { kind: 'jump'; to: number }[] = [];
  parts.forEach((part, index) => {
    if (index === parts.length - 1) {
      emit(program, part, column);
      return;
    }
    const split = { kind: 'split' as const, first: program.length + 1, second: 0 };
    program.push(split);
    emit(program, part, column);
    const end = { kind: 'jump' as const, to: 0 };
    ends.push(end);
    program.push(end);
    split.second = program.length;
  });
  for (const end of ends) end.to = program.length;
}

function emitRepeat(
  program: Instruction[],
  node: { readonly part: PatternNode; readonly low: number; readonly high: number },
  column: number,
): void {
  for (let count = 0; count < node.low; count++) emit(program, node.part, column);
  if (node.high === Number.POSITIVE_INFINITY) {
    const split = { kind: 'split' as const, first: program.length + 1, second: 0 };
    const loop = program.length;
    program.push(split);
    emit(program, node.part, column);
    program.push({ kind: 'jump', to: loop });
    split.second = program.length;
    return;
  }
  const splits: { kind: 'split'; first: number; second: number }[] = [];
  for (let count = node.low; count < node.high; count++) {
    const split = { kind: 'split' as const, first: program.length + 1, second: 0 };
    splits.push(split);
    program.push(split);
    emit(program, node.part, column);
  }
  for (const split of splits) split.second = program.length;
}

/** The other case of a letter, or the character itself. */
function otherCase(text: string): [number, number] {
  const lower = text.toLowerCase();
  const upper = text.toUpperCase();
  return [
    lower.length === 1 ? lower.charCodeAt(0) : text.charCodeAt(0),
    upper.length === 1 ? upper.charCodeAt(0) : text.charCodeAt(0),
  ];
}

function holds(set: CharacterSet, code: number, lower: number, upper: number): boolean {
  for (const [low, high] of set.ranges) {
    if ((code >= low && code <= high) || (lower >= low && lower <= high) || (upper >= low && upper <= high)) {
      return !set.negated;
    }
  }
  return set.negated;
}

function isWordUnit(code: number): boolean {
  return WORD.some(([low, high]) => code >= low && code <= high);
}

/** A compiled pattern. */
export interface Pattern {
  /** Whether the pattern matches anywhere in the first `MATCHED_CHARACTERS` of the text. */
  test(text: string): boolean;
}

/**
 * Compiles a pattern.
 *
 * @param column where it stands in the filter, for errors
 * @throws FilterError `filter.pattern` for one that is too long, wrong, or not understood
 */
export function compilePattern(text: string, column: number): Pattern {
  if (text.length > PATTERN_CHARACTERS) {
    throw new FilterError(
      'filter.pattern',
      column,
      `the pattern has ${text.length} characters, ${PATTERN_CHARACTERS} are allowed`,
      'match a shorter part of the text',
    );
  }
  const program: Instruction[] = [];
  emit(program, new PatternParser(text, column).parse(), column);
  program.push({ kind: 'match' });
  return new PatternMachine(program);
}

/** Follows all alternatives of a program at once. `#marks` keeps each instruction from being queued twice a step. */
class PatternMachine implements Pattern {
  readonly #program: readonly Instruction[];
  readonly #marks: Uint32Array;
  readonly #stack: number[] = [];
  #step = 0;
  #current: number[] = [];
  #next: number[] = [];

  constructor(program: readonly Instruction[]) {
    this.#program = program;
    this.#marks = new Uint32Array(program.length);
  }

  test(whole: string): boolean {
    const text = whole.length > MATCHED_CHARACTERS ? whole.slice(0, MATCHED_CHARACTERS) : whole;
    this.#marks.fill(0);
    this.#step = 1;
    this.#current.length = 0;
    for (let at = 0; at <= text.length; at++) {
      if (this.#follow(this.#current, 0, text, at)) return true;
      if (at === text.length) return false;
      if (this.#consume(text, at)) return true;
    }
    return false;
  }

  #consume(text: string, at: number): boolean {
    const code = text.charCodeAt(at);
    const [lower, upper] = otherCase(text[at]);
    this.#step++;
    this.#next.length = 0;
    for (const index of this.#current) {
      const instruction = this.#program[index];
      if (instruction.kind !== 'set' || !holds(instruction.set, code, lower, upper)) continue;
      if (this.#follow(this.#next, index + 1, text, at + 1)) return true;
    }
    [this.#current, this.#next] = [this.#next, this.#current];
    return false;
  }

  /** Queues what can be reached from an instruction without a character. True where that is the end of the pattern. */
  #follow(queue: number[], from: number, text: string, at: number): boolean {
    const stack = this.#stack;
    stack.length = 0;
    stack.push(from);
    for (let index = stack.pop(); index !== undefined; index = stack.pop()) {
      if (this.#marks[index] === this.#step) continue;
      this.#marks[index] = this.#step;
      const instruction = this.#program[index];
      if (instruction.kind === 'match') return true;
      if (instruction.kind === 'set') queue.push(index);
      else if (instruction.kind === 'jump') stack.push(instruction.to);
      else if (instruction.kind === 'split') stack.push(instruction.second, instruction.first);
      else if (asserted(instruction.what, text, at)) stack.push(index + 1);
    }
    return false;
  }
}

function asserted(what: 'start' | 'end' | 'word' | 'no-word', text: string, at: number): boolean {
  if (what === 'start') return at === 0;
  if (what === 'end') return at === text.length;
  const before = at > 0 && isWordUnit(text.charCodeAt(at - 1));
  const after = at < text.length && isWordUnit(text.charCodeAt(at));
  return (before !== after) === (what === 'word');
}
