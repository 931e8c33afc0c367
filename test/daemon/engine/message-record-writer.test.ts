// Records written straight from the columns, held octet by octet against the records that are made and stringified: rows
// by chance with names that no keyring should have, and every capture at hand.

import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { FrameBatch } from '../../../captures/frame-batch.ts';
import { type EpochLookup, MessageEventMaker } from '../../../daemon/engine/message-event.ts';
import { MessageRecordWriter } from '../../../daemon/engine/message-record-writer.ts';
import { MessageFlag, MessageTable, NONE } from '../../../daemon/engine/message-table.ts';
import type { Keyring } from '../../../daemon/keyring/keyring.ts';
import { parseKeyring } from '../../../daemon/keyring/keyring-file.ts';
import { AsciiWriter } from '../../../dissectors/ascii-writer.ts';
import { encodeIpv4 } from '../../../dissectors/internet/ipv4.ts';
import { encodeUdp } from '../../../dissectors/internet/udp.ts';
import { encodeRtp } from '../../../dissectors/media/rtp.ts';
import { printableJson } from '../../../dissectors/printable.ts';
import { ownCaptures, sharedCaptures, type TestCapture, visitMessages } from '../../analysed-frames.ts';
import { NO_SHARED } from '../../shared-captures.ts';

const GROUPS = 3;
const NAMES = ['Engine 71', '"quoted" \\ back', 'Zo\u00eb \u5341', '\u202ebidi \u200b', 'f00001', 'last'];
const START = 1_777_629_600;

function keyring(): Keyring {
  const day = (offset: number): string => new Date((START + offset * 86_400) * 1000).toISOString();
  const groups = Array.from({ length: GROUPS }, (_, group) => ({
    id: `f0000${group + 1}`,
    name: ['Fire', 'f00002', 'N\u202e"\\'][group],
    algorithm: '128-EEA2',
    members: NAMES.map((name, id) => ({ id: `00000${id}`, name })).concat([
      // One Layer-2 id with two names, one after the other.
      { id: '0000aa', name: 'before', ...{ until: day(0) } },
      { id: '0000aa', name: 'after', ...{ from: day(0) } },
    ]),
    keys: [33, 34].map((id) => ({
      id,
      key: `${id}`.repeat(32),
      notBefore: day(-3),
      notAfter: day(1),
    })),
  }));
  return parseKeyring(Buffer.from(JSON.stringify({ format: 'sidescope-keyring/1', groups })), 'keyring.json');
}

/** RTP most of the time, from few streams; else datagrams, fragments and octets by chance. */
function arbitrarySdu(): fc.Arbitrary<Uint8Array> {
  const address = fc
    .constantFrom([10, 0, 0, 1], [10, 0, 0, 2], [239, 255, 0, 1])
    .map((octets) => Uint8Array.from(octets));
  const rtp = fc
    .record({
      payloadType: fc.constantFrom(0, 8, 96, 127, 50),
      sequence: fc.nat(0xffff),
      timestamp: fc.constant(1),
      ssrc: fc.constant(2),
      payload: fc.uint8Array({ maxLength: 20 }),
    })
    .map(encodeRtp);
  const payload = fc.oneof({ weight: 4, arbitrary: rtp }, { weight: 1, arbitrary: fc.uint8Array({ maxLength: 40 }) });
  const ip = fc
    .record({
      source: address,
      destination: address,
      payload,
      ports: fc.constantFrom([5000, 5000], [5004, 5005], [2269, 5000], [53, 53], [5060, 6000]),
      moreFragments: fc.constantFrom(false, false, false, false, true),
      protocol: fc.constantFrom(17, 17, 17, 17, 6, 1, 132),
      cut: fc.constantFrom(0, 0, 0, 0, 0, 3, 30),
    })
    .map(({ source, destination, payload: octets, ports, moreFragments, protocol, cut }) => {
      const udp = encodeUdp({ sourcePort: ports[0], destinationPort: ports[1], payload: octets });
      const packet = encodeIpv4({ source, destination, protocol, payload: udp, moreFragments });
      return packet.slice(0, Math.max(0, packet.length - cut));
    });
  return fc.oneof({ weight: 5, arbitrary: ip }, { weight: 1, arbitrary: fc.uint8Array({ maxLength: 60 }) });
}

const arbitraryRow = fc.record({
  sdu: arbitrarySdu(),
  frame: fc.oneof(fc.nat(300), fc.nat(0xffff_ffff), fc.integer({ min: 2 ** 32, max: 2 ** 40 })),
  frames: fc.array(fc.nat(1e7), { maxLength: 3 }),
  seconds: fc.oneof(fc.integer({ min: START - 2, max: START + 2 }), fc.integer({ min: -(2 ** 40), max: 2 ** 62 })),
  nanoseconds: fc.integer({ min: 0, max: 999_999_999 }),
  digits: fc.constantFrom(6, 9),
  group: fc.integer({ min: -1, max: GROUPS - 1 }),
  version: fc.integer({ min: 0, max: 3 }),
  source: fc.oneof(fc.nat(NAMES.length), fc.constant(0xaa), fc.nat(0xffffff)),
  destination: fc.constantFrom(0xf00001, 0xf00002, 0xabcdef, 0),
  lcid: fc.integer({ min: 0, max: 15 }),
  sduType: fc.oneof(fc.constant(0), fc.nat(7)),
  pgkIndex: fc.nat(31),
  ptkId: fc.oneof(fc.nat(3), fc.nat(0xffff)),
  sn: fc.nat(0xffff),
  verdict: fc.nat(7),
  evidence: fc.constantFrom(0, 9, 1279, 65_535),
  epoch: fc.integer({ min: -1, max: 2 * GROUPS - 1 }),
  flags: fc
    .tuple(fc.nat(0x1fff), fc.boolean())
    .map(([flags, shown]) => (shown ? flags | MessageFlag.plaintextShown : flags)),
});

