// The layer tree of one frame for somebody far away: judged anew with the keys of its track, and cut to what the view
// allows. A view without plaintext ends with the first PDCP header of the frame.

import type { FrameBatch } from '../../captures/frame-batch.ts';
import { type LayerTree, TreeBuilder, type TreeNode } from '../../dissectors/tree.ts';
import { treeDocument } from '../../dissectors/tree-json.ts';
import { Analysis } from '../analysis.ts';
import type { AnalysedFrame, AnalysedMessage } from '../engine/analysed-frame.ts';
import { writeCaptured, writeFindings, writeFrameFacts, writeInside, writeJoinedHeader } from '../engine/frame-tree.ts';
import { writeJudgement } from '../engine/frame-tree-judgement.ts';
import { headerOctets } from '../engine/header-octets.ts';
import { groupText } from '../engine/message-event.ts';
import { NONE } from '../engine/message-table.ts';
import { detailRows } from '../inspection/detail-rows.ts';
import { copyOfKeyring } from '../keyring/keyring-copy.ts';
import { type Reach, viewWithin } from '../relay/access.ts';
import type { KeyName, PlainAccess } from '../relay/relay-record.ts';
import type { TreeAnswer } from './engine-port.ts';
import { epochNamed, keyNameOf } from './key-rows.ts';
import { accessOf } from './message-parts.ts';
import type { PlainGate } from './plain-gate.ts';

/** The more restricted comes later. */
const RESTRICTION: readonly PlainAccess[] = ['plain', 'downgraded', 'forensic'];

type View = 'meta' | 'plain' | 'forensic';

/** What a tree is made with. */
interface Asked {
  readonly gate: PlainGate;
  readonly wall: number;
}

/** What is in a tree of plaintext. */
interface PlainInTree {
  access: PlainAccess;
  readonly keys: KeyName[];
}

/**
 * The tree of the last frame of a batch. What comes before it warms up.
 *
 * @param reach the view of each group, `*` for the others
 * @param gate of its track; the keyring is not changed
 * @param wall wall clock, milliseconds since 1970
 * @param onForensic called before a tree is made in the view `forensic`
 * @returns null where the frame's group has no view
 */
export function treeOfLast(
  frames: FrameBatch,
  reach: readonly Reach[],
  gate: PlainGate,
  wall: number,
  onForensic: () => void = () => undefined,
): TreeAnswer | null {
  if (frames.count === 0) return null;
  // Key-management messages among these frames must not touch the keys that the daemon works with.
  const keyring = copyOfKeyring(gate.live.keyring);
  let answer: TreeAnswer | null = null;
  const analysis = new Analysis(
    { keyring, allowStale: true, explain: true, live: true, counterCaps: { messages: 4096 } },
    {
      frame: (frame) => {
        if (frame.row !== frames.count - 1) return;
        const view = viewWithin(reach, groupOfFrame(frame));
        if (view === 'forensic') onForensic();
        if (view !== null) answer = answerOf(frame, view, { gate, wall });
      },
    },
  );
  try {
    analysis.push(frames);
    return answer;
  } finally {
    analysis.close();
    keyring.wipe();
  }
}

function answerOf(frame: AnalysedFrame, view: View, asked: Asked): TreeAnswer {
  const builder = new TreeBuilder(frame.bytes);
  const plain: PlainInTree = { access: 'plain', keys: [] };
  let hasPlain = false;
  writeFrameFacts(frame, builder);
  writeCaptured(frame, builder);
  writeFindings(frame.raised, builder);
  for (const message of frame.messages) {
    const { table, context } = frame;
    writeJudgement(table, message, context, true, builder);
    writeFindings(message.raised, builder);
    if (view === 'meta') continue;
    writeJoinedHeader(table, message, builder);
    if (!mayShow(frame, message, view, asked, plain)) continue;
    hasPlain = true;
    writeInside(frame, message, builder);
  }
  const whole = builder.finish();
  const shown = view === 'meta' ? headerOctets(frame.walk, frame.batch, frame.row) : frame.bytes.length;
  const tree = view === 'meta' ? upTo(whole, shown) : whole;
  return {
    frame: frame.number,
    group: groupOfFrame(frame),
    plain: hasPlain ? plain : null,
    tree: treeDocument(tree),
    octets: tree.sources.map(({ name, bytes }) => ({ name, hex: Buffer.from(bytes).toString('hex') })),
    rows: detailRows(tree),
  };
}

/** The group of a frame's last message, as records write it; null where it has none. */
function groupOfFrame(frame: AnalysedFrame): string | null {
  const last = frame.messages.at(-1);
  if (last === undefined) return null;
  const { table, context } = frame;
  const own = table.group[last.row] === NONE ? null : context.groups[table.group[last.row]];
  return groupText(table, last.row, own);
}

/** Whether the SDU of a message may be in the tree; notes whose it is. */
function mayShow(
  frame: AnalysedFrame,
  message: AnalysedMessage,
  view: Exclude<View, 'meta'>,
  asked: Asked,
  plain: PlainInTree,
): boolean {
  const { table, context } = frame;
  const serial = table.epoch[message.row];
  const epoch = serial === NONE ? null : context.index.epoch(serial);
  const { access, epoch: opener, hasPlain } = accessOf(table, message.row, epoch);
  if (!hasPlain) return false;
  const { gate, wall } = asked;
  const held = opener === null ? null : epochNamed(gate.live.keyring, keyNameOf(opener));
  const isForbidden = opener !== null && (held === null || gate.forbids(held, table.time[message.row], wall));
  if (view === 'plain' && (access === 'forensic' || isForbidden)) return false;
  const needed = isForbidden ? 'forensic' : access;
  if (RESTRICTION.indexOf(needed) > RESTRICTION.indexOf(plain.access)) plain.access = needed;
  if (opener !== null) plain.keys.push(keyNameOf(opener));
  return true;
}

/** The tree with the first octets of the frame and nothing of other sources. */
function upTo(tree: LayerTree, octets: number): LayerTree {
  const within = (node: TreeNode): boolean => {
    if (node.source !== 0) return false;
    const isValue = node.kind === 'field';
    return !isValue || node.at + node.length <= octets;
  };
  const cut = (node: TreeNode): TreeNode => ({
    ...node,
    length: Math.max(0, Math.min(node.length, octets - node.at)),
    children: node.children.filter(within).map(cut),
  });
  const { name, bytes } = tree.sources[0];
  return {
    sources: [{ name, bytes: bytes.subarray(0, octets) }],
    layers: tree.layers.filter(within).map(cut),
    dropped: tree.dropped,
  };
}
