// Frames for tests of the walk: batches from octets, captures of the shared folder read with the simplest loop that does.

import { existsSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { FrameBatch } from '../../captures/frame-batch.ts';
import { PROBLEMS } from '../../dissectors/problems.ts';
import { createWalkTable, walkBatch } from '../../dissectors/walk.ts';
import { ElementFlag, OUTCOME_NAMES, type WalkTable } from '../../dissectors/walk-table.ts';

/** One frame: octets captured, octets on the wire, link type. */
export interface TestFrame {
  readonly bytes: Uint8Array;
  readonly linkType: number;
  readonly original?: number;
}

/** Octets in front of every frame in the buffer of `batchOf`, so that an offset taken for another shows. */
const GAP = 16;

/** A batch of frames that stand behind each other in one buffer. */
export function batchOf(frames: readonly TestFrame[]): FrameBatch {
  const count = frames.length;
  const bytes = new Uint8Array(frames.reduce((sum, frame) => sum + GAP + frame.bytes.length, 0)).fill(0xee);
  const batch = {
    bytes,
    view: new DataView(bytes.buffer),
    count,
    firstFrame: 1,
    offset: new Uint32Array(count),
    captured: new Uint32Array(count),
    original: new Uint32Array(count),
    seconds: new Float64Array(count),
    nanoseconds: new Uint32Array(count),
    digits: new Uint8Array(count).fill(6),
    linkType: new Uint16Array(count),
    interfaceId: new Uint16Array(count),
    marks: [],
  };
  let at = 0;
  frames.forEach((frame, row) => {
    at += GAP;
    bytes.set(frame.bytes, at);
    batch.offset[row] = at;
    batch.captured[row] = frame.bytes.length;
    batch.original[row] = frame.original ?? frame.bytes.length;
    batch.linkType[row] = frame.linkType;
    at += frame.bytes.length;
  });
  return batch;
}

/** One element as a test compares it. `at` counts from the start of the frame. */
export interface WalkedElement {
  readonly lcid: number;
  readonly sn: number;
  readonly at: number;
  readonly length: number;
  readonly available: number;
  /** Letters: s starts, e ends, f first of its PDU, c cut, w without RLC. */
  readonly flags: string;
}

/** One frame of a walk as a test compares it. */
export interface WalkedFrame {
  /** Name in the summary, or `data`. */
  readonly outcome: string;
  /** Code of the problem, or `none`. */
  readonly problem: string;
  readonly problemAt: number;
  readonly framing: number;
  readonly version: number;
  readonly source: string;
  readonly destination: string;
  readonly pduAt: number;
  readonly pduLength: number;
  readonly pduAvailable: number;
  readonly payloadAt: number;
  readonly payloadLength: number;
  readonly elements: readonly WalkedElement[];
}

const FLAG_LETTERS: readonly (readonly [number, string])[] = [
  [ElementFlag.starts, 's'],
  [ElementFlag.ends, 'e'],
  [ElementFlag.firstOfPdu, 'f'],
  [ElementFlag.cut, 'c'],
  [ElementFlag.withoutRlc, 'w'],
];

function letters(flags: number): string {
  return FLAG_LETTERS.map(([flag, letter]) => ((flags & flag) === 0 ? '' : letter)).join('');
}

const layer2Id = (id: number): string => id.toString(16).padStart(6, '0');

/** The rows of a table as objects. `starts` gives where each frame begins in the buffer. */
export function readTable(table: WalkTable, starts: ArrayLike<number>, count: number): WalkedFrame[] {
  const { frames, elements } = table;
  return Array.from({ length: count }, (_, row) => {
    const start = starts[row];
    const first = frames.firstElement[row];
    return {
      outcome: OUTCOME_NAMES[frames.outcome[row]] ?? 'data',
      problem: PROBLEMS[frames.problem[row]].code,
      problemAt: frames.problemAt[row],
      framing: frames.framing[row],
      version: frames.version[row],
      source: layer2Id(frames.source[row]),
      destination: layer2Id(frames.destination[row]),
      pduAt: Math.max(0, frames.pduAt[row] - start),
      pduLength: frames.pduLength[row],
      pduAvailable: frames.pduAvailable[row],
      payloadAt: Math.max(0, frames.payloadAt[row] - start),
      payloadLength: frames.payloadLength[row],
      elements: Array.from({ length: frames.elementCount[row] }, (_unused, index) => ({
        lcid: elements.lcid[first + index],
        sn: elements.sn[first + index],
        at: elements.at[first + index] - start,
        length: elements.length[first + index],
        available: elements.available[first + index],
        flags: letters(elements.flags[first + index]),
      })),
    };
  });
}

/** Walks frames as one batch. */
export function walkFrames(frames: readonly TestFrame[], table: WalkTable = createWalkTable(1)): WalkedFrame[] {
  const batch = batchOf(frames);
  walkBatch(batch, table);
  return readTable(table, batch.offset, batch.count);
}

/** Walks one whole frame. */
export function walkOne(bytes: Uint8Array, linkType: number, original: number = bytes.length): WalkedFrame {
  return walkFrames([{ bytes, linkType, original }])[0];
}

/** The folder of shared captures, or null where it is not there. */
export const SHARED_CAPTURES = ((): string | null => {
  const folder = join(dirname(fileURLToPath(import.meta.url)), '..', '..', '..', 'shared', 'captures');
  if (existsSync(folder)) return folder;
  console.warn('the folder ../shared/captures is not there: tests on shared captures are skipped');
  return null;
})();

/** Path of a shared capture. */
export function sharedCapture(...parts: readonly string[]): string {
  return join(SHARED_CAPTURES ?? '', ...parts);
}

/** All frames of a little endian pcap or pcapng file. For files that are known to be whole. */
export function readCapture(path: string): TestFrame[] {
  const octets = readFileSync(path);
  const view = new DataView(octets.buffer, octets.byteOffset, octets.length);
  return view.getUint32(0, true) === 0x0a0d0d0a ? readPcapng(octets, view) : readPcap(octets, view);
}

function readPcap(octets: Uint8Array, view: DataView): TestFrame[] {
  const linkType = view.getUint32(20, true);
  const frames: TestFrame[] = [];
  for (let at = 24; at + 16 <= octets.length; ) {
    const captured = view.getUint32(at + 8, true);
    const original = view.getUint32(at + 12, true);
    frames.push({ bytes: octets.subarray(at + 16, at + 16 + captured), linkType, original });
    at += 16 + captured;
  }
  return frames;
}

function readPcapng(octets: Uint8Array, view: DataView): TestFrame[] {
  const links: number[] = [];
  const frames: TestFrame[] = [];
  for (let at = 0; at + 12 <= octets.length; at += view.getUint32(at + 4, true)) {
    const type = view.getUint32(at, true);
    if (type === 1) links.push(view.getUint16(at + 8, true));
    if (type !== 6) continue;
    const captured = view.getUint32(at + 20, true);
    frames.push({
      bytes: octets.subarray(at + 28, at + 28 + captured),
      linkType: links[view.getUint32(at + 8, true)],
      original: view.getUint32(at + 24, true),
    });
  }
  return frames;
}
