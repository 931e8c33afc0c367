// The kernel that judges usual datagrams of known contexts, against the same in JavaScript: tables by chance, in which every
// message has at most a few things that are not as they should be.

import fc from 'fast-check';
import { describe, expect, test, vi } from 'vitest';
import { Evidence } from '../../../daemon/engine/evidence.ts';
import { FirstMessages } from '../../../daemon/engine/first-messages.ts';
import { AddressesByGroup } from '../../../daemon/engine/group-addresses.ts';
import { ContextsAt, KeysAt } from '../../../daemon/engine/judging-memory.ts';
import { createKernelJudging, KernelJudging } from '../../../daemon/engine/kernel-judging.ts';
import { MESSAGE_COLUMNS } from '../../../daemon/engine/message-columns.ts';
import { MessageFlag, type MessageTable, NONE } from '../../../daemon/engine/message-table.ts';
import { NextMessages } from '../../../daemon/engine/next-messages.ts';
import { JUDGING_MEMORY_AT, KERNELS_OCTETS } from '../../../daemon/engine/shared-layout.ts';
import { createRingMemory, type RingMemory } from '../../../daemon/engine-thread/ring-memory.ts';
import { COLUMN_OCTETS, RoundSlot } from '../../../daemon/engine-thread/round-slot.ts';
import { KeyIndex } from '../../../daemon/keyring/key-index.ts';
import { parseKeyring } from '../../../daemon/keyring/keyring-file.ts';
import { internetChecksum } from '../../../dissectors/internet/checksum.ts';
import { encodeIpv4 } from '../../../dissectors/internet/ipv4.ts';
import { encodeUdp } from '../../../dissectors/internet/udp.ts';
import type { SharedMemory } from '../../../dissectors/security/wasm/shared-memory.ts';
import { addressOf, pgk, START } from '../findings/scene.ts';

const ADDRESSES = ['239.255.0.1', '239.255.0.2', '239.255.0.3'];
const EXPIRES = Date.UTC(2026, 4, 2, 11);
const KEYS = [
  pgk(39, { notAfter: new Date(EXPIRES).toISOString() }),
  pgk(40, { notBefore: '2026-05-02T10:30:00Z', revokedAt: '2026-05-02T12:00:00Z' }),
];
/** Groups with 0 to 3 addresses, two keys each, and one whose address is of the other kind. */
const GROUPS = [[], ...ADDRESSES.map((_, i) => ADDRESSES.slice(0, i + 1)), ['ff02::9']].map((multicast, i) => ({
  ...{ id: `f000${i}1`, algorithm: '128-EEA2', multicast },
  keys: KEYS.map((key) => ({ ...key, key: (key.key as string).slice(2).padStart(64, `${i}${i}`) })),
}));
const CONTEXTS = GROUPS.length * KEYS.length;
const SHORTEST = 28;

const rings = [createRingMemory(1, COLUMN_OCTETS), createRingMemory(1, COLUMN_OCTETS)] as const;

/** A message as it comes out of deciphering. */
interface Message {
  readonly context: number;
  /** Milliseconds after the start. */
  readonly at: number;
  readonly payload: number;
  /** Of `ADDRESSES`, or none of them. */
  readonly to: number;
  readonly udpPort: number;
  /** Octet of the headers and bits of it that are turned over, and whether the checksums are made right again. */
  readonly turned: { readonly octet: number; readonly bits: number; readonly mended: boolean } | null;
  readonly odd: Odd;
  /** Source of the datagram; absent: one of the context. */
  readonly from?: Uint8Array;
}

const ODDS = [
  ...['none', 'noChecksum', 'notSummed', 'sumAbove', 'sumWrapped', 'shorter', 'longer', 'notAhead'],
  ...['sduType', 'shown', 'tiny', 'huge'],
] as const;
type Odd = (typeof ODDS)[number];

/** What happens between two messages, to whatever belongs to a context. */
interface Happening {
  readonly before: number;
  readonly context: number;
  readonly kind: 'how' | 'otherProof' | 'sameProof' | 'forget' | 'revoke' | 'forbid' | 'address' | 'destroy';
}

const usually = <Value>(value: Value, other: fc.Arbitrary<Value>) =>
  fc.oneof({ weight: 6, arbitrary: fc.constant(value) }, { weight: 1, arbitrary: other });

