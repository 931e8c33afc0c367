// SNOW 3G and ZUC: published key streams, S-boxes against their algebra, and the fast ciphers against the slow ones.

import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { int32 } from '../../../dissectors/octets.ts';
import { SQ, SR, xorSnow3g } from '../../../dissectors/security/snow3g.ts';
import {
  ENTRY_WORDS,
  KERNEL_MESSAGES,
  KERNEL_WORDS,
  type KeyStreamKernel,
  strideOf,
} from '../../../dissectors/security/wasm/key-stream-kernel.ts';
import { createSnow3gKernel } from '../../../dissectors/security/wasm/snow3g-kernel.ts';
import { createZucPlanes } from '../../../dissectors/security/wasm/zuc-planes.ts';
import { loadZucKey, S0, S1, xorZuc, ZUC_KEY_WORDS } from '../../../dissectors/security/zuc.ts';
import { octetsOfWords } from '../../reference/confidentiality.ts';
import * as slowSnow3g from '../../reference/snow3g.ts';
import * as slowZuc from '../../reference/zuc.ts';
import { hex, type KeyStreamVector, octets, readVectors, type VectorSet } from './vectors.ts';

/** Key stream octets for a key and an IV of 16 octets each. */
type KeyStream = (key: Uint8Array, iv: Uint8Array, octets: number) => Uint8Array;

const fastSnow3g: KeyStream = (key, iv, length) => {
  const out = new Uint32Array(Math.ceil(length / 4));
  const k = Int32Array.from([0, 4, 8, 12], (at) => int32(key, at));
  xorSnow3g(k, int32(iv, 0), int32(iv, 4), int32(iv, 8), int32(iv, 12), out, 0, length);
  return new Uint8Array(out.buffer, 0, length);
};

const fastZuc: KeyStream = (key, iv, length) => {
  const out = new Uint32Array(Math.ceil(length / 4));
  const loaded = new Int32Array(ZUC_KEY_WORDS);
  loadZucKey(key, 0, loaded);
  xorZuc(loaded, int32(iv, 0), int32(iv, 4), int32(iv, 8), int32(iv, 12), out, 0, length);
  return new Uint8Array(out.buffer, 0, length);
};

/** Key stream of one message of a call, the others with another key and IV. */
function ofKernel(kernel: KeyStreamKernel | null): KeyStream {
  return (key, iv, length) => {
    if (kernel === null) throw new Error('this host runs no kernel');
    const messages = 1 + (length % KERNEL_MESSAGES);
    const own = messages >>> 1;
    const words = Math.max(1, Math.ceil(length / 4));
    for (let i = 0; i < messages; i++) {
      const parts = i === own ? [key, iv] : [iv, key];
      const entry = parts.flatMap((octets) => [0, 4, 8, 12].map((at) => int32(octets, at)));
      kernel.list.set(entry, i * ENTRY_WORDS);
    }
    const stream = kernel.run(messages, words);
    expect(stream).toHaveLength(messages * strideOf(words));
    return stream.slice(own * strideOf(words)).subarray(0, length);
  };
}

const kernelSnow3g = ofKernel(createSnow3gKernel());
const kernelZuc = ofKernel(createZucPlanes());

const unsignedWords = (octets: Uint8Array): number[] => [0, 4, 8, 12].map((at) => int32(octets, at) >>> 0);

interface Cipher {
  readonly name: string;
  readonly file: string;
  readonly fast: KeyStream;
  readonly kernel: KeyStream;
  readonly slow: KeyStream;
}

