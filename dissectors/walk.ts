// The walk from a captured frame down to RLC. On the fast path it fills the tables of a batch and allocates nothing; the
// same decoders describe one frame to a tree writer when somebody looks.
//
// In all of it `at` is the octet at hand, `available` one behind the last octet captured, `end` one behind the last octet
// that the frame (or what its headers claim of it) had on the wire.

import type { FrameBatch } from '../captures/frame-batch.ts';
import { decodeGsmtap, GSMTAP_PORT, GsmtapPayload } from './framing/gsmtap.ts';
import {
  CRC_ABSENT,
  CRC_OK,
  createMacLteContext,
  decodeMacLte,
  looksLikeMacLte,
  MAC_LTE_STRING,
  RntiType,
  reportMacPdu,
} from './framing/mac-lte.ts';
import { createPdcpLteContext, decodePdcpLte, PDCP_LTE_STRING } from './framing/pdcp-lte.ts';
import { createRlcLteContext, decodeRlcLte, RLC_LTE_STRING } from './framing/rlc-lte.ts';
import { reportStartString, StartString, startString } from './framing/start-strings.ts';
import { decodeEthernet, EtherType } from './internet/ethernet.ts';
import { createIpCursor } from './internet/ip-cursor.ts';
import { decodeIpv4, IPV4_TOTAL_LENGTH } from './internet/ipv4.ts';
import { decodeIpv6, IPV6_PAYLOAD_LENGTH } from './internet/ipv6.ts';
import { IpProtocol, LKH_PORT, MIKEY_PORT } from './internet/ports.ts';
import { decodeTcp } from './internet/tcp.ts';
import { createUdpCursor, decodeUdp, UDP_HEADER } from './internet/udp.ts';
import { looksLikeLkhRekey } from './keying/lkh-rekey.ts';
import type { TreeWriter } from './layer.ts';
import { decodeExportedPdu, ExportedContent, type ExportedCursor } from './link/exported-pdu.ts';
import { decodeSll } from './link/sll.ts';
import { uint16 } from './octets.ts';
import { PlainFrames } from './plain-frames.ts';
import { Problem, reportProblem } from './problems.ts';
import { LinkKind, linkKind } from './registry.ts';
import { decodeMibSl } from './sidelink/mib-sl.ts';
import { decodePdcpSlrbHeader } from './sidelink/pdcp-slrb.ts';
import { decodeRlcUm } from './sidelink/rlc-um.ts';
import { decodeSlSch } from './sidelink/sl-sch.ts';
import { appendElement, clearFrame, createWalkTable, noteProblem, placePdu, resetWalkTable } from './walk-columns.ts';
import { ElementFlag, Framing, Outcome, type WalkTable } from './walk-table.ts';

export { createWalkTable } from './walk-columns.ts';

// Reused from frame to frame: a decoder leaves in them what the next one needs.
const macLte = createMacLteContext();
const rlcLte = createRlcLteContext();
const pdcpLte = createPdcpLteContext();
const ip = createIpCursor();
const udp = createUdpCursor();
const tcp = { sourcePort: 0, destinationPort: 0, payloadAt: 0 };
const link = { etherType: 0, payloadAt: 0 };
const gsmtap = { version: 0, payloadAt: 0 };
const exported: ExportedCursor = { content: ExportedContent.other, payloadAt: 0, problemAt: 0 };
const described = createWalkTable(1);
const plain = new PlainFrames();

/** Fills the tables with all frames of a batch. What was in them is gone. */
export function walkBatch(batch: FrameBatch, table: WalkTable): void {
  resetWalkTable(table, batch.count);
  for (let row = plain.walk(batch, 0, table); row < batch.count; row = plain.walk(batch, row + 1, table)) {
    walkFrame(batch, row, table, null);
    plain.learn(batch, row, table);
  }
}

/**
 * Walks one frame of a batch into its row, and appends its elements. Rows are walked in order, into tables that
 * `resetWalkTable` has emptied; `walkBatch` does both.
 *
 * @param tree where the frame is also described; its offsets count from the start of the frame
 */
