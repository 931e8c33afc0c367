// How the interfaces of a capture wrap what they heard: the framings of reference wireshark-interop 1, written with the
// encoders of the dissectors.

import { MAX_RECORD_OCTETS } from '../captures/formats/record-reader.ts';
import { encodeUpperPdu } from '../captures/formats/upper-pdu.ts';
import { encodeGsmtap2, encodeGsmtap3 } from '../dissectors/framing/gsmtap.ts';
import { encodeMacLteFramed, encodeMacLteUdp, type MacLteValues } from '../dissectors/framing/mac-lte.ts';
import { EtherType, encodeEthernet } from '../dissectors/internet/ethernet.ts';
import { encodeIpv4 } from '../dissectors/internet/ipv4.ts';
import { IpProtocol } from '../dissectors/internet/ports.ts';
import { encodeUdp } from '../dissectors/internet/udp.ts';
import type { FramingName } from './scenario.ts';

/** The specification says. */
/** GSMTAP over UDP, and its types for a framed LTE MAC PDU (libosmocore gsmtap.h; draft of version 3). */
const GSMTAP_PORT = 4729;
const GSMTAP2_MAC_FRAMED = 0x0f;
const GSMTAP3_MAC = 0x0400;
/** Ports of the dummy UDP header in srsRAN's captures. */
const SRSRAN_SOURCE = 0xbeef;
const SRSRAN_DESTINATION = 0xdead;
/** Octets that the 16-bit lengths of UDP and IPv4 say at most. */
const LONGEST_DATAGRAM = 0xffff;
/** System frame numbers run from 0 to 1023 (TS 36.331). */
const SFN_MASK = 0x3ff;

/** We chose: the tester that sends the UDP forms. */
const TESTER = Uint8Array.of(10, 99, 0, 1);
const LISTENER = Uint8Array.of(10, 99, 0, 2);
const TESTER_HARDWARE = Uint8Array.of(2, 0, 0, 0, 0, 1);
const LISTENER_HARDWARE = Uint8Array.of(2, 0, 0, 0, 0, 2);
const TESTER_PORT = 40_001;
const MAC_LTE_PORT = 9999;
const TTL = 64;

/** What the framing says of a PDU besides its octets. */
export interface FramingFacts {
  /** Milliseconds after the start: frame and subframe number. */
  readonly milliseconds: number;
  readonly crcOk: boolean;
  /** 8, SL-RNTI, where absent. */
  readonly rntiType?: number;
  /** 0 where absent. */
  readonly direction?: number;
}

/** Wraps a MAC PDU. */
export function wrapMacPdu(framing: FramingName, pdu: Uint8Array, facts: FramingFacts): Uint8Array {
  const values: MacLteValues = {
    rntiType: facts.rntiType ?? 8,
    direction: facts.direction ?? 0,
    rnti: 1,
    sfn: Math.floor(facts.milliseconds / 10) & SFN_MASK,
    subframe: facts.milliseconds % 10,
    crcStatus: facts.crcOk ? 1 : 0,
  };
  switch (framing) {
    case 'mac-lte-framed':
      return encodeMacLteFramed(values, pdu);
    case 'srsran':
      return encodeUdp({
        sourcePort: SRSRAN_SOURCE,
        destinationPort: SRSRAN_DESTINATION,
        payload: encodeMacLteUdp(values, pdu),
      });
    case 'exported-pdu':
      return encodeUpperPdu('mac-lte-framed', encodeMacLteFramed(values, pdu));
    case 'udp-ethernet':
    case 'udp-ip':
      return wrapDatagram(framing, encodeMacLteUdp(values, pdu), MAC_LTE_PORT);
    case 'gsmtap-2':
      return wrapDatagram(
        framing,
        encodeGsmtap2({ type: GSMTAP2_MAC_FRAMED }, encodeMacLteFramed(values, pdu)),
        GSMTAP_PORT,
      );
    case 'gsmtap-3':
      return wrapDatagram(framing, encodeGsmtap3({ type: GSMTAP3_MAC }, encodeMacLteFramed(values, pdu)), GSMTAP_PORT);
  }
}

/** Whether the interface carries IP datagrams of its own, beside or around the PDUs. */
export function carriesIp(framing: FramingName): boolean {
  return framing === 'udp-ethernet' || framing === 'udp-ip' || framing === 'gsmtap-2' || framing === 'gsmtap-3';
}

/** The most octets that a frame of the interface has. */
export function mostOctets(framing: FramingName): number {
  return carriesIp(framing) || framing === 'srsran' ? LONGEST_DATAGRAM : MAX_RECORD_OCTETS;
}

/** Wraps a UDP payload for an interface that carries IP. */
export function wrapDatagram(framing: FramingName, payload: Uint8Array, destinationPort: number): Uint8Array {
  const addresses = { source: TESTER, destination: LISTENER };
  const udp = encodeUdp({ sourcePort: TESTER_PORT, destinationPort, payload, addresses });
  const packet = encodeIpv4({ ...addresses, protocol: IpProtocol.udp, payload: udp, ttl: TTL });
  if (framing === 'udp-ip') return packet;
  return encodeEthernet({
    destination: LISTENER_HARDWARE,
    source: TESTER_HARDWARE,
    etherType: EtherType.ipv4,
    payload: packet,
  });
}
