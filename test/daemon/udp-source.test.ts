// Datagrams that a UDP source took: the engine finds the same messages in them as in the records they were made of, and
// Wireshark reads the frames, checksums included.

import { execFileSync, spawnSync } from 'node:child_process';
import { createSocket } from 'node:dgram';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';

import { PcapngWriter } from '../../captures/formats/pcapng-writer.ts';
import type { FrameBatch } from '../../captures/frame-batch.ts';
import { openCapture } from '../../captures/open.ts';
import { Analysis } from '../../daemon/analysis.ts';
import { emptyKeyring } from '../../daemon/keyring/keyring.ts';
import { encodeGsmtap2 } from '../../dissectors/framing/gsmtap.ts';
import { MAC_LTE_STRING } from '../../dissectors/framing/mac-lte.ts';
import { joined } from '../captures/capture-bytes.ts';
import { type TakenFrame, take, until } from '../captures/sources/live-sources.ts';

const CLEAN = join(import.meta.dirname, '..', '..', 'captures', 'samples', 'clean', 'capture.pcapng');
const tshark = spawnSync('tshark', ['--version']).status === 0;
/** GSMTAP type of mac-lte-framed records. */
const LTE_MAC_FRAMED = 0x0f;
const RECORDS = 40;

/** mac-lte-framed records of the sample. */
async function records(): Promise<Uint8Array[]> {
  const source = await openCapture(CLEAN);
  const found: Uint8Array[] = [];
  for (let batch = await source.next(); batch !== null; batch = await source.next()) {
    for (let row = 0; row < batch.count && found.length < RECORDS; row++) {
      if (batch.linkType[row] !== 147) continue;
      found.push(batch.bytes.slice(batch.offset[row], batch.offset[row] + batch.captured[row]));
    }
  }
  await source.close();
  return found;
}

/** Who spoke to whom, and with which counter, in these frames. */
function messagesIn(frames: readonly { readonly bytes: Uint8Array; readonly linkType: number }[]): string[] {
  const found: string[] = [];
  const analysis = new Analysis(
    { keyring: emptyKeyring() },
    { message: ({ frame, group, source, sn, length }) => found.push(`${frame} ${source} ${group} ${sn} ${length}`) },
  );
  for (const [at, { bytes, linkType }] of frames.entries()) analysis.push(oneFrame(bytes, linkType, at + 1));
  analysis.close();
  return found;
}

function oneFrame(bytes: Uint8Array, linkType: number, number: number): FrameBatch {
  return {
    ...{ bytes, view: new DataView(bytes.buffer, bytes.byteOffset), count: 1, firstFrame: number, marks: [] },
    ...{ offset: Uint32Array.of(0), captured: Uint32Array.of(bytes.length), original: Uint32Array.of(bytes.length) },
    // A second apart: none is a copy of another.
    ...{ seconds: Float64Array.of(1_770_000_000 + number), nanoseconds: Uint32Array.of(0), digits: Uint8Array.of(6) },
    ...{ linkType: Uint16Array.of(linkType), interfaceId: Uint16Array.of(0) },
  };
}

test('the engine and Wireshark find in datagrams what was put into them', async ({ skip }) => {
  const sent = await records();
  expect(sent.length).toBeGreaterThan(10);
  const socket = createSocket('udp4');
  const start = { name: 'u', kind: 'udp', port: 0 } as const;
  const byText = take(start);
  const byPort = take({ ...start, format: 'gsmtap' });
  const both = [byText, byPort];
  const frames: TakenFrame[] = [];
  try {
    await until(() => both.every((each) => each.status().state === 'running'));
    const ports = both.map((each) => Number(/:(\d+)/.exec(each.status().kind)?.[1]));
    for (const [at, record] of sent.entries()) {
      const kind = at % 2;
      const datagram = kind === 0 ? joined(MAC_LTE_STRING, record) : encodeGsmtap2({ type: LTE_MAC_FRAMED }, record);
      await new Promise((resolve) => {
        socket.send(datagram, ports[kind], '127.0.0.1', resolve);
      });
    }
    await until(() => byText.frames.length + byPort.frames.length === sent.length);
    for (const at of sent.keys()) frames.push(both[at % 2].frames[at >> 1]);
  } finally {
    await Promise.all(both.map(async (each) => each.stop()));
    socket.close();
  }
  const direct = messagesIn(sent.map((bytes) => ({ bytes, linkType: 147 })));
  expect(direct.length).toBeGreaterThan(5);
  expect(messagesIn(frames)).toEqual(direct);

  if (!tshark) skip('tshark is not installed: the frames of datagrams are not compared with it');
  const folder = mkdtempSync(join(tmpdir(), 'sidescope-udp-'));
  try {
    const pieces: Uint8Array[] = [];
    const writer = new PcapngWriter((piece) => pieces.push(piece), 'test');
    const interfaceId = writer.addInterface({ linkType: 101, name: 'u' });
    for (const { bytes, time } of frames) {
      writer.frame({ interfaceId, seconds: Math.floor(time / 1000), nanoseconds: 0, bytes });
    }
    const path = join(folder, 'udp.pcapng');
    writeFileSync(path, joined(...pieces));
    const checks = ['-o', 'udp.check_checksum:TRUE', '-o', 'ip.check_checksum:TRUE'];
    const fields = ['ip.checksum.status', 'udp.checksum.status', 'udp.dstport', 'mac-lte.slsch.src-l2-id'];
    const said = execFileSync(
      'tshark',
      [
        '-r',
        path,
        ...checks,
        '--enable-heuristic',
        'mac_lte_udp',
        '-T',
        'fields',
        ...fields.flatMap((name) => ['-e', name]),
      ],
      { encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] },
    );
    const rows = said
      .trimEnd()
      .split('\n')
      .map((line) => line.split('\t'));
    expect(rows).toHaveLength(frames.length);
    // 1: good.
    expect(rows.every(([ip, udp]) => ip === '1' && udp === '1')).toBe(true);
    expect(rows.every(([, , port], at) => (port === '4729') === (at % 2 === 1))).toBe(true);
    const sources = rows.filter((_, at) => at % 2 === 0).map(([, , , source]) => source);
    expect(sources.filter((source) => source !== '').length).toBeGreaterThan(3);
  } finally {
    rmSync(folder, { recursive: true });
  }
}, 60_000);
