// The field table of ICMPv6, and the names of its types and options.

import { field, type Protocol } from '../layer.ts';
import { mldFields } from './mld.ts';

/** The specification says: types (RFC 4443 2.1, RFC 4861 4). */
export const ECHO_REQUEST = 128;
export const ECHO_REPLY = 129;
export const ROUTER_SOLICITATION = 133;
export const ROUTER_ADVERTISEMENT = 134;
export const NEIGHBOR_SOLICITATION = 135;
export const NEIGHBOR_ADVERTISEMENT = 136;
export const REDIRECT = 137;

/** Names of types. */
export const ICMPV6_TYPES: ReadonlyMap<number, string> = new Map([
  [1, 'Destination Unreachable'],
  [2, 'Packet Too Big'],
  [3, 'Time Exceeded'],
  [4, 'Parameter Problem'],
  [ECHO_REQUEST, 'Echo (ping) request'],
  [ECHO_REPLY, 'Echo (ping) reply'],
  [130, 'Multicast Listener Query'],
  [131, 'Multicast Listener Report'],
  [132, 'Multicast Listener Done'],
  [ROUTER_SOLICITATION, 'Router Solicitation'],
  [ROUTER_ADVERTISEMENT, 'Router Advertisement'],
  [NEIGHBOR_SOLICITATION, 'Neighbor Solicitation'],
  [NEIGHBOR_ADVERTISEMENT, 'Neighbor Advertisement'],
  [REDIRECT, 'Redirect'],
  [143, 'Multicast Listener Report Message v2'],
]);

/** Names of options of neighbour discovery (RFC 4861 4.6). */
export const NEIGHBOR_OPTION_TYPES: ReadonlyMap<number, string> = new Map([
  [1, 'Source link-layer address'],
  [2, 'Target link-layer address'],
  [3, 'Prefix information'],
  [4, 'Redirected header'],
  [5, 'MTU'],
  [14, 'Nonce'],
  [24, 'Route Information'],
  [25, 'Recursive DNS Server'],
  [31, 'DNS Search List Option'],
]);

const CLAUSE = 'RFC 4443 2.1';
const ND = 'RFC 4861 4';
const PREFIX_CLAUSE = 'RFC 4861 4.6.2';

