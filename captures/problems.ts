// What can be wrong with a capture: one table of stable codes, each with what to do next. The sentence is written where
// the problem is found, because it names what was seen there.

import type { CaptureProblem } from './frame-batch.ts';

const CUT_HINT = 'copy the capture again, or end the capturing program before you copy; the frames before it are good';
const DAMAGED_HINT = 'get an undamaged copy of the capture; the frames before this octet are good';
const CONVERT_HINT = 'convert it with a tool that reads it, e.g. `editcap -F pcapng IN OUT`';

/** Code to hint. Hints have no full stop. */
export const CAPTURE_PROBLEMS = {
  'capture.empty': 'check that the capturing program wrote anything, and that this is the right file',
  'capture.not-a-capture': `give a pcap or pcapng file, plain or compressed with gzip or zstd; ${CONVERT_HINT}`,
  'capture.unsupported-version': CONVERT_HINT,
  'capture.unsupported-link-type': CONVERT_HINT,
  'capture.cut-header': CUT_HINT,
  'capture.cut-record': CUT_HINT,
  'capture.record-too-long': DAMAGED_HINT,
  'capture.record-beyond-block': DAMAGED_HINT,
  'capture.block-length': DAMAGED_HINT,
  'capture.block-lengths-differ': DAMAGED_HINT,
  'capture.block-too-long': DAMAGED_HINT,
  'capture.block-content': DAMAGED_HINT,
  'capture.byte-order': DAMAGED_HINT,
  'capture.undefined-interface': DAMAGED_HINT,
  'capture.too-many-interfaces': 'split the capture by section, e.g. with `editcap -c`',
  'capture.compressed-cut': CUT_HINT,
  'capture.compressed-damaged': DAMAGED_HINT,
  'capture.compressed-unsupported': 'decompress it with the tool that made it and read the plain file',
  'capture.read-failed': 'check the disk, the mount or the program at the other end of the pipe, then read again',
  'capture.reader-stopped': 'read again in one thread (`--threads 1`); what was read until then is good',
} as const satisfies Record<string, string>;

/** A key of `CAPTURE_PROBLEMS`. */
export type CaptureProblemCode = keyof typeof CAPTURE_PROBLEMS;

/**
 * A problem with the hint of its code.
 * @param offset octet of the (decompressed) input
 * @param message one sentence without a full stop
 */
export function captureProblem(code: CaptureProblemCode, offset: number, message: string): CaptureProblem {
  return { code, offset, message, hint: CAPTURE_PROBLEMS[code] };
}
