// `sidescope read`: analyse one capture and print what it holds.

import { type Command, InvalidArgumentError } from 'commander';
import type { CaptureProblem } from '../captures/frame-batch.ts';
import { CaptureOpenError, openCapture } from '../captures/open.ts';
import { Analysis, type AnalysisListener } from '../daemon/analysis.ts';
import { ExitCode, SidescopeError } from '../daemon/errors.ts';
import { Keyring } from '../daemon/keyring/keyring.ts';
import { loadKeyrings } from '../daemon/keyring/keyring-file.ts';
import { Statistics } from '../daemon/statistics.ts';
import { printJsonLine } from './json-lines.ts';
import { progressBar } from './progress.ts';
import { reportError } from './report-error.ts';
import { writeOutput } from './stdout.ts';
import { groupsTable } from './tables.ts';
import { textPrinter } from './text-lines.ts';

/** What the options give, after commander has read them. */
interface ReadOptions {
  readonly read?: string;
  readonly keyring: readonly string[];
  readonly type: string;
  readonly count?: number;
  readonly quiet?: boolean;
  readonly statistics: readonly string[];
  readonly payload?: boolean;
  readonly allowStale?: string;
}

const OUTPUT_TYPES = ['text', 'ndjson'] as const;
const TABLES = ['groups'] as const;

/** Adds the options and the action of `read`. */
export function configure(command: Command): void {
  command
    .argument('[file]', 'capture to read: pcap or pcapng, plain, gzip or zstd; - for standard input')
    .option('-r, --read <file>', 'the same as the argument, as tshark has it')
    .option('--keyring <file>', 'keyring file; may be given several times', gather, [])
    .option('-T, --type <type>', `form of the output: ${OUTPUT_TYPES.join(', ')}`, oneOf(OUTPUT_TYPES), 'text')
    .option('-c, --count <frames>', 'stop after this many frames', positiveInteger)
    .option('-q, --quiet', 'print nothing per message')
    .option('-z, --statistics <table>', `print a table at the end: ${TABLES.join(', ')}`, gatherTables, [])
    .option('--payload', 'put deciphered SDUs, where they may be shown, into ndjson records')
    .option('--allow-stale <reason>', 'show plaintext under keys that were not active; say why')
    .action(run);
}

async function run(file: string | undefined, options: ReadOptions): Promise<void> {
  const path = options.read ?? file;
  if (path === undefined) {
    throw new SidescopeError(
      'usage.no-capture',
      'no capture was named',
      'give a file, or - for standard input',
      ExitCode.usage,
    );
  }
  if (options.read !== undefined && file !== undefined) {
    throw new SidescopeError(
      'usage.two-captures',
      `two captures were named: ${options.read} and ${file}`,
      'give one',
      ExitCode.usage,
    );
  }
  if (options.allowStale !== undefined && options.allowStale.trim() === '') {
    throw new SidescopeError(
      'usage.no-reason',
      '--allow-stale wants a reason',
      'say why in a few words',
      ExitCode.usage,
    );
  }
  const keyring =
    options.keyring.length === 0
      ? new Keyring({ groups: [], pmks: [], lkh: [], managers: [] })
      : await loadKeyrings(options.keyring);
  const statistics = options.statistics.length > 0 ? new Statistics(keyring) : null;
  const source = await openCapture(path).catch((error: unknown) => {
    if (error instanceof CaptureOpenError) {
      throw new SidescopeError(error.code, error.message, error.hint, ExitCode.usage, { cause: error });
    }
    throw error;
  });
  const progress = progressBar(source.total);
  const analysis = new Analysis(
    {
      keyring,
      payload: options.payload ?? false,
      allowStale: options.allowStale !== undefined,
      ...(options.count === undefined ? {} : { frames: options.count }),
    },
    {
      ...listener(options, keyring, statistics),
      ...(progress === null ? {} : { progress: (consumed, total) => progress.show(consumed, total) }),
    },
  );
  const { problem } = await analysis.run(source);
  progress?.clear();
  for (const table of options.statistics) {
    if (table === 'groups' && statistics !== null) writeOutput(groupsTable(statistics.groups()));
  }
  if (problem !== null) {
    reportProblem(path, problem);
    process.exitCode = ExitCode.damagedInput;
  }
}

function listener(options: ReadOptions, keyring: Keyring, statistics: Statistics | null): AnalysisListener {
  const counting: AnalysisListener = statistics === null ? {} : { row: (table, row) => statistics.note(table, row) };
  if (options.quiet === true) return counting;
  if (options.type === 'ndjson') {
    return {
      ...counting,
      message: printJsonLine,
      finding: printJsonLine,
      key: printJsonLine,
      epoch: printJsonLine,
      summary: printJsonLine,
    };
  }
  return { ...counting, ...textPrinter(keyring) };
}

function reportProblem(path: string, problem: CaptureProblem): void {
  const name = path === '-' ? 'standard input' : path;
  reportError(problem.code, `${name}: ${problem.message} (octet ${problem.offset})`, problem.hint);
}

function gather(value: string, before: readonly string[]): readonly string[] {
  return [...before, value];
}

function gatherTables(value: string, before: readonly string[]): readonly string[] {
  return [...before, ...value.split(',').map(oneOf(TABLES))];
}

function oneOf(names: readonly string[]): (value: string) => string {
  return (value) => {
    if (names.includes(value)) return value;
    throw new InvalidArgumentError(`It is one of: ${names.join(', ')}.`);
  };
}

function positiveInteger(value: string): number {
  const number = Number(value);
  if (!Number.isSafeInteger(number) || number < 1)
    throw new InvalidArgumentError('It is a whole number of at least 1.');
  return number;
}
