// Messages of which no rule has anything to say are written down in short (usual.ts), one by one or by a kernel (usual-kernel.ts),
// where their rounds lie in memory that threads share. The slow twin is the same watch with
// every rule looking at every message: whatever the traffic, both tell the same, count the same and forget the same.

import fc from 'fast-check';
import { afterEach, describe, expect, test, vi } from 'vitest';
import type { FrameBatch } from '../../../captures/frame-batch.ts';
import { Engine } from '../../../daemon/engine/engine.ts';
import { MessageAccount } from '../../../daemon/engine/message-account.ts';
import type { MessageTable } from '../../../daemon/engine/message-table.ts';
import type { RunSums } from '../../../daemon/engine/run-sums.ts';
import { Senders } from '../../../daemon/engine/senders.ts';
import { FINDINGS_AT, KERNELS_OCTETS } from '../../../daemon/engine/shared-layout.ts';
import { createRingMemory } from '../../../daemon/engine-thread/ring-memory.ts';
import { COLUMN_OCTETS, RoundSlot } from '../../../daemon/engine-thread/round-slot.ts';
import type { FindingEvent } from '../../../daemon/events.ts';
import type { CounterCaps } from '../../../daemon/findings/counter.ts';
import { PositionRing } from '../../../daemon/findings/position-ring.ts';
import { UsualMessages } from '../../../daemon/findings/usual.ts';
import { LINES_AT, USUAL_OCTETS } from '../../../daemon/findings/usual-call.ts';
import { LINE_WORDS } from '../../../daemon/findings/usual-lines.ts';
import { FindingWatch } from '../../../daemon/findings/watch.ts';
import { KeyIndex } from '../../../daemon/keyring/key-index.ts';
import { parseKeyring } from '../../../daemon/keyring/keyring-file.ts';
import { Statistics } from '../../../daemon/statistics.ts';
import type { SharedMemory } from '../../../dissectors/security/wasm/shared-memory.ts';
import { addressOf, datagram, keyring, noise, pgk } from './scene.ts';
import { KINDS, RADIOS, Talk } from './talk.ts';

const text = (id: number): string => id.toString(16).padStart(6, '0');

const KEYS = [
  pgk(39, { notAfter: '2026-05-02T11:00:00Z' }),
  pgk(40, { notBefore: '2026-05-02T10:00:00Z', notAfter: '2026-05-02T13:00:00Z' }),
  pgk(41, { notBefore: '2026-05-02T11:00:00Z', notAfter: '2026-05-16T00:00:00Z' }),
];
const OTHER_GROUP = { id: 'f00002', algorithm: '128-EEA2', multicast: ['239.255.0.2'], keys: [pgk(50)] };
const KEYRINGS: readonly object[] = [
  keyring({ keys: KEYS }, [OTHER_GROUP]),
  keyring({ keys: KEYS, members: RADIOS.map((id) => ({ id: text(id) })) }, [OTHER_GROUP]),
  keyring({
    keys: KEYS,
    members: [
      { id: text(RADIOS[0]), addresses: [addressOf(RADIOS[0]).join('.')] },
      { id: text(RADIOS[1]), until: '2026-05-02T10:00:30Z' },
    ],
  }),
  keyring({ keys: [KEYS[0]] }),
];

/** A slot of the ring between threads. */
const memory = createRingMemory(1, COLUMN_OCTETS);
const shared = memory.shared as SharedMemory;
const slot = new RoundSlot(memory.slots[0]);

/** Where rounds lie when they are looked at. */
const PLACES = ['here', 'in shared memory'] as const;

/** Octets of lines of contexts that may be left from the case before: more than any case has. */
const LINES_CLEARED = 4096 * LINE_WORDS * 4;

let inSlot: readonly unknown[] = [];

