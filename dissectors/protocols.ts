// Every protocol that sidescope knows, in the order in which documentation lists them. A test fails when a file under
// dissectors declares one that is missing here.

import { frameProtocol } from './frame-fields.ts';
import { MAC_LTE } from './framing/mac-lte.ts';
import { PDCP_LTE } from './framing/pdcp-lte.ts';
import { RLC_LTE } from './framing/rlc-lte.ts';
import { arpProtocol } from './internet/arp.ts';
import { ETHERNET } from './internet/ethernet.ts';
import { icmpProtocol } from './internet/icmp.ts';
import { icmpv6Protocol } from './internet/icmpv6.ts';
import { igmpProtocol } from './internet/igmp.ts';
import { IPV4 } from './internet/ipv4.ts';
import { IPV6 } from './internet/ipv6.ts';
import { UDP } from './internet/udp.ts';
import { findingProtocol, judgedProtocol, problemProtocol } from './judged-fields.ts';
import type { Protocol } from './layer.ts';
import { monpProtocol } from './media/monp.ts';
import { rtcpProtocol } from './media/rtcp.ts';
import { rtpProtocol } from './media/rtp.ts';
import { PDCP_SLRB } from './sidelink/pdcp-slrb.ts';
import { RLC_UM } from './sidelink/rlc-um.ts';
import { SL_SCH } from './sidelink/sl-sch.ts';

/** All protocols. */
export const PROTOCOLS: readonly Protocol[] = [
  frameProtocol,
  MAC_LTE,
  RLC_LTE,
  PDCP_LTE,
  SL_SCH,
  RLC_UM,
  PDCP_SLRB,
  judgedProtocol,
  findingProtocol,
  problemProtocol,
  ETHERNET,
  IPV4,
  IPV6,
  arpProtocol,
  icmpProtocol,
  icmpv6Protocol,
  igmpProtocol,
  UDP,
  rtpProtocol,
  rtcpProtocol,
  monpProtocol,
];
