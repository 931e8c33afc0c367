// -T ek written without a tree, held against the tree's: samples, made frames, shared captures, and random trees.

import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { writeAnalysedFrame } from '../../daemon/engine/frame-tree.ts';
import { AsciiWriter } from '../../dissectors/ascii-writer.ts';
import type { TreeWriter } from '../../dissectors/layer.ts';
import { TreeBuilder } from '../../dissectors/tree.ts';
import { EkWriter } from '../../dissectors/tree-ek.ts';
import { treeEk } from '../../dissectors/tree-json.ts';
import { type TestCapture, visitFrames } from '../analysed-frames.ts';
import { testEveryCapture } from '../every-capture.ts';
import { DEMO_FRAME, writeDemo } from './demo-tree.ts';
import { randomTree, writeRandom } from './random-trees.ts';

const out = new AsciiWriter();
const writer = new EkWriter(out);

function both(frame: Uint8Array, write: (tree: TreeWriter) => void): { fast: string; slow: string } {
  const builder = new TreeBuilder(frame);
  write(builder);
  write(writer);
  writer.finish();
  return { fast: Buffer.from(out.take()).toString('utf8'), slow: treeEk(builder.finish()) };
}

/** @returns frames that were compared */
async function compare(capture: TestCapture): Promise<number> {
  let frames = 0;
  await visitFrames(capture, (frame) => {
    const { fast, slow } = both(frame.bytes, (tree) => writeAnalysedFrame(frame, tree));
    // Compared here: the texts are too long for a message.
    expect(fast === slow, `${capture.name}, frame ${frame.number}`).toBe(true);
    frames++;
  });
  return frames;
}

describe('the same text as from the tree', () => {
  test('a frame that has everything', () => {
    const { fast, slow } = both(DEMO_FRAME, writeDemo);
    expect(fast).toBe(slow);
  });

  testEveryCapture(compare);

  test('random trees', () => {
    fc.assert(
      fc.property(randomTree, (random) => {
        const { fast, slow } = both(new Uint8Array(40), (tree) => writeRandom(random, tree));
        expect(fast).toBe(slow);
        for (const line of fast.trimEnd().split('\n')) JSON.parse(line);
      }),
    );
  });
});
