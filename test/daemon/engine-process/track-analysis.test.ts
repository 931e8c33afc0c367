// A line of analysis gives the records that `read` gives, in two parts, of which the outer one holds no plaintext.

import { readFileSync } from 'node:fs';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { Demand } from '../../../daemon/engine-process/engine-port.ts';
import { TrackAnalysis } from '../../../daemon/engine-process/track-analysis.ts';
import type { MessageEvent } from '../../../daemon/events.ts';
import { copyOfKeyring } from '../../../daemon/keyring/keyring-copy.ts';
import { parseKeyring } from '../../../daemon/keyring/keyring-file.ts';
import type { EngineRecord } from '../../../daemon/relay/relay-record.ts';
import { synthesise } from '../../../testing/synthesise.ts';
import { arbitraryScenario } from '../../testing/arbitrary-scenario.ts';
import { at, baseScenario } from '../../testing/base-scenario.ts';
import { engineRecordsIn } from '../record-blocks.ts';
import { batchOf, keyedCaptures, octetsToFrames, readFrames } from './batches.ts';
import { everyMark, expectNoMark } from './plain-marks.ts';
import { expectAsRead, toldOf } from './told.ts';
import { FORENSIC, judgeAll, LONG_AGO, PLAIN, trackOf } from './tracks.ts';

describe('on a capture-clock track', () => {
  test.each(keyedCaptures().map((each) => [each.name, each]))('%s is told as read prints it', async (_name, from) => {
    const keyring = parseKeyring(readFileSync(from.keyring), 'keyring.json');
    const frames = await readFrames(from.capture);
    for (const [rows, demand] of [
      [1, PLAIN],
      [300, PLAIN],
      [300, FORENSIC],
    ] as const) {
      const track = trackOf(keyring, 'capture', demand);
      const records = judgeAll(track, frames, rows);
      await expectAsRead(records, from, demand === FORENSIC);
      for (const record of records) expect(record.track).toBe(3);
      track.close();
    }
  });

  test('frames of other tracks lie between: numbers have gaps, and nothing else changes', async () => {
    const numberOf = (frame: number): number => frame + 1000 * Math.floor((frame - 1) / 7);
    for (const from of keyedCaptures().filter(({ name }) => /matrix|replay|counters/.test(name))) {
      const keyring = parseKeyring(readFileSync(from.keyring), 'keyring.json');
      const frames = await readFrames(from.capture);
      const dense = judgeAll(trackOf(keyring, 'capture', PLAIN), frames, 7);
      const track = trackOf(keyring, 'capture', PLAIN);
      const gaps: EngineRecord[] = [];
      for (let at = 0; at < frames.length; at += 7) {
        track.live.refresh();
        gaps.push(...engineRecordsIn(track.judge(batchOf(frames.slice(at, at + 7), numberOf(at + 1)), true, LONG_AGO)));
      }
      const renumbered = JSON.stringify(dense, (name, value: unknown) => {
        if (typeof value === 'number' && /frame$/i.test(name)) return numberOf(value);
        return name === 'frames' && Array.isArray(value)
          ? value.map((frame: number) => (frame === 0 ? 0 : numberOf(frame)))
          : value;
      });
      // Texts name frames too: they differ where they do.
      const withoutTexts = (json: string): unknown =>
        JSON.parse(json, (name, value: unknown) => (name === 'summary' ? '' : value));
      expect(withoutTexts(JSON.stringify(gaps))).toEqual(withoutTexts(renumbered));
    }
  });

  test('a key that a manager took back by today gives no plaintext, whatever the time of the replay', async () => {
    const scenario = baseScenario([
      { do: 'send', at: 0, radio: 'Engine 71', content: 'rtp', count: 5, key: { pgk: 39 } },
    ]);
    const { capture, keyring } = synthesise(scenario);
    const revoked = JSON.stringify(keyring, (_name, value: unknown) => {
      const isKey = typeof value === 'object' && value !== null && 'id' in value && value.id === 39;
      return isKey ? { ...value, revokedAt: at(86_400) } : value;
    });
    const held = parseKeyring(revoked, 'keyring.json');
    const frames = await octetsToFrames(capture);
    const before = trackOf(held, 'capture', PLAIN, Date.parse(at(3600)));
    const after = trackOf(held, 'capture', PLAIN, Date.parse(at(86_401)));
    const forensic = trackOf(held, 'capture', FORENSIC, Date.parse(at(86_401)));
    const plainOf = (track: TrackAnalysis, now: number) =>
      judgeAll(track, frames, 10, now).filter(({ event }) => event.type === 'message');
    for (const { plain, access, key } of plainOf(before, Date.parse(at(3600)))) {
      expect(plain?.payload).toBeDefined();
      expect(access).toBe('plain');
      expect(key).toMatchObject({ group: 'f00001', pgkId: 39 });
    }
    // The verdict is about the capture's own time, at which the key was good; what may be told of it is about today.
    for (const { event, plain, access } of plainOf(after, Date.parse(at(86_401))))
      expect([(event as MessageEvent).verdict, plain, access]).toEqual(['decrypted', null, 'plain']);
    for (const { plain, access } of plainOf(forensic, Date.parse(at(86_401)))) {
      expect(plain?.payload).toBeDefined();
      expect(access).toBe('forensic');
    }
  });
});

