// The sources of a daemon's configuration: what each kind may hold (captures/sources/source-description.ts says what it
// means).

import type { SourceDescription } from '../../captures/sources/source-description.ts';
import { type JsonReader, type MemberTable, memberTable } from '../keyring/json-reader.ts';
import { readPath, readText, readTexts, readWord } from './config-values.ts';

// The specification says (captures/sources/source-description.ts).
const NAME_MOST = 64;
// We chose.
const SOURCES_MOST = 64;
const KINDS = ['interface', 'command', 'stdin', 'file', 'files', 'udp', 'replay'] as const;
type Kind = (typeof KINDS)[number];
type Values = Record<string, unknown>;
type Read = (reader: JsonReader, folder: string) => unknown;

const text: Read = (reader) => readText(reader);
const path: Read = (reader, folder) => readPath(reader, folder);
const flag: Read = (reader) => reader.flag();
const word =
  (...words: readonly string[]): Read =>
  (reader) =>
    readWord(reader, words);
const integer =
  (least: number, most: number): Read =>
  (reader) =>
    reader.integer(least, most);

const COMMON: Readonly<Record<string, Read>> = {
  name: (reader) => readText(reader, NAME_MOST),
  kind: word(...KINDS),
  clock: word('wall', 'capture'),
};

/** Members of each kind beside the common ones; those with `!` must be there. */
const MEMBERS: Readonly<Record<Kind, Readonly<Record<string, Read>>>> = {
  interface: {
    'interface!': text,
    program: word('auto', 'dumpcap', 'tcpdump'),
    filter: text,
    snapLength: integer(64, 262_144),
    promiscuous: flag,
    monitor: flag,
    bufferMiB: integer(1, 2047),
  },
  command: {
    'command!': (reader) => readTexts(reader, 1),
    folder: path,
    environment: readEnvironment,
    restart: word('always', 'failure'),
  },
  stdin: {},
  file: { 'path!': path, from: word('start', 'end') },
  files: { 'folder!': path, pattern: text, order: word('name', 'time'), from: word('start', 'end') },
  udp: {
    address: text,
    port: integer(0, 65_535),
    multicastInterface: text,
    format: word('auto', 'gsmtap'),
    bufferOctets: integer(131_072, 2 ** 31),
    kernelBufferOctets: integer(4096, 2 ** 30),
  },
  replay: { 'path!': path, speed: readSpeed, loop: flag },
};

/** Every member of every kind: a source is read before its kind is known. */
const READERS: Readonly<Record<string, Read>> = Object.assign(
  { ...COMMON },
  ...Object.values(MEMBERS).map((members) =>
    Object.fromEntries(Object.entries(members).map(([name, read]) => [bare(name), read])),
  ),
) as Record<string, Read>;
const ANY_SOURCE: MemberTable = memberTable(['name', 'kind'], Object.keys(READERS).filter(isOfKind));

/** Reads the list of sources. @throws SidescopeError `config.*` */
export function readSources(reader: JsonReader, folder: string): SourceDescription[] {
  const sources: SourceDescription[] = [];
  reader.list(() => {
    if (sources.length >= SOURCES_MOST) {
      throw reader.error('too-many', `is beyond ${SOURCES_MOST} sources`, 'Run a second daemon');
    }
    const place = reader.place();
    const source = readSource(reader, folder);
    const wrong = wrongWith(source, sources);
    if (wrong !== null) throw reader.error(wrong.code, wrong.what, wrong.hint, place);
    sources.push(source as unknown as SourceDescription);
  });
  return sources;
}

function readSource(reader: JsonReader, folder: string): Values {
  const values: Values = {};
  reader.object(ANY_SOURCE, (name) => {
    values[name] = READERS[name](reader, folder);
  });
  return values;
}

interface Wrong {
  readonly code: string;
  readonly what: string;
  readonly hint: string;
}

/** What only the whole source shows: members of another kind, missing ones, names given twice. */
function wrongWith(values: Values, others: readonly SourceDescription[]): Wrong | null {
  const kind = values.kind as Kind;
  const members = MEMBERS[kind];
  const known = Object.keys(members).map(bare);
  for (const name of Object.keys(values)) {
    if (name in COMMON || known.includes(name)) continue;
    const hint = known.length === 0 ? 'Leave it out' : `A source of this kind may have ${known.join(', ')}`;
    return { code: 'unknown-member', what: `has "${name}", which sources of kind "${kind}" do not have`, hint };
  }
  for (const name of Object.keys(members)) {
    if (!name.endsWith('!') || bare(name) in values) continue;
    return { code: 'missing-member', what: `lacks "${bare(name)}"`, hint: `Add "${bare(name)}" to the source` };
  }
  if (others.some((other) => other.name === values.name)) {
    return { code: 'duplicate-name', what: 'has the name of an earlier source', hint: 'Give each source its own name' };
  }
  if (kind === 'stdin' && others.some((other) => other.kind === 'stdin')) {
    return { code: 'two-stdin', what: 'reads standard input as an earlier one does', hint: 'Keep one of them' };
  }
  return null;
}

function readSpeed(reader: JsonReader): number | 'full' {
  return reader.atNumber() ? reader.positive() : readWord(reader, ['full'] as const);
}

function readEnvironment(reader: JsonReader): Record<string, string> {
  const pairs = readTexts(reader);
  const environment: Record<string, string> = {};
  for (const pair of pairs) {
    const at = pair.indexOf('=');
    if (at < 1) throw reader.error('bad-variable', 'has an entry without a name', 'Write "NAME=value"');
    environment[pair.slice(0, at)] = pair.slice(at + 1);
  }
  return environment;
}

function bare(name: string): string {
  return name.endsWith('!') ? name.slice(0, -1) : name;
}

function isOfKind(name: string): boolean {
  return name !== 'name' && name !== 'kind';
}
