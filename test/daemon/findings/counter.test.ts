// Counter and key stream: each rule, and what must not raise it.

import { describe, expect, test } from 'vitest';
import { Analysis } from '../../../daemon/analysis.ts';
import { parseKeyring } from '../../../daemon/keyring/keyring-file.ts';
import { addressOf, alarms, datagram, keyring, named, noise, pgk, Scene, told } from './scene.ts';

const MINE = addressOf(0x0a0b0c);

describe('ctr.replay', () => {
  test('the same ciphertext again is medium, and high more than 10 s later', () => {
    const sdu = datagram(1, MINE);
    const soon = new Scene().talk({ at: 0, sn: 10, sdu }, 3).again(1, 9);
    expect(told(soon.read())).toEqual(['ctr.replay medium proved 1']);
    expect(named(soon.read(), 'ctr.replay')[0].frames).toEqual([1, 4]);
    expect(told(new Scene().talk({ at: 0, sn: 10, sdu }, 3).again(1, 10.1).read())).toEqual([
      'ctr.replay high proved 1',
    ]);
  });

  test('it does not move the counter', () => {
    const scene = new Scene().talk({ at: 0, sn: 5000 }, 5).again(1, 20).talk({ at: 21, sn: 5005 }, 5);
    expect(told(scene.read())).toEqual(['ctr.replay high proved 1']);
  });

  test('HARQ repeats and a second antenna are copies and nothing else', () => {
    const scene = new Scene().say({ at: 0, sn: 1 }).again(1, 0.08).again(1, 0.16).again(1, 0.32).again(1, 0.04, 1);
    const read = scene.read();
    expect(alarms(read)).toEqual([]);
    expect(named(read, 'capture.duplicate')[0].count).toBe(4);
  });
});

describe('ctr.keystream_reuse and ctr.stuck', () => {
  test('different ciphertext at one position is critical where both open', () => {
    const read = new Scene().talk({ at: 0, sn: 10 }, 4).say({ at: 5, sn: 11 }).read();
    expect(told(read)).toEqual(['ctr.keystream_reuse critical proved 1']);
    expect(named(read, 'ctr.keystream_reuse')[0].frames).toEqual([2, 5]);
  });

  test('without a key it is high and strong, and says what else it could be', () => {
    const read = new Scene().talk({ at: 0, sn: 10 }, 4).say({ at: 5, sn: 11 }).read(null);
    const [reuse] = named(read, 'ctr.keystream_reuse');
    expect([reuse.severity, reuse.confidence]).toEqual(['high', 'strong']);
    expect(reuse.summary).toContain('injected');
  });

  test('a copy that was damaged on the air is not another message', () => {
    const sdu = datagram(1, MINE);
    const scene = new Scene().talk({ at: 0, sn: 10, sdu }, 3).say({ at: 1, sn: 10, sdu, flip: [[50, 0x18]] });
    expect(alarms(scene.read(null))).toEqual([]);
    const other = new Scene().talk({ at: 0, sn: 10, sdu }, 3);
    other.say({
      at: 1,
      sn: 10,
      sdu,
      flip: [
        [50, 0xff],
        [51, 0x0f],
      ],
    });
    expect(alarms(other.read(null))).toEqual(['ctr.keystream_reuse']);
  });

  test('three messages with one SN are a counter that stands still', () => {
    const scene = new Scene().say({ at: 0, sn: 9 });
    for (let i = 0; i < 20; i++) scene.say({ at: 0.1 * i + 0.1, sn: 10 });
    // The reuse that it began with is folded into it.
    expect(told(scene.read())).toEqual(['ctr.stuck critical proved 19']);
  });

  test('messages that are much alike, each with its checksum right, are no damaged copies', () => {
    const scene = new Scene();
    for (let i = 1; i <= 3; i++) scene.say({ at: i, sn: 10, sdu: datagram(1, MINE, Uint8Array.of(239, 255, 0, i)) });
    expect(told(scene.read())).toEqual(['ctr.stuck critical proved 2']);
    // Without the key nobody can tell.
    expect(alarms(scene.read(null))).toEqual([]);
  });

  test('what became part of a stuck counter is in its record alone', () => {
    const scene = new Scene().say({ at: 0, sn: 9 });
    for (const [i, sn] of [10, 10, 11, 12, 12, 12, 12].entries()) scene.say({ at: 1 + i, sn });
    const read = scene.read();
    expect(named(read, 'ctr.keystream_reuse')[0]).toMatchObject({ count: 1, frames: [2, 3] });
    expect(named(read, 'ctr.stuck')[0]).toMatchObject({ count: 3, frames: [5, 6, 7, 8] });
  });

  test('twice the same second ciphertext is a replay of it, not a third one', () => {
    const sdu = datagram(77, MINE);
    const scene = new Scene().say({ at: 0, sn: 10 }).say({ at: 1, sn: 10, sdu }).say({ at: 2, sn: 10, sdu });
    expect(told(scene.read())).toEqual(['ctr.keystream_reuse critical proved 1', 'ctr.replay medium proved 1']);
  });

  test('another PTK id, LCID, source or PGK is another key stream', () => {
    const two = keyring({ keys: [pgk(39), pgk(7, { notBefore: '2026-05-01T00:00:01Z' })] });
    const scene = new Scene().talk({ at: 0, sn: 10 }, 3);
    scene.talk({ at: 1, sn: 10, lcid: 4 }, 3).talk({ at: 2, sn: 10, source: 0x0a0b0d }, 3);
    scene.talk({ at: 3, sn: 10, pgk: 7 }, 3).talk({ at: 7, sn: 10, pgk: 7, ptkId: 2 }, 3);
    // PGK 39 and 7 look the same on the air; which one it is shows only when it opens.
    expect(alarms(scene.read(two)).filter((name) => name.startsWith('ctr.'))).toEqual([]);
  });
});

