// Reads and checks the configuration of a daemon. Every error names its place; nothing unknown is passed over.

import { readFileSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { ExitCode, SidescopeError } from '../errors.ts';
import { SEVERITIES } from '../events.ts';
import { FINDING_NAMES } from '../findings/finding-names.ts';
import type { SeverityOverrides } from '../findings/severity-overrides.ts';
import { JsonReader, memberTable } from '../keyring/json-reader.ts';
import { type DaemonConfig, type JournalConfig, type KeyStore, LOG_LEVELS, type RelayConfig } from './config.ts';
import { readSources } from './config-sources.ts';
import { readHostPort, readPath, readRelayAddress, readTexts, readWord } from './config-values.ts';

/** Value of `format`. */
export const CONFIG_FORMAT = 'sidescope-daemon/1';

// We chose.

const MEGABYTE = 1_000_000;
const MINUTE = 60_000;
const DAY = 86_400_000;
/** Octets of the file. Above: an error. */
const FILE_MOST = 1 << 20;
/** Longest waits and largest files that make sense. */
const MEGABYTES_MOST = 1_000_000_000;
const MINUTES_MOST = 525_600;
const DAYS_MOST = 36_500;
const COMMIT_MOST_MS = 1000;

const ROOT = memberTable(
  ['format', 'sources'],
  [
    'vault',
    'passphraseFile',
    'anchor',
    'identity',
    'keepDelivered',
    'keyrings',
    'state',
    'journal',
    'relay',
    'control',
    'health',
    'log',
    'severities',
  ],
);
const JOURNAL = memberTable(
  [],
  ['folder', 'fileMegabytes', 'fileMinutes', 'keepMegabytes', 'keepDays', 'commitMilliseconds'],
);
const RELAY = memberTable(['operator'], ['listen', 'certificate', 'privateKey', 'hosts', 'origins']);
const LOG = memberTable([], ['level']);
const FINDINGS = memberTable([], FINDING_NAMES);
/** What the severity of a finding may be. */
const CHOSEN_SEVERITIES = [...SEVERITIES, 'off'] as const;

/**
 * Reads a configuration file.
 *
 * @throws SidescopeError `config.*`, `findings.*`: exit code 2
 */
export function readDaemonConfig(path: string): DaemonConfig {
  let text: string;
  try {
    const octets = readFileSync(path);
    if (octets.length > FILE_MOST) throw wrong('config.too-large', `${path} is no configuration: it is too large`);
    text = octets.toString('utf8');
  } catch (error) {
    if (error instanceof SidescopeError) throw error;
    const { code } = error as NodeJS.ErrnoException;
    const message = `the configuration ${path} cannot be read (${code})`;
    throw wrong('config.unreadable', message, 'Check its name; `sidescope daemon --init DIR` makes one', error);
  }
  return parseDaemonConfig(text, resolve(path));
}

/** The same from its text. @param path absolute; relative paths in the file start at its folder */
export function parseDaemonConfig(text: string, path: string): DaemonConfig {
  const reader = new JsonReader(text, path, 'config');
  const folder = dirname(path);
  const draft: Draft = {
    ...{ vault: null, passphraseFile: null, anchor: null, identity: null, keepDelivered: false, keyrings: [] },
    state: join(folder, 'state'),
    journal: defaultJournal(folder),
    sources: [],
    relay: null,
    control: join(folder, 'run', 'control.sock'),
    health: null,
    level: 'info',
    severities: {},
  };
  reader.document(() => readRoot(reader, folder, draft));
  if (draft.relay === null) {
    const hint = 'Add "relay": {"operator": "operator.pub"}, by which subscribers are known';
    throw wrong('config.missing-member', `relay is missing (${path})`, hint);
  }
  const { vault, passphraseFile, anchor, identity, keepDelivered, keyrings, level, relay, ...rest } = draft;
  const keys = keyStore({ vault, passphraseFile, anchor, identity, keepDelivered, keyrings }, path);
  return { path, ...rest, relay, log: { level }, keys };
}

interface Draft {
  vault: string | null;
  passphraseFile: string | null;
  anchor: string | null;
  identity: string | null;
  keepDelivered: boolean;
  keyrings: string[];
  state: string;
  journal: JournalConfig;
  sources: DaemonConfig['sources'];
  relay: RelayConfig | null;
  control: string;
  health: DaemonConfig['health'];
  level: DaemonConfig['log']['level'];
  severities: SeverityOverrides;
}

function readRoot(reader: JsonReader, folder: string, draft: Draft): void {
  const members: Readonly<Record<string, () => void>> = {
    format: () =>
      reader.text((text) => {
        if (text === CONFIG_FORMAT) return;
        throw reader.error('wrong-format', `is not "${CONFIG_FORMAT}"`, 'Give the configuration of a daemon');
      }),
    vault: () => {
      draft.vault = readPath(reader, folder);
    },
    passphraseFile: () => {
      draft.passphraseFile = readPath(reader, folder);
    },
    anchor: () => {
      draft.anchor = readPath(reader, folder);
    },
    identity: () => {
      draft.identity = readPath(reader, folder);
    },
    keepDelivered: () => {
      draft.keepDelivered = reader.flag();
    },
    keyrings: () => {
      draft.keyrings = readTexts(reader, 1).map((name) => resolve(folder, name));
    },
    state: () => {
      draft.state = readPath(reader, folder);
    },
    journal: () => {
      draft.journal = readJournal(reader, folder);
    },
    sources: () => {
      draft.sources = readSources(reader, folder);
    },
    relay: () => {
      draft.relay = readRelay(reader, folder);
    },
    control: () => {
      draft.control = readPath(reader, folder);
    },
    health: () => {
      draft.health = reader.nothing() ? null : readHostPort(reader);
    },
    log: () =>
      reader.object(LOG, () => {
        draft.level = readWord(reader, LOG_LEVELS);
      }),
    severities: () => {
      draft.severities = readSeverities(reader);
    },
  };
  reader.object(ROOT, (name) => members[name]());
}

type KeyMembers = 'vault' | 'passphraseFile' | 'anchor' | 'identity' | 'keepDelivered' | 'keyrings';

function keyStore({ vault, keyrings, ...how }: Pick<Draft, KeyMembers>, path: string): KeyStore {
  if (vault !== null && keyrings.length > 0) {
    throw wrong(
      'config.two-stores',
      `both vault and keyrings are given (${path})`,
      'Import the keyrings into the vault',
    );
  }
  if (vault !== null) return { kind: 'vault', path: vault, ...how };
  if (keyrings.length > 0) return { kind: 'keyring', paths: keyrings };
  const hint = 'Add "vault": "field.vault"; `sidescope keys init` makes one';
  throw wrong('config.missing-member', `vault is missing (${path})`, hint);
}

function defaultJournal(folder: string): JournalConfig {
  return {
    folder: join(folder, 'journal'),
    fileOctets: 100 * MEGABYTE,
    fileMilliseconds: 60 * MINUTE,
    keepOctets: 10_000 * MEGABYTE,
    keepMilliseconds: 30 * DAY,
    commitMilliseconds: 5,
  };
}

function readJournal(reader: JsonReader, folder: string): JournalConfig {
  const journal: { -readonly [Member in keyof JournalConfig]: JournalConfig[Member] } = defaultJournal(folder);
  reader.object(JOURNAL, (name) => {
    if (name === 'folder') journal.folder = readPath(reader, folder);
    else if (name === 'fileMegabytes') journal.fileOctets = reader.integer(1, MEGABYTES_MOST) * MEGABYTE;
    else if (name === 'fileMinutes') journal.fileMilliseconds = reader.integer(1, MINUTES_MOST) * MINUTE;
    else if (name === 'keepMegabytes') journal.keepOctets = reader.integer(1, MEGABYTES_MOST) * MEGABYTE;
    else if (name === 'keepDays') journal.keepMilliseconds = reader.integer(1, DAYS_MOST) * DAY;
    else journal.commitMilliseconds = reader.integer(1, COMMIT_MOST_MS);
  });
  return journal;
}

function readRelay(reader: JsonReader, folder: string): RelayConfig {
  const place = reader.place();
  const relay = {
    listen: [] as RelayConfig['listen'][number][],
    certificate: null as string | null,
    privateKey: null as string | null,
    operator: '',
    hosts: [] as string[],
    origins: [] as string[],
  };
  reader.object(RELAY, (name) => {
    if (name === 'listen') reader.list(() => relay.listen.push(readRelayAddress(reader, folder)));
    else if (name === 'certificate') relay.certificate = readPath(reader, folder);
    else if (name === 'privateKey') relay.privateKey = readPath(reader, folder);
    else if (name === 'operator') relay.operator = readPath(reader, folder);
    else if (name === 'hosts') relay.hosts = readTexts(reader);
    else relay.origins = readTexts(reader);
  });
  if (relay.listen.length === 0) relay.listen.push({ kind: 'unix', path: join(folder, 'run', 'relay.sock') });
  const isOverNetwork = relay.listen.some((address) => address.kind === 'tcp');
  if (isOverNetwork && (relay.certificate === null || relay.privateKey === null)) {
    const hint = 'Add "certificate" and "privateKey" (PEM files); there is no relay over TCP without TLS';
    throw reader.error('no-tls', 'listens on TCP without a certificate', hint, place);
  }
  return relay;
}

function readSeverities(reader: JsonReader): SeverityOverrides {
  const overrides: Record<string, (typeof CHOSEN_SEVERITIES)[number]> = {};
  reader.object(FINDINGS, (name) => {
    overrides[name] = readWord(reader, CHOSEN_SEVERITIES);
  });
  return overrides;
}

function wrong(
  code: string,
  message: string,
  hint = 'Give the configuration of a daemon',
  cause?: unknown,
): SidescopeError {
  return new SidescopeError(code, message, hint, ExitCode.usage, { cause });
}
