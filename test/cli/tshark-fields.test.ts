// `read -T fields` beside `tshark -T fields` with the same -e: the MAC fields of every captured frame, text for text.

import { type ExecFileSyncOptionsWithStringEncoding, execFileSync, spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { sharedCaptures } from '../analysed-frames.ts';
import { NO_SHARED } from '../shared-captures.ts';

const SIDESCOPE = join(import.meta.dirname, '..', '..', 'dist', 'cli', 'main.js');
const HAS_TSHARK = spawnSync('tshark', ['--version']).status === 0;
if (!HAS_TSHARK) console.warn('TSHARK IS NOT INSTALLED: the comparison of -T fields with Wireshark is skipped');

const COLUMNS = [
  'frame.number',
  'frame.len',
  'frame.cap_len',
  'frame.time',
  'frame.time_epoch',
  'mac-lte.radio-type',
  'mac-lte.direction',
  'mac-lte.rnti-type',
  'mac-lte.rnti',
  'mac-lte.ueid',
  'mac-lte.sfn',
  'mac-lte.subframe',
  'mac-lte.is-predefined-frame',
  'mac-lte.crc-status',
  'mac-lte.carrier-id',
  'mac-lte.length',
  'mac-lte.slsch.version',
  'mac-lte.slsch.reserved',
  'mac-lte.slsch.src-l2-id',
  'mac-lte.slsch.dst-l2-id',
  'mac-lte.slsch.extended',
  'mac-lte.slsch.lcid',
  'mac-lte.slsch.format',
  'mac-lte.slsch.length',
  'mac-lte.slsch.sdu',
  'mac-lte.slbch.pdu',
  'mac-lte.padding-data',
  'mac-lte.padding-length',
];
const WANTED = COLUMNS.flatMap((column) => ['-e', column]);
const TSHARK = [
  ...['-o', 'uat:user_dlts:"User 0 (DLT=147)","mac-lte-framed","0","","0",""'],
  ...['-o', 'mac-lte.attempt_to_dissect_crc_failures:TRUE'],
  ...['--enable-heuristic', 'mac_lte_udp'],
];

function rows(program: string, args: readonly string[]): string[][] {
  const options: ExecFileSyncOptionsWithStringEncoding = {
    encoding: 'utf8',
    stdio: ['ignore', 'pipe', 'ignore'],
    maxBuffer: 256 << 20,
  };
  return execFileSync(program, args, options)
    .split('\n')
    .slice(0, -1)
    .map((line) => line.split('\t'));
}

// Labelled captures and recordings; tshark needs a preference of its own for link type 149 and reads no GSMTAP version 3.
if (sharedCaptures().length === 0) console.warn(`the comparison of -T fields with Wireshark is skipped: ${NO_SHARED}`);
const captures = sharedCaptures().filter(({ name }) => /^(labelled|over-the-air) /.test(name));

describe.skipIf(!HAS_TSHARK || captures.length === 0)(
  'MAC fields are those of tshark (else: tshark is not installed or ../shared is not beside the project)',
  () => {
    test.each(captures.map((capture) => [capture.name, capture] as const))('%s', (_name, { capture }) => {
      const theirs = rows('tshark', ['-r', String(capture), ...TSHARK, '-T', 'fields', ...WANTED]);
      const ours = rows(process.execPath, [SIDESCOPE, 'read', String(capture), '-T', 'fields', ...WANTED]);
      expect(ours).toHaveLength(theirs.length);
      const sfn = COLUMNS.indexOf('mac-lte.rnti-type');
      let compared = 0;
      theirs.forEach((row, index) => {
        // Where tshark finds no MAC it shows nothing to compare with.
        const columns = row[sfn] === '' ? COLUMNS.slice(0, 5) : COLUMNS;
        columns.forEach((column, at) => {
          if (column === 'mac-lte.slsch.reserved' && row[at] === '') return;
          expect(ours[index][at], `frame ${index + 1} ${column}`).toBe(row[at]);
          compared++;
        });
      });
      expect(compared).toBeGreaterThan(theirs.length);
    });
  },
);
