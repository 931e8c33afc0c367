// `sidescope read`: analyse one capture and print what it holds.

import type { Command } from 'commander';
import type { CaptureProblem, FrameSource } from '../captures/frame-batch.ts';
import { Analysis } from '../daemon/analysis.ts';
import { ExitCode } from '../daemon/errors.ts';
import { SEVERITIES } from '../daemon/events.ts';
import type { Keyring } from '../daemon/keyring/keyring.ts';
import { inputFiles } from './input-files.ts';
import { joinListeners, type Watcher } from './join-listeners.ts';
import { openInput } from './open-input.ts';
import { chooseOutput, chosenFilter } from './outputs/output.ts';
import { type ProgressBar, progressBar } from './progress.ts';
import { readKeyring } from './read-keyring.ts';
import { addReadOptions, checkReadOptions, printsFrames, type ReadOptions } from './read-options.ts';
import { reportError, reportWarning } from './report-error.ts';
import type { StatisticsTables } from './statistics-tables.ts';
import { flushOutput } from './stdout.ts';
import type { CaptureWriter } from './write.ts';

/** Adds the options and the action of `read`. */
export function configure(command: Command): void {
  addReadOptions(command);
  command.action(run);
}

async function run(file: string | undefined, options: ReadOptions, command: Command): Promise<void> {
  const path = checkReadOptions(file, options);
  const prints = printsFrames(options, command.getOptionValueSource('type') === 'cli');
  const keyring = await readKeyring(options, path);
  // What few runs need is loaded by those that do: a small capture is read in less time than all of it takes to load.
  if (options.lateKeys === true) {
    const { addLateKeys, collectLateKeys } = await import('../daemon/late-keys.ts');
    addLateKeys(
      keyring,
      await collectLateKeys(await openInput(path, options.threads ?? 'auto'), keyring, options.count),
    );
  }
  const config = options.config === undefined ? {} : (await import('./config-file.ts')).readConfig(options.config);
  const output = await chooseOutput(prints ? options : { ...options, quiet: true }, keyring);
  const tables = await chosenTables(options, keyring);
  const source = await openInput(path, options.threads ?? 'auto');
  const writer = await openWriterOf(path, options, keyring, source);
  const progress = progressBar(source.total);
  const watchers: Watcher[] = progress === null ? [] : [progressWatcher(progress)];
  // Whoever sends frames down a pipe as they come waits for what they say, not for a full buffer.
  if (path === '-') watchers.push({ progress: flushOutput });
  const needsOnlyFrames = output.needsAnalysis === false && writer === null && options.statistics.length === 0;
  if (needsOnlyFrames && options.failOn === undefined) {
    const { scanFrames } = await import('../daemon/scan.ts');
    output.begin?.();
    const problem = await scanFrames(source, joinListeners(output.listener, watchers), options.count);
    progress?.clear();
    output.end?.();
    endWith(path, problem);
    return;
  }
  const analysis = new Analysis(
    {
      keyring,
      payload: options.payload ?? false,
      allowStale: options.allowStale !== undefined,
      explain: output.explains === true || writer?.explains === true,
      ...(options.count === undefined ? {} : { frames: options.count }),
      ...config,
    },
    joinListeners(output.listener, [
      ...(tables?.listeners ?? []),
      ...(writer === null ? [] : [writer.listener]),
      ...watchers,
    ]),
  );
  output.begin?.();
  let problem: CaptureProblem | null;
  try {
    ({ problem } = await analysis.run(source));
    writer?.finish();
  } finally {
    writer?.abandon();
    progress?.clear();
  }
  output.end?.();
  const { lastSeconds, lastNanoseconds } = analysis.engine;
  tables?.print({ type: options.type, behindMessages: prints, lastTime: lastSeconds * 1000 + lastNanoseconds / 1e6 });
  if (options.failOn !== undefined && analysis.findings.worst >= SEVERITIES.indexOf(options.failOn)) {
    const worst = SEVERITIES[analysis.findings.worst];
    reportWarning('fail-on', `there are findings up to severity ${worst}`, '`-q -z findings` lists them');
    process.exitCode = ExitCode.finding;
  }
  endWith(path, problem);
}

/** The tables of `-z`, or null where none was asked for. */
async function chosenTables(options: ReadOptions, keyring: Keyring): Promise<StatisticsTables | null> {
  if (options.statistics.length === 0) return null;
  const { StatisticsTables: Tables } = await import('./statistics-tables.ts');
  return new Tables(options.statistics, keyring);
}

function progressWatcher(bar: ProgressBar): Watcher {
  return { progress: (consumed, total) => bar.show(consumed, total) };
}

/** The writer of `-w`; the source is closed where it cannot be opened. */
async function openWriterOf(
  path: string,
  options: ReadOptions,
  keyring: Keyring,
  source: FrameSource,
): Promise<CaptureWriter | null> {
  if (options.write === undefined) return null;
  const payload = options.payload === true;
  try {
    const inputs = await inputFiles(path, options);
    const { openWriter } = await import('./write.ts');
    return openWriter({ path: options.write, inputs, keyring, payload, filter: await chosenFilter(options) });
  } catch (error) {
    await source.close();
    throw error;
  }
}

function endWith(path: string, problem: CaptureProblem | null): void {
  if (problem === null) return;
  const name = path === '-' ? 'standard input' : path;
  reportError(problem.code, `${name}: ${problem.message} (octet ${problem.offset})`, problem.hint);
  process.exitCode = ExitCode.damagedInput;
}
