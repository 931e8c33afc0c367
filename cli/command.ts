// The command. Each verb is one thin file that is loaded only when it is asked for, so that starting stays quick.

import type { Worker } from 'node:worker_threads';
import { Command, CommanderError } from 'commander';
import { ExitCode, SidescopeError } from '../daemon/errors.ts';
import { programVersion } from './program-version.ts';
import { reportError, reportsAreWritten } from './report-error.ts';
import { flushOutput, writeOutput } from './stdout.ts';

/** A verb: adds its options and its action to the command that bears its name. */
export interface Verb {
  /** @param ahead a thread that was started for it (thread-ahead.ts); null: none was */
  configure(command: Command, ahead: Worker | null): void;
}

const VERBS: Readonly<Record<string, { readonly about: string; readonly load: () => Promise<Verb> }>> = {
  read: { about: 'analyse one capture and print what it holds', load: () => import('./read.ts') },
  tui: { about: 'look into a capture, or at a daemon, on the terminal', load: () => import('./tui.ts') },
  daemon: { about: 'relay live captures to those who may see them', load: () => import('./daemon.ts') },
  keys: { about: 'the vault and the keys in it', load: () => import('./keys.ts') },
  group: { about: 'the group manager: who gets which key, and who no longer', load: () => import('./group.ts') },
  tap: { about: 'subscribe to a daemon and print its records, or write pcapng', load: () => import('./tap.ts') },
  grant: { about: 'subscriber identities, and what they may see', load: () => import('./grant.ts') },
  fields: { about: 'list, search and explain the fields of filters and columns', load: () => import('./fields.ts') },
  findings: { about: 'list and explain what traffic can give away', load: () => import('./findings.ts') },
  doctor: {
    about: 'say what is wrong with a capture, a source, a configuration or a daemon, and what to do',
    load: () => import('./doctor.ts'),
  },
  synth: {
    about: 'write a labelled capture from a scenario, with its keyring and expected events',
    load: () => import('./synth.ts'),
  },
};

/** What to do about a mistake that is not the user's. */
const OUR_MISTAKE = 'please report it, with the command line and what `sidescope --version` says';

async function main(argv: readonly string[], ahead: Worker | null): Promise<number> {
  const program = new Command('sidescope')
    .description('Analyser and relay daemon for ProSe one-to-many (LTE sidelink) group traffic.')
    .helpCommand(false)
    .showSuggestionAfterError(true)
    .exitOverride()
    .configureOutput({ writeOut: writeOutput, outputError: () => undefined });
  if (argv.includes('--version')) program.version(programVersion(), '--version');
  else program.version('', '--version', 'print the version');
  const asked = argv.find((word) => !word.startsWith('-'));
  const [first = ''] = argv;
  // The other verbs are for help, and for who misspells one.
  for (const name of Object.hasOwn(VERBS, first) ? [first] : Object.keys(VERBS)) {
    const command = program.command(name).description(VERBS[name].about).exitOverride();
    command.showSuggestionAfterError(true);
    if (name === asked) (await VERBS[name].load()).configure(command, ahead);
  }
  if (argv.length === 0) {
    writeOutput(program.helpInformation());
    return ExitCode.done;
  }
  await program.parseAsync(argv, { from: 'user' });
  return process.exitCode === undefined ? ExitCode.done : Number(process.exitCode);
}

function exitCodeOf(error: unknown): number {
  if (error instanceof CommanderError) {
    // Help and version end here too, and are no errors.
    if (error.exitCode === 0) return ExitCode.done;
    reportError(
      'usage',
      error.message.replace(/^error: /, '').replace(/\n/g, ' '),
      'see `sidescope --help` or `sidescope VERB --help`',
    );
    return ExitCode.usage;
  }
  if (error instanceof SidescopeError) {
    reportError(error.code, error.message, error.hint, error.excerpt);
    return error.exitCode;
  }
  // Our own mistake. Its text may quote input, so only the kind and the place in our code are shown.
  const place = error instanceof Error ? (error.stack?.split('\n')[1]?.trim() ?? '') : '';
  reportError(
    'internal',
    `sidescope made a mistake (${error instanceof Error ? error.name : typeof error} ${place})`,
    OUR_MISTAKE,
  );
  return ExitCode.damagedInput;
}

/** Nothing is left that could happen, and the verb has not ended: what it waits for will not come. */
function reportUnfinished(): void {
  reportError('internal', 'sidescope made a mistake (it waits for what cannot come)', OUR_MISTAKE);
  process.exitCode = ExitCode.damagedInput;
}

/**
 * Does what the command line of the process says, and sets its exit code.
 *
 * @param ahead a thread that was started for `read` (thread-ahead.ts); null: none was
 */
export async function runCommand(ahead: Worker | null): Promise<void> {
  process.once('beforeExit', reportUnfinished);
  try {
    process.exitCode = await main(process.argv.slice(2), ahead);
  } catch (error) {
    process.exitCode = exitCodeOf(error);
  }
  process.off('beforeExit', reportUnfinished);
  try {
    flushOutput();
  } catch (error) {
    process.exitCode = exitCodeOf(error);
  }
  // A capture has been read and all is written: the system takes memory and threads down sooner than the program would, which
  // clears away one heap after the other. What other verbs leave behind may still be at work.
  if (process.argv[2] === 'read' && reportsAreWritten()) process.exit();
}