describe('ctr.reset, ctr.wrap_same_ptk, ctr.jump', () => {
  test('back to near 0 is a reset, once', () => {
    const read = new Scene().talk({ at: 0, sn: 5000 }, 5).talk({ at: 5, sn: 1 }, 5).read();
    expect(told(read)).toEqual(['ctr.reset high proved 1']);
    expect(named(read, 'ctr.reset')[0].frames).toEqual([5, 6]);
  });

  test('it is a reset whichever way serial arithmetic counts', () => {
    expect(told(new Scene().talk({ at: 0, sn: 60_000 }, 3).talk({ at: 1, sn: 3 }, 3).read())).toEqual([
      'ctr.reset high proved 1',
    ]);
  });

  test('a fall of less than 1,024 is a late message', () => {
    const read = new Scene().talk({ at: 0, sn: 1000 }, 20).say({ at: 1, sn: 20 }).read();
    expect(told(read)).toEqual(['ctr.out_of_order info proved 1']);
  });

  test('over 65,535 under the same PTK id is a wrap, with a new one it is right', () => {
    const read = new Scene().talk({ at: 0, sn: 65_530 }, 12).read();
    expect(told(read)).toEqual(['ctr.wrap_same_ptk critical proved 1']);
    const right = new Scene().talk({ at: 0, sn: 65_530 }, 6).talk({ at: 0.2, sn: 1, ptkId: 2 }, 6).read();
    expect(told(right)).toEqual([]);
  });

  test('without a key a wrap is high', () => {
    const read = new Scene().talk({ at: 0, sn: 65_530 }, 12).read(null);
    expect(named(read, 'ctr.wrap_same_ptk').map(({ severity }) => severity)).toEqual(['high']);
  });

  test('far ahead within a minute is a jump, later it is silence', () => {
    const read = new Scene().talk({ at: 0, sn: 2000 }, 3).talk({ at: 50, sn: 12_000 }, 3).read();
    expect(alarms(read)).toEqual(['ctr.jump']);
    expect(alarms(new Scene().talk({ at: 0, sn: 2000 }, 3).talk({ at: 61, sn: 12_000 }, 3).read())).toEqual([]);
    expect(alarms(new Scene().talk({ at: 0, sn: 2000 }, 3).talk({ at: 50, sn: 10_194 }, 3).read())).toEqual([]);
  });
});