export function walkFrame(batch: FrameBatch, row: number, table: WalkTable, tree: TreeWriter | null): void {
  const at = batch.offset[row];
  const available = at + batch.captured[row];
  const end = at + Math.max(batch.original[row], batch.captured[row]);
  walkInto(batch.bytes, at, available, end, batch.linkType[row], row, table, null);
  if (tree !== null) {
    describeFrame(batch.bytes.subarray(at, available), end - at, batch.linkType[row], tree);
  }
}

/**
 * Describes one frame to a tree writer.
 *
 * @param bytes the octets captured; offsets in the tree count from the first of them
 * @param original octets that the frame had on the wire
 * @param linkType LINKTYPE_ number
 * @returns the frame as row 0 of tables that are valid until the next call; offsets count from the start of `bytes`
 */
export function describeFrame(bytes: Uint8Array, original: number, linkType: number, tree: TreeWriter): WalkTable {
  resetWalkTable(described, 1);
  walkInto(bytes, 0, bytes.length, Math.max(original, bytes.length), linkType, 0, described, tree);
  return described;
}

function walkInto(
  bytes: Uint8Array,
  at: number,
  available: number,
  end: number,
  linkType: number,
  row: number,
  table: WalkTable,
  tree: TreeWriter | null,
): void {
  const { frames, elements } = table;
  clearFrame(frames, row);
  frames.firstElement[row] = elements.count;
  frames.outcome[row] = walkLink(bytes, at, available, end, linkType, row, table, tree);
  frames.elementCount[row] = elements.count - frames.firstElement[row];
  if (frames.problem[row] !== Problem.none) frames.problemAt[row] -= at;
}

function walkLink(
  bytes: Uint8Array,
  at: number,
  available: number,
  end: number,
  linkType: number,
  row: number,
  table: WalkTable,
  tree: TreeWriter | null,
): Outcome {
  switch (linkKind(linkType)) {
    case LinkKind.user:
      return walkUser(bytes, at, available, end, row, table, tree);
    case LinkKind.ethernet:
      return walkEthernet(bytes, at, available, end, row, table, tree);
    case LinkKind.rawIp:
      return walkIp(bytes, at, available, end, row, table, tree);
    case LinkKind.sll:
      return walkSll(bytes, at, available, end, 1, row, table, tree);
    case LinkKind.sll2:
      return walkSll(bytes, at, available, end, 2, row, table, tree);
    case LinkKind.exportedPdu:
      return walkExported(bytes, at, available, end, row, table, tree);
    case LinkKind.unknown:
      return Outcome.unknownLinkType;
  }
}

/** LINKTYPE_USER holds whatever its writer liked: mac-lte-framed, srsRAN's UDP, or NAS, S1AP and more that are not ours. */
function walkUser(
  bytes: Uint8Array,
  at: number,
  available: number,
  end: number,
  row: number,
  table: WalkTable,
  tree: TreeWriter | null,
): Outcome {
  if (looksLikeMacLte(bytes, at, available)) {
    return walkMacLte(bytes, at, available, end, Framing.macLteFramed, row, table, tree);
  }
  if (startString(bytes, at + UDP_HEADER, available) === StartString.none) return Outcome.notSidelink;
  return walkUdp(bytes, at, available, end, false, row, table, tree);
}

function walkEthernet(
  bytes: Uint8Array,
  at: number,
  available: number,
  end: number,
  row: number,
  table: WalkTable,
  tree: TreeWriter | null,
): Outcome {
  if (!decodeEthernet(bytes, at, available, link, tree)) return cutLink(at, available, end, row, table, tree);
  return walkEtherType(bytes, available, end, row, table, tree);
}

function walkSll(
  bytes: Uint8Array,
  at: number,
  available: number,
  end: number,
  version: number,
  row: number,
  table: WalkTable,
  tree: TreeWriter | null,
): Outcome {
  if (!decodeSll(bytes, at, available, version, link, tree)) return cutLink(at, available, end, row, table, tree);
  return walkEtherType(bytes, available, end, row, table, tree);
}

/** What follows the header that is in `link`. */
function walkEtherType(
  bytes: Uint8Array,
  available: number,
  end: number,
  row: number,
  table: WalkTable,
  tree: TreeWriter | null,
): Outcome {
  if (link.etherType !== EtherType.ipv4 && link.etherType !== EtherType.ipv6) return Outcome.notSidelink;
  return walkIp(bytes, link.payloadAt, available, end, row, table, tree);
}

