// The capabilities of test/vectors/relay, each with one defect. Write them again with
// `WRITE_VECTORS=1 npx vitest run test/daemon/relay/capability.test.ts`.

import { encodeBase64url } from '../../../daemon/relay/base64url.ts';
import { privateKeyOf, publicHex, signWith } from '../../../daemon/relay/ed25519.ts';

export const operator = privateKeyOf(Buffer.alloc(32, 1));
export const daemon = privateKeyOf(Buffer.alloc(32, 2));
export const subscriber = privateKeyOf(Buffer.alloc(32, 3));
const stranger = privateKeyOf(Buffer.alloc(32, 4));

/** When the good one begins. */
const NBF = 1_780_000_000;
const HOUR = 3600;
const CONTEXT = 'sidescope-capability-v1\0';
/** Order of the base point, little endian. */
const ORDER = Buffer.from('edd3f55c1a631258d69cf7a2def9de1400000000000000000000000000000010', 'hex');

/** One vector. */
export interface CapabilityVector {
  readonly name: string;
  readonly expect: string;
  readonly comment: string;
  readonly now: number;
  readonly text: string;
}

const GOOD = {
  aud: publicHex(daemon),
  exp: NBF + 12 * HOUR,
  groups: [
    { gid: '*', views: ['meta'] },
    { gid: 'f00001', views: ['meta', 'plain'] },
    { gid: 'f002??', views: ['meta', 'plain', 'forensic'] },
  ],
  iss: publicHex(operator),
  jti: '000102030405060708090a0b0c0d0e0f',
  maxConn: 2,
  nbf: NBF,
  rate: 0,
  sub: publicHex(subscriber),
};

function signed(json: string | Uint8Array, key = operator, context = CONTEXT): string {
  const octets = Buffer.from(json as string);
  return `sidescope1.${encodeBase64url(octets)}.${encodeBase64url(signWith(key, Buffer.concat([Buffer.from(context), octets])))}`;
}

/** JSON with members in the order of their names, as they stand. */
function ordered(value: object): string {
  return JSON.stringify(value, (_key, item: unknown) =>
    typeof item === 'object' && item !== null && !Array.isArray(item)
      ? Object.fromEntries(Object.entries(item).sort(([a], [b]) => (a < b ? -1 : 1)))
      : item,
  );
}

const withClaims = (more: object): string => signed(ordered({ ...GOOD, ...more }));
const without = (name: string): string =>
  signed(ordered(Object.fromEntries(Object.entries(GOOD).filter(([key]) => key !== name))));

const good = signed(ordered(GOOD));
const [, goodJson, goodSignature] = good.split('.');

function withSignature(change: (signature: Buffer) => void): string {
  const signature = Buffer.from(goodSignature, 'base64url');
  change(signature);
  return `sidescope1.${goodJson}.${encodeBase64url(signature)}`;
}

/** s + L: the same signature to a reader that does not reduce. */
function addOrder(signature: Buffer): void {
  let carry = 0;
  for (let index = 0; index < 32; index++) {
    const sum = signature[32 + index] + ORDER[index] + carry;
    signature[32 + index] = sum & 0xff;
    carry = sum >> 8;
  }
}

/** base64url whose last character has bits that say nothing set. */
function looseBits(text: string): string {
  const alphabet = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_';
  return text.slice(0, -1) + alphabet[alphabet.indexOf(text.at(-1) as string) + 1];
}

const make = (name: string, expect: string, comment: string, text: string, now = NBF + HOUR): CapabilityVector => ({
  name,
  expect,
  comment,
  now,
  text,
});

