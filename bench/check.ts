// `npm run bench:check`: has a change made something slower by more than a fifth? Each piece of work is held against a
// calibration in the same process, or a whole process against Node alone, and the ratio against the one that was recorded on
// this kind of machine, as the other ratios of its kind have changed: machines of one kind differ in all of them alike. What is
// slower is measured again some time later, and fails where it is slower each time.
// `-- --record` writes the ratios of this kind of machine into bench/recorded.json anew, which a change that means to be
// slower (or is faster) commits. Names of work, as they are printed, restrict it to these: `-- columns 'text lines'`.

import { spawnSync } from 'node:child_process';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { isAgainstNode, STARTS_WATCHED, startRatio } from './check-start.ts';
import { watchedWork } from './check-work.ts';
import { pause } from './on-terminal.ts';
import { type Ratio, readRecordings, recordingFor, thisMachine, writeRecording } from './recordings.ts';

// We chose.
/** A loss of more than this share fails. */
const TOLERATED = 0.2;
/**
 * All pieces of work are slower or faster by as much on a machine as half of them are, up to these bounds: 27 to 11 % faster were
 * seen with one build on two machines of one kind. Of fewer pieces than that nothing is concluded.
 */
const FASTEST_MACHINE = 0.7;
const SLOWEST_MACHINE = 1.3;
const FEWEST_PIECES = 5;
/** Passes through all of the work of which the least is recorded. */
const RECORDED_PASSES = 5;
/** Passes in which a loss has to show, the later ones through what was slower in all before. */
const MOST_PASSES = 4;
/** Between two passes (ms): a neighbour may have gone. */
const PAUSE_MS = 4000;
/** With a smaller share of a processor than this, others wanted more than there is: a loss is told, but fails nothing. */
const CALM_SHARE = 0.75;

const HERE = dirname(fileURLToPath(import.meta.url));
const RECORDED = join(HERE, '..', '..', 'bench', 'recorded.json');
const ONE = join(HERE, 'check-one.js');

async function measureOne(name: string): Promise<Ratio> {
  if (STARTS_WATCHED.includes(name)) return await startRatio(name);
  const { stdout, stderr, status } = spawnSync(process.execPath, ['--single-threaded', ONE, name], {
    encoding: 'utf8',
  });
  if (status !== 0) throw new Error(`${name} ended with ${status}: ${stderr}`);
  return JSON.parse(stdout) as Ratio;
}

const options = process.argv.slice(2);
const wanted = options.filter((option) => !option.startsWith('--'));
const watched = [...Object.keys(watchedWork()), ...STARTS_WATCHED];
const names = wanted.length === 0 ? watched : watched.filter((name) => wanted.includes(name));
const machine = thisMachine();
/** By the name of the work, one a pass. */
const measured = new Map<string, Ratio[]>();

async function measureAll(some: readonly string[]): Promise<void> {
  for (const name of some) measured.set(name, [...(measured.get(name) ?? []), await measureOne(name)]);
}

function ratiosOf(name: string): number[] {
  return (measured.get(name) ?? []).map(({ ratio }) => ratio);
}

async function record(): Promise<void> {
  for (let pass = 0; pass < RECORDED_PASSES; pass++) {
    if (pass > 0) await pause(PAUSE_MS);
    await measureAll(names);
  }
  for (const name of names) {
    const all = ratiosOf(name);
    const least = Math.min(...all);
    const spread = Math.round((Math.max(...all) / least - 1) * 100);
    process.stdout.write(`${name.padEnd(22)}${least.toFixed(3).padStart(8)}  spread ${spread} %\n`);
  }
  const ratios = names.map((name) => [name, Number(Math.min(...ratiosOf(name)).toFixed(3))] as const);
  const kept = wanted.length === 0 ? {} : recordingFor(readRecordings(RECORDED), machine)?.ratios;
  writeRecording(RECORDED, { ...machine, ratios: { ...kept, ...Object.fromEntries(ratios) } });
}

/** What a machine makes of all pieces of work alike, by how each has changed: the median, within bounds. */
function machineFactor(changes: readonly number[]): number {
  if (changes.length < FEWEST_PIECES) return 1;
  const median = changes.toSorted((one, other) => one - other)[Math.floor((changes.length - 1) / 2)];
  return Math.min(SLOWEST_MACHINE, Math.max(FASTEST_MACHINE, median));
}

async function compare(): Promise<void> {
  const recorded = recordingFor(readRecordings(RECORDED), machine)?.ratios;
  const before = (name: string): number | undefined => recorded?.[name];
  const least = (name: string): number => Math.min(...ratiosOf(name));
  const pieces = names.filter((name) => !isAgainstNode(name) && before(name) !== undefined);
  const ofMachine = (): number => machineFactor(pieces.map((name) => least(name) / (before(name) as number)));
  const isSlower = (name: string): boolean => {
    const alike = isAgainstNode(name) ? 1 : ofMachine();
    return least(name) > (before(name) ?? Number.NaN) * alike * (1 + TOLERATED);
  };
  for (let pass = 0, left = names; pass < MOST_PASSES && left.length > 0; pass++, left = left.filter(isSlower)) {
    if (pass > 0) await pause(PAUSE_MS);
    await measureAll(left);
  }
  for (const name of names) {
    const then = before(name);
    const change = then === undefined ? '' : `  ${Math.round((least(name) / then - 1) * 100)} %`;
    const mark = then === undefined ? 'new   ' : isSlower(name) ? 'SLOWER' : 'good  ';
    const runs = ratiosOf(name).length === 1 ? '' : `  ${ratiosOf(name).length} runs`;
    process.stdout.write(`${mark}  ${name.padEnd(22)}${least(name).toFixed(3).padStart(8)}${change}${runs}\n`);
  }
  const kind = `${machine.processor} with Node ${machine.node}`;
  const alike = Math.round((ofMachine() - 1) * 100);
  if (alike !== 0)
    process.stdout.write(`this machine changes all pieces of work by ${alike} %, which does not count\n`);
  if (recorded === undefined) {
    process.stdout.write(`nothing in bench/recorded.json was recorded on ${kind}: nothing to compare with\n`);
    return;
  }
  const slower = names.filter(isSlower);
  if (slower.length === 0) return;
  process.stdout.write(
    `more than ${TOLERATED * 100} % slower than recorded on ${kind}: ${slower.join(', ')}; ` +
      'find out why, or record again with `npm run bench:check -- --record`\n',
  );
  const isCalm = (name: string): boolean => (measured.get(name) ?? []).some(({ share }) => share >= CALM_SHARE);
  if (slower.some(isCalm)) process.exitCode = 1;
  else
    process.stdout.write('others kept the processors busy all the time, which slows everything: that fails nothing\n');
}

await (options.includes('--record') ? record() : compare());