const message: fc.Arbitrary<Message> = fc.record({
  context: fc.nat({ max: CONTEXTS - 1 }),
  at: fc.oneof(
    fc.nat({ max: 3 * 3_600_000 }),
    fc.constantFrom(-1.5, -0.5, 0, 0.5, 1.5, 4999, 5000, 5001, 600_000).map((by) => EXPIRES - START * 1000 + by),
  ),
  payload: fc.nat({ max: 70 }),
  to: fc.nat({ max: ADDRESSES.length }),
  udpPort: usually(7000, fc.constantFrom(8809, 0x6922, 0)),
  turned: usually<Message['turned']>(
    null,
    fc.record({ octet: fc.nat({ max: 40 }), bits: fc.integer({ min: 1, max: 255 }), mended: fc.boolean() }),
  ),
  odd: usually<Odd>('none', fc.constantFrom(...ODDS)),
});
const happening: fc.Arbitrary<Happening> = fc.record({
  before: fc.nat({ max: 40 }),
  context: fc.nat({ max: CONTEXTS - 1 }),
  kind: fc.constantFrom(
    ...(['how', 'otherProof', 'sameProof', 'forget', 'revoke', 'forbid', 'address', 'destroy'] as const),
  ),
});

/** The octets of a message in the clear. */
function sduOf({ context, payload, to, udpPort, turned, odd, from }: Message, row: number): Uint8Array {
  const addresses = { source: from ?? addressOf(context), destination: Uint8Array.of(239, 255, 0, to + 1) };
  const octets = odd === 'huge' ? 66_000 - (row % 3) : payload;
  const ports = { sourcePort: 7000, destinationPort: udpPort };
  const udp = encodeUdp({ ...ports, addresses, payload: Uint8Array.from({ length: octets }, (_, i) => i * row) });
  const sdu = encodeIpv4({ ...addresses, protocol: 17, payload: udp, identification: row });
  if (odd === 'noChecksum') sdu.fill(0, 26, 28);
  if (turned === null || turned.octet >= sdu.length) return sdu;
  sdu[turned.octet] ^= turned.bits;
  if (turned.mended) mend(sdu, turned.octet);
  return sdu;
}

/** Makes checksums right that do not stand where something was turned over. */
function mend(sdu: Uint8Array, turned: number): void {
  const view = new DataView(sdu.buffer, sdu.byteOffset, sdu.length);
  if (turned !== 10 && turned !== 11) {
    view.setUint16(10, 0);
    view.setUint16(10, internetChecksum(sdu, 0, 20));
  }
  if (turned === 26 || turned === 27) return;
  view.setUint16(26, 0);
  const pseudo = Uint8Array.of(...sdu.subarray(12, 20), 0, 17, (sdu.length - 20) >>> 8, (sdu.length - 20) & 255);
  view.setUint16(26, internetChecksum(Uint8Array.of(...pseudo, ...sdu.subarray(20)), 0, sdu.length - 8));
}

/** The sum of halves that deciphering leaves. */
function sumOf(octets: Uint8Array): number {
  return octets.reduce((sum, octet, i) => sum + octet * (i % 2 === 0 ? 1 : 256), 0);
}

/** One side: contexts, keys, and a table of messages that open, or nearly so. */
class Side {
  readonly #held = parseKeyring(JSON.stringify({ format: 'sidescope-keyring/1', groups: GROUPS }), 'usual.json');
  readonly #index = new KeyIndex(this.#held);
  readonly #memory: SharedArrayBuffer;
  readonly #usual: KernelJudging;
  readonly #next: NextMessages;
  readonly #table: MessageTable;
  readonly #stops: number[] = [];

  /** @param ring memory for all of it; whoever had it before is done */
  constructor(allowStale: boolean, ring: RingMemory, hasKernel: boolean) {
    const shared = ring.shared as SharedMemory;
    new Uint8Array(shared.buffer, JUDGING_MEMORY_AT, KERNELS_OCTETS - JUDGING_MEMORY_AT).fill(0);
    this.#memory = shared.buffer;
    const index = this.#index;
    this.#usual = createKernelJudging(index, allowStale, shared);
    const { wires, traffic } = this.#usual;
    const tools = { index, wires, traffic, firsts: new FirstMessages(index), allowStale };
    const usual = hasKernel ? this.#usual : null;
    this.#next = new NextMessages({ ...tools, usual }, new Evidence(), new AddressesByGroup());
    this.#table = new RoundSlot(ring.slots[0]).table;
    for (let context = 0; context < CONTEXTS; context++) this.#prove(context, context, 0);
  }

