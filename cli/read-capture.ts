// What `sidescope read` does with its options: analyses one capture and prints what it holds.

import type { CaptureProblem } from '../captures/frame-batch.ts';
import { ExitCode } from '../daemon/errors.ts';
import { SEVERITIES } from '../daemon/events.ts';
import type { Keyring } from '../daemon/keyring/keyring.ts';
import { type AnalysedInput, type InputOptions, openAnalysed } from './analysed-input.ts';
import { inputFiles } from './input-files.ts';
import { Interruption } from './interruption.ts';
import { joinListeners, type Watcher } from './join-listeners.ts';
import { openInput } from './open-input.ts';
import { chooseOutput, chosenFilter, type Output } from './outputs/output.ts';
import { type ProgressBar, progressBar } from './progress.ts';
import { readKeyring, tellOfDelivered } from './read-keyring.ts';
import type { ReadOptions } from './read-options.ts';
import { reportError, reportWarning } from './report-error.ts';
import type { StatisticsTables } from './statistics-tables.ts';
import { flushOutput } from './stdout.ts';
import type { CaptureWriter } from './write.ts';

/** What was found before this was loaded. */
export interface Prepared extends Pick<InputOptions, 'threads' | 'started' | 'ahead'> {
  /** Whether messages or frames are printed. */
  readonly prints: boolean;
}

/**
 * Analyses a capture, and prints what was asked for.
 *
 * @param path a file, a pipe, or `-` for standard input
 * @throws SidescopeError what is wrong with the keys, the options or the input
 */
export async function readCapture(path: string, options: ReadOptions, prepared: Prepared): Promise<void> {
  const { prints, threads, started, ahead } = prepared;
  const keyring = await readKeyring(options, path);
  const stop = new Interruption();
  stop.listen();
  // What few runs need is loaded by those that do: a small capture is read in less time than all of it takes to load.
  if (options.lateKeys === true) {
    const { addLateKeys, collectLateKeys } = await import('../daemon/late-keys.ts');
    const source = await openInput(path, options.threads ?? 'auto');
    addLateKeys(keyring, await collectLateKeys(source, keyring, options.count, stop));
  }
  const config = options.config === undefined ? {} : (await import('./config-file.ts')).readConfig(options.config);
  const isLarge = started !== null && options.threads === undefined;
  const output = await chooseOutput(prints ? options : { ...options, quiet: true }, keyring, isLarge);
  const tables = await chosenTables(options, keyring);
  const needsOnlyFrames =
    output.needsAnalysis === false && options.write === undefined && options.statistics.length === 0;
  if (needsOnlyFrames && options.failOn === undefined) {
    void ahead?.terminate();
    await scan(path, options, output, stop);
    return;
  }
  const input = await openAnalysed(
    path,
    {
      keyring,
      payload: options.payload ?? false,
      allowStale: options.allowStale !== undefined,
      stop,
      explain: output.explains === true || (options.write !== undefined && options.filter !== undefined),
      ...(options.count === undefined ? {} : { frames: options.count }),
      ...config,
    },
    { threads, started, ahead, asked: options.threads },
  );
  const writer = await openWriterOf(path, options, keyring, input);
  const progress = progressBar(input.total);
  const listener = joinListeners(output.listener, [
    ...(tables?.listeners ?? []),
    ...(writer === null ? [] : [writer.listener]),
    ...watchersOf(path, progress),
  ]);
  output.begin?.();
  let analysed: Awaited<ReturnType<AnalysedInput['analyse']>>;
  try {
    analysed = await input.analyse(listener);
    writer?.finish();
  } finally {
    writer?.abandon();
    progress?.clear();
  }
  output.end?.();
  const { findings, account, problem } = analysed;
  tables?.print({ type: options.type, behindMessages: prints, lastTime: account.lastTime });
  if (options.failOn !== undefined && findings.worst >= SEVERITIES.indexOf(options.failOn)) {
    const worst = SEVERITIES[findings.worst];
    reportWarning('fail-on', `there are findings up to severity ${worst}`, '`-q -z findings` lists them');
    process.exitCode = ExitCode.finding;
  }
  tellOfDelivered(keyring);
  endWith(path, problem, stop);
}

/** The tables of `-z`, or null where none was asked for. */
async function chosenTables(options: ReadOptions, keyring: Keyring): Promise<StatisticsTables | null> {
  if (options.statistics.length === 0) return null;
  const { StatisticsTables: Tables } = await import('./statistics-tables.ts');
  return new Tables(options.statistics, keyring);
}

/** Prints frames as they are, for an output that needs nothing of an analysis. */
async function scan(path: string, options: ReadOptions, output: Output, stop: Interruption): Promise<void> {
  const { scanFrames } = await import('../daemon/scan.ts');
  const source = await openInput(path, options.threads ?? 'auto');
  const progress = progressBar(source.total);
  output.begin?.();
  const listener = joinListeners(output.listener, watchersOf(path, progress));
  const problem = await scanFrames(source, listener, options.count, stop);
  progress?.clear();
  output.end?.();
  endWith(path, problem, stop);
}

function watchersOf(path: string, progress: ProgressBar | null): Watcher[] {
  const watchers: Watcher[] = [];
  if (progress !== null) watchers.push({ progress: (consumed, total) => progress.show(consumed, total) });
  // Whoever sends frames down a pipe as they come waits for what they say, not for a full buffer.
  if (path === '-') watchers.push({ progress: flushOutput });
  return watchers;
}

/** The writer of `-w`; the input is closed where it cannot be opened. */
async function openWriterOf(
  path: string,
  options: ReadOptions,
  keyring: Keyring,
  input: AnalysedInput,
): Promise<CaptureWriter | null> {
  if (options.write === undefined) return null;
  const payload = options.payload === true;
  try {
    const inputs = await inputFiles(path, options);
    const { openWriter } = await import('./write.ts');
    return openWriter({ path: options.write, inputs, keyring, payload, filter: await chosenFilter(options) });
  } catch (error) {
    await input.close();
    throw error;
  }
}

function endWith(path: string, problem: CaptureProblem | null, { signal, exitCode }: Interruption): void {
  const name = path === '-' ? 'standard input' : path;
  if (problem !== null) {
    reportError(problem.code, `${name}: ${problem.message} (octet ${problem.offset})`, problem.hint);
    process.exitCode = ExitCode.damagedInput;
  }
  if (exitCode === null) return;
  const hint = 'run it again for the rest';
  reportError('interrupted', `${name}: interrupted by ${signal}; what was read until then is all there is`, hint);
  process.exitCode = exitCode;
}
