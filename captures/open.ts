// The way in: opens a capture by its path, whatever it is.

import { closeSync, constants, fstatSync, openSync, readSync, type Stats, statSync } from 'node:fs';
import type { Readable } from 'node:stream';

import { COMPRESSION_MAGIC_OCTETS, compressionOf } from './formats/compression.ts';
import type { FrameSource } from './frame-batch.ts';
import { InputWindow } from './input-window.ts';
import { CaptureOpenError, systemCode } from './open-error.ts';
import { ChunkSource, followed } from './sources/chunks.ts';
import { FIRST_READ_OCTETS, FileSource, isOurs, readInto } from './sources/file.ts';
import { frameSourceFromStream, streamOf } from './sources/stdin.ts';

export { CaptureOpenError } from './open-error.ts';

/** The descriptor of standard input. */
const STANDARD_INPUT = 0;
/** Constants we chose. */
/** A compressed file of fewer octets is decompressed before another thread has caught up its start. */
export const WORTH_A_THREAD_OCTETS = 1 << 23;

/** How a capture is opened. */
export interface OpenOptions {
  /** The stream that `-` means; default the process's standard input. */
  readonly standardInput?: Readable;
  /**
   * 1, the default: this thread reads. From 2 on: a thread of its own reads and decompresses, at no more than 2 threads
   * in all; a stream that is given and a terminal stay in this one. `auto`: 2 where that pays.
   */
  readonly threads?: number | 'auto';
}

/**
 * Opens a capture: pcap or pcapng, plain or compressed with gzip or zstd, all told by their content. `next` of the source
 * is synchronous where the input is a plain file, on standard input too. An empty or damaged input opens; the source's
 * `problem` says so at the end.
 * @param path a file, a pipe, or `-` for standard input
 * @throws CaptureOpenError where there is nothing to read
 */
export async function openCapture(path: string, options: OpenOptions = {}): Promise<FrameSource> {
  try {
    if (readsInThread(path, options)) {
      // Loaded only here, as a thread costs much more than loading it.
      const { openThreaded } = await import('./sources/threaded.ts');
      return await openThreaded(path);
    }
    if (path === '-') {
      return openStandardInput(options.standardInput);
    }
    const stats = statSync(path);
    if (stats.isDirectory()) {
      throw new CaptureOpenError(path, 'EISDIR');
    }
    // Opening a named pipe would wait until somebody writes to it; without blocking, its reader waits instead.
    const descriptor = openSync(path, stats.isFIFO() ? constants.O_RDONLY | constants.O_NONBLOCK : 'r');
    return stats.isFile() ? openFile(descriptor, stats) : frameSourceFromStream(streamOf(descriptor, stats));
  } catch (error) {
    if (error instanceof CaptureOpenError) {
      throw error;
    }
    throw new CaptureOpenError(path, systemCode(error), { cause: error });
  }
}

function readsInThread(path: string, { threads = 1, standardInput }: OpenOptions): boolean {
  if (threads === 'auto') {
    return path !== '-' && isWorthThread(path);
  }
  if (threads < 2 || path !== '-') {
    return threads >= 2;
  }
  const stats = fstatSync(STANDARD_INPUT);
  return standardInput === undefined && (stats.isFile() || stats.isFIFO() || stats.isSocket());
}

/**
 * True for a large compressed file. `read -q` of 300,000 messages, in two threads against one, on two cores (fastest
 * runs): gzip 0.6 of the time, zstd 0.7, plain 1.04, since parsing costs less than handing frames over does.
 */
function isWorthThread(path: string): boolean {
  const stats = statSync(path);
  if (!stats.isFile() || stats.size < WORTH_A_THREAD_OCTETS) {
    return false;
  }
  const descriptor = openSync(path, 'r');
  try {
    const first = new Uint8Array(COMPRESSION_MAGIC_OCTETS);
    return compressionOf(first.subarray(0, readSync(descriptor, first))) !== null;
  } finally {
    closeSync(descriptor);
  }
}

function openStandardInput(stream: Readable | undefined): FrameSource {
  if (stream !== undefined) {
    return frameSourceFromStream(stream);
  }
  const stats = fstatSync(STANDARD_INPUT);
  if (stats.isDirectory()) {
    throw new CaptureOpenError('-', 'EISDIR');
  }
  return stats.isFile() ? openFile(STANDARD_INPUT, stats) : frameSourceFromStream(process.stdin);
}

/** A regular file: synchronous where it is plain, in pieces where it is compressed. */
function openFile(descriptor: number, stats: Stats): FrameSource {
  const window = new InputWindow();
  try {
    while (window.end < COMPRESSION_MAGIC_OCTETS && readInto(window, descriptor, FIRST_READ_OCTETS) > 0) {
      // Reads once, as a rule: a file gives as much as it has.
    }
  } catch (error) {
    if (isOurs(descriptor)) {
      closeSync(descriptor);
    }
    throw error;
  }
  const total = stats.size > 0 ? stats.size : null;
  const first = window.bytes.subarray(0, window.end);
  if (compressionOf(first) === null) {
    return new FileSource(descriptor, window, total);
  }
  const rest = streamOf(descriptor, stats);
  return new ChunkSource(followed(first, rest as AsyncIterable<Uint8Array>), total, () => {
    rest.destroy();
  });
}

/** Frames of an input that comes in pieces of any length, from 1 octet on. */
export function frameSourceFromChunks(chunks: AsyncIterable<Uint8Array>): FrameSource {
  return new ChunkSource(chunks);
}
