// What tests of live sources share: takes in what a source brings, waits for something to become true.

import type { FrameBatch } from '../../../captures/frame-batch.ts';
import type { LiveSource, SourceStatus } from '../../../captures/sources/live-source.ts';
import { makeLiveSource, type SourceDescription, type SourceHost } from '../../../captures/sources/source-config.ts';
import { pcapHeader, pcapRecord } from '../capture-bytes.ts';

/** One frame that a source brought, copied. */
export interface TakenFrame {
  readonly number: number;
  readonly time: number;
  readonly linkType: number;
  readonly interfaceId: number;
  readonly interfaceName: string;
  readonly original: number;
  readonly bytes: Uint8Array;
  /** Wall clock at which it came, ms since 1970. */
  readonly cameAt: number;
}

/** A running source and what it has brought. */
export interface Taking {
  readonly source: LiveSource;
  readonly frames: TakenFrame[];
  /** Rows of each batch. */
  readonly batches: number[];
  /** Resolves when `run` does. */
  readonly done: Promise<void>;
  /** First octet of each frame: enough to tell frames apart. */
  firsts(): number[];
  status(): SourceStatus;
  stop(): Promise<void>;
}

/** Runs a source and copies what it brings. @param pause what the consumer waits for after each batch */
export function take(
  described: SourceDescription,
  host: SourceHost = {},
  pause: (batch: FrameBatch) => void | Promise<void> = () => {},
): Taking {
  return takeFrom(makeLiveSource(described, host), pause);
}

/** The same of a source that is there. */
export function takeFrom(source: LiveSource, pause: (batch: FrameBatch) => void | Promise<void> = () => {}): Taking {
  const frames: TakenFrame[] = [];
  const batches: number[] = [];
  const done = source.run((batch) => {
    if (batch.count > 0) batches.push(batch.count);
    for (let row = 0; row < batch.count; row++) {
      const offset = batch.offset[row];
      frames.push({
        number: batch.firstFrame + row,
        time: batch.seconds[row] * 1000 + batch.nanoseconds[row] / 1e6,
        linkType: batch.linkType[row],
        interfaceId: batch.interfaceId[row],
        interfaceName: source.interfaceName(batch.interfaceId[row]),
        original: batch.original[row],
        bytes: batch.bytes.slice(offset, offset + batch.captured[row]),
        cameAt: Date.now(),
      });
    }
    return pause(batch);
  });
  return {
    source,
    frames,
    batches,
    done,
    firsts: () => frames.map(({ bytes }) => bytes[0]),
    status: () => source.status(),
    stop: async () => source.stop(),
  };
}

/** Waits until it is true. Throws after a while. */
export async function until(what: () => boolean, limit = 15_000): Promise<void> {
  const end = Date.now() + limit;
  while (!what()) {
    if (Date.now() > end) throw new Error(`waited ${limit} ms in vain`);
    await new Promise((resolve) => {
      setTimeout(resolve, 5);
    });
  }
}

/** Milliseconds. */
export async function pause(milliseconds: number): Promise<void> {
  await new Promise((resolve) => {
    setTimeout(resolve, milliseconds);
  });
}

/** A classic pcap record whose frame is this octet and two more. */
export function record(first: number): Uint8Array {
  return pcapRecord(Uint8Array.of(first, 0xaa, 0xbb), 'little', { seconds: 1000 + first });
}

/** A classic pcap file with these frames. */
export function captureOf(...firsts: readonly number[]): Uint8Array {
  return Buffer.concat([pcapHeader(), ...firsts.map(record)]);
}

/** Octets that nobody forgets to count. */
export const QUICK = { first: 20, longest: 100, ranWell: 5000 };
