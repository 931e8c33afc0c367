// Sequence numbers of messages, beside a plain list.

import fc from 'fast-check';
import { expect, test } from 'vitest';
import { SequenceLog } from '../../tui/feed/sequence-log.ts';

test('finds what was added and nothing else', () => {
  fc.assert(
    fc.property(fc.array(fc.integer({ min: 1, max: 5 }), { maxLength: 3000 }), fc.nat(20_000), (steps, asked) => {
      const log = new SequenceLog();
      const plain: number[] = [];
      let seq = 0;
      for (const step of steps) {
        seq += step;
        log.add(seq);
        plain.push(seq);
      }
      const at = plain.indexOf(asked);
      expect(log.ordinalOf(asked)).toBe(at < 0 ? null : at);
      expect(log.count).toBe(plain.length);
      expect(log.first).toBe(plain[0] ?? null);
    }),
  );
});

test('forgets the oldest and goes on counting', () => {
  const log = new SequenceLog();
  const many = (1 << 20) + 5;
  for (let seq = 1; seq <= many; seq++) log.add(seq);
  expect(log.count).toBe(many);
  expect(log.ordinalOf(many)).toBe(many - 1);
  expect(log.ordinalOf(1)).toBeNull();
  expect(log.first).toBeGreaterThan(1);
});
