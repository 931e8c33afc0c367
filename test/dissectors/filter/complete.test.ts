// Completion: what is offered at the cursor, and that accepting it gives a filter that goes on to make sense.

import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { compileFilter } from '../../../dissectors/filter/compile.ts';
import { completeFilter, SUGGESTIONS } from '../../../dissectors/filter/complete.ts';

/** Suggested texts at `|`. */
function offered(marked: string): string[] {
  const cursor = marked.indexOf('|');
  return completeFilter(marked.replace('|', ''), cursor).suggestions.map((suggestion) => suggestion.text);
}

describe('completion', () => {
  test('names of fields and protocols where an operand stands', () => {
    expect(offered('slrb.ver|')).toEqual(['slrb.verdict']);
    expect(offered('rtp and not slrb.pgk|')).toEqual(['slrb.pgk-id', 'slrb.pgk-index']);
    expect(offered('(mac-lte.slsch.src|')).toEqual(['mac-lte.slsch.src-l2-id']);
    expect(offered('rt|')).toEqual(expect.arrayContaining(['rtp', 'rtcp', 'rtp.seq']));
    expect(offered('ip.addr|')).toEqual(['ip.addr']);
    expect(offered('|').length).toBe(SUGGESTIONS);
  });

  test('operators that the field has, and links', () => {
    expect(offered('slrb.verdict |')).toEqual([
      '==',
      '!=',
      '<',
      '<=',
      '>',
      '>=',
      'contains',
      'matches',
      'in',
      'and',
      'or',
    ]);
    expect(offered('rtp.marker |')).toEqual(['==', '!=', 'in', 'and', 'or']);
    expect(offered('ip.src c|')).toEqual([]);
    expect(offered('mac-lte.slsch |')).toEqual(['and', 'or']);
    expect(offered('frame con|')).toEqual(['contains']);
    expect(offered('eth.dst[0:3] |')).toContain('==');
  });

  test('values that have names', () => {
    expect(offered('slrb.verdict == |')).toContain('no-key');
    expect(offered('slrb.verdict == "de|')).toEqual(['"decrypted"']);
    expect(offered('slrb.verdict in {stale, fo|')).toEqual(['forged']);
    expect(offered('slrb.sdu-type == pc|')).toEqual(['"PC5 Signalling"']);
    expect(offered('rtp.marker == t|')).toEqual(['true']);
    expect(offered('finding.severity >= |')).toEqual(['info', 'low', 'medium', 'high', 'critical']);
  });

  test('a hint where any value may stand', () => {
    const { suggestions } = completeFilter('ip.src == ', 10);
    expect(suggestions).toEqual([{ text: '', about: expect.stringContaining('10.0.0.0/8') }]);
  });

  test('links behind a whole test, a brace behind in', () => {
    expect(offered('slrb.verdict == stale |')).toEqual(['and', 'or']);
    expect(offered('slrb.verdict == "stale" a|')).toEqual(['and']);
    expect(offered('frame.number in {1} |')).toEqual(['and', 'or']);
    expect(offered('frame.number in |')).toEqual(['{']);
    expect(offered('frame.number not in |')).toEqual(['{']);
  });

  test('what follows the cursor does not matter, and `from` is where the word begins', () => {
    expect(completeFilter('rtp and slrb.ver == stale', 16)).toMatchObject({
      from: 8,
      suggestions: [{ text: 'slrb.verdict' }],
    });
  });

  test('never fails, whatever is there', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary', maxLength: 30 }), fc.nat(40), (text, cursor) => {
        const { from, suggestions } = completeFilter(text, cursor);
        expect(from).toBeLessThanOrEqual(Math.min(cursor, text.length));
        expect(suggestions.length).toBeLessThanOrEqual(SUGGESTIONS);
      }),
    );
  });

  test('every value that is offered compiles', () => {
    for (const name of [
      'slrb.verdict',
      'slrb.sdu-type',
      'finding.confidence',
      'rtp.p_type',
      'ip.proto',
      'mac-lte.slsch.lcid',
    ]) {
      const values = completeFilter(`${name} == `, name.length + 4).suggestions;
      expect(values.length).toBeGreaterThan(1);
      for (const { text } of values) expect(() => compileFilter(`${name} == ${text}`)).not.toThrow();
    }
  });
});
