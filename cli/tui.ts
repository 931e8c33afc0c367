// `sidescope tui`: the terminal program, on a capture file or on a daemon.

import { statSync } from 'node:fs';
import type { Command } from 'commander';
import { ExitCode, SidescopeError } from '../daemon/errors.ts';
import { plainKeyring } from '../daemon/keyring/keyring-copy.ts';
import { VIEWS } from '../daemon/relay/capability.ts';
import { CaptureFeed } from '../tui/feed/capture-feed.ts';
import type { DaemonView } from '../tui/feed/daemon-feed.ts';
import { oneOf } from './one-of.ts';
import { openInput } from './open-input.ts';
import { chosenFilter } from './outputs/output.ts';
import { programVersion } from './program-version.ts';
import { readKeyring } from './read-keyring.ts';
import { isReason } from './reason.ts';
import { addVaultOptions, type VaultArguments } from './vault-options.ts';

interface TuiOptions extends VaultArguments {
  readonly read?: string;
  readonly keyring: readonly string[];
  readonly allowStale?: string;
  readonly filter?: string;
  readonly connect?: string;
  readonly capability?: string;
  readonly view: DaemonView;
  readonly reason?: string;
}

/** Adds the options and the action of `tui`. */
export function configure(command: Command): void {
  addVaultOptions(command);
  command
    .argument('[file]', 'capture to look into: pcap or pcapng, plain, gzip or zstd')
    .option('-r, --read <file>', 'the same as the argument, as tshark has it')
    .option('--keyring <file>', 'keyring file; may be given several times', gather, [])
    .option('-Y, --filter <filter>', 'display filter to begin with')
    .option('--allow-stale <reason>', 'show plaintext under keys that were not active; say why')
    .option('--connect <address>', 'a daemon in place of a capture: unix:PATH or wss://host:port')
    .option('--capability <file>', 'with --connect: what `grant issue` gave; else the environment SIDESCOPE_CAPABILITY')
    .option('--view <view>', `with --connect: the most that is asked for: ${VIEWS.join(', ')}`, oneOf(VIEWS), 'plain')
    .option('--reason <text>', 'with --view forensic: why, for the audit log')
    .addHelpText(
      'after',
      '\nWith --connect, --identity names the key that `sidescope grant identity` made (SIDESCOPE_IDENTITY).',
    )
    .action(run);
}

async function run(file: string | undefined, options: TuiOptions): Promise<void> {
  if (options.connect !== undefined) {
    await connect(options.connect, file, options);
    return;
  }
  const path = await checkedPath(file, options);
  const keyring = await readKeyring(options, path);
  const start = {
    path,
    keyring: plainKeyring(keyring),
    allowStale: options.allowStale !== undefined,
    application: `sidescope ${programVersion()}`,
  };
  keyring.wipe();
  // Reading begins while the screen is loaded.
  const feed = new CaptureFeed(start);
  const { runFeed } = await import('../tui/run.ts');
  process.exitCode = await runFeed(feed, options.filter ?? '');
}

/** The capture, which can be opened, and again for every question. @throws SidescopeError */
async function checkedPath(file: string | undefined, options: TuiOptions): Promise<string> {
  const path = options.read ?? file;
  if (path === undefined) throw usage('no-capture', 'no capture was named', 'give a file');
  if (options.read !== undefined && file !== undefined) {
    throw usage('two-captures', `two captures were named: ${options.read} and ${file}`, 'give one');
  }
  if (options.allowStale !== undefined && !isReason(options.allowStale)) {
    throw usage('no-reason', '--allow-stale wants a reason', 'say why in a few words');
  }
  await chosenFilter(options);
  refuseNoTerminal();
  const again = usage(
    'no-file',
    `${path} can be read only once, and the terminal program goes back in it`,
    'save it first',
  );
  if (path === '-') throw again;
  const source = await openInput(path);
  await source.close();
  if (!statSync(path).isFile()) throw again;
  return path;
}

/** On a daemon. Nothing of a key is asked for: the daemon deciphers, under the grant. */
async function connect(address: string, file: string | undefined, options: TuiOptions): Promise<void> {
  const isCapture = file !== undefined || options.read !== undefined;
  if (isCapture || options.keyring.length > 0 || options.vault !== undefined) {
    throw usage(
      'connect',
      '--connect was given with a capture or keys',
      'give one of them: a daemon has keys of its own',
    );
  }
  if (options.allowStale !== undefined) {
    throw usage('connect', '--connect was given with --allow-stale', 'ask for --view forensic, and give the --reason');
  }
  await chosenFilter(options);
  refuseNoTerminal();
  const { SIDESCOPE_IDENTITY, SIDESCOPE_CAPABILITY } = process.env;
  const identityFile = options.identity ?? SIDESCOPE_IDENTITY;
  const capabilityFile = options.capability ?? SIDESCOPE_CAPABILITY;
  if (identityFile === undefined || capabilityFile === undefined) {
    const hint = 'give --identity FILE and --capability FILE; `sidescope grant --help` says how they are made';
    throw usage('no-grant', 'a daemon wants to know who asks', hint);
  }
  const { view, reason } = options;
  if (view === 'forensic' && !isReason(reason)) {
    throw usage('no-reason', 'the view forensic wants a reason', 'add --reason and say why in a few words');
  }
  const { readKeyFile } = await import('../daemon/relay/client.ts');
  const { FileMemory } = await import('../daemon/relay/daemon-memory.ts');
  const { daemonMemoryFolder } = await import('./state-folder.ts');
  const { readCapabilityFile } = await import('./grant-files.ts');
  const { DaemonFeed } = await import('../tui/feed/daemon-feed.ts');
  const { key: identity } = readKeyFile(identityFile, 'subscriber');
  const { text: capability } = readCapabilityFile(capabilityFile);
  const memory = new FileMemory(daemonMemoryFolder());
  const feed = new DaemonFeed({ address, identity, capability, view, reason: reason ?? null, memory });
  const { runFeed } = await import('../tui/run.ts');
  process.exitCode = await runFeed(feed, options.filter ?? '');
}

function refuseNoTerminal(): void {
  const hint = '`sidescope read` and `sidescope tap` print text';
  if (process.stdin.isTTY !== true || process.stdout.isTTY !== true) {
    throw usage('no-terminal', 'there is no terminal to draw on', hint);
  }
  if (process.env.TERM !== 'dumb') return;
  throw usage('no-terminal', 'this terminal has no cursor to draw with (TERM is dumb)', hint);
}

function usage(code: string, message: string, hint: string): SidescopeError {
  return new SidescopeError(`usage.${code}`, message, hint, ExitCode.usage);
}

function gather(value: string, before: readonly string[]): readonly string[] {
  return [...before, value];
}
