// -T fields: -e and every option of -E, and what a wrong one says.

import { describe, expect, test } from 'vitest';
import { DEFAULT_ROW_OPTIONS, FieldRows, parseRowOptions, ROW_COLUMNS } from '../../dissectors/field-rows.ts';
import { FilterError } from '../../dissectors/filter/filter-error.ts';
import { HOSTILE } from './demo-tree.ts';
import { collect, type TestFrame } from './filter/collected.ts';

const FRAME: TestFrame = {
  layers: { udp: 0 },
  fields: {
    'frame.number': 7,
    'frame.time_epoch': 1_777_629_600_123_456_000n,
    'frame.time': 1_777_629_600_123_456_000n,
    'mac-lte.slsch.src-l2-id': 0x00abcd,
    'mac-lte.slsch.lcid': [3, 31],
    'ip.src': Uint8Array.of(10, 0, 0, 1),
    'ip.dst': Uint8Array.of(239, 255, 0, 1),
    'eth.src': Uint8Array.of(2, 0, 0, 0, 0, 1),
    'ipv6.dst': Uint8Array.of(255, 2, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1),
    'rtp.marker': [true, false],
    'rtp.payload': Uint8Array.of(0xaa, 0xbb),
    'slrb.verdict': 'decrypted',
    'slrb.group': 'f000??',
    'slrb.group-name': 'Fire "7", north',
    'slrb.source-name': HOSTILE,
  },
};

function row(names: readonly string[], ...options: string[]): string {
  const rows = new FieldRows(names, parseRowOptions(options));
  return rows.row(collect(rows.wanted, FRAME));
}

describe('rows', () => {
  test.each([
    ['frame.number', '7'],
    ['frame.time_epoch', '1777629600.123456000'],
    ['frame.time', 'May  1, 2026 10:00:00.123456000 UTC'],
    ['mac-lte.slsch.src-l2-id', '0x00abcd'],
    ['mac-lte.slsch.lcid', '0x03,0x1f'],
    ['ip.addr', '10.0.0.1,239.255.0.1'],
    ['eth.src', '02:00:00:00:00:01'],
    ['ipv6.dst', 'ff02::1'],
    ['rtp.marker', '1,0'],
    ['rtp.payload', 'aabb'],
    ['slrb.verdict', 'decrypted'],
    ['slrb.group', 'f000??'],
    ['udp', 'User Datagram Protocol'],
    ['rtp.seq', ''],
  ])('%s', (name, text) => expect(row([name])).toBe(text));

  test('columns, in the order asked for, with a tab between them', () => {
    expect(row(['rtp.seq', 'frame.number', 'rtp.seq', 'slrb.verdict'])).toBe('\t7\t\tdecrypted');
  });

  test('-E', () => {
    const names = ['mac-lte.slsch.lcid', 'rtp.seq', 'slrb.group-name'];
    expect(row(names, 'separator=,')).toBe('0x03,0x1f,,Fire "7", north');
    expect(row(names, 'separator=,', 'quote=d')).toBe('"0x03,0x1f",,"Fire ""7"", north"');
    expect(row(names, 'separator=/s', 'quote=s', 'aggregator=;')).toBe(`'0x03;0x1f'  'Fire "7", north'`);
    expect(row(names, 'occurrence=f', 'separator=/t')).toBe('0x03\t\tFire "7", north');
    expect(row(names, 'occurrence=l', 'aggregator=/s', 'quote=n')).toBe('0x1f\t\tFire "7", north');
    expect(row(names, 'occurrence=f', 'occurrence=a', 'aggregator=/s')).toBe('0x03 0x1f\t\tFire "7", north');
  });

  test('a header only where it is wanted', () => {
    expect(new FieldRows(['ip.src', 'rtp']).header()).toBeNull();
    expect(new FieldRows(['ip.src', 'rtp'], parseRowOptions(['header=y', 'separator=,'])).header()).toBe('ip.src,rtp');
    expect(parseRowOptions(['header=y', 'header=n'])).toEqual(DEFAULT_ROW_OPTIONS);
  });

  test('nothing that a terminal or a table obeys comes out of a text', () => {
    expect(/[^\x20-\x7e]/.test(row(['slrb.source-name']))).toBe(false);
  });

  test('chosen fields of -T json and -T ek', () => {
    const rows = new FieldRows(['ip.addr', 'rtp.seq', 'rtp.payload']);
    expect(rows.layers(collect(rows.wanted, FRAME))).toEqual({
      'ip.addr': ['10.0.0.1', '239.255.0.1'],
      'rtp.payload': ['aa:bb'],
    });
  });

  test.each([
    ['headr=y', 'filter.option', /no option "headr"/, /header/],
    ['nonsense', 'filter.option', /no option/, /separator/],
    ['header=yes', 'filter.option', /no value of header/, /header=y/],
    ['separator=', 'filter.option', /no value of separator/, /separator=\/t/],
    ['separator=;;', 'filter.option', /no value/, /separator=/],
    ['aggregator=\n', 'filter.option', /no value/, /aggregator=/],
    ['quote=x', 'filter.option', /no value/, /quote=d/],
    ['occurrence=first', 'filter.option', /no value/, /occurrence=f/],
  ])('-E %j is refused', (option, code, message, hint) => {
    const attempt = () => parseRowOptions([option]);
    expect(attempt).toThrow(FilterError);
    expect(attempt).toThrow(
      expect.objectContaining({ code, message: expect.stringMatching(message), hint: expect.stringMatching(hint) }),
    );
  });

  test('an unknown field is refused with the nearest name, none and too many too', () => {
    expect(() => new FieldRows(['ip.scr'])).toThrow(
      expect.objectContaining({ code: 'filter.unknown-field', hint: expect.stringContaining('ip.src') }),
    );
    expect(() => new FieldRows([])).toThrow(expect.objectContaining({ code: 'filter.option' }));
    expect(() => new FieldRows(Array.from({ length: ROW_COLUMNS + 1 }, () => 'ip.src'))).toThrow(FilterError);
  });
});
