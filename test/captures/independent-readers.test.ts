// The same records as two independent readers give: the npm package pcap-parser for classic pcap, and tshark for every
// capture that we have and for the blocks that Wireshark numbers in its own way.

import { execFileSync, spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Readable } from 'node:stream';

import fc from 'fast-check';
import { type PcapPacket, parse } from 'pcap-parser';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { PcapngWriter } from '../../captures/formats/pcapng-writer.ts';
import { encodeUpperPdu } from '../../captures/formats/upper-pdu.ts';
import { CUSTOM_BLOCK_LINKTYPE } from '../../captures/frame-batch.ts';
import { openCapture } from '../../captures/open.ts';
import {
  block,
  interfaceBlock,
  joined,
  octets,
  oldPacketBlock,
  packetBlock,
  pcapHeader,
  pcapngStart,
  pcapRecord,
  section,
  simplePacketBlock,
  text,
} from './capture-bytes.ts';
import { type ReadFrame, readAll, readBytes } from './read-all.ts';

/** The records that pcap-parser finds, as ours are written down. */
async function readWithPcapParser(input: Uint8Array) {
  return new Promise<Pick<ReadFrame, 'seconds' | 'nanoseconds' | 'original' | 'bytes'>[]>((resolve, reject) => {
    const frames: Pick<ReadFrame, 'seconds' | 'nanoseconds' | 'original' | 'bytes'>[] = [];
    const parser = parse(Readable.from([Buffer.from(input)]));
    parser.on('packet', ({ header, data }: PcapPacket) => {
      frames.push({
        seconds: header.timestampSeconds,
        nanoseconds: header.timestampMicroseconds * 1000,
        original: header.originalLength,
        bytes: new Uint8Array(data),
      });
    });
    parser.on('error', reject);
    parser.on('end', () => {
      resolve(frames);
    });
  });
}

const record = fc.record({
  frame: fc.uint8Array({ maxLength: 200 }),
  seconds: fc.nat(2 ** 32 - 1),
  fraction: fc.nat(999_999),
  more: fc.nat(1500),
});

test.each(['little', 'big'] as const)('pcap-parser reads the same records, %s endian', async (order) => {
  await fc.assert(
    fc.asyncProperty(fc.array(record, { maxLength: 30 }), async (records) => {
      const input = joined(
        pcapHeader(order),
        ...records.map(({ frame, more, ...time }) =>
          pcapRecord(frame, order, { ...time, original: frame.length + more }),
        ),
      );
      const { frames } = await readBytes(input);
      const compared = frames.map(({ seconds, nanoseconds, original, bytes }) => ({
        seconds,
        nanoseconds,
        original,
        bytes,
      }));
      expect(compared).toEqual(await readWithPcapParser(input));
    }),
    { numRuns: 60 },
  );
});

const tshark = spawnSync('tshark', ['--version']).status === 0;
const NO_TSHARK = 'tshark is not installed: frame numbers, times and lengths are not compared with it';
const sharedCaptures = join(import.meta.dirname, '..', '..', '..', 'shared', 'captures');
const captures = existsSync(sharedCaptures)
  ? readdirSync(sharedCaptures, { recursive: true, encoding: 'utf8' })
      .filter((name) => /\.pcap(ng)?$/.test(name))
      .toSorted()
  : [];

interface TsharkFrame {
  readonly number: number;
  /** Seconds with nine digits; empty where Wireshark has no time. */
  readonly time: string;
  readonly length: number;
  readonly captured: number;
}

/** What tshark says of each frame. A capture that it finds damaged gives the frames before. */
function readWithTshark(path: string): TsharkFrame[] {
  const fields = ['frame.number', 'frame.time_epoch', 'frame.len', 'frame.cap_len'].flatMap((field) => ['-e', field]);
  const { stdout } = spawnSync('tshark', ['-r', path, '-T', 'fields', ...fields], {
    encoding: 'utf8',
    maxBuffer: 1 << 26,
  });
  return stdout
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => {
      const [number, time, length, captured] = line.split('\t');
      return { number: Number(number), time: time, length: Number(length), captured: Number(captured) };
    });
}