  /** What each message came to, and which were others. */
  judge(messages: readonly Message[], happenings: readonly Happening[]): object {
    const table = this.#table;
    table.count = 0;
    table.plainLength = 0;
    for (const [row, each] of messages.entries()) this.#add(each, row);
    this.#usual.begin(table);
    for (const marks of this.#marks()) marks.fill(0);
    let from = 0;
    for (const each of happenings.toSorted((a, b) => a.before - b.before)) {
      const until = Math.min(each.before, table.count);
      this.#judge(from, until);
      from = until;
      this.#happen(each);
    }
    this.#judge(from, table.count);
    const columns = MESSAGE_COLUMNS.map((name) => [name, [...table[name].subarray(0, table.count)]]);
    return { ...Object.fromEntries(columns), stops: this.#stops, ...this.#remembered() };
  }

  #judge(from: number, until: number): void {
    for (let row = from; row < until; row++) {
      row = this.#next.judge(this.#table, row, until);
      if (row < until) this.#stops.push(row);
    }
  }

  #add(each: Message, row: number): void {
    const table = this.#table;
    const { context, at, odd } = each;
    table.add();
    const sdu = sduOf(each, row);
    const length =
      { shorter: sdu.length - 1, longer: sdu.length + 1, tiny: row % SHORTEST }[odd as string] ?? sdu.length;
    table.length[row] = length;
    table.time[row] = START * 1000 + at;
    const { destination, version, source, pgkIndex, ptkId } = this.#headerOf(context);
    table.destination[row] = destination;
    table.version[row] = version;
    table.source[row] = source;
    table.pgkIndex[row] = pgkIndex;
    table.ptkId[row] = ptkId;
    table.sduType[row] = odd === 'sduType' ? 1 + (row % 7) : 0;
    table.flags[row] = odd === 'shown' ? MessageFlag.indexHeld : 0;
    table.frame[row] = row;
    table.frameRow[row] = row;
    for (const name of ['lcid', 'sn', 'rawPlace', 'rawAt', 'counter', 'framesAt'] as const) table[name][row] = 0;
    table.sum[row] = 0;
    if (odd === 'notAhead') return;
    table.takePlain(row);
    const octets = table.plain.subarray(table.plainWord[row] * 4, table.plainWord[row] * 4 + length);
    octets.fill(0);
    octets.set(sdu.subarray(0, length));
    const sum = sumOf(octets);
    table.sum[row] = { notSummed: 0, sumAbove: sum + 1, sumWrapped: sum + 0xffff }[odd as string] ?? sum;
    table.deciphered[row] = 1;
    table.context[row] = this.#contextOf(context);
    table.epoch[row] = context;
    table.traffic[row] = this.#keyOf(context);
  }