function walkExported(
  bytes: Uint8Array,
  at: number,
  available: number,
  end: number,
  row: number,
  table: WalkTable,
  tree: TreeWriter | null,
): Outcome {
  if (!decodeExportedPdu(bytes, at, available, exported, tree)) {
    return badHeader(Problem.linkHeaderCut, exported.problemAt, available, end, row, table, tree);
  }
  const pduAt = exported.payloadAt;
  switch (exported.content) {
    case ExportedContent.macLteFramed:
      return walkMacLte(bytes, pduAt, available, end, Framing.macLteFramed, row, table, tree);
    case ExportedContent.startString:
      return walkPayload(bytes, pduAt, available, end, 0, 0, row, table, tree);
    case ExportedContent.ip:
      return walkIp(bytes, pduAt, available, end, row, table, tree);
    case ExportedContent.ethernet:
      return walkEthernet(bytes, pduAt, available, end, row, table, tree);
    case ExportedContent.mikey:
      return keyManagement(pduAt, available, row, table);
    case ExportedContent.other:
      return Outcome.notSidelink;
  }
}

function walkIp(
  bytes: Uint8Array,
  at: number,
  available: number,
  end: number,
  row: number,
  table: WalkTable,
  tree: TreeWriter | null,
): Outcome {
  if (at >= available) return cutLink(at, available, end, row, table, tree);
  const version = bytes[at] >> 4;
  if (version !== 4 && version !== 6) return Outcome.notSidelink;
  const problem =
    version === 4 ? decodeIpv4(bytes, at, available, ip, tree) : decodeIpv6(bytes, at, available, ip, tree);
  if (problem !== Problem.none) return badHeader(problem, at, available, end, row, table, tree);
  if (ip.fragment) return Outcome.notSidelink;
  // A length of 0 leaves the end to the frame, of which more may have been on the wire than was captured.
  const unsaid = uint16(bytes, at + (version === 4 ? IPV4_TOTAL_LENGTH : IPV6_PAYLOAD_LENGTH)) === 0;
  const payloadEnd = unsaid ? end : Math.min(ip.payloadEnd, end);
  const payloadAvailable = Math.min(available, payloadEnd);
  if (ip.protocol === IpProtocol.udp) {
    return walkUdp(bytes, ip.payloadAt, payloadAvailable, payloadEnd, true, row, table, tree);
  }
  if (ip.protocol !== IpProtocol.tcp) return Outcome.notSidelink;
  return walkTcp(bytes, ip.payloadAt, payloadAvailable, payloadEnd, row, table, tree);
}

function walkTcp(
  bytes: Uint8Array,
  at: number,
  available: number,
  end: number,
  row: number,
  table: WalkTable,
  tree: TreeWriter | null,
): Outcome {
  const problem = decodeTcp(bytes, at, available, tcp, tree);
  if (problem !== Problem.none) return badHeader(problem, at, available, end, row, table, tree);
  const onPort = tcp.sourcePort === MIKEY_PORT || tcp.destinationPort === MIKEY_PORT;
  if (!onPort || tcp.payloadAt >= available) return Outcome.notSidelink;
  return keyManagement(tcp.payloadAt, available, row, table);
}

/** @param inIp whether `ip` holds the packet that carries it; srsRAN writes the UDP header alone */
function walkUdp(
  bytes: Uint8Array,
  at: number,
  available: number,
  end: number,
  inIp: boolean,
  row: number,
  table: WalkTable,
  tree: TreeWriter | null,
): Outcome {
  const problem = decodeUdp(bytes, at, available, inIp ? ip : null, udp, tree);
  if (problem !== Problem.none) return badHeader(problem, at, available, end, row, table, tree);
  const payloadEnd = udp.length === 0 ? end : Math.min(udp.payloadEnd, end);
  const payloadAvailable = Math.min(available, payloadEnd);
  const { sourcePort, destinationPort } = udp;
  return walkPayload(bytes, udp.payloadAt, payloadAvailable, payloadEnd, sourcePort, destinationPort, row, table, tree);
}

