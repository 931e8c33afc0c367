// What a wrong filter says: code, column, sentence, what was meant.

import { describe, expect, test } from 'vitest';
import { compileFilter } from '../../../dissectors/filter/compile.ts';
import { columnOf } from '../../../dissectors/filter/filter-error.ts';
import { FILTER_DEPTH, FILTER_LENGTH } from '../../../dissectors/filter/parse.ts';
import { filterError } from './collected.ts';

describe('errors', () => {
  test.each([
    ['ip.src == 5', 'filter.type', 11, /ip\.src is an IPv4 address and cannot be compared with 5/, /10\.0\.0\.0\/8/],
    ['frame.number == 3 and ip.src == 5', 'filter.type', 33, /IPv4/, /./],
    ['slrb.pgkid == 5', 'filter.unknown-field', 1, /no field or protocol is called slrb\.pgkid/, /slrb\.pgk-id/],
    ['rtp and src-l2-id == 0a0b0c', 'filter.unknown-field', 9, /src-l2-id/, /mac-lte\.slsch\.src-l2-id/],
    ['slrb.verdict == decryptde', 'filter.value', 17, /never "decryptde"/, /decrypted/],
    ['slrb.verdict == 7', 'filter.value', 17, /never "7"/, /one of clear/],
    ['slrb.sdu-type == "Non-IQ"', 'filter.type', 18, /cannot be compared/, /./],
    ['slrb.sdu-type == Non-IQ', 'filter.type', 18, /cannot be compared/, /"Non-IP"/],
    ['udp.srcport == 70000', 'filter.value', 16, /65535 at most/, /^$/],
    ['ip.src == 10.0.0.0/33', 'filter.value', 11, /0 to 32/, /^$/],
    ['rtp.marker > 0', 'filter.type', 12, /has no order/, /==/],
    ['frame.number contains 1', 'filter.type', 14, /contains looks into texts and octets/, /./],
    ['frame.number[0:1] == 1', 'filter.type', 13, /cannot be sliced/, /./],
    ['5 == frame.number', 'filter.type', 1, /a field or a protocol must stand here/, /left/],
    ['"a" == slrb.group-name', 'filter.type', 1, /is a value/, /./],
    ['frame.number = 5', 'filter.syntax', 14, /"=" does not fit here/, /==/],
    ['rtp AND udp', 'filter.syntax', 5, /"AND" does not fit here/, /lower case/],
    ['rtp & udp', 'filter.syntax', 5, /"&"/, /&&/],
    ["slrb.group-name == 'a'", 'filter.syntax', 20, /"'"/, /double quotes/],
    ['slrb.group-name == "a', 'filter.syntax', 20, /./, /ends with a double quote/],
    ['(rtp', 'filter.syntax', 5, /ends too early/, /^$/],
    ['rtp)', 'filter.syntax', 4, /"\)" does not fit here/, /^$/],
    ['frame.number in {}', 'filter.syntax', 18, /"}"/, /^$/],
    ['frame.number in {1 2}', 'filter.syntax', 20, /"2"/, /^$/],
    ['frame.number ==', 'filter.syntax', 16, /ends too early, expected .*a field or a value/, /^$/],
    ['eth.dst[', 'filter.syntax', 9, /ends too early, expected .*a slice/, /^$/],
    ['eth.dst[x]', 'filter.syntax', 9, /"x" does not fit here, expected .*a slice/, /^$/],
    ['rtp udp', 'filter.syntax', 5, /"udp" does not fit here, expected .*a comparison.*and.*or/, /^$/],
    ['slrb.group-name == "😀" and ip.src == 5', 'filter.type', 38, /IPv4/, /./],
    ['slrb.group-name matches "(a"', 'filter.pattern', 25, /not closed/, /^$/],
    ['slrb.group-name matches "(?=a)"', 'filter.pattern', 25, /lookaround/, /^$/],
  ] as const)('%s', (filter, code, column, message, hint) => {
    const error = filterError(filter);
    expect({ code: error.code, column: error.column }).toEqual({ code, column });
    expect(error.message).toMatch(message);
    expect(error.hint).toMatch(hint);
  });

  test('a column counts characters, not UTF-16 units', () => {
    expect(columnOf('😀x', 2)).toBe(2);
  });

  test('length and depth are bounded', () => {
    const long = `${'rtp or '.repeat(1100)}rtp`;
    expect(long.length).toBeLessThan(FILTER_LENGTH);
    expect(compileFilter(long).wanted.layers).toHaveLength(1);
    expect(filterError(`${long}${' or rtp'.repeat(100)}`).code).toBe('filter.too-long');
    const nested = (depth: number) => `${'('.repeat(depth)}rtp${')'.repeat(depth)}`;
    expect(() => compileFilter(nested(FILTER_DEPTH))).not.toThrow();
    expect(filterError(nested(FILTER_DEPTH + 1))).toMatchObject({ code: 'filter.too-deep', column: FILTER_DEPTH + 1 });
    expect(filterError(`${'!'.repeat(FILTER_DEPTH + 1)}rtp`).code).toBe('filter.too-deep');
    expect(filterError(`${'not '.repeat(2000)}rtp`).code).toBe('filter.too-deep');
    expect(filterError('('.repeat(8000)).code).toBe('filter.too-deep');
    expect(() => compileFilter(`${'!rtp and '.repeat(100)}rtp`)).not.toThrow();
    expect(() => compileFilter(`slrb.group-name == "${'('.repeat(100)}"`)).not.toThrow();
  });
});