type Row = typeof arbitraryRow extends fc.Arbitrary<infer Value> ? Value : never;

/** A table whose frames are the SDUs themselves. */
function tableOf(rows: readonly Row[]): MessageTable {
  const bytes = new Uint8Array(rows.reduce((sum, { sdu }) => sum + sdu.length, 0));
  const column = (pick: (row: Row) => number): Float64Array => Float64Array.from(rows, pick);
  const batch = {
    bytes,
    seconds: column((row) => row.seconds),
    nanoseconds: column((row) => row.nanoseconds),
    digits: column((row) => row.digits),
  } as unknown as FrameBatch;
  const table = new MessageTable();
  table.reset(batch);
  let at = 0;
  for (const [index, row] of rows.entries()) {
    const message = table.add();
    bytes.set(row.sdu, at);
    table.frameRow[message] = index;
    table.rawAt[message] = at;
    table.length[message] = row.sdu.length;
    at += row.sdu.length;
    if (row.frames.length > 1) table.keepFrames(message, row.frames);
    table.time[message] = row.seconds * 1000 + row.nanoseconds / 1e6;
    const { frame, group, version, source, destination, lcid, sduType, pgkIndex, ptkId, sn, verdict, evidence } = row;
    const columns = {
      frame,
      group,
      version,
      source,
      destination,
      lcid,
      sduType,
      pgkIndex,
      ptkId,
      sn,
      verdict,
      evidence,
    };
    for (const [name, value] of Object.entries(columns)) table[name as keyof typeof columns][message] = value;
    table.epoch[message] = row.epoch;
    table.flags[message] = row.flags;
  }
  return table;
}

/** Both texts of every row. */
function both(keys: Keyring, table: MessageTable, payload: boolean): { fast: string; slow: string } {
  const epochs: EpochLookup = { epoch: (serial) => keys.epochs[serial] };
  const maker = new MessageEventMaker(keys.groups, epochs, { payload });
  const writer = new MessageRecordWriter(keys, { payload });
  const out = new AsciiWriter();
  let slow = '';
  for (let row = 0; row < table.count; row++) {
    writer.write(table, row, null, out);
    slow += `${printableJson(maker.make(table, row, null))}\n`;
  }
  return { fast: Buffer.from(out.take()).toString('utf8'), slow };
}

describe('the same octets as from the record', () => {
  const keys = keyring();

  test('rows by chance', () => {
    expect(keys.epochs.length).toBe(2 * GROUPS);
    fc.assert(
      fc.property(fc.array(arbitraryRow, { minLength: 1, maxLength: 30 }), fc.boolean(), (rows, payload) => {
        const { fast, slow } = both(keys, tableOf(rows), payload);
        expect(fast).toBe(slow);
      }),
    );
  });

  test('more senders, streams and lengths than are remembered, and back', () => {
    const row = fc.sample(arbitraryRow, { numRuns: 1, seed: 1 })[0];
    const payload = new Uint8Array(1);
    const rows = Array.from({ length: 20_000 }, (_, index): Row => {
      const number = index % 9_000;
      const rtp = encodeRtp({ payloadType: 0, sequence: index & 0xffff, timestamp: 1, ssrc: 2, payload });
      const udp = encodeUdp({ sourcePort: 5000 + (number & 1023), destinationPort: 5004, payload: rtp });
      const address = Uint8Array.of(10, 0, number >>> 8, number & 255);
      const sdu = encodeIpv4({ source: address, destination: address, protocol: 17, payload: udp });
      const flags = MessageFlag.plaintextShown;
      return { ...row, sdu, sduType: 0, flags, verdict: 2, source: number, evidence: 1279, group: 0, epoch: NONE };
    });
    const { fast, slow } = both(keys, tableOf(rows), false);
    expect(fast === slow).toBe(true);
    expect(fast).toContain('RTP PCMU seq 19999"');
  });

  test.each(ownCaptures().map((capture) => [capture.name, capture] as const))('%s', async (_name, capture) => {
    expect(await compare(capture)).toBeGreaterThanOrEqual(0);
  });

  const shared = sharedCaptures();
  test('shared captures', async ({ skip }) => {
    if (shared.length === 0) skip(NO_SHARED);
    let messages = 0;
    for (const capture of shared) messages += await compare(capture);
    expect(messages).toBeGreaterThan(200);
  });
});

/** @returns messages that were compared */
async function compare(capture: TestCapture): Promise<number> {
  const fast = new AsciiWriter();
  let slow = '';
  let messages = 0;
  await visitMessages(capture, (keys) => {
    const writer = new MessageRecordWriter(keys, { payload: true });
    return {
      record: (table, row, reassembled) => writer.write(table, row, reassembled, fast),
      message: (event) => {
        slow += `${printableJson(event)}\n`;
        messages++;
      },
    };
  });
  // Compared here: the texts are too long for a message.
  expect(Buffer.from(fast.take()).toString('utf8') === slow).toBe(true);
  return messages;
}
