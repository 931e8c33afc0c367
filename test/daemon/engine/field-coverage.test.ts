// Every field of every protocol is reached by a test capture: the samples, frames made for the purpose, and the shared
// captures where they are there. Prints the list that a build server shows.

import { expect, test } from 'vitest';
import { writeAnalysedFrame } from '../../../daemon/engine/frame-tree.ts';
import type { Field } from '../../../dissectors/layer.ts';
import { PROTOCOLS } from '../../../dissectors/protocols.ts';
import { TreeBuilder, type TreeNode } from '../../../dissectors/tree.ts';
import { ownCaptures, sharedCaptures, type TestCapture, visitFrames } from '../../analysed-frames.ts';

/** Fields that no capture can reach, and why. */
const UNREACHED: ReadonlyMap<string, string> = new Map([
  ['frame.comment', 'readers of captures do not hand comments on; the field is for comments in files that we write'],
  ['problem.code', 'trees hold problems as nodes; -e and -Y fill the field, and frame-reader.test.ts reaches it'],
  ['problem.at', 'as problem.code'],
  ['problem.text', 'as problem.code'],
]);

async function reach(captures: readonly TestCapture[]): Promise<Set<Field>> {
  const reached = new Set<Field>();
  const visit = (node: TreeNode): void => {
    if (node.field !== null) reached.add(node.field);
    node.children.forEach(visit);
  };
  for (const capture of captures) {
    await visitFrames(capture, (frame) => {
      const builder = new TreeBuilder(frame.bytes);
      writeAnalysedFrame(frame, builder);
      builder.finish().layers.forEach(visit);
    });
  }
  return reached;
}

test('every field of every protocol is reached', async () => {
  const own = await reach(ownCaptures());
  const shared = await reach(sharedCaptures());
  const lines: string[] = [];
  const missing: string[] = [];
  for (const protocol of PROTOCOLS) {
    const fields = Object.values(protocol.fields);
    const lost = fields.filter((field) => !own.has(field));
    const excused = lost.filter((field) => UNREACHED.has(field.name));
    missing.push(...lost.filter((field) => !excused.includes(field)).map((field) => field.name));
    const recorded = fields.filter((field) => shared.has(field)).length;
    lines.push(
      `${protocol.name.padEnd(12)} ${fields.length - lost.length} of ${fields.length} fields, ` +
        `${recorded} in shared captures${excused.map((field) => `; not ${field.name}`).join('')}`,
    );
  }
  process.stdout.write(`Fields reached by test captures:\n  ${lines.join('\n  ')}\n`);
  expect(missing).toEqual([]);
  const reachedNames = new Set([...own].map((field) => field.name));
  expect([...UNREACHED.keys()].filter((name) => reachedNames.has(name))).toEqual([]);
});
