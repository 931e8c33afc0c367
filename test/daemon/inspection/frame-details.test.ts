// A frame that is judged again by itself shows what it showed when the whole capture was judged. The slow twin is the
// whole analysis.

import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { openCapture } from '../../../captures/open.ts';
import { Analysis } from '../../../daemon/analysis.ts';
import { writeAnalysedFrame } from '../../../daemon/engine/frame-tree.ts';
import type { KeyEvent, MessageEvent } from '../../../daemon/events.ts';
import type { DetailRow } from '../../../daemon/inspection/contract.ts';
import { detailRows } from '../../../daemon/inspection/detail-rows.ts';
import { frameDetails } from '../../../daemon/inspection/frame-details.ts';
import { FramePicker } from '../../../daemon/inspection/frame-picker.ts';
import { readingPass } from '../../../daemon/inspection/reading-pass.ts';
import type { Keyring } from '../../../daemon/keyring/keyring.ts';
import { copyOfKeyring } from '../../../daemon/keyring/keyring-copy.ts';
import { loadKeyrings } from '../../../daemon/keyring/keyring-file.ts';
import { TreeBuilder } from '../../../dissectors/tree.ts';
import { detailsRequest } from '../../../tui/model/details-request.ts';
import { MessageStore } from '../../../tui/model/message-store.ts';

const SAMPLES = join(import.meta.dirname, '..', '..', '..', 'captures', 'samples');

interface Whole {
  readonly trees: ReadonlyMap<number, readonly DetailRow[]>;
  readonly messages: readonly MessageEvent[];
}

async function wholeAnalysis(path: string, keyring: Keyring): Promise<Whole> {
  const trees = new Map<number, readonly DetailRow[]>();
  const messages: MessageEvent[] = [];
  const analysis = new Analysis(
    { keyring: copyOfKeyring(keyring), explain: true },
    {
      finding: () => undefined,
      message: (event) => messages.push(event),
      frame: (frame) => {
        const builder = new TreeBuilder(frame.bytes.slice());
        writeAnalysedFrame(frame, builder);
        trees.set(frame.number, detailRows(builder.finish()));
      },
    },
  );
  await analysis.run(await openCapture(path));
  return { trees, messages };
}

async function read(path: string, keyring: Keyring): Promise<{ store: MessageStore; keys: KeyEvent[] }> {
  const store = new MessageStore();
  const keys: KeyEvent[] = [];
  await readingPass(await openCapture(path), {
    keyring: copyOfKeyring(keyring),
    allowStale: false,
    now: () => performance.now(),
    tell: (note) => {
      if (note.kind === 'batch') store.add(structuredClone(note.batch));
      if (note.kind === 'key') keys.push(note.event);
    },
  });
  return { store, keys };
}

/** Findings stand at the end of a frame that is judged again: the order of layers is another one. */
function comparable(rows: readonly DetailRow[]): string[] {
  return rows.map((row) => `${row.depth} ${row.text} ${row.source} ${row.start} ${row.length}`).sort();
}

describe.each(['attacked', 'rollover', 'clean'])('%s', (name) => {
  const path = join(SAMPLES, name, 'capture.pcapng');

  test('every message stands in the store, and its frame opens to the same tree', async () => {
    const keyring = await loadKeyrings([join(SAMPLES, name, 'keyring.json')]);
    const whole = await wholeAnalysis(path, keyring);
    const { store, keys } = await read(path, keyring);
    expect(store.count).toBe(whole.messages.length);
    const picker = new FramePicker(() => openCapture(path));
    for (let ordinal = 0; ordinal < store.count; ordinal++) {
      const event = whole.messages[ordinal];
      const message = store.message(ordinal);
      expect(message).toMatchObject({
        frame: event.frame,
        groupId: event.group,
        groupName: event.groupName ?? null,
        sourceId: event.source,
        sourceName: event.sourceName ?? null,
        lcid: event.lcid,
        pgkIndex: event.pgkIndex,
        pgkId: event.pgkId ?? -1,
        ptkId: event.ptkId,
        sn: event.sn,
        length: event.length,
        verdict: event.verdict,
        evidenceBits: event.evidenceBits,
        protocols: event.protocols.join(':'),
        summary: event.summary,
      });
      expect(store.frames(ordinal)).toEqual(event.frames ?? [event.frame]);
      const request = detailsRequest(store, keys, ordinal);
      const details = await frameDetails(picker, request, { keyring: copyOfKeyring(keyring), allowStale: false });
      expect(comparable(details?.rows ?? []), `frame ${event.frame}`).toEqual(
        comparable(whole.trees.get(event.frame) ?? []),
      );
    }
  });
});
