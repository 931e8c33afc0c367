// Keys and epochs: each rule, and what must not raise it.

import { describe, expect, test } from 'vitest';
import {
  addressOf,
  alarms,
  datagram,
  datagram6,
  keyOctets,
  keyring,
  LATER,
  named,
  noise,
  pgk,
  Scene,
  told,
} from './scene.ts';

/** Seconds from the start of the scene, as a date. */
function date(seconds: number): string {
  return new Date(Date.UTC(2026, 4, 2, 10) + seconds * 1000).toISOString();
}

/** Findings of three messages under PGK 39 with these dates, at 100 s. */
function under(dates: Record<string, unknown>, group: Record<string, unknown> = {}): string[] {
  const scene = new Scene().talk({ at: 100, sn: 10 }, 3);
  return told(scene.read(keyring({ keys: [pgk(39, dates), pgk(40, LATER)], ...group })));
}

describe('a key that was not valid', () => {
  test('expired, with 5 s of skew', () => {
    expect(under({ notAfter: date(90) })).toEqual(['key.expired high strong 3']);
    expect(under({ notAfter: date(96) })).toEqual([]);
  });

  test('not yet valid, with 5 s of skew', () => {
    expect(under({ notBefore: date(110) })).toEqual(['key.not_yet_valid medium strong 3']);
    expect(under({ notBefore: date(104) })).toEqual([]);
  });

  test('revoked: a day of grace, then high; critical from a removed member', () => {
    expect(under({ revokedAt: date(99) })).toEqual(['key.revoked medium strong 3']);
    expect(under({ revokedAt: date(100 - 86_400) })).toContain('key.revoked high strong 2');
    expect(under({ revokedAt: date(101) })).toEqual([]);
    const members = [{ id: '0a0b0c', until: date(50) }];
    expect(under({ revokedAt: date(99) }, { members })).toContain('key.revoked critical strong 3');
  });

  test('compromised: no grace', () => {
    expect(under({ compromisedAt: date(100) })).toEqual(['key.compromised critical strong 3']);
    expect(under({ compromisedAt: date(101) })).toEqual([]);
  });

  test('suspended until resumed', () => {
    expect(under({ suspendedAt: date(50) })).toEqual(['key.suspended high strong 3']);
    expect(under({ suspendedAt: date(50), resumedAt: date(90) })).toEqual([]);
  });

  test('a record about a key names it, and folds by key', () => {
    const keys = [pgk(39, { notAfter: date(0) }), pgk(41, { notAfter: date(0) }), pgk(40, LATER)];
    const scene = new Scene().talk({ at: 100, sn: 10 }, 3).talk({ at: 103, sn: 10, pgk: 41 }, 3);
    const read = scene.read(keyring({ keys }));
    expect(named(read, 'key.expired').map(({ pgkId, count }) => [pgkId, count])).toEqual([
      [39, 3],
      [41, 3],
    ]);
  });
});

