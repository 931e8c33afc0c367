// Who sent it: roster, addresses, RTP sources; each rule, and what must not raise it.

import { describe, expect, test } from 'vitest';
import {
  addressOf,
  alarms,
  announcement,
  datagram,
  datagram6,
  keyring,
  LATER,
  noise,
  pgk,
  type Said,
  Scene,
  speech,
  told,
} from './scene.ts';

const A = 0x0a0b0c;
const B = 0x0a0b0d;
const OTHER = Uint8Array.of(169, 254, 99, 1);
const HARDWARE = Uint8Array.of(2, 0, 0, 10, 11, 12);

function members(...list: Record<string, unknown>[]): object {
  return keyring({ members: list });
}

describe('roster', () => {
  test('a stranger is high where its message opens, else medium', () => {
    const ring = members({ id: '0a0b0d' });
    expect(told(new Scene().say({ at: 0, sn: 1 }).read(ring))).toEqual(['member.not_in_roster high proved 1']);
    expect(told(new Scene().say({ at: 0, sn: 1, air: noise(1, 60) }).read(ring))).toEqual([
      'member.not_in_roster medium proved 1',
    ]);
    expect(told(new Scene().say({ at: 0, sn: 1 }).read())).toEqual([]);
  });

  test('a removed member is critical under a key that began after its removal', () => {
    const until = '2026-05-02T09:00:00Z';
    const ring = (notBefore: string) =>
      keyring({ members: [{ id: '0a0b0c', until }], keys: [pgk(39, { notBefore }), pgk(40, LATER)] });
    const scene = new Scene().say({ at: 0, sn: 1 });
    expect(told(scene.read(ring('2026-05-02T09:30:00Z')))).toEqual(['member.removed critical strong 1']);
    expect(told(scene.read(ring('2026-05-01T00:00:00Z')))).toEqual(['member.removed medium strong 1']);
  });

  test('who comes back, leaves later or joins later is no finding before that', () => {
    const scene = new Scene().talk({ at: 0, sn: 1 }, 3);
    expect(
      told(
        scene.read(
          members({ id: '0a0b0c', until: '2026-05-02T09:00:00Z' }, { id: '0a0b0c', from: '2026-05-02T09:30:00Z' }),
        ),
      ),
    ).toEqual([]);
    expect(told(scene.read(members({ id: '0a0b0c', from: '2026-05-03T00:00:00Z' })))).toEqual([]);
    const leaves = new Scene().talk({ at: 0, sn: 1 }, 3).talk({ at: 100, sn: 4 }, 2);
    expect(told(leaves.read(members({ id: '0a0b0c', until: '2026-05-02T10:01:00Z' })))).toEqual([
      'member.removed medium strong 2',
    ]);
  });
});

describe('bind.address_moved', () => {
  test('after three messages from one address', () => {
    const moved = { at: 1, sn: 20, sdu: datagram(9, OTHER) };
    expect(told(new Scene().talk({ at: 0, sn: 1 }, 3).say(moved).read())).toEqual([
      'bind.address_moved medium strong 1',
    ]);
    expect(alarms(new Scene().talk({ at: 0, sn: 1 }, 2).say(moved).read())).toEqual([]);
  });

  test('three messages from the new address bind it to that', () => {
    const scene = new Scene().talk({ at: 0, sn: 1 }, 3);
    for (let i = 0; i < 10; i++) scene.say({ at: 1 + i, sn: 4 + i, sdu: datagram(i, OTHER) });
    expect(told(scene.read())).toEqual(['bind.address_moved medium strong 3']);
  });

  test('the roster binds from the first message on, to all addresses it lists', () => {
    const listed = members({ id: '0a0b0c', addresses: ['169.254.10.12', '169.254.99.1'] });
    const scene = new Scene().talk({ at: 0, sn: 1 }, 3).say({ at: 1, sn: 4, sdu: datagram(9, OTHER) });
    expect(told(scene.read(listed))).toEqual([]);
    expect(
      told(
        new Scene()
          .say({ at: 0, sn: 1, sdu: datagram(9, OTHER) })
          .read(members({ id: '0a0b0c', addresses: ['169.254.10.12'] })),
      ),
    ).toEqual(['bind.address_moved medium strong 1']);
  });

  test('what was not said under the key binds nobody', () => {
    const scene = new Scene().talk({ at: 0, sn: 1 }, 5);
    scene.say({ at: 1, sn: 0, plain: true, sdu: datagram(9, OTHER) }).say({ at: 2, sn: 900, air: noise(3, 88) });
    expect(alarms(scene.read()).filter((name) => name.startsWith('bind.'))).toEqual([]);
  });
});

