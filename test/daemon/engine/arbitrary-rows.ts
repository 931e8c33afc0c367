// Rows of the message table by chance, with names that no keyring should have, for tests of what writes them out.

import fc from 'fast-check';
import type { FrameBatch } from '../../../captures/frame-batch.ts';
import { MessageFlag, MessageTable } from '../../../daemon/engine/message-table.ts';
import type { Keyring } from '../../../daemon/keyring/keyring.ts';
import { parseKeyring } from '../../../daemon/keyring/keyring-file.ts';
import { encodeIpv4 } from '../../../dissectors/internet/ipv4.ts';
import { encodeUdp } from '../../../dissectors/internet/udp.ts';
import { encodeRtp } from '../../../dissectors/media/rtp.ts';

/** Groups of the keyring, each with two keys. */
export const GROUPS = 3;
const NAMES = ['Engine 71', '"quoted" \\ back', 'Zo\u00eb \u5341', '\u202ebidi \u200b', 'f00001', 'last'];
const START = 1_777_629_600;

/** A keyring that the rows may refer to. */
export function keyringOfRows(): Keyring {
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

/** One row. */
export const arbitraryRow = fc.record({
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

/** A value of `arbitraryRow`. */
export type Row = typeof arbitraryRow extends fc.Arbitrary<infer Value> ? Value : never;

/** A table whose frames are the SDUs themselves. */
export function tableOf(rows: readonly Row[]): MessageTable {
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
