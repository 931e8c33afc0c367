// Who speaks, and the account that counts by sender.

import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { EpochUse } from '../../../daemon/engine/epoch-use.ts';
import { groupKeyOf } from '../../../daemon/engine/group-key.ts';
import { MessageFlag, MessageTable, NONE } from '../../../daemon/engine/message-table.ts';
import { Senders } from '../../../daemon/engine/senders.ts';
import { parseKeyring } from '../../../daemon/keyring/keyring-file.ts';
import { keyring as keyringOf, pgk } from '../findings/scene.ts';

interface Spoken {
  readonly source: number;
  readonly group: number;
  readonly context: number;
  readonly epoch: number;
  readonly opened: boolean;
}

const spoken: fc.Arbitrary<Spoken> = fc.record({
  source: fc.oneof(fc.nat({ max: 5 }), fc.nat({ max: 0xff_ffff })),
  group: fc.constantFrom(NONE, 0, 1),
  context: fc.oneof(fc.constant(NONE), fc.nat({ max: 8 }), fc.nat({ max: (1 << 18) - 1 })),
  epoch: fc.constantFrom(NONE, 0, 1, 2),
  opened: fc.boolean(),
});

function tableOf(messages: readonly Spoken[]): MessageTable {
  const table = new MessageTable();
  for (const { source, group, context, epoch, opened } of messages) {
    const row = table.add();
    table.version[row] = 3;
    table.destination[row] = 0xe0_0001;
    table.source[row] = source;
    table.group[row] = group;
    table.context[row] = context;
    table.epoch[row] = epoch;
    table.flags[row] = opened ? MessageFlag.opened : 0;
    table.time[row] = row;
  }
  return table;
}

describe('senders', () => {
  test('each source in each group has one slot, whatever context it speaks in', () => {
    fc.assert(
      fc.property(fc.array(spoken, { maxLength: 200 }), (messages) => {
        const senders = new Senders();
        const table = tableOf(messages);
        const twin = new Map<string, number>();
        for (let row = 0; row < table.count; row++) {
          const name = `${groupKeyOf(table, row)} ${table.source[row]}`;
          const slot = senders.of(table, row);
          expect(slot).toBe(twin.get(name) ?? twin.size);
          twin.set(name, slot);
          expect(senders.find(groupKeyOf(table, row), table.source[row])).toBe(slot);
        }
        expect(senders.find(1, 0x100_0000)).toBe(-1);
      }),
    );
  });

  test('above the cap one is forgotten, and all columns hear of it before its slot is another one’s', () => {
    const senders = new Senders(1024);
    const capacities: number[] = [];
    const names = Array.from({ length: 1024 }, () => 0);
    const forgotten: number[] = [];
    senders.add({ grow: (capacity) => capacities.push(capacity), forget: (sender) => forgotten.push(names[sender]) });
    const table = tableOf([{ source: 0, group: 0, context: 3, epoch: NONE, opened: false }]);
    for (let source = 1; source <= 3000; source++) {
      table.source[0] = source;
      const slot = senders.of(table, 0);
      expect(senders.of(table, 0)).toBe(slot);
      names[slot] = source;
    }
    expect(capacities).toEqual([64, 1024]);
    expect(senders.isFull).toBe(true);
    expect(senders.evictions).toBe(3000 - 1024);
    expect(new Set([...forgotten, ...names]).size).toBe(3000);
  });
});

describe('use of keys', () => {
  const KEYS = keyringOf({ keys: [pgk(39), pgk(40)] }, [{ id: 'f00002', algorithm: '128-EEA2', keys: [pgk(50)] }]);

  test('each source counts once under each key, also under one of another group', () => {
    fc.assert(
      fc.property(fc.array(spoken, { maxLength: 200 }), (messages) => {
        const use = new EpochUse(parseKeyring(JSON.stringify(KEYS), 'use.json'), new Senders());
        const table = tableOf(messages);
        const half = table.count >> 1;
        use.note(table, 0, half);
        use.note(table, half, table.count);
        for (const serial of [0, 1, 2]) {
          const of = messages.filter(({ epoch, opened }) => opened && epoch === serial);
          expect(use.messages[serial]).toBe(of.length);
          expect(use.sources[serial]).toBe(new Set(of.map(({ source }) => source)).size);
        }
        expect(use.evictions).toBe(0);
      }),
      { numRuns: 300 },
    );
  });
});
