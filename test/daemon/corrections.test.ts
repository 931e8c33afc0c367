// A live feed: messages that a key opens which arrives shortly after them are told again.

import { describe, expect, test } from 'vitest';
import { frameSourceFromChunks } from '../../captures/open.ts';
import { Analysis } from '../../daemon/analysis.ts';
import {
  CORRECTION_MESSAGES,
  CORRECTION_MS,
  CORRECTION_OCTETS,
  CorrectionWindow,
} from '../../daemon/engine/correction-window.ts';
import { MessageTable, Place, VerdictCode } from '../../daemon/engine/message-table.ts';
import type { MessageEvent, SidescopeEvent } from '../../daemon/events.ts';
import { parseKeyring } from '../../daemon/keyring/keyring-file.ts';
import { addLateKeys, collectLateKeys } from '../../daemon/late-keys.ts';
import { parseScenario } from '../../testing/scenario.ts';
import { synthesise } from '../../testing/synthesise.ts';

type Json = Readonly<Record<string, unknown>>;

const GROUP = {
  ...{ id: 'f00001', name: 'Fire 7', multicast: ['239.255.0.7'] },
  members: [{ id: '0a0b0c', name: 'Engine 71', addresses: ['169.254.10.11'] }],
  // 7 and 39 have the same five low bits.
  keys: [{ id: 7 }, { id: 12, held: false }, { id: 39, held: false }, { id: 13, held: false }],
};

const talk = (at: number, pgk: number, more: Json = {}): Json => ({
  ...{ do: 'send', at, radio: 'Engine 71', count: 5, every: 20, key: { pgk } },
  ...more,
});
const delivery = (at: number, pgk: number, more: Json = {}): Json => ({
  ...{ do: 'delivery', at, pmk: '706d6b31', group: 'Fire 7', pgk },
  ...more,
});

async function* once(bytes: Uint8Array): AsyncGenerator<Uint8Array> {
  yield await Promise.resolve(bytes);
}

/** Records of a live feed; or of a file that is read with `--late-keys`. */
async function eventsOf(steps: readonly Json[], live = true): Promise<SidescopeEvent[]> {
  const scenario = {
    ...{ format: 'sidescope-scenario/1', name: 'live', seed: 'live', start: '2026-05-01T10:00:00Z' },
    capture: { interfaces: [{ name: 'pc5', framing: 'udp-ethernet' }] },
    ...{ groups: [GROUP], pmks: [{ id: '706d6b31', member: '0a0b0c' }], steps },
    radios: [{ name: 'Engine 71', id: '0a0b0c', group: 'Fire 7' }],
  };
  const { capture, keyring } = synthesise(parseScenario(JSON.stringify(scenario), 'live.json'));
  const events: SidescopeEvent[] = [];
  const keep = (event: SidescopeEvent): void => {
    events.push(event);
  };
  const ring = parseKeyring(JSON.stringify(keyring), 'keyring.json');
  if (!live) addLateKeys(ring, await collectLateKeys(frameSourceFromChunks(once(capture)), ring));
  const analysis = new Analysis({ keyring: ring, live, payload: true }, { message: keep, key: keep, summary: keep });
  await analysis.run(frameSourceFromChunks(once(capture)));
  return events;
}

const messages = (events: readonly SidescopeEvent[]): MessageEvent[] =>
  events.filter((event): event is MessageEvent => event.type === 'message');
const corrections = (events: readonly SidescopeEvent[]): MessageEvent[] =>
  messages(events).filter(({ corrects }) => corrects === true);

