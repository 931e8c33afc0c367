// `npm run bench`: times `sidescope read` on a large capture against tshark and capinfos on the same file in the same
// run. Machines differ and are noisy, so ratios are what counts.

import { closeSync, mkdirSync, mkdtempSync, openSync, rmSync, writeFileSync, writeSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { type BulkOptions, writeBulkCapture } from '../testing/bulk.ts';
import { type Measurement, available, measure } from './measure.ts';

const MESSAGES = Number(process.env.BENCH_MESSAGES ?? 1_000_000);
const RUNS = Number(process.env.BENCH_RUNS ?? 3);
const SIDESCOPE = [process.execPath, join(dirname(fileURLToPath(import.meta.url)), '..', 'cli', 'main.js')];
// Without this row Wireshark shows nothing of link type 147.
const USER_DLT = ['-o', 'uat:user_dlts:"User 0 (DLT=147)","mac-lte-framed","0","","0",""'];

interface Row {
  readonly work: string;
  readonly ours: readonly string[];
  readonly peer: string;
  readonly theirs: readonly string[];
}

function writeCapture(folder: string, name: string, options: BulkOptions): { capture: string; keyring: string } {
  const capture = join(folder, `${name}.pcap`);
  const file = openSync(capture, 'w');
  const { keyring } = writeBulkCapture((piece) => writeSync(file, piece), options);
  closeSync(file);
  const keyringPath = join(folder, `${name}.json`);
  writeFileSync(keyringPath, JSON.stringify(keyring));
  return { capture, keyring: keyringPath };
}

function rate(measurement: Measurement): string {
  return `${measurement.median.toFixed(2)} s  ${Math.round(MESSAGES / measurement.median / 1000)} k/s  ${
    Number.isNaN(measurement.peakMib) ? '?' : Math.round(measurement.peakMib)
  } MiB`;
}

function main(): void {
  mkdirSync(tmpdir(), { recursive: true });
  const folder = mkdtempSync(join(tmpdir(), 'sidescope-bench-'));
  try {
    process.stderr.write(`writing ${MESSAGES} messages of 120 octets, 128-EEA2 ...\n`);
    const { capture, keyring } = writeCapture(folder, 'eea2', { messages: MESSAGES });
    const ours = [...SIDESCOPE, 'read', '-q', '-z', 'groups', '--keyring', keyring, capture];
    const rows: Row[] = [
      {
        work: 'decipher and judge everything against tshark -T fields (2 columns, nothing deciphered)',
        ours,
        peer: 'tshark',
        theirs: ['-r', capture, ...USER_DLT, '-T', 'fields', '-e', 'frame.number', '-e', 'mac-lte.slsch.src-l2-id'],
      },
      { work: 'decipher and judge everything against capinfos', ours, peer: 'capinfos', theirs: [capture] },
    ];
    const measured = measure(ours, RUNS);
    process.stdout.write(`sidescope read -q -z groups: ${rate(measured)}\n`);
    for (const row of rows) {
      if (!available(row.peer)) {
        process.stdout.write(`${row.work}: ${row.peer} is not installed, no ratio\n`);
        continue;
      }
      const theirs = measure([row.peer, ...row.theirs], RUNS);
      process.stdout.write(
        `${row.work}:\n  ${row.peer}: ${rate(theirs)}\n  sidescope is ${(theirs.median / measured.median).toFixed(1)} times as fast\n`,
      );
    }
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

main();
