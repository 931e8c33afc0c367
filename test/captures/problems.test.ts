// Every problem of a capture: its code, its octet, what was given out before, and the same in pieces of any length.

import { gzipSync } from 'node:zlib';

import { describe, expect, test } from 'vitest';
import { frameSourceFromChunks } from '../../captures/open.ts';
import { CAPTURE_PROBLEMS } from '../../captures/problems.ts';
import {
  block,
  interfaceBlock,
  joined,
  octets,
  option,
  packetBlock,
  pcapHeader,
  pcapngStart,
  pcapRecord,
  section,
  simplePacketBlock,
  text,
} from './capture-bytes.ts';
import { pieces, readAll, readBytes } from './read-all.ts';

interface Damage {
  readonly name: string;
  readonly input: Uint8Array;
  readonly code: keyof typeof CAPTURE_PROBLEMS;
  readonly offset: number;
  /** Frames before it. */
  readonly frames: number;
  readonly says?: string;
}

const frame = text('abc');
const good = joined(pcapHeader(), pcapRecord(frame), pcapRecord(text('de')));
const start = pcapngStart();
const goodBlocks = joined(start, packetBlock(frame));

/** Classic pcap: two good records, then what is given. */
function pcap(name: string, code: Damage['code'], tail: Uint8Array, says = ''): Damage {
  return { name, input: joined(good, tail), code, offset: good.length, frames: 2, says };
}

/** pcapng: one good frame, then what is given, then a good frame that must not come out. */
function pcapng(name: string, code: Damage['code'], tail: Uint8Array, says = ''): Damage {
  const input = joined(goodBlocks, tail, packetBlock(frame));
  return { name, input, code, offset: goodBlocks.length, frames: 1, says };
}

const zstdFrame = Uint8Array.of(0x28, 0xb5, 0x2f, 0xfd);
const gzipped = gzipSync(good);
const flipped = Uint8Array.from(gzipped);
flipped[flipped.length - 8] ^= 1;

