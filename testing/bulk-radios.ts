// The radios of a bulk capture: each has one record made with the encoders, which its messages are copied from.

import { PcapWriter } from '../captures/formats/pcap-writer.ts';
import { encodeMacLteFramed } from '../dissectors/framing/mac-lte.ts';
import { addToChecksum } from '../dissectors/internet/checksum.ts';
import { encodeIpv4 } from '../dissectors/internet/ipv4.ts';
import { IpProtocol } from '../dissectors/internet/ports.ts';
import { encodeUdp } from '../dissectors/internet/udp.ts';
import { encodeRtp } from '../dissectors/media/rtp.ts';
import type { TrafficCipher } from '../dissectors/security/algorithm.ts';
import { PGK_OCTETS, PreparedPgk } from '../dissectors/security/kdf.ts';
import { encodePdcpSlrb, PDCP_HEADER_OCTETS, PGK_INDEX_MASK, SduType } from '../dissectors/sidelink/pdcp-slrb.ts';
import { encodeRlcUm } from '../dissectors/sidelink/rlc-um.ts';
import { encodeSlSch } from '../dissectors/sidelink/sl-sch.ts';
import type { Random } from './random.ts';
import { hexOf } from './text-forms.ts';

/** The specification says: headers of an SDU (RFC 791, 768, 3550). */
const HEADERS = 20 + 8 + 12;
/** LINKTYPE_USER0, which Wireshark users map to mac-lte-framed. */
const LINK_TYPE = 147;

/** We chose. */
/** Logical channel of every radio. */
export const LCID = 3;
/** UDP port of every talk spurt. */
const PORT = 5000;
/** Radios with an address of 169.254.1.0 to 169.254.254.255 (RFC 3927 2.1). */
const LINK_LOCAL_RADIOS = 0xfe00;
/** First PGK id of every group; the next ones follow it, so that their five low bits differ and are not 0. */
const FIRST_PGK_ID = 33;

/** One group. */
export interface BulkGroup {
  /** Layer-2 id; its 16 high bits belong to no other group. */
  readonly id: number;
  /** Four octets. */
  readonly multicast: readonly number[];
  readonly keys: readonly { readonly id: number; readonly hex: string; readonly pgk: PreparedPgk }[];
}

/** One radio, its frame to copy, and where its counters stand. */
export interface BulkRadio {
  readonly id: number;
  readonly group: BulkGroup;
  /** Four octets. */
  readonly address: readonly number[];
  readonly pgk: PreparedPgk;
  /** Pcap record of a message, SDU in the clear. */
  readonly record: Uint8Array;
  /** The SDU in it, checksums 0. */
  readonly sdu: Uint8Array;
  /** One's complement sums over what stays the same, not folded: IPv4 header; UDP with its pseudo header. */
  readonly ipSum: number;
  readonly udpSum: number;
  readonly sequence: number;
  readonly timestamp: number;
  ptkId: number;
  /** SN of the last message. */
  sn: number;
  cipher: TrafficCipher | null;
  cipherPtkId: number;
}

/** Offsets in a record; the same for all radios. */
export interface RecordLayout {
  /** Octets of a record. */
  readonly record: number;
  /** Value of the frame and subframe tag. */
  readonly frameSubframe: number;
  readonly rlc: number;
  readonly pdcp: number;
  readonly sdu: number;
}

/** Groups with Layer-2 ids 1000xx, 1001xx, ... and multicast addresses 239.255.0.1, 239.255.0.2, ... */
export function makeGroups(random: Random, count: number, pgks: number): BulkGroup[] {
  return Array.from({ length: count }, (_, index) => ({
    id: ((0x1000 + index) << 8) | random.between(0, 0xff),
    multicast: [239, 255, (index + 1) >> 8, (index + 1) & 0xff],
    keys: Array.from({ length: pgks }, (_unused, key) => {
      const octets = random.octets(PGK_OCTETS);
      return { id: FIRST_PGK_ID + key, hex: hexOf(octets), pgk: new PreparedPgk(octets) };
    }),
  }));
}