/** A round as a thread gets it from another one, told of once however often it is asked for. */
function handedOver(batch: FrameBatch, table: MessageTable): RoundSlot {
  const round = [batch, table, table.count, table.frame[0]];
  if (round.some((part, i) => part !== inSlot[i])) slot.accept(slot.fill(batch, 0, batch.count, table));
  inSlot = round;
  return slot;
}

afterEach(() => {
  vi.restoreAllMocks();
});

interface Told {
  readonly findings: readonly FindingEvent[];
  readonly usual: number;
  /** Those of them that were taken several at once. */
  readonly runs: number;
  /** Those that the kernel took. */
  readonly byKernel: number;
  readonly messages: number;
  readonly evictions: Readonly<Record<string, number>>;
}

/** Reads with both watches, holds them equal message by message and at the end. */
function held(
  place: (typeof PLACES)[number],
  read: readonly FrameBatch[],
  keys: object,
  changesAt: ReadonlySet<number>,
  caps?: CounterCaps,
): Told {
  const take = vi.spyOn(UsualMessages.prototype, 'take');
  const passed = vi.spyOn(PositionRing.prototype, 'passed');
  const isShared = place === 'in shared memory';
  new Uint8Array(shared.buffer, LINES_AT, LINES_CLEARED).fill(0);
  // One behind the other in one input, which can be read again.
  const begins: number[] = [];
  let octets = 0;
  for (const { bytes } of read) {
    begins.push(octets);
    octets += bytes.length;
  }
  const input = Buffer.concat(read.map(({ bytes }) => bytes));
  const batches = read.map((batch, i) => (isShared ? { ...batch, place: begins[i] } : batch));
  const held = parseKeyring(JSON.stringify(keys), 'usual.json');
  const index = new KeyIndex(held);
  const findings: FindingEvent[][] = [[], []];
  const senders = [new Senders(), new Senders()];
  const [fast, slow] = findings.map(
    (list, i) =>
      new FindingWatch({
        keyring: held,
        index,
        senders: senders[i],
        listener: { record: (event) => void list.push(event) },
        everyRule: i === 1,
        ...(i === 0 && isShared ? { shared } : {}),
        ...(caps === undefined ? {} : { caps }),
      }),
  );
  const reread = (from: number, into: Uint8Array): number => input.copy(into, 0, from, from + into.length);
  if (isShared) fast.rereadFrom({ reread });
  // Those who only count are told of sums, or of each.
  const accounts = senders.map((each) => new MessageAccount(held, each));
  const tables = senders.map(() => new Statistics(held));
  const counted = (i: number, table: MessageTable, from: number, until: number, sums: RunSums | null = null): void => {
    if (from === until) return;
    accounts[i].note(table, from, until, sums);
    tables[i].note(table, from, until, senders[i], sums);
  };
  let messages = 0;
  let runs = 0;
  let summed = 0;
  const both = (tell: (watch: FindingWatch) => void): void => {
    tell(fast);
    tell(slow);
  };
  const engine = new Engine(
    { index },
    {
      frame: (batch, row) => both((watch) => watch.frame(batch, row)),
      copy: (_batch, row, walk) => both((watch) => watch.copy(walk, row)),
      problem: (batch, row, walk) => both((watch) => watch.problem(batch, row, walk)),
      loss: (frames, source, destination, version, lcid) =>
        both((watch) => watch.loss(frames, source, destination, version, lcid)),
      mark: (mark) => both((watch) => watch.mark(mark)),
      run(batch, row, until, table, message) {
        // A change comes before its message, not within a run.
        let end = until;
        for (const at of changesAt) if (at > messages) end = Math.min(end, row + at - messages - 1);
        const round = isShared ? handedOver(batch, table) : { frames: batch, table };
        const taken = fast.run(round.frames, row, end, round.table, message);
        if (taken > 0) {
          counted(0, round.table, message, message + fast.summed, fast.sums);
          counted(0, round.table, message + fast.summed, message + taken);
          summed += fast.summed;
        }
        for (let i = 0; i < taken; i++) {
          slow.frame(batch, row + i);
          counted(1, table, message + i, message + i + 1);
          slow.message(table, message + i);
          expect(slow.raised()).toEqual([]);
        }
        if (taken > 0) expect(fast.raised()).toEqual([]);
        expect(findings[0].length).toBe(findings[1].length);
        messages += taken;
        runs += taken;
        return taken;
      },
      message(table, row) {
        messages++;
        if (changesAt.has(messages)) {
          // Rosters belong to the keyring, which changes in place: from now on nobody is a member.
          const [group] = held.groups;
          const members = group.members.map((member) => ({ ...member, until: 0 }));
          const { name, algorithm, protection, derivation, multicast } = group;
          held.describeGroup(group, { name, algorithm, protection, derivation, multicast, members });
          both((watch) => watch.keyringChanged());
        }
        for (const i of [0, 1]) counted(i, table, row, row + 1);
        both((watch) => watch.message(table, row));
        expect(fast.raised()).toEqual(slow.raised());
      },
    },
  );
  for (const batch of batches) engine.push(batch);
  engine.close();
  both((watch) => watch.finish(null));
  expect(findings[0]).toEqual(findings[1]);
  const ends = [fast, slow].map((watch) => [watch.counts(), watch.worst, watch.evictions(), watch.replayHorizon]);
  expect(ends[0]).toEqual(ends[1]);
  const [sums, each] = accounts.map(({ verdicts, epochUse }, i) => {
    const { firstUse, lastUse, messages: used, sources, evictions } = epochUse;
    return [{ verdicts, firstUse, lastUse, used, sources, evictions }, tables[i].groups(), tables[i].talkers()];
  });
  expect(sums).toEqual(each);
  const byKernel = passed.mock.calls.reduce((sum, [kept]) => sum + kept, 0);
  expect(summed).toBe(byKernel);
  const usual = byKernel + take.mock.results.filter(({ value }) => value === true).length;
  take.mockRestore();
  passed.mockRestore();
  return { findings: findings[0], usual, runs, byKernel, messages, evictions: fast.evictions() };
}

