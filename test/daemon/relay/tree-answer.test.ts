// Layer trees: cut down to what the grant of the frame's own group allows, at the moment they leave.

import { beforeEach, expect, test } from 'vitest';
import type { TreeAnswer } from '../../../daemon/engine-process/engine-port.ts';
import type { GroupGrant } from '../../../daemon/relay/capability.ts';
import { answerTree } from '../../../daemon/relay/tree-answer.ts';
import { FakeHost, keyName } from './fake-host.ts';

let host: FakeHost;
beforeEach(() => {
  host = new FakeHost();
});

function tree(group: string | null, plain: TreeAnswer['plain']): TreeAnswer & { readonly track: number } {
  return { frame: 5, group, plain, tree: 'everything', octets: [], rows: [], track: 0 };
}

async function shown(grants: readonly GroupGrant[], more: object = {}): Promise<unknown> {
  const { message } = await answerTree({ type: 'tree', id: 1, frame: 5, view: 'plain', ...more }, grants, host);
  const { answer, code } = message as { answer?: { tree: unknown }; code?: string };
  return code ?? answer?.tree;
}

const PLAIN: readonly GroupGrant[] = [{ gid: 'f00001', views: ['plain'] }];

test('the view that is granted of the group of the frame, never more', async () => {
  host.trees.set(5, tree('f00001', { access: 'plain', keys: [keyName()] }));
  expect(await shown(PLAIN)).toBe('everything');
  expect(await shown(PLAIN, { view: 'meta' })).toBe('headers');
  expect(
    await shown([
      { gid: 'f00001', views: ['meta'] },
      { gid: 'f00002', views: ['plain'] },
    ]),
  ).toBe('headers');
  expect(await shown([{ gid: 'f00002', views: ['plain'] }])).toBe('relay.no-frame');
  expect(await shown(PLAIN, { frame: 6 })).toBe('relay.no-frame');
});

test('one question is enough, unless what came may not leave', async () => {
  host.trees.set(5, tree('f00001', { access: 'plain', keys: [keyName()] }));
  expect(await shown(PLAIN)).toBe('everything');
  expect(await shown(PLAIN, { view: 'meta' })).toBe('headers');
  expect(host.treesAsked).toBe(2);
  host.refusedKeys.add('f00001/39');
  expect(await shown(PLAIN)).toBe('headers');
  expect(host.treesAsked).toBe(4);
});

test('a frame of no group is for who may see every group', async () => {
  host.trees.set(5, tree(null, null));
  expect(await shown(PLAIN)).toBe('relay.no-frame');
  expect(await shown([{ gid: '*', views: ['meta'] }])).toBe('headers');
});

test('keys, disk and downgraded plaintext are asked about when the tree is there', async () => {
  host.trees.set(5, tree('f00001', { access: 'plain', keys: [keyName(), keyName('f00001', 40)] }));
  host.refusedKeys.add('f00001/40');
  expect(await shown(PLAIN)).toBe('headers');
  expect(await shown([{ gid: 'f00001', views: ['forensic'] }], { view: 'forensic', reason: 'case 7' })).toBe(
    'everything',
  );
  host.refusedKeys.clear();
  host.plainAllowed = false;
  expect(await shown(PLAIN)).toBe('headers');
  host.plainAllowed = true;
  host.trees.set(5, tree('f00001', { access: 'downgraded', keys: [] }));
  expect(await shown(PLAIN)).toBe('headers');
  expect(await shown(PLAIN, { downgraded: true })).toBe('everything');
  host.trees.set(5, tree('f00001', { access: 'forensic', keys: [] }));
  expect(await shown(PLAIN)).toBe('headers');
});
