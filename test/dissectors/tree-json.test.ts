// -T json and -T ek: tshark's shapes, no duplicate keys, no controls.

import { describe, expect, test } from 'vitest';
import { field, type Protocol } from '../../dissectors/layer.ts';
import { TreeBuilder } from '../../dissectors/tree.ts';
import { treeDocument, treeEk, treeJson } from '../../dissectors/tree-json.ts';
import { DEMO_FRAME, HOSTILE, writeDemo } from './demo-tree.ts';

function demoTree() {
  const builder = new TreeBuilder(DEMO_FRAME);
  writeDemo(builder);
  return builder.finish();
}

const FIRST = {
  'demo.version': '1',
  'demo.flag': '1',
  'demo.lcid': '3',
  'demo.wide': '185',
  'demo.src': '0x0a0b0c',
  'Sub-header': [{ 'demo.type': '0x0800' }, { 'demo.type': '0x86dd' }],
  'demo.addr': '10.0.0.1',
  'demo.name': HOSTILE,
  'demo.mark': 'Marked',
  'demo.time': 'May  1, 2026 10:00:00.000000001 UTC',
  'demo.large': '0x0000ffffffffffff',
  'slrb.group': 'f00001',
  'slrb.verdict': 'decrypted',
};

describe('-T json', () => {
  test('the shape, with repeated layers and groups as arrays', () => {
    const document = JSON.parse(treeJson(demoTree())) as { _source: { layers: Record<string, unknown> } };
    expect(document).toMatchObject({ _index: 'packets-2026-05-01', _type: 'doc', _score: null });
    const { layers } = document._source;
    expect(Object.keys(layers)).toEqual(['frame', 'demo']);
    expect(layers.frame).toMatchObject({ 'frame.number': '3', 'frame.time_epoch': '1777629600.123456000' });
    expect(layers.demo).toEqual([
      FIRST,
      {
        'demo.data': 'ff:0a',
        problem: { 'problem.code': 'demo.cut', 'problem.at': '3', 'problem.text': 'it ends early' },
      },
    ]);
  });

  test('no key twice in any object', () => {
    // A key that occurs twice would be lost by JSON.parse: the text would not come back.
    const text = treeJson(demoTree());
    const again = JSON.stringify(JSON.parse(text), null, 2);
    expect(again.split('\n').length).toBe(text.split('\n').length);
  });

  test('controls are escapes, and come back as what they were', () => {
    const text = treeJson(demoTree()) + treeEk(demoTree());
    expect(/[^\n\x20-\x7e]/.test(text)).toBe(false);
  });

  test('with octets: hex, place, mask and source beside each field', () => {
    const document = treeDocument(demoTree(), { octets: true });
    const layers = (document._source as { layers: Record<string, unknown[]> }).layers;
    expect(layers.frame_raw.slice(1)).toEqual([0, 20, 0, 'frame']);
    expect((layers.demo[0] as Record<string, unknown>)['demo.version_raw']).toEqual(['30', 0, 1, 0xf0, 'frame']);
    expect((layers.demo[1] as Record<string, unknown>)['demo.data_raw']).toEqual(['ff0a', 1, 2, 0, 'deciphered SDU']);
  });

  test('the layer ipv4 has the name that tshark gives it', () => {
    const protocol: Protocol = { name: 'ipv4', title: 'x', about: 'x', clause: 'x', fields: {} };
    const builder = new TreeBuilder(new Uint8Array(1));
    builder.begin(protocol, 0, 1);
    builder.end();
    expect(JSON.parse(treeJson(builder.finish()))).toMatchObject({ _source: { layers: { ip: {} } } });
  });

  test('names that objects have of themselves are keys as any other', () => {
    const odd = field('__proto__', 'Odd', 'uint', { about: 'x', clause: 'x' });
    const protocol: Protocol = { name: 'constructor', title: 'x', about: 'x', clause: 'x', fields: { odd } };
    const builder = new TreeBuilder(new Uint8Array(1));
    builder.begin(protocol, 0, 1);
    builder.add(odd, 0, 1, 1);
    builder.add(odd, 0, 1, 2);
    builder.end();
    expect(treeJson(builder.finish())).toMatch(/"constructor": \{\s+"__proto__": \[\s+"1",\s+"2"\s+\]/);
    expect(treeEk(builder.finish())).toContain('"constructor":{"constructor___proto__":["1","2"]}');
  });
});

describe('-T ek', () => {
  test('an index line and a document line', () => {
    const [index, document, rest] = treeEk(demoTree()).split('\n');
    expect(rest).toBe('');
    expect(JSON.parse(index)).toEqual({ index: { _index: 'packets-2026-05-01', _type: 'doc' } });
    const parsed = JSON.parse(document) as { timestamp: string; layers: Record<string, unknown> };
    expect(parsed.timestamp).toBe('1777629600123');
    expect(parsed.layers.frame).toMatchObject({
      frame_frame_number: '3',
      frame_frame_time: '2026-05-01T10:00:00.123456000Z',
      frame_frame_time_epoch: '1777629600.123456000',
    });
    expect(parsed.layers.demo).toMatchObject([
      { demo_demo_flag: true, demo_demo_type: ['0x0800', '0x86dd'], demo_slrb_verdict: 'decrypted' },
      { demo_demo_data: 'ff:0a', demo_problem_code: 'demo.cut' },
    ]);
  });

  test('without a time there is no timestamp', () => {
    expect(treeEk(new TreeBuilder(new Uint8Array(0)).finish())).toBe(
      '{"index":{"_index":"packets","_type":"doc"}}\n{"layers":{}}\n',
    );
  });
});
