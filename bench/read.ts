// `npm run bench`: times `sidescope read` on a large capture against tshark and capinfos on the same file in the same
// run. Machines differ and are noisy, so ratios are what counts.

import { closeSync, mkdirSync, mkdtempSync, openSync, rmSync, writeFileSync, writeSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { type BulkOptions, writeBulkCapture } from '../testing/bulk.ts';
import { available, type Measurement, measure } from './measure.ts';

const MESSAGES = Number(process.env.BENCH_MESSAGES ?? 1_000_000);
// tshark takes 40 s for a million messages with -T ek: those rows use a tenth.
const FEWER_MESSAGES = Math.ceil(MESSAGES / 10);
const RUNS = Number(process.env.BENCH_RUNS ?? 3);
const HERE = dirname(fileURLToPath(import.meta.url));
const SIDESCOPE = [process.execPath, join(HERE, '..', 'cli', 'main.js')];
// Without this row Wireshark shows nothing of link type 147.
const USER_DLT = ['-o', 'uat:user_dlts:"User 0 (DLT=147)","mac-lte-framed","0","","0",""'];
const COLUMNS = ['-T', 'fields', '-e', 'frame.number', '-e', 'mac-lte.slsch.src-l2-id'];

interface Capture {
  readonly path: string;
  readonly keyring: string;
  readonly messages: number;
}

interface Row {
  readonly work: string;
  readonly capture: Capture;
  readonly ours: readonly string[];
  readonly peer: string;
  readonly theirs: readonly string[];
}

function writeCapture(folder: string, name: string, options: BulkOptions): Capture {
  process.stderr.write(`writing ${options.messages} messages of 120 octets (${name}) ...\n`);
  const path = join(folder, `${name}.pcap`);
  const file = openSync(path, 'w');
  const { keyring } = writeBulkCapture((piece) => writeSync(file, piece), options);
  closeSync(file);
  const keyringPath = join(folder, `${name}.json`);
  writeFileSync(keyringPath, JSON.stringify(keyring));
  return { path, keyring: keyringPath, messages: options.messages };
}

function rate(measurement: Measurement, messages: number): string {
  const memory = Number.isNaN(measurement.peakMib) ? '?' : Math.round(measurement.peakMib);
  const perSecond = Math.round(messages / measurement.median / 1000);
  return `${measurement.median.toFixed(2)} s  ${perSecond} k/s  ${memory} MiB`;
}

function rows(large: Capture, small: Capture): Row[] {
  const read = (capture: Capture, ...options: string[]): string[] => [
    ...SIDESCOPE,
    'read',
    ...options,
    '--keyring',
    capture.keyring,
    capture.path,
  ];
  const tshark = (capture: Capture, ...options: string[]): string[] => ['-r', capture.path, ...USER_DLT, ...options];
  const judged = read(large, '-q', '-z', 'groups');
  return [
    {
      work: 'read -q -z groups (all deciphered, every rule) against tshark -T fields, 2 columns, nothing deciphered',
      capture: large,
      ours: judged,
      peer: 'tshark',
      theirs: tshark(large, ...COLUMNS),
    },
    { work: 'the same against capinfos', capture: large, ours: judged, peer: 'capinfos', theirs: [large.path] },
    {
      work: 'read -T fields, 2 columns, against tshark -T fields with the same',
      capture: large,
      ours: read(large, ...COLUMNS),
      peer: 'tshark',
      theirs: tshark(large, ...COLUMNS),
    },
    {
      work: 'read -T ek against tshark -T ek',
      capture: small,
      ours: read(small, '-T', 'ek'),
      peer: 'tshark',
      theirs: tshark(small, '-T', 'ek'),
    },
    {
      work: 'read -T ndjson against tshark -T ek',
      capture: small,
      ours: read(small, '-T', 'ndjson'),
      peer: 'tshark',
      theirs: tshark(small, '-T', 'ek'),
    },
  ];
}

const measured = new Map<string, Measurement>();

/** A command that stands in several rows is measured once. */
function once(command: readonly string[]): Measurement {
  const key = command.join(' ');
  const known = measured.get(key) ?? measure(command, RUNS);
  measured.set(key, known);
  return known;
}

function printRow(row: Row): void {
  const ours = once(row.ours);
  process.stdout.write(`${row.work}\n  sidescope  ${rate(ours, row.capture.messages)}\n`);
  if (!available(row.peer)) {
    process.stdout.write(`  ${row.peer} is not installed: no ratio\n`);
    return;
  }
  const theirs = once([row.peer, ...row.theirs]);
  const ratio = theirs.median / ours.median;
  process.stdout.write(`  ${row.peer.padEnd(9)}  ${rate(theirs, row.capture.messages)}\n`);
  process.stdout.write(`  sidescope is ${ratio.toFixed(ratio < 10 ? 1 : 0)} times as fast\n`);
}

/** What the rules of the findings cost: the engine alone against the engine with every rule. */
function printRulesCost(capture: Capture): void {
  const script = [process.execPath, join(HERE, 'rules-cost.js')];
  const alone = once([...script, 'engine', capture.path, capture.keyring]);
  const withRules = once([...script, 'rules', capture.path, capture.keyring]);
  const share = 1 - alone.median / withRules.median;
  process.stdout.write(
    `all rules of the findings\n  engine alone  ${rate(alone, capture.messages)}\n` +
      `  with rules    ${rate(withRules, capture.messages)}\n` +
      `  the rules are ${Math.round(share * 100)} % of the time (aim: below 40 %)\n`,
  );
}

function main(): void {
  mkdirSync(tmpdir(), { recursive: true });
  const folder = mkdtempSync(join(tmpdir(), 'sidescope-bench-'));
  try {
    const large = writeCapture(folder, 'large', { messages: MESSAGES });
    const small = writeCapture(folder, 'small', { messages: FEWER_MESSAGES });
    for (const row of rows(large, small)) printRow(row);
    printRulesCost(large);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

main();
