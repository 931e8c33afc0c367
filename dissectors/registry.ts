// Which dissector follows which: link types, EtherTypes, IP protocols, UDP and TCP ports, start strings, SDU types,
// LCIDs. The dispatch of the walk and the list of supported protocols read these tables.

import { GSMTAP, GSMTAP_PORT } from './framing/gsmtap.ts';
import { MAC_LTE } from './framing/mac-lte.ts';
import { MAC_NR } from './framing/mac-nr.ts';
import { PDCP_LTE } from './framing/pdcp-lte.ts';
import { RLC_LTE } from './framing/rlc-lte.ts';
import { RADIO_UDP } from './framing/start-strings.ts';
import { ETHERNET } from './internet/ethernet.ts';
import { IPV4 } from './internet/ipv4.ts';
import { IPV6 } from './internet/ipv6.ts';
import { LKH_PORT, MIKEY_PORT } from './internet/ports.ts';
import { TCP } from './internet/tcp.ts';
import { UDP } from './internet/udp.ts';
import type { Protocol } from './layer.ts';
import { EXPORTED_PDU } from './link/exported-pdu.ts';
import { SLL } from './link/sll.ts';
import { NR_SL_SCH } from './sidelink/nr-sl-sch.ts';
import { PDCP_SLRB } from './sidelink/pdcp-slrb.ts';
import { RLC_UM } from './sidelink/rlc-um.ts';
import { SL_SCH } from './sidelink/sl-sch.ts';
import { Framing } from './walk-table.ts';

/** How the octets of a link type are taken. */
export const LinkKind = {
  unknown: 0,
  /** LINKTYPE_USER: told by content. */
  user: 1,
  ethernet: 2,
  /** IPv4 or IPv6, told by the version. */
  rawIp: 3,
  sll: 4,
  sll2: 5,
  exportedPdu: 6,
} as const;

/** A value of `LinkKind`. */
export type LinkKind = (typeof LinkKind)[keyof typeof LinkKind];

/** One link type that is understood. */
export interface LinkTypeEntry {
  /** LINKTYPE_ number (tcpdump.org/linktypes). */
  readonly linkType: number;
  readonly name: string;
  readonly kind: LinkKind;
}

/** The specification says (tcpdump.org/linktypes). */
const FIRST_USER = 147;
const USER_TYPES = 16;

/** Link types that are understood. Frames of any other are counted as `unknown-linktype`. */
export const LINK_TYPES: readonly LinkTypeEntry[] = [
  { linkType: 1, name: 'Ethernet', kind: LinkKind.ethernet },
  { linkType: 12, name: 'raw IP (as BSD numbers it)', kind: LinkKind.rawIp },
  { linkType: 14, name: 'raw IP (as OpenBSD numbers it)', kind: LinkKind.rawIp },
  { linkType: 101, name: 'raw IP', kind: LinkKind.rawIp },
  { linkType: 113, name: 'Linux cooked capture', kind: LinkKind.sll },
  ...Array.from({ length: USER_TYPES }, (_, index) => ({
    linkType: FIRST_USER + index,
    name: `user ${index}: mac-lte-framed, or UDP as srsRAN writes it`,
    kind: LinkKind.user,
  })),
  { linkType: 228, name: 'raw IPv4', kind: LinkKind.rawIp },
  { linkType: 229, name: 'raw IPv6', kind: LinkKind.rawIp },
  { linkType: 252, name: 'Wireshark exported PDU', kind: LinkKind.exportedPdu },
  { linkType: 276, name: 'Linux cooked capture, version 2', kind: LinkKind.sll2 },
];

const KIND_BY_LINK_TYPE = new Uint8Array(1 + Math.max(...LINK_TYPES.map(({ linkType }) => linkType)));
for (const { linkType, kind } of LINK_TYPES) KIND_BY_LINK_TYPE[linkType] = kind;

/** How frames of a link type are taken. */
export function linkKind(linkType: number): LinkKind {
  const low = linkType & 0xffff;
  return low < KIND_BY_LINK_TYPE.length ? (KIND_BY_LINK_TYPE[low] as LinkKind) : LinkKind.unknown;
}

/** What a port of UDP or TCP in an outer packet leads to. Start strings go first: they are found on any port. */
export const PORTS: readonly { readonly port: number; readonly transport: string; readonly leadsTo: string }[] = [
  { port: MIKEY_PORT, transport: 'udp, tcp', leadsTo: 'mikey' },
  { port: LKH_PORT, transport: 'udp', leadsTo: 'lkh' },
  { port: GSMTAP_PORT, transport: 'udp', leadsTo: GSMTAP.name },
];

const ABOVE_MAC = [SL_SCH.name, RLC_UM.name, PDCP_SLRB.name];

/** Names of the protocols that brought a PDCP PDU, by `Framing`: the beginning of `protocols` in a message event. */
export const PROTOCOLS_BY_FRAMING: Readonly<Record<Framing, readonly string[]>> = {
  [Framing.none]: [],
  [Framing.macLteFramed]: [MAC_LTE.name, ...ABOVE_MAC],
  [Framing.macLteUdp]: [MAC_LTE.name, ...ABOVE_MAC],
  [Framing.rlcLteUdp]: [RLC_LTE.name, RLC_UM.name, PDCP_SLRB.name],
  [Framing.pdcpLteUdp]: [PDCP_LTE.name, PDCP_SLRB.name],
  [Framing.gsmtap2]: [GSMTAP.name, MAC_LTE.name, ...ABOVE_MAC],
  [Framing.gsmtap3]: [GSMTAP.name, MAC_LTE.name, ...ABOVE_MAC],
};

/** The protocols that the walk from the frame down to PDCP knows, in the order in which they stand in a frame. */
export const WALK_PROTOCOLS: readonly Protocol[] = [
  ETHERNET,
  SLL,
  EXPORTED_PDU,
  IPV4,
  IPV6,
  UDP,
  TCP,
  GSMTAP,
  RADIO_UDP,
  MAC_LTE,
  MAC_NR,
  RLC_LTE,
  PDCP_LTE,
  SL_SCH,
  NR_SL_SCH,
  RLC_UM,
  PDCP_SLRB,
];
