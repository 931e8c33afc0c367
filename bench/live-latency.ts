// Measures the time from the arrival of a frame to the record of its message: a capture is fed through the parser of pipes
// at 20,000 frames a second, as a radio box would send it, and each record is made and stringified. Prints JSON.

import { readFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { frameSourceFromChunks } from '../captures/open.ts';
import { Analysis } from '../daemon/analysis.ts';
import { loadKeyrings } from '../daemon/keyring/keyring-file.ts';
import { printableJson } from '../dissectors/printable.ts';

/** What it prints. Milliseconds. */
export interface LiveLatency {
  readonly framesPerSecond: number;
  readonly messages: number;
  readonly p50: number;
  readonly p99: number;
  readonly worst: number;
}

// We chose.
const FRAMES_PER_SECOND = 20_000;
/** Frames whose latency is not counted: code is compiled while they pass. */
const WARM_UP = 20_000;
const PCAP_HEADER = 24;
const RECORD_HEADER = 16;

const [path, keyringPath] = process.argv.slice(2);
const file = readFileSync(path);
const keyring = await loadKeyrings([keyringPath]);
let started = 0;
let octets = 0;

/** When the frame of a number, from 1, arrives: milliseconds of `performance.now`. */
function arrival(frame: number): number {
  return started + ((frame - 1) * 1000) / FRAMES_PER_SECOND;
}

/** What has arrived each time somebody looks; waits where nothing has. */
async function* arriving(): AsyncGenerator<Uint8Array> {
  const view = new DataView(file.buffer, file.byteOffset, file.length);
  let frame = 0;
  let at = PCAP_HEADER;
  yield file.subarray(0, PCAP_HEADER);
  started = performance.now();
  while (at < file.length) {
    const from = at;
    while (at < file.length && arrival(frame + 1) <= performance.now()) {
      at += RECORD_HEADER + view.getUint32(at + 8, true);
      frame++;
    }
    if (at > from) yield file.subarray(from, at);
    else await sleep(1);
  }
}

const latencies: number[] = [];
const analysis = new Analysis(
  { keyring, live: true },
  {
    message: (event) => {
      octets += printableJson(event).length;
      if (event.frame > WARM_UP) latencies.push(performance.now() - arrival(event.frame));
    },
    finding: (event) => {
      octets += printableJson(event).length;
    },
  },
);
await analysis.run(frameSourceFromChunks(arriving()));
if (latencies.length === 0 || octets === 0) throw new Error('no message came out');
latencies.sort((a, b) => a - b);
const at = (share: number): number => latencies[Math.min(latencies.length - 1, Math.floor(share * latencies.length))];
const result: LiveLatency = {
  framesPerSecond: FRAMES_PER_SECOND,
  messages: latencies.length,
  p50: at(0.5),
  p99: at(0.99),
  worst: at(1),
};
process.stdout.write(`${JSON.stringify(result)}\n`);
