// Differential: a small capture is judged by our filters and by Wireshark's own (sharkd, part of wireshark-common). Runs
// where Wireshark 4.0 or newer is installed.

import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { FilterError } from '../../../dissectors/filter/filter-error.ts';
import { passes, type TestFrame } from './collected.ts';

interface Udp {
  readonly source: readonly number[];
  readonly destination: readonly number[];
  readonly ports: readonly [number, number];
  readonly payload: string;
}

const FRAMES: readonly Udp[] = [
  { source: [10, 0, 0, 1], destination: [239, 255, 0, 7], ports: [40000, 9999], payload: 'hello mac-lte' },
  { source: [10, 0, 0, 2], destination: [10, 0, 0, 2], ports: [5000, 5000], payload: 'HELLO' },
  { source: [169, 254, 10, 11], destination: [10, 0, 0, 1], ports: [1, 2], payload: '\u0001\u0002\u0003' },
];
const FIRST_SECOND = 1_777_629_600;
const DESTINATION_MAC = [1, 0, 0x5e, 0x7f, 0, 7];

function ethernetFrame({ source, destination, ports, payload }: Udp): Uint8Array {
  const data = new TextEncoder().encode(payload);
  const length = 28 + data.length;
  const ip = [0x45, 0, 0, length, 0, 0, 0, 0, 64, 17, 0, 0, ...source, ...destination];
  const udp = [ports[0] >> 8, ports[0] & 255, ports[1] >> 8, ports[1] & 255, 0, 8 + data.length, 0, 0];
  return Uint8Array.from([...DESTINATION_MAC, 2, 0, 0, 0, 0, 1, 8, 0, ...ip, ...udp, ...data]);
}

function capture(): Uint8Array {
  const words = (...values: number[]) => [...new Uint8Array(Uint32Array.from(values).buffer)];
  const bytes = [...words(0xa1b2c3d4, 0x00040002, 0, 0, 65535, 1)];
  for (const [index, frame] of FRAMES.entries()) {
    const octets = ethernetFrame(frame);
    bytes.push(...words(FIRST_SECOND + index, 0, octets.length, octets.length), ...octets);
  }
  return Uint8Array.from(bytes);
}

/** What our decoders would report of the frame, written down by hand. */
function collectedFrame(frame: Udp, index: number): TestFrame {
  const time = BigInt(FIRST_SECOND + index) * 1_000_000_000n;
  return {
    octets: ethernetFrame(frame),
    layers: { frame: 0, eth: 0, ip: 14, udp: 34 },
    fields: {
      'frame.number': index + 1,
      'frame.time': time,
      'frame.time_epoch': time,
      'frame.len': ethernetFrame(frame).length,
      'eth.dst': Uint8Array.from(DESTINATION_MAC),
      'ip.src': Uint8Array.from(frame.source),
      'ip.dst': Uint8Array.from(frame.destination),
      'ip.proto': 17,
      'udp.srcport': frame.ports[0],
      'udp.dstport': frame.ports[1],
    },
  };
}

/** Frames that we let pass, or null where we refuse the filter. */
function ourFrames(filter: string): number[] | null {
  try {
    return FRAMES.flatMap((frame, index) => (passes(filter, collectedFrame(frame, index)) ? [index + 1] : []));
  } catch (error) {
    if (error instanceof FilterError) return null;
    throw error;
  }
}

const FILTERS = [
  'udp',
  'arp',
  'ip and udp',
  'not arp',
  '!udp',
  'not !udp',
  'frame.number',
  'udp.port == 5000',
  'udp.port != 5000',
  'udp.port != 1',
  'udp.port !== 9999',
  'udp.port === 5000',
  'udp.port ~= 5000',
  'all udp.port == 5000',
  'any udp.port == 2',
  'all udp.port > 1',
  'any udp.port > 9998',
  'arp.opcode != 1',
  'arp.opcode !== 1',
  'not arp.opcode == 1',
  'all arp.opcode == 1',
  'arp.opcode === 1',
  'arp.opcode in {1}',
  'arp.opcode not in {1}',
  'not arp.opcode in {1}',
  'ip.src != ip.dst',
  'ip.src == ip.dst',
  'udp.srcport > udp.dstport',
  'udp.dstport < udp.srcport < 50000',
  'ip.src == 10.0.0.0/8',
  'ip.src == 10.0.0.0/31',
  'ip.src != 10.0.0.0/8',
  'ip.addr == 10.0.0.1',
  'ip.addr != 10.0.0.1',
  'ip.addr in {10.0.0.0/8}',
  'ip.src > 10.0.0.1',
  'ip.src in {10.0.0.2 .. 200.0.0.0}',
  'ip.src[0:1] == 0a',
  'ip.src[1-2] == fe:0a',
  'frame.number in {1, 3}',
  'frame.number in {1..2}',
  'frame.number in {2 .. 9}',
  'frame.number == 0x2',
  'frame.number == 02',
  'frame.number == 1 or frame.number == 2 and arp',
  'frame.number == 1 || udp && arp',
  '(udp or arp) and frame.number > 1',
  'frame.number ge 2',
  'frame.number lt 2',
  'frame.number eq 2',
  'frame.number ne 2',
  'frame contains "mac-lte"',
  'frame contains "MAC"',
  'frame contains 01:02:03',
  'udp contains 27:0f',
  'udp contains "hello"',
  'frame matches "HELLO"',
  'frame matches "^\\x01\\x00\\x5e"',
  'udp matches "hel+o$"',
  'udp matches r"m\\w+-l"',
  'udp[2:2] == 27:0f',
  'udp[2:2] == 270f',
  'udp[2:1] == 0x27',
  'udp[2:1] == 27',
  'udp[99:1]',
  'eth.dst[0:3] == 01:00:5e',
  'eth.dst[0:3] == 01-00-5e',
  'eth.dst[:3] == 01.00.5e',
  'eth.dst[5] == 7',
  'eth.dst[6] == 0',
  'eth.dst[4:9]',
  'eth.dst[0:3] > 01:00:5d',
  'eth.dst[0,5] == 01:07',
  'eth.dst contains 5e:7f',
  'eth.dst in {01:00:5e:7f:00:07}',
  'ip.proto == "UDP"',
  'ip.proto == 17',
  'ip.proto == UDP',
  'frame.time >= "2026-05-01T10:00:01Z"',
  'frame.time_epoch > 1777629600.5',
  'frame.time == "2026-05-01 10:00:00Z"',
  '',
] as const;

