// -V and -x: labels, bits, names, bases, octet ranges, a dump for every source, nothing that a terminal obeys.

import { describe, expect, test } from 'vitest';
import { TreeBuilder } from '../../dissectors/tree.ts';
import { DEMO_FRAME, writeDemo } from './demo-tree.ts';
import { dumpText, hexDump, treeLines, treeText } from './plain-tree-text.ts';

function demoTree() {
  const builder = new TreeBuilder(DEMO_FRAME);
  writeDemo(builder);
  return builder.finish();
}

describe('-V', () => {
  test('every line', () => {
    expect(treeLines(demoTree())).toEqual([
      'Frame  [0:20]',
      '    [Frame number: 3]',
      '    [Arrival time: May  1, 2026 10:00:00.123456000 UTC]',
      '    [Epoch time: 1777629600.123456000]',
      '    [Frame length: 24]',
      '    [Captured length: 20]',
      '    [Interface: 0]',
      '    [Link type: 147]',
      '    [Protocols in frame: demo:demo]',
      'Demo protocol  [0:20]',
      '    0011 .... = Version: one-to-many (1)  [0:1]',
      '    .... 0... = More: True  [0:1]',
      '    .... .000 = LCID: 3 (0x03)  [0:1]',
      '    ...1 0001 0011 0010 = Fragment offset: 185  [1:2]',
      '    Source: 0x0a0b0c  [3:3]',
      '    Sub-header  [6:2]',
      '        Type: IPv4 (0x0800)  [6:2]',
      '    Sub-header  [8:2]',
      '        Type: 0x86dd  [8:2]',
      '    Address: 10.0.0.1  [10:4]',
      '    Name: a\\x1b[31m\\x07\\u202eb\\x9bc\\x0d\\x0a\\x00\\ud800  [14:2]',
      '    Marked  [16:1]',
      '    Sent: May  1, 2026 10:00:00.000000001 UTC  [0:8]',
      '    Large: 0x0000ffffffffffff  [0:8]',
      '    [Group: f00001]',
      '    [Verdict: decrypted]',
      'Demo protocol  [deciphered SDU 0:3]',
      '    Data: ff0a  [deciphered SDU 1:2]',
      '    [Problem at octet 3: it ends early (demo.cut)]',
    ]);
  });

  test('nothing reaches the terminal that it would obey', () => {
    const text = treeText(demoTree()) + dumpText(demoTree());
    expect(/[^\n\x20-\x7e]/.test(text)).toBe(false);
    expect(text.endsWith('\n')).toBe(true);
  });

  test('says how many nodes are missing', () => {
    expect(treeLines({ sources: [], layers: [], dropped: 3 })).toEqual(['[3 more nodes are not shown]']);
  });
});

describe('-x', () => {
  test('a dump with a heading for each source', () => {
    expect(dumpText(demoTree())).toBe(
      [
        'Frame (20 bytes):',
        '0000  30 31 32 33 34 35 36 37 38 39 3a 3b 3c 3d 3e 3f   0123456789:;<=>?',
        '0010  40 41 42 43                                       @ABC',
        '',
        'Deciphered SDU (3 bytes):',
        '0000  45 ff 0a                                          E..',
        '',
      ].join('\n'),
    );
  });

  test('one source needs no heading, none gives nothing, large ones have wider offsets', () => {
    expect(dumpText(new TreeBuilder(Uint8Array.of(0x41)).finish())).toMatch(/^0000 {2}41 {48}A\n$/);
    expect(hexDump(new Uint8Array(0))).toBe('');
    expect(hexDump(new Uint8Array(0x10001)).startsWith('00000000  ')).toBe(true);
  });
});
