// PC5 signalling: every message, both ways of writing what authors write differently, and how well octets fit.

import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import {
  decodePc5Signalling,
  describePc5Signalling,
  directCommunicationRequestBody,
  encodePc5Signalling,
  fitPc5Signalling,
  PC5_MESSAGES,
} from '../../../dissectors/sidelink/pc5-signalling.ts';
import { octets, TreeRecorder } from '../tree-recorder.ts';

const NONCE = new Uint8Array(16).fill(0xaa);
const request = {
  userInfoType: 3,
  userInfo: octets('0102030405060708'),
  ipConfig: 1,
  maximumInactivity: 600,
  nonce1: NONCE,
  capabilities: 0xe0e0,
  msbSession: 0x12,
};

function show(bytes: Uint8Array): TreeRecorder {
  const tree = new TreeRecorder();
  expect(decodePc5Signalling(bytes, 0, bytes.length, tree)).toEqual(fitPc5Signalling(bytes, 0, bytes.length));
  expect(tree.closed).toBe(true);
  return tree;
}

const capabilities = octets('e0e0');

function join(...parts: Uint8Array[]): Uint8Array {
  return Uint8Array.from(parts.flatMap((part) => [...part]));
}

/** One complete message of each type whose layout is known, with all its optional elements. */
const complete: readonly [number, Uint8Array][] = [
  [
    1,
    encodePc5Signalling(1, 7, directCommunicationRequestBody(request), [
      { tag: 17, value: octets('01020304') },
      { tag: 25, value: octets('abcdef') },
      { tag: 22, value: new Uint8Array(129) },
      { tag: 3, value: new Uint8Array(16) },
    ]),
  ],
  [2, encodePc5Signalling(2, 7, octets('01'), [{ tag: 3, value: new Uint8Array(16) }])],
  [3, encodePc5Signalling(3, 7, octets('05'))],
  [4, encodePc5Signalling(4, 7, octets('00000009'), [{ tag: 7, value: octets('00000258') }])],
  [5, encodePc5Signalling(5, 7, octets('00000009'))],
  [6, encodePc5Signalling(6, 7, octets('01'))],
  [7, encodePc5Signalling(7, 7, new Uint8Array(0))],
  [
    12,
    encodePc5Signalling(12, 7, join(capabilities, NONCE, octets('2112')), [
      { tag: 16, value: octets('0102') },
      { tag: 18, value: new Uint8Array(16) },
      { tag: 24, value: octets('aabbcc'), lengthPrefixed: true },
      { tag: 1, value: octets('0301020304'), lengthPrefixed: true },
      { tag: 22, value: new Uint8Array(129) },
      { tag: 23, value: octets('dd'), lengthPrefixed: true },
    ]),
  ],
  [13, encodePc5Signalling(13, 7, new Uint8Array(0), [{ tag: 15, value: octets('0102') }])],
  [
    14,
    encodePc5Signalling(14, 7, octets('02'), [
      { tag: 10, value: new Uint8Array(16) },
      { tag: 9, value: new Uint8Array(14) },
    ]),
  ],
  [
    15,
    encodePc5Signalling(15, 7, join(capabilities, NONCE, octets('12')), [
      { tag: 21, value: octets('01') },
      { tag: 8, value: new Uint8Array(8) },
    ]),
  ],
  [16, encodePc5Signalling(16, 7, new Uint8Array(0))],
  [17, encodePc5Signalling(17, 7, new Uint8Array(0))],
  [18, encodePc5Signalling(18, 7, octets('04'))],
  [19, encodePc5Signalling(19, 7, new Uint8Array(0), [{ tag: 27, value: octets('0102030405060708') }])],
];

