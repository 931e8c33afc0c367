// -T ek written without a tree, held against the tree's: samples, made frames, shared captures, and random trees.

import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { writeAnalysedFrame } from '../../daemon/engine/frame-tree.ts';
import { AsciiWriter } from '../../dissectors/ascii-writer.ts';
import { writeFrame } from '../../dissectors/frame-fields.ts';
import type { Field, FieldValue, TreeWriter } from '../../dissectors/layer.ts';
import { PROTOCOLS } from '../../dissectors/protocols.ts';
import { TreeBuilder } from '../../dissectors/tree.ts';
import { EkWriter } from '../../dissectors/tree-ek.ts';
import { treeEk } from '../../dissectors/tree-json.ts';
import { ownCaptures, sharedCaptures, type TestCapture, visitFrames } from '../analysed-frames.ts';
import { NO_SHARED } from '../shared-captures.ts';
import { DEMO_FRAME, HOSTILE, writeDemo } from './demo-tree.ts';

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

  test.each(ownCaptures().map((capture) => [capture.name, capture] as const))('%s', async (_name, capture) => {
    expect(await compare(capture)).toBeGreaterThan(0);
  });

  test('shared captures', { timeout: 60_000 }, async (context) => {
    const shared = sharedCaptures();
    context.skip(shared.length === 0, NO_SHARED);
    let frames = 0;
    for (const capture of shared) frames += await compare(capture);
    expect(frames).toBeGreaterThan(1000);
  });

  test('random trees', () => {
    fc.assert(
      fc.property(fc.array(step, { maxLength: 40 }), fc.boolean(), (steps, withFrame) => {
        const { fast, slow } = both(new Uint8Array(40), (tree) => {
          if (withFrame) writeFrame(tree, FACTS);
          let open = 0;
          for (const { kind, protocol, field, value } of steps) {
            if (kind === 'begin') {
              tree.begin(INNER[protocol % INNER.length], 0, 1);
              open++;
            } else if (kind === 'group' || kind === 'source') {
              if (open === 0) continue;
              if (kind === 'group') tree.group('group', 0, 1);
              else tree.source('source', new Uint8Array(3));
              open++;
            } else if (kind === 'end') {
              if (open > 0) tree.end();
              open = Math.max(0, open - 1);
            } else if (kind === 'problem') tree.problem('demo.code', 3, HOSTILE);
            else if (open > 0) {
              const fields = Object.values(INNER[protocol % INNER.length].fields);
              const chosen = fields[field % fields.length];
              tree.add(chosen, 0, 1, valueFor(chosen, value));
            }
          }
          for (; open > 0; open--) tree.end();
        });
        expect(fast).toBe(slow);
        for (const line of fast.trimEnd().split('\n')) JSON.parse(line);
      }),
    );
  });
});

/** The layer `frame` stands first and once; `writeFrame` writes it. */
const INNER = PROTOCOLS.slice(1);
const FACTS = { number: 1, seconds: 5, nanoseconds: 7, captured: 4, original: 4, interfaceId: 0, linkType: 1 };

const step = fc.record({
  kind: fc.constantFrom('begin', 'group', 'source', 'end', 'problem', 'add', 'add', 'add', 'add'),
  protocol: fc.nat({ max: 40 }),
  field: fc.nat({ max: 12 }),
  value: fc.nat(),
});

function valueFor(field: Field, value: number): FieldValue {
  switch (field.type) {
    case 'bool':
      return value % 2 === 1;
    case 'uint':
      return value % 3 === 0 ? BigInt(value) : value;
    case 'l2id':
      return value % 5 === 0 ? 'f000??' : value & 0xff_ffff;
    case 'time':
      return BigInt(value) * 1_000_000_007n;
    case 'text':
      return value % 2 === 0 ? HOSTILE : `text "${value}" \\ ä`;
    case 'marker':
      return true;
    case 'ipv4':
      return Uint8Array.of(value, 2, 3, 4);
    case 'ipv6':
      return new Uint8Array(16).fill(value);
    case 'ether':
      return new Uint8Array(6).fill(value);
    default:
      return new Uint8Array(value % 7).fill(value);
  }
}