describe('on a wall-clock track', () => {
  test('captures of other days give verdicts and no plaintext under their keys, unless somebody may look back', async () => {
    const [from] = keyedCaptures();
    const keyring = parseKeyring(readFileSync(from.keyring), 'keyring.json');
    const frames = await readFrames(from.capture);
    const today = Date.now();
    const records = judgeAll(trackOf(keyring, 'wall', PLAIN, today), frames, 300, today);
    expect(records.some(({ key }) => key !== null)).toBe(true);
    for (const { key, plain } of records) if (key !== null) expect(plain).toBeNull();
    const back = judgeAll(trackOf(keyring, 'wall', FORENSIC, today), frames, 300, today);
    for (const { key, plain, access } of back) if (key !== null && plain !== null) expect(access).toBe('forensic');
    expect(
      toldOf(back, 'message').filter(({ verdict, payload }) => verdict === 'decrypted' && payload === undefined),
    ).toEqual([]);
  });

  test('a key that a MIKEY message delivers shortly after opens what was told before: it is told again', async () => {
    const talk = { do: 'send', radio: 'Engine 71', count: 3, key: { pgk: 12 } };
    const scenario = baseScenario(
      [
        { ...talk, at: 1 },
        { do: 'delivery', at: 4, pmk: '706d6b31', group: 'Fire 7', pgk: 12, interface: 'lan' },
        { ...talk, at: 6 },
      ],
      {
        pmks: [{ id: '706d6b31', member: '0a0b0c' }],
        capture: { interfaces: ['pc5', 'lan'].map((name) => ({ name, framing: 'udp-ethernet' })) },
      },
    );
    const { capture, keyring } = synthesise(scenario);
    const now = Date.parse(at(10));
    const held = parseKeyring(JSON.stringify(keyring), 'keyring.json');
    const frames = await octetsToFrames(capture);
    for (const rows of [1, 100]) {
      const records = judgeAll(trackOf(held, 'wall', PLAIN, now), frames, rows, now);
      const told = records.filter(({ event }) => event.type === 'message' || event.type === 'key');
      const text = told.map(({ event, plain, key }) => {
        if (event.type !== 'message') return event.type;
        const mark = event.corrects === true ? ' again' : '';
        return `${event.frame} ${event.verdict}${mark} ${key?.pgkId ?? '-'} ${plain === null ? 'closed' : 'open'}`;
      });
      expect(text).toEqual([
        ...['1 no-key - closed', '2 no-key - closed', '3 no-key - closed', 'key'],
        ...['1 decrypted again 12 open', '2 decrypted again 12 open', '3 decrypted again 12 open'],
        ...['5 decrypted 12 open', '6 decrypted 12 open', '7 decrypted 12 open'],
      ]);
    }
  });

  test('plaintext is made of groups in demand only', async () => {
    const steps = ['Engine 71', 'Ambulance 21', 'Visitor'].map((radio, index) => ({
      do: 'send',
      at: index,
      radio,
      content: 'udp',
      count: 3,
    }));
    const { capture, keyring } = synthesise(baseScenario(steps));
    const frames = await octetsToFrames(capture);
    const now = Date.parse(at(10));
    const held = parseKeyring(JSON.stringify(keyring), 'keyring.json');
    const groupsWith = (demand: Demand): unknown[] => {
      const records = judgeAll(trackOf(held, 'wall', demand, now), frames, 100, now);
      expect(records.filter(({ event }) => event.type === 'message')).toHaveLength(9);
      return [
        ...new Set(
          records.filter(({ plain }) => plain !== null).map(({ event }) => event.type === 'message' && event.group),
        ),
      ];
    };
    expect(groupsWith(new Map())).toEqual([]);
    expect(groupsWith(new Map([['f00102', 'plain']]))).toEqual(['f00102']);
    expect(groupsWith(new Map([['*', 'plain']]))).toEqual(['f00001', 'f00102', 'f00203']);
  });

  test('while nothing comes a gap is told after its window, and a folded finding after its hour', async () => {
    const steps = [
      { do: 'send', at: 0, radio: 'Engine 71', content: 'rtp', count: 4, loss: { frames: [2] } },
      { do: 'send', at: 1, radio: 'Stranger', content: 'rtp', count: 4 },
    ];
    const { capture, keyring } = synthesise(baseScenario(steps));
    const now = Date.parse(at(2));
    const track = trackOf(parseKeyring(JSON.stringify(keyring), 'keyring.json'), 'wall', PLAIN, now);
    const records = judgeAll(track, await octetsToFrames(capture), 100, now);
    const names = (all: readonly EngineRecord[]): string[] =>
      toldOf(all, 'finding').map(({ name, count }) => `${name} ${count}`);
    expect(names(records)).toContain('member.not_in_roster 1');
    expect(names(records)).not.toContain('ctr.gap 1');
    expect(track.tick(now + 1000).count).toBe(0);
    expect(names(engineRecordsIn(track.tick(now + 8000)))).toEqual(['ctr.gap 1']);
    expect(names(engineRecordsIn(track.tick(now + 3_500_000)))).toEqual([]);
    expect(names(engineRecordsIn(track.tick(now + 3_700_000)))).toEqual(['member.not_in_roster 4']);
  });

  test('epochs are told when the clock changes their state, and at their first use', async () => {
    const steps = [{ do: 'send', at: 0, radio: 'Engine 71', content: 'rtp', count: 4, key: { pgk: 39 } }];
    const { capture, keyring } = synthesise(baseScenario(steps));
    const held = parseKeyring(JSON.stringify(keyring), 'keyring.json');
    let now = Date.parse(at(0));
    const source = { generation: 1, now: () => now, heldKeys: () => copyOfKeyring(held) };
    const track = { track: 0, clock: 'wall', name: 'wall' } as const;
    const analysis = new TrackAnalysis({ track, source, severities: {}, delivered: () => undefined });
    const epochs = (records: readonly EngineRecord[]): string[] =>
      records.flatMap(({ event }) =>
        event.type === 'epoch' ? [`${event.group}/${event.pgkId} ${event.state} ${event.messages}`] : [],
      );
    expect(epochs(engineRecordsIn(analysis.tick(now)))).toEqual([]);
    const frames = await octetsToFrames(capture);
    expect(epochs(engineRecordsIn(analysis.judge(batchOf(frames, 1), true, now)))).toEqual(['f00001/39 active 1']);
    now = Date.parse(at(3600));
    const later = epochs(engineRecordsIn(analysis.tick(now)));
    // PGK 2 of Fire 7 begins now, so the keys before it overlap with it.
    expect(later).toContain('f00001/2 active 0');
    now = Date.parse(at(7 * 86_400));
    expect(epochs(engineRecordsIn(analysis.tick(now)))).toContain('f00001/39 expired 4');
  });
});

