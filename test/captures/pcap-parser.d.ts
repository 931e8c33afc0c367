// The npm package has no types of its own. What the tests use of it.

declare module 'pcap-parser' {
  import type { EventEmitter } from 'node:events';
  import type { Readable } from 'node:stream';

  /** One record, in microseconds. */
  export interface PcapPacket {
    readonly header: {
      readonly timestampSeconds: number;
      readonly timestampMicroseconds: number;
      readonly capturedLength: number;
      readonly originalLength: number;
    };
    readonly data: Buffer;
  }

  /** Emits `packet` for each record, then `end`; `error` before where the magic number is unknown. */
  export function parse(input: Readable): EventEmitter;
}
