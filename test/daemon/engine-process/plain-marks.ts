// What only plaintext has, to be looked for where none must be.

import { expect } from 'vitest';
import { Analysis } from '../../../daemon/analysis.ts';
import type { FindingEvent } from '../../../daemon/events.ts';
import type { Keyring } from '../../../daemon/keyring/keyring.ts';
import { batchOf, type PlainFrame } from './batches.ts';

// Texts that only plaintext has: addresses, and runs of sixteen hex digits of a payload.
const ADDRESSES = /\d+\.\d+\.\d+\.\d+|[0-9a-f]{1,4}:[0-9a-f:]*:[0-9a-f]{1,4}/g;
const RUN = 16;

function runsOf(hex: string): string[] {
  const runs: string[] = [];
  for (let digit = 0; digit + RUN <= hex.length; digit++) runs.push(hex.slice(digit, digit + RUN));
  return runs;
}

/** The marks of all plaintext in these frames. */
export function everyMark(frames: readonly PlainFrame[], keyring: Keyring): Set<string> {
  const marks = new Set<string>();
  const note = (event: FindingEvent): void => {
    for (const name of ['address', 'ssrc'])
      if (typeof event.evidence[name] === 'string') marks.add(event.evidence[name]);
  };
  const analysis = new Analysis(
    { keyring, payload: true, allowStale: true },
    {
      message: ({ payload = '', summary }) => {
        for (const mark of [...runsOf(payload), ...(summary.match(ADDRESSES) ?? [])]) marks.add(mark);
      },
      finding: note,
    },
  );
  analysis.push(batchOf(frames, 1));
  analysis.finish(null);
  return marks;
}

/** Fails where a value holds a mark. */
export function expectNoMark(value: unknown, marks: ReadonlySet<string>): void {
  const text = JSON.stringify(value);
  const shown = [...(text.match(/[0-9a-f]{16,}/g) ?? []).flatMap(runsOf), ...(text.match(ADDRESSES) ?? [])];
  const ssrcs = text.match(/0x[0-9a-f]{8}/g) ?? [];
  expect([...shown, ...ssrcs].filter((mark) => marks.has(mark))).toEqual([]);
}