const CIPHERS: readonly Cipher[] = [
  {
    name: 'SNOW 3G',
    file: 'snow-3g-key-stream.json',
    fast: fastSnow3g,
    kernel: kernelSnow3g,
    slow: (key, iv, length) =>
      octetsOfWords(slowSnow3g.snow3gWords(unsignedWords(key), unsignedWords(iv), Math.ceil(length / 4))).slice(
        0,
        length,
      ),
  },
  {
    name: 'ZUC',
    file: 'zuc-key-stream.json',
    fast: fastZuc,
    kernel: kernelZuc,
    slow: (key, iv, length) => octetsOfWords(slowZuc.zucWords(key, iv, Math.ceil(length / 4))).slice(0, length),
  },
];

test('S-boxes of SNOW 3G are what their algebra gives', () => {
  expect([...SR]).toEqual(slowSnow3g.SR);
  expect([...SQ]).toEqual(slowSnow3g.SQ);
});

test('S-boxes of ZUC are what their construction gives', () => {
  expect([...S0]).toEqual(slowZuc.S0);
  expect([...S1]).toEqual(slowZuc.S1);
});

describe.each(CIPHERS)('$name', ({ file, fast, kernel, slow }) => {
  const set = readVectors<VectorSet<KeyStreamVector>>(file);

  test('has four official sets', () => {
    expect(set.official).toBe(true);
    expect(set.vectors).toHaveLength(4);
  });

  for (const [kind, run] of Object.entries({ fast, slow, kernel })) {
    test.each(set.vectors.map((vector) => [vector.name, vector] as const))(`%s, ${kind}`, (_, vector) => {
      const numbers = Object.keys(vector.words).map(Number);
      const stream = run(octets(vector.key), octets(vector.iv), 4 * Math.max(...numbers));
      for (const number of numbers) {
        expect(hex(stream.subarray(4 * number - 4, 4 * number))).toBe(vector.words[number]);
      }
    });
  }

  test('is the same fast, from the kernel and slow for any key, IV and length', () => {
    const sixteen = fc.uint8Array({ minLength: 16, maxLength: 16 });
    fc.assert(
      fc.property(sixteen, sixteen, fc.nat({ max: 300 }), (key, iv, length) => {
        const wanted = hex(slow(key, iv, length));
        expect(hex(fast(key, iv, length))).toBe(wanted);
        expect(hex(kernel(key, iv, length))).toBe(wanted);
      }),
      { numRuns: 60 },
    );
  });

  test('is the same fast and slow far beyond the register history', () => {
    const key = Uint8Array.from({ length: 16 }, (_, i) => 255 - i);
    const iv = Uint8Array.from({ length: 16 }, (_, i) => 3 * i);
    const wanted = slow(key, iv, 20_003);
    expect(Buffer.compare(fast(key, iv, 20_003), wanted)).toBe(0);
    const most = KERNEL_WORDS * 4;
    expect(Buffer.compare(kernel(key, iv, most), wanted.subarray(0, most))).toBe(0);
  });
});

test('ZUC is the same fast and slow where sums come near 2^31 - 1', () => {
  for (const [k, v] of [
    [0, 0],
    [0xff, 0xff],
    [0xff, 0],
    [0, 0xff],
    [0x80, 0x80],
    [0x7f, 0xff],
  ]) {
    const key = new Uint8Array(16).fill(k);
    const iv = new Uint8Array(16).fill(v);
    const wanted = hex(CIPHERS[1].slow(key, iv, 4000));
    expect(hex(fastZuc(key, iv, 4000))).toBe(wanted);
    expect(hex(kernelZuc(key, iv, 4000))).toBe(wanted);
  }
});

test('a kernel that is wiped holds neither key nor key stream', () => {
  for (const kernel of [createSnow3gKernel(), createZucPlanes()]) {
    if (kernel === null) throw new Error('this host runs no kernel');
    kernel.list.fill(0x5eed_5eed);
    const stream = kernel.run(KERNEL_MESSAGES, 40);
    expect(stream.some((octet) => octet !== 0)).toBe(true);
    kernel.wipe();
    expect(stream.every((octet) => octet === 0)).toBe(true);
    expect(kernel.list.every((word) => word === 0)).toBe(true);
  }
});
