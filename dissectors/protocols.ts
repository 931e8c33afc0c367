// Every protocol that sidescope knows, in the order in which documentation lists them. A test fails when a file under
// dissectors declares one that is missing here.

import { frameProtocol } from './frame-fields.ts';
import { GSMTAP } from './framing/gsmtap.ts';
import { MAC_LTE } from './framing/mac-lte.ts';
import { MAC_NR } from './framing/mac-nr.ts';
import { PDCP_LTE } from './framing/pdcp-lte.ts';
import { RLC_LTE } from './framing/rlc-lte.ts';
import { RADIO_UDP } from './framing/start-strings.ts';
import { arpProtocol } from './internet/arp.ts';
import { ETHERNET } from './internet/ethernet.ts';
import { icmpProtocol } from './internet/icmp.ts';
import { icmpv6Protocol } from './internet/icmpv6.ts';
import { igmpProtocol } from './internet/igmp.ts';
import { IPV4 } from './internet/ipv4.ts';
import { IPV6 } from './internet/ipv6.ts';
import { TCP } from './internet/tcp.ts';
import { UDP } from './internet/udp.ts';
import { btpAProtocol, btpBProtocol, itsProtocol } from './its/btp.ts';
import { geonetworkingProtocol } from './its/geonetworking.ts';
import { findingProtocol, judgedProtocol, problemProtocol } from './judged-fields.ts';
import { lkhProtocol } from './keying/lkh-rekey.ts';
import { mikeyProtocol } from './keying/mikey-fields.ts';
import type { Protocol } from './layer.ts';
import { EXPORTED_PDU } from './link/exported-pdu.ts';
import { SLL } from './link/sll.ts';
import { monpProtocol } from './media/monp.ts';
import { rtcpProtocol } from './media/rtcp.ts';
import { rtpProtocol } from './media/rtp.ts';
import { dataProtocol } from './sdu.ts';
import { mibSlProtocol, mibSlV2xProtocol } from './sidelink/mib-sl.ts';
import { nonIpProtocol } from './sidelink/non-ip.ts';
import { NR_SL_SCH } from './sidelink/nr-sl-sch.ts';
import { pc5SignallingProtocol } from './sidelink/pc5-fields.ts';
import { PDCP_SLRB } from './sidelink/pdcp-slrb.ts';
import { RLC_UM } from './sidelink/rlc-um.ts';
import { SL_SCH } from './sidelink/sl-sch.ts';

/** All protocols. */
export const PROTOCOLS: readonly Protocol[] = [
  frameProtocol,
  ETHERNET,
  SLL,
  EXPORTED_PDU,
  RADIO_UDP,
  GSMTAP,
  MAC_LTE,
  MAC_NR,
  RLC_LTE,
  PDCP_LTE,
  mibSlProtocol,
  mibSlV2xProtocol,
  SL_SCH,
  NR_SL_SCH,
  RLC_UM,
  PDCP_SLRB,
  judgedProtocol,
  findingProtocol,
  problemProtocol,
  IPV4,
  IPV6,
  arpProtocol,
  icmpProtocol,
  icmpv6Protocol,
  igmpProtocol,
  UDP,
  TCP,
  rtpProtocol,
  rtcpProtocol,
  monpProtocol,
  pc5SignallingProtocol,
  nonIpProtocol,
  geonetworkingProtocol,
  btpAProtocol,
  btpBProtocol,
  itsProtocol,
  mikeyProtocol,
  lkhProtocol,
  dataProtocol,
];
