// Rekey messages: what is written is read back and shown to the last octet, and nothing else is taken for one.

import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { encodeIpv4 } from '../../../dissectors/internet/ipv4.ts';
import { LKH_PORT } from '../../../dissectors/internet/ports.ts';
import { encodeUdp } from '../../../dissectors/internet/udp.ts';
import {
  describeLkhRekey,
  dissectLkhRekey,
  encodeLkhContents,
  type LkhContents,
  LkhKind,
  lkhMessageOctets,
  lkhProtocol,
  looksLikeLkhRekey,
  parseLkhRekey,
  UNDER_PARENT,
  UNDER_SELF,
} from '../../../dissectors/keying/lkh-rekey.ts';
import { TreeBuilder, type TreeNode } from '../../../dissectors/tree.ts';
import { describeFrame } from '../../../dissectors/walk.ts';
import { OUTCOME_NAMES } from '../../../dissectors/walk-table.ts';

const wrapped = (fill: number): Uint8Array => new Uint8Array(40).fill(fill);
const ISSUED = 1_773_129_600_000_000_000n;

const contents: LkhContents = {
  kind: LkhKind.rekey,
  arity: 2,
  group: 0xf00001,
  issued: ISSUED,
  counter: 2 ** 40 + 7,
  managerId: Uint8Array.of(1, 2, 3, 4, 5, 6, 7, 8),
  placement: null,
  updates: [
    { node: 10, version: 9, copies: [{ under: UNDER_PARENT, version: 3, wrapped: wrapped(1) }] },
    {
      node: 5,
      version: 9,
      copies: [
        { under: 0, version: 9, wrapped: wrapped(2) },
        { under: 1, version: 4, wrapped: wrapped(3) },
      ],
    },
    { node: 1, version: 9, copies: [{ under: UNDER_SELF, version: 8, wrapped: wrapped(4) }] },
  ],
  pgkKeyVersion: 9,
  pgks: [
    { pgkId: 39, notBefore: ISSUED, notAfter: ISSUED + 1_000_000_000n, wrapped: wrapped(5) },
    { pgkId: 40, notBefore: ISSUED, notAfter: null, wrapped: wrapped(6) },
  ],
};
const welcome: LkhContents = {
  ...contents,
  kind: LkhKind.welcome,
  placement: { pmkId: Buffer.from('pmk-1'), node: 11, version: 2 },
};

function message(changes: Partial<LkhContents> = {}): Uint8Array {
  const octets = encodeLkhContents({ ...contents, ...changes });
  return new Uint8Array([...octets, ...new Uint8Array(64).fill(0xab)]);
}

function read(octets: Uint8Array) {
  return parseLkhRekey(octets, 0, octets.length);
}

describe('reads what was written', () => {
  test.each([contents, welcome])('and knows its length before', (said) => {
    const octets = message(said);
    const { message: got, problem } = read(octets);
    expect(problem).toBeNull();
    const { signature, covered, at, end, ...rest } = got ?? {};
    expect(JSON.parse(plain(rest))).toEqual(JSON.parse(plain(said)));
    expect(signature).toEqual(new Uint8Array(64).fill(0xab));
    expect(covered).toEqual({ at: 0, end: octets.length - 64 });
    expect([at, end]).toEqual([0, octets.length]);
    expect(lkhMessageOctets(3, 4, 2, said.placement?.pmkId.length ?? null)).toBe(octets.length);
  });

  test('in the middle of a frame', () => {
    const octets = message();
    const frame = new Uint8Array(octets.length + 20);
    frame.set(octets, 9);
    expect(parseLkhRekey(frame, 9, 9 + octets.length).message?.group).toBe(0xf00001);
  });
});

/** Octets as numbers, big integers as text. */
function plain(value: unknown): string {
  return JSON.stringify(value, (_, each: unknown) => {
    if (typeof each === 'bigint') return String(each);
    return each instanceof Uint8Array
      ? [...each]
      : each && typeof each === 'object' && 'data' in each
        ? each.data
        : each;
  });
}

describe('shows', () => {
  test.each([contents, welcome])('every octet in a field', (said) => {
    const octets = message(said);
    const builder = new TreeBuilder(octets);
    dissectLkhRekey(octets, 0, octets.length, builder);
    const seen = new Uint8Array(octets.length);
    const names = new Set<string>();
    const visit = (node: TreeNode): void => {
      if (node.kind === 'field') seen.fill(1, node.at, node.at + node.length);
      if (node.field !== null) names.add(node.field.name);
      expect(node.kind).not.toBe('problem');
      node.children.forEach(visit);
    };
    builder.finish().layers.forEach(visit);
    // The end of a withdrawn PGK is 0, which is no time to show.
    const unseen = [...seen.keys()].filter((at) => seen[at] === 0);
    expect(unseen).toHaveLength(8);
    expect(unseen.every((at) => octets[at] === 0)).toBe(true);
    const declared = Object.values(lkhProtocol.fields).map((each) => each.name);
    if (said.placement !== null) expect([...names].sort()).toEqual([...new Set(declared)].sort());
  });

  test('one phrase for an event', () => {
    const octets = message();
    expect(describeLkhRekey(octets, 0, octets.length)).toBe('LKH rekey of f00001: 3 node keys, PGK 39 40');
    expect(describeLkhRekey(octets, 0, 60)).toBe('LKH rekey message, the message ends inside an update');
  });
});