describe('ctr.gap and ctr.out_of_order', () => {
  test('a gap is told once it stayed open for 64 messages', () => {
    const quick = (count: number) => {
      const scene = new Scene().talk({ at: 0, sn: 10 }, 3);
      for (let i = 0; i < count; i++) scene.say({ at: 0.1 + i * 0.001, sn: 20 + i });
      return scene.read();
    };
    expect(told(quick(64))).toEqual([]);
    const read = quick(65);
    expect(told(read)).toEqual(['ctr.gap info heuristic 1']);
    expect(named(read, 'ctr.gap')[0].evidence).toEqual({ firstMissing: 13, lastMissing: 19, missing: 7 });
    expect(named(read, 'ctr.gap')[0].frames).toEqual([4]);
  });

  test('or for 2 s, also where the radio has fallen silent', () => {
    const scene = new Scene().talk({ at: 0, sn: 10 }, 3).say({ at: 0.1, sn: 14 });
    expect(told(scene.read())).toEqual([]);
    scene.say({ at: 2.1, sn: 1, source: 0x0a0b0d });
    expect(told(scene.read())).toEqual(['ctr.gap info heuristic 1']);
  });

  test('no frame of another radio that comes when its time is over bears it', () => {
    const raisedBy = (scene: Scene): [number, string][] => {
      const raised: [number, string][] = [];
      const held = parseKeyring(JSON.stringify(keyring()), 'gap.json');
      const analysis = new Analysis(
        { keyring: held },
        {
          frame(frame) {
            for (const { name } of [frame, ...frame.messages].flatMap((part) => part.raised)) {
              raised.push([frame.number, name]);
            }
          },
        },
      );
      for (const batch of scene.batches()) analysis.push(batch);
      expect(analysis.finish(null).findings['ctr.gap']).toBe(1);
      analysis.engine.close();
      return raised;
    };
    const gap = () => new Scene().talk({ at: 0, sn: 10 }, 3).say({ at: 0.1, sn: 14 });
    expect(raisedBy(gap().say({ at: 2.1, sn: 1, source: 0x0a0b0d }))).toEqual([]);
    // The message that says that 64 have gone by is of the stream itself.
    const talked = gap();
    for (let i = 0; i < 64; i++) talked.say({ at: 0.2 + i * 0.001, sn: 15 + i });
    expect(raisedBy(talked)).toEqual([[68, 'ctr.gap']]);
  });

  test('late messages fill it', () => {
    const scene = new Scene().talk({ at: 0, sn: 10 }, 3).say({ at: 0.1, sn: 15 });
    scene.say({ at: 0.12, sn: 14 }).say({ at: 0.14, sn: 13 }).talk({ at: 0.2, sn: 16 }, 200);
    expect(told(scene.read())).toEqual(['ctr.out_of_order info proved 2']);
  });

  test('a short message that was heard is not missing', () => {
    const scene = new Scene().talk({ at: 0, sn: 10 }, 3);
    scene.say({ at: 0.1, sn: 13, sdu: datagram(1, MINE).subarray(0, 20) }).talk({ at: 0.2, sn: 14 }, 200);
    expect(told(scene.read())).toEqual([]);
  });
});

describe('ctr.ptk_reuse', () => {
  test('a return to a PTK id that was left', () => {
    const scene = new Scene().talk({ at: 0, sn: 10 }, 5).talk({ at: 1, sn: 1, ptkId: 2 }, 5).talk({ at: 4, sn: 15 }, 5);
    expect(told(scene.read())).toEqual(['ctr.ptk_reuse high proved 1']);
  });

  test('a late message within the reorder window is none', () => {
    const scene = new Scene().talk({ at: 0, sn: 10 }, 5).say({ at: 0.1, sn: 1, ptkId: 2 }).say({ at: 0.11, sn: 15 });
    scene.talk({ at: 0.2, sn: 2, ptkId: 2 }, 100);
    expect(alarms(scene.read())).toEqual([]);
  });

  test('the window is left after 64 messages too', () => {
    const scene = new Scene().talk({ at: 0, sn: 10 }, 5);
    for (let i = 0; i < 70; i++) scene.say({ at: 0.1 + i * 0.001, sn: 1 + i, ptkId: 2 });
    expect(alarms(scene.say({ at: 0.2, sn: 15 }).read())).toEqual(['ctr.ptk_reuse']);
  });

  test('a change of PGK in between is no return', () => {
    const two = keyring({ keys: [pgk(39), pgk(41, { notAfter: '2026-05-09T00:00:00Z' })] });
    const scene = new Scene().talk({ at: 0, sn: 10 }, 5).talk({ at: 3, sn: 1, ptkId: 2, pgk: 41 }, 5);
    scene.talk({ at: 6, sn: 15 }, 5);
    expect(alarms(scene.read(two)).filter((name) => name.startsWith('ctr.'))).toEqual([]);
  });
});

