// `sidescope tui`: the terminal program, on a capture file or on a daemon.

import { statSync } from 'node:fs';
import type { Command } from 'commander';
import { ExitCode, SidescopeError } from '../daemon/errors.ts';
import { plainKeyring } from '../daemon/keyring/keyring-copy.ts';
import { CaptureFeed } from '../tui/feed/capture-feed.ts';
import { openInput } from './open-input.ts';
import { chosenFilter } from './outputs/output.ts';
import { programVersion } from './program-version.ts';
import { readKeyring } from './read-keyring.ts';
import { addVaultOptions, type VaultArguments } from './vault-options.ts';

interface TuiOptions extends VaultArguments {
  readonly read?: string;
  readonly keyring: readonly string[];
  readonly allowStale?: string;
  readonly filter?: string;
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
    .action(run);
}

async function run(file: string | undefined, options: TuiOptions): Promise<void> {
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
  if (options.allowStale !== undefined && options.allowStale.trim() === '') {
    throw usage('no-reason', '--allow-stale wants a reason', 'say why in a few words');
  }
  await chosenFilter(options);
  if (process.stdin.isTTY !== true || process.stdout.isTTY !== true) {
    throw usage('no-terminal', 'there is no terminal to draw on', '`sidescope read` prints the same as text');
  }
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

function usage(code: string, message: string, hint: string): SidescopeError {
  return new SidescopeError(`usage.${code}`, message, hint, ExitCode.usage);
}

function gather(value: string, before: readonly string[]): readonly string[] {
  return [...before, value];
}
