// Compressed captures: known by their first octets, decompressed piece by piece. Memory stays bounded whatever the
// stream claims, because a piece goes in only after the output of the one before has been taken.

import { gunzipPieces } from './gzip.ts';
import { unzstdPieces } from './zstd.ts';

/** Constants of the specification. */
/** RFC 1952 2.3.1: ID1, ID2, CM. */
const GZIP_MAGIC = [0x1f, 0x8b, 0x08] as const;
/** RFC 8878 3.1.1: magic number of a frame, little endian. */
const ZSTD_MAGIC = [0x28, 0xb5, 0x2f, 0xfd] as const;
/** RFC 8878 3.1.2: magic numbers of skippable frames are 0x184d2a50 to 0x184d2a5f. */
const ZSTD_SKIPPABLE = [0x2a, 0x4d, 0x18] as const;

/** Octets that tell a compression. */
export const COMPRESSION_MAGIC_OCTETS = 4;

/** A compression that we read. */
export type Compression = 'gzip' | 'zstd';

/** What an input is compressed with by its first octets, or null. An input of fewer than 3 octets is not compressed. */
export function compressionOf(first: Uint8Array): Compression | null {
  const begins = (magic: readonly number[], at = 0) => magic.every((octet, index) => first[at + index] === octet);
  if (begins(GZIP_MAGIC)) {
    return 'gzip';
  }
  const skippable = begins(ZSTD_SKIPPABLE, 1) && (first[0] & 0xf0) === 0x50;
  return skippable || begins(ZSTD_MAGIC) ? 'zstd' : null;
}

/**
 * The octets of a compressed input, in pieces of any length.
 * @throws CompressionError after everything that could be read has been given out
 */
export function decompress(compression: Compression, input: AsyncIterable<Uint8Array>): AsyncIterable<Uint8Array> {
  return compression === 'gzip' ? gunzipPieces(input) : unzstdPieces(input);
}
