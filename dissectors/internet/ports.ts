// Which protocol a UDP port or an IP protocol number stands for. The one table that the dispatcher and the names read.

/** The specification says. */
/** MIKEY over UDP (IANA, RFC 3830 9). */
export const MIKEY_PORT = 2269;
/** MCPTT off-network protocol, MONP (TS 24.379 10.2.1.1.1). */
export const MONP_PORT = 8809;

/** We chose. */
/** Rekey messages: among the ports that nobody can have assigned (RFC 6335 6); its digits recall RFC 2627. */
export const LKH_PORT = 52_627;

/**
 * Names of UDP ports that are met beside group traffic. RTP is never guessed on one of them: what the port says weighs
 * more than what the octets look like.
 */
export const UDP_PORT_NAMES: ReadonlyMap<number, string> = new Map([
  [7, 'ECHO'],
  [53, 'DNS'],
  [67, 'DHCP'],
  [68, 'DHCP'],
  [69, 'TFTP'],
  [123, 'NTP'],
  [137, 'NBNS'],
  [138, 'NBDS'],
  [161, 'SNMP'],
  [162, 'SNMP'],
  [319, 'PTP'],
  [320, 'PTP'],
  [500, 'ISAKMP'],
  [514, 'SYSLOG'],
  [546, 'DHCPv6'],
  [547, 'DHCPv6'],
  [1900, 'SSDP'],
  [2123, 'GTP-C'],
  [2152, 'GTP-U'],
  [MIKEY_PORT, 'MIKEY'],
  [3478, 'STUN'],
  [3702, 'WS-Discovery'],
  [4500, 'ESP-UDP'],
  [4729, 'GSMTAP'],
  [5060, 'SIP'],
  [5061, 'SIPS'],
  [5353, 'MDNS'],
  [5355, 'LLMNR'],
  [5683, 'CoAP'],
  [MONP_PORT, 'MONP'],
]);

/** IP protocol numbers (IANA). */
export const IpProtocol = {
  icmp: 1,
  igmp: 2,
  tcp: 6,
  udp: 17,
  icmpv6: 58,
} as const;

/** Names of IP protocol numbers, for a summary and for values of a tree. */
export const IP_PROTOCOL_NAMES: ReadonlyMap<number, string> = new Map([
  [0, 'IPv6 hop-by-hop options'],
  [1, 'ICMP'],
  [2, 'IGMP'],
  [4, 'IPv4'],
  [6, 'TCP'],
  [17, 'UDP'],
  [41, 'IPv6'],
  [43, 'IPv6 routing header'],
  [44, 'IPv6 fragment'],
  [47, 'GRE'],
  [50, 'ESP'],
  [51, 'AH'],
  [58, 'ICMPv6'],
  [59, 'no next header'],
  [60, 'IPv6 destination options'],
  [89, 'OSPF'],
  [103, 'PIM'],
  [132, 'SCTP'],
  [136, 'UDP-Lite'],
]);
