// The kernels that are put together in WebAssembly against the slow and obvious: OpenSSL through node's own functions.

import { createCipheriv, createHash } from 'node:crypto';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { createAesKernel, createAesStreamKernel } from '../../../dissectors/security/wasm/aes-kernel.ts';
import { AES_ENTRY_WORDS, AES_LISTED, AesEntry } from '../../../dissectors/security/wasm/aes-list.ts';
import {
  add,
  constant,
  get,
  repeatBelow,
  set,
  startKernel,
  store,
} from '../../../dissectors/security/wasm/assembler.ts';
import { sha256Kernel } from '../../../dissectors/security/wasm/sha256-kernel.ts';

/** SHA-256 of a message by the kernel, padded here (FIPS 180-4 5.1.1). */
function digest(message: Uint8Array): string {
  const kernel = sha256Kernel();
  const { initial, state, block } = kernel;
  const padded = Buffer.alloc(Math.ceil((message.length + 9) / 64) * 64);
  padded.set(message);
  padded[message.length] = 0x80;
  padded.writeUInt32BE(message.length * 8, padded.length - 4);
  state.set(initial);
  for (let at = 0; at < padded.length; at += 64) {
    for (let word = 0; word < 16; word++) block[word] = padded.readInt32BE(at + word * 4);
    kernel.compress();
  }
  const out = Buffer.alloc(32);
  for (let word = 0; word < 8; word++) out.writeInt32BE(state[word], word * 4);
  return out.toString('hex');
}

test('SHA-256 of any message', () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 300 }), (message) => {
      expect(digest(message)).toBe(createHash('sha256').update(message).digest('hex'));
    }),
  );
});

test('AES-128 of any blocks under any key', () => {
  const kernel = createAesKernel(40);
  const key = fc.uint8Array({ minLength: 16, maxLength: 16 });
  const blocks = fc
    .integer({ min: 1, max: 40 })
    .chain((count) => fc.uint8Array({ minLength: count * 16, maxLength: count * 16 }));
  fc.assert(
    fc.property(key, blocks, (octets, plain) => {
      const twin = createCipheriv('aes-128-ecb', octets, null).setAutoPadding(false);
      const before = kernel.blocks.slice(plain.length);
      kernel.blocks.set(plain);
      kernel.encipher(new Uint32Array(octets.slice().buffer), plain.length / 16);
      expect(Buffer.from(kernel.blocks.subarray(0, plain.length))).toEqual(twin.update(plain));
      expect(kernel.blocks.subarray(plain.length)).toEqual(before);
    }),
  );
});

test('constants of any size and sign, and a loop', () => {
  for (const value of [0, 1, -1, 63, 64, -64, -65, 127, 128, 8191, 8192, 0x7fff_ffff, -0x8000_0000, 0x1234_5678]) {
    const { memory, call } = startKernel(
      `constant ${value}`,
      () => [{ name: 'write', parameters: 0, locals: 0, body: store(constant(4), constant(value)) }],
      8,
    );
    call.write();
    expect(new Int32Array(memory, 4, 1)[0]).toBe(value);
  }
  const body = [...repeatBelow(1, get(0), [...store(get(1), get(1), 300), ...set(1, add(get(1), constant(4)))])];
  const { memory, call } = startKernel('loop', () => [{ name: 'count', parameters: 1, locals: 1, body }], 320);
  call.count(16);
  expect([...new Int32Array(memory, 300, 5)]).toEqual([0, 4, 8, 12, 0]);
});

test('key stream of 128-EEA2 for messages each under a key of its own', () => {
  const kernel = createAesStreamKernel(2048);
  const listed = fc.record({
    key: fc.uint8Array({ minLength: 16, maxLength: 16 }),
    start: fc.uint8Array({ minLength: 8, maxLength: 8 }),
    blocks: fc.integer({ min: 1, max: 16 }),
  });
  fc.assert(
    fc.property(fc.array(listed, { minLength: 1, maxLength: AES_LISTED }), fc.nat({ max: 16 }), (messages, spare) => {
      const stride = Math.min(16, Math.max(...messages.map(({ blocks }) => blocks)) + spare) * 16;
      for (const [i, { key, start, blocks }] of messages.entries()) {
        const entry = i * AES_ENTRY_WORDS;
        kernel.list.set(new Int32Array(key.slice().buffer), entry + AesEntry.key);
        kernel.list.set(new Int32Array(start.slice().buffer), entry + AesEntry.count);
        kernel.list[entry + AesEntry.blocks] = blocks;
      }
      const stream = kernel.keyStream(messages.length, stride);
      for (const [i, { key, start, blocks }] of messages.entries()) {
        const counters = Buffer.alloc(blocks * 16);
        for (let block = 0; block < blocks; block++) {
          counters.set(start, block * 16);
          counters[block * 16 + 15] = block;
        }
        const twin = createCipheriv('aes-128-ecb', key, null).setAutoPadding(false).update(counters);
        expect(Buffer.from(stream.subarray(i * stride, i * stride + blocks * 16))).toEqual(twin);
      }
      expect(kernel.list.every((word) => word === 0)).toBe(true);
    }),
  );
  const entry = [1, 2, 3, 4, 5, 6, 256];
  kernel.list.set(entry);
  const counters = new Int32Array(256 * 4);
  for (let block = 0; block < 256; block++) counters.set([5, 6, 0, block << 24], block * 4);
  const key = new Uint8Array(Int32Array.of(1, 2, 3, 4).buffer);
  const twin = createCipheriv('aes-128-ecb', key, null).setAutoPadding(false);
  expect(Buffer.from(kernel.keyStream(1, 256 * 16))).toEqual(twin.update(new Uint8Array(counters.buffer)));
});