describe('corrections of a live feed', () => {
  const late = [talk(1, 12), delivery(5, 12), talk(9, 12)];

  test('messages before the delivery are told again right after it, marked', async () => {
    const events = await eventsOf(late);
    const told = messages(events).map(({ verdict, corrects }) => `${verdict}${corrects === true ? '*' : ''}`);
    expect(told).toEqual([...Array(5).fill('no-key'), ...Array(5).fill('decrypted*'), ...Array(5).fill('decrypted')]);
    const keyAt = events.findIndex(({ type }) => type === 'key');
    expect(events[keyAt + 1]).toMatchObject({ type: 'message', corrects: true, frame: 1, pgkId: 12 });
    expect(events[keyAt + 1]).toHaveProperty('payload', expect.stringMatching(/^45/));
  });

  test('say of a message what it would have said had the key been there', async () => {
    const reassembled = { content: 'rtp', octets: 200, wire: { segments: 3 } };
    const steps = [talk(1, 12, reassembled), talk(2, 12, { content: 'short-ip' }), delivery(5, 12)];
    const corrected = corrections(await eventsOf(steps));
    expect(corrected).toHaveLength(10);
    expect(corrected[0].frames).toEqual([1, 2, 3]);
    const atOnce = messages(await eventsOf(steps, false));
    expect(corrected).toEqual(atOnce.map((message) => ({ ...message, corrects: true })));
  });

  test('a file is read in one way only: without them', async () => {
    expect(corrections(await eventsOf(late, false))).toEqual([]);
  });

  test('what a newer PGK with the same five low bits had ciphered was not forged', async () => {
    // A new PGK begins a new PTK id: the second step begins it where the first one was.
    const steps = [talk(1, 7, { counter: { ptkId: 77 } }), talk(2, 39, { counter: { ptkId: 76 } }), delivery(4, 39)];
    const events = await eventsOf(steps);
    expect(
      messages(events)
        .slice(5, 10)
        .map(({ verdict }) => verdict),
    ).toEqual(Array(5).fill('forged'));
    expect(corrections(events).map(({ verdict, pgkId }) => `${verdict} ${pgkId}`)).toEqual(
      Array(5).fill('decrypted 39'),
    );
  });

  test('the summary counts the last verdict of each message', async () => {
    const summary = (await eventsOf(late)).at(-1);
    expect(summary).toMatchObject({ type: 'summary', messages: 10, verdicts: { decrypted: 10 } });
  });

  test('the verdict is that of the time of the message: a key not yet valid then is stale', async () => {
    const events = await eventsOf([talk(1, 12), delivery(5, 12, { validFrom: 60 })]);
    expect(corrections(events).map(({ verdict }) => verdict)).toEqual(Array(5).fill('stale'));
    for (const { payload } of corrections(events)) expect(payload).toBeUndefined();
  });

  test('a message older than the window stays as it was told', async () => {
    const seconds = CORRECTION_MS / 1000;
    const events = await eventsOf([talk(1, 12), talk(4, 12), delivery(2 + seconds, 12)]);
    expect(corrections(events).map(({ frame }) => frame)).toEqual([6, 7, 8, 9, 10]);
  });

  test('a key for other messages, a refused delivery: nothing is told again', async () => {
    expect(corrections(await eventsOf([talk(1, 12), delivery(5, 13)]))).toEqual([]);
    expect(corrections(await eventsOf([talk(1, 12), delivery(5, 12, { fault: 'bad-mac' })]))).toEqual([]);
  });

  test('a second delivery of the same key corrects nothing twice', async () => {
    const events = await eventsOf([talk(1, 12), delivery(5, 12), delivery(6, 12)]);
    expect(corrections(events)).toHaveLength(5);
  });
});

describe('the window', () => {
  /** A table with one message that nothing opened. */
  function message(time: number, octets: number): MessageTable {
    const table = new MessageTable();
    const bytes = new Uint8Array(octets);
    const none = new Uint32Array(1);
    table.reset({
      ...{ bytes, view: new DataView(bytes.buffer), count: 1, firstFrame: 1, offset: none, captured: none },
      ...{ original: none, seconds: new Float64Array(1), nanoseconds: none, digits: new Uint8Array(1) },
      ...{ linkType: new Uint16Array(1), interfaceId: new Uint16Array(1), marks: [] },
    });
    table.add();
    table.time[0] = time;
    table.length[0] = octets;
    table.rawPlace[0] = Place.frame;
    table.verdict[0] = VerdictCode.noKey;
    table.pgkIndex[0] = 1;
    return table;
  }

  test('keeps within its number of messages, and the latest of them', () => {
    const window = new CorrectionWindow();
    const one = message(0, 1);
    for (let i = 0; i < CORRECTION_MESSAGES + 10; i++) {
      one.time[0] = i / 1000;
      window.note(one, 0);
    }
    expect(window.size).toBe(CORRECTION_MESSAGES);
    const times: number[] = [];
    window.judgeAgain(new Set([1]), 5, () => {
      times.push(window.table.time[0]);
      return false;
    });
    expect(times[0]).toBe(10 / 1000);
    expect(window.size).toBe(CORRECTION_MESSAGES);
  });

  test('keeps within its octets and its time', () => {
    const window = new CorrectionWindow();
    const octets = 64 * 1024;
    const one = message(0, octets);
    for (let i = 0; i < 100; i++) window.note(one, 0);
    expect(window.size).toBe(CORRECTION_OCTETS / octets);
    window.note(message(CORRECTION_MS + 1, 1), 0);
    expect(window.size).toBe(1);
  });

  test('keeps nothing that was understood', () => {
    const window = new CorrectionWindow();
    const table = message(0, 1);
    for (const verdict of [VerdictCode.decrypted, VerdictCode.clear, VerdictCode.damaged, VerdictCode.stale]) {
      table.verdict[0] = verdict;
      window.note(table, 0);
    }
    expect(window.size).toBe(0);
  });
});
