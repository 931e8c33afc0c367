// All fields of all protocols, by name: what `-Y`, `-e`, completion and `sidescope fields` ask.

import { nearestNames } from './filter/nearest.ts';
import { findingProtocol, judgedProtocol, problemProtocol } from './judged-fields.ts';
import type { Field, Protocol } from './layer.ts';
import { PROTOCOLS } from './protocols.ts';

/** What `-e` and `-Y` mean by one name: one declaration or several. All have one type. */
export interface FieldEntry {
  readonly name: string;
  /** Declarations in the order of the protocols; more than one where a name stands for several (`ip.addr`). */
  readonly fields: readonly Field[];
  /** Protocol that declares the first of them. */
  readonly protocol: Protocol;
  /** One sentence. */
  readonly about: string;
}

/** What a protocol name means: every protocol of that name, of that alias, or whose fields begin with it. */
export interface ProtocolEntry {
  readonly name: string;
  readonly protocols: readonly Protocol[];
  /** Fields whose presence means the protocol's, where the engine writes fields without opening a layer. */
  readonly fields: readonly Field[];
  readonly about: string;
}

/** Wireshark's names that stand for two fields. A protocol that declares the name itself goes before. */
const JOINT_NAMES: readonly (readonly [name: string, parts: readonly string[]])[] = [
  ['eth.addr', ['eth.dst', 'eth.src']],
  ['ip.addr', ['ip.src', 'ip.dst']],
  ['ipv6.addr', ['ipv6.src', 'ipv6.dst']],
  ['tcp.port', ['tcp.srcport', 'tcp.dstport']],
  ['udp.port', ['udp.srcport', 'udp.dstport']],
];

/** Wireshark's names of protocols that no field name leads to. */
const PROTOCOL_ALIASES: ReadonlyMap<string, Protocol> = new Map([['_ws.malformed', problemProtocol]]);

/** Protocols whose fields come without a layer of their own. */
const WITHOUT_LAYER: ReadonlySet<Protocol> = new Set([judgedProtocol, findingProtocol]);

function indexFields(): Map<string, FieldEntry> {
  const entries = new Map<string, FieldEntry>();
  for (const protocol of PROTOCOLS) {
    for (const field of Object.values(protocol.fields)) {
      const known = entries.get(field.name);
      if (known === undefined) {
        entries.set(field.name, { name: field.name, fields: [field], protocol, about: field.about });
      } else if (!known.fields.includes(field)) {
        entries.set(field.name, { ...known, fields: [...known.fields, field] });
      }
    }
  }
  for (const [name, parts] of JOINT_NAMES) {
    const members = parts.map((part) => entries.get(part)).filter((entry) => entry !== undefined);
    const first = members[0];
    if (first === undefined || entries.has(name)) continue;
    const about = `Any of ${parts.join(' and ')}.`;
    entries.set(name, { name, fields: members.flatMap((entry) => entry.fields), protocol: first.protocol, about });
  }
  return entries;
}

function indexProtocols(): Map<string, ProtocolEntry> {
  const members = new Map<string, Set<Protocol>>();
  const put = (name: string, protocol: Protocol) => {
    const known = members.get(name);
    if (known === undefined) members.set(name, new Set([protocol]));
    else known.add(protocol);
  };
  for (const protocol of PROTOCOLS) {
    put(protocol.name, protocol);
    // `ip` means the protocol `ipv4`, `slrb` means `pdcp-slrb`: Wireshark's field names tell which.
    for (const field of Object.values(protocol.fields)) put(field.name.split('.')[0], protocol);
  }
  for (const [name, protocol] of PROTOCOL_ALIASES) put(name, protocol);
  const entries = new Map<string, ProtocolEntry>();
  for (const [name, set] of members) {
    const protocols = [...set];
    const fields = protocols.filter((protocol) => WITHOUT_LAYER.has(protocol)).flatMap((p) => Object.values(p.fields));
    const title = protocols.find((protocol) => protocol.name === name) ?? protocols[0];
    entries.set(name, { name, protocols, fields, about: `${title.title}: ${title.about}` });
  }
  return entries;
}

const FIELDS = indexFields();
const PROTOCOL_NAMES = indexProtocols();

/** The field of this name (case matters), or null. */
export function findField(name: string): FieldEntry | null {
  return FIELDS.get(name) ?? null;
}

/** The protocol of this name, or null. Names of events (`ipv4`) and of Wireshark (`ip`) both work. */
export function findProtocol(name: string): ProtocolEntry | null {
  return PROTOCOL_NAMES.get(name) ?? null;
}

/** Every field, sorted by name. */
export function allFields(): FieldEntry[] {
  return [...FIELDS.values()].sort(byName);
}

/** Every protocol name, sorted. */
export function allProtocols(): ProtocolEntry[] {
  return [...PROTOCOL_NAMES.values()].sort(byName);
}

function byName(left: { readonly name: string }, right: { readonly name: string }): number {
  return left.name < right.name ? -1 : left.name > right.name ? 1 : 0;
}

/** Fields whose names begin with the prefix, sorted. */
export function fieldsWithPrefix(prefix: string): FieldEntry[] {
  return allFields().filter((entry) => entry.name.startsWith(prefix));
}

/** Fields that hold all the words in their name, label, sentence or value names, whatever the case; sorted. */
export function searchFields(words: string): FieldEntry[] {
  const wanted = words
    .toLowerCase()
    .split(/\s+/)
    .filter((word) => word !== '');
  return allFields().filter((entry) => {
    const texts = entry.fields.flatMap((field) => [field.label, field.about, ...(field.values?.values() ?? [])]);
    const haystack = [entry.name, entry.about, ...texts].join('\n').toLowerCase();
    return wanted.every((word) => haystack.includes(word));
  });
}

/** Up to three names of fields or protocols that somebody probably meant, the nearest first. */
export function nearestFieldNames(wrong: string): string[] {
  return nearestNames(wrong, [...FIELDS.keys(), ...PROTOCOL_NAMES.keys()]);
}
