// Messages of which no rule has anything to say are written down in short (usual.ts). The slow twin is the same watch with
// every rule looking at every message: whatever the traffic, both tell the same, count the same and forget the same.

import fc from 'fast-check';
import { afterEach, describe, expect, test, vi } from 'vitest';
import type { FrameBatch } from '../../../captures/frame-batch.ts';
import { Engine } from '../../../daemon/engine/engine.ts';
import type { FindingEvent } from '../../../daemon/events.ts';
import type { CounterCaps } from '../../../daemon/findings/counter.ts';
import { UsualMessages } from '../../../daemon/findings/usual.ts';
import { FindingWatch } from '../../../daemon/findings/watch.ts';
import { KeyIndex } from '../../../daemon/keyring/key-index.ts';
import { parseKeyring } from '../../../daemon/keyring/keyring-file.ts';
import {
  addressOf,
  announcement,
  datagram,
  datagram6,
  keyring,
  noise,
  pgk,
  type Said,
  Scene,
  speech,
} from './scene.ts';

const RADIOS = [0x0a0b0c, 0x0a0b0d, 0x0a0b0e];
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

afterEach(() => {
  vi.restoreAllMocks();
});

interface Told {
  readonly findings: readonly FindingEvent[];
  readonly usual: number;
  readonly messages: number;
  readonly evictions: Readonly<Record<string, number>>;
}

