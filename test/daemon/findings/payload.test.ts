// What was inside, and the capture itself: each rule, and what must not raise it.

import { describe, expect, test } from 'vitest';
import { CAPTURE_PROBLEMS } from '../../../captures/problems.ts';
import { encodePdcpSlrb } from '../../../dissectors/sidelink/pdcp-slrb.ts';
import { encodeRlcUm } from '../../../dissectors/sidelink/rlc-um.ts';
import { encodeSlSch } from '../../../dissectors/sidelink/sl-sch.ts';
import { analyse } from '../../../testing/analyse.ts';
import { joined, pcapHeader, pcapRecord } from '../../captures/capture-bytes.ts';
import {
  addressOf,
  alarms,
  announcement,
  datagram,
  datagram6,
  keyring,
  LATER,
  named,
  noise,
  pgk,
  type Said,
  Scene,
  told,
} from './scene.ts';

const forged = (at: number, sn: number) => ({ at, sn, air: noise(sn, 88) });

describe('payload.forged', () => {
  test('one is medium; from two on and 5 % of the context it is high', () => {
    const scene = new Scene().talk({ at: 0, sn: 1 }, 30).say(forged(1, 500));
    expect(told(scene.read())).toEqual(['payload.forged medium strong 1']);
    scene.say(forged(2, 501)).say(forged(3, 502));
    expect(told(scene.read())).toEqual(['payload.forged medium strong 1', 'payload.forged high strong 2']);
  });

  test('two among many stay medium', () => {
    const scene = new Scene().talk({ at: 0, sn: 1 }, 200).say(forged(5, 500)).say(forged(6, 501));
    expect(told(scene.read())).toEqual(['payload.forged medium strong 2']);
  });

  test('a context that never opened has no forged messages', () => {
    expect(alarms(new Scene().say(forged(0, 1)).say(forged(1, 2)).read())).toEqual([]);
  });
});

test('payload.tampered: a good IP header over a body that does not hold', () => {
  const scene = new Scene().talk({ at: 0, sn: 1 }, 5).say({ at: 1, sn: 6, flip: [[40, 0x10]] });
  expect(told(scene.read())).toEqual(['payload.tampered medium strong 1']);
});

describe('payload.tampered of what was not ciphered', () => {
  // The last octet of the datagram, the UDP length, the TTL in the IP header.
  const BODY = [[80, 1]] as const;
  const UDP_LENGTH = [[25, 1]] as const;
  const IP_HEADER = [[8, 1]] as const;
  const tampered = (said: Partial<Said>, keys: object | null = keyring()): [string, number, unknown][] => {
    const read = new Scene().say({ at: 0, sn: 10, plain: true, ...said }).read(keys);
    return named(read, 'payload.tampered').map(({ summary }) => [
      read.messages[0].verdict,
      read.messages[0].evidenceBits,
      summary,
    ]);
  };
  const text = (what: string): string => `the IP header holds in the clear and this does not: ${what}`;

  test('with verdicts as ever', () => {
    const optional = keyring({ protection: 'optional' });
    expect(tampered({ flip: BODY })).toEqual([['downgraded', 111, text('UDP checksum')]]);
    expect(tampered({ flip: BODY }, optional)).toEqual([['clear', 111, text('UDP checksum')]]);
    expect(tampered({ flip: BODY }, null)).toMatchObject([['clear', 79, text('UDP checksum')]]);
    expect(tampered({ flip: UDP_LENGTH })).toMatchObject([['downgraded', 95, expect.stringContaining('UDP length')]]);
    const claimed = { plain: false, flip: BODY, air: datagram(1, addressOf(0x0c)) };
    expect(tampered(claimed)).toEqual([['downgraded', 111, text('UDP checksum')]]);
  });

  test('but not where the IP header fails, or all holds', () => {
    expect(tampered({ flip: IP_HEADER })).toEqual([]);
    expect(tampered({})).toEqual([]);
    expect(tampered({ sdu: announcement(noise(1, 6), addressOf(0x0c)), sduType: 1 })).toEqual([]);
  });
});

