// The one table of keys, and what is read from it.

import { describe, expect, test } from 'vitest';
import { KeyDispatcher } from '../../tui/app/key-dispatcher.ts';
import { type Context, KEY_TABLE, keyText } from '../../tui/keys.ts';

test('no key means two things in one context', () => {
  const seen = new Map<string, string>();
  for (const { keys, command, argument, contexts } of KEY_TABLE) {
    for (const context of contexts) {
      for (const key of keys) {
        const place = `${context} ${key}`;
        expect(seen.get(place), place).toBeUndefined();
        seen.set(place, `${command} ${argument ?? ''}`);
      }
    }
  }
});

test('no key is the beginning of another one in its context', () => {
  for (const { keys, contexts } of KEY_TABLE) {
    for (const key of keys.filter((each) => !each.includes(' '))) {
      const longer = KEY_TABLE.filter(
        (other) =>
          other.contexts.some((each) => contexts.includes(each)) &&
          other.keys.some((each) => each.startsWith(`${key} `)),
      );
      expect(longer, key).toEqual([]);
    }
  }
});

test('a table for people has no name of ours in it', () => {
  expect(keyText('ctrl-f')).toBe('Ctrl-f');
  expect(keyText('g g')).toBe('gg');
  expect(keyText('m *')).toBe('ma-z');
});

describe('from keys to commands', () => {
  const list: readonly Context[] = ['messages', 'list', 'everywhere'];

  test('the innermost context counts', () => {
    const keys = new KeyDispatcher();
    expect(keys.press('enter', ['tree', 'list', 'messages', 'everywhere'])?.command).toBe('fold');
    expect(keys.press('enter', list)?.command).toBe('open');
  });

  test('keys in turn, and what is pressed with them', () => {
    const keys = new KeyDispatcher();
    expect(keys.press('g', list)).toBeNull();
    expect(keys.begun).toBe('g');
    expect(keys.press('g', list)?.command).toBe('top');
    expect(keys.press('m', list)).toBeNull();
    expect(keys.press('q', list)).toEqual({ command: 'mark-letter', argument: 'q' });
  });

  test('a sequence that leads nowhere leaves its last key', () => {
    const keys = new KeyDispatcher();
    keys.press('g', list);
    expect(keys.press('j', list)?.command).toBe('down');
    keys.press('g', list);
    expect(keys.press('escape', list)).toBeNull();
    expect(keys.begun).toBe('');
  });

  test('own keys take the place of those of the table', () => {
    const keys = new KeyDispatcher(new Map([['quit', ['Q']]]));
    expect(keys.press('q', list)).toBeNull();
    expect(keys.press('Q', list)?.command).toBe('quit');
  });
});
