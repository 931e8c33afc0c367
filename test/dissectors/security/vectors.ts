// Reads the vectors of test/vectors/security.

import { readFileSync } from 'node:fs';
import type { CipherAlgorithm } from '../../../dissectors/security/algorithm.ts';

/** One message under one cipher key, in hexadecimal digits. */
export interface CipherVector {
  readonly name: string;
  readonly key: string;
  readonly count: string;
  readonly bearer: string;
  readonly direction: 0 | 1;
  readonly bits: number;
  readonly plaintext: string;
  readonly ciphertext: string;
}

/** Words of one key stream, by their number from 1. */
export interface KeyStreamVector {
  readonly name: string;
  readonly key: string;
  readonly iv: string;
  readonly words: Readonly<Record<string, string>>;
}

/** A set of vectors: who vouches for it, and its content. */
export interface VectorSet<Content> {
  readonly official: boolean;
  readonly source: string;
  readonly vectors: readonly Content[];
}

/** A file of test/vectors/security. */
export function readVectors<File>(name: string): File {
  return JSON.parse(readFileSync(new URL(`../../vectors/security/${name}`, import.meta.url), 'utf8')) as File;
}

export const CIPHER_SETS: readonly (VectorSet<CipherVector> & { readonly algorithm: CipherAlgorithm })[] = [
  readVectors('128-eea1.json'),
  readVectors('128-eea2.json'),
  readVectors('128-eea3.json'),
];

/** Octets of hexadecimal digits. */
export function octets(hex: string): Uint8Array {
  return new Uint8Array(Buffer.from(hex, 'hex'));
}

/** Hexadecimal digits of octets. */
export function hex(octets: Uint8Array): string {
  return Buffer.from(octets).toString('hex');
}