/** Something that happens, and usual messages behind it. */
const happening = fc.record({
  radio: fc.nat({ max: RADIOS.length - 1 }),
  kind: fc.constantFrom(...KINDS),
  by: fc.integer({ min: 1, max: 90 }),
  run: fc.nat({ max: 6 }),
});

test('what the kernel works on has room in memory that threads share', () => {
  expect(FINDINGS_AT + USUAL_OCTETS).toBeLessThanOrEqual(KERNELS_OCTETS);
});

describe.each(PLACES)('in short and by every rule, rounds %s', (place) => {
  test('any traffic tells the same', () => {
    let usual = 0;
    let runs = 0;
    let byKernel = 0;
    let messages = 0;
    const names = new Set<string>();
    fc.assert(
      fc.property(
        fc.constantFrom(...KEYRINGS),
        fc.array(happening, { minLength: 5, maxLength: 60 }),
        fc.array(fc.nat({ max: 300 }), { maxLength: 2 }),
        (keys, happenings, changes) => {
          const talk = new Talk();
          for (const radio of RADIOS.keys()) talk.usual(radio, 6);
          for (const { radio, kind, by, run } of happenings) {
            talk.happen(radio, kind, by);
            talk.usual(radio, run);
          }
          const told = held(place, talk.scene.batches(64), keys, new Set(changes));
          usual += told.usual;
          runs += told.runs;
          byKernel += told.byKernel;
          messages += told.messages;
          for (const { name } of told.findings) names.add(name);
        },
      ),
      { numRuns: 150 },
    );
    // Both ways were taken often, and the rules had something to say.
    expect(usual).toBeGreaterThan(messages / 10);
    expect(runs).toBeGreaterThan(messages / 20);
    expect(usual).toBeLessThan(messages * 0.9);
    // Others lie too far from the first of their stretch.
    if (place === 'in shared memory') expect(byKernel).toBeGreaterThan(runs * 0.6);
    expect(names.size).toBeGreaterThan(15);
  }, 120_000);

  test('nearly all of plain speech is written down in short', () => {
    const talk = new Talk();
    for (let i = 0; i < 200; i++) for (const radio of RADIOS.keys()) talk.usual(radio, 1);
    const { usual, runs, byKernel, messages } = held(place, talk.scene.batches(), KEYRINGS[0], new Set());
    if (place === 'in shared memory') expect(byKernel).toBe(runs);
    // A new page of positions is nothing for the rules.
    expect(usual).toBeGreaterThan(messages * 0.97);
    expect(runs).toBeGreaterThan(messages * 0.97);
  });

  test('a stream that two versions of the header share is followed through both', () => {
    const talk = new Talk();
    talk.usual(0, 10);
    for (let i = 0; i < 6; i++) {
      talk.happen(0, 'version', 1);
      if (i === 2) talk.happen(0, 'moved', 1);
      if (i === 3) talk.happen(0, 'moved', 2);
      talk.usual(0, 300);
    }
    const { usual, findings } = held(place, talk.scene.batches(), KEYRINGS[0], new Set());
    expect(usual).toBeGreaterThan(1500);
    expect(findings.map(({ name }) => name)).toContain('bind.address_moved');
  });

  test('what happens in one group leaves what another one was lent, and two LCIDs that share it take turns', () => {
    const talk = new Talk();
    talk.usual(0, 10);
    talk.usual(1, 10);
    talk.happen(2, 'away', 11);
    for (let i = 0; i < 40; i++) {
      talk.usual(0, 3);
      if (i % 4 === 1) talk.happen(0, 'lcid', 1);
      if (i % 10 === 5) talk.happen(1, 'moved', 1 + (i % 4));
      if (i % 10 === 7) talk.happen(1, 'ssrc', 1 + (i % 4));
      talk.usual(1, 2);
      talk.happen(2, 'away', 3);
    }
    const { usual, messages } = held(place, talk.scene.batches(), KEYRINGS[0], new Set());
    expect(usual).toBeGreaterThan(messages / 2);
  });

  test('of two LCIDs with one address the one that was heard last is told of', () => {
    const talk = new Talk();
    const address = addressOf(RADIOS[0]);
    // Each has a PTK id of its own, so that they are two contexts.
    const alternate = (messages: number): void => {
      for (let i = 0; i < messages; i++) {
        talk.say(0, { sdu: datagram(7, address) });
        talk.happen(0, 'lcid', 1);
        talk.happen(0, i % 2 === 0 ? 'turn' : 'return', 1);
      }
    };
    talk.usual(1, 6);
    alternate(20);
    for (let i = 0; i < 4; i++) {
      talk.say(2, { sdu: datagram(7, i % 2 === 0 ? address : addressOf(RADIOS[2])) });
      alternate(8);
      talk.say(0, { sdu: datagram(7, address) });
    }
    const { usual, findings } = held(place, talk.scene.batches(), KEYRINGS[0], new Set());
    expect(usual).toBeGreaterThan(30);
    expect(findings.map(({ name }) => name)).toContain('bind.address_shared');
  });

  test('who stays on a key when others are on the next one, until that is told', () => {
    const talk = new Talk();
    talk.happen(1, 'key', 1);
    for (let i = 0; i < 90; i++) {
      talk.usual(0, 2);
      talk.usual(1, 2);
      talk.wait(9);
    }
    const { usual, findings } = held(place, talk.scene.batches(), KEYRINGS[0], new Set());
    const superseded = findings.find(({ name }) => name === 'key.superseded');
    // Each message of radio 0 from the tenth minute on; all others are usual ones, but for the first ones of each.
    const told = superseded?.count ?? 0;
    expect(told).toBeGreaterThan(30);
    expect(usual).toBeGreaterThan(4 * 90 - told - 20);
  });

  test('who stays on a key when the clock goes back and somebody uses the next one then', () => {
    const talk = new Talk();
    talk.usual(0, 10);
    talk.wait(-580);
    talk.happen(1, 'key', 1);
    talk.usual(1, 1);
    talk.wait(580);
    talk.usual(0, 40);
    talk.wait(25);
    talk.usual(0, 40);
    const { usual, findings } = held(place, talk.scene.batches(), KEYRINGS[0], new Set());
    expect(findings.find(({ name }) => name === 'key.superseded')?.count).toBe(40);
    expect(usual).toBeGreaterThan(40);
  });

  test('more contexts than there is room for at first', () => {
    const talk = new Talk();
    talk.usual(0, 10);
    talk.wait(1);
    for (let i = 0; i < 16_376; i++) {
      talk.scene.say({ at: 1 + i / 1e5, source: 0x10_0000 + i, sn: 1, group: 0xe0_0009, air: noise(i, 20) });
    }
    for (let ptkId = 0; ptkId < 16; ptkId++) {
      talk.happen(2, 'turn', 1);
      talk.happen(2, 'away', 5);
      talk.usual(0, 1);
      talk.happen(2, 'away', 5);
      talk.happen(0, 'lost', 1);
      talk.usual(0, 70);
    }
    const { usual } = held(place, talk.scene.batches(), KEYRINGS[0], new Set());
    expect(usual).toBeGreaterThan(100);
  }, 120_000);

  test('positions that were used before are found behind a reset', () => {
    const talk = new Talk();
    talk.happen(0, 'reset', 7);
    talk.usual(0, 20);
    talk.happen(0, 'leap', 40);
    talk.usual(0, 20);
    talk.happen(0, 'reset', 1);
    talk.usual(0, 40);
    const { findings } = held(place, talk.scene.batches(), KEYRINGS[0], new Set());
    const reuse = findings.find(({ name }) => name === 'ctr.keystream_reuse');
    expect(reuse?.count).toBeGreaterThan(10);
  });

  test('who returns to a PTK id is told of although the SN goes on', () => {
    const talk = new Talk();
    for (const kind of ['turn', 'return'] as const) {
      talk.usual(0, 10);
      talk.happen(0, 'wait', 10);
      talk.happen(0, kind, 1);
    }
    talk.usual(0, 10);
    const { findings } = held(place, talk.scene.batches(), KEYRINGS[0], new Set());
    expect(findings.map(({ name }) => name)).toContain('ctr.ptk_reuse');
  });

  test('what was heard and did not open is not missing', () => {
    const talk = new Talk();
    talk.usual(0, 20);
    talk.happen(0, 'forged', 1);
    talk.usual(0, 5);
    talk.happen(0, 'lost', 3);
    talk.usual(0, 100);
    const { findings } = held(place, talk.scene.batches(), KEYRINGS[0], new Set());
    expect(findings.find(({ name }) => name === 'ctr.gap')?.evidence).toMatchObject({ missing: 3 });
  });

  test('tables that are full forget the same', () => {
    const talk = new Talk();
    for (let i = 0; i < 3000; i++) {
      talk.usual(i % RADIOS.length, 1);
      // Streams of made-up sources that nobody has a key for.
      for (let j = 0; j < 2; j++) {
        talk.scene.say({ at: 0.02 * i, source: 0x10_0000 + i * 2 + j, sn: i & 7, group: 0xe0_0009, air: noise(i, 20) });
      }
    }
    const caps = { streams: 4096, pages: 4096, messages: 4096 };
    const { usual, evictions } = held(place, talk.scene.batches(), KEYRINGS[1], new Set(), caps);
    expect(usual).toBeGreaterThan(500);
    expect(Object.keys(evictions)).toEqual(['counter-streams', 'counter-talkers', 'seen-pages', 'replay-messages']);
  });
});
