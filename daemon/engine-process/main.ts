// The program of the engine's process (docs/daemon.md): holds the keys and judges frames, has no socket, and says nothing
// but through its pipe. Descriptor 3 brings what the parent says, descriptor 4 takes what is told.

import { Socket } from 'node:net';
import { EngineChild } from './child.ts';
import { refuseUnsafeProcess } from './hardening.ts';

const DOWN = 3;
const UP = 4;
/** Exit codes: after a fault of ours, as sysexits.h has it; a process that may be asked for its memory. */
const FAULT = 70;
const UNSAFE = 77;

function main(): void {
  try {
    refuseUnsafeProcess();
  } catch {
    process.exit(UNSAFE);
  }
  process.title = 'sidescope engine';
  const down = new Socket({ fd: DOWN, readable: true, writable: false });
  const up = new Socket({ fd: UP, readable: false, writable: true });
  const child = new EngineChild({
    down,
    up,
    memoryOctets: () => process.memoryUsage.rss(),
    exit: (code) => process.exit(code),
  });
  process.on('SIGTERM', () => child.stop(0));
  // What was thrown may quote what must not leave this process: it ends without a word, and the parent knows the code.
  process.on('uncaughtException', () => child.stop(FAULT));
  process.on('unhandledRejection', () => child.stop(FAULT));
  child.run();
}

main();
