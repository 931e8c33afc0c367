// A display filter over a whole capture: which messages pass, by their place in the order of all messages.

import type { FrameSource } from '../../captures/frame-batch.ts';
import type { CompiledFilter } from '../../dissectors/filter/compile.ts';
import { Analysis } from '../analysis.ts';
import { FrameReader } from '../engine/frame-reader.ts';
import type { DetailsOptions } from './frame-details.ts';
import { type Pace, pacedPass } from './paced-pass.ts';

/**
 * Tests every message. The capture is judged anew, because a filter may ask for anything that judgement knows.
 *
 * @param matched told a little at a time: ordinals (from 0) of messages that pass, and how many have been tested
 */
export async function filterPass(
  source: FrameSource,
  filter: CompiledFilter,
  options: DetailsOptions,
  pace: Pick<Pace, 'signal' | 'now'>,
  matched: (ordinals: Uint32Array, seen: number) => void,
): Promise<void> {
  const reader = new FrameReader(filter.wanted);
  let ordinals: number[] = [];
  let seen = 0;
  const analysis = new Analysis(
    { ...options, explain: reader.explains },
    {
      // Filters may ask for findings: they are only looked for where somebody listens.
      finding: () => undefined,
      message: () => undefined,
      accepts: (frame, message) => {
        reader.readMessage(frame, message);
        if (filter.test(reader.values)) ordinals.push(seen);
        seen++;
        return false;
      },
    },
  );
  const turned = (): void => {
    matched(Uint32Array.from(ordinals), seen);
    ordinals = [];
  };
  await pacedPass(source, analysis, { ...pace, turned });
}
