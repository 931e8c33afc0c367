import { readdirSync, readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { describeFrame } from '../../dissectors/walk.ts';
import { TreeRecorder } from './tree-recorder.ts';
import { readCapture, SHARED_CAPTURES, sharedCapture, type WalkedFrame, walkFrames } from './walk-frames.ts';

const hex = (bytes: Uint8Array) => Buffer.from(bytes).toString('hex');

/** Walks a file, and shows every frame of it to a recorder that checks the layers' octets. */
function walkFile(...parts: string[]): { frames: WalkedFrame[]; bytes: Uint8Array[] } {
  const captured = readCapture(sharedCapture(...parts));
  for (const frame of captured) {
    const tree = new TreeRecorder();
    describeFrame(frame.bytes, frame.original ?? frame.bytes.length, frame.linkType, tree);
    expect(tree.closed).toBe(true);
  }
  return { frames: walkFrames(captured), bytes: captured.map((frame) => frame.bytes) };
}

const outcomes = (frames: readonly WalkedFrame[]) => frames.map(({ outcome }) => outcome);

describe.skipIf(SHARED_CAPTURES === null)('over the air (else: ../shared is not beside the project)', () => {
  const element = (lcid: number, sn: number, length: number, flags = 'sef') => ({ lcid, sn, length, flags });
  const expected: [string, string, string, string, object[]][] = [
    ['qc9150', 'data', '72e066', 'aaaaaa', [element(3, 24, 192)]],
    ['huawei', 'data', '000000', '000000', [element(1, 29, 293)]],
    ['huawei', 'data', '000000', '000000', [element(1, 29, 293)]],
    ['cmw500', 'data', '009c40', '00c350', [element(1, 12, 55)]],
    ['uxm1', 'data', '0b8b03', '000001', [element(1, 6, 192, 'sf')]],
    ['uxm1', 'data', '0b8b03', '000001', [element(1, 7, 100, 'ef')]],
    ...Array.from({ length: 4 }, (): [string, string, string, string, object[]] => [
      'uxm2',
      'padding-only',
      '87e103',
      '000001',
      [],
    ]),
    ['uxm3', 'data', 'cdc303', '000001', [element(1, 27, 292)]],
    ...Array.from({ length: 5 }, (): [string, string, string, string, object[]] => [
      'uxm4',
      'crc-failed',
      '000000',
      '000000',
      [],
    ]),
    ['uxm_pdu_test', 'data', 'ed0e03', '000001', [element(1, 31, 42, 'ef')]],
  ];

  test('every PDU is what its README says', () => {
    const { frames } = walkFile('over-the-air', 'srsran_sidelink_all.pcap');
    expect(frames).toHaveLength(expected.length);
    frames.forEach((frame, index) => {
      const [name, outcome, source, destination, elements] = expected[index];
      expect(frame, name).toMatchObject({ outcome, source, destination, problem: 'none', elements });
    });
  });

  test('SDUs are those that were read from the recordings', () => {
    const { pdus } = JSON.parse(readFileSync(sharedCapture('over-the-air', 'srsran_sidelink_pdus.json'), 'utf8')) as {
      pdus: { pdu_hex: string; sdus?: { lcid: number; rlc_um: { SN5: number }; pdcp?: { payload_hex: string } }[] }[];
    };
    const files = readdirSync(sharedCapture('over-the-air')).filter((name) =>
      /sidelink_(?!all|slbch).*pcap$/.test(name),
    );
    const walked = files.map((name) => walkFile('over-the-air', name));
    const found = new Map<string, { frame: WalkedFrame; bytes: Uint8Array }>();
    for (const { frames, bytes } of walked) {
      frames.forEach((frame, index) => {
        const mac = hex(bytes[index].subarray(frame.pduAt, frame.pduAt + frame.pduLength));
        found.set(mac, { frame, bytes: bytes[index] });
      });
    }
    let compared = 0;
    for (const pdu of pdus) {
      const walk = found.get(pdu.pdu_hex);
      if (walk === undefined || walk.frame.elements[0]?.flags !== 'sef') continue;
      for (const sdu of pdu.sdus ?? []) {
        if (sdu.pdcp === undefined) continue;
        const [only] = walk.frame.elements;
        expect(only).toMatchObject({ lcid: sdu.lcid, sn: sdu.rlc_um.SN5 });
        expect(hex(walk.bytes.subarray(only.at + 5, only.at + only.length))).toContain(sdu.pdcp.payload_hex);
        compared++;
      }
    }
    expect(compared).toBeGreaterThan(3);
  });

  test('the broadcast channel', () => {
    const { frames, bytes } = walkFile('over-the-air', 'srsran_sidelink_slbch_cmw500.pcap');
    expect(frames).toMatchObject([{ outcome: 'sl-bch', problem: 'none', pduLength: 6 }]);
    expect(hex(bytes[0].subarray(frames[0].pduAt))).toBe('611000000000');
    const tree = new TreeRecorder();
    describeFrame(bytes[0], bytes[0].length, 147, tree);
    expect(tree.problems).toEqual([]);
    // Direct frame number 272, as the transmitter's recording says.
    expect(tree.fields.map(({ value }) => value)).toContain(272);
  });
});

describe.skipIf(SHARED_CAPTURES === null)(
  'captures without sidelink (else: ../shared is not beside the project)',
  () => {
    test.each([
      ['api_collector.pcap', 20],
      ['ltesniffer_dl_mode.pcap', 2433],
      ['ltesniffer_ul_mode.pcap', 419],
    ])('%s', (name, count) => {
      const { frames } = walkFile('lte-uu', name);
      expect(frames).toHaveLength(count);
      expect(new Set(outcomes(frames))).toEqual(new Set(['not-sidelink']));
      expect(frames.every(({ problem }) => problem === 'none')).toBe(true);
    });
  },
);

describe.skipIf(SHARED_CAPTURES === null)(
  'samples made for Wireshark (else: ../shared is not beside the project)',
  () => {
    const rows: [string, string[]][] = [
      [
        'slsch_dlt147.pcap',
        [
          ...[
            'data',
            'data',
            'data',
            'data',
            'unicast',
            'unicast',
            'malformed',
            'sl-bch',
            'crc-failed',
            'data',
            'data',
          ],
          ...['data', 'malformed', 'malformed'],
        ],
      ],
      ['slsch_dlt149_udp.pcap', ['data', 'data', 'data']],
      ['slsch_udp.pcap', ['data', 'data', 'data']],
      ['rlc_udp.pcap', ['data', 'data', 'data', 'data', 'not-sidelink']],
      [
        'pdcp_o2m_udp.pcap',
        [
          'not-sidelink',
          'not-sidelink',
          'not-sidelink',
          'not-sidelink',
          'data',
          'data',
          'not-sidelink',
          'not-sidelink',
        ],
      ],
      ['exported_pdu.pcap', ['data', 'data', 'not-sidelink', 'not-sidelink', 'data']],
      ['gsmtap.pcap', ['not-sidelink', 'data', 'data', 'sl-bch']],
      ['mikey.pcap', Array.from({ length: 5 }, () => 'key-management')],
      ['sample.pcapng', ['data', 'data', 'not-sidelink']],
    ];
    test.each(rows)('%s', (name, expected) => {
      expect(outcomes(walkFile('wireshark-samples', name).frames)).toEqual(expected);
    });

    test('damage is named', () => {
      const { frames } = walkFile('wireshark-samples', 'slsch_dlt147.pcap');
      expect(frames[6]).toMatchObject({ problem: 'mac.reserved-version' });
      expect(frames[12]).toMatchObject({ problem: 'mac.subheader-cut' });
      expect(frames[13]).toMatchObject({ problem: 'framing.unknown-tag', problemAt: 3 });
    });

    test('MIKEY messages are handed on whole', () => {
      const { frames, bytes } = walkFile('mikey', 'derived_mikey_udp2269.pcap');
      expect(frames).toHaveLength(25);
      frames.forEach(({ outcome, payloadAt, payloadLength }, index) => {
        expect(outcome).toBe('key-management');
        expect(payloadAt).toBe(28);
        expect(payloadAt + payloadLength).toBe(bytes[index].length);
      });
    });
  },
);

describe.skipIf(SHARED_CAPTURES === null)('labelled captures (else: ../shared is not beside the project)', () => {
  const cases: [string, string, number][] = [
    ['clean-eea2', 'capture.pcap', 44],
    ['counters', 'capture.pcap', 37],
    ['epochs', 'capture.pcap', 53],
    ['forged', 'capture.pcap', 138],
    ['matrix', 'capture.pcapng', 54],
    ['mikey', 'capture.pcapng', 31],
    ['plaintext', 'capture.pcap', 39],
    ['replay', 'capture.pcapng', 82],
    ['revoked', 'capture.pcap', 22],
    ['v2x', 'capture.pcap', 60],
  ];

  interface Expected {
    readonly messages: Row[] | { columns: string[]; rows: unknown[][] };
  }
  interface Row {
    readonly frame: number;
    readonly source: string;
    readonly lcid: number;
    readonly pgkIndex: number;
    readonly ptkId: number;
    readonly sn: number;
    readonly frames?: number[];
  }

  function messagesOf(name: string): Row[] {
    const { messages } = JSON.parse(readFileSync(sharedCapture('labelled', name, 'expected.json'), 'utf8')) as Expected;
    if (Array.isArray(messages)) return messages;
    const { columns, rows } = messages;
    return rows.map(
      (row) => Object.fromEntries(columns.map((column, index) => [column, row[index]])) as unknown as Row,
    );
  }

  test.each(cases)('%s: each message lies where its frame says', (name, file, count) => {
    const { frames, bytes } = walkFile('labelled', name, file);
    expect(frames).toHaveLength(count);
    expect(frames.every(({ problem }) => problem === 'none')).toBe(true);
    expect(outcomes(frames).filter((outcome) => outcome !== 'data' && outcome !== 'key-management')).toEqual([]);
    const messages = messagesOf(name);
    expect(messages.length).toBeGreaterThan(0);
    for (const message of messages) {
      // A message that was put together from several frames has its header in the first of them.
      const index = (message.frames?.[0] ?? message.frame) - 1;
      const frame = frames[index];
      expect(frame.source).toBe(message.source);
      const header = Buffer.from([message.ptkId >> 8, message.ptkId, message.sn >> 8, message.sn]).toString('hex');
      const found = frame.elements.some(
        ({ at, length, flags, lcid }) =>
          flags.startsWith('s') &&
          lcid === message.lcid &&
          (bytes[index][at] & 0x1f) === message.pgkIndex &&
          // A first segment may be shorter than the PDCP header.
          header.startsWith(hex(bytes[index].subarray(at + 1, at + Math.min(5, length)))),
      );
      expect(found, `frame ${index + 1}`).toBe(true);
    }
  });
});
