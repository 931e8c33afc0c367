// In how many threads `read` analyses a capture.

import { closeSync, fstatSync, openSync, readSync, type Stats, statSync } from 'node:fs';
import { COMPRESSION_MAGIC_OCTETS, compressionOf } from '../captures/formats/compression.ts';
import { printsTrees, type ReadOptions } from './read-options.ts';
import { WORTH_THREADS_FRAMES, WORTH_THREADS_OCTETS } from './threads-worth.ts';

/** We chose. */
/** Threads that there is work for: one reads and walks, one deciphers and judges, one watches and prints. */
const MOST_THREADS = 3;
/** The same where layer trees are printed: an eighth, since that takes so much longer. */
const SOONER_WITH_TREES = 8;
/**
 * Octets of keyring files, some 6,000 PGKs or 15,000 members, from which on a third thread takes more memory than it is worth:
 * each key and what is remembered of a sender is held by both that have a keyring. And whoever concludes of so many senders has
 * no time to read (docs/performance.md).
 */
const LARGE_KEYRING_OCTETS = 1 << 20;

/**
 * In how many threads a capture is analysed.
 *
 * @param path a file, a pipe, or `-` for standard input
 * @param prints whether messages or frames are printed
 * @returns 1 to 3, and whether `path` names a plain file
 */
export function engineThreads(
  path: string,
  options: ReadOptions,
  prints: boolean,
): { threads: 1 | 2 | 3; isFile: boolean } {
  const stats = statsOf(path);
  const isFile = path !== '-' && stats?.isFile() === true;
  return { threads: stats === null ? 1 : threadsOf(path, stats, options, prints), isFile };
}

function threadsOf(path: string, stats: Stats, options: ReadOptions, prints: boolean): 1 | 2 | 3 {
  const { threads, count = Number.POSITIVE_INFINITY } = options;
  if (threads !== undefined) {
    // A terminal stays with the thread that it belongs to.
    const mayBeShared = path !== '-' || stats.isFile() || stats.isFIFO() || stats.isSocket();
    return mayBeShared ? upTo(threads) : 1;
  }
  const sooner = prints && printsTrees(options) ? SOONER_WITH_TREES : 1;
  const pays =
    path !== '-' &&
    stats.isFile() &&
    stats.size >= WORTH_THREADS_OCTETS / sooner &&
    count >= WORTH_THREADS_FRAMES / sooner;
  if (!pays) return 1;
  // A third thread on two cores takes from the others what it gives.
  const cores = process.getBuiltinModule('node:os').availableParallelism();
  return upTo(hasLargeKeyring(options) ? Math.min(cores, 2) : cores);
}

/** Whether a file is there that is not compressed. */
export function isUncompressed(path: string): boolean {
  try {
    const descriptor = openSync(path, 'r');
    try {
      const first = new Uint8Array(COMPRESSION_MAGIC_OCTETS);
      return compressionOf(first.subarray(0, readSync(descriptor, first))) === null;
    } finally {
      closeSync(descriptor);
    }
  } catch {
    return false;
  }
}

function upTo(threads: number): 1 | 2 | 3 {
  return Math.min(threads, MOST_THREADS) as 1 | 2 | 3;
}

/** Whether there are so many keys or members that threads are divided in another way. */
export function hasLargeKeyring({ keyring, vault }: ReadOptions): boolean {
  const files = vault === undefined ? keyring : [vault, ...keyring];
  return files.reduce((octets, file) => octets + (statsOf(file)?.size ?? 0), 0) >= LARGE_KEYRING_OCTETS;
}

/** Null where there is nothing: whoever opens it says why. */
function statsOf(path: string): Stats | null {
  try {
    return path === '-' ? fstatSync(0) : statSync(path);
  } catch {
    return null;
  }
}
