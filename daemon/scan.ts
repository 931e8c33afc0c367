// Frames of one capture as they are, without keys: walked down to RLC and handed out. For outputs that need nothing of
// what an analysis concludes; ten times as fast as deciphering and judging all of it.

import type { CaptureProblem, FrameSource } from '../captures/frame-batch.ts';
import { createWalkTable, walkBatch } from '../dissectors/walk.ts';
import type { AnalysisListener } from './analysis.ts';
import { AnalysedFrame } from './engine/analysed-frame.ts';
import { MessageEventMaker } from './engine/message-event.ts';
import { KeyIndex } from './keyring/key-index.ts';
import { emptyKeyring } from './keyring/keyring.ts';
import type { StopRequest } from './stop-request.ts';

/**
 * Reads a source to its end, or up to a number of frames. The source is closed in any case.
 *
 * @param listener hears of each frame, which has no messages, and of progress; of nothing else
 * @param frames how many at most
 * @param stop ends it before; absent: nobody will
 * @returns what cut the input short, or null
 */
export async function scanFrames(
  source: FrameSource,
  listener: Pick<AnalysisListener, 'frame' | 'progress'>,
  frames: number = Number.POSITIVE_INFINITY,
  stop?: StopRequest,
): Promise<CaptureProblem | null> {
  const keyring = emptyKeyring();
  const index = new KeyIndex(keyring);
  const maker = new MessageEventMaker(keyring.groups, index, { payload: false });
  const frame = new AnalysedFrame({ groups: keyring.groups, index, maker });
  const walk = createWalkTable();
  let left = frames;
  try {
    while (left > 0) {
      // A plain file answers at once: no promise is waited for on the hot path.
      const next = stop === undefined ? source.next() : stop.next(source);
      const batch = next instanceof Promise ? await next : next;
      if (batch === null) break;
      walkBatch(batch, walk);
      const count = Math.min(batch.count, left);
      for (let row = 0; row < count; row++) {
        frame.begin(batch, row, walk);
        listener.frame?.(frame);
      }
      left -= count;
      listener.progress?.(source.consumed, source.total);
    }
    return source.problem;
  } finally {
    await source.close();
  }
}