test('an IPv6 source has a link-local address beside its other one; two others are a move', () => {
  const address = (first: number, last: number) =>
    Uint8Array.from({ length: 16 }, (_, i) => [first, 0x80, last][i < 2 ? i : i === 15 ? 2 : 3] ?? 0);
  const scene = new Scene();
  for (let sn = 1; sn < 20; sn++) {
    scene.say({ at: sn / 10, sn, sdu: datagram6(sn, sn % 2 === 0 ? address(0xfe, 1) : address(0xfd, 1)) });
  }
  expect(told(scene.read())).toEqual([]);
  scene.say({ at: 3, sn: 20, sdu: datagram6(20, address(0xfd, 2)) });
  expect(told(scene.read())).toEqual(['bind.address_moved medium strong 1']);
});

test('an IPv6 address in which two bits undo each other in a product is another one', () => {
  // The top bit of a word passes through a product unchanged, whatever the seed.
  const address = (top: number) =>
    Uint8Array.from({ length: 16 }, (_, i) => [0x7d ^ top, 0x80, 0, 0, 0x11 ^ top][i] ?? 5);
  const scene = new Scene();
  for (let sn = 1; sn < 20; sn++) scene.say({ at: sn / 10, sn, sdu: datagram6(sn, address(0)) });
  scene.say({ at: 3, sn: 20, sdu: datagram6(20, address(0x80)) });
  expect(told(scene.read())).toEqual(['bind.address_moved medium strong 1']);
});

describe('bind.address_shared', () => {
  const sdu = datagram(9, OTHER);

  test('one address from two sources within a minute', () => {
    const scene = (at: number) => new Scene().say({ at: 0, sn: 1, sdu }).say({ at, sn: 1, source: B, sdu });
    expect(told(scene(59).read())).toEqual(['bind.address_shared medium strong 1']);
    expect(told(scene(61).read())).toEqual([]);
  });

  test('two groups may use the same addresses', () => {
    const ring = keyring({}, [
      { id: 'e00001', algorithm: '128-EEA2', multicast: ['239.255.0.1'], keys: [pgk(39, {}, 9), pgk(40, LATER, 8)] },
    ]);
    const scene = new Scene()
      .say({ at: 0, sn: 1, sdu })
      .say({ at: 1, sn: 1, source: B, group: 0xe00001, seed: 9, sdu });
    expect(alarms(scene.read(ring))).toEqual([]);
  });
});