const DAMAGES: readonly Damage[] = [
  { name: 'no octet', input: new Uint8Array(), code: 'capture.empty', offset: 0, frames: 0 },
  {
    name: 'text',
    input: text('{"format":"sidescope-keyring/1"}'),
    code: 'capture.not-a-capture',
    offset: 0,
    frames: 0,
    says: '7b 22 66 6f 72 6d 61 74 22 3a 22 73 69 64 65 73',
  },
  { name: 'two octets', input: text('hi'), code: 'capture.not-a-capture', offset: 0, frames: 0, says: '68 69' },
  {
    name: 'section type without byte-order magic',
    input: block(0x0a0d0d0a, new Uint8Array(16)),
    code: 'capture.not-a-capture',
    offset: 0,
    frames: 0,
    says: '0a 0d 0d 0a',
  },
  {
    name: 'gzip in gzip',
    input: gzipSync(gzipSync(good)),
    code: 'capture.not-a-capture',
    offset: 0,
    frames: 0,
    says: '1f 8b 08',
  },
  {
    name: 'link type beyond 16 bits',
    input: joined(pcapHeader('little', { linkType: 0x10001 }), pcapRecord(frame)),
    code: 'capture.unsupported-link-type',
    offset: 0,
    frames: 0,
    says: '0x00010001',
  },
  {
    name: 'pcap magic alone',
    input: good.slice(0, 4),
    code: 'capture.cut-header',
    offset: 0,
    frames: 0,
    says: '4 oct',
  },
  { name: 'pcap header cut', input: good.slice(0, 23), code: 'capture.cut-header', offset: 0, frames: 0 },
  { name: 'pcapng type alone', input: start.slice(0, 11), code: 'capture.cut-header', offset: 0, frames: 0 },
  { name: 'section header cut', input: start.slice(0, 27), code: 'capture.cut-record', offset: 0, frames: 0 },
  pcap('record header cut', 'capture.cut-record', pcapRecord(frame).slice(0, 7), '7 octets'),
  pcap('record cut', 'capture.cut-record', pcapRecord(frame).slice(0, 18)),
  pcap('record of 262,145 octets', 'capture.record-too-long', pcapRecord(new Uint8Array(262_145)), '262145'),
  pcap('record of 2^31 octets', 'capture.record-too-long', pcapRecord(frame, 'little', { captured: 2 ** 31 })),
  pcap('record of 2^32 - 1', 'capture.record-too-long', pcapRecord(frame, 'little', { captured: 2 ** 32 - 1 })),
  {
    name: 'block cut',
    input: joined(goodBlocks, packetBlock(frame).slice(0, 33)),
    code: 'capture.cut-record',
    offset: goodBlocks.length,
    frames: 1,
  },
  pcapng('length 0', 'capture.block-length', block(6, new Uint8Array(24), 'little', { first: 0 }), 'less than 12'),
  pcapng('length 8', 'capture.block-length', block(77, new Uint8Array(24), 'little', { first: 8 })),
  pcapng('length 34', 'capture.block-length', block(6, new Uint8Array(24), 'little', { first: 34 }), 'multiple of 4'),
  pcapng('lengths differ', 'capture.block-lengths-differ', block(6, new Uint8Array(24), 'little', { last: 40 }), '40'),
  pcapng('unknown block, lengths differ', 'capture.block-lengths-differ', block(77, frame, 'little', { last: 12 })),
  pcapng('long block', 'capture.block-too-long', block(77, frame, 'little', { first: (1 << 24) + 4 }), '16777220'),
  pcapng('block of 4 GiB', 'capture.block-too-long', block(77, frame, 'little', { first: 0xfffffffc })),
  pcapng('packet of 262,145', 'capture.record-too-long', packetBlock(new Uint8Array(262_145)), '262145'),
  pcapng('packet of 2^32 - 1', 'capture.record-too-long', packetBlock(frame, 'little', { captured: 2 ** 32 - 1 })),
  pcapng('simple packet of 2^31', 'capture.record-too-long', simplePacketBlock(frame, 2 ** 31)),
  pcapng('long custom block', 'capture.record-too-long', block(0xbad, new Uint8Array(262_152))),
  pcapng(
    'packet beyond block',
    'capture.record-beyond-block',
    packetBlock(frame, 'little', { captured: 5 }),
    '5 octets',
  ),
  pcapng('simple packet beyond block', 'capture.record-beyond-block', simplePacketBlock(frame, 100)),
  pcapng('packet block too short', 'capture.block-content', block(6, new Uint8Array(16))),
  pcapng('simple packet block too short', 'capture.block-content', block(3, new Uint8Array())),
  pcapng('custom block too short', 'capture.block-content', block(0xbad, new Uint8Array())),
  pcapng('interface too short', 'capture.block-content', block(1, new Uint8Array(4))),
  pcapng('statistics too short', 'capture.block-content', block(5, new Uint8Array(8))),
  pcapng('secrets too short', 'capture.block-content', block(10, new Uint8Array(4))),
  pcapng('section too short', 'capture.block-content', block(0x0a0d0d0a, octets('little', [4, 0x1a2b3c4d], [8, 1]))),
  pcapng(
    'secrets beyond block',
    'capture.block-content',
    block(10, octets('little', [4, 0x544c534b], [4, 400], text('\u001b[2J'))),
  ),
  pcapng(
    'interface option beyond block',
    'capture.block-content',
    interfaceBlock(1, 'little', { options: option(2, frame, 'little', 400) }),
  ),
  pcapng(
    'packet option beyond block',
    'capture.block-content',
    packetBlock(frame, 'little', { options: option(1, frame, 'little', 9) }),
  ),
  pcapng(
    'section option beyond block',
    'capture.block-content',
    block(0x0a0d0d0a, octets('little', [4, 0x1a2b3c4d], [2, 1], [2, 0], [8, -1], option(1, frame, 'little', 65_535))),
  ),
  pcapng(
    'statistics option beyond block',
    'capture.block-content',
    block(5, octets('little', [8, 0], [4, 0], [4, (99 << 16) | 5])),
  ),
  pcapng('name beyond block', 'capture.block-content', block(4, octets('little', [2, 1], [2, 400], frame))),
  pcapng('no byte order', 'capture.byte-order', section('little', { magic: 0x1a2b3c4e })),
  pcapng('version 2.0', 'capture.unsupported-version', section('big', { major: 2 }), '2.0'),
  pcapng('version 1.1', 'capture.unsupported-version', section('little', { minor: 1 }), '1.1'),
  pcapng('no such interface', 'capture.undefined-interface', packetBlock(frame, 'little', { interfaceId: 1 })),
  pcapng(
    'old packet, no such interface',
    'capture.undefined-interface',
    block(2, octets('little', [2, 1], [8, 0], [8, 0], [4, 0])),
  ),
  {
    name: 'interfaces of an earlier section',
    input: joined(goodBlocks, section('big'), packetBlock(frame, 'big')),
    code: 'capture.undefined-interface',
    offset: goodBlocks.length + 28,
    frames: 1,
  },
  {
    name: 'simple packet without interface',
    input: joined(section(), simplePacketBlock(frame)),
    code: 'capture.undefined-interface',
    offset: 28,
    frames: 0,
  },
  {
    name: '65,536 interfaces',
    input: joined(goodBlocks, ...Array.from({ length: 65_535 }, () => interfaceBlock())),
    code: 'capture.too-many-interfaces',
    offset: goodBlocks.length + 65_534 * 20,
    frames: 1,
  },
  {
    name: 'gzip cut in its data',
    input: gzipped.subarray(0, -12),
    code: 'capture.compressed-cut',
    offset: good.length - 9,
    frames: 1,
  },
  {
    name: 'gzip cut in its trailer',
    input: gzipped.subarray(0, -1),
    code: 'capture.compressed-cut',
    offset: good.length,
    frames: 2,
  },
  {
    name: 'gzip with a wrong checksum',
    input: flipped,
    code: 'capture.compressed-damaged',
    offset: good.length,
    frames: 2,
    says: `near octet ${gzipped.length - 5} `,
  },
  {
    name: 'gzip with something behind',
    input: joined(gzipped, text('garbage')),
    code: 'capture.compressed-damaged',
    offset: good.length,
    frames: 2,
  },
  {
    name: 'zstd cut',
    input: joined(zstdFrame, Uint8Array.of(0, 0x58)),
    code: 'capture.compressed-cut',
    offset: 0,
    frames: 0,
  },
  {
    name: 'zstd reserved block',
    input: joined(zstdFrame, Uint8Array.of(0, 0x58, 7, 0, 0)),
    code: 'capture.compressed-damaged',
    offset: 0,
    frames: 0,
  },
  {
    name: 'zstd window of 2 GiB',
    input: joined(zstdFrame, Uint8Array.of(0, 0xa8, 1, 0, 0)),
    code: 'capture.compressed-unsupported',
    offset: 0,
    frames: 0,
    says: '2147483648',
  },
  {
    name: 'zstd dictionary',
    input: joined(zstdFrame, Uint8Array.of(1, 0x58, 9, 1, 0, 0)),
    code: 'capture.compressed-unsupported',
    offset: 0,
    frames: 0,
    says: 'dictionary',
  },
];