/** What a UDP datagram carries: start strings on any port, then the ports. */
function walkPayload(
  bytes: Uint8Array,
  at: number,
  available: number,
  end: number,
  sourcePort: number,
  destinationPort: number,
  row: number,
  table: WalkTable,
  tree: TreeWriter | null,
): Outcome {
  const start = startString(bytes, at, available);
  if (start !== StartString.none && tree !== null) reportStartString(tree, bytes, at, available);
  switch (start) {
    case StartString.macLte:
      return walkMacLte(bytes, at + MAC_LTE_STRING.length, available, end, Framing.macLteUdp, row, table, tree);
    case StartString.rlcLte:
      return walkRlcLte(bytes, at + RLC_LTE_STRING.length, available, end, row, table, tree);
    case StartString.pdcpLte:
      return walkPdcpLte(bytes, at + PDCP_LTE_STRING.length, available, end, row, table, tree);
    case StartString.newRadio:
      return Outcome.notSidelink;
    case StartString.none:
      break;
  }
  if (sourcePort === GSMTAP_PORT || destinationPort === GSMTAP_PORT) {
    return walkGsmtap(bytes, at, available, end, row, table, tree);
  }
  const mikey = sourcePort === MIKEY_PORT || destinationPort === MIKEY_PORT;
  if (mikey && at < available) return keyManagement(at, available, row, table);
  // The port is not registered, so that others may use it too: the magic decides.
  const lkh = sourcePort === LKH_PORT || destinationPort === LKH_PORT;
  return lkh && looksLikeLkhRekey(bytes, at, available)
    ? keyManagement(at, available, row, table)
    : Outcome.notSidelink;
}

function walkGsmtap(
  bytes: Uint8Array,
  at: number,
  available: number,
  end: number,
  row: number,
  table: WalkTable,
  tree: TreeWriter | null,
): Outcome {
  const payload = decodeGsmtap(bytes, at, available, gsmtap, tree);
  const payloadAt = Math.min(gsmtap.payloadAt, available);
  const framing = gsmtap.version === 2 ? Framing.gsmtap2 : Framing.gsmtap3;
  switch (payload) {
    case GsmtapPayload.macLteFramed:
      return walkMacLte(bytes, payloadAt, available, end, framing, row, table, tree);
    case GsmtapPayload.slBch:
      table.frames.framing[row] = framing;
      table.frames.framingAt[row] = payloadAt;
      placePdu(table.frames, row, payloadAt, available, end);
      if (tree !== null) reportSlBch(tree, bytes, payloadAt, available, end);
      return Outcome.slBch;
    case GsmtapPayload.other:
    case GsmtapPayload.none:
      return Outcome.notSidelink;
  }
}

function walkMacLte(
  bytes: Uint8Array,
  at: number,
  available: number,
  end: number,
  framing: Framing,
  row: number,
  table: WalkTable,
  tree: TreeWriter | null,
): Outcome {
  const { frames, elements } = table;
  const problem = decodeMacLte(bytes, at, available, end, macLte, tree);
  frames.framing[row] = framing;
  frames.framingAt[row] = at;
  const { rntiType, pduAt } = macLte;
  const whole = problem === Problem.none;
  if (whole) placePdu(frames, row, pduAt, available, end);
  if (rntiType === RntiType.slBch || (rntiType !== RntiType.sl && rntiType >= 0) || macLte.predefined) {
    const slBch = rntiType === RntiType.slBch && !macLte.predefined;
    if (tree !== null && whole) {
      if (slBch) reportSlBch(tree, bytes, pduAt, available, end);
      else reportMacPdu(tree, bytes, pduAt, available, false);
    }
    return slBch ? Outcome.slBch : Outcome.notSidelink;
  }
  if (!whole) noteProblem(frames, row, problem, macLte.problemAt);
  if (macLte.crcStatus !== CRC_ABSENT && macLte.crcStatus !== CRC_OK) {
    if (tree !== null && whole) {
      // What is shown of a PDU that was not received right says nothing of the frame.
      const first = elements.count;
      decodeSlSch(bytes, pduAt, available, end, row, table, tree);
      elements.count = first;
      forgetSlSch(table, row);
    }
    return Outcome.crcFailed;
  }
  return whole ? decodeSlSch(bytes, pduAt, available, end, row, table, tree) : Outcome.malformed;
}

