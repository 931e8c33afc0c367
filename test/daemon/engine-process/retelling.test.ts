// The plain part of a past record, made again from its frames, is the one that was made at the time; and only where key and
// view allow it now.

import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { Retelling } from '../../../daemon/engine-process/retelling.ts';
import type { MessageEvent } from '../../../daemon/events.ts';
import { parseKeyring } from '../../../daemon/keyring/keyring-file.ts';
import type { EngineRecord, PlainPart } from '../../../daemon/relay/relay-record.ts';
import { batchOf, keyedCaptures, type PlainFrame, readFrames } from './batches.ts';
import { FORENSIC, judgeAll, LONG_AGO, PLAIN, trackOf } from './tracks.ts';

function messagesOf(records: readonly EngineRecord[]): EngineRecord[] {
  return records.filter(({ event }) => event.type === 'message');
}

function framesOf(record: EngineRecord, frames: readonly PlainFrame[]): ReturnType<typeof batchOf> {
  const event = record.event as MessageEvent;
  const numbers = event.frames ?? [event.frame];
  return batchOf(
    numbers.map((number) => frames[number - 1]),
    event.frame - numbers.length + 1,
  );
}

/** A fragment says what it completed only to who has seen the others. */
function comparable(plain: PlainPart | null): PlainPart | null {
  return plain?.summary?.includes('fragment') === true ? null : plain;
}

describe('retelling', () => {
  test.each(keyedCaptures().map((each) => [each.name, each]))('gives the plain parts of %s', async (_name, from) => {
    const keyring = parseKeyring(readFileSync(from.keyring), 'keyring.json');
    const frames = await readFrames(from.capture);
    const track = trackOf(keyring, 'capture', FORENSIC);
    const records = messagesOf(judgeAll(track, frames, 300));
    const retelling = new Retelling(LONG_AGO);
    let told = 0;
    for (const record of records) {
      const stored = { ...record, plain: null };
      const again = retelling.retell(stored, framesOf(record, frames), track.gate, 'forensic');
      const { summary } = record.plain ?? {};
      if (summary !== undefined && !again?.summary?.includes('fragment'))
        expect(comparable(again)).toEqual(comparable(record.plain));
      if (record.plain === null) expect(again).toBeNull();
      else told += again === null ? 0 : 1;
    }
    expect(told).toBe(records.filter(({ plain }) => plain !== null).length);
    retelling.close();
    track.close();
  });

  test('of a replay a key counts as it was when the message was sent, although it has run out in the capture since', async () => {
    const from = keyedCaptures().find(({ name }) => name.endsWith('rollover'));
    if (from === undefined) expect.fail('there is no such sample');
    const frames = await readFrames(from.capture);
    const track = trackOf(parseKeyring(readFileSync(from.keyring), 'keyring.json'), 'capture', PLAIN);
    const records = messagesOf(judgeAll(track, frames, 300));
    const retelling = new Retelling(LONG_AGO);
    const again = records.map((record) => retelling.retell(record, framesOf(record, frames), track.gate, 'plain'));
    expect(again.map((plain) => plain?.payload)).toEqual(records.map(({ plain }) => plain?.payload));
    expect(again.filter((plain) => plain !== null).length).toBeGreaterThan(200);
    track.close();
  });

  test('a key that was taken back, a stale message, a wrong frame, a destroyed key: nothing in the plain view', async () => {
    const [from] = keyedCaptures();
    const keyring = parseKeyring(readFileSync(from.keyring), 'keyring.json');
    const frames = await readFrames(from.capture);
    const track = trackOf(keyring, 'capture', PLAIN);
    const records = messagesOf(judgeAll(track, frames, 300));
    const retelling = new Retelling(LONG_AGO);
    const { keyring: live } = track.live;
    const good = records.find(
      ({ event, key }) =>
        (event as MessageEvent).verdict === 'decrypted' &&
        key !== null &&
        live.epochs.some((each) => each.forbidden === null && each.id === key.pgkId),
    );
    if (good === undefined) expect.fail('the sample has no decrypted message');
    expect(retelling.retell(good, framesOf(good, frames), track.gate, 'plain')).not.toBeNull();
    const other = records.find(({ event }) => (event as MessageEvent).sn !== (good.event as MessageEvent).sn) ?? good;
    expect(retelling.retell(good, framesOf(other, frames), track.gate, 'forensic')).toBeNull();
    for (const stale of records.filter(({ access }) => access === 'forensic')) {
      expect(retelling.retell(stale, framesOf(stale, frames), track.gate, 'plain')).toBeNull();
    }
    const epoch = live.epochs.find(({ id }) => id === good.key?.pgkId);
    if (epoch === undefined) expect.fail('its key is held');
    // By the wall clock, long after the capture.
    const ordered = Date.UTC(2100, 0);
    live.restate(epoch, { ...epoch, revokedAt: ordered });
    expect(new Retelling(ordered - 1).retell(good, framesOf(good, frames), track.gate, 'plain')).not.toBeNull();
    expect(new Retelling(ordered).retell(good, framesOf(good, frames), track.gate, 'plain')).toBeNull();
    expect(new Retelling(ordered).retell(good, framesOf(good, frames), track.gate, 'forensic')).not.toBeNull();
    live.restate(epoch, { ...epoch, destroyedAt: ordered + 1 });
    expect(new Retelling(ordered + 2).retell(good, framesOf(good, frames), track.gate, 'forensic')).toBeNull();
  });
});