describe('ip.malformed of what was not ciphered names the field and its octet', () => {
  const said = { at: 0, sn: 0, plain: true };
  // Behind mac-lte-framed, the headers of SL-SCH version 1, RLC and PDCP.
  const SDU_AT = 23;

  test.each<[string, NonNullable<Said['flip']>, number]>([
    ['first octet is 45', [[0, 0x04]], 0],
    ['total length is the SDU length', [[3, 1]], 2],
    ['IPv4 header checksum', [[8, 1]], 10],
    ['UDP length fits', [[25, 1]], 24],
  ])('IPv4: %s', (check, flip, octet) => {
    const [finding] = named(new Scene().say({ ...said, flip }).read(), 'ip.malformed');
    expect(finding.summary).toBe(`an SDU in the clear is no IP packet: ${check} fails (octet ${SDU_AT + octet})`);
    expect(finding.evidence).toEqual({ problem: 'ip.header', failed: [check], octet: SDU_AT + octet });
  });

  test('IPv6, with an extension header too', () => {
    const packet = datagram6(1, Uint8Array.of(0xfe, 0x80, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1));
    const octetOf = (sdu: Uint8Array, flip: NonNullable<Said['flip']>) =>
      named(new Scene().say({ ...said, sdu, flip }).read(), 'ip.malformed').map(({ evidence }) => evidence.octet);
    expect(octetOf(packet, [[5, 1]])).toEqual([SDU_AT + 4]);
    expect(octetOf(packet, [[45, 1]])).toEqual([SDU_AT + 44]);
    const hopByHop = Uint8Array.of(17, 0, 1, 4, 0, 0, 0, 0);
    const longer = Uint8Array.of(...packet.subarray(0, 40), ...hopByHop, ...packet.subarray(40));
    longer[5] += 8;
    longer[6] = 0;
    expect(octetOf(longer, [[53, 1]])).toEqual([SDU_AT + 52]);
  });
});

test('payload.other_group_key', () => {
  const ring = keyring({}, [{ id: 'e00001', algorithm: '128-EEA2', keys: [pgk(5, {}, 9), pgk(6, LATER, 8)] }]);
  const read = new Scene().talk({ at: 0, sn: 1, pgk: 5, seed: 9 }, 3).read(ring);
  expect(told(read)).toContain('payload.other_group_key high strong 3');
});

describe('payload.sdu_type', () => {
  const arp = announcement(Uint8Array.of(2, 0, 0, 10, 11, 12), addressOf(0x0a0b0c));

  test('ARP that says IP, IP that says ARP, a reserved type', () => {
    const low = ['payload.sdu_type low proved 1'];
    expect(told(new Scene().say({ at: 0, sn: 1, sduType: 0, sdu: arp }).read())).toEqual(low);
    expect(told(new Scene().say({ at: 0, sn: 1, sduType: 1 }).read())).toEqual(low);
    expect(told(new Scene().say({ at: 0, sn: 1, sduType: 5 }).read())).toEqual(low);
  });

  test('what fits is no finding', () => {
    expect(told(new Scene().say({ at: 0, sn: 1, sduType: 1, sdu: arp }).say({ at: 1, sn: 2 }).read())).toEqual([]);
  });
});