/** Fields of ICMPv6 without those of listener discovery. */
export const icmpv6Fields = {
  type: field('icmpv6.type', 'Type', 'uint', { values: ICMPV6_TYPES, about: 'Kind of message.', clause: CLAUSE }),
  code: field('icmpv6.code', 'Code', 'uint', { about: 'Refines the type.', clause: CLAUSE }),
  checksum: field('icmpv6.checksum', 'Checksum', 'uint', {
    base: 'hex',
    width: 2,
    about: 'Internet checksum over pseudo header and message.',
    clause: 'RFC 4443 2.3',
  }),
  checksumGood: field('icmpv6.checksum.status', 'Checksum Status', 'bool', {
    width: 0,
    about: 'Whether the checksum is right.',
    clause: 'RFC 4443 2.3',
  }),
  identifier: field('icmpv6.echo.identifier', 'Identifier', 'uint', {
    base: 'hex',
    width: 2,
    about: 'Which run of echo requests.',
    clause: 'RFC 4443 4',
  }),
  sequence: field('icmpv6.echo.sequence_number', 'Sequence', 'uint', {
    width: 2,
    about: 'Counts the echo requests.',
    clause: 'RFC 4443 4',
  }),
  mtu: field('icmpv6.mtu', 'MTU', 'uint', {
    width: 4,
    about: 'Largest packet that would have passed.',
    clause: 'RFC 4443 3.2',
  }),
  pointer: field('icmpv6.pointer', 'Pointer', 'uint', {
    width: 4,
    about: 'Octet of the packet that was at fault.',
    clause: 'RFC 4443 3.4',
  }),
  hopLimit: field('icmpv6.nd.ra.cur_hop_limit', 'Cur hop limit', 'uint', {
    about: 'Hop limit that hosts should use.',
    clause: ND,
  }),
  managed: field('icmpv6.nd.ra.flag.m', 'Managed address configuration', 'bool', {
    mask: 0x80,
    about: 'Addresses come by DHCPv6.',
    clause: ND,
  }),
  other: field('icmpv6.nd.ra.flag.o', 'Other configuration', 'bool', {
    mask: 0x40,
    about: 'Other settings come by DHCPv6.',
    clause: ND,
  }),
  homeAgent: field('icmpv6.nd.ra.flag.h', 'Home Agent', 'bool', {
    mask: 0x20,
    about: 'The router is a home agent.',
    clause: 'RFC 6275 7.1',
  }),
  preference: field('icmpv6.nd.ra.flag.prf', 'Prf (Default Router Preference)', 'uint', {
    mask: 0x18,
    about: 'How much to prefer this router.',
    clause: 'RFC 4191 2.2',
  }),
  proxy: field('icmpv6.nd.ra.flag.p', 'Proxy', 'bool', {
    mask: 0x04,
    about: 'A proxy sent this.',
    clause: 'RFC 4389 4.1.3',
  }),
  flagReserved: field('icmpv6.nd.ra.flag.rsv', 'Reserved', 'uint', { mask: 0x03, about: 'Zero.', clause: ND }),
  routerLifetime: field('icmpv6.nd.ra.router_lifetime', 'Router lifetime (s)', 'uint', {
    width: 2,
    about: 'Seconds as default router; 0 is not one.',
    clause: ND,
  }),
  reachable: field('icmpv6.nd.ra.reachable_time', 'Reachable time (ms)', 'uint', {
    width: 4,
    about: 'How long a neighbour counts as reachable.',
    clause: ND,
  }),
  retransmission: field('icmpv6.nd.ra.retrans_timer', 'Retrans timer (ms)', 'uint', {
    width: 4,
    about: 'Time between solicitations.',
    clause: ND,
  }),
  solicitationTarget: field('icmpv6.nd.ns.target_address', 'Target Address', 'ipv6', {
    width: 16,
    about: 'Address that is asked for.',
    clause: ND,
  }),
  router: field('icmpv6.nd.na.flag.r', 'Router', 'bool', {
    width: 4,
    mask: 0x80000000,
    about: 'The sender is a router.',
    clause: ND,
  }),
  solicited: field('icmpv6.nd.na.flag.s', 'Solicited', 'bool', {
    width: 4,
    mask: 0x40000000,
    about: 'Answers a solicitation.',
    clause: ND,
  }),
  override: field('icmpv6.nd.na.flag.o', 'Override', 'bool', {
    width: 4,
    mask: 0x20000000,
    about: 'Replaces what neighbours remember.',
    clause: ND,
  }),
  advertisementReserved: field('icmpv6.nd.na.flag.rsv', 'Reserved', 'uint', {
    width: 4,
    mask: 0x1fffffff,
    about: 'Zero.',
    clause: ND,
  }),
  advertisementTarget: field('icmpv6.nd.na.target_address', 'Target Address', 'ipv6', {
    width: 16,
    about: 'Address that the sender holds.',
    clause: ND,
  }),
  redirectTarget: field('icmpv6.nd.rd.target_address', 'Target Address', 'ipv6', {
    width: 16,
    about: 'Better first hop.',
    clause: ND,
  }),
  redirectDestination: field('icmpv6.rd.na.destination_address', 'Destination Address', 'ipv6', {
    width: 16,
    about: 'Destination that is redirected.',
    clause: ND,
  }),
  optionType: field('icmpv6.opt.type', 'Type', 'uint', {
    values: NEIGHBOR_OPTION_TYPES,
    about: 'Kind of option.',
    clause: 'RFC 4861 4.6',
  }),
  optionLength: field('icmpv6.opt.length', 'Length', 'uint', {
    about: 'Words of 8 octets in the option; 0 is not allowed.',
    clause: 'RFC 4861 4.6',
  }),
  sourceLink: field('icmpv6.opt.src_linkaddr', 'Source Link-layer address', 'bytes', {
    width: 0,
    about: 'Link-layer address of the sender.',
    clause: 'RFC 4861 4.6.1',
  }),
  targetLink: field('icmpv6.opt.target_linkaddr', 'Target Link-layer address', 'bytes', {
    width: 0,
    about: 'Link-layer address of the target.',
    clause: 'RFC 4861 4.6.1',
  }),
  prefixLength: field('icmpv6.opt.prefix.length', 'Prefix Length', 'uint', {
    about: 'Bits of the prefix that count.',
    clause: PREFIX_CLAUSE,
  }),
  onLink: field('icmpv6.opt.prefix.flag.l', 'On-link flag(L)', 'bool', {
    mask: 0x80,
    about: 'Addresses with the prefix are on this link.',
    clause: PREFIX_CLAUSE,
  }),
  autonomous: field('icmpv6.opt.prefix.flag.a', 'Autonomous address-configuration flag(A)', 'bool', {
    mask: 0x40,
    about: 'Hosts may make addresses from the prefix.',
    clause: PREFIX_CLAUSE,
  }),
  routerAddress: field('icmpv6.opt.prefix.flag.r', 'Router address flag(R)', 'bool', {
    mask: 0x20,
    about: "The prefix holds the router's whole address.",
    clause: 'RFC 6275 7.2',
  }),
  prefixReserved: field('icmpv6.opt.prefix.flag.reserved', 'Reserved', 'uint', {
    mask: 0x1f,
    about: 'Zero.',
    clause: PREFIX_CLAUSE,
  }),
  validLifetime: field('icmpv6.opt.prefix.valid_lifetime', 'Valid Lifetime', 'uint', {
    width: 4,
    about: 'Seconds that the prefix is valid.',
    clause: PREFIX_CLAUSE,
  }),
  preferredLifetime: field('icmpv6.opt.prefix.preferred_lifetime', 'Preferred Lifetime', 'uint', {
    width: 4,
    about: 'Seconds that its addresses are preferred.',
    clause: PREFIX_CLAUSE,
  }),
  prefix: field('icmpv6.opt.prefix', 'Prefix', 'ipv6', { width: 16, about: 'The prefix.', clause: PREFIX_CLAUSE }),
  linkMtu: field('icmpv6.opt.mtu', 'MTU', 'uint', {
    width: 4,
    about: 'Largest packet of this link.',
    clause: 'RFC 4861 4.6.4',
  }),
  nonce: field('icmpv6.opt.nonce', 'Nonce', 'bytes', {
    width: 0,
    about: 'Random value that an answer repeats.',
    clause: 'RFC 3971 5.3.2',
  }),
  dnsLifetime: field('icmpv6.opt.rdnss.lifetime', 'Lifetime', 'uint', {
    width: 4,
    about: 'Seconds that the servers may be used.',
    clause: 'RFC 8106 5.1',
  }),
  dnsServer: field('icmpv6.opt.rdnss', 'Recursive DNS Servers', 'ipv6', {
    width: 16,
    about: 'Address of a DNS server.',
    clause: 'RFC 8106 5.1',
  }),
  optionReserved: field('icmpv6.opt.reserved', 'Reserved', 'bytes', { width: 0, about: 'Zero.', clause: ND }),
  data: field('icmpv6.data', 'Data', 'bytes', {
    width: 0,
    about: 'Echo data, the packet that an error speaks of, or an option that is not decoded.',
    clause: CLAUSE,
  }),
} as const;

/** ICMPv6 and its fields, those of listener discovery included. */
export const icmpv6Protocol: Protocol = {
  name: 'icmpv6',
  title: 'Internet Control Message Protocol v6',
  about: 'Echo, errors, neighbour and listener discovery of IPv6.',
  clause: 'RFC 4443',
  fields: { ...icmpv6Fields, ...mldFields },
};