describe('key.superseded and key.regression', () => {
  const keys = [pgk(39), pgk(41, { notBefore: '2026-05-02T00:00:00Z', notAfter: '2026-05-09T00:00:00Z' })];
  const other = 0x0a0b0d;

  test('others have used the successor for more than 10 minutes', () => {
    const scene = new Scene().talk({ at: 0, sn: 10, source: other, pgk: 41 }, 3).talk({ at: 601, sn: 10 }, 3);
    expect(told(scene.read(keyring({ keys })))).toEqual(['key.superseded info strong 3']);
    const soon = new Scene().talk({ at: 0, sn: 10, source: other, pgk: 41 }, 3).talk({ at: 599, sn: 10 }, 3);
    expect(told(soon.read(keyring({ keys })))).toEqual([]);
  });

  test('low once the older key has ended', () => {
    const ended = [pgk(39, { notAfter: date(600) }), keys[1]];
    const scene = new Scene().talk({ at: 0, sn: 10, source: other, pgk: 41 }, 3).talk({ at: 700, sn: 10 }, 3);
    expect(told(scene.read(keyring({ keys: ended })))).toEqual([
      'key.expired high strong 3',
      'key.superseded low strong 3',
    ]);
  });

  test('its own use of the successor does not count', () => {
    const scene = new Scene().talk({ at: 0, sn: 10, pgk: 41 }, 3).talk({ at: 700, sn: 10 }, 3);
    expect(alarms(scene.read(keyring({ keys })))).toEqual(['key.regression']);
  });

  test('back to the older key is a regression', () => {
    const scene = new Scene().talk({ at: 0, sn: 10 }, 3).talk({ at: 3, sn: 1, pgk: 41 }, 3).talk({ at: 9, sn: 13 }, 2);
    const read = scene.read(keyring({ keys }));
    expect(told(read)).toEqual(['key.regression medium strong 2']);
    expect(named(read, 'key.regression')[0].frames).toEqual([4, 7, 8]);
  });

  test('a late message at the change is none', () => {
    const scene = new Scene().talk({ at: 0, sn: 10 }, 3).say({ at: 0.1, sn: 1, pgk: 41 }).say({ at: 0.12, sn: 13 });
    scene.talk({ at: 0.14, sn: 2, pgk: 41 }, 50);
    expect(alarms(scene.read(keyring({ keys })))).toEqual([]);
  });

  test('the last nanosecond before an instant is before it', () => {
    const scene = new Scene();
    for (const [i, at] of [0.999999, 0.9999999, 0.999999999, 1].entries()) scene.say({ at, sn: 10 + i });
    const revoked = keyring({ keys: [{ ...pgk(39), revokedAt: date(1) }, pgk(40, LATER)] });
    const read = scene.read(revoked);
    expect(read.messages.map(({ verdict }) => verdict)).toEqual(['decrypted', 'decrypted', 'decrypted', 'stale']);
    expect(named(read, 'key.revoked')[0].frames).toEqual([4]);
  });

  test('going back because the later key was revoked is right', () => {
    const revoked = [keys[0], pgk(41, { notBefore: '2026-05-02T00:00:00Z', revokedAt: date(5) })];
    const scene = new Scene().talk({ at: 0, sn: 1, pgk: 41 }, 3).talk({ at: 9, sn: 13 }, 2);
    expect(alarms(scene.read(keyring({ keys: [...revoked, pgk(40, LATER)] })))).toEqual([]);
  });
});

describe('key.overused and key.no_successor', () => {
  test('less than a fifth of the window is left and no later key is held', () => {
    const short = { notBefore: date(-80), notAfter: date(20) };
    const scene = new Scene().talk({ at: 1, sn: 10 }, 5);
    expect(told(scene.read(keyring({ keys: [pgk(39, short)] })))).toEqual(['key.no_successor medium proved 1']);
    expect(told(scene.read(keyring({ keys: [pgk(39, short), pgk(40, LATER)] })))).toEqual([]);
    expect(told(scene.read(keyring({ keys: [pgk(39, { ...short, notAfter: date(25) })] })))).toEqual([]);
  });

  test('a key in use for longer than its window', () => {
    const keys = [pgk(39, { notBefore: date(0), notAfter: date(60) }), pgk(40, LATER)];
    const scene = new Scene().talk({ at: 0, sn: 10 }, 3).talk({ at: 75, sn: 13 }, 2);
    expect(told(scene.read(keyring({ keys })))).toContain('key.overused high proved 1');
    const skewed = new Scene().talk({ at: -4, sn: 10 }, 3).talk({ at: 64, sn: 13 }, 2);
    expect(told(skewed.read(keyring({ keys })))).toEqual([]);
  });
});