describe('the layers below', () => {
  const mac = (rlc: Uint8Array, version = 1, destination = 0xf00001) =>
    encodeSlSch({ version, source: 0x0a0b0c, destination, sdus: [{ lcid: 3, sdu: rlc }] });

  test('rlc.loss: a segment is missing', () => {
    const begun = mac(encodeRlcUm({ fi: 1, sn: 0, elements: [noise(1, 50)] }));
    const next = mac(
      encodeRlcUm({
        fi: 0,
        sn: 5,
        elements: [encodePdcpSlrb({ sduType: 0, pgkIndex: 7, ptkId: 1, sn: 1, sdu: noise(2, 60) })],
      }),
    );
    const read = new Scene().frame(begun, { at: 0 }).frame(next, { at: 1 }).read();
    expect(named(read, 'rlc.loss').map(({ severity, group, source }) => [severity, group, source])).toEqual([
      ['info', 'f00001', '0a0b0c'],
    ]);
  });

  test('losses and copies of a group whose id ends in 00 are its own, and those of all that share 16 bits are nobody’s', () => {
    const begun = encodeRlcUm({ fi: 1, sn: 0, elements: [noise(1, 50)] });
    const groupsOf = (version: number, ids: readonly string[]) => {
      const pdus = [begun, encodeRlcUm({ fi: 1, sn: 5, elements: [noise(2, 50)] })];
      const [first, second] = pdus.map((rlc) => mac(rlc, version, 0xf00100));
      const scene = new Scene().frame(first, { at: 0 }).frame(first, { at: 0.1 }).frame(second, { at: 1 });
      const [own, ...others] = ids.map((id) => ({ id, algorithm: '128-EEA2', keys: [] }));
      const read = scene.read(keyring(own, others));
      return ['rlc.loss', 'capture.duplicate'].flatMap((name) => named(read, name).map(({ group }) => group));
    };
    expect(groupsOf(1, ['f00100'])).toEqual(['f00100', 'f00100']);
    expect(groupsOf(1, ['f00100', 'f00123'])).toEqual(['f001??', 'f001??']);
    expect(groupsOf(3, ['f00100', 'f00123'])).toEqual(['f00100', 'f00100']);
    expect(groupsOf(3, ['f00123'])).toEqual(['f00100', 'f00100']);
  });

  test('malformed frames are sampled and all counted', () => {
    const scene = new Scene();
    for (let i = 0; i < 100; i++)
      scene.frame(mac(encodeRlcUm({ fi: 0, sn: i & 31, elements: [noise(i, 3)] })), { at: i });
    const read = scene.read();
    const [record] = named(read, 'pdcp.malformed');
    expect([record.severity, record.count, record.frames.length]).toEqual(['low', 100, 17]);
    expect(record.frames.at(-1)).toBe(100);
    expect(record.evidence.samples).toHaveLength(5);
    expect(read.summary.findings).toEqual({ 'pdcp.malformed': 100 });
  });

  test('a reserved SL-SCH version', () => {
    const pdu = Uint8Array.from(mac(encodeRlcUm({ fi: 0, sn: 0, elements: [noise(1, 60)] })));
    pdu[0] = 0xf0;
    expect(told(new Scene().frame(pdu, { at: 0 }).read())).toEqual(['mac.malformed low proved 1']);
  });
});

