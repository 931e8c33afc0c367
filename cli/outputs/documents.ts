// `-T json` and `-T ek`: the whole tree of each frame as a document.

import { EkDocumentWriter } from '../../daemon/engine/ek-document-writer.ts';
import type { CompiledFilter } from '../../dissectors/filter/compile.ts';
import { TreeColumns } from '../../dissectors/tree-columns.ts';
import { TreeJsonWriter } from '../../dissectors/tree-json-writer.ts';
import { writeLargeOutputAside } from '../output-thread.ts';
import { flushFullOutput, standardOutput, writeOutput } from '../stdout.ts';
import { takeFrame } from './details.ts';
import { frameFilter } from './frame-filter.ts';
import type { Output } from './output.ts';

/** Prints documents as the elements of one JSON array, laid out as tshark does. */
export function arrayOutput(): {
  readonly begin: () => void;
  /** In front of each document that is printed otherwise. */
  readonly separate: () => void;
  readonly print: (document: string) => void;
  readonly end: () => void;
} {
  let isFirst = true;
  const separate = (): void => {
    if (!isFirst) standardOutput.text(',\n');
    isFirst = false;
  };
  return {
    begin: () => writeOutput('[\n'),
    separate,
    print: (document) => {
      separate();
      writeOutput(document);
    },
    end: () => writeOutput('\n]\n'),
  };
}

/**
 * `-T json`.
 *
 * @param hex `-x`: the octets of every layer and field beside it
 * @param aside whether another thread may write it
 * @param isLarge whether it is known that there will be very much of it
 */
export function jsonOutput(filter: CompiledFilter | null, hex: boolean, aside: boolean, isLarge: boolean): Output {
  const { passes } = frameFilter(filter);
  const { begin, separate, end } = arrayOutput();
  const tree = new TreeColumns();
  const writer = new TreeJsonWriter(standardOutput, { octets: hex });
  return {
    explains: true,
    begin: () => {
      begin();
      if (aside) writeLargeOutputAside(isLarge);
    },
    end,
    listener: {
      frame: (frame) => {
        if (!passes(frame)) return;
        takeFrame(tree, frame);
        separate();
        writer.write(tree);
        flushFullOutput();
      },
    },
  };
}

/**
 * `-T ek`.
 *
 * @param aside whether another thread may write it
 * @param isLarge whether it is known that there will be very much of it
 */
export function ekOutput(filter: CompiledFilter | null, aside: boolean, isLarge: boolean): Output {
  const { passes } = frameFilter(filter);
  const writer = new EkDocumentWriter(standardOutput);
  return {
    explains: true,
    // While others read and judge the first frames, and this thread has nothing to do.
    begin: () => {
      if (aside) writeLargeOutputAside(isLarge);
    },
    listener: {
      frame: (frame) => {
        if (!passes(frame)) return;
        writer.write(frame);
        flushFullOutput();
      },
    },
  };
}
