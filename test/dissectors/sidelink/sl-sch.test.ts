import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { encodeMacLteFramed } from '../../../dissectors/framing/mac-lte.ts';
import { encodeRlcUm } from '../../../dissectors/sidelink/rlc-um.ts';
import { encodeSlSch, MAX_SUBHEADERS, type SlSchPdu } from '../../../dissectors/sidelink/sl-sch.ts';
import { describeFrame } from '../../../dissectors/walk.ts';
import { referenceSlSch } from '../../reference/sl-sch.ts';
import { octets, TreeRecorder } from '../tree-recorder.ts';
import { walkOne } from '../walk-frames.ts';

const USER0 = 147;
const CONTEXT = 4;

const walkPdu = (pdu: Uint8Array) => walkOne(encodeMacLteFramed({}, pdu), USER0);
const rlc = (length: number, sn = 1) => encodeRlcUm({ fi: 0, sn, elements: [new Uint8Array(length).fill(0xaa)] });

describe('hand-written PDUs', () => {
  const header = '10 0a0b0c f000';
  const cases: [string, string, object][] = [
    ['version 1, one SDU to the end', `${header} 03 01aabb`, { outcome: 'data', destination: 'f00000', version: 1 }],
    ['version 3, 24-bit destination', '30 0a0b0c f00001 03 01aabb', { outcome: 'data', destination: 'f00001' }],
    ['version 2 gives no element', '20 0a0b0c f000 03 01aabb', { outcome: 'unicast', elements: [] }],
    ['only padding', `${header} 1f 0000`, { outcome: 'padding-only' }],
    ['only padding, two subheaders', `${header} 3f 1f`, { outcome: 'padding-only' }],
    ['padding with a length where E is 0', `${header} 1f 84a0 00000000`, { outcome: 'padding-only' }],
    ['PC5-S', `${header} 1c 01aabb`, { outcome: 'pc5-signalling', elements: [] }],
    ['PC5-S beside data keeps the data', `${header} 2302 1d 01aa 01bb`, { outcome: 'pc5-signalling' }],
    ['duplicate channel of Rel-15', `${header} 0b 01aabb`, { outcome: 'data' }],
    ['reserved LCID 0', `${header} 00 01aabb`, { outcome: 'malformed', problem: 'mac.reserved-lcid', problemAt: 10 }],
    ['reserved LCID 21', `${header} 15 01aabb`, { outcome: 'malformed', problem: 'mac.reserved-lcid' }],
    ['reserved LCID 27', `${header} 1b 01aabb`, { outcome: 'malformed', problem: 'mac.reserved-lcid' }],
    ['reserved version 0', '00 0a0b0c f000 03 01aabb', { outcome: 'malformed', problem: 'mac.reserved-version' }],
    ['reserved version 4', '40 0a0b0c f000 03 01aabb', { outcome: 'malformed', problem: 'mac.reserved-version' }],
    ['nothing', '', { outcome: 'malformed', problem: 'mac.empty', problemAt: CONTEXT }],
    ['header cut', '10 0a0b0c f0', { outcome: 'malformed', problem: 'mac.header-cut', problemAt: CONTEXT }],
    ['version 3 header cut', '30 0a0b0c f000', { outcome: 'malformed', problem: 'mac.header-cut' }],
    ['no subheader', header, { outcome: 'malformed', problem: 'mac.subheader-cut', problemAt: 10 }],
    ['length missing', `${header} 23`, { outcome: 'malformed', problem: 'mac.subheader-cut', problemAt: 10 }],
    ['long length cut', `${header} 23 80`, { outcome: 'malformed', problem: 'mac.subheader-cut', problemAt: 10 }],
    [
      'length beyond',
      `${header} 2309 1f 01aa`,
      { outcome: 'malformed', problem: 'mac.length-beyond-pdu', problemAt: 10 },
    ],
    [
      'reserved bits',
      '1f 0a0b0c f000 c3 01aabb',
      { outcome: 'data', problem: 'mac.reserved-bits', problemAt: CONTEXT },
    ],
  ];
  test.each(cases)('%s', (_name, hex, expected) => {
    expect(walkPdu(octets(hex))).toMatchObject(expected);
  });

  test('good elements in front of damage stay', () => {
    const frame = walkPdu(octets(`${header} 2303 247f 1f 01aabb`));
    expect(frame).toMatchObject({ outcome: 'malformed', problem: 'mac.length-beyond-pdu' });
    expect(frame.elements).toEqual([{ lcid: 3, sn: 1, at: 16, length: 2, available: 2, flags: 'sef' }]);
  });

  test('a damaged RLC PDU takes nothing from its neighbours', () => {
    const frame = walkPdu(octets(`${header} 2301 04 01 02aabb`));
    expect(frame).toMatchObject({ outcome: 'malformed', problem: 'rlc.no-data', source: '0a0b0c' });
    expect(frame.elements).toEqual([{ lcid: 4, sn: 2, at: 15, length: 2, available: 2, flags: 'sef' }]);
  });

  test('damage hides a remark about reserved bits', () => {
    expect(walkPdu(octets('11 0a0b0c f000 03 01'))).toMatchObject({ problem: 'rlc.no-data', outcome: 'malformed' });
  });

  test('subheaders are capped', () => {
    const many = (count: number) => octets(`${header} ${'3f'.repeat(count - 1)} 03 01aabb`);
    expect(walkPdu(many(MAX_SUBHEADERS)).outcome).toBe('data');
    expect(walkPdu(many(MAX_SUBHEADERS + 1))).toMatchObject({
      outcome: 'malformed',
      problem: 'mac.too-many-subheaders',
    });
  });
});

