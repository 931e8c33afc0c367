// The layer tree of an analysed frame: its layers as captured, then for each message that it completed the judgement, how
// it came about, the findings, and the layers of the SDU where the verdict lets plaintext out.

import { writeFrame } from '../../dissectors/frame-fields.ts';
import { findingProtocol } from '../../dissectors/judged-fields.ts';
import { dissectLkhRekey, looksLikeLkhRekey } from '../../dissectors/keying/lkh-rekey.ts';
import { dissectMikey } from '../../dissectors/keying/mikey-tree.ts';
import type { TreeWriter } from '../../dissectors/layer.ts';
import { dissectSdu } from '../../dissectors/sdu.ts';
import { decodePdcpSlrbHeader, PDCP_HEADER_OCTETS } from '../../dissectors/sidelink/pdcp-slrb.ts';
import { describeFrame } from '../../dissectors/walk.ts';
import { Outcome } from '../../dissectors/walk-table.ts';
import type { RaisedFinding } from '../findings/recorder.ts';
import type { AnalysedFrame, AnalysedMessage } from './analysed-frame.ts';
import { writeJudgement } from './frame-tree-judgement.ts';
import { innerType } from './message-event.ts';
import { MessageFlag, type MessageTable, Place } from './message-table.ts';

/** Names of sources that a tree shows beside the frame's octets. */
export const DECIPHERED = 'deciphered SDU';
export const REASSEMBLED = 'reassembled PDU';
export const JOINED = 'reassembled SDU';

/** Writes everything that is known of a frame. The tree refers to octets of the batch: copy what outlives it. */
export function writeAnalysedFrame(frame: AnalysedFrame, tree: TreeWriter): void {
  writeFrameFacts(frame, tree);
  writeCaptured(frame, tree);
  writeFindings(frame.raised, tree);
  for (const message of frame.messages) {
    writeJudgement(frame.table, message, frame.context, true, tree);
    writeFindings(message.raised, tree);
    writeJoinedHeader(frame.table, message, tree);
    writeInside(frame, message, tree);
  }
}

/** The layer `frame`. */
export function writeFrameFacts(frame: AnalysedFrame, tree: TreeWriter): void {
  const { batch, row } = frame;
  writeFrame(tree, {
    number: frame.number,
    seconds: batch.seconds[row],
    nanoseconds: batch.nanoseconds[row],
    captured: batch.captured[row],
    original: Math.max(batch.original[row], batch.captured[row]),
    interfaceId: batch.interfaceId[row],
    linkType: batch.linkType[row],
  });
}

/** The layers that the frame holds as captured, down to PDCP, and those of a key-management message. */
export function writeCaptured(frame: AnalysedFrame, tree: TreeWriter): void {
  const { batch, row } = frame;
  const bytes = frame.bytes;
  const { frames } = describeFrame(bytes, batch.original[row], batch.linkType[row], tree);
  if (frames.outcome[0] !== Outcome.keyManagement) return;
  const at = frames.payloadAt[0];
  const end = at + frames.payloadLength[0];
  if (looksLikeLkhRekey(bytes, at, end)) dissectLkhRekey(bytes, at, end, tree);
  else dissectMikey(bytes, at, end, tree);
}

/** A layer for each finding. */
export function writeFindings(raised: readonly RaisedFinding[], tree: TreeWriter): void {
  const { name, severity, confidence } = findingProtocol.fields;
  for (const finding of raised) {
    tree.begin(findingProtocol, 0, 0);
    tree.generated(name, finding.name);
    tree.generated(severity, finding.severity);
    tree.generated(confidence, finding.confidence);
    tree.end();
  }
}

/** The PDCP header of a PDU that came in several frames, none of which holds it together with its SDU. */
export function writeJoinedHeader(table: MessageTable, message: AnalysedMessage, tree: TreeWriter): void {
  const { row } = message;
  if (table.framesCount[row] <= 1) return;
  const at = table.rawAt[row];
  const pdu = table.rawBytes(row).subarray(at - PDCP_HEADER_OCTETS, at + table.length[row]);
  tree.source(REASSEMBLED, pdu);
  decodePdcpSlrbHeader(pdu, 0, pdu.length, table.length[row] + PDCP_HEADER_OCTETS, true, false, tree);
  tree.end();
}

/** The layers of the SDU, where the verdict lets plaintext out. */
export function writeInside(frame: AnalysedFrame, message: AnalysedMessage, tree: TreeWriter): void {
  const { table } = frame;
  const { row, reassembled } = message;
  const length = table.length[row];
  if ((table.flags[row] & MessageFlag.plaintextShown) === 0 || length === 0) return;
  const type = innerType(table, row);
  const deciphered = table.deciphered[row] === 1;
  if (!deciphered && table.rawPlace[row] === Place.frame) {
    const at = table.rawAt[row] - frame.batch.offset[frame.row];
    dissectSdu(frame.bytes, at, length, type, tree, reassembled);
    return;
  }
  const at = table.bodyAt(row);
  const sdu = table.bodyBytes(row).subarray(at, at + length);
  tree.source(deciphered ? DECIPHERED : JOINED, sdu);
  dissectSdu(sdu, 0, length, type, tree, reassembled);
  tree.end();
}
