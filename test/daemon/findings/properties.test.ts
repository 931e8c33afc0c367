// What must hold for any traffic: clean captures are quiet, outsiders cannot accuse an honest radio, and findings do not
// depend on how the octets arrive.

import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { addressOf, alarms, keyring, noise, pgk, type Said, Scene, speech } from './scene.ts';

const RADIOS = [0x0a0b0c, 0x0a0b0d, 0x0a0b0e];
const ACCUSATIONS = /^(ctr|bind)\.|^member\.clone$/;

const twoKeys = keyring({
  keys: [
    pgk(39, { notAfter: '2026-05-02T10:10:00Z' }),
    pgk(40, { notBefore: '2026-05-02T10:00:00Z', notAfter: '2026-05-09T00:00:00Z' }),
    pgk(41, { notBefore: '2026-05-09T00:00:00Z', notAfter: '2026-05-16T00:00:00Z' }),
  ],
  members: RADIOS.map((id) => ({ id: id.toString(16).padStart(6, '0') })),
});

/** What an honest radio sends: PTK ids rise, the SN begins at 1 for each, and it moves to the next PGK once. */
function honest(source: number, messages: number, begin: number): Said[] {
  const said: Said[] = [];
  let ptkId = 5;
  let sn = begin;
  for (let i = 0; i < messages; i++) {
    const at = i * 0.02 + (source & 15) * 0.001;
    const isNewKey = i >= messages / 2;
    if (i === Math.ceil(messages / 2) || i === Math.floor(messages / 4)) {
      ptkId++;
      sn = 1;
    }
    const sdu = speech(source, i + 1, addressOf(source));
    said.push({ at, source, ptkId, sn: sn++, pgk: isNewKey ? 40 : 39, sdu });
  }
  return said;
}

/** Messages lost, late and repeated as the air does it. */
const air = fc.record({
  begin: fc.integer({ min: 1, max: 60_000 }),
  messages: fc.integer({ min: 8, max: 120 }),
  lost: fc.array(fc.integer({ min: 0, max: 119 }), { maxLength: 30 }),
  late: fc.array(fc.tuple(fc.integer({ min: 0, max: 119 }), fc.integer({ min: 1, max: 40 })), { maxLength: 12 }),
  repeated: fc.array(fc.tuple(fc.integer({ min: 0, max: 119 }), fc.integer({ min: 1, max: 318 })), { maxLength: 20 }),
});

interface Heard {
  readonly at: number;
  readonly said: Said;
  readonly isCopy: boolean;
}

function heard(streams: readonly { readonly source: number; readonly how: Air }[]): Heard[] {
  const all: Heard[] = [];
  for (const { source, how } of streams) {
    honest(source, how.messages, how.begin).forEach((said, i) => {
      if (how.lost.includes(i)) return;
      const late = how.late.find(([which]) => which === i)?.[1] ?? 0;
      const at = said.at + late * 0.02;
      all.push({ at, said, isCopy: false });
      for (const [which, delay] of how.repeated)
        if (which === i) all.push({ at: at + delay / 1000, said, isCopy: true });
    });
  }
  return all.sort((a, b) => a.at - b.at);
}

type Air = typeof air extends fc.Arbitrary<infer Value> ? Value : never;

/** Copies are the same MAC PDU; everything else is said once. */
function sceneOf(list: readonly Heard[], add: (scene: Scene, index: number) => void = () => undefined): Scene {
  const scene = new Scene();
  const frames = new Map<Said, number>();
  list.forEach(({ at, said, isCopy }, index) => {
    const first = frames.get(said);
    if (isCopy && first !== undefined) scene.again(first, at);
    else {
      scene.say({ ...said, at });
      frames.set(said, scene.frames);
    }
    add(scene, index);
  });
  return scene;
}

const three = fc.tuple(air, air, air).map((list) => list.map((how, i) => ({ source: RADIOS[i], how })));

describe('any traffic', () => {
  test('loss, late messages and copies raise nothing above info', () => {
    fc.assert(
      fc.property(three, (streams) => {
        expect(alarms(sceneOf(heard(streams)).read(twoKeys))).toEqual([]);
      }),
      { numRuns: 60 },
    );
  });

  test('frames that an outsider injects, and ciphertext damaged at random, accuse no honest radio', () => {
    const attack = fc.record({
      at: fc.integer({ min: 0, max: 80 }),
      sn: fc.integer({ min: 0, max: 65_535 }),
      near: fc.boolean(),
      octets: fc.integer({ min: 28, max: 200 }),
      seed: fc.integer({ min: 0, max: 1_000_000 }),
    });
    fc.assert(
      fc.property(
        air,
        fc.array(attack, { maxLength: 40 }),
        fc.array(fc.integer({ min: 0, max: 119 }), { maxLength: 20 }),
        (how, attacks, damaged) => {
          const list = heard([{ source: RADIOS[0], how: { ...how, lost: [], late: [], repeated: [] } }]).map(
            (each, i) => (damaged.includes(i) ? { ...each, said: { ...each.said, air: noise(i, 120) } } : each),
          );
          const scene = sceneOf(list, (to, index) => {
            for (const { at, sn, near, octets, seed } of attacks) {
              if (at !== index) continue;
              const { said } = list[index];
              to.say({ ...said, sn: near ? (said.sn + (sn % 90) - 45) & 0xffff : sn, air: noise(seed, octets) });
            }
          });
          const read = scene.read(twoKeys);
          expect(read.findings.filter(({ name }) => ACCUSATIONS.test(name))).toEqual([]);
          for (const { name } of read.findings) expect(name).toMatch(/^payload\.forged$/);
        },
      ),
      { numRuns: 60 },
    );
  });

  test('findings are the same frame by frame, in odd batches and whole', () => {
    fc.assert(
      fc.property(three, fc.integer({ min: 1, max: 50 }), fc.boolean(), (streams, rows, withKeys) => {
        const scene = sceneOf(heard(streams), (to, index) => {
          if (index % 7 === 3) to.again(Math.max(1, to.frames - 5), index * 0.02 + 0.5);
          if (index % 11 === 5) to.say({ at: index * 0.02, source: RADIOS[0], sn: index, air: noise(index, 60) });
        });
        const keys = withKeys ? twoKeys : null;
        const whole = scene.read(keys);
        expect(scene.read(keys, 1).findings).toEqual(whole.findings);
        expect(scene.read(keys, rows).findings).toEqual(whole.findings);
        expect(scene.read(keys, rows).summary).toEqual(whole.summary);
      }),
      { numRuns: 30 },
    );
  });

  test('a live feed tells the same occurrences', () => {
    fc.assert(
      fc.property(three, (streams) => {
        const scene = sceneOf(heard(streams), (to, index) => {
          if (index % 7 === 3) to.again(Math.max(1, to.frames - 5), index * 0.02 + 0.5);
        });
        const whole = scene.read(twoKeys);
        const live = scene.read(twoKeys, 3, { live: true });
        expect(live.summary.findings).toEqual(whole.summary.findings);
        const scopes = (read: typeof whole) =>
          new Set(read.findings.map(({ name, source, group }) => `${name} ${group} ${source}`));
        expect(scopes(live)).toEqual(scopes(whole));
        for (const record of whole.findings) expect(live.findings).toContainEqual(record);
      }),
      { numRuns: 20 },
    );
  });
});