/** Filters that both refuse. */
const REFUSED = [
  'ip.src == 5',
  'ip.addr == 300.1.1.1',
  'udp.srcport == 70000',
  'frame.number == "2"',
  'frame.number[0:1] == 1',
  'udp.port == ip.src',
  'udp.port matches "1"',
  'ip.src contains 7f',
  'frame matches mac',
  'frame.number in {}',
  'frame.number in {"a"}',
  'udp.port in {1 2}',
  'udp.port in {1,}',
  'udp.port in 1',
  '(udp',
  'udp)',
  'UDP AND IP',
  '1 == 1',
  '10.0.0.1 == ip.src',
  'frame.number.x',
  'ip.dst == 239.255.0.7/33',
  'ip.src == "x y"',
  'udp or 2',
  'frame matches "("',
] as const;

/**
 * Filters on which we differ on purpose: Wireshark turns -1 into the largest unsigned number, and it cuts slices of a
 * layer to that layer's header although `contains` looks to the end of the frame.
 */
const DIFFERENT: readonly (readonly [filter: string, ours: number[], theirs: number[]])[] = [
  ['frame.number > -1', [1, 2, 3], []],
  ['udp[8:] contains "HE"', [2], []],
  ['udp[-2:2] == "te"', [1], []],
];

function sharkd(requests: readonly object[]): Map<number, { result?: unknown; error?: unknown }> {
  const input = requests.map((request, id) => JSON.stringify({ jsonrpc: '2.0', id: id + 1, ...request })).join('\n');
  const output = spawnSync('sharkd', ['-'], { input: `${input}\n`, encoding: 'utf8', timeout: 60_000 }).stdout ?? '';
  const answers = output.split('\n').filter((line) => line.startsWith('{'));
  const parsed = answers.map((line) => JSON.parse(line) as { id: number; result?: unknown; error?: unknown });
  return new Map(parsed.map((answer) => [answer.id, answer]));
}

const version = /TShark \(Wireshark\) (\d+)\.(\d+)/.exec(
  spawnSync('tshark', ['--version'], { encoding: 'utf8' }).stdout ?? '',
);
const isHere = version !== null && Number(version[1]) >= 4 && spawnSync('sharkd', ['-v']).error === undefined;
if (!isHere) console.log('skipped: comparison with Wireshark needs tshark and sharkd 4.0 or newer');

describe.skipIf(!isHere)('Wireshark gives the same answers (else: tshark is not installed)', () => {
  const folder = mkdtempSync(join(tmpdir(), 'sidescope-filter-'));
  const answers = new Map<string, number[] | null>();

  beforeAll(() => {
    const file = join(folder, 'three.pcap');
    writeFileSync(file, capture());
    const all = [...FILTERS, ...REFUSED, ...DIFFERENT.map(([filter]) => filter)];
    const requests = [
      { method: 'load', params: { file } },
      ...all.map((filter) => ({ method: 'frames', params: filter === '' ? {} : { filter } })),
    ];
    const replies = sharkd(requests);
    for (const [index, filter] of all.entries()) {
      const reply = replies.get(index + 2);
      expect(reply, `sharkd did not answer ${filter}`).toBeDefined();
      const frames = reply?.result as { num: number }[] | undefined;
      answers.set(filter, frames?.map((frame) => frame.num) ?? null);
    }
  }, 90_000);

  afterAll(() => rmSync(folder, { recursive: true }));

  test.each(FILTERS)('%s', (filter) => {
    const theirs = answers.get(filter);
    expect(theirs, 'Wireshark refuses it').not.toBeNull();
    expect(ourFrames(filter)).toEqual(theirs);
  });

  test.each(DIFFERENT)('different on purpose: %s', (filter, ours, theirs) => {
    expect(ourFrames(filter)).toEqual(ours);
    expect(answers.get(filter)).toEqual(theirs);
  });

  test.each(REFUSED)('refused by both: %s', (filter) => {
    expect(answers.get(filter)).toBeNull();
    expect(ourFrames(filter)).toBeNull();
  });
});
