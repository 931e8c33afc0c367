// The tree builder: layers side by side, sources, generated fields, what happens above its cap.

import { describe, expect, test } from 'vitest';
import { frameProtocol, writeFrame } from '../../dissectors/frame-fields.ts';
import { judgedProtocol } from '../../dissectors/judged-fields.ts';
import { field, type Protocol } from '../../dissectors/layer.ts';
import { TREE_NODES, TreeBuilder } from '../../dissectors/tree.ts';

const part = field('demo.part', 'Part', 'uint', { about: 'A part.', clause: 'none' });
const demo: Protocol = { name: 'demo', title: 'Demo', about: 'A test.', clause: 'none', fields: { part } };
const inner: Protocol = { name: 'inner', title: 'Inner', about: 'A test.', clause: 'none', fields: { part } };

describe('tree builder', () => {
  test('layers stand side by side, however decoders were nested, and fields go on in the outer one', () => {
    const builder = new TreeBuilder(Uint8Array.of(1, 2, 3));
    builder.begin(demo, 0, 3);
    builder.begin(inner, 1, 1);
    builder.add(part, 1, 1, 2);
    builder.end();
    builder.add(part, 2, 1, 3);
    builder.end();
    const { layers } = builder.finish();
    expect(layers.map((layer) => [layer.label, layer.children.map((child) => child.value)])).toEqual([
      ['Demo', [3]],
      ['Inner', [2]],
    ]);
  });

  test('groups nest, and a source lasts until its end', () => {
    const builder = new TreeBuilder(Uint8Array.of(1));
    const deciphered = Uint8Array.of(9, 8);
    builder.begin(demo, 0, 1);
    builder.group('Outer', 0, 1);
    builder.source('deciphered SDU', deciphered);
    builder.begin(inner, 0, 2);
    builder.add(part, 0, 1, 9);
    builder.end();
    builder.add(part, 1, 1, 8);
    builder.end();
    builder.add(part, 0, 1, 1);
    builder.end();
    builder.generated(judgedProtocol.fields.verdict, 'decrypted');
    builder.end();
    const tree = builder.finish();
    expect(tree.sources).toEqual([
      { name: 'frame', bytes: Uint8Array.of(1) },
      { name: 'deciphered SDU', bytes: deciphered },
    ]);
    const [first, second] = tree.layers;
    expect(second).toMatchObject({ label: 'Inner', source: 1, children: [{ value: 9, source: 1 }] });
    expect(first.children).toMatchObject([
      {
        kind: 'group',
        label: 'Outer',
        source: 0,
        children: [
          { value: 8, source: 1 },
          { value: 1, source: 0 },
        ],
      },
      { kind: 'generated', value: 'decrypted' },
    ]);
  });

  test('the layer frame ends in the names of all layers', () => {
    const builder = new TreeBuilder(Uint8Array.of(1));
    writeFrame(builder, {
      number: 7,
      seconds: 1,
      nanoseconds: 5,
      captured: 1,
      original: 9,
      interfaceId: 0,
      linkType: 147,
      comments: ['x'],
    });
    builder.begin(demo, 0, 1);
    builder.end();
    builder.begin(inner, 0, 1);
    builder.end();
    const values = new Map(builder.finish().layers[0].children.map((child) => [child.field?.name, child.value]));
    expect(Object.fromEntries(values)).toEqual({
      'frame.number': 7,
      'frame.time': 1_000_000_005n,
      'frame.time_epoch': 1_000_000_005n,
      'frame.len': 9,
      'frame.cap_len': 1,
      'frame.interface_id': 0,
      'frame.link_type': 147,
      'frame.comment': 'x',
      'frame.protocols': 'demo:inner',
    });
    expect(frameProtocol.fields.number.name).toBe('frame.number');
  });

  test('problems keep code, octet and sentence; fields outside a layer are kept too', () => {
    const builder = new TreeBuilder(new Uint8Array(0));
    builder.problem('demo.cut', 3, 'it ends early');
    builder.add(part, 0, 0, 1);
    builder.end();
    expect(builder.finish().layers).toMatchObject([
      { kind: 'problem', code: 'demo.cut', at: 3, label: 'it ends early' },
      { kind: 'field', value: 1 },
    ]);
  });

  test('above its cap it counts what it leaves out', () => {
    const builder = new TreeBuilder(new Uint8Array(0));
    builder.begin(demo, 0, 0);
    for (let count = 0; count < TREE_NODES + 10; count++) builder.add(part, 0, 1, 1);
    const tree = builder.finish();
    expect(tree.layers[0].children).toHaveLength(TREE_NODES - 1);
    expect(tree.dropped).toBe(11);
  });
});
