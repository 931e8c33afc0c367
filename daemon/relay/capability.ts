// Capabilities: what a subscriber may see, signed by the operator. `sidescope1.` base64url(canonical JSON) `.`
// base64url(Ed25519). There is no field that names an algorithm, so nobody can choose a weaker one; and it is bound to the
// subscriber's own key, so a copy of it is worth nothing without that key (reference security C.3).

import type { KeyObject } from 'node:crypto';
import { canonicalJson, type JsonObject, type JsonValue, parseCanonicalJson } from '../audit/canonical-json.ts';
import { decodeBase64url, encodeBase64url } from './base64url.ts';
import { isPublicHex, isSignedBy, publicHex, signWith } from './ed25519.ts';

// We chose.
/** First part of the text; a later form has another one. */
const PREFIX = 'sidescope1';
/** Signed in front of the JSON, so that this signature means nothing elsewhere. */
const CONTEXT = Buffer.from('sidescope-capability-v1\0');
/** Characters of a capability; longer ones are refused unread. */
export const CAPABILITY_LENGTH = 8192;
/** Groups in one capability. */
export const CAPABILITY_GROUPS = 64;
/** Seconds: how long one may last, for people and for subscribers without anybody beside them. */
export const LONGEST_ATTENDED = 12 * 3600;
export const LONGEST_UNATTENDED = 30 * 86_400;
/** Seconds that the issuer's clock may be ahead of ours. */
export const CLOCK_SKEW = 5;
/** Connections at once that one capability may allow. */
const MOST_CONNECTIONS = 64;
/** Records a second that a capability may set as a limit. */
const MOST_RATE = 1_000_000;

/** What may be seen of a group, from the least to the most. `meta` never implies the others. */
export const VIEWS = ['meta', 'plain', 'forensic'] as const;

/** A view. `forensic` is plaintext under keys that are not active today, too. */
export type View = (typeof VIEWS)[number];

/** What is granted of one group. */
export interface GroupGrant {
  /** 6 hex digits, `f000??` for what is known by its 16 high bits only, or `*` for every group. */
  readonly gid: string;
  /** In the order of `VIEWS`, each once, one at least. */
  readonly views: readonly View[];
}

/** A capability's claims. Keys are Ed25519 public keys, 64 hex digits; times whole seconds since 1970. */
export interface Capability {
  /** The operator who signed it. */
  readonly iss: string;
  /** The daemon it is for: a subscriber trusts whoever proves to hold this key. */
  readonly aud: string;
  /** Its own name, 32 hex digits: what is revoked. */
  readonly jti: string;
  /** The subscriber, who proves to hold this key. */
  readonly sub: string;
  readonly nbf: number;
  readonly exp: number;
  /** In the order of `gid`, each once. */
  readonly groups: readonly GroupGrant[];
  /** Records a second at most; 0 for no limit. */
  readonly rate: number;
  /** Connections at once. */
  readonly maxConn: number;
  /** For a subscriber with nobody beside it: may last up to 30 days. Absent where it is not so. */
  readonly unattended?: true;
}

/** Why a capability is refused: stable, for logs, tests and the subscriber. */
export type CapabilityRefusal =
  | 'malformed'
  | 'not-canonical'
  | 'fields'
  | 'signature'
  | 'issuer'
  | 'audience'
  | 'too-long'
  | 'not-yet-valid'
  | 'expired';

/** A capability that was read, or why not. */
export type CapabilityResult =
  | { readonly capability: Capability; readonly refusal: null }
  | { readonly capability: null; readonly refusal: CapabilityRefusal };

const FIELDS = ['aud', 'exp', 'groups', 'iss', 'jti', 'maxConn', 'nbf', 'rate', 'sub'];

/** Whether a text names a group as grants do. */
export function isGroupPattern(text: string): boolean {
  return text === '*' || /^[0-9a-f]{6}$/.test(text) || /^[0-9a-f]{4}\?\?$/.test(text);
}

/** Views in their order, each once. */
export function sortedViews(views: Iterable<View>): View[] {
  const wanted = new Set(views);
  return VIEWS.filter((view) => wanted.has(view));
}

/**
 * Signs a capability with the operator's key, whose public half becomes `iss`.
 *
 * @throws RangeError for claims that nobody would accept; the command line checks them first
 */
export function issueCapability(operator: KeyObject, claims: Omit<Capability, 'iss'>): string {
  const capability: Capability = { ...claims, iss: publicHex(operator) };
  const json = canonicalJson(capability as unknown as JsonObject);
  if (claimsOf(JSON.parse(json) as JsonValue) === null || !lastsNotTooLong(capability)) {
    throw new RangeError('claims that no daemon accepts');
  }
  const octets = Buffer.from(json);
  const signature = signWith(operator, Buffer.concat([CONTEXT, octets]));
  return `${PREFIX}.${encodeBase64url(octets)}.${encodeBase64url(signature)}`;
}