describe('member.clone', () => {
  test('two counters that take turns', () => {
    const scene = new Scene();
    for (let i = 0; i < 6; i++) {
      scene.talk({ at: i * 2, sn: 9000 + i * 3 }, 3).talk({ at: i * 2 + 1, sn: 30_000 + i * 3 }, 3);
    }
    const read = scene.read();
    expect(named(read, 'member.clone').map((event) => `${event.severity} ${event.confidence}`)).toEqual([
      'high heuristic',
    ]);
  });

  test('two counters from the same beginning use key stream twice and are a clone', () => {
    const scene = new Scene();
    for (let i = 0; i < 8; i++) scene.say({ at: i * 0.1, sn: 100 + i }).say({ at: i * 0.1 + 0.05, sn: 100 + i });
    const names = alarms(scene.read());
    expect(names).toContain('member.clone');
    expect(names).toContain('ctr.keystream_reuse');
    expect(names).not.toContain('ctr.stuck');
  });

  test('a radio that restarts again and again is none', () => {
    const scene = new Scene();
    for (let i = 0; i < 6; i++) scene.talk({ at: i * 2, sn: 9000 + i * 2000 }, 3);
    scene.talk({ at: 20, sn: 1 }, 30);
    expect(alarms(scene.read())).toEqual(['ctr.reset']);
  });

  test('a recording that is played between live messages is none', () => {
    const scene = new Scene().talk({ at: 0, sn: 100 }, 8).talk({ at: 1, sn: 5000 }, 3);
    for (let i = 1; i <= 8; i++) scene.again(i, 20 + i).say({ at: 20.5 + i, sn: 5003 + i });
    expect(alarms(scene.read())).toEqual(['ctr.replay']);
  });
});

describe('key.overused', () => {
  test('more than 65,536 PDUs in one PTK id and LCID', () => {
    const scene = new Scene();
    const air = noise(1, 60);
    for (let i = 0; i < 65_536; i++) scene.say({ at: i * 0.02, sn: i, air });
    expect(named(scene.read(null), 'key.overused')).toEqual([]);
    const over = scene.say({ at: 65_536 * 0.02, sn: 0, air }).read(null);
    expect(named(over, 'key.overused').map(({ severity, count }) => [severity, count])).toEqual([['high', 1]]);
  });
});

describe('where nothing can be said', () => {
  test('an index that two destroyed keys had could be two keys', () => {
    const gone = (id: number) => ({ ...pgk(id, { destroyedAt: '2026-05-02T00:00:00Z' }), key: undefined });
    const scene = new Scene().talk({ at: 0, sn: 10 }, 3).say({ at: 3, sn: 11 });
    expect(
      alarms(scene.read(keyring({ keys: [gone(39), gone(7)] }))).filter((name) => name.startsWith('ctr.')),
    ).toEqual([]);
    expect(alarms(scene.read(keyring({ keys: [gone(39)] })))).toContain('ctr.keystream_reuse');
  });

  test('PGK index 0 with PTK id 0 is outside all counter rules', () => {
    const scene = new Scene();
    for (let i = 0; i < 5; i++) scene.say({ at: i, sn: 0, plain: true });
    expect(alarms(scene.read(keyring({ protection: 'none' })))).toEqual([]);
  });

  test('a message that does not open under a key that is held moves nothing', () => {
    const scene = new Scene().talk({ at: 0, sn: 10 }, 30).say({ at: 1, sn: 60_000, air: noise(5, 88) });
    scene.talk({ at: 2, sn: 40 }, 30);
    expect(alarms(scene.read())).toEqual(['payload.forged']);
  });
});
