// `sidescope read`: analyse one capture and print what it holds.

import type { Command } from 'commander';
import type { CaptureProblem, FrameSource } from '../captures/frame-batch.ts';
import { CaptureOpenError, openCapture } from '../captures/open.ts';
import { Analysis } from '../daemon/analysis.ts';
import { ExitCode, SidescopeError } from '../daemon/errors.ts';
import { SEVERITIES } from '../daemon/events.ts';
import { emptyKeyring } from '../daemon/keyring/keyring.ts';
import { loadKeyrings } from '../daemon/keyring/keyring-file.ts';
import { Statistics } from '../daemon/statistics.ts';
import { readConfig } from './config-file.ts';
import { chooseOutput } from './outputs/output.ts';
import { progressBar } from './progress.ts';
import { addReadOptions, checkReadOptions, type ReadOptions } from './read-options.ts';
import { reportError } from './report-error.ts';
import { writeOutput } from './stdout.ts';
import { groupsTable } from './tables.ts';

/** Adds the options and the action of `read`. */
export function configure(command: Command): void {
  addReadOptions(command);
  command.action(run);
}

async function run(file: string | undefined, options: ReadOptions): Promise<void> {
  const path = checkReadOptions(file, options);
  const keyring = options.keyring.length === 0 ? emptyKeyring() : await loadKeyrings(options.keyring);
  const config = options.config === undefined ? {} : readConfig(options.config);
  const output = chooseOutput(options, keyring);
  const statistics = options.statistics.length > 0 ? new Statistics(keyring) : null;
  const source = await open(path);
  const progress = progressBar(source.total);
  const analysis = new Analysis(
    {
      keyring,
      payload: options.payload ?? false,
      allowStale: options.allowStale !== undefined,
      explain: output.explains ?? false,
      ...(options.count === undefined ? {} : { frames: options.count }),
      ...config,
    },
    {
      ...output.listener,
      ...(statistics === null
        ? {}
        : {
            row: (table, row) => {
              statistics.note(table, row);
              output.listener.row?.(table, row);
            },
          }),
      ...(progress === null ? {} : { progress: (consumed, total) => progress.show(consumed, total) }),
    },
  );
  output.begin?.();
  const { problem } = await analysis.run(source);
  output.end?.();
  progress?.clear();
  for (const table of options.statistics) {
    if (table === 'groups' && statistics !== null) writeOutput(groupsTable(statistics.groups()));
  }
  if (options.failOn !== undefined && analysis.findings.worst >= SEVERITIES.indexOf(options.failOn)) {
    process.exitCode = ExitCode.finding;
  }
  if (problem !== null) {
    reportProblem(path, problem);
    process.exitCode = ExitCode.damagedInput;
  }
}

async function open(path: string): Promise<FrameSource> {
  try {
    return await openCapture(path);
  } catch (error) {
    if (!(error instanceof CaptureOpenError)) throw error;
    throw new SidescopeError(error.code, error.message, error.hint, ExitCode.usage, { cause: error });
  }
}

function reportProblem(path: string, problem: CaptureProblem): void {
  const name = path === '-' ? 'standard input' : path;
  reportError(problem.code, `${name}: ${problem.message} (octet ${problem.offset})`, problem.hint);
}
