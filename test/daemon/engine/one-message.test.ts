// Trials that end with the first block of a message: where its octets say that the body is nothing, all that follows changes
// nothing of what is weighed, and where they leave anything open the whole message is deciphered.

import fc from 'fast-check';
import { expect, test } from 'vitest';
import type { FrameBatch } from '../../../captures/frame-batch.ts';
import { Evidence, NO_ADDRESSES, START_OCTETS, startIsNothing } from '../../../daemon/engine/evidence.ts';
import { FirstMessages } from '../../../daemon/engine/first-messages.ts';
import { MessageTable, Place } from '../../../daemon/engine/message-table.ts';
import { OneMessage } from '../../../daemon/engine/one-message.ts';
import { TrafficKeys } from '../../../daemon/engine/traffic-keys.ts';
import { KeyIndex } from '../../../daemon/keyring/key-index.ts';
import { parseKeyring } from '../../../daemon/keyring/keyring-file.ts';

/** Starts by chance, and such as have more or less of a header that is known; lengths that they may give. */
const anyBody = fc
  .record({
    octets: fc.uint8Array({ minLength: START_OCTETS + 1, maxLength: 90 }),
    first: fc.constantFrom(null, 0x45, 0x46, 0x4f, 0x41, 0x60, 0x65, 0xfc, 0xfd, 0xe3, 0x00),
    second: fc.constantFrom(null, 0, 1, 2, 8, 9, 0xfc, 0xfd),
    given: fc.constantFrom(null, 0, 20, 40),
    arp: fc.constantFrom(0, 3, 6),
  })
  .map(({ octets, first, second, given, arp }) => {
    const bytes = Uint8Array.from(octets);
    if (first !== null) bytes[0] = first;
    if (second !== null) bytes[1] = second;
    if (given !== null) {
      const at = bytes[0] >>> 4 === 6 ? 4 : 2;
      bytes[at] = 0;
      bytes[at + 1] = bytes.length - given;
    }
    bytes.set([0, 1, 8, 0, 6, 4].slice(0, arp));
    return bytes;
  });

function weighed(bytes: Uint8Array, sduType: number, isSwapped: boolean): object {
  const evidence = new Evidence();
  const words = new Uint32Array(Math.ceil(bytes.length / 4));
  new Uint8Array(words.buffer).set(bytes);
  if (isSwapped) evidence.weighSwapped(bytes, 0, bytes.length, sduType, NO_ADDRESSES);
  else evidence.weigh(new Uint8Array(words.buffer), words, 0, bytes.length, sduType, NO_ADDRESSES);
  const { tenths, headerTenths, passed, failed, shape, fragment } = evidence;
  return { tenths, headerTenths, passed, failed, shape, fragment };
}

test('what follows a start that is nothing changes nothing', () => {
  let nothing = 0;
  let open = 0;
  fc.assert(
    fc.property(anyBody, fc.uint8Array({ minLength: 90, maxLength: 90 }), (bytes, others) => {
      if (!startIsNothing(bytes, 0, bytes.length)) {
        open++;
        return;
      }
      nothing++;
      const changed = Uint8Array.from(bytes);
      changed.set(others.subarray(0, bytes.length - START_OCTETS), START_OCTETS);
      for (const sduType of [0, 1]) {
        for (const isSwapped of [false, true]) {
          const one = weighed(bytes, sduType, isSwapped);
          expect(weighed(changed, sduType, isSwapped)).toEqual(one);
          expect(one).toMatchObject({ tenths: 0, headerTenths: 0, passed: 0, shape: 0, fragment: false });
        }
      }
    }),
    { numRuns: 3000 },
  );
  expect(nothing).toBeGreaterThan(500);
  expect(open).toBeGreaterThan(100);
});

const GROUP = {
  ...{ id: '00e001', algorithm: '128-EEA2' },
  keys: [
    {
      id: 1,
      key: '00112233445566778899aabbccddeeff'.repeat(2),
      notBefore: '2026-01-01T00:00:00Z',
      notAfter: '2027-01-01T00:00:00Z',
    },
  ],
};

const keyring = parseKeyring(JSON.stringify({ format: 'sidescope-keyring/1', groups: [GROUP] }), 'one.json');
const traffic = new TrafficKeys();
const one = new OneMessage(traffic, new FirstMessages(new KeyIndex(keyring)));
const table = new MessageTable();

/** A message of these octets, deciphered as a trial and as a whole. */
function both(air: Uint8Array, sduType: number) {
  const [epoch] = keyring.epochs;
  return (['tryKey', 'decipher'] as const).map((way) => {
    const bytes = new Uint8Array(air.length + 8);
    bytes.set(air, 5);
    table.reset({ bytes, view: new DataView(bytes.buffer) } as unknown as FrameBatch);
    const row = table.add();
    table.rawPlace[row] = Place.frame;
    table.rawAt[row] = 5;
    table.length[row] = air.length;
    table.sduType[row] = sduType;
    table.counter[row] = 7;
    table.lcid[row] = 3;
    const slot = traffic.obtain(epoch, 0xe001, epoch.algorithm, 0x1234, 0);
    const isWhole = one[way](table, row, slot) ?? true;
    const at = table.plainWord[row] * 4;
    const plain = table.plain.slice(at, at + air.length);
    return {
      plain,
      isWhole,
      deciphered: table.deciphered[row],
      slot: table.traffic[row] - slot,
      length: table.plainLength,
    };
  });
}

test('a trial deciphers the first block, and all of it where that leaves anything open', () => {
  let started = 0;
  let whole = 0;
  fc.assert(
    fc.property(anyBody, fc.constantFrom(0, 1, 2, 3), (plain, sduType) => {
      // Key stream is the same for what is deciphered and what is to come of it.
      const stream = both(new Uint8Array(plain.length), 2)[1].plain;
      const [tried, deciphered] = both(
        plain.map((octet, i) => octet ^ stream[i]),
        sduType,
      );
      expect(Buffer.from(deciphered.plain).equals(Buffer.from(plain))).toBe(true);
      expect({ ...tried, plain: null, isWhole: true }).toEqual({ ...deciphered, plain: null });
      expect(tried.isWhole).toBe(sduType > 1 || !startIsNothing(plain, 0, plain.length));
      if (sduType <= 1 && startIsNothing(plain, 0, plain.length)) {
        started++;
        expect([...tried.plain.subarray(0, START_OCTETS)]).toEqual([...plain.subarray(0, START_OCTETS)]);
      } else {
        whole++;
        expect([...tried.plain]).toEqual([...plain]);
      }
    }),
    { numRuns: 300 },
  );
  expect(started).toBeGreaterThan(50);
  expect(whole).toBeGreaterThan(50);
});
