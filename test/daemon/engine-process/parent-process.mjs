// A parent process of an engine for tests, and nothing else in it: reads orders as lines of JSON, answers likewise. Run with
// the settings of the engine as JSON and the path of a capture.

import { createInterface } from 'node:readline';
import { setTimeout } from 'node:timers/promises';
import { writeHeapSnapshot } from 'node:v8';
import { openCapture } from '../../../dist/captures/open.js';
import { EngineLink } from '../../../dist/daemon/engine-process/engine-link.js';

const [settings, capture] = process.argv.slice(2);
const records = [];
let through = 0;
let frames = 0;

const say = (value) => process.stdout.write(`${JSON.stringify(value)}\n`);

const link = new EngineLink(
  { settings: JSON.parse(settings), passphraseDescriptor: null, now: () => Date.now() },
  {
    answer: (answer) => {
      for (let row = 0; row < answer.block.count; row++) records.push(answer.block.record(row, row));
      through = answer.through;
    },
    keys: () => undefined,
    resume: () => undefined,
    alarm: () => undefined,
  },
);

const orders = {
  push: async () => {
    const source = await openCapture(capture, { threads: 1 });
    for (let batch = await source.next(); batch !== null; batch = await source.next()) {
      frames = batch.firstFrame + batch.count - 1;
      await link.push(batch, 0);
    }
    await source.close();
    while (through < frames) await setTimeout(10);
    return {
      frames,
      messages: records.filter(({ event }) => event.type === 'message').map(({ event }) => event),
      plain: records.filter(({ plain }) => plain !== null).length,
    };
  },
  keys: ({ request }) => link.keys(request),
  child: () => link.status().pid,
  snapshot: ({ path }) => writeHeapSnapshot(path),
  stop: () => link.stop(),
};

await link.start(1);
link.tracks([{ track: 0, clock: 'capture', name: 'test' }]);
link.demand(new Map([['*', 'forensic']]));
say({ started: process.pid });

for await (const line of createInterface({ input: process.stdin })) {
  const order = JSON.parse(line);
  const answer = await orders[order.do](order);
  say({ done: order.do, answer });
  if (order.do === 'stop') process.exit(0);
}
