// Documents of -T ek by plan, held octet by octet against those that the layer tree's writer makes of each frame: captures
// at hand, and talk spurts in which any bit may be another.

import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { EkDocumentWriter } from '../../../daemon/engine/ek-document-writer.ts';
import { writeAnalysedFrame } from '../../../daemon/engine/frame-tree.ts';
import { AsciiWriter } from '../../../dissectors/ascii-writer.ts';
import { EkWriter } from '../../../dissectors/tree-ek.ts';
import { type BulkOptions, writeBulkCapture } from '../../../testing/bulk.ts';
import { analysedFrames, type TestCapture, visitFrames } from '../../analysed-frames.ts';
import { testEveryCapture } from '../../every-capture.ts';

/** The specification says (pcap): octets of the header of a file, and of a record. */
const FILE_HEADER = 24;
const RECORD_HEADER = 16;

/** @returns frames that were compared */
async function compare(visit: (told: Parameters<typeof visitFrames>[1]) => Promise<void>): Promise<number> {
  const fast = new AsciiWriter();
  const slow = new AsciiWriter();
  const writer = new EkDocumentWriter(fast);
  const twin = new EkWriter(slow);
  let frames = 0;
  await visit((frame) => {
    frames++;
    writer.write(frame);
    writeAnalysedFrame(frame, twin);
    twin.finish();
    const [one, other] = [fast.take(), slow.take()];
    // Shown where they differ only: the texts are long, and there are many.
    if (Buffer.compare(one, other) !== 0) {
      expect(Buffer.from(one).toString('utf8'), `frame ${frame.number}`).toBe(Buffer.from(other).toString('utf8'));
    }
  });
  return frames;
}

function inCapture(capture: TestCapture): Promise<number> {
  return compare((told) => visitFrames(capture, told));
}

/** A bulk capture with some bits turned over in the octets of its frames. */
function turnedOver(options: BulkOptions, bits: readonly number[]): { capture: Uint8Array; keyring: string } {
  const pieces: Uint8Array[] = [];
  const { keyring } = writeBulkCapture((piece) => pieces.push(piece), options);
  const capture = Uint8Array.from(Buffer.concat(pieces));
  const record = (capture.length - FILE_HEADER) / options.messages;
  const octets = record - RECORD_HEADER;
  for (const bit of bits) {
    const octet = (bit >>> 3) % (octets * options.messages);
    const frame = Math.floor(octet / octets);
    capture[FILE_HEADER + frame * record + RECORD_HEADER + (octet % octets)] ^= 1 << (bit & 7);
  }
  return { capture, keyring: JSON.stringify(keyring) };
}

describe('the same octets as from the tree', () => {
  testEveryCapture(inCapture);

  test.each([
    ['few senders', { messages: 1500, senders: 3 }],
    ['many senders', { messages: 6000, senders: 2900 }],
    ['a fresh PTK id in every message', { messages: 600, senders: 2, freshPtkIds: true }],
    ['keys that are not held', { messages: 600, senders: 4, unknownKeyShare: 0.5 }],
    ['several keys', { messages: 900, senders: 6, pgksPerGroup: 3 }],
    ['longer messages', { messages: 300, senders: 2, octets: 1400 }],
  ])('talk spurts: %s', async (_name, options) => {
    const { capture, keyring } = turnedOver(options, []);
    expect(await compare((told) => analysedFrames(capture, keyring, told))).toBe(options.messages);
  });

  test('talk spurts with bits turned over', async () => {
    const options = { messages: 120, senders: 2, octets: 60 };
    await fc.assert(
      fc.asyncProperty(fc.array(fc.nat(), { maxLength: 40 }), async (bits) => {
        const { capture, keyring } = turnedOver(options, bits);
        expect(await compare((told) => analysedFrames(capture, keyring, told))).toBe(options.messages);
      }),
      { numRuns: 40 },
    );
  });
});
