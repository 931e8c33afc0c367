// The two texts of a message that the engine writes are those that the JSON of its two parts would have been.

import fc from 'fast-check';
import { expect, test } from 'vitest';
import { MessageEventMaker } from '../../../daemon/engine/message-event.ts';
import { MessageRecordWriter } from '../../../daemon/engine/message-record-writer.ts';
import { MessageFlag, NONE } from '../../../daemon/engine/message-table.ts';
import { outerSummary } from '../../../daemon/engine-process/message-parts.ts';
import { AsciiWriter } from '../../../dissectors/ascii-writer.ts';
import { printableJson } from '../../../dissectors/printable.ts';
import { outerMessage, plainMessage } from '../../reference/message-parts.ts';
import { arbitraryRow, keyringOfRows, tableOf } from '../engine/arbitrary-rows.ts';

test('rows by chance', () => {
  const keys = keyringOfRows();
  const maker = new MessageEventMaker(keys.groups, { epoch: (serial) => keys.epochs[serial] }, { payload: false });
  const out = new AsciiWriter();
  const text = (): string => Buffer.from(out.take()).toString('utf8');
  let whole = 0;
  fc.assert(
    fc.property(fc.array(arbitraryRow, { minLength: 1, maxLength: 30 }), fc.boolean(), (rows, corrects) => {
      const table = tableOf(rows);
      const writer = new MessageRecordWriter(keys, { payload: true });
      const mark = corrects ? { corrects } : {};
      for (let row = 0; row < table.count; row++) {
        const outer = { ...outerMessage(maker, table, row), ...mark };
        const epoch = table.epoch[row] === NONE ? null : keys.epochs[table.epoch[row]];
        // No plaintext is known of a message that names no key although its verdict says so.
        writer.writeOuter(table, row, outerSummary(maker, table, row, epoch), corrects, out);
        expect(text()).toBe(printableJson(outer));
        if ((table.flags[row] & MessageFlag.plaintextShown) === 0) continue;
        writer.writeWhole(table, row, null, corrects, out);
        expect(text()).toBe(printableJson({ ...outer, ...plainMessage(maker, table, row, outer.protocols, null) }));
        whole++;
      }
    }),
  );
  expect(whole).toBeGreaterThan(100);
});
