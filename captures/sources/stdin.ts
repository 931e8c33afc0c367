// Standard input and named pipes, as streams.

import { createReadStream, type Stats } from 'node:fs';
import type { Readable } from 'node:stream';

import { ChunkSource } from './chunks.ts';
import { isOurs } from './file.ts';

/** Constants we chose. */
/** Octets asked for at once of an input that is no pipe. */
const STREAM_OCTETS = 262_144;

/** Frames of any readable stream of octets, which is destroyed when the source is closed before its end. */
export function frameSourceFromStream(stream: Readable): ChunkSource {
  return new ChunkSource(stream as AsyncIterable<Uint8Array>, null, () => {
    stream.destroy();
  });
}

/** A stream over an open descriptor, from its current position. */
export function streamOf(descriptor: number, stats: Stats): Readable {
  // A read of a pipe that nobody writes to would hold a thread of the pool, and the process, for ever; a socket waits in
  // the event loop and can be destroyed.
  if (stats.isFIFO() || stats.isSocket()) {
    // Loaded here: files are read without it.
    const { Socket } = process.getBuiltinModule('node:net');
    return new Socket({ fd: descriptor, readable: true, writable: false });
  }
  return createReadStream('', { fd: descriptor, highWaterMark: STREAM_OCTETS, autoClose: isOurs(descriptor) });
}
