// Kinds of messages whose documents of -T ek are made again from templates and models in tests, and the long way for each.

import { AsciiWriter } from '../../dissectors/ascii-writer.ts';
import type { SlotValues } from '../../dissectors/ek-template.ts';
import { writeFrame } from '../../dissectors/frame-fields.ts';
import { encodeMacLteFramed, encodeMacLteUdp } from '../../dissectors/framing/mac-lte.ts';
import { EtherType, encodeEthernet } from '../../dissectors/internet/ethernet.ts';
import { encodeIpv4 } from '../../dissectors/internet/ipv4.ts';
import { encodeIpv6 } from '../../dissectors/internet/ipv6.ts';
import { encodeUdp } from '../../dissectors/internet/udp.ts';
import { judgedProtocol } from '../../dissectors/judged-fields.ts';
import type { Field, FieldValue, TreeWriter } from '../../dissectors/layer.ts';
import { encodeRtp } from '../../dissectors/media/rtp.ts';
import { dissectSdu } from '../../dissectors/sdu.ts';
import { encodePdcpSlrb } from '../../dissectors/sidelink/pdcp-slrb.ts';
import { encodeRlcUm } from '../../dissectors/sidelink/rlc-um.ts';
import { encodeSlSch } from '../../dissectors/sidelink/sl-sch.ts';
import { EkWriter } from '../../dissectors/tree-ek.ts';
import { describeFrame } from '../../dissectors/walk.ts';

/** What a judgement says beside COUNT. */
export type Told = readonly (readonly [Field, FieldValue])[];

const SECONDS = 1_777_629_600;

interface Addresses {
  readonly source: Uint8Array;
  readonly destination: Uint8Array;
}

/** A kind of message: its octets, and how a tree of them is written. */
export interface Kind {
  readonly name: string;
  readonly linkType: number;
  readonly sources: readonly Uint8Array[];
  /** Octet of the frame at which an SDU lies that is not ciphered; -1 where the SDU is a source of its own. */
  readonly sduAt: number;
}

const payload = Uint8Array.from({ length: 33 }, (_, index) => index * 7);
const source = Uint8Array.of(10, 0, 0, 1);
const destination = Uint8Array.of(239, 255, 0, 1);
const addresses6 = {
  source: Uint8Array.from({ length: 16 }, (_, index) => index + 1),
  destination: new Uint8Array(16).fill(0xff),
};
const rtp = encodeRtp({ payloadType: 0, sequence: 4711, timestamp: 3_000_000_001, ssrc: 0x01020304, payload });
const padded = encodeRtp({ payloadType: 96, sequence: 9, timestamp: 1, ssrc: 7, payload, padding: 4, csrc: [1, 2] });

function ipv4(body: Uint8Array, addresses: Addresses = { source, destination }): Uint8Array {
  const udp = encodeUdp({ sourcePort: 5000, destinationPort: 5004, payload: body, addresses });
  return encodeIpv4({ ...addresses, protocol: 17, payload: udp, identification: 0x1234 });
}

function ipv6(body: Uint8Array): Uint8Array {
  const udp = encodeUdp({ sourcePort: 5000, destinationPort: 5004, payload: body, addresses: addresses6 });
  return encodeIpv6({ ...addresses6, nextHeader: 17, payload: udp });
}

function pdu(sdu: Uint8Array, ids = { source: 0x200001, destination: 0x100000 }): Uint8Array {
  const pdcp = encodePdcpSlrb({ sduType: 0, pgkIndex: 3, ptkId: 907, sn: 999, sdu });
  const rlc = encodeRlcUm({ fi: 0, sn: 9, elements: [pdcp] });
  return encodeSlSch({ version: 1, ...ids, sdus: [{ lcid: 3, sdu: rlc }] });
}

const context = { rnti: 1, sfn: 99, subframe: 9, crcStatus: 1 };
const noise = Uint8Array.from({ length: 80 }, (_, index) => index * 31);

function framed(sdu: Uint8Array): Uint8Array {
  return encodeMacLteFramed(context, pdu(sdu));
}