function eventsOf(records: readonly EngineRecord[]): unknown {
  return records.map(({ event }) => event);
}

describe('what anybody may read', () => {
  test.each(keyedCaptures().map((each) => [each.name, each]))('holds no plaintext of %s', async (name, from) => {
    const keyring = parseKeyring(readFileSync(from.keyring), 'keyring.json');
    const frames = await readFrames(from.capture);
    const marks = everyMark(frames, copyOfKeyring(keyring));
    if (!name.includes('mikey')) expect(marks.size).toBeGreaterThan(50);
    for (const demand of [PLAIN, FORENSIC])
      expectNoMark(eventsOf(judgeAll(trackOf(keyring, 'capture', demand), frames, 300)), marks);
  });

  test('holds no plaintext of any traffic', async () => {
    await fc.assert(
      fc.asyncProperty(arbitraryScenario(), async (scenario) => {
        const { capture, keyring } = synthesise(scenario);
        const held = parseKeyring(JSON.stringify(keyring), 'keyring.json');
        const frames = await octetsToFrames(capture);
        const marks = everyMark(frames, copyOfKeyring(held));
        const now = Date.parse(at(0));
        const records = judgeAll(trackOf(held, 'wall', FORENSIC, now), frames, 50, now);
        expectNoMark(eventsOf(records), marks);
      }),
      { numRuns: 40 },
    );
  });

  test('the marks are good: the plain parts hold them', async () => {
    const [from] = keyedCaptures();
    const keyring = parseKeyring(readFileSync(from.keyring), 'keyring.json');
    const frames = await readFrames(from.capture);
    const records = judgeAll(trackOf(keyring, 'capture', FORENSIC), frames, 300);
    const marks = everyMark(frames, keyring);
    const withPlain = records.map((record) => ({ ...record, event: { ...record.event, ...record.plain } }));
    expect(() => expectNoMark(withPlain, marks)).toThrow();
  });
});
