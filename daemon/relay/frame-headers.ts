// What of a captured frame whoever may see metadata only is shown: everything up to the end of the first PDCP header.
// Found by walking the frame, which needs no key.

import type { FrameBatch } from '../../captures/frame-batch.ts';
import { PDCP_HEADER_OCTETS } from '../../dissectors/sidelink/pdcp-slrb.ts';
import { createWalkTable, walkBatch } from '../../dissectors/walk.ts';
import { ElementFlag, Outcome } from '../../dissectors/walk-table.ts';
import type { RelayedFrame } from './relay-port.ts';

const walk = createWalkTable();

/** A frame as a batch of one row. @param octets of it that are there */
export function batchOfFrame(frame: RelayedFrame, octets: number): FrameBatch {
  const bytes = frame.bytes.subarray(0, octets);
  return {
    bytes,
    view: new DataView(bytes.buffer, bytes.byteOffset, bytes.length),
    count: 1,
    firstFrame: frame.number,
    offset: Uint32Array.of(0),
    captured: Uint32Array.of(bytes.length),
    original: Uint32Array.of(frame.original),
    seconds: Float64Array.of(frame.seconds),
    nanoseconds: Uint32Array.of(frame.nanoseconds),
    digits: Uint8Array.of(frame.digits),
    linkType: Uint16Array.of(frame.linkType),
    interfaceId: Uint16Array.of(0),
    marks: [],
  };
}

/**
 * Octets of a frame that hold nothing of an SDU. A frame that begins in the middle of an SDU ends there; one without a data
 * element ends where the payload of a key-management message, or the PDU, begins.
 */
export function headerOctets(frame: RelayedFrame): number {
  walkBatch(batchOfFrame(frame, frame.bytes.length), walk);
  const { frames, elements } = walk;
  if (frames.elementCount[0] > 0) {
    const element = frames.firstElement[0];
    const begins = (elements.flags[element] & ElementFlag.starts) !== 0;
    return Math.min(frame.bytes.length, elements.at[element] + (begins ? PDCP_HEADER_OCTETS : 0));
  }
  return frames.outcome[0] === Outcome.keyManagement ? frames.payloadAt[0] : frames.pduAt[0];
}
