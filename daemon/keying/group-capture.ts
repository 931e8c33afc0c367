// Messages of the group manager as a capture: IPv4 datagrams in the order and at the pace in which a bearer would carry them.

import { PcapWriter } from '../../captures/formats/pcap-writer.ts';
import { encodeIpv4 } from '../../dissectors/internet/ipv4.ts';
import { IpProtocol, LKH_PORT, MIKEY_PORT } from '../../dissectors/internet/ports.ts';
import { encodeUdp } from '../../dissectors/internet/udp.ts';
import type { BuiltMessage } from './group-messenger.ts';
import type { PlannedMessage } from './rekey-plan.ts';

// The specification says: LINKTYPE_RAW (tcpdump.org/linktypes); addresses for documentation (RFC 5737).
const LINKTYPE_RAW = 101;
const MANAGER_ADDRESS = Uint8Array.of(192, 0, 2, 1);
const MEMBER_ADDRESS = Uint8Array.of(192, 0, 2, 2);

/** We chose: where a group has no multicast address, one that stays in the organisation (RFC 2365 6.2). */
const GROUP_ADDRESS = Uint8Array.of(239, 192, 38, 39);
const TTL = 64;

/**
 * A classic pcap of the messages.
 *
 * @param start when the first begins, milliseconds since 1970; each record bears the time at which it is through
 * @param addresses IPv4 address of each message, 4 octets, or null where none is known
 */
export function groupCapture(
  messages: readonly BuiltMessage[],
  planned: readonly PlannedMessage[],
  start: number,
  addresses: readonly (Uint8Array | null)[],
): Uint8Array {
  const pieces: Uint8Array[] = [];
  const writer = new PcapWriter((piece) => pieces.push(piece), { linkType: LINKTYPE_RAW });
  for (const [index, { to, kind, octets }] of messages.entries()) {
    const known = addresses[index] ?? (to === null ? GROUP_ADDRESS : MEMBER_ADDRESS);
    const ends = { source: MANAGER_ADDRESS, destination: known };
    const port = kind === 'mikey' ? MIKEY_PORT : LKH_PORT;
    const udp = encodeUdp({ sourcePort: port, destinationPort: port, payload: octets, addresses: ends });
    const packet = encodeIpv4({ ...ends, protocol: IpProtocol.udp, payload: udp, ttl: TTL });
    const time = start + planned[index].through;
    const seconds = Math.floor(time / 1000);
    writer.frame(seconds, Math.floor((time - seconds * 1000) * 1e6), packet);
  }
  return new Uint8Array(Buffer.concat(pieces));
}