describe('the capture', () => {
  test('time goes back by more than a millisecond on one interface', () => {
    const scene = new Scene().say({ at: 1, sn: 1 }).say({ at: 0.9985, sn: 2 });
    expect(told(scene.read())).toEqual(['capture.time_backward medium proved 1']);
    expect(told(new Scene().say({ at: 1, sn: 1 }).say({ at: 0.9995, sn: 2 }).read())).toEqual([]);
    expect(told(new Scene().say({ at: 1, sn: 1 }).say({ at: 0.9, sn: 2, interfaceId: 1 }).read())).toEqual([]);
  });

  test('time leaps by more than an hour', () => {
    expect(told(new Scene().say({ at: 0, sn: 1 }).say({ at: 3601, sn: 2 }).read())).toEqual([
      'capture.time_jump low proved 1',
    ]);
    expect(told(new Scene().say({ at: 0, sn: 1 }).say({ at: 3599, sn: 2 }).read())).toEqual([]);
  });

  test('a leap is measured from the frame before, wherever time was before that', () => {
    const scene = new Scene();
    for (const [sn, at] of [0, -7200, -1, 3601].entries()) scene.say({ at, sn });
    const { findings } = scene.read();
    expect(findings).toMatchObject([
      { name: 'capture.time_backward', frames: [2] },
      { name: 'capture.time_jump', frames: [3], evidence: { interface: 0, seconds: 7199 } },
      { name: 'capture.time_jump', frames: [4], evidence: { interface: 0, seconds: 3602 } },
    ]);
    expect(findings[1].summary).toBe('1 h 59 min lie between this frame and the one before on interface 0');
  });

  test('a leap is of one interface', () => {
    const scene = new Scene();
    for (const [sn, at] of [0, 0.02, 1800, 3500, 3700].entries()) scene.say({ at, sn, interfaceId: sn % 2 });
    expect(named(scene.read(), 'capture.time_jump')).toEqual([]);
    scene.say({ at: 7200, sn: 5, interfaceId: 1 });
    expect(named(scene.read(), 'capture.time_jump')).toMatchObject([{ frames: [6], evidence: { seconds: 3700 } }]);
  });

  test('a record that the snap length cut', () => {
    const read = new Scene().say({ at: 0, sn: 1, captured: 60 }).say({ at: 1, sn: 2, captured: 10 }).read();
    expect(told(read)).toEqual(['capture.truncated medium proved 2']);
  });

  test('the input ends inside a record', () => {
    const { analysis } = new Scene().say({ at: 0, sn: 1 }).read();
    analysis.findings.finish({ code: 'capture.cut-record', offset: 99, message: 'cut', hint: '' });
    expect(analysis.findings.counts()).toEqual({ 'capture.truncated': 1 });
  });

  test('the input ends inside its first record', async () => {
    const header = pcapHeader();
    const { findings, summary } = await analyse(joined(header, pcapRecord(noise(1, 60)).subarray(0, 40)));
    expect(findings).toMatchObject([{ name: 'capture.truncated', frames: [], group: null, source: null, count: 1 }]);
    expect(summary).toMatchObject({ frames: 0, findings: { 'capture.truncated': 1 }, complete: false });
    expect((await analyse(header)).findings).toEqual([]);
  });

  const cuts = ['capture.cut-record', 'capture.compressed-cut'];
  test.each(Object.keys(CAPTURE_PROBLEMS).filter((code) => !cuts.includes(code)))(
    'other damage is no cut: %s',
    (code) => {
      const { analysis } = new Scene().say({ at: 0, sn: 1 }).read();
      analysis.findings.finish({ code, offset: 99, message: 'damaged', hint: '' });
      expect(analysis.findings.counts()).toEqual({});
    },
  );

  test('drop counters that grow', () => {
    const scene = new Scene()
      .say({ at: 0, sn: 1 })
      .mark({ kind: 'drops', interfaceId: 0, dropped: 0 })
      .say({ at: 1, sn: 2 });
    expect(told(scene.read())).toEqual([]);
    scene.mark({ kind: 'drops', interfaceId: 0, dropped: 7 }).mark({ kind: 'drops', interfaceId: 0, dropped: 7 });
    expect(told(scene.read())).toEqual(['capture.drops low proved 1']);
  });

  test('what a frame says was lost before it is told of that frame', () => {
    const scene = new Scene()
      .talk({ at: 0, sn: 1 }, 3)
      .mark({ kind: 'drops', interfaceId: 0, dropped: 7, byFrame: true });
    scene.talk({ at: 0.06, sn: 4 }, 3).mark({ kind: 'drops', interfaceId: 0, dropped: 9 });
    scene.talk({ at: 0.12, sn: 7 }, 3);
    for (const rows of [1, 3, 4, 4096]) {
      expect(named(scene.read(keyring(), rows), 'capture.drops')).toMatchObject([{ frames: [4, 6], count: 2 }]);
    }
    // Of a frame that does not come nothing is told.
    scene.mark({ kind: 'drops', interfaceId: 0, dropped: 11, byFrame: true });
    expect(named(scene.read(), 'capture.drops')).toMatchObject([{ count: 2 }]);
  });

  test('an SDU that was cut is not compared with anything', () => {
    const sdu = datagram(1, addressOf(0x0c));
    const scene = new Scene().say({ at: 0, sn: 1, sdu, captured: 60 }).say({ at: 1, sn: 1, captured: 60 });
    expect(told(scene.read(null)).filter((line) => line.startsWith('ctr.'))).toEqual([]);
  });
});
