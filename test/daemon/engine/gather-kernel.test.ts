// The kernel that finds contexts, puts messages together by key and lists them, against the same in JavaScript with ciphers one by
// one: tables by chance, in which every kind of message stands among others of its key.

import fc from 'fast-check';
import { expect, test, vi } from 'vitest';
import type { FrameBatch } from '../../../captures/frame-batch.ts';
import { BatchDecipher } from '../../../daemon/engine/decipher-batch.ts';
import { FirstMessages } from '../../../daemon/engine/first-messages.ts';
import { contextRoom, trafficKeyRoom } from '../../../daemon/engine/judging-rooms.ts';
import { MessageFlag, MessageTable, NONE, Place } from '../../../daemon/engine/message-table.ts';
import { RoundKernel } from '../../../daemon/engine/round-kernel.ts';
import { JUDGING_MEMORY_AT, KERNELS_OCTETS } from '../../../daemon/engine/shared-layout.ts';
import { TrafficKeys } from '../../../daemon/engine/traffic-keys.ts';
import { WireContexts } from '../../../daemon/engine/wire-contexts.ts';
import { createRingMemory } from '../../../daemon/engine-thread/ring-memory.ts';
import { COLUMN_OCTETS, RoundSlot } from '../../../daemon/engine-thread/round-slot.ts';
import { KeyIndex } from '../../../daemon/keyring/key-index.ts';
import { parseKeyring } from '../../../daemon/keyring/keyring-file.ts';
import type { SharedMemory } from '../../../dissectors/security/wasm/shared-memory.ts';
import { noise, pgk } from '../findings/scene.ts';

const ALGORITHMS = ['128-EEA2', '128-EEA2', 'EEA0', '128-EEA1', '128-EEA3'];
const GROUPS = ALGORITHMS.map((algorithm, i) => ({ id: `f000${i}1`, algorithm, keys: [pgk(39), pgk(40)] }));
const KNOWN = GROUPS.length * 2;
/** Behind those that opened: one of which nothing is known, one whose key is gone, and one that was not seen before. */
const Context = { unproved: KNOWN, gone: KNOWN + 1, unseen: KNOWN + 2 } as const;
const OCTETS = 300_000;

const ring = createRingMemory(1, COLUMN_OCTETS);
const shared = ring.shared as SharedMemory;
const air = noise(7, OCTETS);

interface Message {
  readonly context: number;
  readonly octets: number;
  readonly at: number;
  readonly counter: number;
  readonly lcid: number;
  readonly kind: 'usual' | 'joined' | 'damaged' | 'notCiphered' | 'otherIndex';
}

const message: fc.Arbitrary<Message> = fc.record({
  context: fc.oneof(
    { weight: 2, arbitrary: fc.constantFrom(0, 1) },
    { weight: 3, arbitrary: fc.nat({ max: Context.unseen }) },
  ),
  octets: fc.oneof(
    { weight: 6, arbitrary: fc.integer({ min: 100, max: 130 }) },
    { weight: 3, arbitrary: fc.nat({ max: 70 }) },
    { weight: 1, arbitrary: fc.constantFrom(0, 16, 20_000, 32_768, 32_769, 90_000) },
  ),
  at: fc.nat({ max: OCTETS - 160_000 }),
  counter: fc.nat({ max: 0xffff_ffff }),
  lcid: fc.nat({ max: 31 }),
  kind: fc.oneof(
    { weight: 12, arbitrary: fc.constant('usual' as const) },
    { weight: 4, arbitrary: fc.constantFrom('joined', 'damaged', 'notCiphered', 'otherIndex') },
  ),
});

/** A round; some are more than the arena has room for. */
const round = fc
  .tuple(fc.array(message, { minLength: 1, maxLength: 60, size: 'max' }), fc.nat({ max: 5 }))
  .map(([messages, crowd]) => messages.map((each) => (crowd === 0 ? { ...each, octets: each.octets + 60_000 } : each)));

