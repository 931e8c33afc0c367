// The gate for plaintext at the door: dates, orders, clocks.

import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { KeyRow } from '../../../daemon/engine-process/engine-port.ts';
import { KeyGate } from '../../../daemon/service/key-gate.ts';

const START = 1_000_000;
const END = 2_000_000;
const name = { group: 'f00001', pgkId: 39, notBefore: START };
const row: KeyRow = {
  ...name,
  notAfter: END,
  ...{ revokedAt: null, compromisedAt: null, suspendedAt: null, resumedAt: null, destroyedAt: null, state: 'active' },
};

function gateAt(now: number, changes: Partial<KeyRow> = {}): { gate: KeyGate; clock: { time: number } } {
  const clock = { time: now };
  const gate = new KeyGate({ now: () => clock.time });
  gate.addTrack(0, 'wall');
  gate.addTrack(1, 'capture');
  gate.replace([{ ...row, ...changes }]);
  return { gate, clock };
}

describe('key gate', () => {
  test.each([
    ['before its start', START - 1, {}, false],
    ['at its start', START, {}, true],
    ['at its last instant', END - 1, {}, true],
    ['at its end', END, {}, false],
    ['revoked now', START + 5, { revokedAt: START + 5 }, false],
    ['revoked later', START + 5, { revokedAt: START + 6 }, true],
    ['compromised', START + 5, { compromisedAt: START }, false],
    ['suspended', START + 5, { suspendedAt: START + 1 }, false],
    ['suspended and resumed', START + 5, { suspendedAt: START + 1, resumedAt: START + 4 }, true],
    ['to be resumed later', START + 5, { suspendedAt: START + 1, resumedAt: START + 9 }, false],
    ['destroyed', START + 5, { destroyedAt: START + 400_000 }, false],
  ])('a key %s', (_, now, changes, expected) => {
    expect(gateAt(now, changes).gate.mayUse(name, 0)).toBe(expected);
  });

  test('a key that the table does not have, or has no more, and a track nobody named', () => {
    const { gate } = gateAt(START);
    expect(gate.mayUse({ ...name, notBefore: START + 1 }, 0)).toBe(false);
    expect(gate.mayUse({ ...name, pgkId: 40 }, 0)).toBe(false);
    expect(gate.mayUse(name, 9)).toBe(false);
    gate.replace([]);
    expect(gate.mayUse(name, 0)).toBe(false);
  });

  test('a replay is held to the window by the child, message by message; orders count here too', () => {
    const { gate, clock } = gateAt(END + 5_000_000);
    expect(gate.mayUse(name, 1)).toBe(true);
    expect(gate.mayUse(name, 0)).toBe(false);
    gate.replace([{ ...row, revokedAt: clock.time }]);
    expect(gate.mayUse(name, 1)).toBe(false);
    gate.replace([{ ...row, suspendedAt: clock.time }]);
    expect(gate.mayUse(name, 1)).toBe(false);
  });

  test('turning the clock back brings no key to life again', () => {
    fc.assert(
      fc.property(fc.array(fc.integer({ min: 0, max: 3_000_000 }), { minLength: 1 }), (times) => {
        const { gate, clock } = gateAt(0);
        let isOver = false;
        for (const time of times) {
          clock.time = time;
          const may = gate.mayUse(name, 0);
          if (isOver) expect(may).toBe(false);
          isOver ||= time >= END;
        }
      }),
    );
  });
});