/** Shows the master information block, where all of it was captured. */
function reportSlBch(tree: TreeWriter, bytes: Uint8Array, at: number, available: number, end: number): void {
  reportMacPdu(tree, bytes, at, available, true);
  if (available >= end && at < end) decodeMibSl(bytes, at, end, tree);
}

function forgetSlSch(table: WalkTable, row: number): void {
  const { frames } = table;
  frames.problem[row] = Problem.none;
  frames.problemAt[row] = 0;
  frames.version[row] = 0;
  frames.source[row] = 0;
  frames.destination[row] = 0;
}

function walkRlcLte(
  bytes: Uint8Array,
  at: number,
  available: number,
  end: number,
  row: number,
  table: WalkTable,
  tree: TreeWriter | null,
): Outcome {
  const { frames } = table;
  const problem = decodeRlcLte(bytes, at, available, end, rlcLte, tree);
  frames.framing[row] = Framing.rlcLteUdp;
  frames.framingAt[row] = at;
  if (!rlcLte.sidelink) return Outcome.notSidelink;
  if (problem !== Problem.none) {
    noteProblem(frames, row, problem, rlcLte.problemAt);
    return Outcome.malformed;
  }
  placePdu(frames, row, rlcLte.pduAt, available, end);
  const good = decodeRlcUm(bytes, rlcLte.pduAt, available, end, row, rlcLte.lcid, table, tree);
  return good ? Outcome.data : Outcome.malformed;
}

function walkPdcpLte(
  bytes: Uint8Array,
  at: number,
  available: number,
  end: number,
  row: number,
  table: WalkTable,
  tree: TreeWriter | null,
): Outcome {
  const { frames, elements } = table;
  const problem = decodePdcpLte(bytes, at, available, end, pdcpLte, tree);
  frames.framing[row] = Framing.pdcpLteUdp;
  frames.framingAt[row] = at;
  if (!pdcpLte.sidelink) return Outcome.notSidelink;
  const pduAt = pdcpLte.pduAt;
  if (problem !== Problem.none) {
    noteProblem(frames, row, problem, pdcpLte.problemAt);
    return Outcome.malformed;
  }
  placePdu(frames, row, pduAt, available, end);
  if (tree !== null) decodePdcpSlrbHeader(bytes, pduAt, available, end - pduAt, true, false, tree);
  if (pduAt >= end) {
    noteProblem(frames, row, Problem.pdcpHeaderCut, pduAt);
    return Outcome.malformed;
  }
  const flags = ElementFlag.withoutRlc | ElementFlag.firstOfPdu | ElementFlag.starts | ElementFlag.ends;
  appendElement(elements, row, pduAt, end - pduAt, available, pdcpLte.lcid, 0, flags);
  return Outcome.data;
}

function keyManagement(at: number, available: number, row: number, table: WalkTable): Outcome {
  table.frames.payloadAt[row] = at;
  table.frames.payloadLength[row] = Math.max(0, available - at);
  return Outcome.keyManagement;
}

/** The frame ends inside its link header, or before the packet behind it. */
function cutLink(
  at: number,
  available: number,
  end: number,
  row: number,
  table: WalkTable,
  tree: TreeWriter | null,
): Outcome {
  const problem = available < end ? Problem.snapCut : Problem.linkHeaderCut;
  noteProblem(table.frames, row, problem, Math.min(at, available));
  if (tree !== null) reportProblem(tree, problem, Math.min(at, available));
  return Outcome.malformed;
}

/** An IP, UDP or TCP header that is cut or contradicts itself. */
function badHeader(
  problem: Problem,
  at: number,
  available: number,
  end: number,
  row: number,
  table: WalkTable,
  tree: TreeWriter | null,
): Outcome {
  const cut = problem === Problem.linkHeaderCut && available < end;
  noteProblem(table.frames, row, cut ? Problem.snapCut : problem, at);
  // The decoder does not know how long the frame was and has shown the cut alone.
  if (cut && tree !== null) reportProblem(tree, Problem.snapCut, at);
  return Outcome.malformed;
}
