// The relay with real sockets and our own client: what arrives, in which order, and for whom.

import { describe, expect, onTestFinished, test } from 'vitest';
import type { GroupGrant } from '../../../daemon/relay/capability.ts';
import { type ClientItem, parseAddress, RelayClient } from '../../../daemon/relay/client.ts';
import type { ClientSubscription } from '../../../daemon/relay/client-subscription.ts';
import { RelayError } from '../../../daemon/relay/relay-error.ts';
import type { PlainPart } from '../../../daemon/relay/relay-record.ts';
import { captureFinding, messageRecord } from './fake-host.ts';
import { RelayFixture, until } from './fixture.ts';

const EVERYTHING: readonly GroupGrant[] = [{ gid: '*', views: ['meta', 'plain'] }];

function connect(fixture: RelayFixture, groups: readonly GroupGrant[], address = fixture.addresses[0]): RelayClient {
  const { identity, capability } = fixture.subscriber(groups);
  const client = new RelayClient({ address, identity, capability });
  onTestFinished(() => client.close());
  return client;
}

/** Gathers what comes. */
function gather(subscription: ClientSubscription): ClientItem[] {
  const items: ClientItem[] = [];
  const run = async (): Promise<void> => {
    for await (const list of subscription) items.push(...list);
  };
  run().catch(() => undefined);
  return items;
}

const seqs = (items: readonly ClientItem[]): number[] =>
  items.flatMap((item) => (item.kind === 'record' ? [item.seq] : []));

test('a relay can be asked where it listens while it does not', async () => {
  const fixture = await RelayFixture.start({ tls: true });
  let meanwhile: readonly string[] = [];
  await fixture.restart(() => {
    meanwhile = fixture.addresses;
  });
  expect(meanwhile).toEqual([`unix:${fixture.socket}`, 'wss://127.0.0.1:0']);
});

describe.each(['unix', 'tls'] as const)('over %s', (kind) => {
  const started = async (): Promise<{ fixture: RelayFixture; address: string }> => {
    const fixture = await RelayFixture.start({ tls: true });
    return { fixture, address: fixture.addresses[kind === 'unix' ? 0 : 1] };
  };

  test('a subscriber gets what comes, with plaintext', async () => {
    const { fixture, address } = await started();
    const client = connect(fixture, EVERYTHING, address);
    const items = gather(client.subscribe({ view: 'plain' }));
    await until(() => items.length === 1, 'live');
    fixture.deliver([messageRecord(1), messageRecord(2)]);
    await until(() => seqs(items).length === 2, 'two records');
    expect(items[1]).toMatchObject({ kind: 'record', seq: 1, record: { summary: expect.stringContaining('RTP') } });
    expect(fixture.host.demand).toEqual(new Map([['*', 'plain']]));
  });

  test('since: what was is told first, then what comes, each once', async () => {
    const { fixture, address } = await started();
    fixture.deliver(Array.from({ length: 3000 }, (_, index) => messageRecord(index + 1)));
    const client = connect(fixture, EVERYTHING, address);
    const items = gather(client.subscribe({ view: 'plain', since: 10 }));
    let next = 3001;
    const timer = setInterval(() => {
      fixture.deliver([messageRecord(next++)]);
      if (next > 3400) clearInterval(timer);
    }, 1);
    onTestFinished(() => clearInterval(timer));
    await until(() => seqs(items).length === 3390, 'all records');
    expect(seqs(items)).toEqual(Array.from({ length: 3390 }, (_, index) => index + 11));
    const withheld = items.filter(
      (item) => item.kind === 'record' && item.record.type === 'message' && item.record.payload === undefined,
    );
    expect(withheld).toEqual([]);
  });

  test('since: what was judged before anybody wanted its plaintext, and is told after, has it all the same', async () => {
    const { fixture, address } = await started();
    const { host } = fixture;
    let settled: () => void = () => undefined;
    host.underWay = new Promise((resolve) => {
      settled = resolve;
    });
    const client = connect(fixture, EVERYTHING, address);
    const items = gather(client.subscribe({ view: 'plain', since: 0 }));
    await until(() => host.demand.size > 0, 'the demand');
    const { plain } = messageRecord(1);
    for (let seq = 1; seq <= 300; seq += 10) {
      const records = Array.from({ length: 10 }, (_, index) => messageRecord(seq + index, {}, { plain: null }));
      for (const record of records) host.plain.set(record.seq, plain as PlainPart);
      fixture.deliver(records);
      await until(() => seqs(items).length === seq + 9, 'the records');
    }
    expect(items.some(({ kind }) => kind === 'live')).toBe(false);
    settled();
    await until(() => items.at(-1)?.kind === 'live', 'live');
    fixture.deliver([messageRecord(301)]);
    await until(() => seqs(items).length === 301, 'the last one');
    const withheld = items.filter(
      (item) => item.kind === 'record' && item.record.type === 'message' && item.record.payload === undefined,
    );
    expect(withheld).toEqual([]);
  });

  test('a capability of another daemon: the client does not believe what answers', async () => {
    const { fixture, address } = await started();
    const other = await RelayFixture.start();
    const { identity, capability } = other.subscriber(EVERYTHING);
    const client = new RelayClient({ address, identity, capability });
    await expect(client.ready()).rejects.toMatchObject({ code: 'relay.impostor' });
    expect(fixture.server.metrics().subscribers).toBe(0);
  });
});

test('each gets the groups of its grant and nothing else', async () => {
  const fixture = await RelayFixture.start();
  const one = gather(connect(fixture, [{ gid: 'f00001', views: ['meta'] }]).subscribe({}));
  const two = gather(connect(fixture, [{ gid: 'f00002', views: ['plain'] }]).subscribe({ view: 'plain' }));
  const unknown = gather(connect(fixture, [{ gid: 'f000??', views: ['meta'] }]).subscribe({}));
  await until(() => fixture.server.metrics().subscriptions === 3 && one.length + two.length + unknown.length === 3);
  fixture.deliver([
    messageRecord(1),
    messageRecord(2, { group: 'f00002' }),
    messageRecord(3, { group: 'f000??' }),
    captureFinding(4),
  ]);
  await until(() => seqs(one).includes(4) && seqs(two).includes(4) && seqs(unknown).includes(4));
  expect([seqs(one), seqs(two), seqs(unknown)]).toEqual([
    [1, 4],
    [2, 4],
    [3, 4],
  ]);
  expect(JSON.stringify(one)).not.toContain('payload');
  expect(JSON.stringify(two)).toContain('payload');
});

test('addresses: of a socket file, of a host, as a configuration writes it; nothing else', () => {
  expect(parseAddress('unix:/run/relay.sock')).toEqual({ kind: 'unix', path: '/run/relay.sock' });
  expect(parseAddress('./relay.sock')).toMatchObject({ kind: 'unix', path: expect.stringMatching(/\/relay\.sock$/) });
  const there = { kind: 'tls', url: 'wss://radio-box:8443/v1/relay' };
  expect(parseAddress('wss://radio-box:8443')).toEqual(there);
  expect(parseAddress('tcp:radio-box:8443')).toEqual(there);
  expect(parseAddress('wss://[::1]:8443/v1/relay')).toEqual({ kind: 'tls', url: 'wss://[::1]:8443/v1/relay' });
  for (const wrong of [
    'ws://radio-box',
    'https://radio-box:8443',
    'wss://u:p@radio-box',
    'wss://radio-box/?token=a',
    'wss://radio-box/other',
    'radio-box',
    'wss://',
  ]) {
    expect(() => parseAddress(wrong), wrong).toThrow(RelayError);
  }
});
