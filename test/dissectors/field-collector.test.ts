// The collector of -Y and -e: only what is wanted, nothing left over from the frame before.

import { describe, expect, test } from 'vitest';
import { FieldCollector, joinWanted, VALUES_PER_FIELD } from '../../dissectors/field-collector.ts';
import { frameProtocol } from '../../dissectors/frame-fields.ts';
import { problemProtocol } from '../../dissectors/judged-fields.ts';
import { DEMO, DEMO_FRAME, DEMO_SDU, writeDemo } from './demo-tree.ts';

const { fields } = DEMO;
const NOTHING = { fields: [], layers: [], octets: [] };

describe('field collector', () => {
  test('keeps wanted values, in order, and nothing else', () => {
    const collector = new FieldCollector({ ...NOTHING, fields: [fields.type, fields.version] });
    collector.reset(DEMO_FRAME);
    writeDemo(collector);
    expect([0, 1].map((index) => collector.value(fields.type, index))).toEqual([0x800, 0x86dd]);
    expect(collector.count(fields.type)).toBe(2);
    expect(collector.count(fields.version)).toBe(1);
    expect(collector.count(fields.lcid)).toBe(0);
    expect(collector.layers(DEMO)).toBe(0);
  });

  test('forgets the frame before', () => {
    const collector = new FieldCollector({ fields: [fields.type], layers: [DEMO], octets: [frameProtocol] });
    collector.reset(DEMO_FRAME);
    writeDemo(collector);
    expect(collector.layers(DEMO)).toBe(2);
    collector.reset(new Uint8Array(0));
    expect(collector.count(fields.type)).toBe(0);
    expect(collector.layers(DEMO)).toBe(0);
    expect(collector.layers(frameProtocol)).toBe(0);
  });

  test('octets of a layer come from the source that holds it', () => {
    const collector = new FieldCollector({ ...NOTHING, octets: [DEMO, frameProtocol] });
    collector.reset(DEMO_FRAME);
    writeDemo(collector);
    collector.begin(DEMO, 18, 2);
    collector.end();
    expect(collector.octets(frameProtocol, 0)).toEqual(DEMO_FRAME);
    expect(collector.octets(DEMO, 0)).toEqual(DEMO_FRAME);
    expect(collector.octets(DEMO, 1)).toEqual(DEMO_SDU);
    expect(collector.octets(DEMO, 2)).toEqual(DEMO_FRAME.subarray(18));
    expect(collector.octets(DEMO, 3)).toEqual(new Uint8Array(0));
  });

  test('problems are fields, and frame.protocols is put together when it is asked for', () => {
    const { code, at, text } = problemProtocol.fields;
    const { protocols } = frameProtocol.fields;
    const collector = new FieldCollector({
      fields: [code, at, text, protocols],
      layers: [problemProtocol],
      octets: [],
    });
    collector.reset(DEMO_FRAME);
    writeDemo(collector);
    expect([code, at, text].map((field) => collector.value(field, 0))).toEqual(['demo.cut', 3, 'it ends early']);
    expect(collector.layers(problemProtocol)).toBe(1);
    expect([collector.count(protocols), collector.value(protocols, 0)]).toEqual([1, 'demo:demo']);
  });

  test('values and layers beyond the cap are left out', () => {
    const collector = new FieldCollector({ fields: [fields.lcid], layers: [DEMO], octets: [] });
    collector.reset(DEMO_FRAME);
    for (let count = 0; count < VALUES_PER_FIELD + 5; count++) {
      collector.add(fields.lcid, 0, 1, count);
      collector.begin(DEMO, 0, 0);
      collector.end();
    }
    expect(collector.count(fields.lcid)).toBe(VALUES_PER_FIELD);
    expect(collector.layers(DEMO)).toBe(VALUES_PER_FIELD);
  });

  test('parties that want the same thing get it once', () => {
    const one = { fields: [fields.lcid], layers: [DEMO], octets: [] };
    const other = { fields: [fields.lcid, fields.type], layers: [DEMO], octets: [DEMO] };
    expect(joinWanted(one, other)).toEqual({ fields: [fields.lcid, fields.type], layers: [DEMO], octets: [DEMO] });
    const collector = new FieldCollector(joinWanted(one, other));
    collector.reset(DEMO_FRAME);
    writeDemo(collector);
    expect(collector.count(fields.lcid)).toBe(1);
    expect(collector.octets(DEMO, 1)).toEqual(DEMO_SDU);
  });
});
