// Trees by chance, for tests that hold two writers of trees equal: layers, groups and sources in one another, fields of every
// protocol with values that they may have, problems, text that a terminal would obey.

import fc from 'fast-check';
import { writeFrame } from '../../dissectors/frame-fields.ts';
import type { Field, FieldValue, TreeWriter } from '../../dissectors/layer.ts';
import { PROTOCOLS } from '../../dissectors/protocols.ts';
import { HOSTILE } from './demo-tree.ts';

/** The layer `frame` stands first and once; `writeFrame` writes it. */
const INNER = PROTOCOLS.slice(1);
const FACTS = { number: 1, seconds: 5, nanoseconds: 7, captured: 4, original: 4, interfaceId: 0, linkType: 1 };

const step = fc.record({
  kind: fc.constantFrom('begin', 'group', 'source', 'end', 'problem', 'add', 'add', 'add', 'add', 'generated'),
  protocol: fc.nat({ max: 40 }),
  field: fc.nat({ max: 12 }),
  value: fc.nat(),
  at: fc.nat({ max: 45 }),
  length: fc.nat({ max: 3 }),
});

/** A tree: whether it begins with the layer `frame`, and what follows. */
export const randomTree = fc.record({ withFrame: fc.boolean(), steps: fc.array(step, { maxLength: 40 }) });

/** Reports a tree of a frame of 40 octets. */
export function writeRandom({ withFrame, steps }: RandomTree, tree: TreeWriter): void {
  if (withFrame) writeFrame(tree, FACTS);
  let open = 0;
  for (const { kind, protocol, field, value, at, length } of steps) {
    if (kind === 'begin') {
      tree.begin(INNER[protocol % INNER.length], at, length);
      open++;
    } else if (kind === 'group' || kind === 'source') {
      if (open === 0) continue;
      if (kind === 'group') tree.group(value % 2 === 0 ? 'group' : `${HOSTILE} ${value % 3}`, at, length);
      else tree.source(value % 2 === 0 ? 'source' : HOSTILE, new Uint8Array(3).fill(value));
      open++;
    } else if (kind === 'end') {
      if (open > 0) tree.end();
      open = Math.max(0, open - 1);
    } else if (kind === 'problem') tree.problem('demo.code', at, HOSTILE);
    else if (open > 0) {
      const fields = Object.values(INNER[protocol % INNER.length].fields);
      const chosen = fields[field % fields.length];
      if (kind === 'add') tree.add(chosen, at, length, valueFor(chosen, value));
      else tree.generated(chosen, valueFor(chosen, value));
    }
  }
  for (; open > 0; open--) tree.end();
}

type RandomTree = typeof randomTree extends fc.Arbitrary<infer Tree> ? Tree : never;

function valueFor(field: Field, value: number): FieldValue {
  switch (field.type) {
    case 'bool':
      return value % 2 === 1;
    case 'uint':
      return value % 3 === 0 ? BigInt(value) : value;
    case 'l2id':
      return value % 5 === 0 ? 'f000??' : value & 0xff_ffff;
    case 'time':
      return BigInt(value) * 1_000_000_007n;
    case 'text':
      return value % 2 === 0 ? HOSTILE : `text "${value}" \\ ä`;
    case 'marker':
      return true;
    case 'ipv4':
      return Uint8Array.of(value, 2, 3, 4);
    case 'ipv6':
      return new Uint8Array(16).fill(value);
    case 'ether':
      return new Uint8Array(6).fill(value);
    default:
      return new Uint8Array(value % 7).fill(value);
  }
}
