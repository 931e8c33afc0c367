// A process that appends to a journal and says what was acknowledged, until somebody kills it. Arguments: the folder.
// Lines: `open NEXT-FRAME LAST-SEQ JUDGED`, `frame N` (durable up to it), `record SEQ FRAME` (told).

import { writeSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { openJournal } from '../../../dist/daemon/journal/open-journal.js';
import { RecordBlockWriter } from '../../../dist/daemon/relay/record-block-writer.js';

const limits = { file: { octets: 20_000, milliseconds: null }, all: { files: null, octets: null, milliseconds: null } };
const journal = await openJournal(process.argv[2], { frames: limits, records: limits, commitInterval: 1 });
journal.interfaceId({ source: 'lab', name: 'wlan0', linkType: 147, track: 'wall' });
say(`open ${journal.nextFrame} ${journal.lastSeq} ${journal.judgedThrough}`);

function say(text) {
  writeSync(1, `${text}\n`);
}

function batch(first, count) {
  const bytes = new Uint8Array(count * 40);
  for (let row = 0; row < count; row++) new DataView(bytes.buffer).setUint32(row * 40, first + row);
  return {
    bytes,
    view: new DataView(bytes.buffer),
    count,
    firstFrame: first,
    offset: Uint32Array.from({ length: count }, (_, row) => row * 40),
    captured: new Uint32Array(count).fill(40),
    original: new Uint32Array(count).fill(40),
    seconds: new Float64Array(count).fill(1_700_000_000),
    nanoseconds: new Uint32Array(count),
    digits: new Uint8Array(count).fill(6),
    linkType: new Uint16Array(count).fill(147),
    interfaceId: new Uint16Array(count),
    marks: [],
  };
}

const writer = new RecordBlockWriter();

async function judge(from, to) {
  for (let frame = from; frame <= to; frame++) {
    const event = { v: 1, type: 'key', frame, time: '', event: 'delivered', accepted: true };
    writer.record({ event, plain: null, access: 'plain', key: null, track: 0 });
  }
  const written = journal.appendRecords(writer.take(), to);
  if (await journal.durable(to)) say(`frame ${to}`);
  const { first, mayBeTold } = await written;
  const told = mayBeTold ? Array.from({ length: to - from + 1 }, (_, at) => `record ${first + at} ${from + at}`) : [];
  say(told.join('\n'));
}

if (journal.judgedThrough + 1 < journal.nextFrame) await judge(journal.judgedThrough + 1, journal.nextFrame - 1);
let underway = 0;

async function judgeMeanwhile(from, to) {
  underway++;
  await judge(from, to);
  underway--;
}

for (let round = 0; ; round++) {
  const first = journal.nextFrame;
  const count = 1 + (round % 7);
  journal.appendFrames(batch(first, count));
  void judgeMeanwhile(first, first + count - 1);
  do await sleep(1);
  while (underway > 8);
}
