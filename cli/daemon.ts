// `sidescope daemon`: runs the relay daemon, or makes the folder that one needs.

import { existsSync, statSync } from 'node:fs';
import { resolve } from 'node:path';
import type { Command } from 'commander';
import { ExitCode, SidescopeError } from '../daemon/errors.ts';
import type { SlotRequest } from '../daemon/keyring/vault.ts';
import type { DaemonConfig, KeyStore } from '../daemon/service/config.ts';
import { readDaemonConfig } from '../daemon/service/config-reader.ts';
import { printable } from '../dissectors/printable.ts';
import { programVersion } from './program-version.ts';
import { reportWarning } from './report-error.ts';
import { writeOutput } from './stdout.ts';
import { actor } from './vault-options.ts';

interface DaemonArguments {
  readonly config?: string;
  readonly init?: string;
  readonly passphraseFile?: string;
  readonly check?: boolean;
  readonly untilEnd?: boolean;
}

/** Adds the options and the action of `daemon`. */
export function configure(command: Command): void {
  command
    .option('--config <file>', 'run the daemon that this configuration describes')
    .option('--check', 'only read and check the configuration')
    .option('--until-end', 'end by itself when every source has come to its end (replays, standard input)')
    .option('--init <folder>', 'make keys, TLS certificate, vault and a sample configuration in a new folder')
    .option('--passphrase-file <file>', 'with --init: file with the passphrase of the new vault')
    .addHelpText(
      'after',
      `
Signals: SIGHUP reads the configuration again, SIGTERM and SIGINT end in good order, a second one at once.
The vault's passphrase comes from the passphraseFile of the configuration, from the systemd credential vault-pass, or
from the terminal. With --until-end the exit code is 3 where a capture was damaged, cut, empty or none.
docs/operations.md says how to run it, docs/relay.md how to subscribe.`,
    )
    .action(run);
}

async function run(options: DaemonArguments): Promise<void> {
  if (options.init !== undefined) {
    if (options.config !== undefined) throw usage('both --init and --config were given', 'give one of them');
    await init(options.init, options.passphraseFile);
    return;
  }
  if (options.config === undefined) {
    throw usage('no configuration was named', 'give --config FILE; `sidescope daemon --init DIR` makes one');
  }
  const path = resolve(options.config);
  const config = readDaemonConfig(path);
  if (options.check === true) {
    await checkFiles(config);
    writeOutput(
      `${printable(path)} is good: ${config.sources.length} ${config.sources.length === 1 ? 'source' : 'sources'}\n`,
    );
    return;
  }
  if (config.keys.kind === 'keyring') {
    const hint = 'make a vault: `sidescope keys init`, `sidescope keys import`, then "vault" in the configuration';
    reportWarning('daemon.plain-keyring', 'the keys come from a plain keyring file: for laboratories only', hint);
  }
  await serve(path, config, options.untilEnd === true);
}

/** What a start would stumble over: files that the configuration names. */
async function checkFiles(config: DaemonConfig): Promise<void> {
  const { daemonKeyPath, readOperator, readTls } = await import('../daemon/service/daemon-files.ts');
  const { readKeyFile } = await import('../daemon/relay/key-files.ts');
  readOperator(config);
  readKeyFile(daemonKeyPath(config), 'daemon');
  if (config.relay.certificate !== null && config.relay.privateKey !== null) readTls(config);
  const { keys, sources } = config;
  const named = keys.kind === 'keyring' ? keys.paths : [keys.path, keys.passphraseFile, keys.identity];
  // What is replayed is there; any other file may still come.
  const replayed = sources.flatMap((source) => (source.kind === 'replay' ? [source.path] : []));
  for (const path of [...named, ...replayed]) {
    if (path === null || existsSync(path)) continue;
    const hint = replayed.includes(path) ? 'check the name' : 'check the name; `sidescope keys init` makes a vault';
    throw new SidescopeError('config.file', `${path} does not exist`, hint, ExitCode.usage);
  }
  if (keys.kind === 'vault') await checkVaultFiles(keys);
}

