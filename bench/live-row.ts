// The live row: one message from arrival to event at 20,000 frames a second, measured in a process of its own.

import { spawnSync } from 'node:child_process';
import type { LiveLatency } from './live-latency.ts';
import type { Row } from './row.ts';

const MOST_MS = 5;

/** Arrival of a frame to its message's record. */
export const liveRow: Row = (context) => {
  const capture = context.shelf.bulk({ messages: 100_000 });
  const [node, ...script] = context.script('live-latency');
  const { stdout, stderr, status } = spawnSync(node, [...script, capture.path, capture.keyring], { encoding: 'utf8' });
  if (status !== 0) throw new Error(`live-latency ended with ${status}: ${stderr}`);
  const { framesPerSecond, p50, p99, worst } = JSON.parse(stdout) as LiveLatency;
  return [
    {
      work: `arrival to event, ${framesPerSecond} frames/s`,
      ours: `p50 ${p50.toFixed(2)} ms, p99 ${p99.toFixed(2)} ms, worst ${worst.toFixed(1)} ms`,
      value: p99,
      peer: '',
      ratio: Number.NaN,
      aim: `p99 below ${MOST_MS} ms`,
      reached: p99 < MOST_MS,
    },
  ];
};