/** Our frames as tshark would say them; a frame without a time in `theirs` has none here either. */
function asTshark(frames: readonly ReadFrame[], theirs: readonly TsharkFrame[]): TsharkFrame[] {
  return frames.map(({ number, seconds, nanoseconds, original, bytes }, row) => ({
    number,
    time: theirs[row]?.time === '' ? '' : `${seconds}.${String(nanoseconds).padStart(9, '0')}`,
    length: original,
    captured: bytes.length,
  }));
}

describe('tshark', () => {
  let folder = '';

  beforeAll(() => {
    folder = mkdtempSync(join(tmpdir(), 'sidescope-captures-'));
  });

  afterAll(() => {
    rmSync(folder, { recursive: true, force: true });
  });

  /** Frames of `input` as we and as tshark read them. */
  async function both(name: string, input: Uint8Array) {
    const path = join(folder, name);
    writeFileSync(path, input);
    const read = await readAll(await openCapture(path));
    const theirs = readWithTshark(path);
    expect(asTshark(read.frames, theirs)).toEqual(theirs);
    return { ...read, theirs };
  }

  test('every capture at hand: frame numbers, times, lengths', { timeout: 120_000 }, async ({ skip }) => {
    skip(!tshark, NO_TSHARK);
    skip(captures.length === 0, '../shared/captures is absent: no capture is compared with tshark');
    expect(captures.length).toBeGreaterThan(30);
    for (const name of captures) {
      const path = join(sharedCaptures, name);
      const { frames, problem } = await readAll(await openCapture(path));
      expect(problem, name).toBeNull();
      const theirs = readWithTshark(path);
      expect(asTshark(frames, theirs), name).toEqual(theirs);
    }
  });

  test('blocks without a packet are numbered as Wireshark numbers them', async ({ skip }) => {
    skip(!tshark, NO_TSHARK);
    const custom = octets('little', [4, 32_473], text('custom data'));
    const event = octets('little', [2, 1], [8, 1_700_000_000_000_000_000n], [8, 77], [4, 4], [2, 3]);
    const { frames, theirs } = await both(
      'events.pcapng',
      joined(
        pcapngStart(),
        packetBlock(text('abc')),
        block(0xbad, custom),
        block(0xbad, octets('little', [4, 32_473])),
        block(0x40000bad, custom),
        block(0x77, custom),
        block(0x80000077, custom),
        oldPacketBlock(text('abcd'), 2, 3_000_000n),
        simplePacketBlock(text('abc')),
        packetBlock(text('abc')),
      ),
    );
    expect(theirs).toHaveLength(7);
    expect(frames.filter(({ linkType }) => linkType === CUSTOM_BLOCK_LINKTYPE).map(({ number }) => number)).toEqual([
      2, 3, 4,
    ]);
    // Wireshark reads a time out of these; the number and the captured length are the same.
    const path = join(folder, 'journal.pcapng');
    const journal = text('__REALTIME_TIMESTAMP=1700000000000000\nMESSAGE=hi\n');
    const blocks = joined(pcapngStart(), block(9, journal), block(0x204, joined(event, text('abcd'))));
    writeFileSync(path, joined(blocks, packetBlock(text('abc'))));
    const ours = await readAll(await openCapture(path));
    expect(ours.frames.map(({ number, bytes }) => [number, bytes.length])).toEqual(
      readWithTshark(path).map(({ number, captured }) => [number, captured]),
    );
  });

  test('sections of both byte orders, clocks, lengths that contradict each other', async ({ skip }) => {
    skip(!tshark, NO_TSHARK);
    const negative = { resolution: 9, offset: -100n };
    const { theirs } = await both(
      'sections.pcapng',
      joined(
        section('big'),
        interfaceBlock(147, 'big', negative),
        packetBlock(text('abc'), 'big', { time: 200_234_567_891n, original: 2 }),
        section('little'),
        interfaceBlock(1, 'little', { snapLength: 2, resolution: 0x80 | 20 }),
        interfaceBlock(1, 'little', { resolution: 3, offset: 1_700_000_000n }),
        packetBlock(text('abcdef'), 'little', { time: 1_234_567n }),
        packetBlock(text('abcdef'), 'little', { time: 1_234_567n, interfaceId: 1 }),
        simplePacketBlock(text('ab'), 8),
      ),
    );
    expect(theirs).toHaveLength(4);
    for (const order of ['little', 'big'] as const) {
      for (const nano of [false, true]) {
        const time = { seconds: 2 ** 32 - 1, fraction: 999_999 };
        const records = joined(pcapRecord(text('abc'), order, { ...time, original: 2 }), pcapRecord(text('d'), order));
        const read = await both(`${order}-${nano}.pcap`, joined(pcapHeader(order, { nano }), records));
        expect(read.theirs).toHaveLength(2);
      }
    }
  });

  test('damage ends both at the same frame', async ({ skip }) => {
    skip(!tshark, NO_TSHARK);
    const good = joined(pcapngStart(), packetBlock(text('abc')));
    const damages = [
      packetBlock(text('abc'), 'little', { interfaceId: 3 }),
      packetBlock(text('abc'), 'little', { captured: 400 }),
      packetBlock(new Uint8Array(262_145)),
      simplePacketBlock(text('abc'), 100),
      section('little', { minor: 1 }),
      section('little', { magic: 7 }),
      block(0x77, text('abc'), 'little', { last: 99 }),
      block(4, octets('little', [2, 1], [2, 400], text('abc'))),
      block(10, octets('little', [4, 1], [4, 400], text('abc'))),
      interfaceBlock(1, 'little', { options: octets('little', [2, 2], [2, 400], text('abcd')) }),
    ];
    for (const [index, damage] of damages.entries()) {
      const input = joined(good, damage, packetBlock(text('abc')));
      const { problem, theirs } = await both(`damage-${index}.pcapng`, input);
      expect(problem?.offset).toBe(good.length);
      expect(theirs).toHaveLength(1);
    }
    const large = await both('large.pcapng', joined(good, packetBlock(new Uint8Array(262_144))));
    expect(large.theirs).toHaveLength(2);
  });

  test('what we write opens: comments, names, interfaces, exported PDU', ({ skip }) => {
    skip(!tshark, NO_TSHARK);
    const pieces: Uint8Array[] = [];
    const writer = new PcapngWriter((piece) => pieces.push(piece), 'sidescope test');
    const upper = writer.addInterface({ linkType: 252, name: 'pc5', description: 'sidelink' });
    const ip = writer.addInterface({ linkType: 101, name: 'deciphered' });
    writer.names([{ address: Uint8Array.of(239, 255, 0, 7), name: 'group7.prose' }]);
    const time = { seconds: 1_700_000_000, nanoseconds: 123_456_789 };
    // FDD, uplink, SL-RNTI, payload: SL-SCH version 1 with one LCID 3.
    const mac = Uint8Array.of(1, 0, 8, 1, 0x10, 0, 0xab, 0xcd, 0x12, 0x34, 3, 1, 2, 3, 4);
    const comments = ['decrypted', 'PGK 39'];
    writer.frame({ ...time, interfaceId: upper, bytes: encodeUpperPdu('mac-lte-framed', mac, 12), comments });
    const header = [0x45, 0, 0, 20, 0, 0, 0, 0, 64, 253, 0, 0, 10, 0, 0, 1, 239, 255, 0, 7];
    writer.frame({ ...time, interfaceId: ip, bytes: Uint8Array.from(header), direction: 'outbound' });
    writer.statistics({ ...time, interfaceId: ip, received: 1, dropped: 0 });
    const path = join(folder, 'written.pcapng');
    writeFileSync(path, joined(...pieces));
    const fields = ['frame.time_epoch', 'frame.interface_name', 'frame.comment', 'frame.packet_flags_direction'];
    fields.push('exported_pdu.orig_fno', 'mac-lte.slsch.src-l2-id', 'ip.dst_host');
    const output = execFileSync(
      'tshark',
      ['-r', path, '-N', 'n', '-T', 'fields', ...fields.flatMap((field) => ['-e', field])],
      { encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] },
    );
    expect(
      output
        .trimEnd()
        .split('\n')
        .map((line) => line.split('\t')),
    ).toEqual([
      ['1700000000.123456789', 'pc5', 'decrypted,PGK 39', '', '12', '0x00abcd', ''],
      ['1700000000.123456789', 'deciphered', '', '0x00000002', '', '', 'group7.prose'],
    ]);
  });
});