/** Reads the claims without asking who signed them: for showing, never for granting. */
export function readCapability(text: string): CapabilityResult {
  const parts = partsOf(text);
  return parts === null ? refused('malformed') : readClaims(parts.octets);
}

/**
 * Reads a capability and checks everything but revocation.
 *
 * @param operator whose signature counts
 * @param daemon whom it must be for
 * @param now seconds since 1970
 */
export function verifyCapability(text: string, operator: string, daemon: string, now: number): CapabilityResult {
  const parts = partsOf(text);
  if (parts === null) return refused('malformed');
  // The signature first: nothing that the operator did not write is looked into.
  if (!isSignedBy(operator, Buffer.concat([CONTEXT, parts.octets]), parts.signature)) return refused('signature');
  const result = readClaims(parts.octets);
  if (result.capability === null) return result;
  const { capability } = result;
  if (capability.iss !== operator) return refused('issuer');
  if (capability.aud !== daemon) return refused('audience');
  if (!lastsNotTooLong(capability)) return refused('too-long');
  if (now < capability.nbf - CLOCK_SKEW) return refused('not-yet-valid');
  if (now >= capability.exp) return refused('expired');
  return result;
}

function refused(refusal: CapabilityRefusal): CapabilityResult {
  return { capability: null, refusal };
}

function partsOf(text: string): { readonly octets: Uint8Array; readonly signature: Uint8Array } | null {
  if (text.length > CAPABILITY_LENGTH) return null;
  const parts = text.split('.');
  if (parts.length !== 3 || parts[0] !== PREFIX) return null;
  const octets = decodeBase64url(parts[1]);
  const signature = decodeBase64url(parts[2]);
  return octets === null || signature === null ? null : { octets, signature };
}

function readClaims(octets: Uint8Array): CapabilityResult {
  let text: string;
  try {
    text = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(octets);
  } catch {
    return refused('not-canonical');
  }
  const value = parseCanonicalJson(text);
  if (value === null) return refused('not-canonical');
  const capability = claimsOf(value);
  return capability === null ? refused('fields') : { capability, refusal: null };
}

/** The claims, or null where a member is missing, unknown or not what it must be. */
function claimsOf(value: JsonValue): Capability | null {
  if (!isObject(value)) return null;
  const known = Object.hasOwn(value, 'unattended') ? [...FIELDS, 'unattended'] : FIELDS;
  const names = Object.keys(value).sort();
  if (names.join() !== known.join()) return null;
  const { iss, aud, jti, sub, nbf, exp, groups, rate, maxConn, unattended } = value;
  if (!isKey(iss) || !isKey(aud) || !isKey(sub)) return null;
  if (typeof jti !== 'string' || !/^[0-9a-f]{32}$/.test(jti)) return null;
  if (!isWithin(nbf, 0, Number.MAX_SAFE_INTEGER) || !isWithin(exp, nbf + 1, Number.MAX_SAFE_INTEGER)) return null;
  if (!isWithin(rate, 0, MOST_RATE) || !isWithin(maxConn, 1, MOST_CONNECTIONS)) return null;
  if (unattended !== undefined && unattended !== true) return null;
  const grants = grantsOf(groups);
  if (grants === null) return null;
  const claims = { iss, aud, jti, sub, nbf, exp, groups: grants, rate, maxConn };
  return unattended === true ? { ...claims, unattended } : claims;
}

function grantsOf(value: JsonValue | undefined): GroupGrant[] | null {
  if (!Array.isArray(value) || value.length === 0 || value.length > CAPABILITY_GROUPS) return null;
  const grants: GroupGrant[] = [];
  for (const item of value as readonly JsonValue[]) {
    if (!isObject(item) || Object.keys(item).sort().join() !== 'gid,views') return null;
    const { gid, views } = item;
    if (typeof gid !== 'string' || !isGroupPattern(gid)) return null;
    // In order and each once: two spellings of one grant would be two names for it.
    const last = grants.at(-1);
    if (last !== undefined && last.gid >= gid) return null;
    if (!Array.isArray(views) || views.length === 0) return null;
    const sorted = sortedViews(views as View[]);
    if (sorted.join() !== views.join()) return null;
    grants.push({ gid, views: sorted });
  }
  return grants;
}

function lastsNotTooLong({ nbf, exp, unattended }: Capability): boolean {
  return exp - nbf <= (unattended === true ? LONGEST_UNATTENDED : LONGEST_ATTENDED);
}

function isObject(value: JsonValue | undefined): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function isKey(value: JsonValue | undefined): value is string {
  return typeof value === 'string' && isPublicHex(value);
}

function isWithin(value: JsonValue | undefined, least: number, most: number): value is number {
  return typeof value === 'number' && Number.isSafeInteger(value) && value >= least && value <= most;
}
