// JSON in one form only (RFC 8785): members in order of their names, no blanks, so that a record has one text and one hash.

/** What a record can hold. Numbers are whole: RFC 8785 fixes how others look, but nobody needs them here. */
export type JsonValue = null | boolean | number | string | readonly JsonValue[] | JsonObject;

/** An object of such values. */
export interface JsonObject {
  readonly [name: string]: JsonValue;
}

/** With the flag u, halves of a pair match only where the other half is missing. */
const LONE_SURROGATE = /\p{Surrogate}/u;

/** The text of a value. @throws RangeError for numbers that are not whole and for text that is no Unicode */
export function canonicalJson(value: JsonValue): string {
  if (typeof value === 'string') {
    if (LONE_SURROGATE.test(value)) throw new RangeError('a text is no Unicode');
    return JSON.stringify(value);
  }
  if (typeof value === 'number') {
    if (!Number.isSafeInteger(value) || Object.is(value, -0)) throw new RangeError('a number is not whole');
    return String(value);
  }
  if (value === null || typeof value === 'boolean') return String(value);
  if (isList(value)) return `[${value.map(canonicalJson).join(',')}]`;
  const names = Object.keys(value).sort(byCodeUnits);
  return `{${names.map((name) => `${canonicalJson(name)}:${canonicalJson(value[name])}`).join(',')}}`;
}

/** The value of a text that is in canonical form, or null where it is not, or is no JSON. */
export function parseCanonicalJson(text: string): JsonValue | null {
  try {
    const value = JSON.parse(text) as JsonValue;
    return canonicalJson(value) === text ? value : null;
  } catch {
    return null;
  }
}

function isList(value: JsonObject | readonly JsonValue[]): value is readonly JsonValue[] {
  return Array.isArray(value);
}

function byCodeUnits(a: string, b: string): number {
  return a < b ? -1 : 1;
}