/** Reads with both watches, holds them equal message by message and at the end. */
function held(batches: readonly FrameBatch[], keys: object, changesAt: ReadonlySet<number>, caps?: CounterCaps): Told {
  const take = vi.spyOn(UsualMessages.prototype, 'take');
  const held = parseKeyring(JSON.stringify(keys), 'usual.json');
  const index = new KeyIndex(held);
  const findings: FindingEvent[][] = [[], []];
  const [fast, slow] = findings.map(
    (list, i) =>
      new FindingWatch({
        keyring: held,
        index,
        listener: { record: (event) => void list.push(event) },
        everyRule: i === 1,
        ...(caps === undefined ? {} : { caps }),
      }),
  );
  let messages = 0;
  const both = (tell: (watch: FindingWatch) => void): void => {
    tell(fast);
    tell(slow);
  };
  const engine = new Engine(
    { index },
    {
      frame: (batch, row) => both((watch) => watch.frame(batch, row)),
      copy: (_batch, _row, source, destination) => both((watch) => watch.copy(source, destination)),
      problem: (batch, row, walk) => both((watch) => watch.problem(batch, row, walk)),
      loss: (frames, source, destination, lcid) => both((watch) => watch.loss(frames, source, destination, lcid)),
      mark: (mark) => both((watch) => watch.mark(mark)),
      message(table, row) {
        messages++;
        if (changesAt.has(messages)) both((watch) => watch.keyringChanged());
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
  const usual = take.mock.results.filter(({ value }) => value === true).length;
  take.mockRestore();
  return { findings: findings[0], usual, messages, evictions: fast.evictions() };
}

const KINDS = [
  ...['lost', 'late', 'replay', 'reuse', 'far', 'turn', 'return', 'lcid', 'version', 'moved', 'ssrc', 'still'],
  ...['datagram', 'ipv6', 'arp', 'forged', 'flipped', 'plain', 'fragment', 'group', 'copy', 'wait', 'hour', 'type'],
  ...['algorithm', 'key', 'keyBack', 'cut', 'wrap', 'page', 'goes'],
] as const;

type Kind = (typeof KINDS)[number];

/** Something that happens, and usual messages behind it. */
const happening = fc.record({
  radio: fc.nat({ max: RADIOS.length - 1 }),
  kind: fc.constantFrom(...KINDS),
  by: fc.integer({ min: 1, max: 90 }),
  run: fc.nat({ max: 6 }),
});

/** Where a radio stands. */
interface Standing {
  sn: number;
  ptkId: number;
  pgk: number;
  lcid: number;
  version: 1 | 3;
  ssrc: number;
  sequence: number;
  address: Uint8Array;
}

/** Radios that speak as usual between things that are not. */
class Talk {
  readonly scene = new Scene();
  readonly #radios: readonly Standing[] = RADIOS.map((source, i) => ({
    ...{ sn: 240 + i, ptkId: 5, pgk: 39, lcid: 3, version: 1, ssrc: source, sequence: 1 },
    address: addressOf(source),
  }));
  #at = 0;

  usual(radio: number, messages: number): void {
    for (let i = 0; i < messages; i++) this.say(radio, {});
  }

  /** The next message of a radio, or another one. */
  say(radio: number, other: Partial<Said>): void {
    const standing = this.#radios[radio];
    const { sn, ptkId, pgk, lcid, version, ssrc, address } = standing;
    this.#at += 0.02;
    const sdu = speech(ssrc, standing.sequence & 0xffff, address);
    standing.sequence++;
    this.scene.say({ at: this.#at, source: RADIOS[radio], sn, ptkId, pgk, lcid, version, sdu, ...other });
    if (other.sn === undefined) standing.sn = (sn + 1) & 0xffff;
  }

  wait(seconds: number): void {
    this.#at += seconds;
  }

  happen(radio: number, kind: Kind, by: number): void {
    const standing = this.#radios[radio];
    const { address } = standing;
    const other = this.#radios[(radio + 1) % RADIOS.length];
    const become = (changes: Partial<Standing>): void => void Object.assign(standing, changes);
    const acts: Readonly<Record<Kind, () => void>> = {
      lost: () => become({ sn: (standing.sn + by) & 0xffff }),
      late: () => this.say(radio, { sn: (standing.sn - by) & 0xffff }),
      replay: () => void this.scene.again(Math.max(1, this.scene.frames - by), this.#at + by / 60),
      reuse: () => this.say(radio, { sn: (standing.sn - 1) & 0xffff, sdu: noise(by, 80) }),
      far: () => this.say(radio, { sn: (standing.sn + by * 300) & 0xffff }),
      turn: () => become({ ptkId: standing.ptkId + 1, sn: 1 }),
      return: () => become({ ptkId: Math.max(1, standing.ptkId - 1) }),
      lcid: () => become({ lcid: standing.lcid === 3 ? 4 : 3 }),
      version: () => become({ version: standing.version === 1 ? 3 : 1 }),
      moved: () => become({ address: by % 2 === 0 ? addressOf(RADIOS[radio]) : other.address }),
      ssrc: () => become({ ssrc: by % 2 === 0 ? RADIOS[radio] : other.ssrc }),
      still: () => become({ sequence: standing.sequence + by }),
      datagram: () => this.say(radio, { sdu: datagram(by, address) }),
      ipv6: () =>
        this.say(radio, {
          sdu: datagram6(
            by,
            Uint8Array.from({ length: 16 }, (_, i) => i + 1),
          ),
        }),
      arp: () => this.say(radio, { sdu: announcement(noise(by & 3, 6), address), sduType: 1 }),
      forged: () => this.say(radio, { air: noise(by, 60 + by), sn: standing.sn + (by % 3) }),
      flipped: () => this.say(radio, { flip: [[by % 60, 1 << (by & 7)]] }),
      plain: () => this.say(radio, { plain: true }),
      fragment: () => this.say(radio, { sdu: fragmentOf(speech(standing.ssrc, standing.sequence, address)) }),
      group: () => this.say(radio, { group: 0xf00002, pgk: 50 }),
      copy: () => void this.scene.again(Math.max(1, this.scene.frames), this.#at + 0.001, by & 1),
      wait: () => this.wait(by),
      hour: () => this.wait(by * 60),
      type: () => this.say(radio, { sduType: by & 7 }),
      algorithm: () => this.say(radio, { algorithm: '128-EEA1' }),
      key: () => become({ pgk: Math.min(41, standing.pgk + 1) }),
      keyBack: () => become({ pgk: Math.max(39, standing.pgk - 1) }),
      cut: () => this.say(radio, { captured: 30 + by }),
      wrap: () => become({ sn: 65_530 }),
      page: () => become({ sn: (standing.sn | 0xff) - 2 }),
      goes: () => this.say(radio, { sdu: datagram(by, address, Uint8Array.of(239, 255, 0, 2)) }),
    };
    acts[kind]();
  }
}

/** The same datagram with the flag of more fragments, and the checksum that goes with it. */
function fragmentOf(datagramOctets: Uint8Array): Uint8Array {
  const octets = Uint8Array.from(datagramOctets);
  octets[6] |= 0x20;
  const sum = ((octets[10] << 8) | octets[11]) - 0x2000;
  const folded = sum <= 0 ? sum + 0xffff : sum;
  octets[10] = folded >>> 8;
  octets[11] = folded & 0xff;
  return octets;
}

describe('in short and by every rule', () => {
  test('any traffic tells the same', () => {
    let usual = 0;
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
          const told = held(talk.scene.batches(64), keys, new Set(changes));
          usual += told.usual;
          messages += told.messages;
          for (const { name } of told.findings) names.add(name);
        },
      ),
      { numRuns: 150 },
    );
    // Both ways were taken often, and the rules had something to say.
    expect(usual).toBeGreaterThan(messages / 10);
    expect(usual).toBeLessThan(messages * 0.9);
    expect(names.size).toBeGreaterThan(15);
  }, 120_000);

  test('nearly all of plain speech is written down in short', () => {
    const talk = new Talk();
    for (let i = 0; i < 200; i++) for (const radio of RADIOS.keys()) talk.usual(radio, 1);
    const { usual, messages } = held(talk.scene.batches(), KEYRINGS[0], new Set());
    expect(usual).toBeGreaterThan(messages * 0.9);
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
    const { usual, evictions } = held(talk.scene.batches(), KEYRINGS[1], new Set(), caps);
    expect(usual).toBeGreaterThan(500);
    expect(Object.keys(evictions)).toEqual(['counter-streams', 'counter-talkers', 'seen-pages', 'replay-messages']);
  });
});
