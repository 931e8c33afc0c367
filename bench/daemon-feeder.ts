// Writes the frames of a classic pcap to standard output at a steady rate, each with the time at which it is written: what a
// capture program beside a radio would bring. `node daemon-feeder.js FILE FRAMES-A-SECOND SECONDS`.

import { readFileSync, writeSync } from 'node:fs';

const HEADER = 24;
const RECORD = 16;
/** We chose: frames go out every so many ms. */
const EVERY_MS = 2;

const [path, rate, seconds] = process.argv.slice(2);
const octets = readFileSync(path);
const view = new DataView(octets.buffer, octets.byteOffset, octets.length);
const frames = Number(rate) * Number(seconds);

let at = HEADER;
let written = 0;

/** The next frame, its time set; the file begins anew where it ends. */
function next(milliseconds: number): Uint8Array {
  if (at >= octets.length) at = HEADER;
  const length = RECORD + view.getUint32(at + 8, true);
  view.setUint32(at, Math.floor(milliseconds / 1000), true);
  view.setUint32(at + 4, Math.floor((milliseconds % 1000) * 1000), true);
  const frame = octets.subarray(at, at + length);
  at += length;
  return frame;
}

function writeAll(piece: Uint8Array): void {
  for (let done = 0; done < piece.length; ) {
    try {
      done += writeSync(1, piece, done);
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'EAGAIN') throw error;
    }
  }
}

writeAll(octets.subarray(0, HEADER));
const begun = performance.now();
const timer = setInterval(() => {
  const due = Math.min(frames, Math.floor(((performance.now() - begun) / 1000) * Number(rate)));
  const now = performance.timeOrigin + performance.now();
  const pieces: Uint8Array[] = [];
  for (; written < due; written++) pieces.push(Uint8Array.from(next(now)));
  if (pieces.length > 0) writeAll(Buffer.concat(pieces));
  if (written >= frames) clearInterval(timer);
}, EVERY_MS);
