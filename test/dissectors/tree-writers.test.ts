// -V, -x and -T json written from columns, held against what is written of the tree: samples, made frames, shared captures,
// and random trees.

import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { writeAnalysedFrame } from '../../daemon/engine/frame-tree.ts';
import { AsciiWriter } from '../../dissectors/ascii-writer.ts';
import type { TreeWriter } from '../../dissectors/layer.ts';
import { TREE_NODES, TreeBuilder } from '../../dissectors/tree.ts';
import { TreeColumns } from '../../dissectors/tree-columns.ts';
import { treeJson } from '../../dissectors/tree-json.ts';
import { TreeJsonWriter } from '../../dissectors/tree-json-writer.ts';
import { writeDump, writeTreeText } from '../../dissectors/tree-text-writer.ts';
import { type TestCapture, visitFrames } from '../analysed-frames.ts';
import { testEveryCapture } from '../every-capture.ts';
import { DEMO, DEMO_FRAME, writeDemo } from './demo-tree.ts';
import { dumpText, treeText } from './plain-tree-text.ts';
import { randomTree, writeRandom } from './random-trees.ts';

const out = new AsciiWriter();
// One of each for all frames, as whoever prints has them.
const columns = new TreeColumns();
const json = new TreeJsonWriter(out);
const rawJson = new TreeJsonWriter(out, { octets: true });

const written = (): string => Buffer.from(out.take()).toString('utf8');

function both(frame: Uint8Array, write: (tree: TreeWriter) => void): { fast: string[]; slow: string[] } {
  const builder = new TreeBuilder(frame);
  write(builder);
  const tree = builder.finish();
  columns.start(frame);
  write(columns);
  columns.finish();
  writeTreeText(columns, out);
  const text = written();
  writeDump(columns.sources, out);
  const dump = written();
  json.write(columns);
  const document = written();
  columns.start(frame);
  write(columns);
  columns.finish();
  rawJson.write(columns);
  const slow = [treeText(tree), dumpText(tree), treeJson(tree), treeJson(tree, { octets: true })];
  return { fast: [text, dump, document, written()], slow };
}

/** @returns frames that were compared */
async function compare(capture: TestCapture): Promise<number> {
  let frames = 0;
  await visitFrames(capture, (frame) => {
    const { fast, slow } = both(frame.bytes, (tree) => writeAnalysedFrame(frame, tree));
    // Compared here: the texts are too long for a message.
    const differs = fast.findIndex((text, index) => text !== slow[index]);
    expect(differs, `${capture.name}, frame ${frame.number}: -V, -x, -T json, -T json -x`).toBe(-1);
    frames++;
  });
  return frames;
}

describe('the same text as from the tree', () => {
  test('a frame that has everything', () => {
    const { fast, slow } = both(DEMO_FRAME, writeDemo);
    expect(fast).toEqual(slow);
  });

  testEveryCapture(compare);

  test('random trees', () => {
    fc.assert(
      fc.property(randomTree, (random) => {
        const { fast, slow } = both(new Uint8Array(40), (tree) => writeRandom(random, tree));
        expect(fast).toEqual(slow);
        JSON.parse(fast[2]);
        JSON.parse(fast[3]);
      }),
      { numRuns: 400 },
    );
  });

  test('more nodes than a tree may have', () => {
    const { fast, slow } = both(new Uint8Array(40), (tree) => {
      writeDemo(tree);
      tree.begin(DEMO, 0, 20);
      for (let node = 0; node < TREE_NODES; node++) tree.add(DEMO.fields.lcid, 0, 1, node & 7);
      tree.group('left out', 0, 1);
      tree.end();
      tree.end();
      tree.begin(DEMO, 0, 20);
      tree.end();
    });
    expect(fast[0]).toContain('more nodes are not shown');
    expect(fast.map((text, index) => text === slow[index])).toEqual([true, true, true, true]);
  });

  test('more labels than are remembered, in one document and in many', () => {
    const labels = (first: number, count: number) => (tree: TreeWriter) => {
      tree.begin(DEMO, 0, 20);
      for (let label = first; label < first + count; label++) {
        tree.group(`label ${label}`, 0, 1);
        tree.add(DEMO.fields.lcid, 0, 1, label & 7);
        tree.end();
      }
      tree.end();
    };
    for (const [first, count] of [
      [0, 5000],
      [0, 10],
      [5000, 10],
      [3, 10],
    ]) {
      const { fast, slow } = both(new Uint8Array(40), labels(first, count));
      expect(fast.map((text, index) => text === slow[index])).toEqual([true, true, true, true]);
    }
  });
});
