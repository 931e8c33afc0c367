// A daemon's folder for tests: keys, configuration, grants, and the real program on it.

import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { appendFileSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { loadKeyrings } from '../../../daemon/keyring/keyring-file.ts';
import { createVault, openVault } from '../../../daemon/keyring/vault.ts';
import { type Capability, type GroupGrant, issueCapability, type View } from '../../../daemon/relay/capability.ts';
import { RelayClient } from '../../../daemon/relay/client.ts';
import { createKeyFile, type KeyFile } from '../../../daemon/relay/key-files.ts';
import { askDaemon } from '../../../daemon/service/control-client.ts';
import type { DaemonStatus } from '../../../daemon/service/daemon-status.ts';

/** The program as `npm run build` made it. */
export const MAIN = fileURLToPath(new URL('../../../dist/cli/main.js', import.meta.url));

const PASSPHRASE = 'only for tests';
/** Longest start of a daemon on a busy machine (ms). */
const START_MS = 60_000;

/** What a daemon is begun with. */
export interface FolderOptions {
  readonly sources: readonly Readonly<Record<string, unknown>>[];
  readonly keyring: string;
  /** Keys in a vault, as in earnest; else a plain keyring, which starts sooner. */
  readonly vault?: boolean;
  /** More members of the configuration, or others. */
  readonly more?: Readonly<Record<string, unknown>>;
  /** Folder of the journal; default in the daemon's. */
  readonly journal?: string;
}

/** See the head of the file. `remove` it at the end. */
export class DaemonFolder {
  readonly path: string;
  readonly operator: KeyFile;
  readonly daemon: KeyFile;
  #subscribers = 0;

  private constructor(path: string) {
    this.path = path;
    mkdirSync(join(path, 'state'), { mode: 0o700 });
    this.operator = createKeyFile(join(path, 'operator.key'), 'operator');
    this.daemon = createKeyFile(join(path, 'state', 'daemon.key'), 'daemon');
    writeFileSync(join(path, 'operator.pub'), `${this.operator.publicKey}\n`);
  }

  /** Makes one. */
  static async make({ sources, keyring, vault = false, more = {}, journal }: FolderOptions): Promise<DaemonFolder> {
    const folder = new DaemonFolder(mkdtempSync(join(tmpdir(), 'sidescope-daemon-')));
    const keys = vault ? { vault: 'field.vault', passphraseFile: 'passphrase' } : { keyrings: [keyring] };
    if (vault) await folder.#makeVault(keyring);
    folder.configure({
      ...{ format: 'sidescope-daemon/1', ...keys, sources },
      ...{ relay: { operator: 'operator.pub' }, log: { level: 'info' } },
      ...(journal === undefined ? {} : { journal: { folder: journal } }),
      ...more,
    });
    return folder;
  }

  get config(): string {
    return join(this.path, 'daemon.json');
  }

  get vault(): string {
    return join(this.path, 'field.vault');
  }

  get passphraseFile(): string {
    return join(this.path, 'passphrase');
  }

  get control(): string {
    return join(this.path, 'run', 'control.sock');
  }

  get relay(): string {
    return `unix:${join(this.path, 'run', 'relay.sock')}`;
  }

  /** Log of every run of the daemon so far. */
  get log(): string {
    return readFileSync(join(this.path, 'log'), 'utf8');
  }

  configure(config: Readonly<Record<string, unknown>>): void {
    writeFileSync(this.config, JSON.stringify(config), { mode: 0o600 });
  }

  /** A subscriber's key and grant. */
  subscriber(
    groups: readonly { readonly gid: string; readonly views: readonly View[] }[],
    changes: Partial<Omit<Capability, 'iss'>> = {},
  ): {
    readonly identity: KeyFile['key'];
    readonly capability: string;
    readonly publicKey: string;
    readonly jti: string;
    readonly keyFile: string;
  } {
    const keyFile = join(this.path, `subscriber-${++this.#subscribers}.key`);
    const { key, publicKey } = createKeyFile(keyFile, 'subscriber');
    const now = Math.floor(Date.now() / 1000);
    const jti = this.#subscribers.toString(16).padStart(32, '0');
    const sorted = groups.toSorted((a, b) => (a.gid < b.gid ? -1 : 1)) as readonly GroupGrant[];
    const capability = issueCapability(this.operator.key, {
      ...{ aud: this.daemon.publicKey, jti, sub: publicKey, nbf: now - 60, exp: now + 3600 },
      ...{ groups: sorted, rate: 0, maxConn: 8, ...changes },
    });
    return { identity: key, capability, publicKey, jti, keyFile };
  }

  /** A connected client of a subscriber. */
  client(subscriber: Pick<ReturnType<DaemonFolder['subscriber']>, 'identity' | 'capability'>): RelayClient {
    const { identity, capability } = subscriber;
    return new RelayClient({ identity, capability, address: this.relay, reconnect: 'always' });
  }

  status(): Promise<DaemonStatus> {
    return this.ask('status') as Promise<DaemonStatus>;
  }

  ask(verb: string, given: Readonly<Record<string, unknown>> = {}): Promise<unknown> {
    return askDaemon(this.control, { verb, by: 'test', arguments: given });
  }

  /** Starts the program and waits until it runs. @param main its executable */
  async start(options: readonly string[] = [], main = MAIN): Promise<RunningDaemon> {
    const child = spawn(process.execPath, [main, 'daemon', '--config', this.config, ...options], {
      stdio: ['ignore', 'ignore', 'pipe'],
    });
    let text = '';
    child.stderr.setEncoding('utf8');
    const running = new Promise<void>((resolve, reject) => {
      const timer = setTimeout(() => reject(new Error(`the daemon does not run: ${text}`)), START_MS);
      child.stderr.on('data', (piece: string) => {
        text += piece;
        appendFileSync(join(this.path, 'log'), piece);
        if (!text.includes('"event":"running"')) return;
        clearTimeout(timer);
        resolve();
      });
      child.once('exit', (code) => {
        clearTimeout(timer);
        reject(new Error(`the daemon ended with ${code}: ${text}`));
      });
    });
    await running;
    return new RunningDaemon(child);
  }

  remove(): void {
    // An engine whose parent was killed may still be writing.
    rmSync(this.path, { recursive: true, force: true, maxRetries: 20, retryDelay: 100 });
  }

  async #makeVault(keyring: string): Promise<void> {
    writeFileSync(this.passphraseFile, `${PASSPHRASE}\n`, { mode: 0o600 });
    const unlock = (): { kind: 'passphrase'; octets: Uint8Array } => ({
      kind: 'passphrase',
      octets: Uint8Array.from(Buffer.from(PASSPHRASE)),
    });
    createVault(this.vault, [unlock()], { by: 'test' });
    const vault = await openVault(this.vault, unlock, { by: 'test' });
    const loaded = await loadKeyrings([keyring]);
    vault.importKeyring(loaded, 'test');
    loaded.wipe();
    vault.close();
  }
}

/** The program, running. */
export class RunningDaemon {
  readonly child: ChildProcess;

  constructor(child: ChildProcess) {
    this.child = child;
  }

  get pid(): number {
    return this.child.pid ?? 0;
  }

  get hasEnded(): boolean {
    return this.child.exitCode !== null || this.child.signalCode !== null;
  }

  /** Sends a signal and waits for the end; gives the exit code, null where the signal ended it. */
  async end(signal: NodeJS.Signals = 'SIGTERM'): Promise<number | null> {
    if (this.hasEnded) return this.child.exitCode;
    const ended = once(this.child, 'exit') as Promise<[number | null]>;
    this.child.kill(signal);
    return (await ended)[0];
  }

  /** Waits until it ends by itself. */
  async ended(): Promise<number | null> {
    if (this.hasEnded) return this.child.exitCode;
    return ((await once(this.child, 'exit')) as [number | null])[0];
  }
}
