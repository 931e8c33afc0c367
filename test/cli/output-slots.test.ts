// The ring between who prints and the thread that writes, both sides in one thread here: octets come out as they went in.

import fc from 'fast-check';
import { expect, test } from 'vitest';
import { OutputSlots, SLOT_OCTETS, SLOTS } from '../../cli/output-slots.ts';

test('what is handed over comes out, in order, however the sides take turns', () => {
  fc.assert(
    fc.property(
      fc.array(fc.oneof(fc.uint8Array({ maxLength: 50 }), fc.constant(null)), { maxLength: 200 }),
      (turns) => {
        const printer = new OutputSlots();
        const writer = new OutputSlots(printer.memory);
        const sent: Uint8Array[] = [];
        const received: Uint8Array[] = [];
        const receive = (): void => {
          received.push(Uint8Array.from(writer.take()));
          writer.written();
        };
        for (const octets of turns) {
          const underWay = sent.length - received.length;
          // Neither side may wait for the other: there is one thread.
          if (octets !== null && underWay < SLOTS) {
            printer.next().set(octets);
            printer.handOver(octets.length);
            sent.push(octets);
          } else if (underWay > 0) receive();
        }
        while (received.length < sent.length) receive();
        printer.drain();
        expect(received).toEqual(sent);
        expect(printer.failed).toBe(0);
      },
    ),
  );
});

test('a full slot, and what became of the writing', () => {
  const printer = new OutputSlots();
  const writer = new OutputSlots(printer.memory);
  expect(printer.isReady).toBe(false);
  writer.begin();
  expect(printer.isReady).toBe(true);
  const octets = new Uint8Array(SLOT_OCTETS).fill(7);
  printer.next().set(octets);
  printer.handOver(octets.length);
  expect(Buffer.compare(writer.take(), octets)).toBe(0);
  writer.written(-28);
  printer.drain();
  expect(printer.failed).toBe(-28);
});
