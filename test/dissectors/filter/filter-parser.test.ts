// The committed parser is what the grammar makes, and the grammar gives words the shapes that compiling relies on.

import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import process from 'node:process';
import { fileURLToPath } from 'node:url';
import { describe, expect, test } from 'vitest';
import { parseFilter } from '../../../dissectors/filter/parse.ts';

describe('the grammar', () => {
  test('filter-parser.ts is generated from filter.peggy as it is', () => {
    const script = fileURLToPath(new URL('generate-parser.mjs', import.meta.url));
    const generated = execFileSync(process.execPath, [script, '--print'], { encoding: 'utf8' });
    const committed = readFileSync(new URL('../../../dissectors/filter/filter-parser.ts', import.meta.url), 'utf8');
    expect(committed === generated, 'run node test/dissectors/filter/generate-parser.mjs').toBe(true);
  });

  test('`and` binds closer than `xor`, `xor` closer than `or`', () => {
    expect(parseFilter('a or b and c')).toMatchObject({ kind: 'or', operands: [{ kind: 'present' }, { kind: 'and' }] });
    expect(parseFilter('a xor b and c or d')).toMatchObject({
      kind: 'or',
      operands: [{ kind: 'xor', operands: [{ kind: 'present' }, { kind: 'and' }] }, { kind: 'present' }],
    });
    expect(parseFilter('not a == 1 and b')).toMatchObject({
      kind: 'and',
      operands: [{ kind: 'not' }, { kind: 'present' }],
    });
  });

  test.each([
    '0a0b0c',
    'aa:bb:cc',
    'aa-bb',
    '10.0.0.0/8',
    'fe80::1',
    '::',
    '::1/128',
    '2026-05-01T10:00:00.5Z',
    'f000??',
    'no-key',
  ])('%s is one word', (text) => {
    expect(parseFilter(`a == ${text}`)).toMatchObject({ kind: 'relation', right: { kind: 'word', text } });
  });

  test('words that begin with an operator are words', () => {
    expect(parseFilter('android or notes or order')).toMatchObject({
      kind: 'or',
      operands: [{ operand: { text: 'android' } }, { operand: { text: 'notes' } }, { operand: { text: 'order' } }],
    });
  });

  test('two dots end a word', () => {
    expect(parseFilter('a in {1..5, 10.0.0.1..10.0.0.9,::1..::9}')).toMatchObject({
      elements: [
        { low: { text: '1' }, high: { text: '5' } },
        { low: { text: '10.0.0.1' }, high: { text: '10.0.0.9' } },
        { low: { text: '::1' }, high: { text: '::9' } },
      ],
    });
  });
});
