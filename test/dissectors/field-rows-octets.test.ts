// Lines of -T fields written as octets, held against the lines made of strings: all fields, in all captures.

import { describe, expect, test } from 'vitest';
import { writeAnalysedFrame } from '../../daemon/engine/frame-tree.ts';
import { AsciiWriter } from '../../dissectors/ascii-writer.ts';
import { FieldCollector, joinWanted } from '../../dissectors/field-collector.ts';
import { FieldRows, parseRowOptions, ROW_COLUMNS } from '../../dissectors/field-rows.ts';
import { allFields, allProtocols } from '../../dissectors/fields.ts';
import { ownCaptures, visitFrames } from '../analysed-frames.ts';

const NAMES = [...allFields(), ...allProtocols()].map((entry) => entry.name);
const OPTIONS = [[], ['quote=d', 'separator=,'], ['occurrence=f', 'separator=ä'], ['aggregator=/s', 'quote=s']];

describe('the same line', () => {
  test.each(ownCaptures().map((capture) => [capture.name, capture] as const))('%s', async (_name, capture) => {
    const rows: FieldRows[] = [];
    for (let at = 0; at < NAMES.length; at += ROW_COLUMNS) {
      const names = NAMES.slice(at, at + ROW_COLUMNS);
      for (const options of OPTIONS) rows.push(new FieldRows(names, parseRowOptions(options)));
    }
    const values = new FieldCollector(joinWanted(...rows.map((row) => row.wanted)));
    const out = new AsciiWriter();
    let lines = 0;
    await visitFrames(capture, (frame) => {
      values.reset(frame.bytes);
      writeAnalysedFrame(frame, values);
      for (const row of rows) {
        row.writeRow(values, out);
        expect(Buffer.from(out.take()).toString('utf8'), `frame ${frame.number}`).toBe(`${row.row(values)}\n`);
        lines++;
      }
    });
    expect(lines).toBeGreaterThan(0);
  });
});
