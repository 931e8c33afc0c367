// A capture that tshark deciphers by itself, for a fair ratio: IPv4 packets of 120 octets on one LTE Uu bearer under
// 128-EEA2, as PDCP PDUs in UDP datagrams. Wireshark knows no key of a sidelink group.

import { PcapWriter } from '../captures/formats/pcap-writer.ts';
import { encodePdcpLteUdp } from '../dissectors/framing/pdcp-lte.ts';
import { encodeIpv4 } from '../dissectors/internet/ipv4.ts';
import { encodeUdp } from '../dissectors/internet/udp.ts';
import { decipher } from '../dissectors/security/algorithm.ts';

// The specification says: SN of a data radio bearer, D/C bit (TS 36.323 6.2.3, 6.3.2).
const SN_BITS = 12;
const DATA_PDU = 0x80;

// We chose.
const LINKTYPE_RAW = 101;
const START_SECONDS = 1_777_629_600;
const KEY = Buffer.from('000102030405060708090a0b0c0d0e0f', 'hex');
const CHANNEL = 4;
const SDU_OCTETS = 120;
const HEADERS_OCTETS = 28;
const GAP_MICROSECONDS = 50;
const MESSAGES_PER_PIECE = 4096;

/** What tshark must be told to decipher it (reference: Wireshark, packet-pdcp-lte.c). */
export const UU_OPTIONS: readonly string[] = [
  ...['--enable-heuristic', 'pdcp_lte_udp'],
  ...['-o', `uat:pdcp_lte_ue_keys:"1","","${KEY.toString('hex')}",""`],
  ...['-o', 'pdcp-lte.decipher_userplane:TRUE', '-o', 'pdcp-lte.default_ciphering_algorithm:eea2'],
  ...['-o', 'pdcp-lte.check_sequence_numbers:pdcp-only', '-o', 'pdcp-lte.show_user_plane_as_ip:TRUE'],
];

/** Writes it in pieces. */
export function writeUuCapture(sink: (piece: Uint8Array) => void, messages: number): void {
  const source = Uint8Array.of(10, 0, 0, 1);
  const destination = Uint8Array.of(10, 0, 0, 2);
  const payload = new Uint8Array(SDU_OCTETS - HEADERS_OCTETS).fill(0x55);
  const sdu = encodeIpv4({
    source,
    destination,
    protocol: 17,
    payload: encodeUdp({ sourcePort: 5000, destinationPort: 5000, payload, addresses: { source, destination } }),
  });
  let pieces: Uint8Array[] = [];
  const writer = new PcapWriter((piece) => pieces.push(piece), { linkType: LINKTYPE_RAW });
  for (let count = 0; count < messages; count++) {
    const ciphered = decipher('128-EEA2', KEY, count, CHANNEL - 1, 0, sdu);
    const sn = count & ((1 << SN_BITS) - 1);
    const pdu = Uint8Array.of(DATA_PDU | (sn >>> 8), sn & 255, ...ciphered);
    const values = { snLength: SN_BITS, direction: 0, channelId: CHANNEL, ueid: 1 };
    const udp = encodeUdp({ sourcePort: 20_000, destinationPort: 20_001, payload: encodePdcpLteUdp(values, pdu) });
    const micros = count * GAP_MICROSECONDS;
    const seconds = START_SECONDS + Math.floor(micros / 1_000_000);
    const frame = encodeIpv4({ source, destination, protocol: 17, payload: udp });
    writer.frame(seconds, (micros % 1_000_000) * 1000, frame);
    if (pieces.length < MESSAGES_PER_PIECE) continue;
    sink(Buffer.concat(pieces));
    pieces = [];
  }
  sink(Buffer.concat(pieces));
}
