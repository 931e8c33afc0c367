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
      const again = retelling.retell(stored, framesOf(record, frames), track.live.keyring, 'forensic');
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
    expect(retelling.retell(good, framesOf(good, frames), live, 'plain')).not.toBeNull();
    const other = records.find(({ event }) => (event as MessageEvent).sn !== (good.event as MessageEvent).sn) ?? good;
    expect(retelling.retell(good, framesOf(other, frames), live, 'forensic')).toBeNull();
    for (const stale of records.filter(({ access }) => access === 'forensic')) {
      expect(retelling.retell(stale, framesOf(stale, frames), live, 'plain')).toBeNull();
    }
    const epoch = live.epochs.find(({ id }) => id === good.key?.pgkId);
    if (epoch === undefined) expect.fail('its key is held');
    live.restate(epoch, { ...epoch, revokedAt: 1_000 });
    expect(new Retelling(999).retell(good, framesOf(good, frames), live, 'plain')).not.toBeNull();
    expect(new Retelling(1000).retell(good, framesOf(good, frames), live, 'plain')).toBeNull();
    expect(new Retelling(1000).retell(good, framesOf(good, frames), live, 'forensic')).not.toBeNull();
    live.restate(epoch, { ...epoch, destroyedAt: 2_000 });
    expect(new Retelling(3000).retell(good, framesOf(good, frames), live, 'forensic')).toBeNull();
  });
});
