// Every operator: a frame that passes, one that does not, and a use that its types forbid.

import { describe, expect, test } from 'vitest';
import { filterError, passes, type TestFrame } from './collected.ts';

const octets = (...values: number[]) => Uint8Array.from(values);

const FRAME: TestFrame = {
  octets: Uint8Array.from([0x45, 0x00, 0x00, 0x54, ...new TextEncoder().encode('mac-lte talk')]),
  layers: { frame: 0, ip: 0, rtp: 4 },
  fields: {
    'frame.number': 12,
    'frame.time': 1_777_629_600_500_000_000n,
    'ip.src': octets(169, 254, 10, 11),
    'ip.dst': octets(239, 255, 0, 1),
    'ipv6.src': Uint8Array.from([0xfe, 0x80, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1]),
    'eth.dst': octets(1, 0, 0x5e, 0x7f, 0, 7),
    'udp.srcport': 40000,
    'udp.dstport': 5000,
    'mac-lte.slsch.src-l2-id': 0x0a0b0c,
    'mac-lte.slsch.lcid': [3, 4, 5],
    'slrb.sdu-type': 0,
    'slrb.group': 0xf00001,
    'slrb.group-name': 'Fire 7',
    'slrb.verdict': 'decrypted',
    'finding.severity': ['low', 'high'],
    'finding.name': ['ctr.gap', 'ctr.replay'],
    'rtp.payload': octets(0, 1, 2, 0xff),
    'rtp.marker': true,
  },
};

