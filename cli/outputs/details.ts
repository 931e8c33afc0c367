// `-V`: the layer tree of each frame as text. `-x`: its octets, and those of its deciphered SDUs.

import type { AnalysisListener } from '../../daemon/analysis.ts';
import type { AnalysedFrame } from '../../daemon/engine/analysed-frame.ts';
import { writeAnalysedFrame } from '../../daemon/engine/frame-tree.ts';
import type { KeyEvent, MessageEvent } from '../../daemon/events.ts';
import { formatInstant } from '../../daemon/time.ts';
import type { CompiledFilter } from '../../dissectors/filter/compile.ts';
import { TreeColumns } from '../../dissectors/tree-columns.ts';
import { writeDump, writeTreeText } from '../../dissectors/tree-text-writer.ts';
import { OUTCOME_NAMES } from '../../dissectors/walk-table.ts';
import { writeLargeOutputAside } from '../output-thread.ts';
import { flushFullOutput, standardOutput, writeOutput } from '../stdout.ts';
import { frameFilter } from './frame-filter.ts';
import type { Output } from './output.ts';

const LINE_FEED = 0x0a;

/** Brings a tree to everything that is known of a frame. It refers to octets of the batch. */
export function takeFrame(tree: TreeColumns, frame: AnalysedFrame): void {
  tree.start(frame.bytes);
  writeAnalysedFrame(frame, tree);
  tree.finish();
}

/**
 * `-V`, with `-x` the dump behind each tree. Frames are set apart by an empty line, as tshark does.
 *
 * @param aside whether another thread may write it
 * @param isLarge whether it is known that there will be very much of it
 */
export function detailsOutput(filter: CompiledFilter | null, hex: boolean, aside: boolean, isLarge: boolean): Output {
  const { passes } = frameFilter(filter);
  const tree = new TreeColumns();
  return {
    explains: true,
    begin: () => {
      if (aside) writeLargeOutputAside(isLarge);
    },
    listener: {
      frame: (frame) => {
        if (!passes(frame)) return;
        takeFrame(tree, frame);
        writeTreeText(tree, standardOutput);
        standardOutput.octet(LINE_FEED);
        if (hex) {
          writeDump(tree.sources, standardOutput);
          standardOutput.octet(LINE_FEED);
        }
        flushFullOutput();
      },
    },
  };
}

/** `-x` alone: the lines of the frame's messages, or why it has none, then the dump. */
export function hexOutput(lines: AnalysisListener, filter: CompiledFilter | null): Output {
  const { passes, explains } = frameFilter(filter);
  // Lines of the frame at hand: whether they are printed is known when all of it is.
  let messages: MessageEvent[] = [];
  let keys: KeyEvent[] = [];
  const tree = new TreeColumns();
  return {
    explains,
    listener: {
      message: (event) => messages.push(event),
      key: (event) => keys.push(event),
      frame: (frame) => {
        if (passes(frame)) {
          for (const event of keys) lines.key?.(event);
          for (const event of messages) lines.message?.(event);
          if (keys.length + messages.length === 0) writeOutput(emptyLine(frame));
          takeFrame(tree, frame);
          writeDump(tree.sources, standardOutput);
          standardOutput.octet(LINE_FEED);
          flushFullOutput();
        }
        if (messages.length > 0) messages = [];
        if (keys.length > 0) keys = [];
      },
    },
  };
}

function emptyLine(frame: AnalysedFrame): string {
  const { batch, row } = frame;
  const time = formatInstant(batch.seconds[row], batch.nanoseconds[row], batch.digits[row]);
  const outcome = OUTCOME_NAMES[frame.walk.frames.outcome[row]] as string | undefined;
  const why = outcome ?? 'completes no message';
  return `${String(frame.number).padStart(7)}  ${time.slice(0, 10)} ${time.slice(11, -1)}  ${why}\n`;
}
