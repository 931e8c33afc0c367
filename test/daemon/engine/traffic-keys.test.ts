// More traffic keys than ciphers are kept for: each slot has its own key all the same.

import { expect, test } from 'vitest';
import { CIPHER_CAP, TrafficKeys } from '../../../daemon/engine/traffic-keys.ts';
import { parseKeyring } from '../../../daemon/keyring/keyring-file.ts';
import { CIPHER_ALGORITHMS, createTrafficCipher } from '../../../dissectors/security/algorithm.ts';
import { derivePekOfPtk, derivePtk } from '../../../dissectors/security/kdf.ts';

const SOURCE = 0x0a0b0c;
const GROUP = 0xf00001;
const PGK = Buffer.alloc(32, 0x6b);

const window = { notBefore: '2026-05-01T00:00:00Z', notAfter: '2026-05-08T00:00:00Z' };
const keys = [{ id: 39, key: PGK.toString('hex'), ...window }];
const groups = [{ id: GROUP.toString(16), algorithm: '128-EEA2', keys }];
const keyring = parseKeyring(JSON.stringify({ format: 'sidescope-keyring/1', groups }), 'keyring.json');

test('a cipher that goes from slot to slot takes the key of each', () => {
  const traffic = new TrafficKeys();
  const stream = new Uint32Array(4);
  const wanted = new Uint32Array(4);
  for (let i = 0; i < CIPHER_CAP + 200; i++) {
    // Two algorithms: a cipher of the one is no help to the other.
    const algorithm = i % 3 === 0 ? 3 : 2;
    const slot = traffic.obtain(keyring.epochs[0], GROUP, algorithm, SOURCE, i);
    traffic.cipher(slot).keyStream(1, 1, 0, 16, stream, 0);
    if (i < CIPHER_CAP - 20 && i % 512 !== 0) continue;
    // The slot at hand, and one whose cipher went to another.
    for (const other of [i, i % 64]) {
      const kind = other % 3 === 0 ? 3 : 2;
      traffic.cipher(traffic.obtain(keyring.epochs[0], GROUP, kind, SOURCE, other)).keyStream(1, 1, 0, 16, stream, 0);
      const pek = derivePekOfPtk(derivePtk(PGK, SOURCE, other, GROUP), kind);
      createTrafficCipher(CIPHER_ALGORITHMS[kind], pek).keyStream(1, 1, 0, 16, wanted, 0);
      expect(stream).toEqual(wanted);
    }
  }
  traffic.forgetAll();
});

test('a slot whose key was wiped has another generation, and one that is asked for again has not', () => {
  const traffic = new TrafficKeys();
  const slot = traffic.obtain(keyring.epochs[0], GROUP, 2, SOURCE, 7);
  const first = traffic.generation[slot];
  expect(traffic.obtain(keyring.epochs[0], GROUP, 2, SOURCE, 7)).toBe(slot);
  expect(traffic.generation[slot]).toBe(first);
  traffic.forget(new Set([keyring.epochs[0].serial]));
  expect(traffic.generation[slot]).toBe(first + 1);
  expect(traffic.obtain(keyring.epochs[0], GROUP, 2, SOURCE, 7)).toBe(slot);
  traffic.forgetAll();
});