describe('PC5 signalling', () => {
  test.each(complete)('message %i is placed to its last octet', (type, bytes) => {
    expect(fitPc5Signalling(bytes, 0, bytes.length)).toEqual({ known: true, consumed: bytes.length, complete: true });
    const tree = show(bytes);
    expect(tree.problems).toEqual([]);
    expect(tree.all('pc5-s.ie')).toEqual([]);
    expect(describePc5Signalling(bytes, 0, bytes.length)).toBe(`PC5-S ${PC5_MESSAGES.get(type)} seq 7`);
  });

  test('a request shows its elements', () => {
    const tree = show(complete[0][1]);
    const names = ['user-info.type', 'ip-config', 'max-inactivity', 'ue-sec-cap.eea', 'kd-sess.msb', 'kd.id'];
    expect(names.map((name) => tree.one(`pc5-s.${name}`))).toEqual([3, 1, 600, 0xe0, 0x12, 0x01020304]);
    expect(tree.one('pc5-s.user-info')).toEqual(request.userInfo);
    expect(tree.one('pc5-s.nonce1')).toEqual(NONCE);
    expect(tree.one('pc5-s.relay-service-code')).toEqual(octets('abcdef'));
  });

  test('a command shows the chosen algorithms', () => {
    const tree = show(complete[7][1]);
    expect([tree.one('pc5-s.chosen-eea'), tree.one('pc5-s.chosen-eia')]).toEqual([2, 1]);
    expect(tree.one('pc5-s.gpi')).toEqual(octets('aabbcc'));
  });

  test('the length of user info may leave out the type octet', () => {
    const body = directCommunicationRequestBody(request);
    const bytes = encodePc5Signalling(1, 1, body.with(0, body[0] - 1), [{ tag: 17, value: octets('01020304') }]);
    expect(fitPc5Signalling(bytes, 0, bytes.length).complete).toBe(true);
    expect(show(bytes).one('pc5-s.user-info')).toEqual(request.userInfo);
  });

  test('elements of fixed size may have a length octet', () => {
    const bytes = encodePc5Signalling(19, 1, new Uint8Array(0), [
      { tag: 27, value: octets('010203'), lengthPrefixed: true },
    ]);
    expect(fitPc5Signalling(bytes, 0, bytes.length).complete).toBe(true);
    expect(show(bytes).one('pc5-s.identity')).toEqual(octets('010203'));
  });

  test.each([
    ['type 0', octets('00000100'), false, 0],
    ['type 20', octets('14000100'), false, 0],
    ['two octets', octets('0100'), false, 0],
    ['a mandatory element missing', complete[0][1].slice(0, 20), true, 18],
    ['one octet left over', join(complete[2][1], octets('00')), true, 4],
    ['an element of another message', join(complete[6][1], octets('0f0102')), true, 3],
    ['a name without a layout', octets('080001aabb'), true, 3],
  ])('%s is not complete', (_name, bytes, known, consumed) => {
    expect(fitPc5Signalling(bytes, 0, bytes.length)).toEqual({ known, consumed, complete: false });
    show(bytes);
  });

  test('random octets of 28 and more are hardly ever complete', () => {
    let fits = 0;
    let seed = 1;
    const next = () => {
      seed = Math.imul(seed, 1103515245) + 12345;
      return (seed >>> 16) & 0xff;
    };
    for (let round = 0; round < 20_000; round++) {
      const bytes = Uint8Array.from({ length: 28 + (next() & 0x3f) }, next);
      if (fitPc5Signalling(bytes, 0, bytes.length).complete) fits++;
    }
    expect(fits).toBeLessThan(20);
  });

  test('never throws, and ends soon on the worst chain of elements', () => {
    const near = fc
      .tuple(fc.nat(complete.length - 1), fc.array(fc.tuple(fc.nat(300), fc.nat(255)), { maxLength: 4 }))
      .map(([which, edits]) => {
        const copy = complete[which][1].slice();
        for (const [at, value] of edits) copy[at % copy.length] = value;
        return copy;
      });
    fc.assert(
      fc.property(fc.oneof(near, fc.uint8Array({ maxLength: 100 })), (bytes) => {
        const fit = fitPc5Signalling(bytes, 0, bytes.length);
        expect(fit.consumed).toBeLessThanOrEqual(bytes.length);
        show(bytes);
        expect(describePc5Signalling(bytes, 0, bytes.length)).toMatch(/^PC5-S/);
      }),
    );
    const worst = join(octets('0c0001'), new Uint8Array(20), new Uint8Array(8000).fill(1));
    expect(fitPc5Signalling(worst, 0, worst.length).complete).toBe(false);
  });
});
