// The vault file written out value by value, with @noble for everything: the slow twin of vault-format.ts and cbor.ts, and
// the tool that test vectors with one defect each are made with.

import { xchacha20poly1305 } from '@noble/ciphers/chacha.js';
import { hkdf } from '@noble/hashes/hkdf.js';
import { hmac } from '@noble/hashes/hmac.js';
import { sha256 } from '@noble/hashes/sha2.js';

/** An instant: 64-bit float of milliseconds. */
export class Instant {
  readonly at: number;
  constructor(at: number) {
    this.at = at;
  }
}

/** Octets that stand for themselves, well formed or not. */
export class Raw {
  readonly octets: Uint8Array;
  constructor(...octets: number[]) {
    this.octets = Uint8Array.from(octets);
  }
}

/** A map with the keys 1, 2, 3 and so on. */
export class Members {
  readonly values: readonly Value[];
  constructor(...values: Value[]) {
    this.values = values;
  }
}

export type Value = number | string | boolean | null | Uint8Array | Instant | Raw | Members | readonly Value[];

/** Deterministic CBOR (RFC 8949 4.2.1) of a value. */
export function slowCbor(value: Value): Uint8Array {
  if (typeof value === 'number') return head(0, value);
  if (typeof value === 'string') return join(head(3, Buffer.byteLength(value)), Buffer.from(value));
  if (typeof value === 'boolean') return Uint8Array.of(value ? 0xf5 : 0xf4);
  if (value === null) return Uint8Array.of(0xf6);
  if (value instanceof Raw) return value.octets;
  if (value instanceof Uint8Array) return join(head(2, value.length), value);
  if (value instanceof Instant) {
    const octets = Buffer.alloc(9);
    octets[0] = 0xfb;
    octets.writeDoubleBE(value.at, 1);
    return octets;
  }
  if (value instanceof Members) {
    const members = value.values.flatMap((member, index) => [slowCbor(index + 1), slowCbor(member)]);
    return join(head(5, value.values.length), ...members);
  }
  return join(head(4, value.length), ...value.map(slowCbor));
}

function head(major: number, value: number): Uint8Array {
  const sizes = [1, 2, 4, 8];
  if (value < 24) return Uint8Array.of((major << 5) | value);
  const size = sizes.find((each) => value < 256 ** each) ?? 8;
  const digits = Array.from({ length: size }, (_, i) => Number((BigInt(value) >> BigInt(8 * (size - 1 - i))) & 0xffn));
  return Uint8Array.of((major << 5) | (24 + sizes.indexOf(size)), ...digits);
}

export function join(...parts: readonly Uint8Array[]): Uint8Array {
  return new Uint8Array(Buffer.concat(parts));
}

const text = (label: string): Uint8Array => new Uint8Array(Buffer.from(label));

export function slowDerive(key: Uint8Array, label: string, salt = new Uint8Array(0)): Uint8Array {
  return hkdf(sha256, key, salt, text(label), 32);
}

export function slowSeal(key: Uint8Array, nonce: Uint8Array, associated: Uint8Array, plain: Uint8Array): Uint8Array {
  return xchacha20poly1305(key, nonce, associated).encrypt(plain);
}

/** What a file is made from; the functions at the end change one thing on the way. */
export interface SlowVault {
  readonly dataKey: Uint8Array;
  readonly nonce: Uint8Array;
  /** The header as a value. */
  readonly header: Value;
  readonly contents: Uint8Array;
  readonly magic?: string;
  readonly headerLength?: number;
  readonly headerTail?: Uint8Array;
  readonly padding?: (body: Uint8Array) => Uint8Array;
  readonly mac?: (mac: Uint8Array) => Uint8Array;
  readonly sealed?: (sealed: Uint8Array) => Uint8Array;
  readonly end?: Uint8Array;
}

/** Length of a body with its padding. */
export function paddedLength(contents: number): number {
  return Math.ceil((4 + contents) / 4096) * 4096;
}

/** The file. */
export function slowVaultFile(vault: SlowVault): Uint8Array {
  const same = (octets: Uint8Array): Uint8Array => octets;
  const { dataKey, nonce, contents } = vault;
  const header = join(slowCbor(vault.header), vault.headerTail ?? new Uint8Array(0));
  const length = vault.headerLength ?? header.length;
  const start = join(text(vault.magic ?? 'SSCOPEV1'), Uint8Array.of(length >>> 8, length & 0xff), header);
  const mac = (vault.mac ?? same)(hmac(sha256, slowDerive(dataKey, 'sidescope-hdr-v1'), start));
  const body = new Uint8Array(paddedLength(contents.length));
  new DataView(body.buffer).setUint32(0, contents.length);
  body.set(contents, 4);
  const plain = (vault.padding ?? same)(body);
  const sealed = slowSeal(slowDerive(dataKey, 'sidescope-body-v1'), nonce, sha256(join(start, mac)), plain);
  return join(start, mac, nonce, (vault.sealed ?? same)(sealed), vault.end ?? new Uint8Array(0));
}
