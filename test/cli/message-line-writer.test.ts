// Lines of messages written straight from the columns, held against those that are put together from records.

import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { Paint } from '../../cli/columns.ts';
import { MessageLineWriter } from '../../cli/message-line-writer.ts';
import { messageLine, nameColumns } from '../../cli/text-lines.ts';
import { MessageEventMaker } from '../../daemon/engine/message-event.ts';
import type { MessageTable } from '../../daemon/engine/message-table.ts';
import type { Keyring } from '../../daemon/keyring/keyring.ts';
import { AsciiWriter } from '../../dissectors/ascii-writer.ts';
import { ownCaptures, visitMessages } from '../analysed-frames.ts';
import { arbitraryRow, keyringOfRows, tableOf } from '../daemon/engine/arbitrary-rows.ts';

const paint: Paint = (code, text) => `<${code}>${text}<>`;

function both(keys: Keyring, table: MessageTable): { fast: string; slow: string } {
  const columns = nameColumns(keys);
  const maker = new MessageEventMaker(keys.groups, { epoch: (serial) => keys.epochs[serial] }, { payload: false });
  const writer = new MessageLineWriter(keys, columns, paint);
  const out = new AsciiWriter();
  let slow = '';
  for (let row = 0; row < table.count; row++) {
    writer.write(table, row, null, out);
    slow += messageLine(maker.make(table, row, null), columns, paint);
  }
  return { fast: Buffer.from(out.take()).toString('utf8'), slow };
}

describe('the same line as from the record', () => {
  test('rows by chance', () => {
    const keys = keyringOfRows();
    fc.assert(
      fc.property(fc.array(arbitraryRow, { minLength: 1, maxLength: 20 }), (rows) => {
        const { fast, slow } = both(keys, tableOf(rows));
        expect(fast).toBe(slow);
      }),
    );
  });

  test('samples and made frames', async () => {
    let messages = 0;
    for (const capture of ownCaptures()) {
      await visitMessages(capture, (keys) => {
        const columns = nameColumns(keys);
        const writer = new MessageLineWriter(keys, columns, paint);
        const out = new AsciiWriter();
        return {
          record: (table, row, reassembled) => writer.write(table, row, reassembled, out),
          message: (event) => {
            messages++;
            expect(Buffer.from(out.take()).toString('utf8')).toBe(messageLine(event, columns, paint));
          },
        };
      });
    }
    expect(messages).toBeGreaterThan(200);
  });
});