describe('what the header says', () => {
  test('an index that the group has no key for', () => {
    const scene = new Scene().talk({ at: 0, sn: 10, pgk: 5 }, 3);
    expect(told(scene.read())).toEqual(['key.unknown_index medium proved 3']);
    expect(scene.read().messages[0].summary).toBe('no PGK with index 5 is held for this group');
    // A key that was destroyed is known, and a destination of no group is group.unknown.
    const gone = keyring({ keys: [{ ...pgk(5, { destroyedAt: date(-100) }), key: undefined }] });
    const read = scene.read(gone);
    expect(told(read)).toEqual([]);
    expect(read.messages[0].summary).toBe('PGK 5, which has index 5, is destroyed');
    expect(told(new Scene().talk({ at: 0, sn: 10, group: 0xabcd01 }, 3).read())).toEqual([
      'group.unknown info proved 3',
    ]);
  });

  test('contradictions', () => {
    const low = 'key.header_inconsistent low proved 1';
    expect(told(new Scene().say({ at: 0, sn: 10, ptkId: 0 }).read())).toEqual([
      'key.header_inconsistent info proved 1',
    ]);
    expect(told(new Scene().say({ at: 0, sn: 10, header: { ptkId: 0 } }).read())).toEqual([low]);
    expect(told(new Scene().say({ at: 0, sn: 10, header: { pgkIndex: 0 } }).read())).toContain(low);
    const open = keyring({ protection: 'none' });
    expect(told(new Scene().say({ at: 0, sn: 0, plain: true, header: { sn: 5 } }).read(open))).toEqual([low]);
    expect(told(new Scene().say({ at: 0, sn: 0, plain: true, version: 3, header: { sn: 5 } }).read(open))).toEqual([]);
  });

  test('plaintext where ciphering is required', () => {
    const scene = new Scene().say({ at: 0, sn: 0, plain: true });
    expect(told(scene.read())).toEqual(['key.downgrade critical proved 1']);
    expect(told(scene.read(keyring({ protection: 'optional' })))).toEqual([]);
    // Random octets do not parse as plaintext.
    expect(alarms(new Scene().say({ at: 0, sn: 0, plain: true, air: noise(1, 80) }).read())).toEqual([]);
  });

  test('a fragment and what lies over IPv6 parse as plaintext, too', () => {
    const downgrade = ['key.downgrade critical proved 1'];
    const fragment = datagram(1, addressOf(0x0c));
    const view = new DataView(fragment.buffer, fragment.byteOffset);
    fragment[6] |= 0x20;
    // RFC 1624: the checksum falls by what the field rose.
    view.setUint16(10, (view.getUint16(10) + 0xdfff) % 0xffff);
    expect(told(new Scene().say({ at: 0, sn: 0, plain: true, sdu: fragment }).read())).toEqual(downgrade);
    const tcp = datagram6(1, Uint8Array.of(0xfe, 0x80, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1));
    tcp[6] = 6;
    const said = new Scene().say({ at: 0, sn: 0, plain: true, sdu: tcp });
    expect(told(said.read())).toEqual(downgrade);
    // Bits of a header that nobody knows are too few.
    tcp[6] = 99;
    expect(told(new Scene().say({ at: 0, sn: 0, plain: true, sdu: tcp }).read())).toEqual([]);
  });

  test('the header claims ciphering and the SDU is plain', () => {
    const air = datagram(1, addressOf(0x0c));
    expect(told(new Scene().say({ at: 0, sn: 4, air }).read())).toEqual(['key.claimed_but_plain critical strong 1']);
  });

  test('with PGK index 0 it names no key: the header contradicts itself, and that is all', () => {
    const air = datagram(1, addressOf(0x0c));
    const scene = new Scene().say({ at: 0, sn: 4, header: { pgkIndex: 0, ptkId: 5 }, air });
    expect(told(scene.read())).toEqual(['key.header_inconsistent low proved 1', 'key.unknown_index medium proved 1']);
  });
});

test('another algorithm than the configured one', () => {
  const scene = new Scene().talk({ at: 0, sn: 10, algorithm: '128-EEA1' }, 3);
  expect(told(scene.read())).toEqual(['key.algorithm_mismatch high strong 3']);
  const [finding] = named(scene.read(keyring({ algorithm: 'EEA0' })), 'key.algorithm_mismatch');
  expect(finding.summary).toBe('PGK 39 is configured for EEA0; another algorithm opens the message');
});

describe('flaws of the keyring', () => {
  test('are told with the first frame', () => {
    const weak = keyring({ keys: [{ ...pgk(39), key: '11'.repeat(32) }, pgk(40, LATER)] });
    const read = new Scene().say({ at: 0, sn: 10 }).say({ at: 1, sn: 11 }).read(weak);
    expect(named(read, 'key.weak').map(({ pgkId, frames, group }) => [pgkId, frames, group])).toEqual([
      [39, [], 'f00001'],
    ]);
  });

  test('keys that look the same on the air while both are valid', () => {
    const scene = new Scene().say({ at: 0, sn: 10 });
    expect(alarms(scene.read(keyring({ keys: [pgk(39), pgk(7), pgk(40, LATER)] })))).toEqual(['key.index_clash']);
    expect(alarms(scene.read(keyring({ keys: [pgk(39), pgk(7, LATER)] })))).toEqual([]);
    expect(alarms(scene.read(keyring({ keys: [pgk(39), pgk(64, LATER)] })))).toEqual(['key.index_clash']);
  });

  test('no octet of a key is in a finding', () => {
    const weak = keyring({ keys: [{ ...pgk(39), key: '11'.repeat(32) }, pgk(7)] });
    const text = JSON.stringify(new Scene().say({ at: 0, sn: 10 }).read(weak).findings);
    expect(text).not.toContain('1111');
    expect(text).not.toContain(keyOctets(7).slice(0, 8));
  });
});
