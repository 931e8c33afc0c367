import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { ENTITY_CAP, Fate, Reassembly, SEGMENT_CAP, SEGMENT_MS } from '../../../daemon/engine/reassembly.ts';
import { ElementFlag } from '../../../dissectors/walk-table.ts';
import { SlowReassembly } from '../../reference/reassembly.ts';

const { starts, ends, firstOfPdu } = ElementFlag;
const WHOLE = starts | ends | firstOfPdu;
const FIRST = starts | firstOfPdu;
const MIDDLE = firstOfPdu;
const LAST = ends | firstOfPdu;

/** A reassembly fed by hand, and what it lost. */
function bench() {
  const lost: number[][] = [];
  const reassembly = new Reassembly((frames) => lost.push([...frames]));
  let frame = 0;
  const take = (sn: number, flags: number, text: string, at = frame * 20, cut = 0, lcid = 3) => {
    const bytes = new TextEncoder().encode(text);
    frame++;
    return reassembly.take(1, 2, 1, lcid, sn, flags, bytes, 0, bytes.length + cut, bytes.length, frame, at);
  };
  const text = () => {
    const done = reassembly.completed;
    return done === null ? null : new TextDecoder().decode(done.bytes.subarray(0, done.length));
  };
  return { reassembly, lost, take, text };
}

