// Ratios that `npm run bench:check` compares with, for each kind of machine they were recorded on: both the processor and
// what Node compiles change them.

import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { cpus } from 'node:os';

/** What Linux tells of the processors. */
const CPUINFO = '/proc/cpuinfo';

/** Ratios by the name of the work. */
export type Ratios = Readonly<Record<string, number>>;

/** One measurement. */
export interface Ratio {
  readonly ratio: number;
  /** Share of a processor that was had while measuring, about 1 where nobody else wanted it. */
  readonly share: number;
}

/** What was recorded on one kind of machine. */
export interface Recording {
  /** Model, as the operating system names it, and family and model number where it tells them. */
  readonly processor: string;
  /** Major version of Node. */
  readonly node: number;
  readonly ratios: Ratios;
}

/** The kind of machine that this is. */
export function thisMachine(): Omit<Recording, 'ratios'> {
  return { processor: processorName(), node: Number(process.versions.node.split('.')[0]) };
}

/** Virtual machines often name the maker's line only (`AMD EPYC`): the numbers tell its generations apart. */
function processorName(): string {
  const name = cpus()[0]?.model.trim() ?? 'unknown';
  if (!existsSync(CPUINFO)) return name;
  const text = readFileSync(CPUINFO, 'latin1');
  const numbers = [/^cpu family\s*: (\d+)$/m, /^model\s*: (\d+)$/m].map((each) => each.exec(text)?.[1]);
  return numbers.includes(undefined) ? name : `${name} (family ${numbers[0]}, model ${numbers[1]})`;
}

/** All that were recorded. */
export function readRecordings(path: string): readonly Recording[] {
  return JSON.parse(readFileSync(path, 'utf8')) as Recording[];
}

/** The one that fits a machine; undefined where none does. */
export function recordingFor(
  recordings: readonly Recording[],
  machine: Omit<Recording, 'ratios'>,
): Recording | undefined {
  return recordings.find(({ processor, node }) => processor === machine.processor && node === machine.node);
}

/** Writes one; it takes the place of an older one of the same kind of machine, and the others stay. */
export function writeRecording(path: string, recording: Recording): void {
  const before = readRecordings(path);
  const others = before.filter((each) => each !== recordingFor(before, recording));
  writeFileSync(path, `${JSON.stringify([...others, recording], null, 2)}\n`);
}
