// Arrivals become the records of a capture file: numbered, with the time that the interface's clock shows, cut where the
// scenario says so, and written as pcap or pcapng.

import { PcapWriter } from '../captures/formats/pcap-writer.ts';
import { PcapngWriter } from '../captures/formats/pcapng-writer.ts';
import { formatInstant } from '../daemon/time.ts';
import type { Scenario } from './scenario.ts';
import type { Arrival, CaptureInterface } from './timeline.ts';

/** One frame of the capture. */
export interface FrameRecord {
  /** From 1, as Wireshark counts. */
  readonly frame: number;
  readonly arrival: Arrival;
  /** What the file holds of it. */
  readonly bytes: Uint8Array;
  /** Octets that were cut off. */
  readonly cutOctets: number;
  /** Recorded time: whole seconds since 1970, nanoseconds within, and as text. */
  readonly seconds: number;
  readonly nanoseconds: number;
  readonly milliseconds: number;
  readonly time: string;
}

/** A capture file and its frames. */
export interface WrittenCapture {
  readonly octets: Uint8Array;
  readonly records: readonly FrameRecord[];
  /** Frames that are whole in the file; fewer than there are records where its end is cut off. */
  readonly wholeFrames: number;
}

/** Writes the arrivals, which are sorted by time. */
export function writeCapture(
  scenario: Scenario,
  interfaces: readonly CaptureInterface[],
  arrivals: readonly Arrival[],
): WrittenCapture {
  const pieces: Uint8Array[] = [];
  const ends: number[] = [];
  let length = 0;
  const sink = (piece: Uint8Array): void => {
    pieces.push(piece);
    length += piece.length;
  };
  const file = scenario.capture.container === 'pcap' ? pcapFile(sink, interfaces) : pcapngFile(sink, interfaces);
  const shift = interfaces.map(() => 0);
  const records: FrameRecord[] = [];
  for (const arrival of arrivals) {
    const { what } = arrival;
    if (what.kind === 'clock') {
      shift[arrival.interface] += what.shift;
      continue;
    }
    const clock = clockOf(scenario.start, arrival.time + shift[arrival.interface]);
    if (what.kind === 'drops') {
      file.drops(arrival.interface, clock, what.dropped);
      continue;
    }
    const snap = what.kind === 'transmission' ? what.snap : null;
    const bytes = snap === null ? arrival.bytes : arrival.bytes.subarray(0, snap);
    const digits = interfaces[arrival.interface].nanoseconds ? 9 : 6;
    records.push({
      frame: records.length + 1,
      arrival,
      bytes,
      cutOctets: arrival.bytes.length - bytes.length,
      ...clock,
      milliseconds: clock.seconds * 1000 + clock.nanoseconds / 1e6,
      time: formatInstant(clock.seconds, clock.nanoseconds, digits),
    });
    file.frame(arrival.interface, clock, bytes, arrival.bytes.length);
    ends.push(length);
  }
  const kept = Math.max(0, length - scenario.capture.cutAtEnd);
  const octets = new Uint8Array(Buffer.concat(pieces).subarray(0, kept));
  return { octets, records, wholeFrames: ends.filter((end) => end <= kept).length };
}

interface Clock {
  readonly seconds: number;
  readonly nanoseconds: number;
}

/** @param start milliseconds since 1970 @param time microseconds after it */
function clockOf(start: number, time: number): Clock {
  const micros = start * 1000 + time;
  const seconds = Math.floor(micros / 1e6);
  return { seconds, nanoseconds: Math.round(micros - seconds * 1e6) * 1000 };
}

interface CaptureFile {
  frame(at: number, clock: Clock, bytes: Uint8Array, original: number): void;
  drops(at: number, clock: Clock, dropped: number): void;
}

function pcapFile(sink: (piece: Uint8Array) => void, interfaces: readonly CaptureInterface[]): CaptureFile {
  const { nanoseconds } = interfaces[0];
  const writer = new PcapWriter(sink, { linkType: interfaces[0].linkType, nanoseconds });
  return {
    frame: (_at, { seconds, nanoseconds: rest }, bytes, original) => writer.frame(seconds, rest, bytes, original),
    // Classic pcap has no place for counters.
    drops: () => undefined,
  };
}

function pcapngFile(sink: (piece: Uint8Array) => void, interfaces: readonly CaptureInterface[]): CaptureFile {
  const writer = new PcapngWriter(sink, 'sidescope synth');
  const ids = interfaces.map(({ name, linkType, nanoseconds }) =>
    writer.addInterface({ name, linkType, resolution: nanoseconds ? 'nanoseconds' : 'microseconds' }),
  );
  return {
    frame: (at, clock, bytes, original) => writer.frame({ interfaceId: ids[at], ...clock, bytes, original }),
    drops: (at, clock, dropped) => writer.statistics({ interfaceId: ids[at], ...clock, dropped }),
  };
}