describe('refuses', () => {
  const copy = { under: 0, version: 1, wrapped: wrapped(1) };
  const cases: readonly (readonly [string, string, Partial<LkhContents>])[] = [
    ['an unknown kind', 'lkh.kind', { kind: 3 }],
    ['another arity', 'lkh.arity', { arity: 3 }],
    ['a counter beyond 2^53', 'lkh.counter', { counter: 2 ** 53 }],
    ['a rekey that places somebody', 'lkh.placements', { placement: welcome.placement }],
    ['a welcome for nobody', 'lkh.placements', { kind: LkhKind.welcome }],
    [
      'a placement at the root',
      'lkh.node',
      { ...welcome, placement: { pmkId: Uint8Array.of(1), node: 1, version: 1 } },
    ],
    ['a node that is none', 'lkh.node', { updates: [{ node: 0, version: 1, copies: [copy] }] }],
    ['a node of another arity', 'lkh.node', { arity: 4, updates: [{ node: 2, version: 1, copies: [copy] }] }],
    ['updates that rise', 'lkh.order', { updates: contents.updates.toReversed() }],
    ['an update twice', 'lkh.order', { updates: [contents.updates[2], contents.updates[2]] }],
    ['copies that fall', 'lkh.order', { updates: [{ node: 5, version: 1, copies: [{ ...copy, under: 1 }, copy] }] }],
    ['a child that cannot be', 'lkh.under', { updates: [{ node: 5, version: 1, copies: [{ ...copy, under: 2 }] }] }],
    [
      'a parent of the root',
      'lkh.under',
      { updates: [{ node: 1, version: 1, copies: [{ ...copy, under: UNDER_PARENT }] }] },
    ],
  ];
  test.each(cases)('%s', (_, code, changes) => {
    const octets = message(changes);
    expect(read(octets)).toMatchObject({ message: null, problem: { code } });
    const builder = new TreeBuilder(octets);
    dissectLkhRekey(octets, 0, octets.length, builder);
    expect(builder.finish().layers[0].children.at(-1)).toMatchObject({ kind: 'problem', code });
  });

  test('every cut', () => {
    const octets = message(welcome);
    for (let length = 0; length < octets.length; length++) {
      const { message: none, problem } = read(octets.slice(0, length));
      expect(none).toBeNull();
      expect(problem?.at).toBeLessThanOrEqual(length);
    }
  });

  test('noise, without throwing', () => {
    const whole = message(welcome);
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 300 }), fc.nat(whole.length - 1), fc.nat(255), (noise, at, octet) => {
        const octets = new Uint8Array([...whole.slice(0, 8), ...noise]);
        const changed = whole.slice();
        changed[at] = octet;
        for (const each of [octets, changed]) {
          const { message: got, problem } = read(each);
          expect(got === null).toBe(problem !== null);
          dissectLkhRekey(each, 0, each.length, new TreeBuilder(each));
        }
      }),
    );
  });
});

describe('in a frame', () => {
  const addresses = { source: Uint8Array.of(10, 0, 0, 1), destination: Uint8Array.of(239, 0, 0, 1) };
  const frame = (payload: Uint8Array, port: number): Uint8Array => {
    const udp = encodeUdp({ sourcePort: 40_000, destinationPort: port, payload, addresses });
    return encodeIpv4({ ...addresses, protocol: 17, payload: udp });
  };
  const outcome = (octets: Uint8Array) => {
    const builder = new TreeBuilder(octets);
    const { frames } = describeFrame(octets, octets.length, 101, builder);
    return OUTCOME_NAMES[frames.outcome[0] as keyof typeof OUTCOME_NAMES];
  };

  test('the port and the magic make it key management', () => {
    expect(outcome(frame(message(), LKH_PORT))).toBe('key-management');
    expect(outcome(frame(message(), LKH_PORT + 1))).toBe('not-sidelink');
    expect(outcome(frame(Buffer.from('SSCOLKH2 something else'), LKH_PORT))).toBe('not-sidelink');
    expect(looksLikeLkhRekey(message(), 0, 7)).toBe(false);
  });
});
