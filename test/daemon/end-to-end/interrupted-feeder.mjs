// Writes a classic pcap to standard output as a capture program would, in several lives: `node interrupted-feeder.mjs FILE
// STATE ENDS`. ENDS are numbers of records with commas between them: life N writes up to the Nth of them. The first life
// writes half of one more record and ends itself with SIGKILL; the others say in STATE that they are done and wait to be
// killed.

import { readFileSync, writeFileSync, writeSync } from 'node:fs';

const HEADER = 24;
const RECORD = 16;

const [file, stateFile, endsText] = process.argv.slice(2);
const octets = readFileSync(file);
const ends = endsText.split(',').map(Number);
const { life, next } = readState();

/** Where each record begins, and behind the last. */
const places = [HEADER];
while (places.at(-1) < octets.length) places.push(places.at(-1) + RECORD + octets.readUInt32LE(places.at(-1) + 8));

function readState() {
  try {
    return JSON.parse(readFileSync(stateFile, 'utf8'));
  } catch {
    return { life: 0, next: 0 };
  }
}

function note(state) {
  writeFileSync(stateFile, JSON.stringify(state));
}

const end = Math.min(ends[Math.min(life, ends.length - 1)], places.length - 1);
writeSync(1, octets.subarray(0, HEADER));
for (let record = next; record < end; record++) writeSync(1, octets.subarray(places[record], places[record + 1]));
note({ life: life + 1, next: end, pid: process.pid });
if (life === 0) {
  writeSync(1, octets.subarray(places[end], places[end] + RECORD + 3));
  process.kill(process.pid, 'SIGKILL');
}
setInterval(() => undefined, 1000);
