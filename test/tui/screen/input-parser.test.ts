// Keys, mouse and pasted text from what a terminal sends, in whatever pieces it comes.

import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { InputEvent } from '../../../tui/screen/input-event.ts';
import { InputParser, PASTE_LENGTH } from '../../../tui/screen/input-parser.ts';

function parse(...pieces: readonly string[]): InputEvent[] {
  const events: InputEvent[] = [];
  const parser = new InputParser((event) => events.push(event));
  for (const piece of pieces) parser.push(Buffer.from(piece));
  if (parser.waits) parser.flush();
  return events;
}

function keys(...pieces: readonly string[]): string[] {
  return parse(...pieces).map((event) => (event.kind === 'key' ? event.key : event.kind));
}

test.each([
  ['a', ['a']],
  ['A?é火', ['A', '?', 'é', '火']],
  ['\r\t \u007f', ['enter', 'tab', 'space', 'backspace']],
  ['\u0003\u001a', ['ctrl-c', 'ctrl-z']],
  ['\u001b', ['escape']],
  ['\u001b\u001b', ['escape', 'escape']],
  ['\u001bx', ['alt-x']],
  ['\u001b[A\u001b[B\u001bOC\u001b[D', ['up', 'down', 'right', 'left']],
  ['\u001b[H\u001b[F\u001b[1~\u001b[4~\u001b[5~\u001b[6~', ['home', 'end', 'home', 'end', 'pageup', 'pagedown']],
  ['\u001bOP\u001b[15~\u001b[24~', ['f1', 'f5', 'f12']],
  ['\u001b[Z', ['shift-tab']],
  ['\u001b[1;5C\u001b[1;2A\u001b[3;3~', ['ctrl-right', 'shift-up', 'alt-delete']],
  ['\u001b[999z\u001b[?1;2cq', ['q']],
])('%j is %j', (sent, expected) => {
  expect(keys(sent)).toEqual(expected);
});

test('several mouse reports in one piece are all seen', () => {
  expect(parse('\u001b[<64;1;1M\u001b[<65;10;5M\u001b[<65;10;5M\u001b[<0;3;4M\u001b[<0;3;4m\u001b[<32;5;4M')).toEqual([
    { kind: 'mouse', action: 'wheel-up', button: 'none', x: 0, y: 0 },
    { kind: 'mouse', action: 'wheel-down', button: 'none', x: 9, y: 4 },
    { kind: 'mouse', action: 'wheel-down', button: 'none', x: 9, y: 4 },
    { kind: 'mouse', action: 'press', button: 'left', x: 2, y: 3 },
    { kind: 'mouse', action: 'release', button: 'left', x: 2, y: 3 },
    { kind: 'mouse', action: 'drag', button: 'left', x: 4, y: 3 },
  ]);
});

describe('pasted text', () => {
  test('is one event, and no key', () => {
    expect(parse('\u001b[200~q:quit\r', '\u001b[A\u001b[20', '1~j')).toEqual([
      { kind: 'paste', text: 'q:quit\r\u001b[A' },
      { kind: 'key', key: 'j' },
    ]);
  });

  test('ends at its cap', () => {
    const [event] = parse(`\u001b[200~${'x'.repeat(PASTE_LENGTH * 2)}\u001b[201~`);
    expect(event.kind === 'paste' && event.text.length).toBe(PASTE_LENGTH);
  });
});

test('a sequence that never ends is dropped, and what follows is understood', () => {
  expect(keys(`\u001b[${'1;'.repeat(200)}`, 'q').at(-1)).toBe('q');
});

test('what it comes in makes no difference', () => {
  const parts = [
    'a',
    'é',
    '火',
    '\u001b[A',
    '\u001b[<65;10;5M',
    '\u001b[200~x y\u001b[201~',
    '\r',
    '\u001b[1;5C',
    '\u001bOP',
  ];
  fc.assert(
    fc.property(
      fc.array(fc.constantFrom(...parts), { maxLength: 12 }),
      fc.array(fc.nat(64), { maxLength: 8 }),
      (sent, cuts) => {
        const octets = Buffer.from(sent.join(''));
        const events: InputEvent[] = [];
        const parser = new InputParser((event) => events.push(event));
        let at = 0;
        for (const cut of [...cuts].sort((a, b) => a - b)) {
          const end = Math.min(cut, octets.length);
          if (end > at) parser.push(octets.subarray(at, end));
          at = Math.max(at, end);
        }
        parser.push(octets.subarray(at));
        expect(events).toEqual(parse(sent.join('')));
      },
    ),
  );
});

test('any octets are taken', () => {
  fc.assert(
    fc.property(fc.array(fc.uint8Array({ maxLength: 40 })), (pieces) => {
      const parser = new InputParser(() => undefined);
      for (const piece of pieces) parser.push(piece);
      parser.flush();
      expect(parser.waits).toBe(false);
    }),
  );
});