/** Contexts, keys, and who deciphers; in memory that threads share, or not. */
class Side {
  readonly #wires: WireContexts;
  readonly #traffic: TrafficKeys;
  readonly #batch: BatchDecipher;
  readonly #index = new KeyIndex(
    parseKeyring(JSON.stringify({ format: 'sidescope-keyring/1', groups: GROUPS }), 'gather.json'),
  );
  readonly #table: MessageTable;
  readonly #frames: FrameBatch;
  readonly #arena: Pick<MessageTable, 'plain' | 'words'> | null;

  constructor(inMemory: boolean) {
    if (inMemory) new Uint8Array(shared.buffer, JUDGING_MEMORY_AT, KERNELS_OCTETS - JUDGING_MEMORY_AT).fill(0);
    this.#wires = new WireContexts(inMemory ? contextRoom(shared.buffer, JUDGING_MEMORY_AT) : null);
    this.#traffic = new TrafficKeys(inMemory ? trafficKeyRoom(shared.buffer, JUDGING_MEMORY_AT) : null);
    const firsts = new FirstMessages(this.#index);
    this.#batch = new BatchDecipher(this.#wires, this.#traffic, firsts, inMemory ? shared : null);
    const slot = new RoundSlot(ring.slots[0]);
    const bytes = inMemory ? slot.window : new Uint8Array(OCTETS);
    bytes.set(air);
    this.#table = inMemory ? slot.table : new MessageTable();
    this.#arena = inMemory ? { plain: slot.table.plain, words: slot.table.words } : null;
    this.#frames = { bytes, view: new DataView(bytes.buffer, bytes.byteOffset, bytes.length) } as unknown as FrameBatch;
    for (let context = 0; context <= Context.gone; context++) this.#prove(context);
    this.#traffic.forget(new Set([KNOWN - 1]));
  }

  /** Deciphers them; all columns of each that are written, and its octets. */
  run(messages: readonly Message[]): readonly object[] {
    const table = this.#table;
    table.reset(this.#frames);
    // The arena may have grown out of its place (round-slot.ts brings it back).
    if (this.#arena !== null) Object.assign(table, this.#arena);
    for (const each of messages) this.#add(each);
    this.#batch.run(table);
    return messages.map((_, row) => {
      const { deciphered, context, traffic, epoch, plainWord, length, sum } = table;
      const columns = [deciphered, context, traffic, epoch].map((column) => column[row]);
      if (deciphered[row] === 0) return columns;
      const plain = table.plain.slice(plainWord[row] * 4, plainWord[row] * 4 + length[row]);
      const all = plain.reduce((total, octet, i) => total + octet * (i % 2 === 0 ? 1 : 256), 0);
      // Who does not sum says so.
      expect([0, all]).toContain(sum[row]);
      return [...columns, Buffer.from(plain).toString('hex')];
    });
  }

  /** Whether the arena is still where it was. */
  get isWithinMemory(): boolean {
    return this.#table.plain.buffer === shared.buffer;
  }

  /** Messages that were summed. */
  get summed(): number {
    return this.#table.sum
      .subarray(0, this.#table.count)
      .filter((sum, row) => this.#table.deciphered[row] === 1 && sum !== 0).length;
  }

  #add({ context, octets, at, counter, lcid, kind }: Message): void {
    const table = this.#table;
    const row = table.add();
    const header = this.#headerOf(context);
    table.destination[row] = header.destination;
    table.version[row] = header.version;
    table.source[row] = header.source;
    table.pgkIndex[row] = kind === 'notCiphered' ? 0 : header.pgkIndex ^ (kind === 'otherIndex' ? 1 : 0);
    table.ptkId[row] = kind === 'notCiphered' ? 0 : header.ptkId;
    table.sduType[row] = 0;
    table.length[row] = octets;
    table.counter[row] = counter;
    table.lcid[row] = lcid;
    table.rawPlace[row] = kind === 'joined' ? Place.joined : Place.frame;
    table.rawAt[row] = kind === 'joined' ? table.keepJoined(air.subarray(at), octets) : at;
    table.sum[row] = 1;
    if (kind === 'damaged') table.flags[row] |= MessageFlag.damaged;
  }

  #headerOf(context: number) {
    const epoch = this.#index.epoch(Math.min(context, KNOWN - 1));
    const { group, index5 } = epoch;
    return { destination: group.id, version: 3, source: 0x0a0b0c + context, pgkIndex: index5, ptkId: 0x1234 };
  }

  #prove(context: number): void {
    const { destination, version, source, pgkIndex, ptkId } = this.#headerOf(context);
    const wire = this.#wires.obtain(destination, version, source, pgkIndex, ptkId, NONE);
    if (context === Context.unproved) return;
    const serial = Math.min(context, KNOWN - 1);
    const epoch = this.#index.epoch(serial);
    const slot = this.#traffic.obtain(epoch, epoch.group.id, epoch.algorithm, source, ptkId);
    this.#wires.prove(wire, serial, slot, this.#traffic.generation[slot], 0);
  }
}

test('messages are deciphered as they are one by one, whatever stands beside them', () => {
  const listed = vi.spyOn(RoundKernel.prototype, 'decipherAll');
  let summed = 0;
  let messages = 0;
  let overflows = 0;
  fc.assert(
    fc.property(fc.array(round, { minLength: 1, maxLength: 3 }), (rounds) => {
      const fast = new Side(true);
      const slow = new Side(false);
      for (const each of rounds) {
        expect(fast.run(each)).toEqual(slow.run(each));
        if (fast.isWithinMemory) summed += fast.summed;
        else overflows++;
        messages += each.length;
      }
    }),
    { numRuns: 200 },
  );
  expect(summed).toBeGreaterThan(messages / 4);
  expect(listed.mock.calls.length).toBeGreaterThan(500);
  expect(overflows).toBeGreaterThan(0);
  listed.mockRestore();
}, 120_000);
