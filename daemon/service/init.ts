// What `daemon --init DIR` makes: everything a first start needs, each file for its owner alone, and the commands that come
// next. Nothing that is there already is touched.

import { existsSync, mkdirSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { hostname } from 'node:os';
import { join, resolve } from 'node:path';
import { printable } from '../../dissectors/printable.ts';
import { ExitCode, SidescopeError } from '../errors.ts';
import { createVault, type SlotRequest } from '../keyring/vault.ts';
import { createKeyFile } from '../relay/key-files.ts';
import { makeCertificate } from './certificate.ts';
import { CONFIG_FORMAT } from './config-reader.ts';
import { DAEMON_KEY } from './daemon-files.ts';

/** What an init came to. */
export interface InitResult {
  readonly folder: string;
  /** Files made, relative to the folder, each with what it is. */
  readonly files: readonly (readonly [name: string, about: string])[];
  /** The daemon's public key: what capabilities name as `aud`. */
  readonly daemon: string;
  /** SHA-256 of the TLS certificate. */
  readonly certificate: string;
  readonly program: string;
}

/** How a daemon is begun. */
export interface InitOptions {
  /** Asked once it is known that the folder can be used. */
  readonly passphrase: () => Promise<SlotRequest>;
  /** Where the configuration says the passphrase is; null: credential or terminal. Absolute. */
  readonly passphraseFile: string | null;
  /** Who acts, for the audit log. */
  readonly by: string;
  /** Milliseconds since 1970. */
  readonly now: () => number;
  /** How the program was called, for the commands that come next. */
  readonly program: string;
}

/**
 * Makes the folder of a daemon.
 *
 * @param name a folder that is empty or not there
 * @throws SidescopeError `init.*`, VaultError, RelayError
 */
export async function initDaemon(name: string, options: InitOptions): Promise<InitResult> {
  const folder = resolve(name);
  refuseUsed(folder);
  const request = await options.passphrase();
  const isNew = !existsSync(folder);
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  try {
    createVault(join(folder, 'field.vault'), [request], { by: options.by });
  } catch (error) {
    // The same command can be given again.
    if (isNew) rmSync(folder, { recursive: true, force: true });
    throw error;
  } finally {
    if ('octets' in request) request.octets.fill(0);
  }
  for (const each of ['state', 'tls', 'run']) mkdirSync(join(folder, each), { mode: 0o700 });
  // Keys belong into no repository, whatever folder this is in.
  write(join(folder, '.gitignore'), '*\n');
  const operator = createKeyFile(join(folder, 'operator.key'), 'operator');
  write(join(folder, 'operator.pub'), `${operator.publicKey}\n`);
  const daemon = createKeyFile(join(folder, 'state', DAEMON_KEY), 'daemon');
  write(join(folder, 'state', 'daemon.pub'), `${daemon.publicKey}\n`);
  const { certificate, privateKey, fingerprint } = await makeCertificate(certificateNames(), options.now());
  write(join(folder, 'tls', 'certificate.pem'), certificate);
  write(join(folder, 'tls', 'key.pem'), privateKey);
  write(join(folder, 'daemon.json'), sampleConfig(options.passphraseFile));
  return {
    folder,
    files: [
      ['daemon.json', 'configuration, to be adapted: sources above all'],
      ['field.vault', 'vault for the keys of groups, empty'],
      ['operator.key', 'signs grants; best kept on another machine'],
      ['operator.pub', 'by which the daemon knows them'],
      [join('state', DAEMON_KEY), 'proves to subscribers which daemon this is'],
      [join('state', 'daemon.pub'), 'its public half'],
      [join('tls', 'certificate.pem'), 'for a relay over TCP, self-signed'],
      [join('tls', 'key.pem'), 'its key'],
    ],
    daemon: daemon.publicKey,
    certificate: fingerprint,
    program: options.program,
  };
}

/** The next commands, ready to be typed. */
export function nextCommands({ folder, daemon, program }: InitResult): string {
  const at = (name: string): string => quoted(join(folder, name));
  return `Next:
  1. keys into the vault
       ${program} keys import KEYRING.json --vault ${at('field.vault')}
  2. sources, in ${at('daemon.json')}; what is there listens for GSMTAP on this machine
       ${program} doctor ${at('daemon.json')}
  3. a subscriber: its own key pair, then what it may see
       ${program} grant identity --out ${at('subscriber.key')}
       ${program} grant issue --operator ${at('operator.key')} --daemon ${daemon} \\
         --subject ${at('subscriber.key')} --group '*' --view plain --out ${at('subscriber.cap')}
  4. the daemon, and the subscriber beside it
       ${program} daemon --config ${at('daemon.json')}
       ${program} tap unix:${at('run/relay.sock')} --identity ${at('subscriber.key')} --capability ${at('subscriber.cap')} \\
         --view plain
`;
}

function refuseUsed(folder: string): void {
  let entries: string[] = [];
  if (existsSync(folder)) {
    try {
      entries = readdirSync(folder);
    } catch (error) {
      const { code } = error as NodeJS.ErrnoException;
      const message = `${folder} cannot be used (${code})`;
      throw new SidescopeError('init.folder', message, 'Name a folder that is empty or not there', ExitCode.usage);
    }
  }
  if (entries.length === 0) return;
  const message = `${folder} is not empty`;
  throw new SidescopeError('init.not-empty', message, 'Name a folder that is empty or not there', ExitCode.usage);
}

function certificateNames(): string[] {
  const name = hostname();
  return [...new Set([/^[A-Za-z0-9.-]{1,253}$/.test(name) ? name : 'localhost', 'localhost', '127.0.0.1', '::1'])];
}

function sampleConfig(passphraseFile: string | null): string {
  const config = {
    format: CONFIG_FORMAT,
    vault: 'field.vault',
    ...(passphraseFile === null ? {} : { passphraseFile }),
    state: 'state',
    journal: { folder: 'journal', fileMegabytes: 100, keepMegabytes: 10_000, keepDays: 30 },
    sources: [{ name: 'gsmtap', kind: 'udp', address: '127.0.0.1', port: 4729 }],
    relay: {
      listen: ['unix:run/relay.sock'],
      operator: 'operator.pub',
      certificate: 'tls/certificate.pem',
      privateKey: 'tls/key.pem',
    },
    control: 'run/control.sock',
    health: '127.0.0.1:9464',
    log: { level: 'info' },
  };
  return `${JSON.stringify(config, null, 2)}\n`;
}

function write(path: string, text: string): void {
  writeFileSync(path, text, { mode: 0o600, flag: 'wx' });
}

/** A path as a shell reads it. */
function quoted(text: string): string {
  return /^[\w@%+=:,./-]+$/.test(text) ? text : `'${printable(text).replaceAll("'", `'\\''`)}'`;
}