describe('Reassembly (RLC UM, window 0)', () => {
  test('joins segments of consecutive SNs, over the wrap', () => {
    const { take, text, reassembly, lost } = bench();
    expect(take(31, FIRST, 'ab')).toBe(Fate.waiting);
    expect(take(0, MIDDLE, 'cd')).toBe(Fate.waiting);
    expect(take(1, LAST, 'ef')).toBe(Fate.completed);
    expect(text()).toBe('abcdef');
    expect(reassembly.completed?.frames).toEqual([1, 2, 3]);
    expect(lost).toEqual([]);
  });

  test('a missing SN drops what was held, and the rest is orphaned', () => {
    const { take, lost } = bench();
    take(4, FIRST, 'ab');
    expect(take(6, LAST, 'ef')).toBe(Fate.orphan);
    expect(lost).toEqual([[1]]);
  });

  test('the first PDU heard may begin inside an SDU: that piece is orphaned', () => {
    const { take } = bench();
    expect(take(9, LAST, 'ef')).toBe(Fate.orphan);
    expect(take(10, WHOLE, 'gh')).toBe(Fate.whole);
  });

  test('a PDU that begins anew although an SDU is open gives that one up', () => {
    const { take, lost } = bench();
    take(4, FIRST, 'ab');
    expect(take(5, WHOLE, 'cd')).toBe(Fate.whole);
    expect(lost).toEqual([[1]]);
  });

  test('several elements of one PDU: an end, a whole and a beginning', () => {
    const { take, text, lost } = bench();
    take(4, FIRST, 'ab');
    expect(take(5, ends | firstOfPdu, 'cd')).toBe(Fate.completed);
    expect(text()).toBe('abcd');
    expect(take(5, starts | ends, 'xy')).toBe(Fate.whole);
    expect(take(5, starts, 'ef')).toBe(Fate.waiting);
    expect(take(6, LAST, 'gh')).toBe(Fate.completed);
    expect(text()).toBe('efgh');
    expect(lost).toEqual([]);
  });

  test('logical channels do not mix', () => {
    const { take, text } = bench();
    take(1, FIRST, 'ab', 0, 0, 3);
    take(1, FIRST, 'AB', 0, 0, 4);
    take(2, LAST, 'cd', 0, 0, 3);
    expect(text()).toBe('abcd');
    take(2, LAST, 'CD', 0, 0, 4);
    expect(text()).toBe('ABCD');
  });

  test('a segment after a long silence does not continue: 32 PDUs may be missing', () => {
    const { take, lost } = bench();
    take(4, FIRST, 'ab', 0);
    expect(take(5, LAST, 'cd', SEGMENT_MS + 1)).toBe(Fate.orphan);
    expect(lost).toEqual([[1]]);
  });

  test('a segment that the snap length cut marks the whole, and keeps only what lies before the cut', () => {
    const { take, text, reassembly } = bench();
    take(4, FIRST, 'ab', 0, 3);
    expect(take(5, LAST, 'cd', 0)).toBe(Fate.completed);
    expect(text()).toBe('ab');
    expect(reassembly.completed).toMatchObject({ cut: true, length: 2, wireLength: 7 });
  });

  test('an SDU longer than PDCP allows is given up', () => {
    const { take, lost } = bench();
    const segment = 'x'.repeat(3000);
    take(0, FIRST, segment);
    take(1, MIDDLE, segment);
    expect(take(2, MIDDLE, segment)).toBe(Fate.orphan);
    expect(lost).toEqual([[1, 2]]);
  });

  test('an SDU in more segments than any radio makes is given up', () => {
    const { take, lost } = bench();
    take(0, FIRST, 'x');
    for (let i = 1; i < SEGMENT_CAP; i++) expect(take(i & 31, MIDDLE, 'x')).toBe(Fate.waiting);
    expect(take(SEGMENT_CAP & 31, MIDDLE, 'x')).toBe(Fate.orphan);
    expect(lost[0]).toHaveLength(SEGMENT_CAP);
  });

  test('never-ending SDUs of many senders stay within the caps', () => {
    let lost = 0;
    const reassembly = new Reassembly(() => lost++);
    const bytes = new Uint8Array(4000);
    for (let source = 0; source < 30_000; source++) {
      reassembly.take(source, 2, 1, 3, 0, FIRST, bytes, 0, 4000, 4000, source + 1, 0);
    }
    expect([...reassembly.waiting()].length).toBeLessThanOrEqual(16_384);
    expect(reassembly.overflows).toBe(lost);
    expect(lost).toBeGreaterThan(0);
  });

  test('entities with segments are bounded; who sends whole SDUs is none', () => {
    const bytes = new Uint8Array(4);
    const reassembly = new Reassembly(() => undefined);
    const take = (source: number, flags: number): Fate =>
      reassembly.take(source, 2, 1, 3, 0, flags, bytes, 0, 4, 4, source + 1, 0);
    for (let source = 0; source < ENTITY_CAP + 1000; source++)
      if (take(source, WHOLE) !== Fate.whole) throw new Error(`${source}`);
    expect(reassembly.evictions).toBe(0);
    for (let source = 0; source < ENTITY_CAP + 1000; source++)
      if (take(source, FIRST) !== Fate.waiting) throw new Error(`${source}`);
    expect(reassembly.evictions).toBe(1000);
  });

  test('without loss every SDU comes out, however it is cut up', () => {
    const sdus = fc.array(fc.string({ minLength: 1, maxLength: 40, unit: fc.constantFrom('a', 'b', 'c') }), {
      minLength: 1,
      maxLength: 12,
    });
    fc.assert(
      fc.property(sdus, fc.nat(31), fc.integer({ min: 1, max: 17 }), (all, firstSn, size) => {
        const { take, text, lost } = bench();
        const out: string[] = [];
        let sn = firstSn;
        for (const sdu of all) {
          for (let at = 0; at < sdu.length; at += size) {
            const flags = firstOfPdu | (at === 0 ? starts : 0) | (at + size >= sdu.length ? ends : 0);
            const piece = sdu.slice(at, at + size);
            const fate = take(sn, flags, piece);
            if (fate === Fate.whole) out.push(piece);
            else if (fate === Fate.completed) out.push(text() ?? '');
            else expect(fate).toBe(Fate.waiting);
            sn = (sn + 1) & 31;
          }
        }
        expect(out).toEqual(all);
        expect(lost).toEqual([]);
      }),
    );
  });

  test('equals entities that each remember everything, however their PDUs come in turn', () => {
    const pdu = fc.record({
      sender: fc.nat(2),
      skip: fc.constantFrom(0, 0, 0, 1, 31),
      elements: fc.array(fc.constantFrom(0, starts, ends, starts | ends), { minLength: 1, maxLength: 3 }),
      wait: fc.constantFrom(1, 1, 1, SEGMENT_MS + 1),
    });
    fc.assert(
      fc.property(fc.array(pdu, { maxLength: 40 }), (pdus) => {
        const lost: number[][] = [];
        const reassembly = new Reassembly((frames) => lost.push([...frames]));
        const slow = new SlowReassembly();
        const sns = [0, 31, 7];
        let time = 0;
        for (const [frame, { sender, skip, elements, wait }] of pdus.entries()) {
          time += wait;
          const sn = (sns[sender] + skip) & 31;
          sns[sender] = (sn + 1) & 31;
          for (const [place, framing] of elements.entries()) {
            const flags = framing | (place === 0 ? firstOfPdu : 0);
            const octets = Uint8Array.of(frame, place);
            const fate = reassembly.take(sender, 2, 1, 3, sn, flags, octets, 0, 2, 2, frame, time);
            expect(fate).toBe(slow.take(sender, sn, flags, octets, frame, time));
            if (fate !== Fate.completed) continue;
            const done = reassembly.completed;
            expect([...(done?.bytes.subarray(0, done.length) ?? [])]).toEqual(slow.completed);
          }
        }
        expect(lost).toEqual(slow.lost);
      }),
    );
  });
});