describe('problems of a capture', () => {
  test.each(DAMAGES)('$name: $code', async ({ input, code, offset, frames, says }) => {
    const read = await readBytes(input);
    expect(read.problem).toMatchObject({ code, offset, hint: CAPTURE_PROBLEMS[code] });
    expect(read.problem?.message).toContain(says ?? '');
    expect(read.problem?.message).not.toMatch(/\.$|\[2J/);
    expect(read.frames).toHaveLength(frames);
    for (const length of input.length < 5000 ? [1, 7, 4096] : [4096]) {
      expect(await readBytes(input, length)).toEqual(read);
    }
  });

  test('an input that fails while it is read', async () => {
    async function* failing() {
      yield* pieces(good.slice(0, -1), 10);
      throw Object.assign(new Error('read'), { code: 'EIO' });
    }
    const read = await readAll(frameSourceFromChunks(failing()));
    expect(read.frames).toHaveLength(1);
    expect(read.problem).toMatchObject({ code: 'capture.read-failed', offset: good.length - 1 });
    expect(read.problem?.message).toContain('EIO');
  });

  test('every code has a case', () => {
    const cases = new Set<string>(DAMAGES.map(({ code }) => code));
    cases.add('capture.read-failed');
    // test/captures/sources/threaded.test.ts
    cases.add('capture.reader-stopped');
    expect([...cases].toSorted()).toEqual(Object.keys(CAPTURE_PROBLEMS).toSorted());
  });
});
