// What a client says after `auth`, read strictly: a member that nobody knows is an error, not a wish that is passed over.

import { createScanner } from 'jsonc-parser';
import { nearestNames } from '../../dissectors/filter/nearest.ts';
import { isGroupPattern, VIEWS, type View } from './capability.ts';
import { type ClientRequest, RECORD_TYPES, type RecordType, SID_END } from './protocol.ts';

// jsonc-parser says: its SyntaxKind is a const enum of its declarations, which a file compiled alone cannot use.
const Token = { colon: 6, text: 10, lineBreak: 14, blank: 15, end: 17 } as const;

// We chose.
const MOST_GROUPS = 64;
const REASON_LENGTH = 256;

/** A request, or what is wrong: `fatal` where not even its kind could be told. */
export type ReadRequest =
  | { readonly kind: 'request'; readonly request: ClientRequest }
  | {
      readonly kind: 'wrong';
      readonly name: { readonly sid?: number; readonly id?: number };
      readonly problem: string;
      readonly hint: string;
    }
  | { readonly kind: 'fatal'; readonly problem: string };

type Check = (value: unknown) => boolean;

const isWhole: Check = (value) => typeof value === 'number' && Number.isSafeInteger(value) && value >= 0;
const isSid: Check = (value) => isWhole(value) && (value as number) < SID_END;
const isView: Check = (value) => VIEWS.includes(value as View);
const isFlag: Check = (value) => typeof value === 'boolean';
const isText: Check = (value) => typeof value === 'string';
/** Goes on record, which takes Unicode alone: with the flag u, halves of a pair match only where the other half is missing. */
const isReason: Check = (value) =>
  typeof value === 'string' && value.trim() !== '' && value.length <= REASON_LENGTH && !/\p{Surrogate}/u.test(value);
const isOneOf =
  (...values: readonly string[]): Check =>
  (value) =>
    values.includes(value as string);
const isListOf =
  (check: (item: string) => boolean, most: number): Check =>
  (value) =>
    Array.isArray(value) &&
    value.length > 0 &&
    value.length <= most &&
    value.every((item) => typeof item === 'string' && check(item));

interface Form {
  readonly required: readonly string[];
  readonly members: Readonly<Record<string, Check>>;
}

const FORMS: Readonly<Record<string, Form>> = {
  subscribe: {
    required: ['sid', 'view'],
    members: {
      sid: isSid,
      view: isView,
      groups: isListOf(isGroupPattern, MOST_GROUPS),
      filter: isText,
      since: isWhole,
      slow: isOneOf('disconnect', 'gap'),
      downgraded: isFlag,
      format: isOneOf('json', 'pcapng'),
      types: isListOf((item) => RECORD_TYPES.includes(item as RecordType), RECORD_TYPES.length),
      reason: isReason,
    },
  },
  unsubscribe: { required: ['sid'], members: { sid: isSid } },
  tree: {
    required: ['id', 'frame', 'view'],
    members: { id: isWhole, frame: isWhole, view: isView, downgraded: isFlag, reason: isReason },
  },
  status: { required: ['id'], members: { id: isWhole } },
};

/** Reads one text message. */
export function readClientMessage(text: string): ReadRequest {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    return { kind: 'fatal', problem: 'a message is no JSON' };
  }
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    return { kind: 'fatal', problem: 'a message is no object' };
  }
  const { type, ...members } = value as Record<string, unknown>;
  const form = typeof type === 'string' && Object.hasOwn(FORMS, type) ? FORMS[type] : undefined;
  if (form === undefined) return { kind: 'fatal', problem: 'a message is of no known type' };
  const wrong = (problem: string, hint: string): ReadRequest => ({
    kind: 'wrong',
    name: nameOf(members),
    problem,
    hint,
  });
  const twice = memberTwice(text);
  if (twice !== null) return wrong(`${twice} is said twice`, 'say it once: nobody can tell which of them is meant');
  for (const [name, item] of Object.entries(members)) {
    if (!Object.hasOwn(form.members, name)) {
      const [near] = nearestNames(name, Object.keys(form.members));
      return wrong(
        `${type as string} has no member ${JSON.stringify(name.slice(0, 40))}`,
        near === undefined ? `its members are ${Object.keys(form.members).join(', ')}` : `did you mean ${near}?`,
      );
    }
    if (!form.members[name](item))
      return wrong(`${name} of ${type as string} is not what it must be`, 'see docs/relay.md');
  }
  const missing = form.required.find((name) => !Object.hasOwn(members, name));
  if (missing !== undefined) return wrong(`${type as string} lacks ${missing}`, 'see docs/relay.md');
  return { kind: 'request', request: value as ClientRequest };
}

/**
 * The first member that a message has twice, of which parsing leaves the last; null: there is none. Token by token: who goes
 * down into what a stranger nests 30,000 deep comes to the end of the stack.
 */
function memberTwice(text: string): string | null {
  const scanner = createScanner(text, false);
  const said = new Set<string>();
  let name: string | null = null;
  for (let token: number = scanner.scan(); token !== Token.end; token = scanner.scan()) {
    if (token === Token.blank || token === Token.lineBreak) continue;
    if (token === Token.colon && name !== null) {
      if (said.has(name)) return JSON.stringify(name.slice(0, 40));
      said.add(name);
    }
    name = token === Token.text ? scanner.getTokenValue() : null;
  }
  return null;
}

function nameOf(members: Record<string, unknown>): { sid?: number; id?: number } {
  const { sid, id } = members;
  if (isSid(sid)) return { sid: sid as number };
  return isWhole(id) ? { id: id as number } : {};
}
