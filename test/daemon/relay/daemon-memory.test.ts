// What a client remembers of a daemon's state of grants, and what it says when that goes back.

import { chmodSync, mkdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { RelayClient } from '../../../daemon/relay/client.ts';
import { checkState, FileMemory, PassingMemory } from '../../../daemon/relay/daemon-memory.ts';
import { publicHex } from '../../../daemon/relay/ed25519.ts';
import { FIRST_POINT } from '../../../daemon/relay/relay-state.ts';
import { RelayFixture, testFolder } from './fixture.ts';

const daemon = 'd0'.repeat(32);
const at = (epoch: number, digit = 'a'): { epoch: number; head: string } => ({ epoch, head: digit.repeat(64) });

test.each([
  ['in a folder', (): FileMemory => new FileMemory(join(testFolder(), 'sidescope', 'daemons'))],
  ['while the program runs', (): PassingMemory => new PassingMemory()],
])('%s: later states are taken, earlier ones and others of the same number are not', (_name, make) => {
  const memory = make();
  expect(memory.seen(daemon)).toBeNull();
  for (const told of [FIRST_POINT, at(1), at(1), at(7)]) expect(checkState(memory, daemon, told)).toBeNull();
  const refused = (told: ReturnType<typeof at>): unknown => {
    try {
      return checkState(memory, daemon, told);
    } catch (error) {
      return (error as { code: string }).code;
    }
  };
  expect([at(6), at(7, 'b'), FIRST_POINT].map(refused)).toEqual(Array(3).fill('relay.rolled-back'));
  expect(memory.seen(daemon)).toEqual(at(7));
  expect(memory.seen('d1'.repeat(32))).toBeNull();
  expect(refused(at(8, 'b'))).toBeNull();
});

test('files: for their owner alone; one that others may write, or that says nothing of ours, is refused', () => {
  const folder = join(testFolder(), 'daemons');
  const memory = new FileMemory(folder);
  checkState(memory, daemon, at(2));
  expect(statSync(join(folder, daemon)).mode & 0o777).toBe(0o600);
  expect(statSync(folder).mode & 0o777).toBe(0o700);
  chmodSync(join(folder, daemon), 0o666);
  expect(() => memory.seen(daemon)).toThrow(expect.objectContaining({ code: 'relay.memory' }) as Error);
  chmodSync(join(folder, daemon), 0o600);
  writeFileSync(join(folder, daemon), '{"epoch":-1}');
  expect(() => memory.seen(daemon)).toThrow(expect.objectContaining({ code: 'relay.memory' }) as Error);
});

test('a folder that cannot be written: a warning, and the client goes on', () => {
  const folder = testFolder();
  writeFileSync(join(folder, 'sidescope'), 'a file in its way');
  const warning = checkState(new FileMemory(join(folder, 'sidescope', 'daemons')), daemon, at(2));
  expect(warning).toMatchObject({ code: 'relay.memory' });
});

test('a client that comes back to a daemon whose state was set back ends and says so', async () => {
  const fixture = await RelayFixture.start();
  const { identity, capability, claims } = fixture.subscriber([{ gid: '*', views: ['meta'] }]);
  fixture.revoke('capability', 'ab'.repeat(16), 'lost');
  const old = readFileSync(fixture.state);
  fixture.revoke('capability', 'cd'.repeat(16), 'lost');
  const folder = testFolder();
  mkdirSync(folder, { recursive: true });
  const memory = new FileMemory(folder);
  const make = (): RelayClient =>
    new RelayClient({ address: fixture.addresses[0], identity, capability, reconnect: 'always', memory });
  const first = make();
  expect((await first.ready()).state).toMatchObject({ epoch: 2 });
  const records = first.subscribe({ view: 'meta' });
  const ended = (async () => {
    for await (const _items of records);
  })().catch((error: unknown) => error);
  // The state folder alone is put back, and this fixture has no vault that would say so.
  await fixture.restart(() => writeFileSync(fixture.state, old, { mode: 0o600 }));
  expect(await ended).toMatchObject({ code: 'relay.rolled-back', exitCode: 4 });
  await expect(make().ready()).rejects.toMatchObject({
    code: 'relay.rolled-back',
    hint: expect.stringContaining(join(folder, claims.aud)) as string,
  });
  expect(claims.aud).toBe(publicHex(fixture.daemon));
  fixture.revoke('capability', 'ef'.repeat(16), 'again');
  // As many changes again, but others.
  await expect(make().ready()).rejects.toMatchObject({ code: 'relay.rolled-back' });
  fixture.revoke('capability', 'ee'.repeat(16), 'again');
  const last = make();
  expect((await last.ready()).state).toMatchObject({ epoch: 3 });
  last.close();
});
