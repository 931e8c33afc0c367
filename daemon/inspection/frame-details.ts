// One frame laid open: its layer tree and octets. It is judged anew together with the few frames that its judgement rests
// on, so that nothing of the whole analysis has to be kept for it.

import { TreeBuilder } from '../../dissectors/tree.ts';
import { Analysis } from '../analysis.ts';
import { writeAnalysedFrame, writeFindings } from '../engine/frame-tree.ts';
import { SEVERITIES } from '../events.ts';
import type { Keyring } from '../keyring/keyring.ts';
import type { DetailsRequest, FrameDetails } from './contract.ts';
import { detailRows } from './detail-rows.ts';
import type { FramePicker } from './frame-picker.ts';

/** We chose: messages that counter findings remember here; their memory is what an analysis costs to begin with. */
const FEW_MESSAGES = 1024;

/** What the judgement needs. */
export interface DetailsOptions {
  /** A keyring of its own: deliveries add to it. */
  readonly keyring: Keyring;
  readonly allowStale: boolean;
}

/** Lays a frame open; null where the capture has no such frame. */
export async function frameDetails(
  picker: FramePicker,
  request: DetailsRequest,
  options: DetailsOptions,
): Promise<FrameDetails | null> {
  const batches = await picker.pick([...request.before.filter((frame) => frame < request.frame), request.frame]);
  let details: FrameDetails | null = null;
  const analysis = new Analysis(
    { ...options, explain: true, counterCaps: { messages: FEW_MESSAGES } },
    {
      frame: (frame) => {
        if (frame.number !== request.frame) return;
        // What its messages raise here, without all that came before, says nothing: the findings of the whole analysis
        // take their place.
        for (const [at, message] of frame.messages.entries()) frame.messages[at] = { ...message, raised: [] };
        const builder = new TreeBuilder(frame.bytes.slice());
        writeAnalysedFrame(frame, builder);
        writeFindings(
          request.raised.map((raised) => ({ ...raised, severity: SEVERITIES[raised.severity] })),
          builder,
        );
        const tree = builder.finish();
        details = {
          frame: request.frame,
          rows: detailRows(tree),
          sources: tree.sources.map(({ name, bytes }) => ({ name, bytes: bytes.slice() })),
        };
      },
    },
  );
  try {
    for (const batch of batches) analysis.push(batch);
  } finally {
    analysis.close();
  }
  return details;
}