  /** The header of a context: group by group, first one key and then the other. */
  #headerOf(context: number) {
    const epoch = this.#index.epoch(context);
    const { index5 } = epoch;
    return { destination: epoch.group.id, version: 3, source: 0x0a0b0c + context, pgkIndex: index5, ptkId: 5 };
  }

  #contextOf(context: number): number {
    const { destination, version, source, pgkIndex, ptkId } = this.#headerOf(context);
    return this.#usual.wires.obtain(destination, version, source, pgkIndex, ptkId, NONE);
  }

  #keyOf(serial: number): number {
    const epoch = this.#index.epoch(serial);
    return this.#usual.traffic.obtain(epoch, epoch.group.id, epoch.algorithm, 0x0a0b0c + serial, 5);
  }

  #prove(context: number, serial: number, how: number): void {
    const key = this.#keyOf(serial);
    this.#usual.wires.prove(this.#contextOf(context), serial, key, this.#usual.traffic.generation[key], how);
  }

  #happen({ kind, context }: Happening): void {
    const held = this.#held;
    const epoch = this.#index.epoch(context);
    const { notBefore, notAfter, earlierEnds, revokedAt, compromisedAt, suspendedAt, resumedAt, destroyedAt } = epoch;
    const dates = { notBefore, notAfter, earlierEnds, revokedAt, compromisedAt, suspendedAt, resumedAt, destroyedAt };
    const { name, algorithm, protection, derivation, roster } = epoch.group;
    if (epoch.octets === null) return;
    switch (kind) {
      case 'how':
        this.#prove(context, context, MessageFlag.otherAlgorithm);
        break;
      case 'otherProof':
        if (this.#index.epoch((context + 1) % CONTEXTS).octets !== null)
          this.#prove(context, (context + 1) % CONTEXTS, 0);
        break;
      case 'sameProof':
        this.#prove(context, context, 0);
        break;
      case 'forget':
        this.#usual.traffic.forget(new Set([context]));
        break;
      case 'revoke':
        held.restate(epoch, { ...dates, revokedAt: EXPIRES - 1_800_000 });
        break;
      case 'forbid':
        held.forbid(epoch, 'suspended');
        break;
      case 'destroy':
        held.restate(epoch, { ...dates, destroyedAt: EXPIRES });
        break;
      case 'address':
        held.describeGroup(epoch.group, {
          ...{ name, algorithm, protection, derivation, members: roster },
          multicast: [Uint8Array.of(239, 255, 0, 4)],
        });
        break;
    }
  }

  /** Marks of use, of contexts and of keys. */
  #marks(): readonly Uint8Array[] {
    return [ContextsAt.touched, KeysAt.touched].map(
      (at) => new Uint8Array(this.#memory, JUDGING_MEMORY_AT + at, CONTEXTS),
    );
  }

  /** What is left of it for later messages. */
  #remembered(): object {
    const { wires, traffic } = this.#usual;
    const columns = [wires.provedEpoch, wires.traffic, wires.how].map((column) => [...column.subarray(0, CONTEXTS)]);
    const marks = this.#marks().map((each) => [...each]);
    return { columns, marks, changes: wires.changes, keyChanges: traffic.changes };
  }
}

describe('usual datagrams', () => {
  test('come to the same in the kernel and without, whatever is odd about them', () => {
    const kernel = vi.spyOn(KernelJudging.prototype, 'judge');
    let messages = 0;
    const passed = new Set<number>();
    const verdicts = new Set<number>();
    fc.assert(
      fc.property(
        fc.array(message, { minLength: 1, maxLength: 40 }),
        fc.array(happening, { maxLength: 4 }),
        fc.boolean(),
        (list, happenings, allowStale) => {
          const fast = new Side(allowStale, rings[0], true).judge(list, happenings) as {
            passed: number[];
            verdict: number[];
          };
          const slow = new Side(allowStale, rings[1], false).judge(list, happenings);
          expect(fast).toEqual(slow);
          messages += list.length;
          for (const checks of fast.passed) passed.add(checks);
          for (const verdict of fast.verdict) verdicts.add(verdict);
        },
      ),
      { numRuns: 600 },
    );
    const taken = kernel.mock.results.reduce((sum, { value }, i) => sum + Number(value) - kernel.mock.calls[i][1], 0);
    expect(taken).toBeGreaterThan(messages / 4);
    expect(taken).toBeLessThan(messages * 0.8);
    // To an address of the group, and to none.
    expect(passed.size).toBeGreaterThan(2);
    expect(verdicts.size).toBeGreaterThan(1);
    kernel.mockRestore();
  }, 120_000);

  test('without a sum nothing is taken for granted', () => {
    // Addresses by which a sum of 0 would seem to be right: what is before them is one more than the pseudo header.
    const [payload, total] = [20, 48];
    const pseudo = ((total - 3) & 0xff) << 8;
    const others = (254 << 8) + 169 + ((255 << 8) + 239) + (1 << 8);
    const half = 2 * 0xffff + 0xfffe - pseudo - others;
    const from = Uint8Array.of(169, 254, (half % 0xffff) & 0xff, (half % 0xffff) >>> 8);
    const usual = { context: 2, at: 0, payload, to: 0, udpPort: 7000, from } as const;
    const right = { ...usual, turned: null, odd: 'none' } as const;
    const wrong = { ...usual, turned: { octet: 40, bits: 1, mended: false }, odd: 'notSummed' } as const;
    const sdu = sduOf(right, 0);
    const front = [0, 2, 4, 6, 8, 10].reduce((sum, octet) => sum + sdu[octet] + (sdu[octet + 1] << 8), 0);
    expect((front - pseudo) % 0xffff).toBe(1);
    const { stops } = new Side(false, rings[0], true).judge([right, wrong, right], []) as { stops: number[] };
    expect(stops).toEqual([1]);
  });
});