describe('padding takes the form that the size asks for', () => {
  const base: SlSchPdu = { version: 1, source: 1, destination: 0xf00000, sdus: [{ lcid: 3, sdu: rlc(9) }] };
  const bare = encodeSlSch(base).length;
  const cases: [number, string][] = [
    [0, '10000001f00003'],
    [1, '10000001f0003f03'],
    [2, '10000001f0003f3f03'],
    [3, '10000001f000230a1f'],
    [40, '10000001f000230a1f'],
  ];
  test.each(cases)('%i octets', (padding, begins) => {
    const pdu = encodeSlSch({ ...base, size: bare + padding, fill: 0x5a });
    expect(pdu).toHaveLength(bare + padding);
    expect(Buffer.from(pdu).toString('hex').startsWith(begins)).toBe(true);
    const frame = walkPdu(pdu);
    expect(frame.outcome).toBe('data');
    expect(frame.elements).toMatchObject([{ lcid: 3, length: 9 }]);
  });

  test('a tester writes a length behind its padding subheader', () => {
    const pdu = encodeSlSch({ version: 3, source: 1, destination: 1, sdus: [], size: 1191, lengthAfterPadding: true });
    expect(Buffer.from(pdu.subarray(7, 10)).toString('hex')).toBe('1f84a0');
    expect(walkPdu(pdu)).toMatchObject({ outcome: 'padding-only', problem: 'none' });
  });
});

const sdus = fc.array(fc.record({ lcid: fc.integer({ min: 1, max: 20 }), length: fc.integer({ min: 1, max: 300 }) }), {
  maxLength: 6,
});

test('what is encoded is found again', () => {
  fc.assert(
    fc.property(
      fc.constantFrom(1, 3),
      fc.nat(0xffffff),
      fc.nat(0xffffff),
      sdus,
      fc.nat(200),
      (version, source, destination, list, padding) => {
        const values = {
          version,
          source,
          destination,
          sdus: list.map(({ lcid, length }, index) => ({ lcid, sdu: rlc(length, index) })),
        };
        const size = encodeSlSch(values).length + padding;
        const frame = walkPdu(encodeSlSch({ ...values, size }));
        const low = version === 3 ? 0xffffff : 0xffff00;
        expect(frame.outcome).toBe(list.length === 0 ? 'padding-only' : 'data');
        expect(Number.parseInt(frame.source, 16)).toBe(source);
        expect(Number.parseInt(frame.destination, 16)).toBe(destination & low);
        expect(frame.elements.map(({ lcid, length, sn }) => ({ lcid, length, sn }))).toEqual(
          list.map(({ lcid, length }, index) => ({ lcid, length, sn: index })),
        );
      },
    ),
    { numRuns: 200 },
  );
});