/** Whether files of the vault are for their owner alone. A passphrase from a pipe comes once, so it is left there. */
async function checkVaultFiles(vault: Extract<KeyStore, { kind: 'vault' }>): Promise<void> {
  const { path, passphraseFile, identity } = vault;
  const { nodeFileSystem, openPrivate } = await import('../daemon/keyring/vault/file-system.ts');
  nodeFileSystem.close(openPrivate(nodeFileSystem, path, 'read', 'the vault'));
  if (passphraseFile !== null && statSync(passphraseFile).isFile()) {
    const { passphraseFile: readPassphrase } = await import('../daemon/keyring/vault/passphrase.ts');
    readPassphrase(passphraseFile).fill(0);
  }
  if (identity !== null) {
    const { readIdentity } = await import('../daemon/keyring/vault/key-files.ts');
    readIdentity(identity);
  }
}

async function serve(path: string, config: DaemonConfig, untilEnd: boolean): Promise<void> {
  const { Daemon } = await import('../daemon/service/daemon.ts');
  const { openLog } = await import('../daemon/service/log.ts');
  const { ServiceManager } = await import('../daemon/service/notify.ts');
  const { calmCollector } = await import('../daemon/service/collector.ts');
  calmCollector();
  const log = openLog(config.log.level);
  const manager = new ServiceManager(process.env);
  let stop: () => void = () => undefined;
  const stopped = new Promise<void>((done) => {
    stop = done;
  });
  // A first signal ends in good order, also while it is still starting; a second one ends at once.
  let signals = 0;
  const onSignal = (signal: NodeJS.Signals): void => {
    signals++;
    if (signals > 1) process.exit(ExitCode.interrupted);
    log.info({ event: 'signal', signal }, 'ending');
    stop();
  };
  process.on('SIGTERM', onSignal);
  process.on('SIGINT', onSignal);
  const daemon = await Daemon.start(config, {
    log,
    by: actor('daemon'),
    version: programVersion(),
    passphraseDescriptor: null,
    now: () => Date.now(),
    readConfig: () => readDaemonConfig(path),
    stopAsked: stop,
  });
  process.on('SIGHUP', () => {
    void manager.reloading(async () => {
      try {
        await daemon.reload();
      } catch (error) {
        const hint = error instanceof SidescopeError ? error.hint : '';
        log.error({ event: 'reload-failed', err: error, hint }, 'the configuration stays as it was');
      }
    });
  });
  log.info({ event: 'running', relay: daemon.relay.addresses, control: config.control }, 'running');
  await manager.ready('running', () => daemon.isAlive());
  let exitCode: ExitCode = ExitCode.done;
  const ended = async (): Promise<void> => {
    if (!(await daemon.finished())) exitCode = ExitCode.damagedInput;
    stop();
  };
  if (untilEnd) void ended();
  await stopped;
  await manager.stopping();
  await daemon.stop();
  log.info({ event: 'stopped' }, 'stopped');
  // The log is written line by line; nothing is left that could be lost.
  process.exit(exitCode);
}

async function init(folder: string, passphraseFile: string | undefined): Promise<void> {
  const { initDaemon, nextCommands } = await import('../daemon/service/init.ts');
  const { findPassphrase } = await import('../daemon/keyring/vault/passphrase.ts');
  const made = await initDaemon(folder, {
    passphrase: async (): Promise<SlotRequest> => {
      const { octets, credential } = await findPassphrase(passphraseFile, 'New passphrase of the vault: ', 'Again: ');
      return credential === null ? { kind: 'passphrase', octets } : { kind: 'credential', name: credential, octets };
    },
    passphraseFile: passphraseFile === undefined || passphraseFile === '-' ? null : resolve(passphraseFile),
    by: actor('daemon --init'),
    now: () => Date.now(),
    program: process.env.npm_command === 'exec' ? 'npx sidescope' : 'sidescope',
  });
  const width = Math.max(...made.files.map(([name]) => name.length));
  const rows = made.files.map(([name, about]) => `  ${name.padEnd(width)}  ${about}\n`);
  writeOutput(`Made in ${printable(made.folder)}:\n${rows.join('')}`);
  writeOutput(`Daemon: ${made.daemon}\nCertificate (SHA-256): ${made.certificate}\n\n${nextCommands(made)}`);
}

function usage(message: string, hint: string): SidescopeError {
  return new SidescopeError('usage.daemon', message, hint, ExitCode.usage);
}