/** The radios, dealt to the groups in turn. */
export function makeRadios(
  random: Random,
  count: number,
  groups: readonly BulkGroup[],
  octets: number,
  unknownShare: number,
): BulkRadio[] {
  const strangers = Math.round(count * unknownShare);
  return Array.from({ length: count }, (_, index) => {
    const group = groups[index % groups.length];
    const key = group.keys[Math.floor(index / groups.length) % group.keys.length];
    // Spread, so that every group has its share of radios whose key the keyring does not hold.
    const stranger = Math.floor(((index + 1) * strangers) / count) > Math.floor((index * strangers) / count);
    const id = 0x200000 + index * 5 + random.between(0, 4);
    const address = radioAddress(index);
    const sequence = random.between(0, 0xffff);
    const timestamp = random.uint32();
    const sdu = makeSdu(random, address, group.multicast, octets, sequence, timestamp);
    const ptkId = random.between(1, 0xfff);
    const sn = random.between(0, 0xfffe);
    const record = makeRecord(id, group.id, key.id, sdu);
    write16Zero(sdu, 10);
    write16Zero(sdu, 26);
    // Identification, sequence number and timestamp are added for each message.
    const still = Uint8Array.from(sdu).fill(0, 4, 6).fill(0, 30, 36);
    const pseudo = addToChecksum(IpProtocol.udp + (octets - 20), still, 12, 20);
    return {
      id,
      group,
      address,
      pgk: stranger ? new PreparedPgk(random.octets(PGK_OCTETS)) : key.pgk,
      record,
      sdu,
      ipSum: addToChecksum(0, still, 0, 20),
      udpSum: addToChecksum(pseudo, still, 20, octets),
      sequence,
      timestamp,
      ptkId,
      sn,
      cipher: null,
      cipherPtkId: -1,
    };
  });
}

/** Link-local addresses for as many radios as there are, behind them private ones. */
function radioAddress(index: number): readonly number[] {
  const low = [(index >> 8) & 0xff, index & 0xff];
  return index < LINK_LOCAL_RADIOS ? [169, 254, 1 + low[0], low[1]] : [10, index >> 16, ...low];
}

function write16Zero(octets: Uint8Array, at: number): void {
  octets[at] = 0;
  octets[at + 1] = 0;
}

function makeSdu(
  random: Random,
  from: readonly number[],
  to: readonly number[],
  octets: number,
  sequence: number,
  timestamp: number,
): Uint8Array {
  const source = Uint8Array.from(from);
  const destination = Uint8Array.from(to);
  const speech = random.octets(octets - HEADERS);
  const rtp = encodeRtp({ payloadType: 0, sequence, timestamp, ssrc: random.uint32(), payload: speech });
  const addresses = { source, destination };
  const udp = encodeUdp({ sourcePort: PORT, destinationPort: PORT, payload: rtp, addresses });
  return encodeIpv4({ source, destination, protocol: IpProtocol.udp, payload: udp });
}

function makeRecord(source: number, destination: number, pgkId: number, sdu: Uint8Array): Uint8Array {
  const pgkIndex = pgkId & PGK_INDEX_MASK;
  const pdcp = encodePdcpSlrb({ sduType: SduType.ip, pgkIndex, ptkId: 0, sn: 0, sdu });
  const rlc = encodeRlcUm({ fi: 0, sn: 0, elements: [pdcp] });
  const mac = encodeSlSch({ version: 1, source, destination, sdus: [{ lcid: LCID, sdu: rlc }] });
  return pcapPieces(encodeMacLteFramed({ rnti: 1, sfn: 0, crcStatus: 1 }, mac))[1];
}

/** A pcap file of one frame, in its two pieces: file header and record. */
function pcapPieces(frame: Uint8Array): Uint8Array[] {
  const pieces: Uint8Array[] = [];
  const writer = new PcapWriter((piece) => pieces.push(piece), { linkType: LINK_TYPE });
  writer.frame(0, 0, frame);
  return pieces;
}

/** The file header of a bulk capture. */
export function pcapHeader(): Uint8Array {
  return pcapPieces(new Uint8Array(0))[0];
}

/** Where things lie in a record for SDUs of so many octets. */
export function recordLayout(octets: number): RecordLayout {
  const record = makeRecord(0, 0, 0, new Uint8Array(octets)).length;
  const sdu = record - octets;
  const pdcp = sdu - PDCP_HEADER_OCTETS;
  // Record header (16), radio type, direction, RNTI type, RNTI tag and value, frame and subframe tag.
  return { record, frameSubframe: 16 + 3 + 3 + 1, rlc: pdcp - 1, pdcp, sdu };
}
