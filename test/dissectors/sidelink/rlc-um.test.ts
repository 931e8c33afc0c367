import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { encodeMacLteFramed } from '../../../dissectors/framing/mac-lte.ts';
import { encodeRlcUm } from '../../../dissectors/sidelink/rlc-um.ts';
import { encodeSlSch } from '../../../dissectors/sidelink/sl-sch.ts';
import { MAX_ELEMENTS } from '../../../dissectors/walk-columns.ts';
import { octets } from '../tree-recorder.ts';
import { walkOne } from '../walk-frames.ts';

const USER0 = 147;
/** Octets in front of the RLC PDU: context 4, SL-SCH subheader 6, subheader 1. */
const RLC_AT = 11;

function walkRlc(rlc: Uint8Array) {
  const pdu = encodeSlSch({ version: 1, source: 0x0a0b0c, destination: 0xf00001, sdus: [{ lcid: 3, sdu: rlc }] });
  return walkOne(encodeMacLteFramed({}, pdu), USER0);
}

describe('elements of hand-written RLC PDUs', () => {
  const cases: [string, string, [number, number, string][]][] = [
    ['whole SDU', '05 aabb', [[1, 2, 'sef']]],
    ['first segment', '45 aabb', [[1, 2, 'sf']]],
    ['last segment', '85 aabb', [[1, 2, 'ef']]],
    ['middle segment', 'c5 aabb', [[1, 2, 'f']]],
    [
      'one indicator, four bits of padding',
      '25 0020 aabb cc',
      [
        [3, 2, 'sef'],
        [5, 1, 'se'],
      ],
    ],
    [
      'two indicators, no padding',
      '25 801001 aa bb cc',
      [
        [4, 1, 'sef'],
        [5, 1, 'se'],
        [6, 1, 'se'],
      ],
    ],
    [
      'end of one SDU, start of the next',
      'e5 0010 aa bbcc',
      [
        [3, 1, 'ef'],
        [4, 2, 's'],
      ],
    ],
    [
      'three indicators',
      '25 80180100 10 aa bb cc dd',
      [
        [6, 1, 'sef'],
        [7, 1, 'se'],
        [8, 1, 'se'],
        [9, 1, 'se'],
      ],
    ],
  ];
  test.each(cases)('%s', (_name, hex, elements) => {
    const frame = walkRlc(octets(hex));
    expect(frame.outcome).toBe('data');
    expect(frame.problem).toBe('none');
    expect(frame.elements).toEqual(
      elements.map(([at, length, flags]) => ({ lcid: 3, sn: 5, at: RLC_AT + at, length, available: length, flags })),
    );
  });
});

describe('damage gives no element of that RLC PDU', () => {
  const cases: [string, string, string, number][] = [
    ['nothing at all', '', 'rlc.header-cut', 0],
    ['header and no data', '05', 'rlc.no-data', 0],
    ['indicator missing', '25', 'rlc.header-cut', 1],
    ['indicator cut', '25 00', 'rlc.header-cut', 1],
    ['second indicator cut', '25 8010', 'rlc.header-cut', 2],
    ['indicator of 0', '25 0000 aabb', 'rlc.length-zero', 1],
    ['indicator beyond the PDU', '25 0030 aabb', 'rlc.length-beyond-pdu', 0],
    ['nothing left for the last element', '25 0020 aabb', 'rlc.no-data', 0],
  ];
  test.each(cases)('%s', (_name, hex, problem, at) => {
    const frame = walkRlc(octets(hex));
    expect(frame).toMatchObject({ outcome: 'malformed', problem, problemAt: RLC_AT + at, elements: [] });
  });
});

test('elements in one PDU are capped', () => {
  const elements = (count: number) => Array.from({ length: count }, () => new Uint8Array(1));
  const fitting = walkRlc(encodeRlcUm({ fi: 0, sn: 0, elements: elements(MAX_ELEMENTS) }));
  expect(fitting.elements).toHaveLength(MAX_ELEMENTS);
  const over = walkRlc(encodeRlcUm({ fi: 0, sn: 0, elements: elements(MAX_ELEMENTS + 1) }));
  expect(over).toMatchObject({ outcome: 'malformed', problem: 'rlc.too-many-elements', elements: [] });
});

test('what is encoded is found again', () => {
  const element = fc.uint8Array({ minLength: 1, maxLength: 300 });
  fc.assert(
    fc.property(
      fc.integer({ min: 0, max: 3 }),
      fc.integer({ min: 0, max: 31 }),
      fc.array(element, { minLength: 1, maxLength: 9 }),
      (fi, sn, elements) => {
        const rlc = encodeRlcUm({ fi, sn, elements });
        const frame = walkRlc(rlc);
        expect(frame.outcome).toBe('data');
        const found = frame.elements.map(({ at, length }) => rlc.slice(at - RLC_AT, at - RLC_AT + length));
        expect(found).toEqual(elements);
        expect(frame.elements.every((each) => each.sn === sn && each.lcid === 3)).toBe(true);
        expect(frame.elements[0].flags.includes('s')).toBe((fi & 2) === 0);
        expect(frame.elements.at(-1)?.flags.includes('e')).toBe((fi & 1) === 0);
      },
    ),
    { numRuns: 200 },
  );
});
