// Blocks of records: what is written one way is read the other, and whoever passes octets on writes what JSON would have said.

import { Buffer } from 'node:buffer';
import { crc32 } from 'node:zlib';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { decodeRecords, encodeRecords } from '../../../daemon/engine-process/pipe-records.ts';
import { markLength, markLine, RecordLines, readRecordLines } from '../../../daemon/journal/record-groups.ts';
import { Access, Form, narrowGrants } from '../../../daemon/relay/access.ts';
import { decimalLength, writeDecimal } from '../../../daemon/relay/decimal.ts';
import { GateCache } from '../../../daemon/relay/gate-cache.ts';
import { RECORD_TYPES } from '../../../daemon/relay/protocol.ts';
import { RecordRing } from '../../../daemon/relay/record-ring.ts';
import { type EngineRecord, type RelayRecord, traitsOf, wholeEvent } from '../../../daemon/relay/relay-record.ts';
import { StreamClass } from '../../../daemon/relay/stream-class.ts';
import { blockOf, engineRecordsIn, recordsIn } from '../record-blocks.ts';
import { captureFinding, messageRecord } from './fake-host.ts';

const NAMES = ['Engine 71', '"quoted" \\ back', 'Zoë 十', '\u202ebidi \u200b', 'line\nfeed', '\ud800 alone'];

const record: fc.Arbitrary<EngineRecord> = fc.oneof(
  fc
    .record({
      sourceName: fc.constantFrom(...NAMES),
      group: fc.constantFrom('f00001', 'f00102', 'f000??'),
      verdict: fc.constantFrom('decrypted', 'clear', 'downgraded', 'no-key', 'stale'),
      summary: fc.oneof(fc.constantFrom(...NAMES), fc.string({ unit: 'binary' })),
      hasPlain: fc.boolean(),
      access: fc.constantFrom('plain', 'downgraded', 'forensic'),
      hasKey: fc.boolean(),
      track: fc.nat(2),
    })
    .map(({ sourceName, group, verdict, summary, hasPlain, access, hasKey, track }) => {
      const made = messageRecord(7, { sourceName, group, verdict, summary: `${summary} outer` });
      const { seq: _seq, event, key } = made;
      const plain = hasPlain ? { ...made.plain, summary } : null;
      return { event, plain, access, key: hasKey ? key : null, track };
    }),
  fc.record({ count: fc.nat(9), text: fc.string({ unit: 'binary' }) }).map(({ count, text }): EngineRecord => {
    const { seq: _seq, event, ...rest } = captureFinding(count);
    const evidence = { text, number: count / 3, nested: { of: [count, null] } };
    return {
      ...rest,
      event: { ...event, name: 'mikey.replay', summary: text } as EngineRecord['event'],
      plain: { summary: text, evidence },
    };
  }),
);
const records = fc.array(record, { maxLength: 20 });

/** A lone surrogate has no UTF-8; everything else comes back as it was. */
function plainly<Value>(value: Value): Value {
  return JSON.parse(JSON.stringify(value)) as Value;
}

describe('a block', () => {
  test('holds what was written, also after its way over the pipe', () => {
    fc.assert(
      fc.property(records, fc.nat(1e9), (all, through) => {
        const block = blockOf(all);
        expect(engineRecordsIn(block)).toEqual(plainly(all));
        // Parts stand on multiples of 8 of the pipe's buffer.
        const parts = encodeRecords(block, through).map((part) => Uint8Array.from(part));
        const piped = decodeRecords(parts);
        expect(piped?.through).toBe(through);
        expect(engineRecordsIn(piped!.block)).toEqual(plainly(all));
        for (const [row, each] of all.entries()) expect(block.traits(row)).toEqual(plainly(traitsOf(each)));
      }),
    );
  });

  test('that does not fit together is none', () => {
    const parts = (): Uint8Array[] =>
      encodeRecords(blockOf([messageRecord(1), captureFinding(2)]), 2).map((part) => Uint8Array.from(part));
    expect(decodeRecords(parts())).not.toBeNull();
    const broken: ((all: Uint8Array[]) => void)[] = [
      (all) => all.pop(),
      (all) => all.push(new Uint8Array(0)),
      (all) => all.splice(0, 1, Buffer.from('{"through":2')),
      (all) => all.splice(0, 1, Buffer.from('null')),
      (all) => all.splice(0, 1, Buffer.from('{"through":2,"traits":[]}')),
      (all) => all.splice(1, 1, all[1].slice(0, -4)),
      (all) => all.splice(2, 1, all[2].slice(1)),
      (all) => all.splice(3, 1, Buffer.concat([all[3], all[3]])),
      (all) => all[2].fill(10, 5, 6),
    ];
    for (const change of broken) {
      const all = parts();
      change(all);
      expect(decodeRecords(all)).toBeNull();
    }
  });

  test('whose plaintext was taken back has none, nowhere in its octets', () => {
    const block = blockOf([messageRecord(1), messageRecord(2)]);
    expect(block.event(0, Form.plain)).toHaveProperty('payload');
    block.strip(0);
    expect(recordsIn(block).map(({ plain }) => plain === null)).toEqual([true, false]);
    expect(Buffer.from(block.parts.plain.octets).toString()).not.toContain('seq 1"');
    expect(Buffer.from(block.parts.plain.octets).toString()).toContain('seq 2"');
    expect(block.withoutPlain().parts.plain.octets).toHaveLength(0);
  });
});