/** Filters by operator. `wrong` are right filters that this frame does not pass; `bad` are type errors. */
const OPERATORS: Readonly<Record<string, { right: string[]; wrong: string[]; bad: string[] }>> = {
  '== eq': {
    right: [
      'frame.number == 12',
      'frame.number==0xc',
      'frame.number eq 014',
      'frame.number == 0b1100',
      'ip.src == 169.254.10.11',
      'ip.src == 169.254.0.0/16',
      'ip.src == 128.0.0.0/1',
      'ip.src == 0.0.0.0/0',
      'ip.addr == 239.255.0.1',
      'udp.port == 5000',
      'ipv6.src == fe80::1',
      'ipv6.src == fe80::/10',
      'eth.dst == 01:00:5e:7f:00:07',
      'eth.dst == 01-00-5e-7f-00-07',
      'mac-lte.slsch.src-l2-id == 0a0b0c',
      'mac-lte.slsch.src-l2-id == 0A0B0C',
      'mac-lte.slsch.src-l2-id == 0x0a0b0c',
      'mac-lte.slsch.src-l2-id == "0a0b0c"',
      'mac-lte.slsch.lcid == 4',
      'slrb.group == f00001',
      'slrb.group-name == "Fire 7"',
      'slrb.group-name == "\\x46ire\\0407"',
      'slrb.verdict == decrypted',
      'slrb.verdict == "decrypted"',
      'slrb.verdict == Decrypted',
      'slrb.sdu-type == IP',
      'slrb.sdu-type == "ip"',
      'slrb.sdu-type == 0',
      'finding.name == ctr.replay',
      'rtp.payload == 00:01:02:ff',
      'rtp.payload == 000102ff',
      'rtp.marker == true',
      'rtp.marker == 1',
      'frame.time == "2026-05-01T10:00:00.5Z"',
      'frame.time == 2026-05-01T10:00:00.5Z',
      'frame.time == "2026-05-01 12:00:00.5+02:00"',
      'frame.time == "May  1, 2026 10:00:00.500000000 UTC"',
      'frame.time == 1777629600.5',
    ],
    wrong: [
      'frame.number == 13',
      'ip.src == 169.254.10.12',
      'ip.src == 10.0.0.0/8',
      'slrb.verdict == stale',
      'slrb.group == f000??',
      'slrb.group-name == "fire 7"',
      'rtp.payload == 00:01:02',
      'rtp.seq == 1',
    ],
    bad: [
      'ip.src == 5',
      'ip.src == ff02::1',
      'frame.number == "12"',
      'frame.number == 10.0.0.1',
      'frame.number == twelve',
      'mac-lte.slsch.src-l2-id == 658188a',
      'eth.dst == 01:00',
      'rtp.payload == xyz',
      'rtp.marker == 2',
      'frame.time == yesterday',
      'frame.time == "2026-02-30T00:00:00Z"',
      'ip.src == frame.number',
      'mac-lte.slsch == 1',
    ],
  },
  '!= ne': {
    right: ['frame.number != 13', 'mac-lte.slsch.lcid != 9', 'ip.src ne 10.0.0.0/8', 'slrb.verdict != forged'],
    wrong: ['frame.number != 12', 'mac-lte.slsch.lcid != 4', 'rtp.seq != 1', 'ip.addr != 239.255.0.1'],
    bad: ['ip.src != 5', 'mac-lte.slsch != 1'],
  },
  '=== !==': {
    right: [
      'mac-lte.slsch.lcid !== 4',
      'frame.number === 12',
      'mac-lte.slsch.lcid ~= 4',
      'mac-lte.slsch.lcid any_ne 4',
    ],
    wrong: ['mac-lte.slsch.lcid === 4', 'rtp.seq === 1', 'rtp.seq !== 1', 'mac-lte.slsch.lcid all_eq 4'],
    bad: ['ip.src === 5', 'ip.src !== 5'],
  },
  '< lt': {
    right: ['frame.number < 13', 'ip.src lt 170.0.0.0', 'finding.severity < medium', 'frame.time < "2027-01-01"'],
    wrong: ['frame.number < 12', 'finding.severity < low', 'rtp.seq < 5'],
    bad: ['rtp.marker < 1', 'ip.src < 5', 'ip.src < 10.0.0.0/8', 'slrb.group < f000??', 'mac-lte.slsch < 1'],
  },
  '<= le': {
    right: ['frame.number <= 12', 'eth.dst le 01:00:5e:7f:00:07', 'slrb.group-name <= "Fire 7"'],
    wrong: ['frame.number <= 11'],
    bad: ['frame.number <= 10.0.0.1', 'rtp.marker <= 1'],
  },
  '> gt': {
    right: ['frame.number > 11', 'frame.number > -1', 'finding.severity > medium', 'udp.srcport > udp.dstport'],
    wrong: ['frame.number > 12', 'finding.severity > high', 'udp.dstport > udp.srcport'],
    bad: ['frame.number > red', 'finding.severity > hihg', 'rtp.marker > 0'],
  },
  '>= ge': {
    right: ['frame.number >= 12', 'finding.severity >= high', 'mac-lte.slsch.src-l2-id >= 0a0000'],
    wrong: ['frame.number >= 13', 'finding.severity >= critical'],
    bad: ['ip.src >= 169', 'rtp.marker >= 0'],
  },
  contains: {
    right: [
      'frame contains "mac-lte"',
      'frame contains 45:00',
      'rtp contains "talk"',
      'slrb.group-name contains "ire"',
      'rtp.payload contains 01:02',
      'rtp.payload contains "\\x02\\xff"',
      'finding.name contains replay',
    ],
    wrong: [
      'frame contains "MAC-LTE"',
      'rtp contains 45:00',
      'rtp.payload contains 02:01',
      'slrb.group-name contains "FIRE"',
    ],
    bad: [
      'ip.src contains 7f',
      'frame.number contains 1',
      'frame contains talk',
      'mac-lte.slsch.src-l2-id contains 0a',
    ],
  },
  matches: {
    right: [
      'slrb.group-name matches "^fire \\d$"',
      'slrb.group-name matches r"^fire \\d$"',
      'frame matches "TALK"',
      'rtp.payload matches "\\xff$"',
      'finding.name matches "^ctr\\.(gap|jump)"',
    ],
    wrong: ['slrb.group-name matches "^\\d"', 'frame matches "walk"'],
    bad: [
      'frame.number matches "1"',
      'slrb.group-name matches fire',
      'ip.src matches "1"',
      'slrb.group-name matches "("',
    ],
  },
  in: {
    right: [
      'frame.number in {1, 12}',
      'frame.number in {10..20}',
      'frame.number in {1 .. 5, 12}',
      'frame.number not in {1, 2}',
      'rtp.seq not in {1}',
      'ip.src in {10.0.0.0/8, 169.254.0.0/16}',
      'ip.src in {169.254.0.1..169.254.255.254}',
      'slrb.verdict in {stale, decrypted}',
      'frame.time in {"2026-05-01" .. "2026-05-02"}',
      'mac-lte.slsch.src-l2-id in {0a0b0c}',
    ],
    wrong: ['frame.number in {1..5, 13}', 'frame.number not in {12}', 'rtp.seq in {1}', 'slrb.verdict in {stale}'],
    bad: [
      'frame.number in {10.0.0.1}',
      'frame.number in {"1"}',
      'frame.number in {9..1}',
      'ip.src in {10.0.0.0/8 .. 11.0.0.0}',
      'rtp.marker in {0..1}',
      'mac-lte.slsch in {1}',
    ],
  },
  'and &&': {
    right: ['ip and rtp', 'ip && rtp && frame.number == 12'],
    wrong: ['ip and arp', 'arp && ip'],
    bad: ['ip and 5', 'ip && "x"'],
  },
  'or ||': {
    right: ['arp or rtp', 'arp || ip || udp', 'ip or arp and arp'],
    wrong: ['arp or rtcp', '(ip or arp) and arp'],
    bad: ['ip or 10.0.0.1', 'ip || 5'],
  },
  'xor ^^': {
    right: ['arp xor rtp', 'ip ^^ rtp ^^ frame'],
    wrong: ['ip xor rtp', 'arp ^^ rtcp'],
    bad: ['ip xor 5'],
  },
  'not !': {
    right: ['not arp', '!arp', 'not not ip', '!!ip', 'not frame.number == 13', '!(arp or rtcp)', 'not rtp.seq == 1'],
    wrong: ['not ip', '!ip', '!frame.number == 12'],
    bad: ['not 5', '!"x"'],
  },
  'bare name': {
    right: ['ip', 'ipv4', 'rtp', 'rtp.marker', 'frame', 'slrb', 'finding', 'slrb.verdict', 'ip.addr', 'udp.port'],
    wrong: ['arp', 'rtcp', 'rtp.seq', '_ws.malformed', 'mac-lte.slsch'],
    bad: ['12', '"ip"'],
  },
  slices: {
    right: [
      'eth.dst[0:3] == 01:00:5e',
      'eth.dst[:3] == 01.00.5e',
      'eth.dst[3:] == 7f:00:07',
      'eth.dst[5] == 7',
      'eth.dst[1-2] == 00:5e',
      'eth.dst[-1] == 07',
      'eth.dst[-2:2] == 00:07',
      'eth.dst[-3--2] == 7f:00',
      'eth.dst[0,5] == 01:07',
      'ip.src[0:2] == a9:fe',
      'frame[4:3] == "mac"',
      'rtp[0:3] == "mac"',
      'slrb.group-name[0:4] == "Fire"',
      'slrb.group-name[-1] == 7',
      'eth.dst[0:3] > 01:00:5d',
      'rtp.payload[1:2] contains 02',
      'rtp.payload[3]',
    ],
    wrong: [
      'eth.dst[0:3] == 01:00:5f',
      'eth.dst[6] == 0',
      'rtp.payload[4]',
      'eth.dst[4:3]',
      'eth.dst[-7:1]',
      'frame[99:1]',
    ],
    bad: [
      'frame.number[0:1] == 1',
      'mac-lte.slsch.src-l2-id[0] == 0a',
      'eth.dst[0:0] == 01',
      'eth.dst[3-1] == 01',
      'eth.dst[0:3] == 5xy',
      'ip.dst == 5[0:1]',
    ],
  },
  'any all': {
    right: [
      'any mac-lte.slsch.lcid == 4',
      'all mac-lte.slsch.lcid > 2',
      'any mac-lte.slsch.lcid != 4',
      'all ip.addr in {128.0.0.0/1}',
    ],
    wrong: ['all mac-lte.slsch.lcid == 4', 'any mac-lte.slsch.lcid > 5', 'all rtp.seq > 1', 'any rtp.seq not in {1}'],
    bad: ['any ip.src == 5', 'all frame.number == "x"'],
  },
  'two fields': {
    right: ['ip.src != ip.dst', 'udp.srcport == udp.port', 'ip.src < ip.dst'],
    wrong: ['ip.src == ip.dst', 'rtp.seq == udp.port'],
    bad: ['ip.src == udp.port', 'slrb.group-name == frame.number', 'ip.src == ipv6.src', 'eth.dst == ip.dst'],
  },
  chains: {
    right: ['udp.dstport < udp.srcport < 50000', 'udp.dstport < udp.srcport <= udp.port'],
    wrong: ['udp.dstport < udp.srcport < 3'],
    bad: ['1 < frame.number', 'frame.number < 20 < 30'],
  },
};

