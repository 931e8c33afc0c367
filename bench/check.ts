// `npm run bench:check`: has a change made something slower by more than a fifth? Each piece of work is held against a
// calibration in the same process, or a whole process against Node alone, and the ratio against the one that was recorded on
// this kind of machine. What is slower is measured again some time later, and fails where it is slower each time.
// `-- --record` writes the ratios of this kind of machine into bench/recorded.json anew, which a change that means to be
// slower (or is faster) commits. Names of work, as they are printed, restrict it to these: `-- columns 'text lines'`.

import { spawnSync } from 'node:child_process';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { STARTS_WATCHED, startRatio } from './check-start.ts';
import { watchedWork } from './check-work.ts';
import { pause } from './on-terminal.ts';
import { type Ratio, readRecordings, recordingFor, thisMachine, writeRecording } from './recordings.ts';

// We chose.
/** A loss of more than this share fails. */
const TOLERATED = 0.2;
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

function measureOne(name: string): Ratio {
  if (STARTS_WATCHED.includes(name)) return startRatio(name);
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

function measureAll(some: readonly string[]): void {
  for (const name of some) measured.set(name, [...(measured.get(name) ?? []), measureOne(name)]);
}

function ratiosOf(name: string): number[] {
  return (measured.get(name) ?? []).map(({ ratio }) => ratio);
}

async function record(): Promise<void> {
  for (let pass = 0; pass < RECORDED_PASSES; pass++) {
    if (pass > 0) await pause(PAUSE_MS);
    measureAll(names);
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

async function compare(): Promise<void> {
  const recorded = recordingFor(readRecordings(RECORDED), machine)?.ratios;
  const before = (name: string): number | undefined => recorded?.[name];
  const least = (name: string): number => Math.min(...ratiosOf(name));
  const isSlower = (name: string): boolean => least(name) > (before(name) ?? Number.NaN) * (1 + TOLERATED);
  for (let pass = 0, left = names; pass < MOST_PASSES && left.length > 0; pass++, left = left.filter(isSlower)) {
    if (pass > 0) await pause(PAUSE_MS);
    measureAll(left);
  }
  for (const name of names) {
    const then = before(name);
    const change = then === undefined ? '' : `  ${Math.round((least(name) / then - 1) * 100)} %`;
    const mark = then === undefined ? 'new   ' : isSlower(name) ? 'SLOWER' : 'good  ';
    const runs = ratiosOf(name).length === 1 ? '' : `  ${ratiosOf(name).length} runs`;
    process.stdout.write(`${mark}  ${name.padEnd(22)}${least(name).toFixed(3).padStart(8)}${change}${runs}\n`);
  }
  const kind = `${machine.processor} with Node ${machine.node}`;
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