// Octets that often make sense: a version, ids, subheaders with plausible LCIDs and lengths, then anything.
const likelyPdu = fc
  .tuple(
    fc.constantFrom(0x10, 0x20, 0x30, 0x10, 0x30, 0x40),
    fc.uint8Array({ minLength: 5, maxLength: 6 }),
    fc.array(fc.constantFrom(0x23, 0x24, 0x3f, 0x3c, 0x2b, 0x35, 2, 5, 0x80, 9), { maxLength: 8 }),
    fc.constantFrom(0x03, 0x1f, 0x0a, 0x1c, 0x00),
    fc.array(fc.constantFrom(0x00, 0x01, 0x10, 0x20, 0x25, 0x41, 0x80, 0xe1, 0xff), { maxLength: 40 }),
  )
  .map(([first, ids, subheaders, last, rest]) => Uint8Array.from([first, ...ids, ...subheaders, last, ...rest]));

test('agrees with the reference on any octets', () => {
  fc.assert(
    fc.property(fc.oneof(likelyPdu, likelyPdu, fc.uint8Array({ maxLength: 60 })), (pdu) => {
      const frame = walkPdu(pdu);
      const reference = referenceSlSch(pdu);
      expect(frame.outcome).toBe(reference.kind);
      if (reference.fault !== null) expect(frame.problem).toBe(reference.fault);
      expect(frame.elements).toEqual(
        reference.elements.map(({ at, length, lcid, sn, starts, ends }) => ({
          lcid,
          sn,
          at: CONTEXT + at,
          length,
          available: length,
          flags: expect.stringMatching(`^${starts ? 's' : ''}${ends ? 'e' : ''}f?$`),
        })),
      );
    }),
    { numRuns: 3000 },
  );
});

describe('the tree', () => {
  const show = (pdu: Uint8Array) => {
    const tree = new TreeRecorder();
    const frame = encodeMacLteFramed({}, pdu);
    describeFrame(frame, frame.length, USER0, tree);
    expect(tree.closed).toBe(true);
    return tree;
  };

  test('shows addresses, subheaders, SDUs, padding and the layers inside', () => {
    const pdu = encodeSlSch({
      version: 1,
      source: 0x0a0b0c,
      destination: 0xf00000,
      sdus: [
        { lcid: 3, sdu: rlc(200) },
        { lcid: 4, sdu: rlc(9) },
      ],
      size: 300,
    });
    const tree = show(pdu);
    expect(tree.protocols).toEqual(['mac-lte', 'sl-sch', 'rlc-um', 'pdcp-slrb', 'rlc-um', 'pdcp-slrb']);
    expect(tree.one('mac-lte.slsch.src-l2-id')).toBe(0x0a0b0c);
    expect(tree.one('mac-lte.slsch.dst-l2-id')).toBe(0xf000);
    expect(tree.all('mac-lte.slsch.lcid')).toEqual([3, 4, 31]);
    expect(tree.all('mac-lte.slsch.length')).toEqual([201, 10]);
    expect(tree.one('mac-lte.padding-length')).toBe(300 - 6 - 3 - 2 - 1 - 211);
    expect(tree.all('rlc-lte.um.sn')).toEqual([1, 1]);
    expect(tree.problems).toEqual([]);
  });

  test('shows one-to-one and PC5-S SDUs without judging them', () => {
    const tree = show(octets('20 0a0b0c f000 03 01 60 1234 0007 aa'));
    expect(tree.protocols).toEqual(['mac-lte', 'sl-sch', 'rlc-um', 'pdcp-slrb']);
    expect(tree.one('slrb.kd-sess-id')).toBe(0x1234);
    expect(tree.all('slrb.ptk-id')).toEqual([]);
    const clear = show(octets('10 0a0b0c f000 1c 01 40 0000 0000 04 0001 00000007'));
    expect(clear.one('slrb.sdu-type')).toBe(2);
    expect(clear.protocols.at(-1)).toBe('pc5-s');
    expect(show(octets('10 0a0b0c f000 1e 01 40 0000 0000 04 0001 00000007')).protocols.at(-1)).toBe('pdcp-slrb');
  });

  test('names the damage', () => {
    expect(show(octets('10 0a0b0c f000 2309 1f 01aa')).problems).toEqual(['mac.length-beyond-pdu']);
    expect(show(octets('10 0a0b0c f000 15 01aa')).problems).toEqual(['mac.reserved-lcid']);
    expect(show(octets('10 0a0b0c f000 03 25 0000')).problems).toEqual(['rlc.length-zero']);
  });
});
