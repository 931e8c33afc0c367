// Records written straight from the columns, held octet by octet against the records that are made and stringified: rows
// by chance with names that no keyring should have, and every capture at hand.

import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { type EpochLookup, MessageEventMaker } from '../../../daemon/engine/message-event.ts';
import { MessageRecordWriter } from '../../../daemon/engine/message-record-writer.ts';
import { MessageFlag, type MessageTable, NONE } from '../../../daemon/engine/message-table.ts';
import type { Keyring } from '../../../daemon/keyring/keyring.ts';
import { AsciiWriter } from '../../../dissectors/ascii-writer.ts';
import { encodeIpv4 } from '../../../dissectors/internet/ipv4.ts';
import { encodeUdp } from '../../../dissectors/internet/udp.ts';
import { encodeRtp } from '../../../dissectors/media/rtp.ts';
import { printableJson } from '../../../dissectors/printable.ts';
import { ownCaptures, sharedCaptures, type TestCapture, visitMessages } from '../../analysed-frames.ts';
import { NO_SHARED } from '../../shared-captures.ts';
import { arbitraryRow, GROUPS, keyringOfRows, type Row, tableOf } from './arbitrary-rows.ts';

/** Both texts of every row. */
function both(keys: Keyring, table: MessageTable, payload: boolean): { fast: string; slow: string } {
  const epochs: EpochLookup = { epoch: (serial) => keys.epochs[serial] };
  const maker = new MessageEventMaker(keys.groups, epochs, { payload });
  const writer = new MessageRecordWriter(keys, { payload });
  const out = new AsciiWriter();
  let slow = '';
  for (let row = 0; row < table.count; row++) {
    writer.write(table, row, null, out);
    slow += `${printableJson(maker.make(table, row, null))}\n`;
  }
  return { fast: Buffer.from(out.take()).toString('utf8'), slow };
}

describe('the same octets as from the record', () => {
  const keys = keyringOfRows();

  test('rows by chance', () => {
    expect(keys.epochs.length).toBe(2 * GROUPS);
    fc.assert(
      fc.property(fc.array(arbitraryRow, { minLength: 1, maxLength: 30 }), fc.boolean(), (rows, payload) => {
        const { fast, slow } = both(keys, tableOf(rows), payload);
        expect(fast).toBe(slow);
      }),
    );
  });

  test('more senders, streams and lengths than are remembered, and back', () => {
    const row = fc.sample(arbitraryRow, { numRuns: 1, seed: 1 })[0];
    const payload = new Uint8Array(1);
    const rows = Array.from({ length: 20_000 }, (_, index): Row => {
      const number = index % 9_000;
      const rtp = encodeRtp({ payloadType: 0, sequence: index & 0xffff, timestamp: 1, ssrc: 2, payload });
      const udp = encodeUdp({ sourcePort: 5000 + (number & 1023), destinationPort: 5004, payload: rtp });
      const address = Uint8Array.of(10, 0, number >>> 8, number & 255);
      const sdu = encodeIpv4({ source: address, destination: address, protocol: 17, payload: udp });
      const flags = MessageFlag.plaintextShown;
      return { ...row, sdu, sduType: 0, flags, verdict: 2, source: number, evidence: 1279, group: 0, epoch: NONE };
    });
    const { fast, slow } = both(keys, tableOf(rows), false);
    expect(fast === slow).toBe(true);
    expect(fast).toContain('RTP PCMU seq 19999"');
  });

  test.each(ownCaptures().map((capture) => [capture.name, capture] as const))('%s', async (_name, capture) => {
    expect(await compare(capture)).toBeGreaterThanOrEqual(0);
  });

  const shared = sharedCaptures();
  test('shared captures', async ({ skip }) => {
    if (shared.length === 0) skip(NO_SHARED);
    let messages = 0;
    for (const capture of shared) messages += await compare(capture);
    expect(messages).toBeGreaterThan(200);
  });
});

/** @returns messages that were compared */
async function compare(capture: TestCapture): Promise<number> {
  const fast = new AsciiWriter();
  let slow = '';
  let messages = 0;
  await visitMessages(capture, (keys) => {
    const writer = new MessageRecordWriter(keys, { payload: true });
    return {
      record: (table, row, reassembled) => writer.write(table, row, reassembled, fast),
      message: (event) => {
        slow += `${printableJson(event)}\n`;
        messages++;
      },
    };
  });
  // Compared here: the texts are too long for a message.
  expect(Buffer.from(fast.take()).toString('utf8') === slow).toBe(true);
  return messages;
}
