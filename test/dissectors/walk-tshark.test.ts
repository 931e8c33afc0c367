// Wireshark as the second reader: where tshark is installed, ids, LCIDs and lengths are compared frame by frame.

import { execFileSync, spawnSync } from 'node:child_process';
import { describe, expect, test } from 'vitest';
import { describeFrame } from '../../dissectors/walk.ts';
import { TreeRecorder } from './tree-recorder.ts';
import { readCapture, SHARED_CAPTURES, sharedCapture } from './walk-frames.ts';

const HAS_TSHARK = spawnSync('tshark', ['--version']).status === 0;
if (!HAS_TSHARK) console.warn('TSHARK IS NOT INSTALLED: the comparison of the walk with Wireshark is skipped');

const OPTIONS = [
  ...['-o', 'uat:user_dlts:"User 0 (DLT=147)","mac-lte-framed","0","","0",""'],
  ...['-o', 'mac-lte.attempt_to_dissect_crc_failures:TRUE'],
  ...['--enable-heuristic', 'mac_lte_udp', '--enable-heuristic', 'rlc_lte_udp'],
];

/** A column: what tshark calls it, and the same as text from our tree. */
const COLUMNS: readonly string[] = [
  'mac-lte.radio-type',
  'mac-lte.direction',
  'mac-lte.rnti-type',
  'mac-lte.rnti',
  'mac-lte.ueid',
  'mac-lte.sfn',
  'mac-lte.subframe',
  'mac-lte.crc-status',
  'mac-lte.slsch.version',
  'mac-lte.slsch.src-l2-id',
  'mac-lte.slsch.dst-l2-id',
  'mac-lte.slsch.lcid',
  'mac-lte.slsch.length',
  'rlc-lte.um.fi',
  'rlc-lte.um.sn',
  'ip.src',
  'ip.ttl',
  'udp.srcport',
  'udp.length',
];

/** Wireshark numbers as numbers; addresses stay text. */
function numbers(text: string): (number | string)[] {
  if (text === '') return [];
  return text.split(',').map((value) => (/^(0x[0-9a-f]+|\d+)$/.test(value) ? Number(value) : value));
}

function tshark(path: string): Map<string, (number | string)[]>[] {
  const fields = COLUMNS.flatMap((name) => ['-e', name]);
  const output = execFileSync('tshark', ['-r', path, ...OPTIONS, '-T', 'fields', ...fields], {
    encoding: 'utf8',
    stdio: ['ignore', 'pipe', 'ignore'],
    maxBuffer: 64 << 20,
  });
  const lines = output.split('\n').slice(0, -1);
  return lines.map((line) => new Map(line.split('\t').map((text, index) => [COLUMNS[index], numbers(text)])));
}

function ours(tree: TreeRecorder, name: string): (number | string)[] {
  return tree.all(name).map((value) => {
    if (value instanceof Uint8Array) return value.join('.');
    return Number(value);
  });
}

/** Whether a column means the same on both sides in this frame. */
function comparable(name: string, version: number, tree: TreeRecorder): boolean {
  // Wireshark never goes from SL-SCH to RLC, and we do not go into the RLC of other channels.
  if (name.startsWith('rlc-lte') && (tree.protocols.includes('sl-sch') || !tree.protocols.includes('rlc-um')))
    return false;
  // It shows an RNTI of 0 where there is none.
  if (name === 'mac-lte.rnti' && tree.all(name).length === 0) return false;
  // It takes a reserved version for one with 16 bits of destination.
  return version >= 1 && version <= 3;
}

describe.skipIf(!HAS_TSHARK || SHARED_CAPTURES === null)(
  'tshark reads the same (else: tshark is not installed or ../shared is not beside the project)',
  () => {
    const files = [
      ['over-the-air', 'srsran_sidelink_all.pcap'],
      ['over-the-air', 'srsran_sidelink_slbch_cmw500.pcap'],
      ['labelled', 'clean-eea2', 'capture.pcap'],
      ['labelled', 'forged', 'capture.pcap'],
      ['labelled', 'replay', 'capture.pcapng'],
      ['labelled', 'plaintext', 'capture.pcap'],
      ['labelled', 'matrix', 'capture.pcapng'],
      ['labelled', 'v2x', 'capture.pcap'],
      ['wireshark-samples', 'slsch_dlt147.pcap'],
      ['wireshark-samples', 'slsch_udp.pcap'],
      ['wireshark-samples', 'exported_pdu.pcap'],
      ['wireshark-samples', 'rlc_udp.pcap'],
      ['lte-uu', 'api_collector.pcap'],
    ];
    test.each(files.map((parts) => [parts.join('/'), parts] as const))('%s', (_name, parts) => {
      const path = sharedCapture(...parts);
      const theirs = tshark(path);
      const frames = readCapture(path);
      expect(frames).toHaveLength(theirs.length);
      let compared = 0;
      frames.forEach((frame, index) => {
        const tree = new TreeRecorder();
        describeFrame(frame.bytes, frame.original ?? frame.bytes.length, frame.linkType, tree);
        const version = tree.all('mac-lte.slsch.version').map(Number)[0] ?? 1;
        for (const column of COLUMNS) {
          const values = theirs[index].get(column) ?? [];
          // Where Wireshark gives up (unknown tag, RNTI out of range, no preference for that link type) it shows nothing.
          if (values.length === 0 || !comparable(column, version, tree)) continue;
          expect(ours(tree, column), `frame ${index + 1} ${column}`).toEqual(values);
          compared++;
        }
      });
      expect(compared).toBeGreaterThan(frames.length);
    });
  },
);
