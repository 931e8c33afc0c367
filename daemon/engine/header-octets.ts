// How much of a captured frame says nothing of what is inside SDUs: what somebody may see who may not see plaintext.

import type { FrameBatch } from '../../captures/frame-batch.ts';
import { PDCP_HEADER_OCTETS } from '../../dissectors/sidelink/pdcp-slrb.ts';
import { ElementFlag, Framing, Outcome, type WalkTable } from '../../dissectors/walk-table.ts';

/**
 * Octets of a frame up to the end of its first PDCP header. A frame that holds no one-to-many data: all of it where it
 * belongs to everybody (broadcast) or is ciphered by itself (key management); else what stands in front of its PDU, which
 * for traffic that is not sidelink is nothing.
 *
 * @param walk the walk of the batch
 */
export function headerOctets(walk: WalkTable, batch: FrameBatch, row: number): number {
  const { frames, elements } = walk;
  const captured = batch.captured[row];
  const outcome = frames.outcome[row];
  if (outcome === Outcome.slBch || outcome === Outcome.keyManagement) return captured;
  const count = frames.elementCount[row];
  if (count === 0) {
    return frames.framing[row] === Framing.none ? 0 : Math.min(captured, frames.pduAt[row] - batch.offset[row]);
  }
  let octets = captured;
  const first = frames.firstElement[row];
  for (let element = first; element < first + count; element++) {
    const begins = (elements.flags[element] & ElementFlag.starts) !== 0;
    const end = elements.at[element] - batch.offset[row] + (begins ? PDCP_HEADER_OCTETS : 0);
    if (end < octets) octets = end;
  }
  return octets;
}
