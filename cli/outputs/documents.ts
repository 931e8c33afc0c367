// `-T json` and `-T ek`: the whole tree of each frame as a document.

import { EkDocumentWriter } from '../../daemon/engine/ek-document-writer.ts';
import type { CompiledFilter } from '../../dissectors/filter/compile.ts';
import { treeJson } from '../../dissectors/tree-json.ts';
import { writeLargeOutputAside } from '../output-thread.ts';
import { flushFullOutput, standardOutput, writeOutput } from '../stdout.ts';
import { treeOf } from './details.ts';
import { frameFilter } from './frame-filter.ts';
import type { Output } from './output.ts';

/** Prints documents as the elements of one JSON array, laid out as tshark does. */
export function arrayOutput(): {
  readonly begin: () => void;
  readonly print: (document: string) => void;
  readonly end: () => void;
} {
  let first = true;
  return {
    begin: () => writeOutput('[\n'),
    print: (document) => {
      writeOutput(first ? document : `,\n${document}`);
      first = false;
    },
    end: () => writeOutput('\n]\n'),
  };
}

/** `-T json`; with `-x` the octets of every layer and field beside it. */
export function jsonOutput(filter: CompiledFilter | null, hex: boolean): Output {
  const { passes } = frameFilter(filter);
  const { begin, print, end } = arrayOutput();
  return {
    explains: true,
    begin,
    end,
    listener: {
      frame: (frame) => {
        if (passes(frame)) print(treeJson(treeOf(frame), { octets: hex }));
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