describe('bind.arp', () => {
  const claim = (sn: number, address: Uint8Array, hardware = HARDWARE) => ({
    at: sn / 10,
    sn,
    sduType: 1,
    sdu: announcement(hardware, address),
  });

  test('an address that the sender does not have', () => {
    const scene = new Scene().talk({ at: 0, sn: 1 }, 3).say(claim(4, OTHER));
    expect(told(scene.read())).toEqual(['bind.arp high strong 1']);
    expect(
      alarms(
        new Scene()
          .talk({ at: 0, sn: 1 }, 3)
          .say(claim(4, addressOf(A)))
          .read(),
      ),
    ).toEqual([]);
  });

  test('an address of somebody else', () => {
    const scene = new Scene().talk({ at: 0, sn: 1, source: B }, 3).say(claim(4, addressOf(B)));
    expect(told(scene.read())).toEqual(['bind.arp high strong 1']);
    const listed = members({ id: '0a0b0c' }, { id: '0a0b0d', addresses: ['169.254.10.13'] });
    expect(told(new Scene().say(claim(4, addressOf(B))).read(listed))).toEqual(['bind.arp high strong 1']);
  });

  test('a probe claims nothing; another hardware address does', () => {
    const scene = new Scene().talk({ at: 0, sn: 1 }, 3).say(claim(4, Uint8Array.of(0, 0, 0, 0)));
    expect(alarms(scene.read())).toEqual([]);
    for (let sn = 5; sn < 8; sn++) scene.say(claim(sn, addressOf(A)));
    expect(alarms(scene.read())).toEqual([]);
    scene.say(claim(8, addressOf(A), Uint8Array.of(2, 9, 9, 9, 9, 9)));
    expect(told(scene.read())).toEqual(['bind.arp high strong 1']);
  });
});

describe('bind.ssrc', () => {
  const rtp = (source: number, sequence: number) => ({
    at: sequence / 50,
    sn: sequence,
    source,
    sdu: speech(0x12345678, sequence, addressOf(source)),
  });

  test('an SSRC that comes from another sender', () => {
    const scene = new Scene().say(rtp(A, 1)).say(rtp(A, 2)).say(rtp(A, 3)).say(rtp(B, 4));
    expect(told(scene.read())).toEqual(['bind.ssrc medium strong 1']);
  });

  test('two packets make no RTP source', () => {
    expect(alarms(new Scene().say(rtp(A, 1)).say(rtp(A, 2)).say(rtp(B, 3)).say(rtp(B, 4)).read())).toEqual([]);
  });

  test('data that resembles RTP, with one constant for all radios, is none', () => {
    const scene = new Scene();
    for (let i = 0; i < 40; i++) scene.say(rtp(A, i * 2)).say({ ...rtp(B, i * 2 + 1), sn: i });
    expect(alarms(scene.read())).toEqual([]);
  });
});

test('group.address_mismatch: the inner destination is the multicast address of another group', () => {
  const ring = keyring({}, [{ id: 'e00001', algorithm: '128-EEA2', multicast: ['239.255.0.2'], keys: [pgk(3)] }]);
  const to = (last: number) =>
    new Scene().say({ at: 0, sn: 1, sdu: datagram(1, addressOf(A), Uint8Array.of(239, 255, 0, last)) });
  expect(told(to(2).read(ring))).toEqual(['group.address_mismatch medium strong 1']);
  expect(told(to(3).read(ring))).toEqual([]);
});

test('group.address_mismatch of what is plaintext on the air', () => {
  const others = [{ id: 'e00001', algorithm: '128-EEA2', multicast: ['239.255.0.2'], keys: [pgk(3)] }];
  const read = (last: number, said: Partial<Said>, protection = 'none') => {
    const sdu = datagram(1, addressOf(A), Uint8Array.of(239, 255, 0, last));
    return told(new Scene().say({ at: 0, sn: 1, plain: true, sdu, ...said }).read(keyring({ protection }, others)));
  };
  const mismatch = 'group.address_mismatch medium strong 1';
  expect(read(2, {})).toEqual([mismatch]);
  expect(read(2, {}, 'required')).toEqual(['key.downgrade critical proved 1', mismatch]);
  expect(read(2, { plain: false, air: datagram(1, addressOf(A), Uint8Array.of(239, 255, 0, 2)) })).toEqual([
    'key.claimed_but_plain critical strong 1',
    mismatch,
  ]);
  expect(read(1, {})).toEqual([]);
  expect(read(3, {})).toEqual([]);
  // The last octet of the datagram: who knows what else was altered.
  expect(read(2, { flip: [[80, 1]] })).toEqual(['payload.tampered medium strong 1']);
});
