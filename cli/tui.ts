// `sidescope tui`: the terminal program, on a capture file or on a daemon.

import type { Command } from 'commander';
import { ExitCode, SidescopeError } from '../daemon/errors.ts';
import { plainKeyring } from '../daemon/keyring/keyring-copy.ts';
import { CaptureFeed } from '../tui/feed/capture-feed.ts';
import { runFeed } from '../tui/run.ts';
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
  const path = options.read ?? file;
  if (path === undefined) throw usage('no-capture', 'no capture was named', 'give a file');
  if (process.stdin.isTTY !== true || process.stdout.isTTY !== true) {
    throw usage('no-terminal', 'there is no terminal to draw on', '`sidescope read` prints the same as text');
  }
  const keyring = await readKeyring(options, path);
  const start = {
    path,
    keyring: plainKeyring(keyring),
    allowStale: options.allowStale !== undefined,
    application: `sidescope ${programVersion()}`,
  };
  keyring.wipe();
  process.exitCode = await runFeed(new CaptureFeed(start), options.filter ?? '');
}

function usage(code: string, message: string, hint: string): SidescopeError {
  return new SidescopeError(`usage.${code}`, message, hint, ExitCode.usage);
}

function gather(value: string, before: readonly string[]): readonly string[] {
  return [...before, value];
}
