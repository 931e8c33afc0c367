// What all rules of the findings cost together: the same capture through the engine alone, and through the engine with
// every rule, each in a process of its own (design: below 40 % of the time of `read -q`).

import { openCapture } from '../captures/open.ts';
import { Analysis } from '../daemon/analysis.ts';
import { Engine } from '../daemon/engine/engine.ts';
import type { MessageTable } from '../daemon/engine/message-table.ts';
import { KeyIndex } from '../daemon/keyring/key-index.ts';
import { loadKeyrings } from '../daemon/keyring/keyring-file.ts';

/** Frames of a run with one message each, which the rules are told at once too: else the engine alone would go a longer way. */
function framesWithOneMessage(row: number, until: number, { count, frameRow }: MessageTable, message: number): number {
  let taken = 0;
  for (; row + taken < until; taken++) {
    const at = message + taken;
    if (at >= count || frameRow[at] !== row + taken) break;
    if (at + 1 < count && frameRow[at + 1] === row + taken) break;
  }
  return taken;
}

const [mode, capture, keyringPath] = process.argv.slice(2);
const keyring = await loadKeyrings([keyringPath]);
const source = await openCapture(capture);
if (mode === 'rules') {
  await new Analysis({ keyring }, {}).run(source);
} else {
  const engine = new Engine(
    { index: new KeyIndex(keyring) },
    {
      message: () => undefined,
      run: (_batch, row, until, table, message) => framesWithOneMessage(row, until, table, message),
    },
  );
  for (;;) {
    const next = source.next();
    const batch = next instanceof Promise ? await next : next;
    if (batch === null) break;
    engine.push(batch);
  }
  engine.close();
  await source.close();
}