describe('octets are those of JSON', () => {
  test('the lines of the journal, and their mark', () => {
    fc.assert(
      fc.property(records, fc.integer({ min: 1, max: 1e12 }), fc.nat(50), (all, first, start) => {
        const lines = new RecordLines(blockOf(all), first);
        const into = new Uint8Array(start + lines.length + 1);
        lines.write(into, start);
        const written = into.subarray(start, start + lines.length);
        const expected = all.map(({ event, access, key, track }, at): RelayRecord => {
          return { seq: first + at, event, plain: null, access, key, track };
        });
        expect(readRecordLines(written)).toEqual(plainly(expected));
        expect(Buffer.from(written).toString().split('\n')).toHaveLength(all.length + 1);
        expect([into[into.length - 1], ...into.subarray(0, start)].every((octet) => octet === 0)).toBe(true);
        const mark = { first, count: all.length, through: 5, octets: lines.length, synced: 3 };
        const text = `{"first":${first},"count":${all.length},"through":5,"octets":${lines.length},"synced":3`;
        const crc = crc32(Buffer.concat([Buffer.from(text), written]))
          .toString(16)
          .padStart(8, '0');
        expect(Buffer.from(markLine(mark, written)).toString()).toBe(`${text},"crc32":"${crc}"}\n`);
        expect(markLength(mark)).toBe(markLine(mark, written).length);
      }),
    );
  });

  test('the messages to subscribers', () => {
    const access = new Access(narrowGrants([{ gid: '*', views: ['forensic'] }], null, 'forensic'), RECORD_TYPES, true);
    const gate = new GateCache({ plainAllowed: true, mayUse: () => true });
    fc.assert(
      fc.property(fc.array(records, { minLength: 1, maxLength: 4 }), fc.nat(1e9), (blocks, head) => {
        const ring = new RecordRing(head);
        for (const each of blocks) ring.append({ first: ring.next, block: blockOf(each) }, 0);
        const items = blocks.flat().map((each, at) => ({ seq: head + 1 + at, record: wholeEvent(each) }));
        const stream = new StreamClass(3, access, null);
        const { message, to } = stream.build(ring, head + 1, ring.next, gate, Number.POSITIVE_INFINITY);
        expect(to).toBe(ring.next);
        if (items.length === 0) expect(message).toBeNull();
        else {
          const text = Buffer.from(message!.octets).toString();
          expect(JSON.parse(text)).toEqual(plainly({ type: 'records', sid: 3, records: items }));
          // Nothing but escapes may differ from what JSON.stringify says.
          expect(JSON.stringify(JSON.parse(text))).toBe(
            JSON.stringify(plainly({ type: 'records', sid: 3, records: items })),
          );
        }
      }),
    );
  });

  test('numbers', () => {
    const number = fc.oneof(fc.nat(2000), fc.nat(Number.MAX_SAFE_INTEGER), fc.constantFrom(0, 9, 10, 99, 100, 1e15));
    fc.assert(
      fc.property(number, (value) => {
        const into = new Uint8Array(20);
        const end = writeDecimal(value, into, 2);
        expect(Buffer.from(into.subarray(2, end)).toString()).toBe(String(value));
        expect(decimalLength(value)).toBe(end - 2);
      }),
      { numRuns: 2000 },
    );
  });
});