describe('operators', () => {
  for (const [operator, { right, wrong, bad }] of Object.entries(OPERATORS)) {
    test.each(right)(`${operator}: passes %s`, (filter) => expect(passes(filter, FRAME)).toBe(true));
    test.each(wrong)(`${operator}: does not pass %s`, (filter) => expect(passes(filter, FRAME)).toBe(false));
    test.each(bad)(`${operator}: refuses %s`, (filter) => {
      const { code, column, message } = filterError(filter);
      expect(code).toMatch(/^filter\.(type|value|pattern|unknown-field)$/);
      expect(column).toBeGreaterThanOrEqual(1);
      expect(column).toBeLessThanOrEqual(filter.length);
      expect(message).not.toBe('');
    });
  }

  test('an empty filter passes every frame', () => {
    expect(passes('', FRAME)).toBe(true);
    expect(passes(' \n', {})).toBe(true);
  });

  test('no comparison is true of an absent field, and `not` turns that round', () => {
    for (const operator of ['==', '!=', '<', '<=', '>', '>=', '===', '!==']) {
      expect(passes(`rtp.seq ${operator} 7`, FRAME)).toBe(false);
      expect(passes(`not rtp.seq ${operator} 7`, FRAME)).toBe(true);
    }
  });

  test('one name of several values means all of them', () => {
    for (const value of [4, 5, 6, 7]) {
      expect(passes('slrb.sdu-type == Reserved', { fields: { 'slrb.sdu-type': value } })).toBe(true);
      expect(passes('slrb.sdu-type != Reserved', { fields: { 'slrb.sdu-type': value } })).toBe(false);
    }
    expect(filterError('slrb.sdu-type > Reserved').code).toBe('filter.type');
  });

  test('a group of which only 16 bits are known compares with its pattern', () => {
    const frame = { fields: { 'slrb.group': 'f000??' } };
    expect(passes('slrb.group == f000??', frame)).toBe(true);
    expect(passes('slrb.group == f00001', frame)).toBe(false);
    expect(passes('slrb.group > 000000', frame)).toBe(false);
  });
});
