// What could stand at the cursor of a filter: names of fields and protocols, operators, values of the field on the left.

import { allFields, allProtocols, findField, findProtocol } from '../fields.ts';
import type { FieldType } from '../layer.ts';
import { TYPE_HINTS } from './literals.ts';

/** Constants we chose. */
/** Suggestions of one list: what a person looks through. */
export const SUGGESTIONS = 50;

/** One thing that could stand here. */
export interface Suggestion {
  readonly text: string;
  /** One sentence. */
  readonly about: string;
}

/** Suggestions, and the offset from which one replaces the text up to the cursor. */
export interface Completion {
  readonly from: number;
  readonly suggestions: readonly Suggestion[];
}

const OPERATORS: readonly (Suggestion & { readonly types: readonly FieldType[] | null })[] = [
  { text: '==', about: 'is equal', types: null },
  { text: '!=', about: 'is different, in all its occurrences', types: null },
  { text: '<', about: 'is smaller', types: ['uint', 'l2id', 'ipv4', 'ipv6', 'ether', 'bytes', 'text', 'time'] },
  {
    text: '<=',
    about: 'is smaller or equal',
    types: ['uint', 'l2id', 'ipv4', 'ipv6', 'ether', 'bytes', 'text', 'time'],
  },
  { text: '>', about: 'is greater', types: ['uint', 'l2id', 'ipv4', 'ipv6', 'ether', 'bytes', 'text', 'time'] },
  {
    text: '>=',
    about: 'is greater or equal',
    types: ['uint', 'l2id', 'ipv4', 'ipv6', 'ether', 'bytes', 'text', 'time'],
  },
  { text: 'contains', about: 'holds a text or octets', types: ['ether', 'bytes', 'text'] },
  { text: 'matches', about: 'fits a pattern, whatever the case', types: ['ether', 'bytes', 'text'] },
  { text: 'in', about: 'is one of {...}', types: null },
];
const LINKS: readonly Suggestion[] = [
  { text: 'and', about: 'both must be true' },
  { text: 'or', about: 'one must be true' },
];
const TOKEN =
  /"(?:[^"\\]|\\[\s\S])*"?|\[[^\]]*\]?|[A-Za-z0-9_.:/?-]+|===|!==|==|!=|<=|>=|~=|&&|\|\||\^\^|[!<>(){},]|\S/g;
const COMPARISONS = new Set('== != === !== ~= < <= > >= eq ne lt le gt ge contains matches'.split(' '));
const BEFORE_OPERAND = new Set(['and', 'or', 'xor', 'not', '&&', '||', '^^', '!', '(', 'any', 'all']);

interface Token {
  readonly text: string;
  readonly at: number;
}

/** Where the cursor is, by what stands before it. */
type Place =
  | { readonly kind: 'operand' }
  | { readonly kind: 'operator'; readonly name: string }
  | { readonly kind: 'value'; readonly name: string }
  | { readonly kind: 'link' }
  | { readonly kind: 'nothing' };

/**
 * Suggestions for the word that ends at the cursor. Reads only the text before the cursor, and never fails.
 *
 * @param cursor offset in UTF-16 units
 */
export function completeFilter(text: string, cursor: number): Completion {
  const before = text.slice(0, cursor);
  const tokens: Token[] = [...before.matchAll(TOKEN)].map((match) => ({ text: match[0], at: match.index }));
  const last = tokens.at(-1);
  const isWord =
    last !== undefined && last.at + last.text.length === before.length && /^["A-Za-z0-9_.:/?-]/.test(last.text);
  const isClosedText = isWord && /^".*"$/s.test(last.text) && last.text.length > 1;
  if (isWord && !isClosedText) tokens.pop();
  const typed = isWord && !isClosedText ? last.text : '';
  const from = before.length - typed.length;
  return { from, suggestions: suggest(placeAfter(tokens), typed).slice(0, SUGGESTIONS) };
}

function placeAfter(tokens: readonly Token[]): Place {
  let place: Place = { kind: 'operand' };
  let name = '';
  for (const { text } of tokens) {
    if (BEFORE_OPERAND.has(text)) place = place.kind === 'operator' && text === 'not' ? place : { kind: 'operand' };
    else if (text === ')' || text === '}') place = { kind: 'link' };
    else if (text === 'in') place = { kind: 'nothing' };
    else if (COMPARISONS.has(text) || text === '{' || text === ',') place = { kind: 'value', name };
    else if (text.startsWith('[')) place = { kind: 'operator', name: '' };
    else if (place.kind === 'operand') {
      name = text;
      place = { kind: 'operator', name };
    } else place = { kind: 'link' };
  }
  return place;
}

function suggest(place: Place, typed: string): readonly Suggestion[] {
  switch (place.kind) {
    case 'operand':
      return names(typed);
    case 'operator':
      return operators(place.name).filter((suggestion) => suggestion.text.startsWith(typed));
    case 'value':
      return valuesOf(place.name, typed);
    case 'link':
      return LINKS.filter((suggestion) => suggestion.text.startsWith(typed));
    default:
      return '{'.startsWith(typed) ? [{ text: '{', about: 'begins a list of values and ranges' }] : [];
  }
}

function names(typed: string): Suggestion[] {
  const entries = [...allProtocols(), ...allFields()].filter((entry) => entry.name.startsWith(typed));
  const known = new Map(entries.map((entry) => [entry.name, entry.about]));
  return [...known].map(([text, about]) => ({ text, about }));
}

function operators(name: string): Suggestion[] {
  const type = findField(name)?.fields[0].type ?? (findProtocol(name) === null ? null : 'bytes');
  const fitting = OPERATORS.filter((operator) => type === null || operator.types?.includes(type) !== false);
  const comparisons = type === 'marker' ? [] : fitting.map(({ text, about }) => ({ text, about }));
  return [...comparisons, ...LINKS];
}

function valuesOf(name: string, typed: string): Suggestion[] {
  const entry = findField(name);
  if (entry === null) return [];
  const plain = typed.replace(/^"/, '').toLowerCase();
  const values = new Map<string, string>();
  for (const field of entry.fields) {
    for (const [value, valueName] of field.values ?? []) {
      if (valueName.toLowerCase().startsWith(plain) && !values.has(valueName)) {
        values.set(valueName, field.type === 'text' ? field.label : `${field.label} ${value}`);
      }
    }
  }
  if (entry.fields[0].type === 'bool')
    for (const word of ['true', 'false']) if (word.startsWith(plain)) values.set(word, entry.about);
  // A name of several words needs quotes, one that looks like a number too.
  const quoted = (text: string) =>
    /^[A-Za-z][A-Za-z0-9_-]*$/.test(text) && !typed.startsWith('"') ? text : JSON.stringify(text);
  if (values.size === 0 && typed === '') return [{ text: '', about: TYPE_HINTS[entry.fields[0].type] }];
  return [...values].map(([text, about]) => ({ text: quoted(text), about }));
}