/** All of them. */
export const VECTORS: readonly CapabilityVector[] = [
  make('good', 'granted', 'nothing is wrong', good),
  make(
    'good_unattended',
    'granted',
    '30 days, with nobody beside it',
    withClaims({ unattended: true, exp: NBF + 720 * HOUR }),
  ),
  make('good_first_second', 'granted', 'the first second', good, NBF),
  make('good_clock_ahead', 'granted', "the issuer's clock is 5 s ahead", good, NBF - 5),
  make('good_last_second', 'granted', 'the last second', good, NBF + 12 * HOUR - 1),
  make('expired', 'expired', 'the first second after its end', good, NBF + 12 * HOUR),
  make('not_yet_valid', 'not-yet-valid', '6 s before it begins', good, NBF - 6),
  make('too_long', 'too-long', '12 h and a second', withClaims({ exp: NBF + 12 * HOUR + 1 })),
  make(
    'too_long_unattended',
    'too-long',
    '30 days and a second',
    withClaims({ unattended: true, exp: NBF + 720 * HOUR + 1 }),
  ),
  make('unattended_false', 'fields', 'unattended is true or not there', withClaims({ unattended: false })),
  make('ends_before_it_begins', 'fields', 'exp is nbf', withClaims({ exp: NBF })),
  make('other_issuer', 'signature', 'signed by a stranger, iss is the operator', signed(ordered(GOOD), stranger)),
  make('other_iss', 'issuer', 'signed by the operator, iss is a stranger', withClaims({ iss: publicHex(stranger) })),
  make('other_daemon', 'audience', 'for another daemon', withClaims({ aud: publicHex(stranger) })),
  make(
    'subject_small_order',
    'fields',
    'sub is the point of order 1, under which anybody signs',
    withClaims({ sub: `01${'00'.repeat(31)}` }),
  ),
  make('subject_upper_case', 'fields', 'sub in upper case', withClaims({ sub: publicHex(subscriber).toUpperCase() })),
  make('algorithm_field', 'fields', 'a field that names an algorithm', withClaims({ alg: 'none' })),
  make('unknown_field', 'fields', 'a field that nobody knows', withClaims({ admin: true })),
  make('missing_rate', 'fields', 'no rate', without('rate')),
  make('missing_jti', 'fields', 'no name', without('jti')),
  make('short_jti', 'fields', 'a name of 31 digits', withClaims({ jti: GOOD.jti.slice(1) })),
  make('fraction', 'not-canonical', 'a number with a fraction', withClaims({ rate: 0.5 })),
  make('negative_rate', 'fields', 'a rate below 0', withClaims({ rate: -1 })),
  make('no_connections', 'fields', 'no connection at all', withClaims({ maxConn: 0 })),
  make('no_groups', 'fields', 'no group', withClaims({ groups: [] })),
  make('group_twice', 'fields', 'a group twice', withClaims({ groups: [GOOD.groups[1], GOOD.groups[1]] })),
  make(
    'groups_out_of_order',
    'fields',
    'groups in another order',
    withClaims({ groups: [GOOD.groups[1], GOOD.groups[0]] }),
  ),
  make(
    'group_upper_case',
    'fields',
    'a group in upper case',
    withClaims({ groups: [{ gid: 'F00001', views: ['meta'] }] }),
  ),
  make('group_prefix', 'fields', 'a group of four digits', withClaims({ groups: [{ gid: 'f000', views: ['meta'] }] })),
  make('no_views', 'fields', 'a group without a view', withClaims({ groups: [{ gid: '*', views: [] }] })),
  make('view_twice', 'fields', 'a view twice', withClaims({ groups: [{ gid: '*', views: ['meta', 'meta'] }] })),
  make(
    'views_out_of_order',
    'fields',
    'views in another order',
    withClaims({ groups: [{ gid: '*', views: ['plain', 'meta'] }] }),
  ),
  make('unknown_view', 'fields', 'a view that nobody knows', withClaims({ groups: [{ gid: '*', views: ['all'] }] })),
  make(
    'group_unknown_field',
    'fields',
    'a group with a field more',
    withClaims({ groups: [{ gid: '*', views: ['meta'], until: 1 }] }),
  ),
  make(
    'widened',
    'signature',
    'plaintext added behind the signature',
    `sidescope1.${encodeBase64url(Buffer.from(ordered({ ...GOOD, groups: [{ gid: '*', views: ['meta', 'plain'] }] })))}.${goodSignature}`,
  ),
  make('duplicate_member', 'not-canonical', 'exp twice', signed(ordered(GOOD).replace('"exp":', '"exp":1,"exp":'))),
  make(
    'member_order',
    'not-canonical',
    'members in another order',
    signed(JSON.stringify(Object.fromEntries(Object.entries(GOOD).toReversed()))),
  ),
  make('blank', 'not-canonical', 'a blank in the JSON', signed(ordered(GOOD).replace(':', ': '))),
  make(
    'escaped_letter',
    'not-canonical',
    'a letter as an escape',
    signed(ordered(GOOD).replace('"aud"', '"\\u0061ud"')),
  ),
  make(
    'exponent',
    'not-canonical',
    'a number with an exponent',
    signed(ordered(GOOD).replace('"maxConn":2', '"maxConn":2e0')),
  ),
  make('byte_order_mark', 'not-canonical', 'a byte order mark in front', signed(`\ufeff${ordered(GOOD)}`)),
  make(
    'not_utf8',
    'not-canonical',
    'an octet that is no UTF-8',
    signed(Buffer.concat([Buffer.from(ordered(GOOD).slice(0, -1)), Buffer.of(0xff, 0x7d)])),
  ),
  make('no_json', 'not-canonical', 'no JSON', signed('granted')),
  make('list', 'fields', 'a list instead of an object', signed('[]')),
  make(
    'signature_bit',
    'signature',
    'a bit of the signature',
    withSignature((signature) => {
      signature[0] ^= 1;
    }),
  ),
  make('signature_plus_order', 'signature', 's + L: the second spelling of a signature', withSignature(addOrder)),
  make(
    'signature_zero',
    'signature',
    'a signature of zeros',
    withSignature((signature) => {
      signature.fill(0);
    }),
  ),
  make(
    'signature_short',
    'signature',
    'an octet less',
    `sidescope1.${goodJson}.${encodeBase64url(Buffer.from(goodSignature, 'base64url').subarray(0, 63))}`,
  ),
  make('signature_missing', 'signature', 'no signature', `sidescope1.${goodJson}.`),
  make(
    'signature_other_context',
    'signature',
    'signed as something else',
    signed(ordered(GOOD), operator, 'sidescope-auth-v1\0'),
  ),
  make('base64_padding', 'malformed', 'padding', `${good}==`),
  make(
    'base64_standard',
    'malformed',
    'the other alphabet',
    `sidescope1.${goodJson}.${goodSignature.replaceAll('-', '+').replaceAll('_', '/')}`,
  ),
  make(
    'base64_loose_bits',
    'malformed',
    'bits that say nothing are set',
    `sidescope1.${goodJson}.${looseBits(goodSignature)}`,
  ),
  make('base64_blank', 'malformed', 'a blank at the end', `${good} `),
  make('prefix', 'malformed', 'another form', good.replace('sidescope1', 'sidescope2')),
  make('parts_two', 'malformed', 'no third part', `sidescope1.${goodJson}`),
  make('parts_four', 'malformed', 'a fourth part', `${good}.`),
  make('too_large', 'malformed', 'more than 8192 characters', withClaims({ jti: 'a'.repeat(8192) })),
  make('empty', 'malformed', 'nothing', ''),
];

/** The text of a vector's file. */
export function vectorText({ expect, comment, now, text }: CapabilityVector): string {
  return `expect: ${expect}\ncomment: ${comment}\nnow: ${now}\n\n${text}`;
}

/** Reads a vector's file. */
export function parseVector(name: string, file: string): CapabilityVector {
  const match = /^expect: (.*)\ncomment: (.*)\nnow: (\d+)\n\n([\s\S]*)$/.exec(file);
  if (match === null) throw new Error(`${name} is no vector`);
  return { name, expect: match[1], comment: match[2], now: Number(match[3]), text: match[4] };
}
