// The peers: their command lines, and how a ratio against one that may be missing is told.

import type { BenchCapture } from './captures.ts';
import { available, type Measurement, measureInTurn } from './measure.ts';
import type { RowResult } from './row.ts';
import { UU_OPTIONS } from './uu-capture.ts';

// Without this row Wireshark shows nothing of link type 147.
const USER_DLT = ['-o', 'uat:user_dlts:"User 0 (DLT=147)","mac-lte-framed","0","","0",""'];

/** tshark on one of our captures. */
export function tshark(capture: BenchCapture, ...options: readonly string[]): readonly string[] {
  return ['tshark', '-n', '-r', capture.path, ...USER_DLT, ...options];
}

/** tshark deciphering its own capture. */
export function tsharkUu(capture: BenchCapture, ...options: readonly string[]): readonly string[] {
  return ['tshark', '-n', '-r', capture.path, ...UU_OPTIONS, ...options];
}

/** capinfos, which hashes the file. */
export function capinfos(capture: BenchCapture): readonly string[] {
  return ['capinfos', capture.path];
}

const measured = new Map<string, Measurement>();

/** A command that stands in several rows is measured once. */
export function once(command: readonly string[], runs: number, output?: string): Measurement {
  return inTurn([command], runs, output)[0];
}

/** The same for several, in turn. */
function inTurn(commands: readonly (readonly string[])[], runs: number, output?: string): readonly Measurement[] {
  const keyOf = (command: readonly string[]): string => command.join(' ');
  const unknown = commands.filter((command) => !measured.has(keyOf(command)));
  measureInTurn(unknown, runs, output).forEach((one, i) => {
    measured.set(keyOf(unknown[i]), one);
  });
  return commands.map((command) => measured.get(keyOf(command)) as Measurement);
}

/** One side of a comparison. */
export interface Side {
  readonly command: readonly string[];
  readonly messages: number;
}

/**
 * A row that compares rates.
 *
 * @param least how many times faster we aim to be
 * @param output file for our output, and for the peer's
 */
export function against(work: string, ours: Side, peer: Side, least: number, runs: number, output?: string): RowResult {
  const program = peer.command[0];
  const isThere = available(program);
  const [us, them] = inTurn(isThere ? [ours.command, peer.command] : [ours.command], runs, output);
  const base = { work, ours: rateText(us, ours.messages), value: us.median, aim: `${least} times ${program}` };
  if (!isThere) return { ...base, peer: `${program} is not installed`, ratio: Number.NaN, reached: null };
  const ratio = ours.messages / us.median / (peer.messages / them.median);
  return { ...base, peer: `${program} ${rateText(them, peer.messages)}`, ratio, reached: ratio >= least };
}

/** Seconds, thousands of messages a second, peak memory. */
export function rateText(measurement: Measurement, messages: number): string {
  const memory = Number.isNaN(measurement.peakMib) ? '? MiB' : `${Math.round(measurement.peakMib)} MiB`;
  return `${measurement.median.toFixed(2)} s, ${Math.round(messages / measurement.median / 1000)} k/s, ${memory}`;
}