function overUdp(sdu: Uint8Array): Uint8Array {
  const body = encodeMacLteUdp(context, pdu(sdu));
  const udp = encodeUdp({ sourcePort: 7777, destinationPort: 9999, payload: body });
  const packet = encodeIpv4({ source, destination, protocol: 17, payload: udp });
  const [from, to] = [new Uint8Array(6).fill(2), new Uint8Array(6).fill(4)];
  return encodeEthernet({ source: from, destination: to, etherType: EtherType.ipv4, payload: packet });
}

/** The octets of `KINDS[0]` as somebody else sends them to another group. */
export function ofAnother(
  ids: { source: number; destination: number },
  addresses: Addresses,
  ssrc: number,
): readonly Uint8Array[] {
  const body = encodeRtp({ payloadType: 0, sequence: 1, timestamp: 2, ssrc, payload });
  return [encodeMacLteFramed(context, pdu(noise, ids)), ipv4(body, addresses)];
}

const clear = framed(ipv4(rtp));
export const KINDS: readonly Kind[] = [
  { name: 'deciphered RTP', linkType: 147, sources: [framed(noise), ipv4(rtp)], sduAt: -1 },
  { name: 'deciphered RTP over IPv6', linkType: 147, sources: [framed(noise), ipv6(rtp)], sduAt: -1 },
  { name: 'RTP with sources and padding', linkType: 147, sources: [framed(noise), ipv4(padded)], sduAt: -1 },
  { name: 'a datagram of nobody', linkType: 147, sources: [framed(noise), ipv4(payload)], sduAt: -1 },
  { name: 'RTP in the clear', linkType: 147, sources: [clear], sduAt: clear.length - ipv4(rtp).length },
  { name: 'not shown', linkType: 147, sources: [framed(noise)], sduAt: 0 },
  { name: 'over UDP and Ethernet', linkType: 1, sources: [overUdp(noise), ipv4(rtp)], sduAt: -1 },
];

/** The tree of a message, with values that stand in no octet. */
export function write(
  kind: Kind,
  sources: readonly Uint8Array[],
  values: SlotValues,
  tree: TreeWriter,
  told: Told = [],
): void {
  const [frame] = sources;
  writeFrame(tree, {
    ...{ number: values.number, seconds: SECONDS, nanoseconds: values.nanoseconds },
    ...{ captured: frame.length, original: frame.length, interfaceId: 0, linkType: kind.linkType },
  });
  describeFrame(frame, frame.length, kind.linkType, tree);
  writeTold(values, told, tree);
  if (kind.sduAt > 0) dissectSdu(frame, kind.sduAt, frame.length - kind.sduAt, 0, tree);
  if (kind.sduAt >= 0) return;
  tree.source('deciphered SDU', sources[1]);
  dissectSdu(sources[1], 0, sources[1].length, 0, tree);
  tree.end();
}

/** The layer of the judgement. */
export function writeTold(values: SlotValues, told: Told, tree: TreeWriter): void {
  tree.begin(judgedProtocol, 0, 0);
  tree.generated(judgedProtocol.fields.count, values.counter);
  for (const [field, value] of told) tree.generated(field, value);
  tree.end();
}

const out = new AsciiWriter();
const writer = new EkWriter(out);
/** What stands before a template. */
export const HEAD = `{"index":{"_index":"packets-2026-05-01","_type":"doc"}}\n{"timestamp":"1777629600123`;

/** What the long way writes behind the head. */
export function slow(kind: Kind, sources: readonly Uint8Array[], values: SlotValues, told: Told = []): string {
  write(kind, sources, values, writer, told);
  writer.finish();
  return Buffer.from(out.take()).toString('latin1').slice(HEAD.length);
}

export function valuesOf(number: number, counter: number): SlotValues {
  const iso = Buffer.from('2026-05-01T10:00:00.');
  return { number, iso, epoch: Buffer.from(`${SECONDS}.`), nanoseconds: 123_456_789, counter };
}

/** The octets with some bits turned over, counted through all sources. */
export function flipped(sources: readonly Uint8Array[], bits: readonly number[]): Uint8Array[] {
  const copies = sources.map((bytes) => Uint8Array.from(bytes));
  for (const bit of bits) {
    let at = bit >> 3;
    const bytes = copies.find((copy) => {
      if (at < copy.length) return true;
      at -= copy.length;
      return false;
    });
    if (bytes !== undefined) bytes[at] ^= 1 << (bit & 7);
  }
  return copies;
}
