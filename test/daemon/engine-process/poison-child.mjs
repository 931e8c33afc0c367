// The engine's program with two faults that tests need: a frame of link type 0x7777 ends it, one of 0x7778 makes it hang.

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

await import('../../../dist/daemon/engine-process/main.js');
