// The engine's program with two faults that tests need: a frame of link type 0x7777 ends it, one of 0x7778 makes it hang.

import { Socket } from 'node:net';
import { EngineChild } from '../../../dist/daemon/engine-process/child.js';
import { EngineService } from '../../../dist/daemon/engine-process/engine-service.js';

const DEADLY = 0x7777;
const ENDLESS = 0x7778;

const whole = Object.getOwnPropertyDescriptor(EngineService.prototype, 'frames').value;
EngineService.prototype.frames = function frames(batch, track) {
  for (let row = 0; row < batch.count; row++) {
    if (batch.linkType[row] === DEADLY) process.abort();
    while (batch.linkType[row] === ENDLESS);
  }
  whole.call(this, batch, track);
};

const down = new Socket({ fd: 3, readable: true, writable: false });
const up = new Socket({ fd: 4, readable: false, writable: true });
new EngineChild({ down, up, memoryOctets: () => 0, exit: (code) => process.exit(code) }).run();
