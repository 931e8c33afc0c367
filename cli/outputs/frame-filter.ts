// Which frames `-Y` lets through, for the printers of whole frames.

import type { AnalysedFrame } from '../../daemon/engine/analysed-frame.ts';
import { FrameReader } from '../../daemon/engine/frame-reader.ts';
import type { CompiledFilter } from '../../dissectors/filter/compile.ts';

/** Tells whether a frame passes; `explains` says whether the keys tried must be written down for that. */
export interface FrameFilter {
  readonly explains: boolean;
  readonly passes: (frame: AnalysedFrame) => boolean;
}

/** The frames that pass a filter; without one all do. */
export function frameFilter(filter: CompiledFilter | null): FrameFilter {
  if (filter === null) return { explains: false, passes: () => true };
  const reader = new FrameReader(filter.wanted);
  return {
    explains: reader.explains,
    passes: (frame) => {
      reader.read(frame);
      return filter.test(reader.values);
    },
  };
}
